/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rpc.c - vmtctl rpc, vmtctl info: one request to the host
 */
#include <json.h>
#include <string.h>

#include "cli/cli.h"

static gboolean as_json;

static const GOptionEntry json_option[] = {
	{ "json", 'j', 0, G_OPTION_ARG_NONE, &as_json, "Print a JSON object", NULL },
	{ 0 },
};

static int print_bytes(const char *bytes, gsize len)
{
	fwrite(bytes, 1, len, stdout);
	putchar('\n');
	return CLI_OK;
}

int rpc_main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(VmtChannel) ch = NULL;
	g_autofree char *request = NULL, *reply = NULL;
	struct json_object *o;
	gsize len;

	if (!cli_options(&argc, &argv, json_option, "REQUEST...",
			 "Sends a request to the host and prints its answer."))
		return CLI_USAGE;
	if (argc < 2)
		return cli_usage("rpc [--json] REQUEST...");
	request = g_strjoinv(" ", argv + 1);
	ch = vmt_channel_open(VMT_PROTO_RPCI, NULL, &error);
	if (ch)
		reply = vmt_channel_call(ch, request, strlen(request), &len, &error);
	if (reply && !as_json)
		return print_bytes(reply, len);
	if (!as_json || (!reply && !g_error_matches(error, VMT_ERROR, VMT_ERROR_REFUSED)))
		return cli_error(error);
	o = json_object_new_object();
	json_object_object_add(o, "ok", json_object_new_boolean(reply != NULL));
	json_object_object_add(o, "reply", cli_json_text(reply ? reply : error->message));
	(void)cli_json_print(o);
	return reply ? CLI_OK : CLI_FAILED;
}

static int info_get(const char *name)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(VmtChannel) ch = vmt_channel_open(VMT_PROTO_RPCI, NULL, &error);
	g_autofree char *value = NULL;
	struct json_object *o;
	gsize len;

	if (ch)
		value = vmt_info_get(ch, name, &len, &error);
	if (!value)
		return cli_error(error);
	if (!as_json)
		return print_bytes(value, len);
	o = json_object_new_object();
	json_object_object_add(o, "name", cli_json_text(name));
	json_object_object_add(o, "value", cli_json_text(value));
	return cli_json_print(o);
}

/* All of standard input, for values that should not stand in the list of processes */
static char *read_stdin(GError **error)
{
	GIOChannel *in = g_io_channel_unix_new(0);
	char *text = NULL;
	gsize len;

	g_io_channel_set_encoding(in, NULL, NULL);
	if (g_io_channel_read_to_end(in, &text, &len, error) == G_IO_STATUS_NORMAL &&
	    memchr(text, '\0', len)) {
		g_set_error_literal(error, VMT_ERROR, VMT_ERROR_INVALID,
				    "a value cannot hold a NUL byte");
		g_clear_pointer(&text, g_free);
	}
	g_io_channel_unref(in);
	return text;
}

static int info_set(const char *name, const char *value)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(VmtChannel) ch = NULL;
	g_autofree char *input = NULL;

	if (!strcmp(value, "-")) {
		input = read_stdin(&error);
		if (!input)
			return cli_error(error);
		value = input;
	}
	ch = vmt_channel_open(VMT_PROTO_RPCI, NULL, &error);
	if (!ch || !vmt_info_set(ch, name, value, &error))
		return cli_error(error);
	return CLI_OK;
}

int info_main(int argc, char **argv)
{
	if (!cli_options(&argc, &argv, json_option, "get NAME | set NAME VALUE",
			 "Reads or sets a variable that this machine shares with its host.\n"
			 "A VALUE of \"-\" is read from standard input."))
		return CLI_USAGE;
	if (argc == 3 && !strcmp(argv[1], "get"))
		return info_get(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "set"))
		return info_set(argv[2], argv[3]);
	return cli_usage("info [--json] get NAME | set NAME VALUE");
}
