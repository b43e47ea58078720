/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * plugin.c - the backdoor and the CPUID leaves of a VMware guest, in an unmodified QEMU (TCG)
 *
 * At translation, `in eax, dx`, `rep insb`, `rep outsb`, `cpuid` and, where it is offered, vmcall or
 * vmmcall get a callback that runs before the instruction.  When the registers are a call of ours, the
 * callback does the work, writes the registers and moves the program counter behind the instruction;
 * otherwise it returns and the instruction runs, or faults, as if we were not there.  This works in
 * every ring, as the real backdoor does.
 *
 * Order in a callback that takes over, learnt the hard way:
 *  1. cpu_restore_state() with the callback's own return address, or the lazy flags of the
 *     instructions before it in the block are lost;
 *  2. read registers; rip is right only now (addresses known at translation are not: blocks are
 *     shared between mappings);
 *  3. write what changed, in full width;
 *  4. set_pc(), which does not return: no lock held, nothing left to free.
 *
 * Locks: none of our own; those of host/front are given up before a callback returns or sets the pc.
 *
 * The guest's reset is seen as the first instruction after it, at the reset vector in real mode; it
 * may be seen twice, which does no harm.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/bytes.h"
#include "host/front/trap.h"
#include "host/qemu_plugin/qemu_api.h"

#define RESET_VECTOR	0xfffffff0u
#define CR0_PE		0x1
#define EFLAGS_DF	0x400
#define CS_RPL		0x3
#define APIC_KHZ	1000000		/* QEMU's local APIC counts nanoseconds */

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
static struct trap *trap;

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
	trap_in(trap, &new);
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

static void *hb_buffer(void *data, size_t len)
{
	return thread_bytes((unsigned int)len)->data;
}

static bool hb_fetch(void *data, uint64_t addr, size_t len)
{
	struct qapi_bytes *b = thread_bytes((unsigned int)len);
	const uint8_t *room = b->data;

	return qapi.read_memory(addr, b, len) && b->len >= len && b->data == room;
}

static bool hb_store(void *data, uint64_t addr, size_t len)
{
	return qapi.write_memory(addr, thread_bytes((unsigned int)len));
}

static const struct trap_memory hb_memory = {
	.buffer = hb_buffer, .fetch = hb_fetch, .store = hb_store,
};

/* Whether bytes may be copied: by the kernel, and forwards. */
static bool hb_allowed(void)
{
	return !(reg_read(REG_CS) & CS_RPL) && !(reg_read(REG_EFLAGS) & EFLAGS_DF);
}

/*
 * The copies raise no page fault and, worse, look at no permission: from ring 3 they would
 * read and write the guest's kernel.  So only ring 0 is served, which is where the BSD drivers use
 * this port; and it is not advertised, so that programs use registers.  A copy that does not happen
 * fails the call, whose status then says that nothing was moved.
 */
static void hb_call(bool to_guest, void *size)
{
	enum reg pointer = to_guest ? REG_RDI : REG_RSI;
	uint64_t addr = reg_read(pointer);
	struct bdoor_regs old, new;
	size_t moved;

	regs_read(&old);
	new = old;
	moved = trap_hb(trap, &new, to_guest, addr, reg_read(REG_RCX),
			hb_allowed() ? &hb_memory : NULL);
	regs_write_changed(&old, &new);
	if (moved) {
		reg_write(pointer, addr + moved);
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
		reg_write(REG_RAX, (uint32_t)trap_tsc_khz(trap));
		reg_write(REG_RBX, APIC_KHZ);
		reg_write(REG_RCX, trap_hypercall(trap));
		reg_write(REG_RDX, 0);
	}
	skip_insn(size);
}

/* A program in the guest may have code at this address too, but not in real mode. */
static void on_reset_vector(unsigned int vcpu, void *data)
{
	if (reg_read(REG_CR0) & CR0_PE)
		return;
	trap_reset(trap);
}

/* An instruction that begins with 0x40 to 0x4f and is longer than that has it as a prefix. */
static qapi_vcpu_cb insn_callback(const uint8_t *b, size_t len)
{
	size_t whole = 0;
	enum trap_insn found = trap_insn_decode(b, len, true, &whole);

	if (len == 2 && b[0] == 0x0f && b[1] == 0xa2)
		return on_cpuid;
	if (len == 3 && b[0] == 0x0f && b[1] == 0x01 &&
	    ((b[2] == 0xc1 && trap_hypercall(trap) == BDOOR_CPUID_ECX_VMCALL) ||
	     (b[2] == 0xd9 && trap_hypercall(trap) == BDOOR_CPUID_ECX_VMMCALL)))
		return on_hypercall;
	if (found == TRAP_NONE || whole != len)
		return NULL;
	return found == TRAP_IN ? on_in : found == TRAP_INSB ? on_insb : on_outsb;
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

static const char *option_socket(int argc, char **argv)
{
	if (argc == 1 && !strncmp(argv[0], "socket=", strlen("socket=")))
		return argv[0] + strlen("socket=");
	return NULL;
}

int qemu_plugin_install(qapi_id id, const struct qapi_info *info, int argc, char **argv)
{
	const char *path = option_socket(argc, argv), *missing, *what;
	int err;

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
	err = trap_start(path, APIC_KHZ, &trap, &what);
	if (err < 0) {
		fprintf(stderr, "vmtkit plugin: %s: %s: %s\n", path, what, strerror(-err));
		return -1;
	}
	qapi.on_vcpu_init(id, on_vcpu_init, NULL);
	qapi.on_tb_trans(id, on_translate, NULL);
	return 0;
}
