/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * timesync.c - the clock, kept by the host's where nobody else does
 *
 * The host says by options whether and how often; Time_Synchronize is its order to correct once.  What
 * goes by itself (the period, the start, a resume) keeps its hands off while an NTP daemon has the
 * clock, and while our driver does the same work; an order is carried out in any case.
 *
 * The driver sees neither the daemon nor, while we serve the host, its options: it is told to keep off
 * when the clock is not to be corrected regularly.  Whether a daemon has the clock is a bit of
 * adjtimex(2) of which nobody tells: it is looked at every LOOK_S seconds, while there is a driver.
 *
 * A look at the clocks is host, guest, host, up to four times, until the host's two are no more than
 * 2 ms apart: the closest pair counts.
 */
#include <errno.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include <uapi/vmt.h>
#include <wire/guestrpc.h>

#include "agent/agent.h"
#include "agent/clock.h"
#include "agent/timesync.h"

#define SAMPLES		4
#define GOOD_GAP_US	2000
#define PERIOD_S	60
#define PERIOD_MAX_S	86400
#define PERCENT		50
#define TICK_US		10000
#define LOOK_S		30

struct timesync {
	const struct timesync_ops *ops;
	gpointer data;			/* of ops->keep_off */
	gboolean none, no_period;	/* what the administrator restricts */
	gboolean allowed;		/* time.synchronize.allow */
	gboolean on;			/* synctime: correct regularly */
	gboolean off;			/* the host has said so: synctime 0 */
	gboolean enabled_once;		/* time.synchronize.tools.enable: correct at events */
	gboolean startup_done;
	gboolean startup_backward;
	gboolean slew;
	guint percent, period_s;
	guint timer, look_timer;
	gboolean slewing;		/* the tick is not the ordinary one */
};

static gboolean sample(struct timesync *time, struct clock_sample *ret, GError **error)
{
	gint64 best = G_MAXINT64, gap, e;
	guint i;

	for (i = 0; i < SAMPLES && best > GOOD_GAP_US; i++) {
		VmtTime before, after;
		gint64 guest;

		if (!time->ops->host_time(&before, error))
			return FALSE;
		guest = time->ops->guest_us();
		if (!time->ops->host_time(&after, error))
			return FALSE;
		gap = clock_best(before.unix_us, guest, after.unix_us, &e);
		if (gap < 0 || gap >= best)
			continue;
		best = gap;
		ret->error = e + after.interrupt_lag_us;
		ret->max_lag = after.max_lag_us;
	}
	if (best != G_MAXINT64)
		return TRUE;
	g_set_error_literal(error, VMT_ERROR, VMT_ERROR_PROTOCOL, "the host's clock runs backwards");
	return FALSE;
}

static gboolean kept_by_others(const struct timesync *time)
{
	return time->ops->driver() || time->ops->ntp();
}

static gboolean slew_end(struct timesync *time)
{
	if (time->slewing)
		time->slewing = !time->ops->slew(TICK_US, NULL);
	return !time->slewing;
}

static gboolean step(struct timesync *time, const struct clock_sample *s, GError **error)
{
	(void)slew_end(time);
	if (!time->ops->step(-s->error, error))
		return FALSE;
	g_message("the clock was %s the host's by %" G_GINT64_FORMAT ".%03d s: set",
		  s->error < 0 ? "behind" : "ahead of", ABS(s->error) / G_USEC_PER_SEC,
		  (int)(ABS(s->error) % G_USEC_PER_SEC / 1000));
	return TRUE;
}

static gboolean correct_once(struct timesync *time, gboolean backward, GError **error)
{
	struct clock_sample s;

	if (!sample(time, &s, error))
		return FALSE;
	return clock_once(&s, backward) == CLOCK_LEAVE || step(time, &s, error);
}

static gboolean period_due(gpointer data)
{
	struct timesync *time = data;
	g_autoptr(GError) error = NULL;
	struct clock_sample s;

	if (kept_by_others(time)) {
		(void)slew_end(time);
		return G_SOURCE_CONTINUE;
	}
	if (!sample(time, &s, &error)) {
		g_debug("clock: %s", error->message);
		return G_SOURCE_CONTINUE;
	}
	switch (clock_periodic(&s, time->slew)) {
	case CLOCK_STEP:
		(void)step(time, &s, &error);
		break;
	case CLOCK_SLEW:
		time->slewing = time->ops->slew(clock_slew_tick(s.error, time->percent,
								time->period_s), &error);
		break;
	case CLOCK_LEAVE:
		break;
	}
	if (error)
		g_warning("clock: %s", error->message);
	return G_SOURCE_CONTINUE;
}

/* A correction that nobody asked for by name: at the start and when things are switched on */
static void correct_by_itself(struct timesync *time, gboolean backward)
{
	g_autoptr(GError) error = NULL;

	if (time->none || !time->allowed || kept_by_others(time))
		return;
	if (!correct_once(time, backward, &error))
		g_debug("clock: %s", error->message);
}

/* The host's own word about synctime the driver hears itself, and the administrator's sysctl overrules it */
static gboolean keep_off(const struct timesync *time)
{
	return time->none || time->no_period || !time->allowed || time->ops->ntp();
}

static gboolean look_due(gpointer data)
{
	struct timesync *time = data;

	if (time->ops->keep_off(time->data, keep_off(time)))
		return G_SOURCE_CONTINUE;
	time->look_timer = 0;
	return G_SOURCE_REMOVE;
}

void timesync_look(struct timesync *time)
{
	if (time->look_timer)
		g_source_remove(time->look_timer);
	time->look_timer = 0;
	if (time->ops->keep_off(time->data, keep_off(time)))
		time->look_timer = g_timeout_add_seconds(LOOK_S, look_due, time);
}

static void timer_set(struct timesync *time)
{
	if (time->timer)
		g_source_remove(time->timer);
	time->timer = 0;
	(void)slew_end(time);
	if (time->on && time->allowed && !time->none && !time->no_period)
		time->timer = g_timeout_add_seconds(time->period_s, period_due, time);
	timesync_look(time);
}

struct timesync *timesync_new(const struct timesync_ops *ops, gpointer data)
{
	struct timesync *time = g_new0(struct timesync, 1);

	time->ops = ops;
	time->data = data;
	time->allowed = TRUE;
	time->enabled_once = TRUE;
	time->slew = TRUE;
	time->percent = PERCENT;
	time->period_s = PERIOD_S;
	return time;
}

void timesync_free(struct timesync *time)
{
	if (!time)
		return;
	if (time->timer)
		g_source_remove(time->timer);
	if (time->look_timer)
		g_source_remove(time->look_timer);
	(void)slew_end(time);
	g_free(time);
}

void timesync_restrict(struct timesync *time, gboolean none, gboolean no_period)
{
	time->none = none;
	time->no_period = no_period;
	timer_set(time);
}

void timesync_command(struct timesync *time, const char *args, GString *reply)
{
	g_autoptr(GError) error = NULL;

	if (strcmp(args, " 0") && strcmp(args, " 1"))
		g_string_append(reply, GRPC_TCLO_ERROR "Unable to tokenize TimeSync RPC data");
	else if (!time->none && correct_once(time, args[1] == '1', &error))
		g_string_append(reply, GRPC_TCLO_OK);
	else {
		if (error)
			g_warning("clock: %s", error->message);
		g_string_append(reply, GRPC_TCLO_ERROR "Unable to sync time");
	}
}

void timesync_resumed(struct timesync *time)
{
	if (time->enabled_once)
		correct_by_itself(time, TRUE);
}

static void option_on(struct timesync *time, guint value)
{
	gboolean was = time->on;

	time->on = value;
	time->off = !value;
	if (value && !was)
		correct_by_itself(time, TRUE);
	timer_set(time);
}

static void option_period(struct timesync *time, guint value)
{
	time->period_s = value ? value : PERIOD_S;
	timer_set(time);
}

static void option_allow(struct timesync *time, guint value)
{
	time->allowed = value;
	timer_set(time);
}

static void option_enable(struct timesync *time, guint value)
{
	time->enabled_once = value;
}

static void option_startup(struct timesync *time, guint value)
{
	if (value && time->enabled_once && !time->startup_done)
		correct_by_itself(time, time->startup_backward);
	time->startup_done = TRUE;
}

static void option_backward(struct timesync *time, guint value)
{
	time->startup_backward = value;
}

static void option_slew(struct timesync *time, guint value)
{
	time->slew = value;
	if (!value)
		(void)slew_end(time);
}

static void option_percent(struct timesync *time, guint value)
{
	time->percent = value ? value : PERCENT;
}

gboolean timesync_option(struct timesync *time, const char *name, const char *value)
{
	static const struct {
		const char *name;
		guint max;
		void (*set)(struct timesync *time, guint value);
	} options[] = {
		{ "synctime", 1, option_on },
		{ "synctime.period", PERIOD_MAX_S, option_period },
		{ "time.synchronize.allow", 1, option_allow },
		{ "time.synchronize.tools.enable", 1, option_enable },
		{ "time.synchronize.tools.startup", 1, option_startup },
		{ "time.synchronize.tools.startup.backward", 1, option_backward },
		{ "time.synchronize.tools.slewCorrection", 1, option_slew },
		{ "time.synchronize.tools.percentCorrection", 100, option_percent },
	};
	guint64 number;
	guint i;

	for (i = 0; i < G_N_ELEMENTS(options); i++) {
		if (strcmp(name, options[i].name))
			continue;
		if (!g_ascii_string_to_unsigned(value, 10, 0, options[i].max, &number, NULL))
			return FALSE;
		options[i].set(time, (guint)number);
		return TRUE;
	}
	return FALSE;
}

static gint64 system_guest_us(void)
{
	return g_get_real_time();
}

static gboolean system_adjust(struct timex *tx, GError **error)
{
	if (clock_adjtime(CLOCK_REALTIME, tx) >= 0)
		return TRUE;
	g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "the clock was not set: %s",
		    g_strerror(errno));
	return FALSE;
}

static gboolean system_step(gint64 by_us, GError **error)
{
	gint64 seconds = by_us / G_USEC_PER_SEC, us = by_us % G_USEC_PER_SEC;
	struct timex tx = { .modes = ADJ_SETOFFSET };

	/* The fraction has to be positive */
	tx.time.tv_sec = us < 0 ? seconds - 1 : seconds;
	tx.time.tv_usec = us < 0 ? us + G_USEC_PER_SEC : us;
	return system_adjust(&tx, error);
}

static gboolean system_slew(glong tick_us, GError **error)
{
	struct timex tx = { .modes = ADJ_TICK, .tick = tick_us };

	return system_adjust(&tx, error);
}

/* An NTP daemon clears the kernel's "unsynchronized" */
static gboolean system_ntp(void)
{
	struct timex tx = { 0 };

	return clock_adjtime(CLOCK_REALTIME, &tx) >= 0 && !(tx.status & STA_UNSYNC);
}

static gboolean system_driver(void)
{
	return access(VMT_DEVICE, F_OK) == 0;
}

static gboolean system_keep_off(gpointer data, gboolean on)
{
	const struct agent *agent = data;

	return agent->tclo && vmt_tclo_keep_clock_off(agent->tclo, on);
}

const struct timesync_ops timesync_system = {
	.host_time = vmt_host_time,
	.guest_us = system_guest_us,
	.step = system_step,
	.slew = system_slew,
	.ntp = system_ntp,
	.driver = system_driver,
	.keep_off = system_keep_off,
};
