/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-vmci.c - registers, interrupts, reset and hypercalls of the VMCI device
 */
#include <errno.h>
#include <endian.h>
#include <string.h>

#include "host/base/bytes.h"
#include "tests/unit/unit.h"
#include "tests/unit/vmci_guest.h"

#define ALL_CAUSES (VMCI_ICR_DATAGRAM | VMCI_ICR_NOTIFICATION | VMCI_ICR_DMA_DATAGRAM)

struct host {
	unsigned int ready, reset;
};

static void on_ready(void *data)
{
	((struct host *)data)->ready++;
}

static void on_reset(void *data)
{
	((struct host *)data)->reset++;
}

static const struct vmci_host_ops host_ops = { .ready = on_ready, .reset = on_reset };

static struct vmci_stats stats(struct guest *g)
{
	struct vmci_stats s;

	vmci_stats_get(g->dev, &s);
	return s;
}

static void bad_configuration_is_refused(void)
{
	static const struct vmci_config rows[] = {
		{ .cid = 0 },
		{ .cid = VMCI_CID_RESERVED_MAX - 1 },
		{ .cid = 0x80000000u },
		{ .cid = VMCI_INVALID_ID },
		{ .cid = GUEST_CID, .qp_memory = UINT64_MAX },
	};
	struct guest g;
	size_t i;

	guest_new(&g, VMCI_MODE_DMA, 0);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		errno = 0;
		CU_ASSERT_PTR_NULL(vmci_new(&rows[i], g.mem, NULL, NULL));
		CU_ASSERT_EQUAL(errno, EINVAL);
	}
	guest_free(&g);
}

static void capabilities_follow_the_mode(void)
{
	struct guest g;

	guest_new(&g, VMCI_MODE_DMA, 0);
	CU_ASSERT_EQUAL(guest_read(&g, VMCI_REG_CAPS), 0x3c);
	guest_free(&g);
	guest_new(&g, VMCI_MODE_PORT, 0);
	CU_ASSERT_EQUAL(guest_read(&g, VMCI_REG_CAPS), 0x1c);
	guest_free(&g);
}

static void bad_accesses_are_counted(void)
{
	static const struct {
		uint32_t off;
		unsigned int width;
	} rows[] = {
		{ VMCI_REG_CAPS, 1 }, { VMCI_REG_CAPS, 2 }, { VMCI_REG_CAPS, 8 },
		{ VMCI_REG_CAPS + 2, 4 }, { VMCI_REG_END, 4 }, { 0xfffffffc, 4 },
		{ VMCI_REG_DATA_OUT, 4 }, { VMCI_REG_DATA_IN, 1 }, { 0x4000, 4 },
	};
	struct guest g;
	size_t i;

	guest_new(&g, VMCI_MODE_DMA, 0);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned int bytes = rows[i].width < 4 ? rows[i].width : 4;
		uint32_t ones = (uint32_t)((1ull << (8 * bytes)) - 1);

		CU_ASSERT_EQUAL(vmci_reg_read(g.dev, rows[i].off, rows[i].width), ones);
		vmci_reg_write(g.dev, rows[i].off, rows[i].width, 0xffffffff);
	}
	CU_ASSERT_EQUAL(stats(&g).bad_register, 2 * ARRAY_SIZE(rows));
	guest_free(&g);
}

static void ready_needs_enable_and_mask(void)
{
	struct host h = { 0 };
	struct guest g;

	guest_new(&g, VMCI_MODE_DMA, 0);
	vmci_host_set(g.dev, &host_ops, &h);
	guest_write(&g, VMCI_REG_CONTROL, VMCI_CONTROL_INT_ENABLE);
	CU_ASSERT_FALSE(vmci_guest_ready(g.dev));
	guest_write(&g, VMCI_REG_IMR, VMCI_ICR_NOTIFICATION);
	CU_ASSERT_FALSE(vmci_guest_ready(g.dev));
	guest_write(&g, VMCI_REG_IMR, VMCI_ICR_DATAGRAM);
	CU_ASSERT_TRUE(vmci_guest_ready(g.dev));
	guest_write(&g, VMCI_REG_CONTROL, VMCI_CONTROL_INT_DISABLE);
	guest_write(&g, VMCI_REG_CONTROL, VMCI_CONTROL_INT_ENABLE);
	CU_ASSERT_TRUE(vmci_guest_ready(g.dev));
	CU_ASSERT_EQUAL(h.ready, 1);
	guest_write(&g, VMCI_REG_CONTROL, VMCI_CONTROL_RESET);
	CU_ASSERT_FALSE(vmci_guest_ready(g.dev));
	CU_ASSERT_EQUAL(h.reset, 1);
	guest_free(&g);
	CU_ASSERT_EQUAL(h.reset, 1);
}

/* The guest sends to itself: that raises the datagram cause. */
static int64_t cause_datagram(struct guest *g)
{
	return guest_dgram(g, (struct vmci_handle){ GUEST_CID, 5 },
			   (struct vmci_handle){ GUEST_CID, 6 }, "x", 1);
}

static void interrupts_obey_mask_and_enable(void)
{
	struct guest g;

	guest_new(&g, VMCI_MODE_DMA, 0);
	guest_boot(&g);
	CU_ASSERT_EQUAL(cause_datagram(&g), 25);
	CU_ASSERT_EQUAL(g.irqs[VMCI_VEC_DATAGRAM], 1);
	CU_ASSERT_EQUAL(guest_read(&g, VMCI_REG_STATUS), VMCI_STATUS_INT_ON);
	/*
	 * a driver with exclusive vectors never reads ICR, and gets the next message all the
	 * same
	 */
	cause_datagram(&g);
	CU_ASSERT_EQUAL(g.irqs[VMCI_VEC_DATAGRAM], 2);
	CU_ASSERT_EQUAL(guest_read(&g, VMCI_REG_ICR), VMCI_ICR_DATAGRAM);
	CU_ASSERT_EQUAL(guest_read(&g, VMCI_REG_ICR), 0);
	CU_ASSERT_EQUAL(guest_read(&g, VMCI_REG_STATUS), 0);
	guest_write(&g, VMCI_REG_IMR, 0);
	cause_datagram(&g);
	guest_write(&g, VMCI_REG_CONTROL, VMCI_CONTROL_INT_DISABLE);
	guest_write(&g, VMCI_REG_IMR, ALL_CAUSES);
	cause_datagram(&g);
	CU_ASSERT_EQUAL(g.irqs[VMCI_VEC_DATAGRAM], 2);
	/* what waited is sent once when the way opens */
	guest_write(&g, VMCI_REG_CONTROL, VMCI_CONTROL_INT_ENABLE);
	CU_ASSERT_EQUAL(g.irqs[VMCI_VEC_DATAGRAM], 3);
	guest_write(&g, VMCI_REG_CONTROL, VMCI_CONTROL_INT_ENABLE);
	guest_write(&g, VMCI_REG_IMR, ALL_CAUSES);
	CU_ASSERT_EQUAL(g.irqs[VMCI_VEC_DATAGRAM], 3);
	CU_ASSERT_EQUAL(stats(&g).irqs, 3);
	guest_free(&g);
}

static void reset_forgets_all_but_the_counters(void)
{
	const struct vmci_wire_dg *dg;
	struct guest g;

	guest_new(&g, VMCI_MODE_DMA, 0);
	guest_boot(&g);
	cause_datagram(&g);
	guest_write(&g, VMCI_REG_CONTROL, VMCI_CONTROL_RESET);
	guest_write(&g, VMCI_REG_CONTROL, VMCI_CONTROL_RESET);
	CU_ASSERT_EQUAL(guest_read(&g, VMCI_REG_ICR), 0);
	CU_ASSERT_EQUAL(guest_read(&g, VMCI_REG_IMR), 0);
	CU_ASSERT_EQUAL(guest_read(&g, VMCI_REG_DATA_OUT_HIGH), 0);
	CU_ASSERT_EQUAL(stats(&g).resets, 3);
	CU_ASSERT_EQUAL(stats(&g).dg_from_guest, 1);
	guest_boot(&g);
	CU_ASSERT_EQUAL(guest_receive(&g, VMCI_DG_SIZE_MAX, &dg), 0);
	guest_free(&g);
}

static int nobody(void *data, const struct vmci_wire_dg *dg, size_t len)
{
	return VMCI_SUCCESS;
}

static void resources_query_says_what_is_there(void)
{
	static const struct {
		uint32_t count;
		size_t bytes;
		uint32_t rid[4];
		int64_t want;
	} rows[] = {
		{ 1, 12, { VMCI_HC_GET_CONTEXT_ID }, 1 },
		{ 4, 24, { 0, 10, 11, 5 }, 0xf },
		{ 4, 24, { 6, 16, 15, 0xffffffff }, 0x4 },
		{ 3, 20, { 12, 2, 9 }, 0x2 },
		{ 0, 8, { 0 }, 0 },
		{ 2, 12, { 0, 1 }, VMCI_ERR_INVALID_ARGS },
		{ 32, 24, { 0 }, VMCI_ERR_INVALID_ARGS },
		{ 0xffffffff, 24, { 0 }, VMCI_ERR_INVALID_ARGS },
		{ 1, 4, { 0 }, VMCI_ERR_INVALID_ARGS },
		{ 0, 0, { 0 }, VMCI_ERR_INVALID_ARGS },
	};
	struct guest g;
	size_t i, k;

	guest_new(&g, VMCI_MODE_DMA, 0);
	CU_ASSERT_EQUAL(vmci_endpoint_add(g.dev, VMCI_CID_HYPERVISOR, 15, nobody, NULL), 0);
	guest_boot(&g);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t words[6] = { htole32(rows[i].count) };

		for (k = 0; k < 4; k++)
			words[2 + k] = htole32(rows[i].rid[k]);
		CU_ASSERT_EQUAL(guest_hypercall(&g, VMCI_HC_RESOURCES_QUERY, words, rows[i].bytes),
				rows[i].want);
	}
	guest_free(&g);
}

static void other_hypercalls_answer(void)
{
	static const struct {
		uint32_t rid;
		uint32_t word;
		size_t len;
		int64_t want;
	} rows[] = {
		{ VMCI_HC_GET_CONTEXT_ID, 0, 0, GUEST_CID },
		{ VMCI_HC_DATAGRAM_REQUEST_MAP, 0, 8, VMCI_ERR_OBSOLETE },
		{ VMCI_HC_DATAGRAM_REMOVE_MAP, 0, 8, VMCI_ERR_OBSOLETE },
		{ VMCI_HC_EVENT_SUBSCRIBE, VMCI_EV_QP_RESUMED, 8, VMCI_SUCCESS },
		{ VMCI_HC_EVENT_UNSUBSCRIBE, VMCI_EV_QP_RESUMED, 8, VMCI_SUCCESS },
		{ VMCI_HC_EVENT_SUBSCRIBE, VMCI_EV_MAX, 8, VMCI_ERR_EVENT_UNKNOWN },
		{ VMCI_HC_EVENT_SUBSCRIBE, 0, 4, VMCI_ERR_INVALID_ARGS },
		{ 12, 0, 8, VMCI_ERR_INVALID_RESOURCE },
		{ VMCI_INVALID_ID, 0, 0, VMCI_ERR_INVALID_RESOURCE },
	};
	struct guest g;
	size_t i;

	guest_new(&g, VMCI_MODE_DMA, 0);
	guest_boot(&g);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t payload[2] = { htole32(rows[i].word) };

		CU_ASSERT_EQUAL(guest_hypercall(&g, rows[i].rid, payload, rows[i].len),
				rows[i].want);
	}
	guest_free(&g);
}

static void hypercalls_work_before_interrupts(void)
{
	struct guest g;

	guest_new(&g, VMCI_MODE_DMA, 0);
	guest_write(&g, VMCI_REG_DATA_OUT_HIGH, GUEST_TX >> 32);
	CU_ASSERT_EQUAL(guest_hypercall(&g, VMCI_HC_GET_CONTEXT_ID, NULL, 0), GUEST_CID);
	CU_ASSERT_EQUAL(stats(&g).irqs, 0);
	guest_free(&g);
}

static void new_context_id_is_told(void)
{
	const struct vmci_wire_dg *dg;
	const struct vmci_wire_event_ctx *ev;
	struct guest g;

	guest_new(&g, VMCI_MODE_DMA, 0);
	CU_ASSERT_EQUAL(vmci_set_guest_cid(g.dev, 3), -EINVAL);
	CU_ASSERT_EQUAL(vmci_set_guest_cid(g.dev, VMCI_INVALID_ID), -EINVAL);
	guest_boot(&g);
	CU_ASSERT_EQUAL(vmci_set_guest_cid(g.dev, GUEST_CID), 0);
	CU_ASSERT_EQUAL(vmci_set_guest_cid(g.dev, 77), 0);
	CU_ASSERT_EQUAL_FATAL(guest_receive(&g, VMCI_DG_SIZE_MAX, &dg), 1);
	ev = (const void *)(dg + 1);
	CU_ASSERT_EQUAL(le64toh(dg->payload_size), sizeof(*ev));
	CU_ASSERT_EQUAL(le32toh(dg->dst.cid), 77);
	CU_ASSERT(dg->dst.rid == 0 && dg->src.cid == 0 && dg->src.rid == 0);
	CU_ASSERT_EQUAL(le32toh(ev->ev.event), VMCI_EV_CTX_ID_UPDATE);
	CU_ASSERT_EQUAL(le32toh(ev->cid), 77);
	CU_ASSERT_EQUAL(guest_hypercall(&g, VMCI_HC_GET_CONTEXT_ID, NULL, 0), 77);
	guest_free(&g);
}

static const struct unit_case cases[] = {
	{ "a bad configuration is refused", bad_configuration_is_refused },
	{ "capabilities follow the mode", capabilities_follow_the_mode },
	{ "bad register accesses are counted and read as ones", bad_accesses_are_counted },
	{ "the guest is ready once it takes datagram interrupts", ready_needs_enable_and_mask },
	{ "interrupts obey mask and enable", interrupts_obey_mask_and_enable },
	{ "reset forgets all but the counters", reset_forgets_all_but_the_counters },
	{ "RESOURCES_QUERY says what is there", resources_query_says_what_is_there },
	{ "the other hypercalls answer", other_hypercalls_answer },
	{ "hypercalls work before interrupts do", hypercalls_work_before_interrupts },
	{ "a new context id is told by an event", new_context_id_is_told },
};

UNIT_MAIN("vmci", cases)
