# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# setup.sh - what must be there before anything is built or booted: Debian packages, a QEMU that fits
#
# Nothing is downloaded except by apt, from the mirror that the system itself uses.

# Tools and libraries, by what needs them.
setup_list=(
  gcc g++ make autoconf automake libtool pkg-config bison rpcsvc-proto     # the build
  libevent-dev libjson-c-dev libseccomp-dev                                # the host
  libglib2.0-dev libnl-route-3-dev libtirpc-dev libsystemd-dev             # the agent
  libcunit1-dev mandoc shellcheck sparse libelf-dev bc kmod                # tests, drivers
  clang clang-tidy cppcheck                                                # static checks
  mmdebstrap debian-archive-keyring busybox-static cpio e2fsprogs xz-utils # images
  socat util-linux                                                         # judges on the host
)

# setup_packages NAME...: installs those that are missing.
setup_packages() {
  local name missing=()
  for name in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  run_logged "$build/log/apt.log" "installing ${#missing[@]} packages" setup_apt_install "${missing[@]}"
}

setup_apt_install() {
  as_root apt-get -o Acquire::Retries=3 update
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=3 \
    install --yes --no-install-recommends "$@"
}

# The system's own Debian mirror; VMTKIT_MIRROR overrides.
setup_mirror() {
  local uri
  uri=${VMTKIT_MIRROR-$(setup_repo_uri Debian)}
  [ -n "$uri" ] || die "no Debian mirror in apt's sources; set VMTKIT_MIRROR to one"
  printf '%s\n' "$uri"
}

# Mirrors keep the security suite beside the archive; a system without it in its sources has it there.
setup_security_mirror() {
  local uri
  uri=${VMTKIT_SECURITY_MIRROR-$(setup_repo_uri Debian-Security)}
  [ -n "$uri" ] || uri=$(setup_mirror | sed 's|/*$||')-security
  printf '%s\n' "$uri"
}

# setup_source URI SUITE: a line of sources.list
setup_source() {
  printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main' "$1" "$2"
}

setup_repo_uri() {
  # shellcheck disable=SC2016
  apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 'Created-By: Packages' |
    awk -v label="$1" '$1 == "Debian" && $2 == label { print $3; exit }'
}

# A QEMU that vmd accepts: the system's own when it is new enough, else one in a private root.
# Prints the line that vm.conf needs, nothing when the system's fits.
setup_qemu_root=$cache/roots/qemu

setup_qemu() {
  setup_system_qemu_fits && return 0
  [ ! -e "$setup_qemu_root/.complete" ] || return 0
  mkdir -p "$cache/roots"
  as_root rm -rf "$setup_qemu_root"
  local mirror
  mirror=$(setup_mirror)
  run_logged "$build/log/qemu-root.log" "private root with a newer QEMU" \
    as_root mmdebstrap --verbose --variant=apt --aptopt='APT::Default-Release "trixie-backports"' \
    --aptopt='Acquire::Retries "3"' --include=qemu-system-x86 trixie "$setup_qemu_root" \
    "$(setup_source "$mirror" trixie)" "$(setup_source "$mirror" trixie-backports)"
  as_root touch "$setup_qemu_root/.complete"
}

setup_system_qemu_fits() {
  local version
  version=$(qemu-system-x86_64 -version 2>/dev/null | sed -n '1s/.*version \([0-9]*\.[0-9]*\).*/\1/p')
  [ -n "$version" ] && dpkg --compare-versions "$version" ge 11.1
}

setup_qemu_conf() {
  setup_system_qemu_fits || printf 'qemu-root "%s"\n' "$setup_qemu_root"
}

setup_system() {
  setup_packages "${setup_list[@]}"
  setup_qemu
}

cmd_setup() {
  case ${1-} in
    -h | --help)
      printf 'usage: ./dev setup\n\nInstalls packages, makes the QEMU root, kernels and images.\n'
      return 0
      ;;
    '') ;;
    *) die "setup takes no argument: '$1'" ;;
  esac
  setup_system
  images_kernel "$images_default_kernel"
  images_debian
}

cmd_clean() {
  case ${1-} in
    --all) as_root rm -rf "$build" ;;
    '') find "$build" -mindepth 1 -maxdepth 1 ! -name cache -exec rm -rf {} + ;;
    *)
      printf 'usage: ./dev clean [--all]\n'
      [ "$1" = -h ] || [ "$1" = --help ] || return 2
      ;;
  esac
}
