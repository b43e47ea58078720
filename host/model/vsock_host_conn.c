/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vsock_host_conn.c - life of a connection: handshakes, RST, time-outs, its end
 *
 *	guest asks:	REQUEST2 -> [ops.incoming] NEGOTIATE2 -> IN_NEGOTIATE
 *			OFFER -> attach to the guest's pair, ATTACH -> ESTABLISHED
 *	we ask:		REQUEST2 -> OUT_REQUEST
 *			NEGOTIATE2 -> create a pair, OFFER -> OUT_OFFER
 *			ATTACH, and the guest did attach -> ESTABLISHED
 *	old protocol:	REQUEST and NEGOTIATE instead.  We fall back to it when INVALID answers our
 *			REQUEST2, and then ignore one RST, which may belong to the first try.
 *
 * While the handshake lasts, anything that does not fit ends it, with RST unless RST ended it.
 * Once established, what does not fit is counted and ignored.  One deadline covers the whole
 * handshake; it is the same for all, so the list of handshakes is sorted by itself.
 *
 * The size of the rings is the guest's proposal if it is inside our limits, else our own; but a new
 * connection gets at most 1/128 of the pair memory that is left, in steps down to one page, so that
 * many small connections fit where few large ones would end them all.
 */
#include <errno.h>
#include <stdlib.h>

#include "host/model/vsock_host_priv.h"

#define HOST_PORT_MIN (VSOCK_PORT_RESERVED_MAX + 1)

void vsh_conn_event(struct vsh_conn *conn, unsigned int events)
{
	struct vsh *vsh = conn->vsh;

	vsh->ops->event(vsh->data, conn, conn->user, events);
}

static struct vsh_conn *conn_new(struct vsh *vsh, uint32_t host_cid, uint32_t host_port,
				 uint32_t guest_port)
{
	struct vsh_conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		return NULL;
	conn->vsh = vsh;
	conn->host_cid = host_cid;
	conn->host_port = host_port;
	conn->guest_port = guest_port;
	if (vsh_hash_add(conn)) {
		free(conn);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&vsh->all, conn, all);
	vsh->nconns++;
	return conn;
}

static void handshake_begin(struct vsh_conn *conn, enum vsh_state state)
{
	struct vsh *vsh = conn->vsh;
	bool first = vsh_deadline(vsh) == UINT64_MAX;

	conn->state = state;
	conn->deadline_ms = vsh->ops->now_ms(vsh->data) + vsh->config.handshake_ms;
	conn->in_handshake = true;
	TAILQ_INSERT_TAIL(&vsh->handshakes, conn, handshake);
	vsh->nhandshakes++;
	if (first && vsh->ops->timer)
		vsh->ops->timer(vsh->data, conn->deadline_ms);
}

static void handshake_end(struct vsh_conn *conn)
{
	if (!conn->in_handshake)
		return;
	TAILQ_REMOVE(&conn->vsh->handshakes, conn, handshake);
	conn->in_handshake = false;
	conn->vsh->nhandshakes--;
}

static void unlist_delayed(struct vsh_conn *conn)
{
	if (conn->unsent)
		TAILQ_REMOVE(&conn->vsh->delayed, conn, delayed);
	conn->unsent = 0;
}

/* Out of the reach of packets, timers and the pair's callbacks. */
static void conn_end(struct vsh_conn *conn)
{
	if (conn->in_handshake && conn->incoming)
		conn->vsh->count.failed_in++;
	else if (conn->in_handshake)
		conn->vsh->count.failed_out++;
	handshake_end(conn);
	unlist_delayed(conn);
	vsh_hash_del(conn);
	vmci_qp_detach(conn->qp);
	conn->qp = NULL;
	conn->state = VSH_DEAD;
}

void vsh_conn_free(struct vsh_conn *conn)
{
	struct vsh *vsh = conn->vsh;

	conn_end(conn);
	TAILQ_REMOVE(&vsh->all, conn, all);
	vsh->nconns--;
	vsh->spill_bytes -= conn->spill_size;
	free(conn->spill);
	free(conn);
}

void vsh_conn_bury(struct vsh_conn *conn, int error)
{
	vsh_conn_post(conn, VSOCK_PKT_RST);
	conn_end(conn);
	conn->error = error;
}

void vsh_conn_over(struct vsh_conn *conn, int error)
{
	conn_end(conn);
	conn->error = error;
	vsh_conn_event(conn, VSH_EV_CLOSED);
	vsh_conn_free(conn);
}

void vsh_conn_fail(struct vsh_conn *conn, int error)
{
	vsh_conn_post(conn, VSOCK_PKT_RST);
	vsh_conn_over(conn, error);
}

void vsh_conn_corrupt(struct vsh_conn *conn)
{
	conn->vsh->count.queue_corrupt++;
	vsh_conn_fail(conn, -EPROTO);
}

void vsh_close(struct vsh_conn *conn)
{
	if (conn->in_handshake)
		vsh_conn_post(conn, VSOCK_PKT_RST);
	vsh_conn_free(conn);
}

static void packet_fill(const struct vsh_conn *conn, uint8_t type, struct vsh_packet *p)
{
	uint64_t pos = 0;

	*p = (struct vsh_packet){
		.type = type,
		.src_port = conn->host_port,
		.dst_port = conn->guest_port,
		.proto = VSOCK_PROTO_Q_STATE,
		.size = conn->queue_size,
		.mode = conn->shutdown,
	};
	if (conn->qp)
		p->handle = vmci_qp_handle(conn->qp);
	/*
	 * A position is counted in bytes since the start.  A reader waits for the byte after its
	 * own; a writer, for the guest to pass the byte whose place the next one needs, given that
	 * one place stays free.
	 */
	if (type == VSOCK_PKT_WAITING_READ)
		pos = conn->from_guest + 1;
	else if (type == VSOCK_PKT_WAITING_WRITE)
		pos = conn->to_guest + 2 - conn->queue_size;
	if (pos) {
		p->generation = pos / conn->queue_size;
		p->offset = pos % conn->queue_size;
	}
}

static int conn_send(struct vsh_conn *conn, uint8_t type)
{
	struct vsh *vsh = conn->vsh;
	struct vsh_packet p;
	int err;

	packet_fill(conn, type, &p);
	err = vsh_send(vsh, &p, conn->host_cid);
	if (!err && type == VSOCK_PKT_WROTE)
		vsh->count.wrote_sent++;
	else if (!err && type == VSOCK_PKT_READ)
		vsh->count.read_sent++;
	return err;
}

int vsh_conn_post(struct vsh_conn *conn, uint8_t type)
{
	struct vsh *vsh = conn->vsh;
	int err = -ENOBUFS;

	/* RST is the last of a connection: there will be nobody to send it later */
	if (type == VSOCK_PKT_RST || !conn->unsent)
		err = conn_send(conn, type);
	if (err && (err != -ENOBUFS || type == VSOCK_PKT_RST)) {
		vsh->count.packets_lost++;
		return err;
	}
	if (err) {
		if (!conn->unsent)
			TAILQ_INSERT_TAIL(&vsh->delayed, conn, delayed);
		conn->unsent |= (uint16_t)(1u << type);
		vsh->count.packets_delayed++;
	}
	return 0;
}

void vsh_conn_flush(struct vsh_conn *conn)
{
	unsigned int unsent = conn->unsent;
	uint8_t type;

	for (type = 0; unsent && type < VSOCK_PKT_MAX; type++) {
		int err;

		if (!(unsent & 1u << type))
			continue;
		err = conn_send(conn, type);
		if (err == -ENOBUFS)
			break;
		if (err)
			conn->vsh->count.packets_lost++;
		unsent &= ~(1u << type);
	}
	if (!unsent)
		unlist_delayed(conn);
	conn->unsent = (uint16_t)unsent;
}

/* What a pair costs the device: two headers, two times the content. */
static uint64_t pair_bytes(uint64_t size)
{
	uint64_t pages = (size + VMCI_WIRE_PAGE_SIZE - 1) / VMCI_WIRE_PAGE_SIZE;

	return 2 * (pages + 1) * VMCI_WIRE_PAGE_SIZE;
}

static uint32_t size_that_fits(const struct vsh *vsh, uint64_t size)
{
	struct vmci_stats st;
	uint64_t left;

	vmci_stats_get(vsh->dev, &st);
	left = st.qp_memory < vsh->config.qp_memory ? vsh->config.qp_memory - st.qp_memory : 0;
	while (size > VMCI_WIRE_PAGE_SIZE && pair_bytes(size) > left / 128)
		size = size / 4 > VMCI_WIRE_PAGE_SIZE ? size / 4 : VMCI_WIRE_PAGE_SIZE;
	return (uint32_t)(size > vsh->config.queue_min ? size : vsh->config.queue_min);
}

static bool over_limits(struct vsh *vsh)
{
	if (vsh->nconns >= vsh->config.conns_max)
		vsh->count.over_conns++;
	else if (vsh->nhandshakes >= vsh->config.handshakes_max)
		vsh->count.over_handshakes++;
	else
		return false;
	return true;
}

static bool request_is_good(struct vsh *vsh, const struct vsh_packet *p)
{
	if (p->size && (p->type == VSOCK_PKT_REQUEST || p->proto & VSOCK_PROTO_Q_STATE))
		return true;
	vsh->count.bad_packet++;
	return false;
}

void vsh_conn_request(struct vsh *vsh, uint32_t host_cid, const struct vsh_packet *p)
{
	struct vsh_packet rst = { .type = VSOCK_PKT_RST, .src_port = p->dst_port,
				  .dst_port = p->src_port };
	struct vsh_conn *conn = NULL;
	uint64_t size = p->size;

	if (request_is_good(vsh, p) && !over_limits(vsh))
		conn = conn_new(vsh, host_cid, p->dst_port, p->src_port);
	if (!conn)
		goto refuse;
	conn->incoming = true;
	conn->old_proto = p->type == VSOCK_PKT_REQUEST;
	if (size < vsh->config.queue_min || size > vsh->config.queue_max)
		size = vsh->config.queue_size;
	conn->queue_size = size_that_fits(vsh, size);
	if (vsh->ops->incoming(vsh->data, conn)) {
		vsh->count.refused_in++;
		vsh_conn_free(conn);
		goto refuse;
	}
	handshake_begin(conn, VSH_IN_NEGOTIATE);
	if (vsh_conn_post(conn, conn->old_proto ? VSOCK_PKT_NEGOTIATE : VSOCK_PKT_NEGOTIATE2))
		vsh_conn_over(conn, -ENOTCONN);
	return;
refuse:
	if (vsh_send(vsh, &rst, host_cid))
		vsh->count.packets_lost++;
}

/* The next port after the last one whose triple is free, so that none is used again soon. */
static int pick_port(struct vsh *vsh, uint32_t guest_port, uint32_t *ret_port)
{
	const uint32_t ports = VSH_HOST_PORT_MAX - HOST_PORT_MIN + 1;
	uint32_t i;

	for (i = 0; i < ports; i++) {
		uint32_t port = HOST_PORT_MIN + vsh->next_port++ % ports;

		if (!vsh_lookup(vsh, VMCI_CID_HOST, port, guest_port)) {
			*ret_port = port;
			return 0;
		}
	}
	return -EADDRNOTAVAIL;
}

int vsh_connect(struct vsh *vsh, uint32_t guest_port, void *user, struct vsh_conn **ret_conn)
{
	struct vsh_conn *conn;
	uint32_t port;
	int err;

	if (guest_port == VSH_PORT_ANY)
		return -EINVAL;
	if (!vmci_guest_ready(vsh->dev))
		return -ENOTCONN;
	if (over_limits(vsh))
		return -EBUSY;
	err = pick_port(vsh, guest_port, &port);
	if (err)
		return err;
	conn = conn_new(vsh, VMCI_CID_HOST, port, guest_port);
	if (!conn)
		return -ENOMEM;
	conn->user = user;
	conn->queue_size = size_that_fits(vsh, vsh->config.queue_size);
	handshake_begin(conn, VSH_OUT_REQUEST);
	err = vsh_conn_post(conn, VSOCK_PKT_REQUEST2);
	if (err) {
		vsh_conn_free(conn);
		return err;
	}
	*ret_conn = conn;
	return 0;
}

void vsh_conn_established(struct vsh_conn *conn)
{
	handshake_end(conn);
	conn->state = VSH_ESTABLISHED;
	vsh_window_init(&conn->window, conn->queue_size);
	if (conn->incoming)
		conn->vsh->count.established_in++;
	else
		conn->vsh->count.established_out++;
	vsh_conn_event(conn, VSH_EV_CONNECTED | VSH_EV_DATA | VSH_EV_SPACE);
}

void vsh_conn_detached(struct vsh_conn *conn)
{
	conn_end(conn);
	conn->state = VSH_DETACHED;
	conn->peer_shutdown = VSOCK_SHUTDOWN_BOTH;
	vsh_conn_event(conn, VSH_EV_DATA | VSH_EV_SHUTDOWN);
}

static void in_negotiate(struct vsh_conn *conn, const struct vsh_packet *p)
{
	struct vsh *vsh = conn->vsh;
	int err;

	if (p->type != VSOCK_PKT_OFFER) {
		vsh->count.unexpected++;
		vsh_conn_fail(conn, -EPROTO);
		return;
	}
	err = vmci_qp_attach(vsh->dev, p->handle, conn->queue_size, conn->queue_size, &vsh_qp_ops,
			     conn, &conn->qp);
	if (err) {
		conn->qp = NULL;
		vsh->count.bad_offer++;
		vsh_conn_fail(conn, err);
		return;
	}
	err = vsh_conn_post(conn, VSOCK_PKT_ATTACH);
	if (err)
		vsh_conn_over(conn, err);
	else
		vsh_conn_established(conn);
}

static void negotiated(struct vsh_conn *conn, const struct vsh_packet *p)
{
	struct vsh *vsh = conn->vsh;
	int err;

	if (p->size < vsh->config.queue_min || p->size > vsh->config.queue_max) {
		vsh->count.bad_packet++;
		vsh_conn_fail(conn, -EPROTO);
		return;
	}
	conn->queue_size = (uint32_t)p->size;
	conn->old_proto = p->type == VSOCK_PKT_NEGOTIATE;
	conn->ignore_rst = false;
	err = vmci_qp_create(vsh->dev, p->size, p->size, &vsh_qp_ops, conn, &conn->qp);
	if (err) {
		conn->qp = NULL;
		vsh_conn_fail(conn, err);
		return;
	}
	conn->state = VSH_OUT_OFFER;
	err = vsh_conn_post(conn, VSOCK_PKT_OFFER);
	if (err)
		vsh_conn_over(conn, err);
}

static void out_request(struct vsh_conn *conn, const struct vsh_packet *p)
{
	if (p->type == VSOCK_PKT_NEGOTIATE2 && p->proto == VSOCK_PROTO_Q_STATE &&
	    !conn->old_proto) {
		negotiated(conn, p);
	} else if (p->type == VSOCK_PKT_NEGOTIATE) {
		negotiated(conn, p);
	} else if (p->type == VSOCK_PKT_INVALID && !conn->old_proto) {
		conn->old_proto = true;
		conn->ignore_rst = true;
		if (vsh_conn_post(conn, VSOCK_PKT_REQUEST))
			vsh_conn_over(conn, -ENOTCONN);
	} else {
		conn->vsh->count.unexpected++;
		vsh_conn_fail(conn, -EPROTO);
	}
}

static void out_offer(struct vsh_conn *conn, const struct vsh_packet *p)
{
	struct vmci_handle h = vmci_qp_handle(conn->qp);

	/* "attached" is what the device says, not what the packet says */
	if (p->type == VSOCK_PKT_ATTACH && p->handle.cid == h.cid && p->handle.rid == h.rid &&
	    vmci_qp_ready(conn->qp) >= 0) {
		vsh_conn_established(conn);
		return;
	}
	conn->vsh->count.unexpected++;
	vsh_conn_fail(conn, -EPROTO);
}

void vsh_conn_packet(struct vsh_conn *conn, const struct vsh_packet *p)
{
	if (p->type == VSOCK_PKT_RST && conn->in_handshake) {
		conn->vsh->count.rst_received++;
		if (conn->ignore_rst)
			conn->ignore_rst = false;
		else
			vsh_conn_over(conn, -ECONNRESET);
		return;
	}
	switch (conn->state) {
	case VSH_IN_NEGOTIATE:
		in_negotiate(conn, p);
		break;
	case VSH_OUT_REQUEST:
		out_request(conn, p);
		break;
	case VSH_OUT_OFFER:
		out_offer(conn, p);
		break;
	case VSH_ESTABLISHED:
		vsh_data_packet(conn, p);
		break;
	case VSH_DETACHED:
	case VSH_DEAD:
		/* neither is in the table: no packet finds them */
		break;
	}
}

unsigned int vsh_peer_shutdown(const struct vsh_conn *conn)
{
	return conn->peer_shutdown;
}

void vsh_set_user(struct vsh_conn *conn, void *user)
{
	conn->user = user;
}

uint32_t vsh_host_port(const struct vsh_conn *conn)
{
	return conn->host_port;
}

uint32_t vsh_guest_port(const struct vsh_conn *conn)
{
	return conn->guest_port;
}

enum vsh_state vsh_state(const struct vsh_conn *conn)
{
	return conn->state;
}

int vsh_error(const struct vsh_conn *conn)
{
	return conn->error;
}
