/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * check.c - vmtctl check: is this a VMware guest, and what works here?
 */
#include <errno.h>
#include <fcntl.h>
#include <json.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <uapi/vmt.h>

#include "cli/cli.h"

static gboolean as_json;

struct check {
	gboolean vmware;
	VmtHost host;
	const char *driver;	/* what /dev/vmt says */
	gboolean driver_here;
	struct vmt_info info;	/* if driver_here */
	char *rpc;		/* transport that works, or why none does */
	gboolean rpc_works;
};

static const char *call_name(VmtCall call)
{
	switch (call) {
	case VMT_CALL_NONE:
		break;
	case VMT_CALL_BY_PORT:
		return "in";
	case VMT_CALL_BY_VMCALL:
		return "vmcall";
	case VMT_CALL_BY_VMMCALL:
		return "vmmcall";
	}
	return "none";
}

static const char *tclo_name(guint state)
{
	static const char *const names[] = {
		[VMT_TCLO_NOBODY] = "nobody",
		[VMT_TCLO_SERVICE] = "the driver",
		[VMT_TCLO_OWNED] = "a program",
		[VMT_TCLO_CONTENDED] = "contended: another program uses the hypervisor directly",
	};

	return state < G_N_ELEMENTS(names) ? names[state] : "unknown";
}

static void check_driver(struct check *c)
{
	int fd = open(VMT_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	c->driver_here = fd >= 0 && ioctl(fd, VMT_IOC_INFO, &c->info) == 0;
	if (c->driver_here)
		c->driver = "here";
	else if (errno == ENOENT)
		c->driver = "not loaded";
	else if (errno == EACCES)
		c->driver = "not permitted for this user";
	else
		c->driver = g_strerror(errno);
	if (fd >= 0)
		close(fd);
}

static void check_rpc(struct check *c)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(VmtChannel) ch = vmt_channel_open(VMT_PROTO_RPCI, NULL, &error);

	c->rpc_works = ch != NULL;
	c->rpc = g_strdup(ch ? vmt_channel_transport(ch) : error->message);
}

/* What the driver does about the clock; new */
static char *clock_text(const struct vmt_info *info)
{
	if (info->flags & VMT_INFO_KEEP_OFF)
		return g_strdup("the driver keeps off, as it was told");
	if (!info->clock_period)
		return g_strdup("the driver keeps off, as it is configured");
	return g_strdup_printf("compared by the driver every %u s", info->clock_period);
}

static void print_text(const struct check *c)
{
	g_autofree char *clock = clock_text(&c->info);

	if (c->vmware)
		printf("host:    VMware, %s, version %u, called by %s%s%s\n",
		       vmt_product_name(c->host.product), c->host.version, call_name(c->host.call),
		       *c->host.vendor ? ", CPUID says " : "", c->host.vendor);
	else
		printf("host:    not VMware\n");
	printf("driver:  %s %s\n", VMT_DEVICE, c->driver);
	if (c->driver_here)
		printf("tclo:    served by %s\nclock:   %s\n", tclo_name(c->info.tclo_state), clock);
	printf("rpc:     %s%s\n", c->rpc_works ? "works, " : "", c->rpc);
}

static void print_json(const struct check *c)
{
	struct json_object *o = json_object_new_object();
	g_autofree char *clock = clock_text(&c->info);

	json_object_object_add(o, "vmware", json_object_new_boolean(c->vmware));
	if (c->vmware) {
		json_object_object_add(o, "product",
				       cli_json_text(vmt_product_name(c->host.product)));
		json_object_object_add(o, "version", json_object_new_int64(c->host.version));
		json_object_object_add(o, "call", cli_json_text(call_name(c->host.call)));
		json_object_object_add(o, "cpuid_vendor", cli_json_text(c->host.vendor));
	}
	json_object_object_add(o, "driver", cli_json_text(c->driver));
	if (c->driver_here) {
		json_object_object_add(o, "tclo", cli_json_text(tclo_name(c->info.tclo_state)));
		json_object_object_add(o, "clock", cli_json_text(clock));
	}
	json_object_object_add(o, "rpc_works", json_object_new_boolean(c->rpc_works));
	json_object_object_add(o, "rpc", cli_json_text(c->rpc));
	(void)cli_json_print(o);
}

int check_main(int argc, char **argv)
{
	static const GOptionEntry options[] = {
		{ "json", 'j', 0, G_OPTION_ARG_NONE, &as_json, "Print a JSON object", NULL },
		{ 0 },
	};
	struct check c = { 0 };

	if (!cli_options(&argc, &argv, options, NULL,
			 "Tells whether this is a guest of VMware, and what works here."))
		return CLI_USAGE;
	if (argc != 1)
		return cli_usage("check [--json]");
	c.vmware = vmt_host_detect(&c.host, NULL);
	check_driver(&c);
	check_rpc(&c);
	if (as_json)
		print_json(&c);
	else
		print_text(&c);
	g_free(c.rpc);
	return c.rpc_works ? CLI_OK : CLI_FAILED;
}
