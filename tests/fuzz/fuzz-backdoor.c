/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz-backdoor.c - any sequence of register calls, as a program in the guest can make it
 *
 * The input is a text of steps, each a letter and what it needs, for the channel chosen last by a
 * digit:
 *	O open RPCI, T open TCLO, o open without a cookie, S<n> SENDSIZE of n (a byte),
 *	L SENDSIZE of 64 KiB, P<4> SENDPAYLOAD, R RECVSIZE, p RECVPAYLOAD, q refuse it,
 *	a RECVSTATUS, n refuse it, C close, H and I as h and i with 64 KiB,
 *	h<n> rep outsb of n bytes, i<n> rep insb, u push a command, x cancel the first, Z reset,
 *	K checkpoint, e the next request fails, z the machine is reset during it,
 *	#<28> raw registers.
 * What is checked: nothing is read or written beyond its buffer, a channel that was closed by the
 * guest does not answer, and no reply is longer than allowed.
 */
#include <stdlib.h>
#include <string.h>

#include "host/base/bytes.h"
#include "host/model/backdoor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct guest {
	struct bdoor *b;
	uint32_t id[10], high[10], low[10];
	unsigned int cur;
	bool fail_next, reset_next;
	uint32_t seq, gen;
};

static uint64_t op_random(void *data)
{
	return 0x0102030405060708u;
}

static bool op_time(void *data, struct bdoor_time *ret)
{
	memset(ret, 0, sizeof(*ret));
	return true;
}

static long op_rpci(void *data, const void *msg, size_t len, void *reply, size_t room)
{
	struct guest *g = data;

	if (!len || len > BDOOR_MSG_SIZE_MAX || room < BDOOR_MSG_SIZE_MAX)
		abort();
	memcpy(reply, msg, len);		/* touches every byte of both */
	if (g->reset_next)
		bdoor_reset(g->b);
	g->reset_next = false;
	if (g->fail_next)
		len = 0;
	g->fail_next = false;
	return (long)len;
}

static void op_tclo(void *data, enum bdoor_tclo what, uint32_t gen, uint32_t seq, const void *msg,
		    size_t len)
{
	struct guest *g = data;
	uint8_t sum = 0;
	size_t i;

	if (what == BDOOR_TCLO_OPENED)
		g->gen = gen;
	if ((what == BDOOR_TCLO_REPLIED) != (len != 0) || gen != g->gen || seq > g->seq)
		abort();
	for (i = 0; i < len; i++)
		sum ^= ((const uint8_t *)msg)[i];
	(void)*(volatile uint8_t *)&sum;
}

static void op_polled(void *data)
{
}

static const struct bdoor_ops ops = {
	.random = op_random, .time = op_time, .rpci = op_rpci, .tclo = op_tclo, .polled = op_polled,
};

static void message(struct guest *g, uint32_t step, uint32_t ebx)
{
	unsigned int c = g->cur;
	struct bdoor_regs r = { .eax = BDOOR_MAGIC, .ebx = ebx,
				.ecx = step << 16 | BDOOR_CMD_MESSAGE,
				.edx = g->id[c] << 16 | BDOOR_PORT, .esi = g->high[c],
				.edi = g->low[c] };

	bdoor_call(g->b, &r);
	if ((r.ecx & 0xffff) || r.ecx >> 24)
		abort();
	if (step == BDOOR_MSG_OPEN && r.ecx >> 16 == BDOOR_MSG_SUCCESS) {
		g->id[c] = r.edx >> 16;
		g->high[c] = r.esi;
		g->low[c] = r.edi;
	}
}

static void high_bandwidth(struct guest *g, uint32_t len, bool to_guest)
{
	unsigned int c = g->cur;
	struct bdoor_regs r = { .eax = BDOOR_MAGIC, .ebx = BDOOR_HB_MESSAGE, .ecx = len,
				.edx = g->id[c] << 16 | BDOOR_HB_PORT };
	long n;
	char *buf;

	r.esi = to_guest ? g->high[c] : 0;
	r.ebp = to_guest ? g->low[c] : g->high[c];
	r.edi = to_guest ? 0 : g->low[c];
	n = bdoor_hb_begin(g->b, &r, to_guest);
	if (n < 0)
		return;
	if (n != (long)len || !n)
		abort();
	buf = calloc(1, len);
	if (to_guest)
		bdoor_hb_peek(g->b, &r, buf);
	bdoor_hb_end(g->b, &r, to_guest, buf);
	free(buf);
}

static void raw(struct guest *g, const uint8_t *p)
{
	struct bdoor_regs r = {
		.eax = get_le32(p), .ebx = get_le32(p + 4), .ecx = get_le32(p + 8),
		.edx = get_le32(p + 12), .esi = get_le32(p + 16), .edi = get_le32(p + 20),
		.ebp = get_le32(p + 24),
	};

	bdoor_call(g->b, &r);
}

/* Bytes that a step takes after its letter. */
static size_t step_size(uint8_t letter)
{
	switch (letter) {
	case 'S': case 'h': case 'i':
		return 1;
	case 'P':
		return 4;
	case '#':
		return 28;
	default:
		return 0;
	}
}

static void step(struct guest *g, uint8_t letter, const uint8_t *p)
{
	switch (letter) {
	case '0' ... '9': g->cur = letter - '0'; break;
	case 'O': message(g, BDOOR_MSG_OPEN, BDOOR_MSG_PROTO_RPCI | BDOOR_MSG_OPEN_COOKIE); break;
	case 'T': message(g, BDOOR_MSG_OPEN, BDOOR_MSG_PROTO_TCLO | BDOOR_MSG_OPEN_COOKIE); break;
	case 'o': message(g, BDOOR_MSG_OPEN, BDOOR_MSG_PROTO_RPCI); break;
	case 'S': message(g, BDOOR_MSG_SENDSIZE, *p); break;
	case 'L': message(g, BDOOR_MSG_SENDSIZE, BDOOR_MSG_SIZE_MAX); break;
	case 'P': message(g, BDOOR_MSG_SENDPAYLOAD, get_le32(p)); break;
	case 'R': message(g, BDOOR_MSG_RECVSIZE, 0); break;
	case 'p': message(g, BDOOR_MSG_RECVPAYLOAD, BDOOR_MSG_SUCCESS); break;
	case 'q': message(g, BDOOR_MSG_RECVPAYLOAD, 0); break;
	case 'a': message(g, BDOOR_MSG_RECVSTATUS, BDOOR_MSG_SUCCESS); break;
	case 'n': message(g, BDOOR_MSG_RECVSTATUS, 0); break;
	case 'C': message(g, BDOOR_MSG_CLOSE, 0); break;
	case 'h': high_bandwidth(g, *p, false); break;
	case 'i': high_bandwidth(g, *p, true); break;
	case 'H': high_bandwidth(g, BDOOR_MSG_SIZE_MAX, false); break;
	case 'I': high_bandwidth(g, BDOOR_MSG_SIZE_MAX, true); break;
	case 'u': g->seq++; bdoor_tclo_push(g->b, bdoor_tclo_gen(g->b), g->seq, "ping", 4); break;
	case 'x': bdoor_tclo_cancel(g->b, g->seq); break;
	case 'Z': bdoor_reset(g->b); break;
	case 'K': bdoor_checkpoint(g->b); break;
	case 'e': g->fail_next = true; break;
	case 'z': g->reset_next = true; break;
	case '#': raw(g, p); break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct bdoor_params params = { .tsc_khz = 1000000 };
	struct guest g = { 0 };
	size_t i = 0;

	g.b = bdoor_new(&params, &ops, &g);
	while (g.b && i < size) {
		uint8_t letter = data[i++];
		size_t n = step_size(letter);

		if (n > size - i)
			break;
		step(&g, letter, data + i);
		i += n;
	}
	bdoor_free(g.b);
	return 0;
}
