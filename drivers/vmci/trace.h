/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trace.h - tracepoints: each datagram, and each change in the life of a queue pair
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vmci

#if !defined(VMTKIT_VMCI_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define VMTKIT_VMCI_TRACE_H

#include <linux/tracepoint.h>

#include "vmci_kernel.h"

/* Handed to the device, or to this machine itself; result is what the sender gets. */
TRACE_EVENT(vmci_send,
	TP_PROTO(const struct vmci_datagram *dg, int result),
	TP_ARGS(dg, result),
	TP_STRUCT__entry(
		__field(u32, dst_cid)
		__field(u32, dst_rid)
		__field(u32, src_rid)
		__field(u64, len)
		__field(int, result)
	),
	TP_fast_assign(
		__entry->dst_cid = dg->dst.context;
		__entry->dst_rid = dg->dst.resource;
		__entry->src_rid = dg->src.resource;
		__entry->len = dg->payload_size;
		__entry->result = result;
	),
	TP_printk("to %d:%u from %d len %llu result %d", (int)__entry->dst_cid, __entry->dst_rid,
		  (int)__entry->src_rid, __entry->len, __entry->result)
);

/* From the device, before it is given to anyone. */
TRACE_EVENT(vmci_receive,
	TP_PROTO(const struct vmci_datagram *dg),
	TP_ARGS(dg),
	TP_STRUCT__entry(
		__field(u32, dst_rid)
		__field(u32, src_cid)
		__field(u32, src_rid)
		__field(u64, len)
	),
	TP_fast_assign(
		__entry->dst_rid = dg->dst.resource;
		__entry->src_cid = dg->src.context;
		__entry->src_rid = dg->src.resource;
		__entry->len = dg->payload_size;
	),
	TP_printk("to %d from %d:%d len %llu", (int)__entry->dst_rid, (int)__entry->src_cid,
		  (int)__entry->src_rid, __entry->len)
);

/* what: created, attached, detached, kept, lost, gone */
TRACE_EVENT(vmci_qpair,
	TP_PROTO(struct vmci_handle handle, const char *what, int result),
	TP_ARGS(handle, what, result),
	TP_STRUCT__entry(
		__field(u32, cid)
		__field(u32, rid)
		__field(const char *, what)
		__field(int, result)
	),
	TP_fast_assign(
		__entry->cid = handle.context;
		__entry->rid = handle.resource;
		__entry->what = what;
		__entry->result = result;
	),
	TP_printk("%d:%d %s result %d", (int)__entry->cid, (int)__entry->rid, __entry->what,
		  __entry->result)
);

#endif /* VMTKIT_VMCI_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
