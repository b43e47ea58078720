# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vmsock-many.sh - more streams at once than fit at full size, and who may have how much of the memory
#
# The device shares 256 MiB; the module takes 128 MiB of that unless it is told to take more.
# shellcheck disable=SC2034,SC2154
programs=$build/check/tests/guest
options=(--timeout "$count_many_limit" --memory 1G --conf "qp-memory 256M" --copy "$programs/vsock-many:/test/vsock-many")
plan=9

guest() {
  debug=/sys/kernel/debug percent=/sys/module/vmsock/parameters
  empty() {
    [ "$(wc -l </proc/net/vmsock)" = 1 ] && grep -q '^0 pairs' $debug/vmci/qpairs &&
      grep -q '^qp_pages_kept *0$' $debug/vmci/counters
  }
  one() { "$@" 2 5000 1 | grep -q '^ok - 1 streams'; }
  wait_for 30 one /test/vsock-many
  /test/vsock-many 2 5000 "$count_many_streams"
  check "nothing is left of them" wait_for 30 empty
  echo 268435456 >/sys/module/vmci/parameters/qp_memory_max
  /test/vsock-many 2 5000 "$count_many_more"
  check "nor of those" wait_for 30 empty

  nobody="/test/vsock-many -u 65534"
  check "a user without rights connects" one $nobody
  echo 1 >$percent/user_percent
  share() { $nobody 2 5000 10 | grep -q 'No buffer space' && grep -q 'over_budget *1' $debug/vmsock/counters; }
  check "but not beyond the user's share of the memory" share
  back() { one $nobody; }
  check "which is there again when its streams are closed" back
  echo 100 >$percent/user_percent
  echo 100 >$percent/reserve_percent
  reserve() { ! one $nobody; }
  check "nor into the reserve" reserve
  check "which is there for a privileged one" one /test/vsock-many
  $nobody listen 6000 &
  told() { /test/vsock-many 2 5009 1 | grep -q '^ok - 1 streams'; }
  wait_for 60 told
  check "the kernel has nothing to complain of" sh -c "! dmesg | grep -E 'BUG|WARNING|Oops|refcount|Call Trace|blocked for'"
}

host() {
  "$build/host/tests/guest/vsock-many" serve "${VM_DIR}/vsock_5000" & echo=$!
  connect() { [ "$(printf question | vmctl vsock "$VM_NAME" connect 6000)" = question ]; }
  check "and for what the host connects" wait_for "$count_many_limit" connect
  socat "UNIX-LISTEN:${VM_DIR}/vsock_5009" SYSTEM:cat
  kill "$echo"
  wait
}
