/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * backoff.h - how long to wait until the host is polled again
 */
#ifndef VMTKIT_LIB_BACKOFF_H
#define VMTKIT_LIB_BACKOFF_H

#include <glib.h>

/* All times in milliseconds of one monotonic clock */
struct backoff {
	gint64 busy_until;	/* until then the delay stays within the documented 100 */
	guint delay;		/* the last one returned */
};

/**
 * backoff_message - something came
 *
 * Returns the delay before the next poll, which is 0: the host often has more.
 */
guint backoff_message(struct backoff *b, gint64 now);

/** backoff_empty - nothing came; returns the delay before the next poll, 10 to 1000 */
guint backoff_empty(struct backoff *b, gint64 now);

#endif /* VMTKIT_LIB_BACKOFF_H */
