/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * message.h - whole messages out of single register calls
 */
#ifndef VMTKIT_LIB_MESSAGE_H
#define VMTKIT_LIB_MESSAGE_H

#include "lib/backdoor.h"

/* The two calls; tests put a host of their own here */
struct msg_port {
	void (*call)(struct bdoor_regs *regs, gpointer data);
	void (*hb)(struct bdoor_hb *hb, gpointer data);
	gpointer data;
};

struct msg_channel {
	const struct msg_port *port;
	guint16 id;
	guint32 cookie_high, cookie_low;
};

/**
 * msg_open - open a channel
 * @ch: filled in
 * @port: must outlive @ch
 * @proto: BDOOR_MSG_PROTO_...
 *
 * Returns 0, or -ENXIO if the host gives none.
 */
int msg_open(struct msg_channel *ch, const struct msg_port *port, guint32 proto);

/**
 * msg_send - send one message
 * @buf: @len bytes; @len may be 0, which is a poll
 *
 * Returns 0; -EMSGSIZE if @len is above BDOOR_MSG_SIZE_MAX; -ECONNRESET if the channel is lost.
 */
int msg_send(struct msg_channel *ch, const guint8 *buf, gsize len);

/**
 * msg_recv - receive one message if the host has one
 * @into: emptied, then filled
 *
 * Returns 1 if there was one, 0 if not; -EMSGSIZE if it was too long (it is refused and gone);
 * -ECONNRESET if the channel is lost.
 */
int msg_recv(struct msg_channel *ch, GByteArray *into);

/** msg_close - close the channel; whether the host agrees does not matter */
void msg_close(struct msg_channel *ch);

#endif /* VMTKIT_LIB_MESSAGE_H */
