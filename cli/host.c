/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host.c - vmtctl stat, vmtctl timesync: what the host tells in numbers, and its care for our clock
 *
 * The older names call the same functions: text, exit status and order of checks are those of their
 * models.
 */
#include <json.h>
#include <string.h>

#include "cli/cli.h"

#define USEC	G_USEC_PER_SEC

static gboolean as_json;

static const GOptionEntry json_option[] = {
	{ "json", 'j', 0, G_OPTION_ARG_NONE, &as_json, "Print a JSON object", NULL },
	{ 0 },
};

/* A number is for JSON; the text of a number has its unit */
struct stat_value {
	char *text;
	gboolean is_number;
	guint64 number;
};

static gboolean stat_hosttime(struct stat_value *ret, GError **error)
{
	g_autoptr(GDateTime) utc = NULL, local = NULL;
	VmtTime now;

	if (!vmt_host_time(&now, error))
		return FALSE;
	utc = g_date_time_new_from_unix_utc(now.unix_us / USEC);
	local = g_date_time_to_local(utc);
	ret->text = g_date_time_format(local, "%d %b %Y %H:%M:%S");
	return TRUE;
}

static gboolean stat_speed(struct stat_value *ret, GError **error)
{
	ret->number = vmt_host_speed_mhz(error);
	ret->is_number = TRUE;
	ret->text = g_strdup_printf("%" G_GUINT64_FORMAT " MHz", ret->number);
	return ret->number != 0;
}

static const struct {
	const char *name;
	gboolean (*read)(struct stat_value *ret, GError **error);
	const char *failed;	/* what vmware-toolbox-cmd says when the host does not tell */
} stats[] = {
	{ "hosttime", stat_hosttime, "Unable to get host time." },
	{ "speed", stat_speed, "Unable to get processor speed." },
};

static void stat_print(const char *name, const struct stat_value *value)
{
	struct json_object *o;

	if (!as_json) {
		printf("%s\n", value->text);
		return;
	}
	o = json_object_new_object();
	json_object_object_add(o, "name", cli_json_text(name));
	json_object_object_add(o, "value", value->is_number ? json_object_new_uint64(value->number) :
							     cli_json_text(value->text));
	(void)cli_json_print(o);
}

gboolean stat_run(const char *name, const char **ret_failed, GError **error)
{
	struct stat_value value = { 0 };
	gboolean ok;
	guint i;

	for (i = 0; i < G_N_ELEMENTS(stats); i++) {
		if (strcmp(name, stats[i].name))
			continue;
		*ret_failed = stats[i].failed;
		ok = stats[i].read(&value, error);
		if (ok)
			stat_print(name, &value);
		g_free(value.text);
		return ok;
	}
	*ret_failed = NULL;
	return FALSE;
}

int stat_main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	const char *failed = NULL;

	if (!cli_options(&argc, &argv, json_option, "hosttime | speed",
			 "Prints the time of the host, or the speed of its processor."))
		return CLI_USAGE;
	if (argc == 2 && stat_run(argv[1], &failed, &error))
		return CLI_OK;
	return failed ? cli_error(error) : cli_usage("stat [--json] hosttime | speed");
}

/* Disabled is an exit status of its own: that of something that is not available */
int timesync_report(gboolean on)
{
	struct json_object *o;

	if (!as_json) {
		printf("%s\n", on ? "Enabled" : "Disabled");
		return on ? CLI_OK : CLI_UNAVAILABLE;
	}
	o = json_object_new_object();
	json_object_object_add(o, "enabled", json_object_new_boolean(on));
	(void)cli_json_print(o);
	return on ? CLI_OK : CLI_UNAVAILABLE;
}

gboolean timesync_set(gboolean on, GError **error)
{
	g_autoptr(VmtChannel) ch = vmt_channel_open(VMT_PROTO_RPCI, NULL, error);

	if (!ch || !vmt_channel_callf(ch, error, "vmx.set_option synctime %d %d", !on, on))
		return FALSE;
	(void)timesync_report(on);
	return TRUE;
}

int timesync_main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	gboolean on;

	if (!cli_options(&argc, &argv, json_option, "enable | disable | status",
			 "Has the host correct the clock of this machine regularly, or no longer."))
		return CLI_USAGE;
	if (argc == 2 && !strcmp(argv[1], "enable"))
		return timesync_set(TRUE, &error) ? CLI_OK : cli_error(error);
	if (argc == 2 && !strcmp(argv[1], "disable"))
		return timesync_set(FALSE, &error) ? CLI_OK : cli_error(error);
	if (argc != 2 || strcmp(argv[1], "status"))
		return cli_usage("timesync [--json] enable | disable | status");
	return vmt_host_keeps_clock(&on, &error) ? timesync_report(on) : cli_error(error);
}
