/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host.c - vmtctl stat, vmtctl timesync: what the host tells in numbers, and its care for our clock
 *
 * The texts and exit codes are those of vmware-toolbox-cmd, which runs the same functions.
 */
#include <string.h>

#include "cli/cli.h"

#define USEC	G_USEC_PER_SEC

static int stat_hosttime(GError **error)
{
	g_autoptr(GDateTime) utc = NULL, local = NULL;
	g_autofree char *text = NULL;
	VmtTime now;

	if (!vmt_host_time(&now, error))
		return CLI_FAILED;
	utc = g_date_time_new_from_unix_utc(now.unix_us / USEC);
	local = g_date_time_to_local(utc);
	text = g_date_time_format(local, "%d %b %Y %H:%M:%S");
	printf("%s\n", text);
	return CLI_OK;
}

static int stat_speed(GError **error)
{
	guint mhz = vmt_host_speed_mhz(error);

	if (!mhz)
		return CLI_FAILED;
	printf("%u MHz\n", mhz);
	return CLI_OK;
}

int stat_main(int argc, char **argv)
{
	static const GOptionEntry none[] = { { 0 } };
	g_autoptr(GError) error = NULL;
	int status;

	if (!cli_options(&argc, &argv, none, "hosttime | speed",
			 "Prints the time of the host, or the speed of its processor."))
		return CLI_USAGE;
	if (argc == 2 && !strcmp(argv[1], "hosttime"))
		status = stat_hosttime(&error);
	else if (argc == 2 && !strcmp(argv[1], "speed"))
		status = stat_speed(&error);
	else
		return cli_usage("stat hosttime | speed");
	return error ? cli_error(error) : status;
}

/* Disabled is an exit status of its own: that of something that is not available */
int timesync_report(gboolean on)
{
	printf("%s\n", on ? "Enabled" : "Disabled");
	return on ? CLI_OK : CLI_UNAVAILABLE;
}

static int timesync_set(gboolean on)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(VmtChannel) ch = vmt_channel_open(VMT_PROTO_RPCI, NULL, &error);

	if (!ch || !vmt_channel_callf(ch, &error, "vmx.set_option synctime %d %d", !on, on))
		return cli_error(error);
	printf("%s\n", on ? "Enabled" : "Disabled");
	return CLI_OK;
}

int timesync_main(int argc, char **argv)
{
	static const GOptionEntry none[] = { { 0 } };
	g_autoptr(GError) error = NULL;
	gboolean on;

	if (!cli_options(&argc, &argv, none, "enable | disable | status",
			 "Has the host correct the clock of this machine regularly, or no longer."))
		return CLI_USAGE;
	if (argc == 2 && !strcmp(argv[1], "enable"))
		return timesync_set(TRUE);
	if (argc == 2 && !strcmp(argv[1], "disable"))
		return timesync_set(FALSE);
	if (argc != 2 || strcmp(argv[1], "status"))
		return cli_usage("timesync enable | disable | status");
	return vmt_host_keeps_clock(&on, &error) ? timesync_report(on) : cli_error(error);
}
