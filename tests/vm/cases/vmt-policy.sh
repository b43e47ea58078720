# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vmt-policy.sh - vmt.ko under systemd without any agent: the restart key, then an inhibitor lock, then a
# logind that is told to ignore the key; the guest reboots between them and begins this test anew
# shellcheck disable=SC2034,SC2154
options=(--timeout 800 --no-load --userland debian --copy "$build/host/tests/guest/vmt-client:/test/vmt-client")
plan=13
wanted_status=125

guest() {
  watched() {
    set -- /sys/devices/platform/vmt0/input/input*/event*
    find "/proc/$(systemctl show -P MainPID systemd-logind)/fd" -lname "/dev/input/${1##*/}" | grep -q .
  }
  # Only the first boot has the grace of a case that the key must decide.
  modprobe vmt grace=3600
  boot=$(/test/vmt-client rpc 'info-get guestinfo.boot')
  echo 7 >/proc/sys/kernel/printk
  case $boot in
    '1 restart') boot=inhibited ;;
    '1 inhibited') boot=ignored ;;
    *) boot=restart ;;
  esac
  case $boot in
    inhibited)
      echo 3 >/sys/module/vmt/parameters/grace
      held() { systemd-inhibit --list | grep -q handle-reboot-key; }
      systemd-inhibit --what=handle-power-key:handle-reboot-key:shutdown --mode=block sleep 600 &
      check "a program holds a lock on the keys and on the shutdown" wait_for 20 held
      ;;
    ignored)
      echo 3 >/sys/module/vmt/parameters/grace
      mkdir -p /etc/systemd/logind.conf.d
      printf '[Login]\nHandlePowerKey=ignore\n' >/etc/systemd/logind.conf.d/key.conf
      restart() { systemctl restart systemd-logind; }
      check "logind is told to ignore the power key" restart
      ;;
  esac
  check "logind watches the driver's switch in the boot '$boot'" wait_for 30 watched
  timeout 1 /test/vmt-client own >/dev/null
  wait_for 15 grep -q service /sys/devices/platform/vmt0/state
  /test/vmt-client rpc "info-set guestinfo.boot $boot" >/dev/null
  exec sleep 600
}

host() {
  boot() { [ "$(vmctl var "$VM_NAME" get guestinfo.boot)" = "$1" ] && vmctl send "$VM_NAME" ping; }
  said() { [ "$(grep -c "$1" "$VM_DIR/console.log")" = "$2" ]; }
  wait_for 250 boot restart
  check "the driver agrees to a reboot" vmctl power "$VM_NAME" reboot
  check "and logind carries it out on the driver's key" wait_for 250 boot inhibited
  check "with which the kernel had nothing to do" said 'running reboot' 0
  check "the driver agrees to a reboot under the lock" vmctl power "$VM_NAME" reboot
  check "after the grace time the kernel runs reboot" wait_for 60 said 'running reboot' 1
  wait_for 250 boot ignored
  check "the driver agrees to power off with the key ignored" vmctl power "$VM_NAME" halt
  check "and after the grace time the kernel runs poweroff" wait_for 60 said 'running poweroff' 1
  check "and the guest is off" vmctl wait "$VM_NAME" down --timeout 60
}
