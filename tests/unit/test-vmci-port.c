/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-vmci-port.c - datagrams as streams of bytes, read the way stock drivers read them
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/bytes.h"
#include "tests/unit/unit.h"
#include "tests/unit/vmci_guest.h"

#define PAGE VMCI_WIRE_PAGE_SIZE

static const struct vmci_handle host_port = { VMCI_CID_HOST, 500 };
static const struct vmci_handle own_port = { GUEST_CID, 7 };

static unsigned int seen;
static size_t seen_len;

static int on_dgram(void *data, const struct vmci_wire_dg *dg, size_t len)
{
	seen++;
	seen_len = len;
	return VMCI_SUCCESS;
}

static const struct vmci_host_ops host_ops = { .dgram = on_dgram };

static void setup(struct guest *g)
{
	seen = 0;
	guest_new(g, VMCI_MODE_PORT, 0);
	vmci_host_set(g->dev, &host_ops, NULL);
	guest_boot(g);
}

static void datagram_is_carried_out_with_its_last_byte(void)
{
	struct guest g;

	setup(&g);
	CU_ASSERT_EQUAL(guest_hypercall(&g, VMCI_HC_GET_CONTEXT_ID, NULL, 0), GUEST_CID);
	CU_ASSERT_EQUAL(guest_dgram(&g, host_port, own_port, "abc", 3), 27);
	CU_ASSERT(seen == 1 && seen_len == 27);
	guest_free(&g);
}

static void oversized_datagram_is_passed_over(void)
{
	static uint8_t payload[VMCI_DG_PAYLOAD_MAX + 1];
	struct guest g;

	setup(&g);
	CU_ASSERT_EQUAL(guest_dgram(&g, host_port, own_port, payload, sizeof(payload)),
			VMCI_ERR_PAYLOAD_TOO_LARGE);
	CU_ASSERT_EQUAL(seen, 0);
	CU_ASSERT_EQUAL(guest_dgram(&g, host_port, own_port, payload, sizeof(payload) - 1),
			VMCI_DG_SIZE_MAX);
	CU_ASSERT_EQUAL(seen, 1);
	guest_free(&g);
}

static void guest_that_lost_count_recovers(void)
{
	struct vmci_wire_dg dg = { .payload_size = htole64(UINT64_MAX) };
	struct guest g;

	setup(&g);
	CU_ASSERT_EQUAL(guest_send(&g, &dg, 10), VMCI_ERR_DATAGRAM_INCOMPLETE);
	CU_ASSERT_EQUAL(guest_dgram(&g, host_port, own_port, "abc", 3), 27);
	CU_ASSERT_EQUAL(guest_send(&g, &dg, sizeof(dg)), VMCI_ERR_PAYLOAD_TOO_LARGE);
	CU_ASSERT_EQUAL(guest_dgram(&g, host_port, own_port, "abc", 3), 27);
	CU_ASSERT_EQUAL(seen, 2);
	guest_free(&g);
}

/* A list of 17,000 pages is taken whole, and refused only because the pages are not there. */
static void page_lists_may_be_longer(void)
{
	uint8_t *msg = calloc(1, 40 + 17000 * 8);
	struct vmci_wire_qp_alloc *alloc = (void *)msg;
	struct vmci_stats s;
	struct guest g;

	setup(&g);
	*alloc = (struct vmci_wire_qp_alloc){
		.handle = { htole32(GUEST_CID), htole32(1024) },
		.peer = htole32(VMCI_CID_HOST),
		.produce_size = htole64((17000 - 3) * (uint64_t)PAGE),
		.consume_size = htole64(PAGE),
		.num_ppns = htole64(17000),
	};
	CU_ASSERT_EQUAL(guest_hypercall(&g, VMCI_HC_QUEUEPAIR_ALLOC, msg, 40 + 17000 * 8),
			VMCI_ERR_INVALID_ARGS);
	vmci_stats_get(g.dev, &s);
	CU_ASSERT_EQUAL(s.bad_memory, 1);
	CU_ASSERT_EQUAL(guest_hypercall(&g, VMCI_HC_QUEUEPAIR_ALLOC, msg, 40 + 17000 * 8 - 8),
			VMCI_ERR_INVALID_ARGS);
	vmci_stats_get(g.dev, &s);
	CU_ASSERT_EQUAL(s.bad_memory, 1);
	free(msg);
	guest_free(&g);
}

static int to_guest(struct guest *g, size_t payload)
{
	static uint8_t bytes[VMCI_DG_SIZE_MAX];
	struct vmci_wire_dg *dg = (void *)bytes;

	dg->dst = (struct vmci_wire_handle){ htole32(GUEST_CID), htole32(9) };
	dg->src = (struct vmci_wire_handle){ htole32(VMCI_CID_HOST), htole32(5) };
	dg->payload_size = htole64(payload);
	memset(dg + 1, (int)payload, payload);
	return vmci_send_to_guest(g->dev, dg, sizeof(*dg) + payload);
}

/*
 * A reader that works as stock drivers do: a page first, on to the largest size when a datagram
 * continues behind it, and then page by page through what it read.  Sizes of the payloads found, in
 * order.
 */
struct reader {
	struct guest *g;
	uint8_t buf[VMCI_DG_SIZE_MAX];
	size_t size, found[64];
	unsigned int count;
};

static void reader_fill(struct reader *r, size_t off, size_t len)
{
	while (len--)
		r->buf[off++] = (uint8_t)vmci_reg_read(r->g->dev, VMCI_REG_DATA_IN, 1);
}

static void reader_run(struct reader *r)
{
	size_t pos = 0;

	r->count = 0;
	r->size = PAGE;
	reader_fill(r, 0, r->size);
	for (;;) {
		const struct vmci_wire_dg *dg = (const void *)(r->buf + pos);
		size_t len, left = r->size - pos;

		if (le32toh(dg->dst.rid) == VMCI_INVALID_ID) {
			if (left <= PAGE)
				return;
			pos = (pos / PAGE + 1) * PAGE;
			continue;
		}
		len = (sizeof(*dg) + le64toh(dg->payload_size) + 7) & ~(size_t)7;
		CU_ASSERT_FATAL(len <= VMCI_DG_SIZE_MAX && r->count < ARRAY_SIZE(r->found));
		if (len > left) {
			memmove(r->buf, r->buf + pos, left);
			pos = 0;
			r->size = VMCI_DG_SIZE_MAX;
			reader_fill(r, left, r->size - left);
			dg = (const void *)r->buf;
		}
		r->found[r->count++] = le64toh(dg->payload_size);
		CU_ASSERT(!dg->payload_size || ((const uint8_t *)(dg + 1))[0] ==
						       (uint8_t)le64toh(dg->payload_size));
		pos += len;
		if (r->size - pos < sizeof(*dg)) {
			reader_fill(r, 0, r->size);
			pos = 0;
		}
	}
}

static void stock_reader_finds_every_datagram(void)
{
	static const struct {
		size_t payload[8];
		unsigned int reads;	/* of the whole routine, until all were found */
	} rows[] = {
		{ { 1, 2, 3 }, 1 },
		{ { 4072 }, 1 },			/* ends with the page */
		{ { 4072, 5 }, 1 },			/* so the reader looks on at once */
		{ { 4056, 5 }, 1 },			/* no room for a header behind it */
		{ { 4048, 5 }, 2 },			/* room for a header: an end marker */
		{ { 2000, 2000, 2000 }, 2 },
		{ { 4073 }, 1 },
		{ { 10, 5000, 10 }, 3 },
		{ { 65536, 65536, 10 }, 3 },
		{ { VMCI_DG_PAYLOAD_MAX, 10 }, 1 },	/* nothing behind it, so it reads on */
		{ { VMCI_DG_PAYLOAD_MAX - 16, 10 }, 1 },
		{ { VMCI_DG_PAYLOAD_MAX - 24, 10 }, 2 },
	};
	static struct reader r;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t found[16], k;
		unsigned int reads, count = 0;
		struct guest g;

		setup(&g);
		r.g = &g;
		for (k = 0; rows[i].payload[k]; k++)
			CU_ASSERT_EQUAL(to_guest(&g, rows[i].payload[k]), 0);
		for (reads = 0; reads < rows[i].reads; reads++) {
			/* each round is owed to an interrupt */
			CU_ASSERT(guest_read(&g, VMCI_REG_ICR) & VMCI_ICR_DATAGRAM);
			reader_run(&r);
			CU_ASSERT_FATAL(count + r.count <= ARRAY_SIZE(found));
			memcpy(found + count, r.found, r.count * sizeof(found[0]));
			count += r.count;
		}
		CU_ASSERT_EQUAL_FATAL(count, k);
		CU_ASSERT(memcmp(found, rows[i].payload, k * sizeof(found[0])) == 0);
		guest_free(&g);
	}
}

static void late_datagram_waits_for_the_next_batch(void)
{
	struct guest g;
	size_t i;

	setup(&g);
	to_guest(&g, 8);
	for (i = 0; i < 100; i++)
		vmci_reg_read(g.dev, VMCI_REG_DATA_IN, 1);
	to_guest(&g, 16);
	for (; i < PAGE; i++)
		CU_ASSERT_EQUAL_FATAL(vmci_reg_read(g.dev, VMCI_REG_DATA_IN, 1), 0xff);
	CU_ASSERT_EQUAL(g.irqs[VMCI_VEC_DATAGRAM], 3);
	CU_ASSERT_EQUAL(vmci_reg_read(g.dev, VMCI_REG_DATA_IN, 1), GUEST_CID);
	guest_free(&g);
}

static void reset_drops_half_a_datagram(void)
{
	struct guest g;
	int i;

	setup(&g);
	to_guest(&g, 8);
	vmci_reg_read(g.dev, VMCI_REG_DATA_IN, 1);
	for (i = 0; i < 30; i++)
		vmci_reg_write(g.dev, VMCI_REG_DATA_OUT, 1, i == 16 ? 50 : 0);
	guest_boot(&g);
	CU_ASSERT_EQUAL(vmci_reg_read(g.dev, VMCI_REG_DATA_IN, 1), 0xff);
	CU_ASSERT_EQUAL(guest_dgram(&g, host_port, own_port, "abc", 3), 27);
	guest_free(&g);
}

static void ports_take_single_bytes_only(void)
{
	struct vmci_stats s;
	struct guest g;

	setup(&g);
	vmci_reg_write(g.dev, VMCI_REG_DATA_OUT, 4, 0);
	CU_ASSERT_EQUAL(vmci_reg_read(g.dev, VMCI_REG_DATA_IN, 2), 0xffff);
	vmci_reg_write(g.dev, VMCI_REG_DATA_OUT_LOW, 4, 0);
	vmci_stats_get(g.dev, &s);
	CU_ASSERT_EQUAL(s.bad_register, 3);
	guest_free(&g);
}

static const struct unit_case cases[] = {
	{ "a datagram is carried out with its last byte",
	  datagram_is_carried_out_with_its_last_byte },
	{ "an oversized datagram is passed over", oversized_datagram_is_passed_over },
	{ "a guest that lost count recovers", guest_that_lost_count_recovers },
	{ "page lists may be longer than other datagrams", page_lists_may_be_longer },
	{ "a stock reader finds every datagram", stock_reader_finds_every_datagram },
	{ "a late datagram waits for the next batch", late_datagram_waits_for_the_next_batch },
	{ "reset drops half a datagram", reset_drops_half_a_datagram },
	{ "the ports take single bytes only", ports_take_single_bytes_only },
};

UNIT_MAIN("vmci-port", cases)
