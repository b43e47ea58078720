# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# toolbox.sh - the same build everywhere: on anything but Debian 12, run ./dev in a Debian 12 root
#
# What is built here also runs in the guests, which are Debian 12; so the tools and libraries must be
# Debian 12's.  The root is made once with mmdebstrap; the tree is bound to its own path in it.

toolbox_enter() {
  local codename root=$cache/roots/toolbox mirror security
  # shellcheck source=/dev/null
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
  [ "$codename" != bookworm ] || return 0
  command -v apt-get >/dev/null || die "this needs Debian (12 or 13): there is no apt-get here"
  setup_packages mmdebstrap debian-archive-keyring mount
  if [ ! -e "$root/.complete" ]; then
    mirror=$(setup_mirror)
    security=$(setup_security_mirror)
    as_root rm -rf "$root"
    mkdir -p "$cache/roots"
    run_logged "$build/log/toolbox.log" "Debian 12 root for the tools" \
      as_root mmdebstrap --verbose --variant=apt --include=ca-certificates bookworm "$root" \
      "$(setup_source "$mirror" bookworm)" "$(setup_source "$security" bookworm-security)"
    as_root touch "$root/.complete"
  fi
  # shellcheck disable=SC2016
  exec unshare --mount --propagation private sh -c '
    root=$1 top=$2; shift 2
    mkdir -p "$root$top" &&
    mount --rbind "$top" "$root$top" && mount --rbind /proc "$root/proc" &&
    mount --rbind /sys "$root/sys" && mount --rbind /dev "$root/dev" &&
    exec chroot "$root" /bin/bash "$top/dev" "$@"' sh "$root" "$top" "$@"
}
