/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-fault.c - faults: which rule fires when, and rules as text
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/bytes.h"
#include "host/model/fault.h"
#include "tests/unit/unit.h"

static struct faults *with(const char *lines)
{
	struct faults *f = faults_new();

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fault_set_lines(f, lines, strlen(lines));
	return f;
}

/* Which of the next chances fire, as "x" and ".". */
static const char *pattern(struct faults *f, enum fault_kind kind, unsigned int where, size_t n)
{
	static char marks[128];
	size_t i;

	for (i = 0; i < n; i++)
		marks[i] = fault_fires(f, kind, where) ? 'x' : '.';
	marks[n] = '\0';
	return marks;
}

static void test_nothing_set(void)
{
	struct faults *f = faults_new();

	CU_ASSERT_PTR_NULL(fault_fires(NULL, FAULT_TIME_NONE, 0));
	CU_ASSERT_PTR_NULL(fault_get(NULL, FAULT_TIME_NONE));
	CU_ASSERT_PTR_NULL(fault_fires(f, FAULT_TIME_NONE, 0));
	CU_ASSERT_PTR_NULL(fault_memo(f, FAULT_TIME_NONE));
	CU_ASSERT_FALSE(fault_clear(f, FAULT_TIME_NONE));
	faults_free(f);
	faults_free(NULL);
}

static void test_after_and_count(void)
{
	struct faults *f = with("time-none\ntclo-second after=2 count=3\nport-gone count=1");

	CU_ASSERT_STRING_EQUAL(pattern(f, FAULT_TIME_NONE, 0, 4), "xxxx");
	CU_ASSERT_STRING_EQUAL(pattern(f, FAULT_TCLO_SECOND, 0, 8), "..xxx...");
	CU_ASSERT_STRING_EQUAL(pattern(f, FAULT_PORT_GONE, 0, 3), "x..");
	CU_ASSERT_EQUAL(fault_fired(f, FAULT_TCLO_SECOND), 3);
	fault_set_lines(f, "tclo-second count=1", 19);
	CU_ASSERT_STRING_EQUAL(pattern(f, FAULT_TCLO_SECOND, 0, 2), "x.");
	CU_ASSERT_EQUAL(fault_fired(f, FAULT_TCLO_SECOND), 4);
	CU_ASSERT_TRUE(fault_clear(f, FAULT_TCLO_SECOND));
	CU_ASSERT_STRING_EQUAL(pattern(f, FAULT_TCLO_SECOND, 0, 2), "..");
	CU_ASSERT_EQUAL(fault_fired(f, FAULT_TCLO_SECOND), 4);
	fault_clear_all(f);
	CU_ASSERT_STRING_EQUAL(pattern(f, FAULT_TIME_NONE, 0, 2), "..");
	faults_free(f);
}

static void test_places(void)
{
	struct faults *f = with("msg-close after=1 sendsize,close");

	CU_ASSERT_STRING_EQUAL(pattern(f, FAULT_MSG_CLOSE, 0, 3), "...");	/* no chances */
	CU_ASSERT_STRING_EQUAL(pattern(f, FAULT_MSG_CLOSE, 1, 3), ".xx");
	CU_ASSERT_STRING_EQUAL(pattern(f, FAULT_MSG_CLOSE, 6, 2), "xx");
	CU_ASSERT_STRING_EQUAL(pattern(f, FAULT_MSG_CLOSE, 5, 2), "..");
	faults_free(f);
}

static void test_probability(void)
{
	static const char line[] = "time-none probability=0.25 seed=7";
	struct faults *f = with(line), *same = with(line), *other = with("time-none "
									 "probability=0.25 seed=8");
	char first[101], second[101];
	unsigned int i, n = 0;

	strcpy(first, pattern(f, FAULT_TIME_NONE, 0, 100));
	strcpy(second, pattern(same, FAULT_TIME_NONE, 0, 100));
	CU_ASSERT_STRING_EQUAL(first, second);
	CU_ASSERT_STRING_NOT_EQUAL(first, pattern(other, FAULT_TIME_NONE, 0, 100));
	for (i = 0; i < 10000; i++)
		n += !!fault_fires(f, FAULT_TIME_NONE, 0);
	CU_ASSERT(n > 2300 && n < 2700);
	faults_free(f);
	faults_free(same);
	faults_free(other);
}

static void test_memo(void)
{
	struct faults *f = with("time-frozen");

	*fault_memo(f, FAULT_TIME_FROZEN) = 5;
	CU_ASSERT_EQUAL(*fault_memo(f, FAULT_TIME_FROZEN), 5);
	fault_set_lines(f, "time-frozen", 11);
	CU_ASSERT_EQUAL(*fault_memo(f, FAULT_TIME_FROZEN), 0);
	faults_free(f);
}

/* ---- text ------------------------------------------------------------------------------------ */

static void test_lines(void)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "port-gone", "port-gone" },
		{ "  port-gone  ", "port-gone" },
		{ "msg-checkpoint", "msg-checkpoint" },
		{ "msg-checkpoint seed=5 after=1 count=2 close,open", "msg-checkpoint count=2 after=1 "
		  "open,close" },
		{ "msg-recvsize 0x10001", "msg-recvsize 65537" },
		{ "msg-status 64 hb-receive", "msg-status 64 hb-receive" },
		{ "time-offset -1.5", "time-offset -1.500000" },
		{ "time-jump probability=0.1 20000000000", "time-jump probability=0.100000 seed=0 "
		  "20000000000" },
		{ "time-skew -1000000", "time-skew -1000000" },
		{ "time-lag -1", "time-lag -1" },
		{ "time-none probability=1", "time-none" },
		{ "rpci-answer SetGuestInfo*10* 1 x  y ", "rpci-answer SetGuestInfo*10* 1 x  y " },
		{ "rpci-silent", "rpci-silent *" },
		{ "rpci-refuse count=1 info-get?guestinfo.*", "rpci-refuse count=1 "
		  "info-get?guestinfo.*" },
	};
	char line[FAULT_LINE_MAX + 1], error[FAULT_ERROR_MAX];
	struct fault_rule rule;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		CU_ASSERT_EQUAL_FATAL(fault_parse(rows[i].in, strlen(rows[i].in), &rule, error), 0);
		CU_ASSERT_STRING_EQUAL(fault_line(&rule, line), rows[i].out);
		CU_ASSERT_EQUAL_FATAL(fault_parse(line, strlen(line), &rule, error), 0);
		CU_ASSERT_STRING_EQUAL(fault_line(&rule, line), rows[i].out);
	}
}

static void test_wrong_lines(void)
{
	static const struct {
		const char *in, *error;
	} rows[] = {
		{ "", "there is no fault \"\"; vmctl fault --list shows them" },
		{ "nonsense", "there is no fault \"nonsense\"; vmctl fault --list shows them" },
		{ "time-none now", "time-none takes no argument, and not \"now\"" },
		{ "time-none count=x", "count takes a whole number, not \"x\"" },
		{ "time-none after=-1", "after takes a whole number, not \"-1\"" },
		{ "time-none count=99999999999999999999", "count takes a whole number, not "
		  "\"99999999999999999999\"" },
		{ "time-none probability=0", "probability takes a number above 0 and up to 1, such as "
		  "0.25, not \"0\"" },
		{ "time-none probability=1.000001", "probability takes a number above 0 and up to 1, "
		  "such as 0.25, not \"1.000001\"" },
		{ "msg-recvsize", "msg-recvsize takes BYTES, a number from 0 to 4294967295, not \"\"" },
		{ "msg-recvsize 4294967296", "msg-recvsize takes BYTES, a number from 0 to 4294967295, "
		  "not \"4294967296\"" },
		{ "msg-recvsize 1 open", "msg-recvsize takes BYTES, and not \"open\"" },
		{ "time-offset 1.2.3", "time-offset takes SECONDS, a number from -20000000000 to "
		  "20000000000, not \"1.2.3\"" },
		{ "time-offset 20000000000.1", "time-offset takes SECONDS, a number from -20000000000 "
		  "to 20000000000, not \"20000000000.1\"" },
		{ "msg-close opened", "msg-close: \"opened\" is none of open, sendsize, sendpayload, "
		  "recvsize, recvpayload, recvstatus, close, hb-send, hb-receive" },
		{ "msg-close ,", "msg-close: \",\" is none of open, sendsize, sendpayload, recvsize, "
		  "recvpayload, recvstatus, close, hb-send, hb-receive" },
		{ "rpci-refuse", "rpci-refuse takes PATTERN" },
		{ "rpci-answer x", "rpci-answer takes PATTERN TEXT" },
		{ "time-none\n", "a fault is written in printable ASCII" },
	};
	char error[FAULT_ERROR_MAX], line[FAULT_LINE_MAX + 2];
	struct fault_rule rule = { .seed = 77 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		CU_ASSERT_TRUE(fault_parse(rows[i].in, strlen(rows[i].in), &rule, error) < 0);
		CU_ASSERT_STRING_EQUAL(error, rows[i].error);
	}
	memset(line, ' ', sizeof(line));
	CU_ASSERT_TRUE(fault_parse(line, sizeof(line) - 1, &rule, error) < 0);
	CU_ASSERT_STRING_EQUAL(error, "a fault has at most 200 characters");
	/* fits as it stands, but not as it would be written */
	i = (size_t)snprintf(line, sizeof(line), "rpci-answer probability=0.5 %0*d x", 170, 0);
	CU_ASSERT_EQUAL(i, 200);
	CU_ASSERT_TRUE(fault_parse(line, i, &rule, error) < 0);
	CU_ASSERT_STRING_EQUAL(error, "a fault has at most 200 characters");
	CU_ASSERT_EQUAL(rule.seed, 77);
}

static void test_lines_of_a_set(void)
{
	struct faults *f = with("time-none count=3\nnonsense\n\nmsg-close open"), *g;
	char lines[FAULT_LINES_MAX];

	CU_ASSERT_EQUAL(fault_lines(f, lines), strlen(lines));
	CU_ASSERT_STRING_EQUAL(lines, "msg-close open\ntime-none count=3\n");
	g = with(lines);
	CU_ASSERT_PTR_NOT_NULL(fault_get(g, FAULT_MSG_CLOSE));
	CU_ASSERT_EQUAL(fault_get(g, FAULT_TIME_NONE)->count, 3);
	faults_free(f);
	faults_free(g);
}

static void test_names(void)
{
	enum fault_kind kind;

	for (kind = 0; kind < FAULT_KINDS; kind++)
		CU_ASSERT_EQUAL(fault_find(fault_info(kind)->name), kind);
	CU_ASSERT_EQUAL(fault_find(""), FAULT_KINDS);
	CU_ASSERT_EQUAL(fault_find("time"), FAULT_KINDS);
}

static const struct unit_case cases[] = {
	{ "a kind without a rule never fires", test_nothing_set },
	{ "a rule passes some chances and fires so often", test_after_and_count },
	{ "other places than those of the rule are no chances", test_places },
	{ "the dice fall as the seed says, and about as often as asked for", test_probability },
	{ "what a model remembers goes with the rule", test_memo },
	{ "a rule is written as it can be read", test_lines },
	{ "a wrong rule is refused with what would be right", test_wrong_lines },
	{ "a set is written as lines and read back", test_lines_of_a_set },
	{ "each name finds its kind", test_names },
};

UNIT_MAIN("fault", cases)
