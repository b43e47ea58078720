/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmci_dev.h - inside of the VMCI device model; only its own sources include this
 *
 *	vmci.c		registers, interrupts, reset, life of the device
 *	vmci_dma.c	datagrams in buffers of guest memory (DMA mode)
 *	vmci_port.c	datagrams as streams of single bytes (port mode)
 *	datagram.c	where a datagram from the guest goes, and the queue of those to the guest
 *	hypercall.c	datagrams to context 0
 *	doorbell.c	doorbells of both sides and the notification bitmap
 *	broker.c	which queue pairs there are and who may have them
 *	qpair.c		the host's end of one pair: the rings in guest memory
 *	vmci_fault.c	the device when it is at fault
 */
#ifndef VMTKIT_HOST_MODEL_VMCI_DEV_H
#define VMTKIT_HOST_MODEL_VMCI_DEV_H

#include <endian.h>
#include <sys/queue.h>

#include "host/model/gmem.h"
#include "host/model/qpair.h"
#include "host/model/vmci.h"
#include "wire/vmci_device.h"
#include "wire/vmci_queue.h"

#define VMCI_TO_GUEST_BYTES	(2 * VMCI_DG_SIZE_MAX)	/* queued, without events */
#define VMCI_TO_GUEST_EVENTS	1024
#define VMCI_DOORBELLS_MAX	8192	/* that a guest may link; several may share an index */
#define VMCI_QP_BUCKETS		256
#define VMCI_DOORBELL_BUCKETS	64

struct endpoint {
	LIST_ENTRY(endpoint) link;
	struct vmci_handle handle;
	vmci_dgram_fn fn;
	void *data;
};

struct host_doorbell {
	LIST_ENTRY(host_doorbell) link;
	uint32_t rid;
	vmci_doorbell_fn fn;
	void *data;
};

struct guest_doorbell {
	LIST_ENTRY(guest_doorbell) link;
	uint32_t rid;
	uint32_t index;		/* byte in the bitmap page */
};

struct queued_dg {
	STAILQ_ENTRY(queued_dg) link;
	bool event;
	size_t len;
	uint8_t bytes[];	/* a struct vmci_wire_dg and its payload */
};

/* One queue of a pair: sizes as the guest gave them. */
struct qp_ring {
	uint64_t size;		/* bytes of content */
	uint32_t pages;		/* with the header page */
	uint64_t *gpa;		/* of each page, header first; NULL: no memory */
};

/*
 * A pair is in the table as long as one side is attached.  A reset empties the table; pairs that
 * the host has attached then wait on the list of orphans until it detaches.
 */
struct vmci_qp {
	LIST_ENTRY(vmci_qp) link;
	struct vmci_dev *dev;		/* NULL: the device was freed */
	struct vmci_handle handle;
	struct qp_ring from_guest;	/* the guest's produce queue */
	struct qp_ring to_guest;	/* the guest's consume queue */
	uint32_t peer;			/* that the creator named */
	uint32_t flags;			/* of the creator */
	uint64_t bytes;			/* that it counts against the limit */
	bool in_table;
	bool guest_attached, guest_was;	/* each side may attach once */
	bool host_attached, host_was;
	bool detaching;			/* the guest's detach is being told to the host */
	bool event_owed;		/* on dev->owed: QP_PEER_DETACH found the queue full */
	LIST_ENTRY(vmci_qp) owed;
	int dead;			/* 0, or what access returns: -EPIPE or -EIO */
	uint64_t tail;			/* ours, in to_guest */
	uint64_t head;			/* ours, in from_guest */
	size_t lent_read, lent_write;	/* bytes of the iovecs given out last and not committed */
	const struct vmci_qp_ops *ops;
	void *data;
};

LIST_HEAD(qp_list, vmci_qp);
LIST_HEAD(guest_doorbell_list, guest_doorbell);

/* State of port mode, used by vmci_port.c alone. */
struct port_state {
	uint8_t *out;			/* the datagram that the guest is writing */
	size_t out_len, out_capacity;
	uint64_t out_skip;		/* bytes of an oversized datagram still to come */
	uint8_t *in;			/* the batch that the guest is reading */
	size_t in_len, in_pos;
	size_t in_span;			/* bytes that the reader takes before it looks for more */
	size_t in_next_span;		/* least span of the next batch */
};

struct vmci_dev {
	struct vmci_config config;
	struct gmem *mem;
	const struct vmci_ops *ops;
	void *ops_data;
	const struct vmci_host_ops *host;
	void *host_data;
	unsigned int told;		/* bit per enum vmci_trouble */
	struct vmci_stats stats;

	uint32_t caps_used;
	uint32_t icr, imr;
	bool int_enabled;
	bool ready;
	uint64_t result;
	uint32_t out_high, in_high;
	uint32_t page_shift;
	struct port_state port;

	uint64_t bitmap_gpa;
	bool bitmap_set;
	struct guest_doorbell_list guest_doorbells[VMCI_DOORBELL_BUCKETS];
	uint32_t guest_doorbell_count;
	LIST_HEAD(, host_doorbell) host_doorbells;

	LIST_HEAD(, endpoint) endpoints;
	STAILQ_HEAD(queued_dgs, queued_dg) to_guest;
	struct queued_dgs delayed, held;	/* vmci_fault.c: late ones, counted below too */
	size_t to_guest_bytes;		/* without events */
	uint32_t to_guest_events;
	bool want_room;			/* a sender was refused since the queue had room last */

	struct qp_list qps[VMCI_QP_BUCKETS];
	struct qp_list owed;
	struct qp_list orphans;
	bool qps_dropping;		/* a reset or resume is telling the host: no new pairs */
	uint64_t qp_memory;
	uint32_t next_rid;
};

/* vmci.c */
void vmci_raise(struct vmci_dev *dev, uint32_t cause);
void vmci_trouble_tell(struct vmci_dev *dev, enum vmci_trouble what);
/* counts a failed access of guest memory that the guest named, and tells what is behind -ENXIO */
void vmci_bad_memory(struct vmci_dev *dev, int err);
bool vmci_ppn64(const struct vmci_dev *dev);

/* vmci_dma.c */
void vmci_dma_send(struct vmci_dev *dev, uint64_t gpa);
void vmci_dma_receive(struct vmci_dev *dev, uint64_t gpa);

/* vmci_port.c */
void vmci_port_out(struct vmci_dev *dev, uint8_t byte);
uint8_t vmci_port_in(struct vmci_dev *dev);
void vmci_port_out_settle(struct vmci_dev *dev);
void vmci_port_reset(struct vmci_dev *dev);

/* datagram.c */
/* @dg is a private copy of @len bytes, which is checked against payload_size in here. */
int64_t vmci_dg_from_guest(struct vmci_dev *dev, struct vmci_wire_dg *dg, size_t len);
int vmci_event_send(struct vmci_dev *dev, const void *payload, size_t len);
void vmci_queue_pop(struct vmci_dev *dev);
/* sends events that are owed, as room allows */
void vmci_broker_settle(struct vmci_dev *dev);
/* tells the host of new room; last thing of an input */
void vmci_queue_settle(struct vmci_dev *dev);
void vmci_queue_clear(struct vmci_dev *dev);
struct endpoint *vmci_endpoint_find(struct vmci_dev *dev, uint32_t cid, uint32_t rid);

/* hypercall.c */
int64_t vmci_hypercall(struct vmci_dev *dev, uint32_t rid, const void *payload, size_t len);

/* doorbell.c: results for the guest */
int vmci_bitmap_set(struct vmci_dev *dev, const void *payload, size_t len);
int vmci_doorbell_link(struct vmci_dev *dev, const void *payload, size_t len);
int vmci_doorbell_unlink(struct vmci_dev *dev, const void *payload, size_t len);
int vmci_doorbell_notify(struct vmci_dev *dev, const void *payload, size_t len);
void vmci_doorbell_reset(struct vmci_dev *dev);
void vmci_doorbell_free_all(struct vmci_dev *dev);

/* broker.c: results for the guest, and what qpair.c needs */
int vmci_broker_alloc(struct vmci_dev *dev, const void *payload, size_t len);
int vmci_broker_detach(struct vmci_dev *dev, const void *payload, size_t len);
void vmci_broker_reset(struct vmci_dev *dev);
void vmci_broker_free_all(struct vmci_dev *dev);

int vmci_qp_event(struct vmci_qp *qp, uint32_t event);

/* qpair.c */
/* writes both header pages as those of an empty pair; 0 or the error of gmem_copy_out() */
int vmci_qp_headers_init(struct vmci_qp *qp);

/* datagram.c: the two halves of adding to the queue */
void vmci_queue_count(struct vmci_dev *dev, const struct queued_dg *q);
void vmci_queue_link(struct vmci_dev *dev, struct queued_dg *q);

/* vmci_fault.c: true: it fails here and now */
bool vmci_fault_gone(struct vmci_dev *dev);
bool vmci_fault_read(struct vmci_dev *dev, uint32_t off);	/* all ones */
bool vmci_fault_irq(struct vmci_dev *dev, unsigned int vector);	/* not sent */
bool vmci_fault_hang(struct vmci_dev *dev, bool receive);
bool vmci_fault_hypercall(struct vmci_dev *dev, uint32_t rid, int64_t *ret_result);
/* @ret_times: how often @dg is to be handled instead of once */
bool vmci_fault_from_guest(struct vmci_dev *dev, struct vmci_wire_dg *dg, size_t len,
			   unsigned int *ret_times);
/* takes @q, which is on no list and counted nowhere, and queues it, or not */
void vmci_fault_to_guest(struct vmci_dev *dev, struct queued_dg *q);
/* what is written for @pos into a header */
uint64_t vmci_fault_pointer(struct vmci_qp *qp, uint64_t pos);

static inline struct vmci_handle handle_get(struct vmci_wire_handle wire)
{
	return (struct vmci_handle){ le32toh(wire.cid), le32toh(wire.rid) };
}

static inline struct vmci_wire_handle handle_put(struct vmci_handle handle)
{
	return (struct vmci_wire_handle){ htole32(handle.cid), htole32(handle.rid) };
}

static inline bool handle_equal(struct vmci_handle a, struct vmci_handle b)
{
	return a.cid == b.cid && a.rid == b.rid;
}

#endif /* VMTKIT_HOST_MODEL_VMCI_DEV_H */
