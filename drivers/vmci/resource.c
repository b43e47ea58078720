// SPDX-License-Identifier: GPL-2.0-only
/*
 * resource.c - the table of handles
 *
 * A handle is {context, resource} and names one datagram endpoint, one doorbell and one queue pair:
 * the key is (type, resource, context), where a context of VMCI_INVALID_ID in the table stands for
 * any.  The hash goes by the resource id alone, so that one bucket answers both kinds of lookup.
 *
 * Life of an entry: add -> (get, put)* -> take -> drain -> freed by its owner after a grace period.
 * take removes it from the table, so of several that destroy one handle exactly one succeeds; drain
 * gives the table's reference back and waits for the others.
 * Locks: table_lock for writers, RCU for readers.
 */
#include <linux/hash.h>
#include <linux/rculist.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>

#include "resource.h"

#define TABLE_BITS	10	/* 8 queue pairs in a bucket when there are as many as there may be */

static struct hlist_head table[1 << TABLE_BITS];
static DEFINE_SPINLOCK(table_lock);
static u32 next_rid = VMCI_RESERVED_RESOURCE_ID_MAX + 1;	/* under table_lock */

static struct hlist_head *bucket(u32 rid)
{
	return &table[hash_32(rid, TABLE_BITS)];
}

static bool contexts_match(u32 a, u32 b)
{
	return a == b || a == VMCI_INVALID_ID || b == VMCI_INVALID_ID;
}

/* table_lock or rcu_read_lock() held. */
static struct vmci_resource *find(enum vmci_resource_type type, struct vmci_handle handle)
{
	struct vmci_resource *res;

	hlist_for_each_entry_rcu(res, bucket(handle.resource), node,
				 lockdep_is_held(&table_lock)) {
		if (res->type == type && res->handle.resource == handle.resource &&
		    contexts_match(res->handle.context, handle.context))
			return res;
	}
	return NULL;
}

/* A resource id that is free for the type; table_lock held.  There are far fewer entries than ids. */
static u32 pick_rid(enum vmci_resource_type type, u32 cid)
{
	u32 rid;

	do {
		rid = next_rid++;
		if (next_rid == VMCI_INVALID_ID)
			next_rid = VMCI_RESERVED_RESOURCE_ID_MAX + 1;
	} while (find(type, vmci_make_handle(cid, rid)));
	return rid;
}

/**
 * vmci_resource_add() - enter a resource under a handle
 * @res:	zeroed memory of the caller's
 * @type:	what it is
 * @want:	the handle; with a resource of VMCI_INVALID_ID a free one is picked
 *
 * Context: process.
 * Return: VMCI_SUCCESS, res->handle is set; VMCI_ERROR_ALREADY_EXISTS.
 */
int vmci_resource_add(struct vmci_resource *res, enum vmci_resource_type type,
		      struct vmci_handle want)
{
	int result = VMCI_SUCCESS;

	kref_init(&res->ref);
	init_completion(&res->drained);
	res->type = type;

	spin_lock(&table_lock);
	if (want.resource == VMCI_INVALID_ID)
		want.resource = pick_rid(type, want.context);
	else if (find(type, want))
		result = VMCI_ERROR_ALREADY_EXISTS;
	res->handle = want;
	if (result == VMCI_SUCCESS)
		hlist_add_head_rcu(&res->node, bucket(want.resource));
	spin_unlock(&table_lock);
	return result;
}

/**
 * vmci_resource_get() - find a resource and hold it
 * @type:	what it must be
 * @handle:	its name
 *
 * Context: any.
 * Return: the resource, to be given back by vmci_resource_put(); NULL when there is none.
 */
struct vmci_resource *vmci_resource_get(enum vmci_resource_type type, struct vmci_handle handle)
{
	struct vmci_resource *res;

	rcu_read_lock();
	res = find(type, handle);
	if (res && !kref_get_unless_zero(&res->ref))
		res = NULL;
	rcu_read_unlock();
	return res;
}

static void resource_release(struct kref *ref)
{
	complete(&container_of(ref, struct vmci_resource, ref)->drained);
}

void vmci_resource_put(struct vmci_resource *res)
{
	kref_put(&res->ref, resource_release);
}

bool vmci_resource_exists(enum vmci_resource_type type, struct vmci_handle handle)
{
	bool exists;

	rcu_read_lock();
	exists = find(type, handle);
	rcu_read_unlock();
	return exists;
}

/**
 * vmci_resource_take() - take a resource out of the table
 * @type:	what it must be
 * @handle:	its name
 *
 * Context: process.
 * Return: the resource, which only the caller can reach anew; NULL when there is none.
 */
struct vmci_resource *vmci_resource_take(enum vmci_resource_type type, struct vmci_handle handle)
{
	struct vmci_resource *res;

	spin_lock(&table_lock);
	res = find(type, handle);
	if (res)
		hlist_del_rcu(&res->node);
	spin_unlock(&table_lock);
	return res;
}

/**
 * vmci_resource_drain() - wait until nobody holds a resource that was taken
 * @res:	from vmci_resource_take()
 *
 * RCU readers may still look at it: its memory needs a grace period.
 * Context: process, may sleep.
 */
void vmci_resource_drain(struct vmci_resource *res)
{
	vmci_resource_put(res);
	wait_for_completion(&res->drained);
}

/* One line for each handle, for debugfs. */
void vmci_resource_show(struct seq_file *m)
{
	static const char * const types[] = {
		[VMCI_RES_DATAGRAM] = "datagram",
		[VMCI_RES_DOORBELL] = "doorbell",
		[VMCI_RES_QPAIR] = "qpair",
	};
	struct vmci_resource *res;
	unsigned int i;

	rcu_read_lock();
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		hlist_for_each_entry_rcu(res, &table[i], node)
			seq_printf(m, "%-8s %10d:%u\n", types[res->type], (int)res->handle.context,
				   res->handle.resource);
	}
	rcu_read_unlock();
}
