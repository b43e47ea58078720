/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * backdoor.h - the backdoor at the level of registers
 *
 * Linked into whatever traps the instruction.  A front gives it the registers of each call; it
 * answers commands about the machine, assembles the messages of up to 128 channels, and hands whole
 * messages on.  Pure: no descriptors, threads or clock.  One user at a time (the front's lock),
 * with one exception: the op rpci may give that lock up while it waits, see there.
 */
#ifndef VMTKIT_HOST_MODEL_BACKDOOR_H
#define VMTKIT_HOST_MODEL_BACKDOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/backdoor.h"

struct bdoor;
struct faults;

/* The low 32 bits of a vCPU's registers. */
struct bdoor_regs {
	uint32_t eax, ebx, ecx, edx, esi, edi, ebp;
};

struct bdoor_params {
	uint64_t tsc_khz;	/* 0 = unknown */
	uint32_t apic_khz;
	uint32_t memory_mib;
	uint32_t product;	/* BDOOR_PRODUCT_* */
	uint32_t hw_version;
	uint8_t uuid[16];	/* in the order in which it is written */
	uint32_t gui_options;	/* BDOOR_GUI_*; see bdoor_gui_options_set() */
	bool high_bandwidth;	/* set the HB bit in the status of SENDSIZE and RECVSIZE */
	struct faults *faults;	/* outlives the engine; NULL: none */
};

struct bdoor_time {
	uint64_t sec;		/* since 1970, UTC */
	uint32_t usec;
	uint32_t lag_us;	/* how far a guest's clock may be off before it is stepped */
	uint32_t irq_lag_us;
};

/* What became of the channel for commands to the guest, or of one command. */
enum bdoor_tclo {
	BDOOR_TCLO_OPENED,
	BDOOR_TCLO_ACCEPTED,
	BDOOR_TCLO_REFUSED,
	BDOOR_TCLO_REPLIED,	/* seq 0: the guest sent what nobody asked for */
	BDOOR_TCLO_CLOSED,
};

struct bdoor_ops {
	uint64_t (*random)(void *data);			/* for cookies */
	bool (*time)(void *data, struct bdoor_time *ret);	/* false: no time now */
	/*
	 * The guest asks @msg; fill @reply.  Returns its length, or -errno: the channel is closed.
	 * May let other calls into the engine meanwhile, a reset included.
	 */
	long (*rpci)(void *data, const void *msg, size_t len, void *reply, size_t room);
	/* @gen: number of the channel; @msg only for REPLIED.  Must not call back. */
	void (*tclo)(void *data, enum bdoor_tclo what, uint32_t gen, uint32_t seq, const void *msg,
		     size_t len);
	void (*polled)(void *data);			/* the guest looked for a command */
	void (*crashed)(void *data);			/* its kernel panicked; may be NULL */
};

struct bdoor_stats {
	uint64_t opens_refused;		/* all channels in use */
	uint64_t bad_cookies;
	uint64_t bad_steps;		/* not allowed in the channel's state, or no such channel */
	uint64_t too_long;
	uint64_t rpci_failed;		/* the op failed: channel closed */
	uint64_t unknown;		/* commands that are not there */
	uint64_t crashes;		/* REPORTGUESTCRASH */
	uint64_t resets;
};

#define BDOOR_LAG_US		1000000		/* lag_us for fronts with no better idea */
#define BDOOR_TCLO_QUEUE	16		/* commands pushed and not yet accepted */

/* bdoor_new - no channel open; NULL when memory is short */
struct bdoor *bdoor_new(const struct bdoor_params *params, const struct bdoor_ops *ops, void *data);
void bdoor_free(struct bdoor *b);		/* NULL is fine; calls no op */

/* Whether registers of vmcall or vmmcall are a call: EAX, and no flag in EDX.low. */
static inline bool bdoor_is_hypercall(uint32_t eax, uint32_t edx)
{
	return eax == BDOOR_MAGIC && !(edx & 0xffff);
}

/* Whether registers are a call of the port: EAX and EDX.low. */
static inline bool bdoor_is_call(uint32_t eax, uint32_t edx)
{
	return eax == BDOOR_MAGIC && (edx & 0xffff) == BDOOR_PORT;
}

static inline bool bdoor_is_hb_call(uint32_t eax, uint32_t edx)
{
	return eax == BDOOR_MAGIC && (edx & 0xffff) == BDOOR_HB_PORT;
}

/* bdoor_call - carry out one `in eax, dx`; every outcome is in @regs */
void bdoor_call(struct bdoor *b, struct bdoor_regs *regs);

/*
 * A call of the high-bandwidth port is two steps, because the front copies the bytes:
 * bdoor_hb_begin - check it
 * @to_guest: rep insb, else rep outsb
 *
 * Returns how many bytes to copy (1..BDOOR_MSG_SIZE_MAX), or -EINVAL: @regs hold the failure then.
 */
long bdoor_hb_begin(struct bdoor *b, struct bdoor_regs *regs, bool to_guest);

/* bdoor_hb_peek - the bytes for the guest, after bdoor_hb_begin(); @buf has room for them all */
void bdoor_hb_peek(struct bdoor *b, const struct bdoor_regs *regs, void *buf);

/*
 * bdoor_hb_end - the bytes have been copied, or not
 * @buf: rep outsb: the guest's bytes, as many as bdoor_hb_begin() said; NULL if they could not be
 *	 read.  rep insb: not NULL if they could all be written.
 *
 * The channel is checked again, because another call may have come between.
 */
void bdoor_hb_end(struct bdoor *b, struct bdoor_regs *regs, bool to_guest, const void *buf);

/* bdoor_reset - the machine was reset: all channels and commands are gone, silently */
void bdoor_reset(struct bdoor *b);

/* bdoor_gui_options_set - what GETGUIOPTIONS answers from now on: BDOOR_GUI_* */
void bdoor_gui_options_set(struct bdoor *b, uint32_t options);

/* bdoor_checkpoint - each open channel answers its next step with the checkpoint bit */
void bdoor_checkpoint(struct bdoor *b);

/*
 * bdoor_tclo_push - keep a command ready for the guest's next poll
 * @gen: of the channel it is meant for
 * @msg: 1..BDOOR_MSG_SIZE_MAX bytes, copied
 *
 * Returns 0, -ENOTCONN (that channel is gone), -ENOSPC, -EMSGSIZE or -ENOMEM.
 */
int bdoor_tclo_push(struct bdoor *b, uint32_t gen, uint32_t seq, const void *msg, size_t len);

/* bdoor_tclo_cancel - drop it if it is not yet being read, and do not wait for its reply */
void bdoor_tclo_cancel(struct bdoor *b, uint32_t seq);

/* The number of the open TCLO channel, or 0. */
uint32_t bdoor_tclo_gen(const struct bdoor *b);

const struct bdoor_stats *bdoor_stats(const struct bdoor *b);

#endif /* VMTKIT_HOST_MODEL_BACKDOOR_H */
