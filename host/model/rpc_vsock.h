/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rpc_vsock.h - GuestRPC over vSockets: the ports 976 (RPCI) and 975 (TCLO) of context 0
 *
 * A user of vsock_host.h on one side and a transport of guestrpc.h on the other; pure as they are.
 */
#ifndef VMTKIT_HOST_MODEL_RPC_VSOCK_H
#define VMTKIT_HOST_MODEL_RPC_VSOCK_H

#include <stdbool.h>
#include <stdint.h>

struct grpc;
struct rpcv;
struct vsh;

#define RPCV_CLIENTS_MAX	128	/* as many as the backdoor has channels */
#define RPCV_UNPRIVILEGED_MAX	96	/* the rest is kept for privileged ones */

/* Counts since rpcv_new(); names are those of vmctl guest --json. */
#define RPCV_COUNTERS(X)                                                                           \
	X(clients)		/* streams that came up */                                         \
	X(over_clients)		/* refused: as many as there may be are open */                    \
	X(unprivileged_tclo)	/* refused: TCLO is for privileged ports only */                   \
	X(bad_packets)		/* streams closed for a packet that is none */                     \
	X(unknown_packets)	/* of a type that we do not know: ignored */                       \
	X(pings)                                                                                   \
	X(fast_closes)		/* streams that we closed after the reply, as asked */             \
	X(taken)		/* TCLO streams closed because another client came */

struct rpcv_counters {
#define RPCV_COUNTER_FIELD(name) uint64_t name;
	RPCV_COUNTERS(RPCV_COUNTER_FIELD)
#undef RPCV_COUNTER_FIELD
};

/* One stream as rpcv_walk() shows it. */
struct rpcv_info {
	uint32_t guest_port;
	bool privileged;		/* its port is one that only a privileged program may have */
	bool tclo;
	uint64_t messages;		/* requests, or replies to commands */
};

struct rpcv_ops {
	/* There is more to do: call rpcv_tick() in the next turn of the event loop. */
	void (*again)(void *data);
};

/*
 * rpcv_new - serve both ports
 * @vsh, @g: must outlive the result
 *
 * Returns NULL when memory is short.
 */
struct rpcv *rpcv_new(struct vsh *vsh, struct grpc *g, const struct rpcv_ops *ops, void *data);

/* rpcv_free - closes all streams; NULL is fine */
void rpcv_free(struct rpcv *rpc);

/* rpcv_tick - go on where ops.again was called */
void rpcv_tick(struct rpcv *rpc);

/* rpcv_walk - call @fn for each stream, oldest first; it must not change anything */
void rpcv_walk(const struct rpcv *rpc, void (*fn)(void *data, const struct rpcv_info *info),
	       void *data);

const struct rpcv_counters *rpcv_counters(const struct rpcv *rpc);

#endif /* VMTKIT_HOST_MODEL_RPC_VSOCK_H */
