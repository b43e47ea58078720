/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * supervisor.c - runs one container for a VM process
 *
 *	STARTING -> the init says that the command runs -> UP
 *	UP -> it ends: by reboot(2) or its own exit status -> STARTING again, or the end
 *	UP, STARTING -> order to reset: it is killed -> STARTING again
 *
 * The loop waits for signals of tracees, the init's word, and orders; it does nothing by itself, so
 * an idle container costs no wake-up.  Reports of the guest go over trap.c's own connection, whose
 * reader is a thread.  All of the container's programs are tracees of this process and end with it;
 * it ends when the VM process hangs up.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/front/trap.h"
#include "host/ptrace/container.h"
#include "host/ptrace/init.h"
#include "host/ptrace/order.h"
#include "host/ptrace/supervisor.h"
#include "host/ptrace/tracer.h"

#define APIC_KHZ	1000000		/* as the QEMU engine's */

struct supervisor {
	const struct ptr_options *o;
	struct trap *trap;
	struct tracer *tracer;
	int signal_fd;
	int go_fd;			/* to the init while it sets up, else -1 */
	pid_t init;
	bool up;
	bool reset;			/* killed by order */
	bool pausing;			/* PTR_NEWS_PAUSED is owed */
	int status;			/* of this program; -1: goes on */
};

static void news(struct supervisor *s, enum ptr_news what)
{
	char byte = (char)what;

	(void)!send(s->o->orders_fd, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* ---- the container ---------------------------------------------------------------------------- */

static int container_start(struct supervisor *s)
{
	int err;

	s->up = false;
	s->reset = false;
	s->init = container_clone(s->o, &s->go_fd);
	if (s->init < 0)
		return (int)s->init;
	/* Before it is root of its own namespace: from then on only its users' rights would do. */
	err = tracer_attach(s->tracer, s->init);
	if (err) {
		fprintf(stderr, "container: ptrace: %s; is it allowed here (sysctl "
			"kernel.yama.ptrace_scope)?\n", strerror(-err));
		return err;
	}
	return container_go(s->init, s->go_fd);
}

static void started(struct supervisor *s)
{
	char byte;
	ssize_t n = recv(s->go_fd, &byte, 1, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	fd_close(&s->go_fd);
	if (n != 1)
		return;			/* it is ending, and has said why */
	s->up = true;
	news(s, PTR_NEWS_UP);
}

static void resume(struct supervisor *s)
{
	if (s->pausing)
		news(s, PTR_NEWS_DONE);
	s->pausing = false;
	tracer_resume(s->tracer);
	news(s, PTR_NEWS_RESUMED);
}

static void restart(struct supervisor *s)
{
	trap_reset(s->trap);
	news(s, PTR_NEWS_RESET);
	tracer_forget(s->tracer);
	resume(s);
	if (container_start(s) < 0)
		s->status = PTR_EXIT_FAILED;
}

static bool wants_reboot(int status)
{
	return WIFSIGNALED(status) ? WTERMSIG(status) == SIGHUP
				   : WEXITSTATUS(status) == PTR_INIT_EXIT_REBOOT;
}

static void init_ended(struct supervisor *s, int status)
{
	fd_close(&s->go_fd);
	if (s->reset) {
		restart(s);
	} else if (!s->up) {
		if (WIFSIGNALED(status))
			fprintf(stderr, "container: its init was killed by signal %d\n",
				WTERMSIG(status));
		s->status = PTR_EXIT_FAILED;
	} else if (wants_reboot(status)) {
		if (s->o->on_reboot_stop)
			s->status = PTR_EXIT_REBOOT;
		else
			restart(s);
	} else if (WIFSIGNALED(status) && WTERMSIG(status) != SIGINT) {
		fprintf(stderr, "container: its init was killed by signal %d\n", WTERMSIG(status));
		s->status = PTR_EXIT_FAILED;
	} else {
		s->status = PTR_EXIT_POWEROFF;
	}
}

static void children_look(struct supervisor *s)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	(void)!read(s->signal_fd, &info, sizeof(info));
	while (s->status < 0 && (pid = waitpid(-1, &status, __WALL | WNOHANG)) > 0) {
		if (pid == s->init && !WIFSTOPPED(status))
			init_ended(s, status);
		else
			tracer_event(s->tracer, pid, status);
	}
	if (s->pausing && tracer_is_paused(s->tracer)) {
		s->pausing = false;
		news(s, PTR_NEWS_PAUSED);
		news(s, PTR_NEWS_DONE);
	}
}

/* ---- orders ----------------------------------------------------------------------------------- */

static void order_take(struct supervisor *s)
{
	char byte;
	ssize_t n = recv(s->o->orders_fd, &byte, 1, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		s->status = PTR_EXIT_FAILED;
		return;
	}
	switch (byte) {
	case PTR_ORDER_POWER:
		kill(s->init, PTR_INIT_POWEROFF);
		break;
	case PTR_ORDER_PAUSE:
		s->pausing = true;
		tracer_pause(s->tracer);
		return;				/* done when all have stopped */
	case PTR_ORDER_RESUME:
		resume(s);
		break;
	case PTR_ORDER_RESET:
		s->reset = true;
		kill(s->init, SIGKILL);
		break;
	}
	news(s, PTR_NEWS_DONE);
}

/* ---- start and loop --------------------------------------------------------------------------- */

static int set_up(struct supervisor *s)
{
	const char *what;
	sigset_t children;
	int err;

	if (!geteuid()) {
		fputs("container: root in it would be the machine's root; let vmd choose a user, or set "
		      "one by `user' in vm.conf\n", stderr);
		return -EPERM;
	}
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || fd_set_cloexec(s->o->orders_fd, 1) < 0 ||
	    fd_set_cloexec(s->o->console_fd, 1) < 0)
		return -errno;
	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	sigprocmask(SIG_BLOCK, &children, NULL);
	s->signal_fd = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signal_fd < 0)
		return -errno;
	err = trap_start(s->o->front, APIC_KHZ, &s->trap, &what);
	if (err < 0) {
		fprintf(stderr, "container: %s: %s: %s\n", s->o->front, what, strerror(-err));
		return err;
	}
	s->tracer = tracer_new(s->trap);
	return s->tracer ? container_start(s) : -ENOMEM;
}

int supervisor_run(const struct ptr_options *o)
{
	struct supervisor s = { .o = o, .signal_fd = -1, .go_fd = -1, .status = -1 };

	if (set_up(&s) < 0)
		return PTR_EXIT_FAILED;
	while (s.status < 0) {
		struct pollfd fds[] = {
			{ .fd = s.signal_fd, .events = POLLIN },
			{ .fd = o->orders_fd, .events = POLLIN },
			{ .fd = s.go_fd, .events = POLLIN },
		};

		if (poll(fds, 3, -1) < 0)
			continue;
		if (fds[2].revents)
			started(&s);
		if (fds[0].revents)
			children_look(&s);
		if (s.status < 0 && fds[1].revents)
			order_take(&s);
	}
	return s.status;
}
