/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz-fault.c - rules of faults: what is read is written as it can be read again, and may fire anywhere
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/model/fault.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void line_check(const char *line, size_t len)
{
	char first[FAULT_LINE_MAX + 1], second[FAULT_LINE_MAX + 1], error[FAULT_ERROR_MAX];
	struct fault_rule rule;

	if (fault_parse(line, len, &rule, error) < 0) {
		if (!memchr(error, '\0', sizeof(error)) || !*error)
			abort();
		return;
	}
	fault_line(&rule, first);
	if (fault_parse(first, strlen(first), &rule, error) < 0)
		abort();
	if (strcmp(first, fault_line(&rule, second)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	char lines[FAULT_LINES_MAX];
	struct faults *f = faults_new();
	unsigned int where;
	enum fault_kind kind;

	if (!f)
		abort();
	line_check(text, size);
	fault_set_lines(f, text, size);
	for (kind = 0; kind < FAULT_KINDS; kind++)
		for (where = 0; where < 32; where++)
			if (fault_fires(f, kind, where) && !fault_get(f, kind))
				abort();
	if (fault_lines(f, lines) >= sizeof(lines))
		abort();
	faults_free(f);
	return 0;
}
