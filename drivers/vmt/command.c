/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * command.c - what a TCLO message says
 *
 * A message is text: words between single spaces, ended by its length or by the first NUL (some
 * hosts count the NUL, some do not).  The first word is the command.  Words are compared whole and
 * exactly.  A value other than "0" and "1" makes an option unknown.
 *
 * Pure; compiled by the unit test as it stands.
 */
#include <linux/string.h>
#include <linux/types.h>

#include <wire/guestrpc.h>

#include "command.h"

struct words {
	const char *at;
	__u32 left;		/* bytes */
};

struct word {
	const char *text;	/* not NUL-terminated */
	__u32 len;		/* 0: there is no more */
};

static struct word word_next(struct words *words)
{
	struct word w;

	while (words->left && *words->at == ' ') {
		words->at++;
		words->left--;
	}
	w.text = words->at;
	w.len = 0;
	while (w.len < words->left && w.text[w.len] != ' ' && w.text[w.len] != '\0')
		w.len++;
	words->at += w.len;
	words->left -= w.len;
	/* What follows a NUL is not text. */
	if (words->left && *words->at == '\0')
		words->left = 0;
	return w;
}

static bool word_is(const struct word *w, const char *text)
{
	return w->len == strlen(text) && memcmp(w->text, text, w->len) == 0;
}

static const struct {
	const char *name;
	enum vmt_command_id id;
} commands[] = {
	{ GRPC_RESET, VMT_CMD_RESET },
	{ GRPC_PING, VMT_CMD_PING },
	{ GRPC_CAPABILITIES_REGISTER, VMT_CMD_CAPABILITIES },
	{ GRPC_SET_OPTION, VMT_CMD_OPTION },
	{ GRPC_OS_HALT, VMT_CMD_HALT },
	{ GRPC_OS_REBOOT, VMT_CMD_REBOOT },
	{ GRPC_OS_POWER_ON, VMT_CMD_POWER_ON },
	{ GRPC_OS_RESUME, VMT_CMD_RESUME },
	{ GRPC_OS_SUSPEND, VMT_CMD_SUSPEND },
	{ GRPC_TIME_SYNCHRONIZE, VMT_CMD_TIME_SYNC },
};

static enum vmt_command_id command_find(const struct word *w)
{
	unsigned int i;

	if (w->len == 0)
		return VMT_CMD_BAD;
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (word_is(w, commands[i].name))
			return commands[i].id;
	return VMT_CMD_UNKNOWN;
}

static void option_parse(struct words *words, struct vmt_command *cmd)
{
	struct word name = word_next(words);
	struct word value = word_next(words);

	cmd->on = word_is(&value, "1");
	if (!cmd->on && !word_is(&value, "0"))
		return;
	if (word_is(&name, "synctime"))
		cmd->option = VMT_OPTION_SYNCTIME;
	else if (word_is(&name, "broadcastIP"))
		cmd->option = VMT_OPTION_BROADCAST_IP;
}

void vmt_command_parse(const void *msg, __u32 len, struct vmt_command *ret)
{
	struct words words = { .at = msg, .left = len };
	struct word w = word_next(&words);

	*ret = (struct vmt_command){ .id = command_find(&w), .option = VMT_OPTION_UNKNOWN };
	if (ret->id == VMT_CMD_OPTION) {
		option_parse(&words, ret);
	} else if (ret->id == VMT_CMD_TIME_SYNC) {
		w = word_next(&words);
		ret->on = word_is(&w, "1");
	}
}
