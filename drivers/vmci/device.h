/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * device.h - the one VMCI device: its registers, buffers and states
 */
#ifndef VMTKIT_VMCI_DEVICE_H
#define VMTKIT_VMCI_DEVICE_H

#include <linux/atomic.h>
#include <linux/pci.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "vmci_kernel.h"
#include "wire/vmci_device.h"

#if BITS_PER_LONG != 64 || defined(__BIG_ENDIAN)
#error "vmci needs a 64-bit little-endian kernel: queue positions are stored in one piece"
#endif

/* A DMA buffer: the header page, then room for the largest datagram. */
#define VMCI_DMA_BUF_SIZE	(VMCI_WIRE_PAGE_SIZE + VMCI_DG_SIZE_MAX)

enum vmci_dev_state {
	VMCI_DEV_STOPPED,	/* reset; it touches no memory of ours */
	VMCI_DEV_RUNNING,
	VMCI_DEV_DEAD,		/* did not answer in time; it may still touch our memory */
};

/* What was dropped or went wrong; read through debugfs. */
enum vmci_counter {
	VMCI_CNT_RX,			/* datagrams delivered */
	VMCI_CNT_TX,			/* datagrams sent, hypercalls included */
	VMCI_CNT_RX_BATCH_BAD,		/* batches given up because of a bad header */
	VMCI_CNT_RX_NO_ENDPOINT,
	VMCI_CNT_RX_QUEUE_FULL,		/* an endpoint's queue of delayed datagrams */
	VMCI_CNT_RX_NO_MEMORY,
	VMCI_CNT_EVENT_BAD,
	VMCI_CNT_TX_FAILED,
	VMCI_CNT_TX_RESULT_READ,	/* sends that had to read the result register */
	VMCI_CNT_IRQ_SPURIOUS,
	VMCI_CNT_DEVICE_DEAD,
	VMCI_CNT_QP_INDEX_BAD,		/* a peer's queue position out of range */
	VMCI_CNT_QP_PAGES_KEPT,		/* pages that the device has not let go of */
	VMCI_CNT_MAX,
};

extern atomic_long_t vmci_counters[VMCI_CNT_MAX];
extern struct workqueue_struct *vmci_wq;

static inline void vmci_count(enum vmci_counter counter)
{
	atomic_long_inc(&vmci_counters[counter]);
}

struct vmci_dev {
	struct pci_dev *pdev;
	void __iomem *regs;
	bool dma;			/* memory-mapped registers and DMA datagrams */
	u32 caps;			/* those in use */
	enum vmci_dev_state state;	/* READ_ONCE/WRITE_ONCE; to DEAD by anyone, once */
	atomic_t cid;			/* VMCI_INVALID_ID: ask the device again */

	spinlock_t send_lock ____cacheline_aligned_in_smp;	/* tx, and the result registers */
	struct vmci_wire_dma_hdr *tx;	/* NULL in port mode */
	dma_addr_t tx_dma;

	struct vmci_wire_dma_hdr *rx ____cacheline_aligned_in_smp;	/* NULL in port mode */
	dma_addr_t rx_dma;
	wait_queue_head_t rx_wait;
	struct vmci_datagram *rx_dg;	/* private copy, VMCI_DG_SIZE_MAX bytes */
	void *rx_stream;		/* port mode: VMCI_DG_SIZE_MAX bytes */

	u8 *bitmap;			/* one page, or NULL without notifications */
	dma_addr_t bitmap_dma;

	unsigned int vectors;
	bool exclusive;			/* a vector for each cause; ICR is not read */
	atomic_t causes;		/* shared vector: from the hard handler to the thread */
	struct work_struct dead_work;
};

/* Anyone who sends: under rcu_read_lock(), see vmci_device_send(). */
extern struct vmci_dev __rcu *vmci_device;

int vmci_dev_send(struct vmci_dev *dev, const struct vmci_datagram *hdr, const void *payload);
int vmci_dev_hypercall(struct vmci_dev *dev, u32 rid, const void *payload, size_t len);
size_t vmci_dev_send_max(const struct vmci_dev *dev);
void vmci_dev_receive(struct vmci_dev *dev);
bool vmci_dev_reset(struct vmci_dev *dev);
void vmci_dev_declare_dead(struct vmci_dev *dev, const char *why);

static inline bool vmci_dev_works(const struct vmci_dev *dev)
{
	return READ_ONCE(dev->state) == VMCI_DEV_RUNNING;
}

int vmci_device_send(const struct vmci_datagram *hdr, const void *payload);
int vmci_device_hypercall(u32 rid, const void *payload, size_t len);
void vmci_device_cid_update(u32 cid);

int vmci_pci_register(void);
void vmci_pci_unregister(void);

void vmci_vsock_device_up(void);

#endif /* VMTKIT_VMCI_DEVICE_H */
