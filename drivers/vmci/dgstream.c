// SPDX-License-Identifier: GPL-2.0-only
/*
 * dgstream.c - find the datagrams in what the device gave us
 *
 * Datagrams stand back to back, each start aligned to 8 bytes, up to a header whose destination
 * resource is invalid.  There are two forms:
 *  - a batch (DMA mode): one buffer with whole datagrams.  The device can write into the buffer
 *    while we look at it, so a header is copied once and only the copy is used.
 *  - a stream (port mode): bytes that are fetched in chunks; datagrams straddle chunks.  The first
 *    chunk is one page, since most batches are short; the others fill the buffer.  In a chunk
 *    longer than a page an end marker ends only its page, because the device may go on with a late
 *    datagram at the next page boundary.
 *    The lengths of the chunks are part of the protocol: a device is known to be right only with a
 *    reader that reads as this one does, so it must not read less, though a full page makes it read
 *    16 more.
 * No file-level state; compiled in user space too, where tests and a fuzzer run it.
 */
#include "dgstream.h"

/* Bytes that a datagram takes in the stream; the caller has checked the payload size. */
static size_t dg_stride(u64 payload)
{
	return (VMCI_DG_HDR_SIZE + (size_t)payload + VMCI_DG_ALIGN - 1) &
	       ~(size_t)(VMCI_DG_ALIGN - 1);
}

static void hdr_copy(struct vmci_wire_dg *hdr, const void *from)
{
	memcpy(hdr, from, sizeof(*hdr));
	barrier();	/* or the compiler could read the shared bytes again */
}

static bool is_end_marker(const struct vmci_wire_dg *hdr)
{
	return le32_to_cpu(hdr->dst.rid) == VMCI_INVALID_ID;
}

/**
 * dgstream_walk() - deliver the datagrams of one batch
 * @buf:	the batch, which the device may be writing to
 * @len:	bytes in it
 * @deliver:	called for each datagram, in order
 * @ctx:	for @deliver
 *
 * Return: why the walk ended; the datagrams before a fault have been delivered.
 */
enum dgstream_end dgstream_walk(const void *buf, size_t len, dgstream_deliver_fn deliver, void *ctx)
{
	const u8 *p = buf;
	struct vmci_wire_dg hdr;

	while (len >= VMCI_DG_HDR_SIZE) {
		u64 payload;
		size_t stride;

		hdr_copy(&hdr, p);
		if (is_end_marker(&hdr))
			return DGSTREAM_DONE;
		payload = le64_to_cpu(hdr.payload_size);
		if (payload > VMCI_DG_PAYLOAD_MAX)
			return DGSTREAM_TOO_LARGE;
		if (payload > len - VMCI_DG_HDR_SIZE)
			return DGSTREAM_CUT_OFF;
		deliver(ctx, &hdr, p + VMCI_DG_HDR_SIZE);
		stride = dg_stride(payload);
		if (stride >= len)
			return DGSTREAM_DONE;
		p += stride;
		len -= stride;
	}
	return DGSTREAM_DONE;
}

/* The part of a stream that is in memory: [pos, end) of buf. */
struct stream {
	u8 *buf;
	size_t pos;
	size_t end;
	size_t fetched;		/* bytes in all, against a device that never stops */
	dgstream_fetch_fn fetch;
	void *ctx;
};

/* Moves what is left to the front of the buffer and fetches what fits behind it. */
static bool stream_more(struct stream *s, size_t upto)
{
	size_t left = s->end - s->pos;

	if (s->fetched > DGSTREAM_LIMIT)
		return false;
	memmove(s->buf, s->buf + s->pos, left);
	s->fetch(s->ctx, s->buf + left, upto - left);
	s->fetched += upto - left;
	s->pos = 0;
	s->end = upto;
	return true;
}

/* Goes to the next page boundary; false when the end marker was in the last page of the chunk. */
static bool stream_skip_page(struct stream *s)
{
	size_t next = (s->pos | (VMCI_WIRE_PAGE_SIZE - 1)) + 1;

	if (s->end - s->pos <= VMCI_WIRE_PAGE_SIZE || next >= s->end)
		return false;
	s->pos = next;
	return true;
}

/**
 * dgstream_read() - fetch and deliver the datagrams of a stream
 * @buf:	VMCI_DG_SIZE_MAX bytes of private memory
 * @fetch:	gets the next bytes from the device
 * @deliver:	called for each datagram, in order
 * @ctx:	for both
 *
 * Return: why the walk ended; the datagrams before a fault have been delivered.
 */
enum dgstream_end dgstream_read(void *buf, dgstream_fetch_fn fetch, dgstream_deliver_fn deliver,
				void *ctx)
{
	struct stream s = { .buf = buf, .fetch = fetch, .ctx = ctx };
	struct vmci_wire_dg hdr;

	stream_more(&s, VMCI_WIRE_PAGE_SIZE);
	for (;;) {
		u64 payload;
		size_t stride;

		if (s.end - s.pos < VMCI_DG_HDR_SIZE) {
			if (!stream_more(&s, VMCI_DG_SIZE_MAX))
				return DGSTREAM_ENDLESS;
			continue;
		}
		hdr_copy(&hdr, s.buf + s.pos);
		if (is_end_marker(&hdr)) {
			if (!stream_skip_page(&s))
				return DGSTREAM_DONE;
			continue;
		}
		payload = le64_to_cpu(hdr.payload_size);
		if (payload > VMCI_DG_PAYLOAD_MAX)
			return DGSTREAM_TOO_LARGE;
		if (payload > s.end - s.pos - VMCI_DG_HDR_SIZE) {
			if (!stream_more(&s, VMCI_DG_SIZE_MAX))
				return DGSTREAM_ENDLESS;
			continue;
		}
		deliver(ctx, &hdr, s.buf + s.pos + VMCI_DG_HDR_SIZE);
		stride = dg_stride(payload);
		/* the padding of the last datagram may lie in the next chunk's place */
		s.pos = stride < s.end - s.pos ? s.pos + stride : s.end;
	}
}
