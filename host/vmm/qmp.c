/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qmp.c - client of QEMU's machine protocol
 *
 * States: greeting (nothing is sent; commands collect in `out`), ready, closed.  The greeting asks
 * for qmp_capabilities, whose answer is the first of the list of commands under way.
 * One JSON object a line in both directions.  A reply belongs to the oldest command under way: QEMU
 * answers in order, so ids are not needed.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <json-c/json.h>

#include "host/base/fd.h"
#include "host/vmm/qmp.h"

#define JSON_DEPTH	16

struct qmp_command {
	STAILQ_ENTRY(qmp_command) link;
	qmp_done_fn done;
	void *data;
};

struct qmp {
	int fd;
	bool greeted, closed;
	const struct qmp_ops *ops;
	void *data;
	struct event *read_ev, *write_ev;
	struct evbuffer *in, *out;
	STAILQ_HEAD(, qmp_command) under_way;
};

static void command_done(struct qmp *q, int err, const char *text, struct json_object *result)
{
	struct qmp_command *c = STAILQ_FIRST(&q->under_way);

	STAILQ_REMOVE_HEAD(&q->under_way, link);
	if (c->done)
		c->done(c->data, err, text, result);
	free(c);
}

static void fail(struct qmp *q, int err)
{
	if (q->closed)
		return;
	q->closed = true;
	event_del(q->read_ev);
	event_del(q->write_ev);
	while (!STAILQ_EMPTY(&q->under_way))
		command_done(q, -ECANCELED, "QEMU hung up", NULL);
	q->ops->closed(q->data, err);
}

static void flush(struct qmp *q)
{
	while (q->greeted && evbuffer_get_length(q->out)) {
		if (evbuffer_write(q->out, q->fd) >= 0)
			continue;
		if (errno == EAGAIN)
			event_add(q->write_ev, NULL);
		/* Any other error shows as an end of input. */
		return;
	}
}

static int queue_command(struct qmp *q, const char *command,
			 qmp_done_fn done, void *data)
{
	struct qmp_command *c = calloc(1, sizeof(*c));

	if (!c || evbuffer_add_printf(q->out, "{\"execute\":\"%s\"}\n", command) < 0) {
		free(c);
		return -ENOMEM;
	}
	c->done = done;
	c->data = data;
	STAILQ_INSERT_TAIL(&q->under_way, c, link);
	return 0;
}

int qmp_send(struct qmp *q, const char *command, qmp_done_fn done, void *data)
{
	int err;

	if (q->closed)
		return -ENOTCONN;
	err = queue_command(q, command, done, data);
	if (!err)
		flush(q);
	return err;
}

static void capabilities_done(void *data, int err, const char *text, struct json_object *result)
{
	struct qmp *q = data;

	if (!err)
		q->ops->ready(q->data);
}

static const char *member_text(struct json_object *obj, const char *name)
{
	struct json_object *v;

	return json_object_object_get_ex(obj, name, &v) ? json_object_get_string(v) : NULL;
}

/* 0 or -errno */
static int message(struct qmp *q, struct json_object *msg)
{
	struct json_object *body = NULL;
	const char *text;

	if (!json_object_is_type(msg, json_type_object))
		return -EPROTO;
	if (json_object_object_get_ex(msg, "QMP", NULL)) {
		if (q->greeted)
			return -EPROTO;
		q->greeted = true;
		flush(q);
		return 0;
	}
	text = member_text(msg, "event");
	if (text) {
		json_object_object_get_ex(msg, "data", &body);
		q->ops->event(q->data, text, body);
		return 0;
	}
	if (STAILQ_EMPTY(&q->under_way))
		return -EPROTO;
	if (json_object_object_get_ex(msg, "error", &body)) {
		text = member_text(body, "desc");
		command_done(q, -EREMOTEIO, text ? text : "QEMU refused", NULL);
	} else if (json_object_object_get_ex(msg, "return", &body)) {
		command_done(q, 0, "", body);
	} else {
		return -EPROTO;
	}
	return 0;
}

static int line(struct qmp *q, const char *text, size_t len)
{
	struct json_tokener *tok = json_tokener_new_ex(JSON_DEPTH);
	struct json_object *msg;
	int err = tok ? -EPROTO : -ENOMEM;

	if (!tok)
		return err;
	/* The NUL counts: without it the parser waits for more after a bare number. */
	msg = json_tokener_parse_ex(tok, text, (int)len + 1);
	if (msg && json_tokener_get_error(tok) == json_tokener_success)
		err = message(q, msg);
	json_object_put(msg);
	json_tokener_free(tok);
	return err;
}

static void read_ready(evutil_socket_t fd, short what, void *data)
{
	struct qmp *q = data;
	int n = evbuffer_read(q->in, fd, 65536), err = 0;
	char *text;
	size_t len;

	if (n < 0 && errno == EAGAIN)
		return;
	while (!err && !q->closed && (text = evbuffer_readln(q->in, &len, EVBUFFER_EOL_CRLF))) {
		err = line(q, text, len);
		free(text);
	}
	if (n <= 0)
		err = n ? -errno : -ECONNRESET;
	else if (!err && evbuffer_get_length(q->in) > QMP_LINE_MAX)
		err = -EMSGSIZE;
	if (err)
		fail(q, err);
}

static void write_ready(evutil_socket_t fd, short what, void *data)
{
	flush(data);
}

struct qmp *qmp_new(struct event_base *base, int fd, const struct qmp_ops *ops, void *data)
{
	struct qmp *q = calloc(1, sizeof(*q));

	if (!q) {
		close(fd);
		return NULL;
	}
	q->fd = fd;
	q->ops = ops;
	q->data = data;
	STAILQ_INIT(&q->under_way);
	q->in = evbuffer_new();
	q->out = evbuffer_new();
	q->read_ev = event_new(base, fd, EV_READ | EV_PERSIST, read_ready, q);
	q->write_ev = event_new(base, fd, EV_WRITE, write_ready, q);
	if (!q->in || !q->out || !q->read_ev || !q->write_ev || fd_set_nonblock(fd, 1) < 0 ||
	    event_add(q->read_ev, NULL) < 0 ||
	    queue_command(q, "qmp_capabilities", capabilities_done, q) < 0) {
		qmp_free(q);
		return NULL;
	}
	return q;
}

void qmp_free(struct qmp *q)
{
	if (!q)
		return;
	q->closed = true;
	while (!STAILQ_EMPTY(&q->under_way))
		command_done(q, -ECANCELED, "the VM has ended", NULL);
	if (q->read_ev)
		event_free(q->read_ev);
	if (q->write_ev)
		event_free(q->write_ev);
	if (q->in)
		evbuffer_free(q->in);
	if (q->out)
		evbuffer_free(q->out);
	fd_cleanup(&q->fd);
	free(q);
}
