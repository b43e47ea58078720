/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-doorbell.c - doorbells of both sides and the notification bitmap
 */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "host/base/bytes.h"
#include "tests/unit/unit.h"
#include "tests/unit/vmci_guest.h"

#define BITMAP_PAGE GUEST_FREE_PAGE

static int64_t bitmap_set(struct guest *g, uint64_t ppn)
{
	struct vmci_wire_notify_bitmap msg = { htole64(ppn) };

	return guest_hypercall(g, VMCI_HC_SET_NOTIFY_BITMAP, &msg, sizeof(msg));
}

static int64_t link_to(struct guest *g, uint32_t cid, uint32_t rid, uint64_t index)
{
	struct vmci_wire_doorbell_link msg = { { htole32(cid), htole32(rid) }, htole64(index) };

	return guest_hypercall(g, VMCI_HC_DOORBELL_LINK, &msg, sizeof(msg));
}

static int64_t handle_call(struct guest *g, uint32_t hypercall, uint32_t cid, uint32_t rid)
{
	struct vmci_wire_handle msg = { htole32(cid), htole32(rid) };

	return guest_hypercall(g, hypercall, &msg, sizeof(msg));
}

static void on_ring(void *data, uint32_t rid)
{
	*(uint32_t *)data += rid;
}

static void bitmap_page_must_be_memory(void)
{
	struct guest g;

	guest_new(&g, VMCI_MODE_DMA, 0);
	guest_boot(&g);
	CU_ASSERT_EQUAL(bitmap_set(&g, guest_ppn(BITMAP_PAGE)), VMCI_SUCCESS);
	CU_ASSERT_EQUAL(bitmap_set(&g, guest_ppn(GUEST_RAM_PAGES)), VMCI_ERR_INVALID_ARGS);
	CU_ASSERT_EQUAL(bitmap_set(&g, UINT64_MAX), VMCI_ERR_INVALID_ARGS);
	CU_ASSERT_EQUAL(bitmap_set(&g, UINT64_MAX >> 12), VMCI_ERR_INVALID_ARGS);
	CU_ASSERT_EQUAL(guest_hypercall(&g, VMCI_HC_SET_NOTIFY_BITMAP, "1234567", 7),
			VMCI_ERR_INVALID_ARGS);
	guest_write(&g, VMCI_REG_GUEST_PAGE_SHIFT, 16);
	CU_ASSERT_EQUAL(bitmap_set(&g, guest_ppn(BITMAP_PAGE)), VMCI_ERR_INVALID_ARGS);
	guest_free(&g);
}

static void small_page_numbers_have_32_bits(void)
{
	struct guest g;

	guest_new(&g, VMCI_MODE_DMA, 0);
	guest_boot(&g);
	guest_write(&g, VMCI_REG_CAPS, guest_read(&g, VMCI_REG_CAPS) & ~VMCI_CAPS_PPN64);
	CU_ASSERT_EQUAL(bitmap_set(&g, 0xdeadbeef00000000ull | guest_ppn(BITMAP_PAGE)),
			VMCI_SUCCESS);
	guest_free(&g);
}

static void link_rules(void)
{
	static const struct {
		uint32_t cid, rid;
		uint64_t index;
		int64_t want;
	} rows[] = {
		{ GUEST_CID, 1000, 0, VMCI_SUCCESS },
		{ GUEST_CID, 1000, 1, VMCI_ERR_DUPLICATE_ENTRY },
		{ GUEST_CID, 1001, 0, VMCI_SUCCESS },		/* an index may be shared */
		{ GUEST_CID, 1064, 4095, VMCI_SUCCESS },	/* same bucket as 1000 */
		{ GUEST_CID, 1002, 4096, VMCI_ERR_INVALID_ARGS },
		{ GUEST_CID, 1002, UINT64_MAX, VMCI_ERR_INVALID_ARGS },
		{ GUEST_CID, VMCI_INVALID_ID, 0, VMCI_ERR_INVALID_ARGS },
		{ 2, 1002, 0, VMCI_ERR_NO_ACCESS },
		{ 43, 1002, 0, VMCI_ERR_NO_ACCESS },
	};
	struct guest g;
	size_t i;

	guest_new(&g, VMCI_MODE_DMA, 0);
	guest_boot(&g);
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		CU_ASSERT_EQUAL(link_to(&g, rows[i].cid, rows[i].rid, rows[i].index),
				rows[i].want);
	CU_ASSERT_EQUAL(guest_hypercall(&g, VMCI_HC_DOORBELL_LINK, "123456789012345", 15),
			VMCI_ERR_INVALID_ARGS);
	CU_ASSERT_EQUAL(handle_call(&g, VMCI_HC_DOORBELL_UNLINK, GUEST_CID, 1000), VMCI_SUCCESS);
	CU_ASSERT_EQUAL(handle_call(&g, VMCI_HC_DOORBELL_UNLINK, GUEST_CID, 1000),
			VMCI_ERR_NOT_FOUND);
	CU_ASSERT_EQUAL(handle_call(&g, VMCI_HC_DOORBELL_UNLINK, 2, 1001), VMCI_ERR_NO_ACCESS);
	CU_ASSERT_EQUAL(guest_hypercall(&g, VMCI_HC_DOORBELL_UNLINK, "1234567", 7),
			VMCI_ERR_INVALID_ARGS);
	guest_free(&g);
}

static void number_of_doorbells_is_bounded(void)
{
	struct guest g;
	uint32_t i;

	guest_new(&g, VMCI_MODE_DMA, 0);
	guest_boot(&g);
	for (i = 0; i < 8192; i++)
		CU_ASSERT_EQUAL_FATAL(link_to(&g, GUEST_CID, i, i % 4096), VMCI_SUCCESS);
	CU_ASSERT_EQUAL(link_to(&g, GUEST_CID, i, 0), VMCI_ERR_NO_RESOURCES);
	CU_ASSERT_EQUAL(handle_call(&g, VMCI_HC_DOORBELL_UNLINK, GUEST_CID, 5), VMCI_SUCCESS);
	CU_ASSERT_EQUAL(link_to(&g, GUEST_CID, i, 0), VMCI_SUCCESS);
	guest_free(&g);
}

static void host_rings_the_guest(void)
{
	uint8_t *bitmap;
	struct guest g;

	guest_new(&g, VMCI_MODE_DMA, 0);
	guest_boot(&g);
	bitmap = guest_page(&g, BITMAP_PAGE);
	CU_ASSERT_EQUAL(vmci_doorbell_ring(g.dev, 1000), -ENOENT);
	link_to(&g, GUEST_CID, 1000, 17);
	CU_ASSERT_EQUAL(vmci_doorbell_ring(g.dev, 1000), -ENOTCONN);
	bitmap_set(&g, guest_ppn(BITMAP_PAGE));
	bitmap[17] = 0x80;
	CU_ASSERT_EQUAL(vmci_doorbell_ring(g.dev, 1000), 0);
	CU_ASSERT_EQUAL(bitmap[17], 0x81);
	CU_ASSERT(bitmap[16] == 0 && bitmap[18] == 0);
	CU_ASSERT_EQUAL(g.irqs[VMCI_VEC_NOTIFICATION], 1);
	vmci_reset(g.dev);
	CU_ASSERT_EQUAL(vmci_doorbell_ring(g.dev, 1000), -ENOENT);
	guest_free(&g);
}

static void lost_bitmap_page_is_noticed(void)
{
	struct guest g;

	guest_new(&g, VMCI_MODE_DMA, 0);
	guest_boot(&g);
	link_to(&g, GUEST_CID, 1000, 17);
	bitmap_set(&g, guest_ppn(BITMAP_PAGE));
	CU_ASSERT_EQUAL(gmem_remove(g.mem, GUEST_RAM, GUEST_RAM_PAGES * VMCI_WIRE_PAGE_SIZE, NULL),
			0);
	CU_ASSERT_EQUAL(vmci_doorbell_ring(g.dev, 1000), -EFAULT);
	CU_ASSERT_EQUAL(g.irqs[VMCI_VEC_NOTIFICATION], 0);
	guest_free(&g);
}

static void guest_rings(void)
{
	uint32_t rung = 0;
	struct guest g;

	guest_new(&g, VMCI_MODE_DMA, 0);
	CU_ASSERT_EQUAL(vmci_doorbell_add(g.dev, 500, on_ring, &rung), 0);
	CU_ASSERT_EQUAL(vmci_doorbell_add(g.dev, 500, on_ring, &rung), -EEXIST);
	guest_boot(&g);
	CU_ASSERT_EQUAL(handle_call(&g, VMCI_HC_DOORBELL_NOTIFY, 2, 500), VMCI_SUCCESS);
	CU_ASSERT_EQUAL(rung, 500);
	CU_ASSERT_EQUAL(handle_call(&g, VMCI_HC_DOORBELL_NOTIFY, 2, 501), VMCI_ERR_NOT_FOUND);
	CU_ASSERT_EQUAL(handle_call(&g, VMCI_HC_DOORBELL_NOTIFY, 43, 500),
			VMCI_ERR_DST_UNREACHABLE);
	CU_ASSERT_EQUAL(guest_hypercall(&g, VMCI_HC_DOORBELL_NOTIFY, "1234567", 7),
			VMCI_ERR_INVALID_ARGS);
	CU_ASSERT_EQUAL(handle_call(&g, VMCI_HC_DOORBELL_NOTIFY, GUEST_CID, 7),
			VMCI_ERR_NOT_FOUND);
	link_to(&g, GUEST_CID, 7, 3);
	CU_ASSERT_EQUAL(handle_call(&g, VMCI_HC_DOORBELL_NOTIFY, GUEST_CID, 7),
			VMCI_ERR_UNAVAILABLE);
	bitmap_set(&g, guest_ppn(BITMAP_PAGE));
	CU_ASSERT_EQUAL(handle_call(&g, VMCI_HC_DOORBELL_NOTIFY, GUEST_CID, 7), VMCI_SUCCESS);
	CU_ASSERT_EQUAL(((uint8_t *)guest_page(&g, BITMAP_PAGE))[3], 1);
	vmci_doorbell_remove(g.dev, 500);
	vmci_doorbell_remove(g.dev, 500);
	CU_ASSERT_EQUAL(handle_call(&g, VMCI_HC_DOORBELL_NOTIFY, 2, 500), VMCI_ERR_NOT_FOUND);
	guest_free(&g);
}

static const struct unit_case cases[] = {
	{ "the bitmap page must be memory", bitmap_page_must_be_memory },
	{ "page numbers have 32 bits without PPN64", small_page_numbers_have_32_bits },
	{ "linking has rules", link_rules },
	{ "the number of doorbells is bounded", number_of_doorbells_is_bounded },
	{ "the host rings the guest", host_rings_the_guest },
	{ "a bitmap page that is gone is noticed", lost_bitmap_page_is_noticed },
	{ "the guest rings the host and itself", guest_rings },
};

UNIT_MAIN("doorbell", cases)
