/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * script.c - vmtctl script: which script runs at a change of power
 *
 * A key of the configuration names it: none when its value is empty, the usual ones when it is not set
 * or names the "default" of open-vm-tools.
 */
#include <json.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/conffile.h"
#include "cli/script.h"
#include "lib/conf.h"

#define SCRIPT_USAGE	"script [--json] power|resume|suspend|shutdown current|default|enable|disable|set PATH"
#define DEFAULT_FOLDER	"/etc/vmware-tools/"

static gboolean as_json;

static const struct script_type {
	const char *name;
	const char *key;		/* of [powerops] */
	const char *by_default;
} types[] = {
	{ "power", "poweron-script", "poweron-vm-default" },
	{ "resume", "resume-script", "resume-vm-default" },
	{ "shutdown", "poweroff-script", "poweroff-vm-default" },
	{ "suspend", "suspend-script", "suspend-vm-default" },
};

const struct script_type *script_type(const char *name)
{
	guint i;

	for (i = 0; i < G_N_ELEMENTS(types); i++)
		if (!strcmp(name, types[i].name))
			return &types[i];
	return NULL;
}

char *script_default(const struct script_type *type)
{
	return g_strconcat(DEFAULT_FOLDER, type->by_default, NULL);
}

char *script_current(const struct script_type *type)
{
	static const char *const paths[] = { CONF_TOOLS, CONF_OWN, NULL };
	struct conf_file *file = conf_file_read(paths, NULL, NULL);
	const char *value = conf_text(file, "powerops", type->key);
	char *path;

	if (!value)
		path = script_default(type);
	else if (!*value)
		path = NULL;
	else
		path = g_path_is_absolute(value) ? g_strdup(value) : g_strconcat(DEFAULT_FOLDER, value, NULL);
	conf_file_free(file);
	return path;
}

gboolean script_set(const struct script_type *type, const char *file, const char *value, GError **error)
{
	return conffile_set(file, "powerops", type->key, value ? value : type->by_default, error);
}

static int print(const struct script_type *type, const char *path)
{
	struct json_object *o;

	if (!as_json && path)
		printf("%s\n", path);
	else if (!as_json)
		fprintf(stderr, "vmtctl: no script runs at %s\n", type->name);
	else {
		o = json_object_new_object();
		json_object_object_add(o, "operation", cli_json_text(type->name));
		json_object_object_add(o, "script", path ? cli_json_text(path) : NULL);
		(void)cli_json_print(o);
	}
	return path ? CLI_OK : CLI_UNAVAILABLE;
}

static int set(const struct script_type *type, const char *value)
{
	g_autoptr(GError) error = NULL;

	return script_set(type, CONF_OWN, value, &error) ? CLI_OK : cli_error(error);
}

int script_main(int argc, char **argv)
{
	static const GOptionEntry options[] = {
		{ "json", 'j', 0, G_OPTION_ARG_NONE, &as_json, "Print a JSON object", NULL },
		{ 0 },
	};
	const struct script_type *type;
	g_autofree char *path = NULL;

	if (!cli_options(&argc, &argv, options, "power|resume|suspend|shutdown "
			 "current|default|enable|disable|set PATH",
			 "Tells or sets which script runs at a change of power."))
		return CLI_USAGE;
	type = argc > 2 ? script_type(argv[1]) : NULL;
	if (type && argc == 3 && !strcmp(argv[2], "current"))
		return print(type, path = script_current(type));
	if (type && argc == 3 && !strcmp(argv[2], "default"))
		return print(type, path = script_default(type));
	if (type && argc == 3 && !strcmp(argv[2], "enable"))
		return set(type, NULL);
	if (type && argc == 3 && !strcmp(argv[2], "disable"))
		return set(type, "");
	if (!type || argc != 4 || strcmp(argv[2], "set"))
		return cli_usage(SCRIPT_USAGE);
	if (g_path_is_absolute(argv[3]) && g_file_test(argv[3], G_FILE_TEST_IS_EXECUTABLE))
		return set(type, argv[3]);
	fprintf(stderr, "vmtctl: %s: must be the full path of a program\n", argv[3]);
	return CLI_FAILED;
}
