/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz-packet.c - what a host can send over vSockets: a head, then what follows it
 */
#include <stdint.h>
#include <stdlib.h>

#include <wire/guestrpc.h>

#include "lib/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const guint8 *msg;
	GByteArray *again;
	gsize len, want;

	if (size < GRPC_PACKET_HEAD)
		return 0;
	want = packet_length(data);
	if (want > GRPC_PACKET_MAX)
		abort();
	data += GRPC_PACKET_HEAD;
	size -= GRPC_PACKET_HEAD;
	if (packet_message(data, size, &msg, &len) != 1)
		return 0;
	if (!len || msg < data || len > size || (gsize)(msg - data) > size - len)
		abort();
	again = g_byte_array_new();
	packet_data(again, msg, len);
	if (packet_length(again->data) != (len + 28 <= GRPC_PACKET_MAX ? len + 28 : 0))
		abort();
	g_byte_array_unref(again);
	return 0;
}
