/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hosttime.c - the time of the host, from registers
 *
 * Three commands, the newer ones first: 55 and 46 tell 64 bits of seconds and leave the magic number
 * in EAX when they are there; 23 is the old one.  Values that cannot be a time are treated as if the
 * command were not there, because the clock is set by them.
 *
 * Pure; compiled by the unit test as it stands.
 */
#include <linux/errno.h>
#include <linux/types.h>

#include <wire/backdoor.h>

#include "hosttime.h"

#define NS_PER_S	1000000000ll
#define NS_PER_US	1000ll
#define US_PER_S	1000000u
#define SECONDS_MAX	(1ull << 33)	/* year 2242; the kernel's own limit is a little beyond */
#define LAG_MAX_US	0x7fffffffu	/* more is a negative number of the host */

static int time_check(__u64 seconds, __u32 us, __u32 lag_us, struct vmt_host_time *ret)
{
	if (seconds == 0 || seconds >= SECONDS_MAX || us >= US_PER_S)
		return -ENODATA;
	ret->ns = (__s64)seconds * NS_PER_S + us * NS_PER_US;
	ret->lag_us = lag_us <= LAG_MAX_US ? lag_us : 0;
	return 0;
}

static int time_full(vmt_call_fn call, void *data, __u32 command, struct vmt_host_time *ret)
{
	struct vmt_regs regs = { .ax = BDOOR_MAGIC, .cx = command, .dx = BDOOR_PORT };

	call(data, &regs);
	if (regs.ax != BDOOR_MAGIC)
		return -ENODATA;
	return time_check((__u64)regs.si << 32 | regs.dx, regs.bx, regs.cx, ret);
}

static int time_old(vmt_call_fn call, void *data, struct vmt_host_time *ret)
{
	struct vmt_regs regs = { .ax = BDOOR_MAGIC, .cx = BDOOR_CMD_GETTIME, .dx = BDOOR_PORT };

	call(data, &regs);
	/* A host without the command may also leave the registers alone. */
	if (regs.ax == BDOOR_TIME_ERROR || regs.ax == BDOOR_MAGIC)
		return -ENODATA;
	return time_check(regs.ax, regs.bx, regs.cx, ret);
}

int vmt_host_time_get(vmt_call_fn call, void *data, struct vmt_host_time *ret)
{
	int err;

	err = time_full(call, data, BDOOR_CMD_GETTIMEFULL_LAG, ret);
	if (err)
		err = time_full(call, data, BDOOR_CMD_GETTIMEFULL, ret);
	if (err)
		err = time_old(call, data, ret);
	return err;
}

bool vmt_clock_wants_step(__s64 offset_ns, __u32 lag_us, bool backward)
{
	__s64 limit_ns = lag_us * NS_PER_US;

	if (limit_ns < NS_PER_S)
		limit_ns = NS_PER_S;
	return offset_ns > limit_ns || (backward && offset_ns < -limit_ns);
}
