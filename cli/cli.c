/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli.c - what the commands of vmtctl share
 */
#include <json.h>

#include "cli/cli.h"

gboolean cli_parse(int *argc, char ***argv, const GOptionEntry *entries, const char *args,
		   const char *summary, GError **error)
{
	GOptionContext *context = g_option_context_new(args);
	gboolean ok;

	g_option_context_set_summary(context, summary);
	g_option_context_add_main_entries(context, entries, NULL);
	/* What follows the first argument belongs to it: a value may begin with a dash */
	g_option_context_set_strict_posix(context, TRUE);
	ok = g_option_context_parse(context, argc, argv, error);
	g_option_context_free(context);
	if (!ok)
		return FALSE;
	if (*argc > 1 && !g_strcmp0((*argv)[1], "--")) {
		(*argv)[1] = (*argv)[0];
		(*argv)++;
		(*argc)--;
	}
	return TRUE;
}

gboolean cli_options(int *argc, char ***argv, const GOptionEntry *entries, const char *args,
		     const char *summary)
{
	g_autoptr(GError) error = NULL;

	if (cli_parse(argc, argv, entries, args, summary, &error))
		return TRUE;
	fprintf(stderr, "vmtctl: %s\n", error->message);
	return FALSE;
}

const char *cli_version(void)
{
	static char text[32];

	g_snprintf(text, sizeof(text), "%s.0 (build-0)", vmt_version());
	return text;
}

int cli_usage(const char *usage)
{
	fprintf(stderr, "usage: vmtctl %s\n", usage);
	return CLI_USAGE;
}

int cli_error(const GError *error)
{
	if (g_error_matches(error, VMT_ERROR, VMT_ERROR_REFUSED))
		fprintf(stderr, "%s\n", error->message);
	else
		fprintf(stderr, "vmtctl: %s\n", error->message);
	if (g_error_matches(error, VMT_ERROR, VMT_ERROR_NOT_VMWARE))
		return CLI_UNAVAILABLE;
	return CLI_FAILED;
}

int cli_json_print(struct json_object *object)
{
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
	return CLI_OK;
}

struct json_object *cli_json_text(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);

	return json_object_new_string(valid);
}
