/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stats.h - the report about memory and load
 */
#ifndef VMTKIT_AGENT_STATS_H
#define VMTKIT_AGENT_STATS_H

#include <glib.h>

/* Texts of /proc; NULL: could not be read */
struct stats_files {
	char *meminfo, *vmstat, *zoneinfo, *stat, *diskstats;
};

/* One look at this machine.  Memory in KiB */
struct stats {
	gint64 at_us;			/* monotonic */
	guint64 page_size;		/* bytes */
	guint64 present, total, free, available, active_file, buffers, cached, slab_reclaimable;
	guint64 swap_free, huge_pages, huge_page_size;
	guint64 pages_in, pages_out;	/* KiB since the start of the machine */
	guint64 switches;		/* since the start */
	guint64 running, disk_queue;
	guint64 disk_queue_ms;		/* since the start: each request's time in the queue */
};

/** stats_parse - @ret from the texts; what is not in them is 0.  Sets all but at_us and page_size */
void stats_parse(struct stats *ret, const struct stats_files *files);

/** stats_collect - look at this machine */
void stats_collect(struct stats *ret);

/**
 * stats_encode - the payload of the report
 * @before: an earlier look, for what is told as a rate; NULL: there was none
 *
 * Returns a new reference.
 */
GBytes *stats_encode(const struct stats *now, const struct stats *before);

#endif /* VMTKIT_AGENT_STATS_H */
