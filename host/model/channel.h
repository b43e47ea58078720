/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * channel.h - insides of the backdoor engine, shared by backdoor.c and channel.c only
 */
#ifndef VMTKIT_HOST_MODEL_CHANNEL_H
#define VMTKIT_HOST_MODEL_CHANNEL_H

#include "host/model/backdoor.h"

enum chan_state {
	CHAN_FREE,
	CHAN_IDLE,		/* nothing half done by the guest */
	CHAN_SENDING,		/* in_have of in_len bytes are here */
	CHAN_BUSY,		/* the op has the request; every step fails meanwhile */
	CHAN_RECEIVING,		/* RECVSIZE told the length; out_pos bytes were read */
};

struct chan {
	enum chan_state state;
	uint32_t proto;
	uint32_t gen;		/* of this opening; tells it from a later one with the same id */
	bool has_cookie;
	bool checkpoint;	/* the next step answers with the checkpoint bit */
	uint32_t cookie_high, cookie_low;
	uint8_t *in;		/* owned; in_len bytes */
	uint32_t in_len, in_have;
	uint8_t *out;		/* RPCI: the reply that waits, owned, or NULL */
	uint32_t out_len, out_pos;
};

/* A command for the guest that it has not accepted yet. */
struct tclo_msg {
	uint32_t seq;
	uint32_t len;
	uint8_t *bytes;		/* owned */
};

struct bdoor {
	struct bdoor_params params;
	const struct bdoor_ops *ops;
	void *data;
	struct bdoor_stats stats;
	struct chan chans[BDOOR_CHANNELS_MAX];
	uint32_t gen;				/* of the newest channel */
	struct chan *tclo;			/* the channel of the agent, or NULL */
	struct tclo_msg queue[BDOOR_TCLO_QUEUE];	/* [0] is next */
	size_t queued;
	uint32_t awaited;			/* accepted and not yet replied to; 0 = none */
};

/* chan_call - carry out one step of MESSAGE */
void chan_call(struct bdoor *b, struct bdoor_regs *r);

/* chan_clear_all - free all channels and commands, tell nobody */
void chan_clear_all(struct bdoor *b);

#endif /* VMTKIT_HOST_MODEL_CHANNEL_H */
