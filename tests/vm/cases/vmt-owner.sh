# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vmt-owner.sh - an agent dies between its answer to OS_Halt and the power-off: the driver does it
# shellcheck disable=SC2034,SC2154
options=(--no-load --copy "$build/host/tests/guest/vmt-client:/test/vmt-client")
plan=4
wanted_status=125

guest() {
  check "vmt.ko loads" modprobe vmt grace=1 force=1
  # It declares the operation, answers, and dies of SIGKILL.
  /test/vmt-client own OS_Halt declare >/tmp/own &
  wait $!
  check_is "its last message was the host's wish" OS_Halt tail -n 1 /tmp/own
  exec sleep 600
}

host() {
  check "the host finds the agent" vmctl wait "$VM_NAME" tools --timeout 100
  check "the guest powers off although its agent died" vmctl stop -w --timeout 60 "$VM_NAME"
}
