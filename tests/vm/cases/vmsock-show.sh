# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vmsock-show.sh - what vmsock shows of its sockets: ss, /proc/net/vmsock, tracepoints
# shellcheck disable=SC2034,SC2154
options=(--userland debian --timeout 300)
plan=12

guest() {
  trace=/sys/kernel/tracing list=/proc/net/vmsock
  echo 1 >$trace/events/vmsock/enable
  tail -f /dev/null | socat -u STDIN VSOCK-CONNECT:2:5000 &
  client=$!
  socat VSOCK-LISTEN:6000,fork EXEC:cat &
  server=$!
  shown() { ss --vsock "$1" | grep -Eq "$2"; }
  check "ss shows a listener" wait_for 10 shown -l '^v_str +LISTEN .* \*:6000 +\*:\*'
  check "ss shows a stream and its peer" wait_for 10 shown -n '^v_str +ESTAB .* 2:5000'
  only() { [ "$(ss --vsock state "$1" | grep -c '^v_str')" = "$2" ]; }
  check "ss finds sockets by state" only listening 1
  queued() {
    grep -Eq '^stream +\*:[0-9]+ +1:6001 +CONNECTED +0 +5 +262144 +0 [0-9]+$' $list &&
      grep -Eq '^stream +1:6001 +1:[0-9]+ +CONNECTED +5 +0 +262144 +0 [0-9]+$' $list
  }
  # Neither of these reads from its socket.
  tail -f /dev/null | socat -u STDIN VSOCK-LISTEN:6001 &
  wait_for 10 grep -q ':6001 .*LISTEN' $list
  (printf 12345 && tail -f /dev/null) | socat -u STDIN VSOCK-CONNECT:1:6001 &
  check "the list shows what has been sent and not taken" wait_for 10 queued
  backlog() { grep -Eq '^stream +\*:6000 +\*:\* +LISTEN +0 +0 +5 ' $list; }
  check "and the backlog of a listener" backlog
  # shellcheck disable=SC2046
  many() {
    for i in $(seq 7001 7300); do socat -u "VSOCK-LISTEN:$i" STDOUT & pids="$pids $!"; done
    wait_for 60 only listening 301
    kill $pids
  }
  check "a dump of more sockets than one message holds has all of them" many
  state() { grep -q "vmsock_state: .* with 2:5000 from $1 to $2" $trace/trace; }
  check "the trace has the states of a client" state CONNECTING CONNECTED
  sent() { grep -q "vmsock_send: $1 .* to 2:5000 .* result 0" $trace/trace; }
  offer() { sent REQUEST2 && sent OFFER; }
  check "and what it sent" offer
  received() { grep -q "vmsock_receive: $1 2:5000 to .* result 1" $trace/trace; }
  answer() { received NEGOTIATE2 && received ATTACH; }
  check "and what it got" answer
  kill "$client" "$server" $(pidof socat)
  wait
  gone() { [ "$(wc -l <$list)" = 1 ] && rmmod vmsock; }
  check "the module goes with all of that switched on" wait_for 10 gone
  absent() { [ "$(ss --vsock -a | wc -l)" -le 1 ]; }
  check "and ss shows nothing then" absent
  quiet() { ! dmesg | grep -E 'BUG|WARNING|Oops|refcount|Call Trace'; }
  check "the kernel has nothing to complain of" quiet
}

host() {
  socat -u "UNIX-LISTEN:${VM_DIR}/vsock_5000" STDOUT >/dev/null
}
