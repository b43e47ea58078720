/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * peer.h - what vmcitest.ko in the guest and vmci-peer on the host say to each other
 *
 * The guest sends a command to {host, PEER_RID}; the answer has the same op and comes back to the
 * sender.  What is sent to {host, PEER_ECHO_RID} comes back as it is.
 */
#ifndef VMTKIT_VMCITEST_PEER_H
#define VMTKIT_VMCITEST_PEER_H

#include <linux/types.h>

#define PEER_RID		1100
#define PEER_ECHO_RID		1101
#define PEER_DOORBELL_RID	1102	/* of the host; how often it rang is the result of PEER_RINGS */

enum peer_op {
	PEER_QP_ATTACH = 1,	/* to the pair `handle`; result 0 or -errno */
	PEER_QP_CREATE,		/* arg[0] the guest's produce size, arg[1] its consume size; handle */
	PEER_QP_PUMP,		/* send back what can be read; result: bytes */
	PEER_QP_DETACH,
	PEER_RING,		/* doorbell arg[0] of the guest */
	PEER_RINGS,
	PEER_SEND,		/* arg[0] datagrams of arg[1] bytes of payload, before the answer */
	PEER_SET_CID,		/* the guest's id becomes arg[0] */
	PEER_RESUME,		/* as after suspend and resume */
	PEER_QP_CORRUPT,	/* store arg[0] at offset arg[1] of the queue header we write */
	PEER_STALL,		/* serve nobody for arg[0] seconds, then answer */
	PEER_LEAVE,		/* end, without an answer: the device is gone */
};

struct peer_msg {
	__le32 op;
	__le32 result;
	__le32 handle[2];	/* context, resource */
	__le64 arg[2];
};

#endif /* VMTKIT_VMCITEST_PEER_H */
