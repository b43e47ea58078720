/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * backdoor.h - one call of the hypervisor from ring 3
 */
#ifndef VMTKIT_LIB_BACKDOOR_H
#define VMTKIT_LIB_BACKDOOR_H

#include "lib/libvmt.h"

/* Registers of a call, in and out.  What each carries is said in <wire/backdoor.h> */
struct bdoor_regs {
	guint32 ax, bx, cx, dx, si, di;
};

/*
 * One high-bandwidth transfer.  @bx goes in as BDOOR_HB_MESSAGE and comes out with the status in its
 * high half; @dx has the channel's id in its high half.
 */
struct bdoor_hb {
	guint32 bx, dx;
	guint32 cookie_high, cookie_low;
	guint8 *buf;
	gsize len;
	gboolean send;		/* to the host */
};

/**
 * bdoor_call - run one command
 * @regs: all but AX and the port are the caller's; DX holds the channel id in its high half
 *
 * Only after vmt_host_detect() found a host: elsewhere the processor raises a fault.
 */
void bdoor_call(struct bdoor_regs *regs);

/** bdoor_hb_call - move a payload in one instruction; conditions as for bdoor_call() */
void bdoor_hb_call(struct bdoor_hb *hb);

/** bdoor_device_parse - a record of GETDEVICELISTELEMENT; the name is made fit to be printed */
void bdoor_device_parse(const guint8 *record, VmtDevice *ret_device);

#endif /* VMTKIT_LIB_BACKDOOR_H */
