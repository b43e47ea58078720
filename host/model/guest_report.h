/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_report.h - what a guest has said about itself, decoded
 *
 * Owned by the model (grpc_report()); read by renderers.  Every text is bytes of the guest: whoever
 * shows it escapes it.  NULL or 0 means: not said.
 */
#ifndef VMTKIT_HOST_MODEL_GUEST_REPORT_H
#define VMTKIT_HOST_MODEL_GUEST_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guestnic_v3;

#define GRPC_DISKS_MAX	256
#define GRPC_CAPS_MAX	64

struct grpc_disk {
	char *path;		/* mount point */
	char *fstype;		/* NULL in the old form */
	uint64_t free;		/* bytes */
	uint64_t total;		/* bytes */
};

struct grpc_cap {
	char *name;		/* after "tools.capability." */
	char *value;		/* may be empty */
};

struct grpc_report {
	/* the agent */
	char *agent;		/* what it called itself in its answer to reset */
	char *log_version;	/* the line by which open-vm-tools tells its version */
	bool version_known;
	uint32_t version;	/* tools.set.version*; GRPC_VERSION_UNMANAGED */
	uint32_t version_type;	/* GRPC_VERSION_TYPE_*; 0 = unknown */
	struct grpc_cap caps[GRPC_CAPS_MAX];
	size_t cap_count;

	/* SetGuestInfo and SetGuestDiskInfo */
	char *host_name;
	char *ip;		/* what it set as guestinfo.ip, since this boot */
	char *build;
	char *os_full;
	char *os_short;
	char *os_details;	/* key='value' pairs of type 11, as sent */
	bool uptime_known;
	uint64_t uptime_ms;	/* as the guest said at uptime_at_ms */
	uint64_t uptime_at_ms;
	struct guestnic_v3 *net;	/* wire/guestnic.x; versions 1 and 2 become it */
	uint32_t net_version;	/* in which form it came: 1, 2 or 3 */
	struct grpc_disk *disks;
	size_t disk_count;
	uint8_t *stats;		/* type 8, as sent */
	size_t stats_len;

	uint64_t changed_ms;	/* clock of the last report; 0 = none yet */
	uint64_t stale_ms;	/* clock of the guest reset since; 0 = of this boot */
	uint64_t log_lines;
	uint64_t log_dropped;	/* over the rate */
	uint64_t rpci_count;
	uint64_t rpci_failed;	/* answered "0 ..." */
};

#endif /* VMTKIT_HOST_MODEL_GUEST_REPORT_H */
