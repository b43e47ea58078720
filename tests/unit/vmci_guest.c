/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmci_guest.c - a guest for tests of the VMCI device
 */
#include "tests/unit/vmci_guest.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "host/model/fault.h"
#include "tests/unit/unit.h"

#define RAM_SIZE ((size_t)GUEST_RAM_PAGES * VMCI_WIRE_PAGE_SIZE)

static void on_irq(void *data, unsigned int vector)
{
	struct guest *g = data;

	CU_ASSERT_FATAL(vector < VMCI_VECS_DMA);
	g->irqs[vector]++;
}

static void on_trouble(void *data, enum vmci_trouble what, const char *text)
{
	struct guest *g = data;

	g->troubles[what]++;
	CU_ASSERT(strlen(text) > 20 && !strchr(text, '\n'));
}

static void on_later(void *data, uint32_t ms)
{
	((struct guest *)data)->later_ms = ms;
}

static const struct vmci_ops ops = { .irq = on_irq, .trouble = on_trouble, .later = on_later };

void guest_new(struct guest *g, enum vmci_mode mode, uint64_t qp_memory)
{
	struct vmci_config config = { .cid = GUEST_CID, .mode = mode, .qp_memory = qp_memory };

	memset(g, 0, sizeof(*g));
	config.faults = g->faults = faults_new();
	g->ram = aligned_alloc(VMCI_WIRE_PAGE_SIZE, RAM_SIZE);
	g->mem = gmem_new();
	CU_ASSERT_FATAL(g->ram && g->mem);
	memset(g->ram, 0, RAM_SIZE);
	CU_ASSERT_FATAL(gmem_add(g->mem, GUEST_RAM, RAM_SIZE, g->ram, true) == 0);
	g->dev = vmci_new(&config, g->mem, &ops, g);
	CU_ASSERT_FATAL(g->dev != NULL);
}

void guest_boot(struct guest *g)
{
	uint32_t caps = guest_read(g, VMCI_REG_CAPS);

	guest_write(g, VMCI_REG_CONTROL, VMCI_CONTROL_RESET);
	guest_write(g, VMCI_REG_CAPS, caps);
	if (caps & VMCI_CAPS_DMA_DATAGRAM) {
		guest_write(g, VMCI_REG_GUEST_PAGE_SHIFT, VMCI_WIRE_PAGE_SHIFT);
		guest_write(g, VMCI_REG_DATA_IN_HIGH, GUEST_RX >> 32);
		guest_write(g, VMCI_REG_DATA_OUT_HIGH, GUEST_TX >> 32);
	}
	guest_write(g, VMCI_REG_IMR,
		    VMCI_ICR_DATAGRAM | VMCI_ICR_NOTIFICATION | VMCI_ICR_DMA_DATAGRAM);
	guest_write(g, VMCI_REG_CONTROL, VMCI_CONTROL_INT_ENABLE);
}

void guest_free(struct guest *g)
{
	vmci_free(g->dev);
	gmem_free(g->mem);
	faults_free(g->faults);
	free(g->ram);
}

void *guest_page(struct guest *g, unsigned int page)
{
	return g->ram + (size_t)page * VMCI_WIRE_PAGE_SIZE;
}

uint64_t guest_ppn(unsigned int page)
{
	return (GUEST_RAM >> VMCI_WIRE_PAGE_SHIFT) + page;
}

uint32_t guest_read(struct guest *g, uint32_t reg)
{
	return vmci_reg_read(g->dev, reg, 4);
}

void guest_write(struct guest *g, uint32_t reg, uint32_t value)
{
	vmci_reg_write(g->dev, reg, 4, value);
}

static int64_t result_register(struct guest *g)
{
	uint64_t low = guest_read(g, VMCI_REG_RESULT_LOW);

	return (int64_t)((uint64_t)guest_read(g, VMCI_REG_RESULT_HIGH) << 32 | low);
}

int64_t guest_send(struct guest *g, const void *dg, size_t len)
{
	struct vmci_wire_dma_hdr *hdr = (void *)(g->ram + (GUEST_TX - GUEST_RAM));
	int64_t result;
	size_t i;

	if (vmci_mode(g->dev) == VMCI_MODE_PORT) {
		for (i = 0; i < len; i++)
			vmci_reg_write(g->dev, VMCI_REG_DATA_OUT, 1, ((const uint8_t *)dg)[i]);
		return result_register(g);
	}
	memcpy(hdr + 1, dg, len);
	*hdr = (struct vmci_wire_dma_hdr){
		.busy = htole32(1),
		.opcode = htole32(VMCI_DMA_OP_INLINE),
		.size = htole32((uint32_t)len),
	};
	guest_write(g, VMCI_REG_DATA_OUT_LOW, (uint32_t)GUEST_TX);
	if (g->hangs && hdr->busy)
		return INT64_MIN;
	CU_ASSERT_EQUAL(le32toh(hdr->busy), 0);
	result = (int64_t)le64toh(hdr->result);
	CU_ASSERT_EQUAL(result, result_register(g));
	return result;
}

int64_t guest_dgram(struct guest *g, struct vmci_handle dst, struct vmci_handle src,
		    const void *payload, size_t len)
{
	uint8_t *bytes = malloc(sizeof(struct vmci_wire_dg) + len);
	struct vmci_wire_dg dg = {
		.dst = { htole32(dst.cid), htole32(dst.rid) },
		.src = { htole32(src.cid), htole32(src.rid) },
		.payload_size = htole64(len),
	};
	int64_t result;

	CU_ASSERT_FATAL(bytes != NULL);
	memcpy(bytes, &dg, sizeof(dg));
	if (len)
		memcpy(bytes + sizeof(dg), payload, len);
	result = guest_send(g, bytes, sizeof(dg) + len);
	free(bytes);
	return result;
}

int64_t guest_hypercall(struct guest *g, uint32_t rid, const void *payload, size_t len)
{
	return guest_dgram(g, (struct vmci_handle){ VMCI_CID_HYPERVISOR, rid },
			   (struct vmci_handle){ VMCI_INVALID_ID, VMCI_INVALID_ID }, payload, len);
}

static uint64_t pages_of(uint64_t size)
{
	return (size + VMCI_WIRE_PAGE_SIZE - 1) / VMCI_WIRE_PAGE_SIZE + 1;
}

int64_t guest_qp_alloc(struct guest *g, const struct guest_qp *qp)
{
	uint64_t num = qp->num_ppns ? qp->num_ppns :
				      pages_of(qp->produce_size) + pages_of(qp->consume_size);
	size_t i, len = qp->list_len ? qp->list_len : num;
	unsigned int first = qp->first_page ? qp->first_page : GUEST_FREE_PAGE;
	struct vmci_wire_qp_alloc *msg;
	__le64 *list;
	int64_t result;

	if (len > VMCI_DG_SIZE_MAX / sizeof(*list) - 8)
		len = 4;
	msg = calloc(1, sizeof(*msg) + len * sizeof(*list));
	CU_ASSERT_FATAL(msg != NULL);
	*msg = (struct vmci_wire_qp_alloc){
		.handle = { htole32(qp->handle.cid), htole32(qp->handle.rid) },
		.peer = htole32(qp->peer),
		.flags = htole32(qp->flags),
		.produce_size = htole64(qp->produce_size),
		.consume_size = htole64(qp->consume_size),
		.num_ppns = htole64(num),
	};
	list = (__le64 *)(msg + 1);
	for (i = 0; i < len; i++)
		list[i] = htole64(guest_ppn(first + (unsigned int)i));
	result = guest_hypercall(g, VMCI_HC_QUEUEPAIR_ALLOC, msg,
				 sizeof(*msg) + len * sizeof(*list));
	free(msg);
	return result;
}

int64_t guest_qp_detach(struct guest *g, struct vmci_handle handle)
{
	struct vmci_wire_qp_detach msg = { { htole32(handle.cid), htole32(handle.rid) } };

	return guest_hypercall(g, VMCI_HC_QUEUEPAIR_DETACH, &msg, sizeof(msg));
}

const struct vmci_wire_dg *guest_next(const struct vmci_wire_dg *dg)
{
	uint64_t len = sizeof(*dg) + le64toh(dg->payload_size);

	return (const void *)((const uint8_t *)dg + ((len + 7) & ~(uint64_t)7));
}

int guest_receive(struct guest *g, size_t room, const struct vmci_wire_dg **ret_dg)
{
	struct vmci_wire_dma_hdr *hdr = (void *)(g->ram + (GUEST_RX - GUEST_RAM));
	struct vmci_wire_sg *sg = (struct vmci_wire_sg *)(hdr + 1);
	const uint8_t *start = (const uint8_t *)hdr + VMCI_WIRE_PAGE_SIZE;
	const struct vmci_wire_dg *dg = (const void *)start;
	int count = 0;

	*hdr = (struct vmci_wire_dma_hdr){
		.opcode = htole32(VMCI_DMA_OP_SG),
		.size = htole32(1),
	};
	sg->addr = htole64(GUEST_RX + VMCI_WIRE_PAGE_SIZE);
	sg->size = htole64(room);
	guest_write(g, VMCI_REG_DATA_IN_LOW, (uint32_t)GUEST_RX);
	if (le32toh(hdr->busy) != 1)
		return -1;
	*ret_dg = dg;
	while (room - (size_t)((const uint8_t *)dg - start) >= sizeof(*dg) &&
	       le32toh(dg->dst.rid) != VMCI_INVALID_ID) {
		dg = guest_next(dg);
		CU_ASSERT_FATAL((size_t)((const uint8_t *)dg - start) <= room);
		count++;
	}
	return count;
}
