# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vmt-elsewhere.sh - on a machine that is not VMware's, vmt.ko says so in one line and does not load
#
# no_timer_check: on what it takes for a bare machine the kernel tries its timers in real time, which an
# emulator on a busy machine cannot give.
# shellcheck disable=SC2034,SC2154
options=(--no-load --append no_timer_check --conf 'qemu-arg "-cpu"' --conf 'qemu-arg "max,-hypervisor"'
  --conf 'qemu-arg "-smbios"' --conf 'qemu-arg "type=1,serial=none"')
plan=3

guest() {
  other() { ! dmesg | grep -q 'Hypervisor detected: VMware'; }
  check "the kernel finds no VMware hypervisor" other
  refused() { modprobe vmt 2>&1 | grep -o 'No such device' | head -n 1; }
  check_is "the module is refused for want of a device" "No such device" refused
  # The kernel has words of its own for a module from outside, and busybox's modprobe tries twice.
  said() { dmesg | sed 's/^\[[^]]*\] //' | grep '^vmt:' | grep -Ev 'out-of-tree|verification failed' | uniq; }
  check_is "in one line" "vmt: no VMware hypervisor here" said
}
