/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * timesync.h - the clock, kept by the host's where nobody else does
 */
#ifndef VMTKIT_AGENT_TIMESYNC_H
#define VMTKIT_AGENT_TIMESYNC_H

#include <glib.h>

#include "lib/libvmt.h"

struct timesync;

/* What it does to clocks; tests have clocks of their own */
struct timesync_ops {
	gboolean (*host_time)(VmtTime *ret_time, GError **error);
	gint64 (*guest_us)(void);		/* since 1970 */
	gboolean (*step)(gint64 by_us, GError **error);
	gboolean (*slew)(glong tick_us, GError **error);
	gboolean (*ntp)(void);			/* an NTP daemon has the clock */
	gboolean (*driver)(void);		/* our driver is there, and corrects it by itself */
	gboolean (*keep_off)(gpointer data, gboolean on);	/* tell the driver; FALSE: there is none */
};

extern const struct timesync_ops timesync_system;

/** timesync_new - @data is for keep_off() */
struct timesync *timesync_new(const struct timesync_ops *ops, gpointer data);
void timesync_free(struct timesync *time);	/* NULL is fine; ends a slew */

/** timesync_restrict - the administrator wants none of it, or nothing regular */
void timesync_restrict(struct timesync *time, gboolean none, gboolean no_period);

/**
 * timesync_look - see whether the driver has to keep off the clock, and tell it
 *
 * To be called when the channel to the driver is a new one; the rest is seen from here.
 */
void timesync_look(struct timesync *time);

/** timesync_option - an option of the host; FALSE if it is not one of this part or its value is wrong */
gboolean timesync_option(struct timesync *time, const char *name, const char *value);

/** timesync_command - Time_Synchronize */
void timesync_command(struct timesync *time, const char *args, GString *reply);

/** timesync_resumed - the machine was asleep: its clock is behind by that */
void timesync_resumed(struct timesync *time);

#endif /* VMTKIT_AGENT_TIMESYNC_H */
