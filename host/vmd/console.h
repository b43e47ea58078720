/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console.h - a VM's first serial port: its log, and those who look at it
 */
#ifndef VMTKIT_HOST_VMD_CONSOLE_H
#define VMTKIT_HOST_VMD_CONSOLE_H

#include <stddef.h>

#define CONSOLE_LOG_MAX		(16u << 20)	/* bytes; then it is moved to PATH.1 and begun anew */
#define CONSOLE_VIEWERS_MAX	8

struct console;
struct event_base;

/*
 * console_new - write what comes from a serial port to a file
 * @path: of the log; one that exists is moved to PATH.1
 * @ret_guest_fd: the other end of the port, for the engine; the caller owns it
 *
 * Returns NULL and sets errno.
 */
struct console *console_new(struct event_base *base, const char *path, int *ret_guest_fd);

/* console_free - writes what has come already; viewers are hung up on.  NULL is fine. */
void console_free(struct console *c);

/*
 * console_attach - copy the port to a stream socket and back until it hangs up
 * @fd: owned from here on, also on failure
 *
 * A viewer that is slow loses output, never holds the guest up.  Returns 0, -EBUSY or -ENOMEM.
 */
int console_attach(struct console *c, int fd);

#endif /* VMTKIT_HOST_VMD_CONSOLE_H */
