/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-timesync.c - decisions about the clock, and the options that lead to them
 */
#include <string.h>

#include "agent/clock.h"
#include "agent/timesync.h"
#include "tests/unit/unit.h"

/* Two clocks: the host's runs by itself, the guest's is off by @off */
static gint64 host_now, off, gap;
static guint steps, slews;
static glong last_tick;
static gboolean ntp_runs, driver_here, host_broken;
static int driver_off;		/* -1: not told */
static gint64 max_lag;

static gboolean host_time(VmtTime *ret, GError **error)
{
	if (host_broken) {
		g_set_error_literal(error, VMT_ERROR, VMT_ERROR_PROTOCOL, "no time");
		return FALSE;
	}
	*ret = (VmtTime){ .unix_us = host_now, .max_lag_us = max_lag };
	host_now += gap;
	return TRUE;
}

static gint64 guest_us(void)
{
	return host_now - gap / 2 + off;
}

static gboolean step(gint64 by, GError **error)
{
	steps++;
	off += by;
	return TRUE;
}

static gboolean slew(glong tick, GError **error)
{
	slews++;
	last_tick = tick;
	return TRUE;
}

static gboolean ntp(void)
{
	return ntp_runs;
}

static gboolean driver(void)
{
	return driver_here;
}

static gboolean keep_off(gpointer data, gboolean on)
{
	driver_off = driver_here ? on : -1;
	return driver_here;
}

static const struct timesync_ops ops = { host_time, guest_us, step, slew, ntp, driver, keep_off };

static struct timesync *start(gint64 is_off)
{
	host_now = 1700000000LL * G_USEC_PER_SEC;
	off = is_off;
	gap = 100;
	max_lag = 1000000;
	steps = slews = 0;
	ntp_runs = driver_here = host_broken = FALSE;
	driver_off = -1;
	return timesync_new(&ops, NULL);
}

static void command(struct timesync *time, const char *args, const char *want)
{
	GString *reply = g_string_new(NULL);

	timesync_command(time, args, reply);
	CU_ASSERT_STRING_EQUAL(reply->str, want);
	g_string_free(reply, TRUE);
}

static void order(void)
{
	static const struct {
		gint64 off;
		const char *args;
		gint64 want;
	} rows[] = {
		{ -3600000000LL, " 0", 0 },		/* behind: set */
		{ -500000, " 0", -500000 },		/* behind by less than the lag: left */
		{ 3600000000LL, " 0", 3600000000LL },	/* ahead: not without backward */
		{ 3600000000LL, " 1", 0 },
		{ 1000, " 1", 0 },			/* ahead at all */
	};
	guint i;

	for (i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct timesync *time = start(rows[i].off);

		command(time, rows[i].args, "OK ");
		CU_ASSERT_EQUAL(off, rows[i].want);
		timesync_free(time);
	}
}

static void order_errors(void)
{
	struct timesync *time = start(-3600000000LL);

	command(time, "", "ERROR Unable to tokenize TimeSync RPC data");
	command(time, " ", "ERROR Unable to tokenize TimeSync RPC data");
	command(time, " 2", "ERROR Unable to tokenize TimeSync RPC data");
	command(time, " 1 1", "ERROR Unable to tokenize TimeSync RPC data");
	CU_ASSERT_EQUAL(steps, 0);
	host_broken = TRUE;
	command(time, " 1", "ERROR Unable to sync time");
	timesync_free(time);
}

static void switched_on(void)
{
	struct timesync *time = start(-5000000);

	CU_ASSERT_TRUE(timesync_option(time, "synctime", "1"));
	CU_ASSERT_EQUAL(off, 0);
	off = -5000000;
	CU_ASSERT_TRUE(timesync_option(time, "synctime", "1"));
	CU_ASSERT_EQUAL(steps, 1);
	timesync_free(time);
}

static void hands_off(void)
{
	struct timesync *time = start(-5000000);

	ntp_runs = TRUE;
	CU_ASSERT_TRUE(timesync_option(time, "synctime", "1"));
	CU_ASSERT_TRUE(timesync_option(time, "time.synchronize.tools.startup", "1"));
	timesync_resumed(time);
	CU_ASSERT_EQUAL(steps, 0);
	command(time, " 0", "OK ");
	CU_ASSERT_EQUAL(steps, 1);
	timesync_free(time);

	time = start(-5000000);
	timesync_restrict(time, TRUE, FALSE);
	CU_ASSERT_TRUE(timesync_option(time, "synctime", "1"));
	timesync_resumed(time);
	command(time, " 1", "ERROR Unable to sync time");
	CU_ASSERT_EQUAL(steps, 0);
	timesync_free(time);

	time = start(-5000000);
	CU_ASSERT_TRUE(timesync_option(time, "time.synchronize.allow", "0"));
	CU_ASSERT_TRUE(timesync_option(time, "synctime", "1"));
	timesync_resumed(time);
	CU_ASSERT_EQUAL(steps, 0);
	timesync_free(time);
}

static void driver_told(void)
{
	struct timesync *time = start(-5000000);

	timesync_look(time);
	CU_ASSERT_EQUAL(driver_off, -1);
	driver_here = TRUE;
	timesync_look(time);
	CU_ASSERT_EQUAL(driver_off, 0);
	CU_ASSERT_TRUE(timesync_option(time, "synctime", "0"));
	CU_ASSERT_EQUAL(driver_off, 0);		/* it hears that itself, and obeys its sysctl first */
	CU_ASSERT_TRUE(timesync_option(time, "synctime", "1"));
	CU_ASSERT_EQUAL(driver_off, 0);
	CU_ASSERT_EQUAL(steps, 0);		/* the driver's work */
	ntp_runs = TRUE;
	timesync_look(time);
	CU_ASSERT_EQUAL(driver_off, 1);
	ntp_runs = FALSE;
	timesync_look(time);
	CU_ASSERT_EQUAL(driver_off, 0);
	timesync_restrict(time, FALSE, TRUE);
	CU_ASSERT_EQUAL(driver_off, 1);
	timesync_restrict(time, TRUE, FALSE);
	CU_ASSERT_EQUAL(driver_off, 1);
	timesync_restrict(time, FALSE, FALSE);
	CU_ASSERT_EQUAL(driver_off, 0);
	CU_ASSERT_TRUE(timesync_option(time, "time.synchronize.allow", "0"));
	CU_ASSERT_EQUAL(driver_off, 1);
	timesync_free(time);
}

static void periodic(void)
{
	struct timesync *time = start(0);

	CU_ASSERT_TRUE(timesync_option(time, "synctime.period", "1"));
	CU_ASSERT_TRUE(timesync_option(time, "synctime", "1"));
	off = -5000000;
	while (!steps)
		g_main_context_iteration(NULL, TRUE);
	CU_ASSERT_EQUAL(off, 0);
	off = 50000;		/* ahead a little: never set back, the tick is made shorter */
	while (!slews)
		g_main_context_iteration(NULL, TRUE);
	CU_ASSERT_EQUAL(steps, 1);
	CU_ASSERT_EQUAL(last_tick, 10000 - 25000 / 100);
	timesync_free(time);
	CU_ASSERT_EQUAL(last_tick, 10000);
}

static void options(void)
{
	static const char *const bad[][2] = {
		{ "synctime", "2" }, { "synctime", "" }, { "synctime", "-1" }, { "synctime", "1x" },
		{ "synctime.period", "86401" }, { "synctime.perio", "1" }, { "autohide", "0" },
		{ "time.synchronize.tools.percentCorrection", "101" },
	};
	struct timesync *time = start(0);
	guint i;

	for (i = 0; i < G_N_ELEMENTS(bad); i++)
		CU_ASSERT_FALSE(timesync_option(time, bad[i][0], bad[i][1]));
	CU_ASSERT_TRUE(timesync_option(time, "time.synchronize.tools.percentCorrection", "100"));
	timesync_free(time);
}

static void ticks(void)
{
	CU_ASSERT_EQUAL(clock_slew_tick(0, 50, 60), 10000);
	CU_ASSERT_EQUAL(clock_slew_tick(-60000, 50, 60), 10005);
	CU_ASSERT_EQUAL(clock_slew_tick(60000, 100, 60), 9990);
	CU_ASSERT_EQUAL(clock_slew_tick(G_MAXINT64, 100, 1), 9000);
	CU_ASSERT_EQUAL(clock_slew_tick(G_MININT64, 100, 1), 11000);
	CU_ASSERT_EQUAL(clock_slew_tick(1000000, 50, 0), 9000);
}

static const struct unit_case cases[] = {
	{ "an order sets the clock forward, and back only if it says so", order },
	{ "a wrong order and a host without time are answered with an error", order_errors },
	{ "switching the synchronization on corrects once", switched_on },
	{ "an NTP daemon is left alone but for an order, an administrator who wants none always", hands_off },
	{ "the driver keeps off for NTP, the administrator and what the host forbids", driver_told },
	{ "the period steps forward and slews back", periodic },
	{ "values out of range and unknown options are refused", options },
	{ "a tick is never off by more than a tenth", ticks },
};

UNIT_MAIN("timesync", cases)
