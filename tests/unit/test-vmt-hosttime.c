/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-vmt-hosttime.c - drivers/vmt/hosttime.c against prepared registers
 *
 * A host is a row of registers for each of the three commands; a command whose .ax is UNKNOWN is not
 * there.
 */
#include <errno.h>
#include <stdbool.h>

#include <wire/backdoor.h>

#include "drivers/vmt/hosttime.h"
#include "tests/unit/unit.h"

#define UNKNOWN { .ax = BDOOR_UNKNOWN_CMD }
#define FULL(high, low, us, lag) \
	{ .ax = BDOOR_MAGIC, .si = (high), .dx = (low), .bx = (us), .cx = (lag) }

struct time_row {
	struct vmt_regs with_lag, full, old;
	int want;
	__s64 ns;
	__u32 lag_us;
};

static void time_call(void *data, struct vmt_regs *r)
{
	const struct time_row *row = data;

	switch (r->cx & 0xffff) {
	case BDOOR_CMD_GETTIMEFULL_LAG:
		*r = row->with_lag;
		break;
	case BDOOR_CMD_GETTIMEFULL:
		*r = row->full;
		break;
	case BDOOR_CMD_GETTIME:
		*r = row->old;
		break;
	default:
		CU_FAIL("an unexpected command");
	}
}

static const struct time_row rows[] = {
	{ FULL(0, 1000, 5, 7), UNKNOWN, UNKNOWN, 0, 1000000005000ll, 7 },
	{ UNKNOWN, FULL(0, 2000, 999999, 0), UNKNOWN, 0, 2000999999000ll, 0 },
	{ FULL(1, 0, 0, 0), UNKNOWN, UNKNOWN, 0, 4294967296000000000ll, 0 },
	{ UNKNOWN, UNKNOWN, { .ax = 3000, .bx = 1, .cx = 2 }, 0, 3000000001000ll, 2 },
	/* a negative lag is none */
	{ FULL(0, 1000, 0, 0xffffffff), UNKNOWN, UNKNOWN, 0, 1000000000000ll, 0 },
	/* no time, zero, too many microseconds, too far in the future: the next command */
	{ UNKNOWN, UNKNOWN, UNKNOWN, -ENODATA, 0, 0 },
	{ FULL(0, 0, 0, 0), FULL(0, 0, 0, 0), { .ax = 0 }, -ENODATA, 0, 0 },
	{ FULL(0, 1000, 1000000, 0), FULL(0, 1001, 0, 0), UNKNOWN, 0, 1001000000000ll, 0 },
	{ FULL(2, 0, 0, 0), FULL(0xffffffff, 0xffffffff, 0, 0), UNKNOWN, -ENODATA, 0, 0 },
	/* a host that touches no register for what it does not know */
	{ UNKNOWN, UNKNOWN, { .ax = BDOOR_MAGIC }, -ENODATA, 0, 0 },
};

static void times(void)
{
	struct vmt_host_time t;
	size_t i;
	int r;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		t = (struct vmt_host_time){ .ns = -1, .lag_us = 99 };
		r = vmt_host_time_get(time_call, (void *)&rows[i], &t);
		CU_ASSERT_EQUAL(r, rows[i].want);
		CU_ASSERT_EQUAL(t.ns, r ? -1 : rows[i].ns);
		CU_ASSERT_EQUAL(t.lag_us, r ? 99 : rows[i].lag_us);
	}
}

static const struct {
	__s64 offset_ns;
	__u32 lag_us;
	bool backward;
	bool want;
} step_rows[] = {
	{ 0, 0, true, false },
	{ 1000000000ll, 0, true, false },
	{ 1000000001ll, 0, true, true },
	{ 1000000001ll, 0, false, true },
	{ -1000000000ll, 0, true, false },
	{ -1000000001ll, 0, true, true },
	{ -3600000000000ll, 0, false, false },
	{ 3600000000000ll, 0, false, true },
	{ 2000000000ll, 2000000, true, false },
	{ 2000000001ll, 2000000, true, true },
	{ -2000000001ll, 2000000, true, true },
};

static void steps(void)
{
	size_t i;

	for (i = 0; i < sizeof(step_rows) / sizeof(step_rows[0]); i++)
		CU_ASSERT_EQUAL(vmt_clock_wants_step(step_rows[i].offset_ns, step_rows[i].lag_us,
						     step_rows[i].backward), step_rows[i].want);
}

static const struct unit_case cases[] = {
	{ "the newest command that tells a possible time counts", times },
	{ "a step needs more than a second, more than the lag, and an allowed direction", steps },
};

UNIT_MAIN("vmt-hosttime", cases)
