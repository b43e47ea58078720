/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ring.h - arithmetic of one byte queue
 *
 * Positions are offsets in [0, size).  tail is where the producer writes next, head is where the
 * consumer reads next; tail == head is empty, and one byte always stays free, so that a full queue
 * differs from an empty one.  A queue of size 0 never has space nor data.
 * Everything here is pure: positions that come from the other side are read once by the caller and
 * must have passed ring_valid() before they are given to any other function.
 */
#ifndef VMTKIT_VMCI_RING_H
#define VMTKIT_VMCI_RING_H

#include "pure.h"

/* A queue without a byte in it has one valid position, 0. */
static inline bool ring_valid(u64 tail, u64 head, u64 size)
{
	return size ? tail < size && head < size : !tail && !head;
}

/* Bytes that can be consumed. */
static inline u64 ring_ready(u64 tail, u64 head, u64 size)
{
	return tail >= head ? tail - head : size - (head - tail);
}

/* Bytes that can be produced. */
static inline u64 ring_free(u64 tail, u64 head, u64 size)
{
	return size ? size - 1 - ring_ready(tail, head, size) : 0;
}

/* The position n bytes after pos; n <= size. */
static inline u64 ring_advance(u64 pos, u64 n, u64 size)
{
	return n < size - pos ? pos + n : n - (size - pos);
}

/* Of the next len bytes at pos, those that lie in one page: before its end and before the wrap. */
static inline u64 ring_span(u64 pos, u64 len, u64 size, u64 page_size)
{
	u64 in_page = page_size - (pos & (page_size - 1));
	u64 in_queue = size - pos;
	u64 span = in_page < in_queue ? in_page : in_queue;

	return len < span ? len : span;
}

#endif /* VMTKIT_VMCI_RING_H */
