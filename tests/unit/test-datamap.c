/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-datamap.c - packets of RPC over vSockets: fields in and out, and a stream cut into packets
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/bytes.h"
#include "host/model/datamap.h"
#include "tests/unit/unit.h"

#define INT(id, low)	"\0\0\0\1\0\0\0" id "\0\0\0" low "\0\0\0\0"
#define TEXT(id, len)	"\0\0\0\2\0\0\0" id "\0\0\0" len

static void test_parse(void)
{
	static const struct {
		const char *name, *bytes;
		size_t len;
		int err;
		int64_t type;
		const char *payload;
		bool fast_close;
	} rows[] = {
#define GOOD(name, bytes, type, payload, fast)                                                     \
	{ name, bytes, sizeof(bytes) - 1, 0, type, payload, fast }
#define BAD(name, bytes) { name, bytes, sizeof(bytes) - 1, -EPROTO, 0, NULL, false }
		GOOD("a message", INT("\1", "\1") TEXT("\2", "\3") "abc", 1, "abc", false),
		GOOD("in another order", TEXT("\2", "\3") "abc" INT("\1", "\1"), 1, "abc", false),
		GOOD("with fast close", INT("\3", "\1") INT("\1", "\1") TEXT("\2", "\1") "x", 1, "x", true),
		GOOD("fast close that is 0", INT("\3", "\0") INT("\1", "\1"), 1, NULL, false),
		GOOD("a ping", INT("\1", "\2"), 2, NULL, false),
		GOOD("nothing", "", 0, NULL, false),
		GOOD("a number is its low word, then its high one",
		    "\0\0\0\1\0\0\0\1\0\0\0\1\xff\xff\xff\xff", -4294967295ll, NULL, false),
		GOOD("unknown fields of all types",
		    INT("\11", "\5") TEXT("\12", "\1") "y"
		    "\0\0\0\3\0\0\0\13\0\0\0\1" "12345678"
		    "\0\0\0\4\0\0\0\14\0\0\0\2\0\0\0\0\0\0\0\1z" INT("\1", "\1"), 1, NULL, false),
		BAD("half a field", "\0\0\0\1\0\0"),
		BAD("half a number", "\0\0\0\1\0\0\0\1\0\0\0\1"),
		BAD("an unknown type of value", "\0\0\0\5\0\0\0\1\0\0\0\1\0\0\0\0"),
		BAD("type of value 0", "\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0\0"),
		BAD("a field twice", INT("\1", "\1") INT("\1", "\1")),
		BAD("an unknown field twice", INT("\11", "\1") INT("\11", "\1")),
		BAD("an empty string", TEXT("\2", "\0")),
		BAD("a string longer than the packet", TEXT("\2", "\4") "abc"),
		BAD("a string of 0x7fffffff bytes", "\0\0\0\2\0\0\0\2\x7f\xff\xff\xff" "abc"),
		BAD("a string of 0xffffffff bytes", "\0\0\0\2\0\0\0\2\xff\xff\xff\xff" "abc"),
		BAD("a list longer than the packet", "\0\0\0\3\0\0\0\11\x20\0\0\1" "12345678"),
		BAD("a list of strings that ends early", "\0\0\0\4\0\0\0\11\0\0\0\2\0\0\0\1z"),
		BAD("a payload that is a number", INT("\2", "\1")),
		BAD("a type that is a string", TEXT("\1", "\1") "x"),
#undef GOOD
#undef BAD
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct datamap d = { .type = 77 };
		int err = datamap_parse(rows[i].bytes, rows[i].len, &d);
		const char *want = rows[i].payload ? rows[i].payload : "";
		bool ok = err == rows[i].err;

		if (ok && err)
			ok = d.type == 77;
		else if (ok)
			ok = d.type == rows[i].type && d.fast_close == rows[i].fast_close &&
			     d.payload_len == strlen(want) && !d.payload == !rows[i].payload &&
			     (!d.payload || !memcmp(d.payload, want, d.payload_len));
		if (!ok)
			printf("# row: %s\n", rows[i].name);
		CU_ASSERT_TRUE(ok);
	}
}

static void test_too_many_fields(void)
{
	uint8_t packet[17 * 16] = { 0 };
	struct datamap d;
	uint32_t i;

	for (i = 0; i < 17; i++) {
		put_be32(packet + 16 * i, GRPC_VALUE_INT64);
		put_be32(packet + 16 * i + 4, 100 + i);
	}
	CU_ASSERT_EQUAL(datamap_parse(packet, 16 * 16, &d), 0);
	CU_ASSERT_EQUAL(datamap_parse(packet, 17 * 16, &d), -EPROTO);
}

static void test_build(void)
{
	static const uint8_t want[] = "\0\0\0\x1f" INT("\1", "\1") TEXT("\2", "\3") "abc";
	uint8_t packet[64];
	struct datamap d;

	CU_ASSERT_EQUAL_FATAL(datamap_packet_size(3), sizeof(want) - 1);
	datamap_packet_build("abc", 3, packet);
	CU_ASSERT_EQUAL(memcmp(packet, want, sizeof(want) - 1), 0);
	CU_ASSERT_EQUAL(datamap_parse(packet + 4, sizeof(want) - 1 - 4, &d), 0);
	CU_ASSERT_EQUAL(d.type, GRPC_PACKET_DATA);
	CU_ASSERT_EQUAL(d.payload_len, 3);
}

/* Two packets, in pieces of every size. */
static void test_stream(void)
{
	uint8_t stream[64];
	size_t first = datamap_packet_size(2), size = first + datamap_packet_size(5), step;

	datamap_packet_build("ab", 2, stream);
	datamap_packet_build("cdefg", 5, stream + first);
	for (step = 1; step <= size; step++) {
		struct datamap_reader r = { .body = NULL };
		unsigned int packets = 0;
		size_t at = 0, taken;

		while (at < size) {
			size_t n = size - at < step ? size - at : step;
			int got = datamap_read(&r, stream + at, n, &taken);
			struct datamap d;

			CU_ASSERT_TRUE_FATAL(got >= 0 && taken && taken <= n);
			at += taken;
			if (!got)
				continue;
			CU_ASSERT_EQUAL(datamap_parse(r.body, r.len, &d), 0);
			CU_ASSERT_EQUAL(d.payload_len, packets ? 5 : 2);
			CU_ASSERT_EQUAL(at, packets ? size : first);
			packets++;
			datamap_read_next(&r);
		}
		CU_ASSERT_EQUAL(packets, 2);
	}
}

static void test_lengths(void)
{
	static const struct {
		uint32_t len;
		int want;
	} rows[] = {
		{ 0, -EMSGSIZE }, { GRPC_PACKET_MAX, 0 }, { GRPC_PACKET_MAX + 1, -EMSGSIZE },
		{ 0x7fffffff, -EMSGSIZE }, { 0xffffffff, -EMSGSIZE },
	};
	size_t i, taken;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct datamap_reader r = { .body = NULL };
		uint8_t head[4];

		put_be32(head, rows[i].len);
		CU_ASSERT_EQUAL(datamap_read(&r, head, sizeof(head), &taken), rows[i].want);
		datamap_read_next(&r);
		CU_ASSERT_PTR_NULL(r.body);
	}
}

static const struct unit_case cases[] = {
	{ "fields are decoded in any order, and nothing else is", test_parse },
	{ "a packet has no more than 16 fields", test_too_many_fields },
	{ "what is built is what the format says", test_build },
	{ "a stream is cut into packets wherever it is interrupted", test_stream },
	{ "a packet of no bytes, or of too many, is refused by its length", test_lengths },
};

UNIT_MAIN("datamap", cases)
