/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfu_proto.h - messages of the vfio-user protocol, as far as a VMCI device needs them
 *
 * Numbers and layouts only, in the byte order of the machine, as the protocol has it.  Structures
 * that a message shares with the kernel's VFIO are taken from <linux/vfio.h>.
 * Source: the published protocol, checked against QEMU 11.1.
 */
#ifndef VMTKIT_HOST_VFIO_USER_PROTO_H
#define VMTKIT_HOST_VFIO_USER_PROTO_H

#include <linux/vfio.h>
#include <stdint.h>

#define VFU_CMD_VERSION			1
#define VFU_CMD_DMA_MAP			2
#define VFU_CMD_DMA_UNMAP		3
#define VFU_CMD_DEVICE_GET_INFO		4
#define VFU_CMD_DEVICE_GET_REGION_INFO	5
#define VFU_CMD_DEVICE_GET_IRQ_INFO	7
#define VFU_CMD_DEVICE_SET_IRQS		8
#define VFU_CMD_REGION_READ		9
#define VFU_CMD_REGION_WRITE		10
#define VFU_CMD_DEVICE_RESET		13

#define VFU_FLAG_TYPE_MASK		0x0fu
#define VFU_FLAG_COMMAND		0x00u
#define VFU_FLAG_REPLY			0x01u
#define VFU_FLAG_NO_REPLY		0x10u
#define VFU_FLAG_ERROR			0x20u

struct vfu_hdr {
	uint16_t id;
	uint16_t cmd;
	uint32_t size;		/* of the whole message, this header included */
	uint32_t flags;
	uint32_t error;		/* an errno, in a reply with VFU_FLAG_ERROR */
};

struct vfu_version {
	uint16_t major;
	uint16_t minor;
	/* JSON follows, ended by a zero byte */
};

#define VFU_DMA_READ			0x1u
#define VFU_DMA_WRITE			0x2u

struct vfu_dma_map {
	uint32_t argsz;
	uint32_t flags;
	uint64_t offset;	/* in the descriptor that comes with the message */
	uint64_t addr;		/* of the guest */
	uint64_t size;
};

#define VFU_DMA_UNMAP_ALL		0x2u

struct vfu_dma_unmap {
	uint32_t argsz;
	uint32_t flags;
	uint64_t addr;
	uint64_t size;
};

struct vfu_device_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t num_regions;
	uint32_t num_irqs;
};

struct vfu_region_access {
	uint64_t offset;
	uint32_t region;
	uint32_t count;
	/* the data follows */
};

_Static_assert(sizeof(struct vfu_hdr) == 16, "a message begins with 16 bytes");
_Static_assert(sizeof(struct vfu_dma_map) == 32, "as the protocol has it");
_Static_assert(sizeof(struct vfu_dma_unmap) == 24, "as the protocol has it");
_Static_assert(sizeof(struct vfu_region_access) == 16, "as the protocol has it");
_Static_assert(sizeof(struct vfio_region_info) == 32, "as the protocol has it");
_Static_assert(sizeof(struct vfio_irq_info) == 16, "as the protocol has it");
_Static_assert(sizeof(struct vfio_irq_set) == 20, "as the protocol has it");

#endif /* VMTKIT_HOST_VFIO_USER_PROTO_H */
