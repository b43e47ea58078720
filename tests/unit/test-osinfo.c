/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-osinfo.c - the report about the operating system
 */
#include <string.h>
#include <sys/utsname.h>

#include "agent/osinfo.h"
#include "tests/unit/captured.h"
#include "tests/unit/unit.h"

static const char debian[] =
	"PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n"
	"NAME=\"Debian GNU/Linux\"\n"
	"VERSION_ID=\"12\"\n"
	"ID=debian\n";

static struct utsname kernel(const char *release, const char *machine)
{
	struct utsname uts = { .sysname = "Linux" };

	g_strlcpy(uts.release, release, sizeof(uts.release));
	g_strlcpy(uts.machine, machine, sizeof(uts.machine));
	return uts;
}

static void short_ids(void)
{
	static const struct {
		const char *os_release, *release, *machine, *want;
	} rows[] = {
		{ debian, "6.1.0-37-cloud-amd64", "x86_64", "debian12-64" },
		{ debian, "6.1.0-37-686", "i686", "debian12" },
		{ "ID=debian\n", "6.12.1", "x86_64", "debian-64" },
		{ "ID=debian\nVERSION_ID=\"99\"\n", "6.12.1", "x86_64", "debian-64" },
		{ "ID=ubuntu\nVERSION_ID=\"24.04\"\n", "6.8.0", "x86_64", "ubuntu-64" },
		{ "ID=\"rhel\"\nVERSION_ID=\"9.4\"\n", "5.14.0", "x86_64", "rhel9-64" },
		{ "ID='centos'\nVERSION_ID=\"8\"\n", "4.18.0", "x86_64", "centos8-64" },
		{ "ID=rocky\nVERSION_ID=9.4\n", "5.14.0", "x86_64", "rockylinux-64" },
		{ "ID=void\n", "6.9.1", "x86_64", "other6xlinux-64" },
		{ "ID=void\n", "5.4.0", "i586", "other5xlinux" },
		{ NULL, "2.6.32", "x86_64", "otherlinux-64" },
		{ NULL, "6.1.0", "aarch64", "other6xlinux-64" },
		{ "ID=\"unclosed\n", "6.1.0", "x86_64", "other6xlinux-64" },
	};
	guint i;

	for (i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct utsname uts = kernel(rows[i].release, rows[i].machine);
		struct osinfo os;

		osinfo_parse(&os, rows[i].os_release, &uts);
		CU_ASSERT_STRING_EQUAL(os.id, rows[i].want);
		osinfo_clear(&os);
	}
}

static void details(void)
{
	struct utsname uts = kernel("6.1.0-37-amd64", "x86_64");
	struct osinfo os;

	osinfo_parse(&os, debian, &uts);
	CU_ASSERT_STRING_EQUAL(os.name, "Debian GNU/Linux 12 (bookworm)");
	CU_ASSERT_STRING_EQUAL(os.details,
		"architecture='X86' bitness='64' distroName='Debian GNU/Linux' "
		"distroVersion='12' familyName='Linux' kernelVersion='6.1.0-37-amd64' "
		"prettyName='Debian GNU/Linux 12 (bookworm)'");
	osinfo_clear(&os);
	osinfo_parse(&os, "NAME=\"it's \\\\ odd\"\nPRETTY_NAME=\"\"\n", &uts);
	CU_ASSERT_STRING_EQUAL(os.name, "Linux 6.1.0-37-amd64");
	CU_ASSERT_PTR_NOT_NULL(strstr(os.details, "distroName='it\\'s \\\\ odd'"));
	osinfo_clear(&os);
}

static void as_captured(void)
{
	struct utsname uts = kernel("6.1.0-56-cloud-amd64", "x86_64");
	g_autofree char *text = g_strconcat(debian, "VERSION=\"12 (bookworm)\"\n", NULL);
	g_autoptr(GBytes) bytes = NULL, got = NULL;
	struct osinfo os;

	osinfo_parse(&os, text, &uts);
	bytes = osinfo_detailed(&os);
	CU_ASSERT_STRING_EQUAL((const char *)g_bytes_get_data(bytes, NULL) + 4, "debian12-64");
	got = g_bytes_new_from_bytes(bytes, 648, g_bytes_get_size(bytes) - 648);
	CU_ASSERT_TRUE(captured_equal(got, CAPTURED_OS_DETAILS));
	osinfo_clear(&os);
}

static void layout(void)
{
	struct utsname uts = kernel("6.1.0", "x86_64");
	g_autofree char *long_name = g_strnfill(2000, 'n');
	g_autofree char *text = g_strdup_printf("ID=debian\nPRETTY_NAME=\"%s\"\n", long_name);
	const guint8 *p;
	GBytes *bytes;
	gsize len;
	struct osinfo os;

	osinfo_parse(&os, text, &uts);
	bytes = osinfo_detailed(&os);
	p = g_bytes_get_data(bytes, &len);
	CU_ASSERT_EQUAL(len, 648 + strlen(os.details) + 1);
	CU_ASSERT_EQUAL(memcmp(p, "\1\0\0\0debian-64\0", 14), 0);
	CU_ASSERT_EQUAL(p[4 + 129], 'n');
	CU_ASSERT_EQUAL(p[4 + 129 + 511], 'n');
	CU_ASSERT_EQUAL(p[4 + 129 + 512], 0);
	CU_ASSERT_EQUAL(memcmp(p + 648, "architecture=", 13), 0);
	g_bytes_unref(bytes);
	osinfo_clear(&os);
}

static const struct unit_case cases[] = {
	{ "the details are, to the byte, those of open-vm-tools on the same machine", as_captured },
	{ "a distribution gets a name of the hosts' list, or the kernel's", short_ids },
	{ "details are quoted pairs, and quotes are escaped", details },
	{ "the report has the documented layout, and long names are cut", layout },
};

UNIT_MAIN("osinfo", cases)
