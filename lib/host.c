/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host.c - what the host tells in registers alone: its name, its time, its speed
 */
#include <wire/backdoor.h>

#include "lib/backdoor.h"
#include "lib/libvmt.h"

const char *vmt_product_name(guint product)
{
	switch (product) {
	case BDOOR_PRODUCT_ESX:
		return "ESX Server";
	case BDOOR_PRODUCT_WORKSTATION:
		return "Workstation";
	}
	return "Unknown";
}

/* Commands 46 and 55 tell their success by leaving the magic number in EAX */
static gboolean time_full(guint cmd, VmtTime *ret_time)
{
	struct bdoor_regs r = { .cx = cmd };
	guint64 secs;

	bdoor_call(&r);
	secs = (guint64)r.si << 32 | r.dx;
	if (r.ax != BDOOR_MAGIC || !secs || secs > G_MAXINT64 / G_USEC_PER_SEC - 1 ||
	    r.bx >= G_USEC_PER_SEC)
		return FALSE;
	ret_time->unix_us = (gint64)secs * G_USEC_PER_SEC + r.bx;
	ret_time->max_lag_us = r.cx;
	ret_time->interrupt_lag_us = cmd == BDOOR_CMD_GETTIMEFULL_LAG ? (gint64)r.di : 0;
	return TRUE;
}

static gboolean time_old(VmtTime *ret_time)
{
	struct bdoor_regs r = { .cx = BDOOR_CMD_GETTIME };

	bdoor_call(&r);
	if (!r.ax || r.ax == BDOOR_TIME_ERROR || r.bx >= G_USEC_PER_SEC)
		return FALSE;
	ret_time->unix_us = (gint64)r.ax * G_USEC_PER_SEC + r.bx;
	ret_time->max_lag_us = r.cx;
	ret_time->interrupt_lag_us = 0;
	return TRUE;
}

gboolean vmt_host_time(VmtTime *ret_time, GError **error)
{
	if (!vmt_host_detect(NULL, error))
		return FALSE;
	if (time_full(BDOOR_CMD_GETTIMEFULL_LAG, ret_time) ||
	    time_full(BDOOR_CMD_GETTIMEFULL, ret_time) || time_old(ret_time))
		return TRUE;
	g_set_error_literal(error, VMT_ERROR, VMT_ERROR_PROTOCOL, "the host does not tell its time");
	return FALSE;
}

guint vmt_host_speed_mhz(GError **error)
{
	struct bdoor_regs r = { .cx = BDOOR_CMD_GETMHZ };

	if (!vmt_host_detect(NULL, error))
		return 0;
	bdoor_call(&r);
	if (!r.ax || r.ax == BDOOR_UNKNOWN_CMD || r.ax == BDOOR_MAGIC) {
		g_set_error_literal(error, VMT_ERROR, VMT_ERROR_PROTOCOL,
				    "the host does not tell the speed of the processor");
		return 0;
	}
	return r.ax;
}

gboolean vmt_host_keeps_clock(gboolean *ret_keeps, GError **error)
{
	struct bdoor_regs r = { .cx = BDOOR_CMD_GETGUIOPTIONS };

	if (!vmt_host_detect(NULL, error))
		return FALSE;
	bdoor_call(&r);
	if (r.ax == BDOOR_UNKNOWN_CMD || r.ax == BDOOR_MAGIC) {
		g_set_error_literal(error, VMT_ERROR, VMT_ERROR_PROTOCOL,
				    "the host does not tell its options");
		return FALSE;
	}
	*ret_keeps = (r.ax & BDOOR_GUI_SYNC_TIME) != 0;
	return TRUE;
}
