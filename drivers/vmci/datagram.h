/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * datagram.h - datagrams that have arrived, inside the module
 */
#ifndef VMTKIT_VMCI_DATAGRAM_H
#define VMTKIT_VMCI_DATAGRAM_H

#include "vmci_kernel.h"

void vmci_datagram_receive(struct vmci_datagram *dg);

#endif /* VMTKIT_VMCI_DATAGRAM_H */
