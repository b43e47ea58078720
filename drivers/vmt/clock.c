/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * clock.c - the guest's clock follows the host's
 *
 * Every dev.vmt0.clock_sync.period seconds the clock is compared with the host's, and set when it
 * is off by more than a second and more than what the host itself calls its lag.  That repairs what
 * no disciplined clock can: a virtual machine that was stopped, restored or badly starved.  Small
 * errors are left to NTP, or to chrony with the PTP clock of ptp.c.
 *
 * The periodic check is off while
 *	- the period is 0; or
 *	- the host said "synctime 0" and nobody has written the period; or
 *	- a file keeps us off (VMT_IOC_CLOCK_KEEP_OFF), because it sees that NTP is at work, which a
 *	  module cannot see.
 * When the virtual machine is resumed, the check is made anyway.
 *
 * All of it happens in one work item; clock->lock guards the settings and the results.  Writing a
 * sysctl takes effect at once by queueing the work again.
 */
#include <linux/device.h>
#include <linux/ktime.h>
#include <linux/pm.h>
#include <linux/sysctl.h>
#include <linux/timekeeping.h>

#include "hosttime.h"
#include "vmt.h"

#define PERIOD_DEFAULT_S	60
#define PERIOD_MAX_S		86400
#define SAMPLES_MAX		4
#define SAMPLE_GAP_NS		(2 * NSEC_PER_MSEC)	/* a sample this narrow is good */

static int period_min;
static int period_max = PERIOD_MAX_S;

/*
 * Reads the host's time between two looks at our own, a few times: whoever was interrupted in the
 * middle has a wide gap, and the narrowest counts.
 */
static int clock_sample(s64 *ret_offset_ns, u32 *ret_lag_us)
{
	struct vmt_host_time host;
	s64 before, after, best = S64_MAX;
	unsigned int i;
	int err;

	for (i = 0; i < SAMPLES_MAX && best > SAMPLE_GAP_NS; i++) {
		before = ktime_get_real_ns();
		err = vmt_host_time_get(vmt_backdoor_call, NULL, &host);
		after = ktime_get_real_ns();
		if (err)
			return err;
		/* after < before: somebody set the clock meanwhile */
		if (after < before || after - before >= best)
			continue;
		best = after - before;
		*ret_offset_ns = host.ns - (before + best / 2);
		*ret_lag_us = host.lag_us;
	}
	return best == S64_MAX ? -EAGAIN : 0;
}

static int clock_step_locked(struct vmt *vmt, s64 offset_ns)
{
	struct timespec64 ts = ns_to_timespec64(ktime_get_real_ns() + offset_ns);
	int err = do_settimeofday64(&ts);

	if (err) {
		dev_warn_ratelimited(vmt->dev, "the clock could not be set: %d\n", err);
		return err;
	}
	vmt->clock.status.steps++;
	dev_info_ratelimited(vmt->dev, "clock set %s by %lld ms to the host's time\n",
			     offset_ns < 0 ? "back" : "forward",
			     abs(offset_ns) / (s64)NSEC_PER_MSEC);
	return 0;
}

static int clock_check_locked(struct vmt *vmt, bool backward)
{
	struct vmt_clock_status *status = &vmt->clock.status;
	s64 offset_ns;
	u32 lag_us;
	int err;

	err = clock_sample(&offset_ns, &lag_us);
	status->checks++;
	if (!err) {
		status->offset_ns = offset_ns;
		if (vmt_clock_wants_step(offset_ns, lag_us, backward))
			err = clock_step_locked(vmt, offset_ns);
	}
	status->error = err;
	return err;
}

/* Seconds between checks as they are to be made now, 0 for none. */
static u32 clock_period_locked(const struct vmt_clock *clock)
{
	if (clock->keep_off || (clock->host_off && !clock->period_written))
		return 0;
	return clock->period_s;
}

static void clock_work(struct work_struct *work)
{
	struct vmt_clock *clock = container_of(to_delayed_work(work), struct vmt_clock, work);
	struct vmt *vmt = container_of(clock, struct vmt, clock);
	u32 period_s;

	mutex_lock(&clock->lock);
	period_s = clock_period_locked(clock);
	if (period_s) {
		clock_check_locked(vmt, clock->backward);
		queue_delayed_work(system_freezable_wq, &clock->work, period_s * HZ);
	}
	mutex_unlock(&clock->lock);
}

/* A setting has changed: the new period begins now. */
static void clock_restart_locked(struct vmt_clock *clock)
{
	u32 period_s = clock_period_locked(clock);

	if (period_s)
		mod_delayed_work(system_freezable_wq, &clock->work, period_s * HZ);
	else
		cancel_delayed_work(&clock->work);
}

void vmt_clock_resumed(struct vmt *vmt)
{
	mutex_lock(&vmt->clock.lock);
	clock_check_locked(vmt, vmt->clock.backward);
	mutex_unlock(&vmt->clock.lock);
}

int vmt_clock_sync_now(struct vmt *vmt, bool backward)
{
	int err;

	mutex_lock(&vmt->clock.lock);
	err = clock_check_locked(vmt, backward && vmt->clock.backward);
	mutex_unlock(&vmt->clock.lock);
	return err;
}

void vmt_clock_host_wants(struct vmt *vmt, bool on)
{
	struct vmt_clock *clock = &vmt->clock;

	mutex_lock(&clock->lock);
	if (clock->host_off == on) {
		clock->host_off = !on;
		clock_restart_locked(clock);
	}
	mutex_unlock(&clock->lock);
}

void vmt_clock_keep_off(struct vmt *vmt, bool on)
{
	struct vmt_clock *clock = &vmt->clock;

	mutex_lock(&clock->lock);
	clock->keep_off += on ? 1 : -1;
	if (clock->keep_off == on)
		clock_restart_locked(clock);
	mutex_unlock(&clock->lock);
}

int vmt_clock_offset(s64 *ret_offset_ns)
{
	u32 lag_us;

	return clock_sample(ret_offset_ns, &lag_us);
}

unsigned int vmt_clock_status(struct vmt *vmt, struct vmt_clock_status *ret, u32 *ret_period_s)
{
	unsigned int keep_off;

	mutex_lock(&vmt->clock.lock);
	*ret = vmt->clock.status;
	*ret_period_s = clock_period_locked(&vmt->clock);
	keep_off = vmt->clock.keep_off;
	mutex_unlock(&vmt->clock.lock);
	return keep_off;
}

static int clock_sysctl_period(vmt_const_ctl_table *table, int write, void *buffer, size_t *lenp,
			       loff_t *ppos)
{
	struct vmt_clock *clock = container_of(table->data, struct vmt_clock, period_s);
	int err;

	mutex_lock(&clock->lock);
	err = proc_dointvec_minmax(table, write, buffer, lenp, ppos);
	if (!err && write) {
		clock->period_written = true;
		clock_restart_locked(clock);
	}
	mutex_unlock(&clock->lock);
	return err;
}

/* There is one device, so one set of tables; .data is filled in when it is bound. */
static struct ctl_table clock_sync_table[] = {
	{
		.procname = "period",
		.maxlen = sizeof(int),
		.mode = 0644,
		.proc_handler = clock_sysctl_period,
		.extra1 = &period_min,
		.extra2 = &period_max,
	},
	{
		.procname = "backward",
		.maxlen = sizeof(int),
		.mode = 0644,
		.proc_handler = proc_dointvec_minmax,
		.extra1 = SYSCTL_ZERO,
		.extra2 = SYSCTL_ONE,
	},
	VMT_SYSCTL_END
};

static struct ctl_table root_table[] = {
	{
		.procname = "uuid",
		.maxlen = UUID_STRING_LEN + 1,
		.mode = 0444,
		.proc_handler = proc_dostring,
	},
	VMT_SYSCTL_END
};

static void clock_teardown(void *data)
{
	struct vmt *vmt = data;

	unregister_sysctl_table(vmt->clock.sysctl_root);
	unregister_sysctl_table(vmt->clock.sysctl_sync);
	cancel_delayed_work_sync(&vmt->clock.work);
}

int vmt_clock_setup(struct vmt *vmt)
{
	struct vmt_clock *clock = &vmt->clock;

	mutex_init(&clock->lock);
	INIT_DELAYED_WORK(&clock->work, clock_work);
	clock->period_s = PERIOD_DEFAULT_S;
	clock->backward = 1;
	clock_sync_table[0].data = &clock->period_s;
	clock_sync_table[1].data = &clock->backward;
	root_table[0].data = vmt->uuid_text;

	clock->sysctl_sync = register_sysctl("dev/vmt0/clock_sync", clock_sync_table);
	if (!clock->sysctl_sync)
		return -ENOMEM;
	if (vmt->has_uuid) {
		clock->sysctl_root = register_sysctl("dev/vmt0", root_table);
		if (!clock->sysctl_root) {
			unregister_sysctl_table(clock->sysctl_sync);
			return -ENOMEM;
		}
	}
	queue_delayed_work(system_freezable_wq, &clock->work, 0);
	return devm_add_action_or_reset(vmt->dev, clock_teardown, vmt);
}
