/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trap.h - what every front does with a call of the backdoor once it has caught it
 *
 * A front finds the instruction and moves registers and memory; the rest is here: the engine of
 * host/model/backdoor, its lock, and the connection to the VM process.  Functions may be called from
 * several threads; one waits for the VM process without keeping the others out.
 */
#ifndef VMTKIT_HOST_FRONT_TRAP_H
#define VMTKIT_HOST_FRONT_TRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/model/backdoor.h"

#define TRAP_INSN_MAX	3	/* bytes of the longest instruction of the port */

struct trap;

/* The instructions of the port. */
enum trap_insn {
	TRAP_NONE,
	TRAP_IN,	/* in eax, dx */
	TRAP_INSB,	/* rep insb */
	TRAP_OUTSB,	/* rep outsb */
};

/*
 * trap_insn_decode - which instruction this is
 * @b: @have bytes of it, all of it if it has TRAP_INSN_MAX at most
 * @long_mode: the processor runs 64-bit code, where REX prefixes exist
 * @ret_len: its length, when it is one of ours
 */
enum trap_insn trap_insn_decode(const uint8_t *b, size_t have, bool long_mode, size_t *ret_len);

/*
 * trap_start - connect to the VM process and be ready for calls
 * @path: its socket
 * @apic_khz: of the machine's local APIC
 * @ret_error: one line when -errno is returned
 */
int trap_start(const char *path, uint32_t apic_khz, struct trap **ret, const char **ret_error);

/* trap_tsc_khz - rate of the machine's own time-stamp counter, as measured at the start; 0 unknown */
uint64_t trap_tsc_khz(const struct trap *t);

/* trap_hypercall - the instruction that the machine shall offer in CPUID: BDOOR_CPUID_ECX_*, or 0 */
uint32_t trap_hypercall(const struct trap *t);

/* trap_in - carry out `in eax, dx`; every outcome is in @regs */
void trap_in(struct trap *t, struct bdoor_regs *regs);

/* How a high-bandwidth call reaches the guest's memory, by a buffer that the front owns. */
struct trap_memory {
	/* @len bytes of room, good for this call, or NULL */
	void *(*buffer)(void *data, size_t len);
	/* Copy all @len bytes between the guest's @addr and the buffer, with the guest's own rights. */
	bool (*fetch)(void *data, uint64_t addr, size_t len);
	bool (*store)(void *data, uint64_t addr, size_t len);
	void *data;
};

/*
 * trap_hb - carry out `rep insb` (@to_guest) or `rep outsb`; every outcome is in @regs
 * @addr: of the guest's buffer
 * @count: its repeat count, in full width
 * @mem: NULL: this caller may have nothing copied, the call fails
 *
 * Returns how many bytes were copied: the whole message or 0.
 */
size_t trap_hb(struct trap *t, struct bdoor_regs *regs, bool to_guest, uint64_t addr,
	       uint64_t count, const struct trap_memory *mem);

/* trap_reset - the machine was reset: its channels are gone, and the VM process is told */
void trap_reset(struct trap *t);

#endif /* VMTKIT_HOST_FRONT_TRAP_H */
