/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf.c - what of open-vm-tools' tools.conf(5) the agent follows
 */
#include "agent/conf.h"

#define EXCLUDE_NICS	"docker*,veth*,virbr*,antrea-*,cali*"

static char **list(GKeyFile *file, const char *key, const char *by_default)
{
	g_autofree char *text = g_key_file_get_string(file, "guestinfo", key, NULL);
	g_auto(GStrv) words = g_strsplit(text ? text : by_default, ",", -1);
	g_autoptr(GPtrArray) kept = g_ptr_array_new();
	guint i;

	for (i = 0; words[i]; i++)
		if (*g_strstrip(words[i]))
			g_ptr_array_add(kept, g_strdup(words[i]));
	g_ptr_array_add(kept, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&kept), FALSE);
}

static gboolean flag(GKeyFile *file, const char *path, const char *group, const char *key)
{
	g_autoptr(GError) error = NULL;
	gboolean value = g_key_file_get_boolean(file, group, key, &error);

	if (g_error_matches(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE))
		g_warning("%s: [%s] %s: must be true or false; ignoring it", path, group, key);
	return value;
}

struct conf *conf_read(const char *path)
{
	struct conf *conf = g_new0(struct conf, 1);
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(GError) error = NULL;

	if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, &error) &&
	    !g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
		g_warning("%s: %s; ignoring it", path, error->message);
	conf->exclude_nics = list(file, "exclude-nics", EXCLUDE_NICS);
	conf->primary_nics = list(file, "primary-nics", "");
	conf->low_priority_nics = list(file, "low-priority-nics", "");
	conf->no_disks = flag(file, path, "guestinfo", "disable-query-diskinfo");
	conf->no_time = flag(file, path, "timeSync", "disable-all");
	conf->no_period = flag(file, path, "timeSync", "disable-periodic");
	return conf;
}

void conf_free(struct conf *conf)
{
	if (!conf)
		return;
	g_strfreev(conf->exclude_nics);
	g_strfreev(conf->primary_nics);
	g_strfreev(conf->low_priority_nics);
	g_free(conf);
}
