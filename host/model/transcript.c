/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * transcript.c - replay a recording of GuestRPC against the model
 *
 * The model is recorded while it is played to: the lines of what comes out of it (guest_tap.c) wait in a
 * list until the transcript has said the same.  What goes in is not compared, as it came from there.
 */
#include "host/model/transcript.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "host/base/bytes.h"
#include "host/model/guestrpc_impl.h"

#define REPLY_ROOM	65536

struct said {
	STAILQ_ENTRY(said) link;
	size_t len;
	char line[];		/* without the newline */
};

struct transcript {
	struct grpc *g;
	uint64_t now_ms;
	STAILQ_HEAD(, said) said;	/* by the model, and not by the transcript yet */
	bool begun;
	char reply[REPLY_ROOM];
};

/* A line that goes in, in its parts. */
struct input {
	struct transcript *t;
	char *args;		/* after the word; NUL-terminated, still escaped */
	uint32_t number;
	char *text;		/* unescaped in place; a NUL follows */
	size_t len;
};

/* ---- the model's surroundings ---------------------------------------------------------------- */

static uint64_t op_now(void *data)
{
	return ((struct transcript *)data)->now_ms;
}

static void op_event(void *data, const struct grpc_event *ev)
{
}

static const struct grpc_ops ops = { .now_ms = op_now, .event = op_event };

static int t_push(void *data, uint32_t seq, const void *msg, size_t len)
{
	return 0;		/* the tap tells */
}

static void t_cancel(void *data, uint32_t seq)
{
}

static void t_sync_time(void *data)
{
}

static void t_timer(void *data, uint64_t at_ms)
{
}

static const struct grpc_transport transport = {
	.push = t_push, .cancel = t_cancel, .sync_time = t_sync_time, .timer = t_timer,
};

static void tapped(void *data, const char *line, size_t len)
{
	struct transcript *t = data;
	struct said *s;

	if (*line != '<')
		return;
	s = malloc(sizeof(*s) + len);
	if (!s)
		return;
	s->len = len - 1;
	memcpy(s->line, line, len - 1);
	STAILQ_INSERT_TAIL(&t->said, s, link);
}

/* ---- what goes in ---------------------------------------------------------------------------- */

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place; returns the length, or -1. */
static long unescape(char *text)
{
	char *out = text;
	const char *p;

	for (p = text; *p; p++) {
		if (*p != '\\') {
			*out++ = *p;
			continue;
		}
		if (p[1] != 'x' || hex(p[2]) < 0 || hex(p[3]) < 0)
			return -1;
		*out++ = (char)(hex(p[2]) << 4 | hex(p[3]));
		p += 3;
	}
	*out = '\0';
	return out - text;
}

static bool number_take(char **p, uint64_t max, uint64_t *ret)
{
	char *end;

	if (**p < '0' || **p > '9')
		return false;
	errno = 0;
	*ret = strtoull(*p, &end, 10);
	if (errno || *ret > max || (*end && *end != ' '))
		return false;
	*p = end + (*end == ' ');
	return true;
}

static void in_opened(struct input *in)
{
	grpc_tclo_opened(in->t->g);
}

static void in_closed(struct input *in)
{
	grpc_tclo_closed(in->t->g);
}

static void in_reset(struct input *in)
{
	grpc_guest_reset(in->t->g);
}

static void in_tick(struct input *in)
{
	grpc_tick(in->t->g);
}

static void in_accepted(struct input *in)
{
	grpc_tclo_accepted(in->t->g, in->number);
}

static void in_refused(struct input *in)
{
	grpc_tclo_refused(in->t->g, in->number);
}

static void in_replied(struct input *in)
{
	grpc_tclo_replied(in->t->g, in->number, in->text, in->len);
}

static void in_send(struct input *in)
{
	grpc_send(in->t->g, in->text, in->len, in->number, NULL, NULL);
}

static void in_rpci(struct input *in)
{
	grpc_rpci(in->t->g, in->text, in->len, in->t->reply, sizeof(in->t->reply));
}

/* The state that a recording begins with: one start of the guest has been. */
static void in_begin(struct input *in)
{
	struct grpc *g = in->t->g;

	grpc_guest_reset(g);
	g->last_seq = in->number;
	in->t->begun = true;
}

/* The text is a name and, behind a space, a value. */
static void var_set(struct input *in, unsigned int flags, bool set)
{
	char *value = memchr(in->text, ' ', in->len);
	size_t len = 0;

	if (value) {
		*value++ = '\0';
		len = in->len - (size_t)(value - in->text);
	}
	grpc_var_set(in->t->g, in->text, set ? (value ? value : "") : NULL, len, flags);
}

static void in_var(struct input *in)
{
	var_set(in, 0, true);
}

static void in_readonly(struct input *in)
{
	var_set(in, GRPC_VAR_READONLY, true);
}

static void in_config(struct input *in)
{
	var_set(in, GRPC_VAR_CONFIG, true);
}

static void in_unset(struct input *in)
{
	var_set(in, 0, false);
}

static const struct {
	const char *word;
	bool number;
	void (*run)(struct input *in);
} inputs[] = {
	{ "begin", true, in_begin },
	{ "opened", false, in_opened },
	{ "closed", false, in_closed },
	{ "accepted", true, in_accepted },
	{ "refused", true, in_refused },
	{ "replied", true, in_replied },
	{ "rpci", false, in_rpci },
	{ "send", true, in_send },
	{ "var", false, in_var },
	{ "readonly", false, in_readonly },
	{ "config", false, in_config },
	{ "unset", false, in_unset },
	{ "reset", false, in_reset },
	{ "tick", false, in_tick },
};

/* ---- lines ----------------------------------------------------------------------------------- */

static int wrong(char *ret_error, int err, const char *text)
{
	snprintf(ret_error, TRANSCRIPT_ERROR_MAX, "%s", text);
	return err;
}

static int said_more(struct transcript *t, char *ret_error)
{
	const struct said *s = STAILQ_FIRST(&t->said);

	if (!s)
		return 0;
	snprintf(ret_error, TRANSCRIPT_ERROR_MAX, "the model says more: %.*s",
		 (int)(s->len < 400 ? s->len : 400), s->line);
	return -EPROTO;
}

/* @p: the line after "> " */
static int line_in(struct transcript *t, char *p, char *ret_error)
{
	struct input in = { .t = t };
	uint64_t ms, n = 0;
	size_t i, word;
	long len;

	if (!number_take(&p, UINT32_MAX, &ms))
		return wrong(ret_error, -EINVAL, "a line that begins with > goes on with the time in "
			     "milliseconds");
	word = strcspn(p, " ");
	for (i = 0; i < ARRAY_SIZE(inputs); i++)
		if (strlen(inputs[i].word) == word && !strncmp(inputs[i].word, p, word))
			break;
	if (i == ARRAY_SIZE(inputs))
		return wrong(ret_error, -EINVAL, "there is no such event");
	p += word + (p[word] == ' ');
	if (inputs[i].number && !number_take(&p, UINT32_MAX, &n))
		return wrong(ret_error, -EINVAL, "the event takes a number");
	len = unescape(p);
	if (len < 0)
		return wrong(ret_error, -EINVAL, "a backslash is followed by x and two small hex digits");
	if (inputs[i].run != in_begin && !t->begun)
		return wrong(ret_error, -EINVAL, "the first event is begin");
	if (1000 + ms > t->now_ms)
		t->now_ms = 1000 + ms;
	in.number = (uint32_t)n;
	in.text = p;
	in.len = (size_t)len;
	inputs[i].run(&in);
	return 0;
}

static int line_out(struct transcript *t, const char *line, size_t len, char *ret_error)
{
	struct said *s = STAILQ_FIRST(&t->said);
	bool same = s && s->len == len && !memcmp(s->line, line, len);

	if (!s)
		return wrong(ret_error, -EPROTO, "the model says nothing more");
	if (!same) {
		snprintf(ret_error, TRANSCRIPT_ERROR_MAX, "the model says: %.*s",
			 (int)(s->len < 400 ? s->len : 400), s->line);
		return -EPROTO;
	}
	STAILQ_REMOVE_HEAD(&t->said, link);
	free(s);
	return 0;
}

int transcript_line(struct transcript *t, const char *line, size_t len, char *ret_error)
{
	char *copy;
	size_t i;
	int err;

	if (!len || *line == '#')
		return 0;
	if (len > TRANSCRIPT_LINE_MAX)
		return wrong(ret_error, -EINVAL, "the line is too long");
	for (i = 0; i < len; i++)
		if (line[i] < ' ' || line[i] > '~')
			return wrong(ret_error, -EINVAL, "a transcript is printable ASCII");
	if (len < 3 || line[1] != ' ' || (*line != '>' && *line != '<'))
		return wrong(ret_error, -EINVAL, "a line begins with \"> \", \"< \" or #");
	if (*line == '<')
		return line_out(t, line, len, ret_error);
	err = said_more(t, ret_error);
	if (err)
		return err;
	copy = strndup(line + 2, len - 2);
	if (!copy)
		return wrong(ret_error, -ENOMEM, strerror(ENOMEM));
	err = line_in(t, copy, ret_error);
	free(copy);
	return err;
}

int transcript_end(struct transcript *t, char *ret_error)
{
	return said_more(t, ret_error);
}

/* ---- life ------------------------------------------------------------------------------------ */

struct transcript *transcript_new(void)
{
	static const struct grpc_config config;
	struct transcript *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->now_ms = 1000;
	STAILQ_INIT(&t->said);
	t->g = grpc_new(&config, &ops, t);
	if (!t->g) {
		free(t);
		return NULL;
	}
	grpc_transport_set(t->g, &transport, t);
	grpc_tap_set(t->g, tapped, t);
	return t;
}

void transcript_free(struct transcript *t)
{
	struct said *s;

	if (!t)
		return;
	grpc_free(t->g);
	while ((s = STAILQ_FIRST(&t->said))) {
		STAILQ_REMOVE_HEAD(&t->said, link);
		free(s);
	}
	free(t);
}
