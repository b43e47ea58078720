/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine.h - what runs a VM: its input, its news, and how it can end
 *
 * The types that every engine shares.  An engine starts a machine from a vm_spec and the sockets of
 * the fronts, tells what becomes of it by engine_ops, and takes few orders: power button, pause,
 * resume, reset, quit.  The orders of the QEMU engine are in engine_qemu.h.
 */
#ifndef VMTKIT_HOST_VMM_ENGINE_H
#define VMTKIT_HOST_VMM_ENGINE_H

#include "host/vmm/spec.h"

#define ENGINE_TEXT_MAX	512	/* bytes of a message of one line */

enum engine_end {
	ENGINE_END_GUEST,	/* the guest powered itself off */
	ENGINE_END_REBOOT,	/* it rebooted, and on-reboot is stop */
	ENGINE_END_QUIT,	/* engine_*_quit() */
	ENGINE_END_FAILED,	/* did not start, or crashed; the text says why */
};

struct engine_input {
	const struct vm_spec *vm;
	const struct qemu_spec *qemu;
	const char *uuid;		/* 36 characters */
	const char *version_cache;	/* file for qemu_version_ask() */
	const char *vmci_socket;	/* path where the vfio-user server listens; NULL: no device */
	const char *front_socket;	/* path where the front server listens; NULL: no backdoor */
	int console_fd;			/* stream socket for the first serial port; not taken over */
};

struct engine_ops {
	/* The machine runs. */
	void (*up)(void *data);
	/* The machine was reset in place. */
	void (*reset)(void *data);
	/* It is paused, or goes on. */
	void (*paused)(void *data, int paused);
	/* A line that the engine's program printed; not yet escaped. */
	void (*output)(void *data, const char *line);
	/*
	 * It has ended and its process is reaped; only freeing the engine is left to do, not in here.
	 * @text: one line for people, always there
	 */
	void (*ended)(void *data, enum engine_end how, const char *text);
};

/* How an order went: 0 or -errno with a line of text. */
typedef void (*engine_done_fn)(void *data, int err, const char *text);

#endif /* VMTKIT_HOST_VMM_ENGINE_H */
