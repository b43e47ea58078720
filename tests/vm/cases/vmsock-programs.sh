# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vmsock-programs.sh - programs written for Linux's own vSockets, unmodified, on our modules: those that judge
# our host with the kernel's modules in intree-vsock.sh
# shellcheck disable=SC2034,SC2154
. "$top/tests/vm/cases/intree-vsock.sh"
options=(--userland debian --timeout 300 --copy "$build/check/tests/guest/vsock-cat:/test/vsock-cat")
