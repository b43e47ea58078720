/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-backdoor.c - the backdoor engine: commands, each step of a message, both ports
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/bytes.h"
#include "host/model/backdoor.h"
#include "tests/unit/bdguest.h"
#include "tests/unit/unit.h"

/* ---- commands -------------------------------------------------------------------------------- */

static void test_commands(void)
{
	static const struct {
		uint32_t cmd, ebx;
		struct bdoor_regs want;		/* 0 in a register: not looked at */
	} rows[] = {
		{ BDOOR_CMD_GETMHZ, 0, { .eax = 2500 } },
		{ BDOOR_CMD_GETVERSION, ~BDOOR_MAGIC, { .eax = 6, .ebx = BDOOR_MAGIC, .ecx = 2 } },
		{ BDOOR_CMD_GETHWVERSION, 0, { .eax = 21 } },
		{ BDOOR_CMD_GETUUID, 0, { .eax = 0x02014d56, .ebx = 0x06050403, .ecx = 0x0a090807,
					  .edx = 0x0e0d0c0b } },
		{ BDOOR_CMD_GETMEMSIZE, 0, { .eax = 512 } },
		{ BDOOR_CMD_GETTIME, 0, { .eax = 1700000000, .ebx = 123456, .ecx = 1000000 } },
		{ BDOOR_CMD_GETTIMEFULL, 0, { .eax = BDOOR_MAGIC, .ebx = 123456, .ecx = 1000000,
					      .edx = 1700000000, .edi = BDG_ANY } },
		{ BDOOR_CMD_GETTIMEFULL_LAG, 0, { .eax = BDOOR_MAGIC, .ebx = 123456,
						  .edx = 1700000000, .edi = 7 } },
		{ BDOOR_CMD_GETHZ, 0xffffffff, { .eax = 2500000000u, .ecx = 1000000000 } },
		{ BDOOR_CMD_STEALCLOCK, 0, { .eax = 0xffffffff } },
		{ 0, 0, { .eax = 0xffffffff, .esi = BDG_ANY, .edi = BDG_ANY } },
		{ 105, 0, { .eax = 0xffffffff, .esi = BDG_ANY, .edi = BDG_ANY } },
		{ 0xffff, 0, { .eax = 0xffffffff } },
	};
	struct bdg_seen s;
	struct bdoor *b = bdg_fresh(&s);
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bdoor_regs got = bdg_command(b, rows[i].cmd, rows[i].ebx);
		const uint32_t *w = &rows[i].want.eax, *g = &got.eax;

		for (j = 0; j < sizeof(got) / 4; j++)
			CU_ASSERT_TRUE(!w[j] || w[j] == g[j]);
	}
	CU_ASSERT_EQUAL(bdg_command(b, BDOOR_CMD_GETHZ, 0).ebx, 0);
	CU_ASSERT_EQUAL(bdg_command(b, BDOOR_CMD_GETTIMEFULL, 0).esi, 0);
	CU_ASSERT_EQUAL(bdg_command(b, BDOOR_CMD_GETDEVICELISTELEMENT, 0).eax, 0);
	CU_ASSERT_EQUAL(bdg_command(b, BDOOR_CMD_STOPCATCHUP, 0).eax, 0);
	CU_ASSERT_EQUAL(bdg_command(b, BDOOR_CMD_REPORTGUESTCRASH, 0).eax, 0);
	CU_ASSERT_EQUAL(bdg_command(b, BDOOR_CMD_GETGUIOPTIONS, 0).eax, 0);
	bdoor_gui_options_set(b, BDOOR_GUI_SYNC_TIME);
	CU_ASSERT_EQUAL(bdg_command(b, BDOOR_CMD_GETGUIOPTIONS, 0).eax, BDOOR_GUI_SYNC_TIME);
	CU_ASSERT_EQUAL(bdoor_stats(b)->crashes, 1);
	CU_ASSERT_EQUAL(s.crashes, 1);
	CU_ASSERT_EQUAL(bdoor_stats(b)->unknown, 3);
	bdoor_free(b);
}

static void test_no_time(void)
{
	struct bdg_seen s;
	struct bdoor *b = bdg_fresh(&s);

	s.no_time = true;
	CU_ASSERT_EQUAL(bdg_command(b, BDOOR_CMD_GETTIME, 0).eax, BDOOR_TIME_ERROR);
	CU_ASSERT_NOT_EQUAL(bdg_command(b, BDOOR_CMD_GETTIMEFULL, 0).eax, BDOOR_MAGIC);
	CU_ASSERT_NOT_EQUAL(bdg_command(b, BDOOR_CMD_GETTIMEFULL_LAG, 0).eax, BDOOR_MAGIC);
	bdoor_free(b);
}

/* ---- messages -------------------------------------------------------------------------------- */

static void test_rpci_lb(void)
{
	static const char *const texts[] = { "a", "ab", "abc", "abcd", "info-get guestinfo.x" };
	struct bdg_seen s;
	struct bdoor *b = bdg_fresh(&s);
	struct bdg_chan c;
	char buf[64], want[64];
	size_t i;

	CU_ASSERT_EQUAL(bdg_open(b, BDOOR_MSG_PROTO_RPCI, &c), BDOOR_MSG_SUCCESS);
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		CU_ASSERT_EQUAL(bdg_send_lb(b, &c, texts[i]), BDOOR_MSG_SUCCESS);
		CU_ASSERT_EQUAL(s.request_len, strlen(texts[i]));
		CU_ASSERT_EQUAL(memcmp(s.request, texts[i], s.request_len), 0);
		CU_ASSERT_EQUAL(bdg_receive_lb(b, &c, buf, sizeof(buf)), (long)strlen(texts[i]) + 2);
		snprintf(want, sizeof(want), "1 %s", texts[i]);
		CU_ASSERT_STRING_EQUAL(buf, want);
		CU_ASSERT_EQUAL(bdg_receive_lb(b, &c, buf, sizeof(buf)), 0);
	}
	CU_ASSERT_EQUAL(bdg_step(b, &c, BDOOR_MSG_CLOSE, 0).ecx, 0x00010000);
	CU_ASSERT_EQUAL(bdg_status(&(struct bdoor_regs){ .ecx = bdg_step(b, &c, BDOOR_MSG_CLOSE, 0).ecx }),
			BDOOR_MSG_CLOSED);
	CU_ASSERT_EQUAL(s.polls, 0);
	bdoor_free(b);
}

static void test_rpci_hb(void)
{
	struct bdg_seen s;
	struct bdoor *b = bdg_fresh(&s);
	struct bdg_chan c;
	char *big = malloc(BDOOR_MSG_SIZE_MAX), *back = malloc(BDOOR_MSG_SIZE_MAX);
	struct bdoor_regs r;

	memset(big, 'x', BDOOR_MSG_SIZE_MAX);
	bdg_open(b, BDOOR_MSG_PROTO_RPCI, &c);
	r = bdg_step(b, &c, BDOOR_MSG_SENDSIZE, BDOOR_MSG_SIZE_MAX);
	CU_ASSERT_EQUAL(bdg_status(&r), BDOOR_MSG_SUCCESS);
	CU_ASSERT_EQUAL(bdg_send_hb(b, &c, big, BDOOR_MSG_SIZE_MAX - 1), 0);
	CU_ASSERT_EQUAL(bdg_send_hb(b, &c, big, BDOOR_MSG_SIZE_MAX), BDOOR_HB_MESSAGE);
	CU_ASSERT_EQUAL(s.request_len, BDOOR_MSG_SIZE_MAX);
	r = bdg_step(b, &c, BDOOR_MSG_RECVSIZE, 0);
	CU_ASSERT_EQUAL(r.ebx, BDOOR_MSG_SIZE_MAX);
	CU_ASSERT_EQUAL(bdg_receive_hb(b, &c, back, 5), 0);
	CU_ASSERT_EQUAL(bdg_receive_hb(b, &c, back, BDOOR_MSG_SIZE_MAX), BDOOR_HB_MESSAGE);
	CU_ASSERT_EQUAL(back[0], '1');
	CU_ASSERT_EQUAL(back[BDOOR_MSG_SIZE_MAX - 1], 'x');
	CU_ASSERT_EQUAL(bdg_receive_hb(b, &c, back, BDOOR_MSG_SIZE_MAX), 0);	/* once is enough */
	r = bdg_step(b, &c, BDOOR_MSG_RECVSTATUS, r.edx >> 16);
	CU_ASSERT_EQUAL(bdg_status(&r), BDOOR_MSG_SUCCESS);
	free(big);
	free(back);
	bdoor_free(b);
}

static void test_hb_failures(void)
{
	struct bdg_seen s;
	struct bdoor *b = bdg_fresh(&s);
	struct bdg_chan c, wrong;
	struct bdoor_regs r = { .eax = BDOOR_MAGIC, .ebx = BDOOR_HB_MESSAGE, .ecx = 4 };
	char buf[16];

	bdg_open(b, BDOOR_MSG_PROTO_RPCI, &c);
	CU_ASSERT_EQUAL(bdg_send_hb(b, &c, "abcd", 4), 0);			/* no SENDSIZE before */
	CU_ASSERT_EQUAL(bdg_receive_hb(b, &c, buf, 4), 0);
	bdg_step(b, &c, BDOOR_MSG_SENDSIZE, 4);
	wrong = c;
	wrong.low++;
	CU_ASSERT_EQUAL(bdg_send_hb(b, &wrong, "abcd", 4), 0);
	CU_ASSERT_EQUAL(bdoor_stats(b)->bad_cookies, 1);
	r.edx = c.id << 16 | BDOOR_HB_PORT;
	r.ebp = c.high;
	r.edi = c.low;
	r.ebx = 0x00010001;						/* not MESSAGE */
	CU_ASSERT_EQUAL(bdoor_hb_begin(b, &r, false), -EINVAL);
	r.ebx = BDOOR_HB_MESSAGE;
	CU_ASSERT_EQUAL(bdoor_hb_begin(b, &r, false), 4);
	bdoor_hb_end(b, &r, false, NULL);				/* pages not there */
	CU_ASSERT_EQUAL(r.ebx, 0);
	CU_ASSERT_EQUAL(s.requests, 0);
	CU_ASSERT_EQUAL(bdg_send_hb(b, &c, "abcd", 4), BDOOR_HB_MESSAGE);	/* and it may try again */
	CU_ASSERT_EQUAL(s.requests, 1);
	bdoor_free(b);
}

static void test_wrong_cookie(void)
{
	static const uint32_t steps[] = {
		BDOOR_MSG_SENDSIZE, BDOOR_MSG_SENDPAYLOAD, BDOOR_MSG_RECVSIZE,
		BDOOR_MSG_RECVPAYLOAD, BDOOR_MSG_RECVSTATUS, BDOOR_MSG_CLOSE,
	};
	struct bdg_seen s;
	struct bdoor *b = bdg_fresh(&s);
	struct bdg_chan c, wrong;
	size_t i;

	bdg_open(b, BDOOR_MSG_PROTO_RPCI, &c);
	wrong = c;
	wrong.high ^= 1;
	for (i = 0; i < ARRAY_SIZE(steps); i++)
		CU_ASSERT_EQUAL(bdg_step(b, &wrong, steps[i], 1).ecx, 0);
	CU_ASSERT_EQUAL(bdoor_stats(b)->bad_cookies, ARRAY_SIZE(steps));
	CU_ASSERT_EQUAL(bdg_send_lb(b, &c, "ok"), BDOOR_MSG_SUCCESS);
	bdoor_free(b);
}

static void test_no_cookie(void)
{
	struct bdg_seen s;
	struct bdoor *b = bdg_fresh(&s);
	struct bdoor_regs r = bdg_command(b, BDOOR_CMD_MESSAGE, BDOOR_MSG_PROTO_RPCI);
	struct bdg_chan c = { .id = r.edx >> 16, .high = 5, .low = 6 };

	CU_ASSERT_EQUAL(r.ecx, 0x00010000);
	CU_ASSERT_EQUAL(r.esi, BDG_ANY);
	CU_ASSERT_EQUAL(bdg_send_lb(b, &c, "hello"), BDOOR_MSG_SUCCESS);
	bdoor_free(b);
}

static void test_wrong_steps(void)
{
	struct bdg_seen s;
	struct bdoor *b = bdg_fresh(&s);
	struct bdg_chan c, none = { .id = 77 }, far = { .id = 0xffff };

	CU_ASSERT_EQUAL(bdg_command(b, BDOOR_CMD_MESSAGE, 0x12345678).ecx, 0);
	CU_ASSERT_EQUAL(bdg_step(b, &none, BDOOR_MSG_SENDSIZE, 1).ecx >> 16, BDOOR_MSG_CLOSED);
	CU_ASSERT_EQUAL(bdg_step(b, &far, BDOOR_MSG_SENDSIZE, 1).ecx >> 16, BDOOR_MSG_CLOSED);
	bdg_open(b, BDOOR_MSG_PROTO_RPCI, &c);
	CU_ASSERT_EQUAL(bdg_step(b, &c, BDOOR_MSG_SENDPAYLOAD, 1).ecx, 0);
	CU_ASSERT_EQUAL(bdg_step(b, &c, BDOOR_MSG_RECVPAYLOAD, 1).ecx, 0);
	CU_ASSERT_EQUAL(bdg_step(b, &c, BDOOR_MSG_RECVSTATUS, 1).ecx, 0);
	CU_ASSERT_EQUAL(bdg_step(b, &c, 7, 1).ecx, 0);
	CU_ASSERT_EQUAL(bdg_step(b, &c, 0xffff, 1).ecx, 0);
	CU_ASSERT_EQUAL(bdg_step(b, &c, BDOOR_MSG_SENDSIZE, BDOOR_MSG_SIZE_MAX + 1).ecx, 0);
	CU_ASSERT_EQUAL(bdg_step(b, &c, BDOOR_MSG_SENDSIZE, 0xffffffff).ecx, 0);
	CU_ASSERT_EQUAL(bdoor_stats(b)->too_long, 2);
	bdg_step(b, &c, BDOOR_MSG_SENDSIZE, 8);
	CU_ASSERT_EQUAL(bdg_step(b, &c, BDOOR_MSG_RECVSIZE, 0).ecx, 0);		/* in the middle */
	CU_ASSERT_EQUAL(bdg_send_lb(b, &c, "again"), BDOOR_MSG_SUCCESS);
	bdg_step(b, &c, BDOOR_MSG_RECVSIZE, 0);
	CU_ASSERT_EQUAL(bdg_step(b, &c, BDOOR_MSG_RECVSTATUS, 1).ecx, 0);
	CU_ASSERT_EQUAL(s.requests, 1);
	bdoor_free(b);
}

static void test_refused_reply(void)
{
	struct bdg_seen s;
	struct bdoor *b = bdg_fresh(&s);
	struct bdg_chan c;
	char buf[32];

	bdg_open(b, BDOOR_MSG_PROTO_RPCI, &c);
	bdg_send_lb(b, &c, "abc");
	bdg_step(b, &c, BDOOR_MSG_RECVSIZE, 0);
	CU_ASSERT_EQUAL(bdg_step(b, &c, BDOOR_MSG_RECVSTATUS, 0).ecx >> 16, BDOOR_MSG_SUCCESS);
	CU_ASSERT_EQUAL(bdg_receive_lb(b, &c, buf, sizeof(buf)), 0);
	bdg_send_lb(b, &c, "abc");
	bdg_step(b, &c, BDOOR_MSG_RECVSIZE, 0);
	CU_ASSERT_EQUAL(bdg_step(b, &c, BDOOR_MSG_RECVPAYLOAD, 0).ecx >> 16, BDOOR_MSG_SUCCESS);
	CU_ASSERT_EQUAL(bdg_step(b, &c, BDOOR_MSG_RECVSTATUS, 0).ecx >> 16, BDOOR_MSG_SUCCESS);
	CU_ASSERT_EQUAL(bdg_receive_lb(b, &c, buf, sizeof(buf)), 0);
	bdoor_free(b);
}

static void test_channel_limit(void)
{
	struct bdg_seen s;
	struct bdoor *b = bdg_fresh(&s);
	struct bdg_chan c[BDOOR_CHANNELS_MAX], extra;
	bool used[BDOOR_CHANNELS_MAX] = { false };
	size_t i;

	for (i = 0; i < BDOOR_CHANNELS_MAX; i++) {
		CU_ASSERT_EQUAL(bdg_open(b, BDOOR_MSG_PROTO_RPCI, &c[i]), BDOOR_MSG_SUCCESS);
		CU_ASSERT_FATAL(c[i].id < BDOOR_CHANNELS_MAX && !used[c[i].id]);
		used[c[i].id] = true;
	}
	CU_ASSERT_EQUAL(bdg_open(b, BDOOR_MSG_PROTO_RPCI, &extra), 0);
	CU_ASSERT_EQUAL(bdoor_stats(b)->opens_refused, 1);
	CU_ASSERT_EQUAL(bdg_send_lb(b, &c[127], "still"), BDOOR_MSG_SUCCESS);
	bdg_step(b, &c[5], BDOOR_MSG_CLOSE, 0);
	CU_ASSERT_EQUAL(bdg_open(b, BDOOR_MSG_PROTO_RPCI, &extra), BDOOR_MSG_SUCCESS);
	CU_ASSERT_EQUAL(extra.id, c[5].id);
	bdoor_free(b);
}

static void test_rpci_op_fails(void)
{
	struct bdg_seen s;
	struct bdoor *b = bdg_fresh(&s);
	struct bdg_chan c;

	s.rpci_result = -ETIMEDOUT;
	bdg_open(b, BDOOR_MSG_PROTO_RPCI, &c);
	CU_ASSERT_FALSE(bdg_send_lb(b, &c, "slow") & BDOOR_MSG_SUCCESS);
	CU_ASSERT_EQUAL(bdg_step(b, &c, BDOOR_MSG_RECVSIZE, 0).ecx >> 16, BDOOR_MSG_CLOSED);
	CU_ASSERT_EQUAL(bdoor_stats(b)->rpci_failed, 1);
	bdoor_free(b);
}

static void test_reset_inside(void)
{
	struct bdg_seen s;
	struct bdoor *b = bdg_fresh(&s);
	struct bdg_chan c;

	s.reset_inside = true;
	bdg_open(b, BDOOR_MSG_PROTO_RPCI, &c);
	CU_ASSERT_EQUAL(bdg_send_lb(b, &c, "who"), BDOOR_MSG_CLOSED);
	CU_ASSERT_EQUAL(bdg_open(b, BDOOR_MSG_PROTO_RPCI, &c), BDOOR_MSG_SUCCESS);
	bdoor_free(b);
}

static void test_checkpoint(void)
{
	struct bdg_seen s;
	struct bdoor *b = bdg_fresh(&s);
	struct bdg_chan c, later;
	char buf[32];

	bdg_open(b, BDOOR_MSG_PROTO_RPCI, &c);
	bdg_step(b, &c, BDOOR_MSG_SENDSIZE, 8);
	bdg_step(b, &c, BDOOR_MSG_SENDPAYLOAD, 0x64636261);
	bdoor_checkpoint(b);
	bdg_open(b, BDOOR_MSG_PROTO_RPCI, &later);
	CU_ASSERT_EQUAL(bdg_step(b, &c, BDOOR_MSG_SENDPAYLOAD, 0).ecx >> 16, BDOOR_MSG_CHECKPOINT);
	CU_ASSERT_EQUAL(s.requests, 0);
	CU_ASSERT_EQUAL(bdg_send_lb(b, &c, "abcdefgh"), BDOOR_MSG_SUCCESS);	/* from SENDSIZE on */
	CU_ASSERT_EQUAL(s.requests, 1);
	bdg_step(b, &c, BDOOR_MSG_RECVSIZE, 0);
	bdoor_checkpoint(b);
	CU_ASSERT_EQUAL(bdg_step(b, &c, BDOOR_MSG_RECVSTATUS, 1).ecx >> 16, BDOOR_MSG_CHECKPOINT);
	CU_ASSERT_EQUAL(bdg_receive_lb(b, &c, buf, sizeof(buf)), 10);
	bdg_step(b, &c, BDOOR_MSG_SENDSIZE, 4);
	bdoor_checkpoint(b);
	CU_ASSERT_EQUAL(bdg_send_hb(b, &c, "abcd", 4), BDOOR_MSG_CHECKPOINT << 16);
	bdoor_free(b);
}

/* ---- the agent's channel --------------------------------------------------------------------- */

static void test_tclo(void)
{
	struct bdg_seen s;
	struct bdoor *b = bdg_fresh(&s);
	struct bdg_chan c;
	char buf[32];

	CU_ASSERT_EQUAL(bdoor_tclo_push(b, 1, 1, "x", 1), -ENOTCONN);
	bdg_open(b, BDOOR_MSG_PROTO_TCLO, &c);
	CU_ASSERT_EQUAL(s.what, BDOOR_TCLO_OPENED);
	CU_ASSERT_EQUAL(s.gen, bdoor_tclo_gen(b));
	CU_ASSERT_EQUAL(bdg_step(b, &c, BDOOR_MSG_SENDSIZE, 0).ecx >> 16, BDOOR_MSG_SUCCESS);
	CU_ASSERT_EQUAL(s.polls, 2);
	CU_ASSERT_EQUAL(bdg_receive_lb(b, &c, buf, sizeof(buf)), 0);
	CU_ASSERT_EQUAL(bdoor_tclo_push(b, s.gen, 41, "reset", 5), 0);
	CU_ASSERT_EQUAL(bdoor_tclo_push(b, s.gen, 42, "ping", 4), 0);
	CU_ASSERT_EQUAL(bdg_receive_lb(b, &c, buf, sizeof(buf)), 5);
	CU_ASSERT_STRING_EQUAL(buf, "reset");
	CU_ASSERT_EQUAL(s.what, BDOOR_TCLO_ACCEPTED);
	CU_ASSERT_EQUAL(s.seq, 41);
	CU_ASSERT_EQUAL(bdg_receive_lb(b, &c, buf, sizeof(buf)), 0);	/* first the reply */
	CU_ASSERT_EQUAL(bdg_send_lb(b, &c, "OK ATR toolbox"), BDOOR_MSG_SUCCESS);
	CU_ASSERT_EQUAL(s.what, BDOOR_TCLO_REPLIED);
	CU_ASSERT_EQUAL(s.seq, 41);
	CU_ASSERT_EQUAL(s.reply_len, 14);
	CU_ASSERT_EQUAL(bdg_receive_lb(b, &c, buf, sizeof(buf)), 4);
	CU_ASSERT_EQUAL(bdg_send_lb(b, &c, "OK "), BDOOR_MSG_SUCCESS);
	CU_ASSERT_EQUAL(s.seq, 42);
	CU_ASSERT_EQUAL(bdg_send_lb(b, &c, "OK ATR toolbox"), BDOOR_MSG_SUCCESS);	/* unasked: BSD */
	CU_ASSERT_EQUAL(s.seq, 0);
	bdg_step(b, &c, BDOOR_MSG_CLOSE, 0);
	CU_ASSERT_EQUAL(s.what, BDOOR_TCLO_CLOSED);
	CU_ASSERT_EQUAL(bdoor_tclo_gen(b), 0);
	bdoor_free(b);
}

static void test_tclo_refuse_cancel(void)
{
	struct bdg_seen s;
	struct bdoor *b = bdg_fresh(&s);
	struct bdg_chan c;
	char buf[32];
	uint32_t i;

	bdg_open(b, BDOOR_MSG_PROTO_TCLO, &c);
	for (i = 1; i <= BDOOR_TCLO_QUEUE; i++)
		CU_ASSERT_EQUAL(bdoor_tclo_push(b, s.gen, i, "cmd", 3), 0);
	CU_ASSERT_EQUAL(bdoor_tclo_push(b, s.gen, i, "cmd", 3), -ENOSPC);
	CU_ASSERT_EQUAL(bdoor_tclo_push(b, s.gen + 1, i, "cmd", 3), -ENOTCONN);
	CU_ASSERT_EQUAL(bdoor_tclo_push(b, s.gen, i, "", 0), -EMSGSIZE);
	bdg_step(b, &c, BDOOR_MSG_RECVSIZE, 0);
	bdg_step(b, &c, BDOOR_MSG_RECVSTATUS, 0);
	CU_ASSERT_EQUAL(s.what, BDOOR_TCLO_REFUSED);
	CU_ASSERT_EQUAL(s.seq, 1);
	bdg_step(b, &c, BDOOR_MSG_RECVSIZE, 0);
	bdoor_tclo_cancel(b, 2);		/* too late: it is being read */
	bdoor_tclo_cancel(b, 3);
	CU_ASSERT_EQUAL(bdg_receive_lb(b, &c, buf, sizeof(buf)), 3);
	CU_ASSERT_EQUAL(s.seq, 2);
	bdoor_tclo_cancel(b, 2);		/* nobody waits for its reply any more */
	CU_ASSERT_EQUAL(bdg_receive_lb(b, &c, buf, sizeof(buf)), 3);
	CU_ASSERT_EQUAL(s.seq, 4);
	bdoor_free(b);
}

static void test_tclo_second_client(void)
{
	struct bdg_seen s;
	struct bdoor *b = bdg_fresh(&s);
	struct bdg_chan first, second;
	char buf[32];
	uint32_t gen;

	bdg_open(b, BDOOR_MSG_PROTO_TCLO, &first);
	gen = s.gen;
	bdoor_tclo_push(b, gen, 1, "old", 3);
	bdg_open(b, BDOOR_MSG_PROTO_TCLO, &second);
	CU_ASSERT_EQUAL(s.closed, 1);
	CU_ASSERT_EQUAL(s.what, BDOOR_TCLO_OPENED);
	CU_ASSERT_NOT_EQUAL(s.gen, gen);
	CU_ASSERT_EQUAL(bdoor_tclo_push(b, gen, 2, "old", 3), -ENOTCONN);
	CU_ASSERT_EQUAL(bdg_receive_lb(b, &second, buf, sizeof(buf)), 0);
	bdoor_free(b);
}

static void test_reset(void)
{
	struct bdg_seen s;
	struct bdoor *b = bdg_fresh(&s);
	struct bdg_chan tclo, rpci;
	unsigned int events;

	bdg_open(b, BDOOR_MSG_PROTO_TCLO, &tclo);
	bdg_open(b, BDOOR_MSG_PROTO_RPCI, &rpci);
	bdoor_tclo_push(b, s.gen, 1, "old", 3);
	events = s.events;
	bdoor_reset(b);
	bdoor_reset(b);
	CU_ASSERT_EQUAL(s.events, events);
	CU_ASSERT_EQUAL(bdoor_tclo_gen(b), 0);
	CU_ASSERT_EQUAL(bdg_step(b, &rpci, BDOOR_MSG_RECVSIZE, 0).ecx >> 16, BDOOR_MSG_CLOSED);
	CU_ASSERT_EQUAL(bdoor_stats(b)->resets, 2);
	bdoor_free(b);
}

static void test_hb_advertised(void)
{
	struct bdoor_params p = bdg_params;
	struct bdg_seen s = { 0 };
	struct bdg_chan c;
	struct bdoor *b;

	p.high_bandwidth = true;
	b = bdoor_new(&p, &bdg_ops, &s);
	CU_ASSERT_EQUAL(bdg_open(b, BDOOR_MSG_PROTO_RPCI, &c), BDOOR_MSG_SUCCESS);
	CU_ASSERT_EQUAL(bdg_step(b, &c, BDOOR_MSG_SENDSIZE, 4).ecx >> 16,
			BDOOR_MSG_SUCCESS | BDOOR_MSG_HB);
	bdoor_free(b);
}

/* A BSD driver's turn: all lengths by registers, all bytes by the second port. */
static void test_bsd(void)
{
	struct bdg_seen s;
	struct bdoor *b = bdg_fresh(&s);
	struct bdg_chan c;
	struct bdoor_regs r;
	char buf[32] = "";

	bdg_open(b, BDOOR_MSG_PROTO_TCLO, &c);
	r = bdg_step(b, &c, BDOOR_MSG_SENDSIZE, 0);
	CU_ASSERT_TRUE(bdg_status(&r) & BDOOR_MSG_SUCCESS);
	bdoor_tclo_push(b, s.gen, 9, "OS_Halt", 7);
	r = bdg_step(b, &c, BDOOR_MSG_RECVSIZE, 0);
	CU_ASSERT_EQUAL(bdg_status(&r), BDOOR_MSG_SUCCESS | BDOOR_MSG_DORECV);
	CU_ASSERT_EQUAL(bdg_receive_hb(b, &c, buf, r.ebx), 0x00010000);
	CU_ASSERT_STRING_EQUAL(buf, "OS_Halt");
	r = bdg_step(b, &c, BDOOR_MSG_RECVSTATUS, r.edx >> 16);	/* they send back what they got */
	CU_ASSERT_TRUE(bdg_status(&r) & BDOOR_MSG_SUCCESS);
	bdg_step(b, &c, BDOOR_MSG_SENDSIZE, 3);
	CU_ASSERT_EQUAL(bdg_send_hb(b, &c, "OK ", 3), 0x00010000);
	CU_ASSERT_EQUAL(s.what, BDOOR_TCLO_REPLIED);
	CU_ASSERT_EQUAL(s.seq, 9);
	r = bdg_step(b, &c, BDOOR_MSG_CLOSE, 0);
	CU_ASSERT_EQUAL(r.ecx & 0xffff, 0);
	CU_ASSERT_NOT_EQUAL(r.ecx >> 16, 0);
	bdoor_free(b);
}

static const struct unit_case cases[] = {
	{ "each command answers in its registers", test_commands },
	{ "a host without a clock says so", test_no_time },
	{ "a request of any length goes out and its reply comes back by registers", test_rpci_lb },
	{ "a request of 64 KiB goes out and comes back by the second port", test_rpci_hb },
	{ "the second port refuses what the channel does not expect", test_hb_failures },
	{ "no step works with a wrong cookie", test_wrong_cookie },
	{ "a channel opened without a cookie needs none", test_no_cookie },
	{ "steps out of order fail and the channel lives on", test_wrong_steps },
	{ "a reply that the guest refuses is gone", test_refused_reply },
	{ "the 129th channel is refused, and a closed one makes room", test_channel_limit },
	{ "a request that the host does not answer closes its channel", test_rpci_op_fails },
	{ "a reset while a request is away leaves nothing behind", test_reset_inside },
	{ "a checkpoint fails one step and the guest begins anew", test_checkpoint },
	{ "commands go to the agent one by one, each with its reply", test_tclo },
	{ "a command may be refused by the guest or cancelled by the host",
	  test_tclo_refuse_cancel },
	{ "a second agent takes the channel and the first one's commands are gone",
	  test_tclo_second_client },
	{ "a reset clears all channels, and again does no harm", test_reset },
	{ "the second port is advertised where it is said to be", test_hb_advertised },
	{ "the conversation of a BSD driver works to the bit", test_bsd },
};

UNIT_MAIN("backdoor", cases)
