# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# images.sh - kernels and userlands of the guests, made once from Debian's packages
#
# build/cache/kernels/NAME/   image, headers and modules of a kernel of kernels.list, unpacked
#   vmlinuz release headers(link) modules.img; those that check themselves are made by debug.sh
# build/cache/initrd-NAME     busybox: starts either userland (see tests/guest/init)
# build/cache/debian.img      a Debian 12 root, read-only in the guest under an overlay
# Each is complete when its .complete (or the image itself) exists; a broken run starts it anew.

# images_kernel_names [TIER]...: those that run in one of the tiers, or all
images_kernel_names() {
  awk -v tiers=" $* " '!/^#/ && NF && (tiers == "  " || index(tiers, " " $4 " ")) { print $1 }' \
    "$top/tests/vm/kernels.list"
}

images_default_kernel=$(images_kernel_names | head -n 1)

# images_kernel_field NAME COLUMN
images_kernel_field() {
  awk -v name="$1" -v col="$2" '!/^#/ && $1 == name { print $col; found = 1 }
    END { exit !found }' "$top/tests/vm/kernels.list" ||
    die "no kernel '$1' in tests/vm/kernels.list: there are $(images_kernel_names | tr '\n' ' ')"
}

# An apt of our own for a suite, so that other suites' kernels never reach the system's apt.
images_apt_config() {
  local suite=$1 dir=$cache/apt/$1 mirror security
  if [ ! -e "$dir/.complete" ]; then
    mirror=$(setup_mirror)
    mkdir -p "$dir"/{state/lists/partial,cache/archives/partial,etc/preferences.d}
    printf '%s\n' "$(setup_source "$mirror" "$suite")" >"$dir/etc/sources.list"
    case $suite in
      *-backports)
        printf '%s\n' "$(setup_source "$mirror" "${suite%-backports}")" >>"$dir/etc/sources.list"
        printf 'Package: *\nPin: release n=%s\nPin-Priority: 900\n' "$suite" >"$dir/etc/preferences.d/suite"
        ;;
      *)
        security=$(setup_security_mirror)
        printf '%s\n' "$(setup_source "$security" "$suite-security")" >>"$dir/etc/sources.list"
        ;;
    esac
    touch "$dir/state/status"
    cat >"$dir/apt.conf" <<EOF
Dir::Etc::sourcelist "$dir/etc/sources.list";
Dir::Etc::sourceparts "-";
Dir::Etc::preferences "-";
Dir::Etc::preferencesparts "$dir/etc/preferences.d";
Dir::State "$dir/state";
Dir::State::status "$dir/state/status";
Dir::Cache "$dir/cache";
APT::Sandbox::User "root";
Acquire::Retries "3";
EOF
    APT_CONFIG=$dir/apt.conf apt-get update
    touch "$dir/.complete"
  fi
}

images_depends() { # SUITE PACKAGE PATTERN: the dependencies of PACKAGE that match
  APT_CONFIG=$cache/apt/$1/apt.conf apt-cache depends "$2" |
    awk -v pattern="$3" '$1 == "Depends:" && $2 ~ pattern { print $2 }'
}

# Makes build/cache/kernels/NAME and its initrd.
images_kernel() {
  local name=$1 suite
  suite=$(images_kernel_field "$name" 2)
  if [ "$(images_kernel_field "$name" 5)" != stock ]; then
    debug_kernel "$name"
  elif [ ! -e "$cache/kernels/$name/.complete" ]; then
    rm -rf "$cache/kernels/$name"
    mkdir -p "$cache/kernels/$name"
    run_logged "$build/log/kernel-$name.log" "kernel $name from $suite" \
      images_kernel_unpack "$name" "$suite"
  fi
  images_compiler "$name"
  images_initrd "$name"
}

images_kernel_unpack() {
  local name=$1 suite=$2 dir=$cache/kernels/$1 image headers release deb
  images_apt_config "$suite"
  image=$(images_depends "$suite" linux-image-cloud-amd64 '^linux-image-')
  headers=$(images_depends "$suite" linux-headers-cloud-amd64 '^linux-headers-')
  mkdir -p "$dir/debs"
  (
    cd "$dir/debs"
    # Newer packages of the image only point at the binary and the modules.
    # shellcheck disable=SC2046
    APT_CONFIG=$cache/apt/$suite/apt.conf apt-get download "$image" "$headers" \
      $(images_depends "$suite" "$image" '^linux-(binary|modules|base)-[0-9]') \
      $(images_depends "$suite" "$headers" '^linux-(headers-.*-common|kbuild-)')
  )
  for deb in "$dir"/debs/*.deb; do dpkg-deb -x "$deb" "$dir/root"; done
  rm -r "$dir/debs"
  images_merge_usr "$dir/root"
  release=$(basename "$dir"/root/usr/lib/modules/*)
  ln -s "root/usr/src/linux-headers-$release" "$dir/headers"
  # The headers include each other by the path they are installed at.
  sed -i "s|/usr/src/|$dir/root/usr/src/|" "$dir/headers/Makefile"
  images_kernel_finish "$dir" "$release"
  touch "$dir/.complete"
}

# What is the same for a stock kernel and one from source, once DIR/root is there.
images_kernel_finish() { # DIR RELEASE
  local dir=$1 release=$2
  printf '%s\n' "$release" >"$dir/release"
  # In /boot, or among the modules since Debian's 7.x.
  ln -s "$(cd "$dir" && find root -name 'vmlinuz*' -type f | head -n 1)" "$dir/vmlinuz"
  depmod -b "$dir/root/usr" "$release" 2>/dev/null || depmod -b "$dir/root" "$release"
  images_ext4 "$dir/root/usr/lib/modules/$release" "$dir/modules.img" modules
}

# Older packages have /lib, newer /usr/lib: one tree, and /lib a link to it.
images_merge_usr() {
  mkdir -p "$1/usr/lib"
  if [ -d "$1/lib" ] && [ ! -L "$1/lib" ]; then
    cp -a "$1/lib/." "$1/usr/lib/"
    rm -r "$1/lib"
  fi
  [ -e "$1/lib" ] || ln -s usr/lib "$1/lib"
}

# images_ext4 DIR FILE LABEL: a file system just large enough.
images_ext4() {
  local kib
  kib=$(du -sk --apparent-size "$1" | cut -f 1)
  rm -f "$2.new"
  mke2fs -q -t ext4 -O ^has_journal -m 0 -L "$3" -d "$1" -E root_owner=0:0 \
    -N $(($(find "$1" | wc -l) + 1024)) "$2.new" $((kib * 5 / 4 + 32768))k
  mv "$2.new" "$2"
}

# A kernel whose headers want a newer gcc than the system's is built against in a root of its own.
images_compiler() {
  local suite
  suite=$(images_kernel_field "$1" 3)
  [ "$suite" != system ] || return 0
  local root=$cache/roots/gcc-$suite mirror
  [ ! -e "$root/.complete" ] || return 0
  mirror=$(setup_mirror)
  as_root rm -rf "$root"
  run_logged "$build/log/gcc-$suite.log" "root with the compiler of $suite" \
    as_root mmdebstrap --verbose --variant=apt --include=gcc,make,libelf1t64,kmod "$suite" "$root" \
    "$(setup_source "$mirror" "$suite")"
  as_root touch "$root/.complete"
}

# What the initrd needs to reach any userland; everything else comes from modules.img.
images_initrd_modules=(virtio_pci virtio_blk virtio_console overlay virtio_net)

images_initrd() {
  local name=$1 dir=$cache/kernels/$1 out=$cache/initrd-$1
  [ -e "$out" ] && [ ! "$top/tests/guest/init" -nt "$out" ] && return 0
  run_logged "$build/log/initrd-$name.log" "initrd for $name" images_initrd_make "$dir" "$out"
}

images_initrd_make() {
  local dir=$1 out=$2 tree release file
  tree=$(mktemp -d "$build/initrd.XXXXXX")
  release=$(cat "$dir/release")
  mkdir -p "$tree"/{bin,dev,proc,sys,run,tmp,etc,root,mnt,usr,var,newroot,lib64,"lib/modules/$release","lib/boot"}
  ln -s bin "$tree/sbin"
  ln -s ../bin "$tree/usr/bin"
  ln -s ../bin "$tree/usr/sbin"
  cp /bin/busybox "$tree/bin/"
  for file in $("$tree/bin/busybox" --list); do
    [ "$file" = busybox ] || ln -s busybox "$tree/bin/$file"
  done
  cp "$top/tests/guest/init" "$tree/init"
  printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n' >"$tree/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\n' >"$tree/etc/group"
  # The C library, so that dynamically linked test programs run as well.
  for file in libc.so.6 libm.so.6 libpthread.so.0 libdl.so.2 librt.so.1 libgcc_s.so.1 libresolv.so.2; do
    install -D "/lib/x86_64-linux-gnu/$file" "$tree/lib/x86_64-linux-gnu/$file"
  done
  cp -L /lib64/ld-linux-x86-64.so.2 "$tree/lib64/"
  # In the order in which they must be loaded; none where the kernel has them built in.
  : >"$tree/lib/boot/order"
  modprobe --show-depends -d "$dir/root" -S "$release" -a "${images_initrd_modules[@]}" |
    awk '/^insmod/ && !seen[$2]++ { print $2 }' | while read -r file; do
      # busybox's insmod reads no compressed module.
      case $file in
        *.xz) xz -dc "$file" >"$tree/lib/boot/$(basename "$file" .xz)" ;;
        *) cp "$file" "$tree/lib/boot/" ;;
      esac
      basename "$file" .xz >>"$tree/lib/boot/order"
    done
  (cd "$tree" && find . -print0 | cpio --null --quiet --create --format=newc --owner=0:0) >"$out.new"
  mv "$out.new" "$out"
  rm -r "$tree"
}

# The Debian userland: what a server has, and the stock agent, which runs only when asked for.
images_debian_packages=(systemd systemd-sysv dbus udev kmod iproute2 procps socat login passwd
  libglib2.0-0 libnl-route-3-200 libtirpc3 libsystemd0 open-vm-tools util-linux strace
  isc-dhcp-client ifupdown chrony)

images_debian() {
  local stamp
  stamp=$({ printf '%s\n' "${images_debian_packages[@]}" && cat "$top/tests/vm/debian-root.sh"; } | cksum | cut -d ' ' -f 1)
  [ "$(cat "$cache/debian.stamp" 2>/dev/null)" = "$stamp" ] && [ -e "$cache/debian.img" ] && return 0
  run_logged "$build/log/debian.log" "Debian 12 userland" images_debian_make
  printf '%s\n' "$stamp" >"$cache/debian.stamp"
}

images_debian_make() {
  local mirror security root=$cache/roots/debian packages
  mirror=$(setup_mirror)
  security=$(setup_security_mirror)
  packages=$(IFS=, && echo "${images_debian_packages[*]}")
  as_root rm -rf "$root"
  mkdir -p "$cache/roots"
  as_root mmdebstrap --verbose --variant=minbase --aptopt='Acquire::Retries "3"' --include="$packages" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    bookworm "$root" "$(setup_source "$mirror" bookworm)" \
    "$(setup_source "$security" bookworm-security)"
  as_root bash "$top/tests/vm/debian-root.sh" "$root"
  as_root bash -c "$(declare -f images_ext4); images_ext4 '$root' '$cache/debian.img' debian"
  as_root rm -rf "$root"
}

# The host of virtio-vsock, as Debian has it: a peer for ./dev bench.
images_vhost_vsock=$cache/vhost-device-vsock/usr/bin/vhost-device-vsock

images_vhost_vsock() {
  [ -x "$images_vhost_vsock" ] ||
    run_logged "$build/log/vhost-vsock.log" "vhost-device-vsock of forky" images_vhost_vsock_unpack
}

images_vhost_vsock_unpack() {
  local dir=$cache/vhost-device-vsock
  rm -rf "$dir"
  mkdir -p "$dir/debs"
  images_apt_config forky
  (cd "$dir/debs" && APT_CONFIG=$cache/apt/forky/apt.conf apt-get download vhost-device-vsock)
  dpkg-deb -x "$dir"/debs/*.deb "$dir"
  rm -r "$dir/debs"
}
