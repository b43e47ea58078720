/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rpc.c - the commands of the host, each with the part that carries it out
 *
 * A command's arguments come as text with a space in front.  What does not fit is answered with an
 * error and changes nothing.
 */
#include <stdarg.h>
#include <string.h>

#include <wire/guestrpc.h>

#include "agent/agent.h"
#include "agent/conf.h"
#include "agent/info.h"
#include "agent/power.h"
#include "agent/timesync.h"

#define LOGGED_MAX	80	/* bytes of the host's text in one line of the log */

char *agent_rpc_bytes(struct agent *agent, const void *request, gsize len, gsize *ret_len,
		      GError **error)
{
	if (!agent->rpci)
		agent->rpci = vmt_channel_open(VMT_PROTO_RPCI, NULL, error);
	if (!agent->rpci)
		return NULL;
	return vmt_channel_call(agent->rpci, request, len, ret_len, error);
}

static G_GNUC_PRINTF(3, 0) gboolean rpc_text(struct agent *agent, GError **error,
					     const char *format, va_list args)
{
	g_autofree char *request = g_strdup_vprintf(format, args);
	g_autofree char *reply = agent_rpc_bytes(agent, request, strlen(request), NULL, error);

	return reply != NULL;
}

gboolean agent_rpc(struct agent *agent, GError **error, const char *format, ...)
{
	gboolean ok;
	va_list args;

	va_start(args, format);
	ok = rpc_text(agent, error, format, args);
	va_end(args);
	return ok;
}

void agent_rpc_or_log(struct agent *agent, const char *format, ...)
{
	g_autoptr(GError) error = NULL;
	va_list args;

	va_start(args, format);
	if (!rpc_text(agent, &error, format, args))
		g_debug("the host did not take \"%s\": %s", format, error->message);
	va_end(args);
}

static void capabilities_register(struct agent *agent, const char *args, GString *reply)
{
	g_autoptr(GError) error = NULL;

	/* Without a value, and with the space: that is how these are known */
	agent_rpc_or_log(agent, "tools.capability.statechange ");
	agent_rpc_or_log(agent, "tools.capability.softpowerop_retry ");
	agent_rpc_or_log(agent, "tools.capability.guest_conf_directory /etc/vmware-tools");
	if (!agent->conf->no_version &&
	    !agent_rpc(agent, &error, GRPC_SET_VERSION_TYPE " %d %d", GRPC_VERSION_UNMANAGED,
		       GRPC_VERSION_TYPE_OVT))
		agent_rpc_or_log(agent, GRPC_SET_VERSION " %d", GRPC_VERSION_UNMANAGED);
	info_uptime(agent->info);
	g_string_append(reply, GRPC_TCLO_OK);
}

static void set_option(struct agent *agent, const char *args, GString *reply)
{
	g_auto(GStrv) words = g_strsplit(args, " ", 3);
	gboolean known = FALSE;

	/* words[0] is what stands before the space that begins the arguments: nothing */
	if (words[0] && words[1] && words[2])
		known = info_option(agent->info, words[1], words[2]) ||
			power_option(agent->power, words[1], words[2]) ||
			timesync_option(agent->time, words[1], words[2]);
	g_string_append(reply, known ? GRPC_TCLO_OK : GRPC_TCLO_BAD_OPTION);
}

static void os_halt(struct agent *agent, const char *args, GString *reply)
{
	power_request(agent->power, GRPC_STATE_HALT, reply);
}

static void os_reboot(struct agent *agent, const char *args, GString *reply)
{
	power_request(agent->power, GRPC_STATE_REBOOT, reply);
}

static void os_power_on(struct agent *agent, const char *args, GString *reply)
{
	power_request(agent->power, GRPC_STATE_POWER_ON, reply);
}

static void os_resume(struct agent *agent, const char *args, GString *reply)
{
	g_message("the host resumed this machine");
	timesync_resumed(agent->time);
	info_forget(agent->info);
	power_request(agent->power, GRPC_STATE_RESUME, reply);
}

static void os_suspend(struct agent *agent, const char *args, GString *reply)
{
	power_request(agent->power, GRPC_STATE_SUSPEND, reply);
}

static void time_synchronize(struct agent *agent, const char *args, GString *reply)
{
	timesync_command(agent->time, args, reply);
}

static const struct {
	const char *name;
	void (*run)(struct agent *agent, const char *args, GString *reply);
} commands[] = {
	{ GRPC_CAPABILITIES_REGISTER, capabilities_register },
	{ GRPC_OS_HALT, os_halt },
	{ GRPC_OS_POWER_ON, os_power_on },
	{ GRPC_OS_REBOOT, os_reboot },
	{ GRPC_OS_RESUME, os_resume },
	{ GRPC_OS_SUSPEND, os_suspend },
	{ GRPC_SET_OPTION, set_option },
	{ GRPC_TIME_SYNCHRONIZE, time_synchronize },
};

static gboolean command(VmtTclo *tclo, const char *name, const char *args, gsize args_len,
			GString *reply, gpointer data)
{
	struct agent *agent = data;
	g_autofree char *shown = NULL, *cut = NULL;
	guint i;

	for (i = 0; i < G_N_ELEMENTS(commands); i++)
		if (!strcmp(name, commands[i].name)) {
			commands[i].run(agent, args, reply);
			return TRUE;
		}
	cut = g_strndup(name, LOGGED_MAX);
	shown = g_strescape(cut, NULL);
	g_debug("unknown command \"%s\" of the host", shown);
	return FALSE;
}

/* The host knows nothing of us any more */
static void reset(VmtTclo *tclo, gpointer data)
{
	struct agent *agent = data;

	agent_rpc_or_log(agent, GRPC_UNIFIED_LOOP " toolbox");
	agent_rpc_or_log(agent, GRPC_LOG " toolbox: Version: vmtkit %s", vmt_version());
	info_forget(agent->info);
}

static void lost(VmtTclo *tclo, const GError *error, gpointer data)
{
	agent_lost(data, error);
}

static void contended(VmtTclo *tclo, gboolean on, gpointer data)
{
	agent_contended(data, on);
}

const VmtTcloFuncs agent_commands = {
	.command = command, .reset = reset, .lost = lost, .contended = contended,
};
