# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# build.sh - what is built from this tree
#
# build/host      host, agent and tests, for this machine
# build/guest     agent, installed into build/guest-root for the guests
# build/drivers/KERNEL/modules   our modules and the module indexes over ours and the stock ones

cmd_build() {
  local kernel=$images_default_kernel
  case ${1-} in
    -h | --help)
      printf 'usage: ./dev build [KERNEL]\n\nBuilds host, agent and tests, and the drivers for KERNEL (%s).\n' "$kernel"
      return 0
      ;;
    ?*) kernel=$1 ;;
  esac
  setup_system
  build_host
  images_kernel "$kernel"
  build_drivers "$kernel"
  build_agent
}

build_configure() { # DIR OPTION...
  local dir=$1
  shift
  [ "$top/configure" -nt "$top/configure.ac" ] && [ "$top/Makefile.in" -nt "$top/Makefile.am" ] ||
    (cd "$top" && autoreconf --force --install)
  mkdir -p "$dir"
  [ "$dir/config.status" -nt "$top/configure" ] ||
    (cd "$dir" && "$top/configure" --quiet --enable-werror "$@")
}

build_tree() { # DIR OPTION...
  build_configure "$@"
  make -C "$1" --silent -j "$(nproc)" all
}

build_host() {
  run_logged "$build/log/build-host.log" "build of host, agent and tests" build_host_run
}

build_host_run() {
  build_tree "$build/host" --prefix=/usr --sysconfdir=/etc --localstatedir=/var
  make -C "$build/host" --silent -j "$(nproc)" check TESTS=
}

build_agent() {
  run_logged "$build/log/build-guest.log" "agent for the guests" build_agent_run
}

build_agent_run() {
  build_tree "$build/guest" --prefix=/usr --sysconfdir=/etc --localstatedir=/var \
    --libdir=/usr/lib/x86_64-linux-gnu --disable-host --disable-tests --enable-compat-names
  rm -rf "$build/guest-root"
  make -C "$build/guest" --silent DESTDIR="$build/guest-root" install
}

build_drivers() {
  run_logged "$build/log/build-drivers-$1.log" "drivers for $1" build_drivers_run "$1"
}

build_drivers_run() {
  local kernel=$1 dir=$build/drivers/$1 suite
  suite=$(images_kernel_field "$kernel" 3)
  mkdir -p "$dir"
  if [ "$suite" = system ]; then
    build_drivers_make "$build/host" "$cache/kernels/$kernel/headers" "$dir/obj" "$(nproc)"
  else
    build_in_root "$cache/roots/gcc-$suite" bash -c \
      "set -e; $(declare -f build_drivers_make); build_drivers_make '$build/host' '$cache/kernels/$kernel/headers' '$dir/obj' $(nproc)"
  fi
  build_modules_index "$kernel" "$dir"
}

build_drivers_make() { # TREE KDIR OUT JOBS
  make -C "$1" --silent -j "$4" KDIR="$2" MODULES_DIR="$3" W=1 test-modules
}

# Runs COMMAND with the root of another suite, and this tree at its own path in it.
build_in_root() {
  local root=$1
  shift
  # shellcheck disable=SC2016
  as_root unshare --mount --propagation private sh -c '
    root=$1 top=$2 cache=$3; shift 3
    mkdir -p "$root$top" && mount --rbind "$top" "$root$top" &&
    mkdir -p "$root$cache" && mount --rbind "$cache" "$root$cache" &&
    mount --rbind /proc "$root/proc" && mount --rbind /dev "$root/dev" &&
    exec chroot "$root" "$@"' sh "$root" "$top" "$(readlink -f "$cache")" "$@"
}

# The stock tree and ours, indexed together, so that the guest need not run depmod.
build_modules_index() {
  local kernel=$1 dir=$2 release stock tree
  release=$(cat "$cache/kernels/$kernel/release")
  stock=$cache/kernels/$kernel/root/usr/lib/modules/$release
  tree=$dir/tree
  rm -rf "$tree" "$dir/modules"
  mkdir -p "$tree/lib/modules" "$dir/modules/updates"
  cp -al "$stock" "$tree/lib/modules/$release"
  find "$dir/obj" -name '*.ko' -exec cp {} "$dir/modules/updates/" \;
  strip --strip-debug "$dir"/modules/updates/*.ko
  rm -f "$tree/lib/modules/$release"/modules.{dep,alias,symbols,softdep,devname,builtin.alias}*
  cp -r "$dir/modules/updates" "$tree/lib/modules/$release/updates"
  depmod -b "$tree" "$release"
  cp "$tree/lib/modules/$release"/modules.{dep,alias,symbols,softdep,devname}* "$dir/modules/"
  rm -rf "$tree"
}
