/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-wire.c - the transcripts of tests/wire against the model, and those of BSD over registers too
 *
 * A transcript with a wrong word must fail, so each is also played with a byte of an answer changed.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/bytes.h"
#include "host/model/guestrpc.h"
#include "host/model/transcript.h"
#include "tests/unit/bdguest.h"
#include "tests/unit/unit.h"

#define WIRE	TOP_SRCDIR "/tests/wire/"

/* A file as lines, without their ends. */
struct lines {
	char *text;
	char *line[20000];
	size_t count;
};

static struct lines *lines_of(const char *name)
{
	struct lines *l = calloc(1, sizeof(*l));
	char path[1024], *p;
	size_t len = 0;
	FILE *f;

	snprintf(path, sizeof(path), WIRE "%s", name);
	f = fopen(path, "re");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT_FATAL(getdelim(&l->text, &len, '\0', f) > 0);
	fclose(f);
	for (p = strtok(l->text, "\n"); p; p = strtok(NULL, "\n")) {
		CU_ASSERT_FATAL(l->count < ARRAY_SIZE(l->line));
		l->line[l->count++] = p;
	}
	return l;
}

static void lines_free(struct lines *l)
{
	free(l->text);
	free(l);
}

/* 0, or the number of the line that failed; the last one + 1 if the model said more. */
static size_t play(const struct lines *l, char *ret_error)
{
	struct transcript *t = transcript_new();
	size_t i;
	int err = 0;

	for (i = 0; !err && i < l->count; i++)
		err = transcript_line(t, l->line[i], strlen(l->line[i]), ret_error);
	if (!err && transcript_end(t, ret_error)) {
		err = 1;
		i = l->count + 1;
	}
	transcript_free(t);
	return err ? i : 0;
}

static unsigned int each_file(void (*run)(const char *name))
{
	unsigned int count = 0;
	DIR *d = opendir(WIRE);
	struct dirent *e;

	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	while ((e = readdir(d)))
		if (strlen(e->d_name) > 4 && !strcmp(e->d_name + strlen(e->d_name) - 4, ".txt")) {
			run(e->d_name);
			count++;
		}
	closedir(d);
	return count;
}

static void play_file(const char *name)
{
	struct lines *l = lines_of(name);
	char error[TRANSCRIPT_ERROR_MAX] = "";
	size_t at = play(l, error);

	if (at)
		printf("# %s, line %zu of those that are not empty: %s\n", name, at, error);
	CU_ASSERT_EQUAL(at, 0);
	lines_free(l);
}

static void test_files(void)
{
	CU_ASSERT(each_file(play_file) >= 1);
}

static void damage_file(const char *name)
{
	struct lines *l = lines_of(name);
	char error[TRANSCRIPT_ERROR_MAX];
	size_t i, outputs = 0;

	for (i = 0; i < l->count; i++) {
		char *last = l->line[i] + strlen(l->line[i]) - 1, was = *last;

		if (*l->line[i] != '<' || outputs++ % 8)
			continue;		/* one in eight is enough */
		*last = was == 'x' ? 'y' : 'x';
		CU_ASSERT_EQUAL(play(l, error), i + 1);
		*last = was;
	}
	CU_ASSERT(outputs > 0);
	lines_free(l);
}

static void test_damage(void)
{
	CU_ASSERT(each_file(damage_file) >= 1);
}

static void test_wrong_lines(void)
{
	static const struct {
		const char *line, *error;
	} rows[] = {
		{ "x", "a line begins with \"> \", \"< \" or #" },
		{ ">x", "a line begins with \"> \", \"< \" or #" },
		{ "> tick", "a line that begins with > goes on with the time in milliseconds" },
		{ "> 5000000000 tick", "a line that begins with > goes on with the time in "
		  "milliseconds" },
		{ "> 1 nothing", "there is no such event" },
		{ "> 1 begin", "the event takes a number" },
		{ "> 1 accepted x", "the event takes a number" },
		{ "> 1 rpci a", "the first event is begin" },
		{ "> 1 rpci \\n", "a backslash is followed by x and two small hex digits" },
		{ "> 1 rpci \\x0", "a backslash is followed by x and two small hex digits" },
		{ "> 1 rpci a\tb", "a transcript is printable ASCII" },
		{ "< rpci 1", "the model says nothing more" },
	};
	char error[TRANSCRIPT_ERROR_MAX];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct transcript *t = transcript_new();

		CU_ASSERT(transcript_line(t, rows[i].line, strlen(rows[i].line), error) < 0);
		CU_ASSERT_STRING_EQUAL(error, rows[i].error);
		transcript_free(t);
	}
}

static void test_more_and_less(void)
{
	char error[TRANSCRIPT_ERROR_MAX];
	struct transcript *t = transcript_new();

	CU_ASSERT_EQUAL(transcript_line(t, "", 0, error), 0);
	CU_ASSERT_EQUAL(transcript_line(t, "# a", 3, error), 0);
	CU_ASSERT_EQUAL(transcript_line(t, "> 0 begin 6", 11, error), 0);
	CU_ASSERT_EQUAL(transcript_end(t, error), 0);
	CU_ASSERT_EQUAL(transcript_line(t, "> 0 opened", 10, error), 0);
	CU_ASSERT(transcript_line(t, "> 0 closed", 10, error) < 0);
	CU_ASSERT_STRING_EQUAL(error, "the model says more: < push 7 reset");
	CU_ASSERT(transcript_end(t, error) < 0);
	transcript_free(t);
}

/* ---- a recording is what a replay takes ------------------------------------------------------ */

struct tape {
	char text[4096];
	size_t len;
};

static uint64_t tape_now(void *data)
{
	return 77000;
}

static void tape_event(void *data, const struct grpc_event *ev)
{
}

static const struct grpc_ops tape_ops = { .now_ms = tape_now, .event = tape_event };

static void tape_line(void *data, const char *line, size_t len)
{
	struct tape *t = data;

	CU_ASSERT_FATAL(len < sizeof(t->text) - t->len);
	memcpy(t->text + t->len, line, len);
	t->len += len;
}

static void test_recording(void)
{
	static const struct grpc_config config;
	struct tape tape = { .len = 0 };
	struct grpc *g = grpc_new(&config, &tape_ops, NULL);
	struct transcript *t = transcript_new();
	char reply[256], error[TRANSCRIPT_ERROR_MAX], *line;

	grpc_var_set(g, "guestinfo.a", "x y", 3, GRPC_VAR_READONLY);
	grpc_var_set(g, "guestinfo.b", "\n", 1, GRPC_VAR_CONFIG);
	grpc_tap_set(g, tape_line, &tape);
	grpc_rpci(g, "info-get guestinfo.a", 20, reply, sizeof(reply));
	CU_ASSERT_EQUAL(tape.len, 0);		/* the guest has not started since */
	grpc_guest_reset(g);
	grpc_rpci(g, "info-set guestinfo.a 1", 22, reply, sizeof(reply));
	grpc_rpci(g, "info-get guestinfo.b\0\0", 22, reply, sizeof(reply));
	grpc_var_set(g, "guestinfo.b", NULL, 0, 0);
	grpc_rpci(g, "info-get guestinfo.b", 20, reply, sizeof(reply));
	grpc_tap_set(g, NULL, NULL);
	grpc_rpci(g, "info-get guestinfo.b", 20, reply, sizeof(reply));
	tape.text[tape.len] = '\0';
	CU_ASSERT_STRING_EQUAL(tape.text,
		"> 0 begin 0\n> 0 readonly guestinfo.a x y\n> 0 config guestinfo.b \\x0a\n"
		"> 0 rpci info-set guestinfo.a 1\n< rpci 0 Permission denied\n"
		"> 0 rpci info-get guestinfo.b\\x00\\x00\n< rpci 1 \\x0a\n"
		"> 0 unset guestinfo.b\n"
		"> 0 rpci info-get guestinfo.b\n< rpci 0 No value found\n");
	for (line = strtok(tape.text, "\n"); line; line = strtok(NULL, "\n"))
		CU_ASSERT_EQUAL(transcript_line(t, line, strlen(line), error), 0);
	CU_ASSERT_EQUAL(transcript_end(t, error), 0);
	transcript_free(t);
	grpc_free(g);
}

/* ---- BSD's driver over the high-bandwidth port ----------------------------------------------- */

/* Engine and model, joined as the front joins them. */
struct host {
	struct bdoor *b;
	struct grpc *g;
	uint32_t gen;
};

static uint64_t h_random(void *data)
{
	return 0x0102030405060708u;
}

static bool h_time(void *data, struct bdoor_time *ret)
{
	return false;
}

static long h_rpci(void *data, const void *msg, size_t len, void *reply, size_t room)
{
	return (long)grpc_rpci(((struct host *)data)->g, msg, len, reply, room);
}

static void h_tclo(void *data, enum bdoor_tclo what, uint32_t gen, uint32_t seq, const void *msg,
		   size_t len)
{
	struct host *h = data;

	switch (what) {
	case BDOOR_TCLO_OPENED:
		h->gen = gen;
		grpc_tclo_opened(h->g);
		return;
	case BDOOR_TCLO_ACCEPTED:
		grpc_tclo_accepted(h->g, seq);
		return;
	case BDOOR_TCLO_REFUSED:
		grpc_tclo_refused(h->g, seq);
		return;
	case BDOOR_TCLO_REPLIED:
		grpc_tclo_replied(h->g, seq, msg, len);
		return;
	case BDOOR_TCLO_CLOSED:
		grpc_tclo_closed(h->g);
		return;
	}
}

static void h_nothing(void *data)
{
}

static const struct bdoor_ops h_ops = {
	.random = h_random, .time = h_time, .rpci = h_rpci, .tclo = h_tclo, .polled = h_nothing,
	.crashed = h_nothing,
};

static int h_push(void *data, uint32_t seq, const void *msg, size_t len)
{
	struct host *h = data;

	return bdoor_tclo_push(h->b, h->gen, seq, msg, len);
}

static void h_cancel(void *data, uint32_t seq)
{
}

static void h_timer(void *data, uint64_t at_ms)
{
}

static const struct grpc_transport h_transport = {
	.push = h_push, .cancel = h_cancel, .timer = h_timer, .sync_time = h_nothing,
};

/* The bytes of a transcript's text, in place. */
static size_t unescape(char *text)
{
	size_t n = 0;
	unsigned int byte;
	char *p;

	for (p = text; *p; p++) {
		text[n] = *p;
		if (*p == '\\') {
			CU_ASSERT_EQUAL(sscanf(p, "\\x%2x", &byte), 1);
			text[n] = (char)byte;
			p += 3;
		}
		n++;
	}
	text[n] = '\0';
	return n;
}

static void send_hb(struct host *h, const struct bdg_chan *c, const char *text, size_t len)
{
	bdg_step(h->b, c, BDOOR_MSG_SENDSIZE, (uint32_t)len);
	CU_ASSERT_EQUAL(bdg_send_hb(h->b, c, text, len), BDOOR_HB_MESSAGE);
}

/* BSD gives back what RECVSIZE left in EDX.high as the status. */
static void expect_hb(struct host *h, const struct bdg_chan *c, const char *want, size_t len)
{
	struct bdoor_regs r = bdg_step(h->b, c, BDOOR_MSG_RECVSIZE, 0);
	char buf[256];

	CU_ASSERT_EQUAL_FATAL(r.ebx, len);
	CU_ASSERT_EQUAL(bdg_receive_hb(h->b, c, buf, len), BDOOR_HB_MESSAGE);
	CU_ASSERT_EQUAL(memcmp(buf, want, len), 0);
	bdg_step(h->b, c, BDOOR_MSG_RECVSTATUS, r.edx >> 16);
}

/* One line, as the guest does it. */
static void bsd_line(struct host *h, char *line, struct bdg_chan *tclo, struct bdg_chan *rpci,
		     char *const *pushed, uint32_t first)
{
	unsigned int n;
	char key[128];
	int at = 0;

	if (sscanf(line, "> %*u config %127s %n", key, &at) == 1 && at) {
		size_t len = unescape(line + at);

		CU_ASSERT_EQUAL(grpc_var_set(h->g, key, line + at, len, GRPC_VAR_CONFIG), 0);
	} else if (strstr(line, " opened")) {
		CU_ASSERT_EQUAL(bdg_open(h->b, BDOOR_MSG_PROTO_TCLO, tclo), BDOOR_MSG_SUCCESS);
		CU_ASSERT_EQUAL(bdg_open(h->b, BDOOR_MSG_PROTO_RPCI, rpci), BDOOR_MSG_SUCCESS);
	} else if (sscanf(line, "> %*u accepted %u", &n) == 1) {
		expect_hb(h, tclo, pushed[n - first], strlen(pushed[n - first]));
	} else if (sscanf(line, "> %*u replied %u %n", &n, &at) == 1) {
		send_hb(h, tclo, line + at, unescape(line + at));
	} else if (sscanf(line, "> %*u send %u %n", &n, &at) == 1) {
		grpc_send(h->g, line + at, unescape(line + at), n, NULL, NULL);
	} else if (!strncmp(line, "< rpci ", 7)) {
		expect_hb(h, rpci, line + 7, unescape(line + 7));
	} else if (strstr(line, " rpci ")) {
		char *text = strstr(line, " rpci ") + 6;

		send_hb(h, rpci, text, unescape(text));
	} else if (strstr(line, " closed")) {
		CU_ASSERT_EQUAL(bdg_step(h->b, tclo, BDOOR_MSG_CLOSE, 0).ecx, 0x00010000);
	}
}

static void test_bsd_by_registers(void)
{
	static const struct grpc_config config;
	struct lines *l = lines_of("bsd-vmt.txt");
	struct host h = { .g = grpc_new(&config, &tape_ops, &h) };
	struct bdg_chan tclo, rpci;
	char *pushed[64];
	size_t i, count = 0;

	h.b = bdoor_new(&bdg_params, &h_ops, &h);
	grpc_transport_set(h.g, &h_transport, &h);
	for (i = 0; i < l->count; i++) {
		unsigned int seq;
		int at;

		if (sscanf(l->line[i], "< push %u %n", &seq, &at) != 1)
			continue;
		CU_ASSERT_EQUAL_FATAL(seq, count + 1);
		CU_ASSERT_FATAL(count < ARRAY_SIZE(pushed));
		pushed[count++] = l->line[i] + at;
	}
	for (i = 0; i < l->count; i++)
		bsd_line(&h, l->line[i], &tclo, &rpci, pushed, 1);
	CU_ASSERT_EQUAL(grpc_tools_state(h.g), GRPC_TOOLS_GONE);
	grpc_free(h.g);
	bdoor_free(h.b);
	lines_free(l);
}

static const struct unit_case cases[] = {
	{ "every transcript is what the model does", test_files },
	{ "a transcript with another answer is refused at that line", test_damage },
	{ "what is no line of a transcript is refused with what would be right", test_wrong_lines },
	{ "the model must say all that the transcript says, and no more", test_more_and_less },
	{ "a recording begins with the guest and can be replayed", test_recording },
	{ "BSD's driver has the same conversation by the second port", test_bsd_by_registers },
};

UNIT_MAIN("wire", cases)
