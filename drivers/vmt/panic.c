/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * panic.c - tell the host that this kernel is going down
 *
 * The host gets one line for its log, over a channel of its own, and then the alarm, a command that
 * it may know or not; its answers change nothing here.  The layout of the command is that of a patch
 * for Linux by the maintainer of its VMware support (x86/vmware: Report guest crash to the
 * hypervisor, March 2026): the command in ECX, 0 in EBX, nothing else.
 *
 * All other processors have stopped and may hold any lock: only registers are used, and a buffer
 * that was there before.  A kernel that crashes into a kdump kernel does not come here, unless
 * crash_kexec_post_notifiers is given.
 */
#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/notifier.h>
#include <linux/panic_notifier.h>

#include "vmt.h"

#define PANIC_TEXT_MAX	512

static char panic_text[PANIC_TEXT_MAX];

static void panic_log(const char *why)
{
	struct vmt_channel ch;
	int len = scnprintf(panic_text, sizeof(panic_text), GRPC_LOG " Kernel panic: %s", why);

	vmt_channel_init(&ch, vmt_backdoor_call, NULL);
	if (vmt_channel_open(&ch, BDOOR_MSG_PROTO_RPCI))
		return;
	vmt_channel_send(&ch, panic_text, len);
	vmt_channel_close(&ch);
}

static int panic_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct vmt_regs regs = {
		.ax = BDOOR_MAGIC,
		.cx = BDOOR_CMD_REPORTGUESTCRASH,
		.dx = BDOOR_PORT,
	};

	panic_log(data);
	vmt_backdoor_call(NULL, &regs);
	return NOTIFY_DONE;
}

static void panic_teardown(void *data)
{
	struct vmt *vmt = data;

	atomic_notifier_chain_unregister(&panic_notifier_list, &vmt->panic_nb);
}

int vmt_panic_setup(struct vmt *vmt)
{
	vmt->panic_nb.notifier_call = panic_notify;
	atomic_notifier_chain_register(&panic_notifier_list, &vmt->panic_nb);
	return devm_add_action_or_reset(vmt->dev, panic_teardown, vmt);
}
