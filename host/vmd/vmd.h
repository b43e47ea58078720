/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmd.h - the parent process: its VMs and its clients
 */
#ifndef VMTKIT_HOST_VMD_VMD_H
#define VMTKIT_HOST_VMD_VMD_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "host/vmd/conf.h"
#include "host/vmd/ctl.h"

struct event;
struct event_base;
struct fconn;
struct json_object;
struct vmd;
struct waiter;

/* A VM of the configuration, running or not.  parent.c owns it. */
struct vm_entry {
	TAILQ_ENTRY(vm_entry) link;
	struct vmd *vmd;
	struct vm_spec *spec;		/* of the configuration */
	pid_t pid;			/* of its process; 0: none */
	int exit_status;		/* of waitpid(), once pid is 0 */
	struct fconn *conn;		/* to its process; NULL: none, or it hung up */
	bool started;			/* in this life of vmd */
	bool failed;			/* the last end was not an orderly one */
	char *reason;			/* of the last end; NULL: never ended */
	struct json_object *state;	/* the last VMP_STATE; NULL: not running */
	int64_t since_ms;		/* CLOCK_MONOTONIC of the last start or end */
	struct event *kill_ev;		/* SIGKILL for a process that does not end when told */
};

struct vmd {
	struct event_base *base;
	struct conf *conf;
	const char *socket_path;
	int level;			/* enum log_level, for the VM processes */
	TAILQ_HEAD(, vm_entry) vms;
	LIST_HEAD(, waiter) waiters;	/* clients that wait; control.c owns them */
	struct event *accept_ev, *child_ev, *term_ev, *int_ev, *hup_ev;
	struct event *force_ev;
	int listen_fd;
	bool foreground;		/* -d */
	bool ending;			/* told to end: VMs are being shut down */
	bool forced;			/* ... without asking any more */
};

/* ---- parent.c ----------------------------------------------------------------------------- */

/*
 * vmd_run - the daemon: takes the state folder and the socket, starts the VMs, serves
 * @ready: called when clients can connect
 *
 * Returns the exit status; faults were logged.
 */
int vmd_run(struct vmd *d, void (*ready)(void));

struct vm_entry *vm_find(struct vmd *d, const char *name);
/* Whether the VM has a process, in whatever state. */
bool vm_running(const struct vm_entry *vm);
/* A member of the last VMP_STATE as text, or "" */
const char *vm_state_text(const struct vm_entry *vm, const char *key);
/* vm_start - 0 or -errno; what happens then is told by the VM's state */
int vm_start(struct vm_entry *vm);
/* vm_client - give a client and its request to the VM's process; @fd is owned from here on */
int vm_client(struct vm_entry *vm, int fd, uint32_t type, const char *body, size_t len);
/* vm_force - its process is told to end now, and killed if it does not */
void vm_force(struct vm_entry *vm);
int64_t vmd_now_ms(void);

/* ---- control.c ---------------------------------------------------------------------------- */

/* control_open - the socket; 0, or -errno after a log line */
int control_open(struct vmd *d);
void control_close(struct vmd *d);
/* control_vm_changed - answer those who waited for this state of the VM */
void control_vm_changed(struct vm_entry *vm);

#endif /* VMTKIT_HOST_VMD_VMD_H */
