# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# host.sh - what a VM costs on the host while its guest does nothing, and how fast its port answers
#
# The host's process of the VM is measured apart from QEMU, which is the same whoever starts it.
# shellcheck disable=SC2034,SC2154
programs=$build/host/tests/guest
options=(--timeout 900
  --copy "$programs/backdoor-regs:/test/backdoor-regs" --copy "$programs/vmt-client:/test/vmt-client"
  --copy "$programs/vsock-cat:/test/vsock-cat"
)

guest() {
  for _ in $(seq 1 "$rounds"); do
    sample backdoor-calls qemu version "$(/test/backdoor-regs rate)" || return
  done
  /test/vmt-client rpc 'info-set guestinfo.bench idle' || return
  # Sleeps until the host, which has measured by then, connects.
  /test/vsock-cat listen 6000 </dev/null
}

host() {
  pids=$(vmctl status --json | jq -r '.vms[0] | "\(.pid) \(.["engine-pid"])"')
  vm=${pids% *} qemu=${pids#* }
  idle() { [ "$(vmctl var "$VM_NAME" get guestinfo.bench 2>/dev/null)" = idle ]; }
  wait_for 300 idle || return
  seconds=60
  [ -z "$quick" ] || seconds=10
  nanoseconds() { cat /proc/"$1"/task/*/schedstat | awk '{ sum += $1 } END { printf "%.0f", sum }'; }
  kib() { awk -v field="$1:" '$1 == field { print $2 }' "/proc/$vm/smaps_rollup"; }
  for _ in $(seq 1 "$rounds"); do
    vm_from=$(nanoseconds "$vm") qemu_from=$(nanoseconds "$qemu")
    sleep "$seconds"
    sample vm-cpu vmtkit vmd "$(awk -v a=$(($(nanoseconds "$vm") - vm_from)) -v s="$seconds" 'BEGIN { print a / s / 1000000 }')"
    sample vm-cpu vmtkit qemu "$(awk -v a=$(($(nanoseconds "$qemu") - qemu_from)) -v s="$seconds" 'BEGIN { print a / s / 1000000 }')"
    sample vm-memory vmtkit pss "$(kib Pss)"
    sample vm-memory vmtkit private $(($(kib Private_Dirty) + $(kib Private_Clean)))
  done
  vmctl vsock "$VM_NAME" connect 6000 </dev/null
}
