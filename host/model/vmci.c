/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmci.c - the VMCI device: registers, interrupts, reset
 *
 * States of the device:
 *	quiet	after power on and after any reset.  Hypercalls work, because a driver makes some
 *		while it probes, but nothing is sent to the guest.
 *	ready	from the first moment with interrupts enabled and the datagram cause in IMR; what
 *		the host sends is queued from here on.  Ends with a reset only.
 *
 * Interrupts: a cause sets its bit in ICR.  A message is sent for it if CONTROL.INT_ENABLE was
 * given and IMR has the bit, each time anew: drivers with a vector for each cause never read ICR,
 * so a message must not wait for that.  When a mask opens, causes already in ICR are sent.  Reading
 * ICR clears it.
 *
 * An access that no driver makes (wrong width, unknown register) is counted and answered with all
 * ones; nothing that a guest writes here can end the process.
 */
#include "host/model/vmci_dev.h"

#include <errno.h>
#include <stdlib.h>

#define QP_MEMORY_MAX ((uint64_t)1 << 40)	/* keeps page numbers of a pair in 32 bits */

#define CAPS_PORT (VMCI_CAPS_DATAGRAM | VMCI_CAPS_NOTIFICATIONS | VMCI_CAPS_PPN64)
#define CAPS_DMA (CAPS_PORT | VMCI_CAPS_DMA_DATAGRAM)

static const char *const trouble_text[] = {
	[VMCI_TROUBLE_NO_MEMORY_FD] =
		"guest memory came without a descriptor: give QEMU a shareable memory backend "
		"(-object memory-backend-memfd,share=on and -machine memory-backend=)",
	[VMCI_TROUBLE_NOT_SHARED] =
		"guest memory is mapped but reads as zeros: it is not shared, set share=on on "
		"QEMU's memory backend",
};

static uint32_t caps_of(const struct vmci_dev *dev)
{
	return dev->config.mode == VMCI_MODE_DMA ? CAPS_DMA : CAPS_PORT;
}

bool vmci_ppn64(const struct vmci_dev *dev)
{
	return dev->caps_used & VMCI_CAPS_PPN64;
}

void vmci_trouble_tell(struct vmci_dev *dev, enum vmci_trouble what)
{
	if (dev->told & 1u << what)
		return;
	dev->told |= 1u << what;
	dev->ops->trouble(dev->ops_data, what, trouble_text[what]);
}

void vmci_bad_memory(struct vmci_dev *dev, int err)
{
	dev->stats.bad_memory++;
	if (err == -ENXIO)
		vmci_trouble_tell(dev, VMCI_TROUBLE_NO_MEMORY_FD);
}

static void irq_send(struct vmci_dev *dev, uint32_t causes)
{
	static const struct {
		uint32_t cause;
		unsigned int vector;
	} map[] = {
		{ VMCI_ICR_DATAGRAM, VMCI_VEC_DATAGRAM },
		{ VMCI_ICR_NOTIFICATION, VMCI_VEC_NOTIFICATION },
		{ VMCI_ICR_DMA_DATAGRAM, VMCI_VEC_DMA_DATAGRAM },
	};
	size_t i;

	for (i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
		if (!(causes & map[i].cause) || vmci_fault_irq(dev, map[i].vector))
			continue;
		dev->stats.irqs++;
		dev->ops->irq(dev->ops_data, map[i].vector);
	}
}

void vmci_raise(struct vmci_dev *dev, uint32_t cause)
{
	dev->icr |= cause;
	if (dev->int_enabled)
		irq_send(dev, cause & dev->imr);
}

/* The mask or the enable bit was written; @open is what was let through before. */
static void mask_changed(struct vmci_dev *dev, uint32_t open)
{
	uint32_t now = dev->int_enabled ? dev->imr : 0;

	irq_send(dev, dev->icr & now & ~open);
	if (dev->ready || !(now & VMCI_ICR_DATAGRAM))
		return;
	dev->ready = true;
	if (dev->host && dev->host->ready)
		dev->host->ready(dev->host_data);
}

static void control_write(struct vmci_dev *dev, uint32_t value)
{
	uint32_t open;

	if (value & VMCI_CONTROL_RESET)
		vmci_reset(dev);
	open = dev->int_enabled ? dev->imr : 0;
	if (value & VMCI_CONTROL_INT_DISABLE)
		dev->int_enabled = false;
	if (value & VMCI_CONTROL_INT_ENABLE)
		dev->int_enabled = true;
	mask_changed(dev, open);
}

static void imr_write(struct vmci_dev *dev, uint32_t value)
{
	uint32_t open = dev->int_enabled ? dev->imr : 0;

	dev->imr = value & (VMCI_ICR_DATAGRAM | VMCI_ICR_NOTIFICATION | VMCI_ICR_DMA_DATAGRAM);
	mask_changed(dev, open);
}

bool vmci_irq_level(const struct vmci_dev *dev)
{
	return dev->int_enabled && (dev->icr & dev->imr);
}

static uint32_t icr_read(struct vmci_dev *dev)
{
	uint32_t icr = dev->icr;

	dev->icr = 0;
	return icr;
}

static uint32_t all_ones(unsigned int width)
{
	return width >= 4 ? UINT32_MAX : (1u << (8 * width)) - 1;
}

static uint32_t bad_read(struct vmci_dev *dev, unsigned int width)
{
	dev->stats.bad_register++;
	return all_ones(width);
}

uint32_t vmci_reg_read(struct vmci_dev *dev, uint32_t off, unsigned int width)
{
	bool port = dev->config.mode == VMCI_MODE_PORT;

	if (vmci_fault_read(dev, off))
		return all_ones(width);
	if (port && off == VMCI_REG_DATA_IN && width == 1) {
		uint8_t byte = vmci_port_in(dev);

		vmci_queue_settle(dev);
		return byte;
	}
	if (width != 4)
		return bad_read(dev, width);
	switch (off) {
	case VMCI_REG_STATUS:
		return vmci_irq_level(dev) ? VMCI_STATUS_INT_ON : 0;
	case VMCI_REG_ICR:
		return icr_read(dev);
	case VMCI_REG_IMR:
		return dev->imr;
	case VMCI_REG_CAPS:
		return caps_of(dev);
	case VMCI_REG_RESULT_LOW:
		if (port)
			vmci_port_out_settle(dev);
		return (uint32_t)dev->result;
	case VMCI_REG_RESULT_HIGH:
		return (uint32_t)(dev->result >> 32);
	case VMCI_REG_CONTROL:
		return 0;
	}
	if (!port) {
		switch (off) {
		case VMCI_REG_DATA_OUT_HIGH:
			return dev->out_high;
		case VMCI_REG_DATA_IN_HIGH:
			return dev->in_high;
		case VMCI_REG_GUEST_PAGE_SHIFT:
			return dev->page_shift;
		}
	}
	return bad_read(dev, width);
}

/* Registers that both windows have.  False: not one of them. */
static bool common_write(struct vmci_dev *dev, uint32_t off, uint32_t value)
{
	switch (off) {
	case VMCI_REG_CONTROL:
		control_write(dev, value);
		return true;
	case VMCI_REG_IMR:
		imr_write(dev, value);
		return true;
	case VMCI_REG_CAPS:
		dev->caps_used = value & caps_of(dev);
		return true;
	}
	return false;
}

static bool dma_write(struct vmci_dev *dev, uint32_t off, uint32_t value)
{
	switch (off) {
	case VMCI_REG_DATA_OUT_LOW:
		vmci_dma_send(dev, (uint64_t)dev->out_high << 32 | value);
		return true;
	case VMCI_REG_DATA_OUT_HIGH:
		dev->out_high = value;
		return true;
	case VMCI_REG_DATA_IN_LOW:
		vmci_dma_receive(dev, (uint64_t)dev->in_high << 32 | value);
		return true;
	case VMCI_REG_DATA_IN_HIGH:
		dev->in_high = value;
		return true;
	case VMCI_REG_GUEST_PAGE_SHIFT:
		dev->page_shift = value;
		return true;
	}
	return false;
}

void vmci_reg_write(struct vmci_dev *dev, uint32_t off, unsigned int width, uint32_t value)
{
	bool port = dev->config.mode == VMCI_MODE_PORT;

	if (vmci_fault_gone(dev))
		return;
	if (port && off == VMCI_REG_DATA_OUT && width == 1)
		vmci_port_out(dev, (uint8_t)value);
	else if (width != 4 || !(common_write(dev, off, value) ||
				 (!port && dma_write(dev, off, value))))
		dev->stats.bad_register++;
	vmci_queue_settle(dev);
}

/* What power on and every reset have in common. */
static void registers_clear(struct vmci_dev *dev)
{
	dev->caps_used = 0;
	dev->icr = 0;
	dev->imr = 0;
	dev->int_enabled = false;
	dev->ready = false;
	dev->result = 0;
	dev->out_high = 0;
	dev->in_high = 0;
	dev->page_shift = VMCI_WIRE_PAGE_SHIFT;
}

void vmci_reset(struct vmci_dev *dev)
{
	dev->stats.resets++;
	registers_clear(dev);
	vmci_port_reset(dev);
	vmci_doorbell_reset(dev);
	vmci_queue_clear(dev);
	vmci_broker_reset(dev);
	if (dev->host && dev->host->reset)
		dev->host->reset(dev->host_data);
}

struct vmci_dev *vmci_new(const struct vmci_config *config, struct gmem *mem,
			  const struct vmci_ops *ops, void *data)
{
	struct vmci_dev *dev;

	if (config->cid < VMCI_CID_RESERVED_MAX || config->cid > INT32_MAX ||
	    config->qp_memory > QP_MEMORY_MAX) {
		errno = EINVAL;
		return NULL;
	}
	dev = calloc(1, sizeof(*dev));
	if (!dev)
		return NULL;
	dev->config = *config;
	if (!dev->config.qp_memory)
		dev->config.qp_memory = VMCI_QP_MEMORY_DEFAULT;
	dev->mem = mem;
	dev->ops = ops;
	dev->ops_data = data;
	dev->next_rid = VMCI_RID_RESERVED_MAX + 1;
	STAILQ_INIT(&dev->to_guest);
	STAILQ_INIT(&dev->delayed);
	STAILQ_INIT(&dev->held);
	registers_clear(dev);
	return dev;
}

void vmci_free(struct vmci_dev *dev)
{
	struct endpoint *e;

	if (!dev)
		return;
	dev->host = NULL;
	registers_clear(dev);
	vmci_broker_free_all(dev);
	vmci_doorbell_free_all(dev);
	vmci_queue_clear(dev);
	vmci_port_reset(dev);
	while ((e = LIST_FIRST(&dev->endpoints))) {
		LIST_REMOVE(e, link);
		free(e);
	}
	free(dev);
}

enum vmci_mode vmci_mode(const struct vmci_dev *dev)
{
	return dev->config.mode;
}

enum vmci_interrupts vmci_interrupts(const struct vmci_dev *dev)
{
	return dev->config.interrupts;
}

void vmci_host_set(struct vmci_dev *dev, const struct vmci_host_ops *ops, void *data)
{
	dev->host = ops;
	dev->host_data = data;
}

bool vmci_guest_ready(const struct vmci_dev *dev)
{
	return dev->ready;
}

uint32_t vmci_guest_cid(const struct vmci_dev *dev)
{
	return dev->config.cid;
}

int vmci_set_guest_cid(struct vmci_dev *dev, uint32_t cid)
{
	struct vmci_wire_event_ctx ev = {
		.ev.event = htole32(VMCI_EV_CTX_ID_UPDATE),
		.cid = htole32(cid),
	};

	if (cid < VMCI_CID_RESERVED_MAX || cid > INT32_MAX)
		return -EINVAL;
	if (cid == dev->config.cid)
		return 0;
	dev->config.cid = cid;
	(void)vmci_event_send(dev, &ev, sizeof(ev));
	return 0;
}

void vmci_stats_get(const struct vmci_dev *dev, struct vmci_stats *ret)
{
	*ret = dev->stats;
	ret->qp_memory = dev->qp_memory;
}
