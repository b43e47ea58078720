/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-guest-stats.c - the statistics for a guest, read as a client of them does
 */
#include <string.h>

#include "host/base/bytes.h"
#include "host/model/guest_stats.h"
#include "tests/unit/unit.h"

struct value {
	bool there, known;
	uint64_t n;
};

/* Fields of 64 bits, as their description has them; 18 is a text, which is read as its length. */
static bool is_long(uint32_t id)
{
	return id == 4 || id == 17 || id == 19 || id == 20 || (id >= 22 && id <= 27);
}

/* Reads the whole reply; false when it is not what its own numbers say. */
static bool read_all(const uint8_t *p, size_t len, struct value values[64])
{
	uint32_t count, i, last = 0;

	memset(values, 0, 64 * sizeof(values[0]));
	if (len < 20 || get_le32(p) != 3 || get_le32(p + 12) != len - 16)
		return false;
	count = get_be32(p + 16);
	p += 20;
	len -= 20;
	for (i = 0; i < count; i++) {
		size_t size = 12;
		uint32_t id;

		if (len < 12)
			return false;
		id = get_be32(p);
		size += is_long(id) ? 4 : 0;
		if (id <= last || id >= 64 || len < size)
			return false;
		values[id] = (struct value){ true, get_be32(p + 4), get_be32(p + 8) };
		if (is_long(id))
			values[id].n = values[id].n << 32 | get_be32(p + 12);
		p += size;
		len -= size;
		last = id;
	}
	return !len;
}

static void test_defaults(void)
{
	const struct grpc_config config = { .session = 0x1122334455667788 };
	const struct grpc_resources now = { .cpus = 2, .mem_mib = 512, .cpu_used_ms = 5000000000,
					    .elapsed_ms = 77, .host_cores = 8, .host_mem_mib = 4096 };
	uint8_t reply[STATS_REPLY_MAX];
	struct value v[64];
	size_t len = stats_reply(&config, &now, reply);

	CU_ASSERT_TRUE_FATAL(len <= sizeof(reply) && read_all(reply, len, v));
	CU_ASSERT_EQUAL(get_le64(reply + 4), 0x1122334455667788);
	CU_ASSERT_EQUAL(v[GRPC_STAT_CPU_RESERVATION_MHZ].n, 0);
	CU_ASSERT_EQUAL(v[GRPC_STAT_CPU_LIMIT_MHZ].n, 0xffffffff);
	CU_ASSERT_EQUAL(v[GRPC_STAT_CPU_SHARES].n, 2000);
	CU_ASSERT_EQUAL(v[GRPC_STAT_CPU_USED_MS].n, 5000000000);
	CU_ASSERT_FALSE(v[GRPC_STAT_HOST_MHZ].known);
	CU_ASSERT_EQUAL(v[GRPC_STAT_MEM_LIMIT_MIB].n, 0xffffffff);
	CU_ASSERT_EQUAL(v[GRPC_STAT_MEM_SHARES].n, 5120);
	CU_ASSERT_EQUAL(v[GRPC_STAT_MEM_USED_MIB].n, 512);
	CU_ASSERT_EQUAL(v[GRPC_STAT_ELAPSED_MS].n, 77);
	CU_ASSERT_TRUE(v[GRPC_STAT_RESOURCE_POOL].known && !v[GRPC_STAT_RESOURCE_POOL].n);
	/* numbers of the host are nobody's business, and not there to be found behind the mark */
	CU_ASSERT_TRUE(v[GRPC_STAT_HOST_MEM_MIB].there);
	CU_ASSERT_FALSE(v[GRPC_STAT_HOST_MEM_MIB].known || v[GRPC_STAT_HOST_MEM_MIB].n);
	CU_ASSERT_FALSE(v[GRPC_STAT_HOST_CORES].known || v[GRPC_STAT_HOST_CORES].n);
}

static void test_configured(void)
{
	const struct grpc_config config = {
		.host_info = true,
		.limits = { .cpu_min_mhz = 100, .cpu_max_mhz = 2000, .cpu_shares = 7,
			    .mem_min_mib = 64, .mem_max_mib = 300, .mem_shares = 8 },
	};
	const struct grpc_resources now = { .host_mhz = 2400, .host_cores = 8,
					    .host_mem_mib = 5000000000, .host_mem_free_mib = 1 };
	uint8_t reply[STATS_REPLY_MAX];
	struct value v[64];
	size_t len = stats_reply(&config, &now, reply);

	CU_ASSERT_TRUE_FATAL(read_all(reply, len, v));
	CU_ASSERT_EQUAL(v[GRPC_STAT_CPU_RESERVATION_MHZ].n, 100);
	CU_ASSERT_EQUAL(v[GRPC_STAT_CPU_LIMIT_MHZ].n, 2000);
	CU_ASSERT_EQUAL(v[GRPC_STAT_CPU_SHARES].n, 7);
	CU_ASSERT_EQUAL(v[GRPC_STAT_MEM_RESERVATION_MIB].n, 64);
	CU_ASSERT_EQUAL(v[GRPC_STAT_MEM_LIMIT_MIB].n, 300);
	CU_ASSERT_EQUAL(v[GRPC_STAT_MEM_SHARES].n, 8);
	CU_ASSERT_TRUE(v[GRPC_STAT_HOST_MHZ].known && v[GRPC_STAT_HOST_MHZ].n == 2400);
	CU_ASSERT_TRUE(v[GRPC_STAT_HOST_CORES].known && v[GRPC_STAT_HOST_CORES].n == 8);
	CU_ASSERT_EQUAL(v[GRPC_STAT_HOST_MEM_MIB].n, 5000000000);
	CU_ASSERT_EQUAL(v[GRPC_STAT_HOST_MEM_USED_MIB].n, 4999999999);
}

static const struct unit_case cases[] = {
	{ "without a word in vm.conf there are no limits, and nothing of the host is told",
	  test_defaults },
	{ "what vm.conf says is told, and the host where that is wanted", test_configured },
};

UNIT_MAIN("guest-stats", cases)
