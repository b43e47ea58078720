# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vmt-halt.sh - a kernel that halts closes the channel, whoever owns it: the host knows at once
# shellcheck disable=SC2034,SC2154
options=(--no-load --copy "$build/host/tests/guest/vmt-client:/test/vmt-client")
plan=4
wanted_status=125

guest() {
  check "vmt.ko loads" modprobe vmt
  /test/vmt-client own >/tmp/own &
  check "a program owns the channel" wait_for 20 grep -q Capabilities_Register /tmp/own
  /test/vmt-client rpc 'info-set guestinfo.stage owned' >/dev/null
  told() { [ "$(/test/vmt-client rpc 'info-get guestinfo.stage')" = '1 go' ]; }
  wait_for 60 told
  # The machine stays on, and no process is ended.
  halt -f
}

host() {
  stage() { [ "$(vmctl var "$VM_NAME" get guestinfo.stage)" = owned ]; }
  state() { vmctl guest "$VM_NAME" --json | grep -q "\"state\": *\"$1\""; }
  wait_for 200 stage
  check "the host has an agent" wait_for 20 state running
  vmctl var "$VM_NAME" set guestinfo.stage go
  check "when the kernel halts it has none" wait_for 20 state gone
  vmctl stop -f "$VM_NAME"
}
