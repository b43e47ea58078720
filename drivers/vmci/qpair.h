/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * qpair.h - queue pairs, between their life (qpair.c), memory (qmem.c), data (queue.c) and the device
 */
#ifndef VMTKIT_VMCI_QPAIR_H
#define VMTKIT_VMCI_QPAIR_H

#include <linux/cache.h>
#include <linux/list.h>
#include <linux/srcu.h>

#include "resource.h"
#include "wire/vmci_queue.h"

struct seq_file;
struct vmci_dev;

/* One queue: a header page, then the pages of its content. */
struct qp_queue {
	u64 size;		/* bytes of content */
	u32 pages;		/* the header page included */
	void **page;		/* [0] is the header */
	dma_addr_t *dma;	/* NULL when LOCAL: the device has no part in it */
	bool one_piece;		/* the pages after the header were allocated as one */
};

/* The memory and the name; both ends of a LOCAL pair share one. */
struct qp_pair {
	struct vmci_resource res;
	struct rcu_head rcu;
	struct list_head node;		/* in pairs or kept; under qp_mutex, as all up to lost */
	u32 creator_peer;		/* whom the creator named */
	u32 flags;
	u32 users;			/* ends open in this kernel */
	u64 bytes;			/* what it is accounted for */
	bool attached_once;		/* LOCAL: the second end has been there */
	bool device_owns;		/* the device may write to the pages */
	struct device *dma_dev;
	struct qp_queue queue[2];	/* [0] is what the creator produces into */

	bool lost;	/* the device forgot the pair, or is gone: no more producing */
	bool gone;	/* the pages are about to be freed: nothing any more; see qp_srcu */
};

/* One end.  Its own positions are kept here and never read back from memory the peer can write. */
struct vmci_qp {
	struct qp_pair *pair;
	struct qp_queue *produce;
	struct qp_queue *consume;
	u64 tail ____cacheline_aligned_in_smp;	/* into produce; the producer's */
	u64 head ____cacheline_aligned_in_smp;	/* into consume; the consumer's */
};

/* Readers use pages of pairs; a writer that has set gone waits for them. */
extern struct srcu_struct qp_srcu;

bool vmci_queue_memory_alloc(struct qp_queue *q, struct device *dma_dev);
void vmci_queue_memory_free(struct qp_queue *q, struct device *dma_dev);

void vmci_qpair_device_start(struct vmci_dev *dev);
void vmci_qpair_device_stop(struct vmci_dev *dev);
void vmci_qpair_device_released(void);
void vmci_qpair_device_lost(void);
void vmci_qpair_device_forget(void);
void vmci_qpair_notify_lost(void);
void vmci_qpair_resumed(void);
void vmci_qpair_show(struct seq_file *m);

#endif /* VMTKIT_VMCI_QPAIR_H */
