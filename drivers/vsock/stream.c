/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stream.c - SOCK_STREAM: send, receive, poll
 *
 * Data is copied once, between user memory and the queue pair, under the socket lock, which is given
 * up only to sleep.  Shared memory can change at any moment: sizes are asked for again after each
 * sleep, and never remembered.
 *
 * SO_RCVLOWAT and MSG_WAITALL may be larger than the queue: what is there is taken out and the rest
 * waited for, so that the size of a queue never shows.  MSG_PEEK and poll, which cannot take
 * anything out, are content with a full queue; and because a peer only tells that the queue is not
 * empty any more, they look again from time to time while there is something, but not enough.
 */
#include <asm/ioctls.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/sockios.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "vsock.h"

#define RECHECK_MIN	(HZ / 50)	/* how soon, and how late, to look again */
#define RECHECK_MAX	HZ

/* Bytes that the queue holds when it is full: one stays free. */
static u64 capacity(const struct vsk_sock *vsk)
{
	return vsk->qp_size - 1;
}

/* ---- send --------------------------------------------------------------------------------- */

/* 0, or what send has to return without looking at the queue. */
static int send_check(struct vsk_sock *vsk)
{
	struct sock *sk = &vsk->sk;

	if (sk->sk_err)
		return sock_error(sk);
	if ((sk->sk_shutdown & SEND_SHUTDOWN) || (vsk->peer_shutdown & RCV_SHUTDOWN))
		return -EPIPE;
	if (sk->sk_state != TCP_ESTABLISHED || !vsk->qp)
		return sock_flag(sk, SOCK_DONE) ? -EPIPE : -ENOTCONN;
	return 0;
}

static bool send_can_go_on(struct vsk_sock *vsk)
{
	return vsk->sk.sk_err || (vsk->sk.sk_shutdown & SEND_SHUTDOWN) ||
	       (vsk->peer_shutdown & RCV_SHUTDOWN) || !vsk->qp ||
	       vmci_qpair_produce_free_space(vsk->qp);
}

/* Sleeps until there is space.  0, or why not. */
static int send_wait(struct vsk_sock *vsk, long *timeo)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	struct sock *sk = &vsk->sk;
	int err = 0;

	if (!*timeo)
		return -EAGAIN;
	add_wait_queue(sk_sleep(sk), &wait);
	while (!send_can_go_on(vsk)) {
		if (!*timeo) {
			err = -EAGAIN;
			break;
		}
		if (signal_pending(current)) {
			err = sock_intr_errno(*timeo);
			break;
		}
		err = vsk_queue_writer_waits(vsk);
		if (err)
			break;
		sk_wait_event(sk, timeo, false, &wait);
	}
	remove_wait_queue(sk_sleep(sk), &wait);
	return err;
}

static ssize_t send_locked(struct vsk_sock *vsk, struct msghdr *msg, size_t len)
{
	long timeo = sock_sndtimeo(&vsk->sk, msg->msg_flags & MSG_DONTWAIT);
	size_t sent = 0;
	ssize_t n;

	n = send_check(vsk);
	while (!n && sent < len) {
		n = vsk_queue_write(vsk, msg, len - sent);
		if (n < 0)
			break;
		sent += n;
		n = n ? 0 : send_wait(vsk, &timeo);
		if (!n)
			n = send_check(vsk);
	}
	return sent ? (ssize_t)sent : n;
}

int vsk_stream_sendmsg(struct socket *sock, struct msghdr *msg, size_t len)
{
	struct sock *sk = sock->sk;
	ssize_t n;

	if (msg->msg_flags & MSG_OOB)
		return -EOPNOTSUPP;
	lock_sock(sk);
	if (msg->msg_namelen)
		n = sk->sk_state == TCP_ESTABLISHED ? -EISCONN : -EOPNOTSUPP;
	else
		n = send_locked(vsk_sk(sk), msg, len);
	if (n < 0)
		n = sk_stream_error(sk, msg->msg_flags, n);	/* SIGPIPE */
	release_sock(sk);
	return n;
}

/* ---- receive ------------------------------------------------------------------------------ */

/* Will nothing more come than what is queued?  1: end of file; 0: more may come; or -errno. */
static int receive_end(struct vsk_sock *vsk)
{
	struct sock *sk = &vsk->sk;

	if (sk->sk_err)
		return sock_error(sk);
	if (sk->sk_state != TCP_ESTABLISHED || !vsk->qp)
		return sock_flag(sk, SOCK_DONE) ? 1 : -ENOTCONN;
	return (sk->sk_shutdown & RCV_SHUTDOWN) || (vsk->peer_shutdown & SEND_SHUTDOWN);
}

static bool receive_can_go_on(struct vsk_sock *vsk, u64 want)
{
	s64 ready;

	if (vsk->sk.sk_err || !vsk->qp || (vsk->sk.sk_shutdown & RCV_SHUTDOWN) ||
	    (vsk->peer_shutdown & SEND_SHUTDOWN))
		return true;
	ready = vmci_qpair_consume_buf_ready(vsk->qp);
	return ready < 0 || (u64)ready >= want;
}

/* Sleeps until the peer says something; while a part is there, it may have nothing to say. */
static void receive_sleep(struct vsk_sock *vsk, long *timeo, struct wait_queue_entry *wait)
{
	struct sock *sk = &vsk->sk;
	long slice = min_t(long, *timeo, RECHECK_MIN), rest = slice;

	if (!vmci_qpair_consume_buf_ready(vsk->qp)) {
		sk_wait_event(sk, timeo, false, wait);
		return;
	}
	sk_wait_event(sk, &rest, false, wait);
	if (*timeo != MAX_SCHEDULE_TIMEOUT)
		*timeo -= slice - rest;
}

/* Sleeps until `want` bytes are queued, or no more will come.  0, or why not. */
static int receive_wait(struct vsk_sock *vsk, u64 want, long *timeo)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	struct sock *sk = &vsk->sk;
	int err = 0;

	if (!*timeo)
		return -EAGAIN;
	add_wait_queue(sk_sleep(sk), &wait);
	while (!receive_can_go_on(vsk, want)) {
		if (!*timeo) {
			err = -EAGAIN;
			break;
		}
		if (signal_pending(current)) {
			err = sock_intr_errno(*timeo);
			break;
		}
		err = vsk_queue_reader_waits(vsk, want);
		if (err)
			break;
		if (!receive_can_go_on(vsk, want))
			receive_sleep(vsk, timeo, &wait);
	}
	remove_wait_queue(sk_sleep(sk), &wait);
	return err;
}

static ssize_t peek_locked(struct vsk_sock *vsk, struct msghdr *msg, size_t len, u64 target,
			   long timeo)
{
	int end = receive_end(vsk);
	int err;

	if (end < 0 || !vsk->qp)
		return end < 0 ? end : 0;
	err = end ? 0 : receive_wait(vsk, min(target, capacity(vsk)), &timeo);
	end = receive_end(vsk);
	if (end < 0 || !vsk->qp)
		return end < 0 ? end : 0;
	if (vsk->sk.sk_shutdown & RCV_SHUTDOWN)
		return 0;
	return vsk_queue_read(vsk, msg, len, true) ?: err;
}

static ssize_t receive_locked(struct vsk_sock *vsk, struct msghdr *msg, size_t len, u64 target,
			      long timeo)
{
	size_t got = 0;
	ssize_t n = 0;

	while (got < len) {
		/* Asked before the queue is: whatever the peer wrote before its end is in it. */
		int end = receive_end(vsk);

		n = end < 0 ? end : 0;
		if (n || !vsk->qp || (vsk->sk.sk_shutdown & RCV_SHUTDOWN))
			break;
		n = vsk_queue_read(vsk, msg, len - got, false);
		if (n < 0)
			break;
		got += n;
		if (n)
			continue;
		if (end || got >= target)
			break;
		n = receive_wait(vsk, 1, &timeo);
		if (n)
			break;
	}
	return got ? (ssize_t)got : n;
}

int vsk_stream_recvmsg(struct socket *sock, struct msghdr *msg, size_t len, int flags)
{
	struct sock *sk = sock->sk;
	struct vsk_sock *vsk = vsk_sk(sk);
	u64 target;
	long timeo;
	ssize_t n;

	if (flags & (MSG_OOB | MSG_ERRQUEUE))
		return -EOPNOTSUPP;
	lock_sock(sk);
	target = sock_rcvlowat(sk, flags & MSG_WAITALL, len);
	timeo = sock_rcvtimeo(sk, flags & MSG_DONTWAIT);
	if (!len) {
		n = min(receive_end(vsk), 0);
	} else if (flags & MSG_PEEK) {
		n = peek_locked(vsk, msg, len, target, timeo);
	} else {
		n = receive_locked(vsk, msg, len, target, timeo);
	}
	release_sock(sk);
	return n;
}

/* ---- poll, ioctl -------------------------------------------------------------------------- */

/* What poll() waits for. */
static u64 poll_want(const struct vsk_sock *vsk)
{
	return min_t(u64, max(vsk->sk.sk_rcvlowat, 1), capacity(vsk));
}

/*
 * vsk_stream_recheck() - the timer of poll(): has the rest come?
 *
 * Looks again, less and less often, as long as somebody sleeps.
 * Context: the socket lock is held.
 */
void vsk_stream_recheck(struct vsk_sock *vsk)
{
	struct sock *sk = &vsk->sk;

	if (!vsk->qp)
		return;
	if (receive_can_go_on(vsk, poll_want(vsk))) {
		sk->sk_data_ready(sk);
		return;
	}
	vsk->recheck = min_t(long, vsk->recheck * 2, RECHECK_MAX);
	if (skwq_has_sleeper(rcu_dereference_protected(sk->sk_wq, lockdep_sock_is_held(sk))))
		vsk_conn_arm(vsk, vsk->recheck);
}

static __poll_t poll_established(struct vsk_sock *vsk)
{
	struct sock *sk = &vsk->sk;
	u64 want = poll_want(vsk);
	__poll_t mask = 0;

	if (!receive_can_go_on(vsk, want)) {
		vsk_queue_reader_waits(vsk, want);
		vsk->recheck = RECHECK_MIN;
		if (want > 1 && vmci_qpair_consume_buf_ready(vsk->qp))
			vsk_conn_arm(vsk, vsk->recheck);
	}
	if (receive_can_go_on(vsk, want))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (!(sk->sk_shutdown & SEND_SHUTDOWN)) {
		if (!send_can_go_on(vsk))
			vsk_queue_writer_waits(vsk);
		if (send_can_go_on(vsk))
			mask |= EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
	}
	return mask;
}

__poll_t vsk_stream_poll(struct file *file, struct socket *sock, struct poll_table_struct *wait)
{
	struct sock *sk = sock->sk;
	struct vsk_sock *vsk = vsk_sk(sk);
	__poll_t mask = 0;

	poll_wait(file, sk_sleep(sk), wait);
	lock_sock(sk);
	if (sk->sk_err)
		mask |= EPOLLERR;
	if (sk->sk_shutdown == SHUTDOWN_MASK ||
	    ((sk->sk_shutdown & SEND_SHUTDOWN) && (vsk->peer_shutdown & SEND_SHUTDOWN)))
		mask |= EPOLLHUP;
	if ((sk->sk_shutdown & RCV_SHUTDOWN) || (vsk->peer_shutdown & SEND_SHUTDOWN))
		mask |= EPOLLIN | EPOLLRDNORM | EPOLLRDHUP;
	if (sk->sk_state == TCP_LISTEN) {
		if (vsk_listen_ready(vsk))
			mask |= EPOLLIN | EPOLLRDNORM;
	} else if (sk->sk_state == TCP_ESTABLISHED && vsk->qp) {
		mask |= poll_established(vsk);
	} else if (sk->sk_state == TCP_CLOSE && !(sk->sk_shutdown & SEND_SHUTDOWN)) {
		mask |= EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
	}
	release_sock(sk);
	return mask;
}

int vsk_stream_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg)
{
	struct sock *sk = sock->sk;
	struct vsk_sock *vsk = vsk_sk(sk);
	s64 n = 0;

	if (cmd != SIOCINQ && cmd != SIOCOUTQ)
		return -ENOIOCTLCMD;
	lock_sock(sk);
	if (sk->sk_state == TCP_LISTEN)
		n = -EINVAL;
	else if (vsk->qp)
		n = cmd == SIOCINQ ? vsk_queue_ready(vsk) : vsk_queue_unsent(vsk);
	release_sock(sk);
	if (n < 0)
		return n;
	return put_user((int)n, (int __user *)arg);
}

struct proto_ops vsk_stream_ops = {
	.owner = THIS_MODULE,
	.release = vsk_release,
	.bind = vsk_bind,
	.connect = vsk_connect,
	.socketpair = sock_no_socketpair,
	.accept = vsk_accept,
	.getname = vsk_getname,
	.poll = vsk_stream_poll,
	.ioctl = vsk_stream_ioctl,
	.listen = vsk_listen,
	.shutdown = vsk_shutdown,
	.setsockopt = vsk_setsockopt,
	.getsockopt = vsk_getsockopt,
	.sendmsg = vsk_stream_sendmsg,
	.recvmsg = vsk_stream_recvmsg,
	.mmap = sock_no_mmap,
};
