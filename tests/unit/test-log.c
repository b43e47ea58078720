/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-log.c - how many lines somebody else can have logged, and what stands in them
 */
#include "host/base/log.h"
#include "tests/unit/unit.h"

/* Lines of @tries that are allowed at @now_ms. */
static unsigned int allowed(struct log_limit *limit, unsigned int tries, uint64_t now_ms)
{
	unsigned int n = 0;

	while (tries--)
		n += log_allows(limit, now_ms);
	return n;
}

static void test_burst(void)
{
	struct log_limit limit = { 0 };

	CU_ASSERT_EQUAL(allowed(&limit, 1000, 12345), LOG_LIMIT_BURST);
	CU_ASSERT_EQUAL(limit.left_out, 1000 - LOG_LIMIT_BURST);
}

static void test_refill(void)
{
	struct log_limit limit = { 0 };

	allowed(&limit, LOG_LIMIT_BURST + 1, 0);
	CU_ASSERT_EQUAL(allowed(&limit, 1, LOG_LIMIT_MS - 1), 0);
	CU_ASSERT_EQUAL(allowed(&limit, 5, LOG_LIMIT_MS), 1);
	CU_ASSERT_EQUAL(limit.left_out, 4);		/* of those after the one that was allowed */
	CU_ASSERT_EQUAL(allowed(&limit, 5, 4 * LOG_LIMIT_MS), 3);
}

static void test_full(void)
{
	struct log_limit limit = { 0 };

	allowed(&limit, 1, 0);
	CU_ASSERT_EQUAL(allowed(&limit, 1000, UINT64_MAX), LOG_LIMIT_BURST);
}

static void test_escape(void)
{
	char text[16];

	CU_ASSERT_STRING_EQUAL(log_escape(text, sizeof(text), "a\n\\", 3), "a\\x0a\\x5c");
	CU_ASSERT_STRING_EQUAL(log_escape(text, sizeof(text), "0123456789abcdef", 16),
			       "0123456789ab...");
}

static const struct unit_case cases[] = {
	{ "a burst of lines is cut at its limit", test_burst },
	{ "one more line is allowed as time passes", test_refill },
	{ "a long silence allows one burst and no more", test_full },
	{ "bytes that are no text are spelled out, long text is cut", test_escape },
};

UNIT_MAIN("log", cases)
