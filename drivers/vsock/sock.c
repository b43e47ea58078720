/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sock.c - what stream and datagram sockets have in common: life, addresses, shutdown
 *
 * A bound port belongs to its socket until the socket is released: nothing gives it up earlier, so
 * nothing can give it up twice.  Children have their listener's port without being bound.
 *
 * A released socket lives on until its work is done and a grace period is over.  That is short and
 * needs nobody's help, so it does not hold the module (vsk_proto has no owner): unloading waits for
 * `alive` to reach 0 instead of failing.  Files hold the module through their proto_ops.
 * Lock order and references: vsock.h.
 */
#include <linux/capability.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/wait.h>

#include "trace.h"
#include "vsock.h"

struct proto vsk_proto = {
	.name = "VMSOCK",
	.obj_size = sizeof(struct vsk_sock),
};

static atomic_t alive = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(none_alive);

/*
 * vsk_errno() - a VMCI status word as 0 or -errno
 *
 * The values are those that AF_VSOCK over VMCI gives to user space.
 */
int vsk_errno(int status)
{
	if (status >= 0)
		return 0;
	switch (status) {
	case VMCI_ERROR_NO_MEM:
		return -ENOMEM;
	case VMCI_ERROR_DUPLICATE_ENTRY:
	case VMCI_ERROR_ALREADY_EXISTS:
		return -EADDRINUSE;
	case VMCI_ERROR_NO_ACCESS:
		return -EPERM;
	case VMCI_ERROR_NO_RESOURCES:
		return -ENOBUFS;
	case VMCI_ERROR_INVALID_RESOURCE:
		return -EHOSTUNREACH;
	case VMCI_ERROR_DEVICE_NOT_FOUND:
		return -ENODEV;
	}
	return -EINVAL;
}

/* ---- life --------------------------------------------------------------------------------- */

/* After a grace period, in softirq: nobody can find the socket any more. */
static void sock_destruct(struct sock *sk)
{
	struct vsk_sock *vsk = vsk_sk(sk);

	WARN_ON_ONCE(vsk->qp || !hlist_unhashed(&vsk->bound_node) ||
		     !hlist_unhashed(&vsk->conn_node) || !hlist_unhashed(&vsk->qp_node));
	__skb_queue_purge(&sk->sk_receive_queue);
	__skb_queue_purge(&sk->sk_error_queue);
	if (vsk->listener)
		sock_put(&vsk->listener->sk);
	vsk_family_unuse();
	if (atomic_dec_and_test(&alive))
		wake_up(&none_alive);
}

/*
 * vsk_sock_drain() - wait until the last socket has been freed
 *
 * Context: process; no socket can be made any more, and none has a file.
 */
void vsk_sock_drain(void)
{
	wait_event(none_alive, !atomic_read(&alive));
	rcu_barrier();		/* sk_destruct is not the last step of its callback */
}

static void settings_init(struct vsk_sock *vsk, const struct vsk_sock *parent)
{
	if (parent) {
		vsk->sizes = parent->sizes;
		vsk->sized = parent->sized;
		vsk->connect_timeout = parent->connect_timeout;
		vsk->sk.sk_rcvlowat = parent->sk.sk_rcvlowat;
		vsk->sk.sk_rcvtimeo = parent->sk.sk_rcvtimeo;
		vsk->sk.sk_sndtimeo = parent->sk.sk_sndtimeo;
		return;
	}
	vsk->sizes = (struct vsk_sizes){
		.size = VSOCK_BUFFER_SIZE_DEFAULT,
		.min = VSOCK_BUFFER_SIZE_MIN,
		.max = VSOCK_BUFFER_SIZE_MAX,
	};
	vsk->connect_timeout = msecs_to_jiffies(VSOCK_CONNECT_TIMEOUT_MS);
}

/*
 * vsk_sock_new() - a socket, with one reference for the caller
 * @sock: its file's socket, or NULL for a child
 * @parent: the listener of a child, or NULL
 *
 * The caller holds a use of the family; the new socket takes its own.
 * Return: NULL when there is no memory.
 */
struct sock *vsk_sock_new(struct net *net, struct socket *sock, int family, int type, int kern,
			  const struct vsk_sock *parent)
{
	struct sock *sk = sk_alloc(net, family, GFP_KERNEL, &vsk_proto, kern);
	struct vsk_sock *vsk = vsk_sk(sk);

	if (!sk)
		return NULL;
	sock_init_data(sock, sk);
	sk->sk_type = type;
	sock_set_flag(sk, SOCK_RCU_FREE);
	sk->sk_destruct = sock_destruct;
	atomic_inc(&alive);
	vsk_family_use_more();

	vsk->local = VSK_ADDR_ANY;
	vsk->remote = VSK_ADDR_ANY;
	vsk->qp_handle = VMCI_INVALID_HANDLE;
	vsk->dg_handle = VMCI_INVALID_HANDLE;
	INIT_HLIST_NODE(&vsk->bound_node);
	INIT_HLIST_NODE(&vsk->conn_node);
	INIT_HLIST_NODE(&vsk->qp_node);
	spin_lock_init(&vsk->inbox_lock);
	spin_lock_init(&vsk->accept_lock);
	INIT_LIST_HEAD(&vsk->requests);
	INIT_LIST_HEAD(&vsk->pending);
	INIT_LIST_HEAD(&vsk->ready);
	INIT_LIST_HEAD(&vsk->child_node);
	INIT_WORK(&vsk->work, vsk_conn_work);
	INIT_DELAYED_WORK(&vsk->timer, vsk_conn_timer);
	settings_init(vsk, parent);
	if (parent)
		security_sk_clone(&parent->sk, sk);
	return sk;
}

/* close(2).  SO_LINGER with no time resets, as a connection attempt that is given up does. */
int vsk_release(struct socket *sock)
{
	struct sock *sk = sock->sk;
	struct vsk_sock *vsk = vsk_sk(sk);
	bool listener, linger;

	if (!sk)
		return 0;
	lock_sock(sk);
	listener = sk->sk_state == TCP_LISTEN;
	linger = sock_flag(sk, SOCK_LINGER);
	sk->sk_shutdown = SHUTDOWN_MASK;
	if (linger && !(current->flags & PF_EXITING))
		vsk_conn_linger(vsk);
	if (sk->sk_type == SOCK_STREAM)
		vsk_conn_close(vsk, sk->sk_state == TCP_SYN_SENT || (linger && !sk->sk_lingertime));
	else
		vsk_dgram_detach(vsk);
	vsk_bound_del(vsk);
	sock_orphan(sk);
	release_sock(sk);
	if (listener)
		vsk_listen_stop(vsk);
	sock->sk = NULL;
	sock_put(sk);
	return 0;
}

/* ---- addresses ---------------------------------------------------------------------------- */

/*
 * vsk_addr_parse() - an address from user space, already copied into the kernel
 *
 * Return: 0; -EINVAL when it is too short, of another family, or has unknown flags.
 */
int vsk_addr_parse(const struct sock *sk, const void *addr, int len, struct vsk_addr *ret)
{
	const struct vsk_sockaddr *sa = addr;

	if (len < (int)sizeof(*sa) || sa->family != sk->sk_family ||
	    (sa->flags & ~VSK_ADDR_FLAG_TO_HOST))
		return -EINVAL;
	*ret = (struct vsk_addr){ .cid = sa->cid, .port = sa->port };
	return 0;
}

void vsk_addr_fill(const struct sock *sk, const struct vsk_addr *addr, struct vsk_sockaddr *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->family = sk->sk_family;
	ret->port = addr->port;
	ret->cid = addr->cid;
}

static int bind_port(struct vsk_sock *vsk, struct vsk_addr addr)
{
	int err;

	vsk->local = addr;
	err = vsk_bound_add(vsk);
	if (err)
		goto undo_local;
	if (vsk->sk.sk_type == SOCK_DGRAM) {
		err = vsk_dgram_attach(vsk);
		if (err)
			goto undo_bound;
	}
	return 0;

undo_bound:
	vsk_bound_del(vsk);
undo_local:
	vsk->local = VSK_ADDR_ANY;
	return err;
}

/*
 * vsk_bind_locked() - bind; addr.port VSK_PORT_ANY picks a port
 *
 * Return: 0; -EINVAL bound already; -EADDRNOTAVAIL not a context id of this machine, or no port
 * found; -EACCES a reserved port without the right; -EADDRINUSE.
 */
int vsk_bind_locked(struct vsk_sock *vsk, struct vsk_addr addr)
{
	u32 tries;
	int err;

	if (vsk->local.port != VSK_PORT_ANY)
		return -EINVAL;
	if (addr.cid != VSK_CID_ANY && !vsk_cid_is_loop(addr.cid, vmci_get_context_id()))
		return -EADDRNOTAVAIL;
	if (addr.port != VSK_PORT_ANY) {
		if (vsk_port_reserved(addr.port) && !capable(CAP_NET_BIND_SERVICE))
			return -EACCES;
		return bind_port(vsk, addr);
	}
	addr.port = vsk_port_from_random(get_random_u32());
	for (tries = 0; tries < VSK_AUTOBIND_TRIES; tries++) {
		err = bind_port(vsk, addr);
		if (err != -EADDRINUSE)
			return err;
		addr.port = vsk_port_next(addr.port);
	}
	return -EADDRNOTAVAIL;
}

int vsk_autobind_locked(struct vsk_sock *vsk)
{
	if (vsk->local.port != VSK_PORT_ANY)
		return 0;
	return vsk_bind_locked(vsk, VSK_ADDR_ANY);
}

int vsk_bind(struct socket *sock, struct sockaddr_unsized *uaddr, int len)
{
	struct sock *sk = sock->sk;
	struct vsk_addr addr;
	int err;

	err = vsk_addr_parse(sk, uaddr, len, &addr);
	if (err)
		return err;
	lock_sock(sk);
	err = vsk_bind_locked(vsk_sk(sk), addr);
	release_sock(sk);
	return err;
}

int vsk_getname(struct socket *sock, struct sockaddr *addr, int peer)
{
	struct sock *sk = sock->sk;
	struct vsk_sock *vsk = vsk_sk(sk);
	int len = sizeof(struct vsk_sockaddr);

	lock_sock(sk);
	if (!peer)
		vsk_addr_fill(sk, &vsk->local, (struct vsk_sockaddr *)addr);
	else if (sock->state == SS_CONNECTED || sock->state == SS_DISCONNECTING)
		vsk_addr_fill(sk, &vsk->remote, (struct vsk_sockaddr *)addr);
	else
		len = -ENOTCONN;
	release_sock(sk);
	return len;
}

/* ---- states, shutdown(2) -------------------------------------------------------------------------- */

void vsk_state_set(struct vsk_sock *vsk, int state)
{
	trace_vmsock_state(vsk, state);
	WRITE_ONCE(vsk->sk.sk_state, state);
}

int vsk_shutdown(struct socket *sock, int how)
{
	struct sock *sk = sock->sk;
	int mode = how + 1;		/* SHUT_RD.. -> RCV_SHUTDOWN.. */
	int err = 0;

	if (mode < RCV_SHUTDOWN || mode > SHUTDOWN_MASK)
		return -EINVAL;
	lock_sock(sk);
	if (sock->state == SS_UNCONNECTED) {
		err = -ENOTCONN;
		if (sk->sk_type == SOCK_STREAM)
			goto out;
	} else {
		sock->state = SS_DISCONNECTING;
	}
	sk->sk_shutdown |= mode;
	sk->sk_state_change(sk);
	if (sk->sk_type == SOCK_STREAM && sk->sk_state == TCP_ESTABLISHED) {
		sock_reset_flag(sk, SOCK_DONE);
		vsk_conn_send(vsk_sk(sk), (struct vsk_packet){
			.type = VSOCK_PKT_SHUTDOWN, .mode = mode,
		});
	}
out:
	release_sock(sk);
	return err;
}
