/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * privclient.c - asks the privileged helper for one thing
 *
 * The verb is sent at once; it waits in the socket until systemd has started the helper.  Every way to
 * end, an error of connect() too, is told from the main loop, so that the caller needs one path only.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <glib-unix.h>

#include "agent/priv_verbs.h"
#include "agent/privclient.h"

struct priv_call {
	int fd;
	guint watch, timer;
	GError *failed;		/* of the start, told by the timer */
	void (*done)(enum priv_result result, const GError *error, gpointer data);
	gpointer data;
};

void priv_call_cancel(struct priv_call *call)
{
	if (call->watch)
		g_source_remove(call->watch);
	if (call->timer)
		g_source_remove(call->timer);
	if (call->fd >= 0)
		close(call->fd);
	g_clear_error(&call->failed);
	g_free(call);
}

static void finish(struct priv_call *call, enum priv_result result, const GError *error)
{
	call->done(result, error, call->data);
	priv_call_cancel(call);
}

static gboolean answered(gint fd, GIOCondition cond, gpointer data)
{
	struct priv_call *call = data;
	enum priv_result result = PRIV_RESULT_ERROR;
	g_autoptr(GError) error = NULL;
	char buf[PRIV_PACKET_MAX + 1];
	ssize_t n = recv(fd, buf, PRIV_PACKET_MAX, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	buf[n > 0 ? n : 0] = '\0';
	if (n <= 0)
		g_set_error_literal(&error, G_FILE_ERROR, G_FILE_ERROR_PIPE,
				    "the helper ended without an answer");
	else if (!strcmp(buf, PRIV_OK))
		result = PRIV_RESULT_OK;
	else if (!strcmp(buf, PRIV_FAILED)) {
		result = PRIV_RESULT_FAILED;
		g_set_error_literal(&error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "a script failed");
	} else
		g_set_error_literal(&error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
				    g_str_has_prefix(buf, PRIV_ERROR) ? buf + strlen(PRIV_ERROR) :
									"the helper is not understood");
	call->watch = 0;
	finish(call, result, error);
	return G_SOURCE_REMOVE;
}

static gboolean late(gpointer data)
{
	struct priv_call *call = data;

	call->timer = 0;
	if (!call->failed)
		g_set_error_literal(&call->failed, G_FILE_ERROR, G_FILE_ERROR_FAILED,
				    "the helper did not answer in time");
	finish(call, PRIV_RESULT_ERROR, call->failed);
	return G_SOURCE_REMOVE;
}

static int connect_and_send(const char *path, const char *verb)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	if (g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path)) >= sizeof(addr.sun_path)) {
		close(fd);
		return -ENAMETOOLONG;
	}
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0 &&
	    send(fd, verb, strlen(verb), MSG_NOSIGNAL) == (ssize_t)strlen(verb))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

struct priv_call *priv_call_new(const char *socket, const char *verb, guint timeout_s,
				void (*done)(enum priv_result result, const GError *error,
					     gpointer data),
				gpointer data)
{
	struct priv_call *call = g_new0(struct priv_call, 1);

	call->done = done;
	call->data = data;
	call->fd = connect_and_send(socket, verb);
	if (call->fd < 0) {
		g_set_error(&call->failed, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: %s", socket,
			    g_strerror(-call->fd));
		call->timer = g_idle_add(late, call);
		return call;
	}
	call->watch = g_unix_fd_add(call->fd, G_IO_IN, answered, call);
	call->timer = g_timeout_add_seconds(timeout_s, late, call);
	return call;
}
