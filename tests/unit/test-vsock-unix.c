/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-vsock-unix.c - the guest's streams as UNIX sockets (uxfix.h)
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>
#include <json-c/json.h>

#include "host/base/bytes.h"
#include "host/base/fd.h"
#include "host/model/vsock_host.h"
#include "tests/unit/uxfix.h"
#include "wire/vmci_queue.h"

/* ---- host to guest ------------------------------------------------------------------------- */

static void connect_line(void)
{
	struct ux *u = ux_new();
	struct vg_pair pair;
	char buf[64] = "", ok[32];
	uint32_t port;
	int fd = client(u, "CONNECT 22\n");

	CU_ASSERT_EQUAL_FATAL(guest_accepts(u, &pair, &port), 0);
	snprintf(ok, sizeof(ok), "OK %u\n", port);
	CU_ASSERT_EQUAL(read(fd, buf, sizeof(buf)), (ssize_t)strlen(ok));
	CU_ASSERT_STRING_EQUAL(buf, ok);
	CU_ASSERT_TRUE(strlen(ok) <= 9);
	CU_ASSERT_EQUAL(write(fd, "to guest", 8), 8);
	turn(u);
	CU_ASSERT_EQUAL(vg_pair_read(u->g, &pair, buf, sizeof(buf)), 8);
	CU_ASSERT_EQUAL(memcmp(buf, "to guest", 8), 0);
	CU_ASSERT_EQUAL(vg_pair_write(u->g, &pair, "to host", 7), 7);
	vg_say(u->g, VSOCK_PKT_WROTE, 22, port, 0);
	CU_ASSERT_EQUAL(wait_read(u, fd, buf, sizeof(buf)), 7);
	CU_ASSERT_EQUAL(memcmp(buf, "to host", 7), 0);
	close(fd);
	ux_free(u);
}

static void lines_accepted(void)
{
	static const char *const lines[] = { "CONNECT 22\n", "connect 22\n", "CoNnEcT 22\n",
					     "CONNECT \t 22 \r\n", "  CONNECT 22\n",
					     "CONNECT 22 and more\n" };
	struct ux *u = ux_new();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		const struct vsock_wire_packet *p;
		int fd = client(u, lines[i]);

		turn(u);
		p = vg_hear(u->g);
		CU_ASSERT_PTR_NOT_NULL_FATAL(p);
		CU_ASSERT_EQUAL(p->type, VSOCK_PKT_REQUEST2);
		CU_ASSERT_EQUAL(le32toh(p->dst_port), 22);
		close(fd);
	}
	ux_free(u);
}

static void lines_refused(void)
{
	static const char *const lines[] = { "\n", "CONNECT\n", "CONNECT \n", "CONNECT22\n",
					     "CONNECT -1\n", "CONNECT 0x16\n", "CONNECT 22x\n",
					     "CONNECT 4294967295\n", "CONNECT 4294967296\n",
					     "CONNECT 99999999999999999\n", "GET / HTTP/1.1\n",
					     "CONNECT 00000000000000000000000000000022\n",
					     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" };
	struct ux *u = ux_new();
	size_t i;
	char c;

	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		int fd = client(u, lines[i]);
		/* what was sent beyond the line is thrown away: then the end is a reset */
		ssize_t n = wait_read(u, fd, &c, 1);

		CU_ASSERT_TRUE(n == 0 || (n < 0 && errno == ECONNRESET));
		CU_ASSERT_PTR_NULL(vg_hear(u->g));
		close(fd);
	}
	CU_ASSERT_EQUAL(vsu_counters(u->vsu)->clients_bad_line, ARRAY_SIZE(lines));
	ux_free(u);
}

static void line_in_pieces(void)
{
	struct ux *u = ux_new();
	struct vg_pair pair;
	char buf[64];
	uint32_t port;
	int i, fd = client(u, "CON");

	for (i = 0; i < 3; i++) {
		turn(u);
		CU_ASSERT_PTR_NULL(vg_hear(u->g));
		CU_ASSERT_EQUAL(write(fd, i ? i == 1 ? "ECT" : " 2" : "N", i ? i == 1 ? 3 : 2 : 1),
				i ? i == 1 ? 3 : 2 : 1);
	}
	/* the end of the line, and without waiting what is for the guest */
	CU_ASSERT_EQUAL(write(fd, "2\nhello", 7), 7);
	CU_ASSERT_EQUAL_FATAL(guest_accepts(u, &pair, &port), 0);
	turn(u);
	CU_ASSERT_EQUAL(vg_pair_read(u->g, &pair, buf, sizeof(buf)), 5);
	CU_ASSERT_EQUAL(memcmp(buf, "hello", 5), 0);
	close(fd);
	ux_free(u);
}

static void guest_refuses(void)
{
	struct ux *u = ux_new();
	const struct vsock_wire_packet *p;
	int fd = client(u, "CONNECT 22\n");
	char c;

	turn(u);
	p = vg_hear(u->g);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	vg_say(u->g, VSOCK_PKT_RST, 22, le32toh(p->src_port), 0);
	CU_ASSERT_EQUAL(wait_read(u, fd, &c, 1), 0);
	CU_ASSERT_EQUAL(vsu_counters(u->vsu)->clients_refused, 1);
	close(fd);
	vmci_reset(u->g->dev);	/* no driver */
	fd = client(u, "CONNECT 22\n");
	CU_ASSERT_EQUAL(wait_read(u, fd, &c, 1), 0);
	CU_ASSERT_EQUAL(vsu_counters(u->vsu)->clients_refused, 2);
	close(fd);
	ux_free(u);
}

static void slow_clients(void)
{
	struct ux *u = ux_new_with((struct vsu_config){ .greeting_max = 2, .greeting_ms = 50 });
	int a = client(u, "CONN"), b = client(u, ""), c = client(u, "CONNECT 22\n");
	char buf[1];

	turn(u);
	CU_ASSERT_PTR_NULL(vg_hear(u->g));	/* the third waits its turn */
	CU_ASSERT_EQUAL(vsu_counters(u->vsu)->clients, 2);
	CU_ASSERT_EQUAL(wait_read(u, a, buf, 1), 0);
	CU_ASSERT_EQUAL(wait_read(u, b, buf, 1), 0);
	CU_ASSERT_EQUAL(vsu_counters(u->vsu)->clients_slow, 2);
	turn(u);
	CU_ASSERT_TRUE(vg_hears(u->g, VSOCK_PKT_REQUEST2));
	close(a);
	close(b);
	close(c);
	ux_free(u);
}

struct result {
	int calls, err;
	uint32_t port;
};

static void done(void *arg, int err, uint32_t host_port)
{
	struct result *r = arg;

	r->calls++;
	r->err = err;
	r->port = host_port;
}

static void passed_descriptor(void)
{
	struct ux *u = ux_new();
	struct result r = { 0 };
	struct vg_pair pair;
	uint32_t port;
	char buf[8];
	int fd[2], other[2], pipefd[2];

	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM, 0, other), 0);
	CU_ASSERT_EQUAL_FATAL(pipe(pipefd), 0);
	CU_ASSERT_EQUAL(vsu_connect(u->vsu, 22, pipefd[0], done, &r), -ENOTSOCK);
	CU_ASSERT_EQUAL(vsu_connect(u->vsu, VSH_PORT_ANY, fd[0], done, &r), -EINVAL);
	CU_ASSERT_EQUAL(vsu_connect(u->vsu, 22, fd[0], done, &r), 0);
	CU_ASSERT_EQUAL(guest_accepts(u, &pair, &port), 0);
	CU_ASSERT_EQUAL(r.calls, 1);
	CU_ASSERT_EQUAL(r.err, 0);
	CU_ASSERT_EQUAL(r.port, port);
	CU_ASSERT_EQUAL(write(fd[1], "raw", 3), 3);	/* no OK line on this way */
	turn(u);
	CU_ASSERT_EQUAL(vg_pair_read(u->g, &pair, buf, 8), 3);
	CU_ASSERT_EQUAL(vsu_connect(u->vsu, 23, other[0], done, &r), 0);
	vmci_reset(u->g->dev);
	CU_ASSERT_EQUAL(r.calls, 2);
	CU_ASSERT_EQUAL(r.err, -ECONNREFUSED);
	CU_ASSERT_EQUAL(read(other[1], buf, 8), 0);
	CU_ASSERT_EQUAL(read(fd[1], buf, 8), 0);
	close(fd[1]);
	close(other[1]);
	close(pipefd[0]);
	close(pipefd[1]);
	ux_free(u);
}

/* ---- guest to host ------------------------------------------------------------------------- */

static void guest_reaches_service(void)
{
	struct ux *u = ux_new();
	int l = service(u, "_80", SOCK_STREAM), fd;
	struct vg_pair pair;
	char buf[64];

	CU_ASSERT_EQUAL_FATAL(guest_connects(u, &pair), 0);
	fd = accept(l, NULL, NULL);
	CU_ASSERT_TRUE_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(vg_pair_write(u->g, &pair, "hello", 5), 5);
	vg_say(u->g, VSOCK_PKT_WROTE, GP, HP, 0);
	CU_ASSERT_EQUAL(wait_read(u, fd, buf, sizeof(buf)), 5);
	CU_ASSERT_EQUAL(write(fd, "world!", 6), 6);
	turn(u);
	CU_ASSERT_TRUE(vg_hears(u->g, VSOCK_PKT_WROTE));
	CU_ASSERT_EQUAL(vg_pair_read(u->g, &pair, buf, sizeof(buf)), 6);
	/* data, then the guest goes: everything arrives, then the end */
	CU_ASSERT_EQUAL(vg_pair_write(u->g, &pair, "tail", 4), 4);
	vg_pair_detach(u->g, &pair);
	CU_ASSERT_EQUAL(wait_read(u, fd, buf, sizeof(buf)), 4);
	CU_ASSERT_EQUAL(wait_read(u, fd, buf, sizeof(buf)), 0);
	close(fd);
	service_end(u, "_80", l);
	ux_free(u);
}

static void no_service(void)
{
	struct ux *u = ux_new();
	struct vg_pair pair;
	char name[108];
	int l;

	CU_ASSERT_EQUAL(guest_connects(u, &pair), -1);
	CU_ASSERT_EQUAL(vsu_counters(u->vsu)->services_missing, 1);
	l = service(u, "_80", SOCK_STREAM);
	close(l);				/* the file is there, nobody listens */
	vg_say(u->g, VSOCK_PKT_REQUEST2, GP, HP, SIZE);
	CU_ASSERT_TRUE(vg_hears(u->g, VSOCK_PKT_RST));
	CU_ASSERT_EQUAL(vsu_counters(u->vsu)->services_missing, 2);
	snprintf(name, sizeof(name), "%s_80", u->path);
	unlink(name);
	ux_free(u);
}

static void full_backlog(void)
{
	struct ux *u = ux_new();
	int i, l = service(u, "_80", SOCK_STREAM);

	for (i = 0; i < 1000 && !vsu_counters(u->vsu)->services_busy; i++) {
		vg_say(u->g, VSOCK_PKT_REQUEST2, GP + (uint32_t)i, HP, SIZE);
		vg_recv(u->g);
	}
	CU_ASSERT_TRUE(i > 100 && i < 1000);
	service_end(u, "_80", l);
	ux_free(u);
}

static int got_fd;
static uint32_t got_port;

static void accept_one(void *arg, int fd, uint32_t guest_port)
{
	++*(int *)arg;
	got_fd = fd;
	got_port = guest_port;
}

static void listener_gets_streams(void)
{
	struct ux *u = ux_new();
	struct vsu_listener *l, *second;
	struct vg_pair pair;
	int calls = 0;
	char buf[8];

	CU_ASSERT_EQUAL(vsu_listen(u->vsu, HP, accept_one, &calls, &l), 0);
	CU_ASSERT_EQUAL(vsu_listen(u->vsu, HP, accept_one, &calls, &second), -EADDRINUSE);
	CU_ASSERT_EQUAL(vsu_listen(u->vsu, VSH_PORT_ANY, accept_one, &calls, &second), -EINVAL);
	CU_ASSERT_EQUAL_FATAL(guest_connects(u, &pair), 0);
	CU_ASSERT_EQUAL(calls, 1);
	CU_ASSERT_EQUAL(got_port, GP);
	vg_pair_write(u->g, &pair, "abc", 3);
	vg_say(u->g, VSOCK_PKT_WROTE, GP, HP, 0);
	CU_ASSERT_EQUAL(wait_read(u, got_fd, buf, 8), 3);
	vsu_unlisten(l);
	CU_ASSERT_EQUAL(write(got_fd, "still", 5), 5);
	turn(u);
	CU_ASSERT_EQUAL(vg_pair_read(u->g, &pair, buf, 8), 5);
	close(got_fd);
	turn(u);
	vg_say(u->g, VSOCK_PKT_REQUEST2, GP + 1, HP, SIZE);
	while (vg_hear(u->g))
		;
	CU_ASSERT_EQUAL(calls, 1);
	ux_free(u);
}

static void listener_leaves_during_handshake(void)
{
	struct ux *u = ux_new();
	struct vsu_listener *l;
	struct vg_pair pair;
	int calls = 0;

	CU_ASSERT_EQUAL(vsu_listen(u->vsu, HP, accept_one, &calls, &l), 0);
	vg_say(u->g, VSOCK_PKT_REQUEST2, GP, HP, SIZE);
	CU_ASSERT_TRUE(vg_hears(u->g, VSOCK_PKT_NEGOTIATE2));
	vsu_unlisten(l);
	CU_ASSERT_EQUAL(vg_pair_create(u->g, SIZE, &pair), VMCI_SUCCESS_QP_CREATE);
	vg_say_handle(u->g, VSOCK_PKT_OFFER, GP, HP, pair.handle);
	while (vg_hear(u->g))
		;
	CU_ASSERT_EQUAL(calls, 0);
	CU_ASSERT_EQUAL(u->g->events_seen[VMCI_EV_QP_PEER_DETACH], 1);
	ux_free(u);
}

/* ---- half-close and flow ------------------------------------------------------------------- */

/* A guest's stream to a service; returns the service's end. */
static int stream(struct ux *u, struct vg_pair *pair)
{
	int fd, l = service(u, "_80", SOCK_STREAM);

	CU_ASSERT_EQUAL_FATAL(guest_connects(u, pair), 0);
	fd = accept4(l, NULL, NULL, SOCK_NONBLOCK);
	CU_ASSERT_TRUE_FATAL(fd >= 0);
	service_end(u, "_80", l);
	return fd;
}

static uint64_t heard_shutdown(struct ux *u)
{
	const struct vsock_wire_packet *p = vg_hear(u->g);

	while (p && p->type != VSOCK_PKT_SHUTDOWN)
		p = vg_hear(u->g);
	return p ? le64toh(p->u.mode) : 0;
}

static void client_half_closes(void)
{
	struct ux *u = ux_new();
	struct vg_pair pair;
	char buf[8];
	int fd = stream(u, &pair);

	CU_ASSERT_EQUAL(write(fd, "end", 3), 3);
	shutdown(fd, SHUT_WR);
	turn(u);
	CU_ASSERT_EQUAL(heard_shutdown(u), VSOCK_SHUTDOWN_SEND);
	CU_ASSERT_EQUAL(vg_pair_read(u->g, &pair, buf, 8), 3);
	vg_pair_write(u->g, &pair, "answer", 6);
	vg_say(u->g, VSOCK_PKT_WROTE, GP, HP, 0);
	CU_ASSERT_EQUAL(wait_read(u, fd, buf, 8), 6);
	vg_say(u->g, VSOCK_PKT_SHUTDOWN, GP, HP, VSOCK_SHUTDOWN_SEND);
	CU_ASSERT_EQUAL(wait_read(u, fd, buf, 8), 0);
	while (vg_hear(u->g))
		;
	CU_ASSERT_EQUAL(u->g->events_seen[VMCI_EV_QP_PEER_DETACH], 1);	/* both over: closed */
	close(fd);
	ux_free(u);
}

static void client_closes(void)
{
	struct ux *u = ux_new();
	struct vg_pair pair;
	char buf[8];
	int fd = stream(u, &pair);

	CU_ASSERT_EQUAL(write(fd, "bye", 3), 3);
	close(fd);
	turn(u);
	CU_ASSERT_EQUAL(heard_shutdown(u), VSOCK_SHUTDOWN_BOTH);
	while (vg_hear(u->g))
		;
	CU_ASSERT_EQUAL(u->g->events_seen[VMCI_EV_QP_PEER_DETACH], 1);
	CU_ASSERT_EQUAL(vg_pair_read(u->g, &pair, buf, 8), 3);
	ux_free(u);
}

static void guest_half_closes(void)
{
	struct ux *u = ux_new();
	struct vg_pair pair;
	char buf[8];
	int fd = stream(u, &pair);

	vg_pair_write(u->g, &pair, "end", 3);
	vg_say(u->g, VSOCK_PKT_SHUTDOWN, GP, HP, VSOCK_SHUTDOWN_SEND);
	CU_ASSERT_EQUAL(wait_read(u, fd, buf, 8), 3);
	CU_ASSERT_EQUAL(wait_read(u, fd, buf, 8), 0);
	CU_ASSERT_EQUAL(write(fd, "more", 4), 4);
	turn(u);
	CU_ASSERT_EQUAL(vg_pair_read(u->g, &pair, buf, 8), 4);
	vg_say(u->g, VSOCK_PKT_SHUTDOWN, GP, HP, VSOCK_SHUTDOWN_RCV);
	turn(u);
	CU_ASSERT_EQUAL(send(fd, "x", 1, MSG_NOSIGNAL), -1);
	CU_ASSERT_EQUAL(errno, EPIPE);
	close(fd);
	ux_free(u);
}

static void guest_stops_receiving(void)
{
	struct ux *u = ux_new();
	struct vg_pair pair;
	char buf[8];
	int fd = stream(u, &pair);

	vg_say(u->g, VSOCK_PKT_SHUTDOWN, GP, HP, VSOCK_SHUTDOWN_RCV);
	turn(u);
	CU_ASSERT_EQUAL(send(fd, "x", 1, MSG_NOSIGNAL), -1);
	CU_ASSERT_EQUAL(errno, EPIPE);
	vg_pair_write(u->g, &pair, "on", 2);
	vg_say(u->g, VSOCK_PKT_WROTE, GP, HP, 0);
	CU_ASSERT_EQUAL(wait_read(u, fd, buf, 8), 2);
	close(fd);
	ux_free(u);
}

static uint8_t pattern(size_t i)
{
	return (uint8_t)(i * 13 + (i >> 9));
}

/* 4 MiB up against a client that reads little by little: the guest waits for READ when full. */
static void flow_to_a_slow_client(void)
{
	struct ux *u = ux_new();
	struct vg_pair pair;
	size_t in = 0, out = 0, total = 4u << 20, i, stuck = 0;
	static uint8_t buf[SIZE];
	int fd = stream(u, &pair);
	bool waiting = false;

	while (out < total && stuck < 1000) {
		ssize_t n;

		while (!waiting && in < total) {
			size_t len = total - in < 3000 ? total - in : 3000, did;

			for (i = 0; i < len; i++)
				buf[i] = pattern(in + i);
			did = vg_pair_write(u->g, &pair, buf, len);
			in += did;
			vg_say(u->g, VSOCK_PKT_WROTE, GP, HP, 0);
			waiting = did < len;
		}
		turn(u);
		if (waiting && vg_hears(u->g, VSOCK_PKT_READ))
			waiting = false;
		n = read(fd, buf, 1 + out % sizeof(buf));
		for (i = 0; n > 0 && i < (size_t)n; i++)
			if (buf[i] != pattern(out + i))
				break;
		CU_ASSERT_TRUE_FATAL(n < 0 || i == (size_t)n);
		stuck = n > 0 ? 0 : stuck + 1;
		out += n > 0 ? (size_t)n : 0;
	}
	CU_ASSERT_EQUAL(out, total);
	close(fd);
	ux_free(u);
}

static void flow_to_a_slow_guest(void)
{
	struct ux *u = ux_new();
	struct vg_pair pair;
	size_t in = 0, out = 0, total = 4u << 20, i, stuck = 0;
	static uint8_t buf[SIZE];
	int fd = stream(u, &pair);

	while (out < total && stuck < 1000) {
		size_t len = total - in < 3000 ? total - in : 3000, before = out;
		ssize_t n = 0;

		for (i = 0; i < len; i++)
			buf[i] = pattern(in + i);
		if (len)
			n = write(fd, buf, len);
		in += n > 0 ? (size_t)n : 0;
		turn(u);
		len = vg_pair_read(u->g, &pair, buf, 1 + out % 5000);
		for (i = 0; i < len && buf[i] == pattern(out + i); i++)
			;
		CU_ASSERT_EQUAL_FATAL(i, len);
		out += len;
		if (len)
			vg_say(u->g, VSOCK_PKT_READ, GP, HP, 0);
		stuck = out > before ? 0 : stuck + 1;
	}
	CU_ASSERT_EQUAL(out, total);
	close(fd);
	ux_free(u);
}

/* How long one round of the loop waits when only a timer of 60 ms can end it. */
static int64_t idle_ms(struct ux *u)
{
	const struct timeval limit = { .tv_usec = 60000 };
	struct timespec a, b;

	event_base_loopexit(u->base, &limit);
	clock_gettime(CLOCK_MONOTONIC, &a);
	event_base_loop(u->base, EVLOOP_ONCE);
	clock_gettime(CLOCK_MONOTONIC, &b);
	return (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
}

/* Rings full in both directions, nobody reads: the loop has nothing to do. */
static void no_busy_loop(void)
{
	struct ux *u = ux_new();
	struct vg_pair pair;
	static uint8_t buf[1 << 20];
	int i, fd = stream(u, &pair);

	while (write(fd, buf, sizeof(buf)) > 0)
		turn(u);
	for (i = 0; i < 200; i++) {
		vg_pair_write(u->g, &pair, buf, SIZE);
		vg_say(u->g, VSOCK_PKT_WROTE, GP, HP, 0);
	}
	turn(u);
	CU_ASSERT_TRUE(idle_ms(u) >= 50);
	/* the guest reads: one event, and quiet again when its ring is full once more */
	CU_ASSERT_EQUAL(vg_pair_read(u->g, &pair, buf, SIZE), SIZE - 1);
	vg_say(u->g, VSOCK_PKT_READ, GP, HP, 0);
	turn(u);
	CU_ASSERT_EQUAL(vg_pair_read(u->g, &pair, buf, 1), 1);
	CU_ASSERT_TRUE(idle_ms(u) >= 50);
	close(fd);
	turn(u);
	ux_free(u);
}

static void idle_when_half_closed(void)
{
	struct ux *u = ux_new();
	struct vg_pair pair;
	int fd = stream(u, &pair);

	shutdown(fd, SHUT_WR);
	turn(u);
	CU_ASSERT_TRUE(idle_ms(u) >= 50);
	close(fd);
	ux_free(u);
	u = ux_new();
	fd = stream(u, &pair);
	vg_say(u->g, VSOCK_PKT_SHUTDOWN, GP, HP, VSOCK_SHUTDOWN_SEND);
	shutdown(fd, SHUT_RD);
	turn(u);
	CU_ASSERT_TRUE(idle_ms(u) >= 50);
	close(fd);
	ux_free(u);
}

static void corrupt_ring_closes(void)
{
	struct ux *u = ux_new();
	struct vg_pair pair;
	char c;
	int fd = stream(u, &pair);

	vg_pair_poke(u->g, &pair, VMCI_QUEUE_OFF_PRODUCER_TAIL, SIZE);
	vg_say(u->g, VSOCK_PKT_WROTE, GP, HP, 0);
	CU_ASSERT_EQUAL(wait_read(u, fd, &c, 1), 0);
	CU_ASSERT_EQUAL(vsu_counters(u->vsu)->broken, 1);
	CU_ASSERT_TRUE(vg_hears(u->g, VSOCK_PKT_RST));
	close(fd);
	ux_free(u);
}

/* ---- the instance -------------------------------------------------------------------------- */

static void path_in_use(void)
{
	struct ux *u = ux_new();
	struct vsu_config config = { .base = u->base, .dev = u->g->dev, .path = u->path };
	char file[108];
	struct vsu *second;
	char longer[VSU_PATH_MAX + 2];
	int fd;

	CU_ASSERT_EQUAL(vsu_new(&config, &second), -EADDRINUSE);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	config.path = longer;
	CU_ASSERT_EQUAL(vsu_new(&config, &second), -ENAMETOOLONG);
	snprintf(file, sizeof(file), "%s/file", u->dir);
	fd = open(file, O_CREAT | O_WRONLY, 0600);
	close(fd);
	config.path = file;
	CU_ASSERT_EQUAL(vsu_new(&config, &second), -EEXIST);
	unlink(file);
	/* and one whose device has a personality already takes nothing away */
	CU_ASSERT_EQUAL(vsu_new(&config, &second), -EEXIST);
	CU_ASSERT_EQUAL(access(file, F_OK), -1);
	ux_free(u);
}

static void again_after_free(void)
{
	struct ux *u = ux_new();
	struct vsu_config config = { .base = u->base, .dev = u->g->dev, .path = u->path };
	struct vg_pair pair;
	uint32_t port;
	int fd;

	vsu_free(u->vsu);
	CU_ASSERT_EQUAL_FATAL(vsu_new(&config, &u->vsu), 0);
	fd = client(u, "CONNECT 22\n");
	CU_ASSERT_EQUAL(guest_accepts(u, &pair, &port), 0);
	vsu_free(u->vsu);	/* with a stream open and a stale socket left behind */
	close(service(u, "", SOCK_STREAM));
	CU_ASSERT_EQUAL_FATAL(vsu_new(&config, &u->vsu), 0);
	close(fd);
	ux_free(u);
}

static void status(void)
{
	struct ux *u = ux_new();
	struct vsu_listener *l;
	struct json_object *o, *list, *conn, *v;
	struct vg_pair pair;
	int fd = stream(u, &pair), calls = 0;

	CU_ASSERT_EQUAL(vsu_listen(u->vsu, 99, accept_one, &calls, &l), 0);
	o = vsu_status_json(u->vsu);
	CU_ASSERT_PTR_NOT_NULL_FATAL(o);
	CU_ASSERT_TRUE(json_object_object_get_ex(o, "connections", &list));
	CU_ASSERT_EQUAL_FATAL(json_object_array_length(list), 1);
	conn = json_object_array_get_idx(list, 0);
	CU_ASSERT_TRUE(json_object_object_get_ex(conn, "guest-port", &v));
	CU_ASSERT_EQUAL(json_object_get_int64(v), GP);
	CU_ASSERT_TRUE(json_object_object_get_ex(conn, "state", &v));
	CU_ASSERT_STRING_EQUAL(json_object_get_string(v), "established");
	CU_ASSERT_TRUE(json_object_object_get_ex(o, "listeners", &list));
	CU_ASSERT_EQUAL(json_object_get_int64(json_object_array_get_idx(list, 0)), 99);
	CU_ASSERT_TRUE(json_object_object_get_ex(o, "counters", &list));
	CU_ASSERT_TRUE(json_object_object_get_ex(list, "established_in", &v));
	CU_ASSERT_EQUAL(json_object_get_int64(v), 1);
	CU_ASSERT_TRUE(json_object_object_get_ex(list, "clients_slow", &v));
	json_object_put(o);
	close(fd);
	ux_free(u);
}

static const struct unit_case cases[] = {
	{ "CONNECT gives OK in one piece, then the guest's stream", connect_line },
	{ "the CONNECT line is read as Firecracker reads it", lines_accepted },
	{ "other lines are the end of the connection", lines_refused },
	{ "a line may come in pieces, and bytes behind it are the guest's", line_in_pieces },
	{ "a refusal is an end of file without a byte", guest_refuses },
	{ "clients without a line are limited in number and time", slow_clients },
	{ "a passed descriptor is connected without text", passed_descriptor },
	{ "a guest reaches PATH_port, and its last bytes arrive when it goes",
	  guest_reaches_service },
	{ "a guest's request without a service gets RST", no_service },
	{ "a service whose backlog is full refuses", full_backlog },
	{ "a listener gets the guest's streams", listener_gets_streams },
	{ "a listener that leaves during a handshake ends it", listener_leaves_during_handshake },
	{ "a client half-closes and still gets the answer", client_half_closes },
	{ "a client that closes ends both directions, its bytes stay readable", client_closes },
	{ "a guest half-closes and still gets the answer", guest_half_closes },
	{ "a guest that stops receiving gives the client EPIPE", guest_stops_receiving },
	{ "4 MiB to a slow client arrive as they were", flow_to_a_slow_client },
	{ "4 MiB to a slow guest arrive as they were", flow_to_a_slow_guest },
	{ "with both directions blocked the loop is idle", no_busy_loop },
	{ "with one direction closed the loop is idle", idle_when_half_closed },
	{ "a corrupt ring closes the client's socket", corrupt_ring_closes },
	{ "a path that is in use is left alone", path_in_use },
	{ "it can be made again after it was freed", again_after_free },
	{ "the status shows connections, listeners and counters", status },
};

UNIT_MAIN("vsock_unix", cases)
