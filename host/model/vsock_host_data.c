/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vsock_host_data.c - an established connection: rings, notifications, half-close, spilled bytes
 *
 * Notifications, protocol Q_STATE: who fills an empty ring sends WROTE; who makes room in a full
 * one sends READ, when its window says so.  Whether the ring was empty or full is decided by the
 * pair (qpair.h) with a fresh look at the guest's pointer after ours is visible, and the guest
 * does the same; so whoever stops is seen by the other to have stopped.  Old protocol: who is
 * about to stop says WAITING_READ or WAITING_WRITE, once, and the other answers when it has
 * something.
 *
 * A guest that detaches takes its memory back.  What it had written is copied aside first
 * ("spilled", state DETACHED) and read from there; all such bytes together are limited, and a
 * connection for which there is no room is torn down.  Reset and resume of the device leave
 * nothing to copy: they end connections in the same way.
 *
 * RST on an established connection comes from a guest that has no such socket any more: both
 * directions are shut down, what is in the ring stays readable.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/model/vsock_host_priv.h"

#define SPILL_IOVS 64

static bool guest_reads_on(const struct vsh_conn *conn)
{
	return !(conn->peer_shutdown & VSOCK_SHUTDOWN_RCV);
}

/*
 * A ring that the device gave up (-EIO) ends the connection.  Returns what the user is told:
 * -EPIPE, or @err as it is.
 */
static int ring_result(struct vsh_conn *conn, int err)
{
	if (err != -EIO)
		return err;
	conn->vsh->count.queue_corrupt++;
	vsh_conn_bury(conn, -EPROTO);
	return -EPIPE;
}

/* A READ, if the guest waits for one and there is enough room by now.  Returns 0 or -EIO. */
static int notify_read(struct vsh_conn *conn)
{
	int64_t ready;

	if (!conn->window.waiting || conn->peer_shutdown & VSOCK_SHUTDOWN_SEND)
		return 0;
	ready = vmci_qp_ready(conn->qp);
	if (ready < 0)
		return (int)ready;
	if (vsh_window_due(&conn->window, conn->queue_size - 1 - (uint64_t)ready))
		vsh_conn_post(conn, VSOCK_PKT_READ);
	return 0;
}

static void nothing_to_read(struct vsh_conn *conn)
{
	if (!conn->starved)
		vsh_window_starved(&conn->window);
	conn->starved = true;
	if (conn->old_proto && !conn->said_waiting_read &&
	    !(conn->peer_shutdown & VSOCK_SHUTDOWN_SEND)) {
		conn->said_waiting_read = true;
		vsh_conn_post(conn, VSOCK_PKT_WAITING_READ);
	}
}

int vsh_readable(struct vsh_conn *conn, struct iovec *iov, int iovcnt, size_t *ret_bytes)
{
	int n;

	*ret_bytes = 0;
	if (conn->state == VSH_DETACHED && iovcnt > 0 && conn->spill_off < conn->spill_size) {
		iov[0].iov_base = conn->spill + conn->spill_off;
		iov[0].iov_len = conn->spill_size - conn->spill_off;
		*ret_bytes = iov[0].iov_len;
		return 1;
	}
	if (conn->state == VSH_DETACHED)
		return 0;
	if (conn->state != VSH_ESTABLISHED)
		return conn->state == VSH_DEAD ? -EPIPE : -ENOTCONN;
	n = vmci_qp_readable(conn->qp, iov, iovcnt, ret_bytes);
	if (n > 0)
		conn->starved = false;
	else if (!n)
		nothing_to_read(conn);
	return ring_result(conn, n);
}

static void spill_free(struct vsh_conn *conn)
{
	free(conn->spill);
	conn->vsh->spill_bytes -= conn->spill_size;
	conn->spill = NULL;
	conn->spill_size = 0;
	conn->spill_off = 0;
}

int vsh_consumed(struct vsh_conn *conn, size_t bytes)
{
	bool was_full;
	int err;

	if (conn->state == VSH_DETACHED) {
		if (bytes > conn->spill_size - conn->spill_off)
			return -EINVAL;
		conn->from_guest += bytes;
		conn->spill_off += bytes;
		if (conn->spill_off == conn->spill_size)
			spill_free(conn);
		return 0;
	}
	if (conn->state != VSH_ESTABLISHED)
		return conn->state == VSH_DEAD ? -EPIPE : -ENOTCONN;
	err = vmci_qp_consumed(conn->qp, bytes, &was_full);
	if (err)
		return ring_result(conn, err);
	conn->from_guest += bytes;
	if (was_full && !conn->old_proto)
		conn->window.waiting = true;
	return ring_result(conn, notify_read(conn));
}

int vsh_writable(struct vsh_conn *conn, struct iovec *iov, int iovcnt, size_t *ret_bytes)
{
	int n;

	*ret_bytes = 0;
	if (conn->state < VSH_ESTABLISHED)
		return -ENOTCONN;
	if (conn->state != VSH_ESTABLISHED || !guest_reads_on(conn) ||
	    conn->shutdown & VSOCK_SHUTDOWN_SEND)
		return -EPIPE;
	n = vmci_qp_writable(conn->qp, iov, iovcnt, ret_bytes);
	if (!n && conn->old_proto && !conn->said_waiting_write) {
		conn->said_waiting_write = true;
		vsh_conn_post(conn, VSOCK_PKT_WAITING_WRITE);
	}
	return ring_result(conn, n);
}

int vsh_produced(struct vsh_conn *conn, size_t bytes)
{
	bool was_empty;
	int err;

	if (conn->state < VSH_ESTABLISHED)
		return -ENOTCONN;
	if (conn->state != VSH_ESTABLISHED)
		return -EPIPE;
	err = vmci_qp_produced(conn->qp, bytes, &was_empty);
	if (err)
		return ring_result(conn, err);
	conn->to_guest += bytes;
	if (conn->old_proto ? conn->guest_reads : was_empty) {
		conn->guest_reads = false;
		vsh_conn_post(conn, VSOCK_PKT_WROTE);
	}
	return 0;
}

void vsh_shutdown(struct vsh_conn *conn, unsigned int mode)
{
	mode &= VSOCK_SHUTDOWN_BOTH & ~conn->shutdown;
	conn->shutdown |= (uint8_t)mode;
	if (mode && conn->state == VSH_ESTABLISHED)
		vsh_conn_post(conn, VSOCK_PKT_SHUTDOWN);
}

/* Copy out what the ring holds.  Returns 0, -ENOSPC, -ENOMEM or what the pair says. */
static int spill(struct vsh_conn *conn)
{
	struct vsh *vsh = conn->vsh;
	int64_t ready = vmci_qp_ready(conn->qp);
	struct iovec iov[SPILL_IOVS];
	size_t n, off = 0;
	int i, cnt;

	if (ready <= 0)
		return (int)ready;
	if ((uint64_t)ready > vsh->config.spill_max - vsh->spill_bytes)
		return -ENOSPC;
	conn->spill = malloc((size_t)ready);
	if (!conn->spill)
		return -ENOMEM;
	conn->spill_size = (size_t)ready;
	vsh->spill_bytes += conn->spill_size;
	while (off < conn->spill_size) {
		cnt = vmci_qp_readable(conn->qp, iov, SPILL_IOVS, &n);
		if (cnt <= 0)
			return cnt ? cnt : -EPIPE;
		for (n = 0, i = 0; i < cnt && off < conn->spill_size; i++) {
			size_t part = conn->spill_size - off;

			if (part > iov[i].iov_len)
				part = iov[i].iov_len;
			memcpy(conn->spill + off, iov[i].iov_base, part);
			off += part;
			n += part;
		}
		cnt = vmci_qp_consumed(conn->qp, n, NULL);
		if (cnt)
			return cnt;
	}
	vsh->count.spilled_bytes += conn->spill_size;
	return 0;
}

/* The guest's end is over.  Rings are still there with @why DETACH, and with no other. */
static void pair_gone(void *data, struct vmci_qp *qp, enum vmci_qp_gone why)
{
	struct vsh_conn *conn = data;
	struct vsh *vsh = conn->vsh;
	int err = 0;

	if (conn->state != VSH_ESTABLISHED || why != VMCI_QP_GONE_DETACH) {
		vsh_conn_over(conn, -ECONNRESET);
		return;
	}
	if (!(conn->shutdown & VSOCK_SHUTDOWN_RCV))
		err = spill(conn);
	if (err) {
		vsh->count.spill_lost++;
		vsh_conn_over(conn, err);
		return;
	}
	vsh_conn_detached(conn);
}

const struct vmci_qp_ops vsh_qp_ops = {
	.gone = pair_gone,
};

static void got_shutdown(struct vsh_conn *conn, unsigned int mode)
{
	if (!(mode & ~conn->peer_shutdown))
		return;
	conn->peer_shutdown |= (uint8_t)mode;
	vsh_conn_event(conn, VSH_EV_SHUTDOWN);
}

static int got_waiting_read(struct vsh_conn *conn)
{
	int64_t room = vmci_qp_free_space(conn->qp);

	if (room < 0)
		return (int)room;
	conn->guest_reads = room == conn->queue_size - 1;
	if (!conn->guest_reads)
		vsh_conn_post(conn, VSOCK_PKT_WROTE);
	return 0;
}

/* The guest's WAITING_*, which only the old protocol has.  Returns 0 or -EIO. */
static int got_waiting(struct vsh_conn *conn, uint8_t type)
{
	if (!conn->old_proto) {
		conn->vsh->count.unexpected++;
		return 0;
	}
	if (type == VSOCK_PKT_WAITING_READ)
		return got_waiting_read(conn);
	conn->window.waiting = true;
	return notify_read(conn);
}

void vsh_data_packet(struct vsh_conn *conn, const struct vsh_packet *p)
{
	switch (p->type) {
	case VSOCK_PKT_WROTE:
		conn->said_waiting_read = false;
		vsh_conn_event(conn, VSH_EV_DATA);
		return;
	case VSOCK_PKT_READ:
		conn->said_waiting_write = false;
		vsh_conn_event(conn, VSH_EV_SPACE);
		return;
	case VSOCK_PKT_SHUTDOWN:
		got_shutdown(conn, (unsigned int)p->mode);
		return;
	case VSOCK_PKT_RST:
		conn->vsh->count.rst_received++;
		got_shutdown(conn, VSOCK_SHUTDOWN_BOTH);
		return;
	case VSOCK_PKT_WAITING_READ:
	case VSOCK_PKT_WAITING_WRITE:
		if (got_waiting(conn, p->type))
			vsh_conn_corrupt(conn);
		return;
	default:
		conn->vsh->count.unexpected++;
	}
}
