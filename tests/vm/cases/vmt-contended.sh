# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vmt-contended.sh - vmt.ko beside a vmtoolsd that wants the same channel: seen, told once, not fought
# shellcheck disable=SC2034,SC2154
options=(--timeout 600 --no-load --agent open-vm-tools
  --copy "$build/host/tests/guest/vmt-client:/test/vmt-client")
plan=12

guest() {
  vmt=/sys/devices/platform/vmt0
  has() { [ "$(cat $vmt/"$1")" = "$2" ]; }
  check "vmtoolsd runs" wait_for 60 systemctl is-active --quiet open-vm-tools.service
  check "vmt.ko loads beside it" modprobe vmt
  timeout 1 /test/vmt-client own >/dev/null
  check "the driver begins to serve, and is contended" wait_for 90 has state contended
  check_is "sysfs says so" 1 cat $vmt/contended
  check_is "nobody owns the channel" 0 cat $vmt/owner
  told() { dmesg | grep -c 'is another agent (vmtoolsd) running'; }
  check_is "it is told with the remedy" 1 told

  # Each pause is twice the one before.
  losses() { [ "$(cat $vmt/lost)" -ge "$1" ]; }
  moment() { wait_for 90 losses "$1" && cut -d . -f 1 /proc/uptime; }
  first=$(cat $vmt/lost)
  a=$(moment $((first + 1))) b=$(moment $((first + 2))) c=$(moment $((first + 3)))
  printf '# losses %s s and %s s apart\n' $((b - a)) $((c - b))
  check "it does not fight: the pauses grow" test $((c - b)) -gt $((b - a + 3))

  slain() {
    /test/vmt-client own >/dev/null &
    wait_for 10 has owner $! && kill -9 $! && wait_for 5 has owner 0
  }
  check "an owner comes meanwhile and is killed" slain

  stop() { systemctl stop open-vm-tools; }
  check "vmtoolsd ends" stop
  check "then the channel is the driver's" wait_for 120 has state service
  check_is "and nobody's otherwise" 0 cat $vmt/contended
  check_is "nothing more was told" 1 told
}
