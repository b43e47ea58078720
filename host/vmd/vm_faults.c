/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm_faults.c - the faults of one VM, as vmctl sees them
 *
 * The set belongs to the VM's devices.  Its models ask it in this process; a copy of each rule goes to
 * the front, where registers and the time are answered, and so what has fired is the sum of both.
 */
#include "host/vmd/vm_faults.h"

#include <errno.h>
#include <string.h>

#include <json-c/json.h>

#include "host/model/fault.h"
#include "host/model/guestrpc.h"
#include "host/model/vmci.h"
#include "host/vfio_user/vfu.h"
#include "host/vmd/vm_client.h"
#include "host/vmd/vm_devices.h"
#include "host/vmm/front_server.h"

struct faults *vm_faults_new(const struct vm_spec *vm)
{
	struct faults *f = faults_new();
	const struct vm_pair *line;

	if (!f)
		return NULL;
	STAILQ_FOREACH(line, &vm->faults, link)
		fault_set_lines(f, line->key, strlen(line->key));
	return f;
}

struct json_object *vm_faults_names(const struct vm_process *p)
{
	char names[FAULT_LINES_MAX] = "";
	enum fault_kind kind;

	for (kind = 0; kind < FAULT_KINDS; kind++) {
		if (!fault_get(p->devices->faults, kind))
			continue;
		if (*names)
			strcat(names, " ");
		strcat(names, fault_info(kind)->name);
	}
	return *names ? json_object_new_string(names) : NULL;
}

static void show(struct vm_client *cl)
{
	const struct vm_devices *d = cl->p->devices;
	struct json_object *body = json_object_new_object(), *list = json_object_new_array();
	char line[FAULT_LINE_MAX + 1];
	enum fault_kind kind;

	for (kind = 0; kind < FAULT_KINDS; kind++) {
		const struct fault_rule *rule = fault_get(d->faults, kind);
		uint64_t fired = fault_fired(d->faults, kind) + front_server_fired(d->front, kind);
		struct json_object *o;

		if (!rule && !fired)
			continue;
		o = json_pair("fault", fault_info(kind)->name);
		if (rule)
			json_object_object_add(o, "rule",
					       json_object_new_string(fault_line(rule, line)));
		json_object_object_add(o, "fired", json_object_new_uint64(fired));
		json_object_array_add(list, o);
	}
	json_object_object_add(body, "faults", list);
	vm_client_ok(cl, body);
}

/* The front has its copy before the client has its answer, if the socket takes it now. */
static void set(struct vm_client *cl, const struct ctl_request *req)
{
	struct vm_devices *d = cl->p->devices;
	char text[FAULT_ERROR_MAX];
	struct fault_rule rule;
	int err;

	if (fault_parse(req->value, req->value_len, &rule, text)) {
		vm_client_error(cl, CTL_CODE_USAGE, text);
		return;
	}
	err = fault_set(d->faults, &rule);
	if (!err)
		err = front_server_fault(d->front, &rule);
	if (err) {
		vm_client_error(cl, CTL_CODE_FAILED, strerror(-err));
		return;
	}
	grpc_faults_changed(d->grpc);
	if (d->vfu)
		vmci_faults_changed(vfu_device(d->vfu));
	vm_state_changed(cl->p);
	vm_client_ok(cl, NULL);
}

static void clear(struct vm_client *cl, const char *name)
{
	struct vm_devices *d = cl->p->devices;
	enum fault_kind kind = *name ? fault_find(name) : FAULT_KINDS;
	int err;

	if (*name && kind == FAULT_KINDS) {
		vm_client_error(cl, CTL_CODE_USAGE, "there is no such fault; vmctl fault --list shows "
				"them");
		return;
	}
	if (*name && !fault_clear(d->faults, kind)) {
		vm_client_error(cl, CTL_CODE_FAILED, "that fault is not set");
		return;
	}
	if (!*name)
		fault_clear_all(d->faults);
	err = front_server_fault_clear(d->front, kind);
	vm_state_changed(cl->p);
	if (err)
		vm_client_error(cl, CTL_CODE_FAILED, strerror(-err));
	else
		vm_client_ok(cl, NULL);
}

void vm_faults_serve(struct vm_client *cl, const struct ctl_request *req)
{
	if (req->type == CTL_FAULT_SET)
		set(cl, req);
	else if (req->type == CTL_FAULT_CLEAR)
		clear(cl, req->key);
	else
		show(cl);
}
