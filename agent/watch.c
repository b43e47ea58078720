/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch.c - hears of changes of files in a folder, by inotify
 *
 * Not GFileMonitor, which is of GIO: that would double the memory of the agent.
 */
#include <errno.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <glib-unix.h>

#include "agent/watch.h"

struct watch {
	int fd;
	guint source;
	void (*changed)(const char *name, gpointer data);
	gpointer data;
};

static gboolean readable(gint fd, GIOCondition cond, gpointer data)
{
	char buf[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	struct watch *watch = data;
	ssize_t n = read(fd, buf, sizeof(buf)), at = 0;

	while (n - at >= (ssize_t)sizeof(struct inotify_event)) {
		const struct inotify_event *event = (const void *)(buf + at);

		if (event->len)
			watch->changed(event->name, watch->data);
		at += (ssize_t)(sizeof(*event) + event->len);
	}
	return G_SOURCE_CONTINUE;
}

struct watch *watch_new(const char *folder, guint32 mask,
			void (*changed)(const char *name, gpointer data), gpointer data)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), err;
	struct watch *watch;

	if (fd < 0)
		return NULL;
	if (inotify_add_watch(fd, folder, mask | IN_ONLYDIR) < 0) {
		err = errno;
		close(fd);
		errno = err;
		return NULL;
	}
	watch = g_new0(struct watch, 1);
	watch->fd = fd;
	watch->changed = changed;
	watch->data = data;
	watch->source = g_unix_fd_add(fd, G_IO_IN, readable, watch);
	return watch;
}

void watch_free(struct watch *watch)
{
	if (!watch)
		return;
	g_source_remove(watch->source);
	close(watch->fd);
	g_free(watch);
}
