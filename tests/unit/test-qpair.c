/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-qpair.c - the host's end of a pair: data through every wrap, notifications, hostile pointers
 */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "host/base/bytes.h"
#include "host/model/qpair.h"
#include "tests/unit/unit.h"
#include "tests/unit/vmci_guest.h"
#include "wire/vmci_queue.h"

#define PAGE VMCI_WIRE_PAGE_SIZE

/* A guest's end, as simple as can be: byte by byte. */
struct pair {
	struct guest g;
	uint64_t produce_size, consume_size;	/* as the guest sees them */
	struct vmci_qp *qp;
};

static void on_gone(void *data, struct vmci_qp *qp, enum vmci_qp_gone why)
{
}

static const struct vmci_qp_ops ops = { .gone = on_gone };

static const struct vmci_handle handle = { GUEST_CID, 1024 };

static void pair_new(struct pair *p, uint64_t produce_size, uint64_t consume_size)
{
	struct guest_qp ask = {
		.handle = handle,
		.peer = VMCI_CID_HOST,
		.produce_size = produce_size,
		.consume_size = consume_size,
	};

	guest_new(&p->g, VMCI_MODE_DMA, 0);
	guest_boot(&p->g);
	p->produce_size = produce_size;
	p->consume_size = consume_size;
	CU_ASSERT_EQUAL_FATAL(guest_qp_alloc(&p->g, &ask), VMCI_SUCCESS_QP_CREATE);
	CU_ASSERT_EQUAL_FATAL(vmci_qp_attach(p->g.dev, handle, 0, 0, &ops, NULL, &p->qp), 0);
}

static void pair_free(struct pair *p)
{
	vmci_qp_detach(p->qp);
	guest_free(&p->g);
}

static struct vmci_wire_queue_hdr *produce_hdr(struct pair *p)
{
	return guest_page(&p->g, GUEST_FREE_PAGE);
}

static struct vmci_wire_queue_hdr *consume_hdr(struct pair *p)
{
	return guest_page(&p->g, GUEST_FREE_PAGE + 1 +
				 (unsigned int)((p->produce_size + PAGE - 1) / PAGE));
}

static uint8_t *produce_data(struct pair *p)
{
	return (uint8_t *)produce_hdr(p) + PAGE;
}

static uint8_t *consume_data(struct pair *p)
{
	return (uint8_t *)consume_hdr(p) + PAGE;
}

static void guest_put(struct pair *p, uint8_t byte)
{
	uint64_t tail = le64toh(produce_hdr(p)->producer_tail);

	produce_data(p)[tail] = byte;
	produce_hdr(p)->producer_tail = htole64((tail + 1) % p->produce_size);
}

static int guest_get(struct pair *p)
{
	uint64_t head = le64toh(produce_hdr(p)->consumer_head);
	uint8_t byte = consume_data(p)[head];

	if (head == le64toh(consume_hdr(p)->producer_tail))
		return -1;
	produce_hdr(p)->consumer_head = htole64((head + 1) % p->consume_size);
	return byte;
}

/* Read as much as there is, up to @len, through iovecs. */
static size_t host_get(struct pair *p, uint8_t *buf, size_t len, bool *ret_was_full)
{
	struct iovec iov[4];
	size_t bytes, done = 0;
	int i, n = vmci_qp_readable(p->qp, iov, 4, &bytes);

	CU_ASSERT_FATAL(n >= 0);
	for (i = 0; i < n && done < len; i++) {
		size_t take = iov[i].iov_len < len - done ? iov[i].iov_len : len - done;

		memcpy(buf + done, iov[i].iov_base, take);
		done += take;
	}
	CU_ASSERT_EQUAL(vmci_qp_consumed(p->qp, done, ret_was_full), 0);
	return done;
}

static size_t host_put(struct pair *p, const uint8_t *buf, size_t len, bool *ret_was_empty)
{
	struct iovec iov[4];
	size_t bytes, done = 0;
	int i, n = vmci_qp_writable(p->qp, iov, 4, &bytes);

	CU_ASSERT_FATAL(n >= 0);
	for (i = 0; i < n && done < len; i++) {
		size_t take = iov[i].iov_len < len - done ? iov[i].iov_len : len - done;

		memcpy(iov[i].iov_base, buf + done, take);
		done += take;
	}
	CU_ASSERT_EQUAL(vmci_qp_produced(p->qp, done, ret_was_empty), 0);
	return done;
}

static void bytes_from_the_guest_survive_every_wrap(void)
{
	static const uint64_t sizes[] = { 2, 3, 7, 64, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE + 100 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t chunk = sizes[i] < 8 ? 1 : sizes[i] / 3;
		uint8_t buf[PAGE * 3], sent = 0, expected = 0;
		struct pair p;
		size_t round, k, n;

		pair_new(&p, sizes[i], PAGE);
		for (round = 0; round < 13; round++) {
			for (k = 0; k < chunk; k++)
				guest_put(&p, sent++);
			n = host_get(&p, buf, sizeof(buf), NULL);
			CU_ASSERT_EQUAL(n, chunk);
			for (k = 0; k < n; k++)
				CU_ASSERT_EQUAL_FATAL(buf[k], expected++);
		}
		pair_free(&p);
	}
}

static void bytes_to_the_guest_survive_every_wrap(void)
{
	static const uint64_t sizes[] = { 2, 3, 7, 64, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE + 100 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t chunk = sizes[i] < 8 ? 1 : sizes[i] / 3;
		uint8_t buf[PAGE * 3], sent = 0, expected = 0;
		struct pair p;
		size_t round, k;
		int byte;

		pair_new(&p, PAGE, sizes[i]);
		for (round = 0; round < 13; round++) {
			for (k = 0; k < chunk; k++)
				buf[k] = sent++;
			CU_ASSERT_EQUAL(host_put(&p, buf, chunk, NULL), chunk);
			while ((byte = guest_get(&p)) >= 0)
				CU_ASSERT_EQUAL_FATAL(byte, expected++);
			CU_ASSERT_EQUAL(expected, sent);
		}
		pair_free(&p);
	}
}

static void iovecs_join_pages_that_touch(void)
{
	struct iovec iov[2];
	struct pair p;
	size_t bytes;

	pair_new(&p, 4 * PAGE, 4 * PAGE);
	CU_ASSERT_EQUAL(vmci_qp_readable(p.qp, iov, 2, &bytes), 0);
	CU_ASSERT_EQUAL(bytes, 0);
	/* the guest's pages follow each other, and so does the memory behind them */
	CU_ASSERT_EQUAL(vmci_qp_writable(p.qp, iov, 2, &bytes), 1);
	CU_ASSERT(bytes == 4 * PAGE - 1 && iov[0].iov_len == bytes);
	CU_ASSERT_PTR_EQUAL(iov[0].iov_base, consume_data(&p));
	CU_ASSERT_EQUAL(vmci_qp_writable(p.qp, iov, 0, &bytes), 0);
	CU_ASSERT_EQUAL(bytes, 0);
	/* head in the middle: up to the end, and from the start */
	CU_ASSERT_EQUAL(vmci_qp_writable(p.qp, iov, 2, &bytes), 1);
	CU_ASSERT_EQUAL(vmci_qp_produced(p.qp, 3 * PAGE, NULL), 0);
	produce_hdr(&p)->consumer_head = htole64(3 * PAGE);
	CU_ASSERT_EQUAL(vmci_qp_writable(p.qp, iov, 2, &bytes), 2);
	CU_ASSERT(iov[0].iov_len == PAGE && iov[1].iov_len == 3 * PAGE - 1);
	CU_ASSERT_EQUAL(vmci_qp_writable(p.qp, iov, 1, &bytes), 1);
	CU_ASSERT_EQUAL(bytes, PAGE);
	pair_free(&p);
}

static void edges_are_told(void)
{
	uint8_t buf[64] = { 0 };
	bool was_full, was_empty;
	struct pair p;
	int i;

	pair_new(&p, 16, 16);
	for (i = 0; i < 14; i++)
		guest_put(&p, 1);
	host_get(&p, buf, 1, &was_full);
	CU_ASSERT_FALSE(was_full);
	guest_put(&p, 1);
	guest_put(&p, 1);
	CU_ASSERT_EQUAL(vmci_qp_ready(p.qp), 15);
	host_get(&p, buf, 5, &was_full);
	CU_ASSERT_TRUE(was_full);
	host_get(&p, buf, 5, &was_full);
	CU_ASSERT_FALSE(was_full);
	host_get(&p, buf, 0, &was_full);
	CU_ASSERT_FALSE(was_full);

	host_put(&p, buf, 3, &was_empty);
	CU_ASSERT_TRUE(was_empty);
	host_put(&p, buf, 3, &was_empty);
	CU_ASSERT_FALSE(was_empty);
	host_put(&p, buf, 0, &was_empty);
	CU_ASSERT_FALSE(was_empty);
	while (guest_get(&p) >= 0)
		;
	CU_ASSERT_EQUAL(vmci_qp_free_space(p.qp), 15);
	host_put(&p, buf, 0, &was_empty);
	CU_ASSERT_FALSE(was_empty);
	host_put(&p, buf, 1, &was_empty);
	CU_ASSERT_TRUE(was_empty);
	pair_free(&p);
}

static void commits_are_bounded(void)
{
	struct iovec iov[2];
	struct pair p;
	size_t bytes;

	pair_new(&p, 64, 64);
	guest_put(&p, 1);
	guest_put(&p, 2);
	CU_ASSERT_EQUAL(vmci_qp_consumed(p.qp, 1, NULL), -EINVAL);
	CU_ASSERT_EQUAL(vmci_qp_readable(p.qp, iov, 2, &bytes), 1);
	CU_ASSERT_EQUAL(bytes, 2);
	CU_ASSERT_EQUAL(vmci_qp_consumed(p.qp, 3, NULL), -EINVAL);
	CU_ASSERT_EQUAL(vmci_qp_consumed(p.qp, 1, NULL), 0);
	CU_ASSERT_EQUAL(vmci_qp_consumed(p.qp, 1, NULL), 0);
	CU_ASSERT_EQUAL(vmci_qp_consumed(p.qp, 1, NULL), -EINVAL);
	CU_ASSERT_EQUAL(le64toh(consume_hdr(&p)->consumer_head), 2);
	CU_ASSERT_EQUAL(vmci_qp_produced(p.qp, 1, NULL), -EINVAL);
	CU_ASSERT_EQUAL(vmci_qp_writable(p.qp, iov, 2, &bytes), 1);
	CU_ASSERT_EQUAL(vmci_qp_produced(p.qp, 64, NULL), -EINVAL);
	CU_ASSERT_EQUAL(vmci_qp_produced(p.qp, 63, NULL), 0);
	CU_ASSERT_EQUAL(vmci_qp_produced(p.qp, 1, NULL), -EINVAL);
	pair_free(&p);
}

static uint64_t corrupt_count(struct pair *p)
{
	struct vmci_stats s;

	vmci_stats_get(p->g.dev, &s);
	return s.rings_corrupt;
}

static void pointers_out_of_range_end_the_pair(void)
{
	static const struct {
		bool tail;		/* or head */
		uint64_t value;
	} rows[] = {
		{ true, 64 }, { true, UINT64_MAX }, { true, (uint64_t)1 << 32 },
		{ false, 96 }, { false, UINT64_MAX }, { false, (uint64_t)1 << 63 },
	};
	struct iovec iov[2];
	size_t i, bytes;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct pair p;
		int n;

		pair_new(&p, 64, 96);
		if (rows[i].tail)
			produce_hdr(&p)->producer_tail = htole64(rows[i].value);
		else
			produce_hdr(&p)->consumer_head = htole64(rows[i].value);
		n = rows[i].tail ? vmci_qp_readable(p.qp, iov, 2, &bytes) :
				   vmci_qp_writable(p.qp, iov, 2, &bytes);
		CU_ASSERT_EQUAL(n, -EIO);
		produce_hdr(&p)->producer_tail = 0;
		produce_hdr(&p)->consumer_head = 0;
		CU_ASSERT_EQUAL(vmci_qp_readable(p.qp, iov, 2, &bytes), -EIO);
		CU_ASSERT_EQUAL(bytes, 0);
		CU_ASSERT_EQUAL(vmci_qp_consumed(p.qp, 0, NULL), -EIO);
		CU_ASSERT_EQUAL(vmci_qp_produced(p.qp, 0, NULL), -EIO);
		CU_ASSERT_EQUAL(vmci_qp_ready(p.qp), -EIO);
		CU_ASSERT_EQUAL(vmci_qp_free_space(p.qp), -EIO);
		CU_ASSERT_EQUAL(corrupt_count(&p), 1);
		pair_free(&p);
	}
}

static void pointer_that_jumps_between_looks_is_seen(void)
{
	struct iovec iov[2];
	bool was_full;
	struct pair p;
	size_t bytes;

	pair_new(&p, 64, 64);
	guest_put(&p, 1);
	CU_ASSERT_EQUAL(vmci_qp_readable(p.qp, iov, 2, &bytes), 1);
	produce_hdr(&p)->producer_tail = htole64(1000);
	CU_ASSERT_EQUAL(vmci_qp_consumed(p.qp, 1, &was_full), -EIO);
	CU_ASSERT_EQUAL(corrupt_count(&p), 1);
	pair_free(&p);
}

static void our_pointers_are_not_read_back(void)
{
	uint8_t buf[64] = { 0 };
	struct pair p;

	pair_new(&p, 64, 64);
	host_put(&p, buf, 10, NULL);
	guest_put(&p, 1);
	consume_hdr(&p)->producer_tail = htole64(UINT64_MAX);
	consume_hdr(&p)->consumer_head = htole64(UINT64_MAX);
	CU_ASSERT_EQUAL(vmci_qp_ready(p.qp), 1);
	CU_ASSERT_EQUAL(vmci_qp_free_space(p.qp), 53);
	host_put(&p, buf, 1, NULL);
	CU_ASSERT_EQUAL(le64toh(consume_hdr(&p)->producer_tail), 11);
	pair_free(&p);
}

static void memory_that_moves_is_followed(void)
{
	static uint8_t other[GUEST_RAM_PAGES * PAGE] __attribute__((aligned(4096)));
	uint8_t buf[4] = { 0 };
	struct pair p;

	pair_new(&p, 64, 64);
	guest_put(&p, 5);
	memcpy(other, p.g.ram, sizeof(other));
	CU_ASSERT_EQUAL(gmem_remove(p.g.mem, GUEST_RAM, sizeof(other), NULL), 0);
	CU_ASSERT_EQUAL(gmem_add(p.g.mem, GUEST_RAM, sizeof(other), other, true), 0);
	memset(p.g.ram, 0xff, sizeof(other));
	CU_ASSERT_EQUAL(host_get(&p, buf, 4, NULL), 1);
	CU_ASSERT_EQUAL(buf[0], 5);
	gmem_remove(p.g.mem, GUEST_RAM, sizeof(other), NULL);
	CU_ASSERT_EQUAL(vmci_qp_ready(p.qp), -EIO);
	CU_ASSERT_EQUAL(corrupt_count(&p), 1);
	pair_free(&p);
}

static void queue_of_no_bytes_is_empty_and_full(void)
{
	struct pair p;

	pair_new(&p, 64, 0);
	CU_ASSERT_EQUAL(vmci_qp_free_space(p.qp), 0);
	CU_ASSERT_EQUAL(vmci_qp_ready(p.qp), 0);
	produce_hdr(&p)->consumer_head = htole64(1);
	CU_ASSERT_EQUAL(vmci_qp_free_space(p.qp), -EIO);
	pair_free(&p);
}

static const struct unit_case cases[] = {
	{ "bytes from the guest survive every wrap", bytes_from_the_guest_survive_every_wrap },
	{ "bytes to the guest survive every wrap", bytes_to_the_guest_survive_every_wrap },
	{ "iovecs join pages that touch", iovecs_join_pages_that_touch },
	{ "was full and was empty are told", edges_are_told },
	{ "commits are bounded by what was lent", commits_are_bounded },
	{ "pointers out of range end the pair", pointers_out_of_range_end_the_pair },
	{ "a pointer that jumps between two looks is seen",
	  pointer_that_jumps_between_looks_is_seen },
	{ "our own pointers are not read back", our_pointers_are_not_read_back },
	{ "memory that moves is followed, and missed when gone", memory_that_moves_is_followed },
	{ "a queue of no bytes is empty and full", queue_of_no_bytes_is_empty_and_full },
};

UNIT_MAIN("qpair", cases)
