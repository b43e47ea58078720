/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * power.c - what "shut down guest" does when no agent does it
 *
 * A policy of the site comes first: the driver has an input device with a power, a restart and (when
 * asked for) a sleep key, and where a program listens to it, as systemd-logind and acpid do, the key
 * is pressed and the rest is theirs.  If nobody listens, or nothing came of the key within the grace
 * time, the kernel runs poweroff(8) or reboot(8) itself.  Only with force=1 is the machine switched
 * off without user space, when that brought nothing either.
 *
 *	IDLE -> KEY -> ORDERLY -> FORCE			each step after the grace time
 *	  any -> GOING_DOWN				by the reboot notifier; the end
 *
 * One work item does the steps; power->lock guards op and stage.
 */
#include <linux/device.h>
#include <linux/input.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/reboot.h>
#include <linux/string.h>
#include <linux/suspend.h>

#include "vmt.h"

#define GRACE_MAX_S	3600
#define FORCE_AFTER_S	60		/* with grace=-1 */

static int grace_set(const char *text, const struct kernel_param *param)
{
	int err, value;

	err = kstrtoint(text, 0, &value);
	if (err)
		return err;
	if (value < -1 || value > GRACE_MAX_S)
		return -ERANGE;
	WRITE_ONCE(*(int *)param->arg, value);
	return 0;
}

static const struct kernel_param_ops grace_ops = {
	.set = grace_set,
	.get = param_get_int,
};

static int grace = 60;
module_param_cb(grace, &grace_ops, &grace, 0644);
MODULE_PARM_DESC(grace, "seconds to wait for the effect of the power key, then of poweroff; -1: for ever (default 60)");

static bool force;
module_param(force, bool, 0644);
MODULE_PARM_DESC(force, "switch off or reset without user space when it does not (default 0)");

static bool sleep_key;
module_param(sleep_key, bool, 0444);
MODULE_PARM_DESC(sleep_key, "press the sleep key when the host suspends the guest (default 0)");

static void key_press(struct vmt *vmt, unsigned int key)
{
	struct input_dev *input = vmt->power.input;

	input_report_key(input, key, 1);
	input_sync(input);
	input_report_key(input, key, 0);
	input_sync(input);
}

/*
 * Has a program opened our event device?  The console's keyboard handler, which always has, does
 * nothing on these keys.
 */
static bool key_has_listener(struct vmt *vmt)
{
	struct input_handle *handle;
	bool found = false;

	rcu_read_lock();
	list_for_each_entry_rcu(handle, &vmt->power.input->h_list, d_node)
		if (READ_ONCE(handle->open) && strcmp(handle->handler->name, "evdev") == 0)
			found = true;
	rcu_read_unlock();
	return found;
}

static void power_next_locked(struct vmt_power_switch *power, enum vmt_power_stage stage, int after_s)
{
	power->stage = stage;
	queue_delayed_work(system_wq, &power->work, after_s * HZ);
}

/* Nothing more is done about this operation; the next request begins anew. */
static void power_end_locked(struct vmt_power_switch *power)
{
	power->op = VMT_POWER_NONE;
	power->stage = POWER_IDLE;
}

static void power_key_locked(struct vmt *vmt)
{
	struct vmt_power_switch *power = &vmt->power;
	int wait_s = READ_ONCE(grace);

	if (!key_has_listener(vmt)) {
		power_next_locked(power, POWER_ORDERLY, 0);
		return;
	}
	dev_info(vmt->dev, "pressing the %s key\n",
		 power->op == VMT_POWER_REBOOT ? "restart" : "power");
	key_press(vmt, power->op == VMT_POWER_REBOOT ? KEY_RESTART : KEY_POWER);
	if (wait_s < 0)
		power_end_locked(power);
	else
		power_next_locked(power, POWER_ORDERLY, wait_s);
}

static void power_orderly_locked(struct vmt *vmt)
{
	struct vmt_power_switch *power = &vmt->power;
	int wait_s = READ_ONCE(grace);

	if (power->op == VMT_POWER_REBOOT) {
		dev_info(vmt->dev, "running reboot\n");
		orderly_reboot();
	} else {
		dev_info(vmt->dev, "running poweroff\n");
		orderly_poweroff(force);
	}
	power_next_locked(power, POWER_FORCE, wait_s < 0 ? FORCE_AFTER_S : wait_s);
}

static void power_force(struct vmt *vmt, u32 op)
{
	if (!force) {
		dev_warn(vmt->dev, "the guest is still running: %s brought nothing\n",
			 op == VMT_POWER_REBOOT ? "reboot" : "poweroff");
		return;
	}
	dev_crit(vmt->dev, "%s without user space\n",
		 op == VMT_POWER_REBOOT ? "rebooting" : "powering off");
	ksys_sync_helper();
	if (op == VMT_POWER_REBOOT)
		kernel_restart(NULL);
	else
		kernel_power_off();
}

static void power_work(struct work_struct *work)
{
	struct vmt_power_switch *power =
		container_of(to_delayed_work(work), struct vmt_power_switch, work);
	struct vmt *vmt = container_of(power, struct vmt, power);
	u32 op = VMT_POWER_NONE;

	mutex_lock(&power->lock);
	switch (power->stage) {
	case POWER_KEY:
		power_key_locked(vmt);
		break;
	case POWER_ORDERLY:
		power_orderly_locked(vmt);
		break;
	case POWER_FORCE:
		op = power->op;
		power_end_locked(power);
		break;
	case POWER_IDLE:
	case POWER_GOING_DOWN:
		break;
	}
	mutex_unlock(&power->lock);
	/* Not under the lock: the reboot notifier takes it. */
	if (op)
		power_force(vmt, op);
}

void vmt_power_begin(struct vmt *vmt, u32 op)
{
	struct vmt_power_switch *power = &vmt->power;

	mutex_lock(&power->lock);
	if (power->stage != POWER_GOING_DOWN && power->op != op) {
		power->op = op;
		power->stage = POWER_KEY;
		mod_delayed_work(system_wq, &power->work, 0);
	}
	mutex_unlock(&power->lock);
}

void vmt_power_sleep(struct vmt *vmt)
{
	if (sleep_key)
		key_press(vmt, KEY_SLEEP);
}

void vmt_power_going_down(struct vmt *vmt)
{
	mutex_lock(&vmt->power.lock);
	vmt->power.stage = POWER_GOING_DOWN;
	mutex_unlock(&vmt->power.lock);
}

static void power_teardown(void *data)
{
	struct vmt *vmt = data;

	cancel_delayed_work_sync(&vmt->power.work);
	input_unregister_device(vmt->power.input);
}

int vmt_power_setup(struct vmt *vmt)
{
	struct vmt_power_switch *power = &vmt->power;
	struct input_dev *input;
	int err;

	mutex_init(&power->lock);
	INIT_DELAYED_WORK(&power->work, power_work);
	input = input_allocate_device();
	if (!input)
		return -ENOMEM;
	input->name = "VMware Tools power switch";
	input->phys = "vmt0/input0";
	input->id.bustype = BUS_VIRTUAL;
	input->dev.parent = vmt->dev;
	input_set_capability(input, EV_KEY, KEY_POWER);
	input_set_capability(input, EV_KEY, KEY_RESTART);
	if (sleep_key)
		input_set_capability(input, EV_KEY, KEY_SLEEP);
	err = input_register_device(input);
	if (err) {
		input_free_device(input);
		return err;
	}
	power->input = input;
	return devm_add_action_or_reset(vmt->dev, power_teardown, vmt);
}
