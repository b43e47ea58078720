/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-vsock-data.c - established connections: bytes, notifications, half-close, the guest leaving
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/bytes.h"
#include "host/model/qpair.h"
#include "tests/unit/vshfix.h"
#include "wire/vmci_queue.h"

#define GP 5000u
#define HP 80u
#define MANY 10000u

static struct vsh_conn *conn;
static struct vg_pair pair;

/* One established connection; what happened until then is forgotten. */
static struct fx *established(bool old_proto)
{
	struct fx *f = fx_new();

	conn = fx_guest_connects(f, GP, HP, SIZE, old_proto, &pair);
	CU_ASSERT_PTR_NOT_NULL_FATAL(conn);
	fx_events(f);
	return f;
}

static uint8_t pattern(uint64_t i)
{
	return (uint8_t)(i * 7 + (i >> 8));
}

static void pattern_fill(uint8_t *buf, size_t len, uint64_t from)
{
	size_t i;

	for (i = 0; i < len; i++)
		buf[i] = pattern(from + i);
}

static bool pattern_ok(const uint8_t *buf, size_t len, uint64_t from)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (buf[i] != pattern(from + i))
			return false;
	return true;
}

/* Sizes of single reads and writes that come to lie at every place of the ring. */
static size_t odd_size(uint64_t round)
{
	return 1 + (size_t)(round * 2654435761u >> 16) % 5000;
}

static void bytes_from_guest(void)
{
	struct fx *f = established(false);
	uint8_t buf[5000];
	uint64_t in = 0, out = 0, round;

	for (round = 0; round < 3000; round++) {
		size_t n = odd_size(round);
		ssize_t r;

		pattern_fill(buf, n, in);
		in += vg_pair_write(f->g, &pair, buf, n);
		r = fx_read(conn, buf, odd_size(round + 7));
		CU_ASSERT_TRUE_FATAL(r >= 0);
		CU_ASSERT_TRUE_FATAL(pattern_ok(buf, (size_t)r, out));
		out += (uint64_t)r;
	}
	CU_ASSERT_TRUE(out > 100 * SIZE);
	CU_ASSERT_TRUE(in - out < SIZE);
	fx_free(f);
}

static void bytes_to_guest(void)
{
	struct fx *f = established(false);
	uint8_t buf[5000];
	uint64_t in = 0, out = 0, round;

	for (round = 0; round < 3000; round++) {
		size_t n = odd_size(round);
		ssize_t r;

		pattern_fill(buf, n, in);
		r = fx_write(conn, buf, n);
		CU_ASSERT_TRUE_FATAL(r >= 0);
		in += (uint64_t)r;
		n = vg_pair_read(f->g, &pair, buf, odd_size(round + 7));
		CU_ASSERT_TRUE_FATAL(pattern_ok(buf, n, out));
		out += n;
	}
	CU_ASSERT_TRUE(out > 100 * SIZE);
	CU_ASSERT_TRUE(in - out < SIZE);
	fx_free(f);
}

static void wrote_when_it_was_empty(void)
{
	struct fx *f = established(false);
	char c[4] = "abc";

	CU_ASSERT_EQUAL(fx_write(conn, c, 1), 1);
	CU_ASSERT_TRUE(vg_hears(f->g, VSOCK_PKT_WROTE));
	CU_ASSERT_EQUAL(fx_write(conn, c, 1), 1);
	CU_ASSERT_PTR_NULL(vg_hear(f->g));
	CU_ASSERT_EQUAL(vg_pair_read(f->g, &pair, c, 2), 2);
	CU_ASSERT_EQUAL(fx_write(conn, c, 1), 1);
	CU_ASSERT_TRUE(vg_hears(f->g, VSOCK_PKT_WROTE));
	fx_free(f);
}

static void read_when_it_was_full(void)
{
	struct fx *f = established(false);
	uint8_t buf[SIZE] = { 0 };

	CU_ASSERT_EQUAL(vg_pair_write(f->g, &pair, buf, SIZE - 2), SIZE - 2);
	CU_ASSERT_EQUAL(fx_read(conn, buf, 10), 10);
	CU_ASSERT_PTR_NULL(vg_hear(f->g));	/* one byte was free: nobody waits */
	CU_ASSERT_EQUAL(vg_pair_write(f->g, &pair, buf, SIZE), 11);
	CU_ASSERT_EQUAL(fx_read(conn, buf, 10), 10);
	CU_ASSERT_PTR_NULL(vg_hear(f->g));	/* it waits, but for more than that */
	CU_ASSERT_EQUAL(fx_read(conn, buf, VMCI_WIRE_PAGE_SIZE), VMCI_WIRE_PAGE_SIZE);
	CU_ASSERT_TRUE(vg_hears(f->g, VSOCK_PKT_READ));
	CU_ASSERT_TRUE(fx_read(conn, buf, SIZE) > 0);
	CU_ASSERT_PTR_NULL(vg_hear(f->g));	/* once */
	fx_free(f);
}

/* A guest that fills the ring and then waits for READ never waits for ever. */
static void full_ring_is_always_read(void)
{
	struct fx *f = established(false);
	uint8_t buf[SIZE] = { 0 };
	int round;

	for (round = 0; round < 50; round++) {
		size_t left = 0, step = odd_size((uint64_t)round);
		bool heard = false;
		ssize_t r;

		while (vg_pair_write(f->g, &pair, buf, SIZE))
			left = 1;
		CU_ASSERT_EQUAL(left, 1);
		while ((r = fx_read(conn, buf, step)) > 0)
			heard |= vg_hears(f->g, VSOCK_PKT_READ);
		CU_ASSERT_EQUAL(r, 0);
		CU_ASSERT_TRUE(heard || vg_hears(f->g, VSOCK_PKT_READ));
	}
	fx_free(f);
}

static void hints_wake_the_user(void)
{
	struct fx *f = established(false);

	vg_say(f->g, VSOCK_PKT_WROTE, GP, HP, 0);
	CU_ASSERT_EQUAL(fx_events(f), VSH_EV_DATA);
	vg_say(f->g, VSOCK_PKT_READ, GP, HP, 0);
	CU_ASSERT_EQUAL(fx_events(f), VSH_EV_SPACE);
	fx_free(f);
}

static void old_protocol_reader(void)
{
	struct fx *f = established(true);
	const struct vsock_wire_packet *p;
	uint8_t buf[SIZE] = { 0 };

	/* we wait, once, for the byte after the last one */
	CU_ASSERT_EQUAL(fx_read(conn, buf, 1), 0);
	p = vg_hear(f->g);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CU_ASSERT_EQUAL(p->type, VSOCK_PKT_WAITING_READ);
	CU_ASSERT_EQUAL(le64toh(p->u.wait.generation), 0);
	CU_ASSERT_EQUAL(le64toh(p->u.wait.offset), 1);
	CU_ASSERT_EQUAL(fx_read(conn, buf, 1), 0);
	CU_ASSERT_PTR_NULL(vg_hear(f->g));
	CU_ASSERT_EQUAL(vg_pair_write(f->g, &pair, buf, SIZE - 1), SIZE - 1);
	vg_say(f->g, VSOCK_PKT_WROTE, GP, HP, 0);
	CU_ASSERT_EQUAL(fx_events(f), VSH_EV_DATA);
	/* full, but the old protocol asks for what it wants */
	while (fx_read(conn, buf, SIZE) > 0)
		;
	p = vg_hear(f->g);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CU_ASSERT_EQUAL(p->type, VSOCK_PKT_WAITING_READ);
	CU_ASSERT_EQUAL(le64toh(p->u.wait.generation), 1);
	CU_ASSERT_EQUAL(le64toh(p->u.wait.offset), 0);
	vg_say(f->g, VSOCK_PKT_WAITING_WRITE, GP, HP, 0);
	CU_ASSERT_TRUE(vg_hears(f->g, VSOCK_PKT_READ));
	fx_free(f);
}

static void old_protocol_writer(void)
{
	struct fx *f = established(true);
	const struct vsock_wire_packet *p;
	uint8_t buf[SIZE] = { 0 };

	CU_ASSERT_EQUAL(fx_write(conn, buf, SIZE), SIZE - 1);
	CU_ASSERT_PTR_NULL(vg_hear(f->g));	/* nobody said that it waits */
	CU_ASSERT_EQUAL(fx_write(conn, buf, 1), 0);
	p = vg_hear(f->g);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CU_ASSERT_EQUAL(p->type, VSOCK_PKT_WAITING_WRITE);
	CU_ASSERT_EQUAL(le64toh(p->u.wait.generation), 0);
	CU_ASSERT_EQUAL(le64toh(p->u.wait.offset), 1);
	vg_say(f->g, VSOCK_PKT_WAITING_READ, GP, HP, 0);
	CU_ASSERT_TRUE(vg_hears(f->g, VSOCK_PKT_WROTE));	/* there is something */
	CU_ASSERT_EQUAL(vg_pair_read(f->g, &pair, buf, SIZE), SIZE - 1);
	vg_say(f->g, VSOCK_PKT_READ, GP, HP, 0);
	CU_ASSERT_EQUAL(fx_events(f), VSH_EV_SPACE);
	vg_say(f->g, VSOCK_PKT_WAITING_READ, GP, HP, 0);
	CU_ASSERT_PTR_NULL(vg_hear(f->g));			/* there is nothing */
	CU_ASSERT_EQUAL(fx_write(conn, buf, 5), 5);
	CU_ASSERT_TRUE(vg_hears(f->g, VSOCK_PKT_WROTE));
	fx_free(f);
}

static void guest_half_closes(void)
{
	struct fx *f = established(false);
	char buf[8] = "last";

	CU_ASSERT_EQUAL(vg_pair_write(f->g, &pair, buf, 4), 4);
	vg_say(f->g, VSOCK_PKT_SHUTDOWN, GP, HP, VSOCK_SHUTDOWN_SEND);
	CU_ASSERT_EQUAL(fx_events(f), VSH_EV_SHUTDOWN);
	CU_ASSERT_EQUAL(vsh_peer_shutdown(conn), VSOCK_SHUTDOWN_SEND);
	CU_ASSERT_EQUAL(fx_read(conn, buf, 8), 4);
	CU_ASSERT_EQUAL(fx_read(conn, buf, 8), 0);
	CU_ASSERT_EQUAL(fx_write(conn, buf, 1), 1);	/* the other direction goes on */
	vg_say(f->g, VSOCK_PKT_SHUTDOWN, GP, HP, VSOCK_SHUTDOWN_SEND);
	CU_ASSERT_EQUAL(fx_events(f), 0);
	vg_say(f->g, VSOCK_PKT_SHUTDOWN, GP, HP, VSOCK_SHUTDOWN_RCV);
	CU_ASSERT_EQUAL(fx_events(f), VSH_EV_SHUTDOWN);
	CU_ASSERT_EQUAL(fx_write(conn, buf, 1), -EPIPE);
	fx_free(f);
}

static void host_half_closes(void)
{
	struct fx *f = established(false);
	const struct vsock_wire_packet *p;
	char buf[8] = "x";

	vsh_shutdown(conn, VSOCK_SHUTDOWN_SEND);
	p = vg_hear(f->g);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CU_ASSERT_EQUAL(p->type, VSOCK_PKT_SHUTDOWN);
	CU_ASSERT_EQUAL(le64toh(p->u.mode), VSOCK_SHUTDOWN_SEND);
	CU_ASSERT_EQUAL(fx_write(conn, buf, 1), -EPIPE);
	CU_ASSERT_EQUAL(vg_pair_write(f->g, &pair, buf, 1), 1);
	CU_ASSERT_EQUAL(fx_read(conn, buf, 1), 1);
	vsh_shutdown(conn, VSOCK_SHUTDOWN_SEND);
	CU_ASSERT_PTR_NULL(vg_hear(f->g));
	vsh_shutdown(conn, VSOCK_SHUTDOWN_RCV);
	p = vg_hear(f->g);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CU_ASSERT_EQUAL(le64toh(p->u.mode), VSOCK_SHUTDOWN_BOTH);
	fx_free(f);
}

static void host_closes(void)
{
	struct fx *f = established(false);
	char buf[8] = "stays";

	CU_ASSERT_EQUAL(fx_write(conn, buf, 5), 5);
	vsh_close(conn);
	CU_ASSERT_TRUE(vg_hears(f->g, VSOCK_PKT_WROTE));
	CU_ASSERT_PTR_NULL(vg_hear(f->g));
	CU_ASSERT_EQUAL(f->g->events_seen[VMCI_EV_QP_PEER_DETACH], 1);
	CU_ASSERT_EQUAL(vg_pair_read(f->g, &pair, buf, 8), 5);
	CU_ASSERT_TRUE(vg_pair_detach(f->g, &pair) >= 0);
	CU_ASSERT_EQUAL(fx_events(f), 0);
	fx_free(f);
}

static void guest_leaves_data(void)
{
	struct fx *f = established(false);
	uint8_t buf[SIZE];
	struct vg_pair second;
	ssize_t r;
	size_t n = 0;

	/* across the wrap */
	pattern_fill(buf, 6000, 0);
	CU_ASSERT_EQUAL(vg_pair_write(f->g, &pair, buf, 6000), 6000);
	CU_ASSERT_EQUAL(fx_read(conn, buf, 6000), VMCI_WIRE_PAGE_SIZE + 1904);
	pattern_fill(buf, 7000, 6000);
	CU_ASSERT_EQUAL(vg_pair_write(f->g, &pair, buf, 7000), 7000);
	CU_ASSERT_EQUAL(vg_pair_detach(f->g, &pair), VMCI_SUCCESS_LAST_DETACH);
	/* the guest uses its memory for something else */
	memset(f->g->ram + pair.gpa, 0xee, 6 * VMCI_WIRE_PAGE_SIZE);
	CU_ASSERT_EQUAL(fx_events(f), VSH_EV_DATA | VSH_EV_SHUTDOWN);
	CU_ASSERT_EQUAL(vsh_peer_shutdown(conn), VSOCK_SHUTDOWN_BOTH);
	CU_ASSERT_EQUAL(vsh_state(conn), VSH_DETACHED);
	CU_ASSERT_TRUE(vsh_memory(f->vsh) > 7000);
	CU_ASSERT_EQUAL(fx_write(conn, buf, 1), -EPIPE);
	/* the same ports again, meanwhile */
	CU_ASSERT_PTR_NOT_NULL(fx_guest_connects(f, GP, HP, SIZE, false, &second));
	while ((r = fx_read(conn, buf, 999)) > 0) {
		CU_ASSERT_TRUE(pattern_ok(buf, (size_t)r, 6000 + n));
		n += (size_t)r;
	}
	CU_ASSERT_EQUAL(r, 0);
	CU_ASSERT_EQUAL(n, 7000);
	CU_ASSERT_TRUE(vsh_memory(f->vsh) < 7000);
	vsh_close(conn);
	CU_ASSERT_EQUAL(vsh_counters(f->vsh)->spilled_bytes, 7000);
	fx_free(f);
}

static void spill_is_limited(void)
{
	const struct vsh_config config = { .spill_max = 1000 };
	struct fx *f = fx_new_with(&config, 16, 0);
	struct vg_pair a, b;
	uint8_t buf[600] = { 0 };

	CU_ASSERT_PTR_NOT_NULL_FATAL(fx_guest_connects(f, GP, HP, SIZE, false, &a));
	CU_ASSERT_PTR_NOT_NULL_FATAL(fx_guest_connects(f, GP + 1, HP, SIZE, false, &b));
	fx_events(f);
	vg_pair_write(f->g, &a, buf, 600);
	vg_pair_write(f->g, &b, buf, 600);
	vg_pair_detach(f->g, &a);
	CU_ASSERT_EQUAL(fx_events(f), VSH_EV_DATA | VSH_EV_SHUTDOWN);
	vg_pair_detach(f->g, &b);
	CU_ASSERT_EQUAL(fx_events(f), VSH_EV_CLOSED);
	CU_ASSERT_EQUAL(f->error, -ENOSPC);
	CU_ASSERT_EQUAL(vsh_counters(f->vsh)->spill_lost, 1);
	fx_free(f);
}

static void rst_leaves_data(void)
{
	struct fx *f = established(false);
	char buf[8] = "tail";

	vg_pair_write(f->g, &pair, buf, 4);
	vg_say(f->g, VSOCK_PKT_RST, GP, HP, 0);
	CU_ASSERT_EQUAL(fx_events(f), VSH_EV_SHUTDOWN);
	CU_ASSERT_EQUAL(vsh_peer_shutdown(conn), VSOCK_SHUTDOWN_BOTH);
	CU_ASSERT_EQUAL(fx_read(conn, buf, 8), 4);
	CU_ASSERT_EQUAL(fx_read(conn, buf, 8), 0);
	CU_ASSERT_EQUAL(fx_write(conn, buf, 1), -EPIPE);
	CU_ASSERT_PTR_NULL(vg_hear(f->g));
	fx_free(f);
}

static void corrupt_rings(void)
{
	static const struct {
		size_t off;
		uint64_t value;
		bool write;
	} rows[] = {
		{ VMCI_QUEUE_OFF_PRODUCER_TAIL, SIZE, false },
		{ VMCI_QUEUE_OFF_PRODUCER_TAIL, UINT64_MAX, false },
		{ VMCI_QUEUE_OFF_CONSUMER_HEAD, SIZE, true },
		{ VMCI_QUEUE_OFF_CONSUMER_HEAD, 1ull << 63, true },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fx *f = established(false);
		char c = 'x';

		vg_pair_poke(f->g, &pair, rows[i].off, rows[i].value);
		CU_ASSERT_EQUAL(rows[i].write ? fx_write(conn, &c, 1) : fx_read(conn, &c, 1),
				-EPIPE);
		CU_ASSERT_EQUAL(vsh_state(conn), VSH_DEAD);
		CU_ASSERT_TRUE(vg_hears(f->g, VSOCK_PKT_RST));
		CU_ASSERT_EQUAL(fx_read(conn, &c, 1), -EPIPE);
		vsh_close(conn);
		CU_ASSERT_EQUAL(vsh_counters(f->vsh)->queue_corrupt, 1);
		fx_free(f);
	}
}

static int count_info(void *data, const struct vsh_info *info)
{
	++*(unsigned int *)data;
	return 0;
}

static void corrupt_found_by_status(void)
{
	struct fx *f = established(false);
	unsigned int n = 0;

	vg_pair_poke(f->g, &pair, VMCI_QUEUE_OFF_PRODUCER_TAIL, SIZE + 1);
	vsh_walk(f->vsh, count_info, &n);
	CU_ASSERT_EQUAL(n, 0);
	CU_ASSERT_EQUAL(fx_events(f), VSH_EV_CLOSED);
	CU_ASSERT_EQUAL(f->error, -EPROTO);
	fx_free(f);
}

static int keep_info(void *data, const struct vsh_info *info)
{
	*(struct vsh_info *)data = *info;
	return 0;
}

static void status_of_one(void)
{
	struct fx *f = established(false);
	struct vsh_info info;
	char buf[16] = "abcdefgh";

	vg_pair_write(f->g, &pair, buf, 8);
	fx_read(conn, buf, 3);
	fx_write(conn, buf, 2);
	vsh_shutdown(conn, VSOCK_SHUTDOWN_SEND);
	vsh_walk(f->vsh, keep_info, &info);
	CU_ASSERT_EQUAL(info.state, VSH_ESTABLISHED);
	CU_ASSERT_TRUE(info.incoming);
	CU_ASSERT_EQUAL(info.host_cid, VMCI_CID_HOST);
	CU_ASSERT_EQUAL(info.host_port, HP);
	CU_ASSERT_EQUAL(info.guest_port, GP);
	CU_ASSERT_EQUAL(info.queue_size, SIZE);
	CU_ASSERT_EQUAL(info.bytes_from_guest, 3);
	CU_ASSERT_EQUAL(info.bytes_to_guest, 2);
	CU_ASSERT_EQUAL(info.unread, 5);
	CU_ASSERT_EQUAL(info.shutdown, VSOCK_SHUTDOWN_SEND);
	CU_ASSERT_STRING_EQUAL(vsh_state_name(info.state), "established");
	fx_free(f);
}

static void reset_and_resume(void)
{
	struct fx *f = established(false);

	vmci_resume(f->g->dev);
	CU_ASSERT_EQUAL(fx_events(f), VSH_EV_CLOSED);
	fx_free(f);
	f = established(false);
	vmci_reset(f->g->dev);
	CU_ASSERT_EQUAL(fx_events(f), VSH_EV_CLOSED);
	CU_ASSERT_EQUAL(f->error, -ECONNRESET);
	vg_up(f->g);
	CU_ASSERT_PTR_NOT_NULL(fx_guest_connects(f, GP, HP, SIZE, false, &pair));
	fx_free(f);
}

/* Fills the device's queue to the guest with something that vg_hear() passes over. */
static void queue_fill(struct fx *f)
{
	static uint8_t dg[VMCI_DG_SIZE_MAX];
	size_t len = sizeof(dg);

	while (len >= VMCI_DG_HDR_SIZE) {
		if (vsh_dgram_send(f->vsh, (struct vmci_wire_dg *)dg, len, 9, 2000))
			len /= 2;
	}
}

static void packets_wait_for_room(void)
{
	struct fx *f = established(false);
	char c = 'x';
	const struct vmci_wire_dg *dg;
	unsigned int i, wrote = 0, shut = 0;

	queue_fill(f);
	CU_ASSERT_EQUAL(fx_write(conn, &c, 1), 1);
	vsh_shutdown(conn, VSOCK_SHUTDOWN_SEND);
	CU_ASSERT_EQUAL(vsh_counters(f->vsh)->packets_delayed, 2);
	for (i = 0; i < 100000 && (dg = vg_recv(f->g)); i++) {
		const struct vsock_wire_packet *p = (const void *)dg;

		if (le32toh(dg->dst.rid) != VSOCK_CONTROL_RID)
			continue;
		if (p->type == VSOCK_PKT_WROTE) {
			CU_ASSERT_EQUAL(shut, 0);
			wrote++;
		} else if (p->type == VSOCK_PKT_SHUTDOWN) {
			shut++;
		}
	}
	CU_ASSERT_EQUAL(wrote, 1);
	CU_ASSERT_EQUAL(shut, 1);
	CU_ASSERT_EQUAL(f->rooms, 1);
	fx_free(f);
}

static void close_while_packets_wait(void)
{
	struct fx *f = established(false);
	char c = 'x';

	queue_fill(f);
	CU_ASSERT_EQUAL(fx_write(conn, &c, 1), 1);
	vsh_close(conn);
	while (vg_recv(f->g))
		;
	CU_ASSERT_EQUAL(f->rooms, 1);
	fx_free(f);
}

static void datagrams(void)
{
	struct fx *f = fx_new();
	struct {
		struct vmci_wire_dg dg;
		uint8_t payload[3];
	} d = { .dg = { .dst = { htole32(2), htole32(514) },
			.src = { htole32(VG_CID), htole32(2222) },
			.payload_size = htole64(3) }, .payload = "hi" };
	const struct vmci_wire_dg *got;

	CU_ASSERT_EQUAL(vg_send(f->g, &d, sizeof(d)), sizeof(d));
	CU_ASSERT_EQUAL(f->dg_guest_port, 2222);
	CU_ASSERT_EQUAL(f->dg_host_port, 514);
	CU_ASSERT_EQUAL(f->dg_len, 3);
	CU_ASSERT_EQUAL(f->dg_first, 'h');
	f->dg_result = -ECONNREFUSED;
	CU_ASSERT_EQUAL(vg_send(f->g, &d, sizeof(d)), VMCI_ERR_INVALID_RESOURCE);
	f->dg_result = -ENOBUFS;
	CU_ASSERT_EQUAL(vg_send(f->g, &d, sizeof(d)), VMCI_ERR_NO_RESOURCES);
	d.dg.src.cid = d.dg.src.rid = htole32(VMCI_INVALID_ID);
	CU_ASSERT_EQUAL(vg_send(f->g, &d, sizeof(d)), VMCI_ERR_NO_ACCESS);
	CU_ASSERT_EQUAL(vsh_counters(f->vsh)->dgrams_in, 1);
	CU_ASSERT_EQUAL(vsh_counters(f->vsh)->dgrams_in_refused, 2);

	d.payload[0] = 'H';
	CU_ASSERT_EQUAL(vsh_dgram_send(f->vsh, &d.dg, sizeof(d), 514, 2222), 0);
	got = vg_recv(f->g);
	CU_ASSERT_PTR_NOT_NULL_FATAL(got);
	CU_ASSERT_EQUAL(le32toh(got->dst.rid), 2222);
	CU_ASSERT_EQUAL(le32toh(got->src.cid), VMCI_CID_HOST);
	CU_ASSERT_EQUAL(le32toh(got->src.rid), 514);
	CU_ASSERT_EQUAL(*(const uint8_t *)(got + 1), 'H');
	CU_ASSERT_EQUAL(vsh_dgram_send(f->vsh, &d.dg, 23, 514, 2222), -EINVAL);
	CU_ASSERT_EQUAL(vsh_dgram_send(f->vsh, &d.dg, sizeof(d), 514, VSH_PORT_ANY), -EINVAL);
	fx_free(f);
}

static void many(void)
{
	const struct vsh_config config = { .handshakes_max = 4, .qp_memory = 512u << 20 };
	struct fx *f = fx_new_with(&config, 256, 512u << 20);
	struct vg_pair *pairs = calloc(MANY, sizeof(*pairs));
	struct vsh_conn **conns = calloc(MANY, sizeof(*conns));
	uint32_t i;
	char c = 'x';

	for (i = 0; i < MANY; i++) {
		conns[i] = i % 2 ? fx_host_connects(f, 1000 + i / 50, 512, &pairs[i]) :
				   fx_guest_connects(f, 1024 + i, HP, 512, false, &pairs[i]);
		CU_ASSERT_PTR_NOT_NULL_FATAL(conns[i]);
	}
	CU_ASSERT_EQUAL(vsh_counters(f->vsh)->established_in, MANY / 2);
	CU_ASSERT_EQUAL(vsh_counters(f->vsh)->established_out, MANY / 2);
	CU_ASSERT_TRUE(vsh_memory(f->vsh) < MANY * 320);
	fx_events(f);
	for (i = 0; i < MANY; i++) {
		vg_say(f->g, VSOCK_PKT_WROTE, vsh_guest_port(conns[i]), vsh_host_port(conns[i]), 0);
		CU_ASSERT_PTR_EQUAL(f->event_conn, conns[i]);
		CU_ASSERT_EQUAL(vg_pair_write(f->g, &pairs[i], &c, 1), 1);
		CU_ASSERT_EQUAL(fx_read(conns[i], &c, 1), 1);
	}
	/* half of them go by the guest, half by the host */
	for (i = 0; i < MANY; i++) {
		if (i % 4 < 2)
			vg_pair_detach(f->g, &pairs[i]);
		vsh_close(conns[i]);
		if (i % 4 >= 2)
			vg_pair_detach(f->g, &pairs[i]);
	}
	i = 0;
	vsh_walk(f->vsh, count_info, &i);
	CU_ASSERT_EQUAL(i, 0);
	free(pairs);
	free(conns);
	fx_free(f);
}

/* The device's queue takes 1,024 events: the rest must follow, or guests wait for ever. */
static void close_all_at_once(void)
{
	const uint32_t n = 2500;
	const struct vsh_config config = { .queue_max = 4096, .queue_size = 4096 };
	struct fx *f = fx_new_with(&config, 64, 0);
	struct vg_pair *pairs = calloc(n, sizeof(*pairs));
	struct vsh_conn **conns = calloc(n, sizeof(*conns));
	uint32_t i;

	for (i = 0; i < n; i++) {
		conns[i] = fx_guest_connects(f, 1024 + i, HP, 512, false, &pairs[i]);
		CU_ASSERT_PTR_NOT_NULL_FATAL(conns[i]);
	}
	for (i = 0; i < n; i++)
		vsh_close(conns[i]);
	vg_pair_detach(f->g, &pairs[0]);	/* owed no more */
	vg_pair_detach(f->g, &pairs[n - 1]);
	while (vg_recv(f->g))
		;
	CU_ASSERT_EQUAL(f->g->events_seen[VMCI_EV_QP_PEER_DETACH], n - 1);
	free(pairs);
	free(conns);
	fx_free(f);
}

static const struct unit_case cases[] = {
	{ "bytes from the guest arrive as they were, across every wrap", bytes_from_guest },
	{ "bytes to the guest arrive as they were, across every wrap", bytes_to_guest },
	{ "WROTE is sent when the ring was empty and not else", wrote_when_it_was_empty },
	{ "READ is sent when the ring was full, once enough is free", read_when_it_was_full },
	{ "a guest that waits on a full ring always hears READ", full_ring_is_always_read },
	{ "WROTE and READ of the guest wake the user", hints_wake_the_user },
	{ "old protocol: a reader that waits says so once", old_protocol_reader },
	{ "old protocol: a writer that waits says so, and waiters are answered",
	  old_protocol_writer },
	{ "a guest closes one direction, then the other", guest_half_closes },
	{ "the host closes one direction, then the other", host_half_closes },
	{ "what was written before the host closes stays readable in the guest", host_closes },
	{ "what a guest leaves in the ring stays readable, and its ports are free at once",
	  guest_leaves_data },
	{ "bytes kept for guests that left are limited", spill_is_limited },
	{ "RST on an established connection leaves what is in the ring", rst_leaves_data },
	{ "a ring pointer out of range ends the connection", corrupt_rings },
	{ "a corrupt ring found by a status query ends the connection", corrupt_found_by_status },
	{ "the status shows what a connection did", status_of_one },
	{ "reset and resume of the device end connections", reset_and_resume },
	{ "packets that find the device's queue full follow in order", packets_wait_for_room },
	{ "a connection may be closed while its packets wait", close_while_packets_wait },
	{ "datagrams go both ways and errors have the right numbers", datagrams },
	{ "the guest is told of each of many connections that close at once", close_all_at_once },
	{ "10,000 connections are told apart and cost less than 320 bytes each", many },
};

UNIT_MAIN("vsock_data", cases)
