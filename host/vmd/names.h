/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * names.h - what somebody may have meant by a name that does not exist
 */
#ifndef VMTKIT_HOST_VMD_NAMES_H
#define VMTKIT_HOST_VMD_NAMES_H

#include <stddef.h>

/*
 * names_suggest - "did you mean ...?", or the names that there are
 * @ret: one phrase without a full stop; @size at least 64
 *
 * Returns @ret.
 */
char *names_suggest(const char *wanted, const char *const *names, size_t count, char *ret,
		    size_t size);

#endif /* VMTKIT_HOST_VMD_NAMES_H */
