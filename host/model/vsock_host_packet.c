/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vsock_host_packet.c - control packets and the notification window: functions without state
 *
 * Parsing is strict where a stock driver never sends anything else: version, ports that are ports,
 * zero in fields that the type does not use.  What it accepts has no meaning yet; whether the
 * packet fits the connection is vsock_host_conn.c's to say.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "host/model/vsock_host_priv.h"

static bool packet_has_size(uint8_t type)
{
	return type == VSOCK_PKT_REQUEST || type == VSOCK_PKT_NEGOTIATE ||
	       type == VSOCK_PKT_REQUEST2 || type == VSOCK_PKT_NEGOTIATE2;
}

static bool packet_has_proto(uint8_t type)
{
	return type == VSOCK_PKT_REQUEST2 || type == VSOCK_PKT_NEGOTIATE2;
}

int vsh_packet_parse(const struct vmci_wire_dg *dg, size_t len, struct vsh_packet *ret)
{
	const struct vsock_wire_packet *w = (const struct vsock_wire_packet *)dg;
	struct vsh_packet p = { .type = 0 };

	if (len < sizeof(*w) || w->version != VSOCK_PACKET_VERSION)
		return -EPROTO;
	p.type = w->type;
	p.proto = le16toh(w->proto);
	p.src_port = le32toh(w->src_port);
	p.dst_port = le32toh(w->dst_port);
	if (p.src_port == VSH_PORT_ANY || p.dst_port == VSH_PORT_ANY)
		return -EPROTO;
	if (p.type < VSOCK_PKT_MAX && (w->reserved || (p.proto && !packet_has_proto(p.type))))
		return -EPROTO;
	if (packet_has_size(p.type)) {
		p.size = le64toh(w->u.size);
	} else if (p.type == VSOCK_PKT_SHUTDOWN) {
		p.mode = le64toh(w->u.mode);
		if (!p.mode || p.mode & ~(uint64_t)VSOCK_SHUTDOWN_BOTH)
			return -EPROTO;
	} else if (p.type == VSOCK_PKT_OFFER || p.type == VSOCK_PKT_ATTACH) {
		p.handle.cid = le32toh(w->u.handle.cid);
		p.handle.rid = le32toh(w->u.handle.rid);
	}
	*ret = p;
	return 0;
}

void vsh_packet_build(const struct vsh_packet *p, uint32_t host_cid, uint32_t cid,
		      struct vsock_wire_packet *ret)
{
	uint32_t rid = host_cid == VMCI_CID_HOST ? VSOCK_CONTROL_RID : VSOCK_CONTROL_RID_HV;

	memset(ret, 0, sizeof(*ret));
	ret->dg.dst.cid = htole32(cid);
	ret->dg.dst.rid = htole32(VSOCK_CONTROL_RID);
	ret->dg.src.cid = htole32(host_cid);
	ret->dg.src.rid = htole32(rid);
	ret->dg.payload_size = htole64(VSOCK_PACKET_PAYLOAD);
	ret->version = VSOCK_PACKET_VERSION;
	ret->type = p->type;
	ret->src_port = htole32(p->src_port);
	ret->dst_port = htole32(p->dst_port);
	if (packet_has_proto(p->type))
		ret->proto = htole16(p->proto);
	if (packet_has_size(p->type)) {
		ret->u.size = htole64(p->size);
	} else if (p->type == VSOCK_PKT_SHUTDOWN) {
		ret->u.mode = htole64(p->mode);
	} else if (p->type == VSOCK_PKT_OFFER || p->type == VSOCK_PKT_ATTACH) {
		ret->u.handle.cid = htole32(p->handle.cid);
		ret->u.handle.rid = htole32(p->handle.rid);
	} else if (p->type == VSOCK_PKT_WAITING_READ || p->type == VSOCK_PKT_WAITING_WRITE) {
		ret->u.wait.generation = htole64(p->generation);
		ret->u.wait.offset = htole64(p->offset);
	}
}

static uint32_t window_min(const struct vsh_window *w)
{
	return w->size < VMCI_WIRE_PAGE_SIZE ? w->size : VMCI_WIRE_PAGE_SIZE;
}

void vsh_window_init(struct vsh_window *w, uint32_t size)
{
	*w = (struct vsh_window){ .size = size, .window = size };
}

void vsh_window_starved(struct vsh_window *w)
{
	if (w->size - w->window > VMCI_WIRE_PAGE_SIZE)
		w->window += VMCI_WIRE_PAGE_SIZE;
	else
		w->window = w->size;
}

bool vsh_window_due(struct vsh_window *w, uint64_t free)
{
	if (!w->waiting)
		return false;
	if (!w->shrunk) {
		uint32_t min = window_min(w);

		w->shrunk = true;
		w->window = w->window - min > VMCI_WIRE_PAGE_SIZE ?
				    w->window - VMCI_WIRE_PAGE_SIZE : min;
	}
	if (free <= w->size - w->window)
		return false;
	w->waiting = false;
	w->shrunk = false;
	return true;
}
