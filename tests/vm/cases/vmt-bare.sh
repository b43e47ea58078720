# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vmt-bare.sh - vmt.ko in a guest with no daemon at all: a program that only looks at the key, a poweroff
# that brings nothing, and the end by force, each only when it is asked for
# shellcheck disable=SC2034,SC2154
options=(--timeout 240 --no-load --copy "$build/host/tests/guest/vmt-client:/test/vmt-client")
plan=15
wanted_status=125

guest() {
  vmt=/sys/devices/platform/vmt0 parameters=/sys/module/vmt/parameters
  stage() { /test/vmt-client rpc "info-set guestinfo.stage $1" >/dev/null; }
  logged() { dmesg | grep -q "$1"; }
  unlogged() { ! logged "$1"; }
  # As with init=/bin/sh: it can be called, and nobody acts on it.
  rm -f /bin/poweroff /bin/reboot
  printf '#!/bin/sh\nexit 0\n' >/bin/poweroff
  cp /bin/poweroff /bin/reboot
  chmod 755 /bin/poweroff /bin/reboot
  modprobe evdev
  check "vmt.ko loads" modprobe vmt grace=-1
  check_is "its device is root's alone" "600 0" stat -c '%a %u' /dev/vmt
  wrong() { ! sh -c "echo -2 >$parameters/grace" && ! sh -c "echo 3601 >$parameters/grace" && [ "$(cat $parameters/grace)" = -1 ]; }
  check "a grace time out of range is refused" wrong
  timeout 1 /test/vmt-client own >/dev/null
  check "the driver serves" wait_for 15 grep -q service $vmt/state

  listens() { pidof dd; }
  dd "if=/dev/input/$(basename $vmt/input/input*/event*)" bs=24 count=4 2>/dev/null | xxd -p -c 24 >/tmp/keys &
  wait_for 10 listens
  stage listens
  check "a program that listens gets the key, pressed and released" \
    wait_for 30 sh -c 'grep -q "01007400010000" /tmp/keys && grep -q "01007400000000" /tmp/keys'
  check "and with grace=-1 it is left at that" unlogged 'running poweroff'

  echo 2 >$parameters/grace
  stage alone
  check "with no program that listens poweroff runs at once" wait_for 30 logged 'running poweroff'
  check "when it brings nothing, that is all" wait_for 30 logged 'still running: poweroff brought nothing'
  stage reboots
  check "a reboot goes the same way" wait_for 30 logged 'still running: reboot brought nothing'
  echo 1 >$parameters/force
  stage force
  exec sleep 600
}

host() {
  stage() { [ "$(vmctl var "$VM_NAME" get guestinfo.stage)" = "$1" ]; }
  order() { wait_for 200 stage "$1" && vmctl power --timeout 20 "$VM_NAME" "$2"; }
  check "the driver agrees to power off, to a listener" order listens halt
  check "and to nobody" order alone halt
  check "and to a reboot" order reboots reboot
  check "and in the end by force" order force halt
  check "which works without user space" vmctl wait "$VM_NAME" down --timeout 40
  wait_for 5 grep -q 'powering off without user space' "$VM_DIR/console.log"
  check "and is told on the console" grep -q 'powering off without user space' "$VM_DIR/console.log"
}
