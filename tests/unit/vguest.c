/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vguest.c - a guest without a machine: the driver's side of the VMCI device
 *
 * Memory: page 0 is left alone; the transmit buffer, the receive buffer (one header page, then 17
 * pages of data), then the pages of queue pairs, taken one after the other and never given back.
 */
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "host/model/fault.h"
#include "host/model/gmem.h"
#include "tests/unit/vguest.h"
#include "wire/vmci_queue.h"

#define PAGE		VMCI_WIRE_PAGE_SIZE
#define TX_GPA		((uint64_t)PAGE)
#define TX_PAGES	300			/* room for the page list of a large pair */
#define RX_GPA		(TX_GPA + TX_PAGES * PAGE)
#define RX_PAGES	18
#define FREE_GPA	(RX_GPA + RX_PAGES * PAGE)

static void irq(void *data, unsigned int vector)
{
	struct vg *g = data;

	g->irqs++;
}

static void trouble(void *data, enum vmci_trouble what, const char *text)
{
	fprintf(stderr, "# device trouble: %s\n", text);
}

static const struct vmci_ops ops = { .irq = irq, .trouble = trouble };

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "vguest: %s\n", what);
	abort();
}

struct vg *vg_new(size_t ram_mib, uint64_t qp_memory)
{
	struct vmci_config config = { .cid = VG_CID, .mode = VMCI_MODE_DMA,
				      .qp_memory = qp_memory };
	struct vg *g = calloc(1, sizeof(*g));

	must(g, "no memory");
	g->ram_size = ram_mib << 20;
	g->ram = mmap(NULL, g->ram_size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	g->inbox = malloc(VMCI_DG_SIZE_MAX);
	g->mem = gmem_new();
	config.faults = g->faults = faults_new();
	must(g->ram != MAP_FAILED && g->mem && g->inbox && g->faults, "no memory");
	must(!gmem_add(g->mem, 0, g->ram_size, g->ram, true), "gmem_add");
	g->dev = vmci_new(&config, g->mem, &ops, g);
	must(g->dev, "vmci_new");
	g->next_page = FREE_GPA;
	g->next_rid = 2000;
	return g;
}

void vg_free(struct vg *g)
{
	vmci_free(g->dev);
	gmem_free(g->mem);
	faults_free(g->faults);
	munmap(g->ram, g->ram_size);
	free(g->inbox);
	free(g);
}

static void reg(struct vg *g, uint32_t off, uint32_t value)
{
	vmci_reg_write(g->dev, off, 4, value);
}

void vg_up(struct vg *g)
{
	reg(g, VMCI_REG_CAPS, vmci_reg_read(g->dev, VMCI_REG_CAPS, 4));
	reg(g, VMCI_REG_GUEST_PAGE_SHIFT, VMCI_WIRE_PAGE_SHIFT);
	reg(g, VMCI_REG_DATA_OUT_HIGH, 0);
	reg(g, VMCI_REG_DATA_IN_HIGH, 0);
	reg(g, VMCI_REG_IMR,
	    VMCI_ICR_DATAGRAM | VMCI_ICR_NOTIFICATION | VMCI_ICR_DMA_DATAGRAM);
	reg(g, VMCI_REG_CONTROL, VMCI_CONTROL_INT_ENABLE);
	g->inbox_len = 0;
	g->inbox_off = 0;
}

int32_t vg_send(struct vg *g, const void *dg, size_t len)
{
	struct vmci_wire_dma_hdr hdr = { .busy = htole32(1), .size = htole32((uint32_t)len) };

	must(len <= TX_PAGES * PAGE - sizeof(hdr), "datagram too long for the transmit buffer");
	memcpy(g->ram + TX_GPA, &hdr, sizeof(hdr));
	memcpy(g->ram + TX_GPA + sizeof(hdr), dg, len);
	reg(g, VMCI_REG_DATA_OUT_LOW, (uint32_t)TX_GPA);
	return (int32_t)vmci_reg_read(g->dev, VMCI_REG_RESULT_LOW, 4);
}

static void inbox_fill(struct vg *g)
{
	struct vmci_wire_dma_hdr hdr = { .opcode = htole32(VMCI_DMA_OP_SG), .size = htole32(1) };
	struct vmci_wire_sg sg = { htole64(RX_GPA + PAGE), htole64(VMCI_DG_SIZE_MAX) };

	memcpy(g->ram + RX_GPA, &hdr, sizeof(hdr));
	memcpy(g->ram + RX_GPA + sizeof(hdr), &sg, sizeof(sg));
	reg(g, VMCI_REG_DATA_IN_LOW, (uint32_t)RX_GPA);
	memcpy(&hdr, g->ram + RX_GPA, sizeof(hdr));
	must(le32toh(hdr.busy) == 1, "receive buffer not handed back");
	memcpy(g->inbox, g->ram + RX_GPA + PAGE, VMCI_DG_SIZE_MAX);
	g->inbox_len = VMCI_DG_SIZE_MAX;
	g->inbox_off = 0;
}

/* The next datagram of the inbox, or NULL at its end. */
static const struct vmci_wire_dg *inbox_next(struct vg *g)
{
	const struct vmci_wire_dg *dg = (const void *)(g->inbox + g->inbox_off);
	size_t len;

	if (g->inbox_len - g->inbox_off < sizeof(*dg) || le32toh(dg->dst.rid) == VMCI_INVALID_ID)
		return NULL;
	len = sizeof(*dg) + (size_t)le64toh(dg->payload_size);
	must(len <= g->inbox_len - g->inbox_off, "datagram longer than the buffer");
	must(le32toh(dg->dst.cid) == VG_CID, "datagram for somebody else");
	g->inbox_off += (len + VMCI_DG_ALIGN - 1) & ~(size_t)(VMCI_DG_ALIGN - 1);
	if (g->inbox_off > g->inbox_len)
		g->inbox_off = g->inbox_len;
	return dg;
}

const struct vmci_wire_dg *vg_recv(struct vg *g)
{
	bool filled = false;

	for (;;) {
		const struct vmci_wire_dg *dg = inbox_next(g);

		if (!dg && filled)
			return NULL;
		if (!dg) {
			inbox_fill(g);
			filled = !inbox_next(g);
			g->inbox_off = 0;
			continue;
		}
		if (le32toh(dg->src.cid) || le32toh(dg->src.rid))
			return dg;
		g->events_seen[le32toh(((const struct vmci_wire_event *)(dg + 1))->event)]++;
	}
}

int32_t vg_hypercall(struct vg *g, uint32_t rid, const void *payload, size_t len)
{
	struct vmci_wire_dg *dg = malloc(sizeof(*dg) + len);
	int32_t result;

	must(dg, "no memory");
	*dg = (struct vmci_wire_dg){ .dst = { 0, htole32(rid) },
				     .src = { htole32(VG_CID), 0 },
				     .payload_size = htole64(len) };
	memcpy(dg + 1, payload, len);
	result = vg_send(g, dg, sizeof(*dg) + len);
	free(dg);
	return result;
}

int32_t vg_packet(struct vg *g, struct vsock_wire_packet *p)
{
	if (!p->dg.dst.rid) {
		p->dg.dst.cid = htole32(VMCI_CID_HOST);
		p->dg.dst.rid = htole32(VSOCK_CONTROL_RID);
	}
	if (!p->dg.src.rid) {
		p->dg.src.cid = htole32(VMCI_INVALID_ID);
		p->dg.src.rid = htole32(VSOCK_CONTROL_RID);
	}
	p->dg.payload_size = htole64(VSOCK_PACKET_PAYLOAD);
	p->version = VSOCK_PACKET_VERSION;
	return vg_send(g, p, sizeof(*p));
}

int32_t vg_say(struct vg *g, uint8_t type, uint32_t src_port, uint32_t dst_port, uint64_t value)
{
	bool proto = type == VSOCK_PKT_REQUEST2 || type == VSOCK_PKT_NEGOTIATE2;
	struct vsock_wire_packet p = { .type = type, .src_port = htole32(src_port),
				       .dst_port = htole32(dst_port),
				       .proto = htole16(proto ? VSOCK_PROTO_Q_STATE : 0),
				       .u.size = htole64(value) };

	return vg_packet(g, &p);
}

int32_t vg_say_handle(struct vg *g, uint8_t type, uint32_t src_port, uint32_t dst_port,
		      struct vmci_handle handle)
{
	struct vsock_wire_packet p = { .type = type, .src_port = htole32(src_port),
				       .dst_port = htole32(dst_port),
				       .u.handle = { htole32(handle.cid), htole32(handle.rid) } };

	return vg_packet(g, &p);
}

const struct vsock_wire_packet *vg_hear(struct vg *g)
{
	const struct vmci_wire_dg *dg = vg_recv(g);

	if (!dg || le32toh(dg->dst.rid) != VSOCK_CONTROL_RID)
		return NULL;
	must(le64toh(dg->payload_size) == VSOCK_PACKET_PAYLOAD, "control packet of a wrong size");
	return (const void *)dg;
}

bool vg_hears(struct vg *g, uint8_t type)
{
	const struct vsock_wire_packet *p = vg_hear(g);

	if (p && p->type == type)
		return true;
	if (p)
		fprintf(stderr, "# heard packet type %u, not %u\n", p->type, type);
	return false;
}

/* ---- queue pairs --------------------------------------------------------------------------- */

static uint64_t content_pages(uint64_t size)
{
	return (size + PAGE - 1) / PAGE;
}

static int32_t pair_alloc(struct vg *g, struct vmci_handle handle, uint32_t flags, uint64_t size,
			  struct vg_pair *ret)
{
	uint64_t i, pages = 2 * (content_pages(size) + 1);
	size_t len = sizeof(struct vmci_wire_qp_alloc) + pages * sizeof(__le64);
	struct vmci_wire_qp_alloc *msg = calloc(1, len);
	__le64 *ppn = (void *)(msg + 1);
	int32_t result;

	must(msg, "no memory");
	must(pages * PAGE <= g->ram_size - g->next_page, "guest memory too small for the test");
	*ret = (struct vg_pair){ .handle = handle, .size = size, .gpa = g->next_page };
	msg->handle = (struct vmci_wire_handle){ htole32(handle.cid), htole32(handle.rid) };
	msg->peer = htole32(VMCI_CID_HOST);
	msg->flags = htole32(flags);
	msg->produce_size = htole64(size);
	msg->consume_size = htole64(size);
	msg->num_ppns = htole64(pages);
	for (i = 0; i < pages; i++)
		ppn[i] = htole64(g->next_page / PAGE + i);
	result = vg_hypercall(g, VMCI_HC_QUEUEPAIR_ALLOC, msg, len);
	free(msg);
	if (result >= 0)
		g->next_page += pages * PAGE;
	return result;
}

int32_t vg_pair_create(struct vg *g, uint64_t size, struct vg_pair *ret)
{
	struct vmci_handle handle = { VG_CID, g->next_rid++ };

	return pair_alloc(g, handle, 0, size, ret);
}

int32_t vg_pair_attach(struct vg *g, struct vmci_handle handle, uint64_t size, struct vg_pair *ret)
{
	return pair_alloc(g, handle, VMCI_QP_FLAG_ATTACH_ONLY, size, ret);
}

int32_t vg_pair_detach(struct vg *g, const struct vg_pair *p)
{
	struct vmci_wire_qp_detach msg = { { htole32(p->handle.cid), htole32(p->handle.rid) } };

	return vg_hypercall(g, VMCI_HC_QUEUEPAIR_DETACH, &msg, sizeof(msg));
}

/* Our header is that of the produce queue; the host's, that of the consume queue. */
static struct vmci_wire_queue_hdr *header(struct vg *g, const struct vg_pair *p, bool host)
{
	return (void *)(g->ram + p->gpa + (host ? (content_pages(p->size) + 1) * PAGE : 0));
}

static uint8_t *content(struct vg *g, const struct vg_pair *p, bool host)
{
	return (uint8_t *)header(g, p, host) + PAGE;
}

size_t vg_pair_write(struct vg *g, const struct vg_pair *p, const void *buf, size_t len)
{
	uint64_t tail = le64toh(header(g, p, false)->producer_tail);
	uint64_t head = le64toh(header(g, p, true)->consumer_head);
	size_t n = 0;

	/* after vg_pair_poke() they may be anything */
	for (; n < len && tail < p->size && (tail + 1) % p->size != head; n++) {
		content(g, p, false)[tail] = ((const uint8_t *)buf)[n];
		tail = (tail + 1) % p->size;
	}
	header(g, p, false)->producer_tail = htole64(tail);
	return n;
}

size_t vg_pair_read(struct vg *g, const struct vg_pair *p, void *buf, size_t len)
{
	uint64_t tail = le64toh(header(g, p, true)->producer_tail);
	uint64_t head = le64toh(header(g, p, false)->consumer_head);
	size_t n = 0;

	for (; n < len && head < p->size && head != tail; n++) {
		((uint8_t *)buf)[n] = content(g, p, true)[head];
		head = (head + 1) % p->size;
	}
	header(g, p, false)->consumer_head = htole64(head);
	return n;
}

void vg_pair_poke(struct vg *g, const struct vg_pair *p, size_t off, uint64_t value)
{
	if (off == VMCI_QUEUE_OFF_PRODUCER_TAIL)
		header(g, p, false)->producer_tail = htole64(value);
	else
		header(g, p, false)->consumer_head = htole64(value);
}
