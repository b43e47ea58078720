/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plugin.c - the backdoor and the CPUID leaves of a VMware guest, in an unmodified QEMU (TCG)
 *
 * At translation, `in eax, dx`, `rep insb`, `rep outsb`, `cpuid` and, where it is offered, vmcall or
 * vmmcall get a callback that runs before the instruction.  When the registers are a call of ours, the callback does the work, writes the
 * registers and moves the program counter behind the instruction; otherwise it returns and the
 * instruction runs, or faults, as if we were not there.  This works in every ring, as the real
 * backdoor does.
 *
 * Order in a callback that takes over, learnt the hard way:
 *  1. cpu_restore_state() with the callback's own return address, or the lazy flags of the
 *     instructions before it in the block are lost;
 *  2. read registers; rip is right only now (addresses known at translation are not: blocks are
 *     shared between mappings);
 *  3. write what changed, in full width;
 *  4. set_pc(), which does not return: no lock held, nothing left to free.
 *
 * Locks: engine_lock is around every use of the engine and of the faults; it is given up while a request is with the
 * VM process, so that other vCPUs go on.  link.c has its own, taken inside.
 *
 * The guest's reset is seen as the first instruction after it, at the reset vector in real mode; it
 * may be seen twice, which does no harm.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#ifdef __x86_64__
#include <x86intrin.h>
#endif

#include "host/base/bytes.h"
#include "host/model/backdoor.h"
#include "host/model/fault.h"
#include "host/qemu_plugin/link.h"
#include "host/qemu_plugin/qemu_api.h"

#define RESET_VECTOR	0xfffffff0u
#define CR0_PE		0x1
#define EFLAGS_DF	0x400
#define CS_RPL		0x3
#define APIC_KHZ	1000000		/* QEMU's local APIC counts nanoseconds */
#define HW_VERSION	21
#define CALIBRATE_MS	50

QAPI_EXPORT int qemu_plugin_version = QAPI_VERSION;
QAPI_EXPORT int qemu_plugin_install(qapi_id id, const struct qapi_info *info, int argc,
				    char **argv);

enum reg {
	REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RSI, REG_RDI, REG_RBP,	/* those of a call */
	REG_RIP, REG_EFLAGS, REG_CS, REG_CR0,
	REG_COUNT,
};

static const char *const reg_names[REG_COUNT] = {
	"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rip", "eflags", "cs", "cr0",
};

static struct qapi_reg *regs[REG_COUNT];	/* the same for every vCPU */
static struct bdoor *engine;
static struct faults *faults;
static pthread_mutex_t engine_lock = PTHREAD_MUTEX_INITIALIZER;
static struct link *vm;
static struct front_page *page;
static uint64_t tsc_khz;
static uint32_t hypercall;			/* BDOOR_CPUID_ECX_*, or 0 */

/* ---- registers ------------------------------------------------------------------------------- */

/* One buffer a thread, as set_pc() would leak any other. */
static struct qapi_bytes *thread_bytes(unsigned int len)
{
	static __thread struct qapi_bytes *bytes;

	if (!bytes)
		bytes = qapi.bytes_new();
	return qapi.bytes_set_size(bytes, len);
}

static uint64_t reg_read(enum reg r)
{
	struct qapi_bytes *b = thread_bytes(0);

	if (!qapi.read_register(regs[r], b))
		return 0;
	return b->len >= 8 ? get_le64(b->data) : b->len >= 4 ? get_le32(b->data) : 0;
}

static void reg_write(enum reg r, uint64_t value)
{
	struct qapi_bytes *b = thread_bytes(8);

	put_le64(b->data, value);
	qapi.write_register(regs[r], b);
}

static uint32_t *reg_slot(struct bdoor_regs *r, enum reg which)
{
	uint32_t *const slots[] = { &r->eax, &r->ebx, &r->ecx, &r->edx, &r->esi, &r->edi, &r->ebp };

	return slots[which];
}

static void regs_read(struct bdoor_regs *r)
{
	enum reg i;

	for (i = REG_RAX; i <= REG_RBP; i++)
		*reg_slot(r, i) = (uint32_t)reg_read(i);
}

/* A 32-bit result clears the upper half, as the instruction's own would. */
static void regs_write_changed(struct bdoor_regs *old, struct bdoor_regs *new)
{
	enum reg i;

	for (i = REG_RAX; i <= REG_RBP; i++)
		if (*reg_slot(old, i) != *reg_slot(new, i))
			reg_write(i, *reg_slot(new, i));
}

/* ---- the engine's ops ------------------------------------------------------------------------ */

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void page_set(uint64_t *where, uint64_t value)
{
	__atomic_store_n(where, value, __ATOMIC_RELAXED);
}

static void page_count(uint64_t *where)
{
	__atomic_fetch_add(where, 1, __ATOMIC_RELAXED);
}

static void page_update(void)
{
	const struct bdoor_stats *s = bdoor_stats(engine);
	enum fault_kind kind;

	page_set(&page->opens_refused, s->opens_refused);
	page_set(&page->bad_cookies, s->bad_cookies);
	page_set(&page->bad_steps, s->bad_steps);
	page_set(&page->resets, s->resets);
	for (kind = 0; kind < FAULT_KINDS; kind++)
		page_set(&page->faults[kind], fault_fired(faults, kind));
	__atomic_store_n(&page->gen, bdoor_tclo_gen(engine), __ATOMIC_RELAXED);
}

static uint64_t op_random(void *data)
{
	uint64_t v = 0;

	if (getrandom(&v, sizeof(v), GRND_NONBLOCK) != sizeof(v))
		v = now_ms() * 6364136223846793005u;
	return v;
}

static bool op_time(void *data, struct bdoor_time *ret)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	*ret = (struct bdoor_time){
		.sec = (uint64_t)ts.tv_sec, .usec = (uint32_t)(ts.tv_nsec / 1000),
		.lag_us = BDOOR_LAG_US,
	};
	return true;
}

/* With engine_lock held, which is given up while the VM process has the request. */
static long op_rpci(void *data, const void *msg, size_t len, void *reply, size_t room)
{
	long n;

	page_count(&page->rpci);
	pthread_mutex_unlock(&engine_lock);
	n = link_rpci(vm, msg, len, reply, room);
	pthread_mutex_lock(&engine_lock);
	if (n < 0)
		page_count(&page->rpci_timeouts);
	return n;
}

static void op_tclo(void *data, enum bdoor_tclo what, uint32_t gen, uint32_t seq, const void *msg,
		    size_t len)
{
	static const enum front_type types[] = {
		[BDOOR_TCLO_OPENED] = FRONT_TCLO_OPENED,
		[BDOOR_TCLO_ACCEPTED] = FRONT_TCLO_ACCEPTED,
		[BDOOR_TCLO_REFUSED] = FRONT_TCLO_REFUSED,
		[BDOOR_TCLO_REPLIED] = FRONT_TCLO_REPLIED,
		[BDOOR_TCLO_CLOSED] = FRONT_TCLO_CLOSED,
	};

	link_post(vm, types[what], gen, seq, msg, len);
}

static void op_polled(void *data)
{
	page_count(&page->polls);
	page_set(&page->last_poll_ms, now_ms());
}

static void op_crashed(void *data)
{
	link_post(vm, FRONT_CRASHED, 0, 0, NULL, 0);
}

static const struct bdoor_ops engine_ops = {
	.random = op_random, .time = op_time, .rpci = op_rpci, .tclo = op_tclo, .polled = op_polled,
	.crashed = op_crashed,
};

/* ---- from the VM process --------------------------------------------------------------------- */

static void vm_tclo(void *data, uint32_t gen, uint32_t seq, const void *msg, size_t len)
{
	pthread_mutex_lock(&engine_lock);
	bdoor_tclo_push(engine, gen, seq, msg, len);	/* too late or too many: the model knows */
	pthread_mutex_unlock(&engine_lock);
}

static void vm_cancel(void *data, uint32_t seq)
{
	pthread_mutex_lock(&engine_lock);
	bdoor_tclo_cancel(engine, seq);
	pthread_mutex_unlock(&engine_lock);
}

static void vm_checkpoint(void *data)
{
	pthread_mutex_lock(&engine_lock);
	bdoor_checkpoint(engine);
	pthread_mutex_unlock(&engine_lock);
}

static void vm_gui_options(void *data, uint32_t options)
{
	pthread_mutex_lock(&engine_lock);
	bdoor_gui_options_set(engine, options);
	pthread_mutex_unlock(&engine_lock);
}

static void vm_fault(void *data, const char *line, size_t len)
{
	pthread_mutex_lock(&engine_lock);
	fault_set_lines(faults, line, len);
	pthread_mutex_unlock(&engine_lock);
}

static void vm_fault_clear(void *data, uint32_t kind)
{
	pthread_mutex_lock(&engine_lock);
	if (kind < FAULT_KINDS)
		fault_clear(faults, (enum fault_kind)kind);
	else
		fault_clear_all(faults);
	pthread_mutex_unlock(&engine_lock);
}

static const struct link_ops vm_ops = {
	.tclo = vm_tclo, .cancel = vm_cancel, .checkpoint = vm_checkpoint,
	.gui_options = vm_gui_options, .fault = vm_fault, .fault_clear = vm_fault_clear,
};

/* ---- instructions ---------------------------------------------------------------------------- */

/* Make QEMU's state that of the instruction at hand; @ra: where the callback returns to. */
static bool state_restore(void *ra)
{
	return qapi.cpu_restore_state(qapi_current_cpu(), (uintptr_t)ra);
}

/* The instruction's size came as the callback's data. */
static void skip_insn(void *size)
{
	qapi.set_pc(reg_read(REG_RIP) + (uintptr_t)size);
}

/* The state is that of the instruction at hand; does not return. */
static void lb_call(void *size)
{
	struct bdoor_regs old, new;

	regs_read(&old);
	new = old;
	pthread_mutex_lock(&engine_lock);
	bdoor_call(engine, &new);
	page_update();
	pthread_mutex_unlock(&engine_lock);
	regs_write_changed(&old, &new);
	skip_insn(size);
}

static void on_in(unsigned int vcpu, void *size)
{
	if (bdoor_is_call((uint32_t)reg_read(REG_RAX), (uint32_t)reg_read(REG_RDX)) &&
	    state_restore(__builtin_return_address(0)))
		lb_call(size);
}

static void on_hypercall(unsigned int vcpu, void *size)
{
	if (bdoor_is_hypercall((uint32_t)reg_read(REG_RAX), (uint32_t)reg_read(REG_RDX)) &&
	    state_restore(__builtin_return_address(0)))
		lb_call(size);
}

/* Bytes of the guest's buffer, or NULL when a page is not there. */
static const void *hb_fetch(uint64_t addr, size_t len)
{
	struct qapi_bytes *b = thread_bytes(0);

	return qapi.read_memory(addr, b, len) && b->len >= len ? b->data : NULL;
}

/* Not NULL when all bytes of the message could be written. */
static const void *hb_store(uint64_t addr, const struct bdoor_regs *r, size_t len)
{
	struct qapi_bytes *b = thread_bytes((unsigned int)len);

	pthread_mutex_lock(&engine_lock);
	bdoor_hb_peek(engine, r, b->data);
	pthread_mutex_unlock(&engine_lock);
	return qapi.write_memory(addr, b) ? b->data : NULL;
}

/* Whether the bytes may be copied: by the kernel, forwards, all of them. */
static bool hb_allowed(long len)
{
	return len > 0 && !(reg_read(REG_CS) & CS_RPL) && !(reg_read(REG_EFLAGS) & EFLAGS_DF) &&
	       reg_read(REG_RCX) == (uint64_t)len;
}

/*
 * The copies below raise no page fault and, worse, look at no permission: from ring 3 they would
 * read and write the guest's kernel.  So only ring 0 is served, which is where the BSD drivers use
 * this port; and it is not advertised, so that programs use registers.  A copy that does not happen
 * fails the call, whose status then says that nothing was moved.
 */
static void hb_call(bool to_guest, void *size)
{
	enum reg pointer = to_guest ? REG_RDI : REG_RSI;
	uint64_t addr = reg_read(pointer);
	struct bdoor_regs old, new;
	const void *bytes = NULL;
	long len;

	regs_read(&old);
	new = old;
	pthread_mutex_lock(&engine_lock);
	len = bdoor_hb_begin(engine, &new, to_guest);
	pthread_mutex_unlock(&engine_lock);
	if (len > 0) {
		if (hb_allowed(len))
			bytes = to_guest ? hb_store(addr, &new, (size_t)len)
					 : hb_fetch(addr, (size_t)len);
		if (!bytes)
			page_count(&page->hb_faults);
		pthread_mutex_lock(&engine_lock);
		bdoor_hb_end(engine, &new, to_guest, bytes);
		page_update();
		pthread_mutex_unlock(&engine_lock);
	}
	regs_write_changed(&old, &new);
	if (bytes) {
		reg_write(pointer, addr + (uint64_t)len);
		reg_write(REG_RCX, 0);
	}
	skip_insn(size);
}

static bool is_hb(void)
{
	return bdoor_is_hb_call((uint32_t)reg_read(REG_RAX), (uint32_t)reg_read(REG_RDX));
}

static void on_insb(unsigned int vcpu, void *size)
{
	if (is_hb() && state_restore(__builtin_return_address(0)))
		hb_call(true, size);
}

static void on_outsb(unsigned int vcpu, void *size)
{
	if (is_hb() && state_restore(__builtin_return_address(0)))
		hb_call(false, size);
}

static void on_cpuid(unsigned int vcpu, void *size)
{
	uint32_t leaf = (uint32_t)reg_read(REG_RAX);

	if ((leaf != BDOOR_CPUID_VENDOR_LEAF && leaf != BDOOR_CPUID_FEATURE_LEAF) ||
	    !state_restore(__builtin_return_address(0)))
		return;
	if (leaf == BDOOR_CPUID_VENDOR_LEAF) {
		reg_write(REG_RAX, BDOOR_CPUID_FEATURE_LEAF);
		reg_write(REG_RBX, get_le32(BDOOR_CPUID_VENDOR));
		reg_write(REG_RCX, get_le32(BDOOR_CPUID_VENDOR + 4));
		reg_write(REG_RDX, get_le32(BDOOR_CPUID_VENDOR + 8));
	} else {
		reg_write(REG_RAX, (uint32_t)tsc_khz);
		reg_write(REG_RBX, APIC_KHZ);
		reg_write(REG_RCX, hypercall);
		reg_write(REG_RDX, 0);
	}
	skip_insn(size);
}

/* A program in the guest may have code at this address too, but not in real mode. */
static void on_reset_vector(unsigned int vcpu, void *data)
{
	if (reg_read(REG_CR0) & CR0_PE)
		return;
	pthread_mutex_lock(&engine_lock);
	bdoor_reset(engine);
	page_update();
	link_post(vm, FRONT_RESET, 0, 0, NULL, 0);	/* in order with what other vCPUs post */
	pthread_mutex_unlock(&engine_lock);
}

static qapi_vcpu_cb insn_callback(const uint8_t *b, size_t len)
{
	if (len == 2 && b[0] == 0x0f && b[1] == 0xa2)
		return on_cpuid;
	if (len == 3 && b[0] == 0x0f && b[1] == 0x01 &&
	    ((b[2] == 0xc1 && hypercall == BDOOR_CPUID_ECX_VMCALL) ||
	     (b[2] == 0xd9 && hypercall == BDOOR_CPUID_ECX_VMMCALL)))
		return on_hypercall;
	if (b[len - 1] == 0xed && (len == 1 || (len == 2 && (b[0] & 0xf0) == 0x40)))
		return on_in;
	if (b[0] == 0xf3 && (len == 2 || (len == 3 && (b[1] & 0xf0) == 0x40))) {
		if (b[len - 1] == 0x6c)
			return on_insb;
		if (b[len - 1] == 0x6e)
			return on_outsb;
	}
	return NULL;
}

static void on_translate(struct qapi_tb *tb, void *data)
{
	size_t n = qapi.tb_n_insns(tb), i;

	for (i = 0; i < n; i++) {
		struct qapi_insn *insn = qapi.tb_get_insn(tb, i);
		size_t len = qapi.insn_size(insn);
		uint8_t bytes[4];
		qapi_vcpu_cb cb;

		if (qapi.insn_vaddr(insn) == RESET_VECTOR)
			qapi.on_insn_exec(insn, on_reset_vector, QAPI_CB_R_REGS, NULL);
		if (!len || len > sizeof(bytes) || qapi.insn_data(insn, bytes, len) != len)
			continue;
		cb = insn_callback(bytes, len);
		if (cb)
			qapi.on_insn_exec(insn, cb, QAPI_CB_RW_REGS_PC, (void *)(uintptr_t)len);
	}
}

/* ---- start ----------------------------------------------------------------------------------- */

/* Registers are known only when a vCPU exists; without them nothing can work, so QEMU ends here. */
static void on_vcpu_init(unsigned int vcpu, void *data)
{
	struct qapi_array *a;
	const struct qapi_reg_desc *desc;
	unsigned int i;
	enum reg r;

	if (vcpu)
		return;
	a = qapi.get_registers();
	desc = (const struct qapi_reg_desc *)(const void *)a->data;
	for (i = 0; i < a->len; i++)
		for (r = REG_RAX; r < REG_COUNT; r++)
			if (!regs[r] && !strcmp(desc[i].name, reg_names[r]))
				regs[r] = desc[i].handle;
	for (r = REG_RAX; r < REG_COUNT; r++) {
		if (regs[r])
			continue;
		fprintf(stderr, "vmtkit plugin: this QEMU shows no register %s: use QEMU 11.1\n",
			reg_names[r]);
		exit(1);
	}
	qapi.array_free(a, 1);
}

/* TCG's time-stamp counter is the machine's own. */
static uint64_t tsc_calibrate(void)
{
#ifdef __x86_64__
	struct timespec t0, t1, nap = { .tv_nsec = CALIBRATE_MS * 1000000L };
	uint64_t c0, c1;
	int64_t ns;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t0);
	c0 = __rdtsc();
	nanosleep(&nap, NULL);
	clock_gettime(CLOCK_MONOTONIC_RAW, &t1);
	c1 = __rdtsc();
	ns = (t1.tv_sec - t0.tv_sec) * 1000000000L + (t1.tv_nsec - t0.tv_nsec);
	return (uint64_t)((double)(c1 - c0) * 1e6 / (double)ns + 0.5);
#else
	return 0;
#endif
}

static const char *option_socket(int argc, char **argv)
{
	if (argc == 1 && !strncmp(argv[0], "socket=", strlen("socket=")))
		return argv[0] + strlen("socket=");
	return NULL;
}

static int engine_start(const char *path)
{
	struct front_welcome welcome;
	struct bdoor_params params = {
		.tsc_khz = tsc_khz, .apic_khz = APIC_KHZ, .product = BDOOR_PRODUCT_ESX,
		.hw_version = HW_VERSION,
	};
	const char *what;
	int err = link_open(path, tsc_khz, &vm, &welcome, &page, &what);

	if (err < 0) {
		fprintf(stderr, "vmtkit plugin: %s: %s: %s\n", path, what, strerror(-err));
		return err;
	}
	hypercall = welcome.hypercall;
	params.memory_mib = welcome.memory_mib;
	params.gui_options = welcome.gui_options;
	memcpy(params.uuid, welcome.uuid, sizeof(params.uuid));
	params.faults = faults = faults_new();
	if (!faults)
		return -ENOMEM;
	fault_set_lines(faults, welcome.faults, strnlen(welcome.faults, sizeof(welcome.faults)));
	engine = bdoor_new(&params, &engine_ops, NULL);
	return engine ? link_start(vm, &vm_ops, NULL) : -ENOMEM;
}

int qemu_plugin_install(qapi_id id, const struct qapi_info *info, int argc, char **argv)
{
	const char *path = option_socket(argc, argv), *missing;

	if (!path) {
		fprintf(stderr, "vmtkit plugin: give it socket=PATH and nothing else\n");
		return -1;
	}
	if (!info->system_emulation || strcmp(info->target_name, "x86_64") != 0) {
		fprintf(stderr, "vmtkit plugin: it is for qemu-system-x86_64 only\n");
		return -1;
	}
	missing = qapi_load();
	if (missing) {
		fprintf(stderr, "vmtkit plugin: this QEMU has no %s: use QEMU 11.1\n", missing);
		return -1;
	}
	tsc_khz = tsc_calibrate();
	if (engine_start(path) < 0)
		return -1;
	qapi.on_vcpu_init(id, on_vcpu_init, NULL);
	qapi.on_tb_trans(id, on_translate, NULL);
	return 0;
}
