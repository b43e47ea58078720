/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qemu_args.h - the command line and environment of QEMU for one VM
 *
 * Pure except for looking which of the usual folders a private root has.
 */
#ifndef VMTKIT_HOST_VMM_QEMU_ARGS_H
#define VMTKIT_HOST_VMM_QEMU_ARGS_H

#include <limits.h>
#include <stddef.h>

#include "host/vmm/engine.h"

#define QEMU_ARGS_MAX	512

struct qemu_args {
	char *argv[QEMU_ARGS_MAX + 1];	/* owned; ends with NULL */
	size_t argc;
	int err;			/* the first -errno while it was filled */
};

/* How the program itself is started. */
struct qemu_program {
	char binary[PATH_MAX];		/* the file that QEMU is, for messages and its identity */
	char module_dir[PATH_MAX];	/* for QEMU_MODULE_DIR; empty: not set */
	struct qemu_args start;		/* what runs it, up to the first option */
};

/*
 * qemu_program_find - from the configuration, or QEMU in PATH
 * Returns 0, or -errno with one line in @ret_text.  Free with qemu_program_done() on success.
 */
int qemu_program_find(const struct qemu_spec *spec, struct qemu_program *ret, char *ret_text,
		      size_t size);
void qemu_program_done(struct qemu_program *p);

/* Descriptors that QEMU inherits. */
struct qemu_fds {
	int qmp;
	int console;
	int ports[VM_PORTS_MAX];	/* in the order of vm_spec.ports, write-only */
};

/*
 * qemu_args_build - everything after the program
 * Returns 0, -ENOMEM or -E2BIG; free with qemu_args_done() in any case.
 */
int qemu_args_build(const struct engine_input *in, const struct qemu_program *program,
		    const struct qemu_fds *fds, struct qemu_args *ret);
void qemu_args_done(struct qemu_args *args);

#endif /* VMTKIT_HOST_VMM_QEMU_ARGS_H */
