/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * control.c - the control socket: checks who asks, answers or passes on
 *
 * status, start and wait are answered here, from what the VM processes told; all other verbs go to the
 * VM's process together with the client's connection, and the answer comes straight from there.
 * Only the daemon's own user and root may connect; the kernel says who it is.
 *
 * A waiter is a client whose answer depends on a VM's state: it is judged at once and again at each
 * change, until it is answered, its time is over, or it hangs up.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <event2/event.h>
#include <json-c/json.h>

#include "host/base/fconn.h"
#include "host/base/fd.h"
#include "host/base/frame.h"
#include "host/base/log.h"
#include "host/vmd/names.h"
#include "host/vmd/reply.h"
#include "host/vmd/vmd.h"

#define CLIENTS_MAX	256
#define ACCEPT_PAUSE_MS	500

/* One client.  `vm` is set while it waits; then it is on the daemon's list. */
struct waiter {
	LIST_ENTRY(waiter) link;
	struct vmd *vmd;
	struct fconn *conn;
	struct vm_entry *vm;
	enum ctl_wait what;
	struct event *timer;
};

static void waiter_free(struct waiter *w)
{
	LIST_REMOVE(w, link);
	if (w->timer)
		event_free(w->timer);
	free(w);
}

/* ---- status ------------------------------------------------------------------------------- */

static void add_text(struct json_object *obj, const char *key, const char *text)
{
	if (text && *text)
		json_object_object_add(obj, key, json_object_new_string(text));
}

static void add_path(struct json_object *obj, const char *key, const struct vm_entry *vm,
		     const char *given, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s/%s", vm->vmd->conf->state_dir, vm->spec->name, name);
	add_text(obj, key, given ? given : path);
}

static struct json_object *vm_status(const struct vm_entry *vm)
{
	static const char *const told[] = { "tools", "host-name", "ip", "faults" };
	const struct vm_spec *spec = vm->spec;
	struct json_object *obj = json_object_new_object(), *pid;
	size_t i;

	add_text(obj, "name", spec->name);
	add_text(obj, "state", !vm_running(vm) ? "down" : vm->state ? vm_state_text(vm, "state") :
								     "starting");
	if (vm->pid)
		json_object_object_add(obj, "pid", json_object_new_int(vm->pid));
	if (json_object_object_get_ex(vm->state, "engine-pid", &pid))
		json_object_object_add(obj, "engine-pid", json_object_get(pid));
	json_object_object_add(obj, "cid", json_object_new_int64(spec->cid));
	add_text(obj, "uuid", spec->uuid);
	json_object_object_add(obj, "memory", json_object_new_int64((int64_t)spec->memory));
	json_object_object_add(obj, "cpus", json_object_new_int64(spec->cpus));
	for (i = 0; i < sizeof(told) / sizeof(told[0]); i++)
		add_text(obj, told[i], vm_state_text(vm, told[i]));
	if (vm->started)
		json_object_object_add(obj, "since-s",
				       json_object_new_int64((vmd_now_ms() - vm->since_ms) / 1000));
	add_text(obj, "reason", vm->reason);
	if (vm->reason)
		json_object_object_add(obj, "failed", json_object_new_boolean(vm->failed));
	add_path(obj, "vsock", vm, spec->vsock, "vsock");
	add_path(obj, "console", vm, spec->console, "console.log");
	add_path(obj, "log", vm, NULL, "vm.log");
	return obj;
}

static void answer_status(struct waiter *w, const struct vm_entry *only)
{
	struct json_object *body = json_object_new_object(), *list = json_object_new_array();
	const struct vm_entry *vm;

	TAILQ_FOREACH(vm, &w->vmd->vms, link)
		if (!only || vm == only)
			json_object_array_add(list, vm_status(vm));
	json_object_object_add(body, "vms", list);
	reply_ok(w->conn, body);
	waiter_free(w);
}

/* ---- waiting ------------------------------------------------------------------------------ */

static bool wait_is_over(const struct vm_entry *vm, enum ctl_wait what)
{
	const char *state = vm_state_text(vm, "state");

	switch (what) {
	case CTL_WAIT_UP:
		return *state && strcmp(state, "starting");
	case CTL_WAIT_TOOLS:
		return !strcmp(vm_state_text(vm, "tools"), "running");
	case CTL_WAIT_IP:
		return *vm_state_text(vm, "ip");
	case CTL_WAIT_DOWN:
		return !vm_running(vm);
	case CTL_WAIT_COUNT:
		break;
	}
	return false;
}

/* Answers the client and frees it, or leaves it waiting.  @changed: the VM's state is news. */
static void waiter_judge(struct waiter *w, bool changed)
{
	const struct vm_entry *vm = w->vm;

	if (wait_is_over(vm, w->what)) {
		struct json_object *body = vm_status(vm);

		reply_ok(w->conn, body);
		waiter_free(w);
	} else if (!vm_running(vm) && vm->reason && (changed || vm->failed)) {
		reply_error(w->conn, CTL_CODE_DOWN, "vm \"%s\" is down: %s", vm->spec->name,
			    vm->reason);
		waiter_free(w);
	}
}

void control_vm_changed(struct vm_entry *vm)
{
	struct waiter *w, *next;

	for (w = LIST_FIRST(&vm->vmd->waiters); w; w = next) {
		next = LIST_NEXT(w, link);
		if (w->vm == vm)
			waiter_judge(w, true);
	}
}

static void wait_timed_out(evutil_socket_t fd, short what, void *data)
{
	static const char *const names[] = {
		[CTL_WAIT_UP] = "is not up",
		[CTL_WAIT_TOOLS] = "has no running tools",
		[CTL_WAIT_IP] = "has told no address",
		[CTL_WAIT_DOWN] = "is not down",
	};
	struct waiter *w = data;

	reply_error(w->conn, CTL_CODE_TIMEOUT, "timed out: vm \"%s\" %s yet", w->vm->spec->name,
		    names[w->what]);
	waiter_free(w);
}

static void wait_begin(struct waiter *w, struct vm_entry *vm, enum ctl_wait what,
		       uint32_t timeout_ms)
{
	struct timeval tv = { .tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000 };

	w->vm = vm;
	w->what = what;
	if (timeout_ms) {
		w->timer = evtimer_new(w->vmd->base, wait_timed_out, w);
		if (!w->timer || evtimer_add(w->timer, &tv) < 0) {
			reply_error(w->conn, CTL_CODE_FAILED, "out of memory");
			waiter_free(w);
			return;
		}
	}
	waiter_judge(w, false);
}

/* ---- requests ----------------------------------------------------------------------------- */

static void answer_unknown(struct waiter *w, const char *name)
{
	const char *names[64];
	char hint[512];
	size_t count = 0;
	const struct vm_entry *vm;

	TAILQ_FOREACH(vm, &w->vmd->vms, link)
		if (count < sizeof(names) / sizeof(names[0]))
			names[count++] = vm->spec->name;
	names_suggest(name, names, count, hint, sizeof(hint));
	reply_error(w->conn, CTL_CODE_NO_VM, "there is no vm \"%s\"; %s", name, hint);
	waiter_free(w);
}

static void start(struct waiter *w, struct vm_entry *vm, const struct ctl_request *req)
{
	int err;

	if (vm_running(vm)) {
		reply_error(w->conn, CTL_CODE_FAILED, "vm \"%s\" is already running",
			    vm->spec->name);
	} else if (vm->vmd->ending) {
		reply_error(w->conn, CTL_CODE_FAILED, "vmd is ending");
	} else {
		err = vm_start(vm);
		if (!err) {
			wait_begin(w, vm, CTL_WAIT_UP, req->timeout_ms);
			return;
		}
		reply_error(w->conn, CTL_CODE_FAILED, "vm \"%s\": %s", vm->spec->name,
			    strerror(-err));
	}
	waiter_free(w);
}

static void pass_on(struct waiter *w, struct vm_entry *vm, const struct frame *f)
{
	int fd;

	if (!vm->conn) {
		reply_error(w->conn, CTL_CODE_DOWN, "vm \"%s\" is not running%s%s", vm->spec->name,
			    vm->reason ? ": " : "", vm->reason ? vm->reason : "");
		waiter_free(w);
		return;
	}
	fd = fconn_release(w->conn);
	waiter_free(w);
	if (fd >= 0)
		vm_client(vm, fd, f->type, f->body, f->len);
}

static void request(struct fconn *c, struct frame *f, void *data)
{
	struct waiter *w = data;
	struct ctl_request req;
	struct vm_entry *vm;
	int err = w->vm ? -EPROTO : ctl_request_parse(f->type, f->body, f->len, &req);

	if (err || f->fd_count) {
		reply_error(c, CTL_CODE_FAILED, "vmd does not understand this request; do vmctl and "
			    "vmd have the same version?");
		waiter_free(w);
		return;
	}
	log_trace("request %u for vm \"%s\"", f->type, req.name);
	vm = vm_find(w->vmd, req.name);
	if (!vm && *req.name) {
		answer_unknown(w, req.name);
		return;
	}
	switch ((int)req.type) {
	case CTL_STATUS:
		answer_status(w, vm);
		return;
	case CTL_START:
		start(w, vm, &req);
		return;
	case CTL_WAIT:
		wait_begin(w, vm, (enum ctl_wait)req.number, req.timeout_ms);
		return;
	case CTL_STOP:
		/* The process answers; one that hangs must not keep its VM alive. */
		pass_on(w, vm, f);
		if (req.flags & CTL_FORCE && vm_running(vm))
			vm_force(vm);
		return;
	}
	pass_on(w, vm, f);
}

static void client_closed(struct fconn *c, int err, void *data)
{
	fconn_free(c);
	waiter_free(data);
}

static const struct fconn_ops client_ops = { .frame = request, .closed = client_closed };

static bool peer_allowed(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) &&
	       (!peer.uid || peer.uid == geteuid());
}

static size_t clients_count(const struct vmd *d)
{
	const struct waiter *w;
	size_t n = 0;

	LIST_FOREACH(w, &d->waiters, link)
		n++;
	return n;
}

static void accept_again(evutil_socket_t fd, short what, void *data)
{
	event_add(((struct vmd *)data)->accept_ev, NULL);
}

static void accept_pause(struct vmd *d)
{
	static const struct timeval pause = { .tv_usec = ACCEPT_PAUSE_MS * 1000 };

	log_warn("a client has to wait: too many open files; raise the limit (ulimit -n)");
	if (!event_base_once(d->base, -1, EV_TIMEOUT, accept_again, d, &pause))
		event_del(d->accept_ev);
}

static void accept_ready(evutil_socket_t listen_fd, short what, void *data)
{
	struct vmd *d = data;
	struct waiter *w;
	int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0) {
		/* Without a descriptor for it the client would wake us again and again. */
		if (errno == EMFILE || errno == ENFILE)
			accept_pause(d);
		return;
	}
	w = clients_count(d) < CLIENTS_MAX ? calloc(1, sizeof(*w)) : NULL;
	if (!w) {
		close(fd);
		return;
	}
	w->vmd = d;
	LIST_INSERT_HEAD(&d->waiters, w, link);
	w->conn = fconn_new(d->base, fd, CTL_REQUEST_MAX, &client_ops, w);
	if (!w->conn) {
		waiter_free(w);
		return;
	}
	if (!peer_allowed(fd)) {
		reply_error(w->conn, CTL_CODE_DENIED, "permission denied: this vmd belongs to user %u",
			    geteuid());
		waiter_free(w);
	}
}

int control_open(struct vmd *d)
{
	int fd = unix_listen(d->socket_path, SOCK_STREAM | SOCK_NONBLOCK, 0600);

	if (fd == -EADDRINUSE) {
		log_error("another vmd is running on %s; stop it, or choose another socket with -s",
			  d->socket_path);
		return fd;
	}
	if (fd < 0) {
		log_error("socket %s: %s; choose another with -s", d->socket_path,
			  fd == -EEXIST ? "there is something else than a socket" :
			  fd == -ENAMETOOLONG ? "a socket's path has at most 107 bytes" :
						strerror(-fd));
		return fd;
	}
	d->listen_fd = fd;
	d->accept_ev = event_new(d->base, fd, EV_READ | EV_PERSIST, accept_ready, d);
	return d->accept_ev && !event_add(d->accept_ev, NULL) ? 0 : -ENOMEM;
}

void control_close(struct vmd *d)
{
	struct waiter *w;

	while ((w = LIST_FIRST(&d->waiters))) {
		fconn_free(w->conn);
		waiter_free(w);
	}
	if (d->accept_ev)
		event_free(d->accept_ev);
	if (d->listen_fd >= 0) {
		unlink(d->socket_path);
		close(d->listen_fd);
	}
}
