/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine_qemu.c - the engine that runs an unmodified QEMU
 *
 * QEMU inherits one end of a socket pair for QMP, one for its first serial port, and a write-only
 * descriptor for each port; its stdout and stderr are a pipe to us.  It connects to the fronts'
 * sockets by path while it starts.
 *
 * The end has three signs, in any order: SIGCHLD, the end of QMP, and the end of the output.
 * engine_ops.ended is called when all of them are there, so that the last event and the last line
 * that QEMU wrote count.  What QMP said last (SHUTDOWN's reason) tells a power-off from a reboot;
 * everything that is neither that nor our own order is a failure and told with QEMU's last line.
 *
 * A FIFO as a port's file is held open for reading too: QEMU must neither wait for a reader nor get
 * EPIPE when one goes away; while nobody reads, the guest's writer waits.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <json-c/json.h>

#include "host/base/fd.h"
#include "host/base/log.h"
#include "host/vmm/engine_qemu.h"
#include "host/vmm/qemu_args.h"
#include "host/vmm/qemu_version.h"
#include "host/vmm/qmp.h"

#define OUTPUT_LINE_MAX	4096
#define QUIT_MS		3000

struct engine_qemu {
	struct event_base *base;
	const struct engine_ops *ops;
	void *data;
	pid_t pid;			/* 0: not started, or reaped */
	int status;			/* of waitpid() */
	struct qmp *qmp;
	bool qmp_open, is_up, quitting;
	char *reason;			/* of QMP's SHUTDOWN, or NULL */
	struct event *child_ev, *output_ev, *kill_ev, *end_ev;
	struct evbuffer *output;
	char last_line[256];
	int output_fd;			/* -1: at its end */
	int fifo_fds[VM_PORTS_MAX];	/* read ends that keep FIFOs open */
	size_t fifo_count;
};

/* ---- the end ------------------------------------------------------------------------------ */

static enum engine_end end_describe(const struct engine_qemu *e, char *text, size_t size)
{
	if (e->quitting) {
		snprintf(text, size, "stopped by force");
		return ENGINE_END_QUIT;
	}
	if (WIFSIGNALED(e->status)) {
		snprintf(text, size, "QEMU was killed by signal %d (%s)%s%s", WTERMSIG(e->status),
			 strsignal(WTERMSIG(e->status)), *e->last_line ? ": " : "", e->last_line);
		return ENGINE_END_FAILED;
	}
	if (WEXITSTATUS(e->status)) {
		snprintf(text, size, "QEMU ended with status %d%s%s", WEXITSTATUS(e->status),
			 *e->last_line ? ": " : "", e->last_line);
		return ENGINE_END_FAILED;
	}
	if (e->reason && !strcmp(e->reason, "guest-shutdown")) {
		snprintf(text, size, "the guest powered off");
		return ENGINE_END_GUEST;
	}
	if (e->reason && !strcmp(e->reason, "guest-reset")) {
		snprintf(text, size, "the guest rebooted, and on-reboot is stop");
		return ENGINE_END_REBOOT;
	}
	snprintf(text, size, "QEMU ended by itself (%s)%s%s", e->reason ? e->reason : "no reason",
		 *e->last_line ? ": " : "", e->last_line);
	return ENGINE_END_FAILED;
}

static void end_told(evutil_socket_t fd, short what, void *data)
{
	struct engine_qemu *e = data;
	char text[ENGINE_TEXT_MAX];
	enum engine_end how = end_describe(e, text, sizeof(text));

	e->ops->ended(e->data, how, text);
}

/* Told from the loop: the owner frees us then, and our callers still use us. */
static void end_check(struct engine_qemu *e)
{
	if (!e->pid && !e->qmp_open && e->output_fd < 0)
		event_active(e->end_ev, EV_TIMEOUT, 0);
}

static void child_ended(evutil_socket_t fd, short what, void *data)
{
	struct engine_qemu *e = data;

	if (!e->pid || waitpid(e->pid, &e->status, WNOHANG) != e->pid)
		return;
	e->pid = 0;
	event_del(e->kill_ev);
	end_check(e);
}

static void kill_time(evutil_socket_t fd, short what, void *data)
{
	struct engine_qemu *e = data;

	if (e->pid)
		kill(e->pid, SIGKILL);
}

/* ---- what QEMU says ----------------------------------------------------------------------- */

static void output_lines(struct engine_qemu *e, bool at_end)
{
	char *line;
	size_t len;

	while ((line = evbuffer_readln(e->output, &len, EVBUFFER_EOL_LF)) ||
	       ((at_end || evbuffer_get_length(e->output) > OUTPUT_LINE_MAX) &&
		evbuffer_get_length(e->output))) {
		if (!line) {
			len = evbuffer_get_length(e->output);
			line = calloc(1, len + 1);
			if (!line)
				return;
			evbuffer_remove(e->output, line, len);
		}
		if (*line) {
			snprintf(e->last_line, sizeof(e->last_line), "%s", line);
			e->ops->output(e->data, line);
		}
		free(line);
	}
}

static void output_ready(evutil_socket_t fd, short what, void *data)
{
	struct engine_qemu *e = data;
	int n = evbuffer_read(e->output, fd, OUTPUT_LINE_MAX);

	if (n < 0 && errno == EAGAIN)
		return;
	output_lines(e, n <= 0);
	if (n > 0)
		return;
	event_del(e->output_ev);
	fd_close(&e->output_fd);
	end_check(e);
}

static void status_known(void *data, int err, const char *text, struct json_object *result)
{
	struct engine_qemu *e = data;
	struct json_object *running;

	if (!err && !e->is_up && json_object_object_get_ex(result, "running", &running) &&
	    json_object_get_boolean(running)) {
		e->is_up = true;
		e->ops->up(e->data);
	}
}

static void qmp_is_ready(void *data)
{
	struct engine_qemu *e = data;

	qmp_send(e->qmp, "query-status", status_known, e);
}

static void qmp_event(void *data, const char *name, struct json_object *body)
{
	struct engine_qemu *e = data;
	struct json_object *reason;

	if (!strcmp(name, "SHUTDOWN") && json_object_object_get_ex(body, "reason", &reason)) {
		free(e->reason);
		e->reason = strdup(json_object_get_string(reason));
	} else if (!strcmp(name, "RESET")) {
		e->ops->reset(e->data);
	} else if (!strcmp(name, "STOP")) {
		e->ops->paused(e->data, 1);
	} else if (!strcmp(name, "RESUME")) {
		if (!e->is_up) {
			e->is_up = true;
			e->ops->up(e->data);
		}
		e->ops->paused(e->data, 0);
	}
}

static void qmp_closed(void *data, int err)
{
	struct engine_qemu *e = data;

	e->qmp_open = false;
	/* Without QMP it cannot be steered any more; normally it is ending anyway. */
	if (e->pid)
		engine_qemu_quit(e);
	end_check(e);
}

static const struct qmp_ops qmp_ops = {
	.ready = qmp_is_ready,
	.event = qmp_event,
	.closed = qmp_closed,
};

/* ---- orders ------------------------------------------------------------------------------- */

void engine_qemu_quit(struct engine_qemu *e)
{
	static const struct timeval patience = { .tv_sec = QUIT_MS / 1000 };

	if (e->qmp_open) {
		e->quitting = true;
		qmp_send(e->qmp, "quit", NULL, NULL);
	}
	if (!evtimer_pending(e->kill_ev, NULL))
		evtimer_add(e->kill_ev, &patience);
}

struct order {
	engine_done_fn done;
	void *data;
};

static void order_done(void *data, int err, const char *text, struct json_object *result)
{
	struct order *o = data;

	o->done(o->data, err, text);
	free(o);
}

static int order(struct engine_qemu *e, const char *command, engine_done_fn done, void *data)
{
	struct order *o;
	int err;

	if (!done)
		return qmp_send(e->qmp, command, NULL, NULL);
	o = calloc(1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	o->done = done;
	o->data = data;
	err = qmp_send(e->qmp, command, order_done, o);
	if (err)
		free(o);
	return err;
}

int engine_qemu_power_button(struct engine_qemu *e, engine_done_fn done, void *data)
{
	return order(e, "system_powerdown", done, data);
}

int engine_qemu_pause(struct engine_qemu *e, engine_done_fn done, void *data)
{
	return order(e, "stop", done, data);
}

int engine_qemu_resume(struct engine_qemu *e, engine_done_fn done, void *data)
{
	return order(e, "cont", done, data);
}

int engine_qemu_reset(struct engine_qemu *e, engine_done_fn done, void *data)
{
	return order(e, "system_reset", done, data);
}

pid_t engine_qemu_pid(const struct engine_qemu *e)
{
	return e->pid;
}

/* ---- start -------------------------------------------------------------------------------- */

/* The write end for QEMU, or -errno. */
static int port_open(struct engine_qemu *e, const char *path)
{
	struct stat st;
	int fd;

	if (!stat(path, &st) && S_ISFIFO(st.st_mode)) {
		fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		e->fifo_fds[e->fifo_count++] = fd;
		fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	} else {
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOCTTY, 0644);
	}
	return fd < 0 ? -errno : fd;
}

static int ports_open(struct engine_qemu *e, const struct vm_spec *vm, int *ret_fds,
		      size_t *ret_count, char *ret_text)
{
	const struct vm_pair *port;

	*ret_count = 0;
	STAILQ_FOREACH(port, &vm->ports, link) {
		int fd = port_open(e, port->value);

		if (fd < 0) {
			snprintf(ret_text, ENGINE_TEXT_MAX, "port \"%s\": %s: %s", port->key,
				 port->value, strerror(-fd));
			return fd;
		}
		ret_fds[(*ret_count)++] = fd;
	}
	return 0;
}

static void child_run(const struct qemu_args *args, const struct qemu_program *program,
		      const struct qemu_fds *fds, size_t port_count, int output)
{
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;
	size_t i;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (null < 0 || dup2(null, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
		_exit(126);
	fd_set_cloexec(fds->qmp, 0);
	fd_set_cloexec(fds->console, 0);
	for (i = 0; i < port_count; i++)
		fd_set_cloexec(fds->ports[i], 0);
	if (*program->module_dir)
		setenv("QEMU_MODULE_DIR", program->module_dir, 1);
	execv(args->argv[0], args->argv);
	fprintf(stderr, "%s: %s\n", args->argv[0], strerror(errno));
	_exit(127);
}

/* QEMU with everything that it inherits; the descriptors in @fds stay the caller's. */
static int spawn(struct engine_qemu *e, const struct engine_input *in,
		 const struct qemu_program *program, const struct qemu_fds *fds,
		 size_t port_count)
{
	_autoclose_ int output = -1;
	struct qemu_args args;
	int pipe_fds[2], err;
	size_t i;

	err = qemu_args_build(in, program, fds, &args);
	for (i = 0; !err && i < args.argc; i++)
		log_debug("QEMU argument %zu: %s", i, args.argv[i]);
	if (!err && pipe2(pipe_fds, O_CLOEXEC) < 0)
		err = -errno;
	if (err) {
		qemu_args_done(&args);
		return err;
	}
	e->output_fd = pipe_fds[0];
	output = pipe_fds[1];
	e->pid = fork();
	if (!e->pid)
		child_run(&args, program, fds, port_count, output);
	qemu_args_done(&args);
	if (e->pid < 0) {
		e->pid = 0;
		return -errno;
	}
	return fd_set_nonblock(e->output_fd, 1);
}

static int events_new(struct engine_qemu *e)
{
	e->output = evbuffer_new();
	e->child_ev = evsignal_new(e->base, SIGCHLD, child_ended, e);
	e->kill_ev = evtimer_new(e->base, kill_time, e);
	e->end_ev = evtimer_new(e->base, end_told, e);
	if (!e->output || !e->child_ev || !e->kill_ev || !e->end_ev ||
	    evsignal_add(e->child_ev, NULL) < 0)
		return -ENOMEM;
	return 0;
}

static int program_check(const struct engine_input *in, const struct qemu_program *program,
			 char *ret_text)
{
	struct qemu_version version;
	int err = qemu_version_ask(program->start.argv, program->binary, in->version_cache,
				   &version, ret_text, ENGINE_TEXT_MAX);

	if (!err && in->front_socket && access(in->qemu->plugin, R_OK) < 0) {
		err = -errno;
		snprintf(ret_text, ENGINE_TEXT_MAX, "plugin %.300s: %s; set plugin in vm.conf",
			 in->qemu->plugin, strerror(-err));
	}
	return err ? err : qemu_version_check(&version, program->binary, ret_text, ENGINE_TEXT_MAX);
}

/* QEMU with its monitor; all that QEMU got is closed on our side at the end. */
static int run(struct engine_qemu *e, const struct engine_input *in,
	       const struct qemu_program *program, char *ret_text)
{
	struct qemu_fds fds = { .console = in->console_fd };
	size_t port_count = 0, i;
	int monitor[2] = { -1, -1 }, err;

	err = ports_open(e, in->vm, fds.ports, &port_count, ret_text);
	if (!err && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, monitor) < 0)
		err = -errno;
	if (!err) {
		fds.qmp = monitor[1];
		err = spawn(e, in, program, &fds, port_count);
	}
	if (!err) {
		e->qmp = qmp_new(e->base, fd_steal(&monitor[0]), &qmp_ops, e);
		e->qmp_open = e->qmp != NULL;
		e->output_ev = event_new(e->base, e->output_fd, EV_READ | EV_PERSIST, output_ready,
					 e);
		if (!e->qmp || !e->output_ev || event_add(e->output_ev, NULL) < 0)
			err = -ENOMEM;
	}
	fd_cleanup(&monitor[0]);
	fd_cleanup(&monitor[1]);
	for (i = 0; i < port_count; i++)
		close(fds.ports[i]);
	if (err && !*ret_text)
		snprintf(ret_text, ENGINE_TEXT_MAX, "QEMU could not be started: %s",
			 strerror(-err));
	return err;
}

int engine_qemu_start(struct event_base *base, const struct engine_input *in,
		      const struct engine_ops *ops, void *data, struct engine_qemu **ret,
		      char *ret_text)
{
	struct engine_qemu *e = calloc(1, sizeof(*e));
	struct qemu_program program;
	int err;

	*ret_text = '\0';
	if (!e)
		return -ENOMEM;
	e->base = base;
	e->ops = ops;
	e->data = data;
	e->output_fd = -1;
	err = qemu_program_find(in->qemu, &program, ret_text, ENGINE_TEXT_MAX);
	if (err)
		goto fail;
	err = program_check(in, &program, ret_text);
	if (!err)
		err = events_new(e);
	if (!err)
		err = run(e, in, &program, ret_text);
	qemu_program_done(&program);
	if (err)
		goto fail;
	*ret = e;
	return 0;
fail:
	engine_qemu_free(e);
	return err;
}

void engine_qemu_free(struct engine_qemu *e)
{
	size_t i;

	if (!e)
		return;
	if (e->pid) {
		kill(e->pid, SIGKILL);
		waitpid(e->pid, NULL, 0);
	}
	qmp_free(e->qmp);
	if (e->child_ev)
		event_free(e->child_ev);
	if (e->output_ev)
		event_free(e->output_ev);
	if (e->kill_ev)
		event_free(e->kill_ev);
	if (e->end_ev)
		event_free(e->end_ev);
	if (e->output)
		evbuffer_free(e->output);
	fd_cleanup(&e->output_fd);
	for (i = 0; i < e->fifo_count; i++)
		close(e->fifo_fds[i]);
	free(e->reason);
	free(e);
}
