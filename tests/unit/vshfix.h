/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vshfix.h - fixture of the vsock_host tests: the model between a played guest and a recording user
 */
#ifndef VMTKIT_TESTS_UNIT_VSHFIX_H
#define VMTKIT_TESTS_UNIT_VSHFIX_H

#include "host/model/vsock_host.h"
#include "tests/unit/unit.h"
#include "tests/unit/vguest.h"

#define SIZE 8192u	/* of rings, in most tests */

struct fx {
	struct vg *g;
	struct vsh *vsh;
	uint64_t now_ms;
	uint64_t timer_ms;		/* last ops.timer; 0: none */
	int refuse;			/* what ops.incoming returns */
	struct vsh_conn *incoming;	/* last one offered to us */
	unsigned int events;		/* all since fx_events() */
	struct vsh_conn *event_conn;	/* of the last one */
	unsigned int closed;		/* VSH_EV_CLOSED in all */
	int error;			/* vsh_error() at the last of them */
	bool close_on_event;		/* call vsh_close() inside of the next event */
	unsigned int rooms;
	uint32_t dg_guest_port, dg_host_port;
	size_t dg_len;
	uint8_t dg_first;
	int dg_result;
};

struct fx *fx_new_with(const struct vsh_config *config, size_t ram_mib, uint64_t qp_memory);
struct fx *fx_new(void);
void fx_free(struct fx *f);
unsigned int fx_events(struct fx *f);	/* and forget them */

/* fx_guest_connects() - whole handshake from a guest port to a host port; NULL if it failed */
struct vsh_conn *fx_guest_connects(struct fx *f, uint32_t guest_port, uint32_t host_port,
				   uint32_t size, bool old_proto, struct vg_pair *ret_pair);

/* fx_host_connects() - the other way, to a guest that answers with @size */
struct vsh_conn *fx_host_connects(struct fx *f, uint32_t guest_port, uint32_t size,
				  struct vg_pair *ret_pair);

/* fx_read(), fx_write() - the user's side, at most @len bytes; return bytes or -errno */
ssize_t fx_read(struct vsh_conn *conn, void *buf, size_t len);
ssize_t fx_write(struct vsh_conn *conn, const void *buf, size_t len);

#endif /* VMTKIT_TESTS_UNIT_VSHFIX_H */
