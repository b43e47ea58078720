/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filter.h - system calls that a container's programs cannot make
 */
#ifndef VMTKIT_HOST_PTRACE_FILTER_H
#define VMTKIT_HOST_PTRACE_FILTER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Why the tracer is asked: the data of a seccomp stop. */
enum ptr_filter {
	PTR_FILTER_REFUSE = 1,
	PTR_FILTER_CLOCK,	/* adjtimex or clock_adjtime: reading is harmless, setting is refused */
};

/* ptr_filter_enter - for the caller and all that it starts; 0 or -errno */
int ptr_filter_enter(void);

/* ptr_filter_name - of a call, as it stands in a seccomp stop; "?" when it has none */
void ptr_filter_name(uint32_t arch, uint64_t number, char *ret, size_t size);

#endif /* VMTKIT_HOST_PTRACE_FILTER_H */
