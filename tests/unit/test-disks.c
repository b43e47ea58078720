/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-disks.c - which file systems are reported, and how
 */
#include <string.h>

#include "lib/disks.h"
#include "tests/unit/captured.h"
#include "tests/unit/unit.h"

static const char mountinfo[] =
	"22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
	"23 22 0:21 / /proc rw - proc proc rw\n"
	"24 22 0:22 / /run rw shared:2 master:3 - tmpfs tmpfs rw\n"
	"25 22 8:2 / /srv/with\\040blank rw shared:4 - xfs /dev/sda2 rw\n"
	"26 22 8:2 /sub /srv/bind rw shared:4 - xfs /dev/sda2 rw\n"
	"27 22 0:40 / /net rw - nfs4 server:/export rw\n"
	"28 22 7:0 / /snap/core/1 ro - squashfs /dev/loop0 ro\n"
	"29 22 0:41 / /tank rw - zfs tank rw\n"
	"30 22 0:42 / /data rw - btrfs /dev/sdb rw\n"
	"short line\n"
	"31 22 8:3 / /no/separator rw\n";

static void chosen(void)
{
	static const char *const want[] = { "/ ext4", "/srv/with blank xfs", "/tank zfs", "/data btrfs" };
	GPtrArray *disks = disks_parse(mountinfo);
	guint i;

	CU_ASSERT_EQUAL_FATAL(disks->len, G_N_ELEMENTS(want));
	for (i = 0; i < disks->len; i++) {
		const struct disk *disk = g_ptr_array_index(disks, i);
		g_autofree char *got = g_strdup_printf("%s %s", disk->path, disk->fstype);

		CU_ASSERT_STRING_EQUAL(got, want[i]);
	}
	g_ptr_array_unref(disks);
}

static void overlay_root(void)
{
	GPtrArray *disks = disks_parse("22 1 0:30 / / rw - overlay overlay rw\n");

	CU_ASSERT_EQUAL(disks->len, 1);
	g_ptr_array_unref(disks);
}

static void as_json(void)
{
	GPtrArray *disks = disks_parse("22 1 8:1 / / rw - ext\"4 /dev/sda1 rw\n"
				       "25 22 8:2 / /srv rw - xfs /dev/sda2 rw\n");
	struct disk *disk = g_ptr_array_index(disks, 0);
	g_autofree char *text = NULL;

	disk->size = G_GUINT64_CONSTANT(5000000000000);
	disk->free = 1;
	text = disks_json(disks);
	CU_ASSERT_STRING_EQUAL(text,
		"{\n\"version\":\"1\",\n\"disks\":[\n"
		"{\"name\":\"Lw==\",\"free\":\"1\",\"size\":\"5000000000000\",\"fstype\":\"ext_4\"},\n"
		"{\"name\":\"L3Nydg==\",\"free\":\"0\",\"size\":\"0\",\"fstype\":\"xfs\"}\n]}");
	g_ptr_array_unref(disks);
}

static void as_captured(void)
{
	GPtrArray *disks = disks_parse("30 1 254:0 / /usr/lib/modules/6.1.0-56-cloud-amd64 ro - ext4 /dev/vda ro\n");
	struct disk *disk = g_ptr_array_index(disks, 0);
	g_autoptr(GBytes) got = NULL;
	char *text;

	disk->size = 148136960;
	disk->free = 54157312;
	text = disks_json(disks);
	got = g_bytes_new_take(text, strlen(text) + 1);
	CU_ASSERT_TRUE(captured_equal(got, CAPTURED_DISKS));
	g_ptr_array_unref(disks);
}

static void as_bytes(void)
{
	GPtrArray *disks = disks_parse("22 1 8:1 / / rw - ext4 /dev/sda1 rw\n");
	struct disk *disk = g_ptr_array_index(disks, 0);
	const guint8 *p;
	GBytes *bytes;
	gsize len;

	disk->free = 0x0102;
	disk->size = 0x0304;
	bytes = disks_old(disks);
	p = g_bytes_get_data(bytes, &len);
	CU_ASSERT_EQUAL(len, 1 + 8 + 8 + 100);
	CU_ASSERT_EQUAL(memcmp(p, "\1\2\1\0\0\0\0\0\0\4\3\0\0\0\0\0\0/\0", 19), 0);
	g_bytes_unref(bytes);
	g_ptr_array_unref(disks);
}

static void this_machine(void)
{
	GPtrArray *disks = disks_collect(FALSE);

	CU_ASSERT_TRUE(disks->len >= 1);
	if (disks->len) {
		const struct disk *disk = g_ptr_array_index(disks, 0);

		CU_ASSERT_STRING_EQUAL(disk->path, "/");
		CU_ASSERT_TRUE(disk->size > 0 && disk->free <= disk->size);
	}
	g_ptr_array_unref(disks);
}

static const struct unit_case cases[] = {
	{ "local file systems are reported once, images and the network's not", chosen },
	{ "the root is reported whatever it is", overlay_root },
	{ "the report has names in base64 and numbers as text", as_json },
	{ "it is, to the byte, that of open-vm-tools for the same disk", as_captured },
	{ "the older report has the documented layout", as_bytes },
	{ "this machine has a root with a size", this_machine },
};

UNIT_MAIN("disks", cases)
