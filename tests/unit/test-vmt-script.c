/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-vmt-script.c - which scripts run at a change of power, in which order, and what they tell
 *
 * The real program over a folder of scripts, each of which writes its name and argument to a file.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <glib/gstdio.h>

#include "tests/unit/unit.h"

static char *folder, *record;

static void write_file(const char *name, const char *text, int mode)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	g_autofree char *dir = g_path_get_dirname(path);

	g_mkdir_with_parents(dir, 0755);
	CU_ASSERT_TRUE_FATAL(g_file_set_contents(path, text, -1, NULL));
	CU_ASSERT_EQUAL(g_chmod(path, mode), 0);
}

static void script(const char *name, int status)
{
	g_autofree char *text = g_strdup_printf("#!/bin/sh\necho \"${0##*/} $1\" >>%s\nexit %d\n",
						record, status);

	write_file(name, text, 0755);
}

static void start(void)
{
	folder = g_dir_make_tmp("vmt-script-XXXXXX", NULL);
	record = g_build_filename(folder, "record", NULL);
}

static void end(void)
{
	g_autofree char *line = g_strdup_printf("rm -r %s", folder);

	CU_ASSERT_TRUE(g_spawn_command_line_sync(line, NULL, NULL, NULL, NULL));
	g_free(folder);
	g_free(record);
}

/* Runs it and compares the exit status and what the scripts wrote, "" if nothing */
static void expect(const char *operation, int want_status, const char *want)
{
	g_autofree char *own = g_build_filename(folder, "vmtd.conf", NULL), *text = NULL;
	char *argv[] = { (char *)TOP_BUILDDIR "/agent/priv/vmt-script", (char *)operation, folder,
			 own, NULL };
	int status;

	g_remove(record);
	CU_ASSERT_TRUE_FATAL(g_spawn_sync(NULL, argv, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL,
					  NULL, &status, NULL));
	CU_ASSERT_EQUAL(WEXITSTATUS(status), want_status);
	if (!g_file_get_contents(record, &text, NULL, NULL))
		text = g_strdup("");
	CU_ASSERT_STRING_EQUAL(text, want);
}

static void order(void)
{
	start();
	expect("poweron", 0, "");
	script("scripts/vmware/network", 0);
	script("scripts/poweron-vm-default.d/20-b", 0);
	script("scripts/poweron-vm-default.d/10-a", 0);
	script("scripts/poweroff-vm-default.d/10-c", 0);
	expect("poweron", 0, "network poweron-vm\n10-a poweron-vm\n20-b poweron-vm\n");
	expect("poweroff", 0, "10-c poweroff-vm\nnetwork poweroff-vm\n");
	expect("resume", 0, "network resume-vm\n");
	end();
}

static void status_of_all(void)
{
	start();
	script("scripts/suspend-vm-default.d/1", 1);
	script("scripts/suspend-vm-default.d/2", 0);
	script("scripts/suspend-vm-default.d/3", 6);
	expect("suspend", 7, "1 suspend-vm\n2 suspend-vm\n3 suspend-vm\n");
	end();
}

static void not_run(void)
{
	start();
	script("scripts/vmware/.hidden", 1);
	script("scripts/vmware/old~", 1);
	write_file("scripts/vmware/no-program", "#!/bin/sh\nexit 1\n", 0644);
	write_file("scripts/vmware/writable", "#!/bin/sh\nexit 1\n", 0757);
	write_file("scripts/vmware/a-folder/x", "#!/bin/sh\nexit 1\n", 0755);
	expect("poweron", 0, "");
	end();
}

static void one_script(void)
{
	start();
	script("scripts/vmware/network", 1);
	script("mine", 3);
	write_file("tools.conf", "[powerops]\npoweron-script=mine\nresume-script=\n"
				 "suspend-script=missing\n", 0644);
	expect("poweron", 3, "mine poweron-vm\n");
	expect("resume", 0, "");
	expect("suspend", 1, "");
	expect("poweroff", 1, "network poweroff-vm\n");
	script("other", 0);
	write_file("vmtd.conf", "[powerops]\npoweron-script=other\nsuspend-script=suspend-vm-default\n", 0644);
	expect("poweron", 0, "other poweron-vm\n");
	expect("suspend", 1, "network suspend-vm\n");
	end();
}

static void wrong_operation(void)
{
	start();
	script("scripts/vmware/network", 0);
	expect("explode", 64, "");
	expect("../poweron", 64, "");
	expect("", 64, "");
	end();
}

static const struct unit_case cases[] = {
	{ "VMware's scripts run first going up and last going down, by name", order },
	{ "every script runs, and the exit status is all of theirs", status_of_all },
	{ "what is hidden, no program or others' to write is not run", not_run },
	{ "the configuration names one script instead, or none, or the usual ones", one_script },
	{ "only the four operations are known", wrong_operation },
};

UNIT_MAIN("vmt-script", cases)
