/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-frame.c - frames over a socket pair: whole, in pieces, with descriptors, and bad ones
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "host/base/fconn.h"
#include "host/base/fd.h"
#include "host/base/frame.h"
#include "host/base/log.h"
#include "tests/unit/unit.h"

static void pair_new(int sv[2])
{
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sv), 0);
}

static void frame_crosses_whole(void)
{
	struct frame_reader r = { 0 };
	struct frame f;
	int sv[2], null = open("/dev/null", O_RDONLY), fd;

	pair_new(sv);
	CU_ASSERT_EQUAL(frame_write(sv[0], 7, "hello", 5, &null, 1), 0);
	CU_ASSERT_EQUAL(frame_write(sv[0], 8, NULL, 0, NULL, 0), 0);
	CU_ASSERT_EQUAL(frame_read(&r, sv[1], 100, &f), 1);
	CU_ASSERT_EQUAL(f.type, 7);
	CU_ASSERT_EQUAL(f.len, 5);
	CU_ASSERT_STRING_EQUAL(f.body, "hello");
	CU_ASSERT_EQUAL(f.fd_count, 1);
	fd = frame_take_fd(&f, 0);
	CU_ASSERT(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	CU_ASSERT_EQUAL(frame_take_fd(&f, 0), -1);
	CU_ASSERT_EQUAL(frame_take_fd(&f, 1), -1);
	frame_done(&f);
	CU_ASSERT(fcntl(fd, F_GETFD) >= 0);
	close(fd);
	CU_ASSERT_EQUAL(frame_read(&r, sv[1], 100, &f), 1);
	CU_ASSERT_EQUAL(f.type, 8);
	CU_ASSERT_EQUAL(f.len, 0);
	frame_done(&f);
	CU_ASSERT_EQUAL(frame_read(&r, sv[1], 100, &f), 0);
	close(sv[0]);
	CU_ASSERT_EQUAL(frame_read(&r, sv[1], 100, &f), -ECONNRESET);
	frame_reader_done(&r);
	close(sv[1]);
	close(null);
}

static void frame_crosses_bytewise(void)
{
	uint8_t bytes[FRAME_HDR_LEN + 3];
	struct frame_reader r = { 0 };
	struct frame f;
	size_t i;
	int sv[2];

	pair_new(sv);
	frame_hdr_put(bytes, 9, 3, 0);
	memcpy(bytes + FRAME_HDR_LEN, "abc", 3);
	for (i = 0; i < sizeof(bytes); i++) {
		CU_ASSERT_EQUAL(frame_read(&r, sv[1], 3, &f), 0);
		CU_ASSERT_EQUAL(write(sv[0], bytes + i, 1), 1);
	}
	CU_ASSERT_EQUAL(frame_read(&r, sv[1], 3, &f), 1);
	CU_ASSERT_STRING_EQUAL(f.body, "abc");
	frame_done(&f);
	close(sv[0]);
	close(sv[1]);
}

static void reader_leaves_what_follows(void)
{
	struct frame_reader r = { 0 };
	struct frame f;
	char rest[8];
	int sv[2];

	pair_new(sv);
	CU_ASSERT_EQUAL(frame_write(sv[0], 1, "x", 1, NULL, 0), 0);
	CU_ASSERT_EQUAL(write(sv[0], "raw", 3), 3);
	CU_ASSERT_EQUAL(frame_read(&r, sv[1], 100, &f), 1);
	CU_ASSERT_EQUAL(read(sv[1], rest, sizeof(rest)), 3);
	frame_done(&f);
	close(sv[0]);
	close(sv[1]);
}

static void bad_headers_are_refused(void)
{
	static const struct {
		const char *name;
		uint32_t magic, len, fds;
		int want;
	} rows[] = {
		{ "good", FRAME_MAGIC, 10, 0, 0 },
		{ "other magic", FRAME_MAGIC + 1, 10, 0, -EPROTO },
		{ "one byte too long", FRAME_MAGIC, 11, 0, -EMSGSIZE },
		{ "length of all ones", FRAME_MAGIC, UINT32_MAX, 0, -EMSGSIZE },
		{ "most descriptors", FRAME_MAGIC, 0, FRAME_FDS_MAX, 0 },
		{ "too many descriptors", FRAME_MAGIC, 0, FRAME_FDS_MAX + 1, -EMSGSIZE },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t type, len, fds;
		uint8_t hdr[FRAME_HDR_LEN];

		frame_hdr_put(hdr, 1, rows[i].len, rows[i].fds);
		hdr[0] = (uint8_t)rows[i].magic;
		CU_ASSERT_EQUAL(frame_hdr_get(hdr, 10, &type, &len, &fds), rows[i].want);
	}
}

static void end_inside_a_frame_is_an_error(void)
{
	uint8_t bytes[FRAME_HDR_LEN];
	struct frame_reader r = { 0 };
	struct frame f;
	int sv[2];

	pair_new(sv);
	frame_hdr_put(bytes, 9, 3, 0);
	CU_ASSERT_EQUAL(write(sv[0], bytes, sizeof(bytes)), (ssize_t)sizeof(bytes));
	close(sv[0]);
	CU_ASSERT_EQUAL(frame_read(&r, sv[1], 100, &f), -EPIPE);
	frame_reader_done(&r);
	close(sv[1]);
}

static void uninvited_descriptors_are_refused(void)
{
	uint8_t bytes[FRAME_HDR_LEN];
	struct frame_reader r = { 0 };
	struct frame f;
	int sv[2];

	pair_new(sv);
	frame_hdr_put(bytes, 1, 0, 0);
	CU_ASSERT_EQUAL(frame_send_part(sv[0], bytes, sizeof(bytes), sv, 2), FRAME_HDR_LEN);
	CU_ASSERT_EQUAL(frame_read(&r, sv[1], 100, &f), -EPROTO);
	frame_reader_done(&r);
	close(sv[0]);
	close(sv[1]);
}

struct probe {
	struct event_base *base;
	unsigned int frames;
	size_t bytes;
	int closed;
	bool free_at_first;
};

static void probe_frame(struct fconn *c, struct frame *f, void *data)
{
	struct probe *p = data;

	p->frames++;
	p->bytes += f->len;
	if (p->free_at_first)
		fconn_free(c);
}

static void probe_closed(struct fconn *c, int err, void *data)
{
	struct probe *p = data;

	p->closed = err;
	fconn_free(c);
	event_base_loopbreak(p->base);
}

static const struct fconn_ops probe_ops = { .frame = probe_frame, .closed = probe_closed };

static void connection_queues_for_a_slow_peer(void)
{
	struct probe p = { .base = event_base_new() };
	struct fconn *out;
	static char big[1 << 20];
	int sv[2], i;

	pair_new(sv);
	out = fconn_new(p.base, sv[0], 100, &probe_ops, &p);
	for (i = 0; i < 4; i++)
		CU_ASSERT_EQUAL(fconn_send(out, 1, big, sizeof(big), NULL, 0), 0);
	fconn_free_after_send(out);
	CU_ASSERT_PTR_NOT_NULL(fconn_new(p.base, sv[1], sizeof(big), &probe_ops, &p));
	event_base_dispatch(p.base);
	CU_ASSERT_EQUAL(p.frames, 4);
	CU_ASSERT_EQUAL(p.bytes, 4 * sizeof(big));
	CU_ASSERT_EQUAL(p.closed, -ECONNRESET);
	event_base_free(p.base);
}

static void full_queue_is_told(void)
{
	struct probe p = { .base = event_base_new() };
	struct fconn *out;
	static char big[FRAME_BODY_MAX];
	int sv[2], i, err = 0;

	pair_new(sv);
	out = fconn_new(p.base, sv[0], 100, &probe_ops, &p);
	for (i = 0; i < 5 && !err; i++)
		err = fconn_send(out, 1, big, sizeof(big), NULL, 0);
	CU_ASSERT_EQUAL(err, -ENOBUFS);
	fconn_free(out);
	close(sv[1]);
	event_base_free(p.base);
}

/* The peer's last words are read although what we sent could not be. */
static void last_words_are_read(void)
{
	struct probe p = { .base = event_base_new() };
	struct fconn *c;
	int sv[2];

	pair_new(sv);
	c = fconn_new(p.base, sv[0], 100, &probe_ops, &p);
	CU_ASSERT_EQUAL(frame_write(sv[1], 1, "bye", 3, NULL, 0), 0);
	close(sv[1]);
	CU_ASSERT_EQUAL(fconn_send(c, 1, "hello", 5, NULL, 0), -EPIPE);
	CU_ASSERT_EQUAL(fconn_send(c, 1, "hello", 5, NULL, 0), -EPIPE);
	event_base_dispatch(p.base);
	CU_ASSERT_EQUAL(p.frames, 1);
	CU_ASSERT_EQUAL(p.closed, -ECONNRESET);
	event_base_free(p.base);
}

static void callback_may_free_the_connection(void)
{
	struct probe p = { .base = event_base_new(), .free_at_first = true };
	int sv[2];

	pair_new(sv);
	CU_ASSERT_EQUAL(frame_write(sv[0], 1, "a", 1, NULL, 0), 0);
	CU_ASSERT_EQUAL(frame_write(sv[0], 1, "b", 1, NULL, 0), 0);
	CU_ASSERT_PTR_NOT_NULL(fconn_new(p.base, sv[1], 100, &probe_ops, &p));
	event_base_dispatch(p.base);
	CU_ASSERT_EQUAL(p.frames, 1);
	close(sv[0]);
	event_base_free(p.base);
}

static void text_from_outside_is_escaped(void)
{
	char buf[32];

	CU_ASSERT_STRING_EQUAL(log_escape(buf, sizeof(buf), "a\nb\\\x80", 5), "a\\x0ab\\x5c\\x80");
	CU_ASSERT_STRING_EQUAL(log_escape(buf, 10, "abcdefghijkl", 12), "abcdef...");
	CU_ASSERT_STRING_EQUAL(log_escape(buf, 10, "\n\n\n", 3), "\\x0a...");
	CU_ASSERT_STRING_EQUAL(log_escape(buf, 10, "", 0), "");
}

static const struct unit_case cases[] = {
	{ "a frame and its descriptor cross whole", frame_crosses_whole },
	{ "a frame may come byte by byte", frame_crosses_bytewise },
	{ "the reader leaves the bytes that follow a frame", reader_leaves_what_follows },
	{ "bad headers are refused", bad_headers_are_refused },
	{ "an end inside a frame is an error", end_inside_a_frame_is_an_error },
	{ "descriptors that the header does not name are refused",
	  uninvited_descriptors_are_refused },
	{ "a connection queues for a slow peer", connection_queues_for_a_slow_peer },
	{ "a full queue is told to the sender", full_queue_is_told },
	{ "a peer's last words are read", last_words_are_read },
	{ "a callback may free its connection", callback_may_free_the_connection },
	{ "text from outside is escaped for the log", text_from_outside_is_escaped },
};

UNIT_MAIN("frame", cases)
