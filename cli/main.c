/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main.c - vmtctl, and the older names under which the same program is called
 */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static const struct {
	const char *name;
	cli_main main;
	const char *help;	/* NULL: a name of the program and no command */
} commands[] = {
	{ "check", check_main, "is this a guest of VMware, and what works here?" },
	{ "config", config_main, "check, read or change the configuration of the agent" },
	{ "device", device_main, "devices that the host connects and disconnects" },
	{ "disk", disk_main, "file systems as the host is told about them" },
	{ "info", info_main, "get or set a variable shared with the host" },
	{ "log", log_main, "add a line to the log that the host keeps" },
	{ "rpc", rpc_main, "send a request to the host" },
	{ "script", script_main, "which script runs at a change of power" },
	{ "stat", stat_main, "the time of the host, the speed of its processor" },
	{ "status", status_main, "how the agent is" },
	{ "timesync", timesync_main, "whether the host has our clock corrected" },
	{ "vmtoolsd", toolsd_main, NULL },
	{ "vmware-checkvm", checkvm_main, NULL },
	{ "vmware-rpctool", rpctool_main, NULL },
	{ "vmware-toolbox-cmd", toolbox_main, NULL },
};

static void usage(FILE *out)
{
	guint i;

	fprintf(out, "usage: vmtctl COMMAND [OPTION...] [ARGUMENT...]\n\n");
	for (i = 0; i < G_N_ELEMENTS(commands); i++)
		if (commands[i].help)
			fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
	fprintf(out, "\n  vmtctl COMMAND --help   tells more about a command\n"
		     "  vmtctl --version        prints the version\n");
}

/* The last word on the output: a full disk or a closed pipe is a failure of the command */
static int finish(int status)
{
	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("vmtctl: standard output");
		return status ? status : CLI_FAILED;
	}
	return status;
}

int main(int argc, char **argv)
{
	g_autofree char *name = g_path_get_basename(argv[0] ? argv[0] : "");
	guint i;

	for (i = 0; i < G_N_ELEMENTS(commands); i++)
		if (!commands[i].help && !strcmp(name, commands[i].name))
			return finish(commands[i].main(argc, argv));
	if (argc < 2) {
		usage(stderr);
		return CLI_USAGE;
	}
	for (i = 0; i < G_N_ELEMENTS(commands); i++) {
		g_autofree char *title = g_strdup_printf("vmtctl %s", commands[i].name);

		if (!commands[i].help || strcmp(argv[1], commands[i].name))
			continue;
		g_set_prgname(title);
		return finish(commands[i].main(argc - 1, argv + 1));
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		usage(stdout);
		return finish(CLI_OK);
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-v")) {
		printf("vmtctl %s\n", vmt_version());
		return finish(CLI_OK);
	}
	fprintf(stderr, "vmtctl: %s: no such command\n", argv[1]);
	usage(stderr);
	return CLI_USAGE;
}
