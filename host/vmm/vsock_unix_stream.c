/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vsock_unix_stream.c - one stream: a UNIX socket on one side, the guest's rings on the other
 *
 * Bytes go straight between the socket and guest memory, at most BURST of them before the event
 * loop gets its turn.  "down" is host to guest, "up" is guest to host.  For each direction exactly
 * one thing is waited for, so that nothing spins and nothing is missed:
 *
 *	down	ring has room: the socket to be readable (rd event).  Ring full: VSH_EV_SPACE.
 *	up	bytes in the ring: the socket to be writable (wr event).  Ring empty: VSH_EV_DATA.
 *
 * End of file on the socket is SHUTDOWN(SEND) to the guest; when the client closed altogether, that
 * and SHUTDOWN(RCV).  SHUTDOWN(SEND) of the guest is shutdown(SHUT_WR) once its bytes are out,
 * SHUTDOWN(RCV) is shutdown(SHUT_RD).  A stream whose two directions are over is closed; the guest
 * can still read what is in its ring then.  A client that half-closes first and goes away later is
 * noticed at the guest's next write, as with TCP.
 *
 * Sockets may be shared with a client (vsu_connect()): MSG_DONTWAIT instead of O_NONBLOCK.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/vmm/vsock_unix_priv.h"
#include "wire/vsock_packet.h"

#define BURST	(128u << 10)
#define IOVS	64

struct vsu_stream {
	TAILQ_ENTRY(vsu_stream) all;
	struct vsu *vsu;
	struct vsh_conn *conn;	/* NULL after VSH_EV_CLOSED */
	struct event rd;
	struct event wr;
	int fd;
	int client_fd;		/* the other end of a pair, until the listener gets it */
	bool rd_on;
	bool wr_on;
	bool down_over;
	bool up_over;
	bool broken;
	bool greet;
	void (*done)(void *arg, int err, uint32_t host_port);
	void *arg;
};

static void want_read(struct vsu_stream *s, bool on)
{
	if (on == s->rd_on)
		return;
	s->rd_on = on;
	if (on ? event_add(&s->rd, NULL) : event_del(&s->rd))
		s->broken = true;
}

static void want_write(struct vsu_stream *s, bool on)
{
	if (on == s->wr_on)
		return;
	s->wr_on = on;
	if (on ? event_add(&s->wr, NULL) : event_del(&s->wr))
		s->broken = true;
}

static void stream_free(struct vsu_stream *s)
{
	struct vsu *vsu = s->vsu;

	event_del(&s->rd);
	event_del(&s->wr);
	if (s->conn)
		vsh_close(s->conn);
	TAILQ_REMOVE(&vsu->streams, s, all);
	close(s->fd);
	if (s->client_fd >= 0)
		close(s->client_fd);
	free(s);
	vsu_fd_closed(vsu);
}

/* The last call of every callback: @s may be gone after it. */
static void stream_settle(struct vsu_stream *s)
{
	if (s->broken || (s->down_over && s->up_over))
		stream_free(s);
}

static void down_end(struct vsu_stream *s)
{
	s->down_over = true;
	want_read(s, false);
}

static void up_end(struct vsu_stream *s)
{
	s->up_over = true;
	want_write(s, false);
}

/* Closed altogether, not only for writing? */
static bool client_is_gone(const struct vsu_stream *s)
{
	struct pollfd pfd = { .fd = s->fd };

	return poll(&pfd, 1, 0) == 1 && pfd.revents & (POLLHUP | POLLERR);
}

static void client_ended(struct vsu_stream *s)
{
	unsigned int mode = VSOCK_SHUTDOWN_SEND;

	down_end(s);
	if (client_is_gone(s)) {
		mode = VSOCK_SHUTDOWN_BOTH;
		up_end(s);
	}
	vsh_shutdown(s->conn, mode);
}

/* Socket to ring.  Returns the number of bytes, 0 when it is to be waited for something. */
static size_t down_once(struct vsu_stream *s)
{
	struct iovec iov[IOVS];
	struct msghdr msg = { .msg_iov = iov };
	size_t room;
	ssize_t n;
	int cnt = vsh_writable(s->conn, iov, IOVS, &room);

	if (cnt < 0) {
		if (vsh_state(s->conn) == VSH_DEAD)
			s->broken = true;
		shutdown(s->fd, SHUT_RD);
		down_end(s);
		return 0;
	}
	want_read(s, cnt > 0);
	if (!cnt)
		return 0;
	msg.msg_iovlen = (size_t)cnt;
	n = recvmsg(s->fd, &msg, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		client_ended(s);
		return 0;
	}
	if (vsh_produced(s->conn, (size_t)n))
		s->broken = true;
	return (size_t)n;
}

/* Ring to socket, in the same way. */
static size_t up_once(struct vsu_stream *s)
{
	struct iovec iov[IOVS];
	struct msghdr msg = { .msg_iov = iov };
	size_t ready;
	ssize_t n;
	int cnt = vsh_readable(s->conn, iov, IOVS, &ready);

	if (cnt < 0) {
		s->broken = true;
		return 0;
	}
	want_write(s, cnt > 0);
	if (!cnt && vsh_peer_shutdown(s->conn) & VSOCK_SHUTDOWN_SEND) {
		shutdown(s->fd, SHUT_WR);
		up_end(s);
	}
	if (!cnt)
		return 0;
	msg.msg_iovlen = (size_t)cnt;
	n = sendmsg(s->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		up_end(s);
		vsh_shutdown(s->conn, VSOCK_SHUTDOWN_RCV);
		return 0;
	}
	if (vsh_consumed(s->conn, (size_t)n))
		s->broken = true;
	return (size_t)n;
}

static void pump(struct vsu_stream *s, bool over, size_t (*once)(struct vsu_stream *s))
{
	size_t n = 1, moved = 0;

	while (!over && !s->broken && n && moved < BURST) {
		n = once(s);
		moved += n;
	}
	if (s->broken && s->conn && vsh_state(s->conn) == VSH_DEAD)
		s->vsu->count.broken++;
}

static void pump_down(struct vsu_stream *s)
{
	pump(s, s->down_over, down_once);
}

static void pump_up(struct vsu_stream *s)
{
	if (!s->broken)
		pump(s, s->up_over, up_once);
}

static void socket_readable(evutil_socket_t fd, short what, void *arg)
{
	struct vsu_stream *s = arg;

	pump_down(s);
	stream_settle(s);
}

static void socket_writable(evutil_socket_t fd, short what, void *arg)
{
	struct vsu_stream *s = arg;

	pump_up(s);
	stream_settle(s);
}

static struct vsu_stream *stream_new(struct vsu *vsu, int fd)
{
	struct vsu_stream *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->vsu = vsu;
	s->fd = fd;
	s->client_fd = -1;
	if (event_assign(&s->rd, vsu->base, fd, EV_READ | EV_PERSIST, socket_readable, s) ||
	    event_assign(&s->wr, vsu->base, fd, EV_WRITE | EV_PERSIST, socket_writable, s)) {
		free(s);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&vsu->streams, s, all);
	return s;
}

/* ---- the guest connects -------------------------------------------------------------------- */

/* A socket that leads to whoever serves the port.  Returns it or -errno. */
static int service_open(struct vsu *vsu, uint32_t port, int *ret_client_fd)
{
	char name[VSU_NAME_MAX];
	int fd, pair[2];

	if (vsu_find_listener(vsu, port)) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
			return -errno;
		*ret_client_fd = pair[1];
		return pair[0];
	}
	vsu_path(vsu, "_", port, name);
	fd = unix_connect(name, SOCK_STREAM | SOCK_NONBLOCK);
	if (fd == -ENOENT || fd == -ECONNREFUSED)
		vsu->count.services_missing++;
	else if (fd < 0)
		vsu->count.services_busy++;
	return fd;
}

int vsu_stream_incoming(void *data, struct vsh_conn *conn)
{
	struct vsu *vsu = data;
	struct vsu_stream *s;
	int client_fd = -1;
	int fd = service_open(vsu, vsh_host_port(conn), &client_fd);

	if (fd < 0)
		return fd;
	s = stream_new(vsu, fd);
	if (!s) {
		close(fd);
		if (client_fd >= 0)
			close(client_fd);
		return -ENOMEM;
	}
	s->client_fd = client_fd;
	s->conn = conn;
	vsh_set_user(conn, s);
	return 0;
}

/* ---- a host client connects ---------------------------------------------------------------- */

int vsu_stream_connect(struct vsu *vsu, uint32_t port, int fd, bool greet,
		       void (*done)(void *arg, int err, uint32_t host_port), void *arg)
{
	struct vsu_stream *s;
	struct stat st;
	int err;

	if (fstat(fd, &st) < 0 || !S_ISSOCK(st.st_mode))
		return -ENOTSOCK;
	s = stream_new(vsu, fd);
	if (!s)
		return -ENOMEM;
	s->greet = greet;
	s->done = done;
	s->arg = arg;
	err = vsh_connect(vsu->vsh, port, s, &s->conn);
	if (err) {
		TAILQ_REMOVE(&vsu->streams, s, all);
		free(s);
	}
	return err;
}

/* In one piece, or a client that peeks for it would see half of it. */
static void greet(struct vsu_stream *s)
{
	char line[32];
	int len = snprintf(line, sizeof(line), "OK %" PRIu32 "\n", vsh_host_port(s->conn));

	if (send(s->fd, line, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL) != len)
		s->broken = true;
	s->greet = false;
}

static void established(struct vsu_stream *s)
{
	struct vsu_listener *l;
	int client_fd = s->client_fd;

	if (s->greet)
		greet(s);
	if (s->done)
		s->done(s->arg, 0, vsh_host_port(s->conn));
	s->done = NULL;
	if (client_fd < 0)
		return;
	s->client_fd = -1;
	l = vsu_find_listener(s->vsu, vsh_host_port(s->conn));
	if (l) {
		l->accept(l->arg, client_fd, vsh_guest_port(s->conn));
	} else {
		close(client_fd);
		s->broken = true;
	}
}

static void closed(struct vsu_stream *s)
{
	int err = vsh_error(s->conn) == -ECONNRESET ? -ECONNREFUSED : vsh_error(s->conn);

	if (s->greet)
		s->vsu->count.clients_refused++;
	s->conn = NULL;
	if (s->done)
		s->done(s->arg, err, 0);
	s->done = NULL;
	stream_free(s);
}

void vsu_stream_event(void *data, struct vsh_conn *conn, void *user, unsigned int events)
{
	struct vsu_stream *s = user;

	if (events & VSH_EV_CLOSED) {
		closed(s);
		return;
	}
	if (events & VSH_EV_CONNECTED)
		established(s);
	if (events & (VSH_EV_DATA | VSH_EV_SHUTDOWN))
		pump_up(s);
	if (events & (VSH_EV_SPACE | VSH_EV_SHUTDOWN) && !s->broken)
		pump_down(s);
	stream_settle(s);
}

void vsu_streams_free(struct vsu *vsu)
{
	struct vsu_stream *s;

	while ((s = TAILQ_FIRST(&vsu->streams))) {
		if (s->done)
			s->done(s->arg, -ECANCELED, 0);
		stream_free(s);
	}
}
