# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# churn.sh - our modules and their devices come and go while programs use them
# shellcheck disable=SC2034,SC2154
programs=$build/check/tests/guest
options=(--timeout "$count_churn_limit"
  --copy "$programs/vsock-cat:/test/vsock-cat" --copy "$programs/vsock-stress:/test/vsock-stress"
  --copy "$build/host/tests/guest/vmt-client:/test/vmt-client"
)
plan=13

guest() {
  cat=/test/vsock-cat debug=/sys/kernel/debug/vmci drivers=/sys/bus/pci/drivers/vmci
  vmt=/sys/bus/platform/drivers/vmt
  dev=$(basename "$(dirname "$(grep -l 0x0740 /sys/bus/pci/devices/*/device)")")
  own=$(cut -d ' ' -f 4 $debug/device)
  used() { grep -q '[1-9]' "/sys/module/$1/refcnt"; }
  # Waits for a program to be in use, then for it to have gone after SIGKILL.
  slain() { # MODULE PID
    wait_for 10 used "$1" || return 1
    kill -9 "$2"
    wait "$2"
    [ $? = 137 ]
  }
  empty() { # after this no socket, pair or page is left
    [ "$(wc -l </proc/net/vmsock)" = 1 ] && grep -q '^0 pairs' $debug/qpairs &&
      grep -q '^qp_pages_kept *0$' $debug/counters
  }
  gone() { ! pidof "$1"; }
  stress() {
    /test/vsock-stress -c "$1" -s 60 -t 8 -r "$2" >/dev/null 2>&1 &
  }
  readers() {
    while :; do cat /sys/devices/platform/vmt0/* /proc/net/vmsock $debug/*; done >/dev/null 2>&1 &
    readers=$!
  }

  in_accept() { $cat listen 6001 </dev/null & slain vmsock $!; }
  check "a program is killed in accept" in_accept
  in_recv() { $cat recvfrom 6002 & slain vmsock $!; }
  check "a program is killed while it waits for a datagram" in_recv
  in_all() {
    for i in $(seq 1 "$count_churn_kills"); do
      stress 1 "$i"
      wait_for 10 grep -q CONNECT /proc/net/vmsock
      slain vmsock $! || return 1
    done
  }
  check "8 threads are killed in calls of every kind, $count_churn_kills times" in_all
  check "and leave nothing behind" wait_for 10 empty
  in_tclo() {
    for i in $(seq 1 "$count_churn_kills"); do
      /test/vmt-client own >/dev/null &
      slain vmt $! || return 1
    done
  }
  check "an owner is killed while it waits for the host, $count_churn_kills times" in_tclo

  readers
  peers() { grep -q ' 2:5000 .*CONNECTED' /proc/net/vmsock; }
  unbound() {
    for i in $(seq 1 "$count_churn_rebinds"); do
      $cat connect 2 5000 </dev/zero >/dev/null 2>&1 &
      stress "$own" "$i"
      s=$!
      wait_for 10 peers || return 1
      echo "$dev" >$drivers/unbind || return 1
      wait_for 10 gone vsock-cat || return 2
      kill -9 "$s"
      wait "$s"
      echo "$dev" >$drivers/bind || return 3
      grep -q running $debug/device || return 4
    done
  }
  check "the VMCI device is unbound under traffic and bound again, $count_churn_rebinds times" unbound
  check "and nothing is left of the traffic" wait_for 10 empty
  rebound() {
    for i in $(seq 1 "$count_churn_rebinds"); do
      exec 3<>/dev/vmt
      /test/vmt-client own >/dev/null 2>&1 &
      o=$!
      owned() { [ "$(cat /sys/devices/platform/vmt0/owner)" = "$o" ]; }
      wait_for 10 owned || return 1
      echo vmt0 >$vmt/unbind || return 2
      wait_for 10 gone vmt-client || return 3
      ! cat <&3 || return 4
      echo vmt0 >$vmt/bind || return 5
      exec 3>&-
    done
  }
  check "vmt0 is unbound under its owner and an open file, and bound again, $count_churn_rebinds times" rebound
  unload() {
    for i in $(seq 1 "$count_churn_loads"); do
      $cat connect 2 5000 </dev/zero >/dev/null 2>&1 &
      stress 1 "$i"
      s=$!
      /test/vmt-client own >/dev/null 2>&1 &
      o=$!
      wait_for 10 peers && wait_for 10 used vmt || return 1
      ! rmmod vmsock 2>/dev/null && ! rmmod vmci 2>/dev/null && ! rmmod vmt 2>/dev/null || return 2
      kill -9 "$s" "$o" $(pidof vsock-cat)
      wait "$s" "$o"
      wait_for 10 rmmod vmt && wait_for 10 rmmod vmsock && wait_for 10 rmmod vmci || return 3
      modprobe vmci && modprobe vmsock && modprobe vmt || return 4
    done
  }
  check "all modules are unloaded from under killed programs and loaded again, $count_churn_loads times" unload
  kill "$readers"
  check "and nothing is left of those" wait_for 10 empty
  alive() { echo "still there" | $cat connect 2 5000; }
  check_is "the host is still reached" "still there" alive
  quiet() { ! dmesg | grep -E 'BUG|WARNING|Oops|refcount|Call Trace|blocked for'; }
  check "the kernel has nothing to complain of" quiet
  $cat connect 2 5009 </dev/null
}

host() {
  socat "UNIX-LISTEN:${VM_DIR}/vsock_5000,fork" SYSTEM:cat 2>/dev/null & echo=$!
  socat -u "UNIX-LISTEN:${VM_DIR}/vsock_5009" STDOUT
  check "the host's end of the traffic is still there" kill "$echo"
  wait
}
