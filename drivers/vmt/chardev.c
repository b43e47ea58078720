/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * chardev.c - /dev/vmt
 *
 * An open file holds a reference to the device.  vmt_file.lock serialises what is done on one file;
 * a read that must wait does so without it.  When the device is unbound, it is marked dead, every
 * file is locked in turn and stripped of its channel, and from then on every call finds the mark
 * under the file's lock and fails with ENODEV: nothing that was set up by the probe is used later.
 * An RPCI channel belongs to its file; the TCLO channel to tclo.c, of which the file is the owner.
 */
#include <linux/capability.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <asm/ioctls.h>

#include "vmt.h"

struct vmt_file {
	struct list_head node;		/* vmt.files */
	struct vmt *vmt;
	struct mutex lock;		/* what follows */
	u32 channel;			/* VMT_CHANNEL_...; never changes again */
	bool keep_off;
	struct vmt_rpci rpci;
};

static int vmt_open(struct inode *inode, struct file *file)
{
	struct vmt *vmt = container_of(file->private_data, struct vmt, misc);
	struct vmt_file *f;

	f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);
	if (!f)
		return -ENOMEM;
	mutex_init(&f->lock);
	kref_get(&vmt->ref);
	f->vmt = vmt;
	file->private_data = f;
	mutex_lock(&vmt->files_lock);
	list_add(&f->node, &vmt->files);
	mutex_unlock(&vmt->files_lock);
	return stream_open(inode, file);
}

/* Gives back what the file has of the device.  The file is locked, or nobody else has it. */
static void file_strip(struct vmt_file *f)
{
	struct vmt *vmt = f->vmt;

	if (f->channel == VMT_CHANNEL_TCLO)
		vmt_tclo_disown(vmt, f);
	else if (f->channel == VMT_CHANNEL_RPCI)
		vmt_channel_close(&f->rpci.ch);
	if (f->keep_off)
		vmt_clock_keep_off(vmt, false);
	f->keep_off = false;
}

static int vmt_release(struct inode *inode, struct file *file)
{
	struct vmt_file *f = file->private_data;
	struct vmt *vmt = f->vmt;

	/* The teardown strips the files it finds in the list, under the same lock. */
	mutex_lock(&vmt->files_lock);
	list_del(&f->node);
	if (!vmt->dead)
		file_strip(f);
	mutex_unlock(&vmt->files_lock);
	if (f->channel == VMT_CHANNEL_RPCI)
		vmt_rpci_done(&f->rpci);
	kfree(f);
	vmt_put(vmt);
	return 0;
}

static ssize_t file_read_locked(struct vmt_file *f, char __user *buf, size_t count)
{
	struct vmt_rpci *r = &f->rpci;

	if (READ_ONCE(f->vmt->dead))
		return -ENODEV;
	if (f->channel == VMT_CHANNEL_TCLO)
		return vmt_tclo_read(f->vmt, buf, count);
	if (f->channel != VMT_CHANNEL_RPCI)
		return -ENOTCONN;
	if (!r->has_reply)
		return -ENODATA;
	if (count < r->len)
		return -EMSGSIZE;
	if (copy_to_user(buf, r->buf, r->len))
		return -EFAULT;
	r->has_reply = false;
	return r->len;
}

static ssize_t vmt_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	struct vmt_file *f = file->private_data;
	struct vmt *vmt = f->vmt;
	ssize_t n;

	for (;;) {
		if (mutex_lock_interruptible(&f->lock))
			return -ERESTARTSYS;
		n = file_read_locked(f, buf, count);
		mutex_unlock(&f->lock);
		if (n != -EAGAIN || file->f_flags & O_NONBLOCK)
			return n;
		if (wait_event_interruptible(vmt->tclo.owner_wq,
					     READ_ONCE(vmt->dead) ||
					     vmt_tclo_events(vmt) & EPOLLIN))
			return -ERESTARTSYS;
	}
}

static ssize_t file_request_locked(struct vmt_file *f, const char __user *buf, size_t count)
{
	struct vmt_rpci *r = &f->rpci;
	int err;

	r->has_reply = false;
	if (copy_from_user(r->buf, buf, count))
		return -EFAULT;
	err = vmt_rpci_request(r, count);
	return err ? err : count;
}

static ssize_t vmt_write(struct file *file, const char __user *buf, size_t count, loff_t *ppos)
{
	struct vmt_file *f = file->private_data;
	ssize_t n;

	if (count > VMT_MSG_MAX)
		return -EMSGSIZE;
	if (mutex_lock_interruptible(&f->lock))
		return -ERESTARTSYS;
	if (READ_ONCE(f->vmt->dead))
		n = -ENODEV;
	else if (f->channel == VMT_CHANNEL_TCLO)
		n = vmt_tclo_write(f->vmt, buf, count);
	else if (f->channel == VMT_CHANNEL_RPCI)
		n = file_request_locked(f, buf, count);
	else
		n = -ENOTCONN;
	mutex_unlock(&f->lock);
	return n;
}

static __poll_t vmt_poll(struct file *file, poll_table *wait)
{
	struct vmt_file *f = file->private_data;
	struct vmt *vmt = f->vmt;

	poll_wait(file, &vmt->tclo.owner_wq, wait);
	if (READ_ONCE(vmt->dead))
		return EPOLLHUP | EPOLLERR;
	switch (READ_ONCE(f->channel)) {
	case VMT_CHANNEL_TCLO:
		return vmt_tclo_events(vmt);
	case VMT_CHANNEL_RPCI:
		return EPOLLOUT | EPOLLWRNORM |
		       (READ_ONCE(f->rpci.has_reply) ? EPOLLIN | EPOLLRDNORM : 0);
	default:
		return 0;
	}
}

static long ioctl_open(struct vmt_file *f, const void __user *arg)
{
	struct vmt_open o;
	int err;

	if (copy_from_user(&o, arg, sizeof(o)))
		return -EFAULT;
	if (o.flags || (o.channel != VMT_CHANNEL_RPCI && o.channel != VMT_CHANNEL_TCLO))
		return -EINVAL;
	if (f->channel)
		return -EISCONN;
	if (o.channel == VMT_CHANNEL_TCLO) {
		err = vmt_tclo_own(f->vmt, f);
	} else {
		err = vmt_rpci_init(&f->rpci);
		if (!err)
			err = vmt_rpci_open(&f->rpci);
		if (err)
			vmt_rpci_done(&f->rpci);
	}
	if (!err)
		WRITE_ONCE(f->channel, o.channel);
	return err;
}

static long ioctl_info(struct vmt_file *f, void __user *arg)
{
	struct vmt *vmt = f->vmt;
	struct vmt_clock_status clock;
	struct vmt_tclo_status tclo;
	struct vmt_info info = {
		.api_version = VMT_API_VERSION,
		.call = vmt_backdoor_way(),
		.product = vmt->product,
		.channel = f->channel,
	};

	vmt_tclo_status(vmt, &tclo);
	info.tclo_state = tclo.state;
	info.owner_pid = tclo.owner_pid;
	info.power_pending = tclo.power;
	info.tclo_messages = tclo.messages;
	info.tclo_lost = tclo.lost;
	if (tclo.attached)
		info.flags |= VMT_INFO_ATTACHED;

	if (vmt_clock_status(vmt, &clock, &info.clock_period))
		info.flags |= VMT_INFO_KEEP_OFF;
	info.clock_checks = clock.checks;
	info.clock_steps = clock.steps;
	info.clock_offset_ns = clock.offset_ns;
	if (clock.error)
		info.flags |= VMT_INFO_CLOCK_ERROR;

	if (vmt->has_uuid) {
		info.flags |= VMT_INFO_UUID;
		memcpy(info.uuid, vmt->uuid, sizeof(info.uuid));
	}
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static long ioctl_power(struct vmt_file *f, const void __user *arg)
{
	struct vmt_power p;

	if (copy_from_user(&p, arg, sizeof(p)))
		return -EFAULT;
	if (p.flags || p.op > VMT_POWER_REBOOT)
		return -EINVAL;
	return vmt_tclo_power(f->vmt, f, p.op);
}

static long ioctl_keep_off(struct vmt_file *f, const void __user *arg)
{
	struct vmt_keep_off k;

	if (copy_from_user(&k, arg, sizeof(k)))
		return -EFAULT;
	if (k.flags || k.on > 1)
		return -EINVAL;
	if (!capable(CAP_SYS_TIME))
		return -EPERM;
	if (f->keep_off != k.on)
		vmt_clock_keep_off(f->vmt, k.on);
	f->keep_off = k.on;
	return 0;
}

static long ioctl_readable(struct vmt_file *f, int __user *arg)
{
	s64 len = 0;

	if (f->channel == VMT_CHANNEL_TCLO)
		len = vmt_tclo_readable(f->vmt);
	else if (f->rpci.has_reply)
		len = f->rpci.len;
	return put_user(len < 0 ? 0 : (int)len, arg);
}

static long vmt_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct vmt_file *f = file->private_data;
	void __user *p = (void __user *)arg;
	long r;

	if (mutex_lock_interruptible(&f->lock))
		return -ERESTARTSYS;
	if (READ_ONCE(f->vmt->dead))
		r = -ENODEV;
	else if (cmd == VMT_IOC_OPEN)
		r = ioctl_open(f, p);
	else if (cmd == VMT_IOC_INFO)
		r = ioctl_info(f, p);
	else if (cmd == VMT_IOC_POWER_PENDING)
		r = ioctl_power(f, p);
	else if (cmd == VMT_IOC_CLOCK_KEEP_OFF)
		r = ioctl_keep_off(f, p);
	else if (cmd == FIONREAD)
		r = ioctl_readable(f, p);
	else
		r = -ENOTTY;
	mutex_unlock(&f->lock);
	return r;
}

static const struct file_operations vmt_fops = {
	.owner = THIS_MODULE,
	.open = vmt_open,
	.release = vmt_release,
	.read = vmt_read,
	.write = vmt_write,
	.poll = vmt_poll,
	.unlocked_ioctl = vmt_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static void chardev_teardown(void *data)
{
	struct vmt *vmt = data;
	struct vmt_file *f;

	misc_deregister(&vmt->misc);
	mutex_lock(&vmt->files_lock);
	WRITE_ONCE(vmt->dead, true);
	wake_up_all(&vmt->tclo.owner_wq);
	list_for_each_entry(f, &vmt->files, node) {
		mutex_lock(&f->lock);
		/* It is the device that goes, not the agent: it is still there to do what it began. */
		vmt_tclo_power(vmt, f, VMT_POWER_NONE);
		file_strip(f);
		mutex_unlock(&f->lock);
	}
	mutex_unlock(&vmt->files_lock);
}

int vmt_chardev_setup(struct vmt *vmt)
{
	int err;

	vmt->misc = (struct miscdevice){
		.minor = MISC_DYNAMIC_MINOR,
		.name = "vmt",
		.fops = &vmt_fops,
		.parent = vmt->dev,
		.mode = 0600,
	};
	err = misc_register(&vmt->misc);
	if (err)
		return err;
	return devm_add_action_or_reset(vmt->dev, chardev_teardown, vmt);
}
