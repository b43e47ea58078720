/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dgstream.h - datagrams as they stand in what the device gave us
 */
#ifndef VMTKIT_VMCI_DGSTREAM_H
#define VMTKIT_VMCI_DGSTREAM_H

#include "pure.h"
#include "wire/vmci_device.h"

/*
 * @hdr is a private copy whose payload_size is known to be within @payload's memory and at most
 * VMCI_DG_PAYLOAD_MAX.  @payload points into the buffer and may change at any time if the device
 * can write there.
 */
typedef void (*dgstream_deliver_fn)(void *ctx, const struct vmci_wire_dg *hdr,
				    const void *payload);

/* Fills @buf with the next @len bytes of the stream. */
typedef void (*dgstream_fetch_fn)(void *ctx, void *buf, size_t len);

/* Ends of a walk; what is negative is the device's fault and is counted by the caller. */
enum dgstream_end {
	DGSTREAM_DONE = 0,		/* at the end marker, or at the end of the buffer */
	DGSTREAM_TOO_LARGE = -1,	/* a datagram longer than the largest */
	DGSTREAM_CUT_OFF = -2,		/* a datagram that goes on beyond the buffer */
	DGSTREAM_ENDLESS = -3,		/* more than DGSTREAM_LIMIT bytes without an end */
};

/* More bytes than this in one go are not a batch any more. */
#define DGSTREAM_LIMIT	(16u << 20)

enum dgstream_end dgstream_walk(const void *buf, size_t len, dgstream_deliver_fn deliver,
				void *ctx);
enum dgstream_end dgstream_read(void *buf, dgstream_fetch_fn fetch, dgstream_deliver_fn deliver,
				void *ctx);

#endif /* VMTKIT_VMCI_DGSTREAM_H */
