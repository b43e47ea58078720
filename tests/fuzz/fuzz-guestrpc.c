/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz-guestrpc.c - any requests and any agent, and what is shown of it
 *
 * The input is lines.  One that begins with '@' is what the agent's channel does: @o opened, @c
 * closed,
 * @a it takes the first command and replies with the rest of the line, @n it refuses it, @u replies
 * unasked, @s the host sends the rest of the line, @t time passes, @z the guest is reset.  Any
 * other line is a request. What is checked: each request has an answer that begins as answers do
 * and fits, and what the guest said can be shown as JSON in valid UTF-8.
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "host/model/guestrpc.h"
#include "host/vmm/guest_json.h"

#define QUEUE_MAX	16
#define REPLY_ROOM	65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
	struct grpc *g;
	uint64_t now_ms;
	uint32_t seqs[QUEUE_MAX];
	size_t count;
};

static uint64_t op_now(void *data)
{
	return ((struct world *)data)->now_ms;
}

static void op_event(void *data, const struct grpc_event *ev)
{
	if (ev->text && strlen(ev->text) > REPLY_ROOM)
		abort();
}

static int t_push(void *data, uint32_t seq, const void *msg, size_t len)
{
	struct world *w = data;

	if (!seq || !len)
		abort();
	if (w->count == QUEUE_MAX)
		return -1;
	w->seqs[w->count++] = seq;
	return 0;
}

static void t_cancel(void *data, uint32_t seq)
{
}

static void t_timer(void *data, uint64_t at_ms)
{
}

static void t_sync_time(void *data)
{
}

static const struct grpc_ops ops = { .now_ms = op_now, .event = op_event };
static const struct grpc_transport transport = {
	.push = t_push, .cancel = t_cancel, .timer = t_timer, .sync_time = t_sync_time,
};

static uint32_t take(struct world *w)
{
	uint32_t seq = w->count ? w->seqs[0] : 0;

	if (w->count) {
		w->count--;
		memmove(w->seqs, w->seqs + 1, w->count * sizeof(w->seqs[0]));
	}
	return seq;
}

static void agent(struct world *w, const char *line, size_t len)
{
	const char *rest = len > 2 ? line + 2 : "";
	size_t rest_len = len > 2 ? len - 2 : 0;
	uint32_t seq;

	switch (len > 1 ? line[1] : 0) {
	case 'o':
		w->count = 0;
		grpc_tclo_opened(w->g);
		break;
	case 'c':
		w->count = 0;
		grpc_tclo_closed(w->g);
		break;
	case 'a':
		seq = take(w);
		grpc_tclo_accepted(w->g, seq);
		grpc_tclo_replied(w->g, seq, rest, rest_len);
		break;
	case 'n':
		grpc_tclo_refused(w->g, take(w));
		break;
	case 'u':
		grpc_tclo_replied(w->g, 0, rest, rest_len);
		break;
	case 's':
		grpc_send(w->g, rest, rest_len, 5000, NULL, NULL);
		break;
	case 't':
		w->now_ms += 7000;
		grpc_tick(w->g);
		break;
	case 'z':
		w->count = 0;
		grpc_guest_reset(w->g);
		break;
	}
}

static void request(struct world *w, const char *line, size_t len)
{
	static char reply[REPLY_ROOM];
	size_t n = grpc_rpci(w->g, line, len, reply, sizeof(reply));

	if (n < 2 || n > sizeof(reply) || (reply[0] != '0' && reply[0] != '1') || reply[1] != ' ')
		abort();
}

static void show(struct world *w)
{
	struct json_object *o[3] = {
		guest_json(w->g, NULL), guest_json_brief(w->g, NULL), guest_json_vars(w->g),
	};
	int i;

	for (i = 0; i < 3; i++) {
		/* Valid UTF-8 is what our own filter leaves alone. */
		const char *text = o[i] ? json_object_to_json_string_ext(o[i], 0) : "";
		size_t len = strlen(text);
		char *again = malloc(len * 3 + 8);

		if (again && strcmp(guest_text(again, len * 3 + 8, text, len), text) != 0)
			abort();
		free(again);
		json_object_put(o[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct grpc_config config = { .var_total_max = 4096, .ping_ms = 20000 };
	struct world w = { .now_ms = 1000 };
	const char *p = (const char *)data, *end = p + size;

	w.g = grpc_new(&config, &ops, &w);
	if (!w.g)
		return 0;
	grpc_transport_set(w.g, &transport, &w);
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((nl ? nl : end) - p);

		if (len && p[0] == '@')
			agent(&w, p, len);
		else
			request(&w, p, len);
		p += len + 1;
	}
	show(&w);
	grpc_free(w.g);
	return 0;
}
