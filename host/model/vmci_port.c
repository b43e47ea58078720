/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmci_port.c - datagrams as streams of single bytes through two ports
 *
 * Out: the guest writes a whole datagram byte by byte; the header says how long it is, and with its
 * last byte it is carried out.  One that is larger than anything we take is answered when its
 * header is there, and its bytes are passed over.  Reading RESULT in the middle of one drops it, so
 * that a guest that lost count is right again with its next datagram.
 *
 * In: stock drivers read one page; if a datagram continues behind it they read on up to
 * VMCI_DG_SIZE_MAX bytes, and they look for further datagrams at page boundaries of what they read.
 *  They never say how much they are going to read, so a batch is made when the first byte is asked
 *  for, and is either
 *
 *	small	some datagrams of one page together, filled up with ones to a page, or
 *	large	one datagram alone, filled up with ones to VMCI_DG_SIZE_MAX.
 *
 * A datagram that comes later waits for the next batch, which begins exactly where a driver begins
 * to read anew.  A large datagram that leaves no room for a header behind it makes drivers read as
 * much again, so the batch after it is as long, whatever is in it.
 */
#include "host/model/vmci_dev.h"

#include <stdlib.h>
#include <string.h>

static size_t aligned(size_t len)
{
	return (len + VMCI_DG_ALIGN - 1) & ~(size_t)(VMCI_DG_ALIGN - 1);
}

/* ---- out ---------------------------------------------------------------------------------- */

/* The largest datagram there can be: a page list for all memory that pairs may have. */
static uint64_t out_limit(const struct vmci_dev *dev, const struct vmci_wire_dg *hdr)
{
	struct vmci_handle dst = handle_get(hdr->dst);

	if (dst.cid != VMCI_CID_HYPERVISOR || dst.rid != VMCI_HC_QUEUEPAIR_ALLOC)
		return VMCI_DG_SIZE_MAX;
	return VMCI_DG_HDR_SIZE + sizeof(struct vmci_wire_qp_alloc) +
	       dev->config.qp_memory / VMCI_WIRE_PAGE_SIZE * sizeof(uint64_t);
}

static void out_drop(struct port_state *p)
{
	free(p->out);
	p->out = NULL;
	p->out_len = 0;
	p->out_capacity = 0;
}

static void out_refuse(struct vmci_dev *dev, int result)
{
	dev->stats.dg_from_guest++;
	dev->stats.dg_refused++;
	dev->result = (uint64_t)(int64_t)result;
	out_drop(&dev->port);
}

static bool out_grow(struct port_state *p, size_t capacity)
{
	uint8_t *grown = realloc(p->out, capacity);

	if (!grown)
		return false;
	p->out = grown;
	p->out_capacity = capacity;
	return true;
}

/* The header is complete: how long is the datagram?  False: it was refused. */
static bool out_header(struct vmci_dev *dev)
{
	struct port_state *p = &dev->port;
	const struct vmci_wire_dg *hdr = (const struct vmci_wire_dg *)p->out;
	uint64_t payload = le64toh(hdr->payload_size);

	if (payload > out_limit(dev, hdr) - sizeof(*hdr)) {
		p->out_skip = payload;
		out_refuse(dev, VMCI_ERR_PAYLOAD_TOO_LARGE);
		return false;
	}
	if (!out_grow(p, sizeof(*hdr) + payload)) {
		p->out_skip = payload;
		out_refuse(dev, VMCI_ERR_NO_MEM);
		return false;
	}
	return true;
}

void vmci_port_out(struct vmci_dev *dev, uint8_t byte)
{
	struct port_state *p = &dev->port;

	if (p->out_skip) {
		p->out_skip--;
		return;
	}
	if (!p->out && !out_grow(p, sizeof(struct vmci_wire_dg))) {
		dev->result = (uint64_t)(int64_t)VMCI_ERR_NO_MEM;
		return;
	}
	p->out[p->out_len++] = byte;
	if (p->out_len == sizeof(struct vmci_wire_dg) && !out_header(dev))
		return;
	if (p->out_len < p->out_capacity || p->out_len < sizeof(struct vmci_wire_dg))
		return;
	dev->result = (uint64_t)vmci_dg_from_guest(dev, (struct vmci_wire_dg *)p->out, p->out_len);
	out_drop(p);
}

void vmci_port_out_settle(struct vmci_dev *dev)
{
	dev->port.out_skip = 0;
	if (dev->port.out)
		out_refuse(dev, VMCI_ERR_DATAGRAM_INCOMPLETE);
}

/* ---- in ----------------------------------------------------------------------------------- */

/* How many bytes of datagrams the next batch takes from the queue. */
static size_t batch_measure(struct vmci_dev *dev, unsigned int *ret_count)
{
	struct queued_dg *q;
	size_t len = 0;

	*ret_count = 0;
	STAILQ_FOREACH(q, &dev->to_guest, link) {
		if (*ret_count && aligned(q->len) > VMCI_WIRE_PAGE_SIZE - len)
			break;
		len += aligned(q->len);
		++*ret_count;
		if (len >= VMCI_WIRE_PAGE_SIZE)
			break;
	}
	return len;
}

/* Returns false, with nothing changed, if there is no memory for a batch. */
static bool batch_make(struct vmci_dev *dev)
{
	struct port_state *p = &dev->port;
	unsigned int count;
	size_t len = batch_measure(dev, &count);

	if (len) {
		p->in = calloc(1, len);
		if (!p->in)
			return false;
	}
	p->in_len = 0;
	p->in_pos = 0;
	p->in_span = len > VMCI_WIRE_PAGE_SIZE ? VMCI_DG_SIZE_MAX : VMCI_WIRE_PAGE_SIZE;
	if (p->in_span < p->in_next_span)
		p->in_span = p->in_next_span;
	p->in_next_span = len > VMCI_DG_SIZE_MAX - VMCI_DG_HDR_SIZE ? VMCI_DG_SIZE_MAX : 0;
	while (count--) {
		struct queued_dg *q = STAILQ_FIRST(&dev->to_guest);

		memcpy(p->in + p->in_len, q->bytes, q->len);
		p->in_len += aligned(q->len);
		dev->stats.dg_to_guest++;
		vmci_queue_pop(dev);
	}
	return true;
}

static void batch_end(struct port_state *p)
{
	free(p->in);
	p->in = NULL;
	p->in_len = 0;
	p->in_pos = 0;
	p->in_span = 0;
}

uint8_t vmci_port_in(struct vmci_dev *dev)
{
	struct port_state *p = &dev->port;
	uint8_t byte;

	if (p->in_span == 0 && !batch_make(dev))
		return 0xff;
	byte = p->in_pos < p->in_len ? p->in[p->in_pos] : 0xff;
	p->in_pos++;
	if (p->in_pos == p->in_span) {
		batch_end(p);
		if (!STAILQ_EMPTY(&dev->to_guest))
			vmci_raise(dev, VMCI_ICR_DATAGRAM);
	}
	return byte;
}

void vmci_port_reset(struct vmci_dev *dev)
{
	struct port_state *p = &dev->port;

	out_drop(p);
	p->out_skip = 0;
	batch_end(p);
	p->in_next_span = 0;
}
