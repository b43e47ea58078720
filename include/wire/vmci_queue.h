/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmci_queue.h - a queue of a queue pair, as both sides see it in memory
 *
 * A queue is one header page and ceil(size / page) content pages.  Each side writes only the header
 * of the queue that it produces into: its own producer_tail (an offset in that queue) and its own
 * consumer_head (an offset in the PEER's queue).  One byte is always kept free: a queue whose tail
 * equals its head is empty.  A tail or head at or beyond the size is corruption.
 * Source: Linux's in-tree driver against our device model.
 */
#ifndef VMTKIT_WIRE_VMCI_QUEUE_H
#define VMTKIT_WIRE_VMCI_QUEUE_H

#include <linux/types.h>

#include "vmci_device.h"

struct vmci_wire_queue_hdr {
	struct vmci_wire_handle handle;
	__le64 producer_tail;
	__le64 consumer_head;
} __attribute__((packed));

#define VMCI_QUEUE_OFF_HANDLE		0
#define VMCI_QUEUE_OFF_PRODUCER_TAIL	8
#define VMCI_QUEUE_OFF_CONSUMER_HEAD	16

_Static_assert(sizeof(struct vmci_wire_queue_hdr) == 24, "queue header is 24 bytes");

#endif /* VMTKIT_WIRE_VMCI_QUEUE_H */
