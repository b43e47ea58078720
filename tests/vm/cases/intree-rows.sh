# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# intree-rows.sh - the rows of vsock-rows on the kernel's own stack: what we are measured against is what
# it does.  Rows in which the two differ are skipped here, and listed in vmsock(4).
# shellcheck disable=SC2034,SC2154
options=(--drivers intree --timeout 240 --copy "$build/check/tests/guest/vsock-rows:/test/vsock-rows")
plan=1

guest() {
  /test/vsock-rows
  check "the kernel has nothing to complain of" sh -c "! dmesg | grep -E 'BUG|WARNING|Oops|refcount|Call Trace'"
}
