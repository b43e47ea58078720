/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * backdoor.c - reaches the hypervisor from ring 3, and finds out first whether it is there
 *
 * The call is `in eax, dx` from a port that no ordinary program may use.  A VMware hypervisor takes
 * it before the processor checks that right, so it works for every user, without iopl() or ioperm();
 * without that hypervisor it is a general protection fault, which Linux reports as SIGSEGV.  With a
 * hypervisor that says so in CPUID the call is vmcall or vmmcall, which is SIGILL elsewhere.
 *
 * The probe therefore runs once per process, under probe_lock, with handlers for both signals that
 * jump out of it.  The handlers are taken away again before the lock is released.  A fault in another
 * thread meanwhile is not ours: the handler puts the program's own action back and returns, and
 * the instruction faults again.
 *
 * The vendor name in CPUID decides only about the instruction, not whether there is a host: the port
 * may be served where CPUID cannot be changed.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>

#include <wire/backdoor.h>

#include "lib/backdoor.h"
#include "lib/libvmt.h"

static GMutex probe_lock;
static gboolean probe_done;		/* under probe_lock */
static gboolean probe_found;		/* under probe_lock */
static VmtHost probe_host;		/* constant once probe_done */

static volatile gint probe_running;
static pthread_t probe_thread;
static sigjmp_buf probe_jump;
static struct sigaction probe_old_segv, probe_old_ill;

#if defined(__x86_64__)

#include <cpuid.h>

static void call_by(VmtCall how, struct bdoor_regs *r)
{
	r->ax = BDOOR_MAGIC;
	r->dx &= 0xffff0000u;
	switch (how) {
	case VMT_CALL_BY_VMCALL:
		__asm__ volatile("vmcall"
				 : "+a"(r->ax), "+b"(r->bx), "+c"(r->cx), "+d"(r->dx),
				   "+S"(r->si), "+D"(r->di)
				 : : "memory");
		break;
	case VMT_CALL_BY_VMMCALL:
		__asm__ volatile("vmmcall"
				 : "+a"(r->ax), "+b"(r->bx), "+c"(r->cx), "+d"(r->dx),
				   "+S"(r->si), "+D"(r->di)
				 : : "memory");
		break;
	case VMT_CALL_NONE:
	case VMT_CALL_BY_PORT:
		r->dx |= BDOOR_PORT;
		__asm__ volatile("inl %%dx, %%eax"
				 : "+a"(r->ax), "+b"(r->bx), "+c"(r->cx), "+d"(r->dx),
				   "+S"(r->si), "+D"(r->di)
				 : : "memory");
		break;
	}
}

/*
 * Three registers carry a pointer or a cookie that does not fit the operand letters: RBP, which the
 * compiler may use as the frame pointer, is exchanged with R8 around the instruction.
 */
static void hb_by(VmtCall how, struct bdoor_hb *hb)
{
	guint64 a = BDOOR_MAGIC, b = hb->bx, c = hb->len, d = hb->dx & 0xffff0000u;
	guint64 s = hb->send ? (guint64)(gsize)hb->buf : hb->cookie_high;
	guint64 di = hb->send ? hb->cookie_low : (guint64)(gsize)hb->buf;
	register guint64 bp __asm__("r8") = hb->send ? hb->cookie_high : hb->cookie_low;

#define HB_CALL(insn)                                                                              \
	__asm__ volatile("xchgq %%rbp, %%r8\n\tcld\n\t" insn "\n\txchgq %%rbp, %%r8"               \
			 : "+a"(a), "+b"(b), "+c"(c), "+d"(d), "+S"(s), "+D"(di), "+r"(bp)         \
			 : : "memory", "cc")

	if (how == VMT_CALL_BY_PORT)
		d |= BDOOR_HB_PORT;
	else
		d |= BDOOR_HYPERCALL_HB | (hb->send ? BDOOR_HYPERCALL_WRITE : 0);
	if (how == VMT_CALL_BY_VMCALL)
		HB_CALL("vmcall");
	else if (how == VMT_CALL_BY_VMMCALL)
		HB_CALL("vmmcall");
	else if (hb->send)
		HB_CALL("rep outsb");
	else
		HB_CALL("rep insb");
#undef HB_CALL
	hb->bx = (guint32)b;
	hb->dx = (guint32)d;
}

/* The hypervisor's name, and the instruction that it asks for */
static VmtCall cpuid_read(char vendor[13])
{
	guint32 a, b, c, d, max;

	vendor[0] = '\0';
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & (1u << 31)))
		return VMT_CALL_BY_PORT;
	__cpuid(BDOOR_CPUID_VENDOR_LEAF, max, b, c, d);
	memcpy(vendor, &b, 4);
	memcpy(vendor + 4, &c, 4);
	memcpy(vendor + 8, &d, 4);
	vendor[12] = '\0';
	if (strcmp(vendor, BDOOR_CPUID_VENDOR) || max < BDOOR_CPUID_FEATURE_LEAF)
		return VMT_CALL_BY_PORT;
	__cpuid(BDOOR_CPUID_FEATURE_LEAF, a, b, c, d);
	if (c & BDOOR_CPUID_ECX_VMCALL)
		return VMT_CALL_BY_VMCALL;
	return c & BDOOR_CPUID_ECX_VMMCALL ? VMT_CALL_BY_VMMCALL : VMT_CALL_BY_PORT;
}

#else /* a processor whose call is not known here: there is no host, and nothing is executed */

static void call_by(VmtCall how, struct bdoor_regs *r)
{
	r->ax = BDOOR_UNKNOWN_CMD;
}

static void hb_by(VmtCall how, struct bdoor_hb *hb)
{
	hb->bx = 0;
}

static VmtCall cpuid_read(char vendor[13])
{
	vendor[0] = '\0';
	return VMT_CALL_NONE;
}

#endif

static void probe_fault(int sig)
{
	if (g_atomic_int_get(&probe_running) && pthread_equal(probe_thread, pthread_self()))
		siglongjmp(probe_jump, 1);
	sigaction(sig, sig == SIGSEGV ? &probe_old_segv : &probe_old_ill, NULL);
}

/* Runs GETVERSION by @how; a fault counts as "nobody there".  probe_lock held, handlers set */
static gboolean probe_by(VmtCall how)
{
	struct bdoor_regs r = { .bx = ~BDOOR_MAGIC, .cx = 0xffff0000u | BDOOR_CMD_GETVERSION };

	if (sigsetjmp(probe_jump, 1)) {
		g_atomic_int_set(&probe_running, 0);
		return FALSE;
	}
	g_atomic_int_set(&probe_running, 1);
	call_by(how, &r);
	g_atomic_int_set(&probe_running, 0);
	if (r.ax == BDOOR_UNKNOWN_CMD || r.bx != BDOOR_MAGIC)
		return FALSE;
	probe_host.version = r.ax;
	probe_host.product = (r.cx >> 16) == 0xffff ? 0 : r.cx;
	probe_host.call = how;
	return TRUE;
}

static gboolean probe_locked(void)
{
	struct sigaction sa = { .sa_handler = probe_fault };
	VmtCall how = cpuid_read(probe_host.vendor);
	sigset_t faults, old_mask;
	gboolean found;

	if (how == VMT_CALL_NONE)
		return FALSE;
	probe_thread = pthread_self();
	sigemptyset(&sa.sa_mask);
	sigemptyset(&faults);
	sigaddset(&faults, SIGSEGV);
	sigaddset(&faults, SIGILL);
	sigaction(SIGSEGV, &sa, &probe_old_segv);
	sigaction(SIGILL, &sa, &probe_old_ill);
	pthread_sigmask(SIG_UNBLOCK, &faults, &old_mask);
	found = probe_by(how) || (how != VMT_CALL_BY_PORT && probe_by(VMT_CALL_BY_PORT));
	pthread_sigmask(SIG_SETMASK, &old_mask, NULL);
	sigaction(SIGILL, &probe_old_ill, NULL);
	sigaction(SIGSEGV, &probe_old_segv, NULL);
	return found;
}

gboolean vmt_host_detect(VmtHost *ret_host, GError **error)
{
	gboolean found;

	g_mutex_lock(&probe_lock);
	if (!probe_done) {
		probe_found = probe_locked();
		probe_done = TRUE;
	}
	found = probe_found;
	g_mutex_unlock(&probe_lock);
	if (!found) {
		g_set_error_literal(error, VMT_ERROR, VMT_ERROR_NOT_VMWARE,
				    "no VMware hypervisor answers here");
		return FALSE;
	}
	if (ret_host)
		*ret_host = probe_host;
	return TRUE;
}

void bdoor_call(struct bdoor_regs *regs)
{
	call_by(probe_host.call, regs);
}

void bdoor_hb_call(struct bdoor_hb *hb)
{
	hb_by(probe_host.call, hb);
}
