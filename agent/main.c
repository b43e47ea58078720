/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main.c - vmtd: the agent of a VMware guest
 *
 * Start: the TCLO channel is opened.  Where there is no VMware the service is content: it says so in
 * its status and ends with 0.  Where another program has the channel it waits for it.
 *
 * The driver may come and go while the agent runs.  /dev is watched for its device: with it the agent
 * changes over, because two users of the host's one TCLO channel would take it from each other; when
 * it goes, the channel is lost and opened again by the port.
 *
 * The configuration is read again when one of its files changes, and at SIGHUP.  At SIGHUP the folders
 * are watched anew too, for the one that was not there at the start.
 *
 * One thread.  Signals come by signalfd, because GLib's own way would start a second one.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <glib-unix.h>

#include <uapi/vmt.h>
#include <wire/guestrpc.h>

#include "agent/agent.h"
#include "agent/conf.h"
#include "agent/info.h"
#include "agent/log.h"
#include "agent/notify.h"
#include "agent/power.h"
#include "agent/priv_verbs.h"
#include "agent/timesync.h"
#include "agent/watch.h"

#define RETRY_S		5
#define CONF_SETTLE_MS	200	/* an editor's several steps are one change */

static struct {
	struct agent agent;
	GMainLoop *loop;
	char *channel;		/* --channel; NULL: what works */
	const char *conf_path;	/* --conf; NULL: the two of conf.h */
	struct watch *conf_watches[2], *device_watch;
	guint conf_due;		/* source */
	gboolean fixed;		/* the channel was named: no changing over */
	guint retry;		/* source */
	guint reopen;		/* source */
	gboolean waiting;	/* said that another program has the channel */
	int status;
} vmtd = { .agent.priv_socket = PRIV_SOCKET };

static gboolean serve_again(gpointer data);

/* Returns FALSE if there is nothing to serve and never will be */
static gboolean serve(void)
{
	g_autoptr(GError) error = NULL;

	if (vmtd.retry)
		g_source_remove(vmtd.retry);
	vmtd.retry = 0;
	vmtd.agent.tclo = vmt_tclo_new("toolbox", vmtd.channel, &agent_commands, &vmtd.agent, &error);
	if (vmtd.agent.tclo) {
		g_message("serving the host, transport %s", vmt_tclo_transport(vmtd.agent.tclo));
		notify_status(TRUE, "Serving the host, transport %s",
			      vmt_tclo_transport(vmtd.agent.tclo));
		vmtd.waiting = FALSE;
		return TRUE;
	}
	if (!vmtd.waiting) {
		g_message("%s", error->message);
		notify_status(TRUE, "%s", error->message);
	}
	vmtd.waiting = TRUE;
	vmtd.retry = g_timeout_add_seconds(RETRY_S, serve_again, NULL);
	return !g_error_matches(error, VMT_ERROR, VMT_ERROR_NOT_VMWARE);
}

static gboolean serve_again(gpointer data)
{
	vmtd.retry = 0;
	(void)serve();
	timesync_look(vmtd.agent.time);
	return G_SOURCE_REMOVE;
}

static void stop_serving(void)
{
	g_clear_pointer(&vmtd.agent.tclo, vmt_tclo_free);
	g_clear_pointer(&vmtd.agent.rpci, vmt_channel_free);
}

static gboolean reopen_due(gpointer data)
{
	vmtd.reopen = 0;
	stop_serving();
	(void)serve();
	timesync_look(vmtd.agent.time);
	return G_SOURCE_REMOVE;
}

void agent_reopen(struct agent *agent)
{
	if (!vmtd.reopen)
		vmtd.reopen = g_idle_add(reopen_due, NULL);
}

void agent_contended(struct agent *agent, gboolean on)
{
	if (on) {
		g_warning("another program takes the host's commands away from this one: stop it, or this "
			  "service; open-vm-tools' vmtoolsd is such a program");
		notify_status(FALSE, "Another program serves the host: is vmtoolsd running?");
		return;
	}
	g_message("the host's commands are this program's alone again");
	notify_status(FALSE, "Serving the host, transport %s", vmt_tclo_transport(agent->tclo));
}

void agent_lost(struct agent *agent, const GError *error)
{
	g_warning("the channel to the host is lost: %s", error->message);
	notify_status(FALSE, "The channel to the host is lost: %s", error->message);
	vmtd.status = EXIT_FAILURE;
	g_main_loop_quit(vmtd.loop);
}

static void device_changed(const char *name, gpointer data)
{
	if (strcmp(name, strrchr(VMT_DEVICE, '/') + 1) || access(VMT_DEVICE, R_OK | W_OK) < 0)
		return;
	if (!vmtd.agent.tclo || strcmp(vmt_tclo_transport(vmtd.agent.tclo), "vmt"))
		agent_reopen(&vmtd.agent);
}

static void watch_devices(void)
{
	/* IN_ATTRIB: udev gives the device to our group only after it was made */
	vmtd.device_watch = watch_new("/dev", IN_CREATE | IN_ATTRIB, device_changed, NULL);
	if (!vmtd.device_watch)
		g_warning("/dev cannot be watched: %s", g_strerror(errno));
}

static void log_to_host(const char *line, gpointer data)
{
	agent_rpc_or_log(&vmtd.agent, GRPC_LOG " toolbox: %s", line);
}

static void configure(void)
{
	struct conf *conf = conf_read(vmtd.conf_path);

	conf_free(vmtd.agent.conf);
	vmtd.agent.conf = conf;
	log_configure(conf->log_level, conf->log_to_host ? log_to_host : NULL, NULL);
	timesync_restrict(vmtd.agent.time, conf->no_time, conf->no_period);
	info_configure(vmtd.agent.info);
}

static gboolean conf_due(gpointer data)
{
	vmtd.conf_due = 0;
	g_message("the configuration has changed: reading it again");
	configure();
	return G_SOURCE_REMOVE;
}

static void conf_changed(const char *name, gpointer data)
{
	g_autofree char *wanted = g_path_get_basename(data);

	if (!strcmp(name, wanted) && !vmtd.conf_due)
		vmtd.conf_due = g_timeout_add(CONF_SETTLE_MS, conf_due, NULL);
}

/* A folder that is not there is no reason for a word: neither file need be */
static void watch_conf(void)
{
	const char *const both[] = { CONF_TOOLS, CONF_OWN };
	guint i;

	for (i = 0; i < G_N_ELEMENTS(both); i++) {
		const char *path = vmtd.conf_path ? vmtd.conf_path : both[i];
		g_autofree char *folder = g_path_get_dirname(path);

		watch_free(vmtd.conf_watches[i]);
		vmtd.conf_watches[i] = watch_new(folder, IN_CLOSE_WRITE | IN_MOVE | IN_DELETE,
						 conf_changed, (gpointer)path);
		if (vmtd.conf_path)
			return;
	}
}

static gboolean signalled(gint fd, GIOCondition cond, gpointer data)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) == sizeof(info) && info.ssi_signo == SIGHUP) {
		watch_conf();
		configure();
		info_forget(vmtd.agent.info);
		return G_SOURCE_CONTINUE;
	}
	notify_stopping();
	/* The shutdown that the host asked for has reached us: it is on its way, without the driver */
	if (vmtd.agent.tclo)
		(void)vmt_tclo_declare_power(vmtd.agent.tclo, VMT_POWER_OP_NONE);
	g_main_loop_quit(vmtd.loop);
	return G_SOURCE_CONTINUE;
}

static void watch_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd >= 0)
		g_unix_fd_add(fd, G_IO_IN, signalled, NULL);
}

static int run(void)
{
	watch_signals();
	if (!serve()) {
		g_message("this is no guest of VMware: nothing to do");
		return EXIT_SUCCESS;
	}
	vmtd.loop = g_main_loop_new(NULL, FALSE);
	vmtd.agent.info = info_new(&vmtd.agent);
	vmtd.agent.power = power_new(&vmtd.agent);
	vmtd.agent.time = timesync_new(&timesync_system, &vmtd.agent);
	configure();
	watch_conf();
	if (!vmtd.fixed)
		watch_devices();
	notify_watchdog();
	g_main_loop_run(vmtd.loop);
	stop_serving();
	log_configure(vmtd.agent.conf->log_level, NULL, NULL);
	watch_free(vmtd.device_watch);
	watch_free(vmtd.conf_watches[0]);
	watch_free(vmtd.conf_watches[1]);
	power_free(vmtd.agent.power);
	timesync_free(vmtd.agent.time);
	info_free(vmtd.agent.info);
	conf_free(vmtd.agent.conf);
	g_main_loop_unref(vmtd.loop);
	return vmtd.status;
}

int main(int argc, char **argv)
{
	gboolean debug = FALSE, version = FALSE;
	g_autofree char *priv = NULL, *conf = NULL;
	const GOptionEntry options[] = {
		{ "channel", 'c', 0, G_OPTION_ARG_STRING, &vmtd.channel,
		  "How to reach the host: vmt, direct, fake:PATH or fake-poll:PATH", "CHANNEL" },
		{ "conf", 'f', 0, G_OPTION_ARG_FILENAME, &conf, "Read this file, and neither vmtd.conf nor tools.conf", "PATH" },
		{ "debug", 'd', 0, G_OPTION_ARG_NONE, &debug, "Log more", NULL },
		{ "priv", 0, 0, G_OPTION_ARG_FILENAME, &priv, "Socket of the helper", "PATH" },
		{ "version", 'v', 0, G_OPTION_ARG_NONE, &version, "Print the version", NULL },
		{ 0 },
	};
	g_autoptr(GError) error = NULL;
	GOptionContext *context = g_option_context_new(NULL);
	gboolean ok;

	g_option_context_set_summary(context, "Serves the VMware host of this virtual machine.");
	g_option_context_add_main_entries(context, options, NULL);
	ok = g_option_context_parse(context, &argc, &argv, &error);
	g_option_context_free(context);
	if (!ok || argc > 1) {
		fprintf(stderr, "vmtd: %s\n", ok ? "no arguments are taken" : error->message);
		return 64;
	}
	if (version) {
		printf("vmtd %s\n", vmt_version());
		return EXIT_SUCCESS;
	}
	log_start(debug);
	if (conf)
		vmtd.conf_path = conf;
	if (priv)
		vmtd.agent.priv_socket = priv;
	if (vmtd.channel)
		g_setenv("VMT_CHANNEL", vmtd.channel, TRUE);
	vmtd.fixed = g_getenv("VMT_CHANNEL") != NULL;
	return run();
}
