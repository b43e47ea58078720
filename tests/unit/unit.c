/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unit.c - runs the cases of one test program through CUnit and prints TAP
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/TestRun.h>

#include "tests/unit/unit.h"

static unsigned int test_number;

static void print_result(const CU_pTest test, const CU_pSuite suite, const CU_pFailureRecord fails)
{
	const struct CU_FailureRecord *f;

	printf("%s %u - %s: %s\n", fails ? "not ok" : "ok", ++test_number, suite->pName,
	       test->pName);
	for (f = fails; f; f = f->pNext)
		printf("# %s:%u: %s\n", f->strFileName ? f->strFileName : "?", f->uiLineNumber,
		       f->strCondition ? f->strCondition : "?");
	fflush(stdout);
}

static void shuffle(const struct unit_case **order, size_t count, unsigned int seed)
{
	size_t i;

	for (i = count; i > 1; i--) {
		size_t j = (size_t)rand_r(&seed) % i;
		const struct unit_case *t = order[i - 1];

		order[i - 1] = order[j];
		order[j] = t;
	}
}

static int add_cases(const char *suite_name, const struct unit_case *cases, size_t count,
		     const char *seed)
{
	const struct unit_case **order = calloc(count, sizeof(*order));
	CU_pSuite suite = CU_add_suite(suite_name, NULL, NULL);
	size_t i;
	int err = order && suite ? 0 : -ENOMEM;

	for (i = 0; !err && i < count; i++)
		order[i] = &cases[i];
	if (!err && seed)
		shuffle(order, count, (unsigned int)strtoul(seed, NULL, 10));
	for (i = 0; !err && i < count; i++)
		if (!CU_add_test(suite, order[i]->name, order[i]->run))
			err = -ENOMEM;
	free(order);
	return err;
}

int unit_main(const char *suite, const struct unit_case *cases, size_t count, int argc,
	      char **argv)
{
	const char *seed = argc == 3 && !strcmp(argv[1], "--shuffle") ? argv[2] : NULL;
	unsigned int failed;

	if (CU_initialize_registry() != CUE_SUCCESS || add_cases(suite, cases, count, seed) < 0) {
		fprintf(stderr, "%s: CUnit: %s\n", suite, CU_get_error_msg());
		return 2;
	}
	printf("1..%zu\n", count);
	CU_set_test_complete_handler(print_result);
	CU_run_all_tests();
	failed = CU_get_number_of_tests_failed();
	CU_cleanup_registry();
	return failed || test_number != count;
}
