# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vmsock-stress.sh - calls of 12 threads on each other's sockets, then the unload of vmsock
#
# A known defect, kept out of ./dev check until it is mended: in about one run of five, rmmod never
# returns after the stress; a socket that is gone is still counted.  Copy it to tests/vm/cases to run it.
# shellcheck disable=SC2034,SC2154
programs=$build/check/tests/guest
options=(--copy "$programs/vsock-stress:/test/vsock-stress" --copy "$programs/example-whoami:/test/whoami")
plan=3

guest() {
  check "calls of 12 threads on each other's sockets all return" /test/vsock-stress -s 3 -t 12
  check "and with the own CID" /test/vsock-stress -c "$(/test/whoami | sed -n 's/^CID //p')" -s 3 -t 12
  check "the module unloads as soon as nothing uses it" rmmod vmsock
}
