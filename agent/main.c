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

#include "agent/agent.h"
#include "agent/conf.h"
#include "agent/info.h"
#include "agent/notify.h"
#include "agent/power.h"
#include "agent/priv_verbs.h"
#include "agent/timesync.h"

#define RETRY_S		5

static struct {
	struct agent agent;
	GMainLoop *loop;
	char *channel;		/* --channel; NULL: what works */
	const char *conf_path;
	gboolean fixed;		/* the channel was named: no changing over */
	guint retry;		/* source */
	guint reopen;		/* source */
	gboolean waiting;	/* said that another program has the channel */
	int status;
} vmtd = { .agent.priv_socket = PRIV_SOCKET, .conf_path = CONF_PATH };

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
	return G_SOURCE_REMOVE;
}

void agent_reopen(struct agent *agent)
{
	if (!vmtd.reopen)
		vmtd.reopen = g_idle_add(reopen_due, NULL);
}

void agent_lost(struct agent *agent, const GError *error)
{
	g_warning("the channel to the host is lost: %s", error->message);
	notify_status(FALSE, "The channel to the host is lost: %s", error->message);
	vmtd.status = EXIT_FAILURE;
	g_main_loop_quit(vmtd.loop);
}

static gboolean device_event(gint fd, GIOCondition cond, gpointer data)
{
	char buf[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	const char *name = strrchr(VMT_DEVICE, '/') + 1;
	gboolean ours = FALSE;
	ssize_t n, at = 0;

	n = read(fd, buf, sizeof(buf));
	while (n - at >= (ssize_t)sizeof(struct inotify_event)) {
		const struct inotify_event *event = (const void *)(buf + at);

		ours |= event->len && !strcmp(event->name, name);
		at += (ssize_t)(sizeof(*event) + event->len);
	}
	if (!ours || access(VMT_DEVICE, R_OK | W_OK) < 0)
		return G_SOURCE_CONTINUE;
	if (!vmtd.agent.tclo || strcmp(vmt_tclo_transport(vmtd.agent.tclo), "vmt"))
		agent_reopen(&vmtd.agent);
	return G_SOURCE_CONTINUE;
}

static void watch_devices(void)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	/* IN_ATTRIB: udev gives the device to our group only after it was made */
	if (fd >= 0 && inotify_add_watch(fd, "/dev", IN_CREATE | IN_ATTRIB) >= 0)
		g_unix_fd_add(fd, G_IO_IN, device_event, NULL);
	else
		g_warning("/dev cannot be watched: %s", g_strerror(errno));
}

static void configure(void)
{
	conf_free(vmtd.agent.conf);
	vmtd.agent.conf = conf_read(vmtd.conf_path);
	timesync_restrict(vmtd.agent.time, vmtd.agent.conf->no_time, vmtd.agent.conf->no_period);
}

static gboolean signalled(gint fd, GIOCondition cond, gpointer data)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) == sizeof(info) && info.ssi_signo == SIGHUP) {
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
	vmtd.agent.time = timesync_new(&timesync_system);
	configure();
	if (!vmtd.fixed)
		watch_devices();
	notify_watchdog();
	g_main_loop_run(vmtd.loop);
	stop_serving();
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
		{ "conf", 'f', 0, G_OPTION_ARG_FILENAME, &conf, "Another tools.conf", "PATH" },
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
	if (debug)
		g_setenv("G_MESSAGES_DEBUG", "all", TRUE);
	if (conf)
		vmtd.conf_path = conf;
	if (priv)
		vmtd.agent.priv_socket = priv;
	if (vmtd.channel)
		g_setenv("VMT_CHANNEL", vmtd.channel, TRUE);
	vmtd.fixed = g_getenv("VMT_CHANNEL") != NULL;
	return run();
}
