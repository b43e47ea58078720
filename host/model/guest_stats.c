/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_stats.c - what the guest is told of its share of the host: the reply to guestlib.info.get
 *
 * A header of little-endian numbers (version, session, bytes that follow), then XDR: a count, and as
 * many of {number of the statistic, whether it is known, its value}, by rising number, because a
 * client may stop at the first number that it does not know.  What is not known here, or not for
 * this guest to know, is there and marked so.
 */
#include <stdbool.h>
#include <string.h>

#include "host/base/bytes.h"
#include "host/model/guest_stats.h"

#define SHARES_PER_CPU	1000		/* what VMware gives a machine unless told otherwise */
#define SHARES_PER_MIB	10

enum value_type {
	VALUE_32,
	VALUE_64,
	VALUE_TEXT,		/* known texts are empty: there are no resource pools */
};

struct stat {
	enum grpc_stat id;
	enum value_type type;
	bool known;
	uint64_t value;
};

static uint8_t *put_word(uint8_t *p, uint32_t n)
{
	put_be32(p, n);
	return p + 4;
}

static uint8_t *put_stat(uint8_t *p, const struct stat *s)
{
	p = put_word(p, s->id);
	p = put_word(p, s->known);
	if (s->type == VALUE_64)
		p = put_word(p, (uint32_t)(s->value >> 32));
	return put_word(p, (uint32_t)s->value);
}

static uint32_t or_unlimited(uint32_t limit)
{
	return limit ? limit : GRPC_STAT_UNLIMITED;
}

static uint32_t or_shares(uint32_t shares, uint32_t units, uint32_t each)
{
	return shares ? shares : units * each;
}

size_t stats_reply(const struct grpc_config *config, const struct grpc_resources *now, uint8_t *ret)
{
	const struct grpc_limits *l = &config->limits;
	const bool host = config->host_info;
	const struct stat stats[] = {
		{ GRPC_STAT_CPU_RESERVATION_MHZ, VALUE_32, true, l->cpu_min_mhz },
		{ GRPC_STAT_CPU_LIMIT_MHZ, VALUE_32, true, or_unlimited(l->cpu_max_mhz) },
		{ GRPC_STAT_CPU_SHARES, VALUE_32, true,
		  or_shares(l->cpu_shares, now->cpus, SHARES_PER_CPU) },
		{ GRPC_STAT_CPU_USED_MS, VALUE_64, true, now->cpu_used_ms },
		{ GRPC_STAT_HOST_MHZ, VALUE_32, now->host_mhz, now->host_mhz },
		{ GRPC_STAT_MEM_RESERVATION_MIB, VALUE_32, true, l->mem_min_mib },
		{ GRPC_STAT_MEM_LIMIT_MIB, VALUE_32, true, or_unlimited(l->mem_max_mib) },
		{ GRPC_STAT_MEM_SHARES, VALUE_32, true,
		  or_shares(l->mem_shares, now->mem_mib, SHARES_PER_MIB) },
		{ GRPC_STAT_MEM_MAPPED_MIB, VALUE_32, true, now->mem_mib },
		{ GRPC_STAT_MEM_ACTIVE_MIB, VALUE_32, false, 0 },
		{ GRPC_STAT_MEM_OVERHEAD_MIB, VALUE_32, false, 0 },
		{ GRPC_STAT_MEM_BALLOONED_MIB, VALUE_32, true, 0 },
		{ GRPC_STAT_MEM_SWAPPED_MIB, VALUE_32, true, 0 },
		{ GRPC_STAT_MEM_SHARED_MIB, VALUE_32, true, 0 },
		{ GRPC_STAT_MEM_SHARED_SAVED_MIB, VALUE_32, true, 0 },
		{ GRPC_STAT_MEM_USED_MIB, VALUE_32, true, now->mem_mib },
		{ GRPC_STAT_ELAPSED_MS, VALUE_64, true, now->elapsed_ms },
		{ GRPC_STAT_RESOURCE_POOL, VALUE_TEXT, true, 0 },
		{ GRPC_STAT_CPU_STOLEN_MS, VALUE_64, false, 0 },
		{ GRPC_STAT_MEM_TARGET_MIB, VALUE_64, true, now->mem_mib },
		{ GRPC_STAT_HOST_CORES, VALUE_32, host, host ? now->host_cores : 0 },
		{ GRPC_STAT_HOST_CPU_USED_MS, VALUE_64, false, 0 },
		{ GRPC_STAT_HOST_MEM_SWAPPED_MIB, VALUE_64, false, 0 },
		{ GRPC_STAT_HOST_MEM_SHARED_MIB, VALUE_64, false, 0 },
		{ GRPC_STAT_HOST_MEM_USED_MIB, VALUE_64, host,
		  host ? now->host_mem_mib - now->host_mem_free_mib : 0 },
		{ GRPC_STAT_HOST_MEM_MIB, VALUE_64, host, host ? now->host_mem_mib : 0 },
		{ GRPC_STAT_HOST_MEM_FREE_MIB, VALUE_64, host, host ? now->host_mem_free_mib : 0 },
	};
	uint8_t *p = ret + sizeof(struct grpc_wire_stats);
	struct grpc_wire_stats hdr = { .version = htole32(GRPC_STATS_VERSION),
				       .session = htole64(config->session) };
	size_t i;

	p = put_word(p, ARRAY_SIZE(stats));
	for (i = 0; i < ARRAY_SIZE(stats); i++)
		p = put_stat(p, &stats[i]);
	hdr.size = htole32((uint32_t)((size_t)(p - ret) - sizeof(hdr)));
	memcpy(ret, &hdr, sizeof(hdr));
	return (size_t)(p - ret);
}
