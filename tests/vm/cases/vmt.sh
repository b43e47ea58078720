# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vmt.sh - vmt.ko on our host: /dev/vmt, the clock, an owner that dies, loading and unloading
# shellcheck disable=SC2034,SC2154
options=(--timeout "$count_vmt_limit" --no-load --copy "$build/host/tests/guest/vmt-client:/test/vmt-client"
  --copy "$build/host/tests/guest/vmt-ptp:/test/vmt-ptp")
plan=39

guest() {
  sysctl=/proc/sys/dev/vmt0/clock_sync
  check "vmt.ko finds the hypervisor and loads" modprobe vmt
  /test/vmt-client api

  epoch=$(($(date +%s) - $(cut -d . -f 1 /proc/uptime)))
  off() { # SECONDS that the clock is ahead of where it should be
    echo $(($(date +%s) - $(cut -d . -f 1 /proc/uptime) - epoch))
  }
  right() { [ "$(off)" -ge -2 ] && [ "$(off)" -le 2 ]; }
  set_off() { date -s "@$(($(date +%s) + $1))"; }
  echo 2 >$sysctl/period
  corrected() { set_off "$1" && ! right && wait_for 5 right; }
  check "a clock one hour ahead is corrected within one period" corrected 3600
  check "a clock one hour behind is corrected within one period" corrected -3600
  not_back() {
    echo 0 >$sysctl/backward
    checks=$(cat /sys/devices/platform/vmt0/clock_checks)
    set_off 3600
    later() { [ "$(cat /sys/devices/platform/vmt0/clock_checks)" -ge $((checks + 2)) ]; }
    wait_for 10 later && ! right && echo 1 >$sysctl/backward && wait_for 5 right
  }
  check "with backward=0 it is not set back, with backward=1 it is" not_back
  refused() { # FILE VALUE...
    file=$sysctl/$1 kept=$(cat "$sysctl/$1")
    shift
    for value; do ! echo "$value" >"$file" || return 1; done
    [ "$(cat "$file")" = "$kept" ]
  }
  check "a period out of range, or none, is refused" refused period -1 86401 99999999999 soon
  check "a backward that is no yes or no is refused" refused backward -1 2 yes
  at_once() { echo 86400 >$sysctl/period && set_off 3600 && echo 1 >$sysctl/period && wait_for 5 right; }
  check "a new period holds at once" at_once
  never() {
    echo 0 >$sysctl/period && checks=$(cat /sys/devices/platform/vmt0/clock_checks) && set_off -3600
    # The period before would have made one by then.
    ! wait_for 3 right && [ "$(cat /sys/devices/platform/vmt0/clock_checks)" = "$checks" ] && echo 2 >$sysctl/period && wait_for 5 right
  }
  check "with a period of 0 nothing is set" never
  serial() { sed 's/^VMware-//; s/[ -]//g' /sys/class/dmi/id/product_serial; }
  uuid() { sed 's/-//g' /proc/sys/dev/vmt0/uuid; }
  check_is "the UUID of the VM is told" "$(serial)" uuid
  uuid_kept() { ! sh -c 'echo x >/proc/sys/dev/vmt0/uuid'; }
  check "and cannot be written" uuid_kept
  small() {
    delta=$(cat /sys/devices/platform/vmt0/timedelta_ns)
    [ "$(cat /sys/devices/platform/vmt0/timedelta_status)" = ok ] && [ "${#delta}" -le 10 ]
  }
  check "the difference to the host's clock is told, and small" small
  named() { grep -qx vmt /sys/devices/platform/vmt0/ptp/ptp*/clock_name; }
  check "the host's clock is a PTP clock named vmt" named
  /test/vmt-ptp /dev/ptp0

  /test/vmt-client own HOLD >/tmp/own &
  owner=$!
  check "an owner hears the host" wait_for 10 grep -q Capabilities_Register /tmp/own
  check_is "and its process is told" "$owner" cat /sys/devices/platform/vmt0/owner
  /test/vmt-client rpc 'info-set guestinfo.stage hold' >/dev/null
  long() { awk '/^ECHO x+$/ && length == 60005 { found = 1 } END { exit !found }' /tmp/own; }
  check "it gets a long message whole" wait_for 20 long
  if wait_for 20 grep -q HOLD /tmp/own; then kill -9 "$owner"; fi
  free() { [ "$(cat /sys/devices/platform/vmt0/owner)" = 0 ]; }
  check "killed, it owns the channel no more" wait_for 5 free

  check "$count_vmt_cycles channels are opened, used and closed" /test/vmt-client cycle "$count_vmt_cycles"
  reload() {
    for i in $(seq 1 "$count_vmt_loads"); do
      start=$(cut -d . -f 1 /proc/uptime)
      rmmod vmt || return 1
      [ $(($(cut -d . -f 1 /proc/uptime) - start)) -le 1 ] || return 1
      modprobe vmt || return 1
    done
  }
  check "the module unloads within a second and loads again, $count_vmt_loads times" reload
  quiet() { ! dmesg | grep -E 'BUG:|WARNING:|Oops'; }
  check "the kernel has nothing to complain of" quiet
}

host() {
  stage() { [ "$(vmctl var "$VM_NAME" get guestinfo.stage)" = hold ]; }
  wait_for 200 stage
  text=$(printf 'x%.0s' $(seq 60000))
  echoed() { [ "$(vmctl send --timeout 20 "$VM_NAME" "ECHO $text" | tr -d '\n' | tail -c 60000)" = "$text" ]; }
  check "a long message is answered by a long reply" echoed
  # The owner dies with this message in hand: the driver answers.
  held() { vmctl send --timeout 20 "$VM_NAME" HOLD 2>&1 | grep -o 'ERROR Unknown Command'; }
  check_is "a message whose owner was killed is answered by the driver" "ERROR Unknown Command" held
}
