/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-backdoor-faults.c - the backdoor engine when its host is at fault
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/bytes.h"
#include "host/model/fault.h"
#include "tests/unit/bdguest.h"
#include "tests/unit/unit.h"

#define SUCCESS	BDOOR_MSG_SUCCESS

/* An engine with one rule. */
static struct bdoor *fresh(struct bdg_seen *s, struct faults **ret, const char *line)
{
	*ret = faults_new();
	fault_set_lines(*ret, line, strlen(line));
	CU_ASSERT_FATAL(!*line || fault_lines(*ret, (char[FAULT_LINES_MAX]){ 0 }) > 0);
	return bdg_fresh_with(s, *ret);
}

static void done(struct bdoor *b, struct faults *f)
{
	bdoor_free(b);
	faults_free(f);
}

/* A request and its reply by registers; the status of the first step that fails, or SUCCESS. */
static uint32_t request(struct bdoor *b, const struct bdg_chan *c)
{
	static const struct {
		uint32_t type, ebx;
	} steps[] = {
		{ BDOOR_MSG_SENDSIZE, 4 }, { BDOOR_MSG_SENDPAYLOAD, 0x64636261 },
		{ BDOOR_MSG_RECVSIZE, 0 }, { BDOOR_MSG_RECVPAYLOAD, SUCCESS },
		{ BDOOR_MSG_RECVPAYLOAD, SUCCESS }, { BDOOR_MSG_RECVSTATUS, SUCCESS },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		struct bdoor_regs r = bdg_step(b, c, steps[i].type, steps[i].ebx);

		if (!(bdg_status(&r) & SUCCESS))
			return bdg_status(&r);
	}
	return SUCCESS;
}

static void test_port_gone(void)
{
	struct bdg_seen s;
	struct faults *f;
	struct bdoor *b = fresh(&s, &f, "port-gone after=1 count=2");

	CU_ASSERT_EQUAL(bdg_command(b, BDOOR_CMD_GETVERSION, 0).ebx, BDOOR_MAGIC);
	CU_ASSERT_EQUAL(bdg_command(b, BDOOR_CMD_GETVERSION, 7).eax, UINT32_MAX);
	CU_ASSERT_EQUAL(bdg_command(b, BDOOR_CMD_GETVERSION, 7).ebx, 7);
	CU_ASSERT_EQUAL(bdg_command(b, BDOOR_CMD_GETVERSION, 0).ebx, BDOOR_MAGIC);
	done(b, f);
}

/* Each step in turn fails as the fault says, once; then the whole message goes through. */
static void each_step(const char *name, uint32_t want, bool survives)
{
	static const char *const steps[] = { "sendsize", "sendpayload", "recvsize", "recvpayload",
					     "recvstatus" };
	struct bdg_seen s;
	struct faults *f;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		struct bdoor *b = fresh(&s, &f, "");
		struct bdg_chan c;
		char line[64];

		snprintf(line, sizeof(line), "%s %s", name, steps[i]);
		fault_set_lines(f, line, strlen(line));
		CU_ASSERT_EQUAL(bdg_open(b, BDOOR_MSG_PROTO_RPCI, &c), SUCCESS);
		CU_ASSERT_EQUAL(request(b, &c), want);
		CU_ASSERT_EQUAL(request(b, &c), survives ? SUCCESS : BDOOR_MSG_CLOSED);
		CU_ASSERT_EQUAL(bdg_open(b, BDOOR_MSG_PROTO_RPCI, &c), SUCCESS);
		CU_ASSERT_EQUAL(request(b, &c), SUCCESS);
		done(b, f);
	}
}

static void test_checkpoint(void)
{
	each_step("msg-checkpoint count=1", BDOOR_MSG_CHECKPOINT, true);
}

static void test_close(void)
{
	each_step("msg-close count=1", BDOOR_MSG_CLOSED, false);
}

static void test_cookie(void)
{
	each_step("msg-cookie count=1", 0, true);
}

static void test_status(void)
{
	each_step("msg-status count=1 0x1234", 0x1234, true);
}

static void test_at_open_and_close(void)
{
	struct bdg_seen s;
	struct faults *f;
	struct bdoor *b = fresh(&s, &f, "msg-checkpoint count=2 open,close");
	struct bdg_chan c;

	CU_ASSERT_EQUAL(bdg_open(b, BDOOR_MSG_PROTO_RPCI, &c), BDOOR_MSG_CHECKPOINT);
	CU_ASSERT_EQUAL(bdg_open(b, BDOOR_MSG_PROTO_RPCI, &c), BDOOR_MSG_CHECKPOINT);
	fault_set_lines(f, "msg-checkpoint count=1 close", 28);
	CU_ASSERT_EQUAL(bdg_open(b, BDOOR_MSG_PROTO_RPCI, &c), SUCCESS);
	CU_ASSERT_EQUAL(bdg_step(b, &c, BDOOR_MSG_CLOSE, 0).ecx >> 16, BDOOR_MSG_CHECKPOINT);
	CU_ASSERT_EQUAL(bdg_step(b, &c, BDOOR_MSG_CLOSE, 0).ecx >> 16, SUCCESS);
	done(b, f);
}

static void test_cookie_at_open(void)
{
	struct bdg_seen s;
	struct faults *f;
	struct bdoor *b = fresh(&s, &f, "msg-cookie count=1 open");
	struct bdg_chan c;

	CU_ASSERT_EQUAL(bdg_open(b, BDOOR_MSG_PROTO_RPCI, &c), SUCCESS);
	CU_ASSERT_EQUAL(request(b, &c), 0);
	CU_ASSERT_EQUAL(bdoor_stats(b)->bad_cookies, 1);
	CU_ASSERT_EQUAL(bdg_open(b, BDOOR_MSG_PROTO_RPCI, &c), SUCCESS);
	CU_ASSERT_EQUAL(request(b, &c), SUCCESS);
	done(b, f);
}

static void test_second_port(void)
{
	struct bdg_seen s;
	struct faults *f;
	struct bdoor *b = fresh(&s, &f, "msg-checkpoint count=1 hb-send");
	struct bdg_chan c;
	char buf[16];

	bdg_open(b, BDOOR_MSG_PROTO_RPCI, &c);
	bdg_step(b, &c, BDOOR_MSG_SENDSIZE, 4);
	CU_ASSERT_EQUAL(bdg_send_hb(b, &c, "abcd", 4) >> 16, BDOOR_MSG_CHECKPOINT);
	CU_ASSERT_EQUAL(bdg_send_hb(b, &c, "abcd", 4) >> 16, 0);	/* to be begun anew */
	bdg_step(b, &c, BDOOR_MSG_SENDSIZE, 4);
	CU_ASSERT_EQUAL(bdg_send_hb(b, &c, "abcd", 4) >> 16, SUCCESS);
	fault_set_lines(f, "msg-close hb-receive", 20);
	bdg_step(b, &c, BDOOR_MSG_RECVSIZE, 0);
	CU_ASSERT_EQUAL(bdg_receive_hb(b, &c, buf, 6) >> 16, BDOOR_MSG_CLOSED);
	done(b, f);
}

static void test_recvsize(void)
{
	struct bdg_seen s;
	struct faults *f;
	struct bdoor *b = fresh(&s, &f, "msg-recvsize count=1 0x10001");
	struct bdg_chan c;
	struct bdoor_regs r;
	char buf[32];

	bdg_open(b, BDOOR_MSG_PROTO_RPCI, &c);
	bdg_send_lb(b, &c, "abcd");
	r = bdg_step(b, &c, BDOOR_MSG_RECVSIZE, 0);
	CU_ASSERT_EQUAL(r.ebx, 0x10001);
	CU_ASSERT_EQUAL(bdg_status(&r), SUCCESS | BDOOR_MSG_DORECV);
	CU_ASSERT_EQUAL(bdg_receive_lb(b, &c, buf, sizeof(buf)), 6);
	CU_ASSERT_EQUAL(bdg_receive_lb(b, &c, buf, sizeof(buf)), 0);
	CU_ASSERT_EQUAL(fault_fired(f, FAULT_MSG_RECVSIZE), 1);
	done(b, f);
}

static void test_second_client(void)
{
	struct bdg_seen s;
	struct faults *f;
	struct bdoor *b = fresh(&s, &f, "tclo-second after=1 count=1");
	struct bdg_chan c, rpci;

	bdg_open(b, BDOOR_MSG_PROTO_RPCI, &rpci);
	bdg_open(b, BDOOR_MSG_PROTO_TCLO, &c);
	CU_ASSERT_EQUAL(bdg_step(b, &rpci, BDOOR_MSG_SENDSIZE, 0).ecx >> 16, SUCCESS);
	CU_ASSERT_EQUAL(bdg_step(b, &c, BDOOR_MSG_SENDSIZE, 0).ecx >> 16, SUCCESS);
	CU_ASSERT_EQUAL(s.closed, 0);
	CU_ASSERT_EQUAL(bdg_step(b, &c, BDOOR_MSG_SENDSIZE, 0).ecx >> 16, 0);
	CU_ASSERT_EQUAL(s.closed, 1);
	CU_ASSERT_EQUAL(s.what, BDOOR_TCLO_OPENED);
	CU_ASSERT_EQUAL(bdg_open(b, BDOOR_MSG_PROTO_TCLO, &c), SUCCESS);
	CU_ASSERT_EQUAL(s.closed, 2);
	CU_ASSERT_EQUAL(bdg_step(b, &c, BDOOR_MSG_SENDSIZE, 0).ecx >> 16, SUCCESS);
	done(b, f);
}

/* ---- time ------------------------------------------------------------------------------------ */

/* Microseconds from BDG_SEC on, or INT64_MIN: no time. */
static int64_t ask_time(struct bdoor *b)
{
	struct bdoor_regs r = bdg_command(b, BDOOR_CMD_GETTIMEFULL, 0);

	if (r.eax != BDOOR_MAGIC)
		return INT64_MIN;
	return ((int64_t)((uint64_t)r.esi << 32 | r.edx) - BDG_SEC) * 1000000 + r.ebx;
}

static void test_time(void)
{
	static const struct {
		const char *line;
		int64_t want[3];	/* now, a second later, and another one */
	} rows[] = {
		{ "", { 123456, 1123456, 2123456 } },
		{ "time-offset 2.5", { 2623456, 3623456, 4623456 } },
		{ "time-offset -0.2", { -76544, 923456, 1923456 } },
		{ "time-skew 100000", { 123456, 1223456, 2323456 } },
		{ "time-skew -1000000", { 123456, 123456, 123456 } },
		{ "time-frozen", { 123456, 123456, 123456 } },
		{ "time-frozen after=1", { 123456, 1123456, 1123456 } },
		{ "time-frozen count=2", { 123456, 123456, 2123456 } },
		{ "time-jump after=1 count=1 3600", { 123456, 3601123456, 3602123456 } },
		{ "time-jump after=1 count=1 -3600", { 123456, -3598876544, -3597876544 } },
		{ "time-jump 10", { 10123456, 21123456, 32123456 } },
		{ "time-none after=1 count=1", { 123456, INT64_MIN, 2123456 } },
	};
	struct bdg_seen s;
	struct faults *f;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bdoor *b = fresh(&s, &f, rows[i].line);

		for (s.later = 0; s.later < 3; s.later++)
			CU_ASSERT_EQUAL(ask_time(b), rows[i].want[s.later]);
		fault_clear_all(f);
		CU_ASSERT_EQUAL(ask_time(b), 3123456);
		done(b, f);
	}
}

static void test_time_ends(void)
{
	struct bdg_seen s;
	struct faults *f;
	struct bdoor *b = fresh(&s, &f, "time-offset -20000000000");
	struct bdoor_regs r;

	r = bdg_command(b, BDOOR_CMD_GETTIME, 0);
	CU_ASSERT_EQUAL(r.eax, 0);
	CU_ASSERT_EQUAL(r.ebx, 0);
	/* beyond 2106 the old command has no time any more, the new one has */
	fault_set_lines(f, "time-offset 20000000000", 23);
	CU_ASSERT_EQUAL(bdg_command(b, BDOOR_CMD_GETTIME, 0).eax, BDOOR_TIME_ERROR);
	CU_ASSERT_EQUAL(ask_time(b), INT64_C(20000000000123456));
	done(b, f);
}

static void test_lag(void)
{
	struct bdg_seen s;
	struct faults *f;
	struct bdoor *b = fresh(&s, &f, "time-lag -5\ntime-irq-lag 70000");
	struct bdoor_regs r = bdg_command(b, BDOOR_CMD_GETTIMEFULL_LAG, 0);

	CU_ASSERT_EQUAL((int32_t)r.ecx, -5);
	CU_ASSERT_EQUAL(r.edi, 70000);
	CU_ASSERT_EQUAL((int32_t)bdg_command(b, BDOOR_CMD_GETTIME, 0).ecx, -5);
	done(b, f);
}

static const struct unit_case cases[] = {
	{ "the port may be gone for some calls", test_port_gone },
	{ "a checkpoint at any step, and the message can be sent again", test_checkpoint },
	{ "a channel that is found closed at any step can be opened again", test_close },
	{ "a step fails as with a wrong cookie, and the next one does not", test_cookie },
	{ "a step answers with a status that no host has", test_status },
	{ "opening and closing can meet a checkpoint too", test_at_open_and_close },
	{ "a wrong cookie given out at open fits no step", test_cookie_at_open },
	{ "the second port fails by itself", test_second_port },
	{ "a message may claim another length", test_recvsize },
	{ "another program takes the agent's channel when it polls", test_second_client },
	{ "the host's time is off, skewed, frozen, jumps, and is right again", test_time },
	{ "time ends at 1970, and at 2106 for the old command", test_time_ends },
	{ "lags are what the rule says, negative ones too", test_lag },
};

UNIT_MAIN("backdoor faults", cases)
