/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz-datamap.c - a stream of packets of RPC over vSockets, in pieces of any size
 *
 * The first byte of the input is the size of the pieces, the rest is the stream.  Whatever is
 * decoded must lie inside its packet, and must come out again when it is built anew.
 */
#include <stdlib.h>
#include <string.h>

#include "host/model/datamap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct datamap_reader *r)
{
	struct datamap d, again;
	uint8_t *packet;
	size_t len;

	if (datamap_parse(r->body, r->len, &d) || !d.payload)
		return;
	if (d.payload < r->body || d.payload_len > r->len ||
	    (size_t)(d.payload - r->body) > r->len - d.payload_len)
		abort();
	len = datamap_packet_size(d.payload_len);
	packet = malloc(len);
	if (!packet)
		return;
	datamap_packet_build(d.payload, d.payload_len, packet);
	if (datamap_parse(packet + GRPC_PACKET_HEAD, len - GRPC_PACKET_HEAD, &again) ||
	    again.type != GRPC_PACKET_DATA || again.payload_len != d.payload_len ||
	    memcmp(again.payload, d.payload, d.payload_len))
		abort();
	free(packet);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct datamap_reader r = { .body = NULL };
	size_t step = size ? data[0] + 1u : 1, at = 1, taken;
	int got = 0;

	while (at < size && got >= 0) {
		size_t n = size - at < step ? size - at : step;

		got = datamap_read(&r, data + at, n, &taken);
		if (taken > n || (got >= 0 && !taken))
			abort();
		at += taken;
		if (got != 1)
			continue;
		check(&r);
		datamap_read_next(&r);
	}
	datamap_read_next(&r);
	return 0;
}
