/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * options.h - the command line of vm-container
 */
#ifndef VMTKIT_HOST_PTRACE_OPTIONS_H
#define VMTKIT_HOST_PTRACE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#define PTR_SHARES_MAX	16
#define PTR_GO_FD	3	/* of the container's init: its end of the pair with the supervisor */
#define PTR_CONSOLE_FD	4	/* of the container's init */

struct ptr_share {
	const char *path;	/* the same outside and inside */
	bool writable;
};

struct ptr_options {
	const char *program;	/* path of vm-container itself */
	const char *name;	/* the container's host name */
	const char *front;	/* socket of the VM process */
	const char *root;	/* folder whose system folders the container sees */
	const char *command;	/* for the shell */
	struct ptr_share shares[PTR_SHARES_MAX];
	size_t share_count;
	int orders_fd;
	int console_fd;
	bool on_reboot_stop;
	char **argv;		/* all of it, for the init */
};

#endif /* VMTKIT_HOST_PTRACE_OPTIONS_H */
