/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fconn.c - a connection of frames in an event loop
 *
 * States: open; broken (the peer takes no more, but what it sent before can still be read: its last words
 * must not be lost, so only the end of the input closes); draining (after fconn_free_after_send(): nothing is read, the object frees itself
 * when the queue is empty or the peer is gone).  Callbacks come from the loop only, never from
 * inside a call of ours.  A callback may free the connection; `alive`
 * points to a local of the reading function then, which stops.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <event2/event.h>

#include "host/base/fconn.h"
#include "host/base/fd.h"
#include "host/base/frame.h"

/* So that one talkative peer cannot starve the others. */
#define FRAMES_PER_TURN	16

struct out_frame {
	TAILQ_ENTRY(out_frame) link;
	int fds[FRAME_FDS_MAX];		/* owned until the first byte is sent */
	size_t fd_count;
	size_t sent, len;
	uint8_t bytes[];		/* header and body */
};

struct fconn {
	int fd;
	uint32_t body_max;
	const struct fconn_ops *ops;
	void *data;
	struct event *read_ev, *write_ev;
	struct frame_reader reader;
	TAILQ_HEAD(, out_frame) queue;
	size_t queued;
	bool draining, broken;
	bool *alive;			/* of the running read callback, or NULL */
};

static void out_frame_free(struct fconn *c, struct out_frame *o)
{
	size_t i;

	TAILQ_REMOVE(&c->queue, o, link);
	c->queued -= o->len;
	for (i = 0; i < o->fd_count; i++)
		close(o->fds[i]);
	free(o);
}

static void queue_drop(struct fconn *c)
{
	while (!TAILQ_EMPTY(&c->queue))
		out_frame_free(c, TAILQ_FIRST(&c->queue));
}

void fconn_free(struct fconn *c)
{
	if (!c)
		return;
	if (c->alive)
		*c->alive = false;
	queue_drop(c);
	if (c->read_ev)
		event_free(c->read_ev);
	if (c->write_ev)
		event_free(c->write_ev);
	frame_reader_done(&c->reader);
	fd_cleanup(&c->fd);
	free(c);
}

/* Send until the queue is empty, or the socket is full or broken. */
static void queue_send(struct fconn *c)
{
	struct out_frame *o;

	while ((o = TAILQ_FIRST(&c->queue))) {
		long n = frame_send_part(c->fd, o->bytes + o->sent, o->len - o->sent, o->fds,
					 o->sent ? 0 : o->fd_count);

		if (n == -EAGAIN && event_add(c->write_ev, NULL) == 0)
			return;
		if (n < 0) {
			c->broken = true;
			queue_drop(c);
			return;
		}
		o->sent += (size_t)n;
		if (o->sent == o->len)
			out_frame_free(c, o);
	}
}

static void write_ready(evutil_socket_t fd, short what, void *data)
{
	struct fconn *c = data;

	queue_send(c);
	if (c->draining && TAILQ_EMPTY(&c->queue))
		fconn_free(c);
}

static void read_ready(evutil_socket_t fd, short what, void *data)
{
	struct fconn *c = data;
	bool alive = true;
	int i;

	c->alive = &alive;
	for (i = 0; i < FRAMES_PER_TURN; i++) {
		struct frame f;
		int got = frame_read(&c->reader, c->fd, c->body_max, &f);

		if (got < 0) {
			c->alive = NULL;
			c->ops->closed(c, got, c->data);
			return;
		}
		if (!got)
			break;
		c->ops->frame(c, &f, c->data);
		frame_done(&f);
		if (!alive)
			return;
		if (c->draining)
			break;
	}
	c->alive = NULL;
}

struct fconn *fconn_new(struct event_base *base, int fd, uint32_t body_max,
			const struct fconn_ops *ops, void *data)
{
	struct fconn *c = calloc(1, sizeof(*c));

	if (!c) {
		close(fd);
		return NULL;
	}
	TAILQ_INIT(&c->queue);
	c->fd = fd;
	c->body_max = body_max;
	c->ops = ops;
	c->data = data;
	c->read_ev = event_new(base, fd, EV_READ | EV_PERSIST, read_ready, c);
	c->write_ev = event_new(base, fd, EV_WRITE, write_ready, c);
	if (!c->read_ev || !c->write_ev || fd_set_nonblock(fd, 1) < 0 ||
	    event_add(c->read_ev, NULL) < 0) {
		fconn_free(c);
		return NULL;
	}
	return c;
}

void fconn_free_after_send(struct fconn *c)
{
	event_del(c->read_ev);
	c->draining = true;
	/* The write event frees it, also when nothing is queued: never under our caller's feet. */
	event_active(c->write_ev, EV_WRITE, 0);
}

int fconn_release(struct fconn *c)
{
	int fd;

	if (!TAILQ_EMPTY(&c->queue) || c->reader.have)
		return -EBUSY;
	fd = fd_steal(&c->fd);
	fconn_free(c);
	return fd;
}

int fconn_send(struct fconn *c, uint32_t type, const void *body, size_t len, const int *fds,
	       size_t fd_count)
{
	struct out_frame *o = NULL;
	size_t i;
	int err = 0;

	if (fd_count > FRAME_FDS_MAX || len > FRAME_BODY_MAX)
		err = -EMSGSIZE;
	else if (c->broken)
		err = -EPIPE;
	else if (c->queued > FCONN_QUEUE_MAX)
		err = -ENOBUFS;
	else if (!(o = malloc(sizeof(*o) + FRAME_HDR_LEN + len)))
		err = -ENOMEM;
	if (err) {
		for (i = 0; i < fd_count; i++)
			close(fds[i]);
		return err;
	}
	o->sent = 0;
	o->len = FRAME_HDR_LEN + len;
	o->fd_count = fd_count;
	for (i = 0; i < fd_count; i++)
		o->fds[i] = fds[i];
	frame_hdr_put(o->bytes, type, (uint32_t)len, (uint32_t)fd_count);
	if (len)
		memcpy(o->bytes + FRAME_HDR_LEN, body, len);
	TAILQ_INSERT_TAIL(&c->queue, o, link);
	c->queued += o->len;
	queue_send(c);
	return c->broken ? -EPIPE : 0;
}
