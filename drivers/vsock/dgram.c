/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dgram.c - SOCK_DGRAM: VMCI datagrams as messages
 *
 * A bound datagram socket is a VMCI datagram endpoint whose resource id is the port.  What arrives
 * [atomic] is copied into an skb and queued within SO_RCVBUF, or dropped and counted.  Sending never
 * blocks: the device takes a datagram at once or refuses it.  Between sockets of this kernel the
 * datagram goes straight to the other's queue.
 *
 * A connected datagram socket has a default destination; it receives from everywhere, as AF_VSOCK
 * over VMCI does.
 */
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "vsock.h"

struct dgram_cb {
	struct vsk_addr from;
};

static struct dgram_cb *dgram_cb(struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct dgram_cb) > sizeof(skb->cb));
	return (struct dgram_cb *)skb->cb;
}

/* ---- receive ------------------------------------------------------------------------------ */

static void dgram_queue(struct vsk_sock *vsk, struct vsk_addr from, const void *data, size_t len)
{
	struct sock *sk = &vsk->sk;
	struct sk_buff *skb;
	int err;

	if (READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN)
		return;
	skb = alloc_skb_with_frags(0, len, 0, &err, GFP_ATOMIC);
	if (!skb)
		goto dropped;
	skb->data_len = len;
	skb->len = len;
	if (skb_store_bits(skb, 0, data, len))
		goto free;
	dgram_cb(skb)->from = from;
	if (!sock_queue_rcv_skb(sk, skb))
		return;
free:
	kfree_skb(skb);
dropped:
	atomic_inc(&sk->sk_drops);
	atomic_long_inc(&vsk_stats.dgrams_dropped);
}

/* vmci's callback [atomic]; the endpoint, and with it the socket, lives until it returns. */
static int dgram_receive(void *data, struct vmci_datagram *dg)
{
	struct vsk_sock *vsk = data;
	struct vsk_addr from = { .cid = dg->src.context, .port = dg->src.resource };

	if (dg->payload_size > VMCI_MAX_DG_PAYLOAD_SIZE ||
	    vsk_cid_is_loop(from.cid, vmci_get_context_id()) ||
	    !vsk_cid_reaches(vsk->local.cid, dg->dst.context)) {
		atomic_long_inc(&vsk_stats.bad_packets);
		return VMCI_ERROR_INVALID_ARGS;
	}
	dgram_queue(vsk, from, VMCI_DG_PAYLOAD(dg), dg->payload_size);
	return VMCI_SUCCESS;
}

/* Makes the bound socket an endpoint. */
int vsk_dgram_attach(struct vsk_sock *vsk)
{
	u32 flags = vsk->local.cid == VSK_CID_ANY || vsk->local.cid == VSK_CID_LOCAL ?
		    VMCI_FLAG_ANYCID_DG_HND : VMCI_FLAG_DG_NONE;
	int status;

	status = vmci_datagram_create_handle(vsk->local.port, flags, dgram_receive, vsk,
					     &vsk->dg_handle);
	if (status < 0) {
		vsk->dg_handle = VMCI_INVALID_HANDLE;
		return vsk_errno(status);
	}
	return 0;
}

/* No callback runs after the return. */
void vsk_dgram_detach(struct vsk_sock *vsk)
{
	if (vmci_handle_is_invalid(vsk->dg_handle))
		return;
	vmci_datagram_destroy_handle(vsk->dg_handle);
	vsk->dg_handle = VMCI_INVALID_HANDLE;
}

static int dgram_recvmsg(struct socket *sock, struct msghdr *msg, size_t len, int flags)
{
	struct sock *sk = sock->sk;
	struct sk_buff *skb;
	size_t copied;
	int err;

	if (flags & (MSG_OOB | MSG_ERRQUEUE))
		return -EOPNOTSUPP;
	skb = skb_recv_datagram(sk, flags, &err);
	if (!skb)
		return err;
	copied = min_t(size_t, len, skb->len);
	if (copied < skb->len)
		msg->msg_flags |= MSG_TRUNC;
	err = skb_copy_datagram_msg(skb, 0, msg, copied);
	if (!err && msg->msg_name) {
		vsk_addr_fill(sk, &dgram_cb(skb)->from, msg->msg_name);
		msg->msg_namelen = sizeof(struct vsk_sockaddr);
	}
	if (!err)
		err = flags & MSG_TRUNC ? skb->len : copied;
	skb_free_datagram(sk, skb);
	return err;
}

/* ---- send --------------------------------------------------------------------------------- */

/* The destination of a message: its own, or the connected one. */
static int dgram_destination(struct socket *sock, const struct msghdr *msg, struct vsk_addr *ret)
{
	struct sock *sk = sock->sk;
	struct vsk_sock *vsk = vsk_sk(sk);
	int err;

	if (msg->msg_name) {
		err = vsk_addr_parse(sk, msg->msg_name, msg->msg_namelen, ret);
		if (err)
			return err;
		if (ret->cid == VSK_CID_ANY)
			ret->cid = vmci_get_context_id();
	} else if (sock->state == SS_CONNECTED) {
		*ret = vsk->remote;
	} else {
		return -EINVAL;
	}
	if (ret->cid == VSK_CID_ANY || ret->port == VSK_PORT_ANY)
		return -EINVAL;
	return 0;
}

/* The hypervisor has one port for datagrams; everything else there is a hypercall. */
static bool dgram_allowed(struct vsk_addr to)
{
	return to.cid != VMCI_CID_HYPERVISOR || to.port == VMCI_RID_UNITY_PBRPC;
}

static int dgram_send_loop(struct vsk_sock *vsk, struct vsk_addr to, const void *data, size_t len)
{
	struct vsk_addr from = { .cid = to.cid, .port = vsk->local.port };
	struct vsk_sock *peer = vsk_bound_find(SOCK_DGRAM, to.cid, to.port);

	if (!peer)
		return -EHOSTUNREACH;
	dgram_queue(peer, from, data, len);
	sock_put(&peer->sk);
	return 0;
}

static int dgram_send(struct vsk_sock *vsk, struct vsk_addr to, struct vmci_datagram *dg)
{
	u32 own = vmci_get_context_id();
	int status;

	if (vsk_cid_is_loop(to.cid, own))
		return dgram_send_loop(vsk, to, VMCI_DG_PAYLOAD(dg), dg->payload_size);
	if (own == VMCI_INVALID_ID)
		return -ENODEV;
	dg->dst = vmci_make_handle(to.cid, to.port);
	dg->src = vmci_make_handle(VMCI_INVALID_ID, vsk->local.port);
	status = vmci_datagram_send(dg);
	return status < 0 ? vsk_errno(status) : 0;
}

static int dgram_sendmsg(struct socket *sock, struct msghdr *msg, size_t len)
{
	struct vsk_sock *vsk = vsk_sk(sock->sk);
	struct vmci_datagram *dg;
	struct vsk_addr to;
	int err;

	if (msg->msg_flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (len > VMCI_MAX_DG_PAYLOAD_SIZE)
		return -EMSGSIZE;
	dg = kvmalloc(sizeof(*dg) + len, GFP_KERNEL);
	if (!dg)
		return -ENOMEM;
	err = -EFAULT;
	if (!copy_from_iter_full(VMCI_DG_PAYLOAD(dg), len, &msg->msg_iter))
		goto free;
	dg->payload_size = len;

	lock_sock(&vsk->sk);
	err = vsk_autobind_locked(vsk);
	if (!err)
		err = dgram_destination(sock, msg, &to);
	if (!err && (vsk->sk.sk_shutdown & SEND_SHUTDOWN))
		err = -EPIPE;
	if (!err)
		err = dgram_allowed(to) ? dgram_send(vsk, to, dg) : -EINVAL;
	release_sock(&vsk->sk);
free:
	kvfree(dg);
	return err ?: (int)len;
}

/* AF_UNSPEC takes the default destination away again. */
static int dgram_connect(struct socket *sock, struct sockaddr_unsized *uaddr, int len, int flags)
{
	const struct vsk_sockaddr *sa = (const struct vsk_sockaddr *)uaddr;
	struct sock *sk = sock->sk;
	struct vsk_sock *vsk = vsk_sk(sk);
	struct vsk_addr to;
	int err;

	lock_sock(sk);
	if (len >= (int)sizeof(sa->family) && sa->family == AF_UNSPEC) {
		vsk->remote = VSK_ADDR_ANY;
		sock->state = SS_UNCONNECTED;
		err = 0;
		goto out;
	}
	err = vsk_addr_parse(sk, uaddr, len, &to);
	if (err)
		goto out;
	err = vsk_autobind_locked(vsk);
	if (err)
		goto out;
	err = -EINVAL;
	if (to.cid == VSK_CID_ANY || to.port == VSK_PORT_ANY || !dgram_allowed(to))
		goto out;
	vsk->remote = to;
	sock->state = SS_CONNECTED;
	err = 0;
out:
	release_sock(sk);
	return err;
}

/* ---- poll --------------------------------------------------------------------------------- */

static __poll_t dgram_poll(struct file *file, struct socket *sock, struct poll_table_struct *wait)
{
	struct sock *sk = sock->sk;
	u8 shutdown;
	__poll_t mask = 0;

	poll_wait(file, sk_sleep(sk), wait);
	shutdown = READ_ONCE(sk->sk_shutdown);
	if (READ_ONCE(sk->sk_err))
		mask |= EPOLLERR;
	if (shutdown == SHUTDOWN_MASK)
		mask |= EPOLLHUP;
	if (shutdown & RCV_SHUTDOWN)
		mask |= EPOLLRDHUP | EPOLLIN | EPOLLRDNORM;
	if (!skb_queue_empty_lockless(&sk->sk_receive_queue))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (!(shutdown & SEND_SHUTDOWN))
		mask |= EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
	return mask;
}

struct proto_ops vsk_dgram_ops = {
	.owner = THIS_MODULE,
	.release = vsk_release,
	.bind = vsk_bind,
	.connect = dgram_connect,
	.socketpair = sock_no_socketpair,
	.accept = sock_no_accept,
	.getname = vsk_getname,
	.poll = dgram_poll,
	.ioctl = sock_no_ioctl,
	.listen = sock_no_listen,
	.shutdown = vsk_shutdown,
	.sendmsg = dgram_sendmsg,
	.recvmsg = dgram_recvmsg,
	.mmap = sock_no_mmap,
};
