/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm_ctl.c - the verbs of vmctl that a VM's process answers itself, over the client's connection
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "host/base/fconn.h"
#include "host/base/fd.h"
#include "host/base/frame.h"
#include "host/base/log.h"
#include "host/vmd/console.h"
#include "host/vmd/reply.h"
#include "host/vmd/vm_process.h"
#include "host/vmm/engine_qemu.h"

/* One request; freed when it is answered or its client hangs up. */
struct client {
	struct vm_process *p;
	struct fconn *conn;
};

static void client_done(struct client *cl)
{
	free(cl);
}

static void client_frame(struct fconn *c, struct frame *f, void *data)
{
	/* One request a connection: more is a mistake of the client, and answered by silence. */
}

static void client_closed(struct fconn *c, int err, void *data)
{
	fconn_free(c);
	client_done(data);
}

static const struct fconn_ops client_ops = { .frame = client_frame, .closed = client_closed };

static void answer_ok(struct client *cl, struct json_object *body)
{
	reply_ok(cl->conn, body);
	client_done(cl);
}

static struct json_object *object_of(const char *key, const char *value)
{
	struct json_object *obj = json_object_new_object();

	json_object_object_add(obj, key, json_object_new_string(value));
	return obj;
}

static void stop(struct client *cl, const struct ctl_request *req)
{
	if (req->flags & CTL_FORCE) {
		engine_qemu_quit(cl->p->engine);
		answer_ok(cl, object_of("method", "force"));
		return;
	}
	answer_ok(cl, object_of("method", vm_ask_shutdown(cl->p)));
}

/* The answer goes first, then the connection is the port's. */
static void console(struct client *cl)
{
	struct vm_process *p = cl->p;
	int fd;

	reply_part(cl->conn, NULL, -1);
	fd = fconn_release(cl->conn);
	if (fd >= 0)
		console_attach(p->console, fd);
	else
		fconn_free(cl->conn);
	client_done(cl);
}

void vm_ctl_serve(struct vm_process *p, int conn_fd, const struct ctl_request *req)
{
	struct client *cl = calloc(1, sizeof(*cl));

	if (!cl) {
		close(conn_fd);
		return;
	}
	cl->p = p;
	cl->conn = fconn_new(p->base, conn_fd, 0, &client_ops, cl);
	if (!cl->conn) {
		free(cl);
		return;
	}
	switch ((int)req->type) {
	case CTL_STOP:
		stop(cl, req);
		return;
	case CTL_CONSOLE:
		console(cl);
		return;
	}
	reply_error(cl->conn, CTL_CODE_FAILED, "vm \"%s\" cannot do that", p->vm->name);
	client_done(cl);
}
