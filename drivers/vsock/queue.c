/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * queue.c - the queue pair of a connection, and who has to be woken at the other end
 *
 * Two protocols say when a packet tells the peer of a change in the shared memory.
 *
 * Queue state (VSOCK_PROTO_Q_STATE): a writer sends WROTE when the queue was empty before it wrote;
 * a reader sends READ when the queue was full before it read, a little later (window.h).  Each side
 * first moves its index, then has a full barrier, then looks at the peer's index; a side that is
 * about to sleep does the same.  So one of the two always sees the other.
 *
 * The old one (VSOCK_PROTO_NONE): a side that is about to sleep says so, WAITING_READ for data and
 * WAITING_WRITE for space, and gets WROTE or READ once there is some.
 *
 * Both are hints: whoever gets one looks at the queue again.
 * Locks: the socket lock is held by every caller.
 */
#include <linux/uio.h>

#include "vsock.h"

#define SEND_TRIES	10	/* a hint that is lost can make the peer sleep for ever */

/* ---- life --------------------------------------------------------------------------------- */

/*
 * vsk_queue_fit() - the size to propose, or to answer to a proposal, by the memory that is left
 *
 * What the program has asked for is never changed.
 */
u64 vsk_queue_fit(const struct vsk_sock *vsk, u64 size)
{
	u64 limit, used = vmci_qpair_memory(&limit);

	if (vsk->sized)
		return size;
	return max(min(size, vsk_size_ladder(used, limit)), vsk->sizes.min);
}

static int queue_alloc(struct vsk_sock *vsk, struct vmci_handle *handle, u32 flags)
{
	u32 peer = vsk->remote.cid;
	int status;

	if (vsk->loop) {
		flags |= VMCI_QPFLAG_LOCAL;
		peer = VMCI_INVALID_ID;
	}
	status = vmci_qpair_alloc(&vsk->qp, handle, vsk->qp_size, vsk->qp_size, peer,
				  flags, VMCI_NO_PRIVILEGE_FLAGS);
	if (status < 0) {
		vsk->qp = NULL;
		return vsk_errno(status);
	}
	vsk_window_init(&vsk->window, vsk->qp_size);
	vsk->peer_waits_data = false;
	vsk->peer_waits_space = false;
	vsk->consumed = 0;
	vsk->produced = 0;
	return 0;
}

/* The client's end.  Nobody else knows the handle before OFFER, so no detach can be missed. */
int vsk_queue_create(struct vsk_sock *vsk)
{
	int err;

	vsk->qp_handle = VMCI_INVALID_HANDLE;
	err = queue_alloc(vsk, &vsk->qp_handle, 0);
	if (!err && !vsk->loop)
		vsk_qp_add(vsk);
	return err;
}

/* The server's end.  In the table first: the peer may detach at once. */
int vsk_queue_attach(struct vsk_sock *vsk, struct vmci_handle handle)
{
	int err;

	if (handle.context == VMCI_INVALID_ID || handle.resource == VMCI_INVALID_ID)
		return -EPROTO;
	vsk->qp_handle = handle;
	if (!vsk->loop)
		vsk_qp_add(vsk);
	err = queue_alloc(vsk, &handle, VMCI_QPFLAG_ATTACH_ONLY);
	if (err)
		vsk_qp_del(vsk);
	return err;
}

/* The device tells a peer elsewhere. */
void vsk_queue_detach(struct vsk_sock *vsk)
{
	vsk_qp_del(vsk);
	vmci_qpair_detach(&vsk->qp);
	vsk->qp = NULL;
}

/* ---- hints -------------------------------------------------------------------------------- */

/* WROTE or READ.  Nobody listens any more at a peer that does not receive. */
static void hint(struct vsk_sock *vsk, u8 type)
{
	int tries;

	for (tries = 0; tries < SEND_TRIES && !(vsk->peer_shutdown & RCV_SHUTDOWN); tries++) {
		if (!vsk_conn_send(vsk, (struct vsk_packet){ .type = type }))
			return;
	}
}

static void hint_written(struct vsk_sock *vsk, u64 written)
{
	vsk->produced += written;
	virt_mb();	/* our tail is out before we look at the peer's head */
	if (vsk->proto == VSOCK_PROTO_NONE) {
		if (vsk->peer_waits_data) {
			vsk->peer_waits_data = false;
			hint(vsk, VSOCK_PKT_WROTE);
		}
	} else if (vmci_qpair_produce_buf_ready(vsk->qp) == (s64)written) {
		hint(vsk, VSOCK_PKT_WROTE);
	}
}

static void hint_taken(struct vsk_sock *vsk, u64 taken)
{
	s64 free;

	vsk->consumed += taken;
	virt_mb();	/* our head is out before we look at the peer's tail */
	if (vsk->proto == VSOCK_PROTO_NONE) {
		if (vsk->peer_waits_space) {
			vsk->peer_waits_space = false;
			hint(vsk, VSOCK_PKT_READ);
		}
		return;
	}
	free = vmci_qpair_consume_free_space(vsk->qp);
	if (free < 0)
		return;		/* the next read finds it */
	vsk_window_want(&vsk->window, vsk->sk.sk_rcvlowat);
	vsk_window_taken(&vsk->window, taken, free);
	if (vsk_window_pay(&vsk->window, vsk->qp_size - 1 - free))
		hint(vsk, VSOCK_PKT_READ);
}

/*
 * vsk_queue_reader_waits() - a reader is about to sleep until `target` bytes are there
 *
 * Return: 0, or -EHOSTUNREACH when the peer could not be told that it has to wake us.
 */
int vsk_queue_reader_waits(struct vsk_sock *vsk, u64 target)
{
	if (vsk->peer_shutdown & SEND_SHUTDOWN)
		return 0;
	if (vsk->proto == VSOCK_PROTO_NONE) {
		u64 want = vsk->consumed + target;

		return vsk_conn_send(vsk, (struct vsk_packet){
			.type = VSOCK_PKT_WAITING_READ,
			.wait.generation = div64_u64(want, vsk->qp_size),
			.wait.offset = want - div64_u64(want, vsk->qp_size) * vsk->qp_size,
		}) ? -EHOSTUNREACH : 0;
	}
	vsk_window_want(&vsk->window, target);
	if (vsk_window_block(&vsk->window))
		hint(vsk, VSOCK_PKT_READ);
	return 0;
}

/* A writer is about to sleep until there is space.  Returns as above. */
int vsk_queue_writer_waits(struct vsk_sock *vsk)
{
	u64 want = vsk->produced + 1;

	if (vsk->proto != VSOCK_PROTO_NONE || (vsk->peer_shutdown & RCV_SHUTDOWN))
		return 0;
	return vsk_conn_send(vsk, (struct vsk_packet){
		.type = VSOCK_PKT_WAITING_WRITE,
		.wait.generation = div64_u64(want, vsk->qp_size),
		.wait.offset = want - div64_u64(want, vsk->qp_size) * vsk->qp_size,
	}) ? -EHOSTUNREACH : 0;
}

/* Old protocol: the peer has said that it waits; what it waits for may be there. */
void vsk_queue_peer_waits(struct vsk_sock *vsk)
{
	if (!vsk->qp)
		return;
	if (vsk->peer_waits_data && vmci_qpair_produce_buf_ready(vsk->qp) > 0) {
		vsk->peer_waits_data = false;
		hint(vsk, VSOCK_PKT_WROTE);
	}
	if (vsk->peer_waits_space && vmci_qpair_consume_free_space(vsk->qp) > 0) {
		vsk->peer_waits_space = false;
		hint(vsk, VSOCK_PKT_READ);
	}
}

/* ---- data --------------------------------------------------------------------------------- */

/* A status of a data call as -errno; a queue that cannot be believed ends the connection. */
static int queue_error(struct vsk_sock *vsk, s64 status)
{
	switch (status) {
	case VMCI_ERROR_QUEUEPAIR_NOSPACE:
	case VMCI_ERROR_QUEUEPAIR_NODATA:
		return 0;
	case VMCI_ERROR_NO_ACCESS:
		return -EFAULT;
	case VMCI_ERROR_QUEUEPAIR_NOTATTACHED:
		return -ECONNRESET;
	}
	vsk_conn_broken(vsk);
	return -EPROTO;
}

/* Bytes that can be written now, or -errno. */
s64 vsk_queue_space(struct vsk_sock *vsk)
{
	s64 n = vmci_qpair_produce_free_space(vsk->qp);

	return n < 0 ? queue_error(vsk, n) : n;
}

/* Bytes that can be read now, or -errno. */
s64 vsk_queue_ready(struct vsk_sock *vsk)
{
	s64 n = vmci_qpair_consume_buf_ready(vsk->qp);

	return n < 0 ? queue_error(vsk, n) : n;
}

/* Bytes that the peer has not taken yet, or -errno. */
s64 vsk_queue_unsent(struct vsk_sock *vsk)
{
	s64 n = vmci_qpair_produce_buf_ready(vsk->qp);

	return n < 0 ? queue_error(vsk, n) : n;
}

/* Bytes written, 0 when there is no space, or -errno. */
ssize_t vsk_queue_write(struct vsk_sock *vsk, struct msghdr *msg, size_t len)
{
	ssize_t n = vmci_qpair_enquev(vsk->qp, msg, len, 0);

	if (n < 0)
		return queue_error(vsk, n);
	if (n)
		hint_written(vsk, n);
	return n;
}

/* Bytes read, 0 when there are none, or -errno. */
ssize_t vsk_queue_read(struct vsk_sock *vsk, struct msghdr *msg, size_t len, bool peek)
{
	ssize_t n = peek ? vmci_qpair_peekv(vsk->qp, msg, len, 0) :
			   vmci_qpair_dequev(vsk->qp, msg, len, 0);

	if (n < 0)
		return queue_error(vsk, n);
	if (n && !peek)
		hint_taken(vsk, n);
	return n;
}
