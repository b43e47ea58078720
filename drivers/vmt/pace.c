/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pace.c - when to poll the host, and when to open a lost channel again
 *
 * Polling: the documented back-off, 10 to 100 ms, for 30 s after anything happened, because
 * commands come in bursts; then up to 1 s, which an idle guest can afford and which the host still
 * takes for a heartbeat.
 *
 * Opening again: the host has one TCLO channel to give, and the last one to open it wins.  A single
 * loss is a restored or migrated virtual machine; a channel that is lost again and again soon after
 * it was opened has another user, who must not be fought: the pauses grow to 5 minutes.
 *
 * Pure; compiled by the unit test as it stands.
 */
#include <linux/types.h>

#include <wire/guestrpc.h>

#include "pace.h"

#define REOPEN_PAUSE_MS		1000
#define REOPEN_PAUSE_MAX_MS	300000
#define REOPEN_ALIVE_MS		10000	/* a channel that lived so long is nobody else's */
#define REOPEN_CONTENDED	3

void vmt_pace_active(struct vmt_pace *pace, __u64 now_ms)
{
	pace->active_ms = now_ms;
	pace->delay_ms = 0;
}

__u32 vmt_pace_next(struct vmt_pace *pace, __u64 now_ms)
{
	bool busy = now_ms - pace->active_ms < GRPC_POLL_BUSY_MS;
	__u32 max_ms = busy ? GRPC_POLL_MAX_MS : GRPC_POLL_IDLE_MS;
	__u32 ms = pace->delay_ms ? 2 * pace->delay_ms : GRPC_POLL_STEP_MS;

	pace->delay_ms = ms < max_ms ? ms : max_ms;
	return pace->delay_ms;
}

void vmt_reopen_opened(struct vmt_reopen *re, __u64 now_ms)
{
	re->opened_ms = now_ms;
}

void vmt_reopen_works(struct vmt_reopen *re, __u64 now_ms)
{
	if (now_ms - re->opened_ms >= REOPEN_ALIVE_MS)
		re->failures = 0;
}

__u32 vmt_reopen_failed(struct vmt_reopen *re)
{
	__u32 ms = REOPEN_PAUSE_MS;
	__u32 i;

	for (i = 0; i < re->failures && ms < REOPEN_PAUSE_MAX_MS; i++)
		ms *= 2;
	re->failures++;
	return ms < REOPEN_PAUSE_MAX_MS ? ms : REOPEN_PAUSE_MAX_MS;
}

bool vmt_reopen_contended(const struct vmt_reopen *re)
{
	return re->failures >= REOPEN_CONTENDED;
}
