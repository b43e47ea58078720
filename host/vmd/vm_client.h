/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm_client.h - one request to a VM's process
 *
 * Exactly one of the vm_client_*() functions ends it, and frees it.
 */
#ifndef VMTKIT_HOST_VMD_VM_CLIENT_H
#define VMTKIT_HOST_VMD_VM_CLIENT_H

#include "host/vmd/vm_process.h"

struct vsu_listener;

struct vm_client {
	struct vm_process *p;
	struct fconn *conn;		/* NULL: hung up, and `under_way` must end first */
	bool under_way;
	bool keep;			/* vsock listen: more than one stream */
	long grpc_id;			/* command to the agent, 0: none */
	int stream;			/* vsock connect: the client's end; -1: none */
	uint32_t timeout_ms;
	struct vsu_listener *listener;
};

void vm_client_free(struct vm_client *cl);
/* @body: taken, may be NULL */
void vm_client_ok(struct vm_client *cl, struct json_object *body);
void vm_client_error(struct vm_client *cl, enum ctl_code code, const char *text);
/* @err: of grpc_send() or its callback */
void vm_client_agent_error(struct vm_client *cl, int err);

/* vm_power - vm_power.c */
void vm_power(struct vm_client *cl, enum ctl_power what, uint32_t timeout_ms);

struct json_object *json_pair(const char *key, const char *value);

#endif /* VMTKIT_HOST_VMD_VM_CLIENT_H */
