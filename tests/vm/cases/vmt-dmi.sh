# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vmt-dmi.sh - a hypervisor that CPUID hides and DMI shows; the driver without its service
#
# no_timer_check: on what it takes for a bare machine the kernel tries its timers in real time, which an
# emulator on a busy machine cannot give.
# shellcheck disable=SC2034,SC2154
options=(--no-load --append no_timer_check --conf 'qemu-arg "-cpu"' --conf 'qemu-arg "max,-hypervisor"'
  --copy "$build/host/tests/guest/vmt-client:/test/vmt-client")
plan=6

guest() {
  vmt=/sys/devices/platform/vmt0
  check "vmt.ko loads with service=0" modprobe vmt service=0
  check "it calls the hypervisor by its port" sh -c 'dmesg | grep -q "called by its port"'
  check_is "a request is answered" "1 " /test/vmt-client rpc 'info-set guestinfo.dmi x'
  /test/vmt-client own >/tmp/own &
  check "an owner is served" wait_for 20 grep -q Capabilities_Register /tmp/own
  kill -9 $!
  serves() { grep -q service $vmt/state; }
  unserved() { ! wait_for 13 serves; }
  check "without one the driver does not serve, 10 s later" unserved
  check_is "and the channel is closed" 0 cat $vmt/attached
}
