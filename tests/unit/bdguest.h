/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bdguest.h - for tests: a guest that uses the backdoor engine, and ops that note what they are told
 *
 * Assertions are CUnit's: what a guest must be able to rely on at every step is checked in here.
 */
#ifndef VMTKIT_TESTS_BDGUEST_H
#define VMTKIT_TESTS_BDGUEST_H

#include "host/model/backdoor.h"

#define BDG_ANY	0x12345678u	/* in registers that carry nothing */
#define BDG_SEC	1700000000	/* the host's time; and BDG_USEC */
#define BDG_USEC	123456

/* What the ops saw last, and how they are to behave. */
struct bdg_seen {
	struct bdoor *b;
	char request[128];
	size_t request_len;
	unsigned int requests;
	long rpci_result;	/* 0 = echo; else returned */
	bool reset_inside;	/* the machine is reset while the request is away */
	bool no_time;
	unsigned int later;	/* seconds that have passed since BDG_SEC */
	unsigned int polls;
	unsigned int crashes;
	unsigned int randoms;	/* asked for, each another number */
	enum bdoor_tclo what;
	uint32_t gen, seq;
	char reply[128];
	size_t reply_len;
	unsigned int events, closed;
};

/* An open channel, as the guest knows it. */
struct bdg_chan {
	uint32_t id, high, low;
};

extern const struct bdoor_ops bdg_ops;		/* data: struct bdg_seen */
extern const struct bdoor_params bdg_params;

/* An engine, and *@s cleared; the caller frees it. */
struct bdoor *bdg_fresh(struct bdg_seen *s);
struct bdoor *bdg_fresh_with(struct bdg_seen *s, struct faults *f);

struct bdoor_regs bdg_command(struct bdoor *b, uint32_t cmd, uint32_t ebx);
struct bdoor_regs bdg_step(struct bdoor *b, const struct bdg_chan *c, uint32_t type, uint32_t ebx);
uint32_t bdg_status(const struct bdoor_regs *r);

/* Open a channel with a cookie; the status. */
uint32_t bdg_open(struct bdoor *b, uint32_t proto, struct bdg_chan *ret);

/* A whole message by registers; the status of the last step. */
uint32_t bdg_send_lb(struct bdoor *b, const struct bdg_chan *c, const char *text);

/* Returns the length, 0 when nothing waits, -1 on failure. */
long bdg_receive_lb(struct bdoor *b, const struct bdg_chan *c, char *buf, size_t room);

/* By the high-bandwidth port; EBX, with the status in its upper half. */
uint32_t bdg_send_hb(struct bdoor *b, const struct bdg_chan *c, const char *text, size_t len);
uint32_t bdg_receive_hb(struct bdoor *b, const struct bdg_chan *c, char *buf, size_t len);

#endif /* VMTKIT_TESTS_BDGUEST_H */
