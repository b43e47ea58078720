/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * channel.c - message channels of the backdoor: steps in, whole messages out
 *
 * A channel is IDLE until the guest begins to send (SENDING) or to receive (RECEIVING); it may
 * begin anew at any time, which drops what was half done.  Guest to host: SENDSIZE, then
 * SENDPAYLOAD with four bytes each, or one high-bandwidth call with all of them.  With the last
 * byte the message is complete: on an RPCI channel it is a request (BUSY while the op has it) whose
 * reply then waits to be received; on the TCLO channel it is the reply to the command accepted
 * last.  Host to guest: RECVSIZE, RECVPAYLOAD..., RECVSTATUS; only the last one takes the message
 * off.
 *
 * The next command is not offered before the last one is replied to or cancelled: agents answer in
 * order and one at a time, and so a reply needs no number on the wire.
 *
 * There is one TCLO channel: who opens a second one gets it, and the first is closed, as an agent
 * that died without closing must not shut out its successor.
 *
 * Faults (fault.h) take the place of a step: the channel is looked up as for any step, then the step
 * fails as the fault has it, and is not carried out.
 *
 * Status is ECX.high with ECX.low 0, and EDX.low is 0 after OPEN: BSD drivers compare whole
 * registers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/bytes.h"
#include "host/model/channel.h"
#include "host/model/fault.h"

static void reply(struct bdoor_regs *r, uint32_t status)
{
	r->ecx = status << 16;
}

static uint32_t status_ok(const struct bdoor *b)
{
	return BDOOR_MSG_SUCCESS | (b->params.high_bandwidth ? BDOOR_MSG_HB : 0);
}

/* Drop what the guest was in the middle of; what waits for it still waits. */
static void chan_rewind(struct chan *c)
{
	free(c->in);
	c->in = NULL;
	c->in_len = c->in_have = 0;
	c->out_pos = 0;
	c->state = CHAN_IDLE;
}

static void tclo_pop(struct bdoor *b, size_t i)
{
	free(b->queue[i].bytes);
	b->queued--;
	memmove(&b->queue[i], &b->queue[i + 1], (b->queued - i) * sizeof(b->queue[0]));
}

static void tclo_flush(struct bdoor *b)
{
	while (b->queued)
		tclo_pop(b, b->queued - 1);
	b->awaited = 0;
}

static void chan_free(struct bdoor *b, struct chan *c)
{
	chan_rewind(c);
	free(c->out);
	if (b->tclo == c) {
		tclo_flush(b);
		b->tclo = NULL;
	}
	memset(c, 0, sizeof(*c));
}

static void chan_close(struct bdoor *b, struct chan *c)
{
	bool tclo = b->tclo == c;
	uint32_t gen = c->gen;

	chan_free(b, c);
	if (tclo)
		b->ops->tclo(b->data, BDOOR_TCLO_CLOSED, gen, 0, NULL, 0);
}

void chan_clear_all(struct bdoor *b)
{
	size_t i;

	for (i = 0; i < BDOOR_CHANNELS_MAX; i++)
		if (b->chans[i].state != CHAN_FREE)
			chan_free(b, &b->chans[i]);
}

/* The open channel that the call names and has the key to, or NULL with the failure in @r. */
static struct chan *chan_find(struct bdoor *b, struct bdoor_regs *r, uint32_t high, uint32_t low)
{
	uint32_t id = r->edx >> 16;
	struct chan *c = id < BDOOR_CHANNELS_MAX ? &b->chans[id] : NULL;

	if (!c || c->state == CHAN_FREE) {
		b->stats.bad_steps++;
		reply(r, BDOOR_MSG_CLOSED);
		return NULL;
	}
	if (c->has_cookie && (c->cookie_high != high || c->cookie_low != low)) {
		b->stats.bad_cookies++;
		reply(r, 0);
		return NULL;
	}
	if (c->state == CHAN_BUSY) {
		b->stats.bad_steps++;
		reply(r, 0);
		return NULL;
	}
	return c;
}

static void bad_step(struct bdoor *b, struct bdoor_regs *r)
{
	b->stats.bad_steps++;
	reply(r, 0);
}

static struct chan *chan_unused(struct bdoor *b)
{
	size_t i;

	for (i = 0; i < BDOOR_CHANNELS_MAX; i++)
		if (b->chans[i].state == CHAN_FREE)
			return &b->chans[i];
	return NULL;
}

static void chan_open(struct bdoor *b, struct bdoor_regs *r)
{
	uint32_t proto = r->ebx & ~BDOOR_MSG_OPEN_COOKIE;
	uint64_t cookie = b->ops->random(b->data);
	struct chan *c;

	if (proto != BDOOR_MSG_PROTO_RPCI && proto != BDOOR_MSG_PROTO_TCLO) {
		bad_step(b, r);
		return;
	}
	if (proto == BDOOR_MSG_PROTO_TCLO && b->tclo)
		chan_close(b, b->tclo);
	c = chan_unused(b);
	if (!c) {
		b->stats.opens_refused++;
		reply(r, 0);
		return;
	}
	*c = (struct chan){ .state = CHAN_IDLE, .proto = proto };
	if (!++b->gen)
		b->gen = 1;
	c->gen = b->gen;
	r->edx = (uint32_t)(c - b->chans) << 16;
	if (r->ebx & BDOOR_MSG_OPEN_COOKIE) {
		c->has_cookie = true;
		r->esi = c->cookie_high = (uint32_t)(cookie >> 32);
		r->edi = c->cookie_low = (uint32_t)cookie;
		if (fault_fires(b->params.faults, FAULT_MSG_COOKIE, BDOOR_MSG_OPEN))
			c->cookie_low ^= 1;
	}
	reply(r, BDOOR_MSG_SUCCESS);
	if (proto == BDOOR_MSG_PROTO_TCLO) {
		b->tclo = c;
		b->ops->polled(b->data);
		b->ops->tclo(b->data, BDOOR_TCLO_OPENED, c->gen, 0, NULL, 0);
	}
}

/* ---- guest to host --------------------------------------------------------------------------- */

static void send_size(struct bdoor *b, struct chan *c, struct bdoor_regs *r)
{
	uint32_t len = r->ebx;

	chan_rewind(c);
	if (len > BDOOR_MSG_SIZE_MAX) {
		b->stats.too_long++;
		reply(r, 0);
		return;
	}
	if (c == b->tclo)
		b->ops->polled(b->data);
	if (len) {
		c->in = malloc(len);
		if (!c->in) {
			reply(r, 0);
			return;
		}
		c->in_len = len;
		c->state = CHAN_SENDING;
		free(c->out);		/* a reply that nobody fetched */
		c->out = NULL;
	}
	reply(r, status_ok(b));
}

/* Carry out a whole request; @c may be gone afterwards.  Returns the status for the last step. */
static uint32_t rpci_complete(struct bdoor *b, struct chan *c)
{
	uint8_t *in = c->in, *out = malloc(BDOOR_MSG_SIZE_MAX), *fit;
	uint32_t gen = c->gen;
	long len = -ENOMEM;

	c->in = NULL;
	c->state = CHAN_BUSY;
	if (out)
		len = b->ops->rpci(b->data, in, c->in_len, out, BDOOR_MSG_SIZE_MAX);
	free(in);
	if (c->gen != gen || c->state != CHAN_BUSY) {		/* reset while we were away */
		free(out);
		return BDOOR_MSG_CLOSED;
	}
	chan_rewind(c);
	if (len <= 0 || len > BDOOR_MSG_SIZE_MAX) {
		b->stats.rpci_failed++;
		free(out);
		chan_close(b, c);
		return BDOOR_MSG_CLOSED | BDOOR_MSG_TIMEOUT;
	}
	fit = realloc(out, (size_t)len);
	c->out = fit ? fit : out;
	c->out_len = (uint32_t)len;
	return BDOOR_MSG_SUCCESS;
}

static uint32_t tclo_complete(struct bdoor *b, struct chan *c)
{
	uint32_t seq = b->awaited;

	b->awaited = 0;
	b->ops->tclo(b->data, BDOOR_TCLO_REPLIED, c->gen, seq, c->in, c->in_len);
	chan_rewind(c);
	return BDOOR_MSG_SUCCESS;
}

static uint32_t send_complete(struct bdoor *b, struct chan *c)
{
	return c->proto == BDOOR_MSG_PROTO_TCLO ? tclo_complete(b, c) : rpci_complete(b, c);
}

static void send_payload(struct bdoor *b, struct chan *c, struct bdoor_regs *r)
{
	uint32_t left = c->in_len - c->in_have;
	uint8_t bytes[4];

	if (c->state != CHAN_SENDING) {
		bad_step(b, r);
		return;
	}
	put_le32(bytes, r->ebx);
	memcpy(c->in + c->in_have, bytes, left < 4 ? left : 4);
	c->in_have += left < 4 ? left : 4;
	reply(r, c->in_have < c->in_len ? BDOOR_MSG_SUCCESS : send_complete(b, c));
}

/* ---- host to guest --------------------------------------------------------------------------- */

/* What waits for the guest on this channel: bytes and length, or NULL. */
static const uint8_t *out_bytes(const struct bdoor *b, const struct chan *c, uint32_t *ret_len)
{
	if (c != b->tclo) {
		*ret_len = c->out_len;
		return c->out;
	}
	if (!b->queued || b->awaited)
		return NULL;
	*ret_len = b->queue[0].len;
	return b->queue[0].bytes;
}

/* The guest has taken, or will not take, what waits. */
static void out_done(struct bdoor *b, struct chan *c, bool accepted)
{
	uint32_t seq;

	chan_rewind(c);
	if (c != b->tclo) {
		free(c->out);
		c->out = NULL;
		return;
	}
	seq = b->queue[0].seq;
	tclo_pop(b, 0);
	if (accepted)
		b->awaited = seq;
	b->ops->tclo(b->data, accepted ? BDOOR_TCLO_ACCEPTED : BDOOR_TCLO_REFUSED, c->gen, seq,
		     NULL, 0);
}

static void recv_size(struct bdoor *b, struct chan *c, struct bdoor_regs *r)
{
	const struct fault_rule *rule;
	uint32_t len;

	if (c->state == CHAN_SENDING) {
		bad_step(b, r);
		return;
	}
	chan_rewind(c);
	if (!out_bytes(b, c, &len)) {
		r->ebx = 0;
		reply(r, status_ok(b));
		return;
	}
	c->state = CHAN_RECEIVING;
	rule = fault_fires(b->params.faults, FAULT_MSG_RECVSIZE, 0);
	r->ebx = rule ? (uint32_t)rule->value : len;
	r->edx = BDOOR_MSG_SENDSIZE << 16;
	reply(r, status_ok(b) | BDOOR_MSG_DORECV);
}

static void recv_payload(struct bdoor *b, struct chan *c, struct bdoor_regs *r)
{
	const uint8_t *bytes;
	uint32_t len, n;
	uint8_t word[4] = { 0 };

	if (c->state != CHAN_RECEIVING) {
		bad_step(b, r);
		return;
	}
	if (!(r->ebx & BDOOR_MSG_SUCCESS)) {
		out_done(b, c, false);
		reply(r, BDOOR_MSG_SUCCESS);
		return;
	}
	bytes = out_bytes(b, c, &len);
	if (!bytes || c->out_pos == len) {
		bad_step(b, r);
		return;
	}
	n = len - c->out_pos < 4 ? len - c->out_pos : 4;
	memcpy(word, bytes + c->out_pos, n);
	c->out_pos += n;
	r->ebx = get_le32(word);
	r->edx = BDOOR_MSG_SENDPAYLOAD << 16;
	reply(r, BDOOR_MSG_SUCCESS);
}

static void recv_status(struct bdoor *b, struct chan *c, struct bdoor_regs *r)
{
	bool accepted = r->ebx & BDOOR_MSG_SUCCESS;
	uint32_t len;

	if (c->state != CHAN_RECEIVING) {
		/* Refused by RECVPAYLOAD already, and once more for good measure. */
		if (c->state == CHAN_IDLE && !accepted)
			reply(r, BDOOR_MSG_SUCCESS);
		else
			bad_step(b, r);
		return;
	}
	if (!out_bytes(b, c, &len) || (accepted && c->out_pos < len)) {
		chan_rewind(c);
		bad_step(b, r);
		return;
	}
	out_done(b, c, accepted);
	reply(r, BDOOR_MSG_SUCCESS);
}

static bool chan_checkpoint(struct chan *c)
{
	if (!c->checkpoint)
		return false;
	c->checkpoint = false;
	chan_rewind(c);
	return true;
}

/* ---- faults ---------------------------------------------------------------------------------- */

/* Whether a fault takes the place of @step; @c: its channel, NULL for OPEN.  @ret: the status. */
static bool step_fails(struct bdoor *b, struct chan *c, unsigned int step, uint32_t *ret)
{
	struct faults *f = b->params.faults;
	const struct fault_rule *rule;

	if (fault_fires(f, FAULT_MSG_CHECKPOINT, step)) {
		if (c)
			chan_rewind(c);
		*ret = BDOOR_MSG_CHECKPOINT;
		return true;
	}
	if (c && fault_fires(f, FAULT_MSG_CLOSE, step)) {
		chan_close(b, c);
		*ret = BDOOR_MSG_CLOSED;
		return true;
	}
	if (c && fault_fires(f, FAULT_MSG_COOKIE, step)) {
		b->stats.bad_cookies++;
		*ret = 0;
		return true;
	}
	rule = fault_fires(f, FAULT_MSG_STATUS, step);
	if (rule)
		*ret = (uint32_t)rule->value;
	return rule;
}

/* Another program opens the agent's channel just when the agent polls: it is the agent's no more. */
static void second_client(struct bdoor *b, const struct bdoor_regs *r)
{
	struct bdoor_regs other = { .ebx = BDOOR_MSG_PROTO_TCLO | BDOOR_MSG_OPEN_COOKIE };

	if (b->tclo && r->edx >> 16 == (uint32_t)(b->tclo - b->chans) &&
	    fault_fires(b->params.faults, FAULT_TCLO_SECOND, 0))
		chan_open(b, &other);
}

void chan_call(struct bdoor *b, struct bdoor_regs *r)
{
	uint32_t step = r->ecx >> 16, status;
	struct chan *c;

	if (step == BDOOR_MSG_OPEN) {
		if (step_fails(b, NULL, step, &status))
			reply(r, status);
		else
			chan_open(b, r);
		return;
	}
	if (step == BDOOR_MSG_SENDSIZE && !r->ebx)
		second_client(b, r);
	c = chan_find(b, r, r->esi, r->edi);
	if (!c)
		return;
	if (step <= BDOOR_MSG_CLOSE && step_fails(b, c, step, &status)) {
		reply(r, status);
		return;
	}
	if (step != BDOOR_MSG_CLOSE && chan_checkpoint(c)) {
		reply(r, BDOOR_MSG_CHECKPOINT);
		return;
	}
	switch (step) {
	case BDOOR_MSG_SENDSIZE:
		send_size(b, c, r);
		return;
	case BDOOR_MSG_SENDPAYLOAD:
		send_payload(b, c, r);
		return;
	case BDOOR_MSG_RECVSIZE:
		recv_size(b, c, r);
		return;
	case BDOOR_MSG_RECVPAYLOAD:
		recv_payload(b, c, r);
		return;
	case BDOOR_MSG_RECVSTATUS:
		recv_status(b, c, r);
		return;
	case BDOOR_MSG_CLOSE:
		chan_close(b, c);
		reply(r, BDOOR_MSG_SUCCESS);
		return;
	default:
		bad_step(b, r);
	}
}

/* ---- high bandwidth -------------------------------------------------------------------------- */

static struct chan *hb_find(struct bdoor *b, struct bdoor_regs *r, bool to_guest)
{
	return to_guest ? chan_find(b, r, r->esi, r->ebp) : chan_find(b, r, r->ebp, r->edi);
}

static void hb_reply(struct bdoor_regs *r, uint32_t status)
{
	r->ebx = status << 16;
}

/* The channel, if the whole transfer is what its state expects; else NULL and a status. */
static struct chan *hb_check(struct bdoor *b, const struct bdoor_regs *regs, bool to_guest,
			     uint32_t *ret_status)
{
	struct bdoor_regs scratch = *regs;
	struct chan *c = hb_find(b, &scratch, to_guest);
	uint32_t len = 0;

	*ret_status = 0;
	if (!c)
		return NULL;
	if (chan_checkpoint(c)) {
		*ret_status = BDOOR_MSG_CHECKPOINT;
		return NULL;
	}
	if ((regs->ebx & 0xffff) != (BDOOR_HB_MESSAGE & 0xffff))
		goto bad;
	if (to_guest) {
		if (c->state != CHAN_RECEIVING || c->out_pos || !out_bytes(b, c, &len))
			goto bad;
	} else {
		if (c->state != CHAN_SENDING || c->in_have)
			goto bad;
		len = c->in_len;
	}
	if (regs->ecx == len)
		return c;
bad:
	b->stats.bad_steps++;
	return NULL;
}

long bdoor_hb_begin(struct bdoor *b, struct bdoor_regs *r, bool to_guest)
{
	unsigned int step = to_guest ? FAULT_STEP_HB_RECEIVE : FAULT_STEP_HB_SEND;
	uint32_t status;
	struct chan *c = hb_check(b, r, to_guest, &status);

	if (c && !step_fails(b, c, step, &status))
		return (long)r->ecx;
	hb_reply(r, status);
	return -EINVAL;
}

void bdoor_hb_peek(struct bdoor *b, const struct bdoor_regs *r, void *buf)
{
	uint32_t status, len = 0;
	struct chan *c = hb_check(b, r, true, &status);
	const uint8_t *bytes = c ? out_bytes(b, c, &len) : NULL;

	if (bytes)
		memcpy(buf, bytes, len);
	else
		memset(buf, 0, r->ecx < BDOOR_MSG_SIZE_MAX ? r->ecx : BDOOR_MSG_SIZE_MAX);
}

void bdoor_hb_end(struct bdoor *b, struct bdoor_regs *r, bool to_guest, const void *buf)
{
	uint32_t status = 0;
	struct chan *c = buf ? hb_check(b, r, to_guest, &status) : NULL;

	if (c && to_guest) {
		c->out_pos = r->ecx;
		status = BDOOR_MSG_SUCCESS;
	} else if (c) {
		memcpy(c->in, buf, c->in_len);
		c->in_have = c->in_len;
		status = send_complete(b, c);
	}
	hb_reply(r, status);
}

/* ---- from the host --------------------------------------------------------------------------- */

void bdoor_reset(struct bdoor *b)
{
	chan_clear_all(b);
	b->stats.resets++;
}

void bdoor_checkpoint(struct bdoor *b)
{
	size_t i;

	for (i = 0; i < BDOOR_CHANNELS_MAX; i++)
		b->chans[i].checkpoint = b->chans[i].state != CHAN_FREE;
}

int bdoor_tclo_push(struct bdoor *b, uint32_t gen, uint32_t seq, const void *msg, size_t len)
{
	struct tclo_msg *m;

	if (!b->tclo || b->tclo->gen != gen)
		return -ENOTCONN;
	if (!len || len > BDOOR_MSG_SIZE_MAX)
		return -EMSGSIZE;
	if (b->queued == BDOOR_TCLO_QUEUE)
		return -ENOSPC;
	m = &b->queue[b->queued];
	m->bytes = malloc(len);
	if (!m->bytes)
		return -ENOMEM;
	memcpy(m->bytes, msg, len);
	m->len = (uint32_t)len;
	m->seq = seq;
	b->queued++;
	return 0;
}

void bdoor_tclo_cancel(struct bdoor *b, uint32_t seq)
{
	size_t i;

	if (b->awaited == seq)
		b->awaited = 0;
	for (i = 0; i < b->queued; i++) {
		if (b->queue[i].seq != seq)
			continue;
		if (i || b->tclo->state != CHAN_RECEIVING)
			tclo_pop(b, i);
		return;
	}
}

uint32_t bdoor_tclo_gen(const struct bdoor *b)
{
	return b->tclo ? b->tclo->gen : 0;
}
