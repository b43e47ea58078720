/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * container.h - namespaces of their own for a container's init
 */
#ifndef VMTKIT_HOST_PTRACE_CONTAINER_H
#define VMTKIT_HOST_PTRACE_CONTAINER_H

#include <sys/types.h>

#include "host/ptrace/options.h"

/*
 * container_clone - make the container and a process in it that waits on the pair
 * @ret_go_fd: our end of the pair: container_go() is told by it, and what the init answers comes there
 *
 * The process is a child with no memory but a copy of ours.  Returns its pid, or -errno after a line
 * on standard error.
 */
pid_t container_clone(const struct ptr_options *o, int *ret_go_fd);

/*
 * container_go - give the process its user and let it become init: this program with --init
 * Returns 0, or -errno after a line on standard error.
 */
int container_go(pid_t pid, int go_fd);

#endif /* VMTKIT_HOST_PTRACE_CONTAINER_H */
