/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VMTKIT_DRIVERS_VMT_RPCI_H
#define VMTKIT_DRIVERS_VMT_RPCI_H

#include <linux/types.h>

#include "channel.h"

/*
 * A channel for requests, and room for one message: the request, then its reply.  Its user
 * serialises all calls.
 */
struct vmt_rpci {
	struct vmt_channel ch;
	u8 *buf;		/* VMT_MSG_MAX bytes */
	u32 len;		/* of the reply */
	bool has_reply;
};

/**
 * vmt_rpci_init() - get the buffer; the channel stays closed
 * @r: the requester
 *
 * Return: 0, -ENOMEM.
 */
int vmt_rpci_init(struct vmt_rpci *r);

/**
 * vmt_rpci_done() - close the channel, free the buffer; fine after a failed init or none
 * @r: the requester, zeroed or initialised
 */
void vmt_rpci_done(struct vmt_rpci *r);

/**
 * vmt_rpci_open() - open the channel if it is closed
 * @r: the requester
 *
 * Return: 0, -ENOSPC.
 */
int vmt_rpci_open(struct vmt_rpci *r);

/**
 * vmt_rpci_request() - send what is in the buffer and put the reply there
 * @r: the requester
 * @len: bytes of the request, 0..VMT_MSG_MAX
 *
 * Opens the channel when it is closed, and once more when it turns out to be lost while sending:
 * the host has then not seen the request.  Sleeps; a second at most when the host has no reply.
 *
 * Return: 0 and @r->len; -ECONNRESET, -ETIMEDOUT, -EOVERFLOW, -EINTR (killed), all with the channel
 * closed.
 */
int vmt_rpci_request(struct vmt_rpci *r, u32 len);

/**
 * vmt_rpci_say() - a request in text
 * @r: the requester
 * @fmt: printf format
 *
 * Return: true when the host answered "1 ..."; the reply is then in the buffer.
 */
__printf(2, 3) bool vmt_rpci_say(struct vmt_rpci *r, const char *fmt, ...);

#endif /* VMTKIT_DRIVERS_VMT_RPCI_H */
