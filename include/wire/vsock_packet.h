/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vsock_packet.h - control packets of vSockets streams over VMCI
 *
 * A control packet is a VMCI datagram from resource 1 to resource 1 (15 when it is addressed to
 * context 0).  Unused bytes of the union are zero.  A SOCK_DGRAM socket needs none of this: its
 * datagrams are VMCI datagrams and its port is the resource id.
 * Source: Linux's in-tree vmci_transport against our host.
 */
#ifndef VMTKIT_WIRE_VSOCK_PACKET_H
#define VMTKIT_WIRE_VSOCK_PACKET_H

#include <linux/types.h>

#include "vmci_device.h"

#define VSOCK_CONTROL_RID		1
#define VSOCK_CONTROL_RID_HV		15	/* at context 0 */
#define VSOCK_PACKET_VERSION		1

#define VSOCK_PKT_INVALID		0	/* "I do not know what you sent" */
#define VSOCK_PKT_REQUEST		1	/* size */
#define VSOCK_PKT_NEGOTIATE		2	/* size */
#define VSOCK_PKT_OFFER			3	/* handle */
#define VSOCK_PKT_ATTACH		4	/* handle */
#define VSOCK_PKT_WROTE			5
#define VSOCK_PKT_READ			6
#define VSOCK_PKT_RST			7
#define VSOCK_PKT_SHUTDOWN		8	/* mode */
#define VSOCK_PKT_WAITING_WRITE		9	/* wait */
#define VSOCK_PKT_WAITING_READ		10	/* wait */
#define VSOCK_PKT_REQUEST2		11	/* size, proto = those that the sender speaks */
#define VSOCK_PKT_NEGOTIATE2		12	/* size, proto = the chosen one */
#define VSOCK_PKT_MAX			13

/* proto: 0 is the old protocol, the one with WAITING_WRITE and WAITING_READ */
#define VSOCK_PROTO_NONE		0x0
#define VSOCK_PROTO_Q_STATE		0x1

#define VSOCK_SHUTDOWN_RCV		1
#define VSOCK_SHUTDOWN_SEND		2
#define VSOCK_SHUTDOWN_BOTH		3

struct vsock_wire_waiting {
	__le64 generation;
	__le64 offset;
} __attribute__((packed));

struct vsock_wire_packet {
	struct vmci_wire_dg dg;		/* payload_size is VSOCK_PACKET_PAYLOAD */
	__u8 version;
	__u8 type;
	__le16 proto;
	__le32 src_port;
	__le32 dst_port;
	__le32 reserved;
	union {
		__le64 size;
		__le64 mode;
		struct vmci_wire_handle handle;
		struct vsock_wire_waiting wait;
		__u8 zero[16];
	} u;
} __attribute__((packed));

#define VSOCK_PACKET_SIZE		56
#define VSOCK_PACKET_PAYLOAD		(VSOCK_PACKET_SIZE - VMCI_DG_HDR_SIZE)

#define VSOCK_BUFFER_SIZE_DEFAULT	262144	/* bytes */
#define VSOCK_BUFFER_SIZE_MIN		128
#define VSOCK_BUFFER_SIZE_MAX		262144
#define VSOCK_CONNECT_TIMEOUT_MS	2000
#define VSOCK_PENDING_TIMEOUT_MS	1000
#define VSOCK_PORT_RESERVED_MAX		1023	/* binding at or below needs CAP_NET_BIND_SERVICE */

_Static_assert(sizeof(struct vsock_wire_packet) == VSOCK_PACKET_SIZE, "control packet is 56 bytes");

#endif /* VMTKIT_WIRE_VSOCK_PACKET_H */
