# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vmtd.sh - our agent under systemd: by the port, over to the driver when it comes, report, variables,
# the older names, scripts, and a power off in the order that the host is promised
# shellcheck disable=SC2034,SC2154
options=(--no-load --agent ours --timeout 240 --conf 'guestinfo "guestinfo.judge" "from vm.conf"')
plan=20
wanted_status=125

guest() {
  text() { systemctl show -p StatusText --value vmtd.service; }
  by() { [ "$(text)" = "Serving the host, transport $1" ]; }
  check "vmtd serves the host by the port" wait_for 60 by direct
  user() { ps -o user= -p "$(systemctl show -p MainPID --value vmtd.service)"; }
  check_is "as its own user" vmtd user
  one() { awk '/^Threads:/ { print $2 }' "/proc/$(systemctl show -p MainPID --value vmtd.service)/status"; }
  check_is "in one thread" 1 one
  load() { modprobe vmt && wait_for 60 by vmt; }
  check "it changes over when the driver comes" load
  check "vmtctl check finds host and driver" vmtctl check
  check_is "vmware-checkvm knows the host" "VMware software version 6 (good)" vmware-checkvm
  check_is "vmware-rpctool gets a variable of vm.conf" "from vm.conf" vmware-rpctool 'info-get guestinfo.judge'
  missing() {
    vmware-rpctool 'info-get guestinfo.missing' 2>/tmp/missing
    echo "$? $(cat /tmp/missing)"
  }
  check_is "a missing key is status 1 and the documented text" "1 No value found" missing
  nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
  check_is "a user without rights reaches the host as well" "from vm.conf" nobody vmtctl info get judge
  check_is "by vmtoolsd too" "from vm.conf" vmtoolsd --cmd 'info-get guestinfo.judge'
  closed() { ! nobody test -r /dev/vmt; }
  check "but not the driver's device" closed
  mkdir -p /etc/vmware-tools/scripts/poweroff-vm-default.d
  printf '#!/bin/sh\nvmtctl info set script "$1"\n' >/etc/vmware-tools/scripts/poweroff-vm-default.d/tell
  chmod 755 /etc/vmware-tools/scripts/poweroff-vm-default.d/tell
  vmtctl info set said "by the guest"
  hostname renamed-guest
  exec sleep 600
}

host() {
  check "the guest reports an address" vmctl wait "$VM_NAME" ip --timeout 120
  shows() { vmctl guest "$VM_NAME" --json | grep -q "$1"; }
  check "and its operating system" wait_for 60 shows 'Debian GNU/Linux 12'
  check "and its disks" wait_for 60 shows '"path": *"/"'
  check "and a new host name by itself" wait_for 120 shows '"renamed-guest"'
  check_is "the host reads what the guest set" "by the guest" vmctl var "$VM_NAME" get guestinfo.said
  { vmctl stop -w --timeout 60 "$VM_NAME"; echo $? >"$VM_DIR/stopped"; } &
  ran() { [ "$(vmctl var "$VM_NAME" get guestinfo.script)" = poweroff-vm ]; }
  check "the administrator's script runs before the power off" wait_for 60 ran
  stopped() { [ "$(cat "$VM_DIR/stopped")" = 0 ]; }
  check "then the guest powers off" wait_for 70 stopped
  check "cleanly" grep -q 'Power down' "$VM_DIR/console.log"
  refused() { ! grep -q 'refused to power off' "$VM_DIR/vmd.log"; }
  check "by the agent, not by the power button" refused
}
