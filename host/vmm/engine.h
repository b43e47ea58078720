/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine.h - what runs a VM: its input, its news, its orders, and how it can end
 *
 * An engine starts a machine from a vm_spec and the sockets of the fronts, tells what becomes of it by
 * engine_ops, and takes few orders.  Orders are queued and return at once; nothing here waits.
 */
#ifndef VMTKIT_HOST_VMM_ENGINE_H
#define VMTKIT_HOST_VMM_ENGINE_H

#include <sys/types.h>

#include "host/vmm/spec.h"

#define ENGINE_TEXT_MAX	512	/* bytes of a message of one line */

struct event_base;

enum engine_end {
	ENGINE_END_GUEST,	/* the guest powered itself off */
	ENGINE_END_REBOOT,	/* it rebooted, and on-reboot is stop */
	ENGINE_END_QUIT,	/* engine_quit() */
	ENGINE_END_FAILED,	/* did not start, or crashed; the text says why */
};

enum engine_order {
	ENGINE_POWER_BUTTON,
	ENGINE_PAUSE,
	ENGINE_RESUME,
	ENGINE_RESET,
};

struct engine_input {
	const struct vm_spec *vm;
	const struct qemu_spec *qemu;
	const char *container;		/* program of the process engine */
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

struct engine;

/* One kind of engine; see the functions below for what each does. */
struct engine_class {
	const char *name;		/* of its program, for people */
	int (*start)(struct event_base *base, const struct engine_input *in,
		     const struct engine_ops *ops, void *data, struct engine **ret, char *ret_text);
	void (*free)(struct engine *e);
	pid_t (*pid)(const struct engine *e);
	void (*quit)(struct engine *e);
	int (*order)(struct engine *e, enum engine_order what, engine_done_fn done, void *data);
};

struct engine {
	const struct engine_class *class;
};

extern const struct engine_class engine_qemu;		/* runs an unmodified QEMU */
extern const struct engine_class engine_process;	/* a container and no machine */

/*
 * engine_start - check what is needed, open the files of the VM, start its program
 * @base: its SIGCHLD is used from here on
 * @in: only used during the call; the sockets it names must be listening
 * @ret_text: on failure one line with cause and remedy, ENGINE_TEXT_MAX bytes
 *
 * Returns 0 or -errno.  engine_ops.up comes when the machine runs, .ended in any case.
 */
int engine_start(struct event_base *base, const struct engine_input *in,
		 const struct engine_ops *ops, void *data, struct engine **ret, char *ret_text);

/* engine_free - kills its program if it still runs.  NULL is fine. */
void engine_free(struct engine *e);

/* engine_pid - of its program; 0: there is none */
pid_t engine_pid(const struct engine *e);

/* engine_quit - end without asking the guest, within seconds */
void engine_quit(struct engine *e);

/* engine_order - 0, or -errno when it cannot even be sent; @done (may be NULL) tells the rest */
int engine_order(struct engine *e, enum engine_order what, engine_done_fn done, void *data);

#endif /* VMTKIT_HOST_VMM_ENGINE_H */
