/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * control.c - the device node: version, family and context id for <vmci_sockets.h>
 *
 * The node is /dev/vsock, and /dev/vmsock when the in-tree vsock has that name.  Who has it open
 * keeps the family.  The numbers are plain, as VMware's module had them; an unknown one gets ENOTTY
 * as from the in-tree node.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "vsock.h"

#define CONTROL_VERSION		1972
#define CONTROL_GET_AF_VALUE	1976
#define CONTROL_GET_LOCAL_CID	1977
#define CONTROL_UUID_2_CID	1991	/* ESX only */

/* epoch, major, minor of the interface: that of VMware's last module for Linux */
#define INTERFACE_VERSION	(9u << 24 | 8u << 16 | 1u)

static int control_open(struct inode *inode, struct file *file)
{
	vsk_family_use();
	return nonseekable_open(inode, file);
}

static int control_release(struct inode *inode, struct file *file)
{
	vsk_family_unuse();
	return 0;
}

static long control_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	u32 value;
	int ret;

	switch (cmd) {
	case CONTROL_VERSION:
		value = INTERFACE_VERSION;
		break;
	case CONTROL_GET_AF_VALUE:
		ret = vsk_family_acquire();
		if (ret < 0)
			return ret;
		value = ret;
		break;
	case CONTROL_GET_LOCAL_CID:
		value = vmci_get_context_id();
		break;
	case CONTROL_UUID_2_CID:
		return -EINVAL;
	default:
		return -ENOTTY;
	}
	return put_user(value, (u32 __user *)arg);
}

static const struct file_operations control_fops = {
	.owner = THIS_MODULE,
	.open = control_open,
	.release = control_release,
	.unlocked_ioctl = control_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice control_dev = {
	.minor = MISC_DYNAMIC_MINOR,
	.fops = &control_fops,
};

int vsk_control_init(void)
{
	control_dev.name = vsk_intree_loaded() ? "vmsock" : "vsock";
	return misc_register(&control_dev);
}

void vsk_control_exit(void)
{
	misc_deregister(&control_dev);
}
