/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * compat.c - the names of open-vm-tools' programs that other software calls
 *
 * Texts, streams and exit codes are those of open-vm-tools, because cloud-init, ds-identify and many
 * scripts compare them.  Only argv[1] is sent by vmware-rpctool, however many follow.
 */
#include <string.h>

#include "cli/cli.h"

#define NOT_A_GUEST	"Error: %s must be run inside a virtual machine on a VMware hypervisor product.\n"

static void rpctool_usage(void)
{
	fprintf(stderr, "usage: vmware-rpctool REQUEST\n"
			"       vmware-rpctool -h | --help\n"
			"\n"
			"Sends REQUEST to the host and prints its answer.\n");
}

int rpctool_main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(VmtChannel) ch = vmt_channel_open(VMT_PROTO_RPCI, NULL, &error);
	g_autofree char *reply = NULL;
	gsize len;

	if (g_error_matches(error, VMT_ERROR, VMT_ERROR_NOT_VMWARE)) {
		fprintf(stderr, NOT_A_GUEST, argv[0]);
		return 255;
	}
	if (argc < 2 || !strcmp(argv[1], "-h") || !strcmp(argv[1], "--help")) {
		rpctool_usage();
		return argc < 2 ? 1 : 0;
	}
	if (ch)
		reply = vmt_channel_call(ch, argv[1], strlen(argv[1]), &len, &error);
	if (!reply) {
		if (g_error_matches(error, VMT_ERROR, VMT_ERROR_REFUSED))
			fprintf(stderr, "%s\n", error->message);
		else
			fprintf(stderr, "Failed sending message to VMware.\n");
		return 1;
	}
	fwrite(reply, 1, len, stdout);
	putchar('\n');
	return 0;
}

int checkvm_report(FILE *out, FILE *err, const VmtHost *host, const char *name, gboolean product)
{
	if (!host) {
		fprintf(err, NOT_A_GUEST, name);
		return 1;
	}
	if (product)
		fprintf(out, "%s\n", vmt_product_name(host->product));
	else
		fprintf(out, "VMware software version %u (good)\n", host->version);
	return 0;
}

int checkvm_main(int argc, char **argv)
{
	gboolean product = FALSE;
	const GOptionEntry options[] = {
		{ "prod", 'p', 0, G_OPTION_ARG_NONE, &product, "Print the product's name", NULL },
		{ 0 },
	};
	g_autofree char *name = g_path_get_basename(argv[0]);
	g_autoptr(GError) error = NULL;
	VmtHost host;
	gboolean found = vmt_host_detect(&host, NULL);

	if (found && !cli_parse(&argc, &argv, options, NULL, "Tells whether this is a guest of VMware.",
				&error)) {
		fprintf(stderr, "%s: %s\n", name, error->message);
		return 1;
	}
	return checkvm_report(stdout, stderr, found ? &host : NULL, name, product);
}

/* vmtoolsd --cmd REQUEST, and -v: what scripts use of the older agent.  It serves nothing */
int toolsd_main(int argc, char **argv)
{
	g_autofree char *request = NULL, *reply = NULL;
	gboolean version = FALSE;
	const GOptionEntry options[] = {
		{ "cmd", 0, 0, G_OPTION_ARG_STRING, &request, "Send a request to the host", "REQUEST" },
		{ "version", 'v', 0, G_OPTION_ARG_NONE, &version, "Print the version", NULL },
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(VmtChannel) ch = NULL;
	gsize len;

	if (!cli_parse(&argc, &argv, options, NULL,
		       "Sends a request to the host; the agent itself is vmtd.", &error)) {
		fprintf(stderr, "Command line parsing failed: %s\n", error->message);
		return 1;
	}
	if (version) {
		printf("VMware Tools daemon, version %s\n", cli_version());
		return 0;
	}
	if (!request) {
		fprintf(stderr, "vmtoolsd: --cmd or --version is needed; the agent itself is vmtd\n");
		return 1;
	}
	ch = vmt_channel_open(VMT_PROTO_RPCI, NULL, &error);
	if (ch)
		reply = vmt_channel_call(ch, request, strlen(request), &len, &error);
	if (!reply) {
		fprintf(stderr, "%s\n", error->message);
		return 1;
	}
	fwrite(reply, 1, len, stdout);
	putchar('\n');
	return 0;
}
