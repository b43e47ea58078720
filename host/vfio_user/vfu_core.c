/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfu_core.c - what a vfio-user message does
 *
 * The client is QEMU, which runs a hostile guest and may have fallen to it.  So sizes are those of
 * the bytes that came, never those that a field claims; descriptors are looked at before they are
 * used; and guest memory must be sealed against shrinking, or a client could cut it off under us
 * (SIGBUS).
 *
 * Memory: each DMA_MAP is one shared mapping.  One without a descriptor stands for something that
 * the guest has but we cannot reach: ROM, or RAM of a backend that cannot be shared, which the
 * model reports when the guest's driver uses it.  Firmware maps and unmaps often; the model keeps
 * no pointers.
 *
 * Interrupts: an eventfd for each MSI-X vector, or one for MSI.  INTx is a level told by an eventfd: once
 * told it is masked, until the client, which has seen the guest touch the device, unmasks it; if a cause
 * is still pending then, it is told anew.
 */
#include "host/vfio_user/vfu_core.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/bytes.h"
#include "host/base/fd.h"
#include "host/model/gmem.h"
#include "host/vfio_user/vfu_proto.h"

#define PAGE_MASK ((uint64_t)VMCI_WIRE_PAGE_SIZE - 1)

static const char capabilities[] =
	"{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":4096,\"pgsizes\":4096}}";

_Static_assert(VFU_FDS_MAX == 8 && VFU_XFER_MAX == 4096, "keep the text in step");

/*
 * Copy a fixed part out of a message.  Its tail is at @len - @size, which the caller may then
 * use.
 */
static int body_get(const uint8_t *body, size_t len, void *ret, size_t size)
{
	if (len < size)
		return -EINVAL;
	memcpy(ret, body, size);
	return 0;
}

static int reply_put(uint8_t *reply, const void *what, size_t size)
{
	memcpy(reply, what, size);
	return (int)size;
}

/* ---- handshake and questions -------------------------------------------------------------- */

static int version(struct vfu_core *core, const uint8_t *body, size_t len, uint8_t *reply)
{
	struct vfu_version v;
	int err = body_get(body, len, &v, sizeof(v));

	if (err || core->versioned)
		return -EINVAL;
	if (v.major != 0)
		return -ENOTSUP;
	if (len > sizeof(v) && body[len - 1] != '\0')
		return -EINVAL;
	core->versioned = true;
	v.minor = 0;
	memcpy(reply, &v, sizeof(v));
	/* A client reads the answer into the room of its request. */
	if (len < sizeof(v) + sizeof(capabilities))
		return sizeof(v);
	memcpy(reply + sizeof(v), capabilities, sizeof(capabilities));
	return sizeof(v) + sizeof(capabilities);
}

static int device_info(uint8_t *reply)
{
	struct vfu_device_info info = {
		.argsz = sizeof(info),
		.flags = VFIO_DEVICE_FLAGS_RESET | VFIO_DEVICE_FLAGS_PCI,
		.num_regions = VFIO_PCI_NUM_REGIONS,
		.num_irqs = VFIO_PCI_NUM_IRQS,
	};

	return reply_put(reply, &info, sizeof(info));
}

/* 0: there is no such region. */
static uint64_t region_size(const struct vfu_core *core, uint32_t index)
{
	switch (index) {
	case VFIO_PCI_BAR0_REGION_INDEX + VMCI_BAR_PORT:
		return VMCI_BAR_PORT_SIZE;
	case VFIO_PCI_BAR0_REGION_INDEX + VMCI_BAR_MEM:
		return core->mode == VMCI_MODE_DMA ? VMCI_BAR_MEM_SIZE_DMA :
						     VMCI_BAR_MEM_SIZE_PORT;
	case VFIO_PCI_CONFIG_REGION_INDEX:
		return VFU_CONFIG_SIZE;
	}
	return 0;
}

static int region_info(struct vfu_core *core, const uint8_t *body, size_t len, uint8_t *reply)
{
	struct vfio_region_info info;
	int err = body_get(body, len, &info, sizeof(info));

	if (err || info.index >= VFIO_PCI_NUM_REGIONS)
		return -EINVAL;
	info = (struct vfio_region_info){
		.argsz = sizeof(info),
		.index = info.index,
		.size = region_size(core, info.index),
	};
	if (info.size)
		info.flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	return reply_put(reply, &info, sizeof(info));
}

/* The kind of interrupts that the device has. */
static uint32_t irq_index(const struct vfu_core *core)
{
	static const uint32_t indexes[] = {
		[VMCI_INTERRUPTS_MSIX] = VFIO_PCI_MSIX_IRQ_INDEX,
		[VMCI_INTERRUPTS_MSI] = VFIO_PCI_MSI_IRQ_INDEX,
		[VMCI_INTERRUPTS_INTX] = VFIO_PCI_INTX_IRQ_INDEX,
	};

	return indexes[core->interrupts];
}

/* QEMU warns its user when there is no error interrupt, so there is one; it is never sent. */
static uint32_t irq_count(const struct vfu_core *core, uint32_t index)
{
	if (index == VFIO_PCI_ERR_IRQ_INDEX)
		return 1;
	if (index != irq_index(core))
		return 0;
	if (index != VFIO_PCI_MSIX_IRQ_INDEX)
		return 1;
	return core->mode == VMCI_MODE_DMA ? VMCI_VECS_DMA : VMCI_VECS_PORT;
}

static int irq_info(struct vfu_core *core, const uint8_t *body, size_t len, uint8_t *reply)
{
	struct vfio_irq_info info;
	int err = body_get(body, len, &info, sizeof(info));

	if (err || info.index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	info = (struct vfio_irq_info){
		.argsz = sizeof(info),
		.flags = VFIO_IRQ_INFO_EVENTFD,
		.index = info.index,
		.count = irq_count(core, info.index),
	};
	if (info.index == VFIO_PCI_INTX_IRQ_INDEX)
		info.flags |= VFIO_IRQ_INFO_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED;
	return reply_put(reply, &info, sizeof(info));
}

/* ---- interrupts --------------------------------------------------------------------------- */

/*
 * An eventfd has no file type; whatever else a client might pass could block a write, or end it
 * badly.
 */
static int eventfd_check(int fd)
{
	struct stat st;
	int flags;

	if (fstat(fd, &st) < 0 || (st.st_mode & S_IFMT) != 0)
		return -EINVAL;
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -EINVAL;
	return 0;
}

static void eventfd_signal(int fd)
{
	static const uint64_t one = 1;

	/* A counter that is full has woken its reader already. */
	if (fd >= 0 && write(fd, &one, sizeof(one)) < 0)
		return;
}

static void intx_tell(struct vfu_core *core)
{
	if (core->irq_masked || core->irq_fd[0] < 0 || !vmci_irq_level(core->dev))
		return;
	core->irq_masked = true;
	eventfd_signal(core->irq_fd[0]);
}

void vfu_core_irq(struct vfu_core *core, unsigned int vector)
{
	if (core->interrupts == VMCI_INTERRUPTS_INTX)
		intx_tell(core);
	else
		eventfd_signal(core->irq_fd[core->irq_fd[vector] < 0 ? 0 : vector]);
}

/* INTx is masked and unmasked; a message cannot be. */
static int irq_mask(struct vfu_core *core, const struct vfio_irq_set *set, bool masked)
{
	if (core->interrupts != VMCI_INTERRUPTS_INTX || set->index != VFIO_PCI_INTX_IRQ_INDEX ||
	    (set->flags & VFIO_IRQ_SET_DATA_TYPE_MASK) != VFIO_IRQ_SET_DATA_NONE)
		return -EINVAL;
	core->irq_masked = masked;
	intx_tell(core);
	return 0;
}

static int irq_fds_set(struct vfu_core *core, const struct vfio_irq_set *set, int *fds, size_t nfds)
{
	uint32_t i;

	if (nfds != 0 && nfds != set->count)
		return -EINVAL;
	for (i = 0; i < nfds; i++)
		if (eventfd_check(fds[i]))
			return -EINVAL;
	for (i = 0; i < set->count; i++) {
		fd_close(&core->irq_fd[set->start + i]);
		if (nfds)
			core->irq_fd[set->start + i] = fd_steal(&fds[i]);
	}
	if (core->interrupts == VMCI_INTERRUPTS_INTX)
		intx_tell(core);
	return 0;
}

static void irq_fds_close(struct vfu_core *core)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(core->irq_fd); i++)
		fd_close(&core->irq_fd[i]);
	core->irq_masked = false;
}

static int set_irqs(struct vfu_core *core, const uint8_t *body, size_t len, int *fds, size_t nfds)
{
	struct vfio_irq_set set;
	uint32_t i;
	int err = body_get(body, len, &set, sizeof(set));

	if (err || set.index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	if (set.start > irq_count(core, set.index) ||
	    set.count > irq_count(core, set.index) - set.start)
		return -EINVAL;
	switch (set.flags & VFIO_IRQ_SET_ACTION_TYPE_MASK) {
	case VFIO_IRQ_SET_ACTION_TRIGGER:
		break;
	case VFIO_IRQ_SET_ACTION_MASK:
		return irq_mask(core, &set, true);
	case VFIO_IRQ_SET_ACTION_UNMASK:
		return irq_mask(core, &set, false);
	default:
		return -EINVAL;
	}
	if (set.index != irq_index(core))
		return 0;
	body += sizeof(set);
	len -= sizeof(set);
	switch (set.flags & VFIO_IRQ_SET_DATA_TYPE_MASK) {
	case VFIO_IRQ_SET_DATA_NONE:
		if (set.count == 0)
			irq_fds_close(core);
		for (i = 0; i < set.count; i++)
			eventfd_signal(core->irq_fd[set.start + i]);
		return 0;
	case VFIO_IRQ_SET_DATA_BOOL:
		if (len < set.count)
			return -EINVAL;
		for (i = 0; i < set.count; i++)
			if (body[i])
				eventfd_signal(core->irq_fd[set.start + i]);
		return 0;
	case VFIO_IRQ_SET_DATA_EVENTFD:
		return irq_fds_set(core, &set, fds, nfds);
	}
	return -EINVAL;
}

/* ---- memory ------------------------------------------------------------------------------- */

/* Map what the client passed; on success the mapping is the caller's. */
static int memory_map(struct vfu_core *core, const struct vfu_dma_map *map, int fd, void **ret_host)
{
	int prot = PROT_READ | (map->flags & VFU_DMA_WRITE ? PROT_WRITE : 0);
	struct stat st;
	int seals;
	void *host;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -EINVAL;
	if (map->offset > (uint64_t)st.st_size || map->size > (uint64_t)st.st_size - map->offset) {
		core->refusal = "a memory mapping passes the end of its file: the VM's memory is "
				"smaller than its memory backend claims";
		return -EINVAL;
	}
	seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0 || !(seals & F_SEAL_SHRINK)) {
		core->refusal = "guest memory is in a file that can shrink: use "
				"-object memory-backend-memfd with its default seal=on";
		return -EPERM;
	}
	host = mmap(NULL, map->size, prot, MAP_SHARED | MAP_NORESERVE, fd, (off_t)map->offset);
	if (host == MAP_FAILED) {
		core->refusal = "guest memory could not be mapped: a limit on address space "
				"(ulimit -v) is smaller than the VM's memory";
		return -errno;
	}
	*ret_host = host;
	return 0;
}

static int dma_map(struct vfu_core *core, const uint8_t *body, size_t len, const int *fds,
		   size_t nfds)
{
	struct vfu_dma_map map;
	void *host = NULL;
	int err = body_get(body, len, &map, sizeof(map));

	if (err || nfds > 1 || map.size == 0)
		return -EINVAL;
	if (!map.flags || map.flags & ~(VFU_DMA_READ | VFU_DMA_WRITE))
		return -EINVAL;
	/*
	 * Rings are accessed by atomic operations, which need addresses with the guest's
	 * alignment.
	 */
	if ((map.addr | map.size) & PAGE_MASK || (nfds && map.offset & PAGE_MASK))
		return -EINVAL;
	if (nfds)
		err = memory_map(core, &map, fds[0], &host);
	if (err)
		return err;
	err = gmem_add(core->mem, map.addr, map.size, host, map.flags & VFU_DMA_WRITE);
	if (err && host)
		munmap(host, map.size);
	if (!err)
		core->maps++;
	return err;
}

static void region_drop(struct vfu_core *core, uint64_t gpa, uint64_t size)
{
	void *host;

	if (gmem_remove(core->mem, gpa, size, &host))
		return;
	if (host)
		munmap(host, size);
	core->maps--;
}

static void memory_drop_all(struct vfu_core *core)
{
	uint64_t gpa, size;

	while (gmem_next(core->mem, 0, &gpa, &size) == 0)
		region_drop(core, gpa, size);
}

/*
 * Whole regions inside of [addr, last]: none or a part of one is an error, and nothing is
 * changed.
 */
static int range_check(struct vfu_core *core, uint64_t addr, uint64_t last)
{
	uint64_t gpa, size, from = addr;
	int found = 0;

	while (gmem_next(core->mem, from, &gpa, &size) == 0 && gpa <= last) {
		if (gpa < addr || size - 1 > last - gpa)
			return -EINVAL;
		found++;
		if (size - 1 == last - gpa)
			break;
		from = gpa + size;
	}
	return found ? 0 : -ENOENT;
}

static int dma_unmap(struct vfu_core *core, const uint8_t *body, size_t len, uint8_t *reply)
{
	struct vfu_dma_unmap unmap;
	uint64_t gpa, size, last;
	int err = body_get(body, len, &unmap, sizeof(unmap));

	if (err || unmap.flags & ~VFU_DMA_UNMAP_ALL)
		return -EINVAL;
	if (unmap.flags & VFU_DMA_UNMAP_ALL) {
		memory_drop_all(core);
		return reply_put(reply, &unmap, sizeof(unmap));
	}
	if (unmap.size == 0 || unmap.size - 1 > UINT64_MAX - unmap.addr)
		return -EINVAL;
	last = unmap.addr + (unmap.size - 1);
	err = range_check(core, unmap.addr, last);
	if (err)
		return err;
	while (gmem_next(core->mem, unmap.addr, &gpa, &size) == 0 && gpa <= last)
		region_drop(core, gpa, size);
	return reply_put(reply, &unmap, sizeof(unmap));
}

/* ---- regions ------------------------------------------------------------------------------ */

/*
 * Where in the registers is this byte of a BAR?  False: not there (MSI-X structures, unused
 * space).
 */
static bool register_offset(const struct vfu_core *core, const struct vfu_region_access *a,
			    uint32_t *ret_off)
{
	uint64_t base = 0, size = VMCI_BAR_PORT_SIZE;

	if (a->region == VFIO_PCI_BAR0_REGION_INDEX + VMCI_BAR_MEM) {
		if (core->mode != VMCI_MODE_DMA)
			return false;
		base = VMCI_BAR_MEM_REGS;
		size = VMCI_BAR_MEM_REGS_SIZE;
	}
	if (a->offset < base || a->offset - base >= size)
		return false;
	*ret_off = (uint32_t)(a->offset - base);
	return true;
}

static void bar_read(struct vfu_core *core, const struct vfu_region_access *a, uint8_t *data)
{
	uint32_t off, value;

	memset(data, 0, a->count);
	if (!register_offset(core, a, &off))
		return;
	value = vmci_reg_read(core->dev, off, a->count);
	memset(data, 0xff, a->count);
	value = htole32(value);
	memcpy(data, &value, a->count < sizeof(value) ? a->count : sizeof(value));
}

static void bar_write(struct vfu_core *core, const struct vfu_region_access *a, const uint8_t *data)
{
	uint32_t off, value = 0;

	if (!register_offset(core, a, &off))
		return;
	memcpy(&value, data, a->count < sizeof(value) ? a->count : sizeof(value));
	vmci_reg_write(core->dev, off, a->count, le32toh(value));
}

static int access_get(struct vfu_core *core, const uint8_t *body, size_t len,
		      struct vfu_region_access *a)
{
	int err = body_get(body, len, a, sizeof(*a));
	uint64_t size;

	if (err)
		return err;
	size = a->region < VFIO_PCI_NUM_REGIONS ? region_size(core, a->region) : 0;
	if (a->count == 0 || a->count > VFU_XFER_MAX || a->offset > size ||
	    a->count > size - a->offset)
		return -EINVAL;
	return 0;
}

static int region_read(struct vfu_core *core, const uint8_t *body, size_t len, uint8_t *reply)
{
	struct vfu_region_access a;
	int err = access_get(core, body, len, &a);

	if (err)
		return err;
	memcpy(reply, &a, sizeof(a));
	if (a.region == VFIO_PCI_CONFIG_REGION_INDEX)
		memcpy(reply + sizeof(a), core->config.bytes + a.offset, a.count);
	else
		bar_read(core, &a, reply + sizeof(a));
	return (int)(sizeof(a) + a.count);
}

static int device_reset(struct vfu_core *core)
{
	vmci_reset(core->dev);
	vfu_config_init(&core->config, core->mode, core->interrupts);
	core->irq_masked = false;
	return 0;
}

static int region_write(struct vfu_core *core, const uint8_t *body, size_t len, uint8_t *reply)
{
	struct vfu_region_access a;
	int err = access_get(core, body, len, &a);

	if (err)
		return err;
	if (a.count > len - sizeof(a))
		return -EINVAL;
	body += sizeof(a);
	if (a.region == VFIO_PCI_CONFIG_REGION_INDEX) {
		if (vfu_config_write(&core->config, a.offset, body, a.count))
			device_reset(core);
	} else {
		bar_write(core, &a, body);
	}
	return reply_put(reply, &a, sizeof(a));
}

/* ---- the table ---------------------------------------------------------------------------- */

int vfu_core_message(struct vfu_core *core, uint16_t cmd, const uint8_t *body, size_t len,
		     int *fds, size_t nfds, uint8_t *reply)
{
	core->refusal = NULL;
	if (!core->versioned && cmd != VFU_CMD_VERSION)
		return -EPROTO;
	switch (cmd) {
	case VFU_CMD_VERSION:
		return version(core, body, len, reply);
	case VFU_CMD_DMA_MAP:
		return dma_map(core, body, len, fds, nfds);
	case VFU_CMD_DMA_UNMAP:
		return dma_unmap(core, body, len, reply);
	case VFU_CMD_DEVICE_GET_INFO:
		return device_info(reply);
	case VFU_CMD_DEVICE_GET_REGION_INFO:
		return region_info(core, body, len, reply);
	case VFU_CMD_DEVICE_GET_IRQ_INFO:
		return irq_info(core, body, len, reply);
	case VFU_CMD_DEVICE_SET_IRQS:
		return set_irqs(core, body, len, fds, nfds);
	case VFU_CMD_REGION_READ:
		return region_read(core, body, len, reply);
	case VFU_CMD_REGION_WRITE:
		return region_write(core, body, len, reply);
	case VFU_CMD_DEVICE_RESET:
		return device_reset(core);
	}
	return -ENOTSUP;
}

void vfu_core_init(struct vfu_core *core, struct gmem *mem, struct vmci_dev *dev)
{
	size_t i;

	*core = (struct vfu_core){ .mem = mem, .dev = dev, .mode = vmci_mode(dev),
				   .interrupts = vmci_interrupts(dev) };
	for (i = 0; i < ARRAY_SIZE(core->irq_fd); i++)
		core->irq_fd[i] = -1;
	vfu_config_init(&core->config, core->mode, core->interrupts);
}

void vfu_core_done(struct vfu_core *core)
{
	/*
	 * The device first: what it tells the host may still read what the guest has left
	 * behind.
	 */
	vmci_reset(core->dev);
	irq_fds_close(core);
	memory_drop_all(core);
	core->versioned = false;
}
