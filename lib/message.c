/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * message.c - whole messages out of single register calls
 *
 * A message goes as its size and then four bytes a call, or in one high-bandwidth call when the host
 * offers that for this message.  A checkpoint (the machine was saved and restored) in the middle makes
 * the host ask for the whole message again; that is tried a few times, because a host that asks for
 * ever must not keep us for ever.  Any other failure loses the channel: the caller opens a new one.
 *
 * Nothing that the host answers is used before it was checked: the size against the limit, the step
 * that it names against the step that is due.
 */
#include <errno.h>
#include <string.h>

#include <wire/backdoor.h>

#include "lib/message.h"

#define MSG_RESTARTS_MAX	8

/* One step.  Returns the status; @arg goes in and comes out in EBX, *ret_dx_high comes out */
static guint step(struct msg_channel *ch, guint which, guint32 *arg, guint *ret_dx_high)
{
	struct bdoor_regs r = {
		.bx = *arg,
		.cx = which << 16 | BDOOR_CMD_MESSAGE,
		.dx = (guint32)ch->id << 16,
		.si = ch->cookie_high,
		.di = ch->cookie_low,
	};

	ch->port->call(&r, ch->port->data);
	*arg = r.bx;
	*ret_dx_high = r.dx >> 16;
	return r.cx >> 16;
}

static gboolean open_with(struct msg_channel *ch, guint32 proto)
{
	struct bdoor_regs r = {
		.bx = proto,
		.cx = BDOOR_MSG_OPEN << 16 | BDOOR_CMD_MESSAGE,
	};

	ch->port->call(&r, ch->port->data);
	if (r.ax == BDOOR_UNKNOWN_CMD || !((r.cx >> 16) & BDOOR_MSG_SUCCESS))
		return FALSE;
	ch->id = (guint16)(r.dx >> 16);
	ch->cookie_high = proto & BDOOR_MSG_OPEN_COOKIE ? r.si : 0;
	ch->cookie_low = proto & BDOOR_MSG_OPEN_COOKIE ? r.di : 0;
	return TRUE;
}

int msg_open(struct msg_channel *ch, const struct msg_port *port, guint32 proto)
{
	memset(ch, 0, sizeof(*ch));
	ch->port = port;
	if (open_with(ch, proto | BDOOR_MSG_OPEN_COOKIE) || open_with(ch, proto))
		return 0;
	return -ENXIO;
}

/* Returns the status of the last call made */
static guint send_payload(struct msg_channel *ch, const guint8 *buf, gsize len, gboolean fast)
{
	guint status = BDOOR_MSG_SUCCESS;
	gsize at;

	if (fast && len) {
		struct bdoor_hb hb = {
			.bx = BDOOR_HB_MESSAGE, .dx = (guint32)ch->id << 16,
			.cookie_high = ch->cookie_high, .cookie_low = ch->cookie_low,
			.buf = (guint8 *)buf, .len = len, .send = TRUE,
		};

		ch->port->hb(&hb, ch->port->data);
		return hb.bx >> 16;
	}
	for (at = 0; at < len && status & BDOOR_MSG_SUCCESS; at += 4) {
		gsize n = MIN(len - at, 4);
		guint32 word = 0;
		guint dx_high;

		memcpy(&word, buf + at, n);
		word = GUINT32_FROM_LE(word);
		status = step(ch, BDOOR_MSG_SENDPAYLOAD, &word, &dx_high);
	}
	return status;
}

int msg_send(struct msg_channel *ch, const guint8 *buf, gsize len)
{
	guint tries, status, dx_high;

	if (len > BDOOR_MSG_SIZE_MAX)
		return -EMSGSIZE;
	for (tries = 0; tries <= MSG_RESTARTS_MAX; tries++) {
		guint32 arg = (guint32)len;

		status = step(ch, BDOOR_MSG_SENDSIZE, &arg, &dx_high);
		if (status & BDOOR_MSG_SUCCESS)
			status = send_payload(ch, buf, len, status & BDOOR_MSG_HB);
		if (status & BDOOR_MSG_SUCCESS)
			return 0;
		if (!(status & BDOOR_MSG_CHECKPOINT))
			break;
	}
	return -ECONNRESET;
}

/* Fills @into, whose length is that of the message.  Returns the status of the last call made */
static guint recv_payload(struct msg_channel *ch, GByteArray *into, gboolean fast)
{
	guint status = BDOOR_MSG_SUCCESS, at;

	if (fast && into->len) {
		struct bdoor_hb hb = {
			.bx = BDOOR_HB_MESSAGE, .dx = (guint32)ch->id << 16,
			.cookie_high = ch->cookie_high, .cookie_low = ch->cookie_low,
			.buf = into->data, .len = into->len,
		};

		ch->port->hb(&hb, ch->port->data);
		return hb.bx >> 16;
	}
	for (at = 0; at < into->len; at += 4) {
		guint32 word = BDOOR_MSG_SUCCESS;
		guint dx_high;

		status = step(ch, BDOOR_MSG_RECVPAYLOAD, &word, &dx_high);
		if (!(status & BDOOR_MSG_SUCCESS))
			return status;
		if (dx_high != BDOOR_MSG_SENDPAYLOAD)
			return 0;
		word = GUINT32_TO_LE(word);
		memcpy(into->data + at, &word, MIN(into->len - at, 4));
	}
	return status;
}

int msg_recv(struct msg_channel *ch, GByteArray *into)
{
	guint tries, status, dx_high;

	for (tries = 0; tries <= MSG_RESTARTS_MAX; tries++) {
		guint32 size = 0, done = BDOOR_MSG_SUCCESS;

		g_byte_array_set_size(into, 0);
		status = step(ch, BDOOR_MSG_RECVSIZE, &size, &dx_high);
		if (!(status & BDOOR_MSG_SUCCESS))
			goto failed;
		if (!(status & BDOOR_MSG_DORECV))
			return 0;
		if (dx_high != BDOOR_MSG_SENDSIZE)
			return -ECONNRESET;
		if (size > BDOOR_MSG_SIZE_MAX) {
			done = 0;
			(void)step(ch, BDOOR_MSG_RECVSTATUS, &done, &dx_high);
			return -EMSGSIZE;
		}
		g_byte_array_set_size(into, size);
		status = recv_payload(ch, into, status & BDOOR_MSG_HB);
		if (status & BDOOR_MSG_SUCCESS)
			status = step(ch, BDOOR_MSG_RECVSTATUS, &done, &dx_high);
		if (status & BDOOR_MSG_SUCCESS)
			return 1;
failed:
		if (!(status & BDOOR_MSG_CHECKPOINT))
			break;
	}
	return -ECONNRESET;
}

void msg_close(struct msg_channel *ch)
{
	guint32 arg = 0;
	guint dx_high;

	(void)step(ch, BDOOR_MSG_CLOSE, &arg, &dx_high);
}
