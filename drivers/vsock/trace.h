/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trace.h - tracepoints: each control packet out and in, and each change of a stream's state
 *
 * Packets between two sockets of this kernel are there twice, as sent and as received.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vmsock

#if !defined(VMTKIT_VSK_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define VMTKIT_VSK_TRACE_H

#include <linux/tracepoint.h>
#include <net/tcp_states.h>

#include "vsock.h"

#define vsk_trace_type(type)						\
	__print_symbolic(type,						\
		{ VSOCK_PKT_INVALID, "INVALID" },			\
		{ VSOCK_PKT_REQUEST, "REQUEST" },			\
		{ VSOCK_PKT_NEGOTIATE, "NEGOTIATE" },			\
		{ VSOCK_PKT_OFFER, "OFFER" },				\
		{ VSOCK_PKT_ATTACH, "ATTACH" },				\
		{ VSOCK_PKT_WROTE, "WROTE" },				\
		{ VSOCK_PKT_READ, "READ" },				\
		{ VSOCK_PKT_RST, "RST" },				\
		{ VSOCK_PKT_SHUTDOWN, "SHUTDOWN" },			\
		{ VSOCK_PKT_WAITING_WRITE, "WAITING_WRITE" },		\
		{ VSOCK_PKT_WAITING_READ, "WAITING_READ" },		\
		{ VSOCK_PKT_REQUEST2, "REQUEST2" },			\
		{ VSOCK_PKT_NEGOTIATE2, "NEGOTIATE2" })

#define vsk_trace_state(state)						\
	__print_symbolic(state,						\
		{ TCP_CLOSE, "CLOSED" },				\
		{ TCP_LISTEN, "LISTEN" },				\
		{ TCP_SYN_SENT, "CONNECTING" },				\
		{ TCP_SYN_RECV, "ACCEPTING" },				\
		{ TCP_ESTABLISHED, "CONNECTED" })

/* a, b: the union of the packet: size, mode, the handle's two ids, or what is waited for */
DECLARE_EVENT_CLASS(vmsock_packet,
	TP_PROTO(const struct vsk_packet *p, int result),
	TP_ARGS(p, result),
	TP_STRUCT__entry(
		__field(u8, type)
		__field(bool, loop)
		__field(u32, src_cid)
		__field(u32, src_port)
		__field(u32, dst_cid)
		__field(u32, dst_port)
		__field(u64, a)
		__field(u64, b)
		__field(int, result)
	),
	TP_fast_assign(
		bool handle = p->type == VSOCK_PKT_OFFER || p->type == VSOCK_PKT_ATTACH;

		__entry->type = p->type;
		__entry->loop = p->loop;
		__entry->src_cid = p->src.cid;
		__entry->src_port = p->src.port;
		__entry->dst_cid = p->dst.cid;
		__entry->dst_port = p->dst.port;
		__entry->a = handle ? p->handle.context : p->wait.generation;
		__entry->b = handle ? p->handle.resource : p->wait.offset;
		__entry->result = result;
	),
	TP_printk("%s %d:%u to %d:%u%s %llu %llu result %d", vsk_trace_type(__entry->type),
		  (int)__entry->src_cid, __entry->src_port, (int)__entry->dst_cid,
		  __entry->dst_port, __entry->loop ? " here" : "", __entry->a, __entry->b,
		  __entry->result)
);

/* result: 0, or why the device did not take it */
DEFINE_EVENT(vmsock_packet, vmsock_send,
	TP_PROTO(const struct vsk_packet *p, int result),
	TP_ARGS(p, result)
);

/* result: 1 for a connection, 2 for a listener, 0 for nobody */
DEFINE_EVENT(vmsock_packet, vmsock_receive,
	TP_PROTO(const struct vsk_packet *p, int result),
	TP_ARGS(p, result)
);

TRACE_EVENT(vmsock_state,
	TP_PROTO(const struct vsk_sock *vsk, int state),
	TP_ARGS(vsk, state),
	TP_STRUCT__entry(
		__field(u32, local_cid)
		__field(u32, local_port)
		__field(u32, remote_cid)
		__field(u32, remote_port)
		__field(int, from)
		__field(int, to)
	),
	TP_fast_assign(
		__entry->local_cid = vsk->local.cid;
		__entry->local_port = vsk->local.port;
		__entry->remote_cid = vsk->remote.cid;
		__entry->remote_port = vsk->remote.port;
		__entry->from = vsk->sk.sk_state;
		__entry->to = state;
	),
	TP_printk("%d:%d with %d:%d from %s to %s", (int)__entry->local_cid,
		  (int)__entry->local_port, (int)__entry->remote_cid, (int)__entry->remote_port,
		  vsk_trace_state(__entry->from), vsk_trace_state(__entry->to))
);

#endif /* VMTKIT_VSK_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
