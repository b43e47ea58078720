/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-vmt-channel.c - drivers/vmt/channel.c against a host made of registers
 *
 * The fake host follows the steps of one channel and keeps what it is sent.  A fault is placed at
 * the n-th call of a step: the host then answers with the given status bits instead, and forgets
 * the message that was under way, as a real one does at a checkpoint.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <wire/backdoor.h>

#include "drivers/vmt/channel.h"
#include "tests/unit/unit.h"

#define COOKIE_HIGH	0x12345678u
#define COOKIE_LOW	0x9abcdef0u
#define CHANNEL_ID	5

struct host {
	/* faults */
	int fault_step;			/* -1: none */
	unsigned int fault_at;		/* call of that step, from 0 */
	unsigned int fault_count;	/* so many calls in a row */
	__u32 fault_status;
	bool knows_cookies;
	bool is_full;
	__u32 recv_type;		/* what RECVSIZE says in EDX.high */
	__u32 payload_type;		/* what RECVPAYLOAD says */
	__u32 claim;			/* added to the size that RECVSIZE tells */

	/* state */
	bool is_open;
	__u32 proto;
	unsigned int calls[8];
	unsigned int wrong;		/* calls with bad magic, port, id or cookies */
	__u8 in[BDOOR_MSG_SIZE_MAX];
	__u32 in_size;
	__u32 in_at;
	unsigned int received;		/* whole messages, polls included */
	const __u8 *out;
	__u32 out_len;
	__u32 out_at;
	bool has_out;
	unsigned int refused;		/* RECVSTATUS 0 */
};

static struct host host;
static struct vmt_channel ch;
static __u8 buf[BDOOR_MSG_SIZE_MAX];

static __u32 host_send_step(struct host *h, struct vmt_regs *r, __u32 step)
{
	__u32 i;

	if (step == BDOOR_MSG_SENDSIZE) {
		h->in_size = r->bx;
		h->in_at = 0;
	} else {
		for (i = 0; i < 4 && h->in_at < h->in_size; i++)
			h->in[h->in_at++] = (__u8)(r->bx >> (8 * i));
	}
	if (h->in_at == h->in_size)
		h->received++;
	return BDOOR_MSG_SUCCESS;
}

static __u32 host_recv_size(struct host *h, struct vmt_regs *r)
{
	if (!h->has_out)
		return BDOOR_MSG_SUCCESS;
	h->out_at = 0;
	r->bx = h->out_len + h->claim;
	r->dx = h->recv_type << 16 | (r->dx & 0xffff);
	return BDOOR_MSG_SUCCESS | BDOOR_MSG_DORECV;
}

static __u32 host_recv_payload(struct host *h, struct vmt_regs *r)
{
	__u32 i, word = 0;

	/* A last word is filled up with bytes that are none of the message. */
	for (i = 0; i < 4; i++)
		word |= (__u32)(h->out_at < h->out_len ? h->out[h->out_at++] : 0xee) << (8 * i);
	r->bx = word;
	r->dx = h->payload_type << 16 | (r->dx & 0xffff);
	return BDOOR_MSG_SUCCESS;
}

static __u32 host_open(struct host *h, struct vmt_regs *r)
{
	if (h->is_full || (!h->knows_cookies && r->bx & BDOOR_MSG_OPEN_COOKIE))
		return 0;
	h->is_open = true;
	h->proto = r->bx & ~BDOOR_MSG_OPEN_COOKIE;
	r->dx = (__u32)CHANNEL_ID << 16;
	if (r->bx & BDOOR_MSG_OPEN_COOKIE) {
		r->si = COOKIE_HIGH;
		r->di = COOKIE_LOW;
	}
	return BDOOR_MSG_SUCCESS;
}

static __u32 host_step(struct host *h, struct vmt_regs *r, __u32 step)
{
	switch (step) {
	case BDOOR_MSG_OPEN:
		return host_open(h, r);
	case BDOOR_MSG_SENDSIZE:
	case BDOOR_MSG_SENDPAYLOAD:
		return host_send_step(h, r, step);
	case BDOOR_MSG_RECVSIZE:
		return host_recv_size(h, r);
	case BDOOR_MSG_RECVPAYLOAD:
		return host_recv_payload(h, r);
	case BDOOR_MSG_RECVSTATUS:
		if (r->bx & BDOOR_MSG_SUCCESS)
			h->has_out = false;
		else
			h->refused++;
		return BDOOR_MSG_SUCCESS;
	case BDOOR_MSG_CLOSE:
		h->is_open = false;
		return BDOOR_MSG_SUCCESS;
	default:
		return 0;
	}
}

static void host_call(void *data, struct vmt_regs *r)
{
	struct host *h = data;
	__u32 step = r->cx >> 16;
	__u32 want_high = h->knows_cookies ? COOKIE_HIGH : 0;
	__u32 want_low = h->knows_cookies ? COOKIE_LOW : 0;
	unsigned int n = step < 8 ? h->calls[step]++ : 0;
	__u32 status;

	if (r->ax != BDOOR_MAGIC || (r->cx & 0xffff) != BDOOR_CMD_MESSAGE ||
	    (r->dx & 0xffff) != BDOOR_PORT)
		h->wrong++;
	if (step != BDOOR_MSG_OPEN &&
	    (!h->is_open || r->dx >> 16 != CHANNEL_ID || r->si != want_high || r->di != want_low)) {
		h->wrong++;
		r->cx &= 0xffff;
		return;
	}
	if ((int)step == h->fault_step && n >= h->fault_at && n - h->fault_at < h->fault_count) {
		status = h->fault_status;
		h->in_size = 0;
	} else {
		status = host_step(h, r, step);
	}
	r->cx = status << 16 | BDOOR_CMD_MESSAGE;
}

static void host_start(void)
{
	memset(&host, 0, sizeof(host));
	host.fault_step = -1;
	host.fault_count = 1;
	host.knows_cookies = true;
	host.recv_type = BDOOR_MSG_SENDSIZE;
	host.payload_type = BDOOR_MSG_SENDPAYLOAD;
	vmt_channel_init(&ch, host_call, &host);
}

static void host_start_open(void)
{
	host_start();
	CU_ASSERT_EQUAL(vmt_channel_open(&ch, BDOOR_MSG_PROTO_RPCI), 0);
}

static void host_offers(const void *msg, __u32 len)
{
	host.out = msg;
	host.out_len = len;
	host.has_out = true;
}

static void opens_with_cookies(void)
{
	host_start_open();
	CU_ASSERT_EQUAL(host.proto, BDOOR_MSG_PROTO_RPCI);
	CU_ASSERT_EQUAL(host.calls[BDOOR_MSG_OPEN], 1);
	CU_ASSERT_EQUAL(ch.cookie_high, COOKIE_HIGH);
	CU_ASSERT_EQUAL(ch.cookie_low, COOKIE_LOW);
	CU_ASSERT_EQUAL(ch.id, CHANNEL_ID);
	vmt_channel_close(&ch);
	CU_ASSERT_FALSE(host.is_open);
	CU_ASSERT_EQUAL(host.wrong, 0);
}

static void opens_without_cookies(void)
{
	host_start();
	host.knows_cookies = false;
	CU_ASSERT_EQUAL(vmt_channel_open(&ch, BDOOR_MSG_PROTO_TCLO), 0);
	CU_ASSERT_EQUAL(host.proto, BDOOR_MSG_PROTO_TCLO);
	CU_ASSERT_EQUAL(host.calls[BDOOR_MSG_OPEN], 2);
	CU_ASSERT_EQUAL(vmt_channel_send(&ch, "abc", 3), 0);
	CU_ASSERT_EQUAL(host.wrong, 0);
}

static void full_host_is_enospc(void)
{
	host_start();
	host.is_full = true;
	CU_ASSERT_EQUAL(vmt_channel_open(&ch, BDOOR_MSG_PROTO_RPCI), -ENOSPC);
	CU_ASSERT_FALSE(ch.is_open);
	CU_ASSERT_EQUAL(vmt_channel_send(&ch, "abc", 3), -ENOTCONN);
	CU_ASSERT_EQUAL(vmt_channel_recv(&ch, buf, sizeof(buf), &(__u32){ 0 }), -ENOTCONN);
	vmt_channel_close(&ch);
	CU_ASSERT_EQUAL(host.calls[BDOOR_MSG_CLOSE], 0);
}

/* Sizes around a word, and the largest. */
static const __u32 sizes[] = { 0, 1, 3, 4, 5, 8, 1023, BDOOR_MSG_SIZE_MAX };

static void sends_every_size(void)
{
	static __u8 msg[BDOOR_MSG_SIZE_MAX];
	size_t i;

	for (i = 0; i < sizeof(msg); i++)
		msg[i] = (__u8)(i * 7 + i / 256);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		host_start_open();
		CU_ASSERT_EQUAL(vmt_channel_send(&ch, msg, sizes[i]), 0);
		CU_ASSERT_EQUAL(host.received, 1);
		CU_ASSERT_EQUAL(host.in_size, sizes[i]);
		CU_ASSERT_EQUAL(host.calls[BDOOR_MSG_SENDPAYLOAD], (sizes[i] + 3) / 4);
		CU_ASSERT_EQUAL(memcmp(host.in, msg, sizes[i]), 0);
		CU_ASSERT_EQUAL(host.wrong, 0);
	}
}

static void receives_every_size(void)
{
	static __u8 msg[BDOOR_MSG_SIZE_MAX];
	__u32 len;
	size_t i;

	for (i = 0; i < sizeof(msg); i++)
		msg[i] = (__u8)(i * 11 + i / 256);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		host_start_open();
		host_offers(msg, sizes[i]);
		memset(buf, 0x55, sizeof(buf));
		len = ~0u;
		CU_ASSERT_EQUAL(vmt_channel_recv(&ch, buf, sizes[i], &len), 1);
		CU_ASSERT_EQUAL(len, sizes[i]);
		CU_ASSERT_EQUAL(memcmp(buf, msg, sizes[i]), 0);
		/* nothing of the host's filling goes beyond the message */
		if (sizes[i] < sizeof(buf))
			CU_ASSERT_EQUAL(buf[sizes[i]], 0x55);
		CU_ASSERT_FALSE(host.has_out);
	}
}

static void no_message_is_zero(void)
{
	__u32 len = 77;

	host_start_open();
	CU_ASSERT_EQUAL(vmt_channel_recv(&ch, buf, sizeof(buf), &len), 0);
	CU_ASSERT_EQUAL(len, 77);
	CU_ASSERT_TRUE(ch.is_open);
}

static void too_long_to_send(void)
{
	host_start_open();
	CU_ASSERT_EQUAL(vmt_channel_send(&ch, buf, BDOOR_MSG_SIZE_MAX + 1), -EMSGSIZE);
	CU_ASSERT_EQUAL(host.calls[BDOOR_MSG_SENDSIZE], 0);
	CU_ASSERT_TRUE(ch.is_open);
}

/* One row: a fault at one step, and what becomes of a message out and a message in. */
struct fault_row {
	int step;
	unsigned int at;
	unsigned int count;
	__u32 status;
	bool sends;		/* else it receives */
	int want;
};

static const struct fault_row fault_rows[] = {
	{ BDOOR_MSG_SENDSIZE, 0, 1, BDOOR_MSG_CHECKPOINT, true, 0 },
	{ BDOOR_MSG_SENDPAYLOAD, 0, 1, BDOOR_MSG_CHECKPOINT, true, 0 },
	{ BDOOR_MSG_SENDPAYLOAD, 1, 1, BDOOR_MSG_CHECKPOINT, true, 0 },
	{ BDOOR_MSG_SENDPAYLOAD, 2, 1, BDOOR_MSG_CHECKPOINT, true, 0 },
	{ BDOOR_MSG_SENDPAYLOAD, 2, 1, BDOOR_MSG_CHECKPOINT | BDOOR_MSG_HB, true, 0 },
	{ BDOOR_MSG_RECVSIZE, 0, 1, BDOOR_MSG_CHECKPOINT, false, 1 },
	{ BDOOR_MSG_RECVPAYLOAD, 0, 1, BDOOR_MSG_CHECKPOINT, false, 1 },
	{ BDOOR_MSG_RECVPAYLOAD, 2, 1, BDOOR_MSG_CHECKPOINT, false, 1 },
	{ BDOOR_MSG_RECVSTATUS, 0, 1, BDOOR_MSG_CHECKPOINT, false, 1 },
	{ BDOOR_MSG_RECVSTATUS, 0, 5, BDOOR_MSG_CHECKPOINT, false, 1 },
	/* a host that restores for ever, or that has no channel any more */
	{ BDOOR_MSG_SENDSIZE, 0, ~0u, BDOOR_MSG_CHECKPOINT, true, -ECONNRESET },
	{ BDOOR_MSG_RECVSIZE, 0, ~0u, BDOOR_MSG_CHECKPOINT, false, -ECONNRESET },
	{ BDOOR_MSG_SENDSIZE, 0, 1, BDOOR_MSG_CLOSED, true, -ECONNRESET },
	{ BDOOR_MSG_SENDSIZE, 0, 1, 0, true, -ECONNRESET },
	{ BDOOR_MSG_SENDPAYLOAD, 1, 1, BDOOR_MSG_UNSENT, true, -ECONNRESET },
	{ BDOOR_MSG_SENDPAYLOAD, 1, 1, BDOOR_MSG_POWEROFF, true, -ECONNRESET },
	{ BDOOR_MSG_RECVSIZE, 0, 1, BDOOR_MSG_CLOSED, false, -ECONNRESET },
	{ BDOOR_MSG_RECVSIZE, 0, 1, BDOOR_MSG_DORECV, false, -ECONNRESET },
	{ BDOOR_MSG_RECVPAYLOAD, 1, 1, BDOOR_MSG_TIMEOUT, false, -ECONNRESET },
	{ BDOOR_MSG_RECVSTATUS, 0, 1, 0, false, -ECONNRESET },
};

static void faults(void)
{
	static const char msg[] = "0123456789";
	const struct fault_row *row;
	__u32 len;
	size_t i;
	int r;

	for (i = 0; i < sizeof(fault_rows) / sizeof(fault_rows[0]); i++) {
		row = &fault_rows[i];
		host_start_open();
		host.fault_step = row->step;
		host.fault_at = row->at;
		host.fault_count = row->count;
		host.fault_status = row->status;
		if (row->sends) {
			r = vmt_channel_send(&ch, msg, 10);
			if (r == 0) {
				CU_ASSERT_EQUAL(host.received, 1);
				CU_ASSERT_EQUAL(memcmp(host.in, msg, 10), 0);
			}
		} else {
			host_offers(msg, 10);
			memset(buf, 0, 16);
			r = vmt_channel_recv(&ch, buf, 16, &len);
			if (r == 1) {
				CU_ASSERT_EQUAL(len, 10);
				CU_ASSERT_EQUAL(memcmp(buf, msg, 10), 0);
			}
		}
		CU_ASSERT_EQUAL(r, row->want);
		CU_ASSERT_EQUAL(ch.is_open, r >= 0);
		CU_ASSERT_EQUAL(host.is_open, r >= 0);
	}
}

static void hopeless_host_is_left(void)
{
	host_start_open();
	host.fault_step = BDOOR_MSG_SENDSIZE;
	host.fault_count = ~0u;
	host.fault_status = BDOOR_MSG_CHECKPOINT;
	CU_ASSERT_EQUAL(vmt_channel_send(&ch, "x", 1), -ECONNRESET);
	CU_ASSERT_TRUE(host.calls[BDOOR_MSG_SENDSIZE] <= 32);
}

static void wrong_cookie_is_lost(void)
{
	host_start_open();
	ch.cookie_low ^= 1;
	CU_ASSERT_EQUAL(vmt_channel_send(&ch, "abcd", 4), -ECONNRESET);
	CU_ASSERT_FALSE(ch.is_open);
	CU_ASSERT_EQUAL(host.received, 0);
}

static void oversize_is_refused(void)
{
	static const char msg[] = "0123456789";
	__u32 len = 77;

	host_start_open();
	host_offers(msg, 10);
	memset(buf, 0x55, 16);
	CU_ASSERT_EQUAL(vmt_channel_recv(&ch, buf, 9, &len), -EOVERFLOW);
	CU_ASSERT_EQUAL(host.refused, 1);
	CU_ASSERT_EQUAL(host.calls[BDOOR_MSG_RECVPAYLOAD], 0);
	CU_ASSERT_EQUAL(buf[0], 0x55);
	CU_ASSERT_EQUAL(len, 77);
	CU_ASSERT_FALSE(ch.is_open);

	/* the largest number that a register can hold */
	host_start_open();
	host_offers(msg, 10);
	host.claim = ~0u - 10;
	CU_ASSERT_EQUAL(vmt_channel_recv(&ch, buf, sizeof(buf), &len), -EOVERFLOW);
	CU_ASSERT_EQUAL(host.refused, 1);
}

static void wrong_types_are_refused(void)
{
	__u32 len;

	host_start_open();
	host_offers("abcd", 4);
	host.recv_type = BDOOR_MSG_SENDPAYLOAD;
	CU_ASSERT_EQUAL(vmt_channel_recv(&ch, buf, sizeof(buf), &len), -ECONNRESET);
	CU_ASSERT_EQUAL(host.refused, 1);

	host_start_open();
	host_offers("abcd", 4);
	host.payload_type = BDOOR_MSG_SENDSIZE;
	CU_ASSERT_EQUAL(vmt_channel_recv(&ch, buf, sizeof(buf), &len), -ECONNRESET);
	CU_ASSERT_EQUAL(host.refused, 1);
}

static void closed_behind_our_back(void)
{
	host_start_open();
	host.is_open = false;
	CU_ASSERT_EQUAL(vmt_channel_send(&ch, "abcd", 4), -ECONNRESET);
	CU_ASSERT_FALSE(ch.is_open);
	CU_ASSERT_EQUAL(vmt_channel_open(&ch, BDOOR_MSG_PROTO_RPCI), 0);
	CU_ASSERT_EQUAL(vmt_channel_send(&ch, "abcd", 4), 0);
}

static const struct unit_case cases[] = {
	{ "a channel is opened with the cookies of the host", opens_with_cookies },
	{ "a host without cookies gets a second try", opens_without_cookies },
	{ "a host without a channel to give is ENOSPC, and a closed channel does nothing",
	  full_host_is_enospc },
	{ "messages of every size arrive at the host", sends_every_size },
	{ "messages of every size arrive from the host", receives_every_size },
	{ "no message is no error", no_message_is_zero },
	{ "a message over 64 KiB is not begun", too_long_to_send },
	{ "a checkpoint at any step restarts the message, any other fault closes", faults },
	{ "a host that restores for ever is left after some tries", hopeless_host_is_left },
	{ "a wrong cookie loses the channel", wrong_cookie_is_lost },
	{ "a message longer than the buffer is refused", oversize_is_refused },
	{ "a step that answers another question is refused", wrong_types_are_refused },
	{ "a channel closed by the host can be opened again", closed_behind_our_back },
};

UNIT_MAIN("vmt-channel", cases)
