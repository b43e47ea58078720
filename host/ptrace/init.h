/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * init.h - the first process of a container
 */
#ifndef VMTKIT_HOST_PTRACE_INIT_H
#define VMTKIT_HOST_PTRACE_INIT_H

#include <signal.h>

#include "host/ptrace/options.h"

/* What the signals of a container's init mean; they are those of BusyBox's. */
#define PTR_INIT_POWEROFF	SIGUSR2
#define PTR_INIT_HALT		SIGUSR1
#define PTR_INIT_REBOOT		SIGTERM

/* How it ends; reboot(2) ends it by SIGINT (power off) or SIGHUP (reboot). */
#define PTR_INIT_EXIT_POWEROFF	0
#define PTR_INIT_EXIT_REBOOT	4
#define PTR_INIT_EXIT_FAILED	5	/* before the command was started; it has said why */

/* ptr_init - the exit status */
int ptr_init(const struct ptr_options *o);

/*
 * ptr_power_program - vm-container under the name of a program that switches a machine off
 * @name: poweroff, reboot, halt, shutdown or systemctl
 *
 * Returns the exit status; -1: @name is none of them.
 */
int ptr_power_program(const char *name, int argc, char **argv);

#endif /* VMTKIT_HOST_PTRACE_INIT_H */
