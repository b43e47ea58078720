/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VMTKIT_DRIVERS_VMT_SERVICE_H
#define VMTKIT_DRIVERS_VMT_SERVICE_H

#include <linux/types.h>
#include <linux/utsname.h>

#include "command.h"
#include "rpci.h"

struct vmt;

struct vmt_service {
	struct vmt_rpci rpci;
	bool registered;		/* the host has asked for capabilities: it wants reports */
	u64 report_at_ms;
	char host_name[__NEW_UTS_LEN + 1];	/* as reported last */
	__be32 address;				/* the same */
};

/** vmt_service_allowed() - may the driver serve the channel when nobody owns it? */
bool vmt_service_allowed(void);

/**
 * vmt_service_setup() - get what serving needs
 * @vmt: the device
 *
 * All other functions are called by the TCLO thread alone.
 *
 * Return: 0 or -errno.
 */
int vmt_service_setup(struct vmt *vmt);

/**
 * vmt_service_seen() - a message has come, whoever answers it
 * @vmt: the device
 * @cmd: the message
 */
void vmt_service_seen(struct vmt *vmt, const struct vmt_command *cmd);

/**
 * vmt_service_answer() - do what the host says, as far as it comes before the reply
 * @vmt: the device
 * @cmd: the message
 * @reply: where the reply goes
 * @size: bytes there
 *
 * Return: length of the reply.
 */
u32 vmt_service_answer(struct vmt *vmt, const struct vmt_command *cmd, u8 *reply, u32 size);

/**
 * vmt_service_replied() - the reply is with the host: do the rest
 * @vmt: the device
 * @cmd: the message that was answered
 */
void vmt_service_replied(struct vmt *vmt, const struct vmt_command *cmd);

/**
 * vmt_service_closed() - the channel is closed: no report until the host has asked again
 * @vmt: the device
 */
void vmt_service_closed(struct vmt *vmt);

/**
 * vmt_service_forget() - the host may have forgotten what it was told: report it all again
 * @vmt: the device
 */
void vmt_service_forget(struct vmt *vmt);

/**
 * vmt_service_tick() - report what has changed, if it is time
 * @vmt: the device
 * @now_ms: monotonic time
 */
void vmt_service_tick(struct vmt *vmt, u64 now_ms);

#endif /* VMTKIT_DRIVERS_VMT_SERVICE_H */
