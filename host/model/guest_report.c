/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_report.c - what a guest says about itself: texts, numbers, capabilities
 *
 * Each message is decoded when it comes, into a typed field or not at all: a message that is wrong
 * leaves what was there.  After a guest reset the old report is kept and marked stale, until the
 * new system says its first word.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/bytes.h"
#include "host/model/guestrpc_impl.h"

#define TEXT_MAX	1024		/* of one text; longer ones are cut */
#define DETAILS_MAX	10240
#define STATS_MAX	8192
#define MS_PER_TICK	10		/* uptime comes in hundredths of a second */

bool report_text(char **where, const char *text, size_t len)
{
	size_t n = strnlen(text, len);
	char *copy = strndup(text, n < TEXT_MAX ? n : TEXT_MAX);

	if (!copy)
		return false;
	free(*where);
	*where = copy;
	return true;
}

void report_free(struct grpc_report *r)
{
	size_t i;

	for (i = 0; i < r->cap_count; i++) {
		free(r->caps[i].name);
		free(r->caps[i].value);
	}
	free(r->agent);
	free(r->log_version);
	free(r->host_name);
	free(r->ip);
	free(r->build);
	free(r->os_full);
	free(r->os_short);
	free(r->os_details);
	free(r->stats);
	disks_free(r);
	nics_free(r);
	memset(r, 0, sizeof(*r));
}

void report_touch(struct grpc *g)
{
	struct grpc_report *r = &g->report;

	if (r->stale_ms) {
		uint64_t rpci = r->rpci_count, failed = r->rpci_failed;
		uint64_t lines = r->log_lines, dropped = r->log_dropped;

		report_free(r);
		r->rpci_count = rpci;
		r->rpci_failed = failed;
		r->log_lines = lines;
		r->log_dropped = dropped;
	}
	r->changed_ms = grpc_now(g);
}

static int info_uptime(struct grpc *g, const char *data, size_t len)
{
	char *end;
	uint64_t ticks;

	if (!len || data[0] < '0' || data[0] > '9')
		return -EINVAL;
	errno = 0;
	ticks = strtoull(data, &end, 10);
	if (errno || *end || ticks > UINT64_MAX / MS_PER_TICK)
		return -EINVAL;
	report_touch(g);
	g->report.uptime_known = true;
	g->report.uptime_ms = ticks * MS_PER_TICK;
	g->report.uptime_at_ms = grpc_now(g);
	return 0;
}

/* A header of fixed texts, then key='value' pairs up to the end or a NUL. */
static int info_os_detailed(struct grpc *g, const char *data, size_t len)
{
	struct grpc_wire_os_detailed hdr;
	const char *rest;
	char *details;
	size_t n;

	if (len < sizeof(hdr))
		return -EINVAL;
	memcpy(&hdr, data, sizeof(hdr));
	if (get_le32(&hdr.version) != GRPC_OS_DETAILED_VERSION)
		return -EINVAL;
	rest = data + sizeof(hdr);
	n = strnlen(rest, len - sizeof(hdr));
	details = strndup(rest, n < DETAILS_MAX ? n : DETAILS_MAX);
	if (!details)
		return -ENOMEM;
	report_touch(g);
	free(g->report.os_details);
	g->report.os_details = details;
	if (!report_text(&g->report.os_short, hdr.short_name, sizeof(hdr.short_name)) ||
	    !report_text(&g->report.os_full, hdr.full_name, sizeof(hdr.full_name)))
		return -ENOMEM;
	return 0;
}

static int info_stats(struct grpc *g, const char *data, size_t len)
{
	uint8_t *copy;

	if (!len || len > STATS_MAX)
		return -EINVAL;
	copy = malloc(len);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, data, len);
	report_touch(g);
	free(g->report.stats);
	g->report.stats = copy;
	g->report.stats_len = len;
	return 0;
}

/* Lists are decoded beside the report, so that a stale one is not cleared for a wrong message. */
static int info_list(struct grpc *g, unsigned int type, const char *data, size_t len)
{
	struct grpc_report fresh = { 0 };
	struct grpc_report *r = &g->report;
	int err;

	if (type == GRPC_INFO_DISK_FREE) {
		err = disks_from_v0(&fresh, (const uint8_t *)data, len);
		if (err < 0)
			return err;
		report_touch(g);
		disks_free(r);
		r->disks = fresh.disks;
		r->disk_count = fresh.disk_count;
		return 0;
	}
	err = type == GRPC_INFO_NIC_V1 ? nics_from_v1(&fresh, data, len)
				       : nics_from_xdr(&fresh, data, len);
	if (err < 0)
		return err;
	report_touch(g);
	nics_free(r);
	r->net = fresh.net;
	r->net_version = fresh.net_version;
	return 0;
}

static int info_text(struct grpc *g, char **where, const char *data, size_t len)
{
	report_touch(g);
	return report_text(where, data, len) ? 0 : -ENOMEM;
}

int report_info(struct grpc *g, unsigned int type, const char *data, size_t len)
{
	struct grpc_report *r = &g->report;

	switch (type) {
	case GRPC_INFO_DNS_NAME:
		return info_text(g, &r->host_name, data, len);
	case GRPC_INFO_BUILD:
		return info_text(g, &r->build, data, len);
	case GRPC_INFO_OS_NAME_FULL:
		return info_text(g, &r->os_full, data, len);
	case GRPC_INFO_OS_NAME:
		return info_text(g, &r->os_short, data, len);
	case GRPC_INFO_UPTIME:
		return info_uptime(g, data, len);
	case GRPC_INFO_OS_DETAILED:
		return info_os_detailed(g, data, len);
	case GRPC_INFO_STATS:
		return info_stats(g, data, len);
	case GRPC_INFO_DISK_FREE:
	case GRPC_INFO_NIC_V1:
	case GRPC_INFO_NIC_V2:
	case GRPC_INFO_NIC_V3:
		return info_list(g, type, data, len);
	default:
		return -EOPNOTSUPP;
	}
}

int report_capability(struct grpc *g, const char *name, const char *value)
{
	struct grpc_report *r = &g->report;
	size_t i;

	if (!*name)
		return -EINVAL;
	report_touch(g);
	for (i = 0; i < r->cap_count; i++)
		if (!strcmp(r->caps[i].name, name))
			return report_text(&r->caps[i].value, value, strlen(value)) ? 0 : -ENOMEM;
	if (r->cap_count == GRPC_CAPS_MAX)
		return -ENOSPC;
	memset(&r->caps[i], 0, sizeof(r->caps[i]));
	if (!report_text(&r->caps[i].name, name, strlen(name)) ||
	    !report_text(&r->caps[i].value, value, strlen(value))) {
		free(r->caps[i].name);
		return -ENOMEM;
	}
	r->cap_count++;
	return 0;
}
