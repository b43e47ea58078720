// SPDX-License-Identifier: GPL-2.0-only
/*
 * qpair.c - life of queue pairs: memory, names, attach, detach, and the loss of the device
 *
 * A pair is two queues under a handle.  The guest always brings the memory: page numbers go to the
 * device in the alloc hypercall, which either creates the pair or attaches to one that the host has
 * offered.  A LOCAL pair has both ends in this kernel and the device has no part in it.
 *
 * Who owns the pages of a pair that is not LOCAL:
 *	before the alloc hypercall	we
 *	after it			the device too (device_owns), until it accepts the detach, or
 *					has been reset and answered
 * Pages that the device may still own when their user lets go of them are kept on the list `kept`
 * and counted; a reset that is confirmed frees them.
 *
 * What happens to a pair while its user holds it:
 *	lost	the device forgot the pair (QP_RESUMED), died, or was unbound: producing fails, what
 *		the peer had written can still be read, the user gets VMCI_EVENT_QP_PEER_DETACH
 *	gone	the driver leaves the device, and with it goes the memory: reading fails too
 *
 * Locks: qp_mutex for everything here, around hypercalls too, so that no pair is made while the
 * device goes away; qp_srcu for those who use the pages (queue.c).  Event callbacks may be called
 * with qp_mutex held: they must not sleep, so they cannot want it.
 */
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "device.h"
#include "event.h"
#include "qpair.h"
#include "ring.h"
#include "trace.h"

/* A pair costs at least four pages, so this many fill the default limit of bytes. */
#define PAIRS_MAX	(VMCI_QP_MEMORY_DEFAULT / (4 * VMCI_WIRE_PAGE_SIZE))

static unsigned long qp_memory_max = VMCI_QP_MEMORY_DEFAULT;
module_param(qp_memory_max, ulong, 0644);
MODULE_PARM_DESC(qp_memory_max, "bytes of all queue pairs together (default: 134217728)");

DEFINE_SRCU(qp_srcu);

static DEFINE_MUTEX(qp_mutex);
static LIST_HEAD(pairs);		/* with a user; under qp_mutex, as all below */
static LIST_HEAD(kept);			/* without one, but the device may own the pages */
static struct vmci_dev *qp_dev;		/* while it can be called */
static unsigned int pair_count;		/* pairs and kept */
static u64 pair_bytes;

/* ---- memory -------------------------------------------------------------------------------- */

/* For a pair whose pages go to, or come from, the list of the kept. */
static void count_kept(const struct qp_pair *pair, int sign)
{
	atomic_long_add(sign * (long)(pair->bytes >> PAGE_SHIFT),
			&vmci_counters[VMCI_CNT_QP_PAGES_KEPT]);
}

static void pair_memory_free(struct qp_pair *pair)
{
	vmci_queue_memory_free(&pair->queue[0], pair->dma_dev);
	vmci_queue_memory_free(&pair->queue[1], pair->dma_dev);
}

/* The last of a pair that has left the table of handles. */
static void pair_free(struct qp_pair *pair)
{
	pair_count--;
	WRITE_ONCE(pair_bytes, pair_bytes - pair->bytes);
	pair_memory_free(pair);
	kfree_rcu(pair, rcu);
}

static struct qp_pair *pair_new(u64 produce_size, u64 consume_size, u32 peer, u32 flags,
				struct device *dma_dev)
{
	struct qp_pair *pair = kzalloc(sizeof(*pair), GFP_KERNEL);

	if (!pair)
		return NULL;
	INIT_LIST_HEAD(&pair->node);
	pair->creator_peer = peer;
	pair->flags = flags;
	pair->users = 1;
	pair->dma_dev = dma_dev;
	pair->queue[0].size = produce_size;
	pair->queue[0].pages = 1 + DIV_ROUND_UP_ULL(produce_size, PAGE_SIZE);
	pair->queue[1].size = consume_size;
	pair->queue[1].pages = 1 + DIV_ROUND_UP_ULL(consume_size, PAGE_SIZE);
	if (!vmci_queue_memory_alloc(&pair->queue[0], dma_dev) ||
	    !vmci_queue_memory_alloc(&pair->queue[1], dma_dev)) {
		pair_memory_free(pair);
		kfree(pair);
		return NULL;
	}
	pair->bytes = (u64)(pair->queue[0].pages + pair->queue[1].pages) << PAGE_SHIFT;
	pair_count++;
	WRITE_ONCE(pair_bytes, pair_bytes + pair->bytes);
	return pair;
}

/* ---- hypercalls ---------------------------------------------------------------------------- */

static size_t ppn_bytes(const struct vmci_dev *dev)
{
	return dev->caps & VMCI_CAPS_PPN64 ? sizeof(__le64) : sizeof(__le32);
}

static size_t alloc_call_size(const struct vmci_dev *dev, u64 pages)
{
	return sizeof(struct vmci_wire_qp_alloc) + pages * ppn_bytes(dev);
}

static void *ppns_put(const struct vmci_dev *dev, void *at, const struct qp_queue *q)
{
	u32 i;

	for (i = 0; i < q->pages; i++) {
		u64 ppn = q->dma[i] >> PAGE_SHIFT;

		if (dev->caps & VMCI_CAPS_PPN64)
			*(__le64 *)at = cpu_to_le64(ppn);
		else
			*(__le32 *)at = cpu_to_le32((u32)ppn);
		at += ppn_bytes(dev);
	}
	return at;
}

static int call_alloc(struct vmci_dev *dev, const struct qp_pair *pair)
{
	u64 pages = (u64)pair->queue[0].pages + pair->queue[1].pages;
	size_t size = alloc_call_size(dev, pages);
	struct vmci_wire_qp_alloc *call = kvzalloc(size, GFP_KERNEL);
	int result;
	void *at;

	if (!call)
		return VMCI_ERROR_NO_MEM;
	call->handle.cid = cpu_to_le32(pair->res.handle.context);
	call->handle.rid = cpu_to_le32(pair->res.handle.resource);
	call->peer = cpu_to_le32(pair->creator_peer);
	call->flags = cpu_to_le32(pair->flags);
	call->produce_size = cpu_to_le64(pair->queue[0].size);
	call->consume_size = cpu_to_le64(pair->queue[1].size);
	call->num_ppns = cpu_to_le64(pages);
	at = ppns_put(dev, call + 1, &pair->queue[0]);
	ppns_put(dev, at, &pair->queue[1]);
	result = vmci_dev_hypercall(dev, VMCI_HC_QUEUEPAIR_ALLOC, call, size);
	kvfree(call);
	return result;
}

static int call_detach(struct vmci_dev *dev, const struct qp_pair *pair)
{
	struct vmci_wire_qp_detach call = {
		.handle.cid = cpu_to_le32(pair->res.handle.context),
		.handle.rid = cpu_to_le32(pair->res.handle.resource),
	};
	int result = vmci_dev_hypercall(dev, VMCI_HC_QUEUEPAIR_DETACH, &call, sizeof(call));

	/* what the device does not know, it does not write to */
	return result == VMCI_ERROR_NOT_FOUND ? VMCI_SUCCESS : result;
}

/* ---- alloc --------------------------------------------------------------------------------- */

/* Takes a pair's name back and gives its memory back, or keeps it while the device may own it. */
static void pair_put(struct qp_pair *pair)
{
	if (vmci_resource_take(VMCI_RES_QPAIR, pair->res.handle))
		vmci_resource_drain(&pair->res);
	list_del_init(&pair->node);
	if (pair->device_owns) {
		list_add(&pair->node, &kept);
		count_kept(pair, 1);
		trace_vmci_qpair(pair->res.handle, "kept", VMCI_SUCCESS);
		return;
	}
	pair_free(pair);
}

/* Within our limits, and within what one hypercall can carry? */
static int check_budget(u64 produce_size, u64 consume_size, bool local)
{
	u64 pages = DIV_ROUND_UP_ULL(produce_size, PAGE_SIZE) +
		    DIV_ROUND_UP_ULL(consume_size, PAGE_SIZE) + 2;

	if (pair_count >= PAIRS_MAX || pair_bytes > qp_memory_max ||
	    pages > (qp_memory_max - pair_bytes) >> PAGE_SHIFT)
		return VMCI_ERROR_NO_RESOURCES;
	if (!local && alloc_call_size(qp_dev, pages) >
		      vmci_dev_send_max(qp_dev) - VMCI_DG_HDR_SIZE)
		return VMCI_ERROR_NO_RESOURCES;
	return VMCI_SUCCESS;
}

static void local_headers_init(struct qp_pair *pair)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct vmci_wire_queue_hdr *hdr = pair->queue[i].page[0];

		hdr->handle.cid = cpu_to_le32(pair->res.handle.context);
		hdr->handle.rid = cpu_to_le32(pair->res.handle.resource);
	}
}

/* Tells the device of a new pair. */
static int pair_offer(struct qp_pair *pair)
{
	int result;

	pair->device_owns = true;
	result = call_alloc(qp_dev, pair);
	/* an answer is what ends the device's hold on a pair that it refuses */
	if (result < VMCI_SUCCESS && vmci_dev_works(qp_dev))
		pair->device_owns = false;
	return result < VMCI_SUCCESS ? result : VMCI_SUCCESS;
}

/* qp_mutex held.  The pair has its first user when it succeeds. */
static int pair_create(struct qp_pair **ret_pair, struct vmci_handle handle, u64 produce_size,
		       u64 consume_size, u32 peer, u32 flags)
{
	bool local = flags & VMCI_QPFLAG_LOCAL;
	struct qp_pair *pair;
	int result;

	if (!local && !qp_dev)
		return VMCI_ERROR_DEVICE_NOT_FOUND;
	result = check_budget(produce_size, consume_size, local);
	if (result != VMCI_SUCCESS)
		return result;
	pair = pair_new(produce_size, consume_size, peer, flags,
			local ? NULL : &qp_dev->pdev->dev);
	if (!pair)
		return VMCI_ERROR_NO_MEM;
	result = vmci_resource_add(&pair->res, VMCI_RES_QPAIR, handle);
	if (result != VMCI_SUCCESS) {
		pair_free(pair);
		return result;
	}
	if (local)
		local_headers_init(pair);
	else
		result = pair_offer(pair);
	if (result != VMCI_SUCCESS) {
		pair_put(pair);
		return result;
	}
	list_add(&pair->node, &pairs);
	*ret_pair = pair;
	return VMCI_SUCCESS;
}

/* qp_mutex held, which keeps the pair in the table of handles. */
static struct qp_pair *pair_find(struct vmci_handle handle)
{
	struct vmci_resource *res = vmci_resource_get(VMCI_RES_QPAIR, handle);

	if (!res)
		return NULL;
	vmci_resource_put(res);
	return vmci_handle_is_equal(res->handle, handle) ?
	       container_of(res, struct qp_pair, res) : NULL;
}

/* The second end of a LOCAL pair; sizes are those of the attacher.  qp_mutex held. */
static int pair_attach_local(struct qp_pair *pair, u64 produce_size, u64 consume_size, u32 flags)
{
	if (!(pair->flags & VMCI_QPFLAG_LOCAL))
		return VMCI_ERROR_ALREADY_EXISTS;
	if (!(flags & VMCI_QPFLAG_LOCAL))
		return VMCI_ERROR_QUEUEPAIR_MISMATCH;
	if (pair->attached_once)
		return VMCI_ERROR_UNAVAILABLE;
	if (produce_size != pair->queue[1].size || consume_size != pair->queue[0].size)
		return VMCI_ERROR_QUEUEPAIR_MISMATCH;
	pair->attached_once = true;
	pair->users++;
	return VMCI_SUCCESS;
}

static int check_args(struct vmci_handle handle, u64 produce_size, u64 consume_size, u32 peer,
		      u32 flags, u32 priv_flags, u32 own)
{
	if (flags & ~(VMCI_QPFLAG_ATTACH_ONLY | VMCI_QPFLAG_LOCAL))
		return VMCI_ERROR_INVALID_ARGS;
	if (!produce_size && !consume_size)
		return VMCI_ERROR_INVALID_ARGS;
	if (flags & VMCI_QPFLAG_ATTACH_ONLY && vmci_handle_is_invalid(handle))
		return VMCI_ERROR_INVALID_ARGS;
	if (handle.resource == VMCI_INVALID_ID && handle.context != VMCI_INVALID_ID)
		return VMCI_ERROR_INVALID_ARGS;
	if (priv_flags != VMCI_NO_PRIVILEGE_FLAGS)
		return VMCI_ERROR_NO_ACCESS;
	if (produce_size > qp_memory_max || consume_size > qp_memory_max)
		return VMCI_ERROR_NO_RESOURCES;
	if (own == VMCI_INVALID_ID)
		return VMCI_ERROR_DEVICE_NOT_FOUND;
	if (flags & VMCI_QPFLAG_LOCAL && peer != VMCI_INVALID_ID && peer != own)
		return VMCI_ERROR_NO_ACCESS;
	return VMCI_SUCCESS;
}

/**
 * vmci_qpair_alloc() - create a queue pair, or attach to one
 * @qpair:		where our end is written
 * @handle:		in: the pair, or VMCI_INVALID_HANDLE to have one named; out: its name
 * @produce_qsize:	bytes of the queue that we produce into
 * @consume_qsize:	bytes of the queue that we consume from; one of the two may be 0
 * @peer:		the context at the other end; VMCI_INVALID_ID for any
 * @flags:		VMCI_QPFLAG_ATTACH_ONLY, VMCI_QPFLAG_LOCAL
 * @priv_flags:		VMCI_NO_PRIVILEGE_FLAGS
 *
 * The second end of a LOCAL pair is attached by the same call with the same handle; its sizes are
 * those of the first with the roles exchanged, and the first end gets VMCI_EVENT_QP_PEER_ATTACH.
 *
 * Context: process, may sleep; not from a callback.
 * Return: VMCI_SUCCESS; VMCI_ERROR_INVALID_ARGS, VMCI_ERROR_NO_ACCESS, VMCI_ERROR_NO_MEM,
 * VMCI_ERROR_DEVICE_NOT_FOUND, VMCI_ERROR_ALREADY_EXISTS, VMCI_ERROR_NOT_FOUND,
 * VMCI_ERROR_UNAVAILABLE, VMCI_ERROR_QUEUEPAIR_MISMATCH; VMCI_ERROR_NO_RESOURCES beyond the limits
 * of memory, number or transport; what the device says.
 */
int vmci_qpair_alloc(struct vmci_qp **qpair, struct vmci_handle *handle, u64 produce_qsize,
		     u64 consume_qsize, u32 peer, u32 flags, u32 priv_flags)
{
	u32 own = vmci_get_context_id();
	struct qp_pair *pair = NULL;
	struct vmci_handle want;
	bool attacher = false;
	struct vmci_qp *qp;
	int result;

	if (!qpair || !handle)
		return VMCI_ERROR_INVALID_ARGS;
	/* a LOCAL pair needs no device, only a context to be named in */
	if (own == VMCI_INVALID_ID && flags & VMCI_QPFLAG_LOCAL)
		own = VMCI_WELL_KNOWN_CONTEXT_ID;
	want = *handle;
	result = check_args(want, produce_qsize, consume_qsize, peer, flags, priv_flags, own);
	if (result != VMCI_SUCCESS)
		return result;
	qp = kzalloc(sizeof(*qp), GFP_KERNEL);
	if (!qp)
		return VMCI_ERROR_NO_MEM;
	if (vmci_handle_is_invalid(want))
		want.context = own;

	mutex_lock(&qp_mutex);
	pair = pair_find(want);
	if (pair) {
		attacher = true;
		result = pair_attach_local(pair, produce_qsize, consume_qsize, flags);
	} else if (flags & VMCI_QPFLAG_LOCAL && flags & VMCI_QPFLAG_ATTACH_ONLY) {
		result = VMCI_ERROR_NOT_FOUND;
	} else {
		result = pair_create(&pair, want, produce_qsize, consume_qsize, peer, flags);
	}
	if (result == VMCI_SUCCESS) {
		qp->pair = pair;
		qp->produce = &pair->queue[attacher];
		qp->consume = &pair->queue[!attacher];
		*handle = pair->res.handle;
		*qpair = qp;
		if (attacher)
			vmci_event_dispatch_qp(VMCI_EVENT_QP_PEER_ATTACH, pair->res.handle, own);
	} else {
		kfree(qp);
	}
	trace_vmci_qpair(pair ? pair->res.handle : want, attacher ? "attached" : "created", result);
	mutex_unlock(&qp_mutex);
	return result;
}
EXPORT_SYMBOL_GPL(vmci_qpair_alloc);

/**
 * vmci_qpair_memory() - how much of the memory for queue pairs is used
 * @limit:	set to the bytes that there may be
 *
 * A hint: it may have changed when it is looked at.
 * Context: any.
 * Return: bytes of all queue pairs of this kernel, headers included.
 */
u64 vmci_qpair_memory(u64 *limit)
{
	*limit = READ_ONCE(qp_memory_max);
	return READ_ONCE(pair_bytes);
}
EXPORT_SYMBOL_GPL(vmci_qpair_memory);

/* qp_mutex held; the caller was the last user in this kernel. */
static int pair_detach(struct qp_pair *pair)
{
	int result = VMCI_SUCCESS;

	if (pair->device_owns) {
		result = qp_dev ? call_detach(qp_dev, pair) : VMCI_ERROR_DEVICE_NOT_FOUND;
		if (result >= VMCI_SUCCESS)
			pair->device_owns = false;
	}
	pair_put(pair);
	return result < VMCI_SUCCESS ? result : VMCI_SUCCESS;
}

/**
 * vmci_qpair_detach() - give up our end of a queue pair
 * @qpair:	our end; NULL afterwards, whatever the result
 *
 * Context: process, may sleep; not from a callback.  No other call on this end may be under way.
 * Return: VMCI_SUCCESS; VMCI_ERROR_INVALID_ARGS; otherwise why the device did not let go of the
 * memory, which is then kept until it is reset.
 */
int vmci_qpair_detach(struct vmci_qp **qpair)
{
	struct qp_pair *pair;
	int result = VMCI_SUCCESS;

	if (!qpair || !*qpair)
		return VMCI_ERROR_INVALID_ARGS;
	pair = (*qpair)->pair;

	mutex_lock(&qp_mutex);
	trace_vmci_qpair(pair->res.handle, "detached", VMCI_SUCCESS);
	if (--pair->users)
		vmci_event_dispatch_qp(VMCI_EVENT_QP_PEER_DETACH, pair->res.handle,
				       pair->res.handle.context);
	else
		result = pair_detach(pair);
	mutex_unlock(&qp_mutex);
	kfree(*qpair);
	*qpair = NULL;
	return result;
}
EXPORT_SYMBOL_GPL(vmci_qpair_detach);

/* ---- the device comes and goes ------------------------------------------------------------- */

/* Frees what was kept and is the device's no longer; qp_mutex held. */
static void kept_free(void)
{
	struct qp_pair *pair, *next;

	list_for_each_entry_safe(pair, next, &kept, node) {
		if (pair->device_owns)
			continue;
		list_del(&pair->node);
		count_kept(pair, -1);
		pair_free(pair);
	}
}

static void released_locked(void)
{
	struct qp_pair *pair;

	list_for_each_entry(pair, &pairs, node)
		pair->device_owns = false;
	list_for_each_entry(pair, &kept, node)
		pair->device_owns = false;
	kept_free();
}

static void lost_locked(void)
{
	struct qp_pair *pair;

	list_for_each_entry(pair, &pairs, node) {
		if (pair->flags & VMCI_QPFLAG_LOCAL)
			continue;
		WRITE_ONCE(pair->lost, true);
		trace_vmci_qpair(pair->res.handle, "lost", VMCI_SUCCESS);
	}
}

/* A device that was just reset begins to work: pairs can be made. */
void vmci_qpair_device_start(struct vmci_dev *dev)
{
	mutex_lock(&qp_mutex);
	released_locked();
	qp_dev = dev;
	mutex_unlock(&qp_mutex);
}

/* The device is about to be reset: pairs are detached one by one, so that peers learn of it. */
void vmci_qpair_device_stop(struct vmci_dev *dev)
{
	struct qp_pair *pair;

	mutex_lock(&qp_mutex);
	lost_locked();
	list_for_each_entry(pair, &pairs, node) {
		if (pair->device_owns && call_detach(dev, pair) >= VMCI_SUCCESS)
			pair->device_owns = false;
	}
	qp_dev = NULL;
	mutex_unlock(&qp_mutex);
}

/* The device has been reset, and has said so: all pages are ours again. */
void vmci_qpair_device_released(void)
{
	mutex_lock(&qp_mutex);
	released_locked();
	mutex_unlock(&qp_mutex);
}

/* The device does not answer: no pair works any more, and no new one can be made. */
void vmci_qpair_device_lost(void)
{
	mutex_lock(&qp_mutex);
	lost_locked();
	mutex_unlock(&qp_mutex);
}

/* The hypervisor was resumed elsewhere and knows none of our pairs any more. */
void vmci_qpair_resumed(void)
{
	vmci_qpair_device_lost();
}

/* Tells the users of lost pairs.  Context: process. */
void vmci_qpair_notify_lost(void)
{
	struct qp_pair *pair;

	mutex_lock(&qp_mutex);
	list_for_each_entry(pair, &pairs, node) {
		if (READ_ONCE(pair->lost) && !pair->gone)
			vmci_event_dispatch_qp(VMCI_EVENT_QP_PEER_DETACH, pair->res.handle,
					       pair->creator_peer);
	}
	mutex_unlock(&qp_mutex);
	vmci_event_dispatch_ctx(VMCI_EVENT_QP_RESUMED, VMCI_INVALID_ID);
}

/* Takes the memory from a pair: frees it, or leaves it to the device; qp_mutex held. */
static void pair_empty(struct qp_pair *pair)
{
	if (!pair->device_owns)
		pair_memory_free(pair);
	memset(pair->queue, 0, sizeof(pair->queue));
	WRITE_ONCE(pair_bytes, pair_bytes - pair->bytes);
	pair->bytes = 0;
	pair->device_owns = false;
}

/*
 * The driver leaves the device, so memory that came from it has to go: pairs stay with their users
 * as empty shells.  Pages that the device may still own are left allocated for good.
 */
void vmci_qpair_device_forget(void)
{
	struct qp_pair *pair, *next;

	mutex_lock(&qp_mutex);
	list_for_each_entry(pair, &pairs, node) {
		if (pair->flags & VMCI_QPFLAG_LOCAL)
			continue;
		WRITE_ONCE(pair->gone, true);
		trace_vmci_qpair(pair->res.handle, "gone", VMCI_SUCCESS);
	}
	synchronize_srcu(&qp_srcu);
	list_for_each_entry(pair, &pairs, node) {
		if (pair->flags & VMCI_QPFLAG_LOCAL)
			continue;
		if (pair->device_owns)
			count_kept(pair, 1);
		pair_empty(pair);
	}
	list_for_each_entry_safe(pair, next, &kept, node) {
		list_del(&pair->node);
		pair_empty(pair);
		pair_free(pair);
	}
	mutex_unlock(&qp_mutex);
}

/* The fill level of one queue out of the two header pages, in which the peer may have put anything. */
static void queue_show(struct seq_file *m, const struct qp_queue *q, const struct qp_queue *other)
{
	const struct vmci_wire_queue_hdr *mine = q->page[0], *back = other->page[0];
	u64 tail = le64_to_cpu(READ_ONCE(mine->producer_tail));
	u64 head = le64_to_cpu(READ_ONCE(back->consumer_head));

	if (ring_valid(tail, head, q->size))
		seq_printf(m, " %llu/%llu", ring_ready(tail, head, q->size), q->size);
	else
		seq_printf(m, " corrupt/%llu", q->size);
}

/* One line for each pair, for debugfs: the creator's queue comes first. */
void vmci_qpair_show(struct seq_file *m)
{
	struct qp_pair *pair;

	mutex_lock(&qp_mutex);
	seq_printf(m, "%u pairs, %llu of %lu bytes\n", pair_count, pair_bytes, qp_memory_max);
	list_for_each_entry(pair, &pairs, node) {
		seq_printf(m, "%u:%u peer %d flags %#x users %u%s%s", pair->res.handle.context,
			   pair->res.handle.resource, (int)pair->creator_peer, pair->flags,
			   pair->users, pair->lost ? " lost" : "", pair->gone ? " gone" : "");
		if (!pair->gone) {
			queue_show(m, &pair->queue[0], &pair->queue[1]);
			queue_show(m, &pair->queue[1], &pair->queue[0]);
		}
		seq_putc(m, '\n');
	}
	list_for_each_entry(pair, &kept, node)
		seq_printf(m, "%u:%u kept, %llu bytes\n", pair->res.handle.context,
			   pair->res.handle.resource, pair->bytes);
	mutex_unlock(&qp_mutex);
}
