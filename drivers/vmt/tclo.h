/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VMTKIT_DRIVERS_VMT_TCLO_H
#define VMTKIT_DRIVERS_VMT_TCLO_H

#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/poll.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "channel.h"
#include "command.h"
#include "pace.h"

struct pid;
struct task_struct;
struct vmt;
struct vmt_file;

/* The message of the host that is in hand, if any. */
enum vmt_tclo_msg {
	TCLO_MSG_NONE,
	TCLO_MSG_READY,		/* for the owner to read */
	TCLO_MSG_TAKEN,		/* read by the owner, who is to answer */
	TCLO_MSG_ORPHAN,	/* its owner left: the driver is to answer */
	TCLO_MSG_ANSWERED,	/* the reply is in tclo.reply, for the thread to send */
};

struct vmt_tclo {
	struct task_struct *thread;
	wait_queue_head_t thread_wq;	/* the thread sleeps here */
	wait_queue_head_t owner_wq;	/* the owner sleeps here, for a message or a sent reply */

	struct mutex lock;		/* what follows, up to the next comment on locking */
	bool kick;			/* the thread has something to do */
	bool reboot;			/* the kernel goes down: close and be quiet */
	bool reopen;			/* somebody else is to have the channel now */
	bool resumed;			/* report everything again */
	bool attached;
	bool contended;
	struct vmt_file *owner;
	struct pid *owner_pid;
	u32 power;			/* VMT_POWER_..., declared by the owner */
	u32 power_left;			/* the same, of an owner who is gone */
	bool service;			/* the driver serves, as nobody owns the channel */
	u64 serve_at_ms;		/* when it begins to, if not yet */
	enum vmt_tclo_msg msg_state;
	u32 msg_len;
	u32 reply_len;
	int reply_err;			/* how sending the last reply went */
	u64 messages;
	u64 lost;

	/*
	 * msg belongs to the thread in NONE and ORPHAN, else to the owner; reply to the thread in
	 * ANSWERED and ORPHAN, else to the owner.  VMT_MSG_MAX bytes each.
	 */
	u8 *msg;
	u8 *reply;

	/* of the thread alone */
	struct vmt_channel ch;
	struct vmt_pace pace;
	struct vmt_reopen re;
	u64 open_at_ms;			/* not to be opened before */
	struct vmt_command served;	/* the message that the driver answered itself */

	struct notifier_block reboot_nb;
};

struct vmt_tclo_status {
	u32 state;			/* VMT_TCLO_... */
	s32 owner_pid;			/* in the pid namespace of the caller, or 0 */
	u32 power;
	bool attached;
	bool contended;
	u64 messages;
	u64 lost;
};

/**
 * vmt_tclo_setup() - start the thread that has the TCLO channel
 * @vmt: the device
 *
 * Torn down by the driver core when the device is unbound; the files are dead by then.
 *
 * Return: 0 or -errno.
 */
int vmt_tclo_setup(struct vmt *vmt);

/**
 * vmt_tclo_free() - free what an open file may still have used after the teardown
 * @vmt: the device
 */
void vmt_tclo_free(struct vmt *vmt);

/**
 * vmt_tclo_own() - make a file the owner of the channel
 * @vmt: the device
 * @file: the file
 *
 * Return: 0, -EBUSY (another one is), -ENODEV.
 */
int vmt_tclo_own(struct vmt *vmt, struct vmt_file *file);

/**
 * vmt_tclo_disown() - the owner's file is closed
 * @vmt: the device
 * @file: the owner
 */
void vmt_tclo_disown(struct vmt *vmt, struct vmt_file *file);

/**
 * vmt_tclo_resumed() - the guest itself was suspended
 * @vmt: the device
 */
void vmt_tclo_resumed(struct vmt *vmt);

/**
 * vmt_tclo_power() - the owner declares a power operation
 * @vmt: the device
 * @file: who says so
 * @op: VMT_POWER_...
 *
 * Return: 0, -EPERM (not the owner), -ENODEV.
 */
int vmt_tclo_power(struct vmt *vmt, struct vmt_file *file, u32 op);

/**
 * vmt_tclo_read() - the owner reads the message in hand
 * @vmt: the device
 * @buf: of the program
 * @count: its size
 *
 * Context: the owner's file is locked.
 *
 * Return: bytes, -EAGAIN (there is none), -EMSGSIZE, -EFAULT, -ENODEV.
 */
ssize_t vmt_tclo_read(struct vmt *vmt, char __user *buf, size_t count);

/**
 * vmt_tclo_write() - the owner answers the message it has read
 * @vmt: the device
 * @buf: of the program
 * @count: 0..VMT_MSG_MAX
 *
 * Context: the owner's file is locked.  Sleeps until the reply is with the host.
 *
 * Return: @count, -ENOMSG, -EFAULT, -ECONNRESET, -EINTR (killed), -ENODEV.
 */
ssize_t vmt_tclo_write(struct vmt *vmt, const char __user *buf, size_t count);

/** vmt_tclo_readable() - bytes that the owner could read now, negative for no message */
s64 vmt_tclo_readable(struct vmt *vmt);

/** vmt_tclo_events() - poll events of the owner, but for a dead device */
__poll_t vmt_tclo_events(struct vmt *vmt);

/** vmt_tclo_status() - what is to be told about the channel */
void vmt_tclo_status(struct vmt *vmt, struct vmt_tclo_status *ret);

#endif /* VMTKIT_DRIVERS_VMT_TCLO_H */
