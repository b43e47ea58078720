/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * backdoor.c - commands of the backdoor that are answered on the spot
 *
 * MESSAGE goes to channel.c.  What is not here answers as real hosts do, EAX all ones: clients
 * probe for commands that way, so an answer to a command that does nothing would be a lie.
 */
#include <stdlib.h>

#include "host/base/bytes.h"
#include "host/model/channel.h"

#define US_PER_SEC	1000000u

struct bdoor *bdoor_new(const struct bdoor_params *params, const struct bdoor_ops *ops, void *data)
{
	struct bdoor *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->params = *params;
	b->ops = ops;
	b->data = data;
	return b;
}

void bdoor_free(struct bdoor *b)
{
	if (!b)
		return;
	chan_clear_all(b);
	free(b);
}

static void cmd_version(struct bdoor *b, struct bdoor_regs *r)
{
	r->eax = BDOOR_VERSION;
	r->ebx = BDOOR_MAGIC;
	r->ecx = b->params.product;
}

static void cmd_uuid(struct bdoor *b, struct bdoor_regs *r)
{
	r->eax = get_le32(b->params.uuid);
	r->ebx = get_le32(b->params.uuid + 4);
	r->ecx = get_le32(b->params.uuid + 8);
	r->edx = get_le32(b->params.uuid + 12);
}

static void cmd_hz(struct bdoor *b, struct bdoor_regs *r)
{
	uint64_t hz = b->params.tsc_khz * 1000;

	r->eax = (uint32_t)hz;
	r->ebx = hz ? (uint32_t)(hz >> 32) : BDOOR_UNKNOWN_CMD;
	r->ecx = b->params.apic_khz * 1000;
}

static void cmd_time(struct bdoor *b, struct bdoor_regs *r)
{
	struct bdoor_time t;

	if (!b->ops->time(b->data, &t) || t.sec >= BDOOR_TIME_ERROR) {
		r->eax = BDOOR_TIME_ERROR;
		return;
	}
	r->eax = (uint32_t)t.sec;
	r->ebx = t.usec % US_PER_SEC;
	r->ecx = t.lag_us;
	r->edx = 0;
}

/* EAX says success by keeping the magic. */
static void cmd_time_full(struct bdoor *b, struct bdoor_regs *r, bool with_lag)
{
	struct bdoor_time t;

	if (!b->ops->time(b->data, &t)) {
		r->eax = BDOOR_TIME_ERROR;
		return;
	}
	r->esi = (uint32_t)(t.sec >> 32);
	r->edx = (uint32_t)t.sec;
	r->ebx = t.usec % US_PER_SEC;
	r->ecx = t.lag_us;
	if (with_lag)
		r->edi = t.irq_lag_us;
}

void bdoor_call(struct bdoor *b, struct bdoor_regs *r)
{
	switch (r->ecx & 0xffff) {
	case BDOOR_CMD_MESSAGE:
		chan_call(b, r);
		return;
	case BDOOR_CMD_GETMHZ:
		r->eax = (uint32_t)(b->params.tsc_khz / 1000);
		return;
	case BDOOR_CMD_GETVERSION:
		cmd_version(b, r);
		return;
	case BDOOR_CMD_GETDEVICELISTELEMENT:	/* no device can be switched: the list is empty */
	case BDOOR_CMD_STOPCATCHUP:		/* ticks are never late here */
	case BDOOR_CMD_GET_VCPU_INFO:		/* no x2APIC without remapped interrupts */
		r->eax = 0;
		return;
	case BDOOR_CMD_GETGUIOPTIONS:
		r->eax = b->params.gui_options;
		return;
	case BDOOR_CMD_GETHWVERSION:
		r->eax = b->params.hw_version;
		return;
	case BDOOR_CMD_GETUUID:
		cmd_uuid(b, r);
		return;
	case BDOOR_CMD_GETMEMSIZE:
		r->eax = b->params.memory_mib;
		return;
	case BDOOR_CMD_GETTIME:
		cmd_time(b, r);
		return;
	case BDOOR_CMD_GETTIMEFULL:
		cmd_time_full(b, r, false);
		return;
	case BDOOR_CMD_GETTIMEFULL_LAG:
		cmd_time_full(b, r, true);
		return;
	case BDOOR_CMD_GETHZ:
		cmd_hz(b, r);
		return;
	case BDOOR_CMD_STEALCLOCK:		/* -1: there is no steal time */
		r->eax = BDOOR_UNKNOWN_CMD;
		return;
	case BDOOR_CMD_REPORTGUESTCRASH:	/* the text comes by RPC; this is only the alarm */
		b->stats.crashes++;
		if (b->ops->crashed)
			b->ops->crashed(b->data);
		r->eax = 0;
		return;
	default:
		b->stats.unknown++;
		r->eax = BDOOR_UNKNOWN_CMD;
	}
}

void bdoor_gui_options_set(struct bdoor *b, uint32_t options)
{
	b->params.gui_options = options;
}

const struct bdoor_stats *bdoor_stats(const struct bdoor *b)
{
	return &b->stats;
}
