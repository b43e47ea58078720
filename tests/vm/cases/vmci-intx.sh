# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vmci-intx.sh - vmci.ko on a device with an interrupt pin: reset, sleep, unbinding
# vmci-port.sh runs the same on a device with an I/O port and one message.
# shellcheck disable=SC2034,SC2154
programs=$build/host/tests/guest
options=(--drivers ours --monitor --timeout 240 --conf 'vmci dma interrupts intx removable'
  --copy "$programs/vsock-cat:/test/vsock-cat" --copy "$programs/vsock-held:/test/vsock-held")
plan=17

guest() {
  dir=/sys/kernel/debug/vmci drivers=/sys/bus/pci/drivers/vmci cat=/test/vsock-cat
  dev=$(basename "$(dirname "$(grep -l 0x0740 /sys/bus/pci/devices/*/device)")")
  state() { cut -d ' ' -f 2 $dir/device; }
  one_vector() { grep -q 'vectors 1 shared' $dir/device; }
  every_call() { modprobe vmcitest peer=0 slow=1 && rmmod vmcitest; }
  talk_once() { [ "$(echo words | $cat connect 2 5000)" = words ]; }
  talk() { wait_for 30 talk_once; }	# in port mode a connection can take longer than its limit
  ended() { ! grep -q . "/proc/$held/cmdline"; }
  empty() { grep -q '^0 pairs' $dir/qpairs && grep -q '^qp_pages_kept *0$' $dir/counters; }

  check "all causes share one interrupt" one_vector
  check "each call of vmci_kernel.h does what it says" every_call
  check "a stream goes to the host and back" talk

  reset_function() {
    for i in 1 2 3; do
      /test/vsock-held 2 5000 2>/dev/null >/tmp/held &
      wait_for 10 grep -q connected /tmp/held
      echo 1 >"/sys/bus/pci/devices/$dev/reset" || return 1
      wait || return 2
      [ "$(state)" = running ] && talk || return 3
    done
  }
  check "a function-level reset ends streams, and new ones work, 3 times" reset_function
  check "each call still does what it says" every_call

  /test/vsock-held 2 5000 2>/tmp/held.err >/tmp/held &
  held=$!
  wait_for 10 grep -q connected /tmp/held
  sleeps() { echo mem >/sys/power/state; }
  check "the machine sleeps, and is woken by the host" sleeps
  check "a stream from before has ended" wait_for 10 ended
  check "the device runs again" test "$(state)" = running
  check "and new streams work" talk
  check "each call works after the sleep" every_call

  /test/vsock-held -u 2 5000 >/tmp/held &
  held=$!
  check "a program holds a page back that a read wants to fill" wait_for 10 grep -q held /tmp/held
  unbind() { timeout 10 sh -c "echo $dev >$drivers/unbind"; }
  check "the device is unbound all the same" unbind
  kill -9 $held
  wait $held
  rebind() { echo "$dev" >$drivers/bind && [ "$(state)" = running ] && talk; }
  check "and works when it is bound anew" rebind
  check "nothing is left of it" wait_for 10 empty

  wait_for 60 $cat connect 2 5009 </dev/null
  unload() { wait_for 10 rmmod vmsock && rmmod vmci; }
  check "both modules unload" unload
  quiet() { ! dmesg | grep -E 'BUG|WARNING|Oops|not ok|Call Trace'; }
  check "the kernel has nothing to complain of" quiet
}

host() {
  qmp() { printf '%s\n' '{"execute":"qmp_capabilities"}' "$1" | socat -t 5 - "UNIX-CONNECT:$VM_DIR/qmp"; }
  asleep() { qmp '{"execute":"query-status"}' | grep -q '"suspended"'; }
  socat "UNIX-LISTEN:$VM_DIR/vsock_5000,fork" SYSTEM:cat & echo=$!
  wake() { wait_for 120 asleep && qmp '{"execute":"system_wakeup"}' | grep -q '"return"'; }
  check "the machine is asleep, and is woken" wake
  # The guest connects here when it is done.
  socat -u "UNIX-LISTEN:$VM_DIR/vsock_5009" STDOUT
  kill "$echo"
  wait
}
