/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * service.c - the driver answers the host itself
 *
 * While no agent owns the TCLO channel, the driver keeps a guest manageable: it can be shut down,
 * rebooted and told the time, and the host sees its name, system, uptime and first address.  What
 * needs user space (scripts, files, the list of network cards, snapshots) it does not claim to
 * have: those commands get an error.
 *
 * Everything here runs in the TCLO thread.  A command is handled in two halves, before and after its
 * reply is sent: what the host expects to see first (a status, capabilities) and what may end the
 * guest.  Reports go out when the host has asked for capabilities, on change, looked at every 15 s;
 * after a reset or a resume the host has forgotten them all.
 */
#include <linux/crash_dump.h>
#include <linux/device.h>
#include <linux/inetdevice.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/utsname.h>
#include <net/net_namespace.h>

#include "vmt.h"

#define REPORT_MS	15000

/* A short name that every host knows; an unknown one upsets some. */
#define OS_NAME		"other-64"

static bool service = true;
module_param(service, bool, 0444);
MODULE_PARM_DESC(service, "serve the host while no agent does (default 1)");

bool vmt_service_allowed(void)
{
	return service && !is_kdump_kernel();
}

static void service_set_info(struct vmt *vmt, unsigned int type, const char *text)
{
	vmt_rpci_say(&vmt->service.rpci, GRPC_SET_GUEST_INFO "  %u %s", type, text);
}

static void service_report_uptime(struct vmt *vmt)
{
	vmt_rpci_say(&vmt->service.rpci, GRPC_SET_GUEST_INFO "  %u %lld00", GRPC_INFO_UPTIME,
		     ktime_get_boottime_seconds());
}

static void service_report_os(struct vmt *vmt)
{
	const struct new_utsname *uts = &init_uts_ns.name;

	vmt_rpci_say(&vmt->service.rpci, GRPC_SET_GUEST_INFO "  %u %s %s %s",
		     GRPC_INFO_OS_NAME_FULL, uts->sysname, uts->release, uts->version);
	service_set_info(vmt, GRPC_INFO_OS_NAME, OS_NAME);
}

static void service_report_host_name(struct vmt *vmt)
{
	struct vmt_service *s = &vmt->service;
	char name[__NEW_UTS_LEN + 1];

	/*
	 * Its lock is not for modules.  A name that is half written is reported, if at all, until
	 * the next look at it.
	 */
	strscpy(name, init_uts_ns.name.nodename, sizeof(name));
	if (!strcmp(name, s->host_name))
		return;
	strscpy(s->host_name, name, sizeof(s->host_name));
	service_set_info(vmt, GRPC_INFO_DNS_NAME, name);
}

/* The first address that others can reach, or 0. */
static __be32 service_address(void)
{
	__be32 address;

	/* Asked for loopback's address in a wider scope than it has, the kernel looks further. */
	rtnl_lock();
	address = inet_select_addr(init_net.loopback_dev, 0, RT_SCOPE_UNIVERSE);
	rtnl_unlock();
	return address;
}

static bool service_report_address(struct vmt *vmt, __be32 address)
{
	vmt->service.address = address;
	return address && vmt_rpci_say(&vmt->service.rpci, GRPC_INFO_SET " guestinfo.ip %pI4",
				       &address);
}

void vmt_service_forget(struct vmt *vmt)
{
	struct vmt_service *s = &vmt->service;

	s->host_name[0] = '\0';
	s->address = 0;
	s->report_at_ms = 0;
}

void vmt_service_tick(struct vmt *vmt, u64 now_ms)
{
	struct vmt_service *s = &vmt->service;
	__be32 address;

	if (!s->registered || now_ms < s->report_at_ms)
		return;
	if (!s->report_at_ms)
		service_report_os(vmt);
	s->report_at_ms = now_ms + REPORT_MS;
	service_report_host_name(vmt);
	address = service_address();
	if (address && address != s->address)
		service_report_address(vmt, address);
	service_report_uptime(vmt);
}

static void service_register(struct vmt *vmt)
{
	struct vmt_rpci *r = &vmt->service.rpci;

	vmt_rpci_say(r, "tools.capability.statechange ");
	vmt_rpci_say(r, "tools.capability.softpowerop_retry ");
	vmt_rpci_say(r, GRPC_SET_VERSION " %d", GRPC_VERSION_UNMANAGED);
	service_report_uptime(vmt);
	vmt_service_forget(vmt);
	vmt->service.registered = true;
}

void vmt_service_closed(struct vmt *vmt)
{
	vmt->service.registered = false;
}

static void service_state(struct vmt *vmt, unsigned int state)
{
	vmt_rpci_say(&vmt->service.rpci, GRPC_STATECHANGE_STATUS " 1 %u", state);
}

static const char *service_option(struct vmt *vmt, const struct vmt_command *cmd)
{
	switch (cmd->option) {
	case VMT_OPTION_SYNCTIME:
		return GRPC_TCLO_OK;
	case VMT_OPTION_BROADCAST_IP:
		if (!cmd->on || service_report_address(vmt, service_address()))
			return GRPC_TCLO_OK;
		return GRPC_TCLO_ERROR "Unable to find guest IP address";
	case VMT_OPTION_UNKNOWN:
		break;
	}
	return GRPC_TCLO_BAD_OPTION;
}

void vmt_service_seen(struct vmt *vmt, const struct vmt_command *cmd)
{
	switch (cmd->id) {
	case VMT_CMD_RESUME:
		dev_info_ratelimited(vmt->dev, "the host resumed this virtual machine\n");
		vmt_clock_resumed(vmt);
		break;
	case VMT_CMD_SUSPEND:
		dev_info_ratelimited(vmt->dev, "the host suspends this virtual machine\n");
		break;
	case VMT_CMD_OPTION:
		if (cmd->option == VMT_OPTION_SYNCTIME)
			vmt_clock_host_wants(vmt, cmd->on);
		break;
	case VMT_CMD_BAD:
	case VMT_CMD_UNKNOWN:
	case VMT_CMD_RESET:
	case VMT_CMD_PING:
	case VMT_CMD_CAPABILITIES:
	case VMT_CMD_HALT:
	case VMT_CMD_REBOOT:
	case VMT_CMD_POWER_ON:
	case VMT_CMD_TIME_SYNC:
		break;
	}
}

static const char *service_reply(struct vmt *vmt, const struct vmt_command *cmd)
{
	switch (cmd->id) {
	case VMT_CMD_BAD:
		return GRPC_TCLO_BAD;
	case VMT_CMD_UNKNOWN:
		return GRPC_TCLO_UNKNOWN;
	case VMT_CMD_RESET:
		vmt->service.registered = false;
		return GRPC_TCLO_ATR;
	case VMT_CMD_PING:
		return GRPC_TCLO_OK;
	case VMT_CMD_CAPABILITIES:
		service_register(vmt);
		return GRPC_TCLO_OK;
	case VMT_CMD_OPTION:
		return service_option(vmt, cmd);
	case VMT_CMD_HALT:
		service_state(vmt, GRPC_STATE_HALT);
		return GRPC_TCLO_OK;
	case VMT_CMD_REBOOT:
		service_state(vmt, GRPC_STATE_REBOOT);
		return GRPC_TCLO_OK;
	case VMT_CMD_POWER_ON:
		service_state(vmt, GRPC_STATE_POWER_ON);
		return GRPC_TCLO_OK;
	case VMT_CMD_RESUME:
		service_state(vmt, GRPC_STATE_RESUME);
		return GRPC_TCLO_OK;
	case VMT_CMD_SUSPEND:
		service_state(vmt, GRPC_STATE_SUSPEND);
		return GRPC_TCLO_OK;
	case VMT_CMD_TIME_SYNC:
		return vmt_clock_sync_now(vmt, cmd->on) ?
		       GRPC_TCLO_ERROR "Unable to sync time" : GRPC_TCLO_OK;
	}
	return GRPC_TCLO_UNKNOWN;
}

u32 vmt_service_answer(struct vmt *vmt, const struct vmt_command *cmd, u8 *reply, u32 size)
{
	return strscpy(reply, service_reply(vmt, cmd), size);
}

void vmt_service_replied(struct vmt *vmt, const struct vmt_command *cmd)
{
	switch (cmd->id) {
	case VMT_CMD_RESET:
		vmt_rpci_say(&vmt->service.rpci, GRPC_UNIFIED_LOOP " toolbox");
		break;
	case VMT_CMD_HALT:
		vmt_power_begin(vmt, VMT_POWER_HALT);
		break;
	case VMT_CMD_REBOOT:
		vmt_power_begin(vmt, VMT_POWER_REBOOT);
		break;
	case VMT_CMD_RESUME:
		vmt_service_forget(vmt);
		break;
	case VMT_CMD_SUSPEND:
		vmt_power_sleep(vmt);
		break;
	case VMT_CMD_BAD:
	case VMT_CMD_UNKNOWN:
	case VMT_CMD_PING:
	case VMT_CMD_CAPABILITIES:
	case VMT_CMD_OPTION:
	case VMT_CMD_POWER_ON:
	case VMT_CMD_TIME_SYNC:
		break;
	}
}

static void service_teardown(void *data)
{
	struct vmt *vmt = data;

	vmt_rpci_done(&vmt->service.rpci);
}

int vmt_service_setup(struct vmt *vmt)
{
	int err = vmt_rpci_init(&vmt->service.rpci);

	return err ? err : devm_add_action_or_reset(vmt->dev, service_teardown, vmt);
}
