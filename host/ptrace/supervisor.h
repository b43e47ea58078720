/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * supervisor.h - runs one container for a VM process
 */
#ifndef VMTKIT_HOST_PTRACE_SUPERVISOR_H
#define VMTKIT_HOST_PTRACE_SUPERVISOR_H

#include "host/ptrace/options.h"

/* supervisor_run - until the container powers off; returns enum ptr_exit, faults were printed */
int supervisor_run(const struct ptr_options *o);

#endif /* VMTKIT_HOST_PTRACE_SUPERVISOR_H */
