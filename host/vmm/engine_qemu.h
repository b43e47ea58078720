/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine_qemu.h - the engine that runs an unmodified QEMU
 *
 * Orders are queued for QEMU and return at once; nothing here waits for it.
 */
#ifndef VMTKIT_HOST_VMM_ENGINE_QEMU_H
#define VMTKIT_HOST_VMM_ENGINE_QEMU_H

#include <sys/types.h>

#include "host/vmm/engine.h"

struct event_base;
struct engine_qemu;

/*
 * engine_qemu_start - check QEMU's version, open the files of the ports, start QEMU
 * @base: its SIGCHLD is used from here on
 * @in: only used during the call; the sockets it names must be listening
 * @ret_text: on failure one line with cause and remedy, ENGINE_TEXT_MAX bytes
 *
 * Returns 0 or -errno.  engine_ops.up comes when the machine runs, .ended in any case.
 */
int engine_qemu_start(struct event_base *base, const struct engine_input *in,
		      const struct engine_ops *ops, void *data, struct engine_qemu **ret,
		      char *ret_text);

/* engine_qemu_free - kills QEMU if it still runs.  NULL is fine. */
void engine_qemu_free(struct engine_qemu *e);

pid_t engine_qemu_pid(const struct engine_qemu *e);

/* engine_qemu_quit - end without asking the guest: by QMP, after 3 s by SIGKILL */
void engine_qemu_quit(struct engine_qemu *e);

/* Orders; 0, or -errno when they cannot even be sent; @done (may be NULL) tells the rest. */
int engine_qemu_power_button(struct engine_qemu *e, engine_done_fn done, void *data);
int engine_qemu_pause(struct engine_qemu *e, engine_done_fn done, void *data);
int engine_qemu_resume(struct engine_qemu *e, engine_done_fn done, void *data);
int engine_qemu_reset(struct engine_qemu *e, engine_done_fn done, void *data);

#endif /* VMTKIT_HOST_VMM_ENGINE_QEMU_H */
