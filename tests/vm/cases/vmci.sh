# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vmci.sh - vmci.ko against our host: its whole interface, and every way in and out of the kernel
# shellcheck disable=SC2034
options=(--drivers ours --no-load --timeout "$count_vmci_limit")
plan=12

guest() {
  dir=/sys/kernel/debug/vmci drivers=/sys/bus/pci/drivers
  dev=$(basename "$(dirname "$(grep -l 0x0740 /sys/bus/pci/devices/*/device)")")
  counter() { awk -v name="$1" '$1 == name { print $2 }' $dir/counters; }
  every_call() { modprobe vmcitest peer=0 && rmmod vmcitest; }
  state() { cut -d ' ' -f 2 $dir/device; }

  modprobe vmci
  check_is "the driver is bound to the device and runs" running state
  check "each call of vmci_kernel.h does what it says" every_call
  check_is "nothing that arrived was dropped" 0 counter rx_batch_bad
  check_is "no send had to read the result register" 0 counter tx_result_read
  again() {
    for i in $(seq 1 "$count_vmci_loads"); do
      rmmod vmci && modprobe vmci && [ "$(state)" = running ] || return 1
    done
  }
  check "$count_vmci_loads times unloaded and loaded, it runs" again
  rebind() {
    for i in $(seq 1 "$count_vmci_rebinds"); do
      echo "$dev" >$drivers/vmci/unbind && [ "$(cat $dir/device)" = none ] || return 1
      echo "$dev" >$drivers/vmci/bind && [ "$(state)" = running ] || return 1
    done
  }
  check "$count_vmci_rebinds times unbound and bound, it runs" rebind
  check "each call still does what it says" every_call
  rescan() {
    echo 1 >"/sys/bus/pci/devices/$dev/remove" && [ "$(cat $dir/device)" = none ] &&
      echo 1 >/sys/bus/pci/rescan && [ "$(state)" = running ]
  }
  check "the device is removed and found again" rescan
  beside() {
    rmmod vmci && modprobe vmw_vmci && modprobe vmci && [ "$(cat $dir/device)" = none ] &&
      dmesg | grep -q "vmci: $dev is bound to vmw_vmci"
  }
  check "beside the in-tree driver it loads and says who has the device" beside
  take() {
    echo "$dev" >$drivers/vmw_vmci/unbind && echo "$dev" >$drivers/vmci/bind &&
      [ "$(state)" = running ] && every_call
  }
  check "and takes the device when it is let go" take
  kept() { [ "$(counter qp_pages_kept)" = 0 ] && rmmod vmci && rmmod vmw_vmci; }
  check "no page is kept, and both drivers unload" kept
  quiet() { ! dmesg | grep -E 'BUG|WARNING|Oops|not ok'; }
  check "the kernel has nothing to complain of" quiet
}
