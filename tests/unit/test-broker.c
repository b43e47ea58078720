/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-broker.c - which queue pairs there may be: the rule table, limits, and who is told what
 */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "host/base/bytes.h"
#include "host/model/qpair.h"
#include "tests/unit/unit.h"
#include "tests/unit/vmci_guest.h"
#include "wire/vmci_queue.h"

#define INV VMCI_INVALID_ID
#define PAGE VMCI_WIRE_PAGE_SIZE

/* What one host end has been told. */
struct end {
	unsigned int attached, gone;
	enum vmci_qp_gone why;
	bool detach_in_gone;
	struct vmci_qp *qp, *other;
	int64_t ready_in_gone;
};

static void on_attached(void *data, struct vmci_qp *qp)
{
	((struct end *)data)->attached++;
}

static void on_gone(void *data, struct vmci_qp *qp, enum vmci_qp_gone why)
{
	struct end *e = data;

	e->gone++;
	e->why = why;
	e->ready_in_gone = vmci_qp_ready(qp);
	if (e->other) {
		vmci_qp_detach(e->other);
		e->other = NULL;
	}
	if (e->detach_in_gone)
		vmci_qp_detach(qp);
}

static const struct vmci_qp_ops ops = { .attached = on_attached, .gone = on_gone };

static const struct guest_qp plain = {
	.handle = { GUEST_CID, 1024 },
	.peer = VMCI_CID_HOST,
	.produce_size = 2 * PAGE,
	.consume_size = PAGE,
};

static struct vmci_stats stats(struct guest *g)
{
	struct vmci_stats s;

	vmci_stats_get(g->dev, &s);
	return s;
}

#define ASK(c, r, who, how, produce, consume, ...)                                                 \
	{                                                                                          \
		.handle = { c, r }, .peer = who, .flags = how, .produce_size = produce,            \
		.consume_size = consume, ##__VA_ARGS__                                             \
	}

static void rules_of_creating(void)
{
	static const struct {
		struct guest_qp qp;
		int64_t want;
	} rows[] = {
		{ ASK(GUEST_CID, 1, 2, 0, PAGE, PAGE), VMCI_SUCCESS_QP_CREATE },
		{ ASK(GUEST_CID, 2, INV, 0, 1, 1), VMCI_SUCCESS_QP_CREATE },
		{ ASK(GUEST_CID, 3, 0, 0, PAGE + 1, 1), VMCI_SUCCESS_QP_CREATE },
		{ ASK(2, 4, 2, 0, PAGE, PAGE), VMCI_SUCCESS_QP_CREATE },
		{ ASK(GUEST_CID, 5, 2, 0, PAGE, 0), VMCI_SUCCESS_QP_CREATE },
		/* arguments */
		{ ASK(GUEST_CID, 9, 2, 0, 0, 0), VMCI_ERR_INVALID_ARGS },
		{ ASK(GUEST_CID, INV, 2, 0, PAGE, PAGE), VMCI_ERR_INVALID_ARGS },
		{ ASK(INV, 9, 2, 0, PAGE, PAGE), VMCI_ERR_INVALID_ARGS },
		{ ASK(GUEST_CID, 9, 2, VMCI_QP_FLAG_NONBLOCK, PAGE, PAGE), VMCI_ERR_INVALID_ARGS },
		{ ASK(GUEST_CID, 9, 2, VMCI_QP_FLAG_PINNED, PAGE, PAGE), VMCI_ERR_INVALID_ARGS },
		{ ASK(GUEST_CID, 9, 2, 0x80000000, PAGE, PAGE), VMCI_ERR_INVALID_ARGS },
		/* who */
		{ ASK(GUEST_CID, 9, 2, VMCI_QP_FLAG_ATTACH_ONLY, PAGE, PAGE), VMCI_ERR_NOT_FOUND },
		{ ASK(43, 9, 2, 0, PAGE, PAGE), VMCI_ERR_NO_ACCESS },
		{ ASK(2, 9, 0, 0, PAGE, PAGE), VMCI_ERR_NO_ACCESS },
		{ ASK(GUEST_CID, 9, 43, 0, PAGE, PAGE), VMCI_ERR_DST_UNREACHABLE },
		{ ASK(43, 9, 43, 0, PAGE, PAGE), VMCI_ERR_DST_UNREACHABLE },
		{ ASK(GUEST_CID, 9, 1, 0, PAGE, PAGE), VMCI_ERR_DST_UNREACHABLE },
		{ ASK(GUEST_CID, 9, GUEST_CID, 0, PAGE, PAGE), VMCI_ERR_DST_UNREACHABLE },
		{ ASK(GUEST_CID, 9, 2, VMCI_QP_FLAG_LOCAL, PAGE, PAGE), VMCI_ERR_NO_ACCESS },
		{ ASK(GUEST_CID, 9, 43, VMCI_QP_FLAG_LOCAL, PAGE, PAGE), VMCI_ERR_NO_ACCESS },
		{ ASK(GUEST_CID, 9, INV, VMCI_QP_FLAG_LOCAL, PAGE, PAGE), VMCI_ERR_INVALID_ARGS },
		/* memory */
		{ ASK(GUEST_CID, 9, 2, 0, 64u << 20, 64u << 20), VMCI_ERR_NO_RESOURCES },
		{ ASK(GUEST_CID, 9, 2, 0, UINT64_MAX, PAGE), VMCI_ERR_NO_RESOURCES },
		{ ASK(GUEST_CID, 9, 2, 0, UINT64_MAX, UINT64_MAX), VMCI_ERR_NO_RESOURCES },
		{ ASK(GUEST_CID, 9, 2, 0, PAGE, PAGE, .num_ppns = 3), VMCI_ERR_INVALID_ARGS },
		{ ASK(GUEST_CID, 9, 2, 0, PAGE, PAGE, .num_ppns = 5), VMCI_ERR_INVALID_ARGS },
		{ ASK(GUEST_CID, 9, 2, 0, PAGE, PAGE, .num_ppns = UINT64_MAX, .list_len = 4),
		  VMCI_ERR_INVALID_ARGS },
		{ ASK(GUEST_CID, 9, 2, 0, PAGE, PAGE, .num_ppns = 4, .list_len = 3),
		  VMCI_ERR_INVALID_ARGS },
		{ ASK(GUEST_CID, 9, 2, 0, PAGE, PAGE, .first_page = GUEST_RAM_PAGES - 3),
		  VMCI_ERR_INVALID_ARGS },
		{ ASK(GUEST_CID, 9, 2, 0, PAGE, PAGE, .first_page = GUEST_RAM_PAGES + 9),
		  VMCI_ERR_INVALID_ARGS },
		/* no trace of a refusal is left */
		{ ASK(GUEST_CID, 9, 2, 0, PAGE, PAGE), VMCI_SUCCESS_QP_CREATE },
		{ ASK(GUEST_CID, 9, 2, 0, PAGE, PAGE), VMCI_ERR_ALREADY_EXISTS },
	};
	struct guest g;
	size_t i;

	guest_new(&g, VMCI_MODE_DMA, 0);
	guest_boot(&g);
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		CU_ASSERT_EQUAL(guest_qp_alloc(&g, &rows[i].qp), rows[i].want);
	CU_ASSERT_EQUAL(stats(&g).qp_count, 6);
	CU_ASSERT_EQUAL(guest_hypercall(&g, VMCI_HC_QUEUEPAIR_ALLOC, rows, 39),
			VMCI_ERR_INVALID_ARGS);
	guest_write(&g, VMCI_REG_GUEST_PAGE_SHIFT, 16);
	CU_ASSERT_EQUAL(guest_qp_alloc(&g, &rows[0].qp), VMCI_ERR_INVALID_ARGS);
	guest_free(&g);
}

static void rules_of_attaching(void)
{
	struct end e = { 0 };
	struct guest_qp ask;
	struct guest g;

	guest_new(&g, VMCI_MODE_DMA, 0);
	guest_boot(&g);
	CU_ASSERT_EQUAL_FATAL(vmci_qp_create(g.dev, 2 * PAGE, PAGE, &ops, &e, &e.qp), 0);
	ask = plain;
	ask.handle = vmci_qp_handle(e.qp);
	ask.flags = VMCI_QP_FLAG_ATTACH_ONLY;
	CU_ASSERT_EQUAL(ask.handle.cid, VMCI_CID_HOST);
	CU_ASSERT(ask.handle.rid > VMCI_RID_RESERVED_MAX);
	ask.consume_size++;
	CU_ASSERT_EQUAL(guest_qp_alloc(&g, &ask), VMCI_ERR_QUEUEPAIR_MISMATCH);
	ask.consume_size--;
	ask.produce_size = PAGE;
	CU_ASSERT_EQUAL(guest_qp_alloc(&g, &ask), VMCI_ERR_QUEUEPAIR_MISMATCH);
	ask.produce_size = 2 * PAGE;
	ask.flags |= VMCI_QP_FLAG_LOCAL;
	CU_ASSERT_EQUAL(guest_qp_alloc(&g, &ask), VMCI_ERR_QUEUEPAIR_MISMATCH);
	ask.flags = VMCI_QP_FLAG_ATTACH_ONLY;
	ask.num_ppns = 4;
	CU_ASSERT_EQUAL(guest_qp_alloc(&g, &ask), VMCI_ERR_INVALID_ARGS);
	ask.num_ppns = 0;
	CU_ASSERT_EQUAL(e.attached, 0);
	CU_ASSERT_EQUAL(vmci_qp_ready(e.qp), -ENOTCONN);
	CU_ASSERT_EQUAL(guest_qp_alloc(&g, &ask), VMCI_SUCCESS_QP_ATTACH);
	CU_ASSERT_EQUAL(e.attached, 1);
	CU_ASSERT_EQUAL(vmci_qp_ready(e.qp), 0);
	CU_ASSERT_EQUAL(guest_qp_alloc(&g, &ask), VMCI_ERR_ALREADY_EXISTS);
	CU_ASSERT_EQUAL(guest_qp_detach(&g, ask.handle), VMCI_SUCCESS);
	CU_ASSERT_EQUAL(guest_qp_alloc(&g, &ask), VMCI_ERR_UNAVAILABLE);
	vmci_qp_detach(e.qp);
	CU_ASSERT_EQUAL(guest_qp_alloc(&g, &ask), VMCI_ERR_NOT_FOUND);
	guest_free(&g);
}

static void pair_is_for_the_context_it_was_made_for(void)
{
	struct end e = { 0 };
	struct guest_qp ask = plain;
	struct guest g;

	guest_new(&g, VMCI_MODE_DMA, 0);
	guest_boot(&g);
	CU_ASSERT_EQUAL_FATAL(vmci_qp_create(g.dev, 2 * PAGE, PAGE, &ops, &e, &e.qp), 0);
	ask.handle = vmci_qp_handle(e.qp);
	vmci_set_guest_cid(g.dev, 77);
	CU_ASSERT_EQUAL(guest_qp_alloc(&g, &ask), VMCI_ERR_NO_ACCESS);
	vmci_qp_detach(e.qp);
	guest_free(&g);
}

static void both_headers_are_made_by_the_device(void)
{
	const struct vmci_wire_queue_hdr want = { { htole32(GUEST_CID), htole32(1024) }, 0, 0 };
	struct guest g;

	guest_new(&g, VMCI_MODE_DMA, 0);
	guest_boot(&g);
	memset(guest_page(&g, GUEST_FREE_PAGE), 0xee, 5 * PAGE);
	CU_ASSERT_EQUAL(guest_qp_alloc(&g, &plain), VMCI_SUCCESS_QP_CREATE);
	CU_ASSERT(memcmp(guest_page(&g, GUEST_FREE_PAGE), &want, sizeof(want)) == 0);
	CU_ASSERT(memcmp(guest_page(&g, GUEST_FREE_PAGE + 3), &want, sizeof(want)) == 0);
	CU_ASSERT_EQUAL(((uint8_t *)guest_page(&g, GUEST_FREE_PAGE + 1))[0], 0xee);
	guest_free(&g);
}

static void host_attaches_once(void)
{
	struct end e = { 0 };
	struct guest g;

	guest_new(&g, VMCI_MODE_DMA, 0);
	guest_boot(&g);
	CU_ASSERT_EQUAL(vmci_qp_attach(g.dev, plain.handle, 0, 0, &ops, &e, &e.qp), -ENOENT);
	guest_qp_alloc(&g, &plain);
	CU_ASSERT_EQUAL(vmci_qp_attach(g.dev, plain.handle, PAGE, PAGE, &ops, &e, &e.qp),
			-EMSGSIZE);
	CU_ASSERT_EQUAL(vmci_qp_attach(g.dev, plain.handle, 2 * PAGE, 2 * PAGE, &ops, &e, &e.qp),
			-EMSGSIZE);
	CU_ASSERT_EQUAL(vmci_qp_attach(g.dev, plain.handle, 2 * PAGE, PAGE, &ops, &e, &e.qp), 0);
	CU_ASSERT_EQUAL(vmci_qp_consume_size(e.qp), 2 * PAGE);
	CU_ASSERT_EQUAL(vmci_qp_produce_size(e.qp), PAGE);
	CU_ASSERT_EQUAL(vmci_qp_attach(g.dev, plain.handle, 0, 0, &ops, &e, &e.qp), -EALREADY);
	vmci_qp_detach(e.qp);
	CU_ASSERT_EQUAL(vmci_qp_attach(g.dev, plain.handle, 0, 0, &ops, &e, &e.qp), -EALREADY);
	CU_ASSERT_EQUAL(e.gone, 0);
	CU_ASSERT_EQUAL(guest_qp_detach(&g, plain.handle), VMCI_SUCCESS_LAST_DETACH);
	CU_ASSERT_EQUAL(guest_qp_detach(&g, plain.handle), VMCI_ERR_NOT_FOUND);
	CU_ASSERT_EQUAL(guest_hypercall(&g, VMCI_HC_QUEUEPAIR_DETACH, "1234567", 7),
			VMCI_ERR_INVALID_ARGS);
	guest_free(&g);
}

/* The next datagram must be this event about @handle. */
static const struct vmci_wire_dg *event_expect(const struct vmci_wire_dg *dg, uint32_t event,
					       struct vmci_handle handle)
{
	const struct vmci_wire_event_qp *ev = (const void *)(dg + 1);

	CU_ASSERT(dg->src.cid == 0 && dg->src.rid == 0 && dg->dst.rid == 0);
	CU_ASSERT_EQUAL(le32toh(dg->dst.cid), GUEST_CID);
	CU_ASSERT_EQUAL(le64toh(dg->payload_size), sizeof(*ev));
	CU_ASSERT_EQUAL(le32toh(ev->ev.event), event);
	CU_ASSERT_EQUAL(le32toh(ev->handle.cid), handle.cid);
	CU_ASSERT_EQUAL(le32toh(ev->handle.rid), handle.rid);
	CU_ASSERT_EQUAL(le32toh(ev->peer), VMCI_CID_HOST);
	return guest_next(dg);
}

static void guest_is_told_of_the_host(void)
{
	const struct vmci_wire_dg *dg;
	struct end e = { 0 };
	struct guest g;

	guest_new(&g, VMCI_MODE_DMA, 0);
	guest_boot(&g);
	guest_qp_alloc(&g, &plain);
	vmci_qp_attach(g.dev, plain.handle, 0, 0, &ops, &e, &e.qp);
	vmci_qp_detach(e.qp);
	CU_ASSERT_EQUAL_FATAL(guest_receive(&g, VMCI_DG_SIZE_MAX, &dg), 2);
	dg = event_expect(dg, VMCI_EV_QP_PEER_ATTACH, plain.handle);
	event_expect(dg, VMCI_EV_QP_PEER_DETACH, plain.handle);
	guest_free(&g);
}

static void host_is_told_of_the_guest(void)
{
	const struct vmci_wire_dg *dg;
	struct end e = { 0 };
	struct guest g;

	guest_new(&g, VMCI_MODE_DMA, 0);
	guest_boot(&g);
	guest_qp_alloc(&g, &plain);
	vmci_qp_attach(g.dev, plain.handle, 0, 0, &ops, &e, &e.qp);
	/* what the guest wrote last can be read while it is told, and no longer */
	((struct vmci_wire_queue_hdr *)guest_page(&g, GUEST_FREE_PAGE))->producer_tail = htole64(9);
	CU_ASSERT_EQUAL(guest_qp_detach(&g, plain.handle), VMCI_SUCCESS);
	CU_ASSERT(e.gone == 1 && e.why == VMCI_QP_GONE_DETACH);
	CU_ASSERT_EQUAL(e.ready_in_gone, 9);
	CU_ASSERT_EQUAL(vmci_qp_ready(e.qp), -EPIPE);
	CU_ASSERT_EQUAL(guest_qp_detach(&g, plain.handle), VMCI_ERR_QUEUEPAIR_NOTATTACHED);
	CU_ASSERT_EQUAL(stats(&g).qp_memory, 0);
	vmci_qp_detach(e.qp);
	CU_ASSERT_EQUAL(stats(&g).qp_count, 0);
	CU_ASSERT_EQUAL(guest_receive(&g, VMCI_DG_SIZE_MAX, &dg), 1);
	guest_free(&g);
}

static void host_may_detach_in_the_call(void)
{
	struct end e[2] = { { .detach_in_gone = true }, { 0 } };
	struct guest_qp ask = plain;
	struct guest g;

	guest_new(&g, VMCI_MODE_DMA, 0);
	guest_boot(&g);
	guest_qp_alloc(&g, &plain);
	vmci_qp_attach(g.dev, plain.handle, 0, 0, &ops, &e[0], &e[0].qp);
	CU_ASSERT_EQUAL(guest_qp_detach(&g, plain.handle), VMCI_SUCCESS_LAST_DETACH);
	/* and take another one with it, here by a reset */
	guest_qp_alloc(&g, &plain);
	ask.handle.rid++;
	guest_qp_alloc(&g, &ask);
	vmci_qp_attach(g.dev, plain.handle, 0, 0, &ops, &e[0], &e[0].qp);
	vmci_qp_attach(g.dev, ask.handle, 0, 0, &ops, &e[1], &e[1].qp);
	e[0].other = e[1].qp;
	vmci_reset(g.dev);
	CU_ASSERT(e[0].gone == 2 && e[0].why == VMCI_QP_GONE_RESET);
	CU_ASSERT(stats(&g).qp_count == 0 && stats(&g).qp_memory == 0);
	guest_free(&g);
}

static void limit_counts_header_pages(void)
{
	struct guest_qp ask = plain;
	struct end e = { 0 };
	struct guest g;

	guest_new(&g, VMCI_MODE_DMA, 12 * PAGE);
	guest_boot(&g);
	CU_ASSERT_EQUAL(guest_qp_alloc(&g, &ask), VMCI_SUCCESS_QP_CREATE);
	CU_ASSERT_EQUAL(stats(&g).qp_memory, 5 * PAGE);
	CU_ASSERT_EQUAL(vmci_qp_create(g.dev, 3 * PAGE, 3 * PAGE, &ops, &e, &e.qp), -ENOBUFS);
	CU_ASSERT_EQUAL(vmci_qp_create(g.dev, 2 * PAGE, 3 * PAGE, &ops, &e, &e.qp), 0);
	CU_ASSERT_EQUAL(stats(&g).qp_memory, 12 * PAGE);
	ask.handle.rid++;
	ask.produce_size = 1;
	ask.consume_size = 0;
	CU_ASSERT_EQUAL(guest_qp_alloc(&g, &ask), VMCI_ERR_NO_RESOURCES);
	vmci_qp_detach(e.qp);
	CU_ASSERT_EQUAL(guest_qp_alloc(&g, &ask), VMCI_SUCCESS_QP_CREATE);
	CU_ASSERT_EQUAL(guest_qp_detach(&g, ask.handle), VMCI_SUCCESS_LAST_DETACH);
	CU_ASSERT_EQUAL(stats(&g).qp_memory, 5 * PAGE);
	guest_free(&g);
}

static void host_creates_only_for_a_driver_that_is_up(void)
{
	struct end e = { 0 };
	struct guest g;

	guest_new(&g, VMCI_MODE_DMA, 0);
	CU_ASSERT_EQUAL(vmci_qp_create(g.dev, PAGE, PAGE, &ops, &e, &e.qp), -ENOTCONN);
	guest_boot(&g);
	CU_ASSERT_EQUAL(vmci_qp_create(g.dev, 0, PAGE, &ops, &e, &e.qp), -EINVAL);
	CU_ASSERT_EQUAL(vmci_qp_create(g.dev, PAGE, 0, &ops, &e, &e.qp), -EINVAL);
	CU_ASSERT_EQUAL(vmci_qp_create(g.dev, UINT64_MAX, PAGE, &ops, &e, &e.qp), -ENOBUFS);
	guest_free(&g);
}

static void picked_ids_do_not_clash(void)
{
	struct guest_qp ask = plain;
	struct end e = { 0 };
	struct guest g;

	guest_new(&g, VMCI_MODE_DMA, 0);
	guest_boot(&g);
	ask.handle = (struct vmci_handle){ VMCI_CID_HOST, 1024 };
	CU_ASSERT_EQUAL(guest_qp_alloc(&g, &ask), VMCI_SUCCESS_QP_CREATE);
	CU_ASSERT_EQUAL(vmci_qp_create(g.dev, PAGE, PAGE, &ops, &e, &e.qp), 0);
	CU_ASSERT_EQUAL(vmci_qp_handle(e.qp).rid, 1025);
	vmci_qp_detach(e.qp);
	guest_free(&g);
}

static void resume_ends_all_pairs(void)
{
	const struct vmci_wire_dg *dg;
	struct end e[2] = { { 0 }, { 0 } };
	struct guest_qp ask = plain;
	struct guest g;

	guest_new(&g, VMCI_MODE_DMA, 0);
	guest_boot(&g);
	guest_qp_alloc(&g, &plain);
	ask.handle.rid++;
	guest_qp_alloc(&g, &ask);
	vmci_qp_attach(g.dev, plain.handle, 0, 0, &ops, &e[0], &e[0].qp);
	vmci_qp_create(g.dev, PAGE, PAGE, &ops, &e[1], &e[1].qp);
	vmci_resume(g.dev);
	CU_ASSERT(e[0].gone == 1 && e[0].why == VMCI_QP_GONE_RESUME);
	CU_ASSERT(e[1].gone == 1 && e[1].why == VMCI_QP_GONE_RESUME);
	CU_ASSERT_EQUAL(vmci_qp_ready(e[0].qp), -EPIPE);
	CU_ASSERT_EQUAL(vmci_qp_attach(g.dev, ask.handle, 0, 0, &ops, &e[0], &e[0].qp), -EPIPE);
	vmci_resume(g.dev);
	CU_ASSERT_EQUAL(e[0].gone, 1);
	vmci_qp_detach(e[0].qp);
	vmci_qp_detach(e[1].qp);
	/* attach, and two of QP_RESUMED; none of a detach, which they say for all */
	CU_ASSERT_EQUAL(guest_receive(&g, VMCI_DG_SIZE_MAX, &dg), 3);
	CU_ASSERT_EQUAL(guest_qp_detach(&g, plain.handle), VMCI_SUCCESS_LAST_DETACH);
	CU_ASSERT_EQUAL(guest_qp_detach(&g, ask.handle), VMCI_SUCCESS_LAST_DETACH);
	guest_free(&g);
}

static void host_end_outlives_the_device(void)
{
	struct end e = { 0 };
	struct guest g;

	guest_new(&g, VMCI_MODE_DMA, 0);
	guest_boot(&g);
	guest_qp_alloc(&g, &plain);
	vmci_qp_attach(g.dev, plain.handle, 0, 0, &ops, &e, &e.qp);
	guest_free(&g);
	CU_ASSERT(e.gone == 1 && e.why == VMCI_QP_GONE_RESET);
	CU_ASSERT_EQUAL(vmci_qp_ready(e.qp), -EPIPE);
	vmci_qp_detach(e.qp);
	vmci_qp_detach(NULL);
}

static const struct unit_case cases[] = {
	{ "creating a pair has rules", rules_of_creating },
	{ "attaching to a pair has rules", rules_of_attaching },
	{ "a pair is for the context that it was made for",
	  pair_is_for_the_context_it_was_made_for },
	{ "both headers are made by the device", both_headers_are_made_by_the_device },
	{ "the host attaches once", host_attaches_once },
	{ "the guest is told of the host", guest_is_told_of_the_host },
	{ "the host is told of the guest", host_is_told_of_the_guest },
	{ "the host may detach in the call that tells it", host_may_detach_in_the_call },
	{ "the limit counts header pages", limit_counts_header_pages },
	{ "the host creates only for a driver that is up",
	  host_creates_only_for_a_driver_that_is_up },
	{ "ids that the host picks do not clash", picked_ids_do_not_clash },
	{ "resume ends all pairs", resume_ends_all_pairs },
	{ "a host end outlives the device", host_end_outlives_the_device },
};

UNIT_MAIN("broker", cases)
