# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vmtd-inhibit.sh - the host's power off: first a script that refuses, then one that agrees, over an
# inhibitor that blocks; and a second agent beside ours
# shellcheck disable=SC2034,SC2154
options=(--drivers none --agent ours --timeout 400)
plan=9
wanted_status=125

guest() {
  text() { systemctl show -p StatusText --value vmtd.service; }
  by_port() { [ "$(text)" = "Serving the host, transport direct" ]; }
  check "vmtd serves the host" wait_for 60 by_port
  mkdir -p /tmp/image
  mount -o ro "$(findfs LABEL=debian)" /tmp/image
  /tmp/image/usr/bin/vmtoolsd -n vmsvc >/tmp/vmtoolsd.log 2>&1 &
  rival=$!
  rivalled() { [ "$(text)" = "Another program serves the host: is vmtoolsd running?" ]; }
  check "open-vm-tools' agent beside it is found out" wait_for 60 rivalled
  kill "$rival" && wait "$rival"
  check "and when that has gone, vmtd serves again" wait_for 90 by_port
  mkdir -p /etc/vmware-tools/scripts/poweroff-vm-default.d
  printf '#!/bin/sh\nvmtctl info set asked yes\nexit 1\n' >/etc/vmware-tools/scripts/poweroff-vm-default.d/refuse
  chmod 755 /etc/vmware-tools/scripts/poweroff-vm-default.d/refuse
  systemd-inhibit --what=shutdown --mode=block --who=judge --why="to be overruled" sleep 600 &
  inhibited() { systemd-inhibit --list --no-legend | grep -q judge; }
  check "somebody blocks the shutdown" wait_for 30 inhibited
  journalctl -f -n 0 -o cat -u vmt-priv.service >/dev/console 2>&1 &
  vmtctl info set ready yes
  exec sleep 600
}

host() {
  ready() { [ "$(vmctl var "$VM_NAME" get guestinfo.ready)" = yes ]; }
  wait_for 300 ready
  answer() { vmctl send "$VM_NAME" OS_Halt; }
  check "the host's power off is answered" answer
  asked() { [ "$(vmctl var "$VM_NAME" get guestinfo.asked)" = yes ]; }
  check "a script is run and refuses" wait_for 60 asked
  vmctl var "$VM_NAME" set guestinfo.asked no
  again() { vmctl send "$VM_NAME" OS_Halt; }
  check "the same once more is answered" wait_for 30 again
  down() { grep -q 'Power down' "$VM_DIR/console.log"; }
  check "and overrules script and inhibitor" wait_for 120 down
  check "with a word about the inhibitor" grep -q 'inhibited by "judge" ("to be overruled")' "$VM_DIR/console.log"
}
