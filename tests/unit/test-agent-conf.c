/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-agent-conf.c - tools.conf and vmtd.conf: what they say, which of them counts, what is wrong
 */
#include <string.h>

#include <glib/gstdio.h>

#include "agent/conf.h"
#include "agent/log.h"
#include "tests/unit/unit.h"

static guint warnings;
static GString *told;

static GLogWriterOutput count(GLogLevelFlags level, const GLogField *fields, gsize n, gpointer data)
{
	warnings += level == G_LOG_LEVEL_WARNING;
	return G_LOG_WRITER_HANDLED;
}

static struct conf *read_text(const char *text)
{
	g_autofree char *path = NULL;
	int fd = g_file_open_tmp("agent-conf-XXXXXX", &path, NULL);
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
	conf = conf_read("/nonexistent/vmtd.conf");
	CU_ASSERT_EQUAL(warnings, 0);
	expect_list(conf->exclude_nics, "docker*|veth*|virbr*|antrea-*|cali*");
	expect_list(conf->primary_nics, "");
	CU_ASSERT_FALSE(conf->no_disks || conf->no_time || conf->no_period || conf->no_stats ||
			conf->reserved_free || conf->no_version || conf->log_to_host);
	CU_ASSERT_EQUAL(conf->poll_s, 30);
	CU_ASSERT_EQUAL(conf->stats_s, 20);
	CU_ASSERT_EQUAL(conf->routes_v4_max, 100);
	CU_ASSERT_EQUAL(conf->log_level, G_LOG_LEVEL_MESSAGE);
	CU_ASSERT_PTR_NULL(conf->os_id);
	conf_free(conf);
}

static void values(void)
{
	struct conf *conf = read_text("[guestinfo]\nexclude-nics=a*, b,,\nprimary-nics=eth0\n"
				      "low-priority-nics=\ndisable-query-diskinfo = true \n"
				      "poll-interval=0\nmax-ipv6-routes=7\n"
				      "[timeSync]\ndisable-all=true\ndisable-periodic=1\n"
				      "[guestosinfo]\nshort-name=other-64\nlong-name=A\\sname\n"
				      "[logging]\nlog=true\nvmsvc.level=debug\nvmsvc.handler=vmx\n");

	CU_ASSERT_EQUAL(warnings, 0);
	expect_list(conf->exclude_nics, "a*|b");
	expect_list(conf->primary_nics, "eth0");
	expect_list(conf->low_priority_nics, "");
	CU_ASSERT_TRUE(conf->no_disks && conf->no_time && conf->no_period && conf->log_to_host);
	CU_ASSERT_EQUAL(conf->poll_s, 0);
	CU_ASSERT_EQUAL(conf->routes_v6_max, 7);
	CU_ASSERT_STRING_EQUAL(conf->os_id, "other-64");
	CU_ASSERT_STRING_EQUAL(conf->os_name, "A name");
	CU_ASSERT_EQUAL(conf->log_level, G_LOG_LEVEL_DEBUG);
	conf_free(conf);
}

static void errors(void)
{
	struct conf *conf = read_text("[timeSync]\ndisable-all=perhaps\ndisable-periodic=1\n");

	CU_ASSERT_EQUAL(warnings, 1);
	CU_ASSERT_FALSE(conf->no_time);
	CU_ASSERT_TRUE(conf->no_period);
	conf_free(conf);
	conf = read_text("no group here\n[vmbackup]\nenableSyncDriver=false\n");
	CU_ASSERT_EQUAL(warnings, 1);
	expect_list(conf->exclude_nics, "docker*|veth*|virbr*|antrea-*|cali*");
	conf_free(conf);
}

static void record(enum conf_fault fault, const char *path, guint line, const char *text, gpointer data)
{
	g_string_append_printf(told, "%s:%u:%s %s\n", path, line, fault == CONF_NOTE ? "n" : "f", text);
}

static void lines(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "" },
		{ "# comment\n\n[guestinfo]\n\n  poll-interval = 5\t\n", "" },
		{ "x=y\n", "f:1:f stands before the first [GROUP]\n" },
		{ "[guestinfo]\nnonsense\n", "f:2:f is no KEY=VALUE\n" },
		{ "[guestinfo]\n=1\n", "f:2:f is no KEY=VALUE\n" },
		{ "[guestinfo]\nlong\xff=1\n", "f:2:f is no text in UTF-8\n" },
		{ "[guestinfo]\npoll-intervall=5\n", "f:2:f [guestinfo] poll-intervall: there is no such key\n" },
		{ "[guestInfo]\npoll-interval=5\n", "f:2:f [guestInfo] poll-interval: there is no such group\n" },
		{ "[guestinfo]\npoll-interval=-1\n",
		  "f:2:f [guestinfo] poll-interval: must be a number from 0 to 86400, not \"-1\"\n" },
		{ "[guestinfo]\r\npoll-interval=86401\r\n",
		  "f:2:f [guestinfo] poll-interval: must be a number from 0 to 86400, not \"86401\"\n" },
		{ "[timeSync]\ndisable-all=yes\n",
		  "f:2:f [timeSync] disable-all: must be true or false, not \"yes\"\n" },
		{ "[logging]\nvmsvc.level=loud\n",
		  "f:2:f [logging] vmsvc.level: must be one of none, error, critical, warning, message, "
		  "info, debug, not \"loud\"\n" },
		{ "[vmbackup]\ntimeout=9\n", "f:2:n [vmbackup] timeout: means nothing to vmtd\n" },
	};
	guint i;

	for (i = 0; i < G_N_ELEMENTS(rows); i++) {
		told = g_string_new(NULL);
		conf_file_free(conf_file_parse("f", rows[i].text, record, NULL));
		CU_ASSERT_STRING_EQUAL(told->str, rows[i].want);
		if (strcmp(told->str, rows[i].want))
			printf("# %s", told->str);
		g_string_free(told, TRUE);
	}
}

static void precedence(void)
{
	g_autofree char *dir = g_dir_make_tmp("agent-conf-XXXXXX", NULL);
	g_autofree char *tools = g_build_filename(dir, "tools.conf", NULL);
	g_autofree char *own = g_build_filename(dir, "vmtd.conf", NULL);
	const char *const paths[] = { tools, own, NULL };
	struct conf_file *file;

	CU_ASSERT_TRUE(g_file_set_contents(tools, "[guestinfo]\npoll-interval=11\nstats-interval=12\n"
						  "max-ipv4-routes=13\n", -1, NULL));
	CU_ASSERT_TRUE(g_file_set_contents(own, "[guestinfo]\npoll-interval=21\npoll-interval=22\n"
						"max-ipv4-routes=many\n", -1, NULL));
	file = conf_file_read(paths, NULL, NULL);
	CU_ASSERT_EQUAL(conf_number(file, "guestinfo", "poll-interval"), 22);
	CU_ASSERT_EQUAL(conf_number(file, "guestinfo", "stats-interval"), 12);
	/* What is wrong is as if it were not there */
	CU_ASSERT_EQUAL(conf_number(file, "guestinfo", "max-ipv4-routes"), 13);
	CU_ASSERT_EQUAL(conf_number(file, "guestinfo", "max-ipv6-routes"), 100);
	CU_ASSERT_EQUAL(conf_file_entries(file)->len, 6);
	conf_file_free(file);
	g_unlink(tools);
	g_unlink(own);
	g_rmdir(dir);
}

static void limit(void)
{
	struct log_limit l = { .room = LOG_BURST };
	gint64 now = 1000LL * G_USEC_PER_SEC;
	guint dropped, passed = 0, i;

	for (i = 0; i < LOG_BURST + 30; i++)
		passed += log_limit_pass(&l, now, &dropped);
	CU_ASSERT_EQUAL(passed, LOG_BURST);
	now += (gint64)LOG_REFILL_S * G_USEC_PER_SEC;
	CU_ASSERT_TRUE(log_limit_pass(&l, now, &dropped));
	CU_ASSERT_EQUAL(dropped, 30);
	CU_ASSERT_FALSE(log_limit_pass(&l, now, &dropped));
	now += 3600LL * G_USEC_PER_SEC;
	for (passed = i = 0; i < 3 * LOG_BURST; i++)
		passed += log_limit_pass(&l, now, &dropped);
	CU_ASSERT_EQUAL(passed, LOG_BURST);
}

static const struct unit_case cases[] = {
	{ "without a file the documented defaults hold", defaults },
	{ "lists, numbers, names and flags are read", values },
	{ "what is wrong is logged, and its default holds", errors },
	{ "each fault is told with its file, its line and its key", lines },
	{ "vmtd.conf comes before tools.conf, and of two lines the last counts", precedence },
	{ "a flood of log lines is held back, and counted", limit },
};

int main(int argc, char **argv)
{
	g_log_set_writer_func(count, NULL, NULL);
	return unit_main("agent-conf", cases, G_N_ELEMENTS(cases), argc, argv);
}
