/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmci_dma.c - datagrams in buffers of guest memory
 *
 * A buffer begins with a header.  The driver writes the buffer's address to a doorbell register;
 * the device does its work before that write returns, and touches the buffer no more once it has
 * changed `busy`.  So there is never a buffer in our hands between two inputs.
 *
 * Transmit: busy 1 -> 0.  The result stands in the header, before busy is cleared, and in RESULT,
 * because stock drivers look at the register and ours looks at the header.
 * Receive: busy 0 -> 1.  As many whole datagrams as fit, each aligned to 8 bytes, then an end
 * marker: a header of ones, left out only where no header fits any more.  An empty receive is
 * completed too; the driver sleeps until it is.
 */
#include "host/model/vmci_dev.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SG_MAX 64	/* elements of one buffer: 18 hold the largest datagram in single pages */

struct buffer {
	uint64_t gpa;			/* of the header */
	unsigned int count;
	struct {
		uint64_t addr;
		uint64_t size;
	} seg[SG_MAX];
	size_t total;			/* bytes of all, at most VMCI_DG_SIZE_MAX */
};

/*
 * Read the header and the list of segments.  A size is cut at VMCI_DG_SIZE_MAX for @receive, where
 * it says how much room there is; for a transmit it says how much there is, so more is an error.
 * Returns a VMCI error, or 0.
 */
static int segments_get(struct vmci_dev *dev, const struct vmci_wire_dma_hdr *hdr, bool receive,
			struct buffer *b)
{
	struct vmci_wire_sg sg[SG_MAX];
	uint32_t size = le32toh(hdr->size);
	uint64_t list = b->gpa + VMCI_DMA_HDR_SIZE;
	unsigned int i;
	int err;

	b->total = 0;
	switch (le32toh(hdr->opcode)) {
	case VMCI_DMA_OP_INLINE:
		b->count = 1;
		sg[0] = (struct vmci_wire_sg){ htole64(list), htole64(size) };
		break;
	case VMCI_DMA_OP_SG:
		if (size == 0 || size > SG_MAX)
			return VMCI_ERR_INVALID_ARGS;
		b->count = size;
		err = gmem_copy_in(dev->mem, list, sg, size * sizeof(sg[0]));
		if (err) {
			vmci_bad_memory(dev, err);
			return VMCI_ERR_INVALID_ARGS;
		}
		break;
	default:
		return VMCI_ERR_INVALID_ARGS;
	}
	for (i = 0; i < b->count; i++) {
		uint64_t len = le64toh(sg[i].size);

		if (len > VMCI_DG_SIZE_MAX - b->total) {
			if (!receive)
				return VMCI_ERR_PAYLOAD_TOO_LARGE;
			len = VMCI_DG_SIZE_MAX - b->total;
		}
		b->seg[i].addr = le64toh(sg[i].addr);
		b->seg[i].size = len;
		b->total += len;
	}
	return 0;
}

/*
 * Copy @len bytes at offset @off of the buffer's data, in or out.  The caller keeps within
 * total.
 */
static int buffer_copy(struct vmci_dev *dev, const struct buffer *b, size_t off, void *in,
		       const void *out, size_t len)
{
	unsigned int i;
	size_t done = 0;

	for (i = 0; i < b->count && done < len; i++) {
		size_t n;
		int err;

		if (off >= b->seg[i].size) {
			off -= b->seg[i].size;
			continue;
		}
		n = b->seg[i].size - off < len - done ? b->seg[i].size - off : len - done;
		if (in)
			err = gmem_copy_in(dev->mem, b->seg[i].addr + off, (uint8_t *)in + done, n);
		else
			err = gmem_copy_out(dev->mem, b->seg[i].addr + off,
					    (const uint8_t *)out + done, n);
		if (err) {
			vmci_bad_memory(dev, err);
			return err;
		}
		done += n;
		off = 0;
	}
	return 0;
}

/*
 * Read a buffer's header.  NULL if the guest gave no address that can hold one, writable and
 * aligned, or if the buffer is not ours: busy is not @busy.  Else where busy is, for busy_set().
 */
static uint32_t *header_get(struct vmci_dev *dev, uint64_t gpa, uint32_t busy,
			    struct vmci_wire_dma_hdr *ret_hdr)
{
	static const struct vmci_wire_dma_hdr zeros;
	void *where;
	int err;

	if (gpa % 8) {
		dev->stats.bad_memory++;
		return NULL;
	}
	err = gmem_ptr(dev->mem, gpa, sizeof(*ret_hdr), true, &where);
	if (!err)
		err = gmem_copy_in(dev->mem, gpa, ret_hdr, sizeof(*ret_hdr));
	if (err) {
		vmci_bad_memory(dev, err);
		return NULL;
	}
	if (le32toh(ret_hdr->busy) == busy)
		return where;
	dev->stats.bad_memory++;
	/* No driver sends a header of zeros, so it wrote to other memory than we look at. */
	if (busy && memcmp(ret_hdr, &zeros, sizeof(zeros)) == 0)
		vmci_trouble_tell(dev, VMCI_TROUBLE_NOT_SHARED);
	return NULL;
}

/* Hands the buffer back: all that was written to it is seen before busy is. */
static void busy_set(uint32_t *where, uint32_t busy)
{
	__atomic_store_n(where, htole32(busy), __ATOMIC_RELEASE);
}

static int64_t transmit(struct vmci_dev *dev, const struct vmci_wire_dma_hdr *hdr,
			struct buffer *b)
{
	struct vmci_wire_dg *dg;
	int64_t result = segments_get(dev, hdr, false, b);

	if (result < 0)
		return result;
	if (b->total < VMCI_DG_HDR_SIZE)
		return VMCI_ERR_INVALID_ARGS;
	dg = malloc(b->total);
	if (!dg)
		return VMCI_ERR_NO_MEM;
	if (buffer_copy(dev, b, 0, dg, NULL, b->total))
		result = VMCI_ERR_INVALID_ARGS;
	else
		result = vmci_dg_from_guest(dev, dg, b->total);
	free(dg);
	return result;
}

void vmci_dma_send(struct vmci_dev *dev, uint64_t gpa)
{
	struct buffer b = { .gpa = gpa };
	struct vmci_wire_dma_hdr hdr;
	uint32_t *busy = header_get(dev, gpa, 1, &hdr);
	uint64_t wire;

	if (!busy) {
		dev->result = (uint64_t)(int64_t)VMCI_ERR_INVALID_ARGS;
		return;
	}
	if (vmci_fault_hang(dev, false))
		return;
	dev->result = (uint64_t)transmit(dev, &hdr, &b);
	wire = htole64(dev->result);
	(void)gmem_copy_out(dev->mem, gpa + offsetof(struct vmci_wire_dma_hdr, result), &wire,
			    sizeof(wire));
	busy_set(busy, 0);
}

/*
 * Fill @b from the queue.  Returns 0, or an error of guest memory: the buffer is not handed
 * back.
 */
static int receive_fill(struct vmci_dev *dev, const struct buffer *b)
{
	struct vmci_wire_dg end;
	struct queued_dg *q;
	size_t off = 0;
	int err;

	while ((q = STAILQ_FIRST(&dev->to_guest))) {
		size_t aligned = (q->len + VMCI_DG_ALIGN - 1) & ~(size_t)(VMCI_DG_ALIGN - 1);

		if (aligned > b->total - off) {
			if (off)
				break;
			/*
			 * It will never fit: the driver's buffer is smaller than the largest
			 * datagram.
			 */
			dev->stats.dg_dropped++;
			vmci_queue_pop(dev);
			continue;
		}
		err = buffer_copy(dev, b, off, NULL, q->bytes, q->len);
		if (err)
			return err;
		off += aligned;
		dev->stats.dg_to_guest++;
		vmci_queue_pop(dev);
	}
	if (b->total - off < sizeof(end))
		return 0;
	memset(&end, 0xff, sizeof(end));
	return buffer_copy(dev, b, off, NULL, &end, sizeof(end));
}

void vmci_dma_receive(struct vmci_dev *dev, uint64_t gpa)
{
	struct buffer b = { .gpa = gpa };
	struct vmci_wire_dma_hdr hdr;
	uint32_t *busy = header_get(dev, gpa, 0, &hdr);

	if (!busy || vmci_fault_hang(dev, true))
		return;
	if (segments_get(dev, &hdr, true, &b) < 0 || receive_fill(dev, &b))
		return;
	busy_set(busy, 1);
	vmci_raise(dev, VMCI_ICR_DMA_DATAGRAM);
	if (!STAILQ_EMPTY(&dev->to_guest))
		vmci_raise(dev, VMCI_ICR_DATAGRAM);
}
