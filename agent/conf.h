/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf.h - what of open-vm-tools' tools.conf(5) the agent follows
 */
#ifndef VMTKIT_AGENT_CONF_H
#define VMTKIT_AGENT_CONF_H

#include <glib.h>

#define CONF_PATH	"/etc/vmware-tools/tools.conf"

/* Lists are of globs, ended by NULL, and never NULL themselves */
struct conf {
	char **exclude_nics;
	char **primary_nics;
	char **low_priority_nics;
	gboolean no_disks;	/* [guestinfo] disable-query-diskinfo */
	gboolean no_time;	/* [timeSync] disable-all */
	gboolean no_period;	/* [timeSync] disable-periodic */
};

/**
 * conf_read - read the file
 * @path: it need not be there
 *
 * What is wrong in it is logged, each with group and key, and its default is used.
 *
 * Returns a new configuration.
 */
struct conf *conf_read(const char *path);

void conf_free(struct conf *conf);	/* NULL is fine */

#endif /* VMTKIT_AGENT_CONF_H */
