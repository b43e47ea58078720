/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VMTKIT_DRIVERS_VMT_HOSTTIME_H
#define VMTKIT_DRIVERS_VMT_HOSTTIME_H

#include <linux/types.h>

#include "channel.h"

struct vmt_host_time {
	__s64 ns;		/* since 1970, UTC */
	__u32 lag_us;		/* how far the host lets the guest fall behind */
};

/**
 * vmt_host_time_get() - ask the host for its time
 * @call: what makes a backdoor call
 * @data: first argument of @call
 * @ret: the time; written on success
 *
 * One to three calls, no sleep of its own.
 *
 * Return: 0, or -ENODATA when the host has no time to tell.
 */
int vmt_host_time_get(vmt_call_fn call, void *data, struct vmt_host_time *ret);

/**
 * vmt_clock_wants_step() - is the clock so far off that it is to be set?
 * @offset_ns: host minus guest
 * @lag_us: as the host told
 * @backward: may the guest's clock be set back?
 *
 * Return: true when |@offset_ns| exceeds the lag and one second, in an allowed direction.
 */
bool vmt_clock_wants_step(__s64 offset_ns, __u32 lag_us, bool backward);

#endif /* VMTKIT_DRIVERS_VMT_HOSTTIME_H */
