# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# stop.sh - a stop that is asked for while the guest still boots, with nothing in it that hears a power
# button: vmt's own service obeys it as soon as it speaks
# shellcheck disable=SC2034
options=(--drivers ours)
plan=3
wanted_status=125

guest() { exec sleep 100; }

host() {
  stop() { vmctl stop -w --timeout 90 "$VM_NAME"; }
  check "the guest powers off when the host asks early" stop
  check "because its driver was asked once it was there" grep -q 'the agent powers the guest off' "$VM_DIR/vmd.log"
  check "and not by force" sh -c "! grep -q 'by force' '$VM_DIR/vmd.log'"
}
