// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - the module: start, end, and who waits for a device
 *
 * The module is useful without a device: handles can be made, and a device that is bound later
 * (another driver may have it now) finds them there.
 */
#include <linux/export.h>
#include <linux/module.h>
#include <linux/mutex.h>

#include "debugfs.h"
#include "device.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

struct workqueue_struct *vmci_wq;
atomic_long_t vmci_counters[VMCI_CNT_MAX];

static vmci_vsock_cb vsock_cb;			/* under vsock_cb_lock */
static DEFINE_MUTEX(vsock_cb_lock);

/**
 * vmci_context_get_priv_flags() - privileges of a context
 * @context_id:	any
 *
 * Context: any.
 * Return: VMCI_NO_PRIVILEGE_FLAGS; a guest knows of no others.
 */
u32 vmci_context_get_priv_flags(u32 context_id)
{
	return VMCI_NO_PRIVILEGE_FLAGS;
}
EXPORT_SYMBOL_GPL(vmci_context_get_priv_flags);

/**
 * vmci_is_context_owner() - does a user own a context
 * @context_id:	any
 * @uid:	any
 *
 * Context: any.
 * Return: false; contexts have owners on a host only.
 */
bool vmci_is_context_owner(u32 context_id, kuid_t uid)
{
	return false;
}
EXPORT_SYMBOL_GPL(vmci_is_context_owner);

/**
 * vmci_register_vsock_callback() - ask to be told of a device
 * @callback:	called with false in process context each time a device starts to work, also before
 *		the return if one does already; NULL takes the callback back
 *
 * Context: process; not from the callback.
 * Return: 0; -EBUSY when there is a callback.
 */
int vmci_register_vsock_callback(vmci_vsock_cb callback)
{
	int err = 0;

	mutex_lock(&vsock_cb_lock);
	if (callback && vsock_cb)
		err = -EBUSY;
	else
		vsock_cb = callback;
	if (!err && callback && vmci_get_context_id() != VMCI_INVALID_ID)
		callback(false);
	mutex_unlock(&vsock_cb_lock);
	return err;
}
EXPORT_SYMBOL_GPL(vmci_register_vsock_callback);

void vmci_vsock_device_up(void)
{
	mutex_lock(&vsock_cb_lock);
	if (vsock_cb)
		vsock_cb(false);
	mutex_unlock(&vsock_cb_lock);
}

static int __init vmci_init(void)
{
	int err;

	vmci_wq = alloc_workqueue("vmci", WQ_UNBOUND, 0);
	if (!vmci_wq)
		return -ENOMEM;
	vmci_debugfs_init();
	err = vmci_pci_register();
	if (err)
		goto undo_debugfs;
	return 0;

undo_debugfs:
	vmci_debugfs_exit();
	destroy_workqueue(vmci_wq);
	return err;
}
module_init(vmci_init);

static void __exit vmci_exit(void)
{
	vmci_pci_unregister();
	vmci_debugfs_exit();
	destroy_workqueue(vmci_wq);
	rcu_barrier();		/* endpoints that were freed by RCU */
}
module_exit(vmci_exit);

MODULE_DESCRIPTION("VMware VMCI device");
MODULE_AUTHOR("vmtkit");
MODULE_VERSION("0.1.0");
MODULE_LICENSE("GPL");
