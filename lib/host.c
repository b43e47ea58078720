/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host.c - what the host tells in registers alone: its name, its time, its speed
 */
#include <string.h>

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

void bdoor_device_parse(const guint8 *record, VmtDevice *ret_device)
{
	struct bdoor_wire_device wire;
	char *c;

	memcpy(&wire, record, sizeof(wire));
	ret_device->id = GUINT32_FROM_LE(wire.id);
	ret_device->enabled = wire.enabled != 0;
	memcpy(ret_device->name, wire.name, sizeof(wire.name));
	ret_device->name[sizeof(wire.name)] = '\0';
	/* It is printed */
	for (c = ret_device->name; *c; c++)
		if (!g_ascii_isprint(*c))
			*c = '?';
}

gboolean vmt_host_device(guint index, VmtDevice *ret_device)
{
	guint8 record[sizeof(struct bdoor_wire_device)];
	gsize at;

	if (index >= VMT_DEVICES_MAX || !vmt_host_detect(NULL, NULL))
		return FALSE;
	for (at = 0; at < sizeof(record); at += sizeof(guint32)) {
		struct bdoor_regs r = { .cx = BDOOR_CMD_GETDEVICELISTELEMENT, .bx = index << 16 | (guint)at };
		guint32 word;

		bdoor_call(&r);
		if (!r.ax || r.ax == BDOOR_UNKNOWN_CMD)
			return FALSE;
		word = GUINT32_TO_LE(r.bx);
		memcpy(record + at, &word, sizeof(word));
	}
	bdoor_device_parse(record, ret_device);
	return *ret_device->name != '\0';
}

gboolean vmt_host_device_connect(const VmtDevice *device, gboolean connect, GError **error)
{
	struct bdoor_regs r = { .cx = BDOOR_CMD_TOGGLEDEVICE };

	if (!vmt_host_detect(NULL, error))
		return FALSE;
	r.bx = device->id | (connect ? BDOOR_DEVICE_CONNECT : 0);
	bdoor_call(&r);
	if (r.ax && r.ax != BDOOR_UNKNOWN_CMD)
		return TRUE;
	g_set_error(error, VMT_ERROR, VMT_ERROR_REFUSED, "the host did not %sconnect %s",
		    connect ? "" : "dis", device->name);
	return FALSE;
}
