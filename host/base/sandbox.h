/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sandbox.h - what a VM process gives up once all it needs is open
 */
#ifndef VMTKIT_HOST_BASE_SANDBOX_H
#define VMTKIT_HOST_BASE_SANDBOX_H

/*
 * sandbox_limits - as many descriptors as the hard limit gives, no core dumps, no new privileges
 * Returns 0 or -errno.
 */
int sandbox_limits(void);

/*
 * sandbox_enter - allow only the system calls of an event loop over sockets and open files
 *
 * Everything else fails with EPERM from then on, in particular programs, processes, other socket
 * families than UNIX and other users.  There is no way back.  Returns 0 or -errno.
 */
int sandbox_enter(void);

#endif /* VMTKIT_HOST_BASE_SANDBOX_H */
