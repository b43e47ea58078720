// SPDX-License-Identifier: GPL-2.0-only
/*
 * event.c - events: subscribers, and their delivery
 *
 * An event comes from the device as a datagram, from a LOCAL queue pair, or from the driver itself
 * when the device is lost.  What the driver has to do about it comes first (its context id, its
 * queue pairs), then the subscribers are called in the order of subscription, inside an RCU read
 * section with bottom halves off: they must not sleep.
 *
 * Lock: subs_lock for writers, with interrupts off because subscription is allowed anywhere.
 */
#include <linux/bottom_half.h>
#include <linux/export.h>
#include <linux/nospec.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "device.h"
#include "event.h"
#include "qpair.h"

struct subscription {
	struct list_head node;
	u32 id;
	u32 event;
	vmci_event_cb cb;
	void *data;
};

static struct list_head subs[VMCI_EVENT_MAX] = {
	LIST_HEAD_INIT(subs[0]), LIST_HEAD_INIT(subs[1]), LIST_HEAD_INIT(subs[2]),
	LIST_HEAD_INIT(subs[3]), LIST_HEAD_INIT(subs[4]), LIST_HEAD_INIT(subs[5]),
	LIST_HEAD_INIT(subs[6]),
};
static DEFINE_SPINLOCK(subs_lock);
static u32 next_id;		/* under subs_lock */

/* Memory access events are a matter between the device and its host. */
static bool event_is_for_guests(u32 event)
{
	return VMCI_EVENT_VALID(event) && event != VMCI_EVENT_MEM_ACCESS_ON &&
	       event != VMCI_EVENT_MEM_ACCESS_OFF;
}

/* subs_lock held. */
static struct subscription *subscription_find(u32 id)
{
	struct subscription *sub;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(subs); i++) {
		list_for_each_entry(sub, &subs[i], node) {
			if (sub->id == id)
				return sub;
		}
	}
	return NULL;
}

/**
 * vmci_event_subscribe() - ask to be told of an event
 * @event:		VMCI_EVENT_*
 * @callback:		must not sleep; bottom halves are off
 * @callback_data:	for @callback
 * @subscription_id:	where the subscription's id is written
 *
 * Context: any.
 * Return: VMCI_SUCCESS; VMCI_ERROR_INVALID_ARGS, VMCI_ERROR_EVENT_UNKNOWN, VMCI_ERROR_NO_MEM.
 */
int vmci_event_subscribe(u32 event, vmci_event_cb callback, void *callback_data,
			 u32 *subscription_id)
{
	struct subscription *sub;
	unsigned long flags;

	if (!callback || !subscription_id)
		return VMCI_ERROR_INVALID_ARGS;
	if (!event_is_for_guests(event))
		return VMCI_ERROR_EVENT_UNKNOWN;
	sub = kmalloc(sizeof(*sub), GFP_ATOMIC);
	if (!sub)
		return VMCI_ERROR_NO_MEM;
	sub->event = event;
	sub->cb = callback;
	sub->data = callback_data;

	spin_lock_irqsave(&subs_lock, flags);
	do {
		sub->id = next_id++;
	} while (sub->id == VMCI_INVALID_ID || subscription_find(sub->id));
	*subscription_id = sub->id;
	list_add_tail_rcu(&sub->node, &subs[event]);
	spin_unlock_irqrestore(&subs_lock, flags);
	return VMCI_SUCCESS;
}
EXPORT_SYMBOL_GPL(vmci_event_subscribe);

/**
 * vmci_event_unsubscribe() - take a subscription back
 * @subscription_id:	from vmci_event_subscribe()
 *
 * Context: process, may sleep; not from an event callback, which it waits for.
 * Return: VMCI_SUCCESS, the callback does not run any more; VMCI_ERROR_NOT_FOUND.
 */
int vmci_event_unsubscribe(u32 subscription_id)
{
	struct subscription *sub;
	unsigned long flags;

	spin_lock_irqsave(&subs_lock, flags);
	sub = subscription_find(subscription_id);
	if (sub)
		list_del_rcu(&sub->node);
	spin_unlock_irqrestore(&subs_lock, flags);
	if (!sub)
		return VMCI_ERROR_NOT_FOUND;
	synchronize_rcu();
	kfree(sub);
	return VMCI_SUCCESS;
}
EXPORT_SYMBOL_GPL(vmci_event_unsubscribe);

/* What the driver itself does about an event, before anyone else learns of it. */
static void event_own_part(const struct vmci_event_msg *msg)
{
	if (msg->ed.event == VMCI_EVENT_CTX_ID_UPDATE)
		vmci_device_cid_update(msg->ctx.context_id);
	else if (msg->ed.event == VMCI_EVENT_QP_RESUMED)
		vmci_qpair_resumed();
}

/**
 * vmci_event_dispatch() - tell the subscribers
 * @msg:	the event; its number must be one that guests know
 *
 * Context: any but hard interrupts.
 */
void vmci_event_dispatch(const struct vmci_event_msg *msg)
{
	struct subscription *sub;
	u32 event = array_index_nospec(msg->ed.event, VMCI_EVENT_MAX);

	local_bh_disable();
	rcu_read_lock();
	list_for_each_entry_rcu(sub, &subs[event], node)
		sub->cb(sub->id, &msg->ed, sub->data);
	rcu_read_unlock();
	local_bh_enable();
}

void vmci_event_dispatch_qp(u32 event, struct vmci_handle handle, u32 peer)
{
	struct vmci_event_msg msg = {
		.ed.event = event,
		.qp = { .handle = handle, .peer_id = peer },
	};

	vmci_event_dispatch(&msg);
}

void vmci_event_dispatch_ctx(u32 event, u32 cid)
{
	struct vmci_event_msg msg = { .ed.event = event, .ctx.context_id = cid };

	vmci_event_dispatch(&msg);
}

/* Bytes of payload that the event cannot do without. */
static size_t event_len_min(u32 event)
{
	switch (event) {
	case VMCI_EVENT_CTX_ID_UPDATE:
	case VMCI_EVENT_CTX_REMOVED:
		return offsetofend(struct vmci_event_msg, ctx.context_id);
	case VMCI_EVENT_QP_PEER_ATTACH:
	case VMCI_EVENT_QP_PEER_DETACH:
		return offsetofend(struct vmci_event_msg, qp.handle);
	default:
		return sizeof(u32);
	}
}

/**
 * vmci_event_receive() - an event datagram has come from the device
 * @payload:	private copy of the datagram's payload
 * @len:	bytes in it
 *
 * Context: process.
 * Return: whether it was an event that a guest knows, in a form that it can have.
 */
bool vmci_event_receive(const void *payload, size_t len)
{
	struct vmci_event_msg msg = { };

	if (len < sizeof(u32) || len > sizeof(msg))
		return false;
	memcpy(&msg, payload, len);
	if (!event_is_for_guests(msg.ed.event) || len < event_len_min(msg.ed.event))
		return false;
	event_own_part(&msg);
	vmci_event_dispatch(&msg);
	return true;
}
