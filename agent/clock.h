/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * clock.h - what to do about the clock, given how wrong it is
 */
#ifndef VMTKIT_AGENT_CLOCK_H
#define VMTKIT_AGENT_CLOCK_H

#include <glib.h>

/* One look at both clocks; all in microseconds */
struct clock_sample {
	gint64 error;		/* guest minus host; negative: the guest is behind */
	gint64 max_lag;		/* behind by no more than this is left alone */
};

enum clock_action { CLOCK_LEAVE, CLOCK_STEP, CLOCK_SLEW };

/** clock_once - for a single correction; @backward: the clock may be set back */
enum clock_action clock_once(const struct clock_sample *s, gboolean backward);

/** clock_periodic - for the regular one, which never sets the clock back; @slew: small errors too */
enum clock_action clock_periodic(const struct clock_sample *s, gboolean slew);

/**
 * clock_slew_tick - how long a tick is to be until the next look
 * @error: as in clock_sample
 * @percent: how much of it is to be gone by then, 1 to 100
 * @period_s: seconds until then, at least 1
 *
 * Returns microseconds for adjtimex(2)'s ADJ_TICK, 9000 to 11000; 10000 is the ordinary length.
 */
glong clock_slew_tick(gint64 error, guint percent, guint period_s);

/**
 * clock_best - several looks at both clocks become one
 * @before, @after: the host's time around the look at the guest's
 * @guest: the guest's time between them
 * @ret_error: guest minus host, the host's taken from the middle
 *
 * Returns the uncertainty: the time between the two; a negative one means that the host's clock was set.
 */
gint64 clock_best(gint64 before, gint64 guest, gint64 after, gint64 *ret_error);

#endif /* VMTKIT_AGENT_CLOCK_H */
