/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * power.c - vm-container under the names of programs that switch a machine off
 *
 * In a container there is no systemd, so these programs would fail, or ask nobody.  Here they tell
 * the container's init by a signal.  `systemctl` knows nothing else: there are no units, which it says
 * with the exit status that the real one has for a unit that is not there.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "host/base/bytes.h"
#include "host/ptrace/init.h"

#define EXIT_NO_UNIT	5

static const struct {
	const char *name;
	int signal;
} operations[] = {
	{ "poweroff", PTR_INIT_POWEROFF },
	{ "halt", PTR_INIT_HALT },
	{ "reboot", PTR_INIT_REBOOT },
};

static int tell_init(int signal)
{
	if (!kill(1, signal))
		return 0;
	fprintf(stderr, "init: %s\n", strerror(errno));
	return 1;
}

static int operation_find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(operations); i++)
		if (!strcmp(operations[i].name, name))
			return operations[i].signal;
	return 0;
}

/* A time other than now would need somebody to keep it. */
static int shutdown_program(int argc, char **argv)
{
	int signal = PTR_INIT_POWEROFF, i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-r") || !strcmp(argv[i], "--reboot"))
			signal = PTR_INIT_REBOOT;
		else if (*argv[i] != '-' && strcmp(argv[i], "now") && strcmp(argv[i], "+0")) {
			fprintf(stderr, "shutdown: this container knows no time but now\n");
			return 1;
		}
	}
	return tell_init(signal);
}

static int systemctl_program(int argc, char **argv)
{
	int i, signal;

	for (i = 1; i < argc; i++) {
		if (*argv[i] == '-')
			continue;
		signal = operation_find(argv[i]);
		if (signal)
			return tell_init(signal);
		break;
	}
	fprintf(stderr, "systemctl: this container has no units\n");
	return EXIT_NO_UNIT;
}

int ptr_power_program(const char *name, int argc, char **argv)
{
	int signal = operation_find(name);

	if (signal)
		return tell_init(signal);
	if (!strcmp(name, "shutdown"))
		return shutdown_program(argc, argv);
	if (!strcmp(name, "systemctl"))
		return systemctl_program(argc, argv);
	return -1;
}
