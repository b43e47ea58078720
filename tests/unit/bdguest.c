/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bdguest.c - a guest's side of the backdoor, and what its host is told
 */
#include "tests/unit/bdguest.h"

#include <string.h>

#include "host/base/bytes.h"
#include "tests/unit/unit.h"

static uint64_t op_random(void *data)
{
	return 0x1122334455667788u + ((struct bdg_seen *)data)->randoms++;
}

static bool op_time(void *data, struct bdoor_time *ret)
{
	struct bdg_seen *s = data;

	*ret = (struct bdoor_time){ .sec = BDG_SEC + s->later, .usec = BDG_USEC, .lag_us = 1000000,
				    .irq_lag_us = 7 };
	return !s->no_time;
}

static long op_rpci(void *data, const void *msg, size_t len, void *reply, size_t room)
{
	struct bdg_seen *s = data;

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
	struct bdg_seen *s = data;

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
	((struct bdg_seen *)data)->polls++;
}

static void op_crashed(void *data)
{
	((struct bdg_seen *)data)->crashes++;
}

const struct bdoor_ops bdg_ops = {
	.random = op_random, .time = op_time, .rpci = op_rpci, .tclo = op_tclo, .polled = op_polled,
	.crashed = op_crashed,
};

const struct bdoor_params bdg_params = {
	.tsc_khz = 2500000, .apic_khz = 1000000, .memory_mib = 512, .product = BDOOR_PRODUCT_ESX,
	.hw_version = 21,
	.uuid = { 0x56, 0x4d, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14 },
};

struct bdoor *bdg_fresh_with(struct bdg_seen *s, struct faults *f)
{
	struct bdoor_params p = bdg_params;

	memset(s, 0, sizeof(*s));
	p.faults = f;
	s->b = bdoor_new(&p, &bdg_ops, s);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s->b);
	return s->b;
}

struct bdoor *bdg_fresh(struct bdg_seen *s)
{
	return bdg_fresh_with(s, NULL);
}

/* ---- a guest's side of the port -------------------------------------------------------------- */

struct bdoor_regs bdg_command(struct bdoor *b, uint32_t cmd, uint32_t ebx)
{
	struct bdoor_regs r = { .eax = BDOOR_MAGIC, .ebx = ebx, .ecx = cmd, .edx = BDOOR_PORT,
				.esi = BDG_ANY, .edi = BDG_ANY, .ebp = BDG_ANY };

	bdoor_call(b, &r);
	return r;
}

struct bdoor_regs bdg_step(struct bdoor *b, const struct bdg_chan *c, uint32_t type,
			    uint32_t ebx)
{
	struct bdoor_regs r = { .eax = BDOOR_MAGIC, .ebx = ebx,
				.ecx = type << 16 | BDOOR_CMD_MESSAGE,
				.edx = c->id << 16 | BDOOR_PORT, .esi = c->high, .edi = c->low };

	bdoor_call(b, &r);
	CU_ASSERT_EQUAL(r.ecx & 0xffff, 0);
	return r;
}

uint32_t bdg_status(const struct bdoor_regs *r)
{
	return r->ecx >> 16;
}

uint32_t bdg_open(struct bdoor *b, uint32_t proto, struct bdg_chan *ret)
{
	struct bdoor_regs r = bdg_command(b, BDOOR_CMD_MESSAGE, proto | BDOOR_MSG_OPEN_COOKIE);

	*ret = (struct bdg_chan){ .id = r.edx >> 16, .high = r.esi, .low = r.edi };
	if (bdg_status(&r) & BDOOR_MSG_SUCCESS) {
		CU_ASSERT_EQUAL(r.ecx, 0x00010000);
		CU_ASSERT_EQUAL(r.edx & 0xffff, 0);
	}
	return bdg_status(&r);
}

uint32_t bdg_send_lb(struct bdoor *b, const struct bdg_chan *c, const char *text)
{
	size_t len = strlen(text), i;
	struct bdoor_regs r = bdg_step(b, c, BDOOR_MSG_SENDSIZE, (uint32_t)len);

	for (i = 0; (bdg_status(&r) & BDOOR_MSG_SUCCESS) && i < len; i += 4) {
		char word[4] = { 0 };

		memcpy(word, text + i, len - i < 4 ? len - i : 4);
		r = bdg_step(b, c, BDOOR_MSG_SENDPAYLOAD, get_le32(word));
	}
	return bdg_status(&r);
}

long bdg_receive_lb(struct bdoor *b, const struct bdg_chan *c, char *buf, size_t room)
{
	struct bdoor_regs r = bdg_step(b, c, BDOOR_MSG_RECVSIZE, 0);
	uint32_t len = r.ebx, i, edx = r.edx;

	if (!(bdg_status(&r) & BDOOR_MSG_SUCCESS))
		return -1;
	if (!(bdg_status(&r) & BDOOR_MSG_DORECV))
		return 0;
	CU_ASSERT_EQUAL(edx >> 16, BDOOR_MSG_SENDSIZE);
	CU_ASSERT_FATAL(len < room);
	for (i = 0; i < len; i += 4) {
		char word[4];

		r = bdg_step(b, c, BDOOR_MSG_RECVPAYLOAD, BDOOR_MSG_SUCCESS);
		if (bdg_status(&r) != BDOOR_MSG_SUCCESS)
			return -1;
		CU_ASSERT_EQUAL(r.edx >> 16, BDOOR_MSG_SENDPAYLOAD);
		put_le32(word, r.ebx);
		memcpy(buf + i, word, len - i < 4 ? len - i : 4);
	}
	buf[len] = '\0';
	r = bdg_step(b, c, BDOOR_MSG_RECVSTATUS, edx >> 16);
	return bdg_status(&r) & BDOOR_MSG_SUCCESS ? (long)len : -1;
}

uint32_t bdg_send_hb(struct bdoor *b, const struct bdg_chan *c, const char *text, size_t len)
{
	struct bdoor_regs r = { .eax = BDOOR_MAGIC, .ebx = BDOOR_HB_MESSAGE, .ecx = (uint32_t)len,
				.edx = c->id << 16 | BDOOR_HB_PORT, .esi = BDG_ANY, .ebp = c->high,
				.edi = c->low };
	long n = bdoor_hb_begin(b, &r, false);

	if (n < 0)
		return r.ebx;
	CU_ASSERT_EQUAL((size_t)n, len);
	bdoor_hb_end(b, &r, false, text);
	return r.ebx;
}

uint32_t bdg_receive_hb(struct bdoor *b, const struct bdg_chan *c, char *buf, size_t len)
{
	struct bdoor_regs r = { .eax = BDOOR_MAGIC, .ebx = BDOOR_HB_MESSAGE, .ecx = (uint32_t)len,
				.edx = c->id << 16 | BDOOR_HB_PORT, .edi = BDG_ANY, .esi = c->high,
				.ebp = c->low };

	if (bdoor_hb_begin(b, &r, true) < 0)
		return r.ebx;
	bdoor_hb_peek(b, &r, buf);
	bdoor_hb_end(b, &r, true, buf);
	return r.ebx;
}
