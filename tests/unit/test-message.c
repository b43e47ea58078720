/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-message.c - messages out of register calls, against a host that is played here
 */
#include <errno.h>
#include <string.h>

#include <wire/backdoor.h>

#include "lib/message.h"
#include "tests/unit/unit.h"

/* A host with one channel: what it received, what it has to send, and what it does wrong */
static struct host {
	gboolean no_cookies;	/* refuses to open with the cookie flag */
	gboolean closed;	/* every call fails */
	gboolean fast;		/* offers the high-bandwidth port */
	guint restarts;		/* how often a step asks for the message again */
	guint restart_step;	/* which */
	guint32 lie_size;	/* announces this many bytes, if not 0 */
	gboolean lie_step;	/* names another step than the one due */
	guint32 in_size;
	GByteArray *in, *out;
	guint out_at;
	gboolean done;		/* RECVSTATUS with success came */
	gboolean refused;	/* RECVSTATUS without */
	guint hb_calls;
} host;

static void host_reset(void)
{
	if (host.in) {
		g_byte_array_unref(host.in);
		g_byte_array_unref(host.out);
	}
	memset(&host, 0, sizeof(host));
	host.in = g_byte_array_new();
	host.out = g_byte_array_new();
}

static void status(struct bdoor_regs *r, guint st)
{
	r->cx = (r->cx & 0xffff) | st << 16;
}

static void host_open(struct bdoor_regs *r)
{
	if (r->bx & BDOOR_MSG_OPEN_COOKIE && host.no_cookies) {
		status(r, 0);
		return;
	}
	r->dx = 7u << 16;
	r->si = 0x1111;
	r->di = 0x2222;
	status(r, BDOOR_MSG_SUCCESS);
}

static void host_sendpayload(struct bdoor_regs *r)
{
	guint32 word = GUINT32_TO_LE(r->bx);

	g_byte_array_append(host.in, (guint8 *)&word, MIN(host.in_size - host.in->len, 4));
	status(r, BDOOR_MSG_SUCCESS);
}

static void host_recvsize(struct bdoor_regs *r)
{
	host.out_at = 0;
	status(r, BDOOR_MSG_SUCCESS | (host.out->len ? BDOOR_MSG_DORECV : 0) |
	       (host.fast ? BDOOR_MSG_HB : 0));
	r->bx = host.lie_size ? host.lie_size : host.out->len;
	r->dx = (host.lie_step ? 5u : BDOOR_MSG_SENDSIZE) << 16;
}

static void host_recvpayload(struct bdoor_regs *r)
{
	guint32 word = 0xdddddddd;

	memcpy(&word, host.out->data + host.out_at, MIN(host.out->len - host.out_at, 4));
	host.out_at += 4;
	r->bx = GUINT32_FROM_LE(word);
	r->dx = BDOOR_MSG_SENDPAYLOAD << 16;
	status(r, BDOOR_MSG_SUCCESS);
}

static void host_call(struct bdoor_regs *r, gpointer data)
{
	guint which = r->cx >> 16;

	CU_ASSERT_EQUAL(r->cx & 0xffff, BDOOR_CMD_MESSAGE);
	if (which == BDOOR_MSG_OPEN) {
		host_open(r);
		return;
	}
	CU_ASSERT_EQUAL(r->dx >> 16, 7);
	CU_ASSERT_EQUAL(r->si, host.no_cookies ? 0 : 0x1111);
	CU_ASSERT_EQUAL(r->di, host.no_cookies ? 0 : 0x2222);
	if (host.closed) {
		status(r, BDOOR_MSG_CLOSED);
		return;
	}
	if (host.restarts && which == host.restart_step) {
		host.restarts--;
		status(r, BDOOR_MSG_CHECKPOINT);
		return;
	}
	switch (which) {
	case BDOOR_MSG_SENDSIZE:
		host.in_size = r->bx;
		g_byte_array_set_size(host.in, 0);
		status(r, BDOOR_MSG_SUCCESS | (host.fast ? BDOOR_MSG_HB : 0));
		break;
	case BDOOR_MSG_SENDPAYLOAD:
		host_sendpayload(r);
		break;
	case BDOOR_MSG_RECVSIZE:
		host_recvsize(r);
		break;
	case BDOOR_MSG_RECVPAYLOAD:
		host_recvpayload(r);
		break;
	case BDOOR_MSG_RECVSTATUS:
		host.done = r->bx & BDOOR_MSG_SUCCESS;
		host.refused = !host.done;
		status(r, BDOOR_MSG_SUCCESS);
		break;
	default:
		status(r, BDOOR_MSG_SUCCESS);
		break;
	}
}

static void host_hb(struct bdoor_hb *hb, gpointer data)
{
	CU_ASSERT_EQUAL(hb->bx, BDOOR_HB_MESSAGE);
	CU_ASSERT_EQUAL(hb->dx >> 16, 7);
	CU_ASSERT_EQUAL(hb->cookie_high, 0x1111);
	CU_ASSERT_EQUAL(hb->cookie_low, 0x2222);
	host.hb_calls++;
	if (host.restarts) {
		host.restarts--;
		hb->bx = BDOOR_MSG_CHECKPOINT << 16;
		return;
	}
	if (hb->send)
		g_byte_array_append(host.in, hb->buf, (guint)hb->len);
	else
		memcpy(hb->buf, host.out->data, MIN(hb->len, host.out->len));
	hb->bx = BDOOR_MSG_SUCCESS << 16;
}

static const struct msg_port port = { .call = host_call, .hb = host_hb };

static struct msg_channel opened(void)
{
	struct msg_channel ch;

	host_reset();
	CU_ASSERT_EQUAL(msg_open(&ch, &port, BDOOR_MSG_PROTO_RPCI), 0);
	return ch;
}

static void send_every_length(void)
{
	struct msg_channel ch = opened();
	guint8 buf[64];
	guint i;

	for (i = 0; i < sizeof(buf); i++)
		buf[i] = (guint8)(i * 7 + 1);
	for (i = 0; i <= sizeof(buf); i++) {
		CU_ASSERT_EQUAL(msg_send(&ch, buf, i), 0);
		CU_ASSERT_EQUAL(host.in->len, i);
		CU_ASSERT_TRUE(!i || !memcmp(host.in->data, buf, i));
	}
}

static void recv_every_length(void)
{
	struct msg_channel ch = opened();
	GByteArray *into = g_byte_array_new();
	guint i;

	for (i = 1; i <= 64; i++) {
		guint8 c = (guint8)(i * 5);

		g_byte_array_append(host.out, &c, 1);
		CU_ASSERT_EQUAL(msg_recv(&ch, into), 1);
		CU_ASSERT_EQUAL(into->len, i);
		CU_ASSERT_EQUAL(memcmp(into->data, host.out->data, i), 0);
		CU_ASSERT_TRUE(host.done);
	}
	g_byte_array_unref(into);
}

static void recv_nothing(void)
{
	struct msg_channel ch = opened();
	GByteArray *into = g_byte_array_new();

	CU_ASSERT_EQUAL(msg_recv(&ch, into), 0);
	CU_ASSERT_FALSE(host.done);
	g_byte_array_unref(into);
}

static void open_without_cookies(void)
{
	struct msg_channel ch;

	host_reset();
	host.no_cookies = TRUE;
	CU_ASSERT_EQUAL(msg_open(&ch, &port, BDOOR_MSG_PROTO_TCLO), 0);
	CU_ASSERT_EQUAL(msg_send(&ch, (const guint8 *)"abc", 3), 0);
	CU_ASSERT_EQUAL(host.in->len, 3);
}

static void fast_both_ways(void)
{
	struct msg_channel ch = opened();
	GByteArray *into = g_byte_array_new();

	host.fast = TRUE;
	CU_ASSERT_EQUAL(msg_send(&ch, (const guint8 *)"hello", 5), 0);
	CU_ASSERT_EQUAL(memcmp(host.in->data, "hello", 5), 0);
	g_byte_array_append(host.out, (const guint8 *)"world!", 6);
	CU_ASSERT_EQUAL(msg_recv(&ch, into), 1);
	CU_ASSERT_EQUAL(into->len, 6);
	CU_ASSERT_EQUAL(memcmp(into->data, "world!", 6), 0);
	CU_ASSERT_EQUAL(host.hb_calls, 2);
	g_byte_array_unref(into);
}

static void restart_each_step(void)
{
	static const guint send_steps[] = { BDOOR_MSG_SENDSIZE, BDOOR_MSG_SENDPAYLOAD };
	static const guint recv_steps[] = { BDOOR_MSG_RECVSIZE, BDOOR_MSG_RECVPAYLOAD,
					    BDOOR_MSG_RECVSTATUS };
	struct msg_channel ch = opened();
	GByteArray *into = g_byte_array_new();
	guint i;

	for (i = 0; i < G_N_ELEMENTS(send_steps); i++) {
		host.restart_step = send_steps[i];
		host.restarts = 3;
		CU_ASSERT_EQUAL(msg_send(&ch, (const guint8 *)"0123456789", 10), 0);
		CU_ASSERT_EQUAL(host.in->len, 10);
	}
	g_byte_array_append(host.out, (const guint8 *)"abcdefghij", 10);
	for (i = 0; i < G_N_ELEMENTS(recv_steps); i++) {
		host.restart_step = recv_steps[i];
		host.restarts = 3;
		CU_ASSERT_EQUAL(msg_recv(&ch, into), 1);
		CU_ASSERT_EQUAL(into->len, 10);
		CU_ASSERT_EQUAL(memcmp(into->data, "abcdefghij", 10), 0);
	}
	g_byte_array_unref(into);
}

static void restart_forever(void)
{
	struct msg_channel ch = opened();
	GByteArray *into = g_byte_array_new();

	host.restart_step = BDOOR_MSG_SENDSIZE;
	host.restarts = 1000000;
	CU_ASSERT_EQUAL(msg_send(&ch, (const guint8 *)"x", 1), -ECONNRESET);
	host.restart_step = BDOOR_MSG_RECVSIZE;
	CU_ASSERT_EQUAL(msg_recv(&ch, into), -ECONNRESET);
	CU_ASSERT_TRUE(host.restarts > 999900);
	g_byte_array_unref(into);
}

static void too_long(void)
{
	struct msg_channel ch = opened();
	GByteArray *into = g_byte_array_new();
	guint8 *buf = g_malloc0(BDOOR_MSG_SIZE_MAX + 1);

	CU_ASSERT_EQUAL(msg_send(&ch, buf, BDOOR_MSG_SIZE_MAX + 1), -EMSGSIZE);
	CU_ASSERT_EQUAL(host.in->len, 0);
	g_byte_array_append(host.out, buf, 4);
	host.lie_size = BDOOR_MSG_SIZE_MAX + 1;
	CU_ASSERT_EQUAL(msg_recv(&ch, into), -EMSGSIZE);
	CU_ASSERT_TRUE(host.refused);
	host.lie_size = 0xffffffff;
	CU_ASSERT_EQUAL(msg_recv(&ch, into), -EMSGSIZE);
	g_byte_array_unref(into);
	g_free(buf);
}

static void wrong_step(void)
{
	struct msg_channel ch = opened();
	GByteArray *into = g_byte_array_new();

	g_byte_array_append(host.out, (const guint8 *)"abcd", 4);
	host.lie_step = TRUE;
	CU_ASSERT_EQUAL(msg_recv(&ch, into), -ECONNRESET);
	g_byte_array_unref(into);
}

static void closed_behind(void)
{
	struct msg_channel ch = opened();
	GByteArray *into = g_byte_array_new();

	host.closed = TRUE;
	CU_ASSERT_EQUAL(msg_send(&ch, (const guint8 *)"x", 1), -ECONNRESET);
	CU_ASSERT_EQUAL(msg_recv(&ch, into), -ECONNRESET);
	msg_close(&ch);
	g_byte_array_unref(into);
}

static const struct unit_case cases[] = {
	{ "a message of every length up to 64 is sent whole", send_every_length },
	{ "a message of every length up to 64 is received whole", recv_every_length },
	{ "an empty host is told apart from a message", recv_nothing },
	{ "a host without cookies gets a second try without them", open_without_cookies },
	{ "the high-bandwidth port is used when it is offered", fast_both_ways },
	{ "a checkpoint at any step starts the message again", restart_each_step },
	{ "endless checkpoints lose the channel", restart_forever },
	{ "more than 64 KiB is refused both ways", too_long },
	{ "a reply that names another step loses the channel", wrong_step },
	{ "a channel closed by the host is told", closed_behind },
};

UNIT_MAIN("message", cases)
