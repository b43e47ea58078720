# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# open-vm-tools.sh - Debian's own open-vm-tools, unmodified, judges our host
# shellcheck disable=SC2034,SC2154
options=(--drivers none --agent open-vm-tools --conf 'guestinfo "guestinfo.judge" "from vm.conf"')
plan=13
wanted_status=125

guest() {
  check_is "systemd takes the VM for VMware's" vmware systemd-detect-virt
  check_is "vmware-checkvm agrees" "VMware software version 6 (good)" vmware-checkvm
  check_is "vmware-rpctool gets a variable of vm.conf" "from vm.conf" vmware-rpctool 'info-get guestinfo.judge'
  check "vmware-rpctool sets a variable" vmware-rpctool 'info-set guestinfo.said by the guest'
  check_is "and gets it again" "by the guest" vmware-rpctool 'info-get guestinfo.said'
  missing() {
    vmware-rpctool 'info-get guestinfo.missing' 2>/tmp/missing
    echo "$? $(cat /tmp/missing)"
  }
  check_is "a missing key is status 1 and the documented text" "1 No value found" missing
  nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups vmware-rpctool 'info-get guestinfo.judge'; }
  check_is "a user without rights may ask as well" "from vm.conf" nobody
  check "vmtoolsd runs under systemd" wait_for 30 systemctl is-active --quiet open-vm-tools.service
  vmware-rpctool 'info-set guestinfo.ready yes' >/dev/null
  exec sleep 600
}

host() {
  check "the guest reports an address" vmctl wait "$VM_NAME" ip --timeout 90
  reported() { vmctl guest "$VM_NAME" --json | grep -q '"debian-guest"' && vmctl guest "$VM_NAME" --json | grep -q '"10\.0\.2\.15"'; }
  check "the host shows its host name and its address" wait_for 60 reported
  check_is "the host reads what the guest set" "by the guest" vmctl var "$VM_NAME" get guestinfo.said
  ready() { vmctl var "$VM_NAME" get guestinfo.ready; }
  wait_for 60 ready
  check "the guest powers off when the host asks" vmctl stop -w --timeout 60 "$VM_NAME"
  check "cleanly" grep -q 'Power down' "$VM_DIR/console.log"
}
