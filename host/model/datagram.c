/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * datagram.c - where a datagram from the guest goes, and the queue of those to the guest
 *
 * From the guest: context 0 is the hypervisor (hypercalls, and endpoints above them), context 2 the
 * host (endpoints by resource id, then the personality's handler for all others), the guest's own
 * context an echo.  Other VMs cannot be reached.  The source must be the guest itself: its context
 * id, or VMCI_INVALID_ID, which is filled in when there is a resource id to answer to.
 *
 * To the guest: one queue, bounded in bytes, and events have a reserve of their own, counted, so
 * that a full queue cannot hide that a queue pair has gone.  It holds only what was sent since the
 * driver came up and is emptied by reset.  The interrupt is raised for each datagram that is added;
 * the driver reads all there is.
 */
#include "host/model/vmci_dev.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- endpoints ---------------------------------------------------------------------------- */

struct endpoint *vmci_endpoint_find(struct vmci_dev *dev, uint32_t cid, uint32_t rid)
{
	struct endpoint *e;

	LIST_FOREACH(e, &dev->endpoints, link)
		if (e->handle.cid == cid && e->handle.rid == rid)
			return e;
	return NULL;
}

int vmci_endpoint_add(struct vmci_dev *dev, uint32_t cid, uint32_t rid, vmci_dgram_fn fn,
		      void *data)
{
	struct endpoint *e;

	if (cid != VMCI_CID_HOST && !(cid == VMCI_CID_HYPERVISOR && rid > VMCI_HC_QUEUEPAIR_DETACH))
		return -EINVAL;
	if (rid == VMCI_INVALID_ID || !fn)
		return -EINVAL;
	if (vmci_endpoint_find(dev, cid, rid))
		return -EEXIST;
	e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->handle = (struct vmci_handle){ cid, rid };
	e->fn = fn;
	e->data = data;
	LIST_INSERT_HEAD(&dev->endpoints, e, link);
	return 0;
}

void vmci_endpoint_remove(struct vmci_dev *dev, uint32_t cid, uint32_t rid)
{
	struct endpoint *e = vmci_endpoint_find(dev, cid, rid);

	if (!e)
		return;
	LIST_REMOVE(e, link);
	free(e);
}

/* ---- to the guest ------------------------------------------------------------------------- */

void vmci_queue_count(struct vmci_dev *dev, const struct queued_dg *q)
{
	if (q->event)
		dev->to_guest_events++;
	else
		dev->to_guest_bytes += q->len;
}

void vmci_queue_link(struct vmci_dev *dev, struct queued_dg *q)
{
	STAILQ_INSERT_TAIL(&dev->to_guest, q, link);
	vmci_raise(dev, VMCI_ICR_DATAGRAM);
}

static int queue_add(struct vmci_dev *dev, const struct vmci_wire_dg *hdr, const void *payload,
		     size_t payload_len, bool event)
{
	size_t len = sizeof(*hdr) + payload_len;
	struct queued_dg *q = malloc(sizeof(*q) + len);

	if (!q)
		return -ENOMEM;
	q->event = event;
	q->len = len;
	memcpy(q->bytes, hdr, sizeof(*hdr));
	memcpy(q->bytes + sizeof(*hdr), payload, payload_len);
	vmci_fault_to_guest(dev, q);
	return 0;
}

void vmci_queue_pop(struct vmci_dev *dev)
{
	struct queued_dg *q = STAILQ_FIRST(&dev->to_guest);

	STAILQ_REMOVE_HEAD(&dev->to_guest, link);
	if (q->event)
		dev->to_guest_events--;
	else
		dev->to_guest_bytes -= q->len;
	free(q);
}

void vmci_queue_clear(struct vmci_dev *dev)
{
	STAILQ_CONCAT(&dev->to_guest, &dev->delayed);
	STAILQ_CONCAT(&dev->to_guest, &dev->held);
	while (!STAILQ_EMPTY(&dev->to_guest))
		vmci_queue_pop(dev);
	dev->want_room = false;
}

void vmci_queue_settle(struct vmci_dev *dev)
{
	vmci_broker_settle(dev);
	/* Half empty, so that a sender is not woken for every single datagram that was read. */
	if (!dev->want_room || dev->to_guest_bytes > VMCI_TO_GUEST_BYTES / 2)
		return;
	dev->want_room = false;
	if (dev->host && dev->host->room)
		dev->host->room(dev->host_data);
}

static bool queue_has_room(const struct vmci_dev *dev, size_t len)
{
	return len <= VMCI_TO_GUEST_BYTES - dev->to_guest_bytes;
}

int vmci_send_to_guest(struct vmci_dev *dev, const struct vmci_wire_dg *dg, size_t len)
{
	struct vmci_handle dst, src;
	int err;

	if (len < sizeof(*dg) || le64toh(dg->payload_size) != len - sizeof(*dg))
		return -EINVAL;
	if (len > VMCI_DG_SIZE_MAX)
		return -EMSGSIZE;
	dst = handle_get(dg->dst);
	src = handle_get(dg->src);
	/* A resource of ones would be the end marker of a batch. */
	if (dst.cid != dev->config.cid || dst.rid == VMCI_INVALID_ID)
		return -EINVAL;
	if (src.cid != VMCI_CID_HOST && (src.cid != VMCI_CID_HYPERVISOR || src.rid == 0))
		return -EINVAL;
	err = !dev->ready ? -ENOTCONN : !queue_has_room(dev, len) ? -ENOBUFS : 0;
	if (!err)
		err = queue_add(dev, dg, dg + 1, len - sizeof(*dg), false);
	if (err == -ENOBUFS)
		dev->want_room = true;
	if (err)
		dev->stats.dg_dropped++;
	return err;
}

int vmci_event_send(struct vmci_dev *dev, const void *payload, size_t len)
{
	struct vmci_wire_dg hdr = {
		.dst = { htole32(dev->config.cid), htole32(VMCI_EVENT_HANDLER_RID) },
		.src = { htole32(VMCI_CID_HYPERVISOR), htole32(0) },
		.payload_size = htole64(len),
	};
	int err;

	/* A driver that is not up knows nothing that an event could change. */
	if (!dev->ready)
		return -ENOTCONN;
	err = dev->to_guest_events == VMCI_TO_GUEST_EVENTS ? -ENOBUFS :
	      queue_add(dev, &hdr, payload, len, true);
	if (err)
		dev->stats.events_dropped++;
	return err;
}

/* ---- from the guest ----------------------------------------------------------------------- */

/* Puts the source right, or refuses it. */
static int source_check(struct vmci_dev *dev, struct vmci_wire_dg *dg)
{
	struct vmci_handle src = handle_get(dg->src);

	if (src.cid == dev->config.cid)
		return VMCI_SUCCESS;
	if (src.cid != VMCI_INVALID_ID)
		return VMCI_ERR_NO_ACCESS;
	if (src.rid != VMCI_INVALID_ID)
		dg->src.cid = htole32(dev->config.cid);
	return VMCI_SUCCESS;
}

static int to_endpoint(struct vmci_dev *dev, struct vmci_handle dst, const struct vmci_wire_dg *dg,
		       size_t len)
{
	struct endpoint *e = vmci_endpoint_find(dev, dst.cid, dst.rid);

	if (e)
		return e->fn(e->data, dg, len);
	if (dst.cid == VMCI_CID_HOST && dev->host && dev->host->dgram)
		return dev->host->dgram(dev->host_data, dg, len);
	return VMCI_ERR_INVALID_RESOURCE;
}

/* The guest sends to itself through us. */
static int to_self(struct vmci_dev *dev, struct vmci_handle dst, const struct vmci_wire_dg *dg,
		   size_t len)
{
	int err;

	if (dst.rid == VMCI_INVALID_ID)
		return VMCI_ERR_INVALID_RESOURCE;
	if (!dev->ready)
		return VMCI_ERR_UNAVAILABLE;
	if (!queue_has_room(dev, len)) {
		dev->stats.dg_dropped++;
		return VMCI_ERR_NO_RESOURCES;
	}
	err = queue_add(dev, dg, dg + 1, len - sizeof(*dg), false);
	return err ? VMCI_ERR_NO_MEM : VMCI_SUCCESS;
}

static int deliver(struct vmci_dev *dev, struct vmci_handle dst, const struct vmci_wire_dg *dg,
		   size_t len)
{
	if (dst.cid == dev->config.cid)
		return to_self(dev, dst, dg, len);
	if (dst.cid == VMCI_CID_HYPERVISOR || dst.cid == VMCI_CID_HOST)
		return to_endpoint(dev, dst, dg, len);
	return VMCI_ERR_DST_UNREACHABLE;
}

/* A datagram of exactly @len bytes that is no hypercall. */
static int64_t route(struct vmci_dev *dev, struct vmci_handle dst, struct vmci_wire_dg *dg,
		     size_t len)
{
	unsigned int times;
	int result;

	if (len > VMCI_DG_SIZE_MAX)
		return VMCI_ERR_PAYLOAD_TOO_LARGE;
	result = source_check(dev, dg);
	if (result < 0)
		return result;
	if (vmci_fault_from_guest(dev, dg, len, &times)) {
		while (times--)
			(void)deliver(dev, dst, dg, len);
		return (int64_t)len;
	}
	result = deliver(dev, dst, dg, len);
	/* Senders subtract the header to learn how much was sent, and take 0 for a failure. */
	return result < 0 ? result : (int64_t)len;
}

int64_t vmci_dg_from_guest(struct vmci_dev *dev, struct vmci_wire_dg *dg, size_t len)
{
	struct vmci_handle dst = handle_get(dg->dst);
	uint64_t payload = le64toh(dg->payload_size);
	int64_t result;

	dev->stats.dg_from_guest++;
	vmci_faults_changed(dev);
	if (payload > len - sizeof(*dg)) {
		dev->stats.dg_refused++;
		return VMCI_ERR_INVALID_ARGS;
	}
	if (dst.cid == VMCI_CID_HYPERVISOR && dst.rid <= VMCI_HC_QUEUEPAIR_DETACH) {
		dev->stats.hypercalls++;
		result = vmci_hypercall(dev, dst.rid, dg + 1, payload);
	} else {
		result = route(dev, dst, dg, sizeof(*dg) + payload);
	}
	if (result < 0)
		dev->stats.dg_refused++;
	return result;
}
