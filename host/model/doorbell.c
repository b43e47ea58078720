/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doorbell.c - doorbells of both sides and the notification bitmap
 *
 * The guest gives one page as "bitmap", in fact a byte for each index, and links its doorbells to
 * indexes in it; several may share one.  Ringing sets bit 0 of the byte and raises NOTIFICATION. 
 * The guest clears bytes whenever it likes, so the bit is set by one atomic operation.
 * A doorbell of the host is a callback.  Only the guest's own and the host's can be rung.
 * The page is kept as an address and looked up each time it is used.
 */
#include "host/model/vmci_dev.h"

#include <errno.h>
#include <stdlib.h>

static struct guest_doorbell *guest_doorbell_find(struct vmci_dev *dev, uint32_t rid)
{
	struct guest_doorbell *d;

	LIST_FOREACH(d, &dev->guest_doorbells[rid % VMCI_DOORBELL_BUCKETS], link)
		if (d->rid == rid)
			return d;
	return NULL;
}

static struct host_doorbell *host_doorbell_find(struct vmci_dev *dev, uint32_t rid)
{
	struct host_doorbell *d;

	LIST_FOREACH(d, &dev->host_doorbells, link)
		if (d->rid == rid)
			return d;
	return NULL;
}

int vmci_bitmap_set(struct vmci_dev *dev, const void *payload, size_t len)
{
	const struct vmci_wire_notify_bitmap *msg = payload;
	uint64_t ppn;
	void *page;
	int err;

	if (len < sizeof(*msg) || dev->page_shift != VMCI_WIRE_PAGE_SHIFT)
		return VMCI_ERR_INVALID_ARGS;
	ppn = le64toh(msg->ppn);
	if (!vmci_ppn64(dev))
		ppn = (uint32_t)ppn;
	if (ppn > UINT64_MAX >> VMCI_WIRE_PAGE_SHIFT)
		return VMCI_ERR_INVALID_ARGS;
	err = gmem_ptr(dev->mem, ppn << VMCI_WIRE_PAGE_SHIFT, VMCI_WIRE_PAGE_SIZE, true, &page);
	if (err) {
		vmci_bad_memory(dev, err);
		return VMCI_ERR_INVALID_ARGS;
	}
	dev->bitmap_gpa = ppn << VMCI_WIRE_PAGE_SHIFT;
	dev->bitmap_set = true;
	return VMCI_SUCCESS;
}

int vmci_doorbell_link(struct vmci_dev *dev, const void *payload, size_t len)
{
	const struct vmci_wire_doorbell_link *msg = payload;
	struct guest_doorbell *d;
	struct vmci_handle handle;

	if (len < sizeof(*msg))
		return VMCI_ERR_INVALID_ARGS;
	handle = handle_get(msg->handle);
	if (handle.rid == VMCI_INVALID_ID || le64toh(msg->index) >= VMCI_NOTIFY_INDEXES)
		return VMCI_ERR_INVALID_ARGS;
	if (handle.cid != dev->config.cid)
		return VMCI_ERR_NO_ACCESS;
	if (guest_doorbell_find(dev, handle.rid))
		return VMCI_ERR_DUPLICATE_ENTRY;
	if (dev->guest_doorbell_count == VMCI_DOORBELLS_MAX)
		return VMCI_ERR_NO_RESOURCES;
	d = calloc(1, sizeof(*d));
	if (!d)
		return VMCI_ERR_NO_MEM;
	d->rid = handle.rid;
	d->index = (uint32_t)le64toh(msg->index);
	LIST_INSERT_HEAD(&dev->guest_doorbells[d->rid % VMCI_DOORBELL_BUCKETS], d, link);
	dev->guest_doorbell_count++;
	return VMCI_SUCCESS;
}

static void guest_doorbell_drop(struct vmci_dev *dev, struct guest_doorbell *d)
{
	LIST_REMOVE(d, link);
	dev->guest_doorbell_count--;
	free(d);
}

int vmci_doorbell_unlink(struct vmci_dev *dev, const void *payload, size_t len)
{
	const struct vmci_wire_handle *msg = payload;
	struct guest_doorbell *d;
	struct vmci_handle handle;

	if (len < sizeof(*msg))
		return VMCI_ERR_INVALID_ARGS;
	handle = handle_get(*msg);
	if (handle.cid != dev->config.cid)
		return VMCI_ERR_NO_ACCESS;
	d = guest_doorbell_find(dev, handle.rid);
	if (!d)
		return VMCI_ERR_NOT_FOUND;
	guest_doorbell_drop(dev, d);
	return VMCI_SUCCESS;
}

int vmci_doorbell_ring(struct vmci_dev *dev, uint32_t rid)
{
	struct guest_doorbell *d = guest_doorbell_find(dev, rid);
	void *byte;
	int err;

	if (!d)
		return -ENOENT;
	if (!dev->bitmap_set)
		return -ENOTCONN;
	err = gmem_ptr(dev->mem, dev->bitmap_gpa + d->index, 1, true, &byte);
	if (err) {
		vmci_bad_memory(dev, err);
		return -EFAULT;
	}
	__atomic_fetch_or((uint8_t *)byte, VMCI_NOTIFY_PENDING, __ATOMIC_SEQ_CST);
	vmci_raise(dev, VMCI_ICR_NOTIFICATION);
	return 0;
}

int vmci_doorbell_notify(struct vmci_dev *dev, const void *payload, size_t len)
{
	const struct vmci_wire_handle *msg = payload;
	struct host_doorbell *d;
	struct vmci_handle handle;

	if (len < sizeof(*msg))
		return VMCI_ERR_INVALID_ARGS;
	handle = handle_get(*msg);
	if (handle.cid == dev->config.cid) {
		switch (vmci_doorbell_ring(dev, handle.rid)) {
		case 0:
			return VMCI_SUCCESS;
		case -ENOENT:
			return VMCI_ERR_NOT_FOUND;
		default:
			return VMCI_ERR_UNAVAILABLE;
		}
	}
	if (handle.cid != VMCI_CID_HOST)
		return VMCI_ERR_DST_UNREACHABLE;
	d = host_doorbell_find(dev, handle.rid);
	if (!d)
		return VMCI_ERR_NOT_FOUND;
	d->fn(d->data, handle.rid);
	return VMCI_SUCCESS;
}

int vmci_doorbell_add(struct vmci_dev *dev, uint32_t rid, vmci_doorbell_fn fn, void *data)
{
	struct host_doorbell *d;

	if (host_doorbell_find(dev, rid))
		return -EEXIST;
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->rid = rid;
	d->fn = fn;
	d->data = data;
	LIST_INSERT_HEAD(&dev->host_doorbells, d, link);
	return 0;
}

void vmci_doorbell_remove(struct vmci_dev *dev, uint32_t rid)
{
	struct host_doorbell *d = host_doorbell_find(dev, rid);

	if (!d)
		return;
	LIST_REMOVE(d, link);
	free(d);
}

void vmci_doorbell_reset(struct vmci_dev *dev)
{
	struct guest_doorbell *d;
	unsigned int i;

	dev->bitmap_set = false;
	for (i = 0; i < VMCI_DOORBELL_BUCKETS; i++)
		while ((d = LIST_FIRST(&dev->guest_doorbells[i])))
			guest_doorbell_drop(dev, d);
}

void vmci_doorbell_free_all(struct vmci_dev *dev)
{
	struct host_doorbell *d;

	vmci_doorbell_reset(dev);
	while ((d = LIST_FIRST(&dev->host_doorbells))) {
		LIST_REMOVE(d, link);
		free(d);
	}
}
