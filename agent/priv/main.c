/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main.c - vmt-priv: the few things of the agent that need root
 *
 * systemd holds the socket and starts this program for a request; it ends by itself when nobody has
 * asked for IDLE_MS.  Each connection has a process of its own, so that scripts that take long do not
 * hold up a power off.  A request is one packet with a verb of the table below; anything else is
 * refused.  Nothing that a client sends is used for more than that comparison,
 * so that no text of the host can reach a command, a path or a log.
 *
 * Who may connect is the mode of the socket, and is checked again here by the peer's credentials.
 */
#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>

#include "agent/priv_verbs.h"

#define IDLE_MS		10000
#define PACKET_WAIT_MS	2000
#define AGENT_USER	"vmtd"

#define LOGIN1		"org.freedesktop.login1"
#define LOGIN1_PATH	"/org/freedesktop/login1"
#define LOGIN1_MANAGER	"org.freedesktop.login1.Manager"
#define LOGIN1_BLOCKED	"org.freedesktop.login1.BlockedByInhibitorLock"
#define LOGIN1_ROOT_CHECK_INHIBITORS	1	/* flag of the methods that take flags */

extern char **environ;

struct verb {
	const char *name;
	int (*run)(const struct verb *verb);	/* 0, -errno, or SCRIPT_FAILED */
	const char *method;			/* of logind's manager */
	const char *systemctl[2];		/* its arguments; the way where there is no logind */
};

#define SCRIPT_FAILED		1
#define SYSTEMCTL_NO_UNIT	5	/* exit status: the unit is not there */

/* Returns the exit status, or -errno */
static int systemctl(const struct verb *verb)
{
	char *argv[] = { (char *)"systemctl", (char *)"--no-wall", (char *)"--no-ask-password",
			 (char *)verb->systemctl[0], (char *)verb->systemctl[1], NULL };
	int err, status;
	pid_t pid;

	err = posix_spawn(&pid, "/usr/bin/systemctl", NULL, NULL, argv, environ);
	if (err)
		return -err;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EIO;
}

/* Says who holds the shutdown up: it is the last thing that the log has of it */
static void say_inhibitors(sd_bus *bus, const struct verb *verb)
{
	const char *what, *who, *why, *mode;
	sd_bus_message *m = NULL;

	if (sd_bus_call_method(bus, LOGIN1, LOGIN1_PATH, LOGIN1_MANAGER, "ListInhibitors", NULL, &m,
			       NULL) < 0 ||
	    sd_bus_message_enter_container(m, 'a', "(ssssuu)") < 0)
		goto out;
	while (sd_bus_message_read(m, "(ssssuu)", &what, &who, &why, &mode, NULL, NULL) > 0)
		if (strstr(what, "shutdown") && !strcmp(mode, "block"))
			fprintf(stderr, SD_NOTICE "%s: inhibited by \"%s\" (\"%s\"): overruled by the host\n",
				verb->name, who, why);
out:
	sd_bus_message_unref(m);
}

/*
 * Inhibitors of the kind "delay" are waited for by logind.  The host's order overrules those that
 * "block", as a held power button does; but first we ask as if they counted, to know of them.
 */
static int logind(const struct verb *verb)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	char method[32];
	sd_bus *bus = NULL;
	int err = sd_bus_open_system(&bus);

	if (err < 0)
		goto out;
	snprintf(method, sizeof(method), "%sWithFlags", verb->method);
	err = sd_bus_call_method(bus, LOGIN1, LOGIN1_PATH, LOGIN1_MANAGER, method, &error, NULL, "t",
				 (uint64_t)LOGIN1_ROOT_CHECK_INHIBITORS);
	if (err < 0) {
		if (sd_bus_error_has_name(&error, SD_BUS_ERROR_ACCESS_DENIED) ||
		    sd_bus_error_has_name(&error, LOGIN1_BLOCKED))
			say_inhibitors(bus, verb);
		err = sd_bus_call_method(bus, LOGIN1, LOGIN1_PATH, LOGIN1_MANAGER, verb->method, NULL, NULL,
					 "b", 0);
	}
out:
	sd_bus_error_free(&error);
	sd_bus_flush_close_unref(bus);
	return err < 0 ? err : 0;
}

/* systemctl asks systemd itself, by its private socket, so that no message bus is needed */
static int run_power(const struct verb *verb)
{
	int err = logind(verb);

	if (err >= 0)
		return 0;
	fprintf(stderr, SD_NOTICE "%s by logind: %s; trying systemctl\n", verb->name, strerror(-err));
	err = systemctl(verb);
	return err > 0 ? -EIO : err;
}

/*
 * A unit runs the scripts, so that they have a clean environment and none of our limits.  Where it is
 * not installed there are no scripts, and so no veto.
 */
static int run_script(const struct verb *verb)
{
	int status = systemctl(verb);

	if (status == SYSTEMCTL_NO_UNIT)
		return -ENOENT;
	return status > 0 ? SCRIPT_FAILED : status;
}

static const struct verb verbs[] = {
	{ PRIV_POWEROFF, run_power, "PowerOff", { "poweroff" } },
	{ PRIV_REBOOT, run_power, "Reboot", { "reboot" } },
	{ PRIV_SCRIPT_POWERON, run_script, NULL, { "start", "vmt-script@poweron.service" } },
	{ PRIV_SCRIPT_POWEROFF, run_script, NULL, { "start", "vmt-script@poweroff.service" } },
	{ PRIV_SCRIPT_RESUME, run_script, NULL, { "start", "vmt-script@resume.service" } },
	{ PRIV_SCRIPT_SUSPEND, run_script, NULL, { "start", "vmt-script@suspend.service" } },
};

static bool may_ask(int fd)
{
	const struct passwd *agent = getpwnam(AGENT_USER);
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	return peer.uid == geteuid() || (agent && peer.uid == agent->pw_uid);
}

static void serve(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char buf[PRIV_PACKET_MAX + 1], reply[PRIV_PACKET_MAX] = PRIV_ERROR "unknown verb";
	ssize_t n = -1;
	size_t i;

	if (!may_ask(fd)) {
		fprintf(stderr, SD_WARNING "a request of another user was refused\n");
		return;
	}
	if (poll(&p, 1, PACKET_WAIT_MS) == 1)
		n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
	if (n <= 0)
		return;
	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		int err;

		if ((size_t)n != strlen(verbs[i].name) || memcmp(buf, verbs[i].name, (size_t)n))
			continue;
		err = verbs[i].run(&verbs[i]);
		if (err < 0) {
			fprintf(stderr, SD_ERR "%s: %s\n", verbs[i].name, strerror(-err));
			snprintf(reply, sizeof(reply), PRIV_ERROR "%s", strerror(-err));
		} else {
			snprintf(reply, sizeof(reply), err ? PRIV_FAILED : PRIV_OK);
		}
		break;
	}
	(void)send(fd, reply, strlen(reply), MSG_NOSIGNAL);
}

static void serve_apart(int fd)
{
	pid_t pid = fork();

	if (pid == 0) {
		serve(fd);
		_exit(EXIT_SUCCESS);
	}
	if (pid < 0)
		fprintf(stderr, SD_ERR "fork: %s\n", strerror(errno));
}

/* Buries those that have ended; returns whether some still run */
static bool any_running(void)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		;
	return pid == 0;
}

int main(int argc, char **argv)
{
	struct pollfd p = { .fd = SD_LISTEN_FDS_START, .events = POLLIN };
	int ready;

	if (sd_listen_fds(1) != 1 ||
	    sd_is_socket(SD_LISTEN_FDS_START, AF_UNIX, SOCK_SEQPACKET, 1) <= 0) {
		fprintf(stderr, "vmt-priv: to be started by systemd, by way of vmt-priv.socket\n");
		return EXIT_FAILURE;
	}
	while ((ready = poll(&p, 1, IDLE_MS)) > 0 || any_running()) {
		int fd = ready > 0 ? accept4(p.fd, NULL, NULL, SOCK_CLOEXEC) : -1;

		if (fd < 0)
			continue;
		serve_apart(fd);
		close(fd);
	}
	return EXIT_SUCCESS;
}
