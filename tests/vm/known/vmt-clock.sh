# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vmt-clock.sh - who says when vmt.ko sets the clock: the load, the host, the administrator
# shellcheck disable=SC2034,SC2154
options=(--timeout 240 --no-load --copy "$build/host/tests/guest/vmt-client:/test/vmt-client")
plan=12

guest() {
  period=/proc/sys/dev/vmt0/clock_sync/period
  says() { /test/vmt-client info | grep -q " period=$1 "; }
  stage() { /test/vmt-client rpc "info-set guestinfo.stage $1" >/dev/null; }
  off() { echo $(($(cat /sys/class/rtc/rtc0/since_epoch) - $(date +%s))); }
  right() { [ "$(off)" -ge -3 ] && [ "$(off)" -le 3 ]; }
  set_off() { date -s "@$(($(date +%s) - 3600))" >/dev/null; }
  set_off
  check "vmt.ko loads" modprobe vmt
  check "and sets the clock, an hour behind, at once" wait_for 5 right
  check_is "the period is a minute" 60 cat $period
  /test/vmt-client own >/tmp/own &
  wait_for 20 grep -q Capabilities_Register /tmp/own

  stage never
  check "the host's word that it wants none ends it" wait_for 30 says 0
  stage again
  check "its word that it wants it brings it back" wait_for 30 says 60
  echo 7 >$period
  check "a period that is written is the period" says 7
  stage ignored
  wait_for 30 grep -q IGNORED /tmp/own
  check "and then the host's word counts no more" says 7
  kill -9 $!
  echo 0 >$period
  set_off
  wait_for 15 grep -q service /sys/devices/platform/vmt0/state
  stage now
  check "a step that the host orders is made, whatever the period" wait_for 30 right
}

host() {
  say() { # STAGE MESSAGE...
    stage() { [ "$(vmctl var "$VM_NAME" get guestinfo.stage)" = "$1" ]; }
    wait_for 200 stage "$1" || return 1
    shift
    for message; do vmctl send --timeout 20 "$VM_NAME" "$message" || return 2; done
  }
  check "the host says that it wants no synchronisation" say never 'Set_Option synctime 0'
  check "that it wants it" say again 'Set_Option synctime 1'
  check "that it wants none" say ignored 'Set_Option synctime 0' IGNORED
  check "and that it wants it now" say now 'Time_Synchronize 1'
}
