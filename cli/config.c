/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config.c - vmtctl config: checks, reads and changes the configuration of the agent
 *
 * What is read is what holds, of both files; what is changed is vmtd.conf.
 */
#include <json.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/conffile.h"
#include "lib/conf.h"

#define CONFIG_USAGE \
	"config [--json] [--file FILE] check | get SECTION [KEY] | set SECTION KEY VALUE | " \
	"remove SECTION KEY"

static gboolean as_json;

struct findings {
	struct json_object *list;	/* NULL: print text */
	guint faults, notes;
};

static void found(enum conf_fault fault, const char *path, guint line, const char *text, gpointer data)
{
	struct findings *f = data;
	struct json_object *o;

	switch (fault) {
	case CONF_FAULT:
		f->faults++;
		break;
	case CONF_NOTE:
		f->notes++;
		break;
	}
	if (!f->list) {
		printf("%s:%u: %s%s\n", path, line, fault == CONF_NOTE ? "note: " : "", text);
		return;
	}
	o = json_object_new_object();
	json_object_object_add(o, "file", cli_json_text(path));
	json_object_object_add(o, "line", json_object_new_int64(line));
	json_object_object_add(o, "fault", json_object_new_boolean(fault == CONF_FAULT));
	json_object_object_add(o, "text", cli_json_text(text));
	json_object_array_add(f->list, o);
}

static int check(const char *const *paths)
{
	struct findings f = { .list = as_json ? json_object_new_array() : NULL };

	conf_file_free(conf_file_read(paths, found, &f));
	if (as_json)
		(void)cli_json_print(f.list);
	else
		printf("%u faults, %u notes\n", f.faults, f.notes);
	return f.faults ? CLI_FAILED : CLI_OK;
}

static void print_entry(const char *group, const char *key, const char *value,
			const struct conf_entry *e)
{
	struct json_object *o;

	if (!as_json) {
		printf("[%s] %s = %s\n", group, key, value);
		return;
	}
	o = json_object_new_object();
	json_object_object_add(o, "section", cli_json_text(group));
	json_object_object_add(o, "key", cli_json_text(key));
	json_object_object_add(o, "value", cli_json_text(value));
	json_object_object_add(o, "file", e ? cli_json_text(e->path) : NULL);
	json_object_object_add(o, "line", e ? json_object_new_int64(e->line) : NULL);
	(void)cli_json_print(o);
}

/* Whether a later line sets the same key: then this one has no effect */
static gboolean overruled(const GPtrArray *entries, guint at)
{
	const struct conf_entry *e = g_ptr_array_index(entries, at);
	guint i;

	for (i = at + 1; i < entries->len; i++) {
		const struct conf_entry *later = g_ptr_array_index(entries, i);

		if (later->valid && !strcmp(later->group, e->group) && !strcmp(later->key, e->key))
			return TRUE;
	}
	return FALSE;
}

/* @key NULL: all of the section that is set */
static int get(const struct conf_file *file, const char *group, const char *key)
{
	const GPtrArray *entries = conf_file_entries(file);
	const char *by_default;
	guint i, n = 0;

	for (i = 0; i < entries->len; i++) {
		const struct conf_entry *e = g_ptr_array_index(entries, i);

		if (strcmp(e->group, group) || (key && strcmp(e->key, key)) ||
		    (!e->valid && conf_is_key(group, e->key)) || overruled(entries, i))
			continue;
		print_entry(group, e->key, e->value, e);
		n++;
	}
	if (n)
		return CLI_OK;
	by_default = key ? conf_text(file, group, key) : NULL;
	if (as_json && by_default)
		print_entry(group, key, by_default, NULL);
	else if (!as_json)
		printf("[%s] %s%sUNSET\n", group, key ? key : "", key ? " " : "");
	return CLI_UNAVAILABLE;
}

static int set(const char *path, const char *group, const char *key, const char *value)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *wrong = NULL;
	enum conf_fault fault;

	if (value && !conf_check(group, key, value, &fault, &wrong)) {
		fprintf(stderr, "vmtctl: %s\n", wrong);
		if (fault == CONF_FAULT)
			return CLI_USAGE;
	}
	if (conffile_set(path, group, key, value, &error))
		return CLI_OK;
	(void)cli_error(error);
	return g_error_matches(error, VMT_ERROR, VMT_ERROR_INVALID) ? CLI_USAGE : CLI_FAILED;
}

static int read_and_get(const char *const *paths, const char *group, const char *key)
{
	struct conf_file *file = conf_file_read(paths, NULL, NULL);
	int status = get(file, group, key);

	conf_file_free(file);
	return status;
}

int config_main(int argc, char **argv)
{
	g_autofree char *path = NULL;
	const GOptionEntry options[] = {
		{ "file", 'f', 0, G_OPTION_ARG_FILENAME, &path, "This file, and no other", "FILE" },
		{ "json", 'j', 0, G_OPTION_ARG_NONE, &as_json, "Print JSON", NULL },
		{ 0 },
	};
	const char *paths[] = { CONF_TOOLS, CONF_OWN, NULL };

	if (!cli_options(&argc, &argv, options, "check | get SECTION [KEY] | set SECTION KEY VALUE | "
			 "remove SECTION KEY", "Checks, reads or changes the configuration of the agent."))
		return CLI_USAGE;
	if (path) {
		paths[0] = path;
		paths[1] = NULL;
	}
	if (argc == 2 && !strcmp(argv[1], "check"))
		return check(paths);
	if ((argc == 3 || argc == 4) && !strcmp(argv[1], "get"))
		return read_and_get(paths, argv[2], argc == 4 ? argv[3] : NULL);
	if (argc == 5 && !strcmp(argv[1], "set"))
		return set(path ? path : CONF_OWN, argv[2], argv[3], argv[4]);
	if (argc == 4 && !strcmp(argv[1], "remove"))
		return set(path ? path : CONF_OWN, argv[2], argv[3], NULL);
	return cli_usage(CONFIG_USAGE);
}
