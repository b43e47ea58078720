/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * front.h - the protocol between a front (the thing that traps the backdoor) and the VM process
 *
 * It goes over a UNIX SOCK_SEQPACKET socket of the VM process.  Each packet is one message: struct
 * front_hdr, then what its type says, in the byte order of the machine (both ends are on it).
 *
 *	front				VM process
 *	HELLO			->
 *				<-	WELCOME, with a descriptor: one page shared by both
 *	RPCI (id)		->			the caller waits, at most FRONT_RPCI_MS
 *				<-	RPCI_REPLY (id)
 *	TCLO_OPENED (gen)	->
 *				<-	TCLO (gen, seq)	ahead of the guest's poll
 *	TCLO_ACCEPTED (seq)	->			the guest read it
 *	TCLO_REPLIED (seq)	->			or TCLO_REFUSED, or nothing for ever
 *				<-	TCLO_CANCEL (seq)
 *	TCLO_CLOSED (gen)	->
 *	RESET			->			all channels are gone
 *	CRASHED			->			the guest says that its kernel panicked
 *				<-	CHECKPOINT, GUI_OPTIONS, FAULT, FAULT_CLEAR
 *
 * A generation counts the TCLO channels: a TCLO message for an earlier one is dropped by the front.
 * What was pushed and not accepted when TCLO_OPENED, TCLO_CLOSED or RESET comes is lost there; the
 * model still has it.  Either end hangs up when the other breaks these rules.
 *
 * Faults (host/model/fault.h) that concern registers happen in the front.  It has all rules from the
 * welcome on, asks for those that it knows, and tells in the page how often each has fired.
 */
#ifndef VMTKIT_HOST_FRONT_FRONT_H
#define VMTKIT_HOST_FRONT_FRONT_H

#include <stdint.h>

#include "host/model/fault.h"
#include "wire/backdoor.h"

#define FRONT_VERSION		3
#define FRONT_BODY_MAX		BDOOR_MSG_SIZE_MAX
#define FRONT_RPCI_MS		2000	/* how long a caller waits for an answer */
#define FRONT_HELLO_MS		10000	/* how long a front's start waits for WELCOME */
#define FRONT_TCLO_AHEAD	16	/* messages pushed and not yet accepted; more are refused */

enum front_type {
	/* from the front */
	FRONT_HELLO = 1,	/* struct front_hello */
	FRONT_RPCI,		/* seq: id of the call, > 0; the guest's request */
	FRONT_TCLO_OPENED,	/* gen */
	FRONT_TCLO_ACCEPTED,	/* gen, seq */
	FRONT_TCLO_REFUSED,	/* gen, seq */
	FRONT_TCLO_REPLIED,	/* gen, seq (0: unasked); the guest's reply */
	FRONT_TCLO_CLOSED,	/* gen */
	FRONT_RESET,
	FRONT_CRASHED,
	/* from the VM process */
	FRONT_WELCOME = 64,	/* struct front_welcome, one descriptor */
	FRONT_RPCI_REPLY,	/* seq: id of the call; the reply */
	FRONT_TCLO,		/* gen, seq > 0; the command */
	FRONT_TCLO_CANCEL,	/* seq */
	FRONT_CHECKPOINT,
	FRONT_GUI_OPTIONS,	/* seq: BDOOR_GUI_*, as in the welcome */
	FRONT_FAULT,		/* a line, as fault_parse() reads it */
	FRONT_FAULT_CLEAR,	/* seq: enum fault_kind; FAULT_KINDS: all */
};

struct front_hdr {
	uint32_t type;		/* enum front_type */
	uint32_t gen;		/* of the TCLO channel; 0 where it has no meaning */
	uint32_t seq;
	uint32_t len;		/* bytes after this header, exactly; <= FRONT_BODY_MAX */
};

struct front_hello {
	uint32_t version;	/* FRONT_VERSION */
	uint32_t pid;		/* of the front; for logs */
	uint64_t tsc_khz;	/* of the guest, as measured */
};

struct front_welcome {
	uint32_t version;	/* FRONT_VERSION */
	uint32_t gui_options;	/* BDOOR_GUI_* */
	uint8_t uuid[16];
	uint32_t memory_mib;
	uint32_t vcpus;
	uint32_t hypercall;	/* BDOOR_CPUID_ECX_* to offer, or 0 */
	uint32_t pad;
	char faults[FAULT_LINES_MAX];	/* lines, then NULs */
};

/*
 * The shared page: written by the front, with relaxed atomic stores; the VM process believes
 * nothing in it beyond showing it.  Sealed in size, so that the front cannot take it away.
 */
struct front_page {
	uint32_t gen;			/* of the open TCLO channel; 0 = none */
	uint32_t pad;
	uint64_t last_poll_ms;		/* CLOCK_MONOTONIC; 0 = never */
	uint64_t polls;
	uint64_t rpci;
	uint64_t rpci_timeouts;		/* no answer within FRONT_RPCI_MS: channel closed */
	uint64_t opens_refused;		/* all channels in use */
	uint64_t bad_cookies;
	uint64_t bad_steps;		/* a step that its channel's state does not allow */
	uint64_t hb_faults;		/* high-bandwidth calls that could not copy */
	uint64_t resets;
	uint64_t faults[FAULT_KINDS_MAX];	/* how often each kind has fired in the front */
};

#define FRONT_PAGE_SIZE		4096

_Static_assert(sizeof(struct front_page) <= FRONT_PAGE_SIZE, "the shared page is one page");

#endif /* VMTKIT_HOST_FRONT_FRONT_H */
