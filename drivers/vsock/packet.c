/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * packet.c - control packets: in, out, and from one socket of this kernel to another
 *
 * One datagram endpoint, resource 1, takes the control packets of all streams.  A packet is copied
 * and checked once, here; what goes further is in the machine's byte order.  It is for
 *	the connection with exactly its two addresses, whatever its type;
 *	else, if it is a REQUEST, the listener that is bound to its destination;
 *	else nobody: RST is the answer, except to an RST.
 * So nothing but a packet from its peer ever reaches a connection.
 *
 * Packets between two sockets of this kernel take the same way without the device; `loop` keeps the
 * two worlds apart, and a packet from the device that claims to come from ourselves is dropped.
 *
 * Locks: none of its own.  Callers may hold a socket lock; nothing here takes one.
 */
#include <linux/module.h>
#include <linux/string.h>

#include "trace.h"
#include "vsock.h"

static struct vmci_handle control_handle = { VMCI_INVALID_ID, VMCI_INVALID_ID };
static u32 detach_subscription = VMCI_INVALID_ID;
static u32 resumed_subscription = VMCI_INVALID_ID;

static void packet_receive(const struct vsk_packet *packet);

/* ---- out ---------------------------------------------------------------------------------- */

static void packet_encode(const struct vsk_packet *p, struct vsock_wire_packet *w)
{
	memset(w, 0, sizeof(*w));
	w->dg.dst.cid = cpu_to_le32(p->dst.cid);
	w->dg.dst.rid = cpu_to_le32(vsk_control_rid(p->dst.cid));
	w->dg.src.cid = cpu_to_le32(VMCI_INVALID_ID);	/* vmci fills in our own */
	w->dg.src.rid = cpu_to_le32(VSOCK_CONTROL_RID);
	w->dg.payload_size = cpu_to_le64(VSOCK_PACKET_PAYLOAD);
	w->version = VSOCK_PACKET_VERSION;
	w->type = p->type;
	w->proto = cpu_to_le16(p->proto);
	w->src_port = cpu_to_le32(p->src.port);
	w->dst_port = cpu_to_le32(p->dst.port);
	switch (p->type) {
	case VSOCK_PKT_REQUEST:
	case VSOCK_PKT_NEGOTIATE:
	case VSOCK_PKT_REQUEST2:
	case VSOCK_PKT_NEGOTIATE2:
		w->u.size = cpu_to_le64(p->size);
		break;
	case VSOCK_PKT_OFFER:
	case VSOCK_PKT_ATTACH:
		w->u.handle.cid = cpu_to_le32(p->handle.context);
		w->u.handle.rid = cpu_to_le32(p->handle.resource);
		break;
	case VSOCK_PKT_SHUTDOWN:
		w->u.mode = cpu_to_le64(p->mode);
		break;
	case VSOCK_PKT_WAITING_READ:
	case VSOCK_PKT_WAITING_WRITE:
		w->u.wait.generation = cpu_to_le64(p->wait.generation);
		w->u.wait.offset = cpu_to_le64(p->wait.offset);
		break;
	}
}

/*
 * vsk_packet_send() - send a control packet
 *
 * Return: 0, or -errno when the device did not take it.
 * Context: any.
 */
int vsk_packet_send(const struct vsk_packet *packet)
{
	struct vsock_wire_packet wire;
	int status, err;

	if (packet->loop) {
		trace_vmsock_send(packet, 0);
		packet_receive(packet);
		return 0;
	}
	packet_encode(packet, &wire);
	status = vmci_datagram_send((struct vmci_datagram *)&wire);
	err = status < 0 ? vsk_errno(status) : 0;
	if (err)
		atomic_long_inc(&vsk_stats.send_failed);
	trace_vmsock_send(packet, err);
	return err;
}

/* Answers a packet that has no connection. */
static void packet_answer(const struct vsk_packet *to, u8 type)
{
	struct vsk_packet answer = {
		.type = type,
		.loop = to->loop,
		.src = to->dst,
		.dst = to->src,
	};

	if (to->type != VSOCK_PKT_RST)
		vsk_packet_send(&answer);
}

/* ---- in ----------------------------------------------------------------------------------- */

static void packet_decode(const struct vsock_wire_packet *w, struct vsk_packet *p)
{
	memset(p, 0, sizeof(*p));
	p->type = w->type;
	p->proto = le16_to_cpu(w->proto);
	p->src = (struct vsk_addr){ le32_to_cpu(w->dg.src.cid), le32_to_cpu(w->src_port) };
	p->dst = (struct vsk_addr){ le32_to_cpu(w->dg.dst.cid), le32_to_cpu(w->dst_port) };
	switch (p->type) {
	case VSOCK_PKT_REQUEST:
	case VSOCK_PKT_NEGOTIATE:
	case VSOCK_PKT_REQUEST2:
	case VSOCK_PKT_NEGOTIATE2:
		p->size = le64_to_cpu(w->u.size);
		break;
	case VSOCK_PKT_OFFER:
	case VSOCK_PKT_ATTACH:
		p->handle = vmci_make_handle(le32_to_cpu(w->u.handle.cid),
					     le32_to_cpu(w->u.handle.rid));
		break;
	case VSOCK_PKT_SHUTDOWN:
		p->mode = le64_to_cpu(w->u.mode);
		break;
	case VSOCK_PKT_WAITING_READ:
	case VSOCK_PKT_WAITING_WRITE:
		p->wait.generation = le64_to_cpu(w->u.wait.generation);
		p->wait.offset = le64_to_cpu(w->u.wait.offset);
		break;
	}
}

/* To a bound socket, if it is to one.  True: dealt with. */
static bool packet_to_bound(const struct vsk_packet *p)
{
	struct vsk_sock *vsk = vsk_bound_find(SOCK_STREAM, p->dst.cid, p->dst.port);
	bool done = false;

	if (!vsk)
		return false;
	if (p->type >= VSOCK_PKT_MAX) {
		packet_answer(p, VSOCK_PKT_INVALID);
		done = true;
	} else if ((p->type == VSOCK_PKT_REQUEST || p->type == VSOCK_PKT_REQUEST2) &&
		   READ_ONCE(vsk->listening)) {
		vsk_listen_arrived(vsk, p);
		done = true;
	}
	sock_put(&vsk->sk);
	return done;
}

/* To a connection, if it is to one.  True: dealt with. */
static bool packet_to_conn(const struct vsk_packet *p)
{
	struct vsk_sock *vsk;

	if (p->type < VSOCK_PKT_MAX && p->type != VSOCK_PKT_WROTE && p->type != VSOCK_PKT_READ)
		return vsk_conn_mail(p->dst.port, p->src, p->loop, vsk_conn_arrived, p);
	vsk = vsk_conn_find(p->dst.port, p->src, p->loop);
	if (!vsk)
		return false;
	if (p->type >= VSOCK_PKT_MAX)
		packet_answer(p, VSOCK_PKT_INVALID);
	else
		vsk_conn_wake(vsk, p);
	sock_put(&vsk->sk);
	return true;
}

static void packet_receive(const struct vsk_packet *p)
{
	int to = packet_to_conn(p) ? 1 : packet_to_bound(p) ? 2 : 0;

	trace_vmsock_receive(p, to);
	if (to)
		return;
	atomic_long_inc(&vsk_stats.no_socket);
	packet_answer(p, VSOCK_PKT_RST);
}

/* vmci's callback [atomic]: dg is vmci's private copy, complete by its payload_size. */
static int control_receive(void *data, struct vmci_datagram *dg)
{
	struct vsock_wire_packet wire;
	struct vsk_packet packet;
	u32 own = vmci_get_context_id();

	if (dg->payload_size < VSOCK_PACKET_PAYLOAD)
		goto bad;
	memcpy(&wire, dg, sizeof(wire));
	if (!vsk_packet_from_endpoint(dg->src.context, dg->src.resource, dg->payload_size,
				      wire.version) ||
	    vsk_cid_is_loop(dg->src.context, own) || dg->dst.context != own)
		goto bad;
	packet_decode(&wire, &packet);
	packet_receive(&packet);
	return VMCI_SUCCESS;

bad:
	atomic_long_inc(&vsk_stats.bad_packets);
	return VMCI_ERROR_INVALID_ARGS;
}

/* ---- events [atomic] ---------------------------------------------------------------------- */

static void peer_detached(u32 sub_id, const struct vmci_event_data *ed, void *data)
{
	const struct vmci_event_payld_qp *payload = vmci_event_data_const_payload(ed);

	vsk_qp_mail(payload->handle, vsk_conn_detached);
}

static void resumed_one(struct vsk_sock *vsk)
{
	if (!vsk->loop)
		vsk_conn_detached(vsk);
}

/* The machine was suspended or moved: whoever shared a queue pair with us is gone. */
static void resumed(u32 sub_id, const struct vmci_event_data *ed, void *data)
{
	vsk_conn_for_each(resumed_one);
}

/* ---- life --------------------------------------------------------------------------------- */

int vsk_packet_init(void)
{
	int status;

	status = vmci_event_subscribe(VMCI_EVENT_QP_PEER_DETACH, peer_detached, NULL,
				      &detach_subscription);
	if (status < 0)
		return vsk_errno(status);
	status = vmci_event_subscribe(VMCI_EVENT_QP_RESUMED, resumed, NULL, &resumed_subscription);
	if (status < 0)
		goto undo_detach;
	status = vmci_datagram_create_handle(VSOCK_CONTROL_RID, VMCI_FLAG_ANYCID_DG_HND,
					     control_receive, NULL, &control_handle);
	if (status < 0)
		goto undo_resumed;
	return 0;

undo_resumed:
	vmci_event_unsubscribe(resumed_subscription);
undo_detach:
	vmci_event_unsubscribe(detach_subscription);
	return vsk_errno(status);
}

void vsk_packet_exit(void)
{
	vmci_datagram_destroy_handle(control_handle);
	vmci_event_unsubscribe(resumed_subscription);
	vmci_event_unsubscribe(detach_subscription);
}
