/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fakehost.c - the host's end of the "fake" transport
 *
 * One thread owns the listening socket and all connections; the lock guards what both threads touch.
 * The test's thread wakes it through a pipe.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "tests/unit/fakehost.h"

#define CONNS_MAX	16
#define PACKET_MAX	65536

enum conn_kind { CONN_NEW, CONN_RPCI, CONN_TCLO };

struct conn {
	int fd;			/* -1: free */
	enum conn_kind kind;
};

struct answer {
	char *prefix, *text;
};

struct fakehost {
	GMutex lock;
	GCond changed;
	GThread *thread;
	char *dir, *path, *channel, *channel_polled;
	int listener, wake[2];
	struct conn conns[CONNS_MAX];	/* of the thread */
	gboolean stop, drop;		/* under lock, as all below */
	int tclo_fd;			/* -1: nobody serves */
	GQueue requests;		/* GByteArray */
	GPtrArray *seen;		/* text of every request */
	GSList *answers;		/* struct answer, latest first */
	GQueue replies;			/* char *, of TCLO */
};

static void conn_close(struct fakehost *h, struct conn *c)
{
	if (c->fd == h->tclo_fd)
		h->tclo_fd = -1;
	close(c->fd);
	c->fd = -1;
}

static const char *find_answer(struct fakehost *h, const char *request)
{
	GSList *l;

	for (l = h->answers; l; l = l->next) {
		struct answer *a = l->data;

		if (g_str_has_prefix(request, a->prefix))
			return a->text;
	}
	return "1 ";
}

static void take_packet(struct fakehost *h, struct conn *c, GByteArray *packet)
{
	const char *text = (const char *)packet->data;

	switch (c->kind) {
	case CONN_NEW:
		c->kind = !strcmp(text, "TCLO") ? CONN_TCLO : CONN_RPCI;
		if (c->kind == CONN_TCLO)
			h->tclo_fd = c->fd;
		break;
	case CONN_RPCI: {
		const char *answer = find_answer(h, text);

		g_ptr_array_add(h->seen, g_strdup(text));
		g_queue_push_tail(&h->requests, g_byte_array_ref(packet));
		if (answer)
			(void)send(c->fd, answer, strlen(answer), MSG_NOSIGNAL);
		break;
	}
	case CONN_TCLO:
		g_queue_push_tail(&h->replies, g_strdup(text));
		break;
	}
}

static void conn_readable(struct fakehost *h, struct conn *c)
{
	GByteArray *packet = g_byte_array_new();
	ssize_t n;

	g_byte_array_set_size(packet, PACKET_MAX + 1);
	n = recv(c->fd, packet->data, PACKET_MAX, MSG_DONTWAIT);
	if (n > 0) {
		packet->data[n] = '\0';
		g_byte_array_set_size(packet, (guint)n + 1);
		take_packet(h, c, packet);
	} else if (n == 0 || errno != EAGAIN) {
		conn_close(h, c);
	}
	g_byte_array_unref(packet);
}

static void accept_one(struct fakehost *h)
{
	int fd = accept4(h->listener, NULL, NULL, SOCK_CLOEXEC);
	guint i;

	for (i = 0; fd >= 0 && i < CONNS_MAX; i++)
		if (h->conns[i].fd < 0) {
			h->conns[i] = (struct conn){ .fd = fd, .kind = CONN_NEW };
			return;
		}
	if (fd >= 0)
		close(fd);
}

static gpointer serve(gpointer data)
{
	struct fakehost *h = data;
	struct pollfd fds[CONNS_MAX + 2];
	gboolean go_on = TRUE;
	guint i;
	char c;

	while (go_on) {
		for (i = 0; i < CONNS_MAX; i++)
			fds[i] = (struct pollfd){ .fd = h->conns[i].fd, .events = POLLIN };
		fds[i++] = (struct pollfd){ .fd = h->listener, .events = POLLIN };
		fds[i++] = (struct pollfd){ .fd = h->wake[0], .events = POLLIN };
		poll(fds, i, -1);
		g_mutex_lock(&h->lock);
		for (i = 0; i < CONNS_MAX; i++)
			if (h->conns[i].fd >= 0 && fds[i].revents)
				conn_readable(h, &h->conns[i]);
		if (fds[CONNS_MAX].revents)
			accept_one(h);
		if (fds[CONNS_MAX + 1].revents)
			(void)!read(h->wake[0], &c, 1);
		for (i = 0; i < CONNS_MAX && (h->drop || h->stop); i++)
			if (h->conns[i].fd >= 0)
				conn_close(h, &h->conns[i]);
		h->drop = FALSE;
		go_on = !h->stop;
		g_cond_broadcast(&h->changed);
		g_mutex_unlock(&h->lock);
	}
	return NULL;
}

struct fakehost *fakehost_new(void)
{
	struct fakehost *h = g_new0(struct fakehost, 1);
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	guint i;

	h->dir = g_dir_make_tmp("fakehost-XXXXXX", NULL);
	h->path = g_build_filename(h->dir, "host", NULL);
	h->channel = g_strdup_printf("fake:%s", h->path);
	h->channel_polled = g_strdup_printf("fake-poll:%s", h->path);
	h->seen = g_ptr_array_new_with_free_func(g_free);
	h->tclo_fd = -1;
	for (i = 0; i < CONNS_MAX; i++)
		h->conns[i].fd = -1;
	g_strlcpy(addr.sun_path, h->path, sizeof(addr.sun_path));
	h->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (bind(h->listener, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    listen(h->listener, 8) < 0 || pipe2(h->wake, 0) < 0)
		g_error("fake host at %s: %s", h->path, g_strerror(errno));
	h->thread = g_thread_new("fakehost", serve, h);
	return h;
}

static void wake(struct fakehost *h)
{
	(void)!write(h->wake[1], "", 1);
}

static void answer_free(gpointer data)
{
	struct answer *a = data;

	g_free(a->prefix);
	g_free(a->text);
	g_free(a);
}

void fakehost_free(struct fakehost *h)
{
	if (!h)
		return;
	g_mutex_lock(&h->lock);
	h->stop = TRUE;
	g_mutex_unlock(&h->lock);
	wake(h);
	g_thread_join(h->thread);
	close(h->listener);
	close(h->wake[0]);
	close(h->wake[1]);
	g_unlink(h->path);
	g_rmdir(h->dir);
	g_queue_clear_full(&h->requests, (GDestroyNotify)g_byte_array_unref);
	g_queue_clear_full(&h->replies, g_free);
	g_ptr_array_unref(h->seen);
	g_slist_free_full(h->answers, answer_free);
	g_free(h->dir);
	g_free(h->path);
	g_free(h->channel);
	g_free(h->channel_polled);
	g_free(h);
}

const char *fakehost_channel(struct fakehost *h, gboolean polled)
{
	return polled ? h->channel_polled : h->channel;
}

void fakehost_answer(struct fakehost *h, const char *prefix, const char *text)
{
	struct answer *a = g_new0(struct answer, 1);

	a->prefix = g_strdup(prefix);
	a->text = g_strdup(text);
	g_mutex_lock(&h->lock);
	h->answers = g_slist_prepend(h->answers, a);
	g_mutex_unlock(&h->lock);
}

GByteArray *fakehost_request(struct fakehost *h, const char *prefix, guint wait_ms)
{
	gint64 end = g_get_monotonic_time() + wait_ms * 1000;
	GByteArray *found = NULL;
	gboolean late = FALSE;

	g_mutex_lock(&h->lock);
	while (!found && !late) {
		GByteArray *next = g_queue_pop_head(&h->requests);

		if (!next)
			late = !g_cond_wait_until(&h->changed, &h->lock, end);
		else if (g_str_has_prefix((const char *)next->data, prefix))
			found = next;
		else
			g_byte_array_unref(next);
	}
	g_mutex_unlock(&h->lock);
	return found;
}

guint fakehost_count(struct fakehost *h, const char *prefix)
{
	guint i, n = 0;

	g_mutex_lock(&h->lock);
	for (i = 0; i < h->seen->len; i++)
		n += g_str_has_prefix(g_ptr_array_index(h->seen, i), prefix);
	g_mutex_unlock(&h->lock);
	return n;
}

char *fakehost_tclo(struct fakehost *h, const void *message, gsize len, guint wait_ms)
{
	gint64 end = g_get_monotonic_time() + wait_ms * 1000;
	char *reply = NULL;
	gboolean ok = TRUE;

	g_mutex_lock(&h->lock);
	while (h->tclo_fd < 0 && ok)
		ok = g_cond_wait_until(&h->changed, &h->lock, end);
	if (h->tclo_fd >= 0)
		ok = send(h->tclo_fd, message, len, MSG_NOSIGNAL) == (ssize_t)len;
	while (ok && !(reply = g_queue_pop_head(&h->replies)))
		ok = g_cond_wait_until(&h->changed, &h->lock, end);
	g_mutex_unlock(&h->lock);
	return reply;
}

char *fakehost_tclo_text(struct fakehost *h, const char *message, guint wait_ms)
{
	return fakehost_tclo(h, message, strlen(message), wait_ms);
}

void fakehost_drop(struct fakehost *h)
{
	g_mutex_lock(&h->lock);
	h->drop = TRUE;
	wake(h);
	while (h->drop)
		g_cond_wait(&h->changed, &h->lock);
	g_mutex_unlock(&h->lock);
}
