/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-sandbox.c - what a VM process cannot do any more, and what it still can
 *
 * Each case runs in a child, which enters the sandbox and tells by its exit status what it found.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/base/sandbox.h"
#include "tests/unit/unit.h"

/* 0 when @attempt gave what it should; 1 when not; 2 when there was no sandbox. */
static int in_sandbox(int (*attempt)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		if (sandbox_limits() < 0 || sandbox_enter() < 0)
			_exit(2);
		_exit(attempt() ? 0 : 1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static int exec_refused(void)
{
	char *argv[] = { (char *)"/bin/true", NULL };

	execv(argv[0], argv);
	return errno == EPERM;
}

static int fork_refused(void)
{
	return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) < 0 && errno == EPERM;
}

static int internet_refused(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM &&
	       socket(AF_NETLINK, SOCK_RAW, 0) < 0 && errno == EPERM;
}

static int others_refused(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 && errno == EPERM &&
	       setuid(0) < 0 && errno == EPERM && syscall(SYS_mount, 0, 0, 0, 0, 0) < 0 &&
	       errno == EPERM;
}

static int sockets_work(void)
{
	int pair[2], fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char byte = 'x';

	return fd >= 0 && !socketpair(AF_UNIX, SOCK_STREAM, 0, pair) &&
	       write(pair[0], &byte, 1) == 1 && read(pair[1], &byte, 1) == 1;
}

static int files_work(void)
{
	return open("/dev/null", O_WRONLY) >= 0;
}

static void programs_are_refused(void)
{
	CU_ASSERT_EQUAL(in_sandbox(exec_refused), 0);
	CU_ASSERT_EQUAL(in_sandbox(fork_refused), 0);
}

static void other_sockets_are_refused(void)
{
	CU_ASSERT_EQUAL(in_sandbox(internet_refused), 0);
}

static void other_processes_are_refused(void)
{
	CU_ASSERT_EQUAL(in_sandbox(others_refused), 0);
}

static void its_work_goes_on(void)
{
	CU_ASSERT_EQUAL(in_sandbox(sockets_work), 0);
	CU_ASSERT_EQUAL(in_sandbox(files_work), 0);
}

static const struct unit_case cases[] = {
	{ "programs and processes cannot be started", programs_are_refused },
	{ "other sockets than UNIX cannot be opened", other_sockets_are_refused },
	{ "other processes and users are out of reach", other_processes_are_refused },
	{ "sockets and files still work", its_work_goes_on },
};

UNIT_MAIN("sandbox", cases)
