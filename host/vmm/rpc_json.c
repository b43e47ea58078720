/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rpc_json.c - who in a guest asks over what, as a JSON object
 */
#include <json-c/json.h>

#include "host/model/guest_report.h"
#include "host/model/rpc_vsock.h"
#include "host/vmm/rpc_json.h"

static void add_number(struct json_object *o, const char *name, uint64_t n)
{
	json_object_object_add(o, name, json_object_new_uint64(n));
}

static void add_client(void *data, const struct rpcv_info *info)
{
	struct json_object *o = json_object_new_object();

	add_number(o, "guest-port", info->guest_port);
	json_object_object_add(o, "protocol", json_object_new_string(info->tclo ? "tclo" : "rpci"));
	json_object_object_add(o, "privileged", json_object_new_boolean(info->privileged));
	add_number(o, "messages", info->messages);
	json_object_array_add(data, o);
}

static struct json_object *requests(const struct grpc *g, enum grpc_via via)
{
	struct json_object *o = json_object_new_object();

	add_number(o, "requests", grpc_report(g)->rpci_count[via]);
	return o;
}

static void add_streams(struct json_object *o, const struct rpcv *rpcv)
{
	const struct rpcv_counters *n = rpcv_counters(rpcv);
	struct json_object *clients = json_object_new_array();
	struct json_object *counters = json_object_new_object();

	rpcv_walk(rpcv, add_client, clients);
	json_object_object_add(o, "clients", clients);
#define ADD_COUNTER(name) add_number(counters, #name, n->name);
	RPCV_COUNTERS(ADD_COUNTER)
#undef ADD_COUNTER
	json_object_object_add(o, "counters", counters);
}

struct json_object *rpc_json(const struct grpc *g, const struct rpcv *rpcv)
{
	struct json_object *o = json_object_new_object(), *vsock;

	json_object_object_add(o, "backdoor", requests(g, GRPC_VIA_BACKDOOR));
	if (!rpcv)
		return o;
	vsock = requests(g, GRPC_VIA_VSOCK);
	add_streams(vsock, rpcv);
	json_object_object_add(o, "vsock", vsock);
	return o;
}
