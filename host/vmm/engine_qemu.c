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
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <event2/event.h>
#include <json-c/json.h>

#include "host/base/fd.h"
#include "host/base/log.h"
#include "host/vmm/engine.h"
#include "host/vmm/engine_child.h"
#include "host/vmm/qemu_args.h"
#include "host/vmm/qemu_version.h"
#include "host/vmm/qmp.h"

#define QUIT_MS		3000

struct engine_qemu {
	struct engine engine;		/* first: what others hold a pointer to */
	struct event_base *base;
	const struct engine_ops *ops;
	void *data;
	struct engine_child child;
	struct qmp *qmp;
	bool qmp_open, is_up, quitting;
	char *reason;			/* of QMP's SHUTDOWN, or NULL */
	struct event *end_ev;
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
	if (engine_child_describe(&e->child, "QEMU", text, size))
		return ENGINE_END_FAILED;
	if (e->reason && !strcmp(e->reason, "guest-shutdown")) {
		snprintf(text, size, "the guest powered off");
		return ENGINE_END_GUEST;
	}
	if (e->reason && !strcmp(e->reason, "guest-reset")) {
		snprintf(text, size, "the guest rebooted, and on-reboot is stop");
		return ENGINE_END_REBOOT;
	}
	snprintf(text, size, "QEMU ended by itself (%s)%s%s", e->reason ? e->reason : "no reason",
		 *e->child.last_line ? ": " : "", e->child.last_line);
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
	if (engine_child_is_gone(&e->child) && !e->qmp_open)
		event_active(e->end_ev, EV_TIMEOUT, 0);
}

static void child_gone(void *data)
{
	end_check(data);
}

/* ---- what QEMU says ----------------------------------------------------------------------- */

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

static void qemu_quit(struct engine *engine)
{
	struct engine_qemu *e = (struct engine_qemu *)engine;

	if (e->qmp_open) {
		e->quitting = true;
		qmp_send(e->qmp, "quit", NULL, NULL);
	}
	engine_child_kill_in(&e->child, QUIT_MS);
}

static void qmp_closed(void *data, int err)
{
	struct engine_qemu *e = data;

	e->qmp_open = false;
	/* Without QMP it cannot be steered any more; normally it is ending anyway. */
	if (e->child.pid)
		qemu_quit(&e->engine);
	end_check(e);
}

static const struct qmp_ops qmp_ops = {
	.ready = qmp_is_ready,
	.event = qmp_event,
	.closed = qmp_closed,
};

/* ---- orders ------------------------------------------------------------------------------- */

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

static int qemu_order(struct engine *engine, enum engine_order what, engine_done_fn done, void *data)
{
	static const char *const commands[] = {
		[ENGINE_POWER_BUTTON] = "system_powerdown",
		[ENGINE_PAUSE] = "stop",
		[ENGINE_RESUME] = "cont",
		[ENGINE_RESET] = "system_reset",
	};
	struct engine_qemu *e = (struct engine_qemu *)engine;
	struct order *o;
	int err;

	if (!done)
		return qmp_send(e->qmp, commands[what], NULL, NULL);
	o = calloc(1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	o->done = done;
	o->data = data;
	err = qmp_send(e->qmp, commands[what], order_done, o);
	if (err)
		free(o);
	return err;
}

static pid_t qemu_pid(const struct engine *engine)
{
	return ((const struct engine_qemu *)engine)->child.pid;
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

struct program_start {
	const struct qemu_args *args;
	const struct qemu_program *program;
	const struct qemu_fds *fds;
	size_t port_count;
};

static void program_exec(const void *arg)
{
	const struct program_start *s = arg;
	size_t i;

	fd_set_cloexec(s->fds->qmp, 0);
	fd_set_cloexec(s->fds->console, 0);
	for (i = 0; i < s->port_count; i++)
		fd_set_cloexec(s->fds->ports[i], 0);
	if (*s->program->module_dir)
		setenv("QEMU_MODULE_DIR", s->program->module_dir, 1);
	execv(s->args->argv[0], s->args->argv);
	fprintf(stderr, "%s: %s\n", s->args->argv[0], strerror(errno));
}

/* QEMU with everything that it inherits; the descriptors in @fds stay the caller's. */
static int spawn(struct engine_qemu *e, const struct engine_input *in,
		 const struct qemu_program *program, const struct qemu_fds *fds,
		 size_t port_count)
{
	struct qemu_args args;
	const struct program_start start = { &args, program, fds, port_count };
	int err = qemu_args_build(in, program, fds, &args);
	size_t i;

	for (i = 0; !err && i < args.argc; i++)
		log_debug("QEMU argument %zu: %s", i, args.argv[i]);
	if (!err)
		err = engine_child_spawn(&e->child, e->base, program_exec, &start);
	qemu_args_done(&args);
	return err;
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
		if (!e->qmp)
			err = -ENOMEM;
	}
	fd_cleanup(&monitor[0]);
	fd_cleanup(&monitor[1]);
	for (i = 0; i < port_count; i++)
		close(fds.ports[i]);
	return err;
}

static void qemu_free(struct engine *engine)
{
	struct engine_qemu *e = (struct engine_qemu *)engine;
	size_t i;

	engine_child_done(&e->child);
	qmp_free(e->qmp);
	if (e->end_ev)
		event_free(e->end_ev);
	for (i = 0; i < e->fifo_count; i++)
		close(e->fifo_fds[i]);
	free(e->reason);
	free(e);
}

static int qemu_start(struct event_base *base, const struct engine_input *in,
		      const struct engine_ops *ops, void *data, struct engine **ret, char *ret_text)
{
	struct engine_qemu *e = calloc(1, sizeof(*e));
	struct qemu_program program;
	int err;

	if (!e)
		return -ENOMEM;
	e->engine.class = &engine_qemu;
	e->base = base;
	e->ops = ops;
	e->data = data;
	err = engine_child_init(&e->child, base, ops, data, child_gone, e);
	e->end_ev = evtimer_new(base, end_told, e);
	if (!err && !e->end_ev)
		err = -ENOMEM;
	if (!err)
		err = qemu_program_find(in->qemu, &program, ret_text, ENGINE_TEXT_MAX);
	if (!err) {
		err = program_check(in, &program, ret_text);
		if (!err)
			err = run(e, in, &program, ret_text);
		qemu_program_done(&program);
	}
	if (err) {
		qemu_free(&e->engine);
		return err;
	}
	*ret = &e->engine;
	return 0;
}

const struct engine_class engine_qemu = {
	.name = "QEMU",
	.start = qemu_start,
	.free = qemu_free,
	.pid = qemu_pid,
	.quit = qemu_quit,
	.order = qemu_order,
};
