# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vmt-kdump.sh - in a kdump kernel, whose business is to save a dump, vmt.ko does not serve the host
#
# elfcorehdr= is what makes a kernel one; the address is a device's, so no dump is found there.
# shellcheck disable=SC2034,SC2154
options=(--no-load --append 'elfcorehdr=0xfed00000' --copy "$build/host/tests/guest/vmt-client:/test/vmt-client")
plan=4

guest() {
  vmt=/sys/devices/platform/vmt0
  check "vmt.ko loads" modprobe vmt
  check_is "programs reach the host" "1 " /test/vmt-client rpc 'info-set guestinfo.kdump x'
  timeout 1 /test/vmt-client own >/dev/null
  serves() { grep -q service $vmt/state; }
  unserved() { ! wait_for 13 serves; }
  check "the driver does not serve, 10 s after an owner left" unserved
  check_is "and the channel is closed" 0 cat $vmt/attached
}
