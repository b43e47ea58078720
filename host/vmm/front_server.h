/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * front_server.h - the VM process's end of the front protocol (host/front/front.h)
 *
 * Listens on a SOCK_SEQPACKET socket for the one front of this VM (the plugin in QEMU), gives its
 * messages to the GuestRPC model and the model's commands to it, and runs the model's timer.
 * QEMU counts as hostile here: every size is checked, and a front that breaks the protocol is cut
 * off.
 */
#ifndef VMTKIT_HOST_VMM_FRONT_SERVER_H
#define VMTKIT_HOST_VMM_FRONT_SERVER_H

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct fault_rule;
struct faults;
struct front_server;
struct grpc;

/* What the guest is told about the machine that it is in. */
struct front_params {
	uint8_t uuid[16];	/* in the order in which it is written */
	uint32_t memory_mib;
	uint32_t vcpus;
	uint32_t hypercall;	/* BDOOR_CPUID_ECX_* to offer, or 0 */
	const struct faults *faults;	/* outlives the server: what a front begins with; NULL: none */
};

enum front_change {
	FRONT_CAME,
	FRONT_GONE,		/* it hung up, as QEMU does at its end */
	FRONT_CUT_OFF,		/* by us: it broke the rules */
};

struct front_server_ops {
	/* @why: one line with the cause, and the remedy if there is one */
	void (*front)(void *data, enum front_change what, const char *why);
	void (*crashed)(void *data);		/* the guest says that its kernel panicked */
};

struct front_stats {
	uint64_t rpci;			/* requests that reached the model */
	uint64_t resets;		/* guest resets seen */
	uint64_t crashes;		/* panics that the guest told */
	uint64_t polls;			/* of TCLO, counted by the front */
	uint64_t timeouts;		/* requests that the front gave up on */
	uint64_t refused_opens;		/* all channels in use */
	uint64_t bad_cookies;
	uint64_t tsc_khz;		/* as measured by the front */
};

/*
 * front_server_new - listen for the front
 * @listen_fd: a listening SOCK_SEQPACKET socket; owned from here on, also on failure
 * @g: must outlive the server
 *
 * Returns NULL and sets errno.
 */
struct front_server *front_server_new(struct event_base *base, int listen_fd, struct grpc *g,
				      const struct front_params *params,
				      const struct front_server_ops *ops, void *data);
void front_server_free(struct front_server *s);		/* NULL is fine */

bool front_server_connected(const struct front_server *s);

/* Clock of the agent's last poll (front_now_ms()), or 0. */
uint64_t front_server_last_poll_ms(const struct front_server *s);

void front_server_stats(const struct front_server *s, struct front_stats *ret);

/* Every channel answers its next step with the checkpoint bit, as after a restore. */
int front_server_checkpoint(struct front_server *s);

/*
 * front_server_fault, front_server_fault_clear - pass a change of the faults on to the front
 * @kind: enum fault_kind, or FAULT_KINDS for all
 *
 * Return 0, also when no front is there, as the next one is given all; or -errno.
 */
int front_server_fault(struct front_server *s, const struct fault_rule *rule);
int front_server_fault_clear(struct front_server *s, unsigned int kind);

/* front_server_fired - how often a fault of that kind has fired in the front */
uint64_t front_server_fired(const struct front_server *s, unsigned int kind);

/* CLOCK_MONOTONIC in ms; fits grpc_ops.now_ms. */
uint64_t front_now_ms(void *unused);

#endif /* VMTKIT_HOST_VMM_FRONT_SERVER_H */
