/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sysfs.c - what can be seen of the device, under /sys/devices/platform/vmt0
 */
#include <linux/device.h>
#include <linux/sysfs.h>

#include "vmt.h"

static struct vmt_tclo_status tclo_status(struct device *dev)
{
	struct vmt_tclo_status status;

	vmt_tclo_status(dev_get_drvdata(dev), &status);
	return status;
}

static struct vmt_clock_status clock_status(struct device *dev)
{
	struct vmt_clock_status status;
	u32 period_s;

	vmt_clock_status(dev_get_drvdata(dev), &status, &period_s);
	return status;
}

static ssize_t attached_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", tclo_status(dev).attached);
}
static DEVICE_ATTR_RO(attached);

static ssize_t contended_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", tclo_status(dev).contended);
}
static DEVICE_ATTR_RO(contended);

static ssize_t owner_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", tclo_status(dev).owner_pid);
}
static DEVICE_ATTR_RO(owner);

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	static const char *const names[] = {
		[VMT_TCLO_NOBODY] = "nobody",
		[VMT_TCLO_SERVICE] = "service",
		[VMT_TCLO_OWNED] = "owned",
		[VMT_TCLO_CONTENDED] = "contended",
	};

	return sysfs_emit(buf, "%s\n", names[tclo_status(dev).state]);
}
static DEVICE_ATTR_RO(state);

static ssize_t lost_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", tclo_status(dev).lost);
}
static DEVICE_ATTR_RO(lost);

static ssize_t messages_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", tclo_status(dev).messages);
}
static DEVICE_ATTR_RO(messages);

static ssize_t clock_checks_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", clock_status(dev).checks);
}
static DEVICE_ATTR_RO(clock_checks);

static ssize_t clock_steps_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", clock_status(dev).steps);
}
static DEVICE_ATTR_RO(clock_steps);

/* Measured at each reading. */
static ssize_t timedelta_ns_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	s64 offset_ns;
	int err = vmt_clock_offset(&offset_ns);

	return err ? err : sysfs_emit(buf, "%lld\n", offset_ns);
}
static DEVICE_ATTR_RO(timedelta_ns);

static ssize_t timedelta_status_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	s64 offset_ns;

	return sysfs_emit(buf, "%s\n", vmt_clock_offset(&offset_ns) ? "unknown" : "ok");
}
static DEVICE_ATTR_RO(timedelta_status);

static struct attribute *vmt_attrs[] = {
	&dev_attr_attached.attr,
	&dev_attr_contended.attr,
	&dev_attr_owner.attr,
	&dev_attr_state.attr,
	&dev_attr_lost.attr,
	&dev_attr_messages.attr,
	&dev_attr_clock_checks.attr,
	&dev_attr_clock_steps.attr,
	&dev_attr_timedelta_ns.attr,
	&dev_attr_timedelta_status.attr,
	NULL
};

static const struct attribute_group vmt_attr_group = {
	.attrs = vmt_attrs,
};

const struct attribute_group *vmt_attr_groups[] = {
	&vmt_attr_group,
	NULL
};
