/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * transcript.h - replay a recording of GuestRPC against the model
 *
 * Lines are those of transcript(5).  A line that goes in is given to a model of its own, with the clock
 * that the line says; what the model says then must be what the following lines say, in that order.
 * Pure: no I/O and no clock.
 */
#ifndef VMTKIT_HOST_MODEL_TRANSCRIPT_H
#define VMTKIT_HOST_MODEL_TRANSCRIPT_H

#include <stddef.h>

#define TRANSCRIPT_LINE_MAX	(300u << 10)	/* bytes; a message of 64 KiB in escapes */
#define TRANSCRIPT_ERROR_MAX	512		/* bytes of a message, with its NUL */

struct transcript;

/* transcript_new - a model as before the guest's first instruction; NULL when memory is short */
struct transcript *transcript_new(void);
void transcript_free(struct transcript *t);	/* NULL is fine */

/*
 * transcript_line - the next line
 * @line: @len bytes without the newline; may hold anything
 * @ret_error: TRANSCRIPT_ERROR_MAX bytes; on failure what is wrong, in printable ASCII
 *
 * Returns 0; -EINVAL: the line is none; -EPROTO: the model does not do what it says; -ENOMEM.
 */
int transcript_line(struct transcript *t, const char *line, size_t len, char *ret_error);

/* transcript_end - no more lines; -EPROTO if the model said more */
int transcript_end(struct transcript *t, char *ret_error);

#endif /* VMTKIT_HOST_MODEL_TRANSCRIPT_H */
