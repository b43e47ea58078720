/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz-vmci.c - a guest that does anything to the VMCI device, and a host that uses what it offers
 *
 * Layout of an input: one byte of options, then instructions, each an opcode byte and its operands.
 *
 *	options	bit 0: port mode; bit 1: the driver does not come up first
 *	0	write register	1 byte offset / 4, 4 bytes value
 *	1	read register	1 byte offset / 4
 *	2	memory		2 bytes offset, 1 byte length, that many bytes: written to guest
 *	memory 3	datagram	1 byte length, that many bytes: sent through the transmit
 *	buffer, or the port 4	port bytes	1 byte count: read from DATA_IN
 *	5	receive		post the receive buffer as stock drivers do
 *	6	host		1 byte: what the host does next, see host_act()
 *	7	map		1 byte: take one half of the memory away, or give it back
 *	8	pair		8 bytes: QUEUEPAIR_ALLOC or DETACH made of them, so that pairs come
 *	about
 *
 * Memory is 32 pages, mapped twice: from 0 on and from 4 GiB on.
 */
#include <endian.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/model/gmem.h"
#include "host/model/qpair.h"
#include "host/model/vmci.h"
#include "wire/vmci_queue.h"

#define PAGES	32u
#define SIZE	(PAGES * VMCI_WIRE_PAGE_SIZE)
#define HIGH	((uint64_t)1 << 32)
#define CID	42
#define HOST_QPS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t ram[SIZE] __attribute__((aligned(4096)));

struct input {
	const uint8_t *at;
	size_t left;
};

struct world {
	struct gmem *mem;
	struct vmci_dev *dev;
	bool upper;			/* the upper half is mapped */
	struct vmci_qp *qp[HOST_QPS];
};

static uint8_t take(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++;
}

static uint32_t take32(struct input *in)
{
	uint32_t v = take(in);

	v |= (uint32_t)take(in) << 8;
	v |= (uint32_t)take(in) << 16;
	return v | (uint32_t)take(in) << 24;
}

static void on_irq(void *data, unsigned int vector)
{
	if (vector >= VMCI_VECS_DMA)
		abort();
}

static void on_trouble(void *data, enum vmci_trouble what, const char *text)
{
}

static const struct vmci_ops ops = { .irq = on_irq, .trouble = on_trouble };

/* Every second datagram is answered by an echo, from inside the call. */
static int on_dgram(void *data, const struct vmci_wire_dg *dg, size_t len)
{
	struct world *w = data;
	struct vmci_wire_dg *back;

	if (len != sizeof(*dg) + le64toh(dg->payload_size))
		abort();
	back = malloc(len);
	if (!back)
		return VMCI_ERR_NO_MEM;
	memcpy(back, dg, len);
	back->dst = dg->src;
	back->src = dg->dst;
	(void)vmci_send_to_guest(w->dev, back, len);
	free(back);
	return len & 1 ? VMCI_ERR_NO_RESOURCES : VMCI_SUCCESS;
}

static const struct vmci_host_ops host_ops = { .dgram = on_dgram };

static void on_doorbell(void *data, uint32_t rid)
{
}

/* Touch every byte that an iovec covers: the sanitizer knows which are ours. */
static void rings_use(struct vmci_qp *qp, uint8_t how)
{
	struct iovec iov[3];
	size_t bytes, k;
	bool edge;
	int i, n;

	n = vmci_qp_readable(qp, iov, 3, &bytes);
	for (i = 0; i < n; i++)
		for (k = 0; k < iov[i].iov_len; k++)
			how ^= ((volatile uint8_t *)iov[i].iov_base)[k];
	(void)vmci_qp_consumed(qp, bytes / (how % 3 + 1), &edge);
	n = vmci_qp_writable(qp, iov, 3, &bytes);
	for (i = 0; i < n; i++)
		memset(iov[i].iov_base, how, iov[i].iov_len);
	(void)vmci_qp_produced(qp, bytes / (how % 5 + 1), &edge);
}

static void on_gone(void *data, struct vmci_qp *qp, enum vmci_qp_gone why)
{
	struct world *w = data;
	int i;

	rings_use(qp, 7);
	for (i = 0; i < HOST_QPS; i++) {
		if (w->qp[i] != qp || i & 1)
			continue;
		w->qp[i] = NULL;
		vmci_qp_detach(qp);
	}
}

static void on_attached(void *data, struct vmci_qp *qp)
{
	rings_use(qp, 3);
}

static const struct vmci_qp_ops qp_ops = { .attached = on_attached, .gone = on_gone };

static void host_act(struct world *w, uint8_t what)
{
	struct vmci_qp **slot = &w->qp[(what >> 3) % HOST_QPS];
	struct vmci_handle handle = { CID, 1024u + (what >> 5) };

	switch (what & 7) {
	case 0:
		if (!*slot && vmci_qp_attach(w->dev, handle, 0, 0, &qp_ops, w, slot))
			*slot = NULL;
		return;
	case 1:
		if (!*slot && vmci_qp_create(w->dev, what * 64u, 64 * 78, &qp_ops, w, slot))
			*slot = NULL;
		return;
	case 2:
		vmci_qp_detach(*slot);
		*slot = NULL;
		return;
	case 3:
		if (*slot)
			rings_use(*slot, what);
		return;
	case 4:
		(void)vmci_doorbell_ring(w->dev, what >> 3);
		return;
	case 5:
		vmci_resume(w->dev);
		return;
	case 6:
		vmci_reset(w->dev);
		return;
	case 7:
		(void)vmci_set_guest_cid(w->dev, what & 8 ? CID : CID + 1);
		return;
	}
}

static void write32(struct world *w, uint32_t reg, uint32_t value)
{
	vmci_reg_write(w->dev, reg, 4, value);
}

static void driver_up(struct world *w)
{
	write32(w, VMCI_REG_CONTROL, VMCI_CONTROL_RESET);
	write32(w, VMCI_REG_CAPS, vmci_reg_read(w->dev, VMCI_REG_CAPS, 4));
	write32(w, VMCI_REG_IMR, 7);
	write32(w, VMCI_REG_CONTROL, VMCI_CONTROL_INT_ENABLE);
}

static void send_bytes(struct world *w, const uint8_t *dg, size_t len)
{
	struct vmci_wire_dma_hdr hdr = { .busy = htole32(1), .size = htole32((uint32_t)len) };
	size_t i;

	if (vmci_mode(w->dev) == VMCI_MODE_PORT) {
		for (i = 0; i < len; i++)
			vmci_reg_write(w->dev, VMCI_REG_DATA_OUT, 1, dg[i]);
		(void)vmci_reg_read(w->dev, VMCI_REG_RESULT_LOW, 4);
		return;
	}
	memcpy(ram, &hdr, sizeof(hdr));
	memcpy(ram + sizeof(hdr), dg, len);
	write32(w, VMCI_REG_DATA_OUT_HIGH, 0);
	write32(w, VMCI_REG_DATA_OUT_LOW, 0);
}

static void receive(struct world *w)
{
	struct vmci_wire_dma_hdr hdr = { .opcode = htole32(VMCI_DMA_OP_SG), .size = htole32(1) };
	struct vmci_wire_sg sg = { htole64(8192), htole64(VMCI_DG_SIZE_MAX) };

	memcpy(ram + 4096, &hdr, sizeof(hdr));
	memcpy(ram + 4096 + sizeof(hdr), &sg, sizeof(sg));
	write32(w, VMCI_REG_DATA_IN_HIGH, 0);
	write32(w, VMCI_REG_DATA_IN_LOW, 4096);
}

static void map_change(struct world *w, uint8_t how)
{
	if (w->upper && how & 1)
		w->upper = gmem_remove(w->mem, HIGH, SIZE, NULL) != 0;
	else if (!w->upper)
		w->upper = gmem_add(w->mem, HIGH, SIZE, how & 2 ? NULL : ram, how & 4) == 0;
}

static void pair_act(struct world *w, struct input *in)
{
	struct {
		struct vmci_wire_dg dg;
		struct vmci_wire_qp_alloc alloc;
		__le64 ppn[16];
	} __attribute__((packed)) msg = { 0 };
	uint8_t what = take(in), rid = take(in), first = take(in), flags = take(in);
	uint32_t produce = take(in) * 64u, consume = take(in) * 64u, i;
	uint32_t pages = (produce + 4095) / 4096 + (consume + 4095) / 4096 + 2;

	msg.dg.dst.rid = htole32(what & 1 ? VMCI_HC_QUEUEPAIR_DETACH : VMCI_HC_QUEUEPAIR_ALLOC);
	msg.dg.src.cid = htole32(VMCI_INVALID_ID);
	msg.dg.src.rid = htole32(VMCI_INVALID_ID);
	msg.dg.payload_size = htole64(sizeof(msg) - sizeof(msg.dg));
	msg.alloc.handle = (struct vmci_wire_handle){ htole32(what & 2 ? VMCI_CID_HOST : CID),
						      htole32(1024u + rid % 8) };
	msg.alloc.peer = htole32(VMCI_CID_HOST);
	msg.alloc.flags = htole32(flags & 0xf);
	msg.alloc.produce_size = htole64(produce);
	msg.alloc.consume_size = htole64(consume);
	msg.alloc.num_ppns = htole64(pages + (flags >> 7));
	for (i = 0; i < 16; i++)
		msg.ppn[i] = htole64((what & 4 ? HIGH >> 12 : 0) + (first + i) % (PAGES + 1));
	send_bytes(w, (const uint8_t *)&msg, sizeof(msg));
}

static void step(struct world *w, struct input *in)
{
	uint32_t off, len, i;

	switch (take(in) % 9) {
	case 0:
		off = take(in) * 4u;
		write32(w, off, take32(in));
		return;
	case 1:
		(void)vmci_reg_read(w->dev, take(in) * 4u, 4);
		return;
	case 2:
		off = take(in);
		off |= (uint32_t)take(in) << 8;
		len = take(in);
		for (i = 0; i < len && in->left; i++)
			ram[(off * 8 + i) % SIZE] = take(in);
		return;
	case 3:
		len = take(in);
		if (len > in->left)
			len = (uint32_t)in->left;
		send_bytes(w, in->at, len);
		in->at += len;
		in->left -= len;
		return;
	case 4:
		len = take(in) * 32u;
		for (i = 0; i < len; i++)
			(void)vmci_reg_read(w->dev, VMCI_REG_DATA_IN, 1);
		return;
	case 5:
		receive(w);
		return;
	case 6:
		host_act(w, take(in));
		return;
	case 7:
		map_change(w, take(in));
		return;
	case 8:
		pair_act(w, in);
		return;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct vmci_config config = { .cid = CID, .qp_memory = 24 * VMCI_WIRE_PAGE_SIZE };
	struct world w = { 0 };
	struct vmci_stats stats;
	uint8_t options = take(&in);
	int i;

	memset(ram, 0, sizeof(ram));
	config.mode = options & 1 ? VMCI_MODE_PORT : VMCI_MODE_DMA;
	w.mem = gmem_new();
	w.dev = w.mem ? vmci_new(&config, w.mem, &ops, &w) : NULL;
	if (!w.dev)
		abort();
	(void)gmem_add(w.mem, 0, SIZE, ram, true);
	map_change(&w, 4);
	vmci_host_set(w.dev, &host_ops, &w);
	(void)vmci_doorbell_add(w.dev, 3, on_doorbell, NULL);
	if (!(options & 2))
		driver_up(&w);
	while (in.left)
		step(&w, &in);
	vmci_reset(w.dev);
	vmci_stats_get(w.dev, &stats);
	if (stats.qp_memory || stats.qp_count)
		abort();
	for (i = 0; i < HOST_QPS; i++)
		vmci_qp_detach(w.qp[i]);
	vmci_free(w.dev);
	gmem_free(w.mem);
	return 0;
}
