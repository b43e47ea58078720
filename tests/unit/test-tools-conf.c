/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-tools-conf.c - what the agent follows of tools.conf
 */
#include <glib/gstdio.h>

#include "agent/conf.h"
#include "tests/unit/unit.h"

static guint warnings;

static GLogWriterOutput count(GLogLevelFlags level, const GLogField *fields, gsize n, gpointer data)
{
	warnings += level == G_LOG_LEVEL_WARNING;
	return G_LOG_WRITER_HANDLED;
}

static struct conf *read_text(const char *text)
{
	g_autofree char *path = NULL;
	int fd = g_file_open_tmp("tools-conf-XXXXXX", &path, NULL);
	struct conf *conf;

	g_close(fd, NULL);
	CU_ASSERT_TRUE(g_file_set_contents(path, text, -1, NULL));
	warnings = 0;
	conf = conf_read(path);
	g_unlink(path);
	return conf;
}

static void expect_list(char **list, const char *want)
{
	g_autofree char *got = g_strjoinv("|", list);

	CU_ASSERT_STRING_EQUAL(got, want);
}

static void defaults(void)
{
	struct conf *conf;

	warnings = 0;
	conf = conf_read("/nonexistent/tools.conf");
	CU_ASSERT_EQUAL(warnings, 0);
	expect_list(conf->exclude_nics, "docker*|veth*|virbr*|antrea-*|cali*");
	expect_list(conf->primary_nics, "");
	CU_ASSERT_FALSE(conf->no_disks || conf->no_time || conf->no_period);
	conf_free(conf);
}

static void values(void)
{
	struct conf *conf = read_text("[guestinfo]\nexclude-nics=a*, b,,\nprimary-nics=eth0\n"
				      "low-priority-nics=\ndisable-query-diskinfo=true\n"
				      "[timeSync]\ndisable-all=true\ndisable-periodic=1\n[other]\nx=y\n");

	CU_ASSERT_EQUAL(warnings, 0);
	expect_list(conf->exclude_nics, "a*|b");
	expect_list(conf->primary_nics, "eth0");
	expect_list(conf->low_priority_nics, "");
	CU_ASSERT_TRUE(conf->no_disks && conf->no_time && conf->no_period);
	conf_free(conf);
}

static void errors(void)
{
	struct conf *conf = read_text("[timeSync]\ndisable-all=perhaps\n");

	CU_ASSERT_EQUAL(warnings, 1);
	CU_ASSERT_FALSE(conf->no_time);
	conf_free(conf);
	conf = read_text("no group here\n");
	CU_ASSERT_EQUAL(warnings, 1);
	expect_list(conf->exclude_nics, "docker*|veth*|virbr*|antrea-*|cali*");
	conf_free(conf);
}

static const struct unit_case cases[] = {
	{ "without a file the documented defaults hold", defaults },
	{ "lists and flags are read", values },
	{ "what is wrong is logged, and its default holds", errors },
};

int main(int argc, char **argv)
{
	g_log_set_writer_func(count, NULL, NULL);
	return unit_main("tools-conf", cases, G_N_ELEMENTS(cases), argc, argv);
}
