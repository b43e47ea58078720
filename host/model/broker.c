/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * broker.c - which queue pairs there are and who may have them
 *
 * The guest owns the memory of every pair.  It creates one by giving the page numbers, and the host
 * attaches; or the host creates one, which has no memory until the guest attaches with its pages.
 * Each side attaches once and detaches once:
 *
 *	guest creates:	guest -> both -> (host leaves: guest) or (guest leaves: host) -> none
 *	host creates:	host -> both -> as above
 *
 * A pair without a side is freed.  While the host holds an end of a pair that the guest has left,
 * the handle stays taken.  Page numbers are checked when they are given and kept as addresses; what
 * uses them looks the memory up each time.
 * A pair costs its pages, header pages included, from creation until the guest leaves.  The limit
 * in bytes bounds the number of pairs too, as each has two pages at least.
 * The answers to a guest that breaks a rule follow in the order of the checks below.
 */
#include "host/model/vmci_dev.h"

#include <errno.h>
#include <stdlib.h>

#define GUEST_FLAGS (VMCI_QP_FLAG_ATTACH_ONLY | VMCI_QP_FLAG_LOCAL)

/* The fixed part of QUEUEPAIR_ALLOC. */
struct request {
	struct vmci_handle handle;
	uint32_t peer;
	uint32_t flags;
	uint64_t produce_size, consume_size;
	uint64_t num_ppns;
	const uint8_t *list;
	size_t list_len;
};

/* ---- the table ---------------------------------------------------------------------------- */

static struct qp_list *bucket(struct vmci_dev *dev, struct vmci_handle handle)
{
	return &dev->qps[(handle.rid ^ handle.rid >> 8 ^ handle.cid) % VMCI_QP_BUCKETS];
}

static struct vmci_qp *qp_find(struct vmci_dev *dev, struct vmci_handle handle)
{
	struct vmci_qp *qp;

	LIST_FOREACH(qp, bucket(dev, handle), link)
		if (handle_equal(qp->handle, handle))
			return qp;
	return NULL;
}

/* Pages of a queue of @size bytes, with its header page. */
static uint64_t ring_pages(uint64_t size)
{
	return size / VMCI_WIRE_PAGE_SIZE + !!(size % VMCI_WIRE_PAGE_SIZE) + 1;
}

/* At most 2^53, so that sums of a few cannot overflow. */
static uint64_t pair_pages(uint64_t produce_size, uint64_t consume_size)
{
	return ring_pages(produce_size) + ring_pages(consume_size);
}

static bool limit_allows(const struct vmci_dev *dev, uint64_t produce_size, uint64_t consume_size)
{
	uint64_t left = (dev->config.qp_memory - dev->qp_memory) / VMCI_WIRE_PAGE_SIZE;

	return pair_pages(produce_size, consume_size) <= left;
}

static struct vmci_qp *qp_new(struct vmci_dev *dev, struct vmci_handle handle, uint32_t peer,
			      uint64_t produce_size, uint64_t consume_size)
{
	struct vmci_qp *qp = calloc(1, sizeof(*qp));

	if (!qp)
		return NULL;
	qp->dev = dev;
	qp->handle = handle;
	qp->peer = peer;
	qp->from_guest.size = produce_size;
	qp->from_guest.pages = (uint32_t)ring_pages(produce_size);
	qp->to_guest.size = consume_size;
	qp->to_guest.pages = (uint32_t)ring_pages(consume_size);
	return qp;
}

static void table_add(struct vmci_qp *qp)
{
	struct vmci_dev *dev = qp->dev;

	qp->bytes = pair_pages(qp->from_guest.size, qp->to_guest.size) * VMCI_WIRE_PAGE_SIZE;
	dev->qp_memory += qp->bytes;
	LIST_INSERT_HEAD(bucket(dev, qp->handle), qp, link);
	qp->in_table = true;
	dev->stats.qp_created++;
	dev->stats.qp_count++;
}

static void pages_free(struct vmci_qp *qp)
{
	free(qp->from_guest.gpa);
	free(qp->to_guest.gpa);
	qp->from_guest.gpa = NULL;
	qp->to_guest.gpa = NULL;
}

static void memory_return(struct vmci_qp *qp)
{
	pages_free(qp);
	qp->dev->qp_memory -= qp->bytes;
	qp->bytes = 0;
}

static void owed_remove(struct vmci_qp *qp)
{
	if (qp->event_owed)
		LIST_REMOVE(qp, owed);
	qp->event_owed = false;
}

static void table_remove(struct vmci_qp *qp)
{
	memory_return(qp);
	owed_remove(qp);
	LIST_REMOVE(qp, link);
	qp->in_table = false;
	qp->dev->stats.qp_count--;
}

int vmci_qp_event(struct vmci_qp *qp, uint32_t event)
{
	struct vmci_wire_event_qp ev = {
		.ev.event = htole32(event),
		.handle = handle_put(qp->handle),
		.peer = htole32(VMCI_CID_HOST),
	};

	return vmci_event_send(qp->dev, &ev, sizeof(ev));
}

/*
 * A guest that is not told would wait for ever on what was the host's end.  So this one event is not
 * lost when the queue is full: the pair stays in the table until the guest detaches, and remembers.
 */
static void detach_tell(struct vmci_qp *qp)
{
	struct vmci_dev *dev = qp->dev;

	if (dev->to_guest_events < VMCI_TO_GUEST_EVENTS) {
		(void)vmci_qp_event(qp, VMCI_EV_QP_PEER_DETACH);
		return;
	}
	qp->event_owed = true;
	LIST_INSERT_HEAD(&dev->owed, qp, owed);
}

void vmci_broker_settle(struct vmci_dev *dev)
{
	struct vmci_qp *qp;

	/* half empty, so that the reader gets many at once */
	if (dev->to_guest_events > VMCI_TO_GUEST_EVENTS / 2)
		return;
	while ((qp = LIST_FIRST(&dev->owed)) && dev->to_guest_events < VMCI_TO_GUEST_EVENTS) {
		owed_remove(qp);
		(void)vmci_qp_event(qp, VMCI_EV_QP_PEER_DETACH);
	}
}

/* ---- the guest's side --------------------------------------------------------------------- */

static int request_get(struct vmci_dev *dev, const void *payload, size_t len, struct request *r)
{
	const struct vmci_wire_qp_alloc *msg = payload;

	if (len < sizeof(*msg) || dev->page_shift != VMCI_WIRE_PAGE_SHIFT)
		return VMCI_ERR_INVALID_ARGS;
	r->handle = handle_get(msg->handle);
	r->peer = le32toh(msg->peer);
	r->flags = le32toh(msg->flags);
	r->produce_size = le64toh(msg->produce_size);
	r->consume_size = le64toh(msg->consume_size);
	r->num_ppns = le64toh(msg->num_ppns);
	r->list = (const uint8_t *)payload + sizeof(*msg);
	r->list_len = len - sizeof(*msg);
	if (r->flags & ~(uint32_t)GUEST_FLAGS)
		return VMCI_ERR_INVALID_ARGS;
	if (r->handle.cid == VMCI_INVALID_ID || r->handle.rid == VMCI_INVALID_ID)
		return VMCI_ERR_INVALID_ARGS;
	if (r->produce_size == 0 && r->consume_size == 0)
		return VMCI_ERR_INVALID_ARGS;
	return VMCI_SUCCESS;
}

/* May the guest create this pair? */
static int create_allowed(struct vmci_dev *dev, const struct request *r)
{
	uint32_t own = dev->config.cid;

	if (r->flags & VMCI_QP_FLAG_ATTACH_ONLY)
		return VMCI_ERR_NOT_FOUND;
	if (r->handle.cid != own && r->handle.cid != r->peer)
		return VMCI_ERR_NO_ACCESS;
	if (r->flags & VMCI_QP_FLAG_LOCAL) {
		if (r->peer != VMCI_INVALID_ID && r->peer != own)
			return VMCI_ERR_NO_ACCESS;
		/*
		 * A driver keeps its local pairs to itself; there is nothing that we could
		 * share.
		 */
		return VMCI_ERR_INVALID_ARGS;
	}
	if (r->peer != VMCI_CID_HOST && r->peer != VMCI_CID_HYPERVISOR &&
	    r->peer != VMCI_INVALID_ID)
		return VMCI_ERR_DST_UNREACHABLE;
	return limit_allows(dev, r->produce_size, r->consume_size) ? VMCI_SUCCESS :
								     VMCI_ERR_NO_RESOURCES;
}

/* May it attach to this one, which is there? */
static int attach_allowed(struct vmci_dev *dev, const struct vmci_qp *qp, const struct request *r)
{
	if (qp->guest_attached)
		return VMCI_ERR_ALREADY_EXISTS;
	if (qp->guest_was || qp->dead)
		return VMCI_ERR_UNAVAILABLE;
	if (qp->peer != dev->config.cid)
		return VMCI_ERR_NO_ACCESS;
	if ((r->flags & ~(uint32_t)VMCI_QP_FLAGS_ASYMM) != qp->flags)
		return VMCI_ERR_QUEUEPAIR_MISMATCH;
	if (r->produce_size != qp->from_guest.size || r->consume_size != qp->to_guest.size)
		return VMCI_ERR_QUEUEPAIR_MISMATCH;
	return VMCI_SUCCESS;
}

static uint64_t list_entry(struct vmci_dev *dev, const struct request *r, size_t i)
{
	if (vmci_ppn64(dev))
		return le64toh(((const struct { __le64 ppn; } __attribute__((packed)) *)
				r->list)[i].ppn);
	return le32toh(((const struct { __le32 ppn; } __attribute__((packed)) *)r->list)[i].ppn);
}

/*
 * The addresses of @pages pages, from entry @first of the list.  Each must be memory we may
 * write.
 */
static int pages_get(struct vmci_dev *dev, const struct request *r, size_t first, size_t pages,
		     uint64_t **ret_gpa)
{
	uint64_t *gpa = calloc(pages, sizeof(*gpa));
	size_t i;

	if (!gpa)
		return VMCI_ERR_NO_MEM;
	for (i = 0; i < pages; i++) {
		uint64_t ppn = list_entry(dev, r, first + i);
		void *page;
		int err = -EFAULT;

		if (ppn <= UINT64_MAX >> VMCI_WIRE_PAGE_SHIFT)
			err = gmem_ptr(dev->mem, ppn << VMCI_WIRE_PAGE_SHIFT, VMCI_WIRE_PAGE_SIZE,
				       true, &page);
		if (err) {
			vmci_bad_memory(dev, err);
			free(gpa);
			return VMCI_ERR_INVALID_ARGS;
		}
		gpa[i] = ppn << VMCI_WIRE_PAGE_SHIFT;
	}
	*ret_gpa = gpa;
	return VMCI_SUCCESS;
}

/* Give @qp the memory that the guest names, with both headers as those of an empty pair. */
static int memory_give(struct vmci_dev *dev, struct vmci_qp *qp, const struct request *r)
{
	size_t entry = vmci_ppn64(dev) ? 8 : 4;
	int err;

	if (r->num_ppns != (uint64_t)qp->from_guest.pages + qp->to_guest.pages ||
	    r->num_ppns > r->list_len / entry)
		return VMCI_ERR_INVALID_ARGS;
	err = pages_get(dev, r, 0, qp->from_guest.pages, &qp->from_guest.gpa);
	if (!err)
		err = pages_get(dev, r, qp->from_guest.pages, qp->to_guest.pages,
				&qp->to_guest.gpa);
	if (!err && vmci_qp_headers_init(qp))
		err = VMCI_ERR_INVALID_ARGS;
	if (err)
		pages_free(qp);
	return err;
}

static int guest_creates(struct vmci_dev *dev, const struct request *r)
{
	int err = create_allowed(dev, r);
	struct vmci_qp *qp;

	if (err)
		return err;
	qp = qp_new(dev, r->handle, r->peer, r->produce_size, r->consume_size);
	if (!qp)
		return VMCI_ERR_NO_MEM;
	err = memory_give(dev, qp, r);
	if (err) {
		free(qp);
		return err;
	}
	qp->guest_attached = true;
	qp->guest_was = true;
	table_add(qp);
	return VMCI_SUCCESS_QP_CREATE;
}

static int guest_attaches(struct vmci_dev *dev, struct vmci_qp *qp, const struct request *r)
{
	int err = attach_allowed(dev, qp, r);

	if (!err)
		err = memory_give(dev, qp, r);
	if (err)
		return err;
	qp->guest_attached = true;
	qp->guest_was = true;
	if (qp->ops->attached)
		qp->ops->attached(qp->data, qp);
	return VMCI_SUCCESS_QP_ATTACH;
}

int vmci_broker_alloc(struct vmci_dev *dev, const void *payload, size_t len)
{
	struct request r;
	struct vmci_qp *qp;
	int err = request_get(dev, payload, len, &r);

	if (err)
		return err;
	qp = qp_find(dev, r.handle);
	return qp ? guest_attaches(dev, qp, &r) : guest_creates(dev, &r);
}

int vmci_broker_detach(struct vmci_dev *dev, const void *payload, size_t len)
{
	const struct vmci_wire_qp_detach *msg = payload;
	struct vmci_qp *qp;

	if (len < sizeof(*msg))
		return VMCI_ERR_INVALID_ARGS;
	qp = qp_find(dev, handle_get(msg->handle));
	if (!qp)
		return VMCI_ERR_NOT_FOUND;
	if (!qp->guest_attached)
		return VMCI_ERR_QUEUEPAIR_NOTATTACHED;
	if (qp->host_attached && !qp->dead) {
		qp->detaching = true;
		qp->ops->gone(qp->data, qp, VMCI_QP_GONE_DETACH);
		qp->detaching = false;
	}
	qp->guest_attached = false;
	qp->dead = -EPIPE;
	if (qp->host_attached) {
		memory_return(qp);
		return VMCI_SUCCESS;
	}
	table_remove(qp);
	free(qp);
	return VMCI_SUCCESS_LAST_DETACH;
}

/* ---- the host's side ---------------------------------------------------------------------- */

static void host_takes(struct vmci_qp *qp, const struct vmci_qp_ops *ops, void *data)
{
	qp->host_attached = true;
	qp->host_was = true;
	qp->ops = ops;
	qp->data = data;
}

int vmci_qp_attach(struct vmci_dev *dev, struct vmci_handle handle, uint64_t consume_size,
		   uint64_t produce_size, const struct vmci_qp_ops *ops, void *data,
		   struct vmci_qp **ret_qp)
{
	struct vmci_qp *qp = qp_find(dev, handle);

	if (!qp || dev->qps_dropping)
		return -ENOENT;
	if (qp->host_was)
		return -EALREADY;
	if (qp->dead)
		return -EPIPE;
	if ((consume_size && consume_size != qp->from_guest.size) ||
	    (produce_size && produce_size != qp->to_guest.size))
		return -EMSGSIZE;
	host_takes(qp, ops, data);
	(void)vmci_qp_event(qp, VMCI_EV_QP_PEER_ATTACH);
	*ret_qp = qp;
	return 0;
}

static struct vmci_handle handle_pick(struct vmci_dev *dev)
{
	struct vmci_handle handle = { .cid = VMCI_CID_HOST };

	do {
		handle.rid = dev->next_rid++;
		if (dev->next_rid == VMCI_INVALID_ID)
			dev->next_rid = VMCI_RID_RESERVED_MAX + 1;
	} while (qp_find(dev, handle));
	return handle;
}

int vmci_qp_create(struct vmci_dev *dev, uint64_t consume_size, uint64_t produce_size,
		   const struct vmci_qp_ops *ops, void *data, struct vmci_qp **ret_qp)
{
	struct vmci_qp *qp;

	if (consume_size == 0 || produce_size == 0)
		return -EINVAL;
	if (!dev->ready || dev->qps_dropping)
		return -ENOTCONN;
	if (!limit_allows(dev, consume_size, produce_size))
		return -ENOBUFS;
	qp = qp_new(dev, handle_pick(dev), dev->config.cid, consume_size, produce_size);
	if (!qp)
		return -ENOMEM;
	host_takes(qp, ops, data);
	table_add(qp);
	*ret_qp = qp;
	return 0;
}

void vmci_qp_detach(struct vmci_qp *qp)
{
	if (!qp)
		return;
	qp->host_attached = false;
	if (!qp->in_table) {
		if (qp->dev)
			LIST_REMOVE(qp, link);
		free(qp);
		return;
	}
	if (!qp->guest_attached) {
		table_remove(qp);
		free(qp);
		return;
	}
	/* It stays for the guest to detach; nobody looks into the rings any more. */
	if (qp->dead != -EPIPE && !qp->detaching)
		detach_tell(qp);
	pages_free(qp);
}

void vmci_resume(struct vmci_dev *dev)
{
	struct vmci_wire_event_ctx ev = {
		.ev.event = htole32(VMCI_EV_QP_RESUMED),
		.cid = htole32(dev->config.cid),
	};
	unsigned int i;

	dev->qps_dropping = true;
	for (i = 0; i < VMCI_QP_BUCKETS; i++) {
		struct vmci_qp *qp = LIST_FIRST(&dev->qps[i]);

		while (qp) {
			bool tell = qp->host_attached && !qp->dead;

			if (qp->dead != -EPIPE) {
				qp->dead = -EPIPE;
				if (tell)
					qp->ops->gone(qp->data, qp, VMCI_QP_GONE_RESUME);
				/* The callback may have taken out this one, or any other. */
				qp = tell ? LIST_FIRST(&dev->qps[i]) : LIST_NEXT(qp, link);
			} else {
				qp = LIST_NEXT(qp, link);
			}
		}
	}
	dev->qps_dropping = false;
	(void)vmci_event_send(dev, &ev, sizeof(ev));
}

void vmci_broker_reset(struct vmci_dev *dev)
{
	struct vmci_qp *qp;
	unsigned int i;

	dev->qps_dropping = true;
	for (i = 0; i < VMCI_QP_BUCKETS; i++) {
		while ((qp = LIST_FIRST(&dev->qps[i]))) {
			bool tell = !qp->dead;

			table_remove(qp);
			qp->guest_attached = false;
			qp->dead = -EPIPE;
			if (!qp->host_attached) {
				free(qp);
				continue;
			}
			LIST_INSERT_HEAD(&dev->orphans, qp, link);
			if (tell)
				qp->ops->gone(qp->data, qp, VMCI_QP_GONE_RESET);
		}
	}
	dev->qps_dropping = false;
}

void vmci_broker_free_all(struct vmci_dev *dev)
{
	struct vmci_qp *qp;

	vmci_broker_reset(dev);
	while ((qp = LIST_FIRST(&dev->orphans))) {
		LIST_REMOVE(qp, link);
		qp->dev = NULL;
	}
}
