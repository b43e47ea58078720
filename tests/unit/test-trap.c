/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-trap.c - which instructions are the port's
 */
#include "host/front/trap.h"
#include "tests/unit/unit.h"

struct row {
	uint8_t bytes[TRAP_INSN_MAX];
	size_t have;
	bool long_mode;
	enum trap_insn want;
	size_t len;
};

static void check(const struct row *rows, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		const struct row *r = &rows[i];
		size_t len = 0;

		CU_ASSERT_EQUAL(trap_insn_decode(r->bytes, r->have, r->long_mode, &len), r->want);
		if (r->want != TRAP_NONE)
			CU_ASSERT_EQUAL(len, r->len);
	}
}

static void the_ports_are_found(void)
{
	static const struct row rows[] = {
		{ { 0xed }, 1, true, TRAP_IN, 1 },
		{ { 0xed, 0x90, 0x90 }, 3, true, TRAP_IN, 1 },
		{ { 0xed, 0x90, 0x90 }, 3, false, TRAP_IN, 1 },
		{ { 0xf3, 0x6c }, 2, true, TRAP_INSB, 2 },
		{ { 0xf3, 0x6e, 0xc3 }, 3, true, TRAP_OUTSB, 2 },
		{ { 0xf3, 0x6c }, 2, false, TRAP_INSB, 2 },
	};

	check(rows, sizeof(rows) / sizeof(rows[0]));
}

static void prefixes_exist_in_long_mode(void)
{
	static const struct row rows[] = {
		{ { 0x48, 0xed }, 2, true, TRAP_IN, 2 },
		{ { 0xf3, 0x48, 0x6c }, 3, true, TRAP_INSB, 3 },
		{ { 0xf3, 0x4f, 0x6e }, 3, true, TRAP_OUTSB, 3 },
		{ { 0x48, 0xed }, 2, false, TRAP_NONE, 0 },
		{ { 0xf3, 0x48, 0x6c }, 3, false, TRAP_NONE, 0 },
	};

	check(rows, sizeof(rows) / sizeof(rows[0]));
}

static void others_are_left_alone(void)
{
	static const struct row rows[] = {
		{ { 0 }, 0, true, TRAP_NONE, 0 },
		{ { 0x90 }, 1, true, TRAP_NONE, 0 },
		{ { 0xec }, 1, true, TRAP_NONE, 0 },		/* in al, dx */
		{ { 0xef }, 1, true, TRAP_NONE, 0 },		/* out dx, eax */
		{ { 0x6c }, 1, true, TRAP_NONE, 0 },		/* insb alone */
		{ { 0xf3, 0xed }, 2, true, TRAP_NONE, 0 },
		{ { 0xf3 }, 1, true, TRAP_NONE, 0 },		/* cut off */
		{ { 0x48 }, 1, true, TRAP_NONE, 0 },
		{ { 0xf3, 0x48 }, 2, true, TRAP_NONE, 0 },
		{ { 0x66, 0xed }, 2, true, TRAP_NONE, 0 },	/* in ax, dx */
	};

	check(rows, sizeof(rows) / sizeof(rows[0]));
}

static const struct unit_case cases[] = {
	{ "the instructions of both ports are found, with their length", the_ports_are_found },
	{ "REX prefixes count in 64-bit code only", prefixes_exist_in_long_mode },
	{ "other and cut-off instructions are left alone", others_are_left_alone },
};

UNIT_MAIN("trap", cases)
