/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * main.c - vmt.ko: VMware Tools as a driver
 *
 * The module finds out that its hypervisor is the right one, or does not load.  It then makes one
 * platform device, vmt0, and binds to it.  The device can be unbound and bound again through sysfs,
 * to lend the host's channel to another agent.
 *
 * The parts, in the order in which they are set up; the driver core undoes them in reverse when the
 * device is unbound or the probe fails, so each part may use those above it:
 *	panic.c		the host hears of a panic
 *	clock.c		the guest's clock follows the host's; sysctl dev.vmt0
 *	ptp.c		the host's clock as a PTP clock
 *	service.c	answers the host while no agent does
 *	power.c		the power switch
 *	tclo.c		the thread that has the host's channel
 *	chardev.c	/dev/vmt
 * and beneath them rpci.c (one request), channel.c (one channel), backdoor.c (one call).
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/pm.h>
#include <linux/slab.h>

#include "vmt.h"

static struct platform_device *vmt_device;
static u32 vmt_product;

static void vmt_free(struct kref *ref)
{
	struct vmt *vmt = container_of(ref, struct vmt, ref);

	vmt_tclo_free(vmt);
	kfree(vmt);
}

void vmt_put(struct vmt *vmt)
{
	kref_put(&vmt->ref, vmt_free);
}

static void vmt_put_action(void *data)
{
	vmt_put(data);
}

static struct vmt *vmt_new(struct device *dev)
{
	struct vmt *vmt = kzalloc(sizeof(*vmt), GFP_KERNEL);

	if (!vmt)
		return NULL;
	kref_init(&vmt->ref);
	mutex_init(&vmt->files_lock);
	INIT_LIST_HEAD(&vmt->files);
	vmt->dev = dev;
	vmt->product = vmt_product;
	vmt->has_uuid = vmt_backdoor_uuid(vmt->uuid);
	if (vmt->has_uuid)
		snprintf(vmt->uuid_text, sizeof(vmt->uuid_text), "%pUb", vmt->uuid);
	return vmt;
}

static int vmt_probe(struct platform_device *pdev)
{
	static int (*const setup[])(struct vmt *vmt) = {
		vmt_panic_setup,
		vmt_clock_setup,
		vmt_ptp_setup,
		vmt_service_setup,
		vmt_power_setup,
		vmt_tclo_setup,
		vmt_chardev_setup,
	};
	struct vmt *vmt;
	unsigned int i;
	int err;

	vmt = vmt_new(&pdev->dev);
	if (!vmt)
		return -ENOMEM;
	err = devm_add_action_or_reset(&pdev->dev, vmt_put_action, vmt);
	for (i = 0; !err && i < ARRAY_SIZE(setup); i++)
		err = setup[i](vmt);
	if (err)
		return err;
	platform_set_drvdata(pdev, vmt);
	return 0;
}

/* The guest itself was suspended: its clocks stood still, and the host may have forgotten it. */
static int vmt_resume(struct device *dev)
{
	struct vmt *vmt = dev_get_drvdata(dev);

	dev_info(dev, "this guest was suspended and resumed\n");
	vmt_clock_resumed(vmt);
	vmt_tclo_resumed(vmt);
	return 0;
}

static DEFINE_SIMPLE_DEV_PM_OPS(vmt_pm_ops, NULL, vmt_resume);

static const struct platform_device_id vmt_ids[] = {
	{ .name = "vmt0" },
	{ }
};

static struct platform_driver vmt_driver = {
	.probe = vmt_probe,
	.id_table = vmt_ids,
	.driver = {
		.name = "vmt",
		.dev_groups = vmt_attr_groups,
		.pm = pm_sleep_ptr(&vmt_pm_ops),
	},
};

static int __init vmt_init(void)
{
	static const char *const ways[] = {
		[VMT_CALL_PORT] = "its port",
		[VMT_CALL_VMCALL] = "vmcall",
		[VMT_CALL_VMMCALL] = "vmmcall",
	};
	int err;

	err = vmt_backdoor_setup(&vmt_product);
	if (err)
		return err;
	pr_info("vmt: VMware hypervisor, product %u, called by %s\n", vmt_product,
		ways[vmt_backdoor_way()]);
	err = platform_driver_register(&vmt_driver);
	if (err)
		return err;
	vmt_device = platform_device_register_simple("vmt0", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(vmt_device)) {
		platform_driver_unregister(&vmt_driver);
		return PTR_ERR(vmt_device);
	}
	return 0;
}

static void __exit vmt_exit(void)
{
	platform_device_unregister(vmt_device);
	platform_driver_unregister(&vmt_driver);
}

module_init(vmt_init);
module_exit(vmt_exit);

MODULE_DESCRIPTION("VMware Tools: message channels, power requests and time of the host");
MODULE_AUTHOR("the vmtkit developers");
MODULE_LICENSE("GPL");
