/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf.c - tools.conf and vmtd.conf: their keys, and reading them
 *
 * GKeyFile reads a file as a whole or not at all, and keeps no line numbers.  So the lines are told
 * apart here, and GKeyFile gets each alone, for what a value means.  A bad line is told of and left
 * out; the others hold.
 */
#include <string.h>

#include "lib/conf.h"

#define FILE_MAX	(256 * 1024)	/* bytes */

enum kind {
	FLAG,		/* true or false */
	NUMBER,
	LIST,		/* of globs, commas between them */
	TEXT,
	LEVEL,		/* how much is logged */
	IGNORED,	/* open-vm-tools' only */
};

/* A key NULL is any other key of the group */
static const struct key {
	const char *group, *key;
	enum kind kind;
	const char *by_default;
	guint min, max;
} keys[] = {
	{ "guestinfo", "disable-perf-mon", FLAG, "false", 0, 0 },
	{ "guestinfo", "disable-query-diskinfo", FLAG, "false", 0, 0 },
	{ "guestinfo", "diskinfo-include-reserved", FLAG, "false", 0, 0 },
	{ "guestinfo", "diskinfo-report-device", IGNORED, NULL, 0, 0 },
	{ "guestinfo", "diskinfo-report-uuid", IGNORED, NULL, 0, 0 },
	{ "guestinfo", "enable-stat-logging", IGNORED, NULL, 0, 0 },
	{ "guestinfo", "exclude-nics", LIST, "docker*,veth*,virbr*,antrea-*,cali*", 0, 0 },
	{ "guestinfo", "low-priority-nics", LIST, "", 0, 0 },
	{ "guestinfo", "max-ipv4-routes", NUMBER, "100", 0, 100 },
	{ "guestinfo", "max-ipv6-routes", NUMBER, "100", 0, 100 },
	{ "guestinfo", "poll-interval", NUMBER, "30", 0, 86400 },
	{ "guestinfo", "primary-nics", LIST, "", 0, 0 },
	{ "guestinfo", "stats-interval", NUMBER, "20", 0, 86400 },
	{ "guestosinfo", "long-name", TEXT, NULL, 0, 0 },
	{ "guestosinfo", "short-name", TEXT, NULL, 0, 0 },
	{ "logging", "log", FLAG, "true", 0, 0 },
	{ "logging", "vmsvc.handler", TEXT, "syslog", 0, 0 },
	{ "logging", "vmsvc.level", LEVEL, "message", 0, 0 },
	{ "logging", NULL, IGNORED, NULL, 0, 0 },
	{ "powerops", "poweroff-script", TEXT, NULL, 0, 0 },
	{ "powerops", "poweron-script", TEXT, NULL, 0, 0 },
	{ "powerops", "resume-script", TEXT, NULL, 0, 0 },
	{ "powerops", "suspend-script", TEXT, NULL, 0, 0 },
	{ "timeSync", "disable-all", FLAG, "false", 0, 0 },
	{ "timeSync", "disable-periodic", FLAG, "false", 0, 0 },
	{ "timeSync", "timeInfo.enabled", IGNORED, NULL, 0, 0 },
	{ "vmtools", "disable-tools-version", FLAG, "false", 0, 0 },
	{ "vmtools", NULL, IGNORED, NULL, 0, 0 },
	{ "appinfo", NULL, IGNORED, NULL, 0, 0 },
	{ "autoupgrade", NULL, IGNORED, NULL, 0, 0 },
	{ "cbhelper", NULL, IGNORED, NULL, 0, 0 },
	{ "componentmgr", NULL, IGNORED, NULL, 0, 0 },
	{ "containerinfo", NULL, IGNORED, NULL, 0, 0 },
	{ "deployPkg", NULL, IGNORED, NULL, 0, 0 },
	{ "devicehelper", NULL, IGNORED, NULL, 0, 0 },
	{ "gdp", NULL, IGNORED, NULL, 0, 0 },
	{ "globalconf", NULL, IGNORED, NULL, 0, 0 },
	{ "guestoperations", NULL, IGNORED, NULL, 0, 0 },
	{ "gueststoreupgrade", NULL, IGNORED, NULL, 0, 0 },
	{ "resolutionKMS", NULL, IGNORED, NULL, 0, 0 },
	{ "servicediscovery", NULL, IGNORED, NULL, 0, 0 },
	{ "setenvironment", NULL, IGNORED, NULL, 0, 0 },
	{ "unity", NULL, IGNORED, NULL, 0, 0 },
	{ "unsetenvironment", NULL, IGNORED, NULL, 0, 0 },
	{ "vmbackup", NULL, IGNORED, NULL, 0, 0 },
};

static const char *const levels[] = { "none", "error", "critical", "warning", "message", "info",
				      "debug", NULL };

struct conf_file {
	GPtrArray *entries;	/* struct conf_entry */
	GPtrArray *paths;	/* char *; entries point to them */
};

static const struct key *key_find(const char *group, const char *name)
{
	guint i;

	for (i = 0; i < G_N_ELEMENTS(keys); i++)
		if (!strcmp(keys[i].group, group) && (!keys[i].key || !strcmp(keys[i].key, name)))
			return &keys[i];
	return NULL;
}

static gboolean group_known(const char *group)
{
	guint i;

	for (i = 0; i < G_N_ELEMENTS(keys); i++)
		if (!strcmp(keys[i].group, group))
			return TRUE;
	return FALSE;
}

static gboolean flag_value(const char *value, gboolean *ret)
{
	*ret = !strcmp(value, "true") || !strcmp(value, "1");
	return *ret || !strcmp(value, "false") || !strcmp(value, "0");
}

/* What the value must be, new, if it is not; else NULL */
static char *wants(const struct key *key, const char *value)
{
	g_autofree char *names = NULL;
	gboolean flag;

	switch (key->kind) {
	case FLAG:
		return flag_value(value, &flag) ? NULL : g_strdup("true or false");
	case NUMBER:
		if (g_ascii_string_to_unsigned(value, 10, key->min, key->max, NULL, NULL))
			return NULL;
		return g_strdup_printf("a number from %u to %u", key->min, key->max);
	case LEVEL:
		if (g_strv_contains(levels, value))
			return NULL;
		names = g_strjoinv(", ", (char **)levels);
		return g_strdup_printf("one of %s", names);
	case LIST:
	case TEXT:
	case IGNORED:
		break;
	}
	return NULL;
}

gboolean conf_is_key(const char *group, const char *key)
{
	return key_find(group, key) != NULL;
}

gboolean conf_check(const char *group, const char *name, const char *value,
		    enum conf_fault *ret_fault, char **ret_text)
{
	const struct key *key = key_find(group, name);
	g_autofree char *must = key ? wants(key, value) : NULL;

	*ret_text = NULL;
	*ret_fault = CONF_FAULT;
	if (!group_known(group))
		*ret_text = g_strdup_printf("[%s] %s: there is no such group", group, name);
	else if (!key)
		*ret_text = g_strdup_printf("[%s] %s: there is no such key", group, name);
	else if (must)
		*ret_text = g_strdup_printf("[%s] %s: must be %s, not \"%s\"", group, name, must, value);
	else if (key->kind == IGNORED) {
		*ret_fault = CONF_NOTE;
		*ret_text = g_strdup_printf("[%s] %s: means nothing to vmtd", group, name);
	}
	return !*ret_text;
}

static void entry_free(gpointer data)
{
	struct conf_entry *e = data;

	g_free(e->group);
	g_free(e->key);
	g_free(e->value);
	g_free(e);
}

/* One line that sets a key.  NULL and @error if GKeyFile would not have it */
static struct conf_entry *entry_new(const char *group, const char *line, GError **error)
{
	g_autofree char *text = g_strdup_printf("[x]\n%s\n", line);
	g_autoptr(GKeyFile) one = g_key_file_new();
	g_auto(GStrv) names = NULL;
	struct conf_entry *e;
	char *value;

	if (!g_key_file_load_from_data(one, text, strlen(text), G_KEY_FILE_NONE, error))
		return NULL;
	names = g_key_file_get_keys(one, "x", NULL, error);
	value = names && names[0] ? g_key_file_get_string(one, "x", names[0], error) : NULL;
	if (!value)
		return NULL;
	e = g_new0(struct conf_entry, 1);
	e->group = g_strdup(group);
	e->key = g_strdup(names[0]);
	e->value = g_strstrip(value);
	return e;
}

static void tell(conf_report report, enum conf_fault fault, const char *path, guint line,
		 const char *text, gpointer data)
{
	if (report)
		report(fault, path, line, text, data);
}

static void parse_entry(struct conf_file *file, const char *path, guint number, const char *group,
			const char *line, conf_report report, gpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *wrong = NULL;
	struct conf_entry *e = entry_new(group, line, &error);
	enum conf_fault fault;

	if (!e) {
		tell(report, CONF_FAULT, path, number, "is no KEY=VALUE", data);
		return;
	}
	e->path = path;
	e->line = number;
	e->valid = conf_check(e->group, e->key, e->value, &fault, &wrong) || fault == CONF_NOTE;
	if (wrong)
		tell(report, fault, path, number, wrong, data);
	g_ptr_array_add(file->entries, e);
}

static void parse(struct conf_file *file, const char *own_path, const char *text, conf_report report,
		  gpointer data)
{
	char *path = g_strdup(own_path);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	g_autofree char *group = NULL;
	guint i;

	g_ptr_array_add(file->paths, path);
	for (i = 0; lines[i]; i++) {
		char *line = g_strstrip(lines[i]);
		gsize len = strlen(line);

		if (!len || *line == '#')
			continue;
		if (!g_utf8_validate(line, (gssize)len, NULL))
			tell(report, CONF_FAULT, path, i + 1, "is no text in UTF-8", data);
		else if (*line == '[' && len > 2 && strcspn(line + 1, "[]") == len - 2) {
			g_free(group);
			group = g_strndup(line + 1, len - 2);
		} else if (!group) {
			tell(report, CONF_FAULT, path, i + 1, "stands before the first [GROUP]", data);
		} else {
			parse_entry(file, path, i + 1, group, line, report, data);
		}
	}
}

static struct conf_file *file_new(void)
{
	struct conf_file *file = g_new0(struct conf_file, 1);

	file->entries = g_ptr_array_new_with_free_func(entry_free);
	file->paths = g_ptr_array_new_with_free_func(g_free);
	return file;
}

struct conf_file *conf_file_parse(const char *path, const char *text, conf_report report,
				  gpointer data)
{
	struct conf_file *file = file_new();

	parse(file, path, text, report, data);
	return file;
}

struct conf_file *conf_file_read(const char *const *paths, conf_report report, gpointer data)
{
	struct conf_file *file = file_new();
	guint i;

	for (i = 0; paths[i]; i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *text = NULL;
		gsize len;

		if (!g_file_get_contents(paths[i], &text, &len, &error)) {
			if (!g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT) &&
			    !g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOTDIR))
				tell(report, CONF_FAULT, paths[i], 0, error->message, data);
		} else if (len > FILE_MAX || memchr(text, '\0', len)) {
			tell(report, CONF_FAULT, paths[i], 0, "is no text file of a sensible size", data);
		} else {
			parse(file, paths[i], text, report, data);
		}
	}
	return file;
}

void conf_file_free(struct conf_file *file)
{
	if (!file)
		return;
	g_ptr_array_unref(file->entries);
	g_ptr_array_unref(file->paths);
	g_free(file);
}

const GPtrArray *conf_file_entries(const struct conf_file *file)
{
	return file->entries;
}

const char *conf_text(const struct conf_file *file, const char *group, const char *key)
{
	const struct key *known = key_find(group, key);
	guint i;

	for (i = file->entries->len; i > 0; i--) {
		const struct conf_entry *e = g_ptr_array_index(file->entries, i - 1);

		if (e->valid && !strcmp(e->group, group) && !strcmp(e->key, key))
			return e->value;
	}
	return known ? known->by_default : NULL;
}

gboolean conf_flag(const struct conf_file *file, const char *group, const char *key)
{
	const char *text = conf_text(file, group, key);
	gboolean flag;

	return text && flag_value(text, &flag) && flag;
}

guint conf_number(const struct conf_file *file, const char *group, const char *key)
{
	const char *text = conf_text(file, group, key);
	guint64 number = 0;

	if (text)
		(void)g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT, &number, NULL);
	return (guint)number;
}

char **conf_list(const struct conf_file *file, const char *group, const char *key)
{
	const char *text = conf_text(file, group, key);
	g_auto(GStrv) words = g_strsplit(text ? text : "", ",", -1);
	GPtrArray *kept = g_ptr_array_new();
	guint i;

	for (i = 0; words[i]; i++)
		if (*g_strstrip(words[i]))
			g_ptr_array_add(kept, g_strdup(words[i]));
	g_ptr_array_add(kept, NULL);
	return (char **)g_ptr_array_free(kept, FALSE);
}
