/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-backdoor.c - the backdoor engine: commands, each step of a message, both ports
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/bytes.h"
#include "host/model/backdoor.h"
#include "tests/unit/unit.h"

#define ANY	0x12345678u

/* What the ops saw last, and how they are to behave. */
struct seen {
	struct bdoor *b;
	char request[128];
	size_t request_len;
	unsigned int requests;
	long rpci_result;	/* 0 = echo; else returned */
	bool reset_inside;	/* the machine is reset while the request is away */
	bool no_time;
	unsigned int polls;
	unsigned int crashes;
	enum bdoor_tclo what;
	uint32_t gen, seq;
	char reply[128];
	size_t reply_len;
	unsigned int events, closed;
};

static uint64_t op_random(void *data)
{
	return 0x1122334455667788u;
}

static bool op_time(void *data, struct bdoor_time *ret)
{
	struct seen *s = data;

	*ret = (struct bdoor_time){ .sec = 1700000000, .usec = 123456, .lag_us = 1000000,
				    .irq_lag_us = 7 };
	return !s->no_time;
}

static long op_rpci(void *data, const void *msg, size_t len, void *reply, size_t room)
{
	struct seen *s = data;

	s->requests++;
	s->request_len = len;
	memcpy(s->request, msg, len < sizeof(s->request) ? len : sizeof(s->request));
	if (s->reset_inside)
		bdoor_reset(s->b);
	if (s->rpci_result)
		return s->rpci_result;
	memcpy(reply, "1 ", 2);
	if (len > room - 2)
		len = room - 2;
	memcpy((char *)reply + 2, msg, len);
	return (long)len + 2;
}

static void op_tclo(void *data, enum bdoor_tclo what, uint32_t gen, uint32_t seq, const void *msg,
		    size_t len)
{
	struct seen *s = data;

	s->events++;
	s->closed += what == BDOOR_TCLO_CLOSED;
	s->what = what;
	s->gen = gen;
	s->seq = seq;
	s->reply_len = len;
	if (len)
		memcpy(s->reply, msg, len < sizeof(s->reply) ? len : sizeof(s->reply));
}

static void op_polled(void *data)
{
	((struct seen *)data)->polls++;
}

static void op_crashed(void *data)
{
	((struct seen *)data)->crashes++;
}

static const struct bdoor_ops ops = {
	.random = op_random, .time = op_time, .rpci = op_rpci, .tclo = op_tclo, .polled = op_polled,
	.crashed = op_crashed,
};

static const struct bdoor_params params = {
	.tsc_khz = 2500000, .apic_khz = 1000000, .memory_mib = 512, .product = BDOOR_PRODUCT_ESX,
	.hw_version = 21,
	.uuid = { 0x56, 0x4d, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14 },
};

static struct bdoor *fresh(struct seen *s)
{
	memset(s, 0, sizeof(*s));
	s->b = bdoor_new(&params, &ops, s);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s->b);
	return s->b;
}

/* ---- a guest's side of the port -------------------------------------------------------------- */

struct guest_chan {
	uint32_t id, high, low;
};

static struct bdoor_regs command(struct bdoor *b, uint32_t cmd, uint32_t ebx)
{
	struct bdoor_regs r = { .eax = BDOOR_MAGIC, .ebx = ebx, .ecx = cmd, .edx = BDOOR_PORT,
				.esi = ANY, .edi = ANY, .ebp = ANY };

	bdoor_call(b, &r);
	return r;
}

static struct bdoor_regs step(struct bdoor *b, const struct guest_chan *c, uint32_t type,
			      uint32_t ebx)
{
	struct bdoor_regs r = { .eax = BDOOR_MAGIC, .ebx = ebx,
				.ecx = type << 16 | BDOOR_CMD_MESSAGE,
				.edx = c->id << 16 | BDOOR_PORT, .esi = c->high, .edi = c->low };

	bdoor_call(b, &r);
	CU_ASSERT_EQUAL(r.ecx & 0xffff, 0);
	return r;
}

static uint32_t status(const struct bdoor_regs *r)
{
	return r->ecx >> 16;
}

static uint32_t open_channel(struct bdoor *b, uint32_t proto, struct guest_chan *ret)
{
	struct bdoor_regs r = command(b, BDOOR_CMD_MESSAGE, proto | BDOOR_MSG_OPEN_COOKIE);

	*ret = (struct guest_chan){ .id = r.edx >> 16, .high = r.esi, .low = r.edi };
	if (status(&r)) {
		CU_ASSERT_EQUAL(r.ecx, 0x00010000);
		CU_ASSERT_EQUAL(r.edx & 0xffff, 0);
	}
	return status(&r);
}

static uint32_t send_lb(struct bdoor *b, const struct guest_chan *c, const char *text)
{
	size_t len = strlen(text), i;
	struct bdoor_regs r = step(b, c, BDOOR_MSG_SENDSIZE, (uint32_t)len);

	for (i = 0; (status(&r) & BDOOR_MSG_SUCCESS) && i < len; i += 4) {
		char word[4] = { 0 };

		memcpy(word, text + i, len - i < 4 ? len - i : 4);
		r = step(b, c, BDOOR_MSG_SENDPAYLOAD, get_le32(word));
	}
	return status(&r);
}

/* Returns the length, 0 when nothing waits, -1 on failure. */
static long receive_lb(struct bdoor *b, const struct guest_chan *c, char *buf, size_t room)
{
	struct bdoor_regs r = step(b, c, BDOOR_MSG_RECVSIZE, 0);
	uint32_t len = r.ebx, i, edx = r.edx;

	if (!(status(&r) & BDOOR_MSG_SUCCESS))
		return -1;
	if (!(status(&r) & BDOOR_MSG_DORECV))
		return 0;
	CU_ASSERT_EQUAL(edx >> 16, BDOOR_MSG_SENDSIZE);
	CU_ASSERT_FATAL(len < room);
	for (i = 0; i < len; i += 4) {
		char word[4];

		r = step(b, c, BDOOR_MSG_RECVPAYLOAD, BDOOR_MSG_SUCCESS);
		if (status(&r) != BDOOR_MSG_SUCCESS)
			return -1;
		CU_ASSERT_EQUAL(r.edx >> 16, BDOOR_MSG_SENDPAYLOAD);
		put_le32(word, r.ebx);
		memcpy(buf + i, word, len - i < 4 ? len - i : 4);
	}
	buf[len] = '\0';
	r = step(b, c, BDOOR_MSG_RECVSTATUS, edx >> 16);
	return status(&r) & BDOOR_MSG_SUCCESS ? (long)len : -1;
}

/* The high-bandwidth port; returns EBX. */
static uint32_t send_hb(struct bdoor *b, const struct guest_chan *c, const char *text, size_t len)
{
	struct bdoor_regs r = { .eax = BDOOR_MAGIC, .ebx = BDOOR_HB_MESSAGE, .ecx = (uint32_t)len,
				.edx = c->id << 16 | BDOOR_HB_PORT, .esi = ANY, .ebp = c->high,
				.edi = c->low };
	long n = bdoor_hb_begin(b, &r, false);

	if (n < 0)
		return r.ebx;
	CU_ASSERT_EQUAL((size_t)n, len);
	bdoor_hb_end(b, &r, false, text);
	return r.ebx;
}

static uint32_t receive_hb(struct bdoor *b, const struct guest_chan *c, char *buf, size_t len)
{
	struct bdoor_regs r = { .eax = BDOOR_MAGIC, .ebx = BDOOR_HB_MESSAGE, .ecx = (uint32_t)len,
				.edx = c->id << 16 | BDOOR_HB_PORT, .edi = ANY, .esi = c->high,
				.ebp = c->low };

	if (bdoor_hb_begin(b, &r, true) < 0)
		return r.ebx;
	bdoor_hb_peek(b, &r, buf);
	bdoor_hb_end(b, &r, true, buf);
	return r.ebx;
}

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
					      .edx = 1700000000, .edi = ANY } },
		{ BDOOR_CMD_GETTIMEFULL_LAG, 0, { .eax = BDOOR_MAGIC, .ebx = 123456,
						  .edx = 1700000000, .edi = 7 } },
		{ BDOOR_CMD_GETHZ, 0xffffffff, { .eax = 2500000000u, .ecx = 1000000000 } },
		{ BDOOR_CMD_STEALCLOCK, 0, { .eax = 0xffffffff } },
		{ 0, 0, { .eax = 0xffffffff, .esi = ANY, .edi = ANY } },
		{ 105, 0, { .eax = 0xffffffff, .esi = ANY, .edi = ANY } },
		{ 0xffff, 0, { .eax = 0xffffffff } },
	};
	struct seen s;
	struct bdoor *b = fresh(&s);
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bdoor_regs got = command(b, rows[i].cmd, rows[i].ebx);
		const uint32_t *w = &rows[i].want.eax, *g = &got.eax;

		for (j = 0; j < sizeof(got) / 4; j++)
			CU_ASSERT_TRUE(!w[j] || w[j] == g[j]);
	}
	CU_ASSERT_EQUAL(command(b, BDOOR_CMD_GETHZ, 0).ebx, 0);
	CU_ASSERT_EQUAL(command(b, BDOOR_CMD_GETTIMEFULL, 0).esi, 0);
	CU_ASSERT_EQUAL(command(b, BDOOR_CMD_GETDEVICELISTELEMENT, 0).eax, 0);
	CU_ASSERT_EQUAL(command(b, BDOOR_CMD_STOPCATCHUP, 0).eax, 0);
	CU_ASSERT_EQUAL(command(b, BDOOR_CMD_REPORTGUESTCRASH, 0).eax, 0);
	CU_ASSERT_EQUAL(command(b, BDOOR_CMD_GETGUIOPTIONS, 0).eax, 0);
	bdoor_gui_options_set(b, BDOOR_GUI_SYNC_TIME);
	CU_ASSERT_EQUAL(command(b, BDOOR_CMD_GETGUIOPTIONS, 0).eax, BDOOR_GUI_SYNC_TIME);
	CU_ASSERT_EQUAL(bdoor_stats(b)->crashes, 1);
	CU_ASSERT_EQUAL(s.crashes, 1);
	CU_ASSERT_EQUAL(bdoor_stats(b)->unknown, 3);
	bdoor_free(b);
}

static void test_no_time(void)
{
	struct seen s;
	struct bdoor *b = fresh(&s);

	s.no_time = true;
	CU_ASSERT_EQUAL(command(b, BDOOR_CMD_GETTIME, 0).eax, BDOOR_TIME_ERROR);
	CU_ASSERT_NOT_EQUAL(command(b, BDOOR_CMD_GETTIMEFULL, 0).eax, BDOOR_MAGIC);
	CU_ASSERT_NOT_EQUAL(command(b, BDOOR_CMD_GETTIMEFULL_LAG, 0).eax, BDOOR_MAGIC);
	bdoor_free(b);
}

/* ---- messages -------------------------------------------------------------------------------- */

static void test_rpci_lb(void)
{
	static const char *const texts[] = { "a", "ab", "abc", "abcd", "info-get guestinfo.x" };
	struct seen s;
	struct bdoor *b = fresh(&s);
	struct guest_chan c;
	char buf[64], want[64];
	size_t i;

	CU_ASSERT_EQUAL(open_channel(b, BDOOR_MSG_PROTO_RPCI, &c), BDOOR_MSG_SUCCESS);
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		CU_ASSERT_EQUAL(send_lb(b, &c, texts[i]), BDOOR_MSG_SUCCESS);
		CU_ASSERT_EQUAL(s.request_len, strlen(texts[i]));
		CU_ASSERT_EQUAL(memcmp(s.request, texts[i], s.request_len), 0);
		CU_ASSERT_EQUAL(receive_lb(b, &c, buf, sizeof(buf)), (long)strlen(texts[i]) + 2);
		snprintf(want, sizeof(want), "1 %s", texts[i]);
		CU_ASSERT_STRING_EQUAL(buf, want);
		CU_ASSERT_EQUAL(receive_lb(b, &c, buf, sizeof(buf)), 0);
	}
	CU_ASSERT_EQUAL(step(b, &c, BDOOR_MSG_CLOSE, 0).ecx, 0x00010000);
	CU_ASSERT_EQUAL(status(&(struct bdoor_regs){ .ecx = step(b, &c, BDOOR_MSG_CLOSE, 0).ecx }),
			BDOOR_MSG_CLOSED);
	CU_ASSERT_EQUAL(s.polls, 0);
	bdoor_free(b);
}

static void test_rpci_hb(void)
{
	struct seen s;
	struct bdoor *b = fresh(&s);
	struct guest_chan c;
	char *big = malloc(BDOOR_MSG_SIZE_MAX), *back = malloc(BDOOR_MSG_SIZE_MAX);
	struct bdoor_regs r;

	memset(big, 'x', BDOOR_MSG_SIZE_MAX);
	open_channel(b, BDOOR_MSG_PROTO_RPCI, &c);
	r = step(b, &c, BDOOR_MSG_SENDSIZE, BDOOR_MSG_SIZE_MAX);
	CU_ASSERT_EQUAL(status(&r), BDOOR_MSG_SUCCESS);
	CU_ASSERT_EQUAL(send_hb(b, &c, big, BDOOR_MSG_SIZE_MAX - 1), 0);
	CU_ASSERT_EQUAL(send_hb(b, &c, big, BDOOR_MSG_SIZE_MAX), BDOOR_HB_MESSAGE);
	CU_ASSERT_EQUAL(s.request_len, BDOOR_MSG_SIZE_MAX);
	r = step(b, &c, BDOOR_MSG_RECVSIZE, 0);
	CU_ASSERT_EQUAL(r.ebx, BDOOR_MSG_SIZE_MAX);
	CU_ASSERT_EQUAL(receive_hb(b, &c, back, 5), 0);
	CU_ASSERT_EQUAL(receive_hb(b, &c, back, BDOOR_MSG_SIZE_MAX), BDOOR_HB_MESSAGE);
	CU_ASSERT_EQUAL(back[0], '1');
	CU_ASSERT_EQUAL(back[BDOOR_MSG_SIZE_MAX - 1], 'x');
	CU_ASSERT_EQUAL(receive_hb(b, &c, back, BDOOR_MSG_SIZE_MAX), 0);	/* once is enough */
	r = step(b, &c, BDOOR_MSG_RECVSTATUS, r.edx >> 16);
	CU_ASSERT_EQUAL(status(&r), BDOOR_MSG_SUCCESS);
	free(big);
	free(back);
	bdoor_free(b);
}

static void test_hb_failures(void)
{
	struct seen s;
	struct bdoor *b = fresh(&s);
	struct guest_chan c, wrong;
	struct bdoor_regs r = { .eax = BDOOR_MAGIC, .ebx = BDOOR_HB_MESSAGE, .ecx = 4 };
	char buf[16];

	open_channel(b, BDOOR_MSG_PROTO_RPCI, &c);
	CU_ASSERT_EQUAL(send_hb(b, &c, "abcd", 4), 0);			/* no SENDSIZE before */
	CU_ASSERT_EQUAL(receive_hb(b, &c, buf, 4), 0);
	step(b, &c, BDOOR_MSG_SENDSIZE, 4);
	wrong = c;
	wrong.low++;
	CU_ASSERT_EQUAL(send_hb(b, &wrong, "abcd", 4), 0);
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
	CU_ASSERT_EQUAL(send_hb(b, &c, "abcd", 4), BDOOR_HB_MESSAGE);	/* and it may try again */
	CU_ASSERT_EQUAL(s.requests, 1);
	bdoor_free(b);
}

static void test_wrong_cookie(void)
{
	static const uint32_t steps[] = {
		BDOOR_MSG_SENDSIZE, BDOOR_MSG_SENDPAYLOAD, BDOOR_MSG_RECVSIZE,
		BDOOR_MSG_RECVPAYLOAD, BDOOR_MSG_RECVSTATUS, BDOOR_MSG_CLOSE,
	};
	struct seen s;
	struct bdoor *b = fresh(&s);
	struct guest_chan c, wrong;
	size_t i;

	open_channel(b, BDOOR_MSG_PROTO_RPCI, &c);
	wrong = c;
	wrong.high ^= 1;
	for (i = 0; i < ARRAY_SIZE(steps); i++)
		CU_ASSERT_EQUAL(step(b, &wrong, steps[i], 1).ecx, 0);
	CU_ASSERT_EQUAL(bdoor_stats(b)->bad_cookies, ARRAY_SIZE(steps));
	CU_ASSERT_EQUAL(send_lb(b, &c, "ok"), BDOOR_MSG_SUCCESS);
	bdoor_free(b);
}

static void test_no_cookie(void)
{
	struct seen s;
	struct bdoor *b = fresh(&s);
	struct bdoor_regs r = command(b, BDOOR_CMD_MESSAGE, BDOOR_MSG_PROTO_RPCI);
	struct guest_chan c = { .id = r.edx >> 16, .high = 5, .low = 6 };

	CU_ASSERT_EQUAL(r.ecx, 0x00010000);
	CU_ASSERT_EQUAL(r.esi, ANY);
	CU_ASSERT_EQUAL(send_lb(b, &c, "hello"), BDOOR_MSG_SUCCESS);
	bdoor_free(b);
}

static void test_wrong_steps(void)
{
	struct seen s;
	struct bdoor *b = fresh(&s);
	struct guest_chan c, none = { .id = 77 }, far = { .id = 0xffff };

	CU_ASSERT_EQUAL(command(b, BDOOR_CMD_MESSAGE, 0x12345678).ecx, 0);
	CU_ASSERT_EQUAL(step(b, &none, BDOOR_MSG_SENDSIZE, 1).ecx >> 16, BDOOR_MSG_CLOSED);
	CU_ASSERT_EQUAL(step(b, &far, BDOOR_MSG_SENDSIZE, 1).ecx >> 16, BDOOR_MSG_CLOSED);
	open_channel(b, BDOOR_MSG_PROTO_RPCI, &c);
	CU_ASSERT_EQUAL(step(b, &c, BDOOR_MSG_SENDPAYLOAD, 1).ecx, 0);
	CU_ASSERT_EQUAL(step(b, &c, BDOOR_MSG_RECVPAYLOAD, 1).ecx, 0);
	CU_ASSERT_EQUAL(step(b, &c, BDOOR_MSG_RECVSTATUS, 1).ecx, 0);
	CU_ASSERT_EQUAL(step(b, &c, 7, 1).ecx, 0);
	CU_ASSERT_EQUAL(step(b, &c, 0xffff, 1).ecx, 0);
	CU_ASSERT_EQUAL(step(b, &c, BDOOR_MSG_SENDSIZE, BDOOR_MSG_SIZE_MAX + 1).ecx, 0);
	CU_ASSERT_EQUAL(step(b, &c, BDOOR_MSG_SENDSIZE, 0xffffffff).ecx, 0);
	CU_ASSERT_EQUAL(bdoor_stats(b)->too_long, 2);
	step(b, &c, BDOOR_MSG_SENDSIZE, 8);
	CU_ASSERT_EQUAL(step(b, &c, BDOOR_MSG_RECVSIZE, 0).ecx, 0);		/* in the middle */
	CU_ASSERT_EQUAL(send_lb(b, &c, "again"), BDOOR_MSG_SUCCESS);
	step(b, &c, BDOOR_MSG_RECVSIZE, 0);
	CU_ASSERT_EQUAL(step(b, &c, BDOOR_MSG_RECVSTATUS, 1).ecx, 0);
	CU_ASSERT_EQUAL(s.requests, 1);
	bdoor_free(b);
}

static void test_refused_reply(void)
{
	struct seen s;
	struct bdoor *b = fresh(&s);
	struct guest_chan c;
	char buf[32];

	open_channel(b, BDOOR_MSG_PROTO_RPCI, &c);
	send_lb(b, &c, "abc");
	step(b, &c, BDOOR_MSG_RECVSIZE, 0);
	CU_ASSERT_EQUAL(step(b, &c, BDOOR_MSG_RECVSTATUS, 0).ecx >> 16, BDOOR_MSG_SUCCESS);
	CU_ASSERT_EQUAL(receive_lb(b, &c, buf, sizeof(buf)), 0);
	send_lb(b, &c, "abc");
	step(b, &c, BDOOR_MSG_RECVSIZE, 0);
	CU_ASSERT_EQUAL(step(b, &c, BDOOR_MSG_RECVPAYLOAD, 0).ecx >> 16, BDOOR_MSG_SUCCESS);
	CU_ASSERT_EQUAL(step(b, &c, BDOOR_MSG_RECVSTATUS, 0).ecx >> 16, BDOOR_MSG_SUCCESS);
	CU_ASSERT_EQUAL(receive_lb(b, &c, buf, sizeof(buf)), 0);
	bdoor_free(b);
}

static void test_channel_limit(void)
{
	struct seen s;
	struct bdoor *b = fresh(&s);
	struct guest_chan c[BDOOR_CHANNELS_MAX], extra;
	bool used[BDOOR_CHANNELS_MAX] = { false };
	size_t i;

	for (i = 0; i < BDOOR_CHANNELS_MAX; i++) {
		CU_ASSERT_EQUAL(open_channel(b, BDOOR_MSG_PROTO_RPCI, &c[i]), BDOOR_MSG_SUCCESS);
		CU_ASSERT_FATAL(c[i].id < BDOOR_CHANNELS_MAX && !used[c[i].id]);
		used[c[i].id] = true;
	}
	CU_ASSERT_EQUAL(open_channel(b, BDOOR_MSG_PROTO_RPCI, &extra), 0);
	CU_ASSERT_EQUAL(bdoor_stats(b)->opens_refused, 1);
	CU_ASSERT_EQUAL(send_lb(b, &c[127], "still"), BDOOR_MSG_SUCCESS);
	step(b, &c[5], BDOOR_MSG_CLOSE, 0);
	CU_ASSERT_EQUAL(open_channel(b, BDOOR_MSG_PROTO_RPCI, &extra), BDOOR_MSG_SUCCESS);
	CU_ASSERT_EQUAL(extra.id, c[5].id);
	bdoor_free(b);
}

static void test_rpci_op_fails(void)
{
	struct seen s;
	struct bdoor *b = fresh(&s);
	struct guest_chan c;

	s.rpci_result = -ETIMEDOUT;
	open_channel(b, BDOOR_MSG_PROTO_RPCI, &c);
	CU_ASSERT_FALSE(send_lb(b, &c, "slow") & BDOOR_MSG_SUCCESS);
	CU_ASSERT_EQUAL(step(b, &c, BDOOR_MSG_RECVSIZE, 0).ecx >> 16, BDOOR_MSG_CLOSED);
	CU_ASSERT_EQUAL(bdoor_stats(b)->rpci_failed, 1);
	bdoor_free(b);
}

static void test_reset_inside(void)
{
	struct seen s;
	struct bdoor *b = fresh(&s);
	struct guest_chan c;

	s.reset_inside = true;
	open_channel(b, BDOOR_MSG_PROTO_RPCI, &c);
	CU_ASSERT_EQUAL(send_lb(b, &c, "who"), BDOOR_MSG_CLOSED);
	CU_ASSERT_EQUAL(open_channel(b, BDOOR_MSG_PROTO_RPCI, &c), BDOOR_MSG_SUCCESS);
	bdoor_free(b);
}

static void test_checkpoint(void)
{
	struct seen s;
	struct bdoor *b = fresh(&s);
	struct guest_chan c, later;
	char buf[32];

	open_channel(b, BDOOR_MSG_PROTO_RPCI, &c);
	step(b, &c, BDOOR_MSG_SENDSIZE, 8);
	step(b, &c, BDOOR_MSG_SENDPAYLOAD, 0x64636261);
	bdoor_checkpoint(b);
	open_channel(b, BDOOR_MSG_PROTO_RPCI, &later);
	CU_ASSERT_EQUAL(step(b, &c, BDOOR_MSG_SENDPAYLOAD, 0).ecx >> 16, BDOOR_MSG_CHECKPOINT);
	CU_ASSERT_EQUAL(s.requests, 0);
	CU_ASSERT_EQUAL(send_lb(b, &c, "abcdefgh"), BDOOR_MSG_SUCCESS);	/* from SENDSIZE on */
	CU_ASSERT_EQUAL(s.requests, 1);
	step(b, &c, BDOOR_MSG_RECVSIZE, 0);
	bdoor_checkpoint(b);
	CU_ASSERT_EQUAL(step(b, &c, BDOOR_MSG_RECVSTATUS, 1).ecx >> 16, BDOOR_MSG_CHECKPOINT);
	CU_ASSERT_EQUAL(receive_lb(b, &c, buf, sizeof(buf)), 10);
	step(b, &c, BDOOR_MSG_SENDSIZE, 4);
	bdoor_checkpoint(b);
	CU_ASSERT_EQUAL(send_hb(b, &c, "abcd", 4), BDOOR_MSG_CHECKPOINT << 16);
	bdoor_free(b);
}

/* ---- the agent's channel --------------------------------------------------------------------- */

static void test_tclo(void)
{
	struct seen s;
	struct bdoor *b = fresh(&s);
	struct guest_chan c;
	char buf[32];

	CU_ASSERT_EQUAL(bdoor_tclo_push(b, 1, 1, "x", 1), -ENOTCONN);
	open_channel(b, BDOOR_MSG_PROTO_TCLO, &c);
	CU_ASSERT_EQUAL(s.what, BDOOR_TCLO_OPENED);
	CU_ASSERT_EQUAL(s.gen, bdoor_tclo_gen(b));
	CU_ASSERT_EQUAL(step(b, &c, BDOOR_MSG_SENDSIZE, 0).ecx >> 16, BDOOR_MSG_SUCCESS);
	CU_ASSERT_EQUAL(s.polls, 2);
	CU_ASSERT_EQUAL(receive_lb(b, &c, buf, sizeof(buf)), 0);
	CU_ASSERT_EQUAL(bdoor_tclo_push(b, s.gen, 41, "reset", 5), 0);
	CU_ASSERT_EQUAL(bdoor_tclo_push(b, s.gen, 42, "ping", 4), 0);
	CU_ASSERT_EQUAL(receive_lb(b, &c, buf, sizeof(buf)), 5);
	CU_ASSERT_STRING_EQUAL(buf, "reset");
	CU_ASSERT_EQUAL(s.what, BDOOR_TCLO_ACCEPTED);
	CU_ASSERT_EQUAL(s.seq, 41);
	CU_ASSERT_EQUAL(receive_lb(b, &c, buf, sizeof(buf)), 0);	/* first the reply */
	CU_ASSERT_EQUAL(send_lb(b, &c, "OK ATR toolbox"), BDOOR_MSG_SUCCESS);
	CU_ASSERT_EQUAL(s.what, BDOOR_TCLO_REPLIED);
	CU_ASSERT_EQUAL(s.seq, 41);
	CU_ASSERT_EQUAL(s.reply_len, 14);
	CU_ASSERT_EQUAL(receive_lb(b, &c, buf, sizeof(buf)), 4);
	CU_ASSERT_EQUAL(send_lb(b, &c, "OK "), BDOOR_MSG_SUCCESS);
	CU_ASSERT_EQUAL(s.seq, 42);
	CU_ASSERT_EQUAL(send_lb(b, &c, "OK ATR toolbox"), BDOOR_MSG_SUCCESS);	/* unasked: BSD */
	CU_ASSERT_EQUAL(s.seq, 0);
	step(b, &c, BDOOR_MSG_CLOSE, 0);
	CU_ASSERT_EQUAL(s.what, BDOOR_TCLO_CLOSED);
	CU_ASSERT_EQUAL(bdoor_tclo_gen(b), 0);
	bdoor_free(b);
}

static void test_tclo_refuse_cancel(void)
{
	struct seen s;
	struct bdoor *b = fresh(&s);
	struct guest_chan c;
	char buf[32];
	uint32_t i;

	open_channel(b, BDOOR_MSG_PROTO_TCLO, &c);
	for (i = 1; i <= BDOOR_TCLO_QUEUE; i++)
		CU_ASSERT_EQUAL(bdoor_tclo_push(b, s.gen, i, "cmd", 3), 0);
	CU_ASSERT_EQUAL(bdoor_tclo_push(b, s.gen, i, "cmd", 3), -ENOSPC);
	CU_ASSERT_EQUAL(bdoor_tclo_push(b, s.gen + 1, i, "cmd", 3), -ENOTCONN);
	CU_ASSERT_EQUAL(bdoor_tclo_push(b, s.gen, i, "", 0), -EMSGSIZE);
	step(b, &c, BDOOR_MSG_RECVSIZE, 0);
	step(b, &c, BDOOR_MSG_RECVSTATUS, 0);
	CU_ASSERT_EQUAL(s.what, BDOOR_TCLO_REFUSED);
	CU_ASSERT_EQUAL(s.seq, 1);
	step(b, &c, BDOOR_MSG_RECVSIZE, 0);
	bdoor_tclo_cancel(b, 2);		/* too late: it is being read */
	bdoor_tclo_cancel(b, 3);
	CU_ASSERT_EQUAL(receive_lb(b, &c, buf, sizeof(buf)), 3);
	CU_ASSERT_EQUAL(s.seq, 2);
	bdoor_tclo_cancel(b, 2);		/* nobody waits for its reply any more */
	CU_ASSERT_EQUAL(receive_lb(b, &c, buf, sizeof(buf)), 3);
	CU_ASSERT_EQUAL(s.seq, 4);
	bdoor_free(b);
}

static void test_tclo_second_client(void)
{
	struct seen s;
	struct bdoor *b = fresh(&s);
	struct guest_chan first, second;
	char buf[32];
	uint32_t gen;

	open_channel(b, BDOOR_MSG_PROTO_TCLO, &first);
	gen = s.gen;
	bdoor_tclo_push(b, gen, 1, "old", 3);
	open_channel(b, BDOOR_MSG_PROTO_TCLO, &second);
	CU_ASSERT_EQUAL(s.closed, 1);
	CU_ASSERT_EQUAL(s.what, BDOOR_TCLO_OPENED);
	CU_ASSERT_NOT_EQUAL(s.gen, gen);
	CU_ASSERT_EQUAL(bdoor_tclo_push(b, gen, 2, "old", 3), -ENOTCONN);
	CU_ASSERT_EQUAL(receive_lb(b, &second, buf, sizeof(buf)), 0);
	bdoor_free(b);
}

static void test_reset(void)
{
	struct seen s;
	struct bdoor *b = fresh(&s);
	struct guest_chan tclo, rpci;
	unsigned int events;

	open_channel(b, BDOOR_MSG_PROTO_TCLO, &tclo);
	open_channel(b, BDOOR_MSG_PROTO_RPCI, &rpci);
	bdoor_tclo_push(b, s.gen, 1, "old", 3);
	events = s.events;
	bdoor_reset(b);
	bdoor_reset(b);
	CU_ASSERT_EQUAL(s.events, events);
	CU_ASSERT_EQUAL(bdoor_tclo_gen(b), 0);
	CU_ASSERT_EQUAL(step(b, &rpci, BDOOR_MSG_RECVSIZE, 0).ecx >> 16, BDOOR_MSG_CLOSED);
	CU_ASSERT_EQUAL(bdoor_stats(b)->resets, 2);
	bdoor_free(b);
}

static void test_hb_advertised(void)
{
	struct bdoor_params p = params;
	struct seen s = { 0 };
	struct guest_chan c;
	struct bdoor *b;

	p.high_bandwidth = true;
	b = bdoor_new(&p, &ops, &s);
	CU_ASSERT_EQUAL(open_channel(b, BDOOR_MSG_PROTO_RPCI, &c), BDOOR_MSG_SUCCESS);
	CU_ASSERT_EQUAL(step(b, &c, BDOOR_MSG_SENDSIZE, 4).ecx >> 16,
			BDOOR_MSG_SUCCESS | BDOOR_MSG_HB);
	bdoor_free(b);
}

/* A BSD driver's turn: all lengths by registers, all bytes by the second port. */
static void test_bsd(void)
{
	struct seen s;
	struct bdoor *b = fresh(&s);
	struct guest_chan c;
	struct bdoor_regs r;
	char buf[32] = "";

	open_channel(b, BDOOR_MSG_PROTO_TCLO, &c);
	r = step(b, &c, BDOOR_MSG_SENDSIZE, 0);
	CU_ASSERT_TRUE(status(&r) & BDOOR_MSG_SUCCESS);
	bdoor_tclo_push(b, s.gen, 9, "OS_Halt", 7);
	r = step(b, &c, BDOOR_MSG_RECVSIZE, 0);
	CU_ASSERT_EQUAL(status(&r), BDOOR_MSG_SUCCESS | BDOOR_MSG_DORECV);
	CU_ASSERT_EQUAL(receive_hb(b, &c, buf, r.ebx), 0x00010000);
	CU_ASSERT_STRING_EQUAL(buf, "OS_Halt");
	r = step(b, &c, BDOOR_MSG_RECVSTATUS, r.edx >> 16);	/* they send back what they got */
	CU_ASSERT_TRUE(status(&r) & BDOOR_MSG_SUCCESS);
	step(b, &c, BDOOR_MSG_SENDSIZE, 3);
	CU_ASSERT_EQUAL(send_hb(b, &c, "OK ", 3), 0x00010000);
	CU_ASSERT_EQUAL(s.what, BDOOR_TCLO_REPLIED);
	CU_ASSERT_EQUAL(s.seq, 9);
	r = step(b, &c, BDOOR_MSG_CLOSE, 0);
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
