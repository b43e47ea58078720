# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vmt-service.sh - vmt.ko without any agent: the driver answers the host, up to the power-off
# shellcheck disable=SC2034,SC2154
options=(--no-load --copy "$build/host/tests/guest/vmt-client:/test/vmt-client")
plan=12
wanted_status=125

guest() {
  # Nobody in this userland acts on poweroff(8): force=1 does it after the grace time.
  check "vmt.ko loads" modprobe vmt grace=1 force=1
  state() { cat /sys/devices/platform/vmt0/state; }
  serves() { [ "$(state)" = service ]; }
  # Its owner's end shortens the 30 s after loading to 10 s.
  timeout 1 /test/vmt-client own >/dev/null
  check_is "ten seconds must pass after an owner left" nobody state
  check "then the driver serves" wait_for 15 serves
  /test/vmt-client rpc 'info-set guestinfo.stage served' >/dev/null
  exec sleep 600
}

host() {
  # Not before: the owner whose end the driver waits for is somebody to talk to as well.
  stage() { [ "$(vmctl var "$VM_NAME" get guestinfo.stage)" = served ]; }
  wait_for 200 stage
  check "the host finds somebody to talk to" vmctl wait "$VM_NAME" tools --timeout 10
  reports() { vmctl guest "$VM_NAME" --json | grep -qE "$1"; }
  check "the driver reports the host name" wait_for 30 reports '"host-name": *"busybox"'
  check "the system" wait_for 30 reports '"name": *"Linux '
  check "in a word that every host knows" reports '"id": *"other-64"'
  check "and since when it is up" wait_for 30 reports '"uptime-s": *[1-9]'
  check_is "and the address that it was asked for" 10.0.2.15 vmctl var "$VM_NAME" get guestinfo.ip
  check "it answers a ping" vmctl send "$VM_NAME" ping
  bogus() { vmctl send "$VM_NAME" Bogus 2>&1 | grep -o 'ERROR Unknown Command'; }
  check_is "it refuses what it does not know" "ERROR Unknown Command" bogus
  check "the guest powers off when the host asks" vmctl stop -w --timeout 60 "$VM_NAME"
}
