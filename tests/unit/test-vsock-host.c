/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-vsock-host.c - handshakes of both roles, and what may not disturb them
 *
 * The guest is played (vguest.h) against the real device model.  Established connections are
 * test-vsock-data.c's.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "host/base/bytes.h"
#include "host/model/vsock_host_priv.h"
#include "tests/unit/vshfix.h"

#define GP 5000u	/* a port in the guest */
#define HP 80u		/* a port on the host */

/* ---- packets ------------------------------------------------------------------------------- */

static void packet_round_trip(void)
{
	uint8_t type;

	for (type = 0; type < VSOCK_PKT_MAX; type++) {
		struct vsh_packet in = { .type = type, .src_port = 7, .dst_port = 9, .size = 4096,
					 .mode = 2, .proto = 1, .handle = { 2, 1030 } };
		struct vsh_packet out;
		struct vsock_wire_packet w;

		vsh_packet_build(&in, VMCI_CID_HOST, VG_CID, &w);
		CU_ASSERT_EQUAL(le32toh(w.dg.src.rid), VSOCK_CONTROL_RID);
		CU_ASSERT_EQUAL_FATAL(vsh_packet_parse(&w.dg, sizeof(w), &out), 0);
		CU_ASSERT_EQUAL(out.type, type);
		CU_ASSERT_EQUAL(out.src_port, 7);
		CU_ASSERT_EQUAL(out.dst_port, 9);
		if (type == VSOCK_PKT_REQUEST2 || type == VSOCK_PKT_NEGOTIATE2)
			CU_ASSERT_EQUAL(out.proto, 1);
		if (type == VSOCK_PKT_OFFER)
			CU_ASSERT_EQUAL(out.handle.rid, 1030);
		if (type == VSOCK_PKT_SHUTDOWN)
			CU_ASSERT_EQUAL(out.mode, 2);
	}
}

static void packet_zeroes(void)
{
	static const uint8_t zero[16];
	const struct vsh_packet rst = { .type = VSOCK_PKT_RST, .size = ~0ull, .mode = ~0ull,
					.proto = 1, .handle = { ~0u, ~0u }, .offset = ~0ull };
	struct vsock_wire_packet w;

	memset(&w, 0xa5, sizeof(w));
	vsh_packet_build(&rst, VMCI_CID_HYPERVISOR, VG_CID, &w);
	CU_ASSERT_EQUAL(memcmp(w.u.zero, zero, sizeof(zero)), 0);
	CU_ASSERT_EQUAL(w.proto, 0);
	CU_ASSERT_EQUAL(w.reserved, 0);
	CU_ASSERT_EQUAL(le32toh(w.dg.src.rid), VSOCK_CONTROL_RID_HV);
}

static void packet_refused(void)
{
	static const struct {
		const char *what;
		size_t len;
		uint8_t version;
		uint8_t type;
		uint16_t proto;
		uint32_t src_port, dst_port, reserved;
		uint64_t value;
		int want;
	} rows[] = {
		{ "good", 56, 1, VSOCK_PKT_RST, 0, 1, 2, 0, 0, 0 },
		{ "longer than needed", 60, 1, VSOCK_PKT_RST, 0, 1, 2, 0, 0, 0 },
		{ "one byte short", 55, 1, VSOCK_PKT_RST, 0, 1, 2, 0, 0, -EPROTO },
		{ "header only", 24, 1, VSOCK_PKT_RST, 0, 1, 2, 0, 0, -EPROTO },
		{ "version 0", 56, 0, VSOCK_PKT_RST, 0, 1, 2, 0, 0, -EPROTO },
		{ "version 2", 56, 2, VSOCK_PKT_RST, 0, 1, 2, 0, 0, -EPROTO },
		{ "source port any", 56, 1, VSOCK_PKT_RST, 0, ~0u, 2, 0, 0, -EPROTO },
		{ "destination port any", 56, 1, VSOCK_PKT_RST, 0, 1, ~0u, 0, 0, -EPROTO },
		{ "reserved word", 56, 1, VSOCK_PKT_RST, 0, 1, 2, 1, 0, -EPROTO },
		{ "proto in old request", 56, 1, VSOCK_PKT_REQUEST, 1, 1, 2, 0, 1, -EPROTO },
		{ "shutdown of nothing", 56, 1, VSOCK_PKT_SHUTDOWN, 0, 1, 2, 0, 0, -EPROTO },
		{ "shutdown of more", 56, 1, VSOCK_PKT_SHUTDOWN, 0, 1, 2, 0, 4, -EPROTO },
		{ "shutdown high bit", 56, 1, VSOCK_PKT_SHUTDOWN, 0, 1, 2, 0, 1ull << 40, -EPROTO },
		{ "unknown type", 56, 1, VSOCK_PKT_MAX, 9, 1, 2, 9, 0, 0 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct {
			struct vsock_wire_packet w;
			uint8_t more[8];
		} b = { .w = { .version = rows[i].version, .type = rows[i].type,
			       .proto = htole16(rows[i].proto),
			       .src_port = htole32(rows[i].src_port),
			       .dst_port = htole32(rows[i].dst_port),
			       .reserved = htole32(rows[i].reserved),
			       .u.size = htole64(rows[i].value) } };
		struct vsh_packet p;
		int got = vsh_packet_parse(&b.w.dg, rows[i].len, &p);

		if (got != rows[i].want)
			fprintf(stderr, "# row '%s': %d\n", rows[i].what, got);
		CU_ASSERT_EQUAL(got, rows[i].want);
	}
}

static void window_rules(void)
{
	struct vsh_window w;

	vsh_window_init(&w, 65536);
	CU_ASSERT_FALSE(vsh_window_due(&w, 65535));	/* nobody waits */
	w.waiting = true;
	CU_ASSERT_FALSE(vsh_window_due(&w, 4096));	/* the window shrank by a page first */
	CU_ASSERT_FALSE(vsh_window_due(&w, 4096));	/* but once for each wait */
	CU_ASSERT_TRUE(vsh_window_due(&w, 4097));
	CU_ASSERT_FALSE(vsh_window_due(&w, 65535));
	while (w.window > VMCI_WIRE_PAGE_SIZE) {
		w.waiting = true;
		CU_ASSERT_TRUE(vsh_window_due(&w, 65535));
	}
	w.waiting = true;
	CU_ASSERT_FALSE(vsh_window_due(&w, 61440));
	CU_ASSERT_TRUE(vsh_window_due(&w, 61441));
	CU_ASSERT_EQUAL(w.window, VMCI_WIRE_PAGE_SIZE);
	vsh_window_starved(&w);
	CU_ASSERT_EQUAL(w.window, 2 * VMCI_WIRE_PAGE_SIZE);
	while (w.window < w.size)
		vsh_window_starved(&w);
	vsh_window_starved(&w);
	CU_ASSERT_EQUAL(w.window, w.size);
}

static void window_small(void)
{
	struct vsh_window w;

	vsh_window_init(&w, 128);
	w.waiting = true;
	CU_ASSERT_FALSE(vsh_window_due(&w, 0));
	CU_ASSERT_TRUE(vsh_window_due(&w, 1));
	vsh_window_starved(&w);
	CU_ASSERT_EQUAL(w.window, 128);
}

/* ---- handshakes that work ------------------------------------------------------------------ */

static void guest_connects(void)
{
	struct fx *f = fx_new();
	struct vg_pair pair;
	struct vsh_conn *conn = fx_guest_connects(f, GP, HP, SIZE, false, &pair);

	CU_ASSERT_PTR_NOT_NULL_FATAL(conn);
	CU_ASSERT_EQUAL(fx_events(f), VSH_EV_CONNECTED | VSH_EV_DATA | VSH_EV_SPACE);
	CU_ASSERT_EQUAL(vsh_state(conn), VSH_ESTABLISHED);
	CU_ASSERT_EQUAL(vsh_host_port(conn), HP);
	CU_ASSERT_EQUAL(vsh_guest_port(conn), GP);
	CU_ASSERT_EQUAL(pair.size, SIZE);
	CU_ASSERT_EQUAL(f->g->events_seen[VMCI_EV_QP_PEER_ATTACH], 1);
	CU_ASSERT_EQUAL(vsh_deadline(f->vsh), UINT64_MAX);
	CU_ASSERT_EQUAL(vsh_counters(f->vsh)->established_in, 1);
	fx_free(f);
}

static void guest_connects_to_context_0(void)
{
	struct fx *f = fx_new();
	struct vsock_wire_packet p = { .dg.dst = { 0, htole32(VSOCK_CONTROL_RID_HV) },
				       .type = VSOCK_PKT_REQUEST2, .proto = htole16(1),
				       .src_port = htole32(GP), .dst_port = htole32(HP),
				       .u.size = htole64(SIZE) };
	const struct vsock_wire_packet *a;

	CU_ASSERT_EQUAL(vg_packet(f->g, &p), 56);
	a = vg_hear(f->g);
	CU_ASSERT_PTR_NOT_NULL_FATAL(a);
	CU_ASSERT_EQUAL(a->type, VSOCK_PKT_NEGOTIATE2);
	CU_ASSERT_EQUAL(le32toh(a->dg.src.cid), 0);
	CU_ASSERT_EQUAL(le32toh(a->dg.src.rid), VSOCK_CONTROL_RID_HV);
	/* the same ports at context 2 are another connection */
	vg_say(f->g, VSOCK_PKT_REQUEST2, GP, HP, SIZE);
	a = vg_hear(f->g);
	CU_ASSERT_PTR_NOT_NULL_FATAL(a);
	CU_ASSERT_EQUAL(a->type, VSOCK_PKT_NEGOTIATE2);
	CU_ASSERT_EQUAL(le32toh(a->dg.src.cid), VMCI_CID_HOST);
	fx_free(f);
}

static void guest_connects_old(void)
{
	struct fx *f = fx_new();
	struct vg_pair pair;
	struct vsh_conn *conn = fx_guest_connects(f, GP, HP, SIZE, true, &pair);

	CU_ASSERT_PTR_NOT_NULL_FATAL(conn);
	CU_ASSERT_EQUAL(vsh_state(conn), VSH_ESTABLISHED);
	fx_free(f);
}

static void host_connects(void)
{
	struct fx *f = fx_new();
	struct vg_pair pair;
	struct vsh_conn *conn = fx_host_connects(f, 22, SIZE, &pair);

	CU_ASSERT_PTR_NOT_NULL_FATAL(conn);
	CU_ASSERT_EQUAL(fx_events(f), VSH_EV_CONNECTED | VSH_EV_DATA | VSH_EV_SPACE);
	CU_ASSERT_EQUAL(pair.handle.cid, VMCI_CID_HOST);
	CU_ASSERT_TRUE(vsh_host_port(conn) > 1023 && vsh_host_port(conn) <= 65535);
	CU_ASSERT_EQUAL(vsh_counters(f->vsh)->established_out, 1);
	fx_free(f);
}

static void host_falls_back(void)
{
	struct fx *f = fx_new();
	const struct vsock_wire_packet *p;
	struct vg_pair pair;
	struct vmci_handle h;
	struct vsh_conn *conn;
	uint32_t port;

	CU_ASSERT_EQUAL_FATAL(vsh_connect(f->vsh, 22, f, &conn), 0);
	port = vsh_host_port(conn);
	CU_ASSERT_TRUE(vg_hears(f->g, VSOCK_PKT_REQUEST2));
	vg_say(f->g, VSOCK_PKT_INVALID, 22, port, 0);
	CU_ASSERT_TRUE(vg_hears(f->g, VSOCK_PKT_REQUEST));
	vg_say(f->g, VSOCK_PKT_RST, 22, port, 0);
	CU_ASSERT_EQUAL(f->closed, 0);
	vg_say(f->g, VSOCK_PKT_NEGOTIATE, 22, port, 4096);
	p = vg_hear(f->g);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CU_ASSERT_EQUAL(p->type, VSOCK_PKT_OFFER);
	h = (struct vmci_handle){ le32toh(p->u.handle.cid), le32toh(p->u.handle.rid) };
	CU_ASSERT_EQUAL(vg_pair_attach(f->g, h, 4096, &pair), VMCI_SUCCESS_QP_ATTACH);
	vg_say_handle(f->g, VSOCK_PKT_ATTACH, 22, port, h);
	CU_ASSERT_EQUAL(vsh_state(conn), VSH_ESTABLISHED);
	fx_free(f);
}

static void second_rst_counts(void)
{
	struct fx *f = fx_new();
	struct vsh_conn *conn;
	uint32_t port;

	CU_ASSERT_EQUAL_FATAL(vsh_connect(f->vsh, 22, f, &conn), 0);
	port = vsh_host_port(conn);
	vg_say(f->g, VSOCK_PKT_INVALID, 22, port, 0);
	vg_say(f->g, VSOCK_PKT_RST, 22, port, 0);
	CU_ASSERT_EQUAL(f->closed, 0);
	vg_say(f->g, VSOCK_PKT_RST, 22, port, 0);
	CU_ASSERT_EQUAL(f->closed, 1);
	CU_ASSERT_EQUAL(f->error, -ECONNRESET);
	fx_free(f);
}

static void rst_after_negotiate_counts(void)
{
	struct fx *f = fx_new();
	struct vsh_conn *conn;
	uint32_t port;

	CU_ASSERT_EQUAL_FATAL(vsh_connect(f->vsh, 22, f, &conn), 0);
	port = vsh_host_port(conn);
	vg_say(f->g, VSOCK_PKT_INVALID, 22, port, 0);
	vg_say(f->g, VSOCK_PKT_NEGOTIATE, 22, port, 4096);
	vg_say(f->g, VSOCK_PKT_RST, 22, port, 0);
	CU_ASSERT_EQUAL(f->error, -ECONNRESET);
	fx_free(f);
}

/* ---- handshakes that do not ---------------------------------------------------------------- */

enum step { STEP_IN_NEGOTIATE, STEP_OUT_REQUEST, STEP_OUT_OFFER, STEPS };

static uint32_t host_port;	/* of the connection that step_to() left */
static struct vmci_handle offered;

/* Leaves one connection in the state that the step is about; everything it said was heard. */
static struct fx *step_to(enum step step)
{
	struct fx *f = fx_new();
	const struct vsock_wire_packet *p;
	struct vsh_conn *conn;

	host_port = HP;
	if (step == STEP_IN_NEGOTIATE) {
		vg_say(f->g, VSOCK_PKT_REQUEST2, GP, HP, SIZE);
		CU_ASSERT_TRUE_FATAL(vg_hears(f->g, VSOCK_PKT_NEGOTIATE2));
		return f;
	}
	CU_ASSERT_EQUAL_FATAL(vsh_connect(f->vsh, GP, f, &conn), 0);
	host_port = vsh_host_port(conn);
	CU_ASSERT_TRUE_FATAL(vg_hears(f->g, VSOCK_PKT_REQUEST2));
	if (step == STEP_OUT_OFFER) {
		vg_say(f->g, VSOCK_PKT_NEGOTIATE2, GP, host_port, SIZE);
		p = vg_hear(f->g);
		CU_ASSERT_PTR_NOT_NULL_FATAL(p);
		CU_ASSERT_EQUAL_FATAL(p->type, VSOCK_PKT_OFFER);
		offered.cid = le32toh(p->u.handle.cid);
		offered.rid = le32toh(p->u.handle.rid);
	}
	return f;
}

static int nothing_left(void *data, const struct vsh_info *info)
{
	++*(int *)data;
	return 0;
}

static void check_nothing_left(struct fx *f)
{
	struct vmci_stats st;
	int n = 0;

	vsh_walk(f->vsh, nothing_left, &n);
	CU_ASSERT_EQUAL(n, 0);
	CU_ASSERT_EQUAL(vsh_deadline(f->vsh), UINT64_MAX);
	vmci_stats_get(f->g->dev, &st);
	CU_ASSERT_EQUAL(st.qp_memory, 0);
	CU_ASSERT_EQUAL(vsh_counters(f->vsh)->failed_in + vsh_counters(f->vsh)->failed_out, 1);
}

static void rst_at_each_step(void)
{
	int step;

	for (step = 0; step < STEPS; step++) {
		struct fx *f = step_to(step);

		vg_say(f->g, VSOCK_PKT_RST, GP, host_port, 0);
		CU_ASSERT_EQUAL(fx_events(f), VSH_EV_CLOSED);
		CU_ASSERT_EQUAL(f->error, -ECONNRESET);
		CU_ASSERT_PTR_NULL(vg_hear(f->g));	/* RST is never answered */
		check_nothing_left(f);
		fx_free(f);
	}
}

/* Is this type what the step waits for, or handled elsewhere? */
static bool fits(int step, uint8_t type)
{
	if (type == VSOCK_PKT_RST)
		return true;
	switch (step) {
	case STEP_IN_NEGOTIATE:
		return false;	/* an OFFER with handle 0:0 */
	case STEP_OUT_REQUEST:
		return type == VSOCK_PKT_NEGOTIATE || type == VSOCK_PKT_NEGOTIATE2 ||
		       type == VSOCK_PKT_INVALID;
	default:
		return false;	/* an ATTACH with handle 0:0 */
	}
}

static void garbage_at_each_step(void)
{
	int step;
	uint8_t type;

	for (step = 0; step < STEPS; step++) {
		for (type = 0; type < VSOCK_PKT_MAX; type++) {
			struct fx *f;

			if (fits(step, type))
				continue;
			f = step_to(step);
			vg_say(f->g, type, GP, host_port, type == VSOCK_PKT_SHUTDOWN ? 3 : 0);
			CU_ASSERT_EQUAL(fx_events(f), VSH_EV_CLOSED);
			CU_ASSERT_TRUE(vg_hears(f->g, VSOCK_PKT_RST));
			CU_ASSERT_PTR_NULL(vg_hear(f->g));
			check_nothing_left(f);
			fx_free(f);
		}
	}
}

static void time_out_at_each_step(void)
{
	int step;

	for (step = 0; step < STEPS; step++) {
		struct fx *f = step_to(step);

		CU_ASSERT_EQUAL(f->timer_ms, 1000 + VSH_HANDSHAKE_MS);
		CU_ASSERT_EQUAL(vsh_deadline(f->vsh), f->timer_ms);
		vsh_tick(f->vsh, f->timer_ms - 1);
		CU_ASSERT_EQUAL(fx_events(f), 0);
		vsh_tick(f->vsh, f->timer_ms);
		CU_ASSERT_EQUAL(fx_events(f), VSH_EV_CLOSED);
		CU_ASSERT_EQUAL(f->error, -ETIMEDOUT);
		CU_ASSERT_TRUE(vg_hears(f->g, VSOCK_PKT_RST));
		check_nothing_left(f);
		CU_ASSERT_EQUAL(vsh_counters(f->vsh)->timeouts, 1);
		fx_free(f);
	}
}

static void reset_at_each_step(void)
{
	int step;

	for (step = 0; step < STEPS; step++) {
		struct fx *f = step_to(step);

		vmci_reset(f->g->dev);
		CU_ASSERT_EQUAL(fx_events(f), VSH_EV_CLOSED);
		CU_ASSERT_EQUAL(f->error, -ECONNRESET);
		check_nothing_left(f);
		fx_free(f);
	}
}

static void bad_negotiate(void)
{
	static const uint64_t sizes[] = { 0, 127, 262145, UINT64_MAX, 1ull << 32 | 4096 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct fx *f = step_to(STEP_OUT_REQUEST);

		vg_say(f->g, VSOCK_PKT_NEGOTIATE2, GP, host_port, sizes[i]);
		CU_ASSERT_EQUAL(f->error, -EPROTO);
		CU_ASSERT_TRUE(vg_hears(f->g, VSOCK_PKT_RST));
		check_nothing_left(f);
		fx_free(f);
	}
}

static void bad_offers(void)
{
	struct fx *f = step_to(STEP_IN_NEGOTIATE);
	struct vg_pair wrong_size;

	CU_ASSERT_EQUAL(vg_pair_create(f->g, 2 * SIZE, &wrong_size), VMCI_SUCCESS_QP_CREATE);
	vg_say_handle(f->g, VSOCK_PKT_OFFER, GP, HP, wrong_size.handle);
	CU_ASSERT_EQUAL(f->error, -EMSGSIZE);
	CU_ASSERT_TRUE(vg_hears(f->g, VSOCK_PKT_RST));
	CU_ASSERT_EQUAL(vsh_counters(f->vsh)->bad_offer, 1);
	fx_free(f);
}

static void pair_offered_twice(void)
{
	struct fx *f = fx_new();
	struct vg_pair pair;
	struct vsh_conn *conn = fx_guest_connects(f, GP, HP, SIZE, false, &pair);

	CU_ASSERT_PTR_NOT_NULL_FATAL(conn);
	vg_say(f->g, VSOCK_PKT_REQUEST2, GP + 1, HP, SIZE);
	CU_ASSERT_TRUE(vg_hears(f->g, VSOCK_PKT_NEGOTIATE2));
	vg_say_handle(f->g, VSOCK_PKT_OFFER, GP + 1, HP, pair.handle);
	CU_ASSERT_TRUE(vg_hears(f->g, VSOCK_PKT_RST));
	CU_ASSERT_EQUAL(f->closed, 1);
	CU_ASSERT_EQUAL(vsh_state(conn), VSH_ESTABLISHED);
	fx_free(f);
}

static void attach_without_attaching(void)
{
	struct fx *f = step_to(STEP_OUT_OFFER);

	vg_say_handle(f->g, VSOCK_PKT_ATTACH, GP, host_port, offered);
	CU_ASSERT_EQUAL(f->error, -EPROTO);
	CU_ASSERT_TRUE(vg_hears(f->g, VSOCK_PKT_RST));
	check_nothing_left(f);
	fx_free(f);
}

static void detach_instead_of_attach(void)
{
	struct fx *f = step_to(STEP_OUT_OFFER);
	struct vg_pair pair;

	CU_ASSERT_EQUAL(vg_pair_attach(f->g, offered, SIZE, &pair), VMCI_SUCCESS_QP_ATTACH);
	vg_pair_detach(f->g, &pair);
	CU_ASSERT_EQUAL(fx_events(f), VSH_EV_CLOSED);
	CU_ASSERT_EQUAL(f->error, -ECONNRESET);
	check_nothing_left(f);
	fx_free(f);
}

static void user_refuses(void)
{
	struct fx *f = fx_new();

	f->refuse = -ECONNREFUSED;
	vg_say(f->g, VSOCK_PKT_REQUEST2, GP, HP, SIZE);
	CU_ASSERT_TRUE(vg_hears(f->g, VSOCK_PKT_RST));
	CU_ASSERT_EQUAL(fx_events(f), 0);
	CU_ASSERT_EQUAL(vsh_counters(f->vsh)->refused_in, 1);
	fx_free(f);
}

static void bad_requests(void)
{
	struct fx *f = fx_new();
	struct vsock_wire_packet p = { .type = VSOCK_PKT_REQUEST2, .proto = htole16(0xfffe),
				       .src_port = htole32(GP), .dst_port = htole32(HP),
				       .u.size = htole64(SIZE) };

	vg_packet(f->g, &p);	/* no protocol in common */
	CU_ASSERT_TRUE(vg_hears(f->g, VSOCK_PKT_RST));
	vg_say(f->g, VSOCK_PKT_REQUEST2, GP, HP, 0);
	CU_ASSERT_TRUE(vg_hears(f->g, VSOCK_PKT_RST));
	vg_say(f->g, VSOCK_PKT_REQUEST, GP, HP, 0);
	CU_ASSERT_TRUE(vg_hears(f->g, VSOCK_PKT_RST));
	CU_ASSERT_PTR_NULL(f->incoming);
	CU_ASSERT_EQUAL(vsh_counters(f->vsh)->bad_packet, 3);
	fx_free(f);
}

static void proposals(void)
{
	static const struct {
		uint64_t asked, answered;
	} rows[] = {
		{ 128, 128 },	    { 127, 262144 },	      { 262144, 262144 },
		{ 262145, 262144 }, { UINT64_MAX, 262144 },   { 5000, 5000 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fx *f = fx_new();
		const struct vsock_wire_packet *p;

		vg_say(f->g, VSOCK_PKT_REQUEST2, GP, HP, rows[i].asked);
		p = vg_hear(f->g);
		CU_ASSERT_PTR_NOT_NULL_FATAL(p);
		CU_ASSERT_EQUAL(le64toh(p->u.size), rows[i].answered);
		CU_ASSERT_EQUAL(le16toh(p->proto), VSOCK_PROTO_Q_STATE);
		fx_free(f);
	}
}

static void little_memory(void)
{
	static const struct {
		uint64_t memory;
		uint32_t size;
	} rows[] = {
		{ 128u << 20, 262144 }, { 64u << 20, 65536 }, { 16u << 20, 16384 },
		{ 4u << 20, 4096 },	{ 1u << 20, 4096 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct vsh_config config = { .qp_memory = rows[i].memory };
		struct fx *f = fx_new_with(&config, 16, rows[i].memory);
		const struct vsock_wire_packet *p;

		vg_say(f->g, VSOCK_PKT_REQUEST2, GP, HP, 262144);
		p = vg_hear(f->g);
		CU_ASSERT_PTR_NOT_NULL_FATAL(p);
		CU_ASSERT_EQUAL(le64toh(p->u.size), rows[i].size);
		fx_free(f);
	}
}

/* ---- what must not disturb anything -------------------------------------------------------- */

static void wrong_source(void)
{
	struct fx *f = fx_new();
	struct vg_pair pair;
	struct vsh_conn *conn = fx_guest_connects(f, GP, HP, SIZE, false, &pair);
	uint8_t type;

	CU_ASSERT_PTR_NOT_NULL_FATAL(conn);
	fx_events(f);
	for (type = 0; type < VSOCK_PKT_MAX + 2; type++) {
		/* what an ordinary socket in the guest could send */
		struct vsock_wire_packet p = { .dg.src = { htole32(VG_CID), htole32(2000) },
					       .type = type, .src_port = htole32(GP),
					       .dst_port = htole32(HP), .u.size = htole64(3) };

		CU_ASSERT_EQUAL(vg_packet(f->g, &p), VMCI_ERR_NO_ACCESS);
		p.dg.src.cid = htole32(VMCI_INVALID_ID);
		p.dg.src.rid = htole32(VMCI_INVALID_ID);
		CU_ASSERT_EQUAL(vg_packet(f->g, &p), VMCI_ERR_NO_ACCESS);
	}
	CU_ASSERT_EQUAL(fx_events(f), 0);
	CU_ASSERT_PTR_NULL(vg_hear(f->g));
	CU_ASSERT_EQUAL(vsh_counters(f->vsh)->bad_source, 2 * (VSOCK_PKT_MAX + 2));
	fx_free(f);
}

static void nobody_there(void)
{
	struct fx *f = fx_new();
	const struct vsock_wire_packet *p;

	vg_say(f->g, VSOCK_PKT_RST, GP, HP, 0);
	CU_ASSERT_PTR_NULL(vg_hear(f->g));
	vg_say(f->g, VSOCK_PKT_WROTE, GP, HP, 0);
	p = vg_hear(f->g);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CU_ASSERT_EQUAL(p->type, VSOCK_PKT_RST);
	CU_ASSERT_EQUAL(le32toh(p->src_port), HP);
	CU_ASSERT_EQUAL(le32toh(p->dst_port), GP);
	vg_say(f->g, 200, GP, HP, 0);
	CU_ASSERT_TRUE(vg_hears(f->g, VSOCK_PKT_INVALID));
	CU_ASSERT_EQUAL(vsh_counters(f->vsh)->unknown_type, 1);
	CU_ASSERT_EQUAL(vsh_counters(f->vsh)->stray_rst, 1);
	CU_ASSERT_EQUAL(vsh_counters(f->vsh)->no_connection, 1);
	fx_free(f);
}

static void unexpected_when_established(void)
{
	static const uint8_t types[] = { VSOCK_PKT_REQUEST, VSOCK_PKT_NEGOTIATE, VSOCK_PKT_OFFER,
					 VSOCK_PKT_ATTACH, VSOCK_PKT_WAITING_READ,
					 VSOCK_PKT_WAITING_WRITE, VSOCK_PKT_REQUEST2,
					 VSOCK_PKT_NEGOTIATE2, VSOCK_PKT_INVALID };
	struct fx *f = fx_new();
	struct vg_pair pair;
	struct vsh_conn *conn = fx_guest_connects(f, GP, HP, SIZE, false, &pair);
	size_t i;

	CU_ASSERT_PTR_NOT_NULL_FATAL(conn);
	fx_events(f);
	for (i = 0; i < ARRAY_SIZE(types); i++)
		vg_say(f->g, types[i], GP, HP, SIZE);
	CU_ASSERT_EQUAL(fx_events(f), 0);
	CU_ASSERT_PTR_NULL(vg_hear(f->g));
	CU_ASSERT_EQUAL(vsh_state(conn), VSH_ESTABLISHED);
	CU_ASSERT_EQUAL(vsh_counters(f->vsh)->unexpected, ARRAY_SIZE(types));
	fx_free(f);
}

static void limits(void)
{
	const struct vsh_config config = { .conns_max = 3, .handshakes_max = 2 };
	struct fx *f = fx_new_with(&config, 16, 0);
	struct vg_pair pair;
	struct vsh_conn *conn;

	CU_ASSERT_PTR_NOT_NULL(fx_guest_connects(f, GP, HP, SIZE, false, &pair));
	vg_say(f->g, VSOCK_PKT_REQUEST2, GP + 1, HP, SIZE);
	CU_ASSERT_TRUE(vg_hears(f->g, VSOCK_PKT_NEGOTIATE2));
	CU_ASSERT_EQUAL(vsh_connect(f->vsh, 22, f, &conn), 0);
	CU_ASSERT_TRUE(vg_hears(f->g, VSOCK_PKT_REQUEST2));
	CU_ASSERT_EQUAL(vsh_connect(f->vsh, 22, f, &conn), -EBUSY);
	vg_say(f->g, VSOCK_PKT_REQUEST2, GP + 2, HP, SIZE);
	CU_ASSERT_TRUE(vg_hears(f->g, VSOCK_PKT_RST));
	CU_ASSERT_EQUAL(vsh_counters(f->vsh)->over_conns, 2);
	vsh_tick(f->vsh, UINT64_MAX);
	CU_ASSERT_EQUAL(f->closed, 2);
	CU_ASSERT_EQUAL(vsh_connect(f->vsh, 22, f, &conn), 0);
	fx_free(f);
}

static void connect_errors(void)
{
	const struct vsh_config config = { .queue_min = 0 };
	struct fx *f = fx_new();
	struct vsh_conn *conn;
	struct vsh *second;

	CU_ASSERT_EQUAL(vsh_connect(f->vsh, VSH_PORT_ANY, f, &conn), -EINVAL);
	CU_ASSERT_EQUAL(vsh_new(f->g->dev, &config, NULL, NULL, &second), -EEXIST);
	vmci_reset(f->g->dev);
	CU_ASSERT_EQUAL(vsh_connect(f->vsh, 22, f, &conn), -ENOTCONN);
	fx_free(f);
}

static void close_in_events(void)
{
	struct fx *f = fx_new();
	struct vg_pair pair;

	f->close_on_event = true;	/* in CONNECTED */
	CU_ASSERT_PTR_NOT_NULL(fx_guest_connects(f, GP, HP, SIZE, false, &pair));
	CU_ASSERT_PTR_NULL(vg_hear(f->g));
	CU_ASSERT_EQUAL(f->g->events_seen[VMCI_EV_QP_PEER_DETACH], 1);
	CU_ASSERT_PTR_NOT_NULL(fx_guest_connects(f, GP, HP, SIZE, false, &pair));
	f->close_on_event = true;	/* in DATA */
	vg_say(f->g, VSOCK_PKT_WROTE, GP, HP, 0);
	CU_ASSERT_PTR_NOT_NULL(fx_guest_connects(f, GP, HP, SIZE, false, &pair));
	f->close_on_event = true;	/* while the guest detaches */
	vg_pair_detach(f->g, &pair);
	CU_ASSERT_EQUAL(vsh_memory(f->vsh), 64 * sizeof(void *));
	fx_free(f);
}

static const struct unit_case cases[] = {
	{ "a packet of each type survives being built and parsed", packet_round_trip },
	{ "bytes of a packet that its type does not use are zero", packet_zeroes },
	{ "packets with impossible fields are refused", packet_refused },
	{ "the window shrinks with each wait of the sender and grows when we wait", window_rules },
	{ "a ring smaller than a page is its own window", window_small },
	{ "a guest connects", guest_connects },
	{ "a guest connects to context 0 and is answered from resource 15",
	  guest_connects_to_context_0 },
	{ "a guest connects with the old protocol", guest_connects_old },
	{ "the host connects with a pair of its own", host_connects },
	{ "the host falls back to the old protocol and ignores one RST", host_falls_back },
	{ "a second RST after the fall back counts", second_rst_counts },
	{ "RST after NEGOTIATE is for the second try", rst_after_negotiate_counts },
	{ "RST at each step ends the handshake and is not answered", rst_at_each_step },
	{ "a packet that does not fit ends the handshake with RST", garbage_at_each_step },
	{ "a handshake ends with RST when its time is over", time_out_at_each_step },
	{ "a device reset ends the handshake at each step", reset_at_each_step },
	{ "a NEGOTIATE outside of our sizes is refused", bad_negotiate },
	{ "a pair of other sizes than negotiated is refused", bad_offers },
	{ "a pair offered twice leaves its first connection alone", pair_offered_twice },
	{ "ATTACH is not believed while the device sees no attach", attach_without_attaching },
	{ "a guest that detaches before ATTACH ends the handshake", detach_instead_of_attach },
	{ "a request that the user refuses gets RST", user_refuses },
	{ "requests without size or common protocol get RST", bad_requests },
	{ "proposals outside of the limits are answered with our size", proposals },
	{ "rings get smaller as pair memory gets scarce", little_memory },
	{ "packets from other resources change nothing", wrong_source },
	{ "packets for nobody get RST, unknown types INVALID, RST nothing", nobody_there },
	{ "packets of a handshake change nothing once established", unexpected_when_established },
	{ "limits of connections and handshakes hold and recover", limits },
	{ "connecting fails at once where it cannot work", connect_errors },
	{ "the user may close in each event", close_in_events },
};

UNIT_MAIN("vsock_host", cases)
