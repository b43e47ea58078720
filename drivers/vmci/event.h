/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * event.h - delivery of events, inside the module
 */
#ifndef VMTKIT_VMCI_EVENT_H
#define VMTKIT_VMCI_EVENT_H

#include "vmci_kernel.h"

/* The largest event; shorter ones are padded with zeros. */
struct vmci_event_msg {
	struct vmci_event_data ed;
	union {
		struct vmci_event_payld_ctx ctx;
		struct vmci_event_payld_qp qp;
	};
};

bool vmci_event_receive(const void *payload, size_t len);
void vmci_event_dispatch(const struct vmci_event_msg *msg);
void vmci_event_dispatch_qp(u32 event, struct vmci_handle handle, u32 peer);
void vmci_event_dispatch_ctx(u32 event, u32 cid);

#endif /* VMTKIT_VMCI_EVENT_H */
