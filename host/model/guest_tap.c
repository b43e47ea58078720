/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_tap.c - the GuestRPC model's inputs and outputs as lines of text, for recordings
 *
 * The lines are those of transcript(5).  A tap begins with the next start of the guest, because only
 * there the state of the model is small enough to be told: its variables, and the number of its last
 * command.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/model/guestrpc_impl.h"

size_t grpc_tap_escape(char *ret, const void *bytes, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *b = bytes;
	size_t i, n = 0;

	for (i = 0; i < len; i++) {
		bool plain = b[i] > ' ' && b[i] <= '~' && b[i] != '\\';

		/* a blank at the end of a line would be lost sooner or later */
		if (plain || (b[i] == ' ' && i + 1 < len)) {
			ret[n++] = (char)b[i];
			continue;
		}
		ret[n++] = '\\';
		ret[n++] = 'x';
		ret[n++] = hex[b[i] >> 4];
		ret[n++] = hex[b[i] & 15];
	}
	ret[n] = '\0';
	return n;
}

static void line_tell(struct grpc *g, const char *head, const void *text, size_t len)
{
	size_t room = strlen(head) + 4 * len + 3, n;
	char *line = malloc(room);

	if (!line)
		return;
	n = (size_t)snprintf(line, room, "%s%s", head, len ? " " : "");
	n += grpc_tap_escape(line + n, text, len);
	line[n++] = '\n';
	g->tap(g->tap_data, line, n);
	free(line);
}

void tap_in(struct grpc *g, const char *what, const void *text, size_t len)
{
	char head[256];

	if (!g->tap_live)
		return;
	snprintf(head, sizeof(head), "> %" PRIu64 " %s", grpc_now(g) - g->tap_ms, what);
	line_tell(g, head, text, len);
}

void tap_in_number(struct grpc *g, const char *what, uint32_t n, const void *text, size_t len)
{
	char head[64];

	snprintf(head, sizeof(head), "%s %" PRIu32, what, n);
	tap_in(g, head, text, len);
}

void tap_out(struct grpc *g, const char *what, const void *text, size_t len)
{
	char head[64];

	if (!g->tap_live)
		return;
	snprintf(head, sizeof(head), "< %s", what);
	line_tell(g, head, text, len);
}

void tap_out_number(struct grpc *g, const char *what, uint32_t n, const void *text, size_t len)
{
	char head[64];

	snprintf(head, sizeof(head), "%s %" PRIu32, what, n);
	tap_out(g, head, text, len);
}

void tap_var(struct grpc *g, const struct grpc_var *v)
{
	const char *word = !v->value ? "unset" : v->flags & GRPC_VAR_READONLY ? "readonly" :
			   v->flags & GRPC_VAR_CONFIG ? "config" : "var";
	char head[GRPC_VAR_KEY_MAX + 16];

	snprintf(head, sizeof(head), "%s %s", word, v->key);
	tap_in(g, head, v->value, v->value ? v->len : 0);
}

void tap_begin(struct grpc *g)
{
	struct grpc_var v;
	size_t i;

	if (!g->tap || g->tap_live)
		return;
	g->tap_live = true;
	g->tap_ms = grpc_now(g);
	tap_in_number(g, "begin", g->last_seq, NULL, 0);
	for (i = 0; grpc_var_next(g, i, &v); i++)
		tap_var(g, &v);
}

void grpc_tap_set(struct grpc *g, grpc_tap_fn tap, void *data)
{
	g->tap = tap;
	g->tap_data = data;
	g->tap_live = false;
}
