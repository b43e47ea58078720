/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracer.h - catches the backdoor's instructions in the programs of a container
 *
 * Every process and thread of the container is a tracee of the calling thread, and ends with it.
 */
#ifndef VMTKIT_HOST_PTRACE_TRACER_H
#define VMTKIT_HOST_PTRACE_TRACER_H

#include <stdbool.h>
#include <sys/types.h>

struct tracer;
struct trap;

/* tracer_new - NULL when memory is short.  @trap: must outlive it */
struct tracer *tracer_new(struct trap *trap);

/* tracer_attach - trace a process, which runs, and all that it starts; 0 or -errno */
int tracer_attach(struct tracer *t, pid_t pid);

/*
 * tracer_stopped - deal with what waitpid(-1, &status, __WALL) told of a tracee
 * Not for the end of the first process, whose status is the caller's business.
 */
void tracer_event(struct tracer *t, pid_t pid, int status);

/* tracer_pause - every tracee stops soon; tracer_is_paused() tells when all have */
void tracer_pause(struct tracer *t);
bool tracer_is_paused(const struct tracer *t);
void tracer_resume(struct tracer *t);

/* tracer_forget - all tracees are gone, and it is not paused */
void tracer_forget(struct tracer *t);

#endif /* VMTKIT_HOST_PTRACE_TRACER_H */
