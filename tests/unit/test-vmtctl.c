/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-vmtctl.c - the real vmtctl, under each of its names, against a fake host: texts, streams, exit
 * codes
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <glib/gstdio.h>

#include "cli/cli.h"
#include "lib/backdoor.h"
#include "tests/unit/fakehost.h"
#include "tests/unit/unit.h"

#define VMTCTL	TOP_BUILDDIR "/cli/vmtctl"

struct result {
	int status;
	char *out, *err;
};

static void result_clear(struct result *r)
{
	g_free(r->out);
	g_free(r->err);
}

/*
 * Runs the words of @line, split as a shell does; the first is argv[0].  The wrapper script of a build
 * tree would not pass that on, so the program behind it is run, with the library's folder named.
 */
static struct result run(const char *channel, const char *line)
{
	g_auto(GStrv) words = NULL;
	g_auto(GStrv) env = g_get_environ();
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	const char *real = TOP_BUILDDIR "/cli/.libs/vmtctl";
	struct result r = { .status = -1 };
	int i, status;

	g_shell_parse_argv(line, NULL, &words, NULL);
	g_ptr_array_add(argv, (gpointer)(g_file_test(real, G_FILE_TEST_EXISTS) ? real : VMTCTL));
	for (i = 0; words[i]; i++)
		g_ptr_array_add(argv, words[i]);
	g_ptr_array_add(argv, NULL);
	env = g_environ_setenv(env, "LD_LIBRARY_PATH", TOP_BUILDDIR "/lib/.libs", TRUE);
	env = channel ? g_environ_setenv(env, "VMT_CHANNEL", channel, TRUE) :
			g_environ_unsetenv(env, "VMT_CHANNEL");
	if (g_spawn_sync(NULL, (char **)argv->pdata, env, G_SPAWN_FILE_AND_ARGV_ZERO, NULL, NULL,
			 &r.out, &r.err, &status, &error) && WIFEXITED(status))
		r.status = WEXITSTATUS(status);
	return r;
}

static void expect(const char *answer, const char *line, int status, const char *out,
		   const char *err)
{
	struct fakehost *h = fakehost_new();
	struct result r;

	if (answer)
		fakehost_answer(h, "", answer);
	r = run(fakehost_channel(h, FALSE), line);
	CU_ASSERT_EQUAL(r.status, status);
	if (out)
		CU_ASSERT_STRING_EQUAL(r.out, out);
	if (err)
		CU_ASSERT_STRING_EQUAL(r.err, err);
	if (r.status != status || (out && strcmp(r.out, out)) || (err && strcmp(r.err, err)))
		printf("# %s: status %d, out \"%s\", err \"%s\"\n", line, r.status, r.out, r.err);
	result_clear(&r);
	fakehost_free(h);
}

static void rpctool(void)
{
	expect("1 blue", "vmware-rpctool 'info-get guestinfo.c'", 0, "blue\n", "");
	expect("1 ", "vmware-rpctool 'info-set guestinfo.c x'", 0, "\n", "");
	expect("0 No value found", "vmware-rpctool 'info-get guestinfo.c'", 1, "",
	       "No value found\n");
	expect("0 Unknown command", "vmware-rpctool nonsense", 1, "", "Unknown command\n");
	expect("? what", "vmware-rpctool x", 1, "", "Failed sending message to VMware.\n");
	expect("1 ", "vmware-rpctool", 1, "", NULL);
	expect("1 ", "vmware-rpctool -h", 0, "", NULL);
	expect("1 ", "vmware-rpctool --help", 0, "", NULL);
}

static void rpctool_one_argument(void)
{
	struct fakehost *h = fakehost_new();
	struct result r = run(fakehost_channel(h, FALSE), "vmware-rpctool info-get guestinfo.c");
	GByteArray *got = fakehost_request(h, "", 2000);

	CU_ASSERT_EQUAL(r.status, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(got);
	CU_ASSERT_STRING_EQUAL(got->data, "info-get");
	g_byte_array_unref(got);
	result_clear(&r);
	fakehost_free(h);
}

static void rpctool_elsewhere(void)
{
	static const char *const lines[] = { "vmware-rpctool", "vmware-rpctool -h",
					     "vmware-rpctool 'info-get guestinfo.c'" };
	guint i;

	for (i = 0; i < G_N_ELEMENTS(lines); i++) {
		struct result r = run("fake:/nonexistent", lines[i]);

		CU_ASSERT_EQUAL(r.status, 255);
		CU_ASSERT_STRING_EQUAL(r.out, "");
		CU_ASSERT_STRING_EQUAL(r.err, "Error: vmware-rpctool must be run inside a virtual "
				       "machine on a VMware hypervisor product.\n");
		result_clear(&r);
	}
}

static char *checkvm(const VmtHost *host, gboolean product, int want)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	CU_ASSERT_EQUAL(checkvm_report(f, f, host, "vmware-checkvm", product), want);
	fclose(f);
	return text;
}

static void checkvm_texts(void)
{
	static const struct {
		gboolean found;
		guint product_id;
		gboolean product;
		int status;
		const char *want;
	} rows[] = {
		{ TRUE, 2, FALSE, 0, "VMware software version 6 (good)\n" },
		{ TRUE, 2, TRUE, 0, "ESX Server\n" },
		{ TRUE, 4, TRUE, 0, "Workstation\n" },
		{ TRUE, 0, TRUE, 0, "Unknown\n" },
		{ FALSE, 0, FALSE, 1, "Error: vmware-checkvm must be run inside a virtual machine on a "
		  "VMware hypervisor product.\n" },
	};
	guint i;

	for (i = 0; i < G_N_ELEMENTS(rows); i++) {
		VmtHost host = { .version = 6, .product = rows[i].product_id };
		char *got = checkvm(rows[i].found ? &host : NULL, rows[i].product, rows[i].status);

		CU_ASSERT_STRING_EQUAL(got, rows[i].want);
		free(got);
	}
}

static void rpc(void)
{
	expect("1 yes", "vmtctl rpc ask", 0, "yes\n", "");
	expect("0 Unknown command", "vmtctl rpc ask", 1, "", "Unknown command\n");
	expect("1 yes", "vmtctl rpc --json ask", 0, "{\"ok\":true,\"reply\":\"yes\"}\n", "");
	expect("0 no \"x\"", "vmtctl rpc --json ask", 1,
	       "{\"ok\":false,\"reply\":\"no \\\"x\\\"\"}\n", "");
	expect("1 \xff", "vmtctl rpc --json ask", 0,
	       "{\"ok\":true,\"reply\":\"\xef\xbf\xbd\"}\n", "");
	expect(NULL, "vmtctl rpc", 64, "", NULL);
}

static void info(void)
{
	expect("1 blue", "vmtctl info get colour", 0, "blue\n", "");
	expect("1 blue", "vmtctl info --json get colour", 0,
	       "{\"name\":\"colour\",\"value\":\"blue\"}\n", "");
	expect("0 No value found", "vmtctl info get colour", 1, "", "No value found\n");
	expect("1 ", "vmtctl info set colour red", 0, "", "");
	expect("1 ", "vmtctl info set colour --red", 0, "", "");
	expect("0 Permission denied", "vmtctl info set colour red", 1, "", "Permission denied\n");
	expect(NULL, "vmtctl info get 'two words'", 1, "",
	       "vmtctl: \"two words\" is no name of a variable: it must be one word\n");
	expect(NULL, "vmtctl info", 64, "", NULL);
	expect(NULL, "vmtctl info get", 64, "", NULL);
	expect(NULL, "vmtctl info --nonsense get x", 64, "", NULL);
}

static void toolsd(void)
{
	expect("1 blue", "vmtoolsd --cmd 'info-get guestinfo.c'", 0, "blue\n", "");
	expect("0 No value found", "vmtoolsd --cmd 'info-get guestinfo.c'", 1, "", "No value found\n");
	expect("1 ", "vmtoolsd -v", 0, "VMware Tools daemon, version " PACKAGE_VERSION ".0 (build-0)\n", "");
	expect("1 ", "vmtoolsd", 1, "", NULL);
	expect("1 ", "vmtoolsd --nonsense", 1, "",
	       "Command line parsing failed: Unknown option --nonsense\n");
	expect("1 ", "vmtoolsd --cmd", 1, "",
	       "Command line parsing failed: Missing argument for --cmd\n");
}

#define TOOLBOX_TRY(command) \
	"Try 'vmware-toolbox-cmd help" command "' for more information.\n"

static void toolbox(void)
{
	static const struct {
		const char *args;
		int status;
		const char *out, *err;
	} rows[] = {
		{ "-v", 0, PACKAGE_VERSION ".0 (build-0)\n", "" },
		{ "", 64, "", "vmware-toolbox-cmd: Missing command\n" TOOLBOX_TRY("") },
		{ "-q", 64, "", "vmware-toolbox-cmd: Missing command\n" TOOLBOX_TRY("") },
		{ "shuffle", 64, "", "vmware-toolbox-cmd: Unknown command 'shuffle'\n" TOOLBOX_TRY("") },
		{ "-x", 1, "", "vmware-toolbox-cmd: invalid option -- 'x'\n"
			       "Try 'vmware-toolbox-cmd -h' for more information.\n" },
		{ "help", 0, NULL, "" },
		{ "help stat", 0, NULL, "" },
		{ "help x", 64, NULL, "vmware-toolbox-cmd: Unknown subcommand 'x'\n" },
		{ "timesync", 64, "", "vmware-toolbox-cmd: Missing subcommand\n" TOOLBOX_TRY(" timesync") },
		{ "timesync enable", 0, "Enabled\n", "" },
		{ "-q timesync enable", 0, "", "" },
		{ "stat x", 64, "", "vmware-toolbox-cmd: Unknown subcommand 'x'\n" TOOLBOX_TRY(" stat") },
		{ "device status", 64, "",
		  "vmware-toolbox-cmd: Missing device name\n" TOOLBOX_TRY(" device") },
		{ "device status ide1:0", 72, "",
		  "Error fetching interface information: device not found.\n" },
		{ "disk shrink /", 72, "",
		  "The host does not shrink the disks of this virtual machine.\nUnable to find partition /\n" },
		{ "script", 64, "", "vmware-toolbox-cmd: Missing script type\n" TOOLBOX_TRY(" script") },
		{ "script x", 64, "", "vmware-toolbox-cmd: Unknown script type 'x'\n" TOOLBOX_TRY(" script") },
		{ "script power", 64, "", "vmware-toolbox-cmd: Missing subcommand\n" TOOLBOX_TRY(" script") },
		{ "script shutdown default", 0, "/etc/vmware-tools/poweroff-vm-default\n", "" },
		{ "script power set /nonexistent", 72, "", "/nonexistent doesn't exist.\n" },
		{ "config get x", 64, "", "vmware-toolbox-cmd: Missing config key\n" TOOLBOX_TRY(" config") },
		{ "config get no such", 69, "[no] such UNSET\n", "" },
		{ "config x y z", 64, "", "vmware-toolbox-cmd: Unknown subcommand 'x'\n" TOOLBOX_TRY(" config") },
		{ "logging level set vmsvc x", 64, "",
		  "vmware-toolbox-cmd: Unknown logging level 'x'\n" TOOLBOX_TRY(" logging") },
		{ "info update x", 64, "",
		  "vmware-toolbox-cmd: Unknown info infoclass 'x'\n" TOOLBOX_TRY(" info") },
	};
	struct result r;
	guint i;

	for (i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *line = g_strconcat("vmware-toolbox-cmd ", rows[i].args, NULL);

		expect("1 ", line, rows[i].status, rows[i].out, rows[i].err);
	}
	expect("0 Permission denied", "vmware-toolbox-cmd timesync disable", 1, "",
	       "Permission denied\n");
	r = run("fake:/nonexistent", "vmware-toolbox-cmd -v");
	CU_ASSERT_EQUAL(r.status, 1);
	CU_ASSERT_STRING_EQUAL(r.err, "vmware-toolbox-cmd must be run inside a virtual machine.\n");
	result_clear(&r);
}

static void script(void)
{
	expect(NULL, "vmtctl script", 64, "", NULL);
	expect(NULL, "vmtctl script explode current", 64, "", NULL);
	expect(NULL, "vmtctl script power set", 64, "", NULL);
	expect(NULL, "vmtctl script power default", 0, "/etc/vmware-tools/poweron-vm-default\n", "");
	expect(NULL, "vmtctl script --json suspend default", 0,
	       "{\"operation\":\"suspend\",\"script\":\"/etc/vmware-tools/suspend-vm-default\"}\n", "");
	expect(NULL, "vmtctl script power set true", 1, "",
	       "vmtctl: true: must be the full path of a program\n");
}

static void disk(void)
{
	expect(NULL, "vmtctl disk list", 0, NULL, "");
	expect(NULL, "vmtctl disk", 64, "", NULL);
	expect("0 Unknown command", "vmtctl disk shrink", 75, "",
	       "vmtctl: The host does not shrink disks, or could not be asked.\n");
	expect("1 0", "vmtctl disk shrink", 75, "",
	       "vmtctl: The host does not shrink the disks of this virtual machine.\n");
	expect("1 1", "vmtctl disk shrink", 75, "",
	       "vmtctl: The host would shrink disks, but vmtkit does not: use fstrim(8).\n");
}

static void log_line(void)
{
	struct fakehost *h = fakehost_new();
	struct result r = run(fakehost_channel(h, FALSE), "vmtctl log 'two\nlines' here");
	GByteArray *got = fakehost_request(h, "", 2000);

	CU_ASSERT_EQUAL(r.status, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(got);
	CU_ASSERT_STRING_EQUAL(got->data, "log two lines here");
	g_byte_array_unref(got);
	result_clear(&r);
	fakehost_free(h);
	expect(NULL, "vmtctl log", 64, "", NULL);
	expect(NULL, "vmtctl status extra", 64, "", NULL);
}

/* A record as the host gives it, four bytes at a time */
static void device_record(void)
{
	guint8 record[48] = "ide1:0\033[2J";
	VmtDevice device;

	record[40] = 7;
	record[44] = 1;
	bdoor_device_parse(record, &device);
	CU_ASSERT_STRING_EQUAL(device.name, "ide1:0?[2J");
	CU_ASSERT_EQUAL(device.id, 7);
	CU_ASSERT_TRUE(device.enabled);
	memset(record, 'x', sizeof(record));
	bdoor_device_parse(record, &device);
	CU_ASSERT_EQUAL(strlen(device.name), 40);
	expect(NULL, "vmtctl device", 64, "", NULL);
	expect(NULL, "vmtctl device list x", 64, "", NULL);
}

static void timesync(void)
{
	struct fakehost *h = fakehost_new();
	struct result r = run(fakehost_channel(h, FALSE), "vmtctl timesync enable");
	GByteArray *got = fakehost_request(h, "", 2000);

	CU_ASSERT_EQUAL(r.status, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(got);
	CU_ASSERT_STRING_EQUAL(got->data, "vmx.set_option synctime 0 1");
	g_byte_array_unref(got);
	result_clear(&r);
	fakehost_free(h);
	expect("1 ", "vmtctl timesync --json disable", 0, "{\"enabled\":false}\n", "");
	expect(NULL, "vmtctl timesync", 64, "", NULL);
	expect(NULL, "vmtctl timesync maybe", 64, "", NULL);
}

static void config(void)
{
	g_autofree char *dir = g_dir_make_tmp("config-XXXXXX", NULL);
	g_autofree char *folder = g_build_filename(dir, "made", NULL);
	g_autofree char *path = g_build_filename(folder, "vmtd.conf", NULL);
	static const struct {
		const char *line;
		int status;
		const char *out;
	} rows[] = {
		{ "check", 0, "0 faults, 0 notes\n" },
		{ "get guestinfo poll-interval", 69, "[guestinfo] poll-interval UNSET\n" },
		{ "get guestinfo", 69, "[guestinfo] UNSET\n" },
		{ "set guestinfo poll-interval 60", 0, "" },
		{ "set guestinfo primary-nics ' eth0, eth1'", 0, "" },
		{ "get guestinfo poll-interval", 0, "[guestinfo] poll-interval = 60\n" },
		{ "get guestinfo", 0, "[guestinfo] poll-interval = 60\n"
				      "[guestinfo] primary-nics = eth0, eth1\n" },
		{ "remove guestinfo primary-nics", 0, "" },
		{ "remove guestinfo primary-nics", 0, "" },
		{ "get guestinfo primary-nics", 69, "[guestinfo] primary-nics UNSET\n" },
		{ "set guestinfo poll-interval soon", 64, "" },
		{ "set guestinfo poll-intervall 1", 64, "" },
		{ "set 'a]' b c", 64, "" },
		{ "remove a 'b='", 64, "" },
		{ "set a b", 64, "" },
		{ "check", 0, "0 faults, 0 notes\n" },
	};
	guint i;

	for (i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *line = g_strdup_printf("vmtctl config --file %s %s", path, rows[i].line);

		expect(NULL, line, rows[i].status, rows[i].out, rows[i].status == 64 ? NULL : "");
	}
	g_remove(path);
	g_rmdir(folder);
	g_rmdir(dir);
}

static void config_check(void)
{
	g_autofree char *dir = g_dir_make_tmp("config-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "vmtd.conf", NULL);
	g_autofree char *line = g_strdup_printf("vmtctl config --file %s check", path);
	g_autofree char *json = g_strdup_printf("vmtctl config --json --file %s check", path);
	g_autofree char *get = g_strdup_printf("vmtctl config --json --file %s get timeSync disable-all",
					       path);
	g_autofree char *faults = g_strdup_printf("%s:2: [guestinfo] poll: there is no such key\n"
						  "%s:4: note: [vmbackup] timeout: means nothing to vmtd\n"
						  "1 faults, 1 notes\n", path, path);
	g_autofree char *as_json =
		g_strdup_printf("[{\"file\":\"%s\",\"line\":2,\"fault\":true,\"text\":\"[guestinfo] poll: "
				"there is no such key\"},{\"file\":\"%s\",\"line\":4,\"fault\":false,"
				"\"text\":\"[vmbackup] timeout: means nothing to vmtd\"}]\n", path, path);
	g_autofree char *found =
		g_strdup_printf("{\"section\":\"timeSync\",\"key\":\"disable-all\",\"value\":\"true\","
				"\"file\":\"%s\",\"line\":6}\n", path);

	CU_ASSERT_TRUE(g_file_set_contents(path, "[guestinfo]\npoll=1\n[vmbackup]\ntimeout=5\n"
						 "[timeSync]\ndisable-all=true\n", -1, NULL));
	expect(NULL, line, 1, faults, "");
	expect(NULL, json, 1, as_json, "");
	expect(NULL, get, 0, found, "");
	g_remove(path);
	expect(NULL, get, 69, "{\"section\":\"timeSync\",\"key\":\"disable-all\",\"value\":\"false\","
	       "\"file\":null,\"line\":null}\n", "");
	g_rmdir(dir);
}

static void no_host(void)
{
	struct result r = run("fake:/nonexistent", "vmtctl info get x");

	CU_ASSERT_EQUAL(r.status, 69);
	CU_ASSERT_STRING_EQUAL(r.out, "");
	result_clear(&r);
}

static void way_in(void)
{
	expect(NULL, "vmtctl", 64, "", NULL);
	expect(NULL, "vmtctl --help", 0, NULL, "");
	expect(NULL, "vmtctl --version", 0, "vmtctl " PACKAGE_VERSION "\n", "");
	expect(NULL, "vmtctl frobnicate", 64, "", NULL);
	expect(NULL, "vmtctl rpc --help", 0, NULL, "");
}

static const struct unit_case cases[] = {
	{ "vmware-rpctool has the texts, streams and exit codes of its model", rpctool },
	{ "vmware-rpctool sends its first argument only", rpctool_one_argument },
	{ "vmware-rpctool elsewhere says so and exits 255, whatever it was asked", rpctool_elsewhere },
	{ "vmware-checkvm has the texts and exit codes of its model", checkvm_texts },
	{ "vmtctl rpc prints the answer, as text and as JSON", rpc },
	{ "vmtctl info gets and sets, and refuses what is no name", info },
	{ "vmtoolsd sends a request, as its model does", toolsd },
	{ "vmware-toolbox-cmd knows its commands, and where it runs", toolbox },
	{ "vmtctl script tells and checks paths of scripts", script },
	{ "vmtctl disk lists file systems, and says why none is shrunk", disk },
	{ "vmtctl log sends one line", log_line },
	{ "a device's record is read, and its name is fit to be printed", device_record },
	{ "vmtctl timesync asks the host, and tells by its exit status", timesync },
	{ "vmtctl config gets, sets and removes, and refuses what has no effect", config },
	{ "vmtctl config check tells file, line and key of each fault", config_check },
	{ "without a host the exit status is 69", no_host },
	{ "help, version and unknown commands", way_in },
};

UNIT_MAIN("vmtctl", cases)
