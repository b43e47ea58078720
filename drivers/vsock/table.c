/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * table.c - who is bound, who is connected, whose queue pair is that
 *
 * Three hash tables.  Readers go under RCU without a lock, because every READ and WROTE packet looks
 * up a connection.  Writers hold the table's spinlock.  A socket may leave a table and enter it
 * again at another place while a reader stands on it; the reader is then led into another chain and
 * may miss what it looks for.  Therefore a miss is only believed after a second look under the lock.
 */
#include <linux/hash.h>
#include <linux/jhash.h>
#include <linux/random.h>
#include <linux/rculist.h>

#include "vsock.h"

#define BOUND_BITS	12
#define CONN_BITS	12
#define QP_BITS		12

struct vsk_table {
	spinlock_t lock;	/* writers */
	struct hlist_head *heads;
};

static struct hlist_head stream_heads[1 << BOUND_BITS];
static struct hlist_head dgram_heads[1 << BOUND_BITS];
static struct hlist_head conn_heads[1 << CONN_BITS];
static struct hlist_head qp_heads[1 << QP_BITS];

static struct vsk_table stream_table = {
	.lock = __SPIN_LOCK_UNLOCKED(stream_table.lock), .heads = stream_heads,
};
static struct vsk_table dgram_table = {
	.lock = __SPIN_LOCK_UNLOCKED(dgram_table.lock), .heads = dgram_heads,
};
static struct vsk_table conn_table = {
	.lock = __SPIN_LOCK_UNLOCKED(conn_table.lock), .heads = conn_heads,
};
static struct vsk_table qp_table = {
	.lock = __SPIN_LOCK_UNLOCKED(qp_table.lock), .heads = qp_heads,
};

static u32 hash_seed;

void vsk_table_init(void)
{
	hash_seed = get_random_u32();
}

static struct vsk_sock *get_live(struct vsk_sock *vsk)
{
	return vsk && refcount_inc_not_zero(&vsk->sk.sk_refcnt) ? vsk : NULL;
}

/* ---- bound sockets: (type, port), with the context id as a filter ------------------------ */

static struct vsk_table *bound_table(int type)
{
	return type == SOCK_STREAM ? &stream_table : &dgram_table;
}

static struct hlist_head *bound_head(struct vsk_table *table, u32 port)
{
	return &table->heads[jhash_1word(port, hash_seed) >> (32 - BOUND_BITS)];
}

int vsk_bound_add(struct vsk_sock *vsk)
{
	struct vsk_table *table = bound_table(vsk->sk.sk_type);
	struct hlist_head *head = bound_head(table, vsk->local.port);
	struct vsk_sock *other;
	int err = 0;

	spin_lock_bh(&table->lock);
	hlist_for_each_entry(other, head, bound_node) {
		if (other->local.port == vsk->local.port &&
		    vsk_cids_clash(other->local.cid, vsk->local.cid)) {
			err = -EADDRINUSE;
			break;
		}
	}
	if (!err)
		hlist_add_head_rcu(&vsk->bound_node, head);
	spin_unlock_bh(&table->lock);
	return err;
}

void vsk_bound_del(struct vsk_sock *vsk)
{
	struct vsk_table *table = bound_table(vsk->sk.sk_type);

	spin_lock_bh(&table->lock);
	hlist_del_init_rcu(&vsk->bound_node);
	spin_unlock_bh(&table->lock);
}

static struct vsk_sock *bound_look(struct hlist_head *head, u32 cid, u32 port)
{
	struct vsk_sock *vsk;

	hlist_for_each_entry_rcu(vsk, head, bound_node) {
		if (vsk->local.port == port && vsk_cid_reaches(vsk->local.cid, cid))
			return get_live(vsk);
	}
	return NULL;
}

struct vsk_sock *vsk_bound_find(int type, u32 cid, u32 port)
{
	struct vsk_table *table = bound_table(type);
	struct hlist_head *head = bound_head(table, port);
	struct vsk_sock *vsk;

	rcu_read_lock();
	vsk = bound_look(head, cid, port);
	if (!vsk) {
		spin_lock_bh(&table->lock);
		vsk = bound_look(head, cid, port);
		spin_unlock_bh(&table->lock);
	}
	rcu_read_unlock();
	return vsk;
}

/* ---- connections: (local port, remote address, inside this kernel or not) ---------------- */

static struct hlist_head *conn_head(u32 local_port, struct vsk_addr remote)
{
	return &conn_heads[jhash_3words(local_port, remote.cid, remote.port, hash_seed) >>
			   (32 - CONN_BITS)];
}

static bool conn_is(const struct vsk_sock *vsk, u32 local_port, struct vsk_addr remote, bool loop)
{
	return vsk->local.port == local_port && vsk->remote.cid == remote.cid &&
	       vsk->remote.port == remote.port && vsk->loop == loop;
}

static struct vsk_sock *conn_look(struct hlist_head *head, u32 local_port, struct vsk_addr remote,
				  bool loop)
{
	struct vsk_sock *vsk;

	hlist_for_each_entry_rcu(vsk, head, conn_node) {
		if (conn_is(vsk, local_port, remote, loop))
			return get_live(vsk);
	}
	return NULL;
}

int vsk_conn_add(struct vsk_sock *vsk)
{
	struct hlist_head *head = conn_head(vsk->local.port, vsk->remote);
	struct vsk_sock *other;
	int err = 0;

	spin_lock_bh(&conn_table.lock);
	hlist_for_each_entry(other, head, conn_node) {
		if (conn_is(other, vsk->local.port, vsk->remote, vsk->loop)) {
			err = -EADDRINUSE;
			break;
		}
	}
	if (!err)
		hlist_add_head_rcu(&vsk->conn_node, head);
	spin_unlock_bh(&conn_table.lock);
	return err;
}

void vsk_conn_del(struct vsk_sock *vsk)
{
	spin_lock_bh(&conn_table.lock);
	hlist_del_init_rcu(&vsk->conn_node);
	spin_unlock_bh(&conn_table.lock);
}

struct vsk_sock *vsk_conn_find(u32 local_port, struct vsk_addr remote, bool loop)
{
	struct hlist_head *head = conn_head(local_port, remote);
	struct vsk_sock *vsk;

	rcu_read_lock();
	vsk = conn_look(head, local_port, remote, loop);
	if (!vsk) {
		spin_lock_bh(&conn_table.lock);
		vsk = conn_look(head, local_port, remote, loop);
		spin_unlock_bh(&conn_table.lock);
	}
	rcu_read_unlock();
	return vsk;
}

/*
 * vsk_conn_mail() - leave something in the inbox of a connection
 * @fn: does it, in atomic context with the table's lock held; false: the connection is over, and
 *	leaves the table
 *
 * Who takes a connection out of the table knows that nothing more is left for it.
 * Return: whether there is such a connection, and @fn took what came.
 */
bool vsk_conn_mail(u32 local_port, struct vsk_addr remote, bool loop,
		   bool (*fn)(struct vsk_sock *vsk, const struct vsk_packet *p),
		   const struct vsk_packet *p)
{
	struct vsk_sock *vsk;
	bool taken = false;

	spin_lock_bh(&conn_table.lock);
	hlist_for_each_entry(vsk, conn_head(local_port, remote), conn_node) {
		if (!conn_is(vsk, local_port, remote, loop))
			continue;
		taken = fn(vsk, p);
		if (!taken)
			hlist_del_init_rcu(&vsk->conn_node);
		break;
	}
	spin_unlock_bh(&conn_table.lock);
	return taken;
}

void vsk_conn_for_each(void (*fn)(struct vsk_sock *vsk))
{
	struct vsk_sock *vsk;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(conn_heads); i++) {
		spin_lock_bh(&conn_table.lock);
		hlist_for_each_entry(vsk, &conn_heads[i], conn_node)
			fn(vsk);
		spin_unlock_bh(&conn_table.lock);
	}
}

/*
 * vsk_table_visit() - each socket of a bucket, bound ones and then connections
 * @fn:	must not sleep; NULL only asks whether there is such a bucket
 *
 * A client is bound and connected, and visited as a connection only.
 * Return: false when there is no such bucket.
 */
bool vsk_table_visit(unsigned int bucket, void (*fn)(struct vsk_sock *vsk, void *data), void *data)
{
	struct vsk_sock *vsk;

	if (bucket >= (1u << CONN_BITS))
		return false;
	if (!fn)
		return true;
	rcu_read_lock();
	if (bucket < (1u << BOUND_BITS)) {
		hlist_for_each_entry_rcu(vsk, &stream_heads[bucket], bound_node) {
			if (hlist_unhashed_lockless(&vsk->conn_node))
				fn(vsk, data);
		}
		hlist_for_each_entry_rcu(vsk, &dgram_heads[bucket], bound_node)
			fn(vsk, data);
	}
	hlist_for_each_entry_rcu(vsk, &conn_heads[bucket], conn_node)
		fn(vsk, data);
	rcu_read_unlock();
	return true;
}

/* ---- queue pairs with another context ----------------------------------------------------- */

static struct hlist_head *qp_head(struct vmci_handle handle)
{
	return &qp_heads[jhash_2words(handle.context, handle.resource, hash_seed) >> (32 - QP_BITS)];
}

void vsk_qp_add(struct vsk_sock *vsk)
{
	spin_lock_bh(&qp_table.lock);
	hlist_add_head_rcu(&vsk->qp_node, qp_head(vsk->qp_handle));
	spin_unlock_bh(&qp_table.lock);
}

void vsk_qp_del(struct vsk_sock *vsk)
{
	spin_lock_bh(&qp_table.lock);
	hlist_del_init_rcu(&vsk->qp_node);
	spin_unlock_bh(&qp_table.lock);
}

/* Calls fn, in atomic context with the table's lock held, for the connection with this queue pair. */
void vsk_qp_mail(struct vmci_handle handle, void (*fn)(struct vsk_sock *vsk))
{
	struct vsk_sock *vsk;

	spin_lock_bh(&qp_table.lock);
	hlist_for_each_entry(vsk, qp_head(handle), qp_node) {
		if (vmci_handle_is_equal(vsk->qp_handle, handle)) {
			fn(vsk);
			break;
		}
	}
	spin_unlock_bh(&qp_table.lock);
}
