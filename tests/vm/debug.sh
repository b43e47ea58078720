# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# debug.sh - ./dev debug-kernel: kernels that check themselves, from Debian's source, built once
#
# A kernel whose row in kernels.list names a configuration is Debian's source of its suite, configured
# with tests/vm/debug/base.config and tests/vm/debug/NAME.config on top of nothing.  It lands in
# build/cache/kernels as the stock ones do, with headers to build our modules against; source and
# objects go away.  A changed configuration builds it anew.

debug_usage() {
  cat <<'EOF'
usage: ./dev debug-kernel [NAME]...

Builds the kernels of tests/vm/kernels.list that check themselves (all of them, or NAME...), each once.
`./dev check --kernel NAME` then runs the VM cases on one.
EOF
  images_kernel_names debug | sed 's/^/  /'
}

cmd_debug_kernel() {
  local name names=()
  case ${1-} in
    -h | --help) debug_usage && return 0 ;;
    -*) say "debug-kernel: unknown option '$1'" && debug_usage >&2 && return 2 ;;
  esac
  names=("$@")
  [ $# -gt 0 ] || mapfile -t names < <(images_kernel_names debug)
  setup_system
  for name in "${names[@]}"; do
    [ "$(images_kernel_field "$name" 5)" != stock ] || die "'$name' is a stock kernel: nothing to build"
    images_kernel "$name"
  done
}

debug_stamp() { # NAME: changes with what the kernel is made from
  { images_kernel_field "$1" 2 && cat "$(debug_config base)" "$(debug_config "$(images_kernel_field "$1" 5)")"; } | cksum
}

debug_config() { printf '%s\n' "$top/tests/vm/debug/$1.config"; }

# debug_kernel NAME: makes build/cache/kernels/NAME unless it is there and fits
debug_kernel() {
  local name=$1 dir=$cache/kernels/$1
  [ "$(cat "$dir/.complete" 2>/dev/null)" = "$(debug_stamp "$name")" ] && return 0
  setup_packages flex bison bc libelf-dev libssl-dev xz-utils
  say "kernel $name is built from source, once; that takes about 20 minutes of 2 processors"
  rm -rf "$dir" "$cache/initrd-$name"
  mkdir -p "$dir"
  run_logged "$build/log/kernel-$name.log" "kernel $name from source" debug_kernel_make "$name" "$dir"
  debug_stamp "$name" >"$dir/.complete"
}

debug_kernel_make() {
  local name=$1 dir=$2 suite config tree release
  suite=$(images_kernel_field "$name" 2)
  config=$(images_kernel_field "$name" 5)
  images_apt_config "$suite"
  mkdir -p "$dir/tree"
  (cd "$dir/tree" && APT_CONFIG=$cache/apt/$suite/apt.conf apt-get download \
    "$(images_depends "$suite" linux-source '^linux-source-')")
  dpkg-deb -x "$dir"/tree/linux-source-*.deb "$dir/tree"
  tar -C "$dir/tree" -xf "$dir"/tree/usr/src/linux-source-*.tar.xz
  tree=$(dirname "$dir"/tree/linux-source-*/Kconfig)
  debug_configure "$tree" "$(debug_config base)" "$(debug_config "$config")"
  debug_make "$tree" -j "$(nproc)" bzImage modules
  release=$(debug_make "$tree" -s kernelrelease)
  mkdir -p "$dir/root/usr" "$dir/root/boot"
  ln -s usr/lib "$dir/root/lib"
  debug_make "$tree" INSTALL_MOD_PATH="$dir/root/usr" modules_install
  rm -f "$dir/root/usr/lib/modules/$release/"{build,source}
  cp "$tree/arch/x86/boot/bzImage" "$dir/root/boot/vmlinuz-$release"
  cp "$tree/.config" "$dir/root/boot/config-$release"
  debug_headers "$tree" "$dir/headers"
  rm -rf "$dir/tree"
  images_kernel_finish "$dir" "$release"
}

debug_make() { # TREE ARGUMENT...
  nice make -C "$1" --no-print-directory ARCH=x86_64 KBUILD_BUILD_USER=vmtkit KBUILD_BUILD_HOST=vmtkit "${@:2}"
}

# An option that the tree does not take, because of another or of its name, is an error.
debug_configure() { # TREE FILE...
  local tree=$1 line lost=''
  shift
  debug_make "$tree" tinyconfig
  (cd "$tree" && ARCH=x86_64 scripts/kconfig/merge_config.sh -m .config "$@")
  debug_make "$tree" olddefconfig
  while read -r line; do
    grep -qxF "$line" "$tree/.config" || lost+=" $line"
  done < <(grep -h -e '^CONFIG_' -e ' is not set$' "$@")
  [ -z "$lost" ] || die "the source does not take:$lost"
}

# What a module is built against, by the kernel's own script for it.
debug_headers() { # TREE DIR
  mkdir -p "$2"
  # shellcheck disable=SC2016
  debug_make "$1" run-command KBUILD_RUN_COMMAND='$(srctree)/scripts/package/install-extmod-build '"$2"
}
