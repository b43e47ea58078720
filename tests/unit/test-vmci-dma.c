/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-vmci-dma.c - datagrams in buffers of guest memory, good and hostile
 */
#include <endian.h>
#include <string.h>

#include "host/base/bytes.h"
#include "tests/unit/unit.h"
#include "tests/unit/vmci_guest.h"

#define PORT 5000

/* The host's end: remembers the last datagram. */
struct sink {
	unsigned int count;
	size_t len;
	uint8_t bytes[VMCI_DG_SIZE_MAX];
};

static struct sink sink;

static int sink_dgram(void *data, const struct vmci_wire_dg *dg, size_t len)
{
	sink.count++;
	sink.len = len;
	memcpy(sink.bytes, dg, len);
	return VMCI_SUCCESS;
}

static const struct vmci_host_ops host_ops = { .dgram = sink_dgram };

static void setup(struct guest *g)
{
	memset(&sink, 0, sizeof(sink));
	guest_new(g, VMCI_MODE_DMA, 0);
	vmci_host_set(g->dev, &host_ops, NULL);
	guest_boot(g);
}

static const struct vmci_handle host_port = { VMCI_CID_HOST, PORT };
static const struct vmci_handle own_port = { GUEST_CID, 7 };

static struct vmci_wire_dma_hdr *tx(struct guest *g)
{
	return (void *)g->ram;
}

static uint64_t bad_memory(struct guest *g)
{
	struct vmci_stats s;

	vmci_stats_get(g->dev, &s);
	return s.bad_memory;
}

static void inline_datagram_arrives_whole(void)
{
	static const size_t sizes[] = { 0, 1, 100, 4072, 4073, 65536, VMCI_DG_PAYLOAD_MAX };
	static uint8_t payload[VMCI_DG_PAYLOAD_MAX];
	struct guest g;
	size_t i;

	for (i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i * 7 + i / 256);
	setup(&g);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		CU_ASSERT_EQUAL(guest_dgram(&g, host_port, own_port, payload, sizes[i]),
				24 + (int64_t)sizes[i]);
		CU_ASSERT_EQUAL(sink.len, 24 + sizes[i]);
		CU_ASSERT(memcmp(sink.bytes + 24, payload, sizes[i]) == 0);
	}
	CU_ASSERT_EQUAL(sink.count, ARRAY_SIZE(sizes));
	CU_ASSERT_EQUAL(g.irqs[VMCI_VEC_DMA_DATAGRAM], 0);
	guest_free(&g);
}

/* Puts a datagram of 3 + 30 bytes payload into two pages, and a list of @count segments. */
static void sg_put(struct guest *g, const struct vmci_wire_sg *sg, unsigned int count)
{
	struct vmci_wire_dg dg = {
		.dst = { htole32(VMCI_CID_HOST), htole32(PORT) },
		.src = { htole32(GUEST_CID), htole32(7) },
		.payload_size = htole64(33),
	};

	memcpy(guest_page(g, 64), &dg, sizeof(dg));
	memcpy((uint8_t *)guest_page(g, 64) + sizeof(dg), "abc", 3);
	memset(guest_page(g, 65), 'x', 30);
	*tx(g) = (struct vmci_wire_dma_hdr){
		.busy = htole32(1),
		.opcode = htole32(VMCI_DMA_OP_SG),
		.size = htole32(count),
	};
	memcpy(tx(g) + 1, sg, (count < 70 ? count : 70) * sizeof(*sg));
}

static int64_t ring_doorbell(struct guest *g)
{
	guest_write(g, VMCI_REG_DATA_OUT_LOW, (uint32_t)GUEST_TX);
	CU_ASSERT_EQUAL(le32toh(tx(g)->busy), 0);
	CU_ASSERT_EQUAL((uint32_t)le64toh(tx(g)->result), guest_read(g, VMCI_REG_RESULT_LOW));
	return (int64_t)le64toh(tx(g)->result);
}

static void scattered_datagram_is_gathered(void)
{
	const uint64_t page = GUEST_RAM + 64 * VMCI_WIRE_PAGE_SIZE;
	const struct vmci_wire_sg sg[] = {
		{ htole64(page), htole64(10) },
		{ htole64(0), htole64(0) },	/* an empty one is not looked at */
		{ htole64(page + 10), htole64(17) },
		{ htole64(page + VMCI_WIRE_PAGE_SIZE), htole64(30) },
	};
	struct guest g;

	setup(&g);
	sg_put(&g, sg, 4);
	CU_ASSERT_EQUAL(ring_doorbell(&g), 57);
	CU_ASSERT_EQUAL(sink.len, 57);
	CU_ASSERT(memcmp(sink.bytes + 24, "abcxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 33) == 0);
	guest_free(&g);
}

static void hostile_lists_are_refused(void)
{
	const uint64_t page = GUEST_RAM + 64 * VMCI_WIRE_PAGE_SIZE;
	static const struct {
		uint32_t count;
		uint64_t addr, size;
		int64_t want;
	} rows[] = {
		{ 0, 0, 24, VMCI_ERR_INVALID_ARGS },
		{ 65, 0, 24, VMCI_ERR_INVALID_ARGS },
		{ 0xffffffff, 0, 24, VMCI_ERR_INVALID_ARGS },
		{ 1, 0, 23, VMCI_ERR_INVALID_ARGS },
		{ 1, 0, VMCI_DG_SIZE_MAX + 1, VMCI_ERR_PAYLOAD_TOO_LARGE },
		{ 1, 0, UINT64_MAX, VMCI_ERR_PAYLOAD_TOO_LARGE },
		{ 2, 0, 0x8000000000000000u, VMCI_ERR_PAYLOAD_TOO_LARGE },
		{ 1, 0x1000000000, 57, VMCI_ERR_INVALID_ARGS },
		{ 1, UINT64_MAX - 20 - GUEST_RAM, 57, VMCI_ERR_INVALID_ARGS },
		{ 1, 0, 56, VMCI_ERR_INVALID_ARGS },	/* payload_size says one byte more */
	};
	struct guest g;
	size_t i;

	setup(&g);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vmci_wire_sg sg[70];
		size_t k;

		for (k = 0; k < ARRAY_SIZE(sg); k++)
			sg[k] = (struct vmci_wire_sg){ htole64(page + rows[i].addr),
						       htole64(rows[i].size) };
		sg_put(&g, sg, rows[i].count);
		CU_ASSERT_EQUAL(ring_doorbell(&g), rows[i].want);
	}
	CU_ASSERT_EQUAL(sink.count, 0);
	guest_free(&g);
}

static void hostile_headers_are_refused(void)
{
	static const struct {
		uint32_t opcode, size;
		uint64_t payload;
		int64_t want;
	} rows[] = {
		{ VMCI_DMA_OP_INLINE, 24, 0, 24 },
		/* bytes behind the datagram are left alone */
		{ VMCI_DMA_OP_INLINE, 30, 0, 24 },
		{ VMCI_DMA_OP_INLINE, 23, 0, VMCI_ERR_INVALID_ARGS },
		{ VMCI_DMA_OP_INLINE, 0, 0, VMCI_ERR_INVALID_ARGS },
		{ VMCI_DMA_OP_INLINE, 24, 1, VMCI_ERR_INVALID_ARGS },
		{ VMCI_DMA_OP_INLINE, 24, UINT64_MAX, VMCI_ERR_INVALID_ARGS },
		{ VMCI_DMA_OP_INLINE, 24, UINT64_MAX - 23, VMCI_ERR_INVALID_ARGS },
		{ VMCI_DMA_OP_INLINE, VMCI_DG_SIZE_MAX + 1, 0, VMCI_ERR_PAYLOAD_TOO_LARGE },
		{ VMCI_DMA_OP_INLINE, 0xffffffff, 0, VMCI_ERR_PAYLOAD_TOO_LARGE },
		{ 2, 24, 0, VMCI_ERR_INVALID_ARGS },
		{ 0xffffffff, 24, 0, VMCI_ERR_INVALID_ARGS },
	};
	struct guest g;
	size_t i;

	setup(&g);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vmci_wire_dg dg = {
			.dst = { htole32(VMCI_CID_HOST), htole32(PORT) },
			.src = { htole32(GUEST_CID), htole32(7) },
			.payload_size = htole64(rows[i].payload),
		};

		*tx(&g) = (struct vmci_wire_dma_hdr){
			.busy = htole32(1),
			.opcode = htole32(rows[i].opcode),
			.size = htole32(rows[i].size),
		};
		memcpy(tx(&g) + 1, &dg, sizeof(dg));
		CU_ASSERT_EQUAL(ring_doorbell(&g), rows[i].want);
	}
	guest_free(&g);
}

static void doorbells_with_bad_addresses_do_no_harm(void)
{
	static const uint32_t low[] = {
		0xfffff000,			/* no memory there */
		4,				/* not aligned */
		GUEST_RAM_PAGES * VMCI_WIRE_PAGE_SIZE - 16,	/* the header passes the end */
	};
	struct guest g;
	size_t i;

	setup(&g);
	for (i = 0; i < ARRAY_SIZE(low); i++) {
		guest_write(&g, VMCI_REG_DATA_OUT_LOW, low[i]);
		CU_ASSERT_EQUAL((int32_t)guest_read(&g, VMCI_REG_RESULT_LOW),
				VMCI_ERR_INVALID_ARGS);
		guest_write(&g, VMCI_REG_DATA_IN_LOW, low[i]);
		CU_ASSERT_EQUAL(bad_memory(&g), 2 * (i + 1));
	}
	CU_ASSERT(g.troubles[0] == 0 && g.troubles[1] == 0);
	guest_free(&g);
}

static void memory_that_is_not_shared_is_told_once(void)
{
	struct guest g;

	setup(&g);
	memset(g.ram, 0, 64);	/* as a private copy looks: the driver's bytes never arrive */
	guest_write(&g, VMCI_REG_DATA_OUT_LOW, (uint32_t)GUEST_TX);
	guest_write(&g, VMCI_REG_DATA_OUT_LOW, (uint32_t)GUEST_TX);
	CU_ASSERT_EQUAL(g.troubles[VMCI_TROUBLE_NOT_SHARED], 1);
	CU_ASSERT_EQUAL(g.troubles[VMCI_TROUBLE_NO_MEMORY_FD], 0);
	guest_free(&g);
}

static void memory_without_descriptor_is_told_once(void)
{
	struct guest g;

	setup(&g);
	CU_ASSERT_EQUAL(gmem_add(g.mem, GUEST_RAM + 0x10000000, 0x1000, NULL, true), 0);
	guest_write(&g, VMCI_REG_DATA_OUT_LOW, 0x10000000);
	guest_write(&g, VMCI_REG_DATA_IN_LOW, 0x10000000);
	CU_ASSERT_EQUAL(g.troubles[VMCI_TROUBLE_NO_MEMORY_FD], 1);
	CU_ASSERT_EQUAL(g.troubles[VMCI_TROUBLE_NOT_SHARED], 0);
	guest_free(&g);
}

static int to_guest(struct guest *g, size_t payload)
{
	static uint8_t bytes[VMCI_DG_SIZE_MAX];
	struct vmci_wire_dg *dg = (void *)bytes;

	dg->dst = (struct vmci_wire_handle){ htole32(GUEST_CID), htole32(9) };
	dg->src = (struct vmci_wire_handle){ htole32(VMCI_CID_HOST), htole32(PORT) };
	dg->payload_size = htole64(payload);
	memset(dg + 1, (int)payload, payload);
	return vmci_send_to_guest(g->dev, dg, sizeof(*dg) + payload);
}

static void empty_receive_is_completed(void)
{
	const struct vmci_wire_dg *dg;
	struct guest g;

	setup(&g);
	memset(guest_page(&g, 21), 0, VMCI_WIRE_PAGE_SIZE);
	CU_ASSERT_EQUAL(guest_receive(&g, VMCI_DG_SIZE_MAX, &dg), 0);
	CU_ASSERT_EQUAL(g.irqs[VMCI_VEC_DMA_DATAGRAM], 1);
	CU_ASSERT_EQUAL(g.irqs[VMCI_VEC_DATAGRAM], 0);
	guest_free(&g);
}

static void batch_is_packed_at_eights(void)
{
	static const size_t sizes[] = { 0, 1, 7, 8, 9, 100 };
	const struct vmci_wire_dg *dg;
	struct guest g;
	size_t i;

	setup(&g);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		CU_ASSERT_EQUAL(to_guest(&g, sizes[i]), 0);
	CU_ASSERT_EQUAL(g.irqs[VMCI_VEC_DATAGRAM], ARRAY_SIZE(sizes));
	CU_ASSERT_EQUAL_FATAL(guest_receive(&g, VMCI_DG_SIZE_MAX, &dg), ARRAY_SIZE(sizes));
	for (i = 0; i < ARRAY_SIZE(sizes); i++, dg = guest_next(dg)) {
		CU_ASSERT_EQUAL(le64toh(dg->payload_size), sizes[i]);
		CU_ASSERT(!sizes[i] || ((const uint8_t *)(dg + 1))[sizes[i] - 1] == sizes[i]);
	}
	CU_ASSERT_EQUAL(guest_receive(&g, VMCI_DG_SIZE_MAX, &dg), 0);
	guest_free(&g);
}

static void what_does_not_fit_waits(void)
{
	const struct vmci_wire_dg *dg;
	struct guest g;

	setup(&g);
	to_guest(&g, 40000);
	to_guest(&g, 40000);
	CU_ASSERT_EQUAL(guest_receive(&g, VMCI_DG_SIZE_MAX, &dg), 1);
	/* the driver's interrupt has been, so it gets another */
	CU_ASSERT_EQUAL(g.irqs[VMCI_VEC_DATAGRAM], 3);
	CU_ASSERT_EQUAL(guest_receive(&g, VMCI_DG_SIZE_MAX, &dg), 1);
	CU_ASSERT_EQUAL(g.irqs[VMCI_VEC_DATAGRAM], 3);
	guest_free(&g);
}

static void largest_datagram_fills_the_buffer(void)
{
	const struct vmci_wire_dg *dg;
	struct guest g;

	setup(&g);
	to_guest(&g, VMCI_DG_PAYLOAD_MAX);
	CU_ASSERT_EQUAL(guest_receive(&g, VMCI_DG_SIZE_MAX, &dg), 1);
	CU_ASSERT_EQUAL(le64toh(dg->payload_size), VMCI_DG_PAYLOAD_MAX);
	CU_ASSERT_EQUAL(guest_receive(&g, VMCI_DG_SIZE_MAX, &dg), 0);
	guest_free(&g);
}

static void small_buffer_does_not_block_the_queue(void)
{
	const struct vmci_wire_dg *dg;
	struct vmci_stats s;
	struct guest g;

	setup(&g);
	to_guest(&g, 1000);
	to_guest(&g, 10);
	CU_ASSERT_EQUAL(guest_receive(&g, 100, &dg), 1);
	CU_ASSERT_EQUAL(le64toh(dg->payload_size), 10);
	vmci_stats_get(g.dev, &s);
	CU_ASSERT_EQUAL(s.dg_dropped, 1);
	CU_ASSERT_EQUAL(guest_receive(&g, 0, &dg), 0);
	guest_free(&g);
}

static void receive_into_no_memory_keeps_the_datagram(void)
{
	struct vmci_wire_dma_hdr *hdr;
	const struct vmci_wire_dg *dg;
	struct guest g;

	setup(&g);
	to_guest(&g, 10);
	hdr = guest_page(&g, 20);
	*hdr = (struct vmci_wire_dma_hdr){ .opcode = htole32(VMCI_DMA_OP_SG),
					   .size = htole32(1) };
	*(struct vmci_wire_sg *)(hdr + 1) =
		(struct vmci_wire_sg){ htole64(GUEST_RAM - 4096), htole64(69632) };
	guest_write(&g, VMCI_REG_DATA_IN_LOW, (uint32_t)GUEST_RX);
	CU_ASSERT_EQUAL(hdr->busy, 0);
	CU_ASSERT_EQUAL(bad_memory(&g), 1);
	CU_ASSERT_EQUAL(guest_receive(&g, VMCI_DG_SIZE_MAX, &dg), 1);
	guest_free(&g);
}

static const struct unit_case cases[] = {
	{ "an inline datagram arrives whole", inline_datagram_arrives_whole },
	{ "a scattered datagram is gathered", scattered_datagram_is_gathered },
	{ "hostile segment lists are refused", hostile_lists_are_refused },
	{ "hostile buffer headers are refused", hostile_headers_are_refused },
	{ "doorbells with bad addresses do no harm", doorbells_with_bad_addresses_do_no_harm },
	{ "memory that is not shared is told once", memory_that_is_not_shared_is_told_once },
	{ "memory without a descriptor is told once", memory_without_descriptor_is_told_once },
	{ "an empty receive is completed", empty_receive_is_completed },
	{ "a batch is packed at multiples of eight", batch_is_packed_at_eights },
	{ "what does not fit waits for the next batch", what_does_not_fit_waits },
	{ "the largest datagram fills the buffer", largest_datagram_fills_the_buffer },
	{ "a small buffer does not block the queue", small_buffer_does_not_block_the_queue },
	{ "a receive into no memory keeps the datagram",
	  receive_into_no_memory_keeps_the_datagram },
};

UNIT_MAIN("vmci-dma", cases)
