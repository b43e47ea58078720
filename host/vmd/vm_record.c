/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm_record.c - a client that records what the guest and its host say by GuestRPC
 *
 * One at a time.  Lines wait in a buffer while the client does not read; one that lets them grow beyond
 * WAITING_MAX is cut off, because a recording with a hole would be worth nothing.
 */
#include "host/vmd/vm_record.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdlib.h>

#include "host/base/fd.h"
#include "host/base/log.h"
#include "host/model/guestrpc.h"

#define WAITING_MAX	(8u << 20)	/* bytes */

struct recorder {
	struct event_base *base;
	struct grpc *g;
	int fd;				/* of the client, or -1 */
	struct event *read_ev, *write_ev;
	struct evbuffer *waiting;
};

static void stop(struct recorder *r)
{
	grpc_tap_set(r->g, NULL, NULL);
	if (r->read_ev)
		event_free(r->read_ev);
	if (r->write_ev)
		event_free(r->write_ev);
	r->read_ev = r->write_ev = NULL;
	if (r->waiting)
		evbuffer_free(r->waiting);
	r->waiting = NULL;
	fd_close(&r->fd);
}

/* The client says nothing: what comes is its end. */
static void on_readable(evutil_socket_t fd, short what, void *data)
{
	stop(data);
}

static void on_writable(evutil_socket_t fd, short what, void *data)
{
	struct recorder *r = data;

	if (evbuffer_write(r->waiting, r->fd) < 0 && errno != EAGAIN && errno != EINTR) {
		stop(r);
		return;
	}
	if (evbuffer_get_length(r->waiting))
		event_add(r->write_ev, NULL);
}

/* Called from inside the model: nothing is ended here, the writer does that. */
static void on_line(void *data, const char *line, size_t len)
{
	struct recorder *r = data;

	if (evbuffer_get_length(r->waiting) > WAITING_MAX || evbuffer_add(r->waiting, line, len) < 0) {
		log_warn("a client that records does not read: its recording ends");
		event_active(r->read_ev, EV_READ, 0);
		return;
	}
	event_add(r->write_ev, NULL);
}

struct recorder *recorder_new(struct event_base *base, struct grpc *g)
{
	struct recorder *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->base = base;
	r->g = g;
	r->fd = -1;
	return r;
}

void recorder_free(struct recorder *r)
{
	if (!r)
		return;
	stop(r);
	free(r);
}

bool recorder_busy(const struct recorder *r)
{
	return r->fd >= 0;
}

void recorder_start(struct recorder *r, int fd)
{
	r->fd = fd;
	r->waiting = evbuffer_new();
	r->read_ev = event_new(r->base, fd, EV_READ, on_readable, r);
	r->write_ev = event_new(r->base, fd, EV_WRITE, on_writable, r);
	if (!r->waiting || !r->read_ev || !r->write_ev || event_add(r->read_ev, NULL) < 0 ||
	    fd_set_nonblock(fd, 1) < 0) {
		stop(r);
		return;
	}
	grpc_tap_set(r->g, on_line, r);
}
