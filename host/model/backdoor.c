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
#include "host/model/fault.h"

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

/* ---- the host's time, with its faults -------------------------------------------------------- */

/* @us and something from either side of zero, from 1970 to as far as a clock goes. */
static int64_t time_add(int64_t us, int64_t more)
{
	int64_t sum;

	if (__builtin_add_overflow(us, more, &sum))
		return INT64_MAX;
	return sum > 0 ? sum : 0;
}

/* Time that does not run as it should: by what it is off, or where it stopped. */
static int64_t time_bend(struct faults *f, int64_t us)
{
	const struct fault_rule *rule;
	int64_t *memo;

	rule = fault_fires(f, FAULT_TIME_SKEW, 0);
	if (rule) {
		memo = fault_memo(f, FAULT_TIME_SKEW);
		if (!*memo)
			*memo = us;
		us = time_add(us, (us - *memo) / US_PER_SEC * rule->value +
				  (us - *memo) % US_PER_SEC * rule->value / US_PER_SEC);
	}
	rule = fault_fires(f, FAULT_TIME_OFFSET, 0);
	if (rule)
		us = time_add(us, rule->value);
	memo = fault_memo(f, FAULT_TIME_JUMP);
	rule = fault_fires(f, FAULT_TIME_JUMP, 0);
	if (rule && __builtin_add_overflow(*memo, rule->value, memo))
		*memo = rule->value < 0 ? INT64_MIN : INT64_MAX;
	if (memo)
		us = time_add(us, *memo);
	if (fault_fires(f, FAULT_TIME_FROZEN, 0)) {
		memo = fault_memo(f, FAULT_TIME_FROZEN);
		if (!*memo)
			*memo = us;
		us = *memo;
	}
	return us;
}

/* False: there is no time now. */
static bool time_get(struct bdoor *b, struct bdoor_time *t)
{
	struct faults *f = b->params.faults;
	const struct fault_rule *rule;
	int64_t us;

	if (fault_fires(f, FAULT_TIME_NONE, 0) || !b->ops->time(b->data, t))
		return false;
	if (t->sec < INT64_MAX / US_PER_SEC) {
		us = time_bend(f, (int64_t)t->sec * US_PER_SEC + t->usec);
		t->sec = (uint64_t)(us / US_PER_SEC);
		t->usec = (uint32_t)(us % US_PER_SEC);
	}
	rule = fault_fires(f, FAULT_TIME_LAG, 0);
	if (rule)
		t->lag_us = (uint32_t)rule->value;
	rule = fault_fires(f, FAULT_TIME_IRQ_LAG, 0);
	if (rule)
		t->irq_lag_us = (uint32_t)rule->value;
	return true;
}

static void cmd_time(struct bdoor *b, struct bdoor_regs *r)
{
	struct bdoor_time t;

	if (!time_get(b, &t) || t.sec >= BDOOR_TIME_ERROR) {
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

	if (!time_get(b, &t)) {
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
	if (fault_fires(b->params.faults, FAULT_PORT_GONE, 0)) {
		r->eax = UINT32_MAX;
		return;
	}
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
