# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# cli-lines.sh - open-vm-tools' programs and ours answer the same command lines in the same way
# shellcheck disable=SC2034,SC2154
options=(--drivers none --agent ours --timeout 600 --conf 'guestinfo "guestinfo.judge" "from vm.conf"'
  --copy "$top/tests/guest/cli-lines:/cli-lines" --copy "$top/tests/guest/cli-lines.sh:/cli-lines.sh")
plan=4

guest() {
  check "vmtd serves the host" wait_for 60 systemctl is-active --quiet vmtd.service
  # The image once more, without what lies over it: there the names are open-vm-tools' own
  mkdir -p /tmp/image
  check "the image has open-vm-tools" mount -o ro "$(findfs LABEL=debian)" /tmp/image
  run() { # BIN
    printf '[logging]\nlog=true\n' >/etc/vmware-tools/tools.conf
    PATH=$1:$PATH bash /cli-lines.sh /cli-lines
  }
  run /tmp/image/usr/bin >/tmp/theirs
  run /usr/bin >/tmp/ours
  count=$(grep -c '^status' /tmp/ours)
  same() { [ "$count" -gt 80 ] && diff -U 2 /tmp/theirs /tmp/ours >&2; }
  check "$count command lines end alike" same
  check "the configuration that was written has no fault of ours" vmtctl config check
}

host() { :; }
