/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tracer.c - catches the backdoor's instructions in the programs of a container
 *
 * The port is closed to a user's program: the instruction is a general protection fault, which stops
 * the tracee for us before it becomes a SIGSEGV.  When registers and instruction are a call of ours, it
 * is carried out, the registers are changed, the program counter moves on and the signal is dropped;
 * every other signal and fault goes on to the program.
 *
 * A tracee RUNS, or is HELD: stopped, with the request and signal that let it go on kept for
 * tracer_resume().  A stop that comes while the container is paused is dealt with as always and then
 * held.
 *
 * What stays of a fault that we swallow: had the program blocked or ignored SIGSEGV, the kernel has set
 * it back to its default before we hear of it.
 */
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

/* Not <linux/ptrace.h>, which quarrels with <sys/ptrace.h>; its struct has another name there. */
#include "host/base/bytes.h"
#include "host/front/trap.h"
#include "host/ptrace/filter.h"
#include "host/ptrace/tracer.h"

#define OPTIONS	(PTRACE_O_EXITKILL | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | \
		 PTRACE_O_TRACEEXEC | PTRACE_O_TRACESECCOMP)
#define CS_LONG_MODE	0x33		/* Linux's code segment of 64-bit programs */
#define EFLAGS_DF	0x400
#define NO_CALL		(~0ull)		/* a system call that there is not */

struct tracee {
	pid_t pid;
	bool held;
	int request, signal;		/* how it goes on */
};

struct tracer {
	struct trap *trap;
	struct tracee *list;
	size_t count, room;
	bool pausing;
	char buffer[BDOOR_MSG_SIZE_MAX];	/* of the high-bandwidth port */
};

/* ---- the list --------------------------------------------------------------------------------- */

static struct tracee *tracee_find(struct tracer *t, pid_t pid)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		if (t->list[i].pid == pid)
			return &t->list[i];
	return NULL;
}

/* The kernel shows new ones by their first stop, which may come before their parent's. */
static struct tracee *tracee_get(struct tracer *t, pid_t pid)
{
	struct tracee *e = tracee_find(t, pid), *list;

	if (e)
		return e;
	if (t->count == t->room) {
		list = realloc(t->list, (t->room + 16) * sizeof(*list));
		if (!list)
			return NULL;
		t->list = list;
		t->room += 16;
	}
	e = &t->list[t->count++];
	*e = (struct tracee){ .pid = pid };
	return e;
}

static void tracee_drop(struct tracer *t, pid_t pid)
{
	struct tracee *e = tracee_find(t, pid);

	if (e)
		*e = t->list[--t->count];
}

static void go_on(struct tracer *t, struct tracee *e, int request, int signal)
{
	e->held = t->pausing;
	e->request = request;
	e->signal = signal;
	if (!e->held)
		ptrace((enum __ptrace_request)request, e->pid, NULL, (void *)(intptr_t)signal);
}

/* ---- calls ------------------------------------------------------------------------------------ */

/* With the program's own rights: the kernel looks at its mappings as for the program itself. */
struct memory {
	pid_t pid;
	char *buffer;
};

static bool copy(const struct memory *m, uint64_t addr, size_t len, bool to_guest)
{
	struct iovec ours = { .iov_base = m->buffer, .iov_len = len };
	struct iovec theirs = { .iov_base = (void *)(uintptr_t)addr, .iov_len = len };
	ssize_t n = to_guest ? process_vm_writev(m->pid, &ours, 1, &theirs, 1, 0)
			     : process_vm_readv(m->pid, &ours, 1, &theirs, 1, 0);

	return n == (ssize_t)len;
}

static void *memory_buffer(void *data, size_t len)
{
	const struct memory *m = data;

	return len <= BDOOR_MSG_SIZE_MAX ? m->buffer : NULL;
}

static bool memory_fetch(void *data, uint64_t addr, size_t len)
{
	return copy(data, addr, len, false);
}

static bool memory_store(void *data, uint64_t addr, size_t len)
{
	return copy(data, addr, len, true);
}

/* How many bytes of the instruction there are; it may end where its page does. */
static size_t insn_read(pid_t pid, uint64_t rip, uint8_t ret[TRAP_INSN_MAX])
{
	struct iovec ours = { .iov_base = ret };
	struct iovec theirs = { .iov_base = (void *)(uintptr_t)rip };
	size_t len;

	for (len = TRAP_INSN_MAX; len; len--) {
		ours.iov_len = theirs.iov_len = len;
		if (process_vm_readv(pid, &ours, 1, &theirs, 1, 0) == (ssize_t)len)
			break;
	}
	return len;
}

static void regs_narrow(const struct user_regs_struct *u, struct bdoor_regs *r)
{
	*r = (struct bdoor_regs){
		.eax = (uint32_t)u->rax, .ebx = (uint32_t)u->rbx, .ecx = (uint32_t)u->rcx,
		.edx = (uint32_t)u->rdx, .esi = (uint32_t)u->rsi, .edi = (uint32_t)u->rdi,
		.ebp = (uint32_t)u->rbp,
	};
}

/* A 32-bit result clears the upper half, as the instruction's own would; the others stay. */
static void reg_widen(unsigned long long *reg, uint32_t value)
{
	if ((uint32_t)*reg != value)
		*reg = value;
}

static void regs_widen(struct user_regs_struct *u, const struct bdoor_regs *r)
{
	reg_widen(&u->rax, r->eax);
	reg_widen(&u->rbx, r->ebx);
	reg_widen(&u->rcx, r->ecx);
	reg_widen(&u->rdx, r->edx);
	reg_widen(&u->rsi, r->esi);
	reg_widen(&u->rdi, r->edi);
	reg_widen(&u->rbp, r->ebp);
}

static void hb_call(struct tracer *t, pid_t pid, struct user_regs_struct *u, struct bdoor_regs *r,
		    bool to_guest)
{
	struct memory m = { .pid = pid, .buffer = t->buffer };
	const struct trap_memory memory = {
		.buffer = memory_buffer, .fetch = memory_fetch, .store = memory_store, .data = &m,
	};
	unsigned long long *pointer = to_guest ? &u->rdi : &u->rsi;
	uint64_t addr = *pointer;
	size_t moved = trap_hb(t->trap, r, to_guest, addr, u->rcx,
			       u->eflags & EFLAGS_DF ? NULL : &memory);

	regs_widen(u, r);
	if (moved) {
		*pointer = addr + moved;
		u->rcx = 0;
	}
}

/* Whether the fault was a call of the backdoor; then it is done. */
static bool call_serve(struct tracer *t, pid_t pid)
{
	struct user_regs_struct u;
	uint8_t bytes[TRAP_INSN_MAX];
	struct bdoor_regs r;
	enum trap_insn insn;
	size_t len;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &u) < 0)
		return false;
	regs_narrow(&u, &r);
	if (!bdoor_is_call(r.eax, r.edx) && !bdoor_is_hb_call(r.eax, r.edx))
		return false;
	insn = trap_insn_decode(bytes, insn_read(pid, u.rip, bytes), u.cs == CS_LONG_MODE, &len);
	if (insn == TRAP_NONE || bdoor_is_call(r.eax, r.edx) != (insn == TRAP_IN))
		return false;
	if (insn == TRAP_IN) {
		trap_in(t->trap, &r);
		regs_widen(&u, &r);
	} else {
		hb_call(t, pid, &u, &r, insn == TRAP_INSB);
	}
	u.rip += len;
	return ptrace(PTRACE_SETREGS, pid, NULL, &u) >= 0;
}

/* ---- system calls of the filter --------------------------------------------------------------- */

/* Whether adjtimex() or clock_adjtime() only asks; the kernel checks for itself what it then does. */
static bool clock_only_read(pid_t pid, const struct user_regs_struct *u, const char *name)
{
	bool first = !strcmp(name, "adjtimex");
	unsigned int modes;
	struct iovec ours = { .iov_base = &modes, .iov_len = sizeof(modes) };
	struct iovec theirs = {
		.iov_base = (void *)(uintptr_t)(u->cs != CS_LONG_MODE ? (first ? u->rbx : u->rcx) :
						first ? u->rdi : u->rsi),
		.iov_len = sizeof(modes),
	};

	return process_vm_readv(pid, &ours, 1, &theirs, 1, 0) == sizeof(modes) && !modes;
}

static void call_refuse(pid_t pid)
{
	struct __ptrace_syscall_info info;
	struct user_regs_struct u;
	unsigned long why = 0;
	char name[32];

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof(info), &info) <= 0 ||
	    ptrace(PTRACE_GETEVENTMSG, pid, NULL, &why) < 0 ||
	    ptrace(PTRACE_GETREGS, pid, NULL, &u) < 0)
		return;
	ptr_filter_name(info.arch, info.seccomp.nr, name, sizeof(name));
	if (why == PTR_FILTER_CLOCK && clock_only_read(pid, &u, name))
		return;
	u.orig_rax = NO_CALL;
	u.rax = (unsigned long long)-EPERM;
	if (ptrace(PTRACE_SETREGS, pid, NULL, &u) < 0)
		return;
	printf("%s is refused: the container shares the machine's %s\n", name,
	       why == PTR_FILTER_CLOCK || strstr(name, "time") ? "clock" : "kernel");
	fflush(stdout);
}

/* ---- stops ------------------------------------------------------------------------------------ */

static bool stops_group(int signal)
{
	return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

static void exec_seen(struct tracer *t, pid_t pid)
{
	unsigned long former = 0;

	/* A thread that is not the first takes the first's number. */
	if (ptrace(PTRACE_GETEVENTMSG, pid, NULL, &former) >= 0 && (pid_t)former != pid)
		tracee_drop(t, (pid_t)former);
}

void tracer_event(struct tracer *t, pid_t pid, int status)
{
	int signal = WSTOPSIG(status), event = status >> 16;
	struct tracee *e;

	if (!WIFSTOPPED(status)) {
		tracee_drop(t, pid);
		return;
	}
	if (event == PTRACE_EVENT_SECCOMP)
		call_refuse(pid);
	else if (event == PTRACE_EVENT_EXEC)
		exec_seen(t, pid);
	e = tracee_get(t, pid);
	if (!e) {
		/* Better without this thread than with one that nobody steers. */
		kill(pid, SIGKILL);
		return;
	}
	if (event == PTRACE_EVENT_STOP && stops_group(signal))
		go_on(t, e, PTRACE_LISTEN, 0);
	else if (event || (signal == SIGSEGV && call_serve(t, pid)))
		go_on(t, e, PTRACE_CONT, 0);
	else
		go_on(t, e, PTRACE_CONT, signal);
}

/* ---- orders ----------------------------------------------------------------------------------- */

int tracer_attach(struct tracer *t, pid_t pid)
{
	if (!tracee_get(t, pid))
		return -ENOMEM;
	return ptrace(PTRACE_SEIZE, pid, NULL, (void *)OPTIONS) < 0 ? -errno : 0;
}

void tracer_pause(struct tracer *t)
{
	size_t i;

	t->pausing = true;
	for (i = 0; i < t->count; i++)
		if (!t->list[i].held)
			ptrace(PTRACE_INTERRUPT, t->list[i].pid, NULL, NULL);
}

bool tracer_is_paused(const struct tracer *t)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		if (!t->list[i].held)
			return false;
	return t->pausing;
}

void tracer_resume(struct tracer *t)
{
	size_t i;

	t->pausing = false;
	for (i = 0; i < t->count; i++)
		if (t->list[i].held)
			go_on(t, &t->list[i], t->list[i].request, t->list[i].signal);
}

void tracer_forget(struct tracer *t)
{
	t->count = 0;
	t->pausing = false;
}

struct tracer *tracer_new(struct trap *trap)
{
	struct tracer *t = calloc(1, sizeof(*t));

	if (t)
		t->trap = trap;
	return t;
}
