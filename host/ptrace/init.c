/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * init.c - the first process of a container
 *
 *	SETTING UP -> RUNNING: the command has been started
 *	RUNNING -> a signal of init.h, or the command's end -> ENDING: all others are asked by SIGTERM
 *	ENDING -> they are gone, or GRACE_S later -> it exits, and the kernel kills what is left
 *
 * It has all capabilities over its own namespaces while it sets them up; the command gets those of
 * `kept` only, and a system call filter, so that no program of the guest can mount, load or trace
 * anything.  The guest's uptime begins at 0 where the kernel has time namespaces.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host/base/bytes.h"
#include "host/base/fd.h"
#include "host/ptrace/filter.h"
#include "host/ptrace/init.h"
#include "host/ptrace/rootfs.h"

#define GRACE_S		5

static const int kept[] = {
	CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_FSETID, CAP_KILL, CAP_SETGID,
	CAP_SETUID, CAP_SETPCAP, CAP_NET_BIND_SERVICE, CAP_NET_BROADCAST, CAP_NET_ADMIN, CAP_NET_RAW,
	CAP_IPC_LOCK, CAP_IPC_OWNER, CAP_SYS_CHROOT, CAP_SYS_BOOT, CAP_SYS_NICE, CAP_SYS_RESOURCE,
};

static int fault(const char *what)
{
	int err = -errno;

	fprintf(stderr, "container: %s: %s\n", what, strerror(-err));
	return err;
}

/* ---- setting up ------------------------------------------------------------------------------- */

static int loopback_up(void)
{
	struct ifreq req = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	_autoclose_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 || ioctl(fd, SIOCSIFFLAGS, &req) < 0 ? fault("loopback") : 0;
}

/* The children's clocks that count from the boot begin anew.  A kernel may not have it. */
static void uptime_begin(void)
{
	struct timespec mono, boot;
	char text[128];
	int fd;

	if (clock_gettime(CLOCK_MONOTONIC, &mono) < 0 || clock_gettime(CLOCK_BOOTTIME, &boot) < 0 ||
	    unshare(CLONE_NEWTIME) < 0)
		return;
	snprintf(text, sizeof(text), "monotonic -%lld 0\nboottime -%lld 0\n",
		 (long long)mono.tv_sec, (long long)boot.tv_sec);
	fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		fprintf(stderr, "container: the uptime is the machine's: %s\n", strerror(errno));
	close(fd);
}

static bool is_kept(int cap)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kept); i++)
		if (kept[i] == cap)
			return true;
	return false;
}

/* What is dropped from the bounding set, exec cannot give back to root either. */
static int caps_drop(void)
{
	int cap;

	for (cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (!is_kept(cap) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return fault("capabilities");
	return 0;
}

static void command_exec(const struct ptr_options *o)
{
	static char path[] = "PATH=" ROOTFS_BIN ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
			     "/sbin:/bin";
	static char home[] = "HOME=/root", term[] = "TERM=dumb", kind[] = "container=vmtkit";
	char *env[] = { path, home, term, kind, NULL };
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)o->command, NULL };
	sigset_t none;
	int err;

	setsid();
	if (caps_drop() < 0)
		_exit(126);
	err = ptr_filter_enter();
	if (err < 0) {
		errno = -err;
		fault("system call filter");
		_exit(126);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(PTR_CONSOLE_FD, 0) < 0 || dup2(PTR_CONSOLE_FD, 1) < 0 || dup2(PTR_CONSOLE_FD, 2) < 0)
		_exit(126);
	execve("/bin/sh", argv, env);
	fault("/bin/sh");
	_exit(127);
}

static int set_up(const struct ptr_options *o)
{
	int err;

	if (fd_set_cloexec(PTR_GO_FD, 1) < 0 || fd_set_cloexec(PTR_CONSOLE_FD, 1) < 0)
		return fault("descriptors");
	if (sethostname(o->name, strlen(o->name)) < 0)
		return fault("host name");
	err = loopback_up();
	if (!err)
		err = rootfs_enter(o);
	if (!err)
		uptime_begin();
	return err;
}

/* ---- running and ending ----------------------------------------------------------------------- */

/* Buries all that have ended; whether @command was one of them is added to *ended. */
static bool any_left(pid_t command, bool *ended)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		if (pid == command)
			*ended = true;
	return pid == 0;
}

static void all_end(const sigset_t *signals, pid_t command)
{
	const struct timespec patience = { .tv_sec = 1 };
	bool ended = false;
	int i;

	kill(-1, SIGTERM);
	kill(-1, SIGCONT);
	for (i = 0; i < GRACE_S && any_left(command, &ended); )
		if (sigtimedwait(signals, NULL, &patience) < 0 && errno == EAGAIN)
			i++;
}

/* The exit status that the signals lead to. */
static int serve(const sigset_t *signals, pid_t command)
{
	bool ended = false;

	for (;;) {
		int sig = sigwaitinfo(signals, NULL);

		if (sig == PTR_INIT_POWEROFF || sig == PTR_INIT_HALT)
			return PTR_INIT_EXIT_POWEROFF;
		if (sig == PTR_INIT_REBOOT)
			return PTR_INIT_EXIT_REBOOT;
		if (sig == SIGCHLD) {
			any_left(command, &ended);
			if (ended)
				return PTR_INIT_EXIT_POWEROFF;
		}
	}
}

int ptr_init(const struct ptr_options *o)
{
	sigset_t signals;
	pid_t command;
	int status;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, PTR_INIT_POWEROFF);
	sigaddset(&signals, PTR_INIT_HALT);
	sigaddset(&signals, PTR_INIT_REBOOT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	if (set_up(o) < 0)
		return PTR_INIT_EXIT_FAILED;
	command = fork();
	if (!command)
		command_exec(o);
	if (command < 0) {
		fault("the command");
		return PTR_INIT_EXIT_FAILED;
	}
	close(PTR_CONSOLE_FD);
	if (write(PTR_GO_FD, "", 1) != 1)
		return PTR_INIT_EXIT_FAILED;
	close(PTR_GO_FD);
	status = serve(&signals, command);
	all_end(&signals, command);
	return status;
}
