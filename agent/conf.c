/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf.c - the configuration as the parts of the agent use it
 */
#include <string.h>

#include "agent/conf.h"

static void log_fault(enum conf_fault fault, const char *path, guint line, const char *text,
		      gpointer data)
{
	switch (fault) {
	case CONF_FAULT:
		if (line)
			g_warning("%s:%u: %s; ignoring it", path, line, text);
		else
			g_warning("%s: %s; ignoring it", path, text);
		break;
	case CONF_NOTE:
		g_debug("%s:%u: %s", path, line, text);
		break;
	}
}

static GLogLevelFlags level_of(const char *name)
{
	static const struct {
		const char *name;
		GLogLevelFlags level;
	} levels[] = {
		{ "error", G_LOG_LEVEL_ERROR },	  { "critical", G_LOG_LEVEL_CRITICAL },
		{ "warning", G_LOG_LEVEL_WARNING }, { "message", G_LOG_LEVEL_MESSAGE },
		{ "info", G_LOG_LEVEL_INFO },	  { "debug", G_LOG_LEVEL_DEBUG },
	};
	guint i;

	for (i = 0; i < G_N_ELEMENTS(levels); i++)
		if (!strcmp(name, levels[i].name))
			return levels[i].level;
	return 0;
}

static void fill(struct conf *conf, const struct conf_file *file)
{
	conf->exclude_nics = conf_list(file, "guestinfo", "exclude-nics");
	conf->primary_nics = conf_list(file, "guestinfo", "primary-nics");
	conf->low_priority_nics = conf_list(file, "guestinfo", "low-priority-nics");
	conf->routes_v4_max = conf_number(file, "guestinfo", "max-ipv4-routes");
	conf->routes_v6_max = conf_number(file, "guestinfo", "max-ipv6-routes");
	conf->no_disks = conf_flag(file, "guestinfo", "disable-query-diskinfo");
	conf->reserved_free = conf_flag(file, "guestinfo", "diskinfo-include-reserved");
	conf->no_stats = conf_flag(file, "guestinfo", "disable-perf-mon");
	conf->poll_s = conf_number(file, "guestinfo", "poll-interval");
	conf->stats_s = conf_number(file, "guestinfo", "stats-interval");
	conf->os_id = g_strdup(conf_text(file, "guestosinfo", "short-name"));
	if (conf->os_id)
		conf->os_name = g_strdup(conf_text(file, "guestosinfo", "long-name"));
	conf->no_time = conf_flag(file, "timeSync", "disable-all");
	conf->no_period = conf_flag(file, "timeSync", "disable-periodic");
	conf->no_version = conf_flag(file, "vmtools", "disable-tools-version");
	if (conf_flag(file, "logging", "log"))
		conf->log_level = level_of(conf_text(file, "logging", "vmsvc.level"));
	conf->log_to_host = !strcmp(conf_text(file, "logging", "vmsvc.handler"), "vmx");
}

struct conf *conf_read(const char *path)
{
	const char *const both[] = { CONF_TOOLS, CONF_OWN, NULL }, *const one[] = { path, NULL };
	struct conf_file *file = conf_file_read(path ? one : both, log_fault, NULL);
	struct conf *conf = g_new0(struct conf, 1);

	fill(conf, file);
	conf_file_free(file);
	return conf;
}

void conf_free(struct conf *conf)
{
	if (!conf)
		return;
	g_strfreev(conf->exclude_nics);
	g_strfreev(conf->primary_nics);
	g_strfreev(conf->low_priority_nics);
	g_free(conf->os_id);
	g_free(conf->os_name);
	g_free(conf);
}
