# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vmtd-vsock.sh - our agent and tools choose the kernel's own vSockets by themselves
# shellcheck disable=SC2034,SC2154
options=(--drivers intree --agent ours --conf 'guestinfo "guestinfo.secret" "for root"'
  --conf 'option guest_rpc.rpci.auth.cmd.info-get TRUE')
plan=11
wanted_status=125

guest() {
  nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
  line() { "$@" | grep '^rpc:'; }
  check_is "root's requests go over vSockets from a privileged port" \
    "rpc:     works, vsock, from a privileged port" line vmtctl check
  check_is "those of nobody go over vSockets, too" "rpc:     works, vsock" line nobody vmtctl check
  check_is "root reads a protected variable" "for root" vmtctl info get secret
  refused() { ! "$@" 2>/tmp/refused && grep -q 'Permission denied' /tmp/refused; }
  check "nobody does not" refused nobody vmtctl info get secret
  check "and root does not over the backdoor" refused env VMT_CHANNEL=direct vmtctl info get secret
  check "vmtd runs under systemd" wait_for 30 systemctl is-active --quiet vmtd.service
  status() { systemctl show -p StatusText vmtd.service | grep -q 'transport vsock'; }
  check "its commands come over vSockets" wait_for 30 status
  check "the host has seen it so" wait_for 90 vmtctl info get go
  exec sleep 600
}

host() {
  says() { vmctl guest "$VM_NAME" | grep -Eq "$1"; }
  running() { says '^  state: running' && says '^  transport: vsock'; }
  check "vmtd's channel goes over vSockets" wait_for 90 running
  both() { says 'protocol tclo, privileged true' && says 'protocol rpci, privileged true'; }
  check "its requests as well, and both from privileged ports" wait_for 30 both
  vmctl var "$VM_NAME" set guestinfo.go on
  check "and powers off when the host asks" vmctl stop -w --timeout 60 "$VM_NAME"
}
