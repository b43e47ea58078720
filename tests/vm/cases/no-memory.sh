# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# no-memory.sh - memory that is not there: each allocation in probe, connect, accept, send, open and
# ioctl fails in turn, and afterwards all of it works and nothing is left
# shellcheck disable=SC2034,SC2154
programs=$build/check/tests/guest
needs=kasan
# The interpreter of ACPI takes half of the boot of such a kernel, and nothing here needs it.
options=(--timeout 600 --append acpi=off
  --copy "$programs/fault-sweep:/test/fault-sweep"
  --copy "$programs/vsock-cat:/test/vsock-cat"
)
plan=24

guest() {
  debug=/sys/kernel/debug
  for kind in failslab fail_page_alloc fail_usercopy; do echo 0 >$debug/$kind/verbose; done
  for kind in failslab fail_page_alloc; do echo N >$debug/$kind/ignore-gfp-wait; done
  echo N >$debug/fail_page_alloc/ignore-gfp-highmem
  VMCI_DEVICE=$(basename "$(dirname "$(grep -l 0x0740 /sys/bus/pci/devices/*/device)")")
  export VMCI_DEVICE
  /test/fault-sweep
  empty() { [ "$(wc -l </proc/net/vmsock)" = 1 ] && grep -q '^0 pairs' $debug/vmci/qpairs; }
  check "nothing is left behind" wait_for 20 empty
  alive() { echo "still there" | /test/vsock-cat connect 2 5000; }
  check_is "the host is still reached" "still there" alive
  /test/vsock-cat connect 2 5009 </dev/null
}

host() {
  socat "UNIX-LISTEN:${VM_DIR}/vsock_5000,fork" SYSTEM:cat 2>/dev/null & echo=$!
  socat -u "UNIX-LISTEN:${VM_DIR}/vsock_5009" STDOUT
  check "the host is whole" kill "$echo"
  wait
}
