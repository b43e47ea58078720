/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * info.h - what the host is told about this machine
 */
#ifndef VMTKIT_AGENT_INFO_H
#define VMTKIT_AGENT_INFO_H

#include <glib.h>

struct agent;
struct info;

/** info_new - start to follow host name and network; nothing is sent before info_forget() */
struct info *info_new(struct agent *agent);
void info_free(struct info *info);		/* NULL is fine */

/** info_forget - the host has lost all: tell it everything again, within a second */
void info_forget(struct info *info);

/** info_uptime - tell the uptime now: the host finds a reboot of the guest by it */
void info_uptime(struct info *info);

/** info_option - an option of the host; FALSE if it is not one of this part or its value is wrong */
gboolean info_option(struct info *info, const char *name, const char *value);

/** info_configure - agent->conf is another one */
void info_configure(struct info *info);

#endif /* VMTKIT_AGENT_INFO_H */
