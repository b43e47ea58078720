/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine_child.h - the program of an engine as a child process: what it prints, and how it ends
 *
 * Embedded in an engine.  The child is gone when its process is reaped and its output is at its end,
 * in either order, so that the last line that it wrote counts.
 */
#ifndef VMTKIT_HOST_VMM_ENGINE_CHILD_H
#define VMTKIT_HOST_VMM_ENGINE_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "host/vmm/engine.h"

struct evbuffer;
struct event;
struct event_base;

struct engine_child {
	pid_t pid;			/* 0: not started, or reaped */
	int status;			/* of waitpid() */
	char last_line[256];		/* that it printed */
	/* private */
	const struct engine_ops *ops;	/* for .output */
	void *ops_data;
	void (*gone)(void *data);
	void *data;
	struct event *child_ev, *output_ev, *kill_ev;
	struct evbuffer *output;
	int output_fd;			/* -1: at its end */
};

/*
 * engine_child_init - 0 or -ENOMEM; engine_child_done() in any case
 * @base: its SIGCHLD is used from here on
 * @ops: of the engine, for lines that the child prints
 * @gone: called once, see above
 */
int engine_child_init(struct engine_child *c, struct event_base *base, const struct engine_ops *ops,
		      void *ops_data, void (*gone)(void *data), void *data);

/*
 * engine_child_spawn - start it, with nothing to read and its output coming here
 * @exec: called in the child to become the program; its return is the child's end
 *
 * Returns 0 or -errno.
 */
int engine_child_spawn(struct engine_child *c, struct event_base *base,
		       void (*exec)(const void *arg), const void *arg);

/* engine_child_kill_in - SIGKILL then, if it has not ended before; the first call counts */
void engine_child_kill_in(struct engine_child *c, unsigned int ms);

bool engine_child_is_gone(const struct engine_child *c);

/*
 * engine_child_describe - how it ended, if by a signal or with a status other than 0
 * @program: what people call it
 *
 * Returns whether there was something to say; then it is in @text.
 */
bool engine_child_describe(const struct engine_child *c, const char *program, char *text,
			   size_t size);

/* engine_child_done - kills it if it still runs */
void engine_child_done(struct engine_child *c);

#endif /* VMTKIT_HOST_VMM_ENGINE_CHILD_H */
