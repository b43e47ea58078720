/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vsock_host.c - host end of vSockets: the instance, its table of connections, dispatch
 *
 * A stream is known by (host cid, host port, guest port); the guest's cid is the device's.
 * Packets that the guest addressed to context 2 arrive at resource 1, those to context 0 at
 * resource 15, and our answers leave from where they were asked.  Any program in the guest can
 * send a datagram to these resources from a socket of its own, but not from resource 1: so a
 * packet whose source is another resource is refused before anything else is looked at.
 *
 * The table is a hash with chains; it doubles when it is full, and its key is secret, for the
 * guest chooses the ports.  A connection leaves the table when the guest's side of it is over, so
 * that the guest may use the ports again while the host still reads what was left.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/model/fault.h"
#include "host/model/vsock_host_priv.h"

#define BUCKETS_MIN 64

static uint64_t hash_mix(uint64_t h, uint64_t key)
{
	h = (h ^ key) * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 32;
}

static size_t hash_bucket(const struct vsh *vsh, uint32_t host_cid, uint32_t host_port,
			  uint32_t guest_port)
{
	uint64_t h = (uint64_t)host_port << 32 | guest_port;

	h = hash_mix(h, vsh->config.hash_key[0]);
	h = hash_mix(h + host_cid, vsh->config.hash_key[1]);
	h = hash_mix(h, vsh->config.hash_key[0] + 1);
	return (size_t)h & (vsh->nbuckets - 1);
}

struct vsh_conn *vsh_lookup(struct vsh *vsh, uint32_t host_cid, uint32_t host_port,
			    uint32_t guest_port)
{
	struct vsh_conn *c = vsh->buckets[hash_bucket(vsh, host_cid, host_port, guest_port)];

	while (c && (c->host_port != host_port || c->guest_port != guest_port ||
		     c->host_cid != host_cid))
		c = c->hash_next;
	return c;
}

static void hash_insert(struct vsh *vsh, struct vsh_conn *conn)
{
	size_t b = hash_bucket(vsh, conn->host_cid, conn->host_port, conn->guest_port);

	conn->hash_next = vsh->buckets[b];
	vsh->buckets[b] = conn;
}

static int hash_grow(struct vsh *vsh)
{
	size_t i, old_n = vsh->nbuckets;
	struct vsh_conn **old = vsh->buckets;
	struct vsh_conn **new = calloc(old_n * 2, sizeof(*new));

	if (!new)
		return -ENOMEM;
	vsh->buckets = new;
	vsh->nbuckets = old_n * 2;
	for (i = 0; i < old_n; i++) {
		while (old[i]) {
			struct vsh_conn *c = old[i];

			old[i] = c->hash_next;
			hash_insert(vsh, c);
		}
	}
	free(old);
	return 0;
}

int vsh_hash_add(struct vsh_conn *conn)
{
	struct vsh *vsh = conn->vsh;

	if (vsh->nhashed == vsh->nbuckets) {
		int err = hash_grow(vsh);

		if (err)
			return err;
	}
	hash_insert(vsh, conn);
	conn->hashed = true;
	vsh->nhashed++;
	return 0;
}

void vsh_hash_del(struct vsh_conn *conn)
{
	struct vsh *vsh = conn->vsh;
	struct vsh_conn **p;

	if (!conn->hashed)
		return;
	p = &vsh->buckets[hash_bucket(vsh, conn->host_cid, conn->host_port, conn->guest_port)];
	while (*p != conn)
		p = &(*p)->hash_next;
	*p = conn->hash_next;
	conn->hashed = false;
	vsh->nhashed--;
}

int vsh_send(struct vsh *vsh, const struct vsh_packet *p, uint32_t host_cid)
{
	struct vsock_wire_packet w;
	int err;

	vsh_packet_build(p, host_cid, vmci_guest_cid(vsh->dev), &w);
	err = vmci_send_to_guest(vsh->dev, &w.dg, sizeof(w));
	if (!err && p->type == VSOCK_PKT_RST)
		vsh->count.rst_sent++;
	return err;
}

/* An answer to a packet that belongs to no connection; if the queue is full, it is not sent. */
static void reply(struct vsh *vsh, uint32_t host_cid, const struct vsh_packet *to, uint8_t type)
{
	struct vsh_packet p = { .type = type, .src_port = to->dst_port, .dst_port = to->src_port };

	if (vsh_send(vsh, &p, host_cid))
		vsh->count.packets_lost++;
}

/* What a packet does whose connection is known, or is to be made. */
static void packet_handle(struct vsh *vsh, uint32_t host_cid, const struct vsh_packet *p)
{
	struct vsh_conn *conn = vsh_lookup(vsh, host_cid, p->dst_port, p->src_port);

	if (conn) {
		vsh_conn_packet(conn, p);
	} else if (p->type == VSOCK_PKT_REQUEST || p->type == VSOCK_PKT_REQUEST2) {
		vsh_conn_request(vsh, host_cid, p);
	} else if (p->type == VSOCK_PKT_RST) {
		vsh->count.stray_rst++;
	} else {
		vsh->count.no_connection++;
		reply(vsh, host_cid, p, VSOCK_PKT_RST);
	}
}

/* Whether a fault takes the place of what a packet does. */
static bool packet_fails(struct vsh *vsh, uint32_t host_cid, const struct vsh_packet *p)
{
	struct faults *f = vmci_faults(vsh->dev);
	struct vsh_conn *conn;

	if (fault_fires(f, FAULT_VSOCK_SILENT, p->type))
		return true;
	if (fault_fires(f, FAULT_VSOCK_RST, p->type)) {
		conn = vsh_lookup(vsh, host_cid, p->dst_port, p->src_port);
		if (conn)
			vsh_conn_fail(conn, -ECONNRESET);
		else
			reply(vsh, host_cid, p, VSOCK_PKT_RST);
		return true;
	}
	if (!fault_fires(f, FAULT_VSOCK_DETACH, p->type))
		return false;
	packet_handle(vsh, host_cid, p);
	conn = vsh_lookup(vsh, host_cid, p->dst_port, p->src_port);
	if (conn && conn->qp)
		vsh_conn_over(conn, -ECONNRESET);
	return true;
}

static int packet_in(struct vsh *vsh, uint32_t host_cid, const struct vmci_wire_dg *dg, size_t len)
{
	struct vsh_packet p;

	if (le32toh(dg->src.cid) != vmci_guest_cid(vsh->dev) ||
	    le32toh(dg->src.rid) != VSOCK_CONTROL_RID) {
		vsh->count.bad_source++;
		return VMCI_ERR_NO_ACCESS;
	}
	if (vsh_packet_parse(dg, len, &p)) {
		vsh->count.bad_packet++;
		return VMCI_ERR_INVALID_ARGS;
	}
	if (p.type >= VSOCK_PKT_MAX) {
		vsh->count.unknown_type++;
		reply(vsh, host_cid, &p, VSOCK_PKT_INVALID);
	} else if (!packet_fails(vsh, host_cid, &p)) {
		packet_handle(vsh, host_cid, &p);
	}
	return VMCI_SUCCESS;
}

static int packet_to_host(void *data, const struct vmci_wire_dg *dg, size_t len)
{
	return packet_in(data, VMCI_CID_HOST, dg, len);
}

static int packet_to_hypervisor(void *data, const struct vmci_wire_dg *dg, size_t len)
{
	return packet_in(data, VMCI_CID_HYPERVISOR, dg, len);
}

/* The numbers that a stock sendto() turns into EHOSTUNREACH, ENOBUFS and ENOMEM. */
static int dgram_result(int err)
{
	switch (err) {
	case 0:
		return VMCI_SUCCESS;
	case -ENOBUFS:
		return VMCI_ERR_NO_RESOURCES;
	case -ENOMEM:
		return VMCI_ERR_NO_MEM;
	default:
		return VMCI_ERR_INVALID_RESOURCE;
	}
}

static int dgram_in(void *data, const struct vmci_wire_dg *dg, size_t len)
{
	struct vsh *vsh = data;
	uint32_t port = le32toh(dg->src.rid);
	int err;

	if (le32toh(dg->src.cid) != vmci_guest_cid(vsh->dev) || port == VSH_PORT_ANY) {
		vsh->count.bad_source++;
		return VMCI_ERR_NO_ACCESS;
	}
	err = vsh->ops->dgram(vsh->data, port, le32toh(dg->dst.rid), dg + 1, len - sizeof(*dg));
	if (err)
		vsh->count.dgrams_in_refused++;
	else
		vsh->count.dgrams_in++;
	return dgram_result(err);
}

int vsh_dgram_send(struct vsh *vsh, struct vmci_wire_dg *dg, size_t len, uint32_t host_port,
		   uint32_t guest_port)
{
	int err;

	if (len < sizeof(*dg) || guest_port == VSH_PORT_ANY)
		return -EINVAL;
	dg->dst.cid = htole32(vmci_guest_cid(vsh->dev));
	dg->dst.rid = htole32(guest_port);
	dg->src.cid = htole32(VMCI_CID_HOST);
	dg->src.rid = htole32(host_port);
	dg->payload_size = htole64(len - sizeof(*dg));
	err = vmci_send_to_guest(vsh->dev, dg, len);
	if (!err)
		vsh->count.dgrams_out++;
	else if (err != -ENOBUFS)
		vsh->count.dgrams_out_refused++;
	return err;
}

/* What waited for room goes first come, first served; the user's datagrams after it. */
static void room(void *data)
{
	struct vsh *vsh = data;
	struct vsh_conn *conn;

	while ((conn = TAILQ_FIRST(&vsh->delayed))) {
		vsh_conn_flush(conn);
		if (conn->unsent)
			return;
	}
	if (vsh->ops->room)
		vsh->ops->room(vsh->data);
}

/* The device told all pairs already; what is left are handshakes that have none yet. */
static void reset(void *data)
{
	struct vsh *vsh = data;
	struct vsh_conn *conn;

	while ((conn = TAILQ_FIRST(&vsh->handshakes)))
		vsh_conn_over(conn, -ECONNRESET);
}

static const struct vmci_host_ops host_ops = {
	.dgram = dgram_in,
	.reset = reset,
	.room = room,
};

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
	return value ? value : otherwise;
}

static int config_set(struct vsh_config *c, const struct vsh_config *from)
{
	*c = *from;
	c->queue_size = or_default(c->queue_size, VSH_QUEUE_SIZE);
	c->queue_min = or_default(c->queue_min, VSOCK_BUFFER_SIZE_MIN);
	c->queue_max = or_default(c->queue_max, VSOCK_BUFFER_SIZE_MAX);
	c->conns_max = or_default(c->conns_max, VSH_CONNS_MAX);
	c->handshakes_max = or_default(c->handshakes_max, VSH_HANDSHAKES_MAX);
	c->handshake_ms = or_default(c->handshake_ms, VSH_HANDSHAKE_MS);
	if (!c->spill_max)
		c->spill_max = VSH_SPILL_MAX;
	if (!c->qp_memory)
		c->qp_memory = VMCI_QP_MEMORY_DEFAULT;
	return c->queue_min <= c->queue_size && c->queue_size <= c->queue_max ? 0 : -EINVAL;
}

int vsh_new(struct vmci_dev *dev, const struct vsh_config *config, const struct vsh_ops *ops,
	    void *data, struct vsh **ret_vsh)
{
	struct vsh *vsh = calloc(1, sizeof(*vsh));
	int err;

	if (!vsh)
		return -ENOMEM;
	vsh->dev = dev;
	vsh->ops = ops;
	vsh->data = data;
	TAILQ_INIT(&vsh->all);
	TAILQ_INIT(&vsh->handshakes);
	TAILQ_INIT(&vsh->delayed);
	vsh->nbuckets = BUCKETS_MIN;
	err = config_set(&vsh->config, config);
	if (err)
		goto undo_vsh;
	vsh->next_port = (uint32_t)config->hash_key[0];
	err = -ENOMEM;
	vsh->buckets = calloc(vsh->nbuckets, sizeof(*vsh->buckets));
	if (!vsh->buckets)
		goto undo_vsh;
	err = vmci_endpoint_add(dev, VMCI_CID_HOST, VSOCK_CONTROL_RID, packet_to_host, vsh);
	if (err)
		goto undo_buckets;
	err = vmci_endpoint_add(dev, VMCI_CID_HYPERVISOR, VSOCK_CONTROL_RID_HV,
				packet_to_hypervisor, vsh);
	if (err)
		goto undo_endpoint;
	vmci_host_set(dev, &host_ops, vsh);
	*ret_vsh = vsh;
	return 0;

undo_endpoint:
	vmci_endpoint_remove(dev, VMCI_CID_HOST, VSOCK_CONTROL_RID);
undo_buckets:
	free(vsh->buckets);
undo_vsh:
	free(vsh);
	return err;
}

void vsh_free(struct vsh *vsh)
{
	struct vsh_conn *conn;

	if (!vsh)
		return;
	vmci_host_set(vsh->dev, NULL, NULL);
	vmci_endpoint_remove(vsh->dev, VMCI_CID_HYPERVISOR, VSOCK_CONTROL_RID_HV);
	vmci_endpoint_remove(vsh->dev, VMCI_CID_HOST, VSOCK_CONTROL_RID);
	while ((conn = TAILQ_FIRST(&vsh->all)))
		vsh_close(conn);
	free(vsh->buckets);
	free(vsh);
}

uint64_t vsh_deadline(const struct vsh *vsh)
{
	const struct vsh_conn *conn = TAILQ_FIRST(&vsh->handshakes);

	return conn ? conn->deadline_ms : UINT64_MAX;
}

void vsh_tick(struct vsh *vsh, uint64_t now_ms)
{
	struct vsh_conn *conn;

	while ((conn = TAILQ_FIRST(&vsh->handshakes)) && conn->deadline_ms <= now_ms) {
		vsh->count.timeouts++;
		vsh_conn_fail(conn, -ETIMEDOUT);
	}
}

/* Returns 0, or -EIO: the ring is corrupt. */
static int info_fill(struct vsh_conn *conn, struct vsh_info *info)
{
	int64_t ready = conn->qp ? vmci_qp_ready(conn->qp) : 0;

	*info = (struct vsh_info){
		.state = conn->state,
		.incoming = conn->incoming,
		.old_proto = conn->old_proto,
		.host_cid = conn->host_cid,
		.host_port = conn->host_port,
		.guest_port = conn->guest_port,
		.queue_size = conn->queue_size,
		.shutdown = conn->shutdown,
		.peer_shutdown = conn->peer_shutdown,
		.bytes_from_guest = conn->from_guest,
		.bytes_to_guest = conn->to_guest,
		.unread = ready > 0 ? (uint64_t)ready : conn->spill_size - conn->spill_off,
	};
	return ready == -EIO ? -EIO : 0;
}

int vsh_walk(struct vsh *vsh, int (*fn)(void *data, const struct vsh_info *info), void *data)
{
	struct vsh_conn *conn, *next;
	int r = 0;

	for (conn = TAILQ_FIRST(&vsh->all); conn && !r; conn = next) {
		struct vsh_info info;
		int err = info_fill(conn, &info);

		/* the device tells nobody else about a ring that is corrupt */
		next = TAILQ_NEXT(conn, all);
		if (err)
			vsh_conn_corrupt(conn);
		else
			r = fn(data, &info);
	}
	return r;
}

const struct vsh_counters *vsh_counters(const struct vsh *vsh)
{
	return &vsh->count;
}

size_t vsh_memory(const struct vsh *vsh)
{
	return vsh->nconns * sizeof(struct vsh_conn) + vsh->nbuckets * sizeof(*vsh->buckets) +
	       vsh->spill_bytes;
}

const char *vsh_state_name(enum vsh_state state)
{
	switch (state) {
	case VSH_IN_NEGOTIATE:
	case VSH_OUT_REQUEST:
	case VSH_OUT_OFFER:
		return "connecting";
	case VSH_ESTABLISHED:
		return "established";
	case VSH_DETACHED:
		return "detached";
	case VSH_DEAD:
		return "dead";
	}
	return "unknown";
}
