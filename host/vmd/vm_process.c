/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm_process.c - one VM's process: puts its parts together and tells the parent how it goes
 *
 *	VM_STARTING -> VM_RUNNING <-> VM_PAUSED -> VM_ENDED, from each state; then the process exits
 *
 * Order of the start: configuration from the parent; log, console and the sockets of the fronts; QEMU,
 * which connects to them; then the sandbox, after which nothing can be started any more.
 * The parent is told by VMP_STATE: {"state", "engine-pid", "tools", "host-name", "ip", "faults"}, three as
 * far as the guest said, the last when any is set.  When the parent goes away the VM ends by force:
 * nobody could reach it.
 * One thread, one event loop; the engine's callbacks come from it, so what they free is freed later.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include <event2/event.h>
#include <json-c/json.h>

#include "host/base/bytes.h"
#include "host/base/fconn.h"
#include "host/base/fd.h"
#include "host/base/frame.h"
#include "host/base/log.h"
#include "host/base/sandbox.h"
#include "host/model/guestrpc.h"
#include "host/vmd/console.h"
#include "host/vmd/vm_devices.h"
#include "host/vmd/vm_faults.h"
#include "host/vmd/vm_process.h"
#include "host/vmm/engine.h"
#include "host/vmm/front_server.h"
#include "host/vmm/guest_json.h"

/* How long the agent may take to say that it will power off. */
#define HALT_ANSWER_MS	10000

static const char *const state_names[] = {
	[VM_STARTING] = "starting",
	[VM_RUNNING] = "running",
	[VM_PAUSED] = "paused",
	[VM_ENDED] = "down",
};

static void send_json(struct vm_process *p, enum vmp_type type, struct json_object *body)
{
	const char *text = json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN);

	if (p->parent)
		fconn_send(p->parent, type, text, strlen(text), NULL, 0);
	json_object_put(body);
}

static void guest_add(const struct vm_process *p, struct json_object *body)
{
	static const char *const keys[] = { "tools", "host-name", "ip" };
	struct json_object *brief = guest_json_brief(p->devices->grpc, p->devices->front), *v;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (json_object_object_get_ex(brief, keys[i], &v))
			json_object_object_add(body, keys[i], json_object_get(v));
	json_object_put(brief);
}

static void state_tell(evutil_socket_t fd, short what, void *data)
{
	struct vm_process *p = data;
	struct json_object *body = json_object_new_object(), *faults;
	const char *state = p->stopping ? "stopping" : state_names[p->state];

	json_object_object_add(body, "state", json_object_new_string(state));
	json_object_object_add(body, "engine-pid", json_object_new_int(engine_pid(p->engine)));
	guest_add(p, body);
	faults = vm_faults_names(p);
	if (faults)
		json_object_object_add(body, "faults", faults);
	send_json(p, VMP_STATE, body);
}

void vm_state_changed(struct vm_process *p)
{
	if (p->engine)
		event_active(p->state_ev, EV_TIMEOUT, 0);
}

bool vm_log_allows(struct vm_process *p)
{
	return log_allows(&p->guest_lines, front_now_ms(NULL));
}

/* The last words; the loop ends when they are sent. */
static void ended(struct vm_process *p, bool failed, const char *reason)
{
	struct json_object *body = json_object_new_object();

	p->state = VM_ENDED;
	json_object_object_add(body, "failed", json_object_new_boolean(failed));
	json_object_object_add(body, "reason", json_object_new_string(reason));
	send_json(p, VMP_ENDED, body);
	if (failed)
		log_error("%s", reason);
	else
		log_info("ended: %s", reason);
	event_base_loopexit(p->base, NULL);
}

/* ---- the engine --------------------------------------------------------------------------- */

static void engine_up(void *data)
{
	struct vm_process *p = data;

	p->state = VM_RUNNING;
	log_info("running");
	vm_state_changed(p);
}

static void engine_was_reset(void *data)
{
	struct vm_process *p = data;

	if (vm_log_allows(p))
		log_info("the guest was reset");
	p->stopping = false;
	vm_state_changed(p);
}

static void engine_paused(void *data, int paused)
{
	struct vm_process *p = data;

	if (p->state == VM_RUNNING || p->state == VM_PAUSED)
		p->state = paused ? VM_PAUSED : VM_RUNNING;
	vm_state_changed(p);
}

static void engine_output(void *data, const char *line)
{
	struct vm_process *p = data;
	char text[512];

	if (vm_log_allows(p))
		log_info("%s: %s", p->engine->class->name,
			 log_escape(text, sizeof(text), line, strlen(line)));
}

static void engine_ended(void *data, enum engine_end how, const char *text)
{
	char escaped[ENGINE_TEXT_MAX];

	ended(data, how == ENGINE_END_FAILED, log_escape(escaped, sizeof(escaped), text,
							 strlen(text)));
}

static const struct engine_ops engine_ops = {
	.up = engine_up,
	.reset = engine_was_reset,
	.paused = engine_paused,
	.output = engine_output,
	.ended = engine_ended,
};

/* ---- shutting down ------------------------------------------------------------------------ */

static void power_button(struct vm_process *p, const char *why)
{
	log_info("%s; pressing the power button", why);
	engine_order(p->engine, ENGINE_POWER_BUTTON, NULL, NULL);
}

static void halt_answered(void *data, int err, const char *reply, size_t len)
{
	struct vm_process *p = data;

	if (p->state == VM_ENDED || err == -ECANCELED)
		return;
	if (err || strncmp(reply, GRPC_TCLO_OK, strlen(GRPC_TCLO_OK)))
		power_button(p, err ? "the agent did not answer" : "the agent refused to power off");
	else
		log_info("the agent powers the guest off");
}

const char *vm_ask_shutdown(struct vm_process *p)
{
	p->stopping = true;
	vm_state_changed(p);
	if (p->state == VM_PAUSED)
		engine_order(p->engine, ENGINE_RESUME, NULL, NULL);
	p->stop_unheard = grpc_power(p->devices->grpc, GRPC_STATE_HALT, HALT_ANSWER_MS,
				     halt_answered, p) <= 0;
	if (!p->stop_unheard)
		return "tools";
	power_button(p, "the guest has no agent");
	return "power-button";
}

void vm_agent_runs(struct vm_process *p)
{
	if (p->stopping && p->stop_unheard)
		vm_ask_shutdown(p);
}

/* ---- start -------------------------------------------------------------------------------- */

int vm_fault(char *ret_text, int err, const char *what, const char *path)
{
	int n = snprintf(ret_text, ENGINE_TEXT_MAX, "%.32s%s%.400s: ", what, *path ? " " : "", path);

	snprintf(ret_text + n, (size_t)(ENGINE_TEXT_MAX - n), "%s",
		 err == -ENAMETOOLONG ? "too long for a socket; set a shorter state-dir" :
		 err == -EMFILE ? "too many open files; raise the limit (ulimit -n) to 256 or more" :
				  strerror(-err));
	return err;
}

static int paths_set(struct vm_process *p)
{
	const char *name = p->vm->name;
	const int size = PATH_MAX;

	if (snprintf(p->dir, PATH_MAX, "%s/%s", p->conf->state_dir, name) >= size ||
	    snprintf(p->vsock, PATH_MAX, "%s/vsock", p->dir) >= size ||
	    snprintf(p->console_path, PATH_MAX, "%s/console.log", p->dir) >= size)
		return -ENAMETOOLONG;
	if (p->vm->vsock)
		snprintf(p->vsock, PATH_MAX, "%s", p->vm->vsock);
	if (p->vm->console)
		snprintf(p->console_path, PATH_MAX, "%s", p->vm->console);
	return 0;
}

static int log_start(struct vm_process *p)
{
	char path[PATH_MAX + 8];

	snprintf(path, sizeof(path), "%s/vm.log", p->dir);
	return log_to_file(path, VM_LOG_MAX);
}

static int machine_start(struct vm_process *p, char *ret_text)
{
	struct engine_input in = {
		.vm = p->vm,
		.qemu = &p->conf->qemu,
		.container = p->conf->container,
		.uuid = p->vm->uuid,
		.front_socket = p->devices->front_socket,
		.vmci_socket = p->devices->vfu ? p->devices->vmci_socket : NULL,
	};
	char cache[PATH_MAX + 16];
	_autoclose_ int console_fd = -1;

	p->console = console_new(p->base, p->console_path, &console_fd);
	if (!p->console)
		return vm_fault(ret_text, -errno, "console", p->console_path);
	snprintf(cache, sizeof(cache), "%s/qemu-version", p->dir);
	in.version_cache = cache;
	in.console_fd = console_fd;
	return engine_start(p->base, &in, &engine_ops, p, &p->engine, ret_text);
}

/* 0, or -errno with a line in @ret_text */
static int prepare(struct vm_process *p, char *ret_text)
{
	int err = paths_set(p);

	if (!err)
		err = dir_make(p->dir, 0700);
	if (err)
		return vm_fault(ret_text, err, "state-dir", p->dir);
	/* From here on with the VM's own rights. */
	err = vm_user_become(p, ret_text);
	if (err)
		return err;
	err = log_start(p);
	return err ? vm_fault(ret_text, err, "state-dir", p->dir) : 0;
}

/* 0, or -errno with a line in @ret_text */
static int start(struct vm_process *p, char *ret_text)
{
	int err = prepare(p, ret_text);

	if (err)
		return err;
	err = vm_spec_check(p->vm, ret_text, ENGINE_TEXT_MAX);
	if (err)
		return err;
	err = sandbox_limits();
	if (err)
		return vm_fault(ret_text, err, "limits", "");
	err = vm_devices_new(p, ret_text);
	if (!err)
		err = machine_start(p, ret_text);
	if (err)
		return err;
	err = sandbox_enter();
	return err ? vm_fault(ret_text, err, "sandbox", "") : 0;
}

static void config_error(void *data, const char *line)
{
	log_error("%s", line);
}

static void configured(struct vm_process *p, const struct frame *f)
{
	const struct conf_errors errors = { .line = config_error };
	char text[ENGINE_TEXT_MAX] = "its configuration could not be read";
	char prog[VM_NAME_MAX + 8];
	int err = -EPROTO;

	if (!p->conf && !conf_parse(f->body, f->len, "parent", &errors, &p->conf)) {
		p->vm = STAILQ_FIRST(&p->conf->vms)->spec;
		snprintf(prog, sizeof(prog), "vmd: %s", p->vm->name);
		log_init(prog, log_level());
		err = start(p, text);
	}
	if (err)
		ended(p, true, text);
	else
		vm_state_changed(p);
}

/* ---- the parent --------------------------------------------------------------------------- */

static void client_came(struct vm_process *p, struct frame *f)
{
	struct ctl_request req;
	uint32_t type;

	if (f->len < sizeof(type) || f->fd_count != 1)
		return;
	memcpy(&type, f->body, sizeof(type));
	/* The parent checked it; a second look costs nothing. */
	if (!ctl_request_parse(type, f->body + sizeof(type), f->len - sizeof(type), &req))
		vm_ctl_serve(p, frame_take_fd(f, 0), &req);
}

static void parent_frame(struct fconn *c, struct frame *f, void *data)
{
	struct vm_process *p = data;

	if (f->type == VMP_CONFIG) {
		configured(p, f);
		return;
	}
	if (!p->engine || p->state == VM_ENDED)
		return;
	if (f->type == VMP_CLIENT)
		client_came(p, f);
	else if (f->type == VMP_SHUTDOWN)
		vm_ask_shutdown(p);
	else if (f->type == VMP_FORCE)
		engine_quit(p->engine);
}

static void parent_gone(struct fconn *c, int err, void *data)
{
	struct vm_process *p = data;

	fconn_free(c);
	p->parent = NULL;
	log_warn("vmd is gone; the VM ends");
	if (p->engine)
		engine_quit(p->engine);
	else
		event_base_loopexit(p->base, NULL);
}

static const struct fconn_ops parent_ops = { .frame = parent_frame, .closed = parent_gone };

/* What is left of the connection when the loop has ended: a few bytes, to a parent that reads. */
static void parent_flush(struct vm_process *p)
{
	if (!p->parent)
		return;
	fconn_free_after_send(p->parent);
	event_base_loop(p->base, EVLOOP_ONCE);
}

int vm_process_main(int level)
{
	struct vm_process p = { .state = VM_STARTING };

	log_init("vmd: vm", (enum log_level)level);
	signal(SIGPIPE, SIG_IGN);
	p.base = event_base_new();
	if (p.base)
		p.state_ev = evtimer_new(p.base, state_tell, &p);
	fd_set_cloexec(VM_PROCESS_FD, 1);
	if (p.state_ev)
		p.parent = fconn_new(p.base, VM_PROCESS_FD, VMP_BODY_MAX, &parent_ops, &p);
	if (!p.parent) {
		log_error("out of memory");
		return 1;
	}
	event_base_dispatch(p.base);
	engine_free(p.engine);
	vm_devices_free(p.devices);
	console_free(p.console);
	parent_flush(&p);
	event_free(p.state_ev);
	event_base_free(p.base);
	conf_free(p.conf);
	return 0;
}
