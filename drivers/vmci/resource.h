/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * resource.h - handles of datagram endpoints, doorbells and queue pairs
 */
#ifndef VMTKIT_VMCI_RESOURCE_H
#define VMTKIT_VMCI_RESOURCE_H

#include <linux/completion.h>
#include <linux/kref.h>
#include <linux/list.h>

#include "vmci_kernel.h"

struct seq_file;

enum vmci_resource_type {
	VMCI_RES_DATAGRAM,
	VMCI_RES_DOORBELL,
	VMCI_RES_QPAIR,
};

/* Embedded in its owner, which frees it by RCU after vmci_resource_drain(). */
struct vmci_resource {
	struct hlist_node node;
	enum vmci_resource_type type;
	struct vmci_handle handle;	/* context VMCI_INVALID_ID: any */
	struct kref ref;
	struct completion drained;
};

int vmci_resource_add(struct vmci_resource *res, enum vmci_resource_type type,
		      struct vmci_handle want);
struct vmci_resource *vmci_resource_get(enum vmci_resource_type type, struct vmci_handle handle);
void vmci_resource_put(struct vmci_resource *res);
bool vmci_resource_exists(enum vmci_resource_type type, struct vmci_handle handle);
struct vmci_resource *vmci_resource_take(enum vmci_resource_type type, struct vmci_handle handle);
void vmci_resource_drain(struct vmci_resource *res);
void vmci_resource_show(struct seq_file *m);

#endif /* VMTKIT_VMCI_RESOURCE_H */
