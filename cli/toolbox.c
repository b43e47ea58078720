/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolbox.c - vmware-toolbox-cmd, for the scripts that call it
 *
 * Commands, streams, exit codes and the short texts that scripts compare are those of open-vm-tools,
 * as a run of both over one list of command lines shows; help and explanations are our own.  It reads
 * what holds, of both configuration files, and writes tools.conf.  See vmware-toolbox-cmd(1).
 */
#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/conffile.h"
#include "cli/script.h"
#include "lib/conf.h"

struct call {
	const char *program;	/* as it was called */
	const char *command;
	char **args;		/* after the command, ended by NULL */
};

static int try_help(const struct call *c)
{
	fprintf(stderr, "Try '%s help%s%s' for more information.\n", c->program, c->command ? " " : "",
		c->command ? c->command : "");
	return CLI_USAGE;
}

static int missing(const struct call *c, const char *what)
{
	fprintf(stderr, "%s: Missing %s\n", c->program, what);
	return try_help(c);
}

static int unknown(const struct call *c, const char *what, const char *name)
{
	fprintf(stderr, "%s: Unknown %s '%s'\n", c->program, what, name);
	return try_help(c);
}

static int timesync(const struct call *c)
{
	g_autoptr(GError) error = NULL;
	gboolean on;

	if (!strcmp(c->args[0], "status"))
		return vmt_host_keeps_clock(&on, &error) ? timesync_report(on) : cli_error(error);
	if (strcmp(c->args[0], "enable") && strcmp(c->args[0], "disable"))
		return unknown(c, "subcommand", c->args[0]);
	return timesync_set(!strcmp(c->args[0], "enable"), &error) ? CLI_OK : cli_error(error);
}

static int stat(const struct call *c)
{
	g_autoptr(GError) error = NULL;
	const char *failed;

	if (stat_run(c->args[0], &failed, &error))
		return CLI_OK;
	if (!failed)
		return unknown(c, "subcommand", c->args[0]);
	fprintf(stderr, "%s\n", failed);
	return CLI_TEMPFAIL;
}

static int device(const struct call *c)
{
	const char *verb = c->args[0];
	VmtDevice found;

	if (!strcmp(verb, "list"))
		return device_list();
	if (strcmp(verb, "status") && strcmp(verb, "enable") && strcmp(verb, "disable"))
		return unknown(c, "subcommand", verb);
	if (!c->args[1])
		return missing(c, "device name");
	if (!device_find(c->args[1], &found)) {
		fprintf(stderr, "Error fetching interface information: device not found.\n");
		return CLI_NOT_FOUND;
	}
	if (!strcmp(verb, "status"))
		return device_status(&found);
	if (vmt_host_device_connect(&found, !strcmp(verb, "enable"), NULL))
		return CLI_OK;
	fprintf(stderr, "Unable to %sconnect device %s.\n", *verb == 'e' ? "" : "dis", found.name);
	return CLI_TEMPFAIL;
}

static int disk(const struct call *c)
{
	const char *verb = c->args[0];
	gboolean place = !strcmp(verb, "shrink") || !strcmp(verb, "wipe");

	if (!place && strcmp(verb, "list") && strcmp(verb, "shrinkonly"))
		return unknown(c, "subcommand", verb);
	if (place && !c->args[1])
		return missing(c, "mount point");
	fprintf(stderr, "%s\n", disk_refusal());
	if (!place)
		return CLI_TEMPFAIL;
	fprintf(stderr, "Unable to find partition %s\n", c->args[1]);
	return CLI_NOT_FOUND;
}

static int written(gboolean ok, const GError *error)
{
	if (ok)
		return CLI_OK;
	fprintf(stderr, "Error writing config: %s\n", error->message);
	return CLI_TEMPFAIL;
}

static int script_current_print(const struct call *c, const struct script_type *type)
{
	g_autofree char *path = script_current(type);

	if (path)
		printf("%s\n", path);
	else
		fprintf(stderr, "No script for operation %s.\n", c->args[0]);
	return path ? CLI_OK : CLI_TEMPFAIL;
}

static int script(const struct call *c)
{
	const struct script_type *type = script_type(c->args[0]);
	g_autofree char *by_default = NULL;
	g_autoptr(GError) error = NULL;
	const char *verb = c->args[1];

	if (!type)
		return unknown(c, "script type", c->args[0]);
	if (!verb)
		return missing(c, "subcommand");
	if (!strcmp(verb, "current"))
		return script_current_print(c, type);
	if (!strcmp(verb, "default")) {
		by_default = script_default(type);
		printf("%s\n", by_default);
		return CLI_OK;
	}
	if (!strcmp(verb, "enable") || !strcmp(verb, "disable"))
		return written(script_set(type, CONF_TOOLS, *verb == 'e' ? NULL : "", &error), error);
	if (strcmp(verb, "set"))
		return unknown(c, "subcommand", verb);
	if (!c->args[2])
		return missing(c, "script path");
	if (!g_file_test(c->args[2], G_FILE_TEST_EXISTS)) {
		fprintf(stderr, "%s doesn't exist.\n", c->args[2]);
		return CLI_NOT_FOUND;
	}
	return written(script_set(type, CONF_TOOLS, c->args[2], &error), error);
}

/* What holds now, as far as it is set; an unset key is an exit status of its own */
static int config_get(const char *group, const char *key)
{
	static const char *const paths[] = { CONF_TOOLS, CONF_OWN, NULL };
	struct conf_file *file = conf_file_read(paths, NULL, NULL);
	const GPtrArray *entries = conf_file_entries(file);
	const char *value = NULL;
	guint i;

	for (i = 0; i < entries->len; i++) {
		const struct conf_entry *e = g_ptr_array_index(entries, i);

		if (!strcmp(e->group, group) && !strcmp(e->key, key))
			value = e->value;
	}
	if (value)
		printf("[%s] %s = %s\n", group, key, value);
	else
		printf("[%s] %s UNSET\n", group, key);
	conf_file_free(file);
	return value ? CLI_OK : CLI_UNAVAILABLE;
}

static int config(const struct call *c)
{
	const char *verb = c->args[0], *group = c->args[1], *key = group ? c->args[2] : NULL;
	g_autoptr(GError) error = NULL;

	if (!group)
		return missing(c, "config section");
	if (!key)
		return missing(c, "config key");
	if (!strcmp(verb, "get"))
		return config_get(group, key);
	if (!strcmp(verb, "remove"))
		return written(conffile_set(CONF_TOOLS, group, key, NULL, &error), error);
	if (strcmp(verb, "set"))
		return unknown(c, "subcommand", verb);
	if (!c->args[3])
		return missing(c, "config value");
	return written(conffile_set(CONF_TOOLS, group, key, c->args[3], &error), error);
}

static int logging_level(const struct call *c, gboolean set, const char *service, const char *level)
{
	static const char *const paths[] = { CONF_TOOLS, CONF_OWN, NULL };
	g_autofree char *key = g_strconcat(service, ".level", NULL), *wrong = NULL;
	g_autoptr(GError) error = NULL;
	struct conf_file *file;
	enum conf_fault fault;
	const char *value;

	if (set && (!strcmp(level, "none") ||
		    (!conf_check("logging", "vmsvc.level", level, &fault, &wrong))))
		return unknown(c, "logging level", level);
	if (set)
		return written(conffile_set(CONF_TOOLS, "logging", key, level, &error), error);
	file = conf_file_read(paths, NULL, NULL);
	value = conf_text(file, "logging", key);
	printf("%s = %s\n", key, value ? value : "message");
	conf_file_free(file);
	return CLI_OK;
}

static int logging(const struct call *c)
{
	const char *verb = c->args[1], *service = verb ? c->args[2] : NULL;
	gboolean set = verb && !strcmp(verb, "set");

	if (!verb)
		return missing(c, "logging operation");
	if (strcmp(c->args[0], "level"))
		return unknown(c, "subcommand", c->args[0]);
	if (!set && strcmp(verb, "get"))
		return unknown(c, "logging operation", verb);
	if (!service)
		return missing(c, "logging servicename");
	if (set && !c->args[3])
		return missing(c, "logging level");
	return logging_level(c, set, service, c->args[3]);
}

/* The agent tells the host of every change by itself; asked for, it tells all once more */
static int info(const struct call *c)
{
	char *reload[] = { (char *)"systemctl", (char *)"reload", (char *)"vmtd.service", NULL };
	int status;

	if (strcmp(c->args[0], "update"))
		return unknown(c, "info operation", c->args[0]);
	if (!c->args[1])
		return missing(c, "info infoclass");
	if (strcmp(c->args[1], "network"))
		return unknown(c, "info infoclass", c->args[1]);
	if (g_spawn_sync(NULL, reload, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL,
			 NULL, NULL, &status, NULL) && status == 0)
		return CLI_OK;
	fprintf(stderr, "%s: update failed: vmtd does not run\n", c->program);
	return CLI_TEMPFAIL;
}

static const struct command {
	const char *name;
	int (*run)(const struct call *c);
	gboolean for_root;
	const char *first;	/* what must follow, as errors call it */
	const char *args, *help;
} commands[] = {
	{ "config", config, TRUE, "subcommand",
	  "get SECTION KEY | set SECTION KEY VALUE | remove SECTION KEY", "the configuration of the agent" },
	{ "device", device, FALSE, "subcommand", "list | status NAME | enable NAME | disable NAME",
	  "devices that the host connects and disconnects" },
	{ "disk", disk, TRUE, "subcommand", "list | shrink PLACE | shrinkonly | wipe PLACE",
	  "tells why no disk is shrunk" },
	{ "info", info, TRUE, "subcommand", "update network", "tells the host about this machine" },
	{ "logging", logging, TRUE, "subcommand", "level get SERVICE | level set SERVICE LEVEL",
	  "how much the agent logs" },
	{ "script", script, TRUE, "script type",
	  "power|resume|suspend|shutdown enable | disable | set PATH | default | current",
	  "which script runs at a change of power" },
	{ "stat", stat, FALSE, "subcommand", "hosttime | speed", "what the host tells in numbers" },
	{ "timesync", timesync, FALSE, "subcommand", "enable | disable | status",
	  "whether the host has our clock corrected" },
};

static const struct command *command_find(const char *name)
{
	guint i;

	for (i = 0; i < G_N_ELEMENTS(commands); i++)
		if (!strcmp(name, commands[i].name))
			return &commands[i];
	return NULL;
}

/* @name NULL: about the program as a whole */
static int help(const char *program, const char *name)
{
	const struct command *command = name ? command_find(name) : NULL;
	guint i;

	if (command) {
		printf("%s: %s\nUsage: %s %s %s\n", command->name, command->help, program, command->name,
		       command->args);
		return CLI_OK;
	}
	printf("Usage: %s [-q] COMMAND ARGUMENT...\n       %s -v | -h | help [COMMAND]\n\n", program, program);
	for (i = 0; i < G_N_ELEMENTS(commands); i++)
		printf("   %-9s %s\n", commands[i].name, commands[i].help);
	printf("\n-q prints nothing on standard output, -v prints the version.\n");
	if (!name)
		return CLI_OK;
	fprintf(stderr, "%s: Unknown subcommand '%s'\n", program, name);
	return CLI_USAGE;
}

static int run(struct call *c, char **args)
{
	const struct command *command = args[0] ? command_find(args[0]) : NULL;

	if (!args[0])
		return missing(c, "command");
	if (!strcmp(args[0], "help"))
		return help(c->program, args[1]);
	if (!command)
		return unknown(c, "command", args[0]);
	c->command = command->name;
	c->args = args + 1;
	if (command->for_root && geteuid() != 0) {
		fprintf(stderr, "%s: You must be root to perform %s operations.\n", c->program, c->command);
		return CLI_NOT_ROOT;
	}
	return args[1] ? command->run(c) : missing(c, command->first);
}

static void be_quiet(void)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	fflush(stdout);
	if (null >= 0)
		(void)dup2(null, STDOUT_FILENO);
}

int toolbox_main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' }, { "quiet", no_argument, NULL, 'q' },
		{ "version", no_argument, NULL, 'v' }, { 0 },
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(VmtChannel) ch = vmt_channel_open(VMT_PROTO_RPCI, NULL, &error);
	g_autofree char *name = g_path_get_basename(argv[0]);
	struct call c = { .program = name };
	int option;

	if (g_error_matches(error, VMT_ERROR, VMT_ERROR_NOT_VMWARE)) {
		fprintf(stderr, "%s must be run inside a virtual machine.\n", argv[0]);
		return CLI_FAILED;
	}
	while ((option = getopt_long(argc, argv, "+hqv", options, NULL)) != -1) {
		if (option == 'q')
			be_quiet();
		else if (option == 'v') {
			printf("%s\n", cli_version());
			return CLI_OK;
		} else if (option == 'h')
			return help(name, NULL);
		else {
			fprintf(stderr, "Try '%s -h' for more information.\n", name);
			return CLI_FAILED;
		}
	}
	return run(&c, argv + optind);
}
