# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# open-vm-tools-vsock.sh - Debian's own open-vm-tools finds GuestRPC over the kernel's own vSockets by
# itself, and the host tells who may set variables by it
# shellcheck disable=SC2034,SC2154
options=(--drivers intree --agent open-vm-tools --timeout 240 --conf 'guestinfo "guestinfo.judge" "from vm.conf"'
  --conf 'option guest_rpc.rpci.auth.cmd.info-set TRUE')
plan=14
wanted_status=125

guest() {
  nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
  tool() { vmtoolsd --cmd "$1"; }
  check_is "root reads a variable over vSockets" "from vm.conf" tool 'info-get guestinfo.judge'
  check_is "and over the backdoor" "from vm.conf" vmware-rpctool 'info-get guestinfo.judge'
  check_is "nobody reads it over vSockets" "from vm.conf" nobody vmtoolsd --cmd 'info-get guestinfo.judge'
  check_is "and over the backdoor" "from vm.conf" nobody vmware-rpctool 'info-get guestinfo.judge'
  check "root sets a protected variable over vSockets" tool 'info-set guestinfo.said by root'
  denied() {
    "$@" 2>/tmp/denied
    echo "$? $(cat /tmp/denied)"
  }
  check_is "but not over the backdoor, where anybody could" "1 Permission denied" denied \
    vmware-rpctool 'info-set guestinfo.said by the backdoor'
  check_is "nobody does not over vSockets" "1 Permission denied" denied \
    nobody vmtoolsd --cmd 'info-set guestinfo.said by nobody'
  check_is "nor over the backdoor" "1 Permission denied" denied \
    nobody vmware-rpctool 'info-set guestinfo.said by nobody'
  check_is "root's value is the one that is there" "by root" tool 'info-get guestinfo.said'
  check "vmtoolsd runs under systemd" wait_for 30 systemctl is-active --quiet open-vm-tools.service
  exec sleep 600
}

host() {
  counts() { vmctl guest "$VM_NAME" --json | grep -Eq "\"$1\": *$2"; }
  check "the guest reports an address" vmctl wait "$VM_NAME" ip --timeout 120
  said() { [ "$(vmctl var "$VM_NAME" get guestinfo.said)" = "by root" ]; }
  check "the host has what root set" wait_for 60 said
  requests() { vmctl guest "$VM_NAME" | awk -v via="$1:" '/^rpc:/ { rpc = 1 } rpc && $1 == via { here = 1 } here && /requests:/ { print $2; exit }'; }
  both() { [ "$(requests vsock)" -ge 5 ] && [ "$(requests backdoor)" -ge 4 ] && counts bad_packets 0; }
  check "and counts what came over which way" wait_for 60 both
  check "the guest powers off when the host asks" vmctl stop -w --timeout 60 "$VM_NAME"
}
