/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-rpc-vsock.c - GuestRPC over vSockets, from a played guest's rings to the model
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/bytes.h"
#include "host/model/datamap.h"
#include "host/model/guest_report.h"
#include "host/model/rpc_vsock.h"
#include "tests/unit/vshfix.h"

#define RPCI	GRPC_VSOCK_PORT_RPCI
#define TCLO	GRPC_VSOCK_PORT_TCLO
#define ROOT	1000u		/* a port that only root may have */
#define NOBODY	5000u

struct world {
	struct fx *f;
	struct grpc *g;
	struct rpcv *rpc;
	unsigned int again;		/* turns that were asked for */
	unsigned int dones;
	int done_err;
	char done_reply[64];
};

static uint64_t op_now(void *data)
{
	return ((struct world *)data)->f->now_ms;
}

static void op_event(void *data, const struct grpc_event *ev)
{
}

static void op_again(void *data)
{
	((struct world *)data)->again++;
}

static void done(void *data, int err, const char *reply, size_t len)
{
	struct world *w = data;

	w->dones++;
	w->done_err = err;
	snprintf(w->done_reply, sizeof(w->done_reply), "%s", reply ? reply : "");
}

static const struct grpc_ops grpc_ops = { .now_ms = op_now, .event = op_event };
static const struct rpcv_ops rpcv_ops = { .again = op_again };

static struct world *fresh(void)
{
	static const struct grpc_config config;
	struct world *w = calloc(1, sizeof(*w));

	w->f = fx_new();
	w->g = grpc_new(&config, &grpc_ops, w);
	w->rpc = rpcv_new(w->f->vsh, w->g, &rpcv_ops, w);
	CU_ASSERT_PTR_NOT_NULL_FATAL(w->rpc);
	return w;
}

static void finish(struct world *w)
{
	rpcv_free(w->rpc);
	fx_free(w->f);
	grpc_free(w->g);
	free(w);
}

/* The event loop's next turn, as long as one is asked for. */
static void turns(struct world *w)
{
	while (w->again) {
		w->again = 0;
		rpcv_tick(w->rpc);
	}
}

/* ---- the guest ------------------------------------------------------------------------------- */

static void say(struct world *w, uint8_t type, uint32_t port, uint32_t host_port, uint64_t value)
{
	bool proto = type == VSOCK_PKT_REQUEST2;
	struct vsock_wire_packet p = {
		.dg.dst = { htole32(VMCI_CID_HYPERVISOR), htole32(VSOCK_CONTROL_RID_HV) },
		.type = type, .src_port = htole32(port), .dst_port = htole32(host_port),
		.proto = htole16(proto ? VSOCK_PROTO_Q_STATE : 0), .u.size = htole64(value),
	};

	vg_packet(w->f->g, &p);
}

static bool connects(struct world *w, uint32_t port, uint32_t host_port, uint32_t size,
		     struct vg_pair *ret)
{
	struct vsock_wire_packet offer = {
		.dg.dst = { htole32(VMCI_CID_HYPERVISOR), htole32(VSOCK_CONTROL_RID_HV) },
		.type = VSOCK_PKT_OFFER, .src_port = htole32(port), .dst_port = htole32(host_port),
	};

	say(w, VSOCK_PKT_REQUEST2, port, host_port, size);
	if (!vg_hears(w->f->g, VSOCK_PKT_NEGOTIATE2) || vg_pair_create(w->f->g, size, ret) < 0)
		return false;
	offer.u.handle = (struct vmci_wire_handle){ htole32(ret->handle.cid),
						    htole32(ret->handle.rid) };
	vg_packet(w->f->g, &offer);
	return vg_hears(w->f->g, VSOCK_PKT_ATTACH);
}

/* Control packets that say only that there is data or room. */
static void hear_all(struct world *w)
{
	while (vg_hear(w->f->g))
		;
}

/* All of it, with as many WROTE and READ as it takes; false when the host takes no more. */
static bool guest_writes(struct world *w, uint32_t port, uint32_t host_port,
			 const struct vg_pair *pair, const uint8_t *bytes, size_t len)
{
	while (len) {
		size_t n = vg_pair_write(w->f->g, pair, bytes, len);

		if (!n)
			return false;
		bytes += n;
		len -= n;
		say(w, VSOCK_PKT_WROTE, port, host_port, 0);
		turns(w);
		hear_all(w);
	}
	return true;
}

static size_t packet_with(const char *msg, bool fast_close, uint8_t *ret)
{
	static const uint8_t field[16] = { 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 1 };
	size_t len = datamap_packet_size(strlen(msg));

	datamap_packet_build(msg, strlen(msg), ret);
	if (!fast_close)
		return len;
	memcpy(ret + len, field, sizeof(field));
	put_be32(ret, (uint32_t)(len + sizeof(field) - GRPC_PACKET_HEAD));
	return len + sizeof(field);
}

static bool guest_says(struct world *w, uint32_t port, uint32_t host_port,
		       const struct vg_pair *pair, const char *msg)
{
	uint8_t packet[512];
	size_t len = packet_with(msg, false, packet);

	return guest_writes(w, port, host_port, pair, packet, len);
}

/* The next packet's message, of @room bytes with its NUL; false when there is none. */
static bool guest_hears(struct world *w, uint32_t port, uint32_t host_port,
			const struct vg_pair *pair, char *ret, size_t room)
{
	struct datamap_reader r = { .body = NULL };
	bool ok = false;
	uint8_t byte;
	size_t taken;

	while (!ok && vg_pair_read(w->f->g, pair, &byte, 1) == 1) {
		struct datamap d;

		say(w, VSOCK_PKT_READ, port, host_port, 0);
		hear_all(w);
		if (datamap_read(&r, &byte, 1, &taken) <= 0)
			continue;
		CU_ASSERT_EQUAL_FATAL(datamap_parse(r.body, r.len, &d), 0);
		CU_ASSERT_EQUAL(d.type, GRPC_PACKET_DATA);
		CU_ASSERT_TRUE_FATAL(d.payload_len < room);
		memcpy(ret, d.payload, d.payload_len);
		ret[d.payload_len] = '\0';
		ok = true;
	}
	datamap_read_next(&r);
	return ok;
}

static bool asks(struct world *w, uint32_t port, const struct vg_pair *pair, const char *req,
		 const char *want)
{
	char reply[256] = "";

	return guest_says(w, port, RPCI, pair, req) &&
	       guest_hears(w, port, RPCI, pair, reply, sizeof(reply)) && !strcmp(reply, want);
}

static bool agent_does(struct world *w, const struct vg_pair *pair, const char *want,
		       const char *reply)
{
	char cmd[256] = "";

	turns(w);
	return guest_hears(w, ROOT, TCLO, pair, cmd, sizeof(cmd)) && !strcmp(cmd, want) &&
	       guest_says(w, ROOT, TCLO, pair, reply);
}

static void agent_ready(struct world *w, struct vg_pair *pair)
{
	char cmd[256];
	unsigned int i;

	CU_ASSERT_TRUE_FATAL(connects(w, ROOT, TCLO, SIZE, pair));
	CU_ASSERT_TRUE_FATAL(agent_does(w, pair, "reset", "OK ATR toolbox"));
	CU_ASSERT_TRUE_FATAL(agent_does(w, pair, "Capabilities_Register", "OK "));
	for (i = 0; i < 17; i++) {
		turns(w);
		CU_ASSERT_TRUE_FATAL(guest_hears(w, ROOT, TCLO, pair, cmd, sizeof(cmd)));
		CU_ASSERT_TRUE_FATAL(guest_says(w, ROOT, TCLO, pair, "OK "));
	}
	CU_ASSERT_TRUE_FATAL(agent_does(w, pair, "OS_PowerOn", "OK "));
	CU_ASSERT_EQUAL_FATAL(grpc_tools_state(w->g), GRPC_TOOLS_RUNNING);
}

static void count(void *data, const struct rpcv_info *info)
{
	(*(unsigned int *)data)++;
}

static unsigned int clients(struct world *w)
{
	unsigned int n = 0;

	rpcv_walk(w->rpc, count, &n);
	return n;
}

/* ---- requests -------------------------------------------------------------------------------- */

static void test_requests(void)
{
	struct world *w = fresh();
	struct vg_pair pair;

	CU_ASSERT_TRUE_FATAL(connects(w, NOBODY, RPCI, SIZE, &pair));
	CU_ASSERT_TRUE(asks(w, NOBODY, &pair, "info-set guestinfo.a b", "1 "));
	CU_ASSERT_TRUE(asks(w, NOBODY, &pair, "info-get guestinfo.a", "1 b"));
	CU_ASSERT_TRUE(asks(w, NOBODY, &pair, "nonsense", "0 Unknown command"));
	CU_ASSERT_EQUAL(grpc_report(w->g)->rpci_count[GRPC_VIA_VSOCK], 3);
	CU_ASSERT_EQUAL(grpc_report(w->g)->rpci_count[GRPC_VIA_BACKDOOR], 0);
	finish(w);
}

/* Replies longer than the ring, and many requests at once: no reply is lost, none is kept. */
static void test_flow(void)
{
	static char value[20001], reply[20010];
	struct world *w = fresh();
	struct vg_pair pair;
	uint8_t packet[128];
	size_t len = packet_with("info-get guestinfo.long", false, packet);
	unsigned int i;

	memset(value, 'v', sizeof(value) - 1);
	CU_ASSERT_EQUAL(grpc_var_set(w->g, "guestinfo.long", value, strlen(value), 0), 0);
	CU_ASSERT_TRUE_FATAL(connects(w, NOBODY, RPCI, SIZE, &pair));
	for (i = 0; i < 50; i++)
		CU_ASSERT_EQUAL(vg_pair_write(w->f->g, &pair, packet, len), len);
	say(w, VSOCK_PKT_WROTE, NOBODY, RPCI, 0);
	CU_ASSERT_EQUAL(grpc_report(w->g)->rpci_count[GRPC_VIA_VSOCK], 1);
	for (i = 0; i < 50; i++) {
		CU_ASSERT_TRUE_FATAL(guest_hears(w, NOBODY, RPCI, &pair, reply, sizeof(reply)));
		CU_ASSERT_TRUE(reply[0] == '1' && !strcmp(reply + 2, value));
	}
	CU_ASSERT_FALSE(guest_hears(w, NOBODY, RPCI, &pair, reply, sizeof(reply)));
	finish(w);
}

static void test_turns(void)
{
	struct world *w = fresh();
	struct vg_pair pair;
	uint8_t packet[128];
	size_t len = packet_with("x", false, packet);
	unsigned int i;

	CU_ASSERT_TRUE_FATAL(connects(w, NOBODY, RPCI, SIZE, &pair));
	for (i = 0; i < 100; i++)
		CU_ASSERT_EQUAL(vg_pair_write(w->f->g, &pair, packet, len), len);
	say(w, VSOCK_PKT_WROTE, NOBODY, RPCI, 0);
	CU_ASSERT_EQUAL(grpc_report(w->g)->rpci_count[GRPC_VIA_VSOCK], 32);
	CU_ASSERT_EQUAL(w->again, 1);
	turns(w);
	CU_ASSERT_EQUAL(grpc_report(w->g)->rpci_count[GRPC_VIA_VSOCK], 100);
	finish(w);
}

static void test_fast_close(void)
{
	struct world *w = fresh();
	struct vg_pair pair;
	uint8_t packet[128];
	char reply[64] = "";
	size_t len = packet_with("nonsense", true, packet);

	CU_ASSERT_TRUE_FATAL(connects(w, NOBODY, RPCI, SIZE, &pair));
	CU_ASSERT_TRUE(guest_writes(w, NOBODY, RPCI, &pair, packet, len));
	CU_ASSERT_EQUAL(clients(w), 0);
	CU_ASSERT_EQUAL(rpcv_counters(w->rpc)->fast_closes, 1);
	CU_ASSERT_TRUE(guest_hears(w, NOBODY, RPCI, &pair, reply, sizeof(reply)));
	CU_ASSERT_STRING_EQUAL(reply, "0 Unknown command");
	finish(w);
}

static void test_guest_leaves(void)
{
	struct world *w = fresh();
	struct vg_pair pair;
	uint8_t packet[128];
	size_t len = packet_with("info-set guestinfo.last word", false, packet);
	struct grpc_var v;

	CU_ASSERT_TRUE_FATAL(connects(w, NOBODY, RPCI, SIZE, &pair));
	CU_ASSERT_EQUAL(vg_pair_write(w->f->g, &pair, packet, len), len);
	vg_pair_detach(w->f->g, &pair);
	CU_ASSERT_TRUE(grpc_var_get(w->g, "guestinfo.last", &v));
	CU_ASSERT_EQUAL(clients(w), 0);

	CU_ASSERT_TRUE_FATAL(connects(w, NOBODY, RPCI, SIZE, &pair));
	say(w, VSOCK_PKT_SHUTDOWN, NOBODY, RPCI, VSOCK_SHUTDOWN_SEND);
	CU_ASSERT_EQUAL(clients(w), 0);
	finish(w);
}

static void test_bad_packets(void)
{
	static const struct {
		const char *bytes;
		size_t len;
	} rows[] = {
		{ "\0\0\0\0", 4 },
		{ "\x7f\xff\xff\xff", 4 },
		{ "\0\0\0\4\0\0\0\1", 8 },
		{ "\0\0\0\x10\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\0", 20 },	/* data without a message */
	};
	struct world *w = fresh();
	struct vg_pair pair;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		CU_ASSERT_TRUE_FATAL(connects(w, NOBODY, RPCI, SIZE, &pair));
		guest_writes(w, NOBODY, RPCI, &pair, (const uint8_t *)rows[i].bytes, rows[i].len);
		CU_ASSERT_EQUAL(rpcv_counters(w->rpc)->bad_packets, i + 1);
		CU_ASSERT_EQUAL(clients(w), 0);
		hear_all(w);
	}
	CU_ASSERT_EQUAL(grpc_report(w->g)->rpci_count[GRPC_VIA_VSOCK], 0);
	finish(w);
}

static void test_limit(void)
{
	struct world *w = fresh();
	struct vg_pair pair;
	uint32_t i;

	for (i = 0; i < RPCV_UNPRIVILEGED_MAX; i++)
		CU_ASSERT_TRUE_FATAL(connects(w, NOBODY + i, RPCI, 4096, &pair));
	say(w, VSOCK_PKT_REQUEST2, NOBODY + i, RPCI, 4096);
	CU_ASSERT_TRUE(vg_hears(w->f->g, VSOCK_PKT_RST));
	for (; i < RPCV_CLIENTS_MAX; i++)
		CU_ASSERT_TRUE_FATAL(connects(w, ROOT - i, RPCI, 4096, &pair));
	say(w, VSOCK_PKT_REQUEST2, ROOT - i, RPCI, 4096);
	CU_ASSERT_TRUE(vg_hears(w->f->g, VSOCK_PKT_RST));
	CU_ASSERT_EQUAL(rpcv_counters(w->rpc)->over_clients, 2);
	finish(w);
}

/* The same numbers at context 2 are ports like any other. */
static void test_other_context(void)
{
	struct world *w = fresh();
	struct vg_pair pair;

	CU_ASSERT_PTR_NOT_NULL(fx_guest_connects(w->f, NOBODY, RPCI, SIZE, false, &pair));
	CU_ASSERT_EQUAL(rpcv_counters(w->rpc)->clients, 0);
	finish(w);
}

/* ---- commands -------------------------------------------------------------------------------- */

static void test_agent(void)
{
	struct world *w = fresh();
	struct vg_pair pair;
	enum grpc_via via = GRPC_VIA_BACKDOOR;

	agent_ready(w, &pair);
	CU_ASSERT_TRUE(grpc_tools_via(w->g, &via));
	CU_ASSERT_EQUAL(via, GRPC_VIA_VSOCK);
	CU_ASSERT_TRUE(grpc_send(w->g, "one", 3, 5000, done, w) > 0);
	CU_ASSERT_TRUE(grpc_send(w->g, "two", 3, 5000, NULL, NULL) > 0);
	CU_ASSERT_TRUE(agent_does(w, &pair, "one", "OK 1"));
	CU_ASSERT_STRING_EQUAL(w->done_reply, "OK 1");
	CU_ASSERT_TRUE(agent_does(w, &pair, "two", "OK 2"));
	finish(w);
}

/* The reply that comes too late is not taken for that to the next command. */
static void test_late_reply(void)
{
	struct world *w = fresh();
	struct vg_pair pair;
	char cmd[64] = "";

	agent_ready(w, &pair);
	grpc_send(w->g, "slow", 4, 1000, done, w);
	turns(w);
	CU_ASSERT_TRUE(guest_hears(w, ROOT, TCLO, &pair, cmd, sizeof(cmd)));
	w->f->now_ms += 1000;
	grpc_tick(w->g);
	CU_ASSERT_EQUAL(w->done_err, -ETIMEDOUT);
	grpc_send(w->g, "next", 4, 5000, done, w);
	turns(w);
	CU_ASSERT_FALSE(guest_hears(w, ROOT, TCLO, &pair, cmd, sizeof(cmd)));
	CU_ASSERT_TRUE(guest_says(w, ROOT, TCLO, &pair, "OK late"));
	CU_ASSERT_EQUAL(w->dones, 1);
	CU_ASSERT_TRUE(agent_does(w, &pair, "next", "OK in time"));
	CU_ASSERT_STRING_EQUAL(w->done_reply, "OK in time");
	finish(w);
}

static void test_cancelled_before_it_left(void)
{
	struct world *w = fresh();
	struct vg_pair pair;
	char cmd[64] = "";

	agent_ready(w, &pair);
	grpc_send(w->g, "gone", 4, 1000, done, w);
	w->f->now_ms += 1000;
	grpc_tick(w->g);
	turns(w);
	CU_ASSERT_FALSE(guest_hears(w, ROOT, TCLO, &pair, cmd, sizeof(cmd)));
	CU_ASSERT_EQUAL(w->done_err, -ETIMEDOUT);
	finish(w);
}

static void test_ping(void)
{
	static const uint8_t packet[] = "\0\0\0\x10\0\0\0\1\0\0\0\1\0\0\0\2\0\0\0\0";
	struct world *w = fresh();
	struct vg_pair pair;

	agent_ready(w, &pair);
	w->f->now_ms += 30000;
	CU_ASSERT_EQUAL(grpc_heartbeat(w->g, 0), GRPC_HEARTBEAT_YELLOW);
	guest_writes(w, ROOT, TCLO, &pair, packet, sizeof(packet) - 1);
	CU_ASSERT_EQUAL(grpc_heartbeat(w->g, 0), GRPC_HEARTBEAT_GREEN);
	CU_ASSERT_EQUAL(rpcv_counters(w->rpc)->pings, 1);
	finish(w);
}

static void test_second_agent(void)
{
	struct world *w = fresh();
	struct vg_pair first, second;

	agent_ready(w, &first);
	CU_ASSERT_TRUE_FATAL(connects(w, ROOT + 1, TCLO, SIZE, &second));
	CU_ASSERT_EQUAL(rpcv_counters(w->rpc)->taken, 1);
	CU_ASSERT_EQUAL(clients(w), 1);
	CU_ASSERT_EQUAL(grpc_tools_state(w->g), GRPC_TOOLS_STARTING);
	vg_pair_detach(w->f->g, &second);
	CU_ASSERT_EQUAL(grpc_tools_state(w->g), GRPC_TOOLS_GONE);
	finish(w);
}

static void test_unprivileged_agent(void)
{
	struct world *w = fresh();

	say(w, VSOCK_PKT_REQUEST2, 1024, TCLO, SIZE);
	CU_ASSERT_TRUE(vg_hears(w->f->g, VSOCK_PKT_RST));
	CU_ASSERT_EQUAL(rpcv_counters(w->rpc)->unprivileged_tclo, 1);
	CU_ASSERT_EQUAL(grpc_tools_state(w->g), GRPC_TOOLS_NONE);
	finish(w);
}

static void test_guest_reset(void)
{
	struct world *w = fresh();
	struct vg_pair pair;

	agent_ready(w, &pair);
	grpc_send(w->g, "x", 1, 5000, done, w);
	vmci_reset(w->f->g->dev);
	CU_ASSERT_EQUAL(clients(w), 0);
	CU_ASSERT_EQUAL(grpc_tools_state(w->g), GRPC_TOOLS_GONE);
	turns(w);
	finish(w);
}

static const struct unit_case cases[] = {
	{ "requests are answered, and counted as what they came over", test_requests },
	{ "a client that does not read its replies waits, and loses none", test_flow },
	{ "a guest that sends without end does not stop the others", test_turns },
	{ "a client that asks for it is closed after its reply", test_fast_close },
	{ "what a guest asked before it left is done", test_guest_leaves },
	{ "what is no packet ends its stream, and only that", test_bad_packets },
	{ "there are so many clients, and some places are for privileged ones", test_limit },
	{ "context 2 has these ports for others", test_other_context },
	{ "an agent is brought up over a stream and carries out commands", test_agent },
	{ "a reply that comes too late is not taken for another", test_late_reply },
	{ "a command that was cancelled in the queue never leaves", test_cancelled_before_it_left },
	{ "a sign of life keeps the heartbeat green", test_ping },
	{ "a second agent has the channel, and the first is closed", test_second_agent },
	{ "a client without a privileged port cannot be the agent", test_unprivileged_agent },
	{ "a reset of the machine ends the channel", test_guest_reset },
};

UNIT_MAIN("rpc-vsock", cases)
