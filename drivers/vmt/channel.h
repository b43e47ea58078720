/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VMTKIT_DRIVERS_VMT_CHANNEL_H
#define VMTKIT_DRIVERS_VMT_CHANNEL_H

#include <linux/types.h>

/* The registers of one backdoor call, in and out. */
struct vmt_regs {
	__u32 ax, bx, cx, dx, si, di;
};

/* Makes one backdoor call; may sleep between calls, never in one. */
typedef void (*vmt_call_fn)(void *data, struct vmt_regs *regs);

/* One message channel.  Its user serialises all calls on it. */
struct vmt_channel {
	vmt_call_fn call;
	void *data;		/* for call */
	__u32 cookie_high;
	__u32 cookie_low;
	__u16 id;
	bool is_open;
};

/**
 * vmt_channel_init() - prepare a channel, closed
 * @ch: the channel
 * @call: what makes a backdoor call
 * @data: first argument of @call
 */
void vmt_channel_init(struct vmt_channel *ch, vmt_call_fn call, void *data);

/**
 * vmt_channel_open() - ask the host for a channel
 * @ch: a closed channel
 * @proto: BDOOR_MSG_PROTO_...
 *
 * Return: 0, or -ENOSPC when the host gives none.
 */
int vmt_channel_open(struct vmt_channel *ch, __u32 proto);

/**
 * vmt_channel_close() - give the channel back; nothing when it is closed
 * @ch: the channel
 */
void vmt_channel_close(struct vmt_channel *ch);

/**
 * vmt_channel_send() - send one message
 * @ch: the channel
 * @buf: the message
 * @len: 0..BDOOR_MSG_SIZE_MAX bytes; 0 is a poll
 *
 * Return: 0, -ENOTCONN (closed), -EMSGSIZE (too long, nothing was sent), -ECONNRESET (the host
 * refused: the channel is closed now).
 */
int vmt_channel_send(struct vmt_channel *ch, const void *buf, __u32 len);

/**
 * vmt_channel_recv() - receive one message if there is one
 * @ch: the channel
 * @buf: where it goes; what is there afterwards is undefined when the result is negative
 * @size: bytes at @buf
 * @ret_len: bytes received, written when the result is 1
 *
 * Return: 1, 0 (no message), -ENOTCONN (closed), -EOVERFLOW (longer than @size: refused, the
 * channel is closed now), -ECONNRESET (closed now).
 */
int vmt_channel_recv(struct vmt_channel *ch, void *buf, __u32 size, __u32 *ret_len);

#endif /* VMTKIT_DRIVERS_VMT_CHANNEL_H */
