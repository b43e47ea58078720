/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctl.c - requests of vmctl to vmd as bytes and back
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/base/bytes.h"
#include "host/vmd/ctl.h"

static int number_check(const struct ctl_request *req)
{
	switch ((int)req->type) {
	case CTL_WAIT:
		return req->number < CTL_WAIT_COUNT ? 0 : -EINVAL;
	case CTL_POWER:
		return req->number < CTL_POWER_COUNT ? 0 : -EINVAL;
	}
	return 0;
}

int ctl_request_parse(uint32_t type, const char *body, size_t len, struct ctl_request *ret)
{
	struct ctl_wire wire;
	const char *text, *end;

	if (type < CTL_STATUS || type >= CTL_REQUEST_END)
		return -EPROTO;
	if (len < sizeof(wire))
		return -EINVAL;
	memcpy(&wire, body, sizeof(wire));
	if (!memchr(wire.name, '\0', sizeof(wire.name)))
		return -EINVAL;
	text = body + sizeof(wire);
	len -= sizeof(wire);
	memset(ret, 0, sizeof(*ret));
	ret->type = (enum ctl_type)type;
	memcpy(ret->name, wire.name, sizeof(ret->name));
	ret->flags = le32toh(wire.flags);
	ret->timeout_ms = le32toh(wire.timeout_ms);
	ret->number = le32toh(wire.number);
	end = memchr(text, '\0', len);
	ret->key = text;
	ret->value = end ? end + 1 : text + len;
	ret->value_len = end ? len - (size_t)(end + 1 - text) : 0;
	if ((ret->flags & ~CTL_FLAGS) || (!*ret->name && type != CTL_STATUS))
		return -EINVAL;
	return number_check(ret);
}

char *ctl_request_body(const struct ctl_request *req, size_t *ret_len)
{
	const char *key = req->key ? req->key : "";
	size_t key_len = strlen(key), len;
	struct ctl_wire wire = { .flags = htole32(req->flags),
				 .timeout_ms = htole32(req->timeout_ms),
				 .number = htole32(req->number) };
	char *body;

	if (key_len > CTL_REQUEST_MAX / 2 || req->value_len > CTL_REQUEST_MAX - 1024 - key_len)
		return NULL;
	len = sizeof(wire) + key_len + 1 + req->value_len;
	body = malloc(len);
	if (!body)
		return NULL;
	memcpy(wire.name, req->name, sizeof(wire.name));
	memcpy(body, &wire, sizeof(wire));
	memcpy(body + sizeof(wire), key, key_len + 1);
	if (req->value_len)
		memcpy(body + sizeof(wire) + key_len + 1, req->value, req->value_len);
	*ret_len = len;
	return body;
}

int ctl_socket_default(int env, char *ret, size_t size)
{
	const char *dir = getenv("XDG_RUNTIME_DIR"), *named = getenv(CTL_SOCKET_ENV);
	int n;

	if (env && named && *named)
		n = snprintf(ret, size, "%s", named);
	else if (!geteuid())
		n = snprintf(ret, size, "%s", CTL_SOCKET_ROOT);
	else if (dir && *dir == '/')
		n = snprintf(ret, size, "%s/%s", dir, CTL_SOCKET_USER);
	else
		return -ENOENT;
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}
