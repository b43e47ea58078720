// SPDX-License-Identifier: GPL-2.0-only
/*
 * doorbell.c - doorbells: a callback that the other side can trigger
 *
 * The device sets a byte of the notification bitmap and raises an interrupt; the byte's index was
 * given to it when the doorbell was linked.  The scan exchanges each set byte with zero, so that a
 * ring between the look and the clearing is not lost.  Indexes are given out one each while they
 * last and shared afterwards: those that share one are all called, which a callback has to bear
 * anyway, since rings may be merged and may come from anyone.
 *
 * Locks: bells_lock for the table and the indexes; RCU for the scan.  Callbacks run in the scan,
 * with bottom halves off.  With VMCI_FLAG_DELAYED_CB, or when this machine rings its own bell, they
 * run from a work item.
 */
#include <linux/bitmap.h>
#include <linux/bottom_half.h>
#include <linux/export.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "device.h"
#include "doorbell.h"
#include "resource.h"

#define BUCKETS		64

struct doorbell {
	struct vmci_resource res;
	struct rcu_head rcu;
	struct hlist_node node;
	u32 index;
	bool delayed;
	vmci_callback cb;
	void *data;
	unsigned long rings;	/* callbacks; for people, so a race may lose one */
	struct work_struct work;
};

static struct hlist_head bells[BUCKETS];		/* by index modulo BUCKETS */
static DEFINE_MUTEX(bells_lock);
static u16 index_users[VMCI_NOTIFY_INDEXES];		/* under bells_lock */
static u32 index_end;					/* all in use are below; READ_ONCE in scan */

static struct doorbell *doorbell_get(struct vmci_handle handle)
{
	struct vmci_resource *res = vmci_resource_get(VMCI_RES_DOORBELL, handle);

	return res ? container_of(res, struct doorbell, res) : NULL;
}

/* The least used index, the lowest of several; bells_lock held. */
static u32 index_pick(void)
{
	u32 i, best = 0;

	for (i = 0; i < VMCI_NOTIFY_INDEXES; i++) {
		if (index_users[i] < index_users[best])
			best = i;
		if (!index_users[best])
			break;
	}
	return best;
}

static void doorbell_call_back(struct doorbell *db)
{
	WRITE_ONCE(db->rings, db->rings + 1);
	if (!db->delayed)
		local_bh_disable();
	db->cb(db->data);
	if (!db->delayed)
		local_bh_enable();
}

static void doorbell_work_fn(struct work_struct *work)
{
	doorbell_call_back(container_of(work, struct doorbell, work));
}

static int doorbell_link(struct vmci_dev *dev, const struct doorbell *db)
{
	struct vmci_wire_doorbell_link link = {
		.handle.cid = cpu_to_le32(db->res.handle.context),
		.handle.rid = cpu_to_le32(db->res.handle.resource),
		.index = cpu_to_le64(db->index),
	};

	if (dev)
		return vmci_dev_hypercall(dev, VMCI_HC_DOORBELL_LINK, &link, sizeof(link));
	return vmci_device_hypercall(VMCI_HC_DOORBELL_LINK, &link, sizeof(link));
}

static int doorbell_call(u32 hypercall, struct vmci_handle handle)
{
	struct vmci_wire_handle arg = {
		.cid = cpu_to_le32(handle.context),
		.rid = cpu_to_le32(handle.resource),
	};

	return vmci_device_hypercall(hypercall, &arg, sizeof(arg));
}

/* Enters a doorbell into the table, where the scan finds it. */
static void doorbell_enter(struct doorbell *db)
{
	mutex_lock(&bells_lock);
	db->index = index_pick();
	index_users[db->index]++;
	if (db->index >= index_end)
		WRITE_ONCE(index_end, db->index + 1);
	hlist_add_head_rcu(&db->node, &bells[db->index % BUCKETS]);
	mutex_unlock(&bells_lock);
}

static void doorbell_leave(struct doorbell *db)
{
	mutex_lock(&bells_lock);
	hlist_del_rcu(&db->node);
	index_users[db->index]--;
	while (index_end && !index_users[index_end - 1])
		WRITE_ONCE(index_end, index_end - 1);
	mutex_unlock(&bells_lock);
}

/* After vmci_resource_take(): waits for whoever still uses the doorbell, and frees it. */
static void doorbell_free(struct doorbell *db)
{
	doorbell_leave(db);
	vmci_resource_drain(&db->res);
	synchronize_rcu();		/* the scan */
	cancel_work_sync(&db->work);
	kfree(db);
}

/**
 * vmci_doorbell_create() - create a doorbell
 * @handle:	in: VMCI_INVALID_HANDLE, or a handle of our own context whose resource may be
 *		invalid; out: the handle
 * @flags:	0 or VMCI_FLAG_DELAYED_CB
 * @priv_flags:	within VMCI_PRIVILEGE_ALL_FLAGS; a guest has no use for them
 * @notify_cb:	called when the doorbell rings; must not sleep, unless it is delayed
 * @client_data: for @notify_cb
 *
 * Context: process.
 * Return: VMCI_SUCCESS; VMCI_ERROR_INVALID_ARGS, VMCI_ERROR_NO_RESOURCES without a context,
 * VMCI_ERROR_ALREADY_EXISTS, VMCI_ERROR_NO_MEM; what the device says.
 */
int vmci_doorbell_create(struct vmci_handle *handle, u32 flags, u32 priv_flags,
			 vmci_callback notify_cb, void *client_data)
{
	u32 own = vmci_get_context_id();
	struct doorbell *db;
	int result;

	if (!handle || !notify_cb || flags & ~VMCI_FLAG_DELAYED_CB ||
	    priv_flags & ~VMCI_PRIVILEGE_ALL_FLAGS)
		return VMCI_ERROR_INVALID_ARGS;
	if (own == VMCI_INVALID_ID)
		return VMCI_ERROR_NO_RESOURCES;
	if (handle->context != own && !vmci_handle_is_invalid(*handle))
		return VMCI_ERROR_INVALID_ARGS;
	db = kzalloc(sizeof(*db), GFP_KERNEL);
	if (!db)
		return VMCI_ERROR_NO_MEM;
	db->cb = notify_cb;
	db->data = client_data;
	db->delayed = flags & VMCI_FLAG_DELAYED_CB;
	INIT_WORK(&db->work, doorbell_work_fn);

	result = vmci_resource_add(&db->res, VMCI_RES_DOORBELL,
				   vmci_make_handle(own, handle->resource));
	if (result != VMCI_SUCCESS) {
		kfree(db);
		return result;
	}
	doorbell_enter(db);
	result = doorbell_link(NULL, db);
	if (result < VMCI_SUCCESS) {
		if (vmci_resource_take(VMCI_RES_DOORBELL, db->res.handle))
			doorbell_free(db);
		return result;
	}
	*handle = db->res.handle;
	return VMCI_SUCCESS;
}
EXPORT_SYMBOL_GPL(vmci_doorbell_create);

/**
 * vmci_doorbell_destroy() - destroy a doorbell
 * @handle:	from vmci_doorbell_create()
 *
 * Context: process, may sleep; not from the doorbell's callback, which it waits for.
 * Return: VMCI_SUCCESS, the callback does not run any more; VMCI_ERROR_NOT_FOUND.
 */
int vmci_doorbell_destroy(struct vmci_handle handle)
{
	struct vmci_resource *res = vmci_resource_take(VMCI_RES_DOORBELL, handle);

	if (!res)
		return VMCI_ERROR_NOT_FOUND;
	/* a device that is gone has forgotten the link; one that refuses rings into the void */
	(void)doorbell_call(VMCI_HC_DOORBELL_UNLINK, res->handle);
	doorbell_free(container_of(res, struct doorbell, res));
	return VMCI_SUCCESS;
}
EXPORT_SYMBOL_GPL(vmci_doorbell_destroy);

/**
 * vmci_doorbell_notify() - ring a doorbell
 * @handle:	the doorbell, ours or the host's
 * @priv_flags:	within VMCI_PRIVILEGE_ALL_FLAGS; a guest has no use for them
 *
 * Context: any.
 * Return: VMCI_SUCCESS or more; VMCI_ERROR_INVALID_ARGS; VMCI_ERROR_NOT_FOUND for one of ours that
 * does not exist; VMCI_ERROR_DEVICE_NOT_FOUND; what the device says.
 */
int vmci_doorbell_notify(struct vmci_handle handle, u32 priv_flags)
{
	struct doorbell *db;

	if (vmci_handle_is_invalid(handle) || priv_flags & ~VMCI_PRIVILEGE_ALL_FLAGS)
		return VMCI_ERROR_INVALID_ARGS;
	if (handle.context != vmci_get_context_id())
		return doorbell_call(VMCI_HC_DOORBELL_NOTIFY, handle);
	db = doorbell_get(handle);
	if (!db)
		return VMCI_ERROR_NOT_FOUND;
	queue_work(vmci_wq, &db->work);
	vmci_resource_put(&db->res);
	return VMCI_SUCCESS;
}
EXPORT_SYMBOL_GPL(vmci_doorbell_notify);

static void index_fire(u32 index)
{
	struct doorbell *db;

	rcu_read_lock();
	hlist_for_each_entry_rcu(db, &bells[index % BUCKETS], node) {
		if (db->index != index)
			continue;
		if (db->delayed)
			queue_work(vmci_wq, &db->work);
		else
			doorbell_call_back(db);
	}
	rcu_read_unlock();
}

/**
 * vmci_doorbell_scan() - find out which doorbells the device has rung
 * @bitmap:	VMCI_NOTIFY_INDEXES bytes, shared with the device
 *
 * Context: the interrupt thread.
 */
void vmci_doorbell_scan(u8 *bitmap)
{
	u32 i, end = READ_ONCE(index_end);

	for (i = 0; i < end; i++) {
		if (READ_ONCE(bitmap[i]) && xchg(&bitmap[i], 0) & VMCI_NOTIFY_PENDING)
			index_fire(i);
	}
}

/**
 * vmci_doorbell_relink() - tell a device that has been reset of the doorbells there are
 * @dev:	the device, not yet published
 *
 * Context: process.
 */
void vmci_doorbell_relink(struct vmci_dev *dev)
{
	struct doorbell *db;
	unsigned int i;

	mutex_lock(&bells_lock);
	for (i = 0; i < BUCKETS; i++) {
		hlist_for_each_entry(db, &bells[i], node) {
			if (doorbell_link(dev, db) < VMCI_SUCCESS)
				pr_warn_ratelimited("doorbell %u:%u could not be linked anew\n",
						    db->res.handle.context, db->res.handle.resource);
		}
	}
	mutex_unlock(&bells_lock);
}

/* One line for each doorbell, for debugfs. */
void vmci_doorbell_show(struct seq_file *m)
{
	struct doorbell *db;
	unsigned int i;

	mutex_lock(&bells_lock);
	for (i = 0; i < BUCKETS; i++) {
		hlist_for_each_entry(db, &bells[i], node)
			seq_printf(m, "%u:%u index %u%s rings %lu\n", db->res.handle.context,
				   db->res.handle.resource, db->index,
				   db->delayed ? " delayed" : "", READ_ONCE(db->rings));
	}
	mutex_unlock(&bells_lock);
}
