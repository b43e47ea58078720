/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conffile.c - changes a configuration file
 *
 * The file is written anew beside the old one and takes its place, so that no reader sees half of it.
 * Who may read it stays as it was.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <glib/gstdio.h>

#include "cli/conffile.h"
#include "lib/libvmt.h"

/* A key or group that GLib would not read again must not be written */
static gboolean is_name(const char *text)
{
	return *text && !strpbrk(text, "[]=\n\r") && !g_ascii_isspace(*text) &&
	       !g_ascii_isspace(text[strlen(text) - 1]) && *text != '#' &&
	       g_utf8_validate(text, -1, NULL);
}

static gboolean make_folder(const char *path, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(path);

	if (g_mkdir_with_parents(folder, 0755) == 0)
		return TRUE;
	g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "%s: %s", folder,
		    g_strerror(errno));
	return FALSE;
}

static gboolean save(GKeyFile *file, const char *path, GError **error)
{
	g_autofree char *text = NULL;
	struct stat st;
	gsize len;

	text = g_key_file_to_data(file, &len, NULL);
	return make_folder(path, error) &&
	       g_file_set_contents_full(path, text, (gssize)len, G_FILE_SET_CONTENTS_CONSISTENT,
					stat(path, &st) == 0 ? (int)(st.st_mode & 07777) : 0644, error);
}

gboolean conffile_set(const char *path, const char *group, const char *key, const char *value,
		      GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(GError) why = NULL;

	if (!is_name(group) || !is_name(key)) {
		g_set_error(error, VMT_ERROR, VMT_ERROR_INVALID,
			    "[%s] %s: a name has none of [ ] = and no blank or # at its ends", group, key);
		return FALSE;
	}
	if (!g_key_file_load_from_file(file, path, G_KEY_FILE_KEEP_COMMENTS, &why) &&
	    !g_error_matches(why, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
		g_propagate_prefixed_error(error, g_steal_pointer(&why), "%s: ", path);
		return FALSE;
	}
	if (value)
		g_key_file_set_string(file, group, key, value);
	else if (!g_key_file_remove_key(file, group, key, NULL))
		return TRUE;
	return save(file, path, error);
}
