// SPDX-License-Identifier: GPL-2.0-only
/*
 * budget.c - who may use how much of the memory for queue pairs
 *
 * A connection that a program without CAP_NET_ADMIN makes is charged to the user of its socket: all
 * of a user's together stay within user_percent of the memory.  The last reserve_percent are not for
 * them at all: they are for privileged programs, and for connections that the host makes, so that an
 * administrator's tools and the host's services still get through when programs use up the rest.
 * What an accepted connection of this kernel needs is its client's.
 *
 * A charge is taken before the memory is (vsk_budget_take()), and given back after it.  Between the
 * charge and the allocation, bytes are `under_way`: vmci does not count them yet.
 *
 * Locks: budget_lock for all of it; a socket's charge belongs to its socket lock.
 */
#include <linux/hashtable.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "vsock.h"

static unsigned int user_percent = 50;
module_param(user_percent, uint, 0644);
MODULE_PARM_DESC(user_percent, "memory for queues that one user without CAP_NET_ADMIN may use (default: 50)");

static unsigned int reserve_percent = 3;
module_param(reserve_percent, uint, 0644);
MODULE_PARM_DESC(reserve_percent, "memory for queues kept for CAP_NET_ADMIN and the host (default: 3)");

struct vsk_user {
	struct hlist_node node;
	kuid_t uid;
	u64 bytes;			/* never 0 while in the table */
};

static DEFINE_SPINLOCK(budget_lock);
static DEFINE_HASHTABLE(users, 6);
static u64 under_way;

static struct vsk_user *user_find(kuid_t uid)
{
	struct vsk_user *user;

	hash_for_each_possible(users, user, node, __kuid_val(uid)) {
		if (uid_eq(user->uid, uid))
			return user;
	}
	return NULL;
}

/* budget_lock held */
static bool fits(const struct vsk_user *user, u64 bytes)
{
	u64 limit, used = vmci_qpair_memory(&limit) + under_way;
	u64 mine = user ? user->bytes : 0;

	return vsk_budget_fits(bytes, mine, vsk_percent(limit, READ_ONCE(user_percent))) &&
	       vsk_budget_fits(bytes, used,
			       limit - vsk_percent(limit, READ_ONCE(reserve_percent)));
}

/*
 * vsk_budget_take() - may this socket make a queue pair of so many bytes?  Then it is charged.
 *
 * Return: 0; -ENOBUFS; -ENOMEM.
 * Context: process; the socket lock is held.
 */
int vsk_budget_take(struct vsk_sock *vsk, u64 bytes)
{
	kuid_t uid = sk_uid(&vsk->sk);
	struct vsk_user *user, *spare;
	int err = -ENOBUFS;

	if (vsk->trusted)
		return 0;
	spare = kzalloc(sizeof(*spare), GFP_KERNEL);
	if (!spare)
		return -ENOMEM;
	spin_lock(&budget_lock);
	user = user_find(uid);
	if (fits(user, bytes)) {
		if (!user) {
			swap(user, spare);
			user->uid = uid;
			hash_add(users, &user->node, __kuid_val(uid));
		}
		user->bytes += bytes;
		under_way += bytes;
		vsk->user = user;
		vsk->charge = bytes;
		err = 0;
	}
	spin_unlock(&budget_lock);
	kfree(spare);
	if (err)
		atomic_long_inc(&vsk_stats.over_budget);
	return err;
}

/* The memory has been allocated, or not: vmci counts it now, or nobody. */
void vsk_budget_settle(struct vsk_sock *vsk)
{
	spin_lock(&budget_lock);
	under_way -= vsk->charge;
	spin_unlock(&budget_lock);
}

/* The memory has been given back.  Nothing happens to who was not charged. */
void vsk_budget_give(struct vsk_sock *vsk)
{
	struct vsk_user *user = vsk->user;

	if (!user)
		return;
	spin_lock(&budget_lock);
	user->bytes -= vsk->charge;
	if (user->bytes)
		user = NULL;
	else
		hash_del(&user->node);
	spin_unlock(&budget_lock);
	kfree(user);
	vsk->user = NULL;
	vsk->charge = 0;
}
