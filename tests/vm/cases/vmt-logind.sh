# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vmt-logind.sh - vmt.ko under systemd without any agent: logind acts on the driver's power key
# shellcheck disable=SC2034,SC2154
options=(--timeout 400 --no-load --userland debian --copy "$build/host/tests/guest/vmt-client:/test/vmt-client")
plan=6
wanted_status=125

guest() {
  # Without logind it would be the grace time that ends this VM, far beyond the test's limit.
  check "vmt.ko loads" modprobe vmt grace=3600
  watched() {
    set -- /sys/devices/platform/vmt0/input/input*/event*
    find "/proc/$(systemctl show -P MainPID systemd-logind)/fd" -lname "/dev/input/${1##*/}" | grep -q .
  }
  check "logind watches the driver's power switch" wait_for 30 watched
  timeout 1 /test/vmt-client own >/dev/null
  check "the driver serves when its owner is gone" \
    wait_for 15 grep -q service /sys/devices/platform/vmt0/state
  echo 7 >/proc/sys/kernel/printk
  /test/vmt-client rpc 'info-set guestinfo.stage served' >/dev/null
  exec sleep 600
}

host() {
  # Not before: the owner whose end the driver waits for is somebody to talk to as well.
  stage() { [ "$(vmctl var "$VM_NAME" get guestinfo.stage)" = served ]; }
  wait_for 200 stage
  check "the host finds somebody to talk to" vmctl wait "$VM_NAME" tools --timeout 10
  check "the guest powers off when the host asks" vmctl stop -w --timeout 100 "$VM_NAME"
  check "and it was the key" grep -q 'pressing the power key' "$VM_DIR/console.log"
}
