/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-backoff.c - how often the host is polled
 */
#include "lib/backoff.h"
#include "tests/unit/unit.h"

static void documented_steps(void)
{
	static const guint want[] = { 10, 20, 40, 80, 100, 100, 100 };
	struct backoff b = { 0 };
	gint64 now = 5000;
	guint i;

	CU_ASSERT_EQUAL(backoff_message(&b, now), 0);
	for (i = 0; i < G_N_ELEMENTS(want); i++) {
		now += b.delay;
		CU_ASSERT_EQUAL(backoff_empty(&b, now), want[i]);
	}
}

static void thirty_seconds(void)
{
	struct backoff b = { 0 };
	gint64 now = 0;
	guint delay = backoff_message(&b, now);

	while (now < 30000) {
		CU_ASSERT_TRUE(delay <= 100);
		now += delay;
		delay = backoff_empty(&b, now);
	}
	CU_ASSERT_EQUAL(delay, 200);
	CU_ASSERT_EQUAL(backoff_empty(&b, now += delay), 400);
	CU_ASSERT_EQUAL(backoff_empty(&b, now += 400), 800);
	CU_ASSERT_EQUAL(backoff_empty(&b, now += 800), 1000);
	CU_ASSERT_EQUAL(backoff_empty(&b, now += 1000), 1000);
}

static void message_resets(void)
{
	struct backoff b = { .busy_until = 0, .delay = 1000 };

	CU_ASSERT_EQUAL(backoff_empty(&b, 100000), 1000);
	CU_ASSERT_EQUAL(backoff_message(&b, 100000), 0);
	CU_ASSERT_EQUAL(backoff_empty(&b, 100000), 10);
}

static const struct unit_case cases[] = {
	{ "after a message the delay grows from 10 to 100 ms", documented_steps },
	{ "after 30 seconds of silence it doubles to one second and stays", thirty_seconds },
	{ "a message brings it back to nothing", message_resets },
};

UNIT_MAIN("backoff", cases)
