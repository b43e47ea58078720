/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * names.c - what somebody may have meant by a name that does not exist
 */
#include <stdio.h>
#include <string.h>

#include "host/vmd/names.h"

#define NAME_LEN	64
#define LISTED_MAX	8

/* Letters to change, add or take out to make one name the other. */
static size_t distance(const char *a, const char *b)
{
	size_t row[NAME_LEN + 1], la = strnlen(a, NAME_LEN), lb = strnlen(b, NAME_LEN), i, j;

	for (j = 0; j <= lb; j++)
		row[j] = j;
	for (i = 1; i <= la; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (j = 1; j <= lb; j++) {
			size_t above = row[j], best = diagonal + (a[i - 1] != b[j - 1]);

			if (above + 1 < best)
				best = above + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = above;
			row[j] = best;
		}
	}
	return row[lb];
}

char *names_suggest(const char *wanted, const char *const *names, size_t count, char *ret,
		    size_t size)
{
	size_t i, best = NAME_LEN, len = strlen(wanted), at = 0;
	const char *name = NULL;

	for (i = 0; i < count; i++) {
		size_t d = distance(wanted, names[i]);

		if (len && !strncmp(wanted, names[i], len))
			d = 1;
		if (d < best) {
			best = d;
			name = names[i];
		}
	}
	if (!count) {
		snprintf(ret, size, "vm.conf defines none");
	} else if (best <= 1 + len / 4) {
		snprintf(ret, size, "did you mean \"%s\"?", name);
	} else {
		at = (size_t)snprintf(ret, size, "there %s", count == 1 ? "is" : "are");
		for (i = 0; i < count && i < LISTED_MAX && at < size; i++)
			at += (size_t)snprintf(ret + at, size - at, "%s \"%s\"", i ? "," : "", names[i]);
		if (count > LISTED_MAX && at < size)
			snprintf(ret + at, size - at, " and %zu more", count - LISTED_MAX);
	}
	return ret;
}
