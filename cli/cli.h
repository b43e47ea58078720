/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli.h - what the commands of vmtctl share
 */
#ifndef VMTKIT_CLI_H
#define VMTKIT_CLI_H

#include <stdio.h>

#include "lib/libvmt.h"

/* Exit status of vmtctl's own commands; the compatibility names have those of their models */
#define CLI_OK			0
#define CLI_FAILED		1
#define CLI_USAGE		64
#define CLI_UNAVAILABLE		69	/* not on VMware; off; not set */
#define CLI_NOT_FOUND		72	/* no such device or place */
#define CLI_TEMPFAIL		75	/* not on this host, not now */
#define CLI_NOT_ROOT		77

struct json_object;

/*
 * A command: argv[0] is its name, argc at least 1.  Returns the exit status.
 */
typedef int (*cli_main)(int argc, char **argv);

int rpc_main(int argc, char **argv);
int info_main(int argc, char **argv);
int check_main(int argc, char **argv);
int config_main(int argc, char **argv);
int device_main(int argc, char **argv);
int disk_main(int argc, char **argv);
int log_main(int argc, char **argv);
int script_main(int argc, char **argv);
int status_main(int argc, char **argv);
int stat_main(int argc, char **argv);
int timesync_main(int argc, char **argv);
int toolbox_main(int argc, char **argv);
int toolsd_main(int argc, char **argv);
int rpctool_main(int argc, char **argv);
int checkvm_main(int argc, char **argv);

/**
 * cli_options - read the options of a command
 * @entries: ended by an empty one; --help is added
 * @args: what comes after the options, for --help
 * @summary: what the command does, for --help
 *
 * Returns TRUE with the options taken out of *@argc and *@argv, or FALSE after saying what is wrong.
 */
gboolean cli_options(int *argc, char ***argv, const GOptionEntry *entries, const char *args,
		     const char *summary);

/** cli_parse - the same, for names with errors of their own form: what is wrong is @error */
gboolean cli_parse(int *argc, char ***argv, const GOptionEntry *entries, const char *args,
		   const char *summary, GError **error);

/** cli_usage - say how a command is to be called; returns CLI_USAGE */
int cli_usage(const char *usage);

/**
 * cli_error - report a failed call on standard error
 *
 * The text of the host stands alone, as scripts expect it from the older tools; anything else is
 * said to come from vmtctl.  Returns the exit status.
 */
int cli_error(const GError *error);

/** cli_json_print - print an object on one line and free it; returns CLI_OK */
int cli_json_print(struct json_object *object);

/** cli_json_text - a JSON string of bytes that may not be UTF-8 */
struct json_object *cli_json_text(const char *text);

/** cli_version - the version in the form of open-vm-tools, which programs take apart; static */
const char *cli_version(void);

/** timesync_report - print whether the host keeps the clock; returns the exit status */
int timesync_report(gboolean on);

/** timesync_set - have the host do so or not, and print that; TRUE if it agreed */
gboolean timesync_set(gboolean on, GError **error);

/**
 * stat_run - print one number or text of the host
 * @ret_failed: what the older tools say when it cannot be had; NULL if there is no such @name
 *
 * Returns TRUE if it was printed, else FALSE, with @error unless there is no such name.
 */
gboolean stat_run(const char *name, const char **ret_failed, GError **error);

/** device_list - print the devices; returns the exit status */
int device_list(void);

/** device_find - the device of that name, whatever its case; FALSE if there is none */
gboolean device_find(const char *name, VmtDevice *ret);

/** device_status - print whether it is connected; returns the exit status */
int device_status(const VmtDevice *device);

/** disk_refusal - ask the host, and say why no disk is shrunk; static */
const char *disk_refusal(void);

/**
 * checkvm_report - what vmware-checkvm says
 * @host: what was found, NULL if nothing
 * @name: of the program
 * @product: print the product's name and not the version
 *
 * Returns the exit status.
 */
int checkvm_report(FILE *out, FILE *err, const VmtHost *host, const char *name, gboolean product);

#endif /* VMTKIT_CLI_H */
