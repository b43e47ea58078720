/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VMTKIT_DRIVERS_VMT_POWER_H
#define VMTKIT_DRIVERS_VMT_POWER_H

#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct input_dev;
struct vmt;

enum vmt_power_stage {
	POWER_IDLE,
	POWER_KEY,		/* press the key, if anybody listens */
	POWER_ORDERLY,		/* run poweroff or reboot */
	POWER_FORCE,		/* nothing came of it */
	POWER_GOING_DOWN,	/* the kernel is at it */
};

struct vmt_power_switch {
	struct mutex lock;		/* op, stage */
	u32 op;				/* VMT_POWER_... */
	enum vmt_power_stage stage;	/* what the work does next */
	struct delayed_work work;
	struct input_dev *input;
};

/**
 * vmt_power_setup() - make the power switch
 * @vmt: the device
 *
 * Return: 0 or -errno.
 */
int vmt_power_setup(struct vmt *vmt);

/**
 * vmt_power_begin() - power off or reboot in good order
 * @vmt: the device
 * @op: VMT_POWER_HALT or VMT_POWER_REBOOT
 *
 * Returns at once.  Nothing when the same operation has begun; another one replaces it.
 */
void vmt_power_begin(struct vmt *vmt, u32 op);

/**
 * vmt_power_sleep() - press the sleep key, if there is one
 * @vmt: the device
 */
void vmt_power_sleep(struct vmt *vmt);

/**
 * vmt_power_going_down() - the kernel reboots or powers off: nothing is left to do
 * @vmt: the device
 *
 * Context: reboot notifier.
 */
void vmt_power_going_down(struct vmt *vmt);

#endif /* VMTKIT_DRIVERS_VMT_POWER_H */
