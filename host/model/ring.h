/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ring.h - arithmetic of a ring with one byte kept free; pure, and tested at every wrap
 *
 * @tail is where the producer writes next, @head where the consumer reads next; both are below
 * @size. Equal means empty.  A ring of size 0 has tail and head 0, nothing in it and no room.
 */
#ifndef VMTKIT_HOST_MODEL_RING_H
#define VMTKIT_HOST_MODEL_RING_H

#include <stdbool.h>
#include <stdint.h>

/* ring_valid() - is @pos, read from the other side, a position at all? */
static inline bool ring_valid(uint64_t pos, uint64_t size)
{
	return pos < size || (pos == 0 && size == 0);
}

/* ring_ready() - bytes to read */
static inline uint64_t ring_ready(uint64_t tail, uint64_t head, uint64_t size)
{
	return tail >= head ? tail - head : size - (head - tail);
}

/* ring_free() - bytes to write */
static inline uint64_t ring_free(uint64_t tail, uint64_t head, uint64_t size)
{
	return size ? size - 1 - ring_ready(tail, head, size) : 0;
}

/* ring_advance() - @pos, @bytes later; @bytes is at most @size - 1 */
static inline uint64_t ring_advance(uint64_t pos, uint64_t bytes, uint64_t size)
{
	return bytes < size - pos ? pos + bytes : bytes - (size - pos);
}

#endif /* VMTKIT_HOST_MODEL_RING_H */
