/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parent.c - the parent process: starts and watches one process for each VM
 *
 * A VM is running while it has a process or a connection to one; both must be gone before it is down,
 * so that its last words (VMP_ENDED) are read before it is judged.  A process that ends without
 * them crashed: that is logged, its sockets are removed, the other VMs go on.
 *
 * The end of the daemon: SIGTERM or SIGINT asks every guest to shut down; after shutdown-timeout, or at
 * the second signal, the rest is told to end by force; KILL_MS later its processes are killed.
 *
 * One vmd owns a state folder: it holds a lock on the file `lock` in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>
#include <json-c/json.h>

#include "host/base/fconn.h"
#include "host/base/fd.h"
#include "host/base/frame.h"
#include "host/base/log.h"
#include "host/vmd/identity.h"
#include "host/vmd/vm_process.h"
#include "host/vmd/vmd.h"

#define KILL_S	6	/* more than the engine's own patience with QEMU */

int64_t vmd_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct vm_entry *vm_find(struct vmd *d, const char *name)
{
	struct vm_entry *vm;

	TAILQ_FOREACH(vm, &d->vms, link)
		if (!strcmp(vm->spec->name, name))
			return vm;
	return NULL;
}

bool vm_running(const struct vm_entry *vm)
{
	return vm->pid || vm->conn;
}

const char *vm_state_text(const struct vm_entry *vm, const char *key)
{
	struct json_object *v;

	if (!json_object_object_get_ex(vm->state, key, &v) || !json_object_is_type(v, json_type_string))
		return "";
	return json_object_get_string(v);
}

/* ---- the end of a VM ---------------------------------------------------------------------- */

static void reason_set(struct vm_entry *vm, bool failed, const char *text)
{
	free(vm->reason);
	vm->reason = strdup(text);
	vm->failed = failed;
}

/* A process that crashed left its sockets behind. */
static void sockets_remove(const struct vm_entry *vm)
{
	static const char *const names[] = { "vmci.sock", "front.sock", "vsock", "vsock_dgram" };
	char path[PATH_MAX];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s/%s", vm->vmd->conf->state_dir, vm->spec->name,
			 names[i]);
		unlink(path);
	}
}

static void crashed(struct vm_entry *vm)
{
	char text[128];

	if (WIFSIGNALED(vm->exit_status))
		snprintf(text, sizeof(text), "its process was killed by signal %d (%s)",
			 WTERMSIG(vm->exit_status), strsignal(WTERMSIG(vm->exit_status)));
	else
		snprintf(text, sizeof(text), "its process ended with status %d",
			 WEXITSTATUS(vm->exit_status));
	reason_set(vm, true, text);
	log_error("vm \"%s\": %s", vm->spec->name, text);
	sockets_remove(vm);
}

static bool all_down(const struct vmd *d)
{
	const struct vm_entry *vm;

	TAILQ_FOREACH(vm, &d->vms, link)
		if (vm_running(vm))
			return false;
	return true;
}

static void end_check(struct vm_entry *vm)
{
	if (vm_running(vm))
		return;
	event_del(vm->kill_ev);
	json_object_put(vm->state);
	vm->state = NULL;
	vm->since_ms = vmd_now_ms();
	if (!vm->reason)
		crashed(vm);
	control_vm_changed(vm);
	if (vm->vmd->ending && all_down(vm->vmd))
		event_base_loopexit(vm->vmd->base, NULL);
}

static void child_ended(evutil_socket_t sig, short what, void *data)
{
	struct vmd *d = data;
	struct vm_entry *vm;

	TAILQ_FOREACH(vm, &d->vms, link) {
		if (!vm->pid || waitpid(vm->pid, &vm->exit_status, WNOHANG) != vm->pid)
			continue;
		vm->pid = 0;
		end_check(vm);
	}
}

static void kill_time(evutil_socket_t fd, short what, void *data)
{
	struct vm_entry *vm = data;

	log_warn("vm \"%s\": its process does not end; killing it", vm->spec->name);
	if (vm->pid)
		kill(vm->pid, SIGKILL);
}

void vm_force(struct vm_entry *vm)
{
	static const struct timeval patience = { .tv_sec = KILL_S };

	if (vm->conn)
		fconn_send(vm->conn, VMP_FORCE, NULL, 0, NULL, 0);
	if (vm->pid && !evtimer_pending(vm->kill_ev, NULL))
		evtimer_add(vm->kill_ev, &patience);
}

/* ---- what a VM process says --------------------------------------------------------------- */

static void vm_ended(struct vm_entry *vm, struct json_object *body)
{
	struct json_object *failed, *reason;

	if (json_object_object_get_ex(body, "failed", &failed) &&
	    json_object_object_get_ex(body, "reason", &reason) &&
	    json_object_is_type(reason, json_type_string))
		reason_set(vm, json_object_get_boolean(failed), json_object_get_string(reason));
}

static void vm_frame(struct fconn *c, struct frame *f, void *data)
{
	struct vm_entry *vm = data;
	struct json_object *body = json_tokener_parse(f->body);

	if (!json_object_is_type(body, json_type_object)) {
		json_object_put(body);
		return;
	}
	if (f->type == VMP_STATE) {
		json_object_put(vm->state);
		vm->state = json_object_get(body);
		control_vm_changed(vm);
	} else if (f->type == VMP_ENDED) {
		vm_ended(vm, body);
	}
	json_object_put(body);
}

static void vm_closed(struct fconn *c, int err, void *data)
{
	static const struct timeval patience = { .tv_sec = KILL_S };
	struct vm_entry *vm = data;

	fconn_free(c);
	vm->conn = NULL;
	if (vm->pid)
		evtimer_add(vm->kill_ev, &patience);
	end_check(vm);
}

static const struct fconn_ops vm_ops = { .frame = vm_frame, .closed = vm_closed };

int vm_client(struct vm_entry *vm, int fd, uint32_t type, const char *body, size_t len)
{
	char *msg = malloc(sizeof(type) + len);
	int err;

	if (!msg || !vm->conn) {
		free(msg);
		close(fd);
		return vm->conn ? -ENOMEM : -ENOTCONN;
	}
	memcpy(msg, &type, sizeof(type));
	memcpy(msg + sizeof(type), body, len);
	err = fconn_send(vm->conn, VMP_CLIENT, msg, sizeof(type) + len, &fd, 1);
	free(msg);
	return err;
}

/* ---- start -------------------------------------------------------------------------------- */

/* In the child: the same program again, a new memory layout, nothing of the parent's but the pair. */
static void child_exec(const struct vm_entry *vm, int fd)
{
	char title[VM_NAME_MAX + 16], level[16];
	char *argv[] = { title, (char *)VM_PROCESS_ARG, level, NULL };
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	snprintf(title, sizeof(title), "vmd: %s", vm->spec->name);
	snprintf(level, sizeof(level), "%d", vm->vmd->level);
	if (fd == VM_PROCESS_FD)
		fd_set_cloexec(fd, 0);
	else if (dup2(fd, VM_PROCESS_FD) < 0)
		_exit(126);
	execv("/proc/self/exe", argv);
	_exit(127);
}

static int config_send(struct vm_entry *vm)
{
	char *text = conf_text(vm->vmd->conf, vm->spec);
	int err = text ? fconn_send(vm->conn, VMP_CONFIG, text, strlen(text), NULL, 0) : -ENOMEM;

	free(text);
	return err;
}

int vm_start(struct vm_entry *vm)
{
	int pair[2], err;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	free(vm->reason);
	vm->reason = NULL;
	vm->failed = false;
	vm->started = true;
	vm->since_ms = vmd_now_ms();
	vm->pid = fork();
	if (!vm->pid)
		child_exec(vm, pair[1]);
	close(pair[1]);
	if (vm->pid < 0) {
		err = -errno;
		vm->pid = 0;
		close(pair[0]);
		return err;
	}
	vm->conn = fconn_new(vm->vmd->base, pair[0], VMP_BODY_MAX, &vm_ops, vm);
	err = vm->conn ? config_send(vm) : -ENOMEM;
	if (err)
		kill(vm->pid, SIGKILL);
	return err;
}

static void autostart(struct vmd *d)
{
	struct vm_entry *vm;

	TAILQ_FOREACH(vm, &d->vms, link) {
		int err = vm->spec->disabled ? 0 : vm_start(vm);

		if (err)
			log_error("vm \"%s\": %s", vm->spec->name, strerror(-err));
	}
}

/* ---- the daemon --------------------------------------------------------------------------- */

static void force_all(evutil_socket_t fd, short what, void *data)
{
	struct vmd *d = data;
	struct vm_entry *vm;

	d->forced = true;
	TAILQ_FOREACH(vm, &d->vms, link) {
		if (!vm_running(vm))
			continue;
		log_warn("vm \"%s\" did not shut down in time; ending it by force", vm->spec->name);
		vm_force(vm);
	}
}

static void end_asked(evutil_socket_t sig, short what, void *data)
{
	struct vmd *d = data;
	struct timeval patience = { .tv_sec = d->conf->shutdown_timeout };
	struct vm_entry *vm;

	if (d->ending) {
		if (!d->forced)
			force_all(-1, 0, d);
		return;
	}
	d->ending = true;
	log_info("ending; asking %s", all_down(d) ? "nobody: no VM runs" : "the VMs to shut down");
	TAILQ_FOREACH(vm, &d->vms, link)
		if (vm->conn)
			fconn_send(vm->conn, VMP_SHUTDOWN, NULL, 0, NULL, 0);
	if (all_down(d))
		event_base_loopexit(d->base, NULL);
	else
		evtimer_add(d->force_ev, &patience);
}

/* The end of its terminal for one in the foreground; nothing for a daemon. */
static void hangup(evutil_socket_t sig, short what, void *data)
{
	const struct vmd *d = data;

	if (d->foreground)
		end_asked(sig, what, data);
	else
		log_info("a change of the configuration needs a restart");
}

/* The lock lasts as long as the descriptor, which nobody closes. */
static int state_dir_take(struct vmd *d)
{
	char path[PATH_MAX];
	/* VMs with users of their own pass through it to their folders. */
	mode_t mode = geteuid() ? 0700 : 0711;
	int fd, err = dir_make(d->conf->state_dir, mode);

	if (!err && chmod(d->conf->state_dir, mode) < 0)
		err = -errno;
	if (err) {
		log_error("state-dir %s: %s", d->conf->state_dir, strerror(-err));
		return err;
	}
	snprintf(path, sizeof(path), "%s/lock", d->conf->state_dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0) {
		err = -errno;
		if (err == -EWOULDBLOCK)
			log_error("another vmd uses state-dir %s; stop it, or set another state-dir "
				  "and socket (-s)", d->conf->state_dir);
		else
			log_error("%s: %s", path, strerror(-err));
		fd_cleanup(&fd);
	}
	return err;
}

static int entries_new(struct vmd *d)
{
	struct conf_vm *v;

	STAILQ_FOREACH(v, &d->conf->vms, link) {
		struct vm_entry *vm = calloc(1, sizeof(*vm));

		if (!vm)
			return -ENOMEM;
		vm->vmd = d;
		vm->spec = v->spec;
		vm->since_ms = vmd_now_ms();
		TAILQ_INSERT_TAIL(&d->vms, vm, link);
		vm->kill_ev = evtimer_new(d->base, kill_time, vm);
		if (!vm->kill_ev)
			return -ENOMEM;
	}
	return identity_assign(d->conf, !geteuid());
}

static void entries_free(struct vmd *d)
{
	struct vm_entry *vm;

	while ((vm = TAILQ_FIRST(&d->vms))) {
		TAILQ_REMOVE(&d->vms, vm, link);
		fconn_free(vm->conn);
		if (vm->kill_ev)
			event_free(vm->kill_ev);
		json_object_put(vm->state);
		free(vm->reason);
		free(vm);
	}
}

static int events_new(struct vmd *d)
{
	d->child_ev = evsignal_new(d->base, SIGCHLD, child_ended, d);
	d->term_ev = evsignal_new(d->base, SIGTERM, end_asked, d);
	d->int_ev = evsignal_new(d->base, SIGINT, end_asked, d);
	d->hup_ev = evsignal_new(d->base, SIGHUP, hangup, d);
	d->force_ev = evtimer_new(d->base, force_all, d);
	if (!d->child_ev || !d->term_ev || !d->int_ev || !d->hup_ev || !d->force_ev ||
	    evsignal_add(d->hup_ev, NULL) < 0 ||
	    evsignal_add(d->child_ev, NULL) < 0 || evsignal_add(d->term_ev, NULL) < 0 ||
	    evsignal_add(d->int_ev, NULL) < 0)
		return -ENOMEM;
	return 0;
}

static void events_free(struct vmd *d)
{
	struct event *const all[] = { d->child_ev, d->term_ev, d->int_ev, d->hup_ev, d->force_ev };
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i])
			event_free(all[i]);
}

int vmd_run(struct vmd *d, void (*ready)(void))
{
	int err;

	signal(SIGPIPE, SIG_IGN);
	LIST_INIT(&d->waiters);
	d->listen_fd = -1;
	TAILQ_INIT(&d->vms);
	d->base = event_base_new();
	err = d->base ? events_new(d) : -ENOMEM;
	if (err)
		log_error("%s", strerror(-err));
	else
		err = control_open(d);
	if (!err)
		err = state_dir_take(d);
	if (!err) {
		err = entries_new(d);
		if (err)
			log_error("%s", strerror(-err));
	}
	if (!err) {
		/* First: a VM process must not inherit the terminal of the daemon that is to be. */
		ready();
		autostart(d);
		event_base_dispatch(d->base);
		log_info("ended");
	}
	control_close(d);
	entries_free(d);
	events_free(d);
	if (d->base)
		event_base_free(d->base);
	return err ? 1 : 0;
}
