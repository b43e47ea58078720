# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vmsock-stress.sh - calls of 12 threads on each other's sockets, then the unload of vmsock, again and again
#
# The unload waits for the last socket: one lost reference and it never ends.  It runs in the background,
# so that the case can tell.
# shellcheck disable=SC2034,SC2154
programs=$build/check/tests/guest
options=(--timeout "$count_stress_limit" --copy "$programs/vsock-stress:/test/vsock-stress" --copy "$programs/example-whoami:/test/whoami")
plan=$((3 * count_stress_rounds))

guest() {
  own=$(/test/whoami | sed -n 's/^CID //p')
  unload() {
    rmmod vmsock >/dev/null 2>&1 &
    absent() { ! [ -d /sys/module/vmsock ]; }
    wait_for 10 absent && wait $!
  }
  for round in $(seq 1 "$count_stress_rounds"); do
    check "round $round: calls of 12 threads on each other's sockets all return" \
      /test/vsock-stress -s "$count_stress_seconds" -t 12 -r "$round"
    check "round $round: and with the own CID" /test/vsock-stress -c "$own" -s "$count_stress_seconds" -t 12 -r "$round"
    check "round $round: the module unloads as soon as nothing uses it" unload
    modprobe vmsock
  done
}
