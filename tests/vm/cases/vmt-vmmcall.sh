# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vmt-vmmcall.sh - CPUID offers vmmcall: the driver calls the host by it
# shellcheck disable=SC2034,SC2154
options=(--no-load --conf 'backdoor vmmcall' --copy "$build/host/tests/guest/vmt-client:/test/vmt-client")
plan=17

guest() {
  check "vmt.ko loads" modprobe vmt
  check "it calls by what CPUID offers" sh -c 'dmesg | grep -q "called by vmmcall"'
  /test/vmt-client api
}
