/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-vfu-core.c - what each vfio-user message does, and what a bad one is answered
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/base/bytes.h"
#include "host/model/gmem.h"
#include "host/model/vmci.h"
#include "host/model/vmci_dev.h"	/* to raise a cause without a guest */
#include "host/vfio_user/vfu_core.h"
#include "host/vfio_user/vfu_proto.h"
#include "tests/unit/unit.h"

#define PAGE ((uint64_t)VMCI_WIRE_PAGE_SIZE)
#define TRIGGER VFIO_IRQ_SET_ACTION_TRIGGER
#define UNMASK VFIO_IRQ_SET_ACTION_UNMASK
#define MSIX VFIO_PCI_MSIX_IRQ_INDEX
#define INTX VFIO_PCI_INTX_IRQ_INDEX

struct server {
	struct gmem *mem;
	struct vmci_dev *dev;
	struct vfu_core core;
	uint8_t reply[VFU_BODY_MAX];
};

static void on_irq(void *data, unsigned int vector)
{
	vfu_core_irq(&((struct server *)data)->core, vector);
}

static void on_trouble(void *data, enum vmci_trouble what, const char *text)
{
}

static const struct vmci_ops ops = { .irq = on_irq, .trouble = on_trouble };

/* Send a message; its descriptors are closed unless they were kept. */
static int send_fds(struct server *s, uint16_t cmd, const void *body, size_t len, int *fds,
		    size_t nfds)
{
	int result = vfu_core_message(&s->core, cmd, body, len, fds, nfds, s->reply);
	size_t i;

	for (i = 0; i < nfds; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return result;
}

static int send_body(struct server *s, uint16_t cmd, const void *body, size_t len)
{
	return send_fds(s, cmd, body, len, NULL, 0);
}

static void server_new_with(struct server *s, enum vmci_mode mode, enum vmci_interrupts interrupts)
{
	static const uint16_t hello[2];
	struct vmci_config config = { .cid = 42, .mode = mode, .interrupts = interrupts };

	memset(s, 0, sizeof(*s));
	s->mem = gmem_new();
	s->dev = vmci_new(&config, s->mem, &ops, s);
	CU_ASSERT_FATAL(s->mem && s->dev);
	vfu_core_init(&s->core, s->mem, s->dev);
	CU_ASSERT(send_body(s, VFU_CMD_VERSION, hello, sizeof(hello)) >= 4);
}

static void server_new(struct server *s, enum vmci_mode mode)
{
	server_new_with(s, mode, VMCI_INTERRUPTS_MSIX);
}

static void server_free(struct server *s)
{
	vfu_core_done(&s->core);
	vmci_free(s->dev);
	gmem_free(s->mem);
}

static int memory_new(off_t size, unsigned int seals)
{
	int fd = memfd_create("guest", MFD_ALLOW_SEALING | MFD_CLOEXEC);

	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_FATAL(ftruncate(fd, size) == 0);
	CU_ASSERT_FATAL(!seals || fcntl(fd, F_ADD_SEALS, seals) == 0);
	return fd;
}

static void handshake_comes_first(void)
{
	char hello[300] = { 0 };
	struct server s;

	server_new(&s, VMCI_MODE_DMA);
	CU_ASSERT_EQUAL(send_body(&s, VFU_CMD_VERSION, hello, 4), -EINVAL);
	vfu_core_done(&s.core);
	vfu_core_init(&s.core, s.mem, s.dev);
	CU_ASSERT_EQUAL(send_body(&s, VFU_CMD_DEVICE_RESET, NULL, 0), -EPROTO);
	CU_ASSERT_EQUAL(send_body(&s, VFU_CMD_VERSION, hello, 3), -EINVAL);
	hello[0] = 1;
	CU_ASSERT_EQUAL(send_body(&s, VFU_CMD_VERSION, hello, 4), -ENOTSUP);
	hello[0] = 0;
	hello[4] = '{';
	CU_ASSERT_EQUAL(send_body(&s, VFU_CMD_VERSION, hello, 5), -EINVAL);
	hello[2] = 7;
	/* a client with room for an answer gets the capabilities, ended by a zero, with minor 0 */
	CU_ASSERT_EQUAL(send_body(&s, VFU_CMD_VERSION, hello, sizeof(hello)),
			4 + (int)strlen((char *)s.reply + 4) + 1);
	CU_ASSERT(s.reply[2] == 0 && s.reply[3] == 0);
	CU_ASSERT(strncmp((char *)s.reply + 4, "{\"capabilities\":{", 17) == 0);
	CU_ASSERT_EQUAL(send_body(&s, VFU_CMD_DEVICE_RESET, NULL, 0), 0);
	server_free(&s);
}

static void unknown_commands_are_refused(void)
{
	struct server s;
	uint32_t cmd;

	server_new(&s, VMCI_MODE_DMA);
	for (cmd = 0; cmd < 0x10000; cmd++) {
		if ((cmd >= VFU_CMD_VERSION && cmd <= VFU_CMD_REGION_WRITE && cmd != 6) ||
		    cmd == VFU_CMD_DEVICE_RESET)
			continue;
		CU_ASSERT_EQUAL(send_body(&s, (uint16_t)cmd, s.reply, 64), -ENOTSUP);
	}
	server_free(&s);
}

static void questions_are_answered(void)
{
	static const struct {
		enum vmci_mode mode;
		uint64_t bar1;
		uint32_t vectors;
	} rows[] = {
		{ VMCI_MODE_DMA, 0x40000, 3 },
		{ VMCI_MODE_PORT, 0x2000, 2 },
	};
	size_t i, k;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vfio_region_info region = { .argsz = sizeof(region) }, got;
		struct vfio_irq_info irq = { .argsz = sizeof(irq) }, irq_got;
		uint64_t sizes[] = { 64, rows[i].bar1, 0, 0, 0, 0, 0, 256, 0 };
		uint32_t counts[] = { 0, 0, rows[i].vectors, 1, 0 };
		struct vfu_device_info info;
		struct server s;

		server_new(&s, rows[i].mode);
		CU_ASSERT_EQUAL(send_body(&s, VFU_CMD_DEVICE_GET_INFO, &info, sizeof(info)),
				sizeof(info));
		memcpy(&info, s.reply, sizeof(info));
		CU_ASSERT(info.flags == 3 && info.num_regions == 9 && info.num_irqs == 5);
		for (k = 0; k < ARRAY_SIZE(sizes); k++) {
			region.index = (uint32_t)k;
			CU_ASSERT_EQUAL(send_body(&s, VFU_CMD_DEVICE_GET_REGION_INFO, &region,
						  sizeof(region)), sizeof(region));
			memcpy(&got, s.reply, sizeof(got));
			CU_ASSERT_EQUAL(got.size, sizes[k]);
			CU_ASSERT_EQUAL(got.flags, sizes[k] ? 3 : 0);
		}
		region.index = (uint32_t)k;
		CU_ASSERT_EQUAL(send_body(&s, VFU_CMD_DEVICE_GET_REGION_INFO, &region,
					  sizeof(region)), -EINVAL);
		region.index = 0;
		CU_ASSERT_EQUAL(send_body(&s, VFU_CMD_DEVICE_GET_REGION_INFO, &region,
					  sizeof(region) - 1), -EINVAL);
		for (k = 0; k < ARRAY_SIZE(counts); k++) {
			irq.index = (uint32_t)k;
			CU_ASSERT_EQUAL(send_body(&s, VFU_CMD_DEVICE_GET_IRQ_INFO, &irq,
						  sizeof(irq)), sizeof(irq));
			memcpy(&irq_got, s.reply, sizeof(irq_got));
			CU_ASSERT_EQUAL(irq_got.count, counts[k]);
		}
		irq.index = (uint32_t)k;
		CU_ASSERT_EQUAL(send_body(&s, VFU_CMD_DEVICE_GET_IRQ_INFO, &irq, sizeof(irq)),
				-EINVAL);
		CU_ASSERT_EQUAL(send_body(&s, VFU_CMD_DEVICE_GET_IRQ_INFO, &irq, 15), -EINVAL);
		server_free(&s);
	}
}

static int set_irqs(struct server *s, uint32_t flags, uint32_t index, uint32_t start,
		    uint32_t count, int *fds, size_t nfds)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set), .flags = flags, .index = index, .start = start,
		.count = count,
	};
	uint8_t body[sizeof(set) + 4] = { 0 };

	memcpy(body, &set, sizeof(set));
	body[sizeof(set) + 1] = 1;
	return send_fds(s, VFU_CMD_DEVICE_SET_IRQS, body, sizeof(body), fds, nfds);
}

static uint64_t event_count(int fd)
{
	uint64_t n = 0;

	return read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static void interrupt_messages_have_rules(void)
{
	static const struct {
		uint32_t flags, index, start, count;
		int want;
	} rows[] = {
		{ 4 | TRIGGER, MSIX, 0, 1, 0 },		/* QEMU's first, without a descriptor */
		{ 4 | TRIGGER, MSIX, 2, 1, 0 },
		{ 4 | TRIGGER, MSIX, 3, 0, 0 },
		{ 4 | TRIGGER, MSIX, 3, 1, -EINVAL },
		{ 4 | TRIGGER, MSIX, 4, 0, -EINVAL },
		{ 4 | TRIGGER, MSIX, 1, 3, -EINVAL },
		{ 4 | TRIGGER, MSIX, 0xffffffff, 2, -EINVAL },
		{ 4 | TRIGGER, MSIX, 1, 0xffffffff, -EINVAL },
		{ 1 | TRIGGER, MSIX, 0, 0, 0 },
		{ 1 | TRIGGER, MSIX, 0, 3, 0 },
		{ 2 | TRIGGER, MSIX, 0, 3, 0 },
		{ 3 | TRIGGER, MSIX, 0, 1, -EINVAL },
		{ 0 | TRIGGER, MSIX, 0, 1, -EINVAL },
		{ 4, MSIX, 0, 1, -EINVAL },
		{ 1 | VFIO_IRQ_SET_ACTION_MASK, MSIX, 0, 1, -EINVAL },
		{ 1 | VFIO_IRQ_SET_ACTION_UNMASK | TRIGGER, MSIX, 0, 1, -EINVAL },
		{ 4 | TRIGGER, VFIO_PCI_ERR_IRQ_INDEX, 0, 1, 0 },
		{ 4 | TRIGGER, VFIO_PCI_INTX_IRQ_INDEX, 0, 1, -EINVAL },
		{ 1 | TRIGGER, VFIO_PCI_INTX_IRQ_INDEX, 0, 0, 0 },
		{ 4 | TRIGGER, VFIO_PCI_NUM_IRQS, 0, 0, -EINVAL },
	};
	struct server s;
	size_t i;

	server_new(&s, VMCI_MODE_DMA);
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		CU_ASSERT_EQUAL(set_irqs(&s, rows[i].flags, rows[i].index, rows[i].start,
					 rows[i].count, NULL, 0), rows[i].want);
	CU_ASSERT_EQUAL(send_body(&s, VFU_CMD_DEVICE_SET_IRQS, s.reply, 19), -EINVAL);
	server_free(&s);
}

static void vectors_reach_their_eventfds(void)
{
	struct server s;
	int ev[3], fds[3], i;

	server_new(&s, VMCI_MODE_DMA);
	for (i = 0; i < 3; i++) {
		ev[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		fds[i] = dup(ev[i]);
	}
	CU_ASSERT_EQUAL(set_irqs(&s, 4 | TRIGGER, MSIX, 0, 3, fds, 3), 0);
	CU_ASSERT(fds[0] == -1 && fds[2] == -1);
	for (i = 0; i < 3; i++)
		vfu_core_irq(&s.core, (unsigned int)i);
	vfu_core_irq(&s.core, 2);
	CU_ASSERT(event_count(ev[0]) == 1 && event_count(ev[1]) == 1 && event_count(ev[2]) == 2);
	/* the client can send them itself; the second byte of the data is the one that is set */
	CU_ASSERT_EQUAL(set_irqs(&s, 2 | TRIGGER, MSIX, 0, 3, NULL, 0), 0);
	CU_ASSERT(event_count(ev[0]) == 0 && event_count(ev[1]) == 1 && event_count(ev[2]) == 0);
	/* a driver with one vector gets all on that */
	CU_ASSERT_EQUAL(set_irqs(&s, 4 | TRIGGER, MSIX, 1, 2, NULL, 0), 0);
	vfu_core_irq(&s.core, 2);
	vfu_core_irq(&s.core, 1);
	CU_ASSERT(event_count(ev[0]) == 2 && event_count(ev[1]) == 0 && event_count(ev[2]) == 0);
	CU_ASSERT_EQUAL(set_irqs(&s, 1 | TRIGGER, MSIX, 0, 0, NULL, 0), 0);
	vfu_core_irq(&s.core, 0);
	CU_ASSERT_EQUAL(event_count(ev[0]), 0);
	for (i = 0; i < 3; i++)
		close(ev[i]);
	server_free(&s);
}

static void one_message_serves_all_causes(void)
{
	struct server s;
	int ev = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), fd = dup(ev);

	server_new_with(&s, VMCI_MODE_DMA, VMCI_INTERRUPTS_MSI);
	CU_ASSERT_EQUAL(set_irqs(&s, 4 | TRIGGER, MSIX, 0, 1, NULL, 0), -EINVAL);
	CU_ASSERT_EQUAL(set_irqs(&s, 4 | TRIGGER, VFIO_PCI_MSI_IRQ_INDEX, 0, 2, NULL, 0), -EINVAL);
	CU_ASSERT_EQUAL(set_irqs(&s, 1 | UNMASK, VFIO_PCI_MSI_IRQ_INDEX, 0, 1, NULL, 0), -EINVAL);
	CU_ASSERT_EQUAL(set_irqs(&s, 4 | TRIGGER, VFIO_PCI_MSI_IRQ_INDEX, 0, 1, &fd, 1), 0);
	vfu_core_irq(&s.core, 0);
	vfu_core_irq(&s.core, 2);
	CU_ASSERT_EQUAL(event_count(ev), 2);
	close(ev);
	server_free(&s);
}

/* Lets @causes through and makes each of them pending. */
static void cause(struct server *s, uint32_t causes)
{
	vmci_reg_write(s->dev, VMCI_REG_IMR, 4, causes);
	vmci_reg_write(s->dev, VMCI_REG_CONTROL, 4, VMCI_CONTROL_INT_ENABLE);
	vmci_raise(s->dev, causes);
}

static void a_level_is_told_until_it_is_acknowledged(void)
{
	struct server s;
	int ev = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), fd = dup(ev);

	server_new_with(&s, VMCI_MODE_DMA, VMCI_INTERRUPTS_INTX);
	CU_ASSERT_EQUAL(set_irqs(&s, 4 | TRIGGER, INTX, 0, 1, &fd, 1), 0);
	CU_ASSERT_EQUAL(event_count(ev), 0);
	cause(&s, VMCI_ICR_DATAGRAM);
	CU_ASSERT_EQUAL(event_count(ev), 1);
	/* told once; a second cause changes nothing while the client has it masked */
	vmci_raise(s.dev, VMCI_ICR_DATAGRAM);
	CU_ASSERT_EQUAL(event_count(ev), 0);
	/* unmasked without an acknowledgement: it is still there */
	CU_ASSERT_EQUAL(set_irqs(&s, 1 | UNMASK, INTX, 0, 1, NULL, 0), 0);
	CU_ASSERT_EQUAL(event_count(ev), 1);
	/* reading ICR acknowledges */
	CU_ASSERT_EQUAL(vmci_reg_read(s.dev, VMCI_REG_ICR, 4), VMCI_ICR_DATAGRAM);
	CU_ASSERT_EQUAL(set_irqs(&s, 1 | UNMASK, INTX, 0, 1, NULL, 0), 0);
	CU_ASSERT_EQUAL(event_count(ev), 0);
	CU_ASSERT_EQUAL(set_irqs(&s, 1 | VFIO_IRQ_SET_ACTION_MASK, INTX, 0, 1, NULL, 0), 0);
	vmci_raise(s.dev, VMCI_ICR_DATAGRAM);
	CU_ASSERT_EQUAL(event_count(ev), 0);
	CU_ASSERT_EQUAL(set_irqs(&s, 1 | UNMASK, INTX, 0, 1, NULL, 0), 0);
	CU_ASSERT_EQUAL(event_count(ev), 1);
	/* a new eventfd hears of what is pending; a reset ends it */
	CU_ASSERT_EQUAL(set_irqs(&s, 1 | TRIGGER, INTX, 0, 0, NULL, 0), 0);
	fd = dup(ev);
	CU_ASSERT_EQUAL(set_irqs(&s, 4 | TRIGGER, INTX, 0, 1, &fd, 1), 0);
	CU_ASSERT_EQUAL(event_count(ev), 1);
	CU_ASSERT_EQUAL(send_body(&s, VFU_CMD_DEVICE_RESET, NULL, 0), 0);
	CU_ASSERT_EQUAL(set_irqs(&s, 1 | UNMASK, INTX, 0, 1, NULL, 0), 0);
	CU_ASSERT_EQUAL(event_count(ev), 0);
	CU_ASSERT_EQUAL(set_irqs(&s, 2 | UNMASK, INTX, 0, 1, NULL, 0), -EINVAL);
	close(ev);
	server_free(&s);
}

static void only_eventfds_are_taken(void)
{
	int pipes[2], fds[2];
	struct server s;

	server_new(&s, VMCI_MODE_DMA);
	CU_ASSERT_FATAL(pipe(pipes) == 0);
	fds[0] = pipes[1];
	CU_ASSERT_EQUAL(set_irqs(&s, 4 | TRIGGER, MSIX, 0, 1, fds, 1), -EINVAL);
	fds[0] = memory_new(4096, 0);
	CU_ASSERT_EQUAL(set_irqs(&s, 4 | TRIGGER, MSIX, 0, 1, fds, 1), -EINVAL);
	fds[0] = eventfd(0, 0);
	fds[1] = eventfd(0, 0);
	CU_ASSERT_EQUAL(set_irqs(&s, 4 | TRIGGER, MSIX, 0, 1, fds, 2), -EINVAL);
	fds[0] = eventfd(0, 0);
	CU_ASSERT_EQUAL(set_irqs(&s, 4 | TRIGGER, MSIX, 0, 2, fds, 1), -EINVAL);
	/* a blocking one is made not to block: it is full, and nothing hangs */
	fds[0] = eventfd(0xfffffffe, 0);
	CU_ASSERT_EQUAL(set_irqs(&s, 4 | TRIGGER, MSIX, 0, 1, fds, 1), 0);
	s.core.irq_fd[1] = eventfd(0, EFD_NONBLOCK);
	vfu_core_irq(&s.core, 0);
	close(pipes[0]);
	server_free(&s);
}

static int dma_map(struct server *s, uint32_t flags, uint64_t offset, uint64_t addr, uint64_t size,
		   int fd)
{
	struct vfu_dma_map map = {
		.argsz = sizeof(map), .flags = flags, .offset = offset, .addr = addr,
		.size = size,
	};

	return send_fds(s, VFU_CMD_DMA_MAP, &map, sizeof(map), &fd, fd >= 0);
}

static int dma_unmap(struct server *s, uint32_t flags, uint64_t addr, uint64_t size)
{
	struct vfu_dma_unmap unmap = {
		.argsz = sizeof(unmap), .flags = flags, .addr = addr, .size = size,
	};

	return send_body(s, VFU_CMD_DMA_UNMAP, &unmap, sizeof(unmap));
}

static void memory_messages_have_rules(void)
{
	static const struct {
		uint32_t flags;
		uint64_t offset, addr, size;
		int want;
	} rows[] = {
		{ 3, 0, 0x100000, 4 * PAGE, 0 },
		{ 1, 4 * PAGE, 0x200000, 4 * PAGE, 0 },
		{ 3, 0, 0x101000, PAGE, -EEXIST },
		{ 3, 5 * PAGE, 0x300000, 4 * PAGE, -EINVAL },	/* passes the end of the file */
		{ 3, 0, 0x300000, 9 * PAGE, -EINVAL },
		{ 3, 8 * PAGE, 0x300000, PAGE, -EINVAL },
		{ 3, UINT64_MAX & ~(PAGE - 1), 0x300000, PAGE, -EINVAL },
		{ 3, 0, 0x300000, UINT64_MAX & ~(PAGE - 1), -EINVAL },
		{ 3, 0, UINT64_MAX & ~(PAGE - 1), 2 * PAGE, -EINVAL },
		{ 3, 0, 0x300000, 0, -EINVAL },
		{ 3, 1, 0x300000, PAGE, -EINVAL },
		{ 3, 0, 0x300001, PAGE, -EINVAL },
		{ 3, 0, 0x300000, PAGE + 1, -EINVAL },
		{ 0, 0, 0x300000, PAGE, -EINVAL },
		{ 7, 0, 0x300000, PAGE, -EINVAL },
	};
	uint8_t byte = 0;
	struct server s;
	size_t i;

	server_new(&s, VMCI_MODE_DMA);
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		CU_ASSERT_EQUAL(dma_map(&s, rows[i].flags, rows[i].offset, rows[i].addr,
					rows[i].size, memory_new(8 * PAGE, F_SEAL_SHRINK)),
				rows[i].want);
	CU_ASSERT_EQUAL(s.core.maps, 2);
	CU_ASSERT_EQUAL(gmem_copy_out(s.mem, 0x103fff, &byte, 1), 0);
	CU_ASSERT_EQUAL(gmem_copy_in(s.mem, 0x203fff, &byte, 1), 0);
	CU_ASSERT_EQUAL(gmem_copy_out(s.mem, 0x203fff, &byte, 1), -EACCES);
	CU_ASSERT_EQUAL(send_body(&s, VFU_CMD_DMA_MAP, s.reply, 31), -EINVAL);
	server_free(&s);
}

static void bad_files_are_refused_with_a_reason(void)
{
	int two[2] = { memory_new(PAGE, F_SEAL_SHRINK), memory_new(PAGE, F_SEAL_SHRINK) };
	struct vfu_dma_map map = { .flags = 3, .addr = 0x100000, .size = PAGE };
	struct server s;
	int pipes[2];

	server_new(&s, VMCI_MODE_DMA);
	CU_ASSERT_EQUAL(dma_map(&s, 3, 0, 0x100000, PAGE, memory_new(PAGE, 0)), -EPERM);
	CU_ASSERT(s.core.refusal && strstr(s.core.refusal, "seal=on"));
	CU_ASSERT_EQUAL(dma_map(&s, 3, 0, 0x100000, 2 * PAGE, memory_new(PAGE, F_SEAL_SHRINK)),
			-EINVAL);
	CU_ASSERT(s.core.refusal && strstr(s.core.refusal, "passes the end"));
	CU_ASSERT_FATAL(pipe(pipes) == 0);
	CU_ASSERT_EQUAL(dma_map(&s, 3, 0, 0x100000, PAGE, pipes[0]), -EINVAL);
	CU_ASSERT_PTR_NULL(s.core.refusal);
	CU_ASSERT_EQUAL(send_fds(&s, VFU_CMD_DMA_MAP, &map, sizeof(map), two, 2), -EINVAL);
	CU_ASSERT_EQUAL(s.core.maps, 0);
	close(pipes[1]);
	server_free(&s);
}

static void memory_without_descriptor_is_remembered(void)
{
	struct server s;
	uint8_t byte;

	server_new(&s, VMCI_MODE_DMA);
	CU_ASSERT_EQUAL(dma_map(&s, 3, 0, 0x100000, PAGE, -1), 0);
	CU_ASSERT_EQUAL(dma_map(&s, 1, 0, 0x200000, PAGE, -1), 0);
	CU_ASSERT_EQUAL(gmem_copy_in(s.mem, 0x100000, &byte, 1), -ENXIO);
	CU_ASSERT_EQUAL(gmem_copy_in(s.mem, 0x200000, &byte, 1), -EFAULT);
	CU_ASSERT_EQUAL(dma_unmap(&s, 0, 0x100000, PAGE), 24);
	CU_ASSERT_EQUAL(gmem_copy_in(s.mem, 0x100000, &byte, 1), -EFAULT);
	CU_ASSERT_EQUAL(s.core.maps, 1);
	server_free(&s);
}

static void unmapping_takes_whole_regions(void)
{
	struct server s;
	uint64_t i;

	server_new(&s, VMCI_MODE_DMA);
	for (i = 0; i < 4; i++)
		CU_ASSERT_EQUAL(dma_map(&s, 3, 0, i * 4 * PAGE, 2 * PAGE,
					memory_new(2 * PAGE, F_SEAL_SHRINK)), 0);
	CU_ASSERT_EQUAL(dma_unmap(&s, 0, 2 * PAGE, 2 * PAGE), -ENOENT);
	CU_ASSERT_EQUAL(dma_unmap(&s, 0, 0, PAGE), -EINVAL);
	CU_ASSERT_EQUAL(dma_unmap(&s, 0, PAGE, 8 * PAGE), -EINVAL);
	CU_ASSERT_EQUAL(dma_unmap(&s, 0, 0, 5 * PAGE), -EINVAL);
	CU_ASSERT_EQUAL(dma_unmap(&s, 0, 0, 0), -EINVAL);
	CU_ASSERT_EQUAL(dma_unmap(&s, 0, PAGE, UINT64_MAX), -EINVAL);
	CU_ASSERT_EQUAL(dma_unmap(&s, 1, 0, 2 * PAGE), -EINVAL);
	CU_ASSERT_EQUAL(send_body(&s, VFU_CMD_DMA_UNMAP, s.reply, 23), -EINVAL);
	CU_ASSERT_EQUAL(s.core.maps, 4);
	CU_ASSERT_EQUAL(dma_unmap(&s, 0, 0, 2 * PAGE), 24);
	CU_ASSERT_EQUAL(s.core.maps, 3);
	CU_ASSERT_EQUAL(dma_unmap(&s, 0, 0, 11 * PAGE), 24);
	CU_ASSERT_EQUAL(s.core.maps, 1);
	CU_ASSERT_EQUAL(dma_unmap(&s, VFU_DMA_UNMAP_ALL, 0, 0), 24);
	CU_ASSERT_EQUAL(s.core.maps, 0);
	server_free(&s);
}

static int region_read(struct server *s, uint32_t region, uint64_t offset, uint32_t count)
{
	struct vfu_region_access a = { offset, region, count };

	return send_body(s, VFU_CMD_REGION_READ, &a, sizeof(a));
}

static int region_write(struct server *s, uint32_t region, uint64_t offset, uint32_t count,
			uint32_t value, size_t len)
{
	struct vfu_region_access a = { offset, region, count };
	uint8_t body[sizeof(a) + 8] = { 0 };

	memcpy(body, &a, sizeof(a));
	put_le32(body + sizeof(a), value);
	return send_body(s, VFU_CMD_REGION_WRITE, body, sizeof(a) + len);
}

static void accesses_stay_in_their_regions(void)
{
	static const struct {
		uint32_t region;
		uint64_t offset;
		uint32_t count;
		int want;
	} rows[] = {
		{ 0, 0, 4, 20 },
		{ 0, 60, 4, 20 },
		{ 0, 61, 4, -EINVAL },
		{ 0, 0, 64, 80 },
		{ 0, 0, 0, -EINVAL },
		{ 1, 0x40000, 1, -EINVAL },
		{ 1, 0x3fff8, 8, 24 },
		{ 1, UINT64_MAX, 4, -EINVAL },
		{ 1, 0, 4096, 4112 },
		{ 1, 0, 4097, -EINVAL },
		{ 1, 0, 0xffffffff, -EINVAL },
		{ 2, 0, 4, -EINVAL },
		{ 7, 0, 256, 272 },
		{ 7, 255, 2, -EINVAL },
		{ 8, 0, 1, -EINVAL },
		{ 9, 0, 1, -EINVAL },
		{ 0xffffffff, 0, 1, -EINVAL },
	};
	struct server s;
	size_t i;

	server_new(&s, VMCI_MODE_DMA);
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		CU_ASSERT_EQUAL(region_read(&s, rows[i].region, rows[i].offset, rows[i].count),
				rows[i].want);
	CU_ASSERT_EQUAL(send_body(&s, VFU_CMD_REGION_READ, s.reply, 15), -EINVAL);
	CU_ASSERT_EQUAL(region_write(&s, 1, 0x20000 + VMCI_REG_IMR, 4, 1, 3), -EINVAL);
	CU_ASSERT_EQUAL(region_write(&s, 1, 0x20000 + VMCI_REG_IMR, 8, 1, 4), -EINVAL);
	CU_ASSERT_EQUAL(region_write(&s, 1, 0x20000 + VMCI_REG_IMR, 4, 1, 4), 16);
	CU_ASSERT_EQUAL(region_write(&s, 7, 254, 4, 1, 4), -EINVAL);
	server_free(&s);
}

static void registers_are_where_drivers_look(void)
{
	struct server s;

	server_new(&s, VMCI_MODE_DMA);
	region_read(&s, 1, 0x20000 + VMCI_REG_CAPS, 4);
	CU_ASSERT_EQUAL(get_le32(s.reply + 16), 0x3c);
	region_read(&s, 0, VMCI_REG_CAPS, 4);
	CU_ASSERT_EQUAL(get_le32(s.reply + 16), 0x3c);
	region_read(&s, 1, VMCI_REG_CAPS, 4);
	CU_ASSERT_EQUAL(get_le32(s.reply + 16), 0);
	region_read(&s, 1, 0x20000, 8);
	CU_ASSERT(get_le64(s.reply + 16) == UINT64_MAX);
	region_write(&s, 1, 0x20000 + VMCI_REG_IMR, 4, 5, 4);
	region_read(&s, 0, VMCI_REG_IMR, 4);
	CU_ASSERT_EQUAL(get_le32(s.reply + 16), 5);
	CU_ASSERT_EQUAL(send_body(&s, VFU_CMD_DEVICE_RESET, NULL, 0), 0);
	region_read(&s, 0, VMCI_REG_IMR, 4);
	CU_ASSERT_EQUAL(get_le32(s.reply + 16), 0);
	server_free(&s);
	server_new(&s, VMCI_MODE_PORT);
	region_read(&s, 0, VMCI_REG_CAPS, 4);
	CU_ASSERT_EQUAL(get_le32(s.reply + 16), 0x1c);
	region_read(&s, 0, VMCI_REG_DATA_IN, 1);
	CU_ASSERT_EQUAL(s.reply[16], 0xff);
	CU_ASSERT_EQUAL(region_read(&s, 1, 0x20000, 4), -EINVAL);
	server_free(&s);
}

static void resets_come_in_two_ways(void)
{
	struct vmci_stats stats;
	struct server s;

	server_new(&s, VMCI_MODE_DMA);
	region_write(&s, 7, 0x04, 2, 0x7, 2);
	region_read(&s, 7, 0x04, 2);
	CU_ASSERT_EQUAL(get_le16(s.reply + 16), 7);
	region_write(&s, 7, 0x74, 1, 1, 1);
	vmci_stats_get(s.dev, &stats);
	CU_ASSERT_EQUAL(stats.resets, 1);
	region_read(&s, 7, 0x04, 2);
	CU_ASSERT_EQUAL(get_le16(s.reply + 16), 0);
	send_body(&s, VFU_CMD_DEVICE_RESET, NULL, 0);
	vmci_stats_get(s.dev, &stats);
	CU_ASSERT_EQUAL(stats.resets, 2);
	server_free(&s);
}

static const struct unit_case cases[] = {
	{ "the handshake comes first", handshake_comes_first },
	{ "unknown commands are refused", unknown_commands_are_refused },
	{ "questions are answered", questions_are_answered },
	{ "interrupt messages have rules", interrupt_messages_have_rules },
	{ "vectors reach their eventfds", vectors_reach_their_eventfds },
	{ "one message serves all causes", one_message_serves_all_causes },
	{ "a level is told until it is acknowledged", a_level_is_told_until_it_is_acknowledged },
	{ "only eventfds are taken, and never block", only_eventfds_are_taken },
	{ "memory messages have rules", memory_messages_have_rules },
	{ "bad files are refused with a reason", bad_files_are_refused_with_a_reason },
	{ "memory without a descriptor is remembered", memory_without_descriptor_is_remembered },
	{ "unmapping takes whole regions", unmapping_takes_whole_regions },
	{ "accesses stay in their regions", accesses_stay_in_their_regions },
	{ "registers are where drivers look", registers_are_where_drivers_look },
	{ "a reset comes as a message or from configuration space", resets_come_in_two_ways },
};

UNIT_MAIN("vfu-core", cases)
