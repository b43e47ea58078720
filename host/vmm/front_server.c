/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * front_server.c - the VM process's end of the front protocol
 *
 * One front at a time: a second connection is closed at once.  The front must say hello first; then
 * its packets go to the model and the model's answers back.  Nothing here waits: what the socket
 * does not take is queued, up to QUEUE_MAX bytes, and a front that lets it grow beyond is cut off,
 * as is one whose packets are not what front.h says.  The front may come again later.
 *
 * The shared page is written by the front: whatever stands in it is only shown to people, and a time of
 * the future counts as now.
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <time.h>

#include "host/base/fd.h"
#include "host/model/fault.h"
#include "host/model/guestrpc.h"
#include "host/front/front.h"
#include "host/vmm/front_server.h"

#define QUEUE_MAX	(4u << 20)	/* bytes that wait for the front */
#define PACKETS_A_TURN	16		/* then others in the event loop have theirs */

struct packet {
	STAILQ_ENTRY(packet) link;
	size_t len;
	char bytes[];
};

struct front_server {
	struct event_base *base;
	struct grpc *g;
	struct front_params params;
	const struct front_server_ops *ops;
	void *data;
	struct event *accept_ev, *timer_ev;
	int listen_fd;
	int page_fd;
	struct front_page *page;	/* shared with the front */

	int fd;				/* of the front, or -1 */
	struct event *read_ev, *write_ev;
	bool welcome;			/* it has said hello */
	uint32_t gen;			/* of the open TCLO channel, or 0 */
	uint64_t tsc_khz;
	STAILQ_HEAD(, packet) queue;
	size_t queued;			/* bytes */
	uint64_t rpci, resets, crashes;

	char in[sizeof(struct front_hdr) + FRONT_BODY_MAX];
	char reply[FRONT_BODY_MAX];
};

uint64_t front_now_ms(void *unused)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* ---- coming and going ------------------------------------------------------------------------ */

static void queue_clear(struct front_server *s)
{
	struct packet *p;

	while ((p = STAILQ_FIRST(&s->queue))) {
		STAILQ_REMOVE_HEAD(&s->queue, link);
		free(p);
	}
	s->queued = 0;
}

static void front_close(struct front_server *s)
{
	if (s->read_ev)
		event_free(s->read_ev);
	if (s->write_ev)
		event_free(s->write_ev);
	s->read_ev = s->write_ev = NULL;
	fd_close(&s->fd);
	queue_clear(s);
	s->welcome = false;
	s->gen = 0;
}

/* The front is gone or is sent away; models and owner are told last, as they may look at us. */
static void front_lost(struct front_server *s, const char *why)
{
	bool was = s->welcome;

	front_close(s);
	grpc_tclo_closed(s->g);
	if (why)
		s->ops->front(s->data, FRONT_CUT_OFF, why);
	else if (was)
		s->ops->front(s->data, FRONT_GONE, "its connection was closed");
}

/* ---- out ------------------------------------------------------------------------------------- */

static long packet_send(struct front_server *s, const struct front_hdr *hdr, const void *body,
			const int *pass_fd)
{
	union {
		struct cmsghdr hdr;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov[2] = {
		{ .iov_base = (void *)(uintptr_t)hdr, .iov_len = sizeof(*hdr) },
		{ .iov_base = (void *)(uintptr_t)body, .iov_len = hdr->len },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = hdr->len ? 2 : 1 };

	if (pass_fd) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		control.hdr.cmsg_level = SOL_SOCKET;
		control.hdr.cmsg_type = SCM_RIGHTS;
		control.hdr.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.hdr), pass_fd, sizeof(int));
	}
	return sendmsg(s->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

static int packet_queue(struct front_server *s, const struct front_hdr *hdr, const void *body)
{
	size_t len = sizeof(*hdr) + hdr->len;
	struct packet *p;

	if (len > QUEUE_MAX - s->queued)
		return -ENOBUFS;
	p = malloc(sizeof(*p) + len);
	if (!p)
		return -ENOMEM;
	memcpy(p->bytes, hdr, sizeof(*hdr));
	if (hdr->len)
		memcpy(p->bytes + sizeof(*hdr), body, hdr->len);
	p->len = len;
	STAILQ_INSERT_TAIL(&s->queue, p, link);
	s->queued += len;
	event_add(s->write_ev, NULL);
	return 0;
}

/* Send or queue; a connection that is broken is noticed by the reader. */
static int front_send(struct front_server *s, enum front_type type, uint32_t gen, uint32_t seq,
		      const void *body, size_t len)
{
	struct front_hdr hdr = { .type = type, .gen = gen, .seq = seq, .len = (uint32_t)len };
	long err = -EAGAIN;

	if (!s->welcome)
		return -ENOTCONN;
	if (STAILQ_EMPTY(&s->queue))
		err = packet_send(s, &hdr, body, NULL);
	return err == -EAGAIN ? packet_queue(s, &hdr, body) : (int)err;
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct front_server *s = arg;
	struct packet *p;

	while ((p = STAILQ_FIRST(&s->queue))) {
		if (send(s->fd, p->bytes, p->len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
			if (errno == EAGAIN)
				event_add(s->write_ev, NULL);
			return;
		}
		STAILQ_REMOVE_HEAD(&s->queue, link);
		s->queued -= p->len;
		free(p);
	}
}

/* ---- the model's transport ------------------------------------------------------------------- */

static int t_push(void *data, uint32_t seq, const void *msg, size_t len)
{
	struct front_server *s = data;

	if (!s->gen)
		return -ENOTCONN;
	return front_send(s, FRONT_TCLO, s->gen, seq, msg, len);
}

static void t_cancel(void *data, uint32_t seq)
{
	struct front_server *s = data;

	front_send(s, FRONT_TCLO_CANCEL, s->gen, seq, NULL, 0);
}

static void t_timer(void *data, uint64_t at_ms)
{
	struct front_server *s = data;
	uint64_t now = front_now_ms(NULL), ms = at_ms > now ? at_ms - now : 0;
	struct timeval tv = { .tv_sec = (time_t)(ms / 1000),
			      .tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	if (at_ms == GRPC_NEVER)
		evtimer_del(s->timer_ev);
	else
		evtimer_add(s->timer_ev, &tv);
}

static uint32_t gui_options(const struct front_server *s)
{
	return grpc_sync_time(s->g) ? BDOOR_GUI_SYNC_TIME : 0;
}

static void t_sync_time(void *data)
{
	struct front_server *s = data;

	front_send(s, FRONT_GUI_OPTIONS, 0, gui_options(s), NULL, 0);
}

static const struct grpc_transport transport = {
	.push = t_push, .cancel = t_cancel, .timer = t_timer, .sync_time = t_sync_time,
};

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	grpc_tick(((struct front_server *)arg)->g);
}

/* ---- in -------------------------------------------------------------------------------------- */

static const char *got_hello(struct front_server *s, const struct front_hdr *hdr, const char *body)
{
	struct front_hdr out = { .type = FRONT_WELCOME, .len = sizeof(struct front_welcome) };
	struct front_welcome w = {
		.version = FRONT_VERSION, .memory_mib = s->params.memory_mib,
		.vcpus = s->params.vcpus, .gui_options = gui_options(s),
		.hypercall = s->params.hypercall,
	};
	struct front_hello hello;

	if (s->welcome || hdr->type != FRONT_HELLO || hdr->len != sizeof(hello))
		return "the front does not speak our protocol";
	memcpy(&hello, body, sizeof(hello));
	if (hello.version != FRONT_VERSION)
		return "the front is of another version of vmtkit: install all from one build";
	memcpy(w.uuid, s->params.uuid, sizeof(w.uuid));
	if (s->params.faults)
		fault_lines(s->params.faults, w.faults);
	if (packet_send(s, &out, &w, &s->page_fd) < 0)
		return "the front takes no messages";
	s->welcome = true;
	s->tsc_khz = hello.tsc_khz;
	s->ops->front(s->data, FRONT_CAME, "");
	return NULL;
}

static const char *got_rpci(struct front_server *s, const struct front_hdr *hdr, const char *body)
{
	size_t n;

	s->rpci++;
	n = grpc_rpci(s->g, body, hdr->len, s->reply, sizeof(s->reply));
	if (n && front_send(s, FRONT_RPCI_REPLY, 0, hdr->seq, s->reply, n) == -ENOBUFS)
		return "the front does not read its replies";
	return NULL;
}

static void got_opened(struct front_server *s, uint32_t gen)
{
	s->gen = gen;
	grpc_tclo_opened(s->g);
}

static void got_closed(struct front_server *s)
{
	s->gen = 0;
	grpc_tclo_closed(s->g);
}

static void got_reset(struct front_server *s)
{
	s->gen = 0;
	s->resets++;
	grpc_guest_reset(s->g);
}

static void got_crashed(struct front_server *s)
{
	s->crashes++;
	s->ops->crashed(s->data);
}

/* Returns why the front must go, or NULL. */
static const char *dispatch(struct front_server *s, const struct front_hdr *hdr, const char *body)
{
	bool of_channel = s->gen && hdr->gen == s->gen;

	if (!s->welcome || hdr->type == FRONT_HELLO)
		return got_hello(s, hdr, body);
	switch (hdr->type) {
	case FRONT_RPCI:
		return got_rpci(s, hdr, body);
	case FRONT_TCLO_OPENED:
		if (!hdr->gen)
			break;
		got_opened(s, hdr->gen);
		return NULL;
	case FRONT_TCLO_ACCEPTED:
		if (of_channel)
			grpc_tclo_accepted(s->g, hdr->seq);
		return NULL;
	case FRONT_TCLO_REFUSED:
		if (of_channel)
			grpc_tclo_refused(s->g, hdr->seq);
		return NULL;
	case FRONT_TCLO_REPLIED:
		if (of_channel)
			grpc_tclo_replied(s->g, hdr->seq, body, hdr->len);
		return NULL;
	case FRONT_TCLO_CLOSED:
		if (of_channel)
			got_closed(s);
		return NULL;
	case FRONT_RESET:
		got_reset(s);
		return NULL;
	case FRONT_CRASHED:
		got_crashed(s);
		return NULL;
	}
	return "the front broke the protocol";
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct front_server *s = arg;
	const char *why = NULL;
	unsigned int i;

	for (i = 0; !why && i < PACKETS_A_TURN; i++) {
		ssize_t n = recv(s->fd, s->in, sizeof(s->in), MSG_DONTWAIT | MSG_TRUNC);
		struct front_hdr hdr;

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			front_lost(s, NULL);
			return;
		}
		if ((size_t)n < sizeof(hdr) || (size_t)n > sizeof(s->in)) {
			why = "the front sent a packet of a wrong size";
			break;
		}
		memcpy(&hdr, s->in, sizeof(hdr));
		if (hdr.len != (size_t)n - sizeof(hdr))
			why = "the front sent a packet of a wrong size";
		else
			why = dispatch(s, &hdr, s->in + sizeof(hdr));
	}
	if (why)
		front_lost(s, why);
}

static void on_connection(evutil_socket_t listen_fd, short what, void *arg)
{
	struct front_server *s = arg;
	int fd = accept4(s->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (s->fd >= 0) {
		close(fd);
		return;
	}
	s->fd = fd;
	s->read_ev = event_new(s->base, fd, EV_READ | EV_PERSIST, on_readable, s);
	s->write_ev = event_new(s->base, fd, EV_WRITE, on_writable, s);
	if (!s->read_ev || !s->write_ev || event_add(s->read_ev, NULL) < 0)
		front_close(s);
}

/* ---- life ------------------------------------------------------------------------------------ */

/* One page, of a size that the front cannot change under us. */
static int page_new(struct front_server *s)
{
	void *page;

	s->page_fd = memfd_create("vmtkit-front", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (s->page_fd < 0 || ftruncate(s->page_fd, FRONT_PAGE_SIZE) < 0 ||
	    fcntl(s->page_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return -errno;
	page = mmap(NULL, FRONT_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, s->page_fd, 0);
	if (page == MAP_FAILED)
		return -errno;
	s->page = page;
	return 0;
}

static int server_start(struct front_server *s)
{
	int err = page_new(s);

	if (err < 0)
		return err;
	s->accept_ev = event_new(s->base, s->listen_fd, EV_READ | EV_PERSIST, on_connection, s);
	s->timer_ev = evtimer_new(s->base, on_timer, s);
	if (!s->accept_ev || !s->timer_ev || event_add(s->accept_ev, NULL) < 0)
		return -ENOMEM;
	return fd_set_nonblock(s->listen_fd, 1);
}

struct front_server *front_server_new(struct event_base *base, int listen_fd, struct grpc *g,
				      const struct front_params *params,
				      const struct front_server_ops *ops, void *data)
{
	struct front_server *s = calloc(1, sizeof(*s));
	int err;

	if (!s) {
		close(listen_fd);
		return NULL;
	}
	s->base = base;
	s->listen_fd = listen_fd;
	s->page_fd = s->fd = -1;
	s->g = g;
	s->params = *params;
	s->ops = ops;
	s->data = data;
	STAILQ_INIT(&s->queue);
	err = server_start(s);
	if (err < 0) {
		front_server_free(s);
		errno = -err;
		return NULL;
	}
	grpc_transport_set(g, &transport, s);
	return s;
}

void front_server_free(struct front_server *s)
{
	if (!s)
		return;
	front_close(s);
	if (s->accept_ev && s->timer_ev)
		grpc_transport_set(s->g, NULL, NULL);
	if (s->accept_ev)
		event_free(s->accept_ev);
	if (s->timer_ev)
		event_free(s->timer_ev);
	if (s->page)
		munmap(s->page, FRONT_PAGE_SIZE);
	fd_close(&s->page_fd);
	fd_close(&s->listen_fd);
	free(s);
}

/* ---- for people ------------------------------------------------------------------------------ */

bool front_server_connected(const struct front_server *s)
{
	return s->welcome;
}

static uint64_t page_get(const uint64_t *where)
{
	return __atomic_load_n(where, __ATOMIC_RELAXED);
}

uint64_t front_server_last_poll_ms(const struct front_server *s)
{
	uint64_t at = page_get(&s->page->last_poll_ms), now = front_now_ms(NULL);

	return at < now ? at : now;
}

void front_server_stats(const struct front_server *s, struct front_stats *ret)
{
	*ret = (struct front_stats){
		.rpci = s->rpci,
		.resets = s->resets,
		.crashes = s->crashes,
		.polls = page_get(&s->page->polls),
		.timeouts = page_get(&s->page->rpci_timeouts),
		.refused_opens = page_get(&s->page->opens_refused),
		.bad_cookies = page_get(&s->page->bad_cookies),
		.tsc_khz = s->tsc_khz,
	};
}

int front_server_checkpoint(struct front_server *s)
{
	return front_send(s, FRONT_CHECKPOINT, 0, 0, NULL, 0);
}

/* ---- faults ---------------------------------------------------------------------------------- */

static int fault_send(struct front_server *s, enum front_type type, uint32_t seq, const char *line)
{
	int err = front_send(s, type, 0, seq, line, strlen(line));

	return err == -ENOTCONN ? 0 : err;
}

int front_server_fault(struct front_server *s, const struct fault_rule *rule)
{
	char line[FAULT_LINE_MAX + 1];

	return fault_send(s, FRONT_FAULT, 0, fault_line(rule, line));
}

int front_server_fault_clear(struct front_server *s, unsigned int kind)
{
	return fault_send(s, FRONT_FAULT_CLEAR, kind, "");
}

uint64_t front_server_fired(const struct front_server *s, unsigned int kind)
{
	return page_get(&s->page->faults[kind]);
}
