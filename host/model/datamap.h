/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * datamap.h - packets of RPC over vSockets (wire/guestrpc.h): bytes of a stream to fields, and back
 */
#ifndef VMTKIT_HOST_MODEL_DATAMAP_H
#define VMTKIT_HOST_MODEL_DATAMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/guestrpc.h"

/* The fields that we know. */
struct datamap {
	int64_t type;			/* GRPC_PACKET_*, or another number as it came; 0: not there */
	bool fast_close;
	const uint8_t *payload;		/* inside the packet; NULL: not there */
	size_t payload_len;
};

/*
 * datamap_parse - decode what follows the length of a packet
 * @body: @len bytes of the guest; @ret points into it
 *
 * Fields that we do not know are passed over.  Returns 0, or -EPROTO: a value of unknown type, a
 * length that does not fit or is 0 where it must not be, a field that comes twice, or one that we
 * know with a value of another type.
 */
int datamap_parse(const void *body, size_t len, struct datamap *ret);

/* Bytes of a packet that carries a message of @len bytes, its own length included. */
size_t datamap_packet_size(size_t len);

/* datamap_packet_build - GRPC_PACKET_DATA with a message, > 0 bytes; fills datamap_packet_size() */
void datamap_packet_build(const void *msg, size_t len, uint8_t *ret);

/* A stream that is cut into packets.  All zero at first. */
struct datamap_reader {
	uint8_t head[GRPC_PACKET_HEAD];
	uint8_t *body;			/* owned; NULL while the length is not there */
	size_t have;			/* bytes of the head, then of the body */
	size_t len;			/* of the body */
};

/*
 * datamap_read - take bytes up to the end of one packet
 * @buf: more of the stream, @len bytes
 * @ret_taken: how many of them were taken; the rest belongs to the next packet
 *
 * Returns 1: a packet is there, in @r->body and @r->len until datamap_read_next(); 0: more is
 * needed; -EMSGSIZE: it announces more than GRPC_PACKET_MAX or nothing; -ENOMEM.
 */
int datamap_read(struct datamap_reader *r, const void *buf, size_t len, size_t *ret_taken);

/* datamap_read_next - be done with a packet, or with half of one */
void datamap_read_next(struct datamap_reader *r);

#endif /* VMTKIT_HOST_MODEL_DATAMAP_H */
