/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config.c - vmtctl config: reads and changes tools.conf
 *
 * The file is written anew beside the old one and takes its place, so that no reader sees half of it.
 */
#include <string.h>

#include "cli/cli.h"

#define CONF_PATH	"/etc/vmware-tools/tools.conf"
#define CONFIG_USAGE	"config get SECTION [KEY] | set SECTION KEY VALUE | remove SECTION KEY"

static int get_section(GKeyFile *file, const char *section)
{
	g_auto(GStrv) keys = g_key_file_get_keys(file, section, NULL, NULL);
	guint i;

	for (i = 0; keys && keys[i]; i++) {
		g_autofree char *value = g_key_file_get_value(file, section, keys[i], NULL);

		printf("[%s] %s = %s\n", section, keys[i], value);
	}
	if (keys && keys[0])
		return CLI_OK;
	printf("[%s] UNSET\n", section);
	return CLI_UNAVAILABLE;
}

static int get(GKeyFile *file, const char *section, const char *key)
{
	g_autofree char *value = g_key_file_get_value(file, section, key, NULL);

	if (value) {
		printf("[%s] %s = %s\n", section, key, value);
		return CLI_OK;
	}
	printf("[%s] %s UNSET\n", section, key);
	return CLI_UNAVAILABLE;
}

static int save(GKeyFile *file, const char *path)
{
	g_autoptr(GError) error = NULL;

	return g_key_file_save_to_file(file, path, &error) ? CLI_OK : cli_error(error);
}

/* A key or section that GLib would not read again must not be written */
static gboolean is_name(const char *text)
{
	return *text && !strpbrk(text, "[]=\n\r") && !g_ascii_isspace(*text) &&
	       !g_ascii_isspace(text[strlen(text) - 1]) && g_utf8_validate(text, -1, NULL);
}

static int bad_name(void)
{
	fprintf(stderr, "vmtctl: a name of a section or key has none of [ ] = and no blank at its ends\n");
	return CLI_USAGE;
}

int config_main(int argc, char **argv)
{
	char *path = NULL;
	const GOptionEntry options[] = {
		{ "file", 'f', 0, G_OPTION_ARG_FILENAME, &path, "Another file than " CONF_PATH, "FILE" },
		{ 0 },
	};
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(GError) error = NULL;
	g_autofree char *owned = NULL;

	if (!cli_options(&argc, &argv, options, "get SECTION [KEY] | set SECTION KEY VALUE | "
			 "remove SECTION KEY", "Reads or changes the configuration of the agent."))
		return CLI_USAGE;
	owned = path;
	if (!path)
		path = (char *)CONF_PATH;
	if (!g_key_file_load_from_file(file, path, G_KEY_FILE_KEEP_COMMENTS, &error) &&
	    !g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
		g_prefix_error(&error, "%s: ", path);
		return cli_error(error);
	}
	if ((argc > 2 && !is_name(argv[2])) || (argc > 3 && !is_name(argv[3])))
		return bad_name();
	if (argc == 3 && !strcmp(argv[1], "get"))
		return get_section(file, argv[2]);
	if (argc == 4 && !strcmp(argv[1], "get"))
		return get(file, argv[2], argv[3]);
	if (argc == 5 && !strcmp(argv[1], "set")) {
		g_key_file_set_string(file, argv[2], argv[3], argv[4]);
		return save(file, path);
	}
	if (argc == 4 && !strcmp(argv[1], "remove")) {
		(void)g_key_file_remove_key(file, argv[2], argv[3], NULL);
		return save(file, path);
	}
	return cli_usage(CONFIG_USAGE);
}
