# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vmt-sleep.sh - vmt.ko while the host suspends the VM, and while the guest suspends itself to memory
# shellcheck disable=SC2034,SC2154
options=(--timeout 240 --no-load --copy "$build/host/tests/guest/vmt-client:/test/vmt-client")
plan=15

guest() {
  vmt=/sys/devices/platform/vmt0
  state() { cat $vmt/state; }
  serves() { [ "$(state)" = service ]; }
  epoch=$(($(date +%s) - $(cut -d . -f 1 /proc/uptime)))
  # Nobody but the driver sets the clock, and its period is 0 here.
  off() { echo $(($(cat /sys/class/rtc/rtc0/since_epoch) - $(date +%s))); }
  right() { [ "$(off)" -ge -3 ] && [ "$(off)" -le 3 ]; }
  set_off() { date -s "@$(($(date +%s) - 3600))"; }
  logged() { dmesg | grep -q "$1"; }

  modprobe evdev
  modprobe vmt
  keys() { sed 's/.*-e0,1,k\([^r]*\),r.*/\1/' $vmt/input/input*/modalias; }
  check_is "the switch has a power and a restart key, and no sleep key" 74,198 keys
  rmmod vmt
  check "vmt.ko loads with sleep_key=1" modprobe vmt sleep_key=1
  check_is "then the switch has that too" 74,8E,198 keys
  echo 0 >/proc/sys/dev/vmt0/clock_sync/period
  timeout 1 /test/vmt-client own >/dev/null
  check "the driver serves" wait_for 15 serves

  timeout 60 dd "if=/dev/input/$(basename $vmt/input/input*/event*)" bs=24 count=2 2>/dev/null | xxd -p -c 24 >/tmp/keys &
  set_off
  /test/vmt-client rpc 'info-set guestinfo.stage awake' >/dev/null
  check "it hears that the host suspends the VM" wait_for 60 logged 'the host suspends this virtual machine'
  check "and that it resumes it" wait_for 60 logged 'the host resumed this virtual machine'
  check "the clock is right again" wait_for 20 right
  check "the sleep key was pressed" wait_for 10 grep -q '01008e0001000000$' /tmp/keys

  set_off
  lost=$(cat $vmt/lost)
  asleep() { echo +4 >/sys/class/rtc/rtc0/wakealarm && echo mem >/sys/power/state; }
  check "the guest suspends to memory and is woken by its clock" asleep
  check "the driver knows" logged 'this guest was suspended and resumed'
  check "and the clock is right again" wait_for 10 right
  check "it has the host's channel again" wait_for 20 grep -q 1 $vmt/attached
  /test/vmt-client rpc 'info-set guestinfo.stage slept' >/dev/null
  quiet() { ! dmesg | grep -E 'BUG:|WARNING:|Oops'; }
  check "the kernel has nothing to complain of" quiet
  gone() { [ "$(/test/vmt-client rpc 'info-get guestinfo.stage')" = '1 seen' ]; }
  wait_for 60 gone
}

host() {
  stage() { [ "$(vmctl var "$VM_NAME" get guestinfo.stage)" = "$1" ]; }
  wait_for 200 stage awake
  power() { vmctl power --timeout 20 "$VM_NAME" suspend && vmctl power --timeout 20 "$VM_NAME" resume; }
  check "the host suspends the VM, with the driver's consent, and resumes it" power
  wait_for 120 stage slept
  fresh() { vmctl guest "$VM_NAME" --json >"$VM_DIR/guest" && grep -q '"busybox"' "$VM_DIR/guest" && ! grep -q stale "$VM_DIR/guest"; }
  check "after the guest's own sleep it gets all reports again" wait_for 40 fresh
  vmctl var "$VM_NAME" set guestinfo.stage seen
}
