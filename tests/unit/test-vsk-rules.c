/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-vsk-rules.c - ports, sizes, protocols and packets of vmsock
 */
#include "drivers/vsock/rules.h"
#include "tests/unit/unit.h"

static void auto_ports(void)
{
	static const struct {
		__u32 random, want;
	} rows[] = {
		{ 0, 1024 },	     { 1, 1024 },	      { 1023, 1024 },
		{ 1024, 1024 },	     { 70000, 70000 },	      { 0xfffffffe, 0xfffffffe },
		{ VSK_PORT_ANY, 1024 },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CU_ASSERT_EQUAL(vsk_port_from_random(rows[i].random), rows[i].want);
}

static void next_port_wraps(void)
{
	CU_ASSERT_EQUAL(vsk_port_next(1024), 1025);
	CU_ASSERT_EQUAL(vsk_port_next(0xfffffffd), 0xfffffffe);
	CU_ASSERT_EQUAL(vsk_port_next(0xfffffffe), 1024);
	CU_ASSERT_EQUAL(vsk_port_next(VSK_PORT_ANY), 1024);
}

static void reserved(void)
{
	CU_ASSERT_TRUE(vsk_port_reserved(0));
	CU_ASSERT_TRUE(vsk_port_reserved(1023));
	CU_ASSERT_FALSE(vsk_port_reserved(1024));
	CU_ASSERT_FALSE(vsk_port_reserved(VSK_PORT_ANY));
}

static void context_ids(void)
{
	CU_ASSERT_TRUE(vsk_cids_clash(VSK_CID_ANY, 7));
	CU_ASSERT_TRUE(vsk_cids_clash(7, VSK_CID_ANY));
	CU_ASSERT_TRUE(vsk_cids_clash(7, 7));
	CU_ASSERT_FALSE(vsk_cids_clash(1, 7));
	CU_ASSERT_TRUE(vsk_cid_reaches(VSK_CID_ANY, 1));
	CU_ASSERT_FALSE(vsk_cid_reaches(7, 1));
	CU_ASSERT_FALSE(vsk_cid_reaches(7, VSK_CID_ANY));
	CU_ASSERT_TRUE(vsk_cid_is_loop(1, VSK_CID_ANY));
	CU_ASSERT_TRUE(vsk_cid_is_loop(7, 7));
	CU_ASSERT_FALSE(vsk_cid_is_loop(2, 7));
	CU_ASSERT_FALSE(vsk_cid_is_loop(VSK_CID_ANY, VSK_CID_ANY));
	CU_ASSERT_EQUAL(vsk_control_rid(0), 15);
	CU_ASSERT_EQUAL(vsk_control_rid(2), 1);
}

static void negotiated_size(void)
{
	CU_ASSERT_EQUAL(vsk_size_negotiate(5000, 128, 262144, 262144), 5000);
	CU_ASSERT_EQUAL(vsk_size_negotiate(128, 128, 262144, 262144), 128);
	CU_ASSERT_EQUAL(vsk_size_negotiate(262144, 128, 262144, 9), 262144);
	CU_ASSERT_EQUAL(vsk_size_negotiate(127, 128, 262144, 262144), 262144);
	CU_ASSERT_EQUAL(vsk_size_negotiate(~0ull, 128, 262144, 65536), 65536);
}

static void protocols(void)
{
	CU_ASSERT_EQUAL(vsk_proto_choose(1), 1);
	CU_ASSERT_EQUAL(vsk_proto_choose(0xffff), 1);
	CU_ASSERT_EQUAL(vsk_proto_choose(0), 0);
	CU_ASSERT_EQUAL(vsk_proto_choose(0xfffe), 0);
	CU_ASSERT_TRUE(vsk_proto_valid(1));
	CU_ASSERT_FALSE(vsk_proto_valid(0));
	CU_ASSERT_FALSE(vsk_proto_valid(3));
}

/* Whatever is set, in whatever order: 1 <= min <= size <= max <= limit. */
static void sizes_stay_ordered(void)
{
	static const __u64 values[] = { 0, 1, 127, 128, 4096, 262144, 262145, 1ull << 30,
					(1ull << 30) + 1, ~0ull };
	const size_t n = sizeof(values) / sizeof(values[0]);
	size_t i, j;
	int a, b;

	for (i = 0; i < n * n; i++) {
		for (j = 0; j < 9; j++) {
			struct vsk_sizes s = { .size = 262144, .min = 128, .max = 262144 };

			a = (int)(j / 3);
			b = (int)(j % 3);
			vsk_sizes_set(&s, (enum vsk_size_option)a, values[i / n]);
			vsk_sizes_set(&s, (enum vsk_size_option)b, values[i % n]);
			CU_ASSERT_TRUE(s.min >= 1 && s.min <= s.size && s.size <= s.max &&
				       s.max <= VSK_SIZE_LIMIT);
		}
	}
}

static void sizes_follow(void)
{
	struct vsk_sizes s = { .size = 262144, .min = 128, .max = 262144 };

	vsk_sizes_set(&s, VSK_SIZE, 1 << 20);
	CU_ASSERT_EQUAL(s.size, 262144);
	vsk_sizes_set(&s, VSK_SIZE_MAX, 1 << 20);
	CU_ASSERT_EQUAL(s.size, 262144);
	vsk_sizes_set(&s, VSK_SIZE_MIN, 2 << 20);
	CU_ASSERT_EQUAL(s.min, 2 << 20);
	CU_ASSERT_EQUAL(s.max, 2 << 20);
	CU_ASSERT_EQUAL(s.size, 2 << 20);
	vsk_sizes_set(&s, VSK_SIZE_MAX, 64);
	CU_ASSERT_EQUAL(s.size, 64);
	CU_ASSERT_EQUAL(s.min, 64);
}

static void endpoints(void)
{
	CU_ASSERT_TRUE(vsk_packet_from_endpoint(2, 1, 32, 1));
	CU_ASSERT_TRUE(vsk_packet_from_endpoint(0, 15, 32, 1));
	CU_ASSERT_FALSE(vsk_packet_from_endpoint(0, 1, 32, 1));
	CU_ASSERT_FALSE(vsk_packet_from_endpoint(2, 15, 32, 1));
	CU_ASSERT_FALSE(vsk_packet_from_endpoint(2, 7000, 32, 1));
	CU_ASSERT_FALSE(vsk_packet_from_endpoint(2, 1, 31, 1));
	CU_ASSERT_FALSE(vsk_packet_from_endpoint(2, 1, 32, 2));
	CU_ASSERT_FALSE(vsk_packet_from_endpoint(VSK_CID_ANY, 1, 32, 1));
}

/* Plays connect() until the memory is used up. */
static void ladder(void)
{
	const __u64 limit = VMCI_QP_MEMORY_DEFAULT;
	__u64 used = 0, size, last = ~0ull;
	unsigned int full = 0, all = 0;

	for (;;) {
		__u64 cost;

		size = vsk_size_ladder(used, limit);
		cost = 2 * (size / VMCI_WIRE_PAGE_SIZE + 1) * VMCI_WIRE_PAGE_SIZE;
		if (cost > limit - used)
			break;
		CU_ASSERT_TRUE(size <= last);
		last = size;
		used += cost;
		all++;
		full += size == VSOCK_BUFFER_SIZE_DEFAULT;
	}
	CU_ASSERT_EQUAL(full, 64);
	CU_ASSERT_TRUE(all >= 5000);
	CU_ASSERT_EQUAL(last, VMCI_WIRE_PAGE_SIZE);
	CU_ASSERT_EQUAL(vsk_size_ladder(1, 0), VMCI_WIRE_PAGE_SIZE);
}

static const struct unit_case cases[] = {
	{ "an automatic port is neither reserved nor the wildcard", auto_ports },
	{ "the next port wraps past the wildcard and the reserved ones", next_port_wraps },
	{ "ports up to 1023 are reserved", reserved },
	{ "context ids clash, reach and loop as bound", context_ids },
	{ "a proposed size counts when it is within the limits", negotiated_size },
	{ "64 streams have full size, and 5,000 fit in all", ladder },
	{ "only a protocol that both speak is chosen", protocols },
	{ "the three sizes keep their order, whatever is set", sizes_stay_ordered },
	{ "a size stays within its limits and a limit takes the other along", sizes_follow },
	{ "a packet comes from the peer's control resource and is whole", endpoints },
};

UNIT_MAIN("vsk-rules", cases)
