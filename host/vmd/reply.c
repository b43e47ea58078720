/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reply.c - answers to vmctl
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "host/base/fconn.h"
#include "host/vmd/reply.h"

static int send_json(struct fconn *c, uint32_t type, struct json_object *body, int fd)
{
	const char *text = body ? json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN |
					JSON_C_TO_STRING_NOSLASHESCAPE) : "{}";
	int err = fconn_send(c, type, text, strlen(text), &fd, fd >= 0);

	json_object_put(body);
	return err;
}

void reply_ok(struct fconn *c, struct json_object *body)
{
	send_json(c, CTL_OK, body, -1);
	fconn_free_after_send(c);
}

void reply_error(struct fconn *c, enum ctl_code code, const char *fmt, ...)
{
	struct json_object *body = json_object_new_object();
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_object_object_add(body, "error", json_object_new_string(text));
	json_object_object_add(body, "code", json_object_new_int(code));
	send_json(c, CTL_ERROR, body, -1);
	fconn_free_after_send(c);
}

int reply_part(struct fconn *c, struct json_object *body, int fd)
{
	return send_json(c, CTL_OK, body, fd);
}
