/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * status.c - vmtctl status: how the agent is; vmtctl log: a line for the log that the host keeps
 *
 * systemd knows how the agent is, in the agent's own words.
 */
#include <json.h>
#include <string.h>

#include "cli/cli.h"

#define UNIT	"vmtd.service"

static gboolean as_json;

static const GOptionEntry json_option[] = {
	{ "json", 'j', 0, G_OPTION_ARG_NONE, &as_json, "Print a JSON object", NULL },
	{ 0 },
};

/* The value of one property in systemctl's answer, a line KEY=VALUE; new, "" if it is not there */
static char *property(char **lines, const char *key)
{
	guint i;

	for (i = 0; lines[i]; i++)
		if (g_str_has_prefix(lines[i], key) && lines[i][strlen(key)] == '=')
			return g_strdup(lines[i] + strlen(key) + 1);
	return g_strdup("");
}

static int print(const char *state, const char *text, const char *pid)
{
	gboolean running = !strcmp(state, "active");
	struct json_object *o;

	if (as_json) {
		o = json_object_new_object();
		json_object_object_add(o, "state", cli_json_text(*state ? state : "unknown"));
		json_object_object_add(o, "status", cli_json_text(text));
		json_object_object_add(o, "pid",
				       json_object_new_int64(g_ascii_strtoll(pid, NULL, 10)));
		(void)cli_json_print(o);
	} else {
		printf("%s: %s%s%s\n", UNIT, *state ? state : "unknown", *text ? ": " : "", text);
	}
	return running ? CLI_OK : CLI_UNAVAILABLE;
}

int status_main(int argc, char **argv)
{
	char *command[] = { (char *)"systemctl", (char *)"show", (char *)UNIT,
			    (char *)"--property=ActiveState,StatusText,MainPID", NULL };
	g_autofree char *out = NULL, *state = NULL, *text = NULL, *pid = NULL;
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) lines = NULL;

	if (!cli_options(&argc, &argv, json_option, NULL, "Tells how the agent is."))
		return CLI_USAGE;
	if (argc != 1)
		return cli_usage("status [--json]");
	if (!g_spawn_sync(NULL, command, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL,
			  NULL, &out, NULL, NULL, &error))
		return cli_error(error);
	lines = g_strsplit(out, "\n", -1);
	state = property(lines, "ActiveState");
	text = property(lines, "StatusText");
	pid = property(lines, "MainPID");
	return print(state, text, pid);
}

int log_main(int argc, char **argv)
{
	static const GOptionEntry none[] = { { 0 } };
	g_autoptr(GError) error = NULL;
	g_autoptr(VmtChannel) ch = NULL;
	g_autofree char *text = NULL;

	if (!cli_options(&argc, &argv, none, "TEXT...", "Adds a line to the log that the host keeps."))
		return CLI_USAGE;
	if (argc < 2)
		return cli_usage("log TEXT...");
	text = g_strjoinv(" ", argv + 1);
	g_strdelimit(text, "\r\n", ' ');
	ch = vmt_channel_open(VMT_PROTO_RPCI, NULL, &error);
	return ch && vmt_channel_callf(ch, &error, "log %s", text) ? CLI_OK : cli_error(error);
}
