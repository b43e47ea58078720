/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz-qmp.c - what a QEMU that a guest has taken over says on its monitor
 *
 * The input is the monitor's output, which arrives in two pieces.  Each command that was sent ends
 * exactly once, whatever came.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>
#include <json-c/json.h>

#include "host/vmm/qmp.h"

#define COMMANDS 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void got_ready(void *data)
{
}

static void got_event(void *data, const char *name, struct json_object *body)
{
	if (!name)
		abort();
}

static void got_closed(void *data, int err)
{
	int *closed = data;

	if ((*closed)++)
		abort();
}

static const struct qmp_ops ops = { .ready = got_ready, .event = got_event, .closed = got_closed };

static void done(void *data, int err, const char *text, struct json_object *result)
{
	int *ended = data;

	if ((*ended)++ || !text)
		abort();
}

static void say(struct event_base *base, int fd, const uint8_t *data, size_t size)
{
	if (size && send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return;
	event_base_loop(base, EVLOOP_NONBLOCK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct event_base *base = event_base_new();
	int pair[2], ended[COMMANDS] = { 0 }, closed = 0, i;
	struct qmp *q;

	if (!base || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		abort();
	q = qmp_new(base, pair[0], &ops, &closed);
	if (!q)
		abort();
	for (i = 0; i < COMMANDS; i++)
		if (qmp_send(q, "query-status", done, &ended[i]))
			abort();
	say(base, pair[1], data, size / 2);
	say(base, pair[1], data + size / 2, size - size / 2);
	close(pair[1]);
	event_base_loop(base, EVLOOP_NONBLOCK);
	qmp_free(q);
	event_base_free(base);
	for (i = 0; i < COMMANDS; i++)
		if (ended[i] != 1)
			abort();
	return 0;
}
