# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vmci-peer.sh - vmci.ko against a host that does what the driver must bear
#
# The device is vmci-peer's, not vmd's: it attaches, corrupts, stalls and leaves when vmcitest.ko asks.
# shellcheck disable=SC2034,SC2154
options=(--drivers ours --no-load --timeout 240 --device "$build/host/tests/vm/vmci-peer")
plan=11

guest() {
  dir=/sys/kernel/debug/vmci drivers=/sys/bus/pci/drivers/vmci
  dev=$(basename "$(dirname "$(grep -l 0x0740 /sys/bus/pci/devices/*/device)")")
  counter() { awk -v name="$1" '$1 == name { print $2 }' $dir/counters; }
  state() { cut -d ' ' -f 2 $dir/device; }
  rows() { modprobe vmcitest "$@" || { dmesg | grep vmcitest | tail -n 30; false; } && rmmod vmcitest; }

  modprobe vmci
  check "each call does what it says, with a peer that corrupts and resumes" rows
  check_is "nothing that arrived was dropped" 0 counter rx_batch_bad
  check "a peer that stalls makes the device dead in 2 seconds" rows stall=1
  check_is "which is shown" dead state
  kept() { [ "$(counter qp_pages_kept)" -gt 0 ]; }
  check "and pages that it may still write to are kept" kept
  rebind() { echo "$dev" >$drivers/unbind && echo "$dev" >$drivers/bind && [ "$(state)" = running ]; }
  check "it works when it is bound anew" wait_for 20 rebind
  check_is "after the reset no page is kept" 0 counter qp_pages_kept
  check "each call still does what it says" rows
  check "a device that is gone makes every call fail" rows leave=1
  unload() { echo "$dev" >$drivers/unbind && [ "$(counter qp_pages_kept)" = 0 ] && rmmod vmci; }
  check "it is unbound, no page is kept, and the module unloads" unload
  quiet() { ! dmesg | grep -E 'BUG|WARNING|Oops|not ok|Call Trace'; }
  check "the kernel has nothing to complain of" quiet
}
