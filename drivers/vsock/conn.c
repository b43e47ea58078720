/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * conn.c - a stream's connection: both handshakes, the peer's packets, the end
 *
 * Client					Server (a listener's child; see listen.c)
 *	REQUEST2 size, protocols  ------>
 *	SYN_SENT		  <------	NEGOTIATE2 size, protocol	SYN_RECV
 *	creates the queue pair
 *	OFFER handle		  ------>	attaches to the queue pair
 *	ESTABLISHED		  <------	ATTACH handle			ESTABLISHED
 *
 * A server that does not know REQUEST2 answers INVALID, some follow it with an RST: the client then
 * sends REQUEST once, which is answered by NEGOTIATE, and both use the old protocol.
 *
 * The peer's packets wait in the inbox until the work item handles them under the socket lock, in
 * the order of enum vsk_arrival.  That order is the one of a handshake and of a connection's life,
 * so that keeping bits instead of a list loses nothing; a duplicate changes nothing.
 *
 * The end.  A clean close is a detach of the queue pair, of which the peer gets an event; RST and
 * detach both mean that the peer is gone: nothing can be sent any more, what is queued can be read.
 * The connection leaves the tables at that moment, so that the peer may use its port again.
 * A handshake that fails, times out or is interrupted sends RST and gives the queue pair back.
 */
#include <linux/sched/signal.h>
#include <linux/wait.h>

#include "vsock.h"

#define CONN_STATE(vsk)		((vsk)->sk.sk_state)

/* Queues the work item; it holds a reference meanwhile. */
void vsk_work_queue(struct vsk_sock *vsk)
{
	sock_hold(&vsk->sk);
	if (!queue_work(vsk_wq, &vsk->work))
		sock_put(&vsk->sk);
}

void vsk_conn_arm(struct vsk_sock *vsk, long jiffies_from_now)
{
	vsk->deadline = jiffies + jiffies_from_now;
	sock_hold(&vsk->sk);
	if (mod_delayed_work(vsk_wq, &vsk->timer, jiffies_from_now))
		sock_put(&vsk->sk);
}

static void conn_disarm(struct vsk_sock *vsk)
{
	if (cancel_delayed_work(&vsk->timer))
		sock_put(&vsk->sk);
}

/*
 * vsk_conn_send() - send a packet to the peer
 * @packet: type and what belongs to it; addresses are filled in
 *
 * A peer that is gone is not sent anything: its address may be another connection's by now.
 * Return: 0 or -errno.
 */
int vsk_conn_send(struct vsk_sock *vsk, struct vsk_packet packet)
{
	if (hlist_unhashed_lockless(&vsk->conn_node))
		return 0;
	packet.loop = vsk->loop;
	packet.src = vsk->local;
	if (vsk->loop)
		packet.src.cid = vsk->remote.cid;
	packet.dst = vsk->remote;
	return vsk_packet_send(&packet);
}

static void unexpected(u32 arrived)
{
	if (arrived)
		atomic_long_inc(&vsk_stats.unexpected);
}

/* ---- the end ------------------------------------------------------------------------------ */

static bool mail_detach(struct vsk_sock *vsk, const struct vsk_packet *none)
{
	vsk_conn_detached(vsk);
	return true;
}

/* Tells a peer in this kernel what the device tells others. */
static void loop_detached(struct vsk_sock *vsk)
{
	struct vsk_addr self = { .cid = vsk->remote.cid, .port = vsk->local.port };

	vsk_conn_mail(vsk->remote.port, self, true, mail_detach, NULL);
}

/*
 * vsk_conn_close() - leave the connection from this side, in any state
 * @reset: tell the peer by RST; else the detach of the queue pair tells it
 *
 * The socket is as before connect(), but still bound.
 */
void vsk_conn_close(struct vsk_sock *vsk, bool reset)
{
	bool peer_there = !hlist_unhashed_lockless(&vsk->conn_node);

	conn_disarm(vsk);
	if (reset)
		vsk_conn_send(vsk, (struct vsk_packet){ .type = VSOCK_PKT_RST });
	vsk_conn_del(vsk);
	if (vsk->qp) {
		vsk_queue_detach(vsk);
		if (vsk->loop && peer_there)
			loop_detached(vsk);
	}
	vsk->peer_shutdown = 0;
	vsk->old_request_sent = false;
	vsk->ignore_rst = false;
	spin_lock_bh(&vsk->inbox_lock);
	vsk->inbox.arrived = 0;
	vsk->inbox.shutdown = 0;
	spin_unlock_bh(&vsk->inbox_lock);
	if (CONN_STATE(vsk) != TCP_CLOSE)
		vsk_state_set(vsk, TCP_CLOSE);
}

/*
 * vsk_conn_linger() - SO_LINGER: wait until the peer has taken what was sent
 *
 * A host may throw away what is still in the queue when we detach.  Nobody tells when a queue is
 * empty, so it is looked at again and again.  The socket lock is given up meanwhile.
 */
void vsk_conn_linger(struct vsk_sock *vsk)
{
	struct sock *sk = &vsk->sk;
	long slice, timeo = sk->sk_lingertime;

	while (timeo && CONN_STATE(vsk) == TCP_ESTABLISHED && vsk->qp &&
	       !(vsk->peer_shutdown & RCV_SHUTDOWN) && vsk_queue_unsent(vsk) > 0 &&
	       !signal_pending(current)) {
		slice = min_t(long, timeo, max(HZ / 100, 1));
		release_sock(sk);
		schedule_timeout_interruptible(slice);
		lock_sock(sk);
		if (timeo != MAX_SCHEDULE_TIMEOUT)
			timeo -= slice;
	}
}

/* A connect that cannot succeed any more; err > 0 is what the caller is told. */
static void connect_failed(struct vsk_sock *vsk, int err, bool reset)
{
	struct sock *sk = &vsk->sk;

	vsk_conn_close(vsk, reset);
	if (sk->sk_socket)
		sk->sk_socket->state = SS_UNCONNECTED;
	sk->sk_err = err;
	sk_error_report(sk);
}

/* The peer has reset the connection or detached: there is only what is queued. */
static void peer_gone(struct vsk_sock *vsk)
{
	vsk_conn_del(vsk);
	vsk_qp_del(vsk);
	vsk->peer_shutdown = SHUTDOWN_MASK;
	sock_set_flag(&vsk->sk, SOCK_DONE);
	vsk->sk.sk_state_change(&vsk->sk);
}

/* The peer has put an impossible index into shared memory: nothing there can be believed. */
void vsk_conn_broken(struct vsk_sock *vsk)
{
	struct sock *sk = &vsk->sk;

	atomic_long_inc(&vsk_stats.bad_queues);
	vsk_conn_close(vsk, true);
	vsk->peer_shutdown = SHUTDOWN_MASK;
	sock_set_flag(sk, SOCK_DONE);
	sk->sk_err = EPROTO;
	sk_error_report(sk);
}

/* ---- handshake ---------------------------------------------------------------------------- */

static void established(struct vsk_sock *vsk)
{
	struct sock *sk = &vsk->sk;

	conn_disarm(vsk);
	vsk_state_set(vsk, TCP_ESTABLISHED);
	if (sk->sk_socket)
		sk->sk_socket->state = SS_CONNECTED;
}

static int negotiated(struct vsk_sock *vsk, const struct vsk_mail *mail)
{
	int err;

	if (!mail->size || (mail->negotiate2 && !vsk_proto_valid(mail->proto)))
		return -EPROTO;
	if (mail->size < vsk->sizes.min || mail->size > vsk->sizes.max)
		return -EINVAL;
	vsk->proto = mail->negotiate2 ? mail->proto : VSOCK_PROTO_NONE;
	vsk->qp_size = mail->size;
	err = vsk_queue_create(vsk);
	if (err)
		return err;
	return vsk_conn_send(vsk, (struct vsk_packet){
		.type = VSOCK_PKT_OFFER, .handle = vsk->qp_handle,
	});
}

/* Returns what is left to be handled. */
static u32 client_step(struct vsk_sock *vsk, const struct vsk_mail *mail, u32 arrived)
{
	int err = 0;

	if ((arrived & VSK_IN_INVALID) && !vsk->old_request_sent && !vsk->qp) {
		vsk->old_request_sent = true;
		vsk->ignore_rst = true;
		err = vsk_conn_send(vsk, (struct vsk_packet){
			.type = VSOCK_PKT_REQUEST, .size = vsk_queue_fit(vsk, vsk->sizes.size),
		});
	}
	if ((arrived & VSK_IN_RST) && vsk->ignore_rst) {
		vsk->ignore_rst = false;
		arrived &= ~VSK_IN_RST;
	}
	if (!err && (arrived & VSK_IN_NEGOTIATE) && !vsk->qp) {
		vsk->ignore_rst = false;
		err = negotiated(vsk, mail);
	}
	if (!err && (arrived & VSK_IN_ATTACH)) {
		if (vsk->qp && vmci_handle_is_equal(mail->attach, vsk->qp_handle)) {
			established(vsk);
			if (vsk->sk.sk_shutdown)	/* by shutdown(2) meanwhile */
				vsk_conn_send(vsk, (struct vsk_packet){
					.type = VSOCK_PKT_SHUTDOWN,
					.mode = vsk->sk.sk_shutdown,
				});
			vsk->sk.sk_state_change(&vsk->sk);
			return arrived & (VSK_IN_WAITING_READ | VSK_IN_WAITING_WRITE |
					  VSK_IN_SHUTDOWN | VSK_IN_RST | VSK_IN_DETACH);
		}
		err = -EPROTO;
	}
	if (arrived & (VSK_IN_RST | VSK_IN_DETACH)) {
		connect_failed(vsk, ECONNRESET, false);
		return 0;
	}
	if (!err && (arrived & (VSK_IN_OFFER | VSK_IN_WAITING_READ | VSK_IN_WAITING_WRITE |
				VSK_IN_SHUTDOWN)))
		err = -EPROTO;
	if (err)
		connect_failed(vsk, -err, true);
	return 0;
}

/* Returns what is left to be handled. */
static u32 child_step(struct vsk_sock *vsk, const struct vsk_mail *mail, u32 arrived)
{
	int err = -EPROTO;

	if (arrived & VSK_IN_OFFER) {
		err = vsk_queue_attach(vsk, mail->offer);
		if (!err) {
			established(vsk);
			err = vsk_conn_send(vsk, (struct vsk_packet){
				.type = VSOCK_PKT_ATTACH, .handle = vsk->qp_handle,
			});
		}
		if (!err) {
			vsk_child_ready(vsk);
			return arrived & (VSK_IN_WAITING_READ | VSK_IN_WAITING_WRITE |
					  VSK_IN_SHUTDOWN | VSK_IN_RST | VSK_IN_DETACH);
		}
		atomic_long_inc(&vsk_stats.requests_refused);
	} else {
		unexpected(arrived);
	}
	vsk_conn_close(vsk, !(arrived & VSK_IN_RST));
	return 0;
}

static void established_step(struct vsk_sock *vsk, const struct vsk_mail *mail, u32 arrived)
{
	struct sock *sk = &vsk->sk;

	if ((arrived & VSK_IN_WAITING_READ) && vsk->proto == VSOCK_PROTO_NONE)
		vsk->peer_waits_data = true;
	if ((arrived & VSK_IN_WAITING_WRITE) && vsk->proto == VSOCK_PROTO_NONE)
		vsk->peer_waits_space = true;
	if (arrived & (VSK_IN_WAITING_READ | VSK_IN_WAITING_WRITE))
		vsk_queue_peer_waits(vsk);
	if (arrived & VSK_IN_SHUTDOWN) {
		vsk->peer_shutdown |= mail->shutdown;
		sk->sk_state_change(sk);
	}
	if (arrived & (VSK_IN_RST | VSK_IN_DETACH))
		peer_gone(vsk);
	unexpected(arrived & (VSK_IN_INVALID | VSK_IN_NEGOTIATE | VSK_IN_OFFER | VSK_IN_ATTACH));
}

/* ---- what arrives ------------------------------------------------------------------------- */

/* Leaves a packet in the inbox.  0: this type never is for a connection. */
static u32 conn_mail(struct vsk_mail *in, const struct vsk_packet *p)
{
	switch (p->type) {
	case VSOCK_PKT_INVALID:
		return VSK_IN_INVALID;
	case VSOCK_PKT_NEGOTIATE:
	case VSOCK_PKT_NEGOTIATE2:
		if (in->arrived & VSK_IN_NEGOTIATE)
			return 0;
		in->negotiate2 = p->type == VSOCK_PKT_NEGOTIATE2;
		in->proto = p->proto;
		in->size = p->size;
		return VSK_IN_NEGOTIATE;
	case VSOCK_PKT_OFFER:
		if (in->arrived & VSK_IN_OFFER)
			return 0;
		in->offer = p->handle;
		return VSK_IN_OFFER;
	case VSOCK_PKT_ATTACH:
		if (in->arrived & VSK_IN_ATTACH)
			return 0;
		in->attach = p->handle;
		return VSK_IN_ATTACH;
	case VSOCK_PKT_WAITING_READ:
		return VSK_IN_WAITING_READ;
	case VSOCK_PKT_WAITING_WRITE:
		return VSK_IN_WAITING_WRITE;
	case VSOCK_PKT_SHUTDOWN:
		in->shutdown |= p->mode & SHUTDOWN_MASK;
		return VSK_IN_SHUTDOWN;
	case VSOCK_PKT_RST:
		return VSK_IN_RST;
	}
	return 0;
}

/*
 * vsk_conn_wake() - the peer says that it WROTE or READ
 *
 * Context: atomic; the caller holds a reference.
 */
void vsk_conn_wake(struct vsk_sock *vsk, const struct vsk_packet *p)
{
	struct sock *sk = &vsk->sk;

	if (p->type == VSOCK_PKT_WROTE)
		sk->sk_data_ready(sk);
	else
		sk->sk_write_space(sk);
}

/*
 * vsk_conn_arrived() - another packet from the peer
 *
 * Return: false for a REQUEST from a peer that had ended this connection: it is for the listener.
 * Context: atomic; the table's lock is held.
 */
bool vsk_conn_arrived(struct vsk_sock *vsk, const struct vsk_packet *p)
{
	bool request = p->type == VSOCK_PKT_REQUEST || p->type == VSOCK_PKT_REQUEST2;
	bool over;
	u32 bit;

	spin_lock(&vsk->inbox_lock);
	over = request && (vsk->inbox.arrived & (VSK_IN_RST | VSK_IN_DETACH));
	bit = conn_mail(&vsk->inbox, p);
	vsk->inbox.arrived |= bit;
	spin_unlock(&vsk->inbox_lock);
	if (over)
		return false;
	if (bit)
		vsk_work_queue(vsk);
	else
		unexpected(1);
	return true;
}

/*
 * vsk_conn_detached() - the peer's end of the queue pair is gone
 *
 * Context: atomic; the lock of the table that has the socket is held.
 */
void vsk_conn_detached(struct vsk_sock *vsk)
{
	spin_lock_bh(&vsk->inbox_lock);
	vsk->inbox.arrived |= VSK_IN_DETACH;
	spin_unlock_bh(&vsk->inbox_lock);
	vsk_work_queue(vsk);
}

/* Unlocks; a child that died before it could be accepted loses its listener's reference. */
static void conn_unlock(struct vsk_sock *vsk)
{
	bool dead = CONN_STATE(vsk) == TCP_CLOSE && vsk_child_unlist(vsk);

	release_sock(&vsk->sk);
	if (dead)
		sock_put(&vsk->sk);
}

void vsk_conn_work(struct work_struct *work)
{
	struct vsk_sock *vsk = container_of(work, struct vsk_sock, work);
	struct vsk_mail mail;
	u32 arrived;

	lock_sock(&vsk->sk);
	spin_lock_bh(&vsk->inbox_lock);
	mail = vsk->inbox;
	memset(&vsk->inbox, 0, sizeof(vsk->inbox));
	spin_unlock_bh(&vsk->inbox_lock);
	arrived = mail.arrived;

	if (CONN_STATE(vsk) == TCP_LISTEN)
		vsk_listen_work(vsk);
	if (arrived && CONN_STATE(vsk) == TCP_SYN_SENT)
		arrived = client_step(vsk, &mail, arrived);
	if (arrived && CONN_STATE(vsk) == TCP_SYN_RECV)
		arrived = child_step(vsk, &mail, arrived);
	if (arrived && CONN_STATE(vsk) == TCP_ESTABLISHED)
		established_step(vsk, &mail, arrived);
	conn_unlock(vsk);
	sock_put(&vsk->sk);
}

/* connect() took too long; a child's peer never offered a queue pair; or poll() has to look again. */
void vsk_conn_timer(struct work_struct *work)
{
	struct vsk_sock *vsk = container_of(to_delayed_work(work), struct vsk_sock, timer);

	lock_sock(&vsk->sk);
	if (time_before(jiffies, vsk->deadline))
		goto out;	/* it was set anew while this waited for the lock */
	if (CONN_STATE(vsk) == TCP_SYN_SENT)
		connect_failed(vsk, ETIMEDOUT, true);
	else if (CONN_STATE(vsk) == TCP_SYN_RECV)
		vsk_conn_close(vsk, true);
	else if (CONN_STATE(vsk) == TCP_ESTABLISHED)
		vsk_stream_recheck(vsk);
out:
	conn_unlock(vsk);
	sock_put(&vsk->sk);
}

/* ---- connect(2) --------------------------------------------------------------------------- */

static int connect_start(struct vsk_sock *vsk, struct vsk_addr remote)
{
	u32 own = vmci_get_context_id();
	int err;

	if (remote.cid == VSK_CID_ANY || remote.port == VSK_PORT_ANY)
		return -EINVAL;
	if (own == VMCI_INVALID_ID && remote.cid != VSK_CID_LOCAL)
		return -ENODEV;
	err = vsk_autobind_locked(vsk);
	if (err)
		return err;
	vsk->remote = remote;
	vsk->loop = vsk_cid_is_loop(remote.cid, own);
	if (vsk->loop && remote.port == vsk->local.port)
		return -ECONNRESET;	/* itself: it does not listen */
	vsk->sk.sk_err = 0;
	sock_reset_flag(&vsk->sk, SOCK_DONE);
	vsk->peer_shutdown = 0;
	err = vsk_conn_add(vsk);
	if (err)
		return err;
	vsk_state_set(vsk, TCP_SYN_SENT);
	vsk_conn_arm(vsk, vsk->connect_timeout);
	err = vsk_conn_send(vsk, (struct vsk_packet){
		.type = VSOCK_PKT_REQUEST2, .proto = VSK_PROTO_SUPPORTED,
		.size = vsk_queue_fit(vsk, vsk->sizes.size),
	});
	if (err)
		vsk_conn_close(vsk, false);
	return err;
}

/* Waits for the end of the handshake, which has a timer of its own. */
static int connect_wait(struct vsk_sock *vsk)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	struct sock *sk = &vsk->sk;
	long timeo = MAX_SCHEDULE_TIMEOUT;

	add_wait_queue(sk_sleep(sk), &wait);
	while (sk->sk_state == TCP_SYN_SENT && !signal_pending(current))
		sk_wait_event(sk, &timeo, READ_ONCE(sk->sk_state) != TCP_SYN_SENT, &wait);
	remove_wait_queue(sk_sleep(sk), &wait);

	if (sk->sk_state == TCP_SYN_SENT) {
		vsk_conn_close(vsk, true);
		sk->sk_socket->state = SS_UNCONNECTED;
		sk->sk_state_change(sk);
		return -EINTR;
	}
	if (sk->sk_state == TCP_ESTABLISHED)
		return 0;
	return sock_error(sk) ?: -ECONNABORTED;
}

int vsk_connect(struct socket *sock, struct sockaddr_unsized *uaddr, int len, int flags)
{
	struct sock *sk = sock->sk;
	struct vsk_sock *vsk = vsk_sk(sk);
	struct vsk_addr remote;
	int err;

	lock_sock(sk);
	switch (sock->state) {
	case SS_CONNECTED:
		err = -EISCONN;
		goto out;
	case SS_CONNECTING:
		err = -EALREADY;
		if (flags & O_NONBLOCK)
			goto out;
		break;
	case SS_UNCONNECTED:
		err = -EINVAL;
		if (sk->sk_state == TCP_LISTEN)
			goto out;
		err = vsk_addr_parse(sk, uaddr, len, &remote);
		if (!err)
			err = connect_start(vsk, remote);
		if (err)
			goto out;
		sock->state = SS_CONNECTING;
		err = -EINPROGRESS;
		if (flags & O_NONBLOCK)
			goto out;
		break;
	default:
		err = -EINVAL;
		goto out;
	}
	err = connect_wait(vsk);
out:
	release_sock(sk);
	return err;
}
