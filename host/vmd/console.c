/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console.c - a VM's first serial port: its log, and those who look at it
 *
 * Bytes of the guest go to the log as they are; a viewer sends keys.  A viewer whose queue is full
 * misses bytes and stays; one that hangs up is freed.  What viewers type and the guest does not take is
 * dropped, as by a real serial port.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <event2/event.h>

#include "host/base/fd.h"
#include "host/vmd/console.h"

#define CHUNK	4096

struct viewer {
	LIST_ENTRY(viewer) link;
	struct console *console;
	int fd;
	struct event *ev;
};

struct console {
	struct event_base *base;
	int fd, log_fd;
	size_t log_size;
	char path[PATH_MAX];
	struct event *ev;
	LIST_HEAD(, viewer) viewers;
	size_t viewer_count;
};

static void viewer_free(struct viewer *v)
{
	LIST_REMOVE(v, link);
	v->console->viewer_count--;
	if (v->ev)
		event_free(v->ev);
	close(v->fd);
	free(v);
}

static int log_open(struct console *c)
{
	char old[PATH_MAX + 2];
	struct stat st;

	/* Anything else than a file (a FIFO, a device) is written to where it is. */
	snprintf(old, sizeof(old), "%s.1", c->path);
	if (!lstat(c->path, &st) && S_ISREG(st.st_mode) && rename(c->path, old) < 0)
		return -errno;
	fd_close(&c->log_fd);
	c->log_size = 0;
	c->log_fd = open(c->path, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_NOCTTY |
			 O_NOFOLLOW | O_CLOEXEC, 0600);
	return c->log_fd < 0 ? -errno : 0;
}

static void output(struct console *c, const char *buf, size_t len)
{
	struct viewer *v;

	/* A full disk loses console output, not the VM. */
	if (c->log_fd >= 0 && write(c->log_fd, buf, len) > 0)
		c->log_size += len;
	if (c->log_size > CONSOLE_LOG_MAX)
		log_open(c);
	LIST_FOREACH(v, &c->viewers, link)
		(void)!send(v->fd, buf, len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void port_ready(evutil_socket_t fd, short what, void *data)
{
	struct console *c = data;
	char buf[CHUNK];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n > 0)
		output(c, buf, (size_t)n);
	else if (!n || errno != EAGAIN)
		event_del(c->ev);
}

static void viewer_ready(evutil_socket_t fd, short what, void *data)
{
	struct viewer *v = data;
	char buf[CHUNK];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n > 0)
		(void)!send(v->console->fd, buf, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
	else if (!n || errno != EAGAIN)
		viewer_free(v);
}

struct console *console_new(struct event_base *base, const char *path, int *ret_guest_fd)
{
	struct console *c = calloc(1, sizeof(*c));
	int pair[2], err = 0;

	if (!c)
		return NULL;
	c->base = base;
	c->fd = c->log_fd = -1;
	LIST_INIT(&c->viewers);
	if (snprintf(c->path, sizeof(c->path), "%s", path) >= (int)sizeof(c->path))
		err = -ENAMETOOLONG;
	else
		err = log_open(c);
	if (!err && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		err = -errno;
	if (err)
		goto fail;
	c->fd = pair[0];
	c->ev = event_new(base, c->fd, EV_READ | EV_PERSIST, port_ready, c);
	if (!c->ev || fd_set_nonblock(c->fd, 1) < 0 || event_add(c->ev, NULL) < 0) {
		close(pair[1]);
		err = -ENOMEM;
		goto fail;
	}
	*ret_guest_fd = pair[1];
	return c;
fail:
	console_free(c);
	errno = -err;
	return NULL;
}

void console_free(struct console *c)
{
	char buf[CHUNK];
	ssize_t n;

	if (!c)
		return;
	while (c->fd >= 0 && (n = recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0)
		output(c, buf, (size_t)n);
	while (!LIST_EMPTY(&c->viewers))
		viewer_free(LIST_FIRST(&c->viewers));
	if (c->ev)
		event_free(c->ev);
	fd_cleanup(&c->fd);
	fd_cleanup(&c->log_fd);
	free(c);
}

int console_attach(struct console *c, int fd)
{
	struct viewer *v = c->viewer_count < CONSOLE_VIEWERS_MAX ? calloc(1, sizeof(*v)) : NULL;

	if (!v) {
		close(fd);
		return c->viewer_count < CONSOLE_VIEWERS_MAX ? -ENOMEM : -EBUSY;
	}
	v->console = c;
	v->fd = fd;
	LIST_INSERT_HEAD(&c->viewers, v, link);
	c->viewer_count++;
	v->ev = event_new(c->base, fd, EV_READ | EV_PERSIST, viewer_ready, v);
	if (!v->ev || fd_set_nonblock(fd, 1) < 0 || event_add(v->ev, NULL) < 0) {
		viewer_free(v);
		return -ENOMEM;
	}
	return 0;
}
