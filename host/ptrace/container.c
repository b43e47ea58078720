/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * container.c - namespaces of their own for a container's init
 *
 * User, pid, mount, network, UTS, IPC and cgroup namespaces come at once with the process; the time
 * namespace is the init's own business, because it must exist before the clock's offset is chosen.
 * Root in the container is the user that we are, outside: a container never has more rights than
 * that, and the machine's root has none to lend it, so vm-container refuses to run as root.
 *
 * The process is made by clone() without fork's handlers while other threads exist, so it does
 * nothing but wait for its turn and exec.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/ptrace/container.h"

#define NAMESPACES	(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | \
			 CLONE_NEWIPC | CLONE_NEWCGROUP)

static int fault(const char *what, int err)
{
	fprintf(stderr, "%s: %s%s\n", what, strerror(-err),
		err == -EPERM || err == -ENOSPC || err == -EINVAL ?
		"; does this machine let users make user namespaces (sysctl user.max_user_namespaces)?" :
		"");
	return err;
}

/* In the container, before anything is set up; only calls that are safe after a bare clone(). */
static void become_init(const struct ptr_options *o, int go_fd)
{
	sigset_t none;
	char byte;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (read(go_fd, &byte, 1) != 1)
		_exit(126);
	/* Out of the way of the numbers that they shall have. */
	go_fd = fcntl(go_fd, F_DUPFD, PTR_CONSOLE_FD + 1);
	if (go_fd < 0 || dup2(o->console_fd, PTR_CONSOLE_FD) < 0 || dup2(go_fd, PTR_GO_FD) < 0 ||
	    close(go_fd) < 0)
		_exit(126);
	execv(o->program, o->argv);
	_exit(127);
}

pid_t container_clone(const struct ptr_options *o, int *ret_go_fd)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return fault("socketpair", -errno);
	pid = (pid_t)syscall(SYS_clone, NAMESPACES | SIGCHLD, NULL, NULL, NULL, NULL);
	if (!pid)
		become_init(o, pair[1]);
	if (pid < 0)
		pid = fault("a container cannot be made", -errno);
	close(pair[1]);
	if (pid < 0)
		close(pair[0]);
	else
		*ret_go_fd = pair[0];
	return pid;
}

static int file_put(pid_t pid, const char *name, const char *text)
{
	char path[64];
	_autoclose_ int fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return fault(path, -errno);
	return 0;
}

int container_go(pid_t pid, int go_fd)
{
	char uids[64], gids[64];
	int err;

	snprintf(uids, sizeof(uids), "0 %u 1\n", geteuid());
	snprintf(gids, sizeof(gids), "0 %u 1\n", getegid());
	err = file_put(pid, "setgroups", "deny");
	if (!err)
		err = file_put(pid, "uid_map", uids);
	if (!err)
		err = file_put(pid, "gid_map", gids);
	if (!err && write(go_fd, "", 1) != 1)
		err = fault("the container's init", -errno);
	return err;
}
