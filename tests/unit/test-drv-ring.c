/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-drv-ring.c - the driver's queue arithmetic, against a queue that is moved byte by byte
 *
 * Small queues are tried at every pair of positions, so every wrap is among them.
 */
#include "drivers/vmci/ring.h"
#include "tests/unit/unit.h"

#define SIZE_MAX_TRIED 9

/* Bytes from head to tail, counted one by one. */
static u64 count_ready(u64 tail, u64 head, u64 size)
{
	u64 n = 0;

	for (; head != tail; head = (head + 1) % size)
		n++;
	return n;
}

static void positions_at_and_beyond_the_size_are_refused(void)
{
	static const struct {
		u64 tail, head, size;
		bool valid;
	} rows[] = {
		{ 0, 0, 1, true },
		{ 0, 1, 1, false },
		{ 4095, 4095, 4096, true },
		{ 4096, 0, 4096, false },
		{ 0, 4096, 4096, false },
		{ UINT64_MAX, 0, 4096, false },
		{ 0, UINT64_MAX, 4096, false },
		{ 0, 0, 0, true },
		{ 1, 0, 0, false },
		{ 0, 1, 0, false },
		{ UINT64_MAX - 1, 0, UINT64_MAX, true },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CU_ASSERT_EQUAL(ring_valid(rows[i].tail, rows[i].head, rows[i].size),
				rows[i].valid);
}

static void ready_and_free_agree_with_counting_at_every_position(void)
{
	u64 size, tail, head;

	for (size = 1; size <= SIZE_MAX_TRIED; size++) {
		for (tail = 0; tail < size; tail++) {
			for (head = 0; head < size; head++) {
				u64 ready = count_ready(tail, head, size);

				CU_ASSERT_EQUAL(ring_ready(tail, head, size), ready);
				CU_ASSERT_EQUAL(ring_free(tail, head, size), size - 1 - ready);
			}
		}
	}
}

static void queue_without_bytes_has_neither_space_nor_data(void)
{
	CU_ASSERT_EQUAL(ring_free(0, 0, 0), 0);
	CU_ASSERT_EQUAL(ring_ready(0, 0, 0), 0);
}

static void advance_wraps_at_every_position(void)
{
	u64 size, pos, n;

	for (size = 1; size <= SIZE_MAX_TRIED; size++) {
		for (pos = 0; pos < size; pos++) {
			for (n = 0; n <= size; n++)
				CU_ASSERT_EQUAL(ring_advance(pos, n, size), (pos + n) % size);
		}
	}
}

static void advance_does_not_overflow_in_a_huge_queue(void)
{
	CU_ASSERT_EQUAL(ring_advance(UINT64_MAX - 2, 5, UINT64_MAX - 1), 4);
	CU_ASSERT_EQUAL(ring_ready(1, UINT64_MAX - 2, UINT64_MAX - 1), 2);
}

/* Walks len bytes from pos by spans and looks that none leaves its page or the queue. */
static void walk_spans(u64 pos, u64 len, u64 size, u64 page)
{
	u64 left = len;

	while (left) {
		u64 span = ring_span(pos, left, size, page);

		CU_ASSERT_FATAL(span > 0 && span <= left);
		CU_ASSERT(pos + span <= size);
		CU_ASSERT_EQUAL(pos / page, (pos + span - 1) / page);
		pos = ring_advance(pos, span, size);
		left -= span;
	}
}

static void spans_stay_in_one_page_and_cover_all(void)
{
	u64 size, pos, len;

	for (size = 1; size <= 21; size++) {		/* pages of 8 bytes, with a part of one */
		for (pos = 0; pos < size; pos++) {
			for (len = 0; len < size; len++)
				walk_spans(pos, len, size, 8);
		}
	}
}

static const struct unit_case cases[] = {
	{ "positions at and beyond the size are refused",
	  positions_at_and_beyond_the_size_are_refused },
	{ "ready and free agree with counting at every position",
	  ready_and_free_agree_with_counting_at_every_position },
	{ "a queue without bytes has neither space nor data",
	  queue_without_bytes_has_neither_space_nor_data },
	{ "advance wraps at every position", advance_wraps_at_every_position },
	{ "advance does not overflow in a huge queue", advance_does_not_overflow_in_a_huge_queue },
	{ "spans stay in one page and cover all", spans_stay_in_one_page_and_cover_all },
};

UNIT_MAIN("drv-ring", cases)
