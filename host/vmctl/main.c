/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main.c - vmctl's command line
 *
 * Options may stand before the verb, after it, and between its operands; `--` ends them.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "host/vmctl/vmctl.h"

const struct verb *verb_running;

void complain(const char *fmt, ...)
{
	va_list ap;

	fputs("vmctl: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

int verb_usage(void)
{
	fprintf(stderr, "usage: vmctl %s %s\n", verb_running->name, verb_running->args);
	return CTL_CODE_USAGE;
}

static void help(void)
{
	size_t i;

	puts("usage: vmctl [-s socket] VERB [ARGUMENT]...\n\nVerbs (an unambiguous beginning will do):");
	for (i = 0; i < verb_count; i++)
		printf("  %-9s %s\n", verbs[i].name, verbs[i].does);
	puts("\nOptions:\n"
	     "  -s socket     control socket of vmd\n"
	     "  --help        show this, or after a verb its usage\n"
	     "  --version     show the version");
}

static void verb_help(void)
{
	printf("usage: vmctl %s %s\n\n%s\n", verb_running->name, verb_running->args,
	       verb_running->does);
	if (verb_running->options)
		printf("\n%s", verb_running->options);
}

static int timeout_parse(const char *text, struct options *o)
{
	char *end;
	double s = strtod(text, &end);

	if (*text < '0' || *text > '9' || *end || s > 1e6) {
		complain("--timeout takes seconds from 0 to 1000000, not \"%s\"", text);
		return CTL_CODE_USAGE;
	}
	o->timeout_ms = s > 0 && s < 0.001 ? 1 : (uint32_t)(s * 1000);
	o->timeout_given = true;
	return 0;
}

enum {
	OPT_TIMEOUT = 256,
	OPT_READONLY,
	OPT_CONSOLE,
	OPT_LIST,
	OPT_CLEAR,
	OPT_COUNT,
	OPT_AFTER,
	OPT_PROBABILITY,
	OPT_SEED,
	OPT_VERSION,
};

/* 0, or an exit status + 1 to end with */
static int option_take(struct options *o, int c)
{
	switch (c) {
	case 's':
		o->socket = optarg;
		return 0;
	case 'j':
		o->json = true;
		return 0;
	case 'w':
		o->wait = true;
		return 0;
	case 'f':
		o->force = true;
		return 0;
	case 'k':
		o->keep = true;
		return 0;
	case 'h':
		o->help = true;
		return 0;
	case OPT_READONLY:
		o->readonly = true;
		return 0;
	case OPT_CONSOLE:
		o->console = true;
		return 0;
	case OPT_LIST:
		o->list = true;
		return 0;
	case OPT_CLEAR:
		o->clear = true;
		return 0;
	case OPT_COUNT:
		o->count = optarg;
		return 0;
	case OPT_AFTER:
		o->after = optarg;
		return 0;
	case OPT_PROBABILITY:
		o->probability = optarg;
		return 0;
	case OPT_SEED:
		o->seed = optarg;
		return 0;
	case OPT_TIMEOUT:
		return timeout_parse(optarg, o) ? CTL_CODE_USAGE + 1 : 0;
	case OPT_VERSION:
		puts("vmctl (" PACKAGE_NAME ") " PACKAGE_VERSION);
		return CTL_CODE_OK + 1;
	}
	if (verb_running)
		verb_usage();
	else
		fputs("usage: vmctl [-s socket] VERB [ARGUMENT]...; see vmctl --help\n", stderr);
	return CTL_CODE_USAGE + 1;
}

/* Options up to the first operand (@mode "+") or among all of them (""). */
static int options_parse(struct options *o, int argc, char **argv, const char *mode)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },
		{ "wait", no_argument, NULL, 'w' },
		{ "force", no_argument, NULL, 'f' },
		{ "keep", no_argument, NULL, 'k' },
		{ "socket", required_argument, NULL, 's' },
		{ "timeout", required_argument, NULL, OPT_TIMEOUT },
		{ "readonly", no_argument, NULL, OPT_READONLY },
		{ "console", no_argument, NULL, OPT_CONSOLE },
		{ "list", no_argument, NULL, OPT_LIST },
		{ "clear", no_argument, NULL, OPT_CLEAR },
		{ "count", required_argument, NULL, OPT_COUNT },
		{ "after", required_argument, NULL, OPT_AFTER },
		{ "probability", required_argument, NULL, OPT_PROBABILITY },
		{ "seed", required_argument, NULL, OPT_SEED },
		{ "version", no_argument, NULL, OPT_VERSION },
		{ NULL, 0, NULL, 0 },
	};
	char shorts[16];
	int c, end = 0;

	snprintf(shorts, sizeof(shorts), "%shjwfks:", mode);
	while (!end && (c = getopt_long(argc, argv, shorts, longs, NULL)) != -1)
		end = option_take(o, c);
	return end;
}

static const struct verb *verb_find(const char *word)
{
	const struct verb *found = NULL;
	size_t i, len = strlen(word);

	for (i = 0; i < verb_count; i++) {
		if (strncmp(word, verbs[i].name, len))
			continue;
		if (!verbs[i].name[len])
			return &verbs[i];
		if (found) {
			complain("verb \"%s\" is ambiguous: %s, %s", word, found->name, verbs[i].name);
			return NULL;
		}
		found = &verbs[i];
	}
	if (!found)
		complain("there is no verb \"%s\"; see vmctl --help", word);
	return found;
}

int main(int argc, char **argv)
{
	static const char program[] = "vmctl";	/* as getopt's messages begin */
	struct options o = { 0 };
	int end, status;

	signal(SIGPIPE, SIG_IGN);
	argv[0] = (char *)program;
	end = options_parse(&o, argc, argv, "+");
	if (end)
		return end - 1;
	if (o.help) {
		help();
		return 0;
	}
	if (optind == argc) {
		fputs("usage: vmctl [-s socket] VERB [ARGUMENT]...; see vmctl --help\n", stderr);
		return CTL_CODE_USAGE;
	}
	verb_running = verb_find(argv[optind]);
	if (!verb_running)
		return CTL_CODE_USAGE;
	argc -= optind;
	argv += optind;
	argv[0] = (char *)program;
	optind = 0;
	end = options_parse(&o, argc, argv, "");
	if (end)
		return end - 1;
	if (o.help) {
		verb_help();
		return 0;
	}
	status = verb_running->run(&o, argc - optind, argv + optind);
	if (fflush(stdout) && !status) {
		complain("standard output: %s", strerror(errno));
		status = CTL_CODE_FAILED;
	}
	return status;
}
