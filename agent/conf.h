/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf.h - the configuration as the parts of the agent use it; lib/conf.h has the files
 */
#ifndef VMTKIT_AGENT_CONF_H
#define VMTKIT_AGENT_CONF_H

#include "lib/conf.h"

/* Lists are of globs, ended by NULL, and never NULL themselves */
struct conf {
	char **exclude_nics;
	char **primary_nics;
	char **low_priority_nics;
	guint routes_v4_max, routes_v6_max;
	gboolean no_disks;	/* [guestinfo] disable-query-diskinfo */
	gboolean reserved_free;	/* [guestinfo] diskinfo-include-reserved: what only root may fill is free */
	gboolean no_stats;	/* [guestinfo] disable-perf-mon */
	guint poll_s, stats_s;	/* 0: never */
	char *os_id, *os_name;	/* [guestosinfo]; NULL: what is found; never a name without an id */
	gboolean no_time;	/* [timeSync] disable-all */
	gboolean no_period;	/* [timeSync] disable-periodic */
	gboolean no_version;	/* [vmtools] disable-tools-version */
	GLogLevelFlags log_level;	/* the least important level that is logged; 0: nothing is */
	gboolean log_to_host;
};

/**
 * conf_read - read the files
 * @path: one file in the place of the two, or NULL
 *
 * What is wrong in them is logged with file and line, and is as if it were not there.
 *
 * Returns a new configuration.
 */
struct conf *conf_read(const char *path);

void conf_free(struct conf *conf);	/* NULL is fine */

#endif /* VMTKIT_AGENT_CONF_H */
