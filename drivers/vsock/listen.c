/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * listen.c - listeners: requests, children, accept(2)
 *
 * A REQUEST is kept by its listener until the listener's work item makes a child of it: a socket of
 * its own in TCP_SYN_RECV, in the connection table from the start, so that the rest of the
 * handshake does not pass through the listener.  The child is on `pending` until OFFER has come,
 * then on `ready` until accept(2) takes it.
 *
 * sk_ack_backlog counts the children on both lists and nothing else: whoever puts one on or takes one
 * off changes the count in the same hold of accept_lock.  Whoever takes one off owns the lists'
 * reference of it.  A peer that asks and never offers costs a place for VSOCK_PENDING_TIMEOUT_MS.
 */
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "vsock.h"

#define REQUESTS_MAX	1024	/* that wait for the work item; beyond it they get RST */

struct vsk_request {
	struct list_head node;
	struct vsk_packet packet;
};

static void request_refuse(const struct vsk_packet *request)
{
	struct vsk_packet reset = {
		.type = VSOCK_PKT_RST,
		.loop = request->loop,
		.src = request->dst,
		.dst = request->src,
	};

	atomic_long_inc(&vsk_stats.requests_refused);
	vsk_packet_send(&reset);
}

/*
 * vsk_listen_arrived() - a REQUEST or REQUEST2 for a listener
 *
 * Context: atomic; the caller holds a reference.
 */
void vsk_listen_arrived(struct vsk_sock *vsk, const struct vsk_packet *packet)
{
	struct vsk_request *request = kmalloc(sizeof(*request), GFP_ATOMIC);
	bool taken = false;

	if (request) {
		request->packet = *packet;
		spin_lock_bh(&vsk->accept_lock);
		if (vsk->listening && vsk->request_count < REQUESTS_MAX) {
			list_add_tail(&request->node, &vsk->requests);
			vsk->request_count++;
			taken = true;
		}
		spin_unlock_bh(&vsk->accept_lock);
	}
	if (taken) {
		vsk_work_queue(vsk);
	} else {
		kfree(request);
		request_refuse(packet);
	}
}

/* ---- children ----------------------------------------------------------------------------- */

/* Takes a place in the backlog and puts the child on it. */
static bool child_list(struct vsk_sock *vsk, struct vsk_sock *child)
{
	bool listed = false;

	spin_lock_bh(&vsk->accept_lock);
	if (vsk->listening && !sk_acceptq_is_full(&vsk->sk)) {
		sk_acceptq_added(&vsk->sk);
		list_add_tail(&child->child_node, &vsk->pending);
		listed = true;
	}
	spin_unlock_bh(&vsk->accept_lock);
	return listed;
}

/* The first child of a list; the caller owns the lists' reference. */
static struct vsk_sock *child_pop(struct vsk_sock *vsk, struct list_head *list)
{
	struct vsk_sock *child;

	spin_lock_bh(&vsk->accept_lock);
	child = list_first_entry_or_null(list, struct vsk_sock, child_node);
	if (child) {
		list_del_init(&child->child_node);
		sk_acceptq_removed(&vsk->sk);
	}
	spin_unlock_bh(&vsk->accept_lock);
	return child;
}

/*
 * vsk_child_unlist() - take a child off its listener's lists
 *
 * Return: whether it was on one; the caller then owns the lists' reference.
 * Context: the child's lock is held.
 */
bool vsk_child_unlist(struct vsk_sock *child)
{
	struct vsk_sock *vsk = child->listener;
	bool listed;

	if (!vsk)
		return false;
	spin_lock_bh(&vsk->accept_lock);
	listed = !list_empty(&child->child_node);
	if (listed) {
		list_del_init(&child->child_node);
		sk_acceptq_removed(&vsk->sk);
	}
	spin_unlock_bh(&vsk->accept_lock);
	return listed;
}

/* The handshake is complete: accept(2) may have the child.  The child's lock is held. */
void vsk_child_ready(struct vsk_sock *child)
{
	struct vsk_sock *vsk = child->listener;
	bool listed;

	spin_lock_bh(&vsk->accept_lock);
	listed = !list_empty(&child->child_node);
	if (listed)
		list_move_tail(&child->child_node, &vsk->ready);
	spin_unlock_bh(&vsk->accept_lock);
	if (listed)
		vsk->sk.sk_data_ready(&vsk->sk);
}

/* What nobody will accept.  The caller owns the lists' reference. */
static void child_kill(struct vsk_sock *child)
{
	struct sock *sk = &child->sk;

	lock_sock(sk);
	vsk_conn_close(child, sk->sk_state == TCP_SYN_RECV);
	release_sock(sk);
	sock_put(sk);
}

/* ---- requests ----------------------------------------------------------------------------- */

static struct vsk_sock *child_new(struct vsk_sock *vsk, const struct vsk_packet *p)
{
	struct sock *parent = &vsk->sk;
	struct vsk_sock *child;
	struct sock *sk;

	sk = vsk_sock_new(sock_net(parent), NULL, parent->sk_family, SOCK_STREAM, 0, vsk);
	if (!sk)
		return NULL;
	child = vsk_sk(sk);
	child->local = p->dst;
	child->remote = p->src;
	child->loop = p->loop;
	child->qp_size = vsk_queue_fit(vsk, vsk_size_negotiate(p->size, vsk->sizes.min,
							       vsk->sizes.max, vsk->sizes.size));
	child->proto = p->type == VSOCK_PKT_REQUEST2 ? vsk_proto_choose(p->proto) :
						       VSOCK_PROTO_NONE;
	vsk_state_set(child, TCP_SYN_RECV);
	sock_hold(parent);
	child->listener = vsk;
	return child;
}

/* Answers for the child; from here on its own inbox and timer move it. */
static int child_answer(struct vsk_sock *child, const struct vsk_packet *p)
{
	int err = vsk_conn_add(child);

	if (err) {
		/* A duplicate: the first one is being answered. */
		atomic_long_inc(&vsk_stats.unexpected);
		return err;
	}
	vsk_conn_arm(child, msecs_to_jiffies(VSOCK_PENDING_TIMEOUT_MS));
	return vsk_conn_send(child, (struct vsk_packet){
		.type = p->type == VSOCK_PKT_REQUEST2 ? VSOCK_PKT_NEGOTIATE2 : VSOCK_PKT_NEGOTIATE,
		.size = child->qp_size,
		.proto = child->proto,
	});
}

static void request_handle(struct vsk_sock *vsk, const struct vsk_packet *p)
{
	struct vsk_sock *child = NULL;
	bool dead = false;

	if (p->size && (p->type == VSOCK_PKT_REQUEST || vsk_proto_choose(p->proto)) &&
	    !sk_acceptq_is_full(&vsk->sk))
		child = child_new(vsk, p);
	if (!child) {
		request_refuse(p);
		return;
	}
	sock_hold(&child->sk);			/* the lists' and ours */
	if (!child_list(vsk, child)) {
		request_refuse(p);
		sock_put(&child->sk);
		goto out;
	}
	lock_sock_nested(&child->sk, SINGLE_DEPTH_NESTING);
	/* The listener may have been closed, and the child with it. */
	if (child->sk.sk_state == TCP_SYN_RECV && child_answer(child, p)) {
		vsk_conn_close(child, false);
		dead = vsk_child_unlist(child);
	}
	release_sock(&child->sk);
	if (dead)
		sock_put(&child->sk);
out:
	sock_put(&child->sk);
}

/* The work item of a listener, with its socket lock held. */
void vsk_listen_work(struct vsk_sock *vsk)
{
	struct vsk_request *request, *next;
	LIST_HEAD(requests);

	spin_lock_bh(&vsk->accept_lock);
	list_splice_init(&vsk->requests, &requests);
	vsk->request_count = 0;
	spin_unlock_bh(&vsk->accept_lock);
	list_for_each_entry_safe(request, next, &requests, node) {
		request_handle(vsk, &request->packet);
		kfree(request);
	}
}

/* ---- listen(2), accept(2), close(2) -------------------------------------------------------- */

int vsk_listen(struct socket *sock, int backlog)
{
	struct sock *sk = sock->sk;
	struct vsk_sock *vsk = vsk_sk(sk);
	int err = 0;

	lock_sock(sk);
	if (sock->state != SS_UNCONNECTED || vsk->local.port == VSK_PORT_ANY) {
		err = -EINVAL;
		goto out;
	}
	sk->sk_max_ack_backlog = backlog;
	if (sk->sk_state != TCP_LISTEN)
		vsk_state_set(vsk, TCP_LISTEN);
	spin_lock_bh(&vsk->accept_lock);
	WRITE_ONCE(vsk->listening, true);
	spin_unlock_bh(&vsk->accept_lock);
out:
	release_sock(sk);
	return err;
}

bool vsk_listen_ready(struct vsk_sock *vsk)
{
	return !list_empty_careful(&vsk->ready);
}

/* Ends a listener: nothing comes in any more, and what is there goes. */
void vsk_listen_stop(struct vsk_sock *vsk)
{
	struct vsk_request *request, *next;
	struct vsk_sock *child;
	LIST_HEAD(requests);

	spin_lock_bh(&vsk->accept_lock);
	WRITE_ONCE(vsk->listening, false);
	list_splice_init(&vsk->requests, &requests);
	vsk->request_count = 0;
	spin_unlock_bh(&vsk->accept_lock);
	list_for_each_entry_safe(request, next, &requests, node) {
		request_refuse(&request->packet);
		kfree(request);
	}
	/* Pending ones first: a child can still move from there to ready, but never back. */
	while ((child = child_pop(vsk, &vsk->pending)) || (child = child_pop(vsk, &vsk->ready)))
		child_kill(child);
}

/* Waits for a child to accept; the listener's lock is held and given up meanwhile. */
static struct vsk_sock *accept_wait(struct vsk_sock *vsk, long timeo, int *ret_err)
{
	struct sock *sk = &vsk->sk;
	struct vsk_sock *child;
	DEFINE_WAIT(wait);

	for (;;) {
		*ret_err = -EINVAL;
		if (sk->sk_state != TCP_LISTEN)
			return NULL;
		child = child_pop(vsk, &vsk->ready);
		if (child)
			return child;
		*ret_err = -EAGAIN;
		if (!timeo)
			return NULL;
		*ret_err = sock_intr_errno(timeo);
		if (signal_pending(current))
			return NULL;
		prepare_to_wait_exclusive(sk_sleep(sk), &wait, TASK_INTERRUPTIBLE);
		release_sock(sk);
		if (!vsk_listen_ready(vsk))
			timeo = schedule_timeout(timeo);
		finish_wait(sk_sleep(sk), &wait);
		lock_sock(sk);
	}
}

int vsk_accept(struct socket *sock, struct socket *newsock, VMT_ACCEPT_ARGS)
{
	struct sock *sk = sock->sk;
	struct vsk_sock *child;
	int err;

	lock_sock(sk);
	child = accept_wait(vsk_sk(sk), sock_rcvtimeo(sk, vmt_accept_flags() & O_NONBLOCK), &err);
	release_sock(sk);
	if (!child)
		return err;

	/* The lists' reference is the file's now. */
	lock_sock(&child->sk);
	child->listener = NULL;
	sock_graft(&child->sk, newsock);
	newsock->state = SS_CONNECTED;
	release_sock(&child->sk);
	sock_put(sk);
	return 0;
}
