/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm_process.h - one VM's process: what it and the parent say to each other, and its parts
 *
 * The parent starts the same program again with VM_PROCESS_ARG, a frame connection on descriptor
 * VM_PROCESS_FD, and sends VMP_CONFIG.  Everything about the VM lives in that process; the parent
 * keeps the last VMP_STATE of each.
 */
#ifndef VMTKIT_HOST_VMD_VM_PROCESS_H
#define VMTKIT_HOST_VMD_VM_PROCESS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "host/base/log.h"
#include "host/vmd/conf.h"
#include "host/vmd/ctl.h"

#define VM_PROCESS_ARG	"--vm-process"
#define VM_PROCESS_FD	3
#define VM_LOG_MAX	(4u << 20)	/* bytes of vm.log before it is moved to vm.log.1 */

enum vmp_type {
	/* from the parent */
	VMP_CONFIG = 1,		/* vm.conf text: the globals and this VM, cid and uuid filled in */
	VMP_CLIENT,		/* u32 type and body of a request; descriptor: the client */
	VMP_SHUTDOWN,		/* ask the guest to power off */
	VMP_FORCE,		/* end without asking */
	/* from the VM process */
	VMP_STATE = 0x100,	/* JSON, see vm_process.c */
	VMP_ENDED,		/* JSON {"failed": bool, "reason": text}; the process exits */
};

#define VMP_BODY_MAX	(2u << 20)

struct console;
struct engine;
struct event_base;
struct fconn;
struct json_object;
struct vm_devices;

enum vm_state {
	VM_STARTING,
	VM_RUNNING,
	VM_PAUSED,
	VM_ENDED,
};

struct vm_process {
	struct event_base *base;
	struct fconn *parent;
	struct conf *conf;
	struct vm_spec *vm;
	char dir[PATH_MAX];		/* of this VM: sockets and logs */
	char vsock[PATH_MAX];
	char console_path[PATH_MAX];
	enum vm_state state;
	bool stopping;			/* the guest was asked to power off, and has not rebooted */
	bool stop_unheard;		/* stopping, and no agent was there to be asked */
	struct console *console;
	struct vm_devices *devices;
	struct engine *engine;
	struct log_limit guest_lines;	/* what the guest can have logged at will */
	struct event *state_ev;		/* tells the parent, once a turn of the loop */
};

/* vm_process_main - @level: enum log_level; returns the exit status */
int vm_process_main(int level);

/*
 * vm_user_become - give the VM's folder to its user, and become it, for good
 * Does nothing unless we are root.  Returns 0, or -errno with a line of ENGINE_TEXT_MAX bytes.
 */
int vm_user_become(struct vm_process *p, char *ret_text);

/* vm_log_allows - whether one more line that the guest has caused may be logged now */
bool vm_log_allows(struct vm_process *p);

/* vm_fault - sets a message of ENGINE_TEXT_MAX bytes to "what path: error"; returns @err */
int vm_fault(char *ret_text, int err, const char *what, const char *path);

/* vm_state_changed - the parent hears it soon */
void vm_state_changed(struct vm_process *p);

/*
 * vm_ask_shutdown - ask the agent to power off; without one press the power button
 * Returns "tools" or "power-button": what was done.  An agent that comes later is asked then, because a
 * guest that was still booting, or has nothing that listens to the button, did not notice it.
 */
const char *vm_ask_shutdown(struct vm_process *p);

/* vm_agent_runs - an agent has come and speaks */
void vm_agent_runs(struct vm_process *p);

/* vm_ctl_serve - answer one client; @conn_fd is owned from here on */
void vm_ctl_serve(struct vm_process *p, int conn_fd, const struct ctl_request *req);

#endif /* VMTKIT_HOST_VMD_VM_PROCESS_H */
