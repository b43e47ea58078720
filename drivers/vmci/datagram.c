// SPDX-License-Identifier: GPL-2.0-only
/*
 * datagram.c - datagram endpoints: creation, sending, delivery
 *
 * An endpoint is a callback under a handle.  What arrives from the device is given to the callback
 * at once, with bottom halves off, out of the receive thread's private copy; or, for an endpoint
 * with VMCI_FLAG_DG_DELAYED_CB, is queued and given to it by a work item.  What this machine sends
 * to itself always takes the queue, so that a callback that answers does not find itself called
 * again from within.  A queue is bounded in number and in bytes; what does not fit is dropped and
 * counted, and a local sender gets VMCI_ERROR_NO_RESOURCES.
 *
 * Locks: endpoint->lock for its queue (any context).  An endpoint lives as long as its resource:
 * senders and the receive thread hold a reference while they use it, the work item needs none,
 * because destruction waits for it.
 */
#include <linux/bottom_half.h>
#include <linux/export.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "datagram.h"
#include "device.h"
#include "event.h"
#include "resource.h"
#include "trace.h"

#define QUEUE_MAX	256
#define QUEUE_BYTES_MAX	SZ_1M

struct dg_item {
	struct list_head node;
	u8 raw[] __aligned(__alignof__(struct vmci_datagram));	/* a datagram */
};

struct dg_endpoint {
	struct vmci_resource res;
	struct rcu_head rcu;
	vmci_datagram_recv_cb cb;
	void *data;
	bool delayed;

	spinlock_t lock;		/* the queue */
	struct list_head queue;
	unsigned int queued;
	size_t queued_bytes;
	struct work_struct work;
};

static struct vmci_datagram *item_dg(struct dg_item *item)
{
	return (struct vmci_datagram *)item->raw;
}

static struct dg_endpoint *endpoint_get(struct vmci_handle handle)
{
	struct vmci_resource *res = vmci_resource_get(VMCI_RES_DATAGRAM, handle);

	return res ? container_of(res, struct dg_endpoint, res) : NULL;
}

static struct dg_item *queue_pop(struct dg_endpoint *ep)
{
	struct dg_item *item;

	spin_lock_irq(&ep->lock);
	item = list_first_entry_or_null(&ep->queue, struct dg_item, node);
	if (item) {
		list_del(&item->node);
		ep->queued--;
		ep->queued_bytes -= VMCI_DG_SIZE(item_dg(item));
	}
	spin_unlock_irq(&ep->lock);
	return item;
}

static void queue_work_fn(struct work_struct *work)
{
	struct dg_endpoint *ep = container_of(work, struct dg_endpoint, work);
	struct dg_item *item;

	while ((item = queue_pop(ep))) {
		if (!ep->delayed)
			local_bh_disable();
		ep->cb(ep->data, item_dg(item));
		if (!ep->delayed)
			local_bh_enable();
		kfree(item);
		cond_resched();
	}
}

/* A copy of a datagram goes to the end of an endpoint's queue; any context. */
static int queue_push(struct dg_endpoint *ep, const struct vmci_datagram *hdr, const void *payload,
		      gfp_t gfp)
{
	size_t bytes = VMCI_DG_SIZE(hdr);
	struct dg_item *item;
	unsigned long flags;
	bool fits;

	item = kmalloc(struct_size(item, raw, bytes), gfp);
	if (!item) {
		vmci_count(VMCI_CNT_RX_NO_MEMORY);
		return VMCI_ERROR_NO_MEM;
	}
	memcpy(item->raw, hdr, VMCI_DG_HEADERSIZE);
	memcpy(item->raw + VMCI_DG_HEADERSIZE, payload, hdr->payload_size);

	spin_lock_irqsave(&ep->lock, flags);
	fits = ep->queued < QUEUE_MAX && bytes <= QUEUE_BYTES_MAX - ep->queued_bytes;
	if (fits) {
		list_add_tail(&item->node, &ep->queue);
		ep->queued++;
		ep->queued_bytes += bytes;
		queue_work(vmci_wq, &ep->work);
	}
	spin_unlock_irqrestore(&ep->lock, flags);
	if (fits)
		return VMCI_SUCCESS;
	kfree(item);
	vmci_count(VMCI_CNT_RX_QUEUE_FULL);
	return VMCI_ERROR_NO_RESOURCES;
}

/**
 * vmci_datagram_create_handle_priv() - create a datagram endpoint
 * @rid:	its resource id; VMCI_INVALID_ID picks a free one
 * @flags:	VMCI_FLAG_ANYCID_DG_HND, VMCI_FLAG_DG_DELAYED_CB
 * @priv_flags:	within VMCI_PRIVILEGE_ALL_FLAGS; a guest has no use for them
 * @recv_cb:	called for each datagram; must not sleep, unless it is delayed
 * @client_data: for @recv_cb
 * @out_handle:	where the handle is written
 *
 * Context: process.
 * Return: VMCI_SUCCESS; VMCI_ERROR_INVALID_ARGS, VMCI_ERROR_ALREADY_EXISTS, VMCI_ERROR_NO_MEM;
 * VMCI_ERROR_NO_RESOURCES when the endpoint is for our context and there is none.
 */
int vmci_datagram_create_handle_priv(u32 rid, u32 flags, u32 priv_flags,
				     vmci_datagram_recv_cb recv_cb, void *client_data,
				     struct vmci_handle *out_handle)
{
	u32 cid = VMCI_INVALID_ID;
	struct dg_endpoint *ep;
	int result;

	if (!out_handle || !recv_cb || flags & ~(VMCI_FLAG_ANYCID_DG_HND | VMCI_FLAG_DG_DELAYED_CB) ||
	    priv_flags & ~VMCI_PRIVILEGE_ALL_FLAGS)
		return VMCI_ERROR_INVALID_ARGS;
	if (!(flags & VMCI_FLAG_ANYCID_DG_HND)) {
		cid = vmci_get_context_id();
		if (cid == VMCI_INVALID_ID)
			return VMCI_ERROR_NO_RESOURCES;
	}
	ep = kzalloc(sizeof(*ep), GFP_KERNEL);
	if (!ep)
		return VMCI_ERROR_NO_MEM;
	ep->cb = recv_cb;
	ep->data = client_data;
	ep->delayed = flags & VMCI_FLAG_DG_DELAYED_CB;
	spin_lock_init(&ep->lock);
	INIT_LIST_HEAD(&ep->queue);
	INIT_WORK(&ep->work, queue_work_fn);

	result = vmci_resource_add(&ep->res, VMCI_RES_DATAGRAM, vmci_make_handle(cid, rid));
	if (result != VMCI_SUCCESS) {
		kfree(ep);
		return result;
	}
	*out_handle = ep->res.handle;
	return VMCI_SUCCESS;
}
EXPORT_SYMBOL_GPL(vmci_datagram_create_handle_priv);

/* See vmci_datagram_create_handle_priv(). */
int vmci_datagram_create_handle(u32 rid, u32 flags, vmci_datagram_recv_cb recv_cb,
				void *client_data, struct vmci_handle *out_handle)
{
	return vmci_datagram_create_handle_priv(rid, flags, VMCI_NO_PRIVILEGE_FLAGS, recv_cb,
						client_data, out_handle);
}
EXPORT_SYMBOL_GPL(vmci_datagram_create_handle);

/**
 * vmci_datagram_destroy_handle() - destroy a datagram endpoint
 * @handle:	from vmci_datagram_create_handle()
 *
 * Context: process, may sleep; not from the endpoint's callback, which it waits for.
 * Return: VMCI_SUCCESS, the callback does not run any more and what was queued is gone;
 * VMCI_ERROR_NOT_FOUND.
 */
int vmci_datagram_destroy_handle(struct vmci_handle handle)
{
	struct vmci_resource *res = vmci_resource_take(VMCI_RES_DATAGRAM, handle);
	struct dg_endpoint *ep;
	struct dg_item *item;

	if (!res)
		return VMCI_ERROR_NOT_FOUND;
	ep = container_of(res, struct dg_endpoint, res);
	vmci_resource_drain(res);
	cancel_work_sync(&ep->work);
	while ((item = queue_pop(ep)))
		kfree(item);
	kfree_rcu(ep, rcu);
	return VMCI_SUCCESS;
}
EXPORT_SYMBOL_GPL(vmci_datagram_destroy_handle);

static int send_local(const struct vmci_datagram *hdr, const void *payload)
{
	struct dg_endpoint *ep = endpoint_get(hdr->dst);
	int result;

	if (!ep)
		return VMCI_ERROR_NO_HANDLE;
	result = queue_push(ep, hdr, payload, GFP_ATOMIC);
	vmci_resource_put(&ep->res);
	if (result == VMCI_SUCCESS)
		result = VMCI_DG_SIZE(hdr);
	trace_vmci_send(hdr, result);
	return result;
}

/* Fills in and checks who sends. */
static int check_source(struct vmci_handle *src, u32 own)
{
	if (vmci_handle_is_invalid(*src))
		return VMCI_SUCCESS;
	if (src->resource == VMCI_INVALID_ID)
		return VMCI_ERROR_INVALID_ARGS;
	if (src->context == VMCI_INVALID_ID)
		src->context = own;
	if (src->context != own)
		return VMCI_ERROR_NO_ACCESS;
	return vmci_resource_exists(VMCI_RES_DATAGRAM, *src) ? VMCI_SUCCESS : VMCI_ERROR_NO_HANDLE;
}

/**
 * vmci_datagram_send() - send a datagram to wherever it goes
 * @msg:	header, directly followed by its payload; not changed
 *
 * The hypervisor and the host are reached through the device; our own context is served here.
 *
 * Context: any.
 * Return: bytes sent, header included, or another success of the device's; VMCI_ERROR_INVALID_ARGS;
 * VMCI_ERROR_NO_ACCESS for a source context that is not ours; VMCI_ERROR_NO_HANDLE for a source, or
 * for a local destination, that does not exist; VMCI_ERROR_DST_UNREACHABLE for another virtual
 * machine; VMCI_ERROR_NO_RESOURCES and VMCI_ERROR_NO_MEM when a local queue is full;
 * VMCI_ERROR_DEVICE_NOT_FOUND; what the device says.
 */
int vmci_datagram_send(struct vmci_datagram *msg)
{
	struct vmci_datagram hdr;
	u32 own;
	int result;

	if (!msg)
		return VMCI_ERROR_INVALID_ARGS;
	hdr = *msg;
	if (hdr.payload_size > VMCI_MAX_DG_PAYLOAD_SIZE || hdr.dst.resource == VMCI_INVALID_ID)
		return VMCI_ERROR_INVALID_ARGS;
	own = vmci_get_context_id();
	if (own == VMCI_INVALID_ID)
		return VMCI_ERROR_DEVICE_NOT_FOUND;
	result = check_source(&hdr.src, own);
	if (result != VMCI_SUCCESS)
		return result;

	if (hdr.dst.context == own)
		return send_local(&hdr, VMCI_DG_PAYLOAD(msg));
	if (hdr.dst.context == VMCI_HYPERVISOR_CONTEXT_ID ||
	    hdr.dst.context == VMCI_HOST_CONTEXT_ID)
		return vmci_device_send(&hdr, VMCI_DG_PAYLOAD(msg));
	return VMCI_ERROR_DST_UNREACHABLE;
}
EXPORT_SYMBOL_GPL(vmci_datagram_send);

/**
 * vmci_send_datagram() - give a datagram to the device as it is
 * @dg:		header, directly followed by its payload
 *
 * Context: any.
 * Return: what the device says; VMCI_ERROR_INVALID_ARGS; VMCI_ERROR_DEVICE_NOT_FOUND.
 */
int vmci_send_datagram(struct vmci_datagram *dg)
{
	return dg ? vmci_device_send(dg, VMCI_DG_PAYLOAD(dg)) : VMCI_ERROR_INVALID_ARGS;
}
EXPORT_SYMBOL_GPL(vmci_send_datagram);

/**
 * vmci_datagram_receive() - a datagram has come from the device
 * @dg:		private copy, checked against its memory
 *
 * Context: process.
 */
void vmci_datagram_receive(struct vmci_datagram *dg)
{
	struct dg_endpoint *ep;

	trace_vmci_receive(dg);
	if (dg->src.context == VMCI_HYPERVISOR_CONTEXT_ID &&
	    dg->dst.resource == VMCI_EVENT_HANDLER_RID) {
		if (!vmci_event_receive(VMCI_DG_PAYLOAD(dg), dg->payload_size)) {
			vmci_count(VMCI_CNT_EVENT_BAD);
			pr_warn_ratelimited("dropped an event that is unknown or has a wrong size\n");
		}
		return;
	}
	ep = endpoint_get(dg->dst);
	if (!ep) {
		vmci_count(VMCI_CNT_RX_NO_ENDPOINT);
		return;
	}
	vmci_count(VMCI_CNT_RX);
	if (ep->delayed) {
		queue_push(ep, dg, VMCI_DG_PAYLOAD(dg), GFP_KERNEL);
	} else {
		local_bh_disable();
		ep->cb(ep->data, dg);
		local_bh_enable();
	}
	vmci_resource_put(&ep->res);
}
