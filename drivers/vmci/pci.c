// SPDX-License-Identifier: GPL-2.0-only
/*
 * pci.c - bind to the device: resources, negotiation, interrupts, and all of it undone
 *
 * Two layers, each undone in reverse:
 *  - probe/remove own the resources: registers, buffers, vectors;
 *  - start/stop own what the device knows: they reset it, negotiate capabilities from what was
 *    obtained, hand it the bitmap, and publish it.  Suspend and function-level reset use them too.
 *
 * States (enum vmci_dev_state): STOPPED -> start -> RUNNING -> stop -> STOPPED, and RUNNING -> DEAD
 * when the device does not answer, which only a reset ends.  The first thing start does is a reset,
 * because a crashed or kexec'ed kernel may have left the device running.
 *
 * Stop when the reset is not confirmed: what the device was given is neither freed nor used again.
 * On remove it is then left allocated on purpose and the log says so.
 *
 * Interrupts: with a vector for each cause, ICR is not read.  With one vector the hard handler reads
 * ICR, which acknowledges, and hands the causes to the thread; it wakes a receiver itself, since the
 * thread may be that receiver.
 */
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "device.h"
#include "doorbell.h"
#include "event.h"
#include "qpair.h"

static bool one_vector;
module_param(one_vector, bool, 0444);
MODULE_PARM_DESC(one_vector, "use one interrupt for all causes, not a vector each (default: N)");

static bool disable_msi;
module_param(disable_msi, bool, 0444);
MODULE_PARM_DESC(disable_msi, "use neither MSI nor MSI-X (default: N)");

static bool disable_dma;
module_param(disable_dma, bool, 0444);
MODULE_PARM_DESC(disable_dma, "use the I/O port though the device offers DMA datagrams (default: N)");

static atomic_t bound = ATOMIC_INIT(0);		/* there is at most one device */

/* ---- interrupts -------------------------------------------------------------------------- */

static irqreturn_t irq_datagram(int irq, void *data)
{
	vmci_dev_receive(data);
	return IRQ_HANDLED;
}

static irqreturn_t irq_notification(int irq, void *data)
{
	struct vmci_dev *dev = data;

	if (vmci_dev_works(dev) && dev->bitmap)
		vmci_doorbell_scan(dev->bitmap);
	return IRQ_HANDLED;
}

static irqreturn_t irq_dma_done(int irq, void *data)
{
	struct vmci_dev *dev = data;

	wake_up(&dev->rx_wait);
	return IRQ_HANDLED;
}

static irqreturn_t irq_shared(int irq, void *data)
{
	struct vmci_dev *dev = data;
	u32 causes = ioread32(dev->regs + VMCI_REG_ICR);

	if (!causes)
		return IRQ_NONE;
	if (causes == VMCI_ICR_NOT_MINE) {
		vmci_count(VMCI_CNT_IRQ_SPURIOUS);
		return IRQ_NONE;
	}
	if (causes & VMCI_ICR_DMA_DATAGRAM)
		wake_up(&dev->rx_wait);
	causes &= VMCI_ICR_DATAGRAM | VMCI_ICR_NOTIFICATION;
	if (!causes)
		return IRQ_HANDLED;
	atomic_or(causes, &dev->causes);
	return IRQ_WAKE_THREAD;
}

static irqreturn_t irq_shared_thread(int irq, void *data)
{
	struct vmci_dev *dev = data;
	u32 causes = atomic_xchg(&dev->causes, 0);

	if (causes & VMCI_ICR_NOTIFICATION)
		irq_notification(irq, dev);
	if (causes & VMCI_ICR_DATAGRAM)
		vmci_dev_receive(dev);
	return IRQ_HANDLED;
}

static int vector_request(struct vmci_dev *dev, unsigned int vector)
{
	int irq = pci_irq_vector(dev->pdev, vector);
	const char *name = pci_name(dev->pdev);

	if (!dev->exclusive)
		return request_threaded_irq(irq, irq_shared, irq_shared_thread, IRQF_SHARED, name,
					    dev);
	switch (vector) {
	case VMCI_VEC_DATAGRAM:
		return request_threaded_irq(irq, NULL, irq_datagram, IRQF_ONESHOT, name, dev);
	case VMCI_VEC_NOTIFICATION:
		return request_threaded_irq(irq, NULL, irq_notification, IRQF_ONESHOT, name, dev);
	default:
		return request_irq(irq, irq_dma_done, 0, name, dev);
	}
}

static void vectors_free(struct vmci_dev *dev, unsigned int requested)
{
	while (requested--)
		free_irq(pci_irq_vector(dev->pdev, requested), dev);
	pci_free_irq_vectors(dev->pdev);
}

static int vectors_alloc(struct vmci_dev *dev)
{
	unsigned int want = dev->dma ? VMCI_VECS_DMA : VMCI_VECS_PORT;
	unsigned int types = disable_msi ? PCI_IRQ_ALL_TYPES & ~(PCI_IRQ_MSI | PCI_IRQ_MSIX) :
					   PCI_IRQ_ALL_TYPES;
	int n = -ENOSPC;
	unsigned int i;
	int err;

	if (!one_vector && types & PCI_IRQ_MSIX)
		n = pci_alloc_irq_vectors(dev->pdev, want, want, PCI_IRQ_MSIX);
	dev->exclusive = n == (int)want;
	if (n < 0)
		n = pci_alloc_irq_vectors(dev->pdev, 1, 1, types);
	if (n < 0) {
		dev_err(&dev->pdev->dev, "the device has no interrupt that may be used: %d\n", n);
		return n;
	}
	dev->vectors = n;
	for (i = 0; i < dev->vectors; i++) {
		err = vector_request(dev, i);
		if (err) {
			vectors_free(dev, i);
			return err;
		}
	}
	return 0;
}

/* ---- what the device knows: start and stop ------------------------------------------------ */

/* Capabilities whose resources we have, out of those that the device offers. */
static int caps_negotiate(struct vmci_dev *dev)
{
	u32 offered = ioread32(dev->regs + VMCI_REG_CAPS);
	u32 use = VMCI_CAPS_DATAGRAM;

	if (offered == VMCI_ICR_NOT_MINE) {
		dev_err(&dev->pdev->dev, "the registers do not answer\n");
		return -ENODEV;
	}
	if (!(offered & VMCI_CAPS_DATAGRAM)) {
		dev_err(&dev->pdev->dev, "the device (capabilities %#x) has no datagrams\n", offered);
		return -ENXIO;
	}
	if (dev->dma && !(offered & VMCI_CAPS_DMA_DATAGRAM)) {
		dev_err(&dev->pdev->dev, "the device (capabilities %#x) has no DMA datagrams\n",
			offered);
		return -ENXIO;
	}
	if (dev->dma)
		use |= VMCI_CAPS_DMA_DATAGRAM;
	if (offered & VMCI_CAPS_PPN64)
		use |= VMCI_CAPS_PPN64;
	if (offered & VMCI_CAPS_NOTIFICATIONS && dev->bitmap)
		use |= VMCI_CAPS_NOTIFICATIONS;
	dev->caps = use;
	return 0;
}

static void caps_write(struct vmci_dev *dev)
{
	iowrite32(dev->caps, dev->regs + VMCI_REG_CAPS);
	if (!dev->dma)
		return;
	iowrite32(PAGE_SHIFT, dev->regs + VMCI_REG_GUEST_PAGE_SHIFT);
	iowrite32(upper_32_bits(dev->rx_dma), dev->regs + VMCI_REG_DATA_IN_HIGH);
	iowrite32(upper_32_bits(dev->tx_dma), dev->regs + VMCI_REG_DATA_OUT_HIGH);
}

/* With a 32-bit PPN the upper half of the payload is padding, and is zero all the same. */
static void bitmap_register(struct vmci_dev *dev)
{
	struct vmci_wire_notify_bitmap arg = {
		.ppn = cpu_to_le64(dev->bitmap_dma >> PAGE_SHIFT),
	};

	if (!(dev->caps & VMCI_CAPS_NOTIFICATIONS))
		return;
	memset(dev->bitmap, 0, PAGE_SIZE);
	if (vmci_dev_hypercall(dev, VMCI_HC_SET_NOTIFY_BITMAP, &arg, sizeof(arg)) ==
	    VMCI_SUCCESS)
		return;
	dev_warn(&dev->pdev->dev, "the device does not take the notification bitmap: no doorbells\n");
	dev->caps &= ~VMCI_CAPS_NOTIFICATIONS;
	iowrite32(dev->caps, dev->regs + VMCI_REG_CAPS);
}

static int context_learn(struct vmci_dev *dev)
{
	struct {
		struct vmci_wire_resources_query query;
		__le32 rid;
	} __packed arg = {
		.query.count = cpu_to_le32(1),
		.rid = cpu_to_le32(VMCI_HC_GET_CONTEXT_ID),
	};
	int cid;

	if (vmci_dev_hypercall(dev, VMCI_HC_RESOURCES_QUERY, &arg, sizeof(arg)) != 1) {
		dev_err(&dev->pdev->dev, "the device does not know its context id\n");
		return -ENXIO;
	}
	cid = vmci_dev_hypercall(dev, VMCI_HC_GET_CONTEXT_ID, NULL, 0);
	if (cid <= VMCI_HOST_CONTEXT_ID) {
		dev_err(&dev->pdev->dev, "the device gave %d for a context id\n", cid);
		return -ENXIO;
	}
	atomic_set(&dev->cid, cid);
	return 0;
}

static int dev_start(struct vmci_dev *dev)
{
	u32 causes = VMCI_ICR_DATAGRAM;
	int err;

	if (!vmci_dev_reset(dev)) {
		dev_err(&dev->pdev->dev, "the registers do not answer\n");
		return -ENODEV;
	}
	err = caps_negotiate(dev);
	if (err)
		return err;
	WRITE_ONCE(dev->state, VMCI_DEV_RUNNING);
	caps_write(dev);
	bitmap_register(dev);
	err = context_learn(dev);
	if (err)
		goto undo_running;
	vmci_doorbell_relink(dev);
	vmci_qpair_device_start(dev);
	rcu_assign_pointer(vmci_device, dev);

	if (dev->caps & VMCI_CAPS_NOTIFICATIONS)
		causes |= VMCI_ICR_NOTIFICATION;
	if (dev->dma)
		causes |= VMCI_ICR_DMA_DATAGRAM;
	iowrite32(causes, dev->regs + VMCI_REG_IMR);
	iowrite32(VMCI_CONTROL_INT_ENABLE, dev->regs + VMCI_REG_CONTROL);
	dev_info(&dev->pdev->dev, "context id %u, %s, %s%s, %u vector%s\n",
		 atomic_read(&dev->cid), dev->dma ? "DMA" : "I/O port",
		 dev->caps & VMCI_CAPS_PPN64 ? "64-bit pages" : "32-bit pages",
		 dev->caps & VMCI_CAPS_NOTIFICATIONS ? ", doorbells" : "", dev->vectors,
		 dev->exclusive ? "s" : " shared by all causes");
	vmci_vsock_device_up();
	return 0;

undo_running:
	WRITE_ONCE(dev->state, VMCI_DEV_STOPPED);
	if (!vmci_dev_reset(dev))
		dev_warn(&dev->pdev->dev, "the device does not answer to a reset\n");
	return err;
}

/*
 * Takes the device out of use and tells the users.  Returns whether it has let go of our memory.
 * Interrupt handlers may still run afterwards; they find the device not working.
 */
static bool dev_stop(struct vmci_dev *dev)
{
	bool released;

	if (!pci_device_is_present(dev->pdev))
		vmci_dev_declare_dead(dev, "the device has been taken away");
	vmci_qpair_device_stop(dev);
	RCU_INIT_POINTER(vmci_device, NULL);
	synchronize_rcu();
	WRITE_ONCE(dev->state, VMCI_DEV_STOPPED);
	wake_up_all(&dev->rx_wait);
	/* the receive thread is the last that may use the registers */
	if (dev->vectors) {
		unsigned int i;

		for (i = 0; i < dev->vectors; i++)
			synchronize_irq(pci_irq_vector(dev->pdev, i));
	}
	released = vmci_dev_reset(dev);
	if (released)
		vmci_qpair_device_released();
	vmci_qpair_notify_lost();
	return released;
}

/* Everyone who uses a device that has stopped to answer learns of it. */
static void dead_work_fn(struct work_struct *work)
{
	vmci_qpair_device_lost();
	vmci_qpair_notify_lost();
}

/* ---- resources: probe and remove ---------------------------------------------------------- */

static int regs_map(struct vmci_dev *dev)
{
	struct pci_dev *pdev = dev->pdev;

	if (!disable_dma && pci_resource_flags(pdev, VMCI_BAR_MEM) & IORESOURCE_MEM &&
	    pci_resource_len(pdev, VMCI_BAR_MEM) == VMCI_BAR_MEM_SIZE_DMA) {
		dev->regs = pci_iomap_range(pdev, VMCI_BAR_MEM, VMCI_BAR_MEM_REGS,
					    VMCI_BAR_MEM_REGS_SIZE);
		dev->dma = dev->regs;
	}
	if (!dev->regs && pci_resource_flags(pdev, VMCI_BAR_PORT) & IORESOURCE_IO &&
	    pci_resource_len(pdev, VMCI_BAR_PORT) >= VMCI_REG_DATA_OUT_LOW)
		dev->regs = pci_iomap(pdev, VMCI_BAR_PORT, 0);
	if (!dev->regs) {
		dev_err(&pdev->dev, "the device has no registers that this driver can use\n");
		return -ENXIO;
	}
	return 0;
}

static int dma_mask_set(struct vmci_dev *dev)
{
	u32 offered = ioread32(dev->regs + VMCI_REG_CAPS);
	int bits = offered & VMCI_CAPS_PPN64 ? 64 : VMCI_PPN32_ADDR_BITS;
	int err = dma_set_mask_and_coherent(&dev->pdev->dev, DMA_BIT_MASK(bits));

	if (err)
		dev_err(&dev->pdev->dev, "no DMA to %d-bit addresses: %d\n", bits, err);
	return err;
}

static int buffers_alloc(struct vmci_dev *dev)
{
	struct device *d = &dev->pdev->dev;

	dev->rx_dg = vmalloc(VMCI_DG_SIZE_MAX);
	if (!dev->rx_dg)
		return -ENOMEM;
	if (dev->dma) {
		dev->tx = dma_alloc_coherent(d, VMCI_DMA_BUF_SIZE, &dev->tx_dma, GFP_KERNEL);
		dev->rx = dma_alloc_coherent(d, VMCI_DMA_BUF_SIZE, &dev->rx_dma, GFP_KERNEL);
		if (!dev->tx || !dev->rx)
			return -ENOMEM;
	} else {
		dev->rx_stream = vmalloc(VMCI_DG_SIZE_MAX);
		if (!dev->rx_stream)
			return -ENOMEM;
	}
	/* doorbells are not worth failing for */
	dev->bitmap = dma_alloc_coherent(d, PAGE_SIZE, &dev->bitmap_dma, GFP_KERNEL);
	return 0;
}

/* NULL is fine for each of them. */
static void buffers_free(struct vmci_dev *dev, bool released)
{
	struct device *d = &dev->pdev->dev;

	vfree(dev->rx_stream);
	vfree(dev->rx_dg);
	if (!released) {
		dev_warn(d, "the device does not answer to a reset; its buffers stay allocated\n");
		return;
	}
	if (dev->bitmap)
		dma_free_coherent(d, PAGE_SIZE, dev->bitmap, dev->bitmap_dma);
	if (dev->rx)
		dma_free_coherent(d, VMCI_DMA_BUF_SIZE, dev->rx, dev->rx_dma);
	if (dev->tx)
		dma_free_coherent(d, VMCI_DMA_BUF_SIZE, dev->tx, dev->tx_dma);
}

static struct vmci_dev *dev_new(struct pci_dev *pdev)
{
	struct vmci_dev *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (!dev)
		return NULL;
	dev->pdev = pdev;
	dev->state = VMCI_DEV_STOPPED;
	atomic_set(&dev->cid, VMCI_INVALID_ID);
	spin_lock_init(&dev->send_lock);
	init_waitqueue_head(&dev->rx_wait);
	INIT_WORK(&dev->dead_work, dead_work_fn);
	return dev;
}

static int vmci_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct vmci_dev *dev;
	int err;

	if (atomic_cmpxchg(&bound, 0, 1)) {
		dev_err(&pdev->dev, "only one device is supported\n");
		return -EBUSY;
	}
	err = -ENOMEM;
	dev = dev_new(pdev);
	if (!dev)
		goto undo_bound;
	err = pci_enable_device(pdev);
	if (err)
		goto undo_new;
	err = pci_request_regions(pdev, "vmci");
	if (err)
		goto undo_enable;
	err = regs_map(dev);
	if (err)
		goto undo_regions;
	/* before it may write to memory: whatever it was told by an earlier kernel is void */
	if (!vmci_dev_reset(dev)) {
		dev_err(&pdev->dev, "the registers do not answer\n");
		err = -ENODEV;
		goto undo_map;
	}
	err = dma_mask_set(dev);
	if (err)
		goto undo_map;
	pci_set_master(pdev);
	err = buffers_alloc(dev);
	if (err)
		goto undo_buffers;
	err = vectors_alloc(dev);
	if (err)
		goto undo_buffers;
	pci_set_drvdata(pdev, dev);
	err = dev_start(dev);
	if (err)
		goto undo_vectors;
	return 0;

undo_vectors:
	vectors_free(dev, dev->vectors);
	cancel_work_sync(&dev->dead_work);
undo_buffers:
	buffers_free(dev, vmci_dev_reset(dev));
	pci_clear_master(pdev);
undo_map:
	pci_iounmap(pdev, dev->regs);
undo_regions:
	pci_release_regions(pdev);
undo_enable:
	pci_disable_device(pdev);
undo_new:
	kfree(dev);
undo_bound:
	atomic_set(&bound, 0);
	return err;
}

static void vmci_remove(struct pci_dev *pdev)
{
	struct vmci_dev *dev = pci_get_drvdata(pdev);
	bool released = dev_stop(dev);

	vectors_free(dev, dev->vectors);
	cancel_work_sync(&dev->dead_work);
	vmci_qpair_device_forget();
	buffers_free(dev, released);
	pci_clear_master(pdev);
	pci_iounmap(pdev, dev->regs);
	pci_release_regions(pdev);
	pci_disable_device(pdev);
	kfree(dev);
	atomic_set(&bound, 0);
}

/* The next kernel must not find a device that writes into its memory. */
static void vmci_shutdown(struct pci_dev *pdev)
{
	struct vmci_dev *dev = pci_get_drvdata(pdev);

	if (!dev_stop(dev))
		dev_warn(&pdev->dev, "the device does not answer to a reset\n");
	pci_clear_master(pdev);
}

/* Sleep: what the device knew of us is lost with its power, and so are the queue pairs. */
static int vmci_suspend(struct device *d)
{
	struct vmci_dev *dev = dev_get_drvdata(d);

	/* not an error: start confirms a reset before it uses the buffers again */
	if (!dev_stop(dev))
		dev_warn(d, "the device does not answer to a reset\n");
	return 0;
}

static int vmci_resume(struct device *d)
{
	return dev_start(dev_get_drvdata(d));
}

static DEFINE_SIMPLE_DEV_PM_OPS(vmci_pm_ops, vmci_suspend, vmci_resume);

/* Reset of the function, asked for through sysfs: as sleep. */
static void vmci_reset_prepare(struct pci_dev *pdev)
{
	vmci_suspend(&pdev->dev);
}

static void vmci_reset_done(struct pci_dev *pdev)
{
	int err = dev_start(pci_get_drvdata(pdev));

	if (err)
		dev_err(&pdev->dev, "the device did not start after a reset: %d\n", err);
}

static const struct pci_error_handlers vmci_err_handlers = {
	.reset_prepare = vmci_reset_prepare,
	.reset_done = vmci_reset_done,
};

static const struct pci_device_id vmci_ids[] = {
	{ PCI_DEVICE(VMCI_PCI_VENDOR, VMCI_PCI_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, vmci_ids);

static struct pci_driver vmci_driver = {
	.name = "vmci",
	.id_table = vmci_ids,
	.probe = vmci_probe,
	.remove = vmci_remove,
	.shutdown = vmci_shutdown,
	.err_handler = &vmci_err_handlers,
	.driver.pm = pm_sleep_ptr(&vmci_pm_ops),
};

/* One line for who wonders why nothing works. */
static void say_why_unbound(void)
{
	struct pci_dev *pdev = pci_get_device(VMCI_PCI_VENDOR, VMCI_PCI_DEVICE, NULL);
	struct pci_driver *drv;

	if (!pdev) {
		pr_info("this machine has no VMCI device; one that appears will be used\n");
		return;
	}
	device_lock(&pdev->dev);
	drv = pci_dev_driver(pdev);
	if (drv && drv != &vmci_driver)
		pr_info("%s is bound to %s; to use it here, unbind it there: echo %s > /sys/bus/pci/drivers/%s/unbind, then /sys/bus/pci/drivers/vmci/bind\n",
			pci_name(pdev), drv->name, pci_name(pdev), drv->name);
	device_unlock(&pdev->dev);
	pci_dev_put(pdev);
}

int vmci_pci_register(void)
{
	int err = pci_register_driver(&vmci_driver);

	if (!err)
		say_why_unbound();
	return err;
}

void vmci_pci_unregister(void)
{
	pci_unregister_driver(&vmci_driver);
}
