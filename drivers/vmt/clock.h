/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VMTKIT_DRIVERS_VMT_CLOCK_H
#define VMTKIT_DRIVERS_VMT_CLOCK_H

#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct ctl_table_header;
struct vmt;

struct vmt_clock_status {
	u64 checks;
	u64 steps;
	s64 offset_ns;		/* host minus guest at the last check that worked */
	int error;		/* of the last check: 0 or -errno */
};

struct vmt_clock {
	struct mutex lock;	/* all below but the work and the tables */
	int period_s;		/* 0: no periodic check; written by sysctl */
	int backward;		/* 0 or 1; written by sysctl */
	bool period_written;	/* by an administrator: stronger than the host's synctime */
	bool host_off;		/* the host said synctime 0 */
	unsigned int keep_off;	/* files that said VMT_IOC_CLOCK_KEEP_OFF */
	struct vmt_clock_status status;
	struct delayed_work work;
	struct ctl_table_header *sysctl_sync;
	struct ctl_table_header *sysctl_root;
};

/**
 * vmt_clock_setup() - set the clock from the host if it is off, and go on doing so
 * @vmt: the device
 *
 * Torn down by the driver core when the device is unbound.
 *
 * Return: 0 or -errno.
 */
int vmt_clock_setup(struct vmt *vmt);

/**
 * vmt_clock_resumed() - the virtual machine was resumed: check now, whoever keeps the time
 * @vmt: the device
 */
void vmt_clock_resumed(struct vmt *vmt);

/**
 * vmt_clock_sync_now() - the host asked for a step
 * @vmt: the device
 * @backward: also back
 *
 * Return: 0 or -errno.
 */
int vmt_clock_sync_now(struct vmt *vmt, bool backward);

/**
 * vmt_clock_host_wants() - the host switched its periodic synchronisation on or off
 * @vmt: the device
 * @on: which
 */
void vmt_clock_host_wants(struct vmt *vmt, bool on);

/**
 * vmt_clock_keep_off() - one more, or one less, file wants no periodic step
 * @vmt: the device
 * @on: one more
 */
void vmt_clock_keep_off(struct vmt *vmt, bool on);

/**
 * vmt_clock_offset() - compare the clocks now
 * @ret_offset_ns: host minus guest
 *
 * Return: 0 or -errno.
 */
int vmt_clock_offset(s64 *ret_offset_ns);

/**
 * vmt_clock_status() - what the last checks found
 * @vmt: the device
 * @ret: filled
 * @ret_period_s: seconds between checks as they are made now; 0: none
 *
 * Return: number of files that keep the driver off.
 */
unsigned int vmt_clock_status(struct vmt *vmt, struct vmt_clock_status *ret, u32 *ret_period_s);

#endif /* VMTKIT_DRIVERS_VMT_CLOCK_H */
