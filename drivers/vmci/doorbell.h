/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * doorbell.h - doorbells, as the device's side of the module needs them
 */
#ifndef VMTKIT_VMCI_DOORBELL_H
#define VMTKIT_VMCI_DOORBELL_H

#include <linux/types.h>

struct seq_file;
struct vmci_dev;

void vmci_doorbell_scan(u8 *bitmap);
void vmci_doorbell_relink(struct vmci_dev *dev);
void vmci_doorbell_show(struct seq_file *m);

#endif /* VMTKIT_VMCI_DOORBELL_H */
