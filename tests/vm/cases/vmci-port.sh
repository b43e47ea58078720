# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# vmci-port.sh - vmci-intx.sh again, on a device with an I/O port and one message for all causes
# shellcheck disable=SC2034,SC2154
# shellcheck source=tests/vm/cases/vmci-intx.sh
. "$top/tests/vm/cases/vmci-intx.sh"
options=("${options[@]/vmci dma interrupts intx/vmci port interrupts msi}")
