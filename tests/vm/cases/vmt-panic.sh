# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vmt-panic.sh - the guest's kernel panics: the host is told
# shellcheck disable=SC2034,SC2154
options=(--conf 'on-reboot stop')
plan=3
wanted_status=125

guest() {
  echo c >/proc/sysrq-trigger
}

host() {
  logged() { grep -q "$1" "$VM_DIR/vmd.log"; }
  check "the host hears why the kernel goes down" wait_for 60 logged 'Kernel panic: sysrq triggered crash'
  check "and is told of a crash" wait_for 10 logged 'the guest says that its kernel panicked'
  check "then the guest reboots" vmctl wait "$VM_NAME" down --timeout 30
}
