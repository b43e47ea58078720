/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rpci.c - a request to the host and its reply
 *
 * The host normally has the reply when the last register of the request was sent.  If not, it is
 * asked again with growing pauses, for a second; then the channel is closed, because a reply that
 * came later would be taken for that of the next request.
 */
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/stdarg.h>
#include <linux/string.h>

#include "rpci.h"
#include "vmt.h"

#define REPLY_WAIT_MS		1000
#define REPLY_PAUSE_US		50
#define REPLY_PAUSE_MAX_US	10000

int vmt_rpci_init(struct vmt_rpci *r)
{
	*r = (struct vmt_rpci){ };
	vmt_channel_init(&r->ch, vmt_backdoor_call_long, NULL);
	r->buf = kvmalloc(VMT_MSG_MAX, GFP_KERNEL_ACCOUNT);
	return r->buf ? 0 : -ENOMEM;
}

void vmt_rpci_done(struct vmt_rpci *r)
{
	vmt_channel_close(&r->ch);
	kvfree(r->buf);
	r->buf = NULL;
}

int vmt_rpci_open(struct vmt_rpci *r)
{
	return r->ch.is_open ? 0 : vmt_channel_open(&r->ch, BDOOR_MSG_PROTO_RPCI);
}

static int rpci_send(struct vmt_rpci *r, u32 len)
{
	if (!r->ch.is_open)
		return -ECONNRESET;
	return vmt_channel_send(&r->ch, r->buf, len);
}

static int rpci_wait_reply(struct vmt_rpci *r)
{
	ktime_t end = ktime_add_ms(ktime_get(), REPLY_WAIT_MS);
	unsigned long pause_us = REPLY_PAUSE_US;
	bool last;
	int n;

	for (;;) {
		/* Asked once more after the time is over: we may have slept for very long. */
		last = ktime_after(ktime_get(), end);
		n = vmt_channel_recv(&r->ch, r->buf, VMT_MSG_MAX, &r->len);
		if (n)
			return n < 0 ? n : 0;
		if (last || fatal_signal_pending(current)) {
			vmt_channel_close(&r->ch);
			return last ? -ETIMEDOUT : -EINTR;
		}
		usleep_range(pause_us, 2 * pause_us);
		pause_us = min(2 * pause_us, (unsigned long)REPLY_PAUSE_MAX_US);
	}
}

int vmt_rpci_request(struct vmt_rpci *r, u32 len)
{
	int err;

	r->has_reply = false;
	err = rpci_send(r, len);
	if (err == -ECONNRESET) {
		err = vmt_rpci_open(r);
		if (!err)
			err = rpci_send(r, len);
	}
	if (err)
		return err == -ENOSPC ? -ECONNRESET : err;
	err = rpci_wait_reply(r);
	r->has_reply = !err;
	return err;
}

bool vmt_rpci_say(struct vmt_rpci *r, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vscnprintf(r->buf, VMT_MSG_MAX, fmt, args);
	va_end(args);
	if (vmt_rpci_request(r, len))
		return false;
	r->has_reply = false;
	return r->len >= strlen(GRPC_RPCI_OK) &&
	       memcmp(r->buf, GRPC_RPCI_OK, strlen(GRPC_RPCI_OK)) == 0;
}
