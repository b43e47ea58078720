/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * disks.c - the report about file systems
 *
 * Only local file systems are looked at: statvfs() of a network's could hang the agent for as long as
 * its server is away.
 */
#include <string.h>
#include <sys/statvfs.h>

#include "lib/disks.h"

#define OLD_NAME_LEN	100
#define DISKS_MAX	255	/* the older report counts in a byte */

static void disk_free(gpointer data)
{
	struct disk *disk = data;

	g_free(disk->path);
	g_free(disk->fstype);
	g_free(disk);
}

static gboolean wanted(const char *path, const char *fstype, const char *source)
{
	static const char *const images[] = { "squashfs", "iso9660", "udf", "erofs", NULL };

	if (!strcmp(path, "/"))
		return TRUE;
	return !g_strv_contains(images, fstype) &&
	       (g_str_has_prefix(source, "/dev/") || !strcmp(fstype, "zfs"));
}

/*
 * Fields of a line: id, parent, major:minor, root, mount point, options, any number of others, "-",
 * type, source, options.  Blanks in them are written as octal numbers.
 */
static void parse_line(GPtrArray *disks, GHashTable *seen, const char *line)
{
	g_auto(GStrv) f = g_strsplit(line, " ", -1);
	guint count = g_strv_length(f), i;
	struct disk *disk;

	for (i = 6; i < count && strcmp(f[i], "-"); i++)
		;
	if (i + 2 >= count || disks->len == DISKS_MAX || !wanted(f[4], f[i + 1], f[i + 2]) ||
	    !g_hash_table_add(seen, g_strdup(f[2])))
		return;
	disk = g_new0(struct disk, 1);
	disk->path = g_strcompress(f[4]);
	disk->fstype = g_strcompress(f[i + 1]);
	g_ptr_array_add(disks, disk);
}

GPtrArray *disks_parse(const char *mountinfo)
{
	GPtrArray *disks = g_ptr_array_new_with_free_func(disk_free);
	GHashTable *seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_auto(GStrv) lines = g_strsplit(mountinfo, "\n", -1);
	guint i;

	for (i = 0; lines[i]; i++)
		parse_line(disks, seen, lines[i]);
	g_hash_table_unref(seen);
	return disks;
}

GPtrArray *disks_collect(gboolean reserved_free)
{
	g_autofree char *text = NULL;
	GPtrArray *disks;
	guint i = 0;

	(void)g_file_get_contents("/proc/self/mountinfo", &text, NULL, NULL);
	disks = disks_parse(text ? text : "");
	while (i < disks->len) {
		struct disk *disk = g_ptr_array_index(disks, i);
		struct statvfs st;

		if (statvfs(disk->path, &st) < 0 || !st.f_blocks) {
			g_ptr_array_remove_index(disks, i);
			continue;
		}
		disk->size = (guint64)st.f_blocks * st.f_frsize;
		disk->free = (guint64)(reserved_free ? st.f_bfree : st.f_bavail) * st.f_frsize;
		i++;
	}
	return disks;
}

char *disks_json(const GPtrArray *disks)
{
	GString *out = g_string_new("{\n\"version\":\"1\",\n\"disks\":[\n");
	guint i;

	for (i = 0; i < disks->len; i++) {
		const struct disk *disk = g_ptr_array_index(disks, i);
		g_autofree char *name = g_base64_encode((const guchar *)disk->path, strlen(disk->path));
		g_autofree char *fstype = g_strcanon(g_strdup(disk->fstype),
						     G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-", '_');

		g_string_append_printf(out, "%s{\"name\":\"%s\",\"free\":\"%" G_GUINT64_FORMAT "\","
				       "\"size\":\"%" G_GUINT64_FORMAT "\",\"fstype\":\"%s\"}",
				       i ? ",\n" : "", name, disk->free, disk->size, fstype);
	}
	g_string_append(out, "\n]}");
	return g_string_free(out, FALSE);
}

GBytes *disks_old(const GPtrArray *disks)
{
	GByteArray *out = g_byte_array_new();
	guint8 count = (guint8)MIN(disks->len, DISKS_MAX);
	guint i;

	g_byte_array_append(out, &count, 1);
	for (i = 0; i < count; i++) {
		const struct disk *disk = g_ptr_array_index(disks, i);
		guint64 sizes[2] = { GUINT64_TO_LE(disk->free), GUINT64_TO_LE(disk->size) };
		char name[OLD_NAME_LEN] = "";

		g_strlcpy(name, disk->path, sizeof(name));
		g_byte_array_append(out, (const guint8 *)sizes, sizeof(sizes));
		g_byte_array_append(out, (const guint8 *)name, sizeof(name));
	}
	return g_byte_array_free_to_bytes(out);
}
