/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz-agent-text.c - files of the guest that the agent reads: os-release, resolv.conf, /proc and
 * its configuration
 *
 * What comes out must always fit the reports, and what the configuration says must be in its range.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include <wire/guestrpc.h>

#include "agent/nicreport.h"
#include "agent/osinfo.h"
#include "agent/stats.h"
#include "lib/disks.h"
#include "lib/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_conf(const char *text)
{
	struct conf_file *file = conf_file_parse("fuzz", text, NULL, NULL);

	g_strfreev(conf_list(file, "guestinfo", "exclude-nics"));
	if (conf_number(file, "guestinfo", "poll-interval") > 86400 ||
	    !conf_text(file, "logging", "vmsvc.level"))
		abort();
	conf_file_free(file);
}

static void read_proc(char *text)
{
	const struct stats_files files = { text, text, text, text, text };
	struct stats stats = { .page_size = 4096 };
	GPtrArray *disks = disks_parse(text);
	GBytes *bytes;

	stats_parse(&stats, &files);
	bytes = stats_encode(&stats, &stats);
	if (g_bytes_get_size(bytes) < 112)
		abort();
	g_bytes_unref(bytes);
	g_free(disks_json(disks));
	g_ptr_array_unref(disks);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	struct utsname uts = { .sysname = "Linux", .release = "6.1.0", .machine = "x86_64" };
	struct net_state *net = net_state_new();
	struct osinfo os;
	GBytes *bytes;

	read_conf(text);
	read_proc(text);
	osinfo_parse(&os, text, &uts);
	bytes = osinfo_detailed(&os);
	if (g_bytes_get_size(bytes) < sizeof(struct grpc_wire_os_detailed) ||
	    g_bytes_get_size(bytes) > sizeof(struct grpc_wire_os_detailed) + 10240 + 1)
		abort();
	g_bytes_unref(bytes);
	osinfo_clear(&os);

	net_dns_parse(&net->dns, text);
	(void)net_dns_is_stub(&net->dns);
	bytes = nic_report_encode(net, NIC_FORM_V3);
	if (!bytes)
		abort();
	g_bytes_unref(bytes);
	net_state_free(net);
	return 0;
}
