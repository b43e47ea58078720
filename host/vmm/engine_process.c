/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine_process.c - the engine that runs a container and no machine
 *
 * The program vm-container does the work; it gets orders and gives news over a pair of sockets, see
 * host/ptrace/order.h, and is a front of the backdoor like QEMU's plugin.  The container's console is
 * the socket that would be a machine's first serial port.
 *
 * Orders are answered in their sequence, so those that wait for an answer are a queue.  The end is
 * told when the program is reaped and its output and its news are at their end.
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <event2/event.h>

#include "host/base/fd.h"
#include "host/base/log.h"
#include "host/ptrace/options.h"
#include "host/ptrace/order.h"
#include "host/vmm/engine.h"
#include "host/vmm/engine_child.h"

#define ARGS_MAX	(16 + 2 * PTR_SHARES_MAX)

_Static_assert(VM_SHARES_MAX <= PTR_SHARES_MAX, "vm-container takes as many shares as vm.conf");

struct order {
	STAILQ_ENTRY(order) link;
	engine_done_fn done;		/* may be NULL */
	void *data;
};

struct engine_process_vm {
	struct engine engine;		/* first: what others hold a pointer to */
	const struct engine_ops *ops;
	void *data;
	struct engine_child child;
	bool quitting;
	struct event *news_ev, *end_ev;
	int news_fd;			/* -1: at its end */
	STAILQ_HEAD(, order) orders;
};

/* ---- the end ------------------------------------------------------------------------------ */

static enum engine_end end_describe(const struct engine_process_vm *e, char *text, size_t size)
{
	int status = e->child.status;

	if (e->quitting) {
		snprintf(text, size, "stopped by force");
		return ENGINE_END_QUIT;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == PTR_EXIT_REBOOT) {
		snprintf(text, size, "the guest rebooted, and on-reboot is stop");
		return ENGINE_END_REBOOT;
	}
	if (engine_child_describe(&e->child, "vm-container", text, size))
		return ENGINE_END_FAILED;
	snprintf(text, size, "the guest powered off");
	return ENGINE_END_GUEST;
}

static void end_told(evutil_socket_t fd, short what, void *data)
{
	struct engine_process_vm *e = data;
	char text[ENGINE_TEXT_MAX];
	enum engine_end how = end_describe(e, text, sizeof(text));

	e->ops->ended(e->data, how, text);
}

/* Told from the loop: the owner frees us then, and our callers still use us. */
static void end_check(void *data)
{
	struct engine_process_vm *e = data;

	if (engine_child_is_gone(&e->child) && e->news_fd < 0)
		event_active(e->end_ev, EV_TIMEOUT, 0);
}

/* ---- orders and news ---------------------------------------------------------------------- */

static void order_done(struct engine_process_vm *e, int err, const char *text)
{
	struct order *o = STAILQ_FIRST(&e->orders);

	if (!o)
		return;
	STAILQ_REMOVE_HEAD(&e->orders, link);
	if (o->done)
		o->done(o->data, err, text);
	free(o);
}

static void news_end(struct engine_process_vm *e)
{
	event_del(e->news_ev);
	fd_close(&e->news_fd);
	while (!STAILQ_EMPTY(&e->orders))
		order_done(e, -ECANCELED, "the container has ended");
	end_check(e);
}

static void news_come(evutil_socket_t fd, short what, void *data)
{
	struct engine_process_vm *e = data;
	char byte;
	ssize_t n = recv(fd, &byte, 1, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		news_end(e);
		return;
	}
	switch (byte) {
	case PTR_NEWS_UP:
		e->ops->up(e->data);
		break;
	case PTR_NEWS_RESET:
		e->ops->reset(e->data);
		break;
	case PTR_NEWS_PAUSED:
		e->ops->paused(e->data, 1);
		break;
	case PTR_NEWS_RESUMED:
		e->ops->paused(e->data, 0);
		break;
	case PTR_NEWS_DONE:
		order_done(e, 0, "");
		break;
	}
}

static int process_order(struct engine *engine, enum engine_order what, engine_done_fn done, void *data)
{
	static const char bytes[] = {
		[ENGINE_POWER_BUTTON] = PTR_ORDER_POWER,
		[ENGINE_PAUSE] = PTR_ORDER_PAUSE,
		[ENGINE_RESUME] = PTR_ORDER_RESUME,
		[ENGINE_RESET] = PTR_ORDER_RESET,
	};
	struct engine_process_vm *e = (struct engine_process_vm *)engine;
	struct order *o;

	if (e->news_fd < 0)
		return -ENOTCONN;
	o = calloc(1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	o->done = done;
	o->data = data;
	if (send(e->news_fd, &bytes[what], 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		free(o);
		return -errno;
	}
	STAILQ_INSERT_TAIL(&e->orders, o, link);
	return 0;
}

/* All that runs in the container ends with the program that traces it. */
static void process_quit(struct engine *engine)
{
	struct engine_process_vm *e = (struct engine_process_vm *)engine;

	e->quitting = true;
	engine_child_kill_in(&e->child, 0);
}

static pid_t process_pid(const struct engine *engine)
{
	return ((const struct engine_process_vm *)engine)->child.pid;
}

/* ---- start -------------------------------------------------------------------------------- */

struct program_start {
	const struct engine_input *in;
	int orders_fd;
};

static void program_exec(const void *arg)
{
	const struct program_start *s = arg;
	const struct vm_spec *vm = s->in->vm;
	const struct vm_share *share;
	const char *argv[ARGS_MAX] = { "vm-container", "--name", vm->name, "--front",
				       s->in->front_socket };
	char orders[16], console[16];
	size_t n = 5;

	snprintf(orders, sizeof(orders), "%d", s->orders_fd);
	snprintf(console, sizeof(console), "%d", s->in->console_fd);
	argv[n++] = "--orders";
	argv[n++] = orders;
	argv[n++] = "--console";
	argv[n++] = console;
	if (vm->root) {
		argv[n++] = "--root";
		argv[n++] = vm->root;
	}
	STAILQ_FOREACH(share, &vm->shares, link) {
		argv[n++] = share->writable ? "--share-rw" : "--share";
		argv[n++] = realpath(share->path, NULL);
		if (!argv[n - 1]) {
			fprintf(stderr, "share %s: %s\n", share->path, strerror(errno));
			return;
		}
	}
	if (vm->on_reboot == VM_ON_REBOOT_STOP)
		argv[n++] = "--on-reboot-stop";
	argv[n++] = "--";
	argv[n++] = vm->command;
	fd_set_cloexec(s->orders_fd, 0);
	fd_set_cloexec(s->in->console_fd, 0);
	execv(s->in->container, (char *const *)(uintptr_t)argv);
	fprintf(stderr, "%s: %s; set container in vm.conf\n", s->in->container, strerror(errno));
}

static int run(struct engine_process_vm *e, struct event_base *base, const struct engine_input *in)
{
	struct program_start start = { .in = in };
	int pair[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	e->news_fd = pair[0];
	start.orders_fd = pair[1];
	e->news_ev = event_new(base, e->news_fd, EV_READ | EV_PERSIST, news_come, e);
	err = e->news_ev && !event_add(e->news_ev, NULL) ?
	      engine_child_spawn(&e->child, base, program_exec, &start) : -ENOMEM;
	close(pair[1]);
	return err;
}

static void process_free(struct engine *engine)
{
	struct engine_process_vm *e = (struct engine_process_vm *)engine;
	struct order *o;

	engine_child_done(&e->child);
	while ((o = STAILQ_FIRST(&e->orders))) {
		STAILQ_REMOVE_HEAD(&e->orders, link);
		free(o);
	}
	if (e->news_ev)
		event_free(e->news_ev);
	if (e->end_ev)
		event_free(e->end_ev);
	fd_cleanup(&e->news_fd);
	free(e);
}

static int process_start(struct event_base *base, const struct engine_input *in,
			 const struct engine_ops *ops, void *data, struct engine **ret, char *ret_text)
{
	struct engine_process_vm *e = calloc(1, sizeof(*e));
	int err;

	if (!e)
		return -ENOMEM;
	e->engine.class = &engine_process;
	e->ops = ops;
	e->data = data;
	e->news_fd = -1;
	STAILQ_INIT(&e->orders);
	err = engine_child_init(&e->child, base, ops, data, end_check, e);
	e->end_ev = evtimer_new(base, end_told, e);
	if (!err && !e->end_ev)
		err = -ENOMEM;
	if (!err)
		err = run(e, base, in);
	if (err) {
		process_free(&e->engine);
		return err;
	}
	*ret = &e->engine;
	return 0;
}

const struct engine_class engine_process = {
	.name = "vm-container",
	.start = process_start,
	.free = process_free,
	.pid = process_pid,
	.quit = process_quit,
	.order = process_order,
};
