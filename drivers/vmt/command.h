/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VMTKIT_DRIVERS_VMT_COMMAND_H
#define VMTKIT_DRIVERS_VMT_COMMAND_H

#include <linux/types.h>

enum vmt_command_id {
	VMT_CMD_BAD,		/* no command at all */
	VMT_CMD_UNKNOWN,
	VMT_CMD_RESET,
	VMT_CMD_PING,
	VMT_CMD_CAPABILITIES,
	VMT_CMD_OPTION,
	VMT_CMD_HALT,
	VMT_CMD_REBOOT,
	VMT_CMD_POWER_ON,
	VMT_CMD_RESUME,
	VMT_CMD_SUSPEND,
	VMT_CMD_TIME_SYNC,
};

enum vmt_option_id {
	VMT_OPTION_UNKNOWN,
	VMT_OPTION_SYNCTIME,
	VMT_OPTION_BROADCAST_IP,
};

/* A message of the host, as far as the driver understands it. */
struct vmt_command {
	enum vmt_command_id id;
	enum vmt_option_id option;	/* of VMT_CMD_OPTION */
	bool on;			/* value of the option; VMT_CMD_TIME_SYNC: backward too */
};

/**
 * vmt_command_parse() - read a TCLO message
 * @msg: the message; may hold any bytes
 * @len: its length
 * @ret: what it says
 */
void vmt_command_parse(const void *msg, __u32 len, struct vmt_command *ret);

#endif /* VMTKIT_DRIVERS_VMT_COMMAND_H */
