/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-vmci-faults.c - the VMCI device when it is at fault, as its driver sees it
 */
#include <endian.h>
#include <string.h>

#include "host/base/bytes.h"
#include "host/model/fault.h"
#include "host/model/qpair.h"
#include "tests/unit/unit.h"
#include "tests/unit/vmci_guest.h"
#include "wire/vmci_queue.h"

#define ONES	UINT32_MAX
#define RID	3000u		/* of the guest's and the host's endpoints */

static const struct vmci_handle pair_handle = { GUEST_CID, 1024 };

/* What the host's endpoint was sent. */
struct heard {
	unsigned int count;
	uint8_t last[8];
};

static int on_dgram(void *data, const struct vmci_wire_dg *dg, size_t len)
{
	struct heard *h = data;

	h->count++;
	memcpy(h->last, dg + 1, sizeof(h->last) < len - sizeof(*dg) ? sizeof(h->last) :
								      len - sizeof(*dg));
	return VMCI_SUCCESS;
}

static void fresh(struct guest *g, const char *lines)
{
	guest_new(g, VMCI_MODE_DMA, 0);
	guest_boot(g);
	fault_set_lines(g->faults, lines, strlen(lines));
	CU_ASSERT_FATAL(fault_lines(g->faults, (char[FAULT_LINES_MAX]){ 0 }) > 0);
}

/* The host sends one byte. */
static void host_sends(struct guest *g, char byte)
{
	struct {
		struct vmci_wire_dg dg;
		char byte;
	} __attribute__((packed)) msg = {
		.dg = { .dst = { htole32(GUEST_CID), htole32(RID) },
			.src = { htole32(VMCI_CID_HOST), htole32(RID) },
			.payload_size = htole64(1) },
		.byte = byte,
	};

	CU_ASSERT_EQUAL(vmci_send_to_guest(g->dev, &msg.dg, sizeof(msg)), 0);
}

/* The bytes of the datagrams that the guest receives now. */
static const char *guest_hears(struct guest *g)
{
	static char bytes[32];
	const struct vmci_wire_dg *dg;
	int i, n = guest_receive(g, 65536, &dg);

	CU_ASSERT_FATAL(n >= 0 && n < (int)sizeof(bytes));
	for (i = 0; i < n; i++, dg = guest_next(dg))
		bytes[i] = *(const char *)(dg + 1);
	bytes[n] = '\0';
	return bytes;
}

/* ---- registers and interrupts ---------------------------------------------------------------- */

static void test_register_ones(void)
{
	struct guest g;

	fresh(&g, "reg-ones count=1 caps");
	CU_ASSERT_EQUAL(guest_read(&g, VMCI_REG_STATUS), 0);
	CU_ASSERT_EQUAL(guest_read(&g, VMCI_REG_CAPS), ONES);
	CU_ASSERT_NOT_EQUAL(guest_read(&g, VMCI_REG_CAPS), ONES);
	fault_set_lines(g.faults, "reg-ones other", 14);
	CU_ASSERT_EQUAL(guest_read(&g, VMCI_REG_GUEST_PAGE_SHIFT), ONES);
	CU_ASSERT_NOT_EQUAL(guest_read(&g, VMCI_REG_IMR), ONES);
	guest_free(&g);
}

static void test_device_gone(void)
{
	struct vmci_stats before, after;
	struct guest g;

	fresh(&g, "device-gone after=1");
	CU_ASSERT_NOT_EQUAL(guest_read(&g, VMCI_REG_CAPS), ONES);
	vmci_stats_get(g.dev, &before);
	guest_write(&g, VMCI_REG_CONTROL, VMCI_CONTROL_RESET);
	CU_ASSERT_EQUAL(guest_read(&g, VMCI_REG_CAPS), ONES);
	CU_ASSERT_EQUAL(vmci_reg_read(g.dev, VMCI_REG_DATA_IN, 1), 0xff);
	vmci_stats_get(g.dev, &after);
	CU_ASSERT_EQUAL(before.resets, after.resets);
	g.irqs[VMCI_VEC_DATAGRAM] = 0;
	host_sends(&g, 'a');
	CU_ASSERT_EQUAL(g.irqs[VMCI_VEC_DATAGRAM], 0);
	fault_clear_all(g.faults);
	CU_ASSERT_STRING_EQUAL(guest_hears(&g), "a");
	guest_free(&g);
}

static void test_interrupts(void)
{
	struct guest g;

	fresh(&g, "irq-lost count=1 datagram\nirq-spurious count=1 notification,dma-datagram");
	g.irqs[VMCI_VEC_DATAGRAM] = 0;
	host_sends(&g, 'a');
	CU_ASSERT_EQUAL(g.irqs[VMCI_VEC_DATAGRAM], 0);
	host_sends(&g, 'b');
	CU_ASSERT_EQUAL(g.irqs[VMCI_VEC_DATAGRAM], 1);
	guest_read(&g, VMCI_REG_STATUS);
	CU_ASSERT_EQUAL(g.irqs[VMCI_VEC_NOTIFICATION], 1);
	CU_ASSERT_EQUAL(g.irqs[VMCI_VEC_DMA_DATAGRAM], 1);
	guest_read(&g, VMCI_REG_STATUS);
	CU_ASSERT_EQUAL(g.irqs[VMCI_VEC_NOTIFICATION], 1);
	CU_ASSERT_STRING_EQUAL(guest_hears(&g), "ab");
	guest_free(&g);
}

/* ---- datagrams ------------------------------------------------------------------------------- */

static void test_to_guest(void)
{
	static const struct {
		const char *line, *want;
	} rows[] = {
		{ "dg-drop after=1 count=1 to-guest", "ac" },
		{ "dg-drop from-guest", "abc" },
		{ "dg-duplicate count=1", "aabc" },
		{ "dg-corrupt count=1 24", "\x9e" "bc" },
		{ "dg-corrupt count=1 999", "\x9e" "bc" },
		{ "dg-reorder count=1", "bac" },
		{ "dg-reorder", "ba" },		/* c waits for a fourth */
		{ "dg-drop probability=0.5 seed=3", "c" },
	};
	struct guest g;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		fresh(&g, rows[i].line);
		host_sends(&g, 'a');
		host_sends(&g, 'b');
		host_sends(&g, 'c');
		CU_ASSERT_STRING_EQUAL(guest_hears(&g), rows[i].want);
		guest_free(&g);
	}
}

static void test_delay(void)
{
	struct guest g;

	fresh(&g, "dg-delay count=2 250");
	host_sends(&g, 'a');
	host_sends(&g, 'b');
	host_sends(&g, 'c');
	CU_ASSERT_EQUAL(g.later_ms, 250);
	CU_ASSERT_STRING_EQUAL(guest_hears(&g), "c");
	vmci_later(g.dev);
	CU_ASSERT_STRING_EQUAL(guest_hears(&g), "ab");
	/* a reset leaves none behind */
	fault_set_lines(g.faults, "dg-delay 1\ndg-reorder", 21);
	host_sends(&g, 'd');
	guest_boot(&g);
	vmci_later(g.dev);
	CU_ASSERT_STRING_EQUAL(guest_hears(&g), "");
	guest_free(&g);
}

static void test_from_guest(void)
{
	static const struct {
		const char *line;
		unsigned int count;
		char last;
	} rows[] = {
		{ "dg-drop to-guest", 1, 'x' },
		{ "dg-drop from-guest", 0, 0 },
		{ "dg-duplicate from-guest", 2, 'x' },
		{ "dg-corrupt 24 from-guest", 1, 'x' ^ (char)0xff },
		{ "dg-corrupt 0 from-guest", 1, 'x' },
	};
	const struct vmci_handle src = { GUEST_CID, RID }, dst = { VMCI_CID_HOST, RID };
	struct guest g;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct heard heard = { 0 };

		fresh(&g, rows[i].line);
		CU_ASSERT_EQUAL(vmci_endpoint_add(g.dev, dst.cid, dst.rid, on_dgram, &heard), 0);
		CU_ASSERT_EQUAL(guest_dgram(&g, dst, src, "x", 1), sizeof(struct vmci_wire_dg) + 1);
		CU_ASSERT_EQUAL(heard.count, rows[i].count);
		CU_ASSERT_EQUAL((char)heard.last[0], rows[i].last);
		guest_free(&g);
	}
}

static void test_hang(void)
{
	const struct vmci_wire_dg *dg;
	struct guest g;

	fresh(&g, "dg-hang count=1 receive");
	CU_ASSERT_EQUAL(guest_receive(&g, 4096, &dg), -1);
	CU_ASSERT_EQUAL(guest_receive(&g, 4096, &dg), 0);
	fault_set_lines(g.faults, "dg-hang count=1 send", 20);
	g.hangs = true;
	CU_ASSERT_EQUAL(guest_hypercall(&g, VMCI_HC_GET_CONTEXT_ID, NULL, 0), INT64_MIN);
	CU_ASSERT_EQUAL(guest_hypercall(&g, VMCI_HC_GET_CONTEXT_ID, NULL, 0), GUEST_CID);
	guest_free(&g);
}

/* ---- hypercalls and queue pairs -------------------------------------------------------------- */

static int64_t pair_alloc(struct guest *g)
{
	const struct guest_qp ask = { .handle = pair_handle, .peer = VMCI_CID_HOST,
				      .produce_size = 4096, .consume_size = 8192 };

	return guest_qp_alloc(g, &ask);
}

static void test_hypercall_results(void)
{
	static const int errors[] = { VMCI_ERR_NO_RESOURCES, VMCI_ERR_NO_MEM, VMCI_ERR_NO_ACCESS,
				      VMCI_ERR_QUEUEPAIR_MISMATCH, VMCI_ERR_UNAVAILABLE, 0, 5 };
	struct guest g;
	char line[64];
	size_t i;

	fresh(&g, "hc-result 7 queuepair-detach");
	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		snprintf(line, sizeof(line), "hc-result count=1 %d queuepair-alloc", errors[i]);
		fault_set_lines(g.faults, line, strlen(line));
		CU_ASSERT_EQUAL(pair_alloc(&g), errors[i]);
	}
	CU_ASSERT_EQUAL(pair_alloc(&g), VMCI_SUCCESS_QP_CREATE);
	fault_set_lines(g.faults, "hc-result count=1 -20 queuepair-detach", 38);
	CU_ASSERT_EQUAL(guest_qp_detach(&g, pair_handle), -20);
	CU_ASSERT_EQUAL(guest_qp_detach(&g, pair_handle), VMCI_SUCCESS_LAST_DETACH);
	guest_free(&g);
}

struct ended {
	unsigned int count;
	enum vmci_qp_gone why;
};

static void on_gone(void *data, struct vmci_qp *qp, enum vmci_qp_gone why)
{
	struct ended *e = data;

	e->count++;
	e->why = why;
}

static const struct vmci_qp_ops qp_ops = { .gone = on_gone };

static void test_pointers(void)
{
	static const struct {
		const char *line;
		uint64_t tail;		/* after 10 bytes, as the guest reads it */
	} rows[] = {
		{ "qp-pointer range", 4096 + 8192 },
		{ "qp-pointer backwards", 9 },
		{ "qp-pointer torn", UINT64_C(0x10000000a) },
		{ "qp-pointer after=1", 10 },
	};
	struct guest g;
	struct ended e;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vmci_wire_queue_hdr *hdr;
		struct vmci_qp *qp;
		struct iovec iov[1];
		size_t n;

		fresh(&g, rows[i].line);
		CU_ASSERT_EQUAL_FATAL(pair_alloc(&g), VMCI_SUCCESS_QP_CREATE);
		CU_ASSERT_EQUAL(vmci_qp_attach(g.dev, pair_handle, 0, 0, &qp_ops, &e, &qp), 0);
		hdr = guest_page(&g, GUEST_FREE_PAGE + 2);	/* behind header and one page */
		CU_ASSERT_EQUAL(vmci_qp_writable(qp, iov, 1, &n), 1);
		CU_ASSERT_EQUAL(vmci_qp_produced(qp, 10, NULL), 0);
		CU_ASSERT_EQUAL(le64toh(hdr->producer_tail), rows[i].tail);
		fault_clear_all(g.faults);
		CU_ASSERT_EQUAL(vmci_qp_produced(qp, 5, NULL), 0);
		CU_ASSERT_EQUAL(le64toh(hdr->producer_tail), 15);	/* ours was right all the time */
		vmci_qp_detach(qp);
		guest_free(&g);
	}
}

static void test_at_any_time(void)
{
	struct ended e = { 0 };
	struct vmci_qp *qp;
	struct guest g;

	fresh(&g, "vmci-resume after=2 count=1\ncid-change after=2 count=1 1000");
	CU_ASSERT_EQUAL(pair_alloc(&g), VMCI_SUCCESS_QP_CREATE);
	CU_ASSERT_EQUAL(vmci_qp_attach(g.dev, pair_handle, 0, 0, &qp_ops, &e, &qp), 0);
	CU_ASSERT_EQUAL(guest_hypercall(&g, VMCI_HC_GET_CONTEXT_ID, NULL, 0), GUEST_CID);
	CU_ASSERT_EQUAL(e.count, 0);
	CU_ASSERT_EQUAL(guest_hypercall(&g, VMCI_HC_GET_CONTEXT_ID, NULL, 0), 1000);
	CU_ASSERT_EQUAL(e.count, 1);
	CU_ASSERT_EQUAL(e.why, VMCI_QP_GONE_RESUME);
	/* set while the guest does nothing: at once */
	fault_set_lines(g.faults, "cid-change count=1 2000", 23);
	vmci_faults_changed(g.dev);
	CU_ASSERT_EQUAL(vmci_guest_cid(g.dev), 2000);
	vmci_qp_detach(qp);
	guest_free(&g);
}

static const struct unit_case cases[] = {
	{ "a register reads as all ones, once or always", test_register_ones },
	{ "a device that is gone reads as ones, takes no writes and interrupts no more",
	  test_device_gone },
	{ "interrupts are lost, and come without a cause", test_interrupts },
	{ "datagrams to the guest are lost, doubled, damaged and overtaken", test_to_guest },
	{ "datagrams to the guest are late, and a reset forgets them", test_delay },
	{ "datagrams of the guest are lost, doubled and damaged behind their header",
	  test_from_guest },
	{ "a buffer stays with the device", test_hang },
	{ "a hypercall is refused with each error, then works", test_hypercall_results },
	{ "pointers of the host are out of range, go back, are torn", test_pointers },
	{ "the context id changes and all pairs end", test_at_any_time },
};

UNIT_MAIN("VMCI faults", cases)
