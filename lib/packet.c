/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * packet.c - packets in which messages travel over vSockets: see wire/guestrpc.h
 *
 * Of the fields of the host only the type and the payload are looked at; others are stepped over, if
 * their values are of a type that has a length.
 */
#include <string.h>

#include <wire/guestrpc.h>

#include "lib/packet.h"

#define WORD	4

static guint32 word_at(const guint8 *p)
{
	guint32 n;

	memcpy(&n, p, WORD);
	return GUINT32_FROM_BE(n);
}

static void add_word(GByteArray *to, guint32 n)
{
	n = GUINT32_TO_BE(n);
	g_byte_array_append(to, (const guint8 *)&n, WORD);
}

/* The head, whose length is put in when all is there, and the type */
static void begin(GByteArray *to, guint32 type)
{
	g_byte_array_set_size(to, 0);
	add_word(to, 0);
	add_word(to, GRPC_VALUE_INT64);
	add_word(to, GRPC_FIELD_TYPE);
	add_word(to, type);
	add_word(to, 0);
}

static void end(GByteArray *to)
{
	guint32 len = GUINT32_TO_BE(to->len - GRPC_PACKET_HEAD);

	memcpy(to->data, &len, GRPC_PACKET_HEAD);
}

void packet_data(GByteArray *to, const guint8 *msg, gsize len)
{
	begin(to, GRPC_PACKET_DATA);
	add_word(to, GRPC_VALUE_STRING);
	add_word(to, GRPC_FIELD_PAYLOAD);
	add_word(to, (guint32)len);
	g_byte_array_append(to, msg, (guint)len);
	end(to);
}

void packet_ping(GByteArray *to)
{
	begin(to, GRPC_PACKET_PING);
	end(to);
}

gsize packet_length(const guint8 *head)
{
	gsize len = word_at(head);

	return len <= GRPC_PACKET_MAX ? len : 0;
}

/* Bytes of a list's elements at @p, or -1 if they are not all there */
static gssize list_size(const guint8 *p, gsize left, gboolean strings)
{
	gsize at = WORD;
	guint32 count;

	if (left < WORD)
		return -1;
	for (count = word_at(p); count; count--) {
		if (left - at < WORD || (!strings && left - at < 2 * WORD))
			return -1;
		if (strings && word_at(p + at) > left - at - WORD)
			return -1;
		at += strings ? WORD + word_at(p + at) : 2 * WORD;
	}
	return (gssize)at;
}

/* Bytes of the value at @p, or -1 */
static gssize value_size(guint32 type, const guint8 *p, gsize left)
{
	switch (type) {
	case GRPC_VALUE_INT64:
		return left < 2 * WORD ? -1 : 2 * WORD;
	case GRPC_VALUE_STRING:
		if (left < WORD || !word_at(p) || word_at(p) > left - WORD)
			return -1;
		return WORD + (gssize)word_at(p);
	case GRPC_VALUE_INT64_LIST:
		return list_size(p, left, FALSE);
	case GRPC_VALUE_STRING_LIST:
		return list_size(p, left, TRUE);
	default:
		return -1;
	}
}

int packet_message(const guint8 *body, gsize len, const guint8 **ret_msg, gsize *ret_len)
{
	const guint8 *msg = NULL;
	gsize at = 0, msg_len = 0;
	gboolean data = FALSE;

	while (at < len) {
		guint32 type, id;
		gssize size;

		if (len - at < 2 * WORD)
			return -1;
		type = word_at(body + at);
		id = word_at(body + at + WORD);
		at += 2 * WORD;
		size = value_size(type, body + at, len - at);
		if (size < 0)
			return -1;
		if (id == GRPC_FIELD_TYPE && type == GRPC_VALUE_INT64) {
			data = word_at(body + at) == GRPC_PACKET_DATA;
		} else if (id == GRPC_FIELD_PAYLOAD && type == GRPC_VALUE_STRING) {
			msg = body + at + WORD;
			msg_len = (gsize)size - WORD;
		}
		at += (gsize)size;
	}
	if (!data || !msg)
		return 0;
	*ret_msg = msg;
	*ret_len = msg_len;
	return 1;
}
