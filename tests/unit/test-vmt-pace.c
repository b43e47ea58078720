/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdbool.h>

#include "drivers/vmt/pace.h"
#include "tests/unit/unit.h"

static void polls_slow_down(void)
{
	static const __u32 busy[] = { 10, 20, 40, 80, 100, 100, 100 };
	static const __u32 idle[] = { 200, 400, 800, 1000, 1000 };
	struct vmt_pace pace;
	size_t i;

	vmt_pace_active(&pace, 5000);
	for (i = 0; i < sizeof(busy) / sizeof(busy[0]); i++)
		CU_ASSERT_EQUAL(vmt_pace_next(&pace, 5000 + i), busy[i]);
	CU_ASSERT_EQUAL(vmt_pace_next(&pace, 5000 + 29999), 100);
	for (i = 0; i < sizeof(idle) / sizeof(idle[0]); i++)
		CU_ASSERT_EQUAL(vmt_pace_next(&pace, 5000 + 30000 + i), idle[i]);
	vmt_pace_active(&pace, 90000);
	CU_ASSERT_EQUAL(vmt_pace_next(&pace, 90000), 10);
}

static void pauses_grow_to_five_minutes(void)
{
	static const __u32 want[] = { 1000, 2000, 4000, 8000, 16000, 32000, 64000, 128000, 256000,
				      300000, 300000 };
	struct vmt_reopen re = { 0 };
	size_t i;

	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		CU_ASSERT_EQUAL(vmt_reopen_contended(&re), i >= 3);
		CU_ASSERT_EQUAL(vmt_reopen_failed(&re), want[i]);
	}
}

static void long_life_ends_contention(void)
{
	struct vmt_reopen re = { 0 };
	int i;

	for (i = 0; i < 3; i++) {
		vmt_reopen_opened(&re, 1000);
		vmt_reopen_works(&re, 10999);
		vmt_reopen_failed(&re);
	}
	CU_ASSERT_TRUE(vmt_reopen_contended(&re));
	vmt_reopen_opened(&re, 20000);
	vmt_reopen_works(&re, 29999);
	CU_ASSERT_TRUE(vmt_reopen_contended(&re));
	vmt_reopen_works(&re, 30000);
	CU_ASSERT_FALSE(vmt_reopen_contended(&re));
	CU_ASSERT_EQUAL(vmt_reopen_failed(&re), 1000);
}

static const struct unit_case cases[] = {
	{ "polls slow down to 100 ms, and to a second when nothing came for 30 s",
	  polls_slow_down },
	{ "pauses before opening again grow from a second to five minutes",
	  pauses_grow_to_five_minutes },
	{ "a channel that lived for ten seconds ends the contention", long_life_ends_contention },
};

UNIT_MAIN("vmt-pace", cases)
