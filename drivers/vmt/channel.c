/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * channel.c - one message channel, register by register
 *
 * A message goes out as SENDSIZE and a SENDPAYLOAD for every 4 bytes; it comes in as RECVSIZE, a
 * RECVPAYLOAD for every 4 bytes and RECVSTATUS.  The host says SUCCESS to every step.  Where it says
 * CHECKPOINT instead, it was saved and restored in the middle: what it had of the message is gone
 * and the message begins again from its first step.  Any other answer means that the channel is
 * lost: it is closed here, and opening it again is the business of the user.
 *
 * The high-bandwidth port is not used, also where the host offers it: it is an offer, and a message
 * of 64 KiB costs no more than 16,384 calls.
 *
 * The host is not trusted: the size of a message is read once, from a register, and bounds the loop
 * that writes to the buffer; restarts are counted.
 *
 * Pure: no lock, no clock, no allocation.  It is compiled by the unit test as it stands.
 */
#include <linux/errno.h>
#include <linux/string.h>
#include <linux/types.h>

#include <wire/backdoor.h>

#include "channel.h"

#define CHANNEL_RESTARTS_MAX	16

enum step_result {
	STEP_OK,
	STEP_RESTART,	/* a checkpoint: begin the message again */
	STEP_LOST,
};

void vmt_channel_init(struct vmt_channel *ch, vmt_call_fn call, void *data)
{
	*ch = (struct vmt_channel){ .call = call, .data = data };
}

/* Makes the call of one step; returns the status bits of the host. */
static __u32 channel_call(struct vmt_channel *ch, __u32 step, __u32 arg, struct vmt_regs *regs)
{
	*regs = (struct vmt_regs){
		.ax = BDOOR_MAGIC,
		.bx = arg,
		.cx = BDOOR_CMD_MESSAGE | step << 16,
		.dx = BDOOR_PORT | (__u32)ch->id << 16,
		.si = ch->cookie_high,
		.di = ch->cookie_low,
	};
	ch->call(ch->data, regs);
	return regs->cx >> 16;
}

static enum step_result channel_step(struct vmt_channel *ch, __u32 step, __u32 arg,
				     struct vmt_regs *regs)
{
	__u32 status = channel_call(ch, step, arg, regs);

	if (status & BDOOR_MSG_SUCCESS)
		return STEP_OK;
	return status & BDOOR_MSG_CHECKPOINT ? STEP_RESTART : STEP_LOST;
}

int vmt_channel_open(struct vmt_channel *ch, __u32 proto)
{
	struct vmt_regs regs;

	ch->id = 0;
	ch->cookie_high = 0;
	ch->cookie_low = 0;
	/* A host that knows no cookies refuses the flag; it returns ESI and EDI as they were, 0. */
	if (!(channel_call(ch, BDOOR_MSG_OPEN, proto | BDOOR_MSG_OPEN_COOKIE, &regs) &
	      BDOOR_MSG_SUCCESS) &&
	    !(channel_call(ch, BDOOR_MSG_OPEN, proto, &regs) & BDOOR_MSG_SUCCESS))
		return -ENOSPC;
	ch->id = regs.dx >> 16;
	ch->cookie_high = regs.si;
	ch->cookie_low = regs.di;
	ch->is_open = true;
	return 0;
}

void vmt_channel_close(struct vmt_channel *ch)
{
	struct vmt_regs regs;

	if (!ch->is_open)
		return;
	/* A refusal means that the host has closed it: there is nothing to do about it. */
	channel_call(ch, BDOOR_MSG_CLOSE, 0, &regs);
	ch->is_open = false;
}

static int channel_lost(struct vmt_channel *ch)
{
	vmt_channel_close(ch);
	return -ECONNRESET;
}

static enum step_result channel_send_once(struct vmt_channel *ch, const __u8 *buf, __u32 len)
{
	struct vmt_regs regs;
	enum step_result r;
	__u32 at, i, n, word;

	r = channel_step(ch, BDOOR_MSG_SENDSIZE, len, &regs);
	for (at = 0; r == STEP_OK && at < len; at += n) {
		n = len - at < 4 ? len - at : 4;
		word = 0;
		for (i = 0; i < n; i++)
			word |= (__u32)buf[at + i] << (8 * i);
		r = channel_step(ch, BDOOR_MSG_SENDPAYLOAD, word, &regs);
	}
	return r;
}

int vmt_channel_send(struct vmt_channel *ch, const void *buf, __u32 len)
{
	enum step_result r;
	unsigned int tries = 0;

	if (!ch->is_open)
		return -ENOTCONN;
	if (len > BDOOR_MSG_SIZE_MAX)
		return -EMSGSIZE;
	do {
		r = channel_send_once(ch, buf, len);
	} while (r == STEP_RESTART && ++tries <= CHANNEL_RESTARTS_MAX);
	return r == STEP_OK ? 0 : channel_lost(ch);
}

/* Reads @len bytes, then tells the host that they are here. */
static enum step_result channel_recv_payload(struct vmt_channel *ch, __u8 *buf, __u32 len)
{
	struct vmt_regs regs;
	enum step_result r;
	__u32 at, i, n;

	for (at = 0; at < len; at += n) {
		r = channel_step(ch, BDOOR_MSG_RECVPAYLOAD, BDOOR_MSG_SUCCESS, &regs);
		if (r != STEP_OK)
			return r;
		if (regs.dx >> 16 != BDOOR_MSG_SENDPAYLOAD) {
			channel_call(ch, BDOOR_MSG_RECVSTATUS, 0, &regs);
			return STEP_LOST;
		}
		n = len - at < 4 ? len - at : 4;
		for (i = 0; i < n; i++)
			buf[at + i] = regs.bx >> (8 * i);
	}
	return channel_step(ch, BDOOR_MSG_RECVSTATUS, BDOOR_MSG_SUCCESS, &regs);
}

/* Returns as vmt_channel_recv(), or -EAGAIN for a restart; the caller closes what is lost. */
static int channel_recv_once(struct vmt_channel *ch, void *buf, __u32 size, __u32 *ret_len)
{
	struct vmt_regs regs;
	enum step_result r;
	__u32 len;

	r = channel_step(ch, BDOOR_MSG_RECVSIZE, 0, &regs);
	if (r == STEP_OK) {
		if (!(regs.cx >> 16 & BDOOR_MSG_DORECV))
			return 0;
		len = regs.bx;
		if (regs.dx >> 16 != BDOOR_MSG_SENDSIZE || len > size) {
			channel_call(ch, BDOOR_MSG_RECVSTATUS, 0, &regs);
			return len > size ? -EOVERFLOW : -ECONNRESET;
		}
		r = channel_recv_payload(ch, buf, len);
	}
	if (r != STEP_OK)
		return r == STEP_RESTART ? -EAGAIN : -ECONNRESET;
	*ret_len = len;
	return 1;
}

int vmt_channel_recv(struct vmt_channel *ch, void *buf, __u32 size, __u32 *ret_len)
{
	unsigned int tries = 0;
	int r;

	if (!ch->is_open)
		return -ENOTCONN;
	do {
		r = channel_recv_once(ch, buf, size, ret_len);
	} while (r == -EAGAIN && ++tries <= CHANNEL_RESTARTS_MAX);
	if (r == -EAGAIN)
		r = -ECONNRESET;
	if (r < 0)
		vmt_channel_close(ch);
	return r;
}
