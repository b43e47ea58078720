/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main.c - vm-container: the program of the process engine
 *
 * vmd starts it; people do not.  It is three programs in one: the supervisor of a container, the
 * container's init (--init), and in the container what asks that init for a power-off (by its name).
 */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "host/ptrace/init.h"
#include "host/ptrace/order.h"
#include "host/ptrace/supervisor.h"

static int usage(void)
{
	fputs("usage: vm-container --name NAME --front SOCKET --orders FD --console FD [--root FOLDER]\n"
	      "                    [--share FOLDER]... [--share-rw FOLDER]... [--on-reboot-stop]\n"
	      "                    -- COMMAND\n"
	      "vmd starts it, for a VM with `engine process'.\n", stderr);
	return 2;
}

static int share_add(struct ptr_options *o, const char *path, bool writable)
{
	if (o->share_count == PTR_SHARES_MAX)
		return -1;
	o->shares[o->share_count++] = (struct ptr_share){ .path = path, .writable = writable };
	return 0;
}

/* Whether it is complete. */
static bool options_parse(struct ptr_options *o, int argc, char **argv, bool *ret_init)
{
	static const struct option longs[] = {
		{ "name", required_argument, NULL, 'n' },
		{ "front", required_argument, NULL, 'f' },
		{ "orders", required_argument, NULL, 'o' },
		{ "console", required_argument, NULL, 'c' },
		{ "root", required_argument, NULL, 'r' },
		{ "share", required_argument, NULL, 's' },
		{ "share-rw", required_argument, NULL, 'w' },
		{ "on-reboot-stop", no_argument, NULL, 'b' },
		{ "init", no_argument, NULL, 'i' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "+", longs, NULL)) != -1) {
		switch (c) {
		case 'n':
			o->name = optarg;
			break;
		case 'f':
			o->front = optarg;
			break;
		case 'o':
			o->orders_fd = atoi(optarg);
			break;
		case 'c':
			o->console_fd = atoi(optarg);
			break;
		case 'r':
			o->root = optarg;
			break;
		case 's':
		case 'w':
			if (share_add(o, optarg, c == 'w') < 0)
				return false;
			break;
		case 'b':
			o->on_reboot_stop = true;
			break;
		case 'i':
			*ret_init = true;
			break;
		default:
			return false;
		}
	}
	o->command = argv[optind];
	return o->name && o->front && o->command && optind == argc - 1 && o->orders_fd > 2 &&
	       o->console_fd > 2;
}

/* The same words with --init before the others; lasts as long as the program. */
static char **init_argv(int argc, char **argv)
{
	char **copy = calloc((size_t)argc + 2, sizeof(*copy));

	if (!copy)
		return NULL;
	copy[0] = (char *)"vm-container";
	copy[1] = (char *)"--init";
	memcpy(copy + 2, argv + 1, (size_t)(argc - 1) * sizeof(*copy));
	return copy;
}

int main(int argc, char **argv)
{
	static char program[PATH_MAX];
	struct ptr_options o = { .root = "", .program = program };
	const char *name = strrchr(argv[0], '/');
	bool init = false;
	ssize_t n;
	int status;

	status = ptr_power_program(name ? name + 1 : argv[0], argc, argv);
	if (status >= 0)
		return status;
	if (argc == 2 && !strcmp(argv[1], "--version")) {
		puts("vm-container (" PACKAGE_NAME ") " PACKAGE_VERSION);
		return 0;
	}
	if (!options_parse(&o, argc, argv, &init))
		return usage();
	if (!strcmp(o.root, "/"))
		o.root = "";
	if (init)
		return ptr_init(&o);
	o.argv = init_argv(argc, argv);
	n = readlink("/proc/self/exe", program, sizeof(program) - 1);
	if (!o.argv || n < 0) {
		fputs("vm-container: out of memory\n", stderr);
		return PTR_EXIT_FAILED;
	}
	return supervisor_run(&o);
}
