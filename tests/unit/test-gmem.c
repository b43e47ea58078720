/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-gmem.c - the table of regions: what may be added, and what an access gives
 */
#include <errno.h>
#include <string.h>

#include "host/base/bytes.h"
#include "host/model/gmem.h"
#include "tests/unit/unit.h"

static uint8_t ram[64];

static void only_sane_ranges_are_added(void)
{
	static const struct {
		uint64_t gpa, len;
		int want;
	} rows[] = {
		{ 100, 50, 0 },			/* the one that the others meet */
		{ 0, 0, -EINVAL },
		{ UINT64_MAX, 2, -EINVAL },
		{ 2, UINT64_MAX, -EINVAL },
		{ 100, 50, -EEXIST },
		{ 50, 51, -EEXIST },		/* last byte on the first */
		{ 149, 1, -EEXIST },
		{ 0, 200, -EEXIST },
		{ 120, 1, -EEXIST },
		{ 50, 50, 0 },			/* touches from below */
		{ 150, 1, 0 },			/* touches from above */
		{ UINT64_MAX, 1, 0 },		/* ends at the top */
		{ 0, 1, 0 },
	};
	struct gmem *mem = gmem_new();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		CU_ASSERT_EQUAL(gmem_add(mem, rows[i].gpa, rows[i].len, ram, true), rows[i].want);
	gmem_free(mem);
}

static void table_is_bounded(void)
{
	struct gmem *mem = gmem_new();
	size_t i;

	for (i = 0; i < GMEM_REGIONS_MAX; i++)
		CU_ASSERT_EQUAL_FATAL(gmem_add(mem, i * 16, 8, ram, true), 0);
	CU_ASSERT_EQUAL(gmem_add(mem, i * 16, 8, ram, true), -ENOSPC);
	CU_ASSERT_EQUAL(gmem_remove(mem, 32, 8, NULL), 0);
	CU_ASSERT_EQUAL(gmem_add(mem, i * 16, 8, ram, true), 0);
	gmem_free(mem);
}

static void only_whole_regions_are_removed(void)
{
	struct gmem *mem = gmem_new();
	void *host = NULL;

	CU_ASSERT_EQUAL(gmem_remove(mem, 0, 1, NULL), -ENOENT);
	gmem_add(mem, 100, 50, ram, true);
	CU_ASSERT_EQUAL(gmem_remove(mem, 100, 49, &host), -ENOENT);
	CU_ASSERT_EQUAL(gmem_remove(mem, 101, 49, &host), -ENOENT);
	CU_ASSERT_EQUAL(gmem_remove(mem, 100, 0, &host), -ENOENT);
	CU_ASSERT_PTR_NULL(host);
	CU_ASSERT_EQUAL(gmem_remove(mem, 100, 50, &host), 0);
	CU_ASSERT_PTR_EQUAL(host, ram);
	CU_ASSERT_EQUAL(gmem_copy_in(mem, 100, ram, 1), -EFAULT);
	gmem_free(mem);
}

static void walk_goes_from_low_to_high(void)
{
	struct gmem *mem = gmem_new();
	uint64_t gpa, len;

	CU_ASSERT_EQUAL(gmem_next(mem, 0, &gpa, &len), -ENOENT);
	gmem_add(mem, 300, 10, ram, true);
	gmem_add(mem, 100, 20, ram, true);
	CU_ASSERT_EQUAL(gmem_next(mem, 0, &gpa, &len), 0);
	CU_ASSERT(gpa == 100 && len == 20);
	CU_ASSERT_EQUAL(gmem_next(mem, 119, &gpa, &len), 0);
	CU_ASSERT_EQUAL(gpa, 100);
	CU_ASSERT_EQUAL(gmem_next(mem, 120, &gpa, &len), 0);
	CU_ASSERT(gpa == 300 && len == 10);
	CU_ASSERT_EQUAL(gmem_next(mem, 310, &gpa, &len), -ENOENT);
	gmem_free(mem);
}

/*
 * [100, 116) writable, [116, 132) writable, [132, 140) read-only, hole, [200, 208) memory that we
 * were not given, [208, 216) something read-only that we were not given
 */
static struct gmem *map_of_all_kinds(void)
{
	struct gmem *mem = gmem_new();

	gmem_add(mem, 100, 16, ram, true);
	gmem_add(mem, 116, 16, ram + 32, true);
	gmem_add(mem, 132, 8, ram + 16, false);
	gmem_add(mem, 200, 8, NULL, true);
	gmem_add(mem, 208, 8, NULL, false);
	return mem;
}

static void every_access_is_checked(void)
{
	static const struct {
		uint64_t gpa;
		size_t len;
		int in, out, ptr_in, ptr_out;
	} rows[] = {
		{ 100, 16, 0, 0, 0, 0 },
		{ 100, 0, 0, 0, 0, 0 },
		{ 100, 17, 0, 0, -EFAULT, -EFAULT },		/* spans two that touch */
		{ 115, 2, 0, 0, -EFAULT, -EFAULT },
		{ 100, 32, 0, 0, -EFAULT, -EFAULT },
		{ 100, 33, 0, -EACCES, -EFAULT, -EFAULT },
		{ 132, 8, 0, -EACCES, 0, -EACCES },
		{ 139, 2, -EFAULT, -EACCES, -EFAULT, -EACCES },
		{ 99, 2, -EFAULT, -EFAULT, -EFAULT, -EFAULT },
		{ 140, 1, -EFAULT, -EFAULT, -EFAULT, -EFAULT },
		{ UINT64_MAX, 1, -EFAULT, -EFAULT, -EFAULT, -EFAULT },
		{ 200, 4, -ENXIO, -ENXIO, -ENXIO, -ENXIO },
		{ 208, 4, -EFAULT, -EFAULT, -EFAULT, -EFAULT },
	};
	struct gmem *mem = map_of_all_kinds();
	uint8_t buf[64] = { 0 };
	void *ptr;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		CU_ASSERT_EQUAL(gmem_copy_in(mem, rows[i].gpa, buf, rows[i].len), rows[i].in);
		CU_ASSERT_EQUAL(gmem_copy_out(mem, rows[i].gpa, buf, rows[i].len), rows[i].out);
		if (rows[i].len == 0)
			continue;
		CU_ASSERT_EQUAL(gmem_ptr(mem, rows[i].gpa, rows[i].len, false, &ptr),
				rows[i].ptr_in);
		CU_ASSERT_EQUAL(gmem_ptr(mem, rows[i].gpa, rows[i].len, true, &ptr),
				rows[i].ptr_out);
	}
	gmem_free(mem);
}

static void copy_puts_bytes_where_they_belong(void)
{
	struct gmem *mem = map_of_all_kinds();
	uint8_t buf[8];
	void *ptr;

	memset(ram, 0, sizeof(ram));
	CU_ASSERT_EQUAL(gmem_copy_out(mem, 112, "abcdefgh", 8), 0);
	CU_ASSERT(memcmp(ram + 12, "abcd", 4) == 0 && memcmp(ram + 32, "efgh", 4) == 0);
	CU_ASSERT_EQUAL(gmem_copy_in(mem, 112, buf, 8), 0);
	CU_ASSERT(memcmp(buf, "abcdefgh", 8) == 0);
	CU_ASSERT_EQUAL(gmem_ptr(mem, 118, 2, true, &ptr), 0);
	CU_ASSERT_PTR_EQUAL(ptr, ram + 34);
	gmem_free(mem);
}

static void failed_copy_out_writes_nothing(void)
{
	struct gmem *mem = map_of_all_kinds();

	memset(ram, 0, sizeof(ram));
	CU_ASSERT_EQUAL(gmem_copy_out(mem, 130, "xxxx", 4), -EACCES);
	CU_ASSERT(ram[46] == 0 && ram[47] == 0 && ram[16] == 0);
	gmem_free(mem);
}

static void copy_does_not_pass_the_top_of_the_space(void)
{
	struct gmem *mem = gmem_new();
	uint8_t buf[16] = { 0 };

	gmem_add(mem, UINT64_MAX - 7, 8, ram, true);
	gmem_add(mem, 0, 8, ram, true);
	CU_ASSERT_EQUAL(gmem_copy_in(mem, UINT64_MAX - 7, buf, 8), 0);
	CU_ASSERT_EQUAL(gmem_copy_in(mem, UINT64_MAX - 7, buf, 9), -EFAULT);
	CU_ASSERT_EQUAL(gmem_copy_out(mem, UINT64_MAX - 7, buf, 9), -EFAULT);
	gmem_free(mem);
}

static const struct unit_case cases[] = {
	{ "only sane ranges that overlap none are added", only_sane_ranges_are_added },
	{ "the table is bounded", table_is_bounded },
	{ "only whole regions are removed", only_whole_regions_are_removed },
	{ "a walk goes from low to high", walk_goes_from_low_to_high },
	{ "every access is checked", every_access_is_checked },
	{ "a copy puts bytes where they belong", copy_puts_bytes_where_they_belong },
	{ "a copy that fails writes nothing", failed_copy_out_writes_nothing },
	{ "a copy does not pass the top of the address space",
	  copy_does_not_pass_the_top_of_the_space },
};

UNIT_MAIN("gmem", cases)
