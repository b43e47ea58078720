// SPDX-License-Identifier: GPL-2.0-only
/*
 * device.c - talk to the device: send, receive, reset, and find out that it is dead
 *
 * Send.  One lock with interrupts off around {datagram, result}, because the device has one set of
 * registers; any context may send.
 *  - DMA mode: the datagram is put into the tx buffer and its address written to the doorbell
 *    register.  The device clears `busy` when it is done with the buffer.  We fill header.result
 *    with a value that is no result; a device that writes results there thus costs us no register
 *    read, which is a trip to the host.
 *  - port mode: the bytes go out through one port, which carries the datagram out at the last one.
 *
 * Receive.  Only the interrupt thread does it, so it needs no lock.
 *  - DMA mode: the rx buffer is offered to the device, which sets `busy` when it has filled it; the
 *    interrupt for that wakes the thread.  Usually it is filled at once, so the thread first looks
 *    for a few microseconds.
 *  - port mode: a stream of bytes is read from one port.
 *
 * A device that does not answer within WAIT_MS is declared dead: every call fails at once from then
 * on, the users are told from a work item, and what the device was given stays its own until
 * vmci_dev_reset() says that it has let go.
 *
 * vmci_device is published while the device runs, read under RCU.  vmci_dev_*() are given a device
 * by their caller; vmci_device_*() look it up.
 */
#include <linux/delay.h>
#include <linux/export.h>
#include <linux/ktime.h>

#include "datagram.h"
#include "device.h"
#include "dgstream.h"
#include "qpair.h"
#include "trace.h"

#define WAIT_MS		2000
#define RX_LOOK_US	30

/* Not the sign extension of any 32-bit number, so never a result. */
#define NO_RESULT	cpu_to_le64(0x5a5a0000c0dec0deULL)

struct vmci_dev __rcu *vmci_device;

/* Written to datagrams of the wire; sizes were checked. */
static void wire_header(struct vmci_wire_dg *wire, const struct vmci_datagram *hdr)
{
	wire->dst.cid = cpu_to_le32(hdr->dst.context);
	wire->dst.rid = cpu_to_le32(hdr->dst.resource);
	wire->src.cid = cpu_to_le32(hdr->src.context);
	wire->src.rid = cpu_to_le32(hdr->src.resource);
	wire->payload_size = cpu_to_le64(hdr->payload_size);
}

/* Waits for the device to be done with the tx buffer; interrupts are off. */
static bool tx_wait(const struct vmci_wire_dma_hdr *h)
{
	u64 deadline = ktime_get_mono_fast_ns() + WAIT_MS * NSEC_PER_MSEC;
	unsigned int spins = 0;

	while (READ_ONCE(h->busy)) {
		cpu_relax();
		/* looked at once more after the time is up: we may have been stopped, not it */
		if (++spins % 64 == 0 && ktime_get_mono_fast_ns() > deadline)
			return !READ_ONCE(h->busy);
	}
	return true;
}

/* send_lock held. */
static int send_dma(struct vmci_dev *dev, const struct vmci_datagram *hdr, const void *payload)
{
	struct vmci_wire_dma_hdr *h = dev->tx;
	struct vmci_wire_dg *dg = (struct vmci_wire_dg *)(h + 1);
	__le64 result;

	wire_header(dg, hdr);
	memcpy(dg + 1, payload, hdr->payload_size);
	h->opcode = cpu_to_le32(VMCI_DMA_OP_INLINE);
	h->size = cpu_to_le32(VMCI_DG_HDR_SIZE + (u32)hdr->payload_size);
	h->reserved = 0;
	h->result = NO_RESULT;
	WRITE_ONCE(h->busy, cpu_to_le32(1));

	iowrite32(lower_32_bits(dev->tx_dma), dev->regs + VMCI_REG_DATA_OUT_LOW);
	if (!tx_wait(h)) {
		vmci_dev_declare_dead(dev, "a datagram was not taken in time");
		return VMCI_ERROR_DEVICE_NOT_FOUND;
	}
	virt_rmb();	/* busy before result */
	result = READ_ONCE(h->result);
	if (result != NO_RESULT)
		return (int)(u32)le64_to_cpu(result);
	vmci_count(VMCI_CNT_TX_RESULT_READ);
	return (int)ioread32(dev->regs + VMCI_REG_RESULT_LOW);
}

/* send_lock held. */
static int send_port(struct vmci_dev *dev, const struct vmci_datagram *hdr, const void *payload)
{
	struct vmci_wire_dg dg;

	wire_header(&dg, hdr);
	iowrite8_rep(dev->regs + VMCI_REG_DATA_OUT, &dg, sizeof(dg));
	if (hdr->payload_size)
		iowrite8_rep(dev->regs + VMCI_REG_DATA_OUT, payload, hdr->payload_size);
	return (int)ioread32(dev->regs + VMCI_REG_RESULT_LOW);
}

/**
 * vmci_dev_send_max() - the longest datagram that the device takes
 * @dev:	the device
 *
 * In port mode hypercalls may be longer than datagrams; the bound there is our own, enough for the
 * page list of the largest queue pair.
 *
 * Return: bytes, header included.
 */
size_t vmci_dev_send_max(const struct vmci_dev *dev)
{
	return dev->dma ? VMCI_DG_SIZE_MAX : SZ_512K;
}

/**
 * vmci_dev_send() - give one datagram or hypercall to the device
 * @dev:	the device
 * @hdr:	header; payload_size says how long @payload is
 * @payload:	may be NULL when it is empty
 *
 * Context: any.
 * Return: what the device returns, in which nothing can be relied upon; VMCI_ERROR_INVALID_ARGS
 * when it is too long; VMCI_ERROR_DEVICE_NOT_FOUND when the device is dead.
 */
int vmci_dev_send(struct vmci_dev *dev, const struct vmci_datagram *hdr, const void *payload)
{
	unsigned long flags;
	int result;

	if (hdr->payload_size > vmci_dev_send_max(dev) - VMCI_DG_HDR_SIZE)
		return VMCI_ERROR_INVALID_ARGS;

	spin_lock_irqsave(&dev->send_lock, flags);
	if (!vmci_dev_works(dev))
		result = VMCI_ERROR_DEVICE_NOT_FOUND;
	else if (dev->dma)
		result = send_dma(dev, hdr, payload);
	else
		result = send_port(dev, hdr, payload);
	spin_unlock_irqrestore(&dev->send_lock, flags);

	trace_vmci_send(hdr, result);
	vmci_count(result < VMCI_SUCCESS ? VMCI_CNT_TX_FAILED : VMCI_CNT_TX);
	return result;
}

/**
 * vmci_dev_hypercall() - call the hypervisor
 * @dev:	the device
 * @rid:	VMCI_HC_*
 * @payload:	arguments, as the wire has them
 * @len:	bytes of them
 *
 * Context, return: as vmci_dev_send().
 */
int vmci_dev_hypercall(struct vmci_dev *dev, u32 rid, const void *payload, size_t len)
{
	struct vmci_datagram hdr = {
		.dst = vmci_make_handle(VMCI_HYPERVISOR_CONTEXT_ID, rid),
		.src = VMCI_ANON_SRC_HANDLE,
		.payload_size = len,
	};

	return vmci_dev_send(dev, &hdr, payload);
}

int vmci_device_send(const struct vmci_datagram *hdr, const void *payload)
{
	struct vmci_dev *dev;
	int result = VMCI_ERROR_DEVICE_NOT_FOUND;

	rcu_read_lock();
	dev = rcu_dereference(vmci_device);
	if (dev)
		result = vmci_dev_send(dev, hdr, payload);
	rcu_read_unlock();
	return result;
}

int vmci_device_hypercall(u32 rid, const void *payload, size_t len)
{
	struct vmci_dev *dev;
	int result = VMCI_ERROR_DEVICE_NOT_FOUND;

	rcu_read_lock();
	dev = rcu_dereference(vmci_device);
	if (dev)
		result = vmci_dev_hypercall(dev, rid, payload, len);
	rcu_read_unlock();
	return result;
}

/* One datagram of the rx buffer, which the device may still be writing to: copy, then use. */
static void rx_deliver(void *ctx, const struct vmci_wire_dg *hdr, const void *payload)
{
	struct vmci_dev *dev = ctx;
	struct vmci_datagram *dg = dev->rx_dg;

	dg->dst = vmci_make_handle(le32_to_cpu(hdr->dst.cid), le32_to_cpu(hdr->dst.rid));
	dg->src = vmci_make_handle(le32_to_cpu(hdr->src.cid), le32_to_cpu(hdr->src.rid));
	dg->payload_size = le64_to_cpu(hdr->payload_size);
	memcpy(VMCI_DG_PAYLOAD(dg), payload, dg->payload_size);
	vmci_datagram_receive(dg);
}

static bool rx_is_filled(const struct vmci_dev *dev)
{
	return READ_ONCE(dev->rx->busy);
}

/* Offers the rx buffer and waits until it is filled; false when there is nothing to look at. */
static bool rx_fill(struct vmci_dev *dev)
{
	struct vmci_wire_dma_hdr *h = dev->rx;
	struct vmci_wire_sg *sg = (struct vmci_wire_sg *)(h + 1);
	struct vmci_wire_dg *first = (void *)h + VMCI_WIRE_PAGE_SIZE;
	unsigned int looks;

	/* a device that sets busy and writes nothing gives us an empty batch, not an old one */
	first->dst.rid = cpu_to_le32(VMCI_INVALID_ID);
	sg->addr = cpu_to_le64(dev->rx_dma + VMCI_WIRE_PAGE_SIZE);
	sg->size = cpu_to_le64(VMCI_DG_SIZE_MAX);
	h->opcode = cpu_to_le32(VMCI_DMA_OP_SG);
	h->size = cpu_to_le32(1);
	h->reserved = 0;
	WRITE_ONCE(h->busy, 0);
	iowrite32(lower_32_bits(dev->rx_dma), dev->regs + VMCI_REG_DATA_IN_LOW);

	for (looks = 0; looks < RX_LOOK_US && !rx_is_filled(dev); looks++)
		udelay(1);
	wait_event_timeout(dev->rx_wait, rx_is_filled(dev) || !vmci_dev_works(dev),
			   msecs_to_jiffies(WAIT_MS));
	if (!vmci_dev_works(dev))
		return false;
	if (!rx_is_filled(dev)) {
		vmci_dev_declare_dead(dev, "the receive buffer was not filled in time");
		return false;
	}
	virt_rmb();	/* busy before the datagrams */
	return true;
}

static void rx_fetch(void *ctx, void *buf, size_t len)
{
	struct vmci_dev *dev = ctx;

	ioread8_rep(dev->regs + VMCI_REG_DATA_IN, buf, len);
	cond_resched();
}

/**
 * vmci_dev_receive() - take and deliver what the device has for us
 * @dev:	the device
 *
 * Context: the interrupt thread.
 */
void vmci_dev_receive(struct vmci_dev *dev)
{
	enum dgstream_end end;

	if (!vmci_dev_works(dev))
		return;
	if (!dev->dma)
		end = dgstream_read(dev->rx_stream, rx_fetch, rx_deliver, dev);
	else if (rx_fill(dev))
		end = dgstream_walk((void *)dev->rx + VMCI_WIRE_PAGE_SIZE, VMCI_DG_SIZE_MAX,
				    rx_deliver, dev);
	else
		return;
	if (end != DGSTREAM_DONE) {
		vmci_count(VMCI_CNT_RX_BATCH_BAD);
		dev_warn_ratelimited(&dev->pdev->dev,
				     "received a bad datagram (%d); the rest of its batch is lost\n",
				     end);
	}
}

/**
 * vmci_dev_reset() - make the device forget all that it knows of us
 * @dev:	the device; nobody else may use its registers
 *
 * The register read after the reset arrives behind it, so an answer says that the reset is done.
 *
 * Return: whether the device has let go of our memory: it answered, or it is not there any more.
 */
bool vmci_dev_reset(struct vmci_dev *dev)
{
	iowrite32(VMCI_CONTROL_INT_DISABLE, dev->regs + VMCI_REG_CONTROL);
	iowrite32(VMCI_CONTROL_RESET, dev->regs + VMCI_REG_CONTROL);
	if (ioread32(dev->regs + VMCI_REG_STATUS) != VMCI_ICR_NOT_MINE)
		return true;
	return !pci_device_is_present(dev->pdev);
}

/**
 * vmci_dev_declare_dead() - the device did not answer, or is not there any more
 * @dev:	the device
 * @why:	for the log
 *
 * Context: any.  The users are told from a work item.
 */
void vmci_dev_declare_dead(struct vmci_dev *dev, const char *why)
{
	if (cmpxchg(&dev->state, VMCI_DEV_RUNNING, VMCI_DEV_DEAD) != VMCI_DEV_RUNNING)
		return;
	vmci_count(VMCI_CNT_DEVICE_DEAD);
	dev_err(&dev->pdev->dev, "%s: the device is out of use until it is bound anew\n", why);
	wake_up_all(&dev->rx_wait);
	queue_work(vmci_wq, &dev->dead_work);
}

/**
 * vmci_get_context_id() - the id of this virtual machine
 *
 * Context: any.
 * Return: the id; VMCI_INVALID_ID without a working device.
 */
u32 vmci_get_context_id(void)
{
	struct vmci_dev *dev;
	u32 cid = VMCI_INVALID_ID;

	rcu_read_lock();
	dev = rcu_dereference(vmci_device);
	if (dev && vmci_dev_works(dev)) {
		cid = atomic_read(&dev->cid);
		if (cid == VMCI_INVALID_ID) {
			cid = vmci_dev_hypercall(dev, VMCI_HC_GET_CONTEXT_ID, NULL, 0);
			if ((int)cid <= VMCI_HOST_CONTEXT_ID)
				cid = VMCI_INVALID_ID;
			atomic_set(&dev->cid, cid);
		}
	}
	rcu_read_unlock();
	return cid;
}
EXPORT_SYMBOL_GPL(vmci_get_context_id);

/**
 * vmci_device_cid_update() - the device says that our context id has changed
 * @cid:	what it says; asked for anew when it cannot be an id of ours
 *
 * Context: any.
 */
void vmci_device_cid_update(u32 cid)
{
	struct vmci_dev *dev;

	if (cid <= VMCI_HOST_CONTEXT_ID)
		cid = VMCI_INVALID_ID;
	rcu_read_lock();
	dev = rcu_dereference(vmci_device);
	if (dev)
		atomic_set(&dev->cid, cid);
	rcu_read_unlock();
}
