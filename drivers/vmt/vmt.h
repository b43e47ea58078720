/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vmt.h - the device and its parts
 *
 * Each part is embedded in struct vmt and is touched by its own file alone.  Parts are set up by
 * the probe in the order main.c lists and torn down in reverse by the driver core.
 * Lock order: files_lock, vmt_file.lock, tclo.lock, clock.lock.
 */
#ifndef VMTKIT_DRIVERS_VMT_VMT_H
#define VMTKIT_DRIVERS_VMT_VMT_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/ptp_clock_kernel.h>
#include <linux/types.h>
#include <linux/uuid.h>
#include <linux/workqueue.h>

#include <uapi/vmt.h>
#include <wire/backdoor.h>
#include <wire/guestrpc.h>

#include "channel.h"
#include "clock.h"
#include "power.h"
#include "service.h"
#include "tclo.h"

struct vmt {
	struct kref ref;		/* the bound device, and every open file */
	struct device *dev;		/* for messages; valid while bound */
	u32 product;			/* BDOOR_PRODUCT_... */
	bool has_uuid;
	u8 uuid[16];
	char uuid_text[UUID_STRING_LEN + 1];

	struct mutex files_lock;	/* files, dead */
	struct list_head files;
	bool dead;			/* unbound: written under files_lock, read anywhere */
	struct miscdevice misc;

	struct vmt_tclo tclo;
	struct vmt_service service;
	struct vmt_power_switch power;
	struct vmt_clock clock;
	struct ptp_clock_info ptp_info;
	struct ptp_clock *ptp;
	struct notifier_block panic_nb;
};

/**
 * vmt_put() - give back a reference; the last one frees
 * @vmt: the device
 */
void vmt_put(struct vmt *vmt);

/* backdoor.c */

/**
 * vmt_backdoor_setup() - choose the way to call the hypervisor, and try it
 * @ret_product: BDOOR_PRODUCT_..., or 0 when it does not say
 *
 * Executes nothing unusual unless the kernel itself has found this hypervisor.
 *
 * Return: 0; -ENODEV when there is none, or when it could not see the registers of this guest.
 */
int vmt_backdoor_setup(u32 *ret_product);

/** vmt_backdoor_way() - VMT_CALL_..., after the set-up */
u32 vmt_backdoor_way(void);

/**
 * vmt_backdoor_call() - make one call; fits vmt_call_fn
 * @data: unused
 * @regs: registers in and out; DX low is BDOOR_PORT whatever the way
 *
 * Context: any.
 */
void vmt_backdoor_call(void *data, struct vmt_regs *regs);

/**
 * vmt_backdoor_call_long() - the same, as one of many; fits vmt_call_fn
 * @data: unused
 * @regs: registers in and out
 *
 * Context: process; gives way to others.
 */
void vmt_backdoor_call_long(void *data, struct vmt_regs *regs);

/**
 * vmt_backdoor_uuid() - the UUID of the virtual machine
 * @uuid: 16 bytes in the order of the text form
 *
 * Return: false when the host has none.
 */
bool vmt_backdoor_uuid(u8 *uuid);

/* chardev.c */
int vmt_chardev_setup(struct vmt *vmt);

/* ptp.c */
int vmt_ptp_setup(struct vmt *vmt);

/* panic.c */
int vmt_panic_setup(struct vmt *vmt);

/* sysfs.c */
extern const struct attribute_group *vmt_attr_groups[];

#endif /* VMTKIT_DRIVERS_VMT_VMT_H */
