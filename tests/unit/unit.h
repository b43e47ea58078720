/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unit.h - what every unit test includes: CUnit, and a main() that speaks TAP
 *
 * A test program has a table of cases, each a sentence and a function, and hands it to unit_main():
 * one TAP line for each case, its failed assertions as comments, exit status 1 if any failed.
 * `--shuffle SEED` runs the cases in another order, so that none can lean on another.
 */
#ifndef VMTKIT_TESTS_UNIT_H
#define VMTKIT_TESTS_UNIT_H

#include <stddef.h>

#include <CUnit/CUnit.h>

struct unit_case {
	const char *name;	/* a sentence that is true when the case passes */
	void (*run)(void);
};

int unit_main(const char *suite, const struct unit_case *cases, size_t count, int argc,
	      char **argv);

#define UNIT_MAIN(suite, cases)                                                                    \
	int main(int argc, char **argv)                                                            \
	{                                                                                          \
		return unit_main(suite, cases, sizeof(cases) / sizeof((cases)[0]), argc, argv);    \
	}

#endif /* VMTKIT_TESTS_UNIT_H */
