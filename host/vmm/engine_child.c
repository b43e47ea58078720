/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine_child.c - the program of an engine as a child process: what it prints, and how it ends
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "host/base/fd.h"
#include "host/vmm/engine_child.h"

#define OUTPUT_LINE_MAX	4096

bool engine_child_is_gone(const struct engine_child *c)
{
	return !c->pid && c->output_fd < 0;
}

static void gone_check(struct engine_child *c)
{
	if (engine_child_is_gone(c))
		c->gone(c->data);
}

static void child_ended(evutil_socket_t fd, short what, void *data)
{
	struct engine_child *c = data;

	if (!c->pid || waitpid(c->pid, &c->status, WNOHANG) != c->pid)
		return;
	c->pid = 0;
	event_del(c->kill_ev);
	gone_check(c);
}

static void kill_time(evutil_socket_t fd, short what, void *data)
{
	struct engine_child *c = data;

	if (c->pid)
		kill(c->pid, SIGKILL);
}

void engine_child_kill_in(struct engine_child *c, unsigned int ms)
{
	const struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	if (c->pid && !evtimer_pending(c->kill_ev, NULL))
		evtimer_add(c->kill_ev, &tv);
}

/* ---- what it prints ----------------------------------------------------------------------- */

static void output_lines(struct engine_child *c, bool at_end)
{
	char *line;
	size_t len;

	while ((line = evbuffer_readln(c->output, &len, EVBUFFER_EOL_LF)) ||
	       ((at_end || evbuffer_get_length(c->output) > OUTPUT_LINE_MAX) &&
		evbuffer_get_length(c->output))) {
		if (!line) {
			len = evbuffer_get_length(c->output);
			line = calloc(1, len + 1);
			if (!line)
				return;
			evbuffer_remove(c->output, line, len);
		}
		if (*line) {
			snprintf(c->last_line, sizeof(c->last_line), "%s", line);
			c->ops->output(c->ops_data, line);
		}
		free(line);
	}
}

static void output_ready(evutil_socket_t fd, short what, void *data)
{
	struct engine_child *c = data;
	int n = evbuffer_read(c->output, fd, OUTPUT_LINE_MAX);

	if (n < 0 && errno == EAGAIN)
		return;
	output_lines(c, n <= 0);
	if (n > 0)
		return;
	event_del(c->output_ev);
	fd_close(&c->output_fd);
	gone_check(c);
}

/* ---- life --------------------------------------------------------------------------------- */

int engine_child_init(struct engine_child *c, struct event_base *base, const struct engine_ops *ops,
		      void *ops_data, void (*gone)(void *data), void *data)
{
	*c = (struct engine_child){ .ops = ops, .ops_data = ops_data, .gone = gone, .data = data,
				    .output_fd = -1 };
	c->output = evbuffer_new();
	c->child_ev = evsignal_new(base, SIGCHLD, child_ended, c);
	c->kill_ev = evtimer_new(base, kill_time, c);
	if (!c->output || !c->child_ev || !c->kill_ev || evsignal_add(c->child_ev, NULL) < 0)
		return -ENOMEM;
	return 0;
}

static void child_run(int output, void (*exec)(const void *arg), const void *arg)
{
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (null < 0 || dup2(null, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
		_exit(126);
	exec(arg);
	_exit(127);
}

int engine_child_spawn(struct engine_child *c, struct event_base *base,
		       void (*exec)(const void *arg), const void *arg)
{
	_autoclose_ int output = -1;
	int pipe_fds[2];

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return -errno;
	c->output_fd = pipe_fds[0];
	output = pipe_fds[1];
	c->output_ev = event_new(base, c->output_fd, EV_READ | EV_PERSIST, output_ready, c);
	if (!c->output_ev || event_add(c->output_ev, NULL) < 0)
		return -ENOMEM;
	c->pid = fork();
	if (!c->pid)
		child_run(output, exec, arg);
	if (c->pid < 0) {
		c->pid = 0;
		return -errno;
	}
	return fd_set_nonblock(c->output_fd, 1);
}

bool engine_child_describe(const struct engine_child *c, const char *program, char *text,
			   size_t size)
{
	const char *colon = *c->last_line ? ": " : "";

	if (WIFSIGNALED(c->status))
		snprintf(text, size, "%s was killed by signal %d (%s)%s%s", program,
			 WTERMSIG(c->status), strsignal(WTERMSIG(c->status)), colon, c->last_line);
	else if (WEXITSTATUS(c->status))
		snprintf(text, size, "%s ended with status %d%s%s", program,
			 WEXITSTATUS(c->status), colon, c->last_line);
	else
		return false;
	return true;
}

void engine_child_done(struct engine_child *c)
{
	if (c->pid) {
		kill(c->pid, SIGKILL);
		waitpid(c->pid, NULL, 0);
	}
	if (c->child_ev)
		event_free(c->child_ev);
	if (c->output_ev)
		event_free(c->output_ev);
	if (c->kill_ev)
		event_free(c->kill_ev);
	if (c->output)
		evbuffer_free(c->output);
	fd_cleanup(&c->output_fd);
}
