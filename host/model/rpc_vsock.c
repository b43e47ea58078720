/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rpc_vsock.c - GuestRPC over vSockets: packets of streams to requests, commands to packets
 *
 * A client is one stream of the guest.  Bytes go straight between its rings and one packet in each
 * direction: `in` is the packet that comes, `out` the one that goes.
 *
 *	RPCI	a request is read only when the reply before it is out, so a client that does not
 *		read its replies waits by itself and holds no more than one of them here.
 *	TCLO	the client has the model's channel from the moment its stream is up.  A command is
 *		written when the one before it is answered, as agents answer in order; it counts
 *		as accepted with its last byte.  One that is cancelled after that still has to be
 *		answered before the next goes out.  Signs of life and replies are read at any time.
 *
 * Who asks from a port <= 1023 is privileged: the guest's kernel gives these to nobody else.  TCLO
 * is for privileged clients only; any other could pass itself off as the machine's agent.
 *
 * What is no packet ends its stream.  A guest that sends without end gets PACKETS_A_TURN, then the
 * event loop has others' turn (ops.again).  A client is freed in client_settle() only, which is the
 * last thing that happens to it in each call from outside; `busy` tells calls that come from inside.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "host/model/datamap.h"
#include "host/model/guestrpc.h"
#include "host/model/rpc_vsock.h"
#include "host/model/vsock_host.h"
#include "wire/vmci_device.h"
#include "wire/vsock_packet.h"

#define PACKETS_A_TURN	32
#define COMMANDS_MAX	16		/* pushed and not yet written; the model keeps the others */
#define REPLY_MAX	65536		/* bytes of a message, as on the backdoor */
#define IOVS		8

struct command {
	STAILQ_ENTRY(command) link;
	uint32_t seq;
	size_t len;
	uint8_t bytes[];
};

struct client {
	TAILQ_ENTRY(client) link;
	struct rpcv *rpc;
	struct vsh_conn *conn;		/* NULL once it is closed */
	bool tclo;
	bool privileged;
	bool busy;			/* a call from outside is being carried out */
	bool more;			/* its turn was over before its work was */
	bool read_all;			/* the guest sends nothing any more */
	bool closing;			/* nothing is read; closed when `out` is out */
	bool dead;			/* to be freed */
	uint64_t messages;
	struct datamap_reader in;
	uint8_t *out;			/* owned; NULL: nothing to write */
	size_t out_len, out_off;
	STAILQ_HEAD(, command) commands;
	unsigned int command_count;
	uint32_t writing;		/* command in `out`; 0 = none */
	uint32_t awaited;		/* written, and not yet answered; 0 = none */
};

struct rpcv {
	struct vsh *vsh;
	struct grpc *g;
	const struct rpcv_ops *ops;
	void *data;
	struct vsh_service rpci, tclo;
	TAILQ_HEAD(, client) clients;
	unsigned int client_count;
	struct rpcv_counters count;
	char reply[REPLY_MAX];
};

/* ---- out ------------------------------------------------------------------------------------- */

static void out_drop(struct client *c)
{
	free(c->out);
	c->out = NULL;
}

static void out_set(struct client *c, const void *msg, size_t len)
{
	c->out_len = datamap_packet_size(len);
	c->out_off = 0;
	c->out = malloc(c->out_len);
	if (c->out)
		datamap_packet_build(msg, len, c->out);
	else
		c->dead = true;
}

/* The packet is out. */
static void out_done(struct client *c)
{
	uint32_t seq = c->writing;

	out_drop(c);
	if (!seq)
		return;
	c->writing = 0;
	c->awaited = seq;
	grpc_tclo_accepted(c->rpc->g, seq);
}

/* Write what the ring takes.  Whether the packet is out, or there was none. */
static bool out_write(struct client *c)
{
	while (c->out) {
		struct iovec iov[IOVS];
		size_t room, n = 0;
		int i, cnt = vsh_writable(c->conn, iov, IOVS, &room);

		if (cnt < 0) {		/* nobody reads: what it asked is done all the same */
			out_drop(c);
			c->closing = c->closing || c->tclo;
			return true;
		}
		for (i = 0; i < cnt && c->out_off < c->out_len; i++) {
			size_t part = c->out_len - c->out_off;

			if (part > iov[i].iov_len)
				part = iov[i].iov_len;
			memcpy(iov[i].iov_base, c->out + c->out_off, part);
			c->out_off += part;
			n += part;
		}
		if (!n)
			return false;
		if (vsh_produced(c->conn, n)) {
			c->dead = true;
			return false;
		}
		if (c->out_off == c->out_len)
			out_done(c);
	}
	return true;
}

static void command_next(struct client *c)
{
	struct command *m = STAILQ_FIRST(&c->commands);

	if (!m || c->out || c->awaited)
		return;
	out_set(c, m->bytes, m->len);
	c->writing = m->seq;
	STAILQ_REMOVE_HEAD(&c->commands, link);
	c->command_count--;
	free(m);
}

/* ---- in -------------------------------------------------------------------------------------- */

static void got_request(struct client *c, const struct datamap *d)
{
	const struct grpc_caller who = { .via = GRPC_VIA_VSOCK, .privileged = c->privileged };
	struct rpcv *rpc = c->rpc;
	size_t len = grpc_rpci(rpc->g, &who, d->payload, d->payload_len, rpc->reply,
			       sizeof(rpc->reply));

	if (len)
		out_set(c, rpc->reply, len);
	if (d->fast_close) {
		rpc->count.fast_closes++;
		c->closing = true;
	}
}

static void got_reply(struct client *c, const struct datamap *d)
{
	uint32_t seq = c->awaited;

	c->awaited = 0;
	grpc_tclo_replied(c->rpc->g, seq, d->payload, d->payload_len);
}

static void got_packet(struct client *c)
{
	struct rpcv *rpc = c->rpc;
	struct datamap d;

	if (datamap_parse(c->in.body, c->in.len, &d) ||
	    (d.type == GRPC_PACKET_DATA && !d.payload)) {
		rpc->count.bad_packets++;
		c->dead = true;
		return;
	}
	if (d.type == GRPC_PACKET_PING) {
		rpc->count.pings++;
		grpc_tclo_heard(rpc->g, c);
	} else if (d.type != GRPC_PACKET_DATA) {
		rpc->count.unknown_packets++;
	} else {
		c->messages++;
		if (c->tclo)
			got_reply(c, &d);
		else
			got_request(c, &d);
	}
}

/* Take what the guest has written next, up to the end of a packet: as datamap_read(), or -ENODATA. */
static int in_take(struct client *c)
{
	struct iovec iov;
	size_t ready, taken;
	int got, cnt = vsh_readable(c->conn, &iov, 1, &ready);

	if (cnt <= 0) {
		c->read_all = cnt < 0 || vsh_peer_shutdown(c->conn) & VSOCK_SHUTDOWN_SEND;
		return -ENODATA;
	}
	/* Guest memory is read once: from here on only the copy counts. */
	got = datamap_read(&c->in, iov.iov_base, iov.iov_len, &taken);
	if (got < 0)
		c->rpc->count.bad_packets++;
	if (vsh_consumed(c->conn, taken) || got < 0)
		c->dead = true;
	return c->dead ? -ENODATA : got;
}

/* Read one packet, or what there is of it.  Whether there was a whole one. */
static bool in_read(struct client *c)
{
	int got = 0;

	while (!got)
		got = in_take(c);
	if (got < 0)
		return false;
	got_packet(c);
	datamap_read_next(&c->in);
	return true;
}

static bool may_read(const struct client *c)
{
	return !c->dead && !c->closing && !c->read_all && (c->tclo || !c->out);
}

/* ---- a client -------------------------------------------------------------------------------- */

static void client_free(struct client *c)
{
	struct rpcv *rpc = c->rpc;
	struct command *m;

	if (c->tclo)
		grpc_tclo_closed(rpc->g, c);
	while ((m = STAILQ_FIRST(&c->commands))) {
		STAILQ_REMOVE_HEAD(&c->commands, link);
		free(m);
	}
	if (c->conn)
		vsh_close(c->conn);
	datamap_read_next(&c->in);
	out_drop(c);
	TAILQ_REMOVE(&rpc->clients, c, link);
	rpc->client_count--;
	free(c);
}

/* Move what can be moved. */
static void client_work(struct client *c)
{
	unsigned int packets = 0;
	bool got = true;

	while (!c->dead && got && packets < PACKETS_A_TURN) {
		if (out_write(c))
			command_next(c);
		got = may_read(c) && in_read(c);
		packets += got;
		got = got || (c->out && !c->dead && out_write(c));
	}
	c->more = packets == PACKETS_A_TURN;
	if (!c->out && (c->closing || c->read_all))
		c->dead = true;
}

/* The last call of everything that comes from outside: @c may be gone after it. */
static void client_settle(struct client *c)
{
	if (c->busy)
		return;
	c->busy = true;
	if (!c->dead)
		client_work(c);
	c->busy = false;
	if (c->dead)
		client_free(c);
	else if (c->more)
		c->rpc->ops->again(c->rpc->data);
}

/* ---- the model's transport ------------------------------------------------------------------- */

static int t_push(void *data, uint32_t seq, const void *msg, size_t len)
{
	struct client *c = data;
	struct command *m;

	if (c->dead || c->closing)
		return -ENOTCONN;
	if (c->command_count == COMMANDS_MAX)
		return -ENOSPC;
	m = malloc(sizeof(*m) + len);
	if (!m)
		return -ENOMEM;
	m->seq = seq;
	m->len = len;
	memcpy(m->bytes, msg, len);
	STAILQ_INSERT_TAIL(&c->commands, m, link);
	c->command_count++;
	/* Not written at once: the model is in the middle of something. */
	c->more = true;
	c->rpc->ops->again(c->rpc->data);
	return 0;
}

static void t_cancel(void *data, uint32_t seq)
{
	struct client *c = data;
	struct command *m;

	STAILQ_FOREACH(m, &c->commands, link)
		if (m->seq == seq)
			break;
	if (!m)
		return;
	STAILQ_REMOVE(&c->commands, m, command, link);
	c->command_count--;
	free(m);
}

static void t_taken(void *data)
{
	struct client *c = data;

	c->rpc->count.taken++;
	c->dead = true;
	client_settle(c);
}

static const struct grpc_transport transport = {
	.via = GRPC_VIA_VSOCK, .push = t_push, .cancel = t_cancel, .taken = t_taken,
};

/* ---- the user of the ports ------------------------------------------------------------------- */

static int incoming(void *data, struct vsh_conn *conn)
{
	struct rpcv *rpc = data;
	bool tclo = vsh_host_port(conn) == GRPC_VSOCK_PORT_TCLO;
	bool privileged = vsh_guest_port(conn) <= GRPC_VSOCK_PORT_PRIVILEGED_MAX;
	struct client *c;

	if (tclo && !privileged) {
		rpc->count.unprivileged_tclo++;
		return -EACCES;
	}
	if (rpc->client_count >= (privileged ? RPCV_CLIENTS_MAX : RPCV_UNPRIVILEGED_MAX)) {
		rpc->count.over_clients++;
		return -ENOBUFS;
	}
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->rpc = rpc;
	c->conn = conn;
	c->tclo = tclo;
	c->privileged = privileged;
	STAILQ_INIT(&c->commands);
	TAILQ_INSERT_TAIL(&rpc->clients, c, link);
	rpc->client_count++;
	vsh_set_user(conn, c);
	return 0;
}

static void event(void *data, struct vsh_conn *conn, void *user, unsigned int events)
{
	struct client *c = user;

	if (events & VSH_EV_CLOSED) {
		c->conn = NULL;		/* freed by its model */
		c->dead = true;
	} else if (events & VSH_EV_CONNECTED) {
		c->rpc->count.clients++;
		if (c->tclo)
			grpc_tclo_opened(c->rpc->g, &transport, c);
	}
	client_settle(c);
}

/* ---- life ------------------------------------------------------------------------------------ */

struct rpcv *rpcv_new(struct vsh *vsh, struct grpc *g, const struct rpcv_ops *ops, void *data)
{
	struct rpcv *rpc = calloc(1, sizeof(*rpc));

	if (!rpc)
		return NULL;
	rpc->vsh = vsh;
	rpc->g = g;
	rpc->ops = ops;
	rpc->data = data;
	TAILQ_INIT(&rpc->clients);
	rpc->rpci = (struct vsh_service){
		.host_cid = VMCI_CID_HYPERVISOR, .host_port = GRPC_VSOCK_PORT_RPCI,
		.incoming = incoming, .event = event, .data = rpc,
	};
	rpc->tclo = rpc->rpci;
	rpc->tclo.host_port = GRPC_VSOCK_PORT_TCLO;
	vsh_serve(vsh, &rpc->rpci);
	vsh_serve(vsh, &rpc->tclo);
	return rpc;
}

void rpcv_free(struct rpcv *rpc)
{
	struct client *c;

	if (!rpc)
		return;
	vsh_unserve(rpc->vsh, &rpc->rpci);
	vsh_unserve(rpc->vsh, &rpc->tclo);
	while ((c = TAILQ_FIRST(&rpc->clients)))
		client_free(c);
	free(rpc);
}

void rpcv_tick(struct rpcv *rpc)
{
	struct client *c, *next;

	for (c = TAILQ_FIRST(&rpc->clients); c; c = next) {
		next = TAILQ_NEXT(c, link);
		if (c->more)
			client_settle(c);
	}
}

void rpcv_walk(const struct rpcv *rpc, void (*fn)(void *data, const struct rpcv_info *info),
	       void *data)
{
	const struct client *c;

	TAILQ_FOREACH(c, &rpc->clients, link) {
		const struct rpcv_info info = {
			.guest_port = vsh_guest_port(c->conn),
			.privileged = c->privileged,
			.tclo = c->tclo,
			.messages = c->messages,
		};

		fn(data, &info);
	}
}

const struct rpcv_counters *rpcv_counters(const struct rpcv *rpc)
{
	return &rpc->count;
}
