/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rules.h - the decisions of vSockets that need no state: ports, sizes, protocols, packets
 *
 * Pure functions over numbers, without a lock, an allocation or a kernel call, so that unit tests
 * compile them in user space.
 */
#ifndef VMTKIT_VSK_RULES_H
#define VMTKIT_VSK_RULES_H

#include <linux/types.h>

#include "wire/vsock_packet.h"

#define VSK_CID_ANY		0xffffffffu
#define VSK_CID_LOCAL		1u
#define VSK_PORT_ANY		0xffffffffu

#define VSK_AUTOBIND_TRIES	24

/* The protocols that we speak, as REQUEST2 offers them. */
#define VSK_PROTO_SUPPORTED	VSOCK_PROTO_Q_STATE

/* True when a port may only be bound with CAP_NET_BIND_SERVICE. */
static inline bool vsk_port_reserved(__u32 port)
{
	return port <= VSOCK_PORT_RESERVED_MAX;
}

/*
 * The automatic port for a random number, and the one to try after a port that is taken.  Never a
 * reserved port and never VSK_PORT_ANY, whatever comes in.
 */
static inline __u32 vsk_port_from_random(__u32 random)
{
	if (vsk_port_reserved(random) || random == VSK_PORT_ANY)
		return VSOCK_PORT_RESERVED_MAX + 1;
	return random;
}

static inline __u32 vsk_port_next(__u32 port)
{
	return vsk_port_from_random(port + 1);
}

/* May a socket bound to cid a and one bound to cid b not have the same port? */
static inline bool vsk_cids_clash(__u32 a, __u32 b)
{
	return a == VSK_CID_ANY || b == VSK_CID_ANY || a == b;
}

/* Does a packet to context id to reach a socket that is bound to context id bound? */
static inline bool vsk_cid_reaches(__u32 bound, __u32 to)
{
	return bound == VSK_CID_ANY || bound == to;
}

/* A socket with this context id as its peer needs no device.  own is VSK_CID_ANY without one. */
static inline bool vsk_cid_is_loop(__u32 cid, __u32 own)
{
	return cid == VSK_CID_LOCAL || (own != VSK_CID_ANY && cid == own);
}

/* The resource that takes control packets at a context. */
static inline __u32 vsk_control_rid(__u32 cid)
{
	return cid == VMCI_CID_HYPERVISOR ? VSOCK_CONTROL_RID_HV : VSOCK_CONTROL_RID;
}

/* The size that a server answers to a proposed one (bytes). */
static inline __u64 vsk_size_negotiate(__u64 proposed, __u64 min, __u64 max, __u64 own)
{
	return proposed >= min && proposed <= max ? proposed : own;
}

/*
 * vsk_size_ladder() - the queue size of a new stream that did not ask for one
 * @used, @limit: bytes of all queue pairs, now and at most
 *
 * A full-size stream takes 520 KiB, a page-sized one 16 KiB (each queue has a header page).  With the
 * usual limit of 128 MiB the first 64 streams have full size; then two short steps; and from three
 * eighths on there is room for 5,000 of a page.
 */
static inline __u64 vsk_size_ladder(__u64 used, __u64 limit)
{
	if (used < limit / 4)
		return VSOCK_BUFFER_SIZE_DEFAULT;
	if (used < limit / 64 * 21)
		return 16 * VMCI_WIRE_PAGE_SIZE;
	if (used < limit / 8 * 3)
		return 4 * VMCI_WIRE_PAGE_SIZE;
	return VMCI_WIRE_PAGE_SIZE;
}

/* The highest protocol that both speak, VSOCK_PROTO_NONE if there is none. */
static inline __u16 vsk_proto_choose(__u16 offered)
{
	return offered & VSK_PROTO_SUPPORTED ? VSOCK_PROTO_Q_STATE : VSOCK_PROTO_NONE;
}

/* May a server have chosen this one from our offer? */
static inline bool vsk_proto_valid(__u16 chosen)
{
	return chosen == VSOCK_PROTO_Q_STATE;
}

/* The three sizes of a socket, in bytes: always 1 <= min <= size <= max <= VSK_SIZE_LIMIT. */
struct vsk_sizes {
	__u64 size;
	__u64 min;
	__u64 max;
};

/* More than a device could ever share; keeps every sum of page counts far from an overflow. */
#define VSK_SIZE_LIMIT		(1ull << 30)

enum vsk_size_option {
	VSK_SIZE,
	VSK_SIZE_MIN,
	VSK_SIZE_MAX,
};

/*
 * Sets one of the three sizes as AF_VSOCK does: the size stays within the limits, a limit that
 * passes the other one takes it along.
 */
static inline void vsk_sizes_set(struct vsk_sizes *s, enum vsk_size_option which, __u64 value)
{
	if (value < 1)
		value = 1;
	if (value > VSK_SIZE_LIMIT)
		value = VSK_SIZE_LIMIT;
	switch (which) {
	case VSK_SIZE:
		s->size = value;
		break;
	case VSK_SIZE_MIN:
		s->min = value;
		if (s->max < value)
			s->max = value;
		break;
	case VSK_SIZE_MAX:
		s->max = value;
		if (s->min > value)
			s->min = value;
		break;
	}
	if (s->size < s->min)
		s->size = s->min;
	if (s->size > s->max)
		s->size = s->max;
}

/* Is this a packet that a peer's endpoint may send: from its control resource, whole, ours? */
static inline bool vsk_packet_from_endpoint(__u32 src_cid, __u32 src_rid, __u64 payload,
					    __u8 version)
{
	return src_cid != VSK_CID_ANY && src_rid == vsk_control_rid(src_cid) &&
	       payload >= VSOCK_PACKET_PAYLOAD && version == VSOCK_PACKET_VERSION;
}

#endif /* VMTKIT_VSK_RULES_H */
