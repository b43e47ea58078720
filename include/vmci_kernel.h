/* SPDX-License-Identifier: MIT */
/*
 * vmci_kernel.h - the kernel interface of vmci.ko, for other kernel modules
 *
 * Function names and meanings are those of Linux's in-tree VMCI API, so that a module written for
 * it is compiled for ours by exchanging one include.  Each name is an object-like macro over a
 * symbol that begins with vmtkit_: two modules that export the same name cannot be loaded together,
 * and ours must load beside vmw_vmci.
 *
 * Results are VMCI status words: VMCI_SUCCESS or more, or a negative VMCI_ERROR_*.  Numbers in the
 * structures below are in the machine's byte order, which has to be little-endian.
 *
 * Contexts in which a function may be called are given at its prototype:
 *	[any]		also with interrupts off
 *	[process]	may sleep
 * Callbacks that are marked [atomic] must not sleep.
 */
#ifndef VMTKIT_VMCI_KERNEL_H
#define VMTKIT_VMCI_KERNEL_H

#if defined(__VMW_VMCI_API_H__) || defined(_VMW_VMCI_DEF_H_)
#error "vmci_kernel.h replaces <linux/vmw_vmci_api.h> and <linux/vmw_vmci_defs.h>: include one only"
#endif

#include <linux/types.h>

struct msghdr;

/* ---- identifiers ------------------------------------------------------------------------- */

struct vmci_handle {
	u32 context;
	u32 resource;
};

#define VMCI_INVALID_ID			0xffffffffu
#define VMCI_INVALID_HANDLE		\
	((struct vmci_handle){ .context = VMCI_INVALID_ID, .resource = VMCI_INVALID_ID })
#define VMCI_ANON_SRC_HANDLE		VMCI_INVALID_HANDLE

#define VMCI_HYPERVISOR_CONTEXT_ID	0
#define VMCI_WELL_KNOWN_CONTEXT_ID	1
#define VMCI_HOST_CONTEXT_ID		2
#define VMCI_RESERVED_CID_LIMIT		16
#define VMCI_RESERVED_RESOURCE_ID_MAX	1023

static inline struct vmci_handle vmci_make_handle(u32 cid, u32 rid)
{
	return (struct vmci_handle){ .context = cid, .resource = rid };
}

static inline bool vmci_handle_is_equal(struct vmci_handle a, struct vmci_handle b)
{
	return a.context == b.context && a.resource == b.resource;
}

static inline bool vmci_handle_is_invalid(struct vmci_handle h)
{
	return h.context == VMCI_INVALID_ID && h.resource == VMCI_INVALID_ID;
}

/* Privileges mean something on a host only; a guest passes VMCI_NO_PRIVILEGE_FLAGS. */
#define VMCI_NO_PRIVILEGE_FLAGS		0u
#define VMCI_PRIVILEGE_FLAG_RESTRICTED	1u
#define VMCI_PRIVILEGE_FLAG_TRUSTED	2u
#define VMCI_PRIVILEGE_ALL_FLAGS	3u
#define VMCI_DEFAULT_PROC_PRIVILEGE_FLAGS VMCI_NO_PRIVILEGE_FLAGS

/* ---- status words ------------------------------------------------------------------------ */

#define VMCI_SUCCESS_QUEUEPAIR_ATTACH	5
#define VMCI_SUCCESS_QUEUEPAIR_CREATE	4
#define VMCI_SUCCESS_LAST_DETACH	3
#define VMCI_SUCCESS_ACCESS_GRANTED	2
#define VMCI_SUCCESS_ENTRY_DEAD		1
#define VMCI_SUCCESS			0
#define VMCI_ERROR_INVALID_RESOURCE	(-1)
#define VMCI_ERROR_INVALID_ARGS		(-2)
#define VMCI_ERROR_NO_MEM		(-3)
#define VMCI_ERROR_DATAGRAM_FAILED	(-4)
#define VMCI_ERROR_MORE_DATA		(-5)
#define VMCI_ERROR_NO_MORE_DATAGRAMS	(-6)
#define VMCI_ERROR_NO_ACCESS		(-7)
#define VMCI_ERROR_NO_HANDLE		(-8)
#define VMCI_ERROR_DUPLICATE_ENTRY	(-9)
#define VMCI_ERROR_DST_UNREACHABLE	(-10)
#define VMCI_ERROR_PAYLOAD_TOO_LARGE	(-11)
#define VMCI_ERROR_INVALID_PRIV		(-12)
#define VMCI_ERROR_GENERIC		(-13)
#define VMCI_ERROR_PAGE_ALREADY_SHARED	(-14)
#define VMCI_ERROR_CANNOT_SHARE_PAGE	(-15)
#define VMCI_ERROR_CANNOT_UNSHARE_PAGE	(-16)
#define VMCI_ERROR_NO_PROCESS		(-17)
#define VMCI_ERROR_NO_DATAGRAM		(-18)
#define VMCI_ERROR_NO_RESOURCES		(-19)
#define VMCI_ERROR_UNAVAILABLE		(-20)
#define VMCI_ERROR_NOT_FOUND		(-21)
#define VMCI_ERROR_ALREADY_EXISTS	(-22)
#define VMCI_ERROR_NOT_PAGE_ALIGNED	(-23)
#define VMCI_ERROR_INVALID_SIZE		(-24)
#define VMCI_ERROR_REGION_ALREADY_SHARED (-25)
#define VMCI_ERROR_TIMEOUT		(-26)
#define VMCI_ERROR_DATAGRAM_INCOMPLETE	(-27)
#define VMCI_ERROR_INCORRECT_IRQL	(-28)
#define VMCI_ERROR_EVENT_UNKNOWN	(-29)
#define VMCI_ERROR_OBSOLETE		(-30)
#define VMCI_ERROR_QUEUEPAIR_MISMATCH	(-31)
#define VMCI_ERROR_QUEUEPAIR_NOTSET	(-32)
#define VMCI_ERROR_QUEUEPAIR_NOTOWNER	(-33)
#define VMCI_ERROR_QUEUEPAIR_NOTATTACHED (-34)
#define VMCI_ERROR_QUEUEPAIR_NOSPACE	(-35)
#define VMCI_ERROR_QUEUEPAIR_NODATA	(-36)
#define VMCI_ERROR_BUSMEM_INVALIDATION	(-37)
#define VMCI_ERROR_MODULE_NOT_LOADED	(-38)
#define VMCI_ERROR_DEVICE_NOT_FOUND	(-39)
#define VMCI_ERROR_QUEUEPAIR_NOT_READY	(-40)
#define VMCI_ERROR_WOULD_BLOCK		(-41)
#define VMCI_ERROR_CLIENT_MIN		(-500)
#define VMCI_ERROR_CLIENT_MAX		(-550)
#define VMCI_INTERNAL_ERROR		(-1000)

/* ---- datagrams --------------------------------------------------------------------------- */

struct vmci_datagram {
	struct vmci_handle dst;
	struct vmci_handle src;
	u64 payload_size;		/* bytes after this header */
};

#define VMCI_DG_HEADERSIZE		sizeof(struct vmci_datagram)
#define VMCI_DG_PAYLOAD(dg)		((void *)((char *)(dg) + VMCI_DG_HEADERSIZE))
#define VMCI_DG_SIZE(dg)		(VMCI_DG_HEADERSIZE + (size_t)(dg)->payload_size)
#define VMCI_MAX_DG_SIZE		(17 * 4096)	/* header included */
#define VMCI_MAX_DG_PAYLOAD_SIZE	(VMCI_MAX_DG_SIZE - VMCI_DG_HEADERSIZE)

#define VMCI_FLAG_DG_NONE		0u
#define VMCI_FLAG_WELLKNOWN_DG_HND	1u	/* refused with VMCI_ERROR_INVALID_ARGS */
#define VMCI_FLAG_ANYCID_DG_HND		2u	/* receive whatever the destination context says */
#define VMCI_FLAG_DG_DELAYED_CB		4u	/* call back from a work item, which may sleep */

/*
 * Called once for each datagram, in the order of arrival.  msg and its payload are a private copy
 * that lives until the callback returns.  [atomic], unless VMCI_FLAG_DG_DELAYED_CB was given.
 * The result is not used.
 */
typedef int (*vmci_datagram_recv_cb)(void *client_data, struct vmci_datagram *msg);

#define vmci_datagram_create_handle		vmtkit_vmci_datagram_create_handle
#define vmci_datagram_create_handle_priv	vmtkit_vmci_datagram_create_handle_priv
#define vmci_datagram_destroy_handle		vmtkit_vmci_datagram_destroy_handle
#define vmci_datagram_send			vmtkit_vmci_datagram_send
#define vmci_send_datagram			vmtkit_vmci_send_datagram

/* [process]  rid VMCI_INVALID_ID: pick one. */
int vmci_datagram_create_handle(u32 rid, u32 flags, vmci_datagram_recv_cb recv_cb,
				void *client_data, struct vmci_handle *out_handle);
/* [process]  As above; priv_flags must be within VMCI_PRIVILEGE_ALL_FLAGS and are not used. */
int vmci_datagram_create_handle_priv(u32 rid, u32 flags, u32 priv_flags,
				     vmci_datagram_recv_cb recv_cb, void *client_data,
				     struct vmci_handle *out_handle);
/* [process]  No callback runs after the return.  Not from the endpoint's own callback. */
int vmci_datagram_destroy_handle(struct vmci_handle handle);
/*
 * [any]  Bytes sent, header included, or an error.  The source must be one of our handles, or
 * anonymous; a source context of VMCI_INVALID_ID is filled in.  A datagram to our own context is
 * queued and delivered from a work item, never from inside the call.
 */
int vmci_datagram_send(struct vmci_datagram *msg);
/* [any]  Straight to the device, without routing: hypercalls. */
int vmci_send_datagram(struct vmci_datagram *dg);

/* ---- doorbells --------------------------------------------------------------------------- */

#define VMCI_FLAG_DELAYED_CB		1u

typedef void (*vmci_callback)(void *client_data);	/* [atomic], or process when delayed */

#define vmci_doorbell_create			vmtkit_vmci_doorbell_create
#define vmci_doorbell_destroy			vmtkit_vmci_doorbell_destroy
#define vmci_doorbell_notify			vmtkit_vmci_doorbell_notify

/* [process]  *handle invalid: pick one; it must be of our own context otherwise. */
int vmci_doorbell_create(struct vmci_handle *handle, u32 flags, u32 priv_flags,
			 vmci_callback notify_cb, void *client_data);
/* [process]  No callback runs after the return.  Not from the doorbell's own callback. */
int vmci_doorbell_destroy(struct vmci_handle handle);
/* [any] */
int vmci_doorbell_notify(struct vmci_handle handle, u32 priv_flags);

/* ---- events ------------------------------------------------------------------------------ */

#define VMCI_EVENT_CTX_ID_UPDATE	0
#define VMCI_EVENT_CTX_REMOVED		1
#define VMCI_EVENT_QP_RESUMED		2	/* every queue pair with the host is detached */
#define VMCI_EVENT_QP_PEER_ATTACH	3
#define VMCI_EVENT_QP_PEER_DETACH	4
#define VMCI_EVENT_MEM_ACCESS_ON	5
#define VMCI_EVENT_MEM_ACCESS_OFF	6
#define VMCI_EVENT_MAX			7
#define VMCI_EVENT_VALID(event)		((event) < VMCI_EVENT_MAX)

struct vmci_event_data {
	u32 event;
	u32 _pad;
	/* the event's payload follows */
};

struct vmci_event_payld_ctx {		/* CTX_ID_UPDATE, CTX_REMOVED, QP_RESUMED */
	u32 context_id;
	u32 _pad;
};

struct vmci_event_payld_qp {		/* QP_PEER_ATTACH, QP_PEER_DETACH */
	struct vmci_handle handle;
	u32 peer_id;
	u32 _pad;
};

/* The payload is there in full, zeroed where the device sent less. */
static inline const void *vmci_event_data_const_payload(const struct vmci_event_data *ed)
{
	return ed + 1;
}

typedef void (*vmci_event_cb)(u32 sub_id, const struct vmci_event_data *ed,
			      void *client_data);	/* [atomic] */

#define vmci_event_subscribe			vmtkit_vmci_event_subscribe
#define vmci_event_unsubscribe			vmtkit_vmci_event_unsubscribe

/* [any]  MEM_ACCESS_* are not for guests: VMCI_ERROR_EVENT_UNKNOWN. */
int vmci_event_subscribe(u32 event, vmci_event_cb callback, void *callback_data,
			 u32 *subscription_id);
/* [process]  No callback runs after the return.  Not from an event callback. */
int vmci_event_unsubscribe(u32 subscription_id);

/* ---- context ----------------------------------------------------------------------------- */

typedef void (*vmci_vsock_cb)(bool is_host);

#define vmci_get_context_id			vmtkit_vmci_get_context_id
#define vmci_context_get_priv_flags		vmtkit_vmci_context_get_priv_flags
#define vmci_is_context_owner			vmtkit_vmci_is_context_owner
#define vmci_register_vsock_callback		vmtkit_vmci_register_vsock_callback

/* [any]  The id of this virtual machine, VMCI_INVALID_ID when there is no working device. */
u32 vmci_get_context_id(void);
/* [any]  Always VMCI_NO_PRIVILEGE_FLAGS: a guest knows nothing of privileges. */
u32 vmci_context_get_priv_flags(u32 context_id);
/* [any]  Always false: contexts have owners on a host only. */
bool vmci_is_context_owner(u32 context_id, kuid_t uid);
/*
 * [process]  callback(false) runs, in process context, each time a device starts to work, and once
 * at once if one does already.  NULL takes the callback back and waits for it.  -EBUSY when there
 * is one, else 0.
 */
int vmci_register_vsock_callback(vmci_vsock_cb callback);

/* ---- queue pairs ------------------------------------------------------------------------- */

/*
 * One end of a pair of byte queues.  One producer and one consumer may work at the same time, on
 * any CPUs; the caller serialises producers among themselves and consumers among themselves.
 */
struct vmci_qp;

#define VMCI_QPFLAG_ATTACH_ONLY		0x1u
#define VMCI_QPFLAG_LOCAL		0x2u	/* both ends in this kernel */
#define VMCI_QPFLAG_NONBLOCK		0x4u	/* refused */
#define VMCI_QPFLAG_PINNED		0x8u	/* refused */

#define vmci_qpair_alloc			vmtkit_vmci_qpair_alloc
#define vmci_qpair_detach			vmtkit_vmci_qpair_detach
#define vmci_qpair_memory			vmtkit_vmci_qpair_memory
#define vmci_qpair_get_produce_indexes		vmtkit_vmci_qpair_get_produce_indexes
#define vmci_qpair_get_consume_indexes		vmtkit_vmci_qpair_get_consume_indexes
#define vmci_qpair_produce_free_space		vmtkit_vmci_qpair_produce_free_space
#define vmci_qpair_produce_buf_ready		vmtkit_vmci_qpair_produce_buf_ready
#define vmci_qpair_consume_free_space		vmtkit_vmci_qpair_consume_free_space
#define vmci_qpair_consume_buf_ready		vmtkit_vmci_qpair_consume_buf_ready
#define vmci_qpair_enqueue			vmtkit_vmci_qpair_enqueue
#define vmci_qpair_dequeue			vmtkit_vmci_qpair_dequeue
#define vmci_qpair_peek				vmtkit_vmci_qpair_peek
#define vmci_qpair_enquev			vmtkit_vmci_qpair_enquev
#define vmci_qpair_dequev			vmtkit_vmci_qpair_dequev
#define vmci_qpair_peekv			vmtkit_vmci_qpair_peekv

/*
 * [process]  Creates a pair, or attaches to it.  *handle invalid: pick one.  Sizes are in bytes of
 * this end's direction; one byte of each queue stays unused.  VMCI_ERROR_NO_RESOURCES: beyond what
 * the transport or the memory limit allows.
 */
int vmci_qpair_alloc(struct vmci_qp **qpair, struct vmci_handle *handle, u64 produce_qsize,
		     u64 consume_qsize, u32 peer, u32 flags, u32 priv_flags);
/*
 * [process]  Gives this end up; *qpair is NULL afterwards whatever the result, which says only
 * whether the peer has let go of the memory.  No other call on the pair may be under way.
 */
int vmci_qpair_detach(struct vmci_qp **qpair);

/* [any]  Bytes of all queue pairs now, headers included; *limit: at most.  Not in the in-tree API. */
u64 vmci_qpair_memory(u64 *limit);

/* [any]  Either pointer may be NULL. */
int vmci_qpair_get_produce_indexes(const struct vmci_qp *qpair, u64 *producer_tail,
				   u64 *consumer_head);
int vmci_qpair_get_consume_indexes(const struct vmci_qp *qpair, u64 *consumer_tail,
				   u64 *producer_head);

/* [any]  Bytes; VMCI_ERROR_INVALID_SIZE when the peer's index is out of range. */
s64 vmci_qpair_produce_free_space(const struct vmci_qp *qpair);
s64 vmci_qpair_produce_buf_ready(const struct vmci_qp *qpair);
s64 vmci_qpair_consume_free_space(const struct vmci_qp *qpair);
s64 vmci_qpair_consume_buf_ready(const struct vmci_qp *qpair);

/*
 * Bytes moved, which may be fewer than asked for, or VMCI_ERROR_QUEUEPAIR_NOSPACE (produce),
 * VMCI_ERROR_QUEUEPAIR_NODATA (consume), VMCI_ERROR_INVALID_SIZE (a peer's index is out of range),
 * VMCI_ERROR_QUEUEPAIR_NOTATTACHED (the device is gone).  mode is not used.
 */
/* [any] */
ssize_t vmci_qpair_enqueue(struct vmci_qp *qpair, const void *buf, size_t buf_size, int mode);
ssize_t vmci_qpair_dequeue(struct vmci_qp *qpair, void *buf, size_t buf_size, int mode);
ssize_t vmci_qpair_peek(struct vmci_qp *qpair, void *buf, size_t buf_size, int mode);
/*
 * [process]  From and to msg->msg_iter, which moves on by the bytes moved.  VMCI_ERROR_NO_ACCESS
 * when the first byte of the caller's memory cannot be reached.
 */
ssize_t vmci_qpair_enquev(struct vmci_qp *qpair, struct msghdr *msg, size_t iov_size, int mode);
ssize_t vmci_qpair_dequev(struct vmci_qp *qpair, struct msghdr *msg, size_t iov_size, int mode);
ssize_t vmci_qpair_peekv(struct vmci_qp *qpair, struct msghdr *msg, size_t iov_size, int mode);

#endif /* VMTKIT_VMCI_KERNEL_H */
