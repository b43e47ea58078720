/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * backoff.c - how long to wait until the host is polled again
 *
 * After a message: at once, then 10, 20, 40, 80 and 100 ms, as hosts know it from their other guests.
 * When nothing came for 30 seconds the delay doubles up to one second, the rate of the BSD drivers:
 * the host takes a guest that polls less often for dead.
 */
#include <wire/guestrpc.h>

#include "lib/backoff.h"

guint backoff_message(struct backoff *b, gint64 now)
{
	b->busy_until = now + GRPC_POLL_BUSY_MS;
	b->delay = 0;
	return 0;
}

guint backoff_empty(struct backoff *b, gint64 now)
{
	guint max = now < b->busy_until ? GRPC_POLL_MAX_MS : GRPC_POLL_IDLE_MS;

	b->delay = b->delay ? b->delay * 2 : GRPC_POLL_STEP_MS;
	if (b->delay > max)
		b->delay = max;
	return b->delay;
}
