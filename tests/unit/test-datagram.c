/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-datagram.c - where a datagram goes, who may send it, and how much waits for the guest
 */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "host/base/bytes.h"
#include "tests/unit/unit.h"
#include "tests/unit/vmci_guest.h"

#define INV VMCI_INVALID_ID

struct host {
	unsigned int endpoint, dgram, room;
	struct vmci_handle src;
	int answer;
	struct vmci_dev *remove_from;
};

static int on_endpoint(void *data, const struct vmci_wire_dg *dg, size_t len)
{
	struct host *h = data;

	h->endpoint++;
	h->src = (struct vmci_handle){ le32toh(dg->src.cid), le32toh(dg->src.rid) };
	if (h->remove_from)
		vmci_endpoint_remove(h->remove_from, VMCI_CID_HOST, 1);
	return h->answer;
}

static int on_dgram(void *data, const struct vmci_wire_dg *dg, size_t len)
{
	struct host *h = data;

	h->dgram++;
	return h->answer;
}

static void on_room(void *data)
{
	((struct host *)data)->room++;
}

static const struct vmci_host_ops host_ops = { .dgram = on_dgram, .room = on_room };

static void setup(struct guest *g, struct host *h)
{
	memset(h, 0, sizeof(*h));
	guest_new(g, VMCI_MODE_DMA, 0);
	vmci_host_set(g->dev, &host_ops, h);
	CU_ASSERT_EQUAL(vmci_endpoint_add(g->dev, VMCI_CID_HOST, 1, on_endpoint, h), 0);
	CU_ASSERT_EQUAL(vmci_endpoint_add(g->dev, VMCI_CID_HYPERVISOR, 15, on_endpoint, h), 0);
	guest_boot(g);
}

static void every_destination_has_its_answer(void)
{
	static const struct {
		struct vmci_handle dst, src;
		int64_t want;
		unsigned int endpoint, dgram;	/* calls */
	} rows[] = {
		{ { 2, 1 }, { GUEST_CID, 1 }, 27, 1, 0 },
		{ { 2, 1 }, { INV, 1 }, 27, 1, 0 },
		{ { 2, 1 }, { INV, INV }, 27, 1, 0 },
		{ { 0, 15 }, { GUEST_CID, 1 }, 27, 1, 0 },
		{ { 2, 2 }, { GUEST_CID, 1 }, 27, 0, 1 },
		{ { 2, INV }, { GUEST_CID, 1 }, 27, 0, 1 },
		{ { 0, 16 }, { GUEST_CID, 1 }, VMCI_ERR_INVALID_RESOURCE, 0, 0 },
		{ { GUEST_CID, 1 }, { GUEST_CID, 1 }, 27, 0, 0 },
		{ { GUEST_CID, INV }, { GUEST_CID, 1 }, VMCI_ERR_INVALID_RESOURCE, 0, 0 },
		{ { 1, 1 }, { GUEST_CID, 1 }, VMCI_ERR_DST_UNREACHABLE, 0, 0 },
		{ { 43, 1 }, { GUEST_CID, 1 }, VMCI_ERR_DST_UNREACHABLE, 0, 0 },
		{ { INV, 1 }, { GUEST_CID, 1 }, VMCI_ERR_DST_UNREACHABLE, 0, 0 },
		/* nobody speaks for somebody else */
		{ { 2, 1 }, { 2, 1 }, VMCI_ERR_NO_ACCESS, 0, 0 },
		{ { 2, 1 }, { 0, 0 }, VMCI_ERR_NO_ACCESS, 0, 0 },
		{ { 2, 2 }, { 43, 1 }, VMCI_ERR_NO_ACCESS, 0, 0 },
		{ { GUEST_CID, 0 }, { 0, 0 }, VMCI_ERR_NO_ACCESS, 0, 0 },
	};
	struct host h;
	struct guest g;
	size_t i;

	setup(&g, &h);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		h.endpoint = 0;
		h.dgram = 0;
		CU_ASSERT_EQUAL(guest_dgram(&g, rows[i].dst, rows[i].src, "abc", 3),
				rows[i].want);
		CU_ASSERT_EQUAL(h.endpoint, rows[i].endpoint);
		CU_ASSERT_EQUAL(h.dgram, rows[i].dgram);
	}
	guest_free(&g);
}

static void missing_source_is_filled_in(void)
{
	struct host h;
	struct guest g;

	setup(&g, &h);
	guest_dgram(&g, (struct vmci_handle){ 2, 1 }, (struct vmci_handle){ INV, 77 }, "", 0);
	CU_ASSERT(h.src.cid == GUEST_CID && h.src.rid == 77);
	guest_dgram(&g, (struct vmci_handle){ 2, 1 }, (struct vmci_handle){ INV, INV }, "", 0);
	CU_ASSERT(h.src.cid == INV && h.src.rid == INV);
	guest_free(&g);
}

static void endpoint_can_refuse_and_leave(void)
{
	struct host h;
	struct guest g;

	setup(&g, &h);
	h.answer = VMCI_ERR_NO_RESOURCES;
	h.remove_from = g.dev;
	CU_ASSERT_EQUAL(guest_dgram(&g, (struct vmci_handle){ 2, 1 },
				    (struct vmci_handle){ GUEST_CID, 1 }, "", 0),
			VMCI_ERR_NO_RESOURCES);
	h.answer = 0;
	CU_ASSERT_EQUAL(guest_dgram(&g, (struct vmci_handle){ 2, 1 },
				    (struct vmci_handle){ GUEST_CID, 1 }, "", 0), 24);
	CU_ASSERT(h.endpoint == 1 && h.dgram == 1);
	vmci_host_set(g.dev, NULL, NULL);
	CU_ASSERT_EQUAL(guest_dgram(&g, (struct vmci_handle){ 2, 1 },
				    (struct vmci_handle){ GUEST_CID, 1 }, "", 0),
			VMCI_ERR_INVALID_RESOURCE);
	guest_free(&g);
}

static void endpoints_have_rules(void)
{
	struct host h;
	struct guest g;

	setup(&g, &h);
	CU_ASSERT_EQUAL(vmci_endpoint_add(g.dev, 2, 1, on_endpoint, &h), -EEXIST);
	CU_ASSERT_EQUAL(vmci_endpoint_add(g.dev, 0, 11, on_endpoint, &h), -EINVAL);
	CU_ASSERT_EQUAL(vmci_endpoint_add(g.dev, 0, 12, on_endpoint, &h), 0);
	CU_ASSERT_EQUAL(vmci_endpoint_add(g.dev, 5, 1, on_endpoint, &h), -EINVAL);
	CU_ASSERT_EQUAL(vmci_endpoint_add(g.dev, 2, INV, on_endpoint, &h), -EINVAL);
	vmci_endpoint_remove(g.dev, 9, 9);
	guest_free(&g);
}

static int to_guest(struct guest *g, struct vmci_handle dst, struct vmci_handle src, size_t payload)
{
	static uint8_t bytes[VMCI_DG_SIZE_MAX + 8];
	struct vmci_wire_dg *dg = (void *)bytes;

	*dg = (struct vmci_wire_dg){
		.dst = { htole32(dst.cid), htole32(dst.rid) },
		.src = { htole32(src.cid), htole32(src.rid) },
		.payload_size = htole64(payload),
	};
	return vmci_send_to_guest(g->dev, dg, sizeof(*dg) + payload);
}

static void host_cannot_send_nonsense(void)
{
	static const struct {
		struct vmci_handle dst, src;
		size_t payload;
		int want;
	} rows[] = {
		{ { GUEST_CID, 5 }, { 2, 5 }, 0, 0 },
		{ { GUEST_CID, 5 }, { 0, 15 }, 8, 0 },
		{ { GUEST_CID, 5 }, { 0, 0 }, 8, -EINVAL },
		{ { GUEST_CID, 5 }, { 3, 5 }, 8, -EINVAL },
		{ { 43, 5 }, { 2, 5 }, 8, -EINVAL },
		{ { GUEST_CID, INV }, { 2, 5 }, 8, -EINVAL },
		{ { GUEST_CID, 5 }, { 2, 5 }, VMCI_DG_PAYLOAD_MAX + 1, -EMSGSIZE },
		{ { GUEST_CID, 5 }, { 2, 5 }, VMCI_DG_PAYLOAD_MAX, 0 },
	};
	struct vmci_wire_dg dg = { .payload_size = htole64(1) };
	struct host h;
	struct guest g;
	size_t i;

	setup(&g, &h);
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		CU_ASSERT_EQUAL(to_guest(&g, rows[i].dst, rows[i].src, rows[i].payload),
				rows[i].want);
	CU_ASSERT_EQUAL(vmci_send_to_guest(g.dev, &dg, sizeof(dg)), -EINVAL);
	CU_ASSERT_EQUAL(vmci_send_to_guest(g.dev, &dg, sizeof(dg) - 1), -EINVAL);
	guest_free(&g);
}

static const struct vmci_handle to = { GUEST_CID, 5 }, from = { 2, 5 };

static void nobody_listens_before_the_driver_is_up(void)
{
	const struct vmci_wire_dg *dg;
	struct host h;
	struct guest g;

	setup(&g, &h);
	vmci_reset(g.dev);
	CU_ASSERT_EQUAL(to_guest(&g, to, from, 8), -ENOTCONN);
	guest_write(&g, VMCI_REG_DATA_OUT_HIGH, GUEST_TX >> 32);
	CU_ASSERT_EQUAL(guest_dgram(&g, to, to, "", 0), VMCI_ERR_UNAVAILABLE);
	vmci_resume(g.dev);
	guest_boot(&g);
	CU_ASSERT_EQUAL(guest_receive(&g, VMCI_DG_SIZE_MAX, &dg), 0);
	guest_free(&g);
}

static void queue_is_bounded_and_room_is_told(void)
{
	const struct vmci_wire_dg *dg;
	struct vmci_stats s;
	struct host h;
	struct guest g;

	setup(&g, &h);
	CU_ASSERT_EQUAL(to_guest(&g, to, from, VMCI_DG_PAYLOAD_MAX), 0);
	CU_ASSERT_EQUAL(to_guest(&g, to, from, VMCI_DG_PAYLOAD_MAX - 24), 0);
	CU_ASSERT_EQUAL(to_guest(&g, to, from, 0), 0);
	CU_ASSERT_EQUAL(to_guest(&g, to, from, 0), -ENOBUFS);
	CU_ASSERT_EQUAL(guest_dgram(&g, to, to, "", 0), VMCI_ERR_NO_RESOURCES);
	vmci_stats_get(g.dev, &s);
	CU_ASSERT_EQUAL(s.dg_dropped, 2);
	CU_ASSERT_EQUAL(h.room, 0);
	CU_ASSERT_EQUAL(guest_receive(&g, VMCI_DG_SIZE_MAX, &dg), 1);
	CU_ASSERT_EQUAL(h.room, 1);
	CU_ASSERT_EQUAL(guest_receive(&g, VMCI_DG_SIZE_MAX, &dg), 2);
	CU_ASSERT_EQUAL(h.room, 1);
	guest_free(&g);
}

static void events_have_room_of_their_own(void)
{
	const struct vmci_wire_dg *dg;
	struct vmci_stats s;
	struct host h;
	struct guest g;
	int i, n, events = 0;

	setup(&g, &h);
	to_guest(&g, to, from, VMCI_DG_PAYLOAD_MAX);
	to_guest(&g, to, from, VMCI_DG_PAYLOAD_MAX);
	for (i = 0; i < 1030; i++)
		vmci_resume(g.dev);
	vmci_stats_get(g.dev, &s);
	CU_ASSERT_EQUAL(s.events_dropped, 6);
	CU_ASSERT_EQUAL(guest_receive(&g, VMCI_DG_SIZE_MAX, &dg), 1);
	CU_ASSERT_EQUAL(guest_receive(&g, VMCI_DG_SIZE_MAX, &dg), 1);
	while ((n = guest_receive(&g, VMCI_DG_SIZE_MAX, &dg)) > 0)
		events += n;
	CU_ASSERT_EQUAL(events, 1024);
	guest_free(&g);
}

static void guest_hears_itself(void)
{
	const struct vmci_wire_dg *dg;
	struct host h;
	struct guest g;

	setup(&g, &h);
	CU_ASSERT_EQUAL(guest_dgram(&g, to, (struct vmci_handle){ INV, 6 }, "hello", 5), 29);
	CU_ASSERT_EQUAL_FATAL(guest_receive(&g, VMCI_DG_SIZE_MAX, &dg), 1);
	CU_ASSERT(le32toh(dg->src.cid) == GUEST_CID && le32toh(dg->src.rid) == 6);
	CU_ASSERT(le32toh(dg->dst.cid) == GUEST_CID && le32toh(dg->dst.rid) == 5);
	CU_ASSERT(memcmp(dg + 1, "hello", 5) == 0);
	guest_free(&g);
}

static const struct unit_case cases[] = {
	{ "every destination has its answer", every_destination_has_its_answer },
	{ "a missing source is filled in", missing_source_is_filled_in },
	{ "an endpoint can refuse, and leave while it is called", endpoint_can_refuse_and_leave },
	{ "endpoints have rules", endpoints_have_rules },
	{ "the host cannot send nonsense", host_cannot_send_nonsense },
	{ "nobody listens before the driver is up", nobody_listens_before_the_driver_is_up },
	{ "the queue is bounded and room is told", queue_is_bounded_and_room_is_told },
	{ "events have room of their own", events_have_room_of_their_own },
	{ "a guest hears itself", guest_hears_itself },
};

UNIT_MAIN("datagram", cases)
