/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmci_device.h - the VMCI PCI device: registers, datagrams, hypercalls, events
 *
 * Numbers and layouts only, shared by our driver and our device model, which are two independent
 * readings of them.  Everything in memory is little-endian.
 * Source of the facts, unless a line says otherwise: the behaviour of Linux's in-tree driver
 * (6.1, 6.12) against our device model.
 */
#ifndef VMTKIT_WIRE_VMCI_DEVICE_H
#define VMTKIT_WIRE_VMCI_DEVICE_H

#include <linux/types.h>

#define VMCI_PCI_VENDOR			0x15ad
#define VMCI_PCI_DEVICE			0x0740
#define VMCI_PCI_REVISION		0x10
#define VMCI_PCI_CLASS			0x088000	/* "system peripheral" */

/* BAR 0 is the I/O port window; BAR 1 is 8 KiB without, and exactly 256 KiB with MMIO registers. */
#define VMCI_BAR_PORT			0
#define VMCI_BAR_MEM			1
#define VMCI_BAR_PORT_SIZE		64		/* guess; drivers use 0x00..0x37 */
#define VMCI_BAR_MEM_SIZE_PORT		0x2000		/* MSI-X table at 0, PBA at 0x1000 */
#define VMCI_BAR_MEM_SIZE_DMA		0x40000
#define VMCI_BAR_MEM_REGS		0x20000		/* register window in the 256 KiB form */
#define VMCI_BAR_MEM_REGS_SIZE		0x10000
#define VMCI_BAR_MEM_MSIX_PBA		0x1000

/* Registers: 32 bits each, the same offsets in both windows. */
#define VMCI_REG_STATUS			0x00
#define VMCI_REG_CONTROL		0x04
#define VMCI_REG_ICR			0x08
#define VMCI_REG_IMR			0x0c
#define VMCI_REG_DATA_OUT		0x10
#define VMCI_REG_DATA_IN		0x14
#define VMCI_REG_CAPS			0x18
#define VMCI_REG_RESULT_LOW		0x1c
#define VMCI_REG_RESULT_HIGH		0x20
#define VMCI_REG_DATA_OUT_LOW		0x24
#define VMCI_REG_DATA_OUT_HIGH		0x28
#define VMCI_REG_DATA_IN_LOW		0x2c
#define VMCI_REG_DATA_IN_HIGH		0x30
#define VMCI_REG_GUEST_PAGE_SHIFT	0x34
#define VMCI_REG_END			0x38

#define VMCI_STATUS_INT_ON		0x1

#define VMCI_CONTROL_RESET		0x1
#define VMCI_CONTROL_INT_ENABLE		0x2
#define VMCI_CONTROL_INT_DISABLE	0x4

#define VMCI_CAPS_HYPERCALL		0x01
#define VMCI_CAPS_GUESTCALL		0x02
#define VMCI_CAPS_DATAGRAM		0x04
#define VMCI_CAPS_NOTIFICATIONS		0x08
#define VMCI_CAPS_PPN64			0x10
#define VMCI_CAPS_DMA_DATAGRAM		0x20

/* ICR and IMR bits */
#define VMCI_ICR_DATAGRAM		0x1
#define VMCI_ICR_NOTIFICATION		0x2
#define VMCI_ICR_DMA_DATAGRAM		0x4
#define VMCI_ICR_NOT_MINE		0xffffffffu	/* what a device that is gone reads as */

/* MSI-X vectors; the driver takes all that its mode has, or a single shared one. */
#define VMCI_VEC_DATAGRAM		0
#define VMCI_VEC_NOTIFICATION		1
#define VMCI_VEC_DMA_DATAGRAM		2
#define VMCI_VECS_PORT			2
#define VMCI_VECS_DMA			3

#define VMCI_WIRE_PAGE_SIZE		4096
#define VMCI_WIRE_PAGE_SHIFT		12

/* 32-bit PPNs reach this many address bits. */
#define VMCI_PPN32_ADDR_BITS		44

struct vmci_wire_handle {
	__le32 cid;
	__le32 rid;
} __attribute__((packed));

#define VMCI_INVALID_ID			0xffffffffu

/* Context ids */
#define VMCI_CID_HYPERVISOR		0
#define VMCI_CID_WELL_KNOWN		1
#define VMCI_CID_HOST			2
#define VMCI_CID_RESERVED_MAX		16	/* a VM's own id is at or above it */

/* Resource ids 0..1023 are reserved; those that software picks start above. */
#define VMCI_RID_RESERVED_MAX		1023

struct vmci_wire_dg {
	struct vmci_wire_handle dst;
	struct vmci_wire_handle src;
	__le64 payload_size;		/* bytes after this header */
} __attribute__((packed));

#define VMCI_DG_HDR_SIZE		24
#define VMCI_DG_SIZE_MAX		(17 * VMCI_WIRE_PAGE_SIZE)	/* header included */
#define VMCI_DG_PAYLOAD_MAX		(VMCI_DG_SIZE_MAX - VMCI_DG_HDR_SIZE)
#define VMCI_DG_ALIGN			8	/* of each start in a received batch */

/* Head of a DMA buffer, transmit and receive.  Result is also in VMCI_REG_RESULT_LOW. */
struct vmci_wire_dma_hdr {
	__le32 busy;			/* tx: 1 by driver, 0 by device; rx: 0 by driver, 1 by device */
	__le32 opcode;
	__le32 size;			/* inline: bytes of the datagram; s/g: number of elements */
	__le32 reserved;
	__le64 result;
} __attribute__((packed));

#define VMCI_DMA_HDR_SIZE		24
#define VMCI_DMA_OP_INLINE		0
#define VMCI_DMA_OP_SG			1

struct vmci_wire_sg {
	__le64 addr;
	__le64 size;
} __attribute__((packed));

/* Hypercalls: resource ids on context 0 */
#define VMCI_HC_RESOURCES_QUERY		0
#define VMCI_HC_GET_CONTEXT_ID		1
#define VMCI_HC_SET_NOTIFY_BITMAP	2
#define VMCI_HC_DOORBELL_LINK		3
#define VMCI_HC_DOORBELL_UNLINK		4
#define VMCI_HC_DOORBELL_NOTIFY		5
#define VMCI_HC_DATAGRAM_REQUEST_MAP	6	/* obsolete */
#define VMCI_HC_DATAGRAM_REMOVE_MAP	7	/* obsolete */
#define VMCI_HC_EVENT_SUBSCRIBE		8
#define VMCI_HC_EVENT_UNSUBSCRIBE	9
#define VMCI_HC_QUEUEPAIR_ALLOC		10
#define VMCI_HC_QUEUEPAIR_DETACH	11
#define VMCI_HC_MAX			17

/* Other resource ids with a fixed meaning */
#define VMCI_RID_UNITY_PBRPC		14
#define VMCI_RID_HV_VSOCK_CONTROL	15	/* vSockets control packets addressed to context 0 */

#define VMCI_RESOURCES_QUERY_MAX	31

struct vmci_wire_resources_query {
	__le32 count;
	__le32 pad;
	__le32 rid[];
} __attribute__((packed));

/* payload 8 bytes in both forms */
struct vmci_wire_notify_bitmap {
	__le64 ppn;			/* 32-bit form: low word ppn, high word pad */
} __attribute__((packed));

struct vmci_wire_doorbell_link {
	struct vmci_wire_handle handle;
	__le64 index;
} __attribute__((packed));

struct vmci_wire_qp_alloc {
	struct vmci_wire_handle handle;
	__le32 peer;
	__le32 flags;
	__le64 produce_size;
	__le64 consume_size;
	__le64 num_ppns;		/* both queues, headers included; the list follows */
} __attribute__((packed));

struct vmci_wire_qp_detach {
	struct vmci_wire_handle handle;
} __attribute__((packed));

#define VMCI_QP_FLAG_ATTACH_ONLY	0x1
#define VMCI_QP_FLAG_LOCAL		0x2
#define VMCI_QP_FLAG_NONBLOCK		0x4
#define VMCI_QP_FLAG_PINNED		0x8
#define VMCI_QP_FLAGS_ASYMM		(VMCI_QP_FLAG_ATTACH_ONLY)

#define VMCI_QP_MEMORY_DEFAULT		(128u << 20)	/* bytes of queue pairs for one VM */

#define VMCI_PRIV_NONE			0
#define VMCI_PRIV_RESTRICTED		1
#define VMCI_PRIV_TRUSTED		2

/* Notification bitmap: one page, one byte for each index, bit 0 = pending */
#define VMCI_NOTIFY_INDEXES		VMCI_WIRE_PAGE_SIZE
#define VMCI_NOTIFY_PENDING		0x1

/* Events: datagrams from {0, 0} to {guest, 0} */
#define VMCI_EVENT_HANDLER_RID		0
#define VMCI_EV_CTX_ID_UPDATE		0
#define VMCI_EV_CTX_REMOVED		1
#define VMCI_EV_QP_RESUMED		2
#define VMCI_EV_QP_PEER_ATTACH		3
#define VMCI_EV_QP_PEER_DETACH		4
#define VMCI_EV_MEM_ACCESS_ON		5
#define VMCI_EV_MEM_ACCESS_OFF		6
#define VMCI_EV_GUEST_PAUSED		7
#define VMCI_EV_GUEST_UNPAUSED		8
#define VMCI_EV_MAX			9

struct vmci_wire_event {
	__le32 event;
	__le32 pad;
} __attribute__((packed));

struct vmci_wire_event_ctx {		/* CTX_ID_UPDATE, CTX_REMOVED, QP_RESUMED */
	struct vmci_wire_event ev;
	__le32 cid;
	__le32 pad;
} __attribute__((packed));

struct vmci_wire_event_qp {		/* QP_PEER_ATTACH, QP_PEER_DETACH */
	struct vmci_wire_event ev;
	struct vmci_wire_handle handle;
	__le32 peer;
	__le32 pad;
} __attribute__((packed));

/* Results */
#define VMCI_SUCCESS_QP_ATTACH		5
#define VMCI_SUCCESS_QP_CREATE		4
#define VMCI_SUCCESS_LAST_DETACH	3
#define VMCI_SUCCESS_ACCESS_GRANTED	2
#define VMCI_SUCCESS_ENTRY_DEAD		1
#define VMCI_SUCCESS			0
#define VMCI_ERR_INVALID_RESOURCE	(-1)
#define VMCI_ERR_INVALID_ARGS		(-2)
#define VMCI_ERR_NO_MEM			(-3)
#define VMCI_ERR_DATAGRAM_FAILED	(-4)
#define VMCI_ERR_MORE_DATA		(-5)
#define VMCI_ERR_NO_MORE_DATAGRAMS	(-6)
#define VMCI_ERR_NO_ACCESS		(-7)
#define VMCI_ERR_NO_HANDLE		(-8)
#define VMCI_ERR_DUPLICATE_ENTRY	(-9)
#define VMCI_ERR_DST_UNREACHABLE	(-10)
#define VMCI_ERR_PAYLOAD_TOO_LARGE	(-11)
#define VMCI_ERR_INVALID_PRIV		(-12)
#define VMCI_ERR_GENERIC		(-13)
#define VMCI_ERR_PAGE_ALREADY_SHARED	(-14)
#define VMCI_ERR_CANNOT_SHARE_PAGE	(-15)
#define VMCI_ERR_CANNOT_UNSHARE_PAGE	(-16)
#define VMCI_ERR_NO_PROCESS		(-17)
#define VMCI_ERR_NO_DATAGRAM		(-18)
#define VMCI_ERR_NO_RESOURCES		(-19)
#define VMCI_ERR_UNAVAILABLE		(-20)
#define VMCI_ERR_NOT_FOUND		(-21)
#define VMCI_ERR_ALREADY_EXISTS		(-22)
#define VMCI_ERR_NOT_PAGE_ALIGNED	(-23)
#define VMCI_ERR_INVALID_SIZE		(-24)
#define VMCI_ERR_REGION_ALREADY_SHARED	(-25)
#define VMCI_ERR_TIMEOUT		(-26)
#define VMCI_ERR_DATAGRAM_INCOMPLETE	(-27)
#define VMCI_ERR_INCORRECT_IRQL		(-28)
#define VMCI_ERR_EVENT_UNKNOWN		(-29)
#define VMCI_ERR_OBSOLETE		(-30)
#define VMCI_ERR_QUEUEPAIR_MISMATCH	(-31)
#define VMCI_ERR_QUEUEPAIR_NOTSET	(-32)
#define VMCI_ERR_QUEUEPAIR_NOTOWNER	(-33)
#define VMCI_ERR_QUEUEPAIR_NOTATTACHED	(-34)
#define VMCI_ERR_QUEUEPAIR_NOSPACE	(-35)
#define VMCI_ERR_QUEUEPAIR_NODATA	(-36)
#define VMCI_ERR_BUSMEM_INVALIDATION	(-37)
#define VMCI_ERR_MODULE_NOT_LOADED	(-38)
#define VMCI_ERR_DEVICE_NOT_FOUND	(-39)
#define VMCI_ERR_QUEUEPAIR_NOT_READY	(-40)
#define VMCI_ERR_WOULD_BLOCK		(-41)
#define VMCI_ERR_CLIENT_MIN		(-500)
#define VMCI_ERR_CLIENT_MAX		(-550)
#define VMCI_ERR_BAD_CONTEXT		(-1000)

_Static_assert(sizeof(struct vmci_wire_handle) == 8, "handle is 8 bytes");
_Static_assert(sizeof(struct vmci_wire_dg) == VMCI_DG_HDR_SIZE, "datagram header is 24 bytes");
_Static_assert(sizeof(struct vmci_wire_dma_hdr) == VMCI_DMA_HDR_SIZE, "DMA header is 24 bytes");
_Static_assert(sizeof(struct vmci_wire_sg) == 16, "s/g element is 16 bytes");
_Static_assert(sizeof(struct vmci_wire_doorbell_link) == 16, "doorbell link is 16 bytes");
_Static_assert(sizeof(struct vmci_wire_qp_alloc) == 40, "the PPN list starts at offset 64");
_Static_assert(sizeof(struct vmci_wire_event_ctx) == 16, "context event is 16 bytes");
_Static_assert(sizeof(struct vmci_wire_event_qp) == 24, "queue-pair event is 24 bytes");

#endif /* VMTKIT_WIRE_VMCI_DEVICE_H */
