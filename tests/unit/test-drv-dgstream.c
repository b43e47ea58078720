/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-drv-dgstream.c - the driver finds datagrams in batches and streams, and stops at bad ones
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/vmci/dgstream.h"
#include "tests/unit/unit.h"

#define PAGE		VMCI_WIRE_PAGE_SIZE
#define SEEN_MAX	8192
#define FEED_MAX	(1u << 20)

/* What the walk delivered, and what the stream is fed from. */
struct fixture {
	unsigned int seen;
	u32 rid[SEEN_MAX];
	size_t len[SEEN_MAX];
	bool payloads_right;		/* every byte is the low byte of the resource id */

	u8 *feed;			/* bytes of the stream; 0xff follows for ever */
	size_t feed_len;
	size_t feed_pos;
	size_t first_fetch;
	bool endless;			/* begin again when the feed is over */
};

static struct fixture *fixture_new(void)
{
	struct fixture *f = calloc(1, sizeof(*f));

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	f->feed = malloc(FEED_MAX);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f->feed);
	f->payloads_right = true;
	return f;
}

static void fixture_free(struct fixture *f)
{
	free(f->feed);
	free(f);
}

static void deliver(void *ctx, const struct vmci_wire_dg *hdr, const void *payload)
{
	struct fixture *f = ctx;
	const u8 *p = payload;
	size_t i, len = le64toh(hdr->payload_size);

	CU_ASSERT_FATAL(f->seen < SEEN_MAX);
	f->rid[f->seen] = le32toh(hdr->dst.rid);
	f->len[f->seen] = len;
	f->seen++;
	for (i = 0; i < len; i++) {
		if (p[i] != (u8)le32toh(hdr->dst.rid))
			f->payloads_right = false;
	}
}

static void fetch(void *ctx, void *buf, size_t len)
{
	struct fixture *f = ctx;
	u8 *to = buf;

	if (!f->first_fetch)
		f->first_fetch = len;
	while (len) {
		size_t n = f->feed_len - f->feed_pos;

		if (!n && f->endless) {
			f->feed_pos = 0;
			continue;
		}
		if (!n) {
			memset(to, 0xff, len);
			return;
		}
		n = n < len ? n : len;
		memcpy(to, f->feed + f->feed_pos, n);
		f->feed_pos += n;
		to += n;
		len -= n;
	}
}

/* Writes one datagram to {9, rid}; returns where the next one starts. */
static size_t put(u8 *buf, size_t at, u32 rid, u64 claimed, size_t real)
{
	struct vmci_wire_dg hdr = {
		.dst = { .cid = htole32(9), .rid = htole32(rid) },
		.src = { .cid = htole32(2), .rid = htole32(1) },
		.payload_size = htole64(claimed),
	};

	memcpy(buf + at, &hdr, sizeof(hdr));
	memset(buf + at + sizeof(hdr), (int)(rid & 0xff), real);
	return (at + sizeof(hdr) + real + 7) & ~(size_t)7;
}

/* Runs dgstream_walk() on an exact heap copy, so that a read behind it is found by ASAN. */
static enum dgstream_end walk(struct fixture *f, size_t len)
{
	u8 *copy = malloc(len ? len : 1);
	enum dgstream_end end;

	CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
	memcpy(copy, f->feed, len);
	end = dgstream_walk(copy, len, deliver, f);
	free(copy);
	return end;
}

static enum dgstream_end read_all(struct fixture *f)
{
	void *buf = malloc(VMCI_DG_SIZE_MAX);
	enum dgstream_end end;

	CU_ASSERT_PTR_NOT_NULL_FATAL(buf);
	end = dgstream_read(buf, fetch, deliver, f);
	free(buf);
	return end;
}

static void batch_with_an_end_marker_only_is_empty(void)
{
	struct fixture *f = fixture_new();

	memset(f->feed, 0xff, VMCI_DG_SIZE_MAX);
	CU_ASSERT_EQUAL(walk(f, VMCI_DG_SIZE_MAX), DGSTREAM_DONE);
	CU_ASSERT_EQUAL(f->seen, 0);
	fixture_free(f);
}

static void datagrams_of_a_batch_come_in_order_whatever_their_length(void)
{
	struct fixture *f = fixture_new();
	size_t at = 0;
	u32 i;

	for (i = 0; i < 40; i++)
		at = put(f->feed, at, 100 + i, i, i);
	memset(f->feed + at, 0xff, VMCI_DG_HDR_SIZE);
	CU_ASSERT_EQUAL(walk(f, at + VMCI_DG_HDR_SIZE), DGSTREAM_DONE);
	CU_ASSERT_EQUAL(f->seen, 40);
	for (i = 0; i < 40; i++) {
		CU_ASSERT_EQUAL(f->rid[i], 100 + i);
		CU_ASSERT_EQUAL(f->len[i], i);
	}
	CU_ASSERT_TRUE(f->payloads_right);
	fixture_free(f);
}

static void batch_may_be_full_to_the_last_byte(void)
{
	struct fixture *f = fixture_new();

	put(f->feed, 0, 7, VMCI_DG_PAYLOAD_MAX, VMCI_DG_PAYLOAD_MAX);
	CU_ASSERT_EQUAL(walk(f, VMCI_DG_SIZE_MAX), DGSTREAM_DONE);
	CU_ASSERT_EQUAL(f->seen, 1);
	CU_ASSERT_EQUAL(f->len[0], VMCI_DG_PAYLOAD_MAX);
	CU_ASSERT_TRUE(f->payloads_right);
	fixture_free(f);
}

static void batch_ends_where_no_header_fits_any_more(void)
{
	struct fixture *f = fixture_new();
	size_t rest;

	for (rest = 0; rest < VMCI_DG_HDR_SIZE; rest++) {
		size_t at = put(f->feed, 0, 7, 8, 8);

		f->seen = 0;
		CU_ASSERT_EQUAL(walk(f, at + rest), DGSTREAM_DONE);
		CU_ASSERT_EQUAL(f->seen, 1);
	}
	fixture_free(f);
}

static void bad_lengths_end_a_batch_and_nothing_behind_it_is_read(void)
{
	static const struct {
		u64 claimed;
		size_t len;
		enum dgstream_end want;
	} rows[] = {
		{ 1, VMCI_DG_HDR_SIZE, DGSTREAM_CUT_OFF },
		{ 101, VMCI_DG_HDR_SIZE + 100, DGSTREAM_CUT_OFF },
		{ VMCI_DG_PAYLOAD_MAX, VMCI_DG_SIZE_MAX - 1, DGSTREAM_CUT_OFF },
		{ VMCI_DG_PAYLOAD_MAX + 1, VMCI_DG_SIZE_MAX, DGSTREAM_TOO_LARGE },
		{ UINT64_MAX, VMCI_DG_SIZE_MAX, DGSTREAM_TOO_LARGE },
		{ UINT64_MAX - VMCI_DG_HDR_SIZE + 1, VMCI_DG_SIZE_MAX, DGSTREAM_TOO_LARGE },
		{ 1ull << 32, VMCI_DG_SIZE_MAX, DGSTREAM_TOO_LARGE },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture *f = fixture_new();

		put(f->feed, 0, 7, rows[i].claimed, 0);
		CU_ASSERT_EQUAL(walk(f, rows[i].len), rows[i].want);
		CU_ASSERT_EQUAL(f->seen, 0);
		fixture_free(f);
	}
}

static void stream_of_a_few_datagrams_takes_one_page(void)
{
	struct fixture *f = fixture_new();

	f->feed_len = put(f->feed, 0, 1, 100, 100);
	f->feed_len = put(f->feed, f->feed_len, 2, 5, 5);
	CU_ASSERT_EQUAL(read_all(f), DGSTREAM_DONE);
	CU_ASSERT_EQUAL(f->seen, 2);
	CU_ASSERT_EQUAL(f->first_fetch, PAGE);
	CU_ASSERT_TRUE(f->payloads_right);
	fixture_free(f);
}

/* The border of the first page falls on each byte of a datagram in turn. */
static void datagrams_straddle_chunks_at_every_byte(void)
{
	size_t before;

	for (before = PAGE - 200; before < PAGE; before += 8) {
		size_t len;

		for (len = 0; len < 12; len++) {
			struct fixture *f = fixture_new();

			f->feed_len = put(f->feed, 0, 1, before - VMCI_DG_HDR_SIZE,
					  before - VMCI_DG_HDR_SIZE);
			f->feed_len = put(f->feed, f->feed_len, 2, len, len);
			f->feed_len = put(f->feed, f->feed_len, 3, 180, 180);
			CU_ASSERT_EQUAL(read_all(f), DGSTREAM_DONE);
			CU_ASSERT_EQUAL(f->seen, 3);
			CU_ASSERT_EQUAL(f->len[1], len);
			CU_ASSERT_EQUAL(f->rid[2], 3);
			CU_ASSERT_TRUE(f->payloads_right);
			fixture_free(f);
		}
	}
}

static void largest_datagrams_pass_through_a_stream(void)
{
	struct fixture *f = fixture_new();
	u32 i;

	for (i = 0; i < 10; i++)
		f->feed_len = put(f->feed, f->feed_len, i, VMCI_DG_PAYLOAD_MAX,
				  VMCI_DG_PAYLOAD_MAX);
	CU_ASSERT_EQUAL(read_all(f), DGSTREAM_DONE);
	CU_ASSERT_EQUAL(f->seen, 10);
	CU_ASSERT_TRUE(f->payloads_right);
	fixture_free(f);
}

static void late_datagram_at_a_page_boundary_is_found(void)
{
	struct fixture *f = fixture_new();

	/* the first chunk is full, so a long one follows; its first page has filler in it */
	f->feed_len = put(f->feed, 0, 1, PAGE - VMCI_DG_HDR_SIZE, PAGE - VMCI_DG_HDR_SIZE);
	f->feed_len = put(f->feed, f->feed_len, 2, 10, 10);
	memset(f->feed + f->feed_len, 0xff, 2 * PAGE - f->feed_len);
	f->feed_len = put(f->feed, 2 * PAGE, 3, 20, 20);
	CU_ASSERT_EQUAL(read_all(f), DGSTREAM_DONE);
	CU_ASSERT_EQUAL(f->seen, 3);
	CU_ASSERT_EQUAL(f->rid[2], 3);
	fixture_free(f);
}

static void oversized_datagram_ends_a_stream(void)
{
	struct fixture *f = fixture_new();

	f->feed_len = put(f->feed, 0, 1, 4, 4);
	f->feed_len = put(f->feed, f->feed_len, 2, VMCI_DG_PAYLOAD_MAX + 1, 0);
	CU_ASSERT_EQUAL(read_all(f), DGSTREAM_TOO_LARGE);
	CU_ASSERT_EQUAL(f->seen, 1);
	fixture_free(f);
}

static void stream_without_an_end_is_given_up(void)
{
	struct fixture *f = fixture_new();

	f->feed_len = put(f->feed, 0, 1, 4096, 4096);
	f->endless = true;
	CU_ASSERT_EQUAL(read_all(f), DGSTREAM_ENDLESS);
	CU_ASSERT(f->seen >= DGSTREAM_LIMIT / (4096 + VMCI_DG_HDR_SIZE));
	fixture_free(f);
}

static const struct unit_case cases[] = {
	{ "a batch with an end marker only is empty", batch_with_an_end_marker_only_is_empty },
	{ "datagrams of a batch come in order whatever their length",
	  datagrams_of_a_batch_come_in_order_whatever_their_length },
	{ "a batch may be full to the last byte", batch_may_be_full_to_the_last_byte },
	{ "a batch ends where no header fits any more", batch_ends_where_no_header_fits_any_more },
	{ "bad lengths end a batch and nothing behind it is read",
	  bad_lengths_end_a_batch_and_nothing_behind_it_is_read },
	{ "a stream of a few datagrams takes one page", stream_of_a_few_datagrams_takes_one_page },
	{ "datagrams straddle chunks at every byte", datagrams_straddle_chunks_at_every_byte },
	{ "the largest datagrams pass through a stream", largest_datagrams_pass_through_a_stream },
	{ "a late datagram at a page boundary is found", late_datagram_at_a_page_boundary_is_found },
	{ "an oversized datagram ends a stream", oversized_datagram_ends_a_stream },
	{ "a stream without an end is given up", stream_without_an_end_is_given_up },
};

UNIT_MAIN("drv-dgstream", cases)
