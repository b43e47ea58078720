/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * clock.c - what to do about the clock, given how wrong it is; pure
 */
#include "agent/clock.h"

#define TICK_US		10000
#define TICK_MIN_US	9000
#define TICK_MAX_US	11000
#define TICKS_PER_S	100

enum clock_action clock_once(const struct clock_sample *s, gboolean backward)
{
	if (s->error < -s->max_lag || (backward && s->error > 0))
		return CLOCK_STEP;
	return CLOCK_LEAVE;
}

enum clock_action clock_periodic(const struct clock_sample *s, gboolean slew)
{
	if (s->error < -s->max_lag)
		return CLOCK_STEP;
	return slew ? CLOCK_SLEW : CLOCK_LEAVE;
}

glong clock_slew_tick(gint64 error, guint percent, guint period_s)
{
	gint64 limit = G_MAXINT64 / 200;
	gint64 wanted = CLAMP(error, -limit, limit) * MIN(percent, 100u) / 100;
	gint64 tick = TICK_US - wanted / ((gint64)MAX(period_s, 1u) * TICKS_PER_S);

	return (glong)CLAMP(tick, TICK_MIN_US, TICK_MAX_US);
}

gint64 clock_best(gint64 before, gint64 guest, gint64 after, gint64 *ret_error)
{
	*ret_error = guest - (before + (after - before) / 2);
	return after - before;
}
