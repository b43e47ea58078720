/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/vmt/command.h"
#include "tests/unit/unit.h"

/* A message with its length, so that it may hold or end with NULs. */
#define MSG(text) text, sizeof(text) - 1

static const struct {
	const char *msg;
	__u32 len;
	enum vmt_command_id id;
	enum vmt_option_id option;
	bool on;
} rows[] = {
	{ MSG("reset"), VMT_CMD_RESET, VMT_OPTION_UNKNOWN, false },
	{ MSG("reset\0"), VMT_CMD_RESET, VMT_OPTION_UNKNOWN, false },
	{ MSG("ping"), VMT_CMD_PING, VMT_OPTION_UNKNOWN, false },
	{ MSG("ping with more"), VMT_CMD_PING, VMT_OPTION_UNKNOWN, false },
	{ MSG("OS_Halt"), VMT_CMD_HALT, VMT_OPTION_UNKNOWN, false },
	{ MSG("OS_Reboot\0\0"), VMT_CMD_REBOOT, VMT_OPTION_UNKNOWN, false },
	{ MSG("OS_PowerOn"), VMT_CMD_POWER_ON, VMT_OPTION_UNKNOWN, false },
	{ MSG("OS_Resume"), VMT_CMD_RESUME, VMT_OPTION_UNKNOWN, false },
	{ MSG("OS_Suspend"), VMT_CMD_SUSPEND, VMT_OPTION_UNKNOWN, false },
	{ MSG("Capabilities_Register"), VMT_CMD_CAPABILITIES, VMT_OPTION_UNKNOWN, false },
	{ MSG("Set_Option synctime 1"), VMT_CMD_OPTION, VMT_OPTION_SYNCTIME, true },
	{ MSG("Set_Option synctime 0\0"), VMT_CMD_OPTION, VMT_OPTION_SYNCTIME, false },
	{ MSG("Set_Option broadcastIP 1"), VMT_CMD_OPTION, VMT_OPTION_BROADCAST_IP, true },
	{ MSG("Set_Option synctime 2"), VMT_CMD_OPTION, VMT_OPTION_UNKNOWN, false },
	{ MSG("Set_Option synctime"), VMT_CMD_OPTION, VMT_OPTION_UNKNOWN, false },
	{ MSG("Set_Option synctime\0 1"), VMT_CMD_OPTION, VMT_OPTION_UNKNOWN, false },
	{ MSG("Set_Option synctime.period 0"), VMT_CMD_OPTION, VMT_OPTION_UNKNOWN, false },
	{ MSG("Set_Option"), VMT_CMD_OPTION, VMT_OPTION_UNKNOWN, false },
	{ MSG("Time_Synchronize 1"), VMT_CMD_TIME_SYNC, VMT_OPTION_UNKNOWN, true },
	{ MSG("Time_Synchronize 0"), VMT_CMD_TIME_SYNC, VMT_OPTION_UNKNOWN, false },
	{ MSG("Time_Synchronize"), VMT_CMD_TIME_SYNC, VMT_OPTION_UNKNOWN, false },
	{ MSG(""), VMT_CMD_BAD, VMT_OPTION_UNKNOWN, false },
	{ MSG("\0reset"), VMT_CMD_BAD, VMT_OPTION_UNKNOWN, false },
	{ MSG("   "), VMT_CMD_BAD, VMT_OPTION_UNKNOWN, false },
	{ MSG(" reset"), VMT_CMD_RESET, VMT_OPTION_UNKNOWN, false },
	{ MSG("OS_Hal"), VMT_CMD_UNKNOWN, VMT_OPTION_UNKNOWN, false },
	{ MSG("OS_Halted"), VMT_CMD_UNKNOWN, VMT_OPTION_UNKNOWN, false },
	{ MSG("os_halt"), VMT_CMD_UNKNOWN, VMT_OPTION_UNKNOWN, false },
	{ MSG("OS_Halt\n"), VMT_CMD_UNKNOWN, VMT_OPTION_UNKNOWN, false },
	{ MSG("Vix_1_Relayed_Command \"1\"\0OS_Halt"), VMT_CMD_UNKNOWN, VMT_OPTION_UNKNOWN, false },
};

static void messages(void)
{
	struct vmt_command cmd;
	char *exact;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		/* exactly as long as the message, so that a sanitizer sees a look beyond it */
		exact = malloc(rows[i].len ? rows[i].len : 1);
		memcpy(exact, rows[i].msg, rows[i].len);
		vmt_command_parse(exact, rows[i].len, &cmd);
		CU_ASSERT_EQUAL(cmd.id, rows[i].id);
		CU_ASSERT_EQUAL(cmd.option, rows[i].option);
		CU_ASSERT_EQUAL(cmd.on, rows[i].on);
		free(exact);
	}
}

static void every_cut_is_survived(void)
{
	static const char whole[] = "Set_Option broadcastIP 1";
	struct vmt_command cmd;
	char *exact;
	__u32 len;

	for (len = 0; len < sizeof(whole) - 1; len++) {
		exact = malloc(len ? len : 1);
		memcpy(exact, whole, len);
		vmt_command_parse(exact, len, &cmd);
		CU_ASSERT_EQUAL(cmd.option, VMT_OPTION_UNKNOWN);
		free(exact);
	}
}

static const struct unit_case cases[] = {
	{ "commands and options are read whole and exactly", messages },
	{ "a message cut anywhere is not taken for the whole", every_cut_is_survived },
};

UNIT_MAIN("vmt-command", cases)
