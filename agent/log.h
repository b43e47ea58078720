/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log.h - where what the agent says goes
 */
#ifndef VMTKIT_AGENT_LOG_H
#define VMTKIT_AGENT_LOG_H

#include <glib.h>

#define LOG_BURST	50	/* lines that may come at once */
#define LOG_REFILL_S	2	/* seconds for each one more */

/* Guards the journal and the host from lines without end */
struct log_limit {
	guint room;		/* lines, at most LOG_BURST */
	gint64 since;		/* monotonic, us: when room was last right */
	guint dropped;
};

/**
 * log_limit_pass - whether one more line may go now
 * @now: monotonic, us
 * @ret_dropped: how many were held back before this one; 0 if it may not go
 */
gboolean log_limit_pass(struct log_limit *limit, gint64 now, guint *ret_dropped);

/** log_start - from now on all logging of the process goes this way; before there is a second thread */
void log_start(gboolean debug);

/**
 * log_configure - as the configuration has it
 * @level: the least important level that is logged, 0 for none
 * @to_host: called with each line of level message and above, or NULL
 */
void log_configure(GLogLevelFlags level, void (*to_host)(const char *line, gpointer data),
		   gpointer data);

#endif /* VMTKIT_AGENT_LOG_H */
