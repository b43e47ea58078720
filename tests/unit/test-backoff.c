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

static void retries(void)
{
	static const gint64 want[] = { 2000, 4000, 8000, 16000, 32000, 64000, 128000, 256000, 300000,
				       300000 };
	struct retry r = { 0 };
	gint64 now = 7000;
	guint i;

	CU_ASSERT_TRUE(r.at <= now);
	for (i = 0; i < G_N_ELEMENTS(want); i++) {
		retry_failed(&r, now);
		CU_ASSERT_EQUAL(r.at, now + want[i]);
		now = r.at;
	}
}

static const struct unit_case cases[] = {
	{ "after a message the delay grows from 10 to 100 ms", documented_steps },
	{ "after 30 seconds of silence it doubles to one second and stays", thirty_seconds },
	{ "a message brings it back to nothing", message_resets },
	{ "a way that fails is tried again after 2 seconds, then ever later, up to 5 minutes", retries },
};

UNIT_MAIN("backoff", cases)
