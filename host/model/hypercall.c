/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hypercall.c - datagrams to context 0: the table of what the hypervisor answers itself
 *
 * A payload is a private copy of exactly @len bytes.  Its source is not looked at: drivers call
 * anonymously, and who calls is known.
 */
#include "host/model/vmci_dev.h"

/*
 * Which hypercalls RESOURCES_QUERY admits; the obsolete and the merely tolerated are not among
 * them.
 */
#define SUPPORTED                                                                                  \
	(1u << VMCI_HC_RESOURCES_QUERY | 1u << VMCI_HC_GET_CONTEXT_ID |                            \
	 1u << VMCI_HC_SET_NOTIFY_BITMAP | 1u << VMCI_HC_DOORBELL_LINK |                           \
	 1u << VMCI_HC_DOORBELL_UNLINK | 1u << VMCI_HC_DOORBELL_NOTIFY |                           \
	 1u << VMCI_HC_QUEUEPAIR_ALLOC | 1u << VMCI_HC_QUEUEPAIR_DETACH)

static bool resource_there(struct vmci_dev *dev, uint32_t rid)
{
	if (rid <= VMCI_HC_QUEUEPAIR_DETACH)
		return SUPPORTED & 1u << rid;
	return vmci_endpoint_find(dev, VMCI_CID_HYPERVISOR, rid);
}

static int64_t resources_query(struct vmci_dev *dev, const void *payload, size_t len)
{
	const struct vmci_wire_resources_query *q = payload;
	uint32_t i, count, mask = 0;

	if (len < sizeof(*q))
		return VMCI_ERR_INVALID_ARGS;
	count = le32toh(q->count);
	if (count > VMCI_RESOURCES_QUERY_MAX || count > (len - sizeof(*q)) / sizeof(q->rid[0]))
		return VMCI_ERR_INVALID_ARGS;
	for (i = 0; i < count; i++)
		if (resource_there(dev, le32toh(q->rid[i])))
			mask |= 1u << i;
	return mask;
}

/* Events go to every guest without being asked for; drivers of old that ask are told it is well. */
static int64_t event_subscription(const void *payload, size_t len)
{
	const struct vmci_wire_event *ev = payload;

	if (len < sizeof(*ev))
		return VMCI_ERR_INVALID_ARGS;
	return le32toh(ev->event) < VMCI_EV_MAX ? VMCI_SUCCESS : VMCI_ERR_EVENT_UNKNOWN;
}

int64_t vmci_hypercall(struct vmci_dev *dev, uint32_t rid, const void *payload, size_t len)
{
	int64_t result;

	if (vmci_fault_hypercall(dev, rid, &result))
		return result;
	switch (rid) {
	case VMCI_HC_RESOURCES_QUERY:
		return resources_query(dev, payload, len);
	case VMCI_HC_GET_CONTEXT_ID:
		return dev->config.cid;
	case VMCI_HC_SET_NOTIFY_BITMAP:
		return vmci_bitmap_set(dev, payload, len);
	case VMCI_HC_DOORBELL_LINK:
		return vmci_doorbell_link(dev, payload, len);
	case VMCI_HC_DOORBELL_UNLINK:
		return vmci_doorbell_unlink(dev, payload, len);
	case VMCI_HC_DOORBELL_NOTIFY:
		return vmci_doorbell_notify(dev, payload, len);
	case VMCI_HC_EVENT_SUBSCRIBE:
	case VMCI_HC_EVENT_UNSUBSCRIBE:
		return event_subscription(payload, len);
	case VMCI_HC_QUEUEPAIR_ALLOC:
		return vmci_broker_alloc(dev, payload, len);
	case VMCI_HC_QUEUEPAIR_DETACH:
		return vmci_broker_detach(dev, payload, len);
	case VMCI_HC_DATAGRAM_REQUEST_MAP:
	case VMCI_HC_DATAGRAM_REMOVE_MAP:
		return VMCI_ERR_OBSOLETE;
	}
	return VMCI_ERR_INVALID_RESOURCE;
}
