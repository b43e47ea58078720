/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmci_fault.c - the VMCI device when it is at fault, as the rules of fault.h have it
 *
 * The model asks here at the places where a device can fail.  Datagrams to the guest that are to be
 * late wait in a list of their own, and count as queued: `delayed` until the front's timer comes,
 * `held` until another datagram has overtaken it.
 */
#include "host/model/fault.h"
#include "host/model/vmci_dev.h"

#include <stdlib.h>
#include <string.h>

/* Where a datagram goes, as places of the dg-* faults. */
#define TO_GUEST	0
#define FROM_GUEST	1

struct faults *vmci_faults(const struct vmci_dev *dev)
{
	return dev->config.faults;
}

/* ---- registers and interrupts ---------------------------------------------------------------- */

bool vmci_fault_gone(struct vmci_dev *dev)
{
	return fault_fires(dev->config.faults, FAULT_DEVICE_GONE, 0);
}

static unsigned int register_place(uint32_t off)
{
	static const uint32_t offsets[] = {
		VMCI_REG_STATUS, VMCI_REG_CONTROL, VMCI_REG_ICR, VMCI_REG_IMR, VMCI_REG_CAPS,
		VMCI_REG_RESULT_LOW, VMCI_REG_RESULT_HIGH,
	};
	const unsigned int count = sizeof(offsets) / sizeof(offsets[0]);
	unsigned int i;

	for (i = 0; i < count && offsets[i] != off; i++)
		;
	return i;		/* behind the last: all others */
}

/* The first place of a kind whose places are not where but what: one chance, however many there are. */
static unsigned int first_place(struct faults *f, enum fault_kind kind)
{
	const struct fault_rule *rule = fault_get(f, kind);

	return rule ? (unsigned int)__builtin_ctz(rule->where) : 0;
}

static void spurious(struct vmci_dev *dev)
{
	struct faults *f = dev->config.faults;
	const struct fault_rule *rule = fault_fires(f, FAULT_IRQ_SPURIOUS,
						    first_place(f, FAULT_IRQ_SPURIOUS));
	unsigned int i, vectors = dev->config.mode == VMCI_MODE_DMA ? VMCI_VECS_DMA : VMCI_VECS_PORT;

	for (i = 0; rule && i < vectors; i++)
		if (rule->where & UINT32_C(1) << i)
			dev->ops->irq(dev->ops_data, i);
}

bool vmci_fault_read(struct vmci_dev *dev, uint32_t off)
{
	if (vmci_fault_gone(dev))
		return true;
	spurious(dev);
	return fault_fires(dev->config.faults, FAULT_REG_ONES, register_place(off));
}

bool vmci_fault_irq(struct vmci_dev *dev, unsigned int vector)
{
	return fault_fires(dev->config.faults, FAULT_IRQ_LOST, vector) || vmci_fault_gone(dev);
}

bool vmci_fault_hang(struct vmci_dev *dev, bool receive)
{
	return fault_fires(dev->config.faults, FAULT_DG_HANG, receive);
}

/* ---- what a host may do at any time ---------------------------------------------------------- */

void vmci_faults_changed(struct vmci_dev *dev)
{
	const struct fault_rule *rule;

	if (!dev->ready)
		return;
	rule = fault_fires(dev->config.faults, FAULT_CID_CHANGE, 0);
	if (rule)
		(void)vmci_set_guest_cid(dev, (uint32_t)rule->value);
	if (fault_fires(dev->config.faults, FAULT_VMCI_RESUME, 0))
		vmci_resume(dev);
}

/* ---- datagrams ------------------------------------------------------------------------------- */

static void corrupt(const struct fault_rule *rule, uint8_t *bytes, size_t len)
{
	size_t at = (size_t)rule->value < len ? (size_t)rule->value : len - 1;

	bytes[at] ^= 0xff;
}

static struct queued_dg *dg_copy(const struct queued_dg *q)
{
	struct queued_dg *copy = malloc(sizeof(*copy) + q->len);

	if (copy)
		memcpy(copy, q, sizeof(*copy) + q->len);
	return copy;
}

void vmci_fault_to_guest(struct vmci_dev *dev, struct queued_dg *q)
{
	struct faults *f = dev->config.faults;
	const struct fault_rule *rule;
	struct queued_dg *copy;

	if (fault_fires(f, FAULT_DG_DROP, TO_GUEST)) {
		free(q);
		return;
	}
	rule = fault_fires(f, FAULT_DG_CORRUPT, TO_GUEST);
	if (rule)
		corrupt(rule, q->bytes, q->len);
	copy = fault_fires(f, FAULT_DG_DUPLICATE, TO_GUEST) ? dg_copy(q) : NULL;
	rule = fault_fires(f, FAULT_DG_DELAY, 0);
	vmci_queue_count(dev, q);
	if (rule && dev->ops->later) {
		STAILQ_INSERT_TAIL(&dev->delayed, q, link);
		dev->ops->later(dev->ops_data, (uint32_t)rule->value);
	} else if (STAILQ_EMPTY(&dev->held) && fault_fires(f, FAULT_DG_REORDER, 0)) {
		STAILQ_INSERT_TAIL(&dev->held, q, link);
	} else {
		vmci_queue_link(dev, q);
		while ((q = STAILQ_FIRST(&dev->held))) {
			STAILQ_REMOVE_HEAD(&dev->held, link);
			vmci_queue_link(dev, q);
		}
	}
	if (copy) {
		vmci_queue_count(dev, copy);
		vmci_queue_link(dev, copy);
	}
}

void vmci_later(struct vmci_dev *dev)
{
	struct queued_dg *q;

	while ((q = STAILQ_FIRST(&dev->delayed))) {
		STAILQ_REMOVE_HEAD(&dev->delayed, link);
		vmci_queue_link(dev, q);
	}
}

bool vmci_fault_from_guest(struct vmci_dev *dev, struct vmci_wire_dg *dg, size_t len,
			   unsigned int *ret_times)
{
	struct faults *f = dev->config.faults;
	const struct fault_rule *rule;

	*ret_times = 1;
	if (fault_fires(f, FAULT_DG_DROP, FROM_GUEST))
		*ret_times = 0;
	else if (fault_fires(f, FAULT_DG_DUPLICATE, FROM_GUEST))
		*ret_times = 2;
	rule = fault_fires(f, FAULT_DG_CORRUPT, FROM_GUEST);
	/* where it goes and how long it is stay: another datagram altogether would be no fault */
	if (rule && rule->value >= (int64_t)sizeof(*dg) && len > sizeof(*dg))
		corrupt(rule, (uint8_t *)dg, len);
	return *ret_times != 1;
}

/* ---- hypercalls and queues ------------------------------------------------------------------- */

bool vmci_fault_hypercall(struct vmci_dev *dev, uint32_t rid, int64_t *ret_result)
{
	const struct fault_rule *rule = fault_fires(dev->config.faults, FAULT_HC_RESULT, rid);

	if (rule)
		*ret_result = rule->value;
	return rule;
}

uint64_t vmci_fault_pointer(struct vmci_qp *qp, uint64_t pos)
{
	struct faults *f = qp->dev->config.faults;
	unsigned int how = first_place(f, FAULT_QP_POINTER);

	if (!fault_fires(f, FAULT_QP_POINTER, how))
		return pos;
	if (how == 0)
		return qp->from_guest.size + qp->to_guest.size;
	if (how == 1)
		return pos ? pos - 1 : 0;
	return pos | UINT64_C(1) << 32;
}
