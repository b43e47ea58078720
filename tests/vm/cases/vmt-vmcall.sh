# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vmt-vmcall.sh - CPUID offers vmcall: the tools call the host by it, and then the driver
# shellcheck disable=SC2034,SC2154
options=(--no-load --agent ours --timeout 240 --conf 'backdoor vmcall' --conf 'guestinfo "guestinfo.way" "found"'
  --copy "$build/host/tests/guest/vmt-client:/test/vmt-client")
plan=20

guest() {
  stop() { systemctl stop vmtd; }
  check "the agent that came with the boot goes" stop
  check_is "vmtctl reaches the host without the driver" found vmtctl info get way
  check_is "as a user without rights too" found setpriv --reuid 65534 --clear-groups vmtctl info get way
  check "vmt.ko loads" modprobe vmt
  check "it calls by what CPUID offers" sh -c 'dmesg | grep -q "called by vmcall"'
  /test/vmt-client api
}
