# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# backdoor.sh - the plugin under a stock kernel: registers, flags, faults and limits seen from ring 3
# shellcheck disable=SC2034,SC2154
options=(--drivers none --copy "$build/check/tests/guest/backdoor-regs:/test/regs")
plan=9

guest() {
  regs=/test/regs
  detected() { dmesg | grep -q 'Hypervisor detected: VMware'; }
  check "the kernel finds a VMware hypervisor" detected
  check "calls keep the registers and flags of the instructions around them" $regs flags
  check "what is no call faults as without a backdoor" $regs faults
  check "32-bit code calls as well" $regs wide
  check "an unknown command answers all ones" $regs unknown
  check "a channel needs its cookie" $regs cookie
  check "the 129th channel is refused" $regs limit
  check "the high-bandwidth port moves nothing for ring 3" $regs high
  nobody() { su -s /bin/sh nobody -c "$regs cookie" || setuidgid 65534:65534 $regs cookie; }
  check "a user without rights calls as well" nobody
}
