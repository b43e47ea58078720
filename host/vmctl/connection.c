/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * connection.c - vmctl's connection to vmd
 *
 * `wait` may be called before vmd is there, as a script does that starts both: then the folder of the
 * socket is watched until something answers.  A socket file appears a moment before it answers, so the
 * wait looks again after RETRY_MS even if the folder does not change.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <time.h>

#include <json-c/json.h>

#include "host/base/fd.h"
#include "host/base/frame.h"
#include "host/vmctl/vmctl.h"

#define RETRY_MS	100

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* -1 when it cannot be watched: then only time passes between two looks. */
static int folder_watch(const char *path)
{
	const char *slash = strrchr(path, '/');
	int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char dir[PATH_MAX];

	if (!slash)
		strcpy(dir, ".");
	else
		snprintf(dir, sizeof(dir), "%.*s", slash == path ? 1 : (int)(slash - path), path);
	inotify_add_watch(watch, dir, IN_CREATE | IN_MOVED_TO | IN_ATTRIB);
	return watch;
}

static void folder_wait(int inotify_fd, int64_t left)
{
	struct pollfd pfd = { .fd = inotify_fd, .events = POLLIN };
	char events[4096];

	if (poll(&pfd, 1, (int)(left < RETRY_MS ? left : RETRY_MS)) > 0)
		(void)!read(inotify_fd, events, sizeof(events));
}

static int connect_wait(const char *path, uint32_t wait_ms)
{
	_autoclose_ int watch = -1;
	int64_t end = now_ms() + wait_ms;
	int fd;

	for (;;) {
		fd = unix_connect(path, SOCK_STREAM);
		if (fd >= 0 || (fd != -ENOENT && fd != -ECONNREFUSED) || now_ms() >= end)
			return fd;
		if (watch < 0)
			watch = folder_watch(path);
		folder_wait(watch, end - now_ms());
	}
}

int connection_open(const struct options *o, uint32_t wait_ms, struct connection *ret)
{
	char path[PATH_MAX];
	int err;

	if (o->socket) {
		snprintf(path, sizeof(path), "%s", o->socket);
	} else {
		err = ctl_socket_default(1, path, sizeof(path));
		if (err) {
			complain("neither " CTL_SOCKET_ENV " nor XDG_RUNTIME_DIR is set; name the socket "
				 "with -s");
			return CTL_CODE_NO_DAEMON;
		}
	}
	ret->passed_fd = -1;
	ret->fd = connect_wait(path, wait_ms);
	if (ret->fd >= 0)
		return 0;
	if (ret->fd == -EACCES || ret->fd == -EPERM) {
		complain("%s: %s", path, strerror(-ret->fd));
		return CTL_CODE_DENIED;
	}
	if (ret->fd == -ENAMETOOLONG || ret->fd == -EINVAL) {
		complain("socket \"%s\": its path must have 1 to 107 bytes; name it with -s or "
			 CTL_SOCKET_ENV, path);
		return CTL_CODE_NO_DAEMON;
	}
	complain("no vmd answers on %s (%s); start vmd, or name its socket with -s or " CTL_SOCKET_ENV,
		 path, strerror(-ret->fd));
	return CTL_CODE_NO_DAEMON;
}

void connection_close(struct connection *c)
{
	fd_cleanup(&c->passed_fd);
	fd_cleanup(&c->fd);
}

int connection_send(struct connection *c, const struct ctl_request *req)
{
	size_t len = 0;
	char *body = ctl_request_body(req, &len);
	int err = body ? frame_write(c->fd, req->type, body, len, NULL, 0) : -EMSGSIZE;

	free(body);
	if (!err)
		return 0;
	complain("the request could not be sent: %s", strerror(-err));
	return CTL_CODE_FAILED;
}

const char *json_text(struct json_object *obj, const char *key)
{
	struct json_object *v;

	return json_object_object_get_ex(obj, key, &v) ? json_object_get_string(v) : "";
}

static int error_print(struct json_object *body)
{
	struct json_object *code;

	complain("%s", json_text(body, "error"));
	if (json_object_object_get_ex(body, "code", &code) && json_object_get_int(code) > 0)
		return json_object_get_int(code);
	return CTL_CODE_FAILED;
}

int connection_answer(struct connection *c, struct json_object **ret)
{
	struct frame_reader r = { 0 };
	struct json_object *body;
	struct frame f;
	int err;

	while (!(err = frame_read(&r, c->fd, CTL_REPLY_MAX, &f)))
		;
	if (err < 0) {
		frame_reader_done(&r);
		if (err == -ECONNRESET || err == -EPIPE) {
			complain("the VM ended, or vmd did, before it answered");
			return CTL_CODE_DOWN;
		}
		complain("vmd's answer: %s", strerror(-err));
		return CTL_CODE_FAILED;
	}
	body = json_tokener_parse(f.body);
	fd_close(&c->passed_fd);
	c->passed_fd = frame_take_fd(&f, 0);
	err = 0;
	if (f.type == CTL_ERROR && body) {
		err = error_print(body);
	} else if (f.type != CTL_OK || !body) {
		complain("vmd's answer is not understood; do vmctl and vmd have the same version?");
		err = CTL_CODE_FAILED;
	}
	frame_done(&f);
	if (err)
		json_object_put(body);
	else
		*ret = body;
	return err;
}

int request_answer(const struct options *o, const struct ctl_request *req,
		   struct json_object **ret)
{
	uint32_t patience = req->type == CTL_WAIT ? req->timeout_ms : 0;
	struct connection c;
	int err = connection_open(o, patience, &c);

	if (err)
		return err;
	err = connection_send(&c, req);
	if (!err)
		err = connection_answer(&c, ret);
	connection_close(&c);
	return err;
}
