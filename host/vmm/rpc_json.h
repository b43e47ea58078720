/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rpc_json.h - who in a guest asks over what, as a JSON object
 */
#ifndef VMTKIT_HOST_VMM_RPC_JSON_H
#define VMTKIT_HOST_VMM_RPC_JSON_H

struct grpc;
struct json_object;
struct rpcv;

/*
 * rpc_json - requests by what they came over, and the clients over vSockets
 * @rpcv: NULL if the VM has no vSockets
 *
 * { "backdoor": { "requests": N },
 *   "vsock": { "requests": N, "clients": [ { "guest-port", "protocol": "rpci|tclo", "privileged",
 *	"messages" } ], "counters": { name: N } } }
 */
struct json_object *rpc_json(const struct grpc *g, const struct rpcv *rpcv);

#endif /* VMTKIT_HOST_VMM_RPC_JSON_H */
