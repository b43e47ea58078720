/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rootfs.h - the file system that a container sees
 */
#ifndef VMTKIT_HOST_PTRACE_ROOTFS_H
#define VMTKIT_HOST_PTRACE_ROOTFS_H

#include "host/ptrace/options.h"

/* What stands in for the programs that talk to systemd; first in PATH. */
#define ROOTFS_BIN	"/run/vm-container"

/*
 * rootfs_enter - build it in our mount namespace, and make it the root
 * Returns 0, or -errno after a line on standard error.
 */
int rootfs_enter(const struct ptr_options *o);

#endif /* VMTKIT_HOST_PTRACE_ROOTFS_H */
