/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VMTKIT_DRIVERS_VMT_PACE_H
#define VMTKIT_DRIVERS_VMT_PACE_H

#include <linux/types.h>

/* How often the host is asked for messages. */
struct vmt_pace {
	__u64 active_ms;	/* time of the last message, or of the opening */
	__u32 delay_ms;		/* before the poll that was made last */
};

/**
 * vmt_pace_active() - a message came, or the channel was opened
 * @pace: the pace
 * @now_ms: time, of any origin
 */
void vmt_pace_active(struct vmt_pace *pace, __u64 now_ms);

/**
 * vmt_pace_next() - nothing came: how long to wait before the next poll
 * @pace: the pace
 * @now_ms: time
 *
 * Return: ms: 10 doubling to 100; a while after the last message, doubling to 1000.
 */
__u32 vmt_pace_next(struct vmt_pace *pace, __u64 now_ms);

/* How often a lost channel is opened again. */
struct vmt_reopen {
	__u64 opened_ms;
	__u32 failures;		/* in a row: openings refused, or lost again at once */
};

/**
 * vmt_reopen_opened() - the channel was opened
 * @re: the state
 * @now_ms: time
 */
void vmt_reopen_opened(struct vmt_reopen *re, __u64 now_ms);

/**
 * vmt_reopen_works() - the open channel just worked
 * @re: the state
 * @now_ms: time
 */
void vmt_reopen_works(struct vmt_reopen *re, __u64 now_ms);

/**
 * vmt_reopen_failed() - the open channel was lost, or an opening was refused
 * @re: the state
 *
 * Return: ms to wait before the next opening: 1000 doubling to 300,000.
 */
__u32 vmt_reopen_failed(struct vmt_reopen *re);

/**
 * vmt_reopen_contended() - does somebody else take the channel away?
 * @re: the state
 *
 * Return: true after 3 failures in a row, until the channel has lived for 10 s.
 */
bool vmt_reopen_contended(const struct vmt_reopen *re);

#endif /* VMTKIT_DRIVERS_VMT_PACE_H */
