/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vsock_unix.c - a guest's vSockets ports as UNIX sockets: the instance
 *
 * A client of PATH is a greeting until its line is there, then a stream (vsock_unix_stream.c).  Of
 * the socket exactly the line is read: what a client sends behind it, without waiting for OK, is
 * the guest's.  Greetings are limited in number and in time; at the limit, or without descriptors,
 * accepting is paused and the clients wait in the listening socket's queue.
 *
 * There is one timer: for the handshakes of the model, for greetings, and for the end of a pause.
 * It is armed only while one of these waits, so an idle VM has no wake-ups from here.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/vmm/vsock_unix_priv.h"

#define LINE_MAX_BYTES		32	/* "CONNECT 4294967295\r\n" and room for spaces */
#define ACCEPTS_AT_ONCE		16
#define ACCEPT_PAUSE_MS		100
#define SPARE_FDS		64	/* for the rest of the VM process */

struct vsu_greeting {
	TAILQ_ENTRY(vsu_greeting) all;
	struct vsu *vsu;
	struct event ev;
	uint64_t deadline_ms;
	int fd;
	uint8_t len;
	char line[LINE_MAX_BYTES + 1];
};

uint64_t vsu_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

void vsu_path(const struct vsu *vsu, const char *infix, uint32_t port, char name[VSU_NAME_MAX])
{
	snprintf(name, VSU_NAME_MAX, "%s%s%" PRIu32, vsu->path, infix, port);
}

static void timer_at(struct vsu *vsu, uint64_t deadline_ms)
{
	uint64_t now = vsu_now_ms();
	uint64_t wait = deadline_ms > now ? deadline_ms - now : 0;
	struct timeval tv = { .tv_sec = (time_t)(wait / 1000),
			      .tv_usec = (suseconds_t)(wait % 1000 * 1000) };

	if (deadline_ms >= vsu->timer_ms)
		return;
	vsu->timer_ms = deadline_ms;
	event_add(&vsu->timer_ev, &tv);
}

static void model_timer(void *data, uint64_t deadline_ms)
{
	timer_at(data, deadline_ms);
}

static uint64_t model_now_ms(void *data)
{
	return vsu_now_ms();
}

/* ---- greetings ----------------------------------------------------------------------------- */

static void accept_pause(struct vsu *vsu, uint64_t again_ms)
{
	event_del(&vsu->listen_ev);
	vsu->accept_again_ms = again_ms;
	vsu->count.accept_pauses++;
	timer_at(vsu, again_ms);
}

static void accept_resume(struct vsu *vsu)
{
	if (vsu->accept_again_ms == UINT64_MAX)
		return;
	vsu->accept_again_ms = UINT64_MAX;
	event_add(&vsu->listen_ev, NULL);
}

void vsu_fd_closed(struct vsu *vsu)
{
	if (vsu->greeting_count < vsu->greeting_max)
		accept_resume(vsu);
}

/* Returns the socket, which is the caller's. */
static int greeting_free(struct vsu_greeting *g)
{
	struct vsu *vsu = g->vsu;
	int fd = g->fd;

	event_del(&g->ev);
	TAILQ_REMOVE(&vsu->greetings, g, all);
	vsu->greeting_count--;
	free(g);
	vsu_fd_closed(vsu);
	return fd;
}

static void greeting_drop(struct vsu_greeting *g)
{
	close(greeting_free(g));
}

/* "CONNECT port", any case, any blanks between; what follows a blank after the port is ignored. */
static int line_parse(const char *line, uint32_t *ret_port)
{
	static const char word[] = "connect";
	uint64_t port = 0;

	while (isspace((unsigned char)*line))
		line++;
	if (strncasecmp(line, word, sizeof(word) - 1))
		return -EINVAL;
	line += sizeof(word) - 1;
	if (!isspace((unsigned char)*line))
		return -EINVAL;
	while (isspace((unsigned char)*line))
		line++;
	if (!isdigit((unsigned char)*line))
		return -EINVAL;
	for (; isdigit((unsigned char)*line) && port <= UINT32_MAX; line++)
		port = port * 10 + (uint64_t)(*line - '0');
	if (port >= VSH_PORT_ANY || (*line && !isspace((unsigned char)*line)))
		return -EINVAL;
	*ret_port = (uint32_t)port;
	return 0;
}

static void greeting_done(struct vsu_greeting *g)
{
	struct vsu *vsu = g->vsu;
	uint32_t port;
	int fd;

	g->line[g->len] = '\0';
	/* a NUL inside ends the text early and can only make it worse */
	if (line_parse(g->line, &port)) {
		vsu->count.clients_bad_line++;
		greeting_drop(g);
		return;
	}
	fd = greeting_free(g);
	if (vsu_stream_connect(vsu, port, fd, true, NULL, NULL)) {
		vsu->count.clients_refused++;
		close(fd);
	}
}

static void greeting_readable(evutil_socket_t fd, short what, void *arg)
{
	struct vsu_greeting *g = arg;
	char *at = g->line + g->len;
	const char *end;
	ssize_t n = recv(fd, at, (size_t)(LINE_MAX_BYTES - g->len), MSG_PEEK | MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		greeting_drop(g);
		return;
	}
	end = memchr(at, '\n', (size_t)n);
	if (end)
		n = end + 1 - at;
	/* the same bytes again, for they are the first in the queue and only we read it */
	n = recv(fd, at, (size_t)n, MSG_DONTWAIT);
	if (n <= 0) {
		greeting_drop(g);
		return;
	}
	g->len = (uint8_t)(g->len + n);
	if (end) {
		greeting_done(g);
	} else if (g->len == LINE_MAX_BYTES) {
		g->vsu->count.clients_bad_line++;
		greeting_drop(g);
	}
}

static void greeting_new(struct vsu *vsu, int fd)
{
	struct vsu_greeting *g = calloc(1, sizeof(*g));

	if (!g || event_assign(&g->ev, vsu->base, fd, EV_READ | EV_PERSIST, greeting_readable, g) ||
	    event_add(&g->ev, NULL)) {
		free(g);
		close(fd);
		return;
	}
	g->vsu = vsu;
	g->fd = fd;
	g->deadline_ms = vsu_now_ms() + vsu->greeting_ms;
	TAILQ_INSERT_TAIL(&vsu->greetings, g, all);
	vsu->greeting_count++;
	vsu->count.clients++;
	timer_at(vsu, g->deadline_ms);
}

static void listen_readable(evutil_socket_t fd, short what, void *arg)
{
	struct vsu *vsu = arg;
	int i;

	for (i = 0; i < ACCEPTS_AT_ONCE; i++) {
		int client;

		if (vsu->greeting_count >= vsu->greeting_max) {
			accept_pause(vsu, TAILQ_FIRST(&vsu->greetings)->deadline_ms);
			return;
		}
		client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (client >= 0) {
			greeting_new(vsu, client);
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
			   errno == ENOMEM) {
			accept_pause(vsu, vsu_now_ms() + ACCEPT_PAUSE_MS);
			return;
		} else if (errno != ECONNABORTED && errno != EINTR) {
			return;
		}
	}
}

static void timer_fired(evutil_socket_t fd, short what, void *arg)
{
	struct vsu *vsu = arg;
	uint64_t now = vsu_now_ms();
	struct vsu_greeting *g;

	vsu->timer_ms = UINT64_MAX;
	vsh_tick(vsu->vsh, now);
	while ((g = TAILQ_FIRST(&vsu->greetings)) && g->deadline_ms <= now) {
		vsu->count.clients_slow++;
		greeting_drop(g);
	}
	if (vsu->accept_again_ms <= now)
		accept_resume(vsu);
	if (g)
		timer_at(vsu, g->deadline_ms);
	if (vsu->accept_again_ms != UINT64_MAX)
		timer_at(vsu, vsu->accept_again_ms);
	if (vsh_deadline(vsu->vsh) != UINT64_MAX)
		timer_at(vsu, vsh_deadline(vsu->vsh));
}

/* ---- listeners ----------------------------------------------------------------------------- */

struct vsu_listener *vsu_find_listener(struct vsu *vsu, uint32_t port)
{
	struct vsu_listener *l;

	TAILQ_FOREACH(l, &vsu->listeners, all)
		if (l->port == port)
			break;
	return l;
}

int vsu_listen(struct vsu *vsu, uint32_t port,
	       void (*accept)(void *arg, int fd, uint32_t guest_port), void *arg,
	       struct vsu_listener **ret_listener)
{
	struct vsu_listener *l;

	if (port == VSH_PORT_ANY)
		return -EINVAL;
	if (vsu_find_listener(vsu, port))
		return -EADDRINUSE;
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->vsu = vsu;
	l->port = port;
	l->accept = accept;
	l->arg = arg;
	TAILQ_INSERT_TAIL(&vsu->listeners, l, all);
	*ret_listener = l;
	return 0;
}

void vsu_unlisten(struct vsu_listener *listener)
{
	if (!listener)
		return;
	TAILQ_REMOVE(&listener->vsu->listeners, listener, all);
	free(listener);
}

int vsu_connect(struct vsu *vsu, uint32_t port, int fd,
		void (*done)(void *arg, int err, uint32_t host_port), void *arg)
{
	return vsu_stream_connect(vsu, port, fd, false, done, arg);
}

/* ---- the instance -------------------------------------------------------------------------- */

static int model_dgram(void *data, uint32_t guest_port, uint32_t host_port, const void *payload,
		       size_t len)
{
	struct vsu *vsu = data;

	return vsu_dgram_from_guest(vsu->dgram, guest_port, host_port, payload, len);
}

static void model_room(void *data)
{
	struct vsu *vsu = data;

	vsu_dgram_room(vsu->dgram);
}

static const struct vsh_ops model_ops = {
	.now_ms = model_now_ms,
	.timer = model_timer,
	.incoming = vsu_stream_incoming,
	.event = vsu_stream_event,
	.dgram = model_dgram,
	.room = model_room,
};

static int model_new(struct vsu *vsu, const struct vsu_config *config)
{
	struct vsh_config c = { .conns_max = config->conns_max ? config->conns_max : VSH_CONNS_MAX,
				.qp_memory = config->qp_memory };
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return -errno;
	if (files.rlim_cur <= SPARE_FDS)
		return -EMFILE;
	if (c.conns_max > files.rlim_cur - SPARE_FDS)
		c.conns_max = (uint32_t)(files.rlim_cur - SPARE_FDS);
	if (getrandom(c.hash_key, sizeof(c.hash_key), 0) != sizeof(c.hash_key))
		return -errno;
	return vsh_new(config->dev, &c, &model_ops, vsu, &vsu->vsh);
}

int vsu_new(const struct vsu_config *config, struct vsu **ret_vsu)
{
	struct vsu *vsu;
	int err;

	if (strlen(config->path) > VSU_PATH_MAX)
		return -ENAMETOOLONG;
	vsu = calloc(1, sizeof(*vsu));
	if (!vsu)
		return -ENOMEM;
	vsu->base = config->base;
	strcpy(vsu->path, config->path);
	vsu->greeting_max = config->greeting_max ? config->greeting_max : VSU_GREETING_MAX;
	vsu->greeting_ms = config->greeting_ms ? config->greeting_ms : VSU_GREETING_MS;
	vsu->timer_ms = UINT64_MAX;
	vsu->accept_again_ms = UINT64_MAX;
	TAILQ_INIT(&vsu->streams);
	TAILQ_INIT(&vsu->greetings);
	TAILQ_INIT(&vsu->listeners);
	err = unix_listen(vsu->path, SOCK_STREAM | SOCK_NONBLOCK, 0600);
	if (err < 0)
		goto undo_vsu;
	vsu->listen_fd = err;
	err = vsu_dgram_new(vsu, &vsu->dgram);
	if (err)
		goto undo_listen;
	err = model_new(vsu, config);
	if (err)
		goto undo_dgram;
	evtimer_assign(&vsu->timer_ev, vsu->base, timer_fired, vsu);
	event_assign(&vsu->listen_ev, vsu->base, vsu->listen_fd, EV_READ | EV_PERSIST,
		     listen_readable, vsu);
	event_add(&vsu->listen_ev, NULL);
	*ret_vsu = vsu;
	return 0;

undo_dgram:
	vsu_dgram_free(vsu->dgram);
undo_listen:
	unlink(vsu->path);
	close(vsu->listen_fd);
undo_vsu:
	free(vsu);
	return err;
}

void vsu_free(struct vsu *vsu)
{
	struct vsu_greeting *g;
	struct vsu_listener *l;

	if (!vsu)
		return;
	event_del(&vsu->listen_ev);
	vsu->accept_again_ms = UINT64_MAX;
	while ((g = TAILQ_FIRST(&vsu->greetings)))
		greeting_drop(g);
	vsu_streams_free(vsu);
	vsh_free(vsu->vsh);
	while ((l = TAILQ_FIRST(&vsu->listeners)))
		vsu_unlisten(l);
	event_del(&vsu->timer_ev);
	vsu_dgram_free(vsu->dgram);
	unlink(vsu->path);
	close(vsu->listen_fd);
	free(vsu);
}

struct vsh *vsu_model(struct vsu *vsu)
{
	return vsu->vsh;
}

const struct vsu_counters *vsu_counters(const struct vsu *vsu)
{
	return &vsu->count;
}
