/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz-transcript.c - a transcript from somebody else, with the model behind it
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/model/transcript.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *end = p + size, *next;
	char error[TRANSCRIPT_ERROR_MAX];
	struct transcript *t = transcript_new();

	if (!t)
		abort();
	/* a line that is refused does not end it here: there is more to find behind it */
	for (; p < end; p = next + 1) {
		next = memchr(p, '\n', (size_t)(end - p));
		if (!next)
			next = end;
		if (transcript_line(t, p, (size_t)(next - p), error) &&
		    (!memchr(error, '\0', sizeof(error)) || !*error))
			abort();
	}
	transcript_end(t, error);
	transcript_free(t);
	return 0;
}
