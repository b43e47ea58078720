/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmctl.h - what the verbs of vmctl share
 */
#ifndef VMTKIT_HOST_VMCTL_VMCTL_H
#define VMTKIT_HOST_VMCTL_VMCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/vmd/ctl.h"

struct json_object;

struct options {
	const char *socket;	/* NULL: the default */
	bool json, wait, force, keep, readonly, console, help, list, clear;
	const char *count, *after, *probability, *seed;		/* of a fault; NULL: not given */
	bool timeout_given;
	uint32_t timeout_ms;	/* 0: no limit */
};

/* ---- connection.c: all return an exit status (enum ctl_code), faults are printed ---------------- */

struct connection {
	int fd;
	int passed_fd;		/* of the last answer; -1: none */
};

/*
 * connection_open - connect to vmd
 * @wait_ms: how long to wait for a daemon that is not there yet; 0: not
 */
int connection_open(const struct options *o, uint32_t wait_ms, struct connection *ret);
void connection_close(struct connection *c);
int connection_send(struct connection *c, const struct ctl_request *req);

/* connection_answer - the next answer; @ret is put by the caller, written on success only */
int connection_answer(struct connection *c, struct json_object **ret);

/* request_answer - open, send, answer, close */
int request_answer(const struct options *o, const struct ctl_request *req,
		   struct json_object **ret);

/* ---- pump.c ------------------------------------------------------------------------------- */

/*
 * pump - copy standard input to a stream and the stream to standard output
 * Ends when the stream ends.  @console: the terminal is raw until "~." is typed, and an end of the input
 * is not passed on, so that the output can be watched without one.
 */
int pump(int fd, bool console);

/* ---- show.c ------------------------------------------------------------------------------- */

void show_json(struct json_object *obj);
void show_status(struct json_object *answer);
void show_guest(const char *name, struct json_object *guest);
const char *json_text(struct json_object *obj, const char *key);

/* ---- record.c ----------------------------------------------------------------------------- */

int run_record(const struct options *o, int argc, char **argv);
int run_replay(const struct options *o, int argc, char **argv);

/* ---- fault.c ------------------------------------------------------------------------------ */

int run_fault(const struct options *o, int argc, char **argv);

/* ---- verbs.c ------------------------------------------------------------------------------ */

struct verb {
	const char *name;
	int (*run)(const struct options *o, int argc, char **argv);	/* argv: operands only */
	const char *args;	/* of the usage line */
	const char *does;	/* one line for the list */
	const char *options;	/* lines of help, or NULL */
};

int name_set(struct ctl_request *req, const char *name);

/* verb_simple - ask what has no answer that a person wants to read */
int verb_simple(const struct options *o, struct ctl_request *req);

extern const struct verb verbs[];
extern const size_t verb_count;

/* verb_usage - prints the usage line of the verb that runs; returns CTL_CODE_USAGE */
int verb_usage(void);

/* The verb that runs; set by main(). */
extern const struct verb *verb_running;

void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif /* VMTKIT_HOST_VMCTL_VMCTL_H */
