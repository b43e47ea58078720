/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ptp.c - the host's clock as a PTP clock
 *
 * A clock that can only be read: its name is "vmt", and chrony (refclock PHC) or phc2sys follow it.
 * The time of the system is taken before and after the call to the host, so that a reader knows how
 * wide a sample is.  The host tells microseconds.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/ptp_clock_kernel.h>

#include "hosttime.h"
#include "vmt.h"

static int ptp_get(struct ptp_clock_info *info, struct timespec64 *ts,
		   struct ptp_system_timestamp *sts)
{
	struct vmt_host_time host;
	int err;

	ptp_read_system_prets(sts);
	err = vmt_host_time_get(vmt_backdoor_call, NULL, &host);
	ptp_read_system_postts(sts);
	if (err)
		return err;
	*ts = ns_to_timespec64(host.ns);
	return 0;
}

static int ptp_set(struct ptp_clock_info *info, const struct timespec64 *ts)
{
	return -EOPNOTSUPP;
}

static int ptp_adjust_frequency(struct ptp_clock_info *info, long ppm)
{
	return -EOPNOTSUPP;
}

static int ptp_adjust_time(struct ptp_clock_info *info, s64 ns)
{
	return -EOPNOTSUPP;
}

static int ptp_enable(struct ptp_clock_info *info, struct ptp_clock_request *request, int on)
{
	return -EOPNOTSUPP;
}

static void ptp_teardown(void *data)
{
	ptp_clock_unregister(data);
}

int vmt_ptp_setup(struct vmt *vmt)
{
	vmt->ptp_info = (struct ptp_clock_info){
		.owner = THIS_MODULE,
		.name = "vmt",
		.gettimex64 = ptp_get,
		.settime64 = ptp_set,
		.adjfine = ptp_adjust_frequency,
		.adjtime = ptp_adjust_time,
		.enable = ptp_enable,
	};
	vmt->ptp = ptp_clock_register(&vmt->ptp_info, vmt->dev);
	if (IS_ERR(vmt->ptp))
		return PTR_ERR(vmt->ptp);
	/* A kernel without PTP clocks: the rest works. */
	if (!vmt->ptp)
		return 0;
	return devm_add_action_or_reset(vmt->dev, ptp_teardown, vmt->ptp);
}
