/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * datamap.c - packets of RPC over vSockets: bytes to fields, and back
 *
 * Every byte is the guest's.  A packet is copied out of guest memory by datamap_read() and parsed
 * from that copy; a cursor holds what is left of it, and each step asks whether that is enough
 * before it takes anything.  Memory for a packet is taken when its length is known, which is
 * bounded; how many streams a guest may have is the caller's to bound.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/bytes.h"
#include "host/model/datamap.h"

#define FIELD_HEAD	8		/* type of the value, number of the field */
#define INT64_SIZE	8
#define FIELDS_MAX	16		/* of a packet: there are three, and some room for new ones */

struct cursor {
	const uint8_t *p;
	size_t left;
};

struct field {
	uint32_t type;
	uint32_t id;
	int64_t number;			/* GRPC_VALUE_INT64 */
	const uint8_t *bytes;		/* GRPC_VALUE_STRING */
	size_t len;
};

static bool take_u32(struct cursor *c, uint32_t *ret)
{
	if (c->left < sizeof(*ret))
		return false;
	*ret = get_be32(c->p);
	c->p += sizeof(*ret);
	c->left -= sizeof(*ret);
	return true;
}

static bool take_int64(struct cursor *c, int64_t *ret)
{
	uint32_t low, high;

	if (!take_u32(c, &low) || !take_u32(c, &high))
		return false;
	*ret = (int64_t)((uint64_t)high << 32 | low);
	return true;
}

static bool take_bytes(struct cursor *c, const uint8_t **ret, size_t *ret_len)
{
	uint32_t len;

	if (!take_u32(c, &len) || len > c->left)
		return false;
	*ret = c->p;
	*ret_len = len;
	c->p += len;
	c->left -= len;
	return true;
}

/* Lists are no part of any field that we know: they are only passed over. */
static bool skip_list(struct cursor *c, bool strings)
{
	uint32_t count;
	struct field f;

	if (!take_u32(c, &count) || count > c->left / (strings ? sizeof(count) : INT64_SIZE))
		return false;
	while (count--)
		if (strings ? !take_bytes(c, &f.bytes, &f.len) : !take_int64(c, &f.number))
			return false;
	return true;
}

static bool take_field(struct cursor *c, struct field *f)
{
	*f = (struct field){ .type = 0 };
	if (!take_u32(c, &f->type) || !take_u32(c, &f->id))
		return false;
	switch (f->type) {
	case GRPC_VALUE_INT64:
		return take_int64(c, &f->number);
	case GRPC_VALUE_STRING:
		return take_bytes(c, &f->bytes, &f->len) && f->len;
	case GRPC_VALUE_INT64_LIST:
		return skip_list(c, false);
	case GRPC_VALUE_STRING_LIST:
		return skip_list(c, true);
	default:
		return false;
	}
}

/* Whether a field that we know has the type of value that belongs to it. */
static bool use_field(const struct field *f, struct datamap *ret)
{
	switch (f->id) {
	case GRPC_FIELD_TYPE:
		ret->type = f->number;
		return f->type == GRPC_VALUE_INT64;
	case GRPC_FIELD_PAYLOAD:
		ret->payload = f->bytes;
		ret->payload_len = f->len;
		return f->type == GRPC_VALUE_STRING;
	case GRPC_FIELD_FAST_CLOSE:
		ret->fast_close = f->number == 1;
		return f->type == GRPC_VALUE_INT64;
	default:
		return true;
	}
}

int datamap_parse(const void *body, size_t len, struct datamap *ret)
{
	struct cursor c = { .p = body, .left = len };
	uint32_t seen[FIELDS_MAX];
	struct datamap d = { .type = 0 };
	size_t i, n;

	for (n = 0; c.left; n++) {
		struct field f;

		if (n == FIELDS_MAX || !take_field(&c, &f) || !use_field(&f, &d))
			return -EPROTO;
		for (i = 0; i < n; i++)
			if (seen[i] == f.id)
				return -EPROTO;
		seen[n] = f.id;
	}
	*ret = d;
	return 0;
}

/* ---- out ------------------------------------------------------------------------------------- */

size_t datamap_packet_size(size_t len)
{
	return GRPC_PACKET_HEAD + FIELD_HEAD + INT64_SIZE + FIELD_HEAD + sizeof(uint32_t) + len;
}

static uint8_t *put_u32(uint8_t *p, uint32_t n)
{
	put_be32(p, n);
	return p + sizeof(n);
}

void datamap_packet_build(const void *msg, size_t len, uint8_t *ret)
{
	uint8_t *p = put_u32(ret, (uint32_t)(datamap_packet_size(len) - GRPC_PACKET_HEAD));

	p = put_u32(p, GRPC_VALUE_INT64);
	p = put_u32(p, GRPC_FIELD_TYPE);
	p = put_u32(p, GRPC_PACKET_DATA);
	p = put_u32(p, 0);
	p = put_u32(p, GRPC_VALUE_STRING);
	p = put_u32(p, GRPC_FIELD_PAYLOAD);
	p = put_u32(p, (uint32_t)len);
	memcpy(p, msg, len);
}

/* ---- the stream ------------------------------------------------------------------------------ */

static size_t take_some(uint8_t *to, size_t *have, size_t want, const uint8_t *from, size_t len)
{
	size_t n = want - *have < len ? want - *have : len;

	if (n)
		memcpy(to + *have, from, n);
	*have += n;
	return n;
}

int datamap_read(struct datamap_reader *r, const void *buf, size_t len, size_t *ret_taken)
{
	size_t taken = 0;

	*ret_taken = 0;
	if (!r->body) {
		taken = take_some(r->head, &r->have, sizeof(r->head), buf, len);
		*ret_taken = taken;
		if (r->have < sizeof(r->head))
			return 0;
		r->len = get_be32(r->head);
		if (!r->len || r->len > GRPC_PACKET_MAX)
			return -EMSGSIZE;
		r->body = malloc(r->len);
		if (!r->body)
			return -ENOMEM;
		r->have = 0;
	}
	taken += take_some(r->body, &r->have, r->len, (const uint8_t *)buf + taken, len - taken);
	*ret_taken = taken;
	return r->have == r->len;
}

void datamap_read_next(struct datamap_reader *r)
{
	free(r->body);
	*r = (struct datamap_reader){ .body = NULL };
}
