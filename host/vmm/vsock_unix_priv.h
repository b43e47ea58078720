/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vsock_unix_priv.h - what the files of vsock_unix share
 *
 *	vsock_unix.c		the instance: listening socket, greetings, listeners, the timer
 *	vsock_unix_stream.c	one stream: a socket here, a connection of the model there
 *	vsock_unix_dgram.c	datagrams
 *	vsock_unix_json.c	status
 */
#ifndef VMTKIT_HOST_VMM_VSOCK_UNIX_PRIV_H
#define VMTKIT_HOST_VMM_VSOCK_UNIX_PRIV_H

#include <stdbool.h>
#include <sys/queue.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "host/model/vsock_host.h"
#include "host/vmm/vsock_unix.h"

struct vsu_greeting;
struct vsu_dgram;
struct vsu_stream;

TAILQ_HEAD(vsu_streams, vsu_stream);
TAILQ_HEAD(vsu_greetings, vsu_greeting);
TAILQ_HEAD(vsu_listeners, vsu_listener);

struct vsu_listener {
	TAILQ_ENTRY(vsu_listener) all;
	struct vsu *vsu;
	uint32_t port;
	void (*accept)(void *arg, int fd, uint32_t guest_port);
	void *arg;
};

struct vsu {
	struct event_base *base;
	struct vsh *vsh;
	struct vsu_dgram *dgram;
	struct vsu_counters count;
	struct vsu_streams streams;
	struct vsu_greetings greetings;	/* oldest deadline first */
	struct vsu_listeners listeners;
	struct event listen_ev;
	struct event timer_ev;
	uint64_t timer_ms;		/* when it will fire; UINT64_MAX: not armed */
	uint64_t accept_again_ms;	/* accepting is paused until then; UINT64_MAX: it is not */
	uint32_t greeting_count;
	uint32_t greeting_max;
	uint32_t greeting_ms;
	int listen_fd;
	char path[VSU_PATH_MAX + 1];
};

/* ---- vsock_unix.c -------------------------------------------------------------------------- */

uint64_t vsu_now_ms(void);

/* vsu_find_listener() - NULL if nobody listens on the port */
struct vsu_listener *vsu_find_listener(struct vsu *vsu, uint32_t port);

/* vsu_path() - PATH, @infix and a port, as in "/run/x/vm1.vsock_dgram_7"; always fits */
#define VSU_NAME_MAX 108
void vsu_path(const struct vsu *vsu, const char *infix, uint32_t port, char name[VSU_NAME_MAX]);

/* vsu_fd_closed() - a descriptor is free again: accepting may go on */
void vsu_fd_closed(struct vsu *vsu);

/* ---- vsock_unix_stream.c ------------------------------------------------------------------- */

/* The model's ops that are about streams. */
int vsu_stream_incoming(void *data, struct vsh_conn *conn);
void vsu_stream_event(void *data, struct vsh_conn *conn, void *user, unsigned int events);

/*
 * vsu_stream_connect() - connect @fd to the guest's @port
 * @greet:	write "OK port\n" first when it works
 * @fd:		ours from now on if 0 is returned
 */
int vsu_stream_connect(struct vsu *vsu, uint32_t port, int fd, bool greet,
		       void (*done)(void *arg, int err, uint32_t host_port), void *arg);

/* vsu_streams_free() - all of them; those still connecting are told -ECANCELED */
void vsu_streams_free(struct vsu *vsu);

/* ---- vsock_unix_dgram.c -------------------------------------------------------------------- */

/* vsu_dgram_new() - binds PATH_dgram.  Returns 0 or -errno. */
int vsu_dgram_new(struct vsu *vsu, struct vsu_dgram **ret_dgram);
void vsu_dgram_free(struct vsu_dgram *d);

int vsu_dgram_from_guest(struct vsu_dgram *d, uint32_t guest_port, uint32_t host_port,
			 const void *payload, size_t len);
void vsu_dgram_room(struct vsu_dgram *d);

#endif /* VMTKIT_HOST_VMM_VSOCK_UNIX_PRIV_H */
