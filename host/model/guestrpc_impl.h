/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guestrpc_impl.h - insides of the GuestRPC model, for its own files only
 *
 * guestrpc.c: requests of the guest; guest_tclo.c: commands to it; guestinfo.c: variables;
 * guest_tap.c: all of it as lines;
 * guest_report.c, guest_disks.c, guest_nics.c: what it says about itself.
 */
#ifndef VMTKIT_HOST_MODEL_GUESTRPC_IMPL_H
#define VMTKIT_HOST_MODEL_GUESTRPC_IMPL_H

#include <sys/queue.h>

#include "host/model/guest_report.h"
#include "host/model/guestrpc.h"

enum cmd_state {
	CMD_WAITING,	/* here only */
	CMD_PUSHED,	/* the transport has it ready for the next poll */
	CMD_ACCEPTED,	/* the guest has read it */
};

struct grpc_cmd {
	TAILQ_ENTRY(grpc_cmd) link;
	uint32_t seq;			/* of the last push */
	long id;
	enum cmd_state state;
	bool internal;			/* of the opening conversation, or a ping */
	uint64_t deadline_ms;
	grpc_done_fn done;		/* or NULL */
	void *data;
	size_t len;
	char msg[];			/* len bytes */
};

TAILQ_HEAD(grpc_cmd_list, grpc_cmd);

/* The opening conversation; each step ends when the guest has replied to all of it. */
enum talk {
	TALK_NONE,		/* no channel */
	TALK_RESET,
	TALK_CAPABILITIES,
	TALK_OPTIONS,
	TALK_READY,
};

struct var {
	char *key;		/* owned, as are the values */
	char *value;
	size_t len;
	char *config_value;	/* GRPC_VAR_CONFIG: what a reboot restores; may be value itself */
	size_t config_len;
	unsigned int flags;
};

struct grpc {
	struct grpc_config config;
	const struct grpc_ops *ops;
	void *data;
	const struct grpc_transport *transport;
	void *transport_data;

	/* guest_tclo.c */
	enum grpc_tools tools;
	enum talk talk;
	unsigned int talk_left;		/* replies that the step still waits for */
	bool power_on_sent;		/* OS_PowerOn, once for each start of the guest */
	struct grpc_cmd_list cmds;	/* in the order in which they go out */
	unsigned int cmd_count;
	unsigned int pushed;		/* of them, in CMD_PUSHED */
	uint32_t last_seq;
	long last_id;
	uint64_t talked_ms;		/* last reply */
	uint64_t timer_ms;		/* as last asked of the transport */

	/* guestinfo.c: sorted by name */
	struct var *vars;
	size_t var_count, var_room;
	size_t var_bytes;		/* of names and values */

	/* guest_tap.c */
	grpc_tap_fn tap;		/* or NULL */
	void *tap_data;
	bool tap_live;			/* the guest has started since */
	uint64_t tap_ms;		/* when it did */

	struct grpc_report report;
	uint64_t log_credit_ms;		/* guestrpc.c: rate of the log, in ms of refill time */
	uint64_t log_at_ms;
};

static inline uint64_t grpc_now(const struct grpc *g)
{
	return g->ops->now_ms(g->data);
}

void grpc_event(struct grpc *g, enum grpc_event_type type, unsigned int what, bool ok,
		const char *text);

/* ---- guest_tclo.c */
void tclo_init(struct grpc *g);
void tclo_free(struct grpc *g);
void tclo_guest_reset(struct grpc *g);
/* Tell the agent that an option has another value, if there is an agent. */
void tclo_set_option(struct grpc *g, const char *name, const char *value);

/* ---- guestinfo.c: 0 or a negative errno, as grpc_var_set() */
int vars_set_by_guest(struct grpc *g, const char *key, const char *value, size_t len);
void vars_guest_reset(struct grpc *g);
void vars_free(struct grpc *g);

/* ---- guest_tap.c: nothing, unless somebody records */
void tap_begin(struct grpc *g);
void tap_in(struct grpc *g, const char *what, const void *text, size_t len);
void tap_in_number(struct grpc *g, const char *what, uint32_t n, const void *text, size_t len);
void tap_out(struct grpc *g, const char *what, const void *text, size_t len);
void tap_out_number(struct grpc *g, const char *what, uint32_t n, const void *text, size_t len);
/* @v->value NULL: it is removed */
void tap_var(struct grpc *g, const struct grpc_var *v);

/* ---- guest_report.c */
/* Note that the guest says something now; after a reset that ends what it said before. */
void report_touch(struct grpc *g);
void report_free(struct grpc_report *r);
/* Replace a text by a copy of @len bytes up to a NUL; false when memory is short. */
bool report_text(char **where, const char *text, size_t len);
/* SetGuestInfo: @data is @len bytes of the guest; a NUL follows them.  0 or -errno. */
int report_info(struct grpc *g, unsigned int type, const char *data, size_t len);
int report_capability(struct grpc *g, const char *name, const char *value);

/* ---- guest_disks.c; both replace the list as a whole or not at all */
int disks_from_json(struct grpc_report *r, const char *text, size_t len);
int disks_from_v0(struct grpc_report *r, const uint8_t *data, size_t len);
void disks_free(struct grpc_report *r);

/* ---- guest_nics.c */
int nics_from_v1(struct grpc_report *r, const char *data, size_t len);
int nics_from_xdr(struct grpc_report *r, const char *data, size_t len);
void nics_free(struct grpc_report *r);

#endif /* VMTKIT_HOST_MODEL_GUESTRPC_IMPL_H */
