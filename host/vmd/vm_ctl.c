/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm_ctl.c - the verbs of vmctl that a VM's process answers itself, over the client's connection
 *
 * A client is one request.  It is freed when it is answered, or when it hangs up; while something is
 * under way that cannot be taken back (a vSockets connect, an order to QEMU), it stays, with `conn` NULL,
 * until that ends.  Power operations are in vm_power.c, faults in vm_faults.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <json-c/json.h>

#include "host/base/fconn.h"
#include "host/base/fd.h"
#include "host/base/frame.h"
#include "host/base/log.h"
#include "host/model/guestrpc.h"
#include "host/vmd/console.h"
#include "host/vmd/reply.h"
#include "host/vmd/vm_client.h"
#include "host/vmd/vm_devices.h"
#include "host/vmd/vm_faults.h"
#include "host/vmd/vm_record.h"
#include "host/vmm/engine.h"
#include "host/vmm/guest_json.h"
#include "host/vmm/vsock_unix.h"

void vm_client_free(struct vm_client *cl)
{
	vsu_unlisten(cl->listener);
	free(cl);
}

void vm_client_ok(struct vm_client *cl, struct json_object *body)
{
	if (cl->conn)
		reply_ok(cl->conn, body);
	else
		json_object_put(body);
	vm_client_free(cl);
}

void vm_client_error(struct vm_client *cl, enum ctl_code code, const char *text)
{
	if (cl->conn)
		reply_error(cl->conn, code, "vm \"%s\": %s", cl->p->vm->name, text);
	vm_client_free(cl);
}

void vm_client_agent_error(struct vm_client *cl, int err)
{
	switch (err) {
	case -ENOTCONN:
		vm_client_error(cl, CTL_CODE_NO_TOOLS, "no agent runs in the guest; `vmctl wait NAME "
				"tools` waits for it");
		return;
	case -ETIMEDOUT:
		vm_client_error(cl, CTL_CODE_TIMEOUT, "the agent did not answer in time");
		return;
	case -ECONNRESET:
	case -ECANCELED:
		vm_client_error(cl, CTL_CODE_NO_TOOLS, "the agent went away before it answered");
		return;
	case -ENOBUFS:
		vm_client_error(cl, CTL_CODE_FAILED, "too many commands wait for the agent");
		return;
	case -EMSGSIZE:
		vm_client_error(cl, CTL_CODE_FAILED, "the command is empty, too long, or was refused");
		return;
	default:
		vm_client_error(cl, CTL_CODE_FAILED, strerror(-err));
	}
}

static void client_frame(struct fconn *c, struct frame *f, void *data)
{
	/* One request a connection: what comes after it has no meaning and no answer. */
}

static void client_closed(struct fconn *c, int err, void *data)
{
	struct vm_client *cl = data;

	fconn_free(c);
	cl->conn = NULL;
	if (cl->grpc_id)
		grpc_send_forget(cl->p->devices->grpc, cl->grpc_id);
	if (!cl->under_way)
		vm_client_free(cl);
}

static const struct fconn_ops client_ops = { .frame = client_frame, .closed = client_closed };

struct json_object *json_pair(const char *key, const char *value)
{
	struct json_object *obj = json_object_new_object();

	json_object_object_add(obj, key, json_object_new_string(value));
	return obj;
}

/* What the guest told, and its streams. */
static void guest(struct vm_client *cl)
{
	struct vm_devices *d = cl->p->devices;
	struct json_object *body = guest_json(d->grpc, d->front);

	if (d->vsu)
		json_object_object_add(body, "vsock", vsu_status_json(d->vsu));
	vm_client_ok(cl, body);
}

/* ---- stop, pause, reset ------------------------------------------------------------------- */

static void stop(struct vm_client *cl, const struct ctl_request *req)
{
	if (req->flags & CTL_FORCE) {
		engine_quit(cl->p->engine);
		vm_client_ok(cl, json_pair("method", "force"));
	} else {
		vm_client_ok(cl, json_pair("method", vm_ask_shutdown(cl->p)));
	}
}

static void order_done(void *data, int err, const char *text)
{
	struct vm_client *cl = data;

	if (err)
		vm_client_error(cl, CTL_CODE_FAILED, text);
	else
		vm_client_ok(cl, NULL);
}

static void order(struct vm_client *cl, enum engine_order what)
{
	int err;

	cl->under_way = true;
	err = engine_order(cl->p->engine, what, order_done, cl);
	if (err)
		vm_client_error(cl, CTL_CODE_FAILED, strerror(-err));
}

/* ---- the agent ---------------------------------------------------------------------------- */

static void send_done(void *data, int err, const char *reply, size_t len)
{
	struct vm_client *cl = data;
	char *text;

	cl->grpc_id = 0;
	if (err) {
		vm_client_agent_error(cl, err);
		return;
	}
	/* A byte that is no text becomes three. */
	text = malloc(3 * len + 8);
	if (text)
		vm_client_ok(cl, json_pair("reply", guest_text(text, 3 * len + 8, reply, len)));
	else
		vm_client_error(cl, CTL_CODE_FAILED, strerror(ENOMEM));
	free(text);
}

static void send_command(struct vm_client *cl, const struct ctl_request *req)
{
	long id = grpc_send(cl->p->devices->grpc, req->value, req->value_len, req->timeout_ms,
			    send_done, cl);

	if (id < 0)
		vm_client_agent_error(cl, (int)id);
	else
		cl->grpc_id = id;
}

/* ---- variables ---------------------------------------------------------------------------- */

/* "name" means "guestinfo.name". */
static void key_complete(const char *key, char *ret, size_t size)
{
	static const char prefix[] = "guestinfo.";

	snprintf(ret, size, "%s%s", strncmp(key, prefix, strlen(prefix)) ? prefix : "", key);
}

static void var_get(struct vm_client *cl, const char *key)
{
	struct json_object *body;
	struct grpc_var var;
	char *text;

	if (!grpc_var_get(cl->p->devices->grpc, key, &var)) {
		vm_client_error(cl, CTL_CODE_FAILED, "there is no such variable");
		return;
	}
	text = malloc(3 * var.len + 8);
	if (!text) {
		vm_client_error(cl, CTL_CODE_FAILED, strerror(ENOMEM));
		return;
	}
	body = json_pair("key", key);
	json_object_object_add(body, "value", json_object_new_string(
				guest_text(text, 3 * var.len + 8, var.value, var.len)));
	free(text);
	vm_client_ok(cl, body);
}

static void var_change(struct vm_client *cl, const char *key, const struct ctl_request *req)
{
	bool set = req->type == CTL_VAR_SET;
	int err = grpc_var_set(cl->p->devices->grpc, key, set ? req->value : NULL, req->value_len,
			       req->flags & CTL_READONLY ? GRPC_VAR_READONLY : 0);

	switch (err) {
	case 0:
		vm_client_ok(cl, NULL);
		return;
	case -EINVAL:
		vm_client_error(cl, CTL_CODE_FAILED, "a variable's name is letters, digits and ._-/");
		return;
	case -ENOENT:
		vm_client_error(cl, CTL_CODE_FAILED, "there is no such variable");
		return;
	case -EMSGSIZE:
		vm_client_error(cl, CTL_CODE_FAILED, "the value is too long");
		return;
	case -ENOSPC:
		vm_client_error(cl, CTL_CODE_FAILED, "the VM has as many variables as it may have");
		return;
	default:
		vm_client_error(cl, CTL_CODE_FAILED, strerror(-err));
	}
}

static void variables(struct vm_client *cl, const struct ctl_request *req)
{
	char key[256];

	if (req->type == CTL_VAR_LIST) {
		vm_client_ok(cl, guest_json_vars(cl->p->devices->grpc));
		return;
	}
	key_complete(req->key, key, sizeof(key));
	if (req->type == CTL_VAR_GET)
		var_get(cl, key);
	else
		var_change(cl, key, req);
}

/* ---- streams ------------------------------------------------------------------------------ */

/* The answer goes first, then the connection is the port's. */
static void console(struct vm_client *cl)
{
	struct vm_process *p = cl->p;
	int fd;

	reply_part(cl->conn, NULL, -1);
	fd = fconn_release(cl->conn);
	if (fd >= 0)
		console_attach(p->console, fd);
	else
		fconn_free(cl->conn);
	vm_client_free(cl);
}

/* The answer goes first, then the connection is the recording's. */
static void record(struct vm_client *cl)
{
	struct recorder *r = cl->p->devices->recorder;
	int fd;

	if (recorder_busy(r)) {
		vm_client_error(cl, CTL_CODE_FAILED, "somebody records already");
		return;
	}
	reply_part(cl->conn, NULL, -1);
	fd = fconn_release(cl->conn);
	if (fd >= 0)
		recorder_start(r, fd);
	else
		fconn_free(cl->conn);
	vm_client_free(cl);
}

/* The stream is answered with, and the request ends. */
static void stream_answer(struct vm_client *cl, struct json_object *body, int fd)
{
	if (cl->conn) {
		reply_part(cl->conn, body, fd);
		fconn_free_after_send(cl->conn);
	} else {
		json_object_put(body);
		close(fd);
	}
	vm_client_free(cl);
}

static void connect_done(void *data, int err, uint32_t host_port)
{
	struct vm_client *cl = data;
	struct json_object *body;

	if (err) {
		fd_close(&cl->stream);
		vm_client_error(cl, err == -ETIMEDOUT ? CTL_CODE_TIMEOUT : CTL_CODE_FAILED,
				err == -ECONNREFUSED ? "nothing in the guest listens on that port" :
						       strerror(-err));
		return;
	}
	body = json_object_new_object();
	json_object_object_add(body, "host-port", json_object_new_int64(host_port));
	stream_answer(cl, body, fd_steal(&cl->stream));
}

static void vsock_connect(struct vm_client *cl, uint32_t port)
{
	int pair[2], err;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		vm_client_error(cl, CTL_CODE_FAILED, strerror(errno));
		return;
	}
	cl->stream = pair[0];
	cl->under_way = true;
	err = vsu_connect(cl->p->devices->vsu, port, pair[1], connect_done, cl);
	if (!err)
		return;
	close(pair[0]);
	close(pair[1]);
	vm_client_error(cl, CTL_CODE_FAILED, err == -ENOTCONN ?
			"the guest's vSockets driver is not up" : strerror(-err));
}

static void accepted(void *data, int fd, uint32_t guest_port)
{
	struct vm_client *cl = data;
	struct json_object *body = json_object_new_object();

	json_object_object_add(body, "guest-port", json_object_new_int64(guest_port));
	if (cl->keep)
		reply_part(cl->conn, body, fd);
	else
		stream_answer(cl, body, fd);
}

static void vsock_listen(struct vm_client *cl, const struct ctl_request *req)
{
	int err = vsu_listen(cl->p->devices->vsu, req->number, accepted, cl, &cl->listener);
	struct json_object *body;

	if (err) {
		vm_client_error(cl, CTL_CODE_FAILED, err == -EADDRINUSE ?
				"somebody listens on that port already" : strerror(-err));
		return;
	}
	cl->keep = req->flags & CTL_KEEP;
	body = json_object_new_object();
	json_object_object_add(body, "listening", json_object_new_int64(req->number));
	reply_part(cl->conn, body, -1);
}

static void vsock(struct vm_client *cl, const struct ctl_request *req)
{
	if (!cl->p->devices->vsu)
		vm_client_error(cl, CTL_CODE_FAILED, "it has no VMCI device (vmci off in vm.conf)");
	else if (req->type == CTL_VSOCK_CONNECT)
		vsock_connect(cl, req->number);
	else
		vsock_listen(cl, req);
}

/* ---- all verbs ---------------------------------------------------------------------------- */

static void serve(struct vm_client *cl, const struct ctl_request *req)
{
	switch (req->type) {
	case CTL_STOP:
		stop(cl, req);
		return;
	case CTL_GUEST:
		guest(cl);
		return;
	case CTL_VAR_GET:
	case CTL_VAR_SET:
	case CTL_VAR_UNSET:
	case CTL_VAR_LIST:
		variables(cl, req);
		return;
	case CTL_SEND:
		send_command(cl, req);
		return;
	case CTL_POWER:
		vm_power(cl, (enum ctl_power)req->number, req->timeout_ms);
		return;
	case CTL_VSOCK_CONNECT:
	case CTL_VSOCK_LISTEN:
		vsock(cl, req);
		return;
	case CTL_CONSOLE:
		console(cl);
		return;
	case CTL_RESET:
		order(cl, ENGINE_RESET);
		return;
	case CTL_PAUSE:
		order(cl, ENGINE_PAUSE);
		return;
	case CTL_UNPAUSE:
		order(cl, ENGINE_RESUME);
		return;
	case CTL_FAULT_SHOW:
	case CTL_FAULT_SET:
	case CTL_FAULT_CLEAR:
		vm_faults_serve(cl, req);
		return;
	case CTL_RECORD:
		record(cl);
		return;
	case CTL_STATUS:
	case CTL_START:
	case CTL_WAIT:
	case CTL_REQUEST_END:
	case CTL_OK:
	case CTL_ERROR:
		break;
	}
	vm_client_error(cl, CTL_CODE_FAILED, "its process does not know this request");
}

void vm_ctl_serve(struct vm_process *p, int conn_fd, const struct ctl_request *req)
{
	struct vm_client *cl = calloc(1, sizeof(*cl));

	if (!cl) {
		close(conn_fd);
		return;
	}
	cl->p = p;
	cl->stream = -1;
	cl->conn = fconn_new(p->base, conn_fd, 0, &client_ops, cl);
	if (cl->conn)
		serve(cl, req);
	else
		free(cl);
}
