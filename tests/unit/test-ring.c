/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-ring.c - ring arithmetic, in rows at the edges and against counting in all small rings
 */
#include "host/base/bytes.h"
#include "host/model/ring.h"
#include "tests/unit/unit.h"

static void rows_at_the_edges(void)
{
	static const struct {
		uint64_t tail, head, size, ready, free;
	} rows[] = {
		{ 0, 0, 64, 0, 63 },
		{ 63, 63, 64, 0, 63 },
		{ 63, 0, 64, 63, 0 },
		{ 4, 5, 64, 63, 0 },
		{ 0, 63, 64, 1, 62 },
		{ 0, 1, 64, 63, 0 },
		{ 1, 0, 64, 1, 62 },
		{ 0, 0, 1, 0, 0 },
		{ 0, 0, 0, 0, 0 },
		{ 5, 10, UINT64_MAX, UINT64_MAX - 5, 4 },
		{ UINT64_MAX - 1, 0, UINT64_MAX, UINT64_MAX - 1, 0 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		CU_ASSERT_EQUAL(ring_ready(rows[i].tail, rows[i].head, rows[i].size),
				rows[i].ready);
		CU_ASSERT_EQUAL(ring_free(rows[i].tail, rows[i].head, rows[i].size),
				rows[i].free);
	}
}

static void small_rings_agree_with_counting(void)
{
	uint64_t size, tail, head;

	for (size = 1; size <= 9; size++)
		for (tail = 0; tail < size; tail++)
			for (head = 0; head < size; head++) {
				uint64_t pos = head, n = 0;

				while (pos != tail) {
					pos = (pos + 1) % size;
					n++;
				}
				CU_ASSERT_EQUAL(ring_ready(tail, head, size), n);
				CU_ASSERT_EQUAL(ring_free(tail, head, size), size - 1 - n);
				CU_ASSERT_EQUAL(ring_advance(head, n, size), tail);
			}
}

static void positions_out_of_range_are_seen(void)
{
	CU_ASSERT_TRUE(ring_valid(0, 1));
	CU_ASSERT_FALSE(ring_valid(1, 1));
	CU_ASSERT_TRUE(ring_valid(63, 64));
	CU_ASSERT_FALSE(ring_valid(64, 64));
	CU_ASSERT_FALSE(ring_valid(UINT64_MAX, 64));
	CU_ASSERT_TRUE(ring_valid(0, 0));
	CU_ASSERT_FALSE(ring_valid(1, 0));
}

static const struct unit_case cases[] = {
	{ "ready and free are right at the edges", rows_at_the_edges },
	{ "small rings agree with counting", small_rings_agree_with_counting },
	{ "positions out of range are seen", positions_out_of_range_are_seen },
};

UNIT_MAIN("ring", cases)
