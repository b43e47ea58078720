// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs.c - what people look at in /sys/kernel/debug/vmci
 *
 *	device		the device and what was negotiated
 *	handles		each handle: type, context, resource
 *	qpairs		each queue pair with the fill level of its queues
 *	doorbells	each doorbell, its index in the bitmap, how often it rang
 *	counters	vmci_counters, all since the module was loaded
 *
 * For people: the form may change with any version.  Without debugfs in the kernel, nothing is there.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "debugfs.h"
#include "device.h"
#include "doorbell.h"
#include "qpair.h"
#include "resource.h"

static struct dentry *dir;

static const char * const counter_names[] = {
	[VMCI_CNT_RX] = "rx",
	[VMCI_CNT_TX] = "tx",
	[VMCI_CNT_RX_BATCH_BAD] = "rx_batch_bad",
	[VMCI_CNT_RX_NO_ENDPOINT] = "rx_no_endpoint",
	[VMCI_CNT_RX_QUEUE_FULL] = "rx_queue_full",
	[VMCI_CNT_RX_NO_MEMORY] = "rx_no_memory",
	[VMCI_CNT_EVENT_BAD] = "event_bad",
	[VMCI_CNT_TX_FAILED] = "tx_failed",
	[VMCI_CNT_TX_RESULT_READ] = "tx_result_read",
	[VMCI_CNT_IRQ_SPURIOUS] = "irq_spurious",
	[VMCI_CNT_DEVICE_DEAD] = "device_dead",
	[VMCI_CNT_QP_INDEX_BAD] = "qp_index_bad",
	[VMCI_CNT_QP_PAGES_KEPT] = "qp_pages_kept",
};
static_assert(ARRAY_SIZE(counter_names) == VMCI_CNT_MAX);

static int counters_show(struct seq_file *m, void *v)
{
	unsigned int i;

	for (i = 0; i < VMCI_CNT_MAX; i++)
		seq_printf(m, "%-15s %ld\n", counter_names[i],
			   atomic_long_read(&vmci_counters[i]));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(counters);

static int device_show(struct seq_file *m, void *v)
{
	static const char * const states[] = {
		[VMCI_DEV_STOPPED] = "stopped",
		[VMCI_DEV_RUNNING] = "running",
		[VMCI_DEV_DEAD] = "dead",
	};
	struct vmci_dev *dev;

	rcu_read_lock();
	dev = rcu_dereference(vmci_device);
	if (dev)
		seq_printf(m, "%s %s cid %d mode %s caps %#x vectors %u%s\n", pci_name(dev->pdev),
			   states[READ_ONCE(dev->state)], atomic_read(&dev->cid),
			   dev->dma ? "dma" : "port", dev->caps, dev->vectors,
			   dev->exclusive ? "" : " shared");
	else
		seq_puts(m, "none\n");
	rcu_read_unlock();
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(device);

static int handles_show(struct seq_file *m, void *v)
{
	vmci_resource_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(handles);

static int qpairs_show(struct seq_file *m, void *v)
{
	vmci_qpair_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(qpairs);

static int doorbells_show(struct seq_file *m, void *v)
{
	vmci_doorbell_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(doorbells);

void vmci_debugfs_init(void)
{
	dir = debugfs_create_dir("vmci", NULL);
	debugfs_create_file("counters", 0400, dir, NULL, &counters_fops);
	debugfs_create_file("device", 0400, dir, NULL, &device_fops);
	debugfs_create_file("doorbells", 0400, dir, NULL, &doorbells_fops);
	debugfs_create_file("handles", 0400, dir, NULL, &handles_fops);
	debugfs_create_file("qpairs", 0400, dir, NULL, &qpairs_fops);
}

void vmci_debugfs_exit(void)
{
	debugfs_remove_recursive(dir);
}
