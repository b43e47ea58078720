/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * disks.h - the report about file systems
 */
#ifndef VMTKIT_AGENT_DISKS_H
#define VMTKIT_AGENT_DISKS_H

#include <glib.h>

struct disk {
	char *path;		/* mount point */
	char *fstype;
	guint64 size, free;	/* bytes */
};

/**
 * disks_parse - the file systems worth a report
 * @mountinfo: text of /proc/self/mountinfo
 *
 * The root, and what lies on a device of this machine: each device once, where it is mounted first.
 *
 * Returns an array of struct disk, sizes zero, in the order of the text.
 */
GPtrArray *disks_parse(const char *mountinfo);

/**
 * disks_collect - the same for this machine, with sizes; those that cannot be read are left out
 * @reserved_free: what is kept for root counts as free
 */
GPtrArray *disks_collect(gboolean reserved_free);

/** disks_json - the argument of SetGuestDiskInfo; new */
char *disks_json(const GPtrArray *disks);

/** disks_old - the payload of the older report, type 3; new reference */
GBytes *disks_old(const GPtrArray *disks);

#endif /* VMTKIT_AGENT_DISKS_H */
