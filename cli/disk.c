/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * disk.c - vmtctl disk: the file systems that the host is told about, and whether it would shrink disks
 *
 * Shrinking writes all free space full, which grows every thin disk to its whole size first.  It is left
 * out: discard (fstrim) gives free space back to the host without that.
 */
#include <json.h>
#include <string.h>

#include "cli/cli.h"
#include "lib/disks.h"

#define DISK_USAGE	"disk [--json] list | shrink"
#define MIB		(1024.0 * 1024.0)

static gboolean as_json;

static int list(void)
{
	GPtrArray *disks = disks_collect(FALSE);
	struct json_object *array = as_json ? json_object_new_array() : NULL;
	guint i;

	for (i = 0; i < disks->len; i++) {
		const struct disk *disk = g_ptr_array_index(disks, i);
		struct json_object *o;

		if (!array) {
			printf("%s: %s, %.1f MiB, %.1f MiB free\n", disk->path, disk->fstype,
			       (double)disk->size / MIB, (double)disk->free / MIB);
			continue;
		}
		o = json_object_new_object();
		json_object_object_add(o, "path", cli_json_text(disk->path));
		json_object_object_add(o, "type", cli_json_text(disk->fstype));
		json_object_object_add(o, "size", json_object_new_uint64(disk->size));
		json_object_object_add(o, "free", json_object_new_uint64(disk->free));
		json_object_array_add(array, o);
	}
	g_ptr_array_unref(disks);
	return array ? cli_json_print(array) : CLI_OK;
}

const char *disk_refusal(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(VmtChannel) ch = vmt_channel_open(VMT_PROTO_RPCI, NULL, &error);
	g_autofree char *reply = NULL;

	if (ch)
		reply = vmt_channel_call(ch, "disk.wiper.enable", strlen("disk.wiper.enable"), NULL, &error);
	if (!reply)
		return "The host does not shrink disks, or could not be asked.";
	if (strcmp(reply, "1"))
		return "The host does not shrink the disks of this virtual machine.";
	return "The host would shrink disks, but vmtkit does not: use fstrim(8).";
}

int disk_main(int argc, char **argv)
{
	static const GOptionEntry options[] = {
		{ "json", 'j', 0, G_OPTION_ARG_NONE, &as_json, "Print JSON", NULL },
		{ 0 },
	};

	if (!cli_options(&argc, &argv, options, "list | shrink",
			 "Lists the file systems that the host is told about; tells why none is shrunk."))
		return CLI_USAGE;
	if (argc == 2 && !strcmp(argv[1], "list"))
		return list();
	if (argc != 2 || strcmp(argv[1], "shrink"))
		return cli_usage(DISK_USAGE);
	fprintf(stderr, "vmtctl: %s\n", disk_refusal());
	return CLI_TEMPFAIL;
}
