/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guestrpc.h - model of GuestRPC: all that a guest and its host tell each other in messages
 *
 * Three users.  A transport (the front server; later vSockets) gives it the guest's requests
 * (RPCI), carries its commands to the guest (TCLO) and reports what became of each.  The VM process
 * sends commands, powers the guest off, keeps variables, and hears events.  Renderers read the
 * report. Pure: no descriptors, no threads; the clock is an op, timers are asked for through the
 * transport. Callbacks run inside the call that caused them, and must not free the model.
 */
#ifndef VMTKIT_HOST_MODEL_GUESTRPC_H
#define VMTKIT_HOST_MODEL_GUESTRPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/guestrpc.h"

struct faults;
struct grpc;
struct grpc_report;

#define GRPC_NEVER	UINT64_MAX		/* a deadline that does not come */

/* What is known of the agent in the guest. */
enum grpc_tools {
	GRPC_TOOLS_NONE,	/* no agent since the guest started */
	GRPC_TOOLS_STARTING,	/* its channel is open; reset and capabilities are under way */
	GRPC_TOOLS_RUNNING,	/* it has answered all that; commands are carried out */
	GRPC_TOOLS_GONE,	/* it closed its channel */
};

/* How lately the agent looked for a command. */
enum grpc_heartbeat {
	GRPC_HEARTBEAT_GREY,	/* no agent */
	GRPC_HEARTBEAT_GREEN,	/* within GRPC_HEARTBEAT_YELLOW_MS */
	GRPC_HEARTBEAT_YELLOW,	/* within GRPC_HEARTBEAT_RED_MS */
	GRPC_HEARTBEAT_RED,	/* its channel is open, but it is silent */
};

#define GRPC_HEARTBEAT_YELLOW_MS	20000
#define GRPC_HEARTBEAT_RED_MS		60000

struct grpc_config {
	size_t var_max;		/* bytes of one value; 0 = GRPC_VAR_MAX */
	size_t var_total_max;	/* bytes of all names and values; 0 = GRPC_VAR_TOTAL_MAX */
	unsigned int var_count_max;	/* 0 = GRPC_VAR_COUNT_MAX */
	uint32_t ping_ms;	/* ping an idle agent that often; 0 = never: its polls are enough */
	bool sync_time;		/* ask the agent to keep the clock (Set_Option synctime) */
	struct faults *faults;	/* outlives the model; NULL: none */
};

#define GRPC_VAR_KEY_MAX	127		/* bytes */
#define GRPC_VAR_MAX		65000
#define GRPC_VAR_TOTAL_MAX	(1u << 20)
#define GRPC_VAR_COUNT_MAX	512

enum grpc_event_type {
	GRPC_EVENT_TOOLS,	/* grpc_tools_state() changed */
	GRPC_EVENT_REPORT,	/* part of the report changed: @what is a GRPC_INFO_* number */
	GRPC_EVENT_POWER,	/* the guest ended a power operation: @what GRPC_STATE_*, @ok */
	GRPC_EVENT_VAR,		/* the guest set a variable: @text its name */
	GRPC_EVENT_OPTION,	/* the guest asks to change an option: @text "name old new" */
	GRPC_EVENT_LOG,		/* the guest logs a line: @text; limited in rate, not yet escaped */
	GRPC_EVENT_RESET,	/* the guest started anew */
};

struct grpc_event {
	enum grpc_event_type type;
	unsigned int what;
	bool ok;
	const char *text;	/* NUL-terminated bytes of the guest: escape before showing */
};

/* What the model asks of the VM process. */
struct grpc_ops {
	uint64_t (*now_ms)(void *data);		/* monotonic */
	void (*event)(void *data, const struct grpc_event *ev);
};

/* What the model asks of the transport that carries TCLO; all may be called inside any input. */
struct grpc_transport {
	/* Hand @msg over for the guest's next poll; -ENOSPC or -ENOTCONN: the model tries later. */
	int (*push)(void *data, uint32_t seq, const void *msg, size_t len);
	/* Forget @seq if the guest has not begun to read it; a late report of it is ignored. */
	void (*cancel)(void *data, uint32_t seq);
	/* grpc_sync_time() changed. */
	void (*sync_time)(void *data);
	/* Call grpc_tick() at @at_ms; replaces the request before; GRPC_NEVER ends it. */
	void (*timer)(void *data, uint64_t at_ms);
};

/*
 * grpc_new - the state of a guest that has just been made
 * @ops: must outlive the model
 *
 * Returns NULL when memory is short.
 */
struct grpc *grpc_new(const struct grpc_config *config, const struct grpc_ops *ops, void *data);
void grpc_free(struct grpc *g);		/* pending commands end with -ECANCELED; NULL is fine */

/* ---- commands to the guest ------------------------------------------------------------------- */

/*
 * How a command ended; called once.
 * @err: 0 with the guest's whole reply (which begins "OK " or "ERROR " if the agent is sound), or
 *	 -ETIMEDOUT, -ECONNRESET (the agent went away after it took it), -EMSGSIZE (the agent
 *	 refused it), -ECANCELED (reboot, or the model is freed)
 * @reply: valid during the call, a NUL follows the @len bytes
 */
typedef void (*grpc_done_fn)(void *data, int err, const char *reply, size_t len);

/*
 * grpc_send - queue a command for the agent
 * @msg: 1..GRPC_SEND_MAX bytes, copied
 * @timeout_ms: for all of it, from now
 * @done: NULL if nobody wants to know
 *
 * Returns an id > 0, -ENOTCONN (no agent), -EMSGSIZE, -ENOBUFS (GRPC_QUEUE_MAX are waiting) or
 * -ENOMEM.
 */
long grpc_send(struct grpc *g, const void *msg, size_t len, uint32_t timeout_ms, grpc_done_fn done,
	       void *data);

/* grpc_send_forget - whoever waits for command @id has gone; the command itself goes on */
void grpc_send_forget(struct grpc *g, long id);

/* grpc_power - ask for a GRPC_STATE_* change by its command; as grpc_send() */
long grpc_power(struct grpc *g, unsigned int state, uint32_t timeout_ms, grpc_done_fn done,
		void *data);

#define GRPC_SEND_MAX	65000
#define GRPC_QUEUE_MAX	64

enum grpc_tools grpc_tools_state(const struct grpc *g);

/* grpc_sync_time - whether the agent is to keep the clock; the guest may change it */
bool grpc_sync_time(const struct grpc *g);

/* grpc_heartbeat - @last_poll_ms: when the agent last polled, of the transport; 0 = never */
enum grpc_heartbeat grpc_heartbeat(const struct grpc *g, uint64_t last_poll_ms);

/* ---- variables ------------------------------------------------------------------------------- */

#define GRPC_VAR_READONLY	0x1	/* the guest may not change it */
#define GRPC_VAR_CONFIG		0x2	/* of vm.conf: grpc_guest_reset() restores it */
#define GRPC_VAR_BY_GUEST	0x4	/* the guest set it last */

struct grpc_var {
	const char *key;	/* "guestinfo.something" */
	const char *value;	/* bytes of the guest perhaps; a NUL follows */
	size_t len;
	unsigned int flags;	/* GRPC_VAR_* */
};

/*
 * grpc_var_set - set a variable from the host's side
 * @key: must begin "guestinfo."; letters, digits and . _ - / only
 * @value: NULL removes it
 * @flags: GRPC_VAR_READONLY, GRPC_VAR_CONFIG
 *
 * Returns 0, -EINVAL (name), -EMSGSIZE (value), -ENOSPC (a limit of the configuration), -ENOMEM,
 * -ENOENT (nothing to remove).
 */
int grpc_var_set(struct grpc *g, const char *key, const void *value, size_t len,
		 unsigned int flags);

/* grpc_var_get - returns false when there is none; @ret is valid until a variable is set */
bool grpc_var_get(const struct grpc *g, const char *key, struct grpc_var *ret);

/* grpc_var_next - walk in order of names: @i from 0 up; false at the end */
bool grpc_var_next(const struct grpc *g, size_t i, struct grpc_var *ret);

/* ---- for renderers: host/model/guest_report.h ------------------------------------------------ */

const struct grpc_report *grpc_report(const struct grpc *g);

/* ---- for transports -------------------------------------------------------------------------- */

/* grpc_transport_set - NULL takes it away: as grpc_tclo_closed() */
void grpc_transport_set(struct grpc *g, const struct grpc_transport *t, void *data);

/*
 * grpc_rpci - the guest asks
 * @req: @len bytes of the guest, not NUL-terminated
 * @reply: filled, at most @room bytes, @room >= 64
 *
 * Returns the length of the reply; 0: send none, as a fault has it.
 */
size_t grpc_rpci(struct grpc *g, const void *req, size_t len, char *reply, size_t room);

/* The guest opened a TCLO channel: what was pushed before is forgotten, the conversation begins. */
void grpc_tclo_opened(struct grpc *g);
/* The channel is gone: closed by the guest, taken by another, or broken. */
void grpc_tclo_closed(struct grpc *g);
/* The guest read @seq and said so. */
void grpc_tclo_accepted(struct grpc *g, uint32_t seq);
/* The guest would not read @seq. */
void grpc_tclo_refused(struct grpc *g, uint32_t seq);
/* The guest replied to @seq; 0 = it sent what nobody asked for.  Unknown numbers are ignored. */
void grpc_tclo_replied(struct grpc *g, uint32_t seq, const void *reply, size_t len);

/* The machine was reset: report and queue go, the guest's variables stay.  Idempotent. */
void grpc_guest_reset(struct grpc *g);

/* The time asked for has come (early calls do no harm). */
void grpc_tick(struct grpc *g);

/* A fault was set: those that nothing else would set off happen now. */
void grpc_faults_changed(struct grpc *g);

/* ---- for recordings: guest_tap.c ------------------------------------------------------------- */

/* @line: @len bytes with a newline at the end, as transcript(5) has them; valid during the call */
typedef void (*grpc_tap_fn)(void *data, const char *line, size_t len);

/* grpc_tap_set - be told all that goes in and out, from the next start of the guest on; NULL: end */
void grpc_tap_set(struct grpc *g, grpc_tap_fn tap, void *data);

/* grpc_tap_escape - bytes as a transcript has them; @ret: 4 * @len + 1 bytes; returns the length */
size_t grpc_tap_escape(char *ret, const void *bytes, size_t len);

#endif /* VMTKIT_HOST_MODEL_GUESTRPC_H */
