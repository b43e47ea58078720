# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vmt-time-faults.sh - every fault of the host's time: what vmt.ko follows, and what it leaves alone
#
# The guest's second opinion is its real-time clock, which no fault touches.
# shellcheck disable=SC2034,SC2154
options=(--timeout 300 --no-load --copy "$build/host/tests/guest/vmt-client:/test/vmt-client"
  --copy "$build/host/tests/guest/vmt-ptp:/test/vmt-ptp")
plan=19

guest() {
  vmt=/sys/devices/platform/vmt0 sync=/proc/sys/dev/vmt0/clock_sync
  ahead() { echo $(($(date +%s) - $(cat /sys/class/rtc/rtc0/since_epoch))); }
  off_by() { [ "$(ahead)" -ge $(($1 - 3)) ] && [ "$(ahead)" -le $(($1 + 3)) ]; }
  set_off() { date -s "@$(($(cat /sys/class/rtc/rtc0/since_epoch) + $1))" >/dev/null; }
  steps() { cat $vmt/clock_steps; }
  checks() { cat $vmt/clock_checks; }
  # Three more checks are made, and the clock is still off.
  left() { # SECONDS
    count=$(checks)
    later() { [ "$(checks)" -ge $((count + 3)) ]; }
    wait_for 20 later && off_by "$1"
  }
  # Tells the host that the step before is over, and waits for this one.
  step() {
    /test/vmt-client rpc "info-set guestinfo.wants $1" >/dev/null
    ready() { [ "$(/test/vmt-client rpc 'info-get guestinfo.has')" = "1 $1" ]; }
    wait_for 60 ready "$1"
  }

  check "vmt.ko loads" modprobe vmt
  echo 1 >$sync/period
  step offset
  check "a host that is an hour ahead is followed" wait_for 20 off_by 3600
  step right
  check "and back again" wait_for 20 off_by 0
  step jump
  check "a host that jumps back by an hour is followed" wait_for 20 off_by -3600
  step right
  wait_for 20 off_by 0
  echo 0 >$sync/backward
  step jump
  check "but not with backward=0" left 0
  echo 1 >$sync/backward
  wait_for 20 off_by -3600
  step right
  wait_for 20 off_by 0

  count=$(steps)
  step skew
  more() { [ "$(steps)" -ge $((count + 3)) ]; }
  check "a host whose time runs twice as fast is followed step by step" wait_for 40 more
  close_to() { [ "$(cat $vmt/timedelta_ns)" -lt 4000000000 ]; }
  check "and never far away" close_to
  step right
  wait_for 20 off_by 0
  count=$(steps)
  step frozen
  check "a host whose time stands still holds the clock" wait_for 40 more
  step right
  check "until it goes on" wait_for 20 off_by 0

  step none
  set_off -60
  check "a host that knows no time moves nothing" left -60
  check_is "which is told" unknown cat $vmt/timedelta_status
  unread() { ! cat $vmt/timedelta_ns; }
  check "there is no difference to read" unread
  no_sample() { ! /test/vmt-ptp /dev/ptp0 offset; }
  check "nor a PTP time" no_sample
  step right
  check "when it knows it again it is followed" wait_for 20 off_by 0

  step lag
  set_off -6
  check "what the host calls its lag, 10 s, is left alone" left -6
  set_off -60
  check "and more is not" wait_for 20 off_by 0
  step negative
  set_off -6
  check "a lag below nothing is none" wait_for 20 off_by 0
  step end
  quiet() { ! dmesg | grep -E 'BUG:|WARNING:|Oops'; }
  check "the kernel has nothing to complain of" quiet
}

host() {
  fault() {
    vmctl fault "$VM_NAME" --clear
    case $1 in
      offset) vmctl fault "$VM_NAME" time-offset 3600 ;;
      jump) vmctl fault "$VM_NAME" time-jump --count 1 -- -3600 ;;
      skew) vmctl fault "$VM_NAME" time-skew 1000000 ;;
      frozen) vmctl fault "$VM_NAME" time-frozen ;;
      none) vmctl fault "$VM_NAME" time-none ;;
      lag) vmctl fault "$VM_NAME" time-lag 10000000 ;;
      negative) vmctl fault "$VM_NAME" time-lag -- -1 ;;
    esac
  }
  wants() { now=$(vmctl var "$VM_NAME" get guestinfo.wants) && [ "$now" != "$last" ]; }
  serve() {
    last=''
    while wait_for 200 wants; do
      fault "$now" || return 1
      vmctl var "$VM_NAME" set guestinfo.has "$now"
      last=$now
      [ "$now" != end ] || return 0
    done
  }
  check "the host does all that is wanted" serve
}
