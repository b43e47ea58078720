/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz-vsock-host.c - control packets, queue pairs and user calls in any order against vsock_host
 *
 * The input is a text of commands, one letter and its arguments each (see the table in step()), so
 * that seeds can be written by hand.  An argument is one byte, taken modulo what it chooses from.
 * The guest is vguest.c on the real device model.  Checked besides the sanitizers: each connection
 * ends exactly once, and nothing is left at the end.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/bytes.h"
#include "host/model/vsock_host.h"
#include "tests/unit/vguest.h"
#include "wire/vmci_queue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CONNS_MAX	16u
#define PAIRS_MAX	64u
#define COMMANDS_MAX	2000

struct fuzz {
	const uint8_t *in;
	size_t left;
	struct vg *g;
	struct vsh *vsh;
	uint64_t now_ms;
	struct vsh_conn *conns[CONNS_MAX];
	unsigned int nconns;
	bool refuse, close_in_event;
	struct vg_pair pairs[PAIRS_MAX];	/* ring buffer of those the guest has or had */
	unsigned int npairs, created;
	struct vmci_handle offered;		/* last OFFER heard */
	uint32_t offer_guest_port, offer_host_port;
	uint64_t offer_size;
};

static const uint32_t ports[] = { 22, 80, 0, 5000, 5001, 65535, 0xffffffff, 1024 };
static const uint64_t values[] = { 0, 1, 2, 3, 4, 128, 512, 4096, 8192, 262144, 262145,
				   0xffffffff, 1ull << 40, UINT64_MAX };

static void check(bool ok)
{
	if (!ok)
		abort();
}

static uint8_t arg(struct fuzz *f)
{
	if (!f->left)
		return 0;
	f->left--;
	return *f->in++;
}

#define PICK(f, table) ((table)[arg(f) % ARRAY_SIZE(table)])

/* ---- the user ------------------------------------------------------------------------------ */

static void conn_add(struct fuzz *f, struct vsh_conn *conn)
{
	check(f->nconns < CONNS_MAX);
	f->conns[f->nconns++] = conn;
}

static void conn_remove(struct fuzz *f, struct vsh_conn *conn)
{
	unsigned int i = 0;

	while (i < f->nconns && f->conns[i] != conn)
		i++;
	check(i < f->nconns);	/* it ended before */
	f->conns[i] = f->conns[--f->nconns];
}

static struct vsh_conn *conn_pick(struct fuzz *f)
{
	uint8_t which = arg(f);

	return f->nconns ? f->conns[which % f->nconns] : NULL;
}

static uint64_t now_ms(void *data)
{
	return ((struct fuzz *)data)->now_ms;
}

static int incoming(void *data, struct vsh_conn *conn)
{
	struct fuzz *f = data;

	if (f->refuse)
		return -1;
	vsh_set_user(conn, f);
	conn_add(f, conn);
	return 0;
}

static void event(void *data, struct vsh_conn *conn, void *user, unsigned int events)
{
	struct fuzz *f = data;

	check(user == f);
	if (events & VSH_EV_CLOSED) {
		conn_remove(f, conn);
	} else if (f->close_in_event) {
		conn_remove(f, conn);
		vsh_close(conn);
	}
}

static int dgram(void *data, uint32_t guest_port, uint32_t host_port, const void *payload,
		 size_t len)
{
	/* every byte of it can be read */
	const volatile uint8_t *p = payload;
	uint8_t sum = 0;

	while (len--)
		sum ^= *p++;
	return sum & 1 ? -1 : 0;
}

static const struct vsh_ops ops = {
	.now_ms = now_ms,
	.incoming = incoming,
	.event = event,
	.dgram = dgram,
};

static void user_moves(struct fuzz *f, bool in)
{
	struct vsh_conn *conn = conn_pick(f);
	size_t want = 1 + (size_t)arg(f) * 40, bytes;
	struct iovec iov[4];
	int i, n;

	if (!conn)
		return;
	n = in ? vsh_readable(conn, iov, 4, &bytes) : vsh_writable(conn, iov, 4, &bytes);
	for (i = 0; i < n; i++)
		memset(iov[i].iov_base, in ? 0 : 0x55, iov[i].iov_len);
	if (n < 0 || bytes < want)
		want = n < 0 ? 0 : bytes;
	if (want)
		(void)(in ? vsh_consumed(conn, want) : vsh_produced(conn, want));
}

static void user_closes(struct fuzz *f)
{
	struct vsh_conn *conn = conn_pick(f);

	if (!conn)
		return;
	conn_remove(f, conn);
	vsh_close(conn);
}

static void user_connects(struct fuzz *f)
{
	struct vsh_conn *conn;

	if (!vsh_connect(f->vsh, PICK(f, ports), f, &conn))
		conn_add(f, conn);
}

/* ---- the guest ----------------------------------------------------------------------------- */

static void guest_packet(struct fuzz *f, bool raw)
{
	struct vsock_wire_packet p = { .type = (uint8_t)(arg(f) % (VSOCK_PKT_MAX + 2)) };
	size_t i;

	p.src_port = htole32(PICK(f, ports));
	p.dst_port = htole32(PICK(f, ports));
	p.u.size = htole64(PICK(f, values));
	if (p.type == VSOCK_PKT_REQUEST2 || p.type == VSOCK_PKT_NEGOTIATE2)
		p.proto = htole16(VSOCK_PROTO_Q_STATE);
	for (i = sizeof(p.dg); raw && i < sizeof(p); i++)
		((uint8_t *)&p)[i] ^= arg(f);
	if (raw && arg(f) & 1)
		p.dg.dst = (struct vmci_wire_handle){ 0, htole32(VSOCK_CONTROL_RID_HV) };
	vg_packet(f->g, &p);
}

static struct vg_pair *pair_slot(struct fuzz *f)
{
	return &f->pairs[f->npairs++ % PAIRS_MAX];
}

static const struct vg_pair *pair_pick(struct fuzz *f)
{
	unsigned int have = f->npairs < PAIRS_MAX ? f->npairs : PAIRS_MAX;
	uint8_t which = arg(f);

	return have ? &f->pairs[which % have] : NULL;
}

static void guest_creates(struct fuzz *f)
{
	static const uint64_t sizes[] = { 128, 512, 4096, 8192, 1 };
	struct vg_pair pair;

	if (f->created++ < 200 && vg_pair_create(f->g, PICK(f, sizes), &pair) >= 0)
		*pair_slot(f) = pair;
}

static void guest_attaches(struct fuzz *f)
{
	struct vg_pair pair;

	if (f->created++ < 200 && f->offer_size &&
	    vg_pair_attach(f->g, f->offered, f->offer_size, &pair) >= 0)
		*pair_slot(f) = pair;
}

static void guest_offers(struct fuzz *f, uint8_t type)
{
	const struct vg_pair *pair = pair_pick(f);
	struct vmci_handle h = pair ? pair->handle : f->offered;

	if (type == VSOCK_PKT_ATTACH)
		vg_say_handle(f->g, type, f->offer_guest_port, f->offer_host_port, f->offered);
	else
		vg_say_handle(f->g, type, PICK(f, ports), PICK(f, ports), h);
}

static void guest_hears(struct fuzz *f)
{
	const struct vmci_wire_dg *dg;

	while ((dg = vg_recv(f->g))) {
		const struct vsock_wire_packet *p = (const void *)dg;

		if (le32toh(dg->dst.rid) != VSOCK_CONTROL_RID ||
		    le64toh(dg->payload_size) != VSOCK_PACKET_PAYLOAD)
			continue;
		if (p->type == VSOCK_PKT_OFFER) {
			f->offered.cid = le32toh(p->u.handle.cid);
			f->offered.rid = le32toh(p->u.handle.rid);
			f->offer_host_port = le32toh(p->src_port);
			f->offer_guest_port = le32toh(p->dst_port);
		} else if (p->type == VSOCK_PKT_REQUEST2 || p->type == VSOCK_PKT_REQUEST) {
			/* yes, with 4096 bytes */
			f->offer_size = 4096;
			vg_say(f->g, p->type + 1, le32toh(p->dst_port), le32toh(p->src_port),
			       f->offer_size);
		}
	}
}

static void guest_ring(struct fuzz *f, char what)
{
	const struct vg_pair *pair = pair_pick(f);
	uint8_t a = arg(f), buf[4096] = { 0 };

	if (!pair)
		return;
	if (what == 'w' && pair->size > 1)
		vg_pair_write(f->g, pair, buf, 1 + (size_t)a * 16);
	else if (what == 'r' && pair->size > 1)
		vg_pair_read(f->g, pair, buf, 1 + (size_t)a * 16);
	else if (what == 'k')
		vg_pair_poke(f->g, pair, a & 1 ? VMCI_QUEUE_OFF_PRODUCER_TAIL :
						 VMCI_QUEUE_OFF_CONSUMER_HEAD, PICK(f, values));
	else if (what == 'd')
		vg_pair_detach(f->g, pair);
}

/* Up to 65 KiB: a few of them fill the device's queue. */
static void datagram(struct fuzz *f, bool from_guest)
{
	static struct {
		struct vmci_wire_dg dg;
		uint8_t payload[VMCI_DG_PAYLOAD_MAX];
	} d;
	size_t len = sizeof(d.dg) + 260u * arg(f);

	d.dg.dst = (struct vmci_wire_handle){ htole32(VMCI_CID_HOST), htole32(PICK(f, ports)) };
	d.dg.src = (struct vmci_wire_handle){ htole32(VG_CID), htole32(PICK(f, ports)) };
	d.dg.payload_size = htole64(len - sizeof(d.dg));
	d.payload[0] = arg(f);
	if (from_guest)
		vg_send(f->g, &d, len);
	else
		(void)vsh_dgram_send(f->vsh, &d.dg, len, 9, PICK(f, ports));
}

/* ---- all of it ----------------------------------------------------------------------------- */

static int count(void *data, const struct vsh_info *info)
{
	++*(unsigned int *)data;
	return 0;
}

static void walk(struct fuzz *f)
{
	unsigned int n = 0;

	vsh_walk(f->vsh, count, &n);
	check(n == f->nconns);
}

static void step(struct fuzz *f)
{
	uint8_t what = arg(f);
	struct vsh_conn *conn;

	switch (what) {
	case 'p': guest_packet(f, false); break;	/* type, guest port, host port, value */
	case 'P': guest_packet(f, true); break;		/* the same, 32 bytes to mix in, context */
	case 'c': guest_creates(f); break;		/* size */
	case 'o': guest_offers(f, VSOCK_PKT_OFFER); break; /* pair, guest port, host port */
	case 'h': guest_hears(f); break;		/* and says yes to REQUEST */
	case 'a': guest_attaches(f); break;		/* to what it heard an OFFER of */
	case 'A': guest_offers(f, VSOCK_PKT_ATTACH); break; /* pair */
	case 'd': case 'k': case 'w': case 'r':		/* pair, amount or pointer [, value] */
		guest_ring(f, (char)what);
		break;
	case 'H': user_connects(f); break;		/* guest port */
	case 'u': user_moves(f, true); break;		/* connection, amount */
	case 'U': user_moves(f, false); break;
	case 's':					/* connection, mode */
		conn = conn_pick(f);
		if (conn)
			vsh_shutdown(conn, arg(f));
		break;
	case 'x': user_closes(f); break;		/* connection */
	case 'n': f->refuse = !f->refuse; break;
	case 'e': f->close_in_event = !f->close_in_event; break;
	case 't':					/* tenths of seconds */
		f->now_ms += arg(f) * 100u;
		vsh_tick(f->vsh, f->now_ms);
		break;
	case 'z': vmci_reset(f->g->dev); break;
	case 'y': vg_up(f->g); break;
	case 'Z': vmci_resume(f->g->dev); break;
	case 'g': datagram(f, true); break;		/* length, ports, first byte */
	case 'G': datagram(f, false); break;
	case '?': walk(f); break;
	default: break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct vsh_config config = { .conns_max = CONNS_MAX, .handshakes_max = 8,
					   .spill_max = 6000, .qp_memory = 2u << 20 };
	struct fuzz f = { .in = data, .left = size, .now_ms = 1 };
	unsigned int i;

	f.g = vg_new(16, 2u << 20);
	check(!vsh_new(f.g->dev, &config, &ops, &f, &f.vsh));
	vg_up(f.g);
	for (i = 0; f.left && i < COMMANDS_MAX; i++)
		step(&f);
	walk(&f);
	while (f.nconns) {
		struct vsh_conn *conn = f.conns[--f.nconns];

		vsh_close(conn);
	}
	walk(&f);
	vsh_free(f.vsh);
	vg_free(f.g);
	return 0;
}
