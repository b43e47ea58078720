/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guestrpc.h - texts and numbers of GuestRPC
 *
 * RPCI: the guest asks, the host answers "1 ..." or "0 ...".
 * TCLO: the host asks, the guest answers "OK ..." or "ERROR ...".
 * Source: documented behaviour of open-vm-tools and of the BSD vmt drivers against our host.
 */
#ifndef VMTKIT_WIRE_GUESTRPC_H
#define VMTKIT_WIRE_GUESTRPC_H

#include <linux/types.h>

#define GRPC_RPCI_OK			"1 "
#define GRPC_RPCI_FAIL			"0 "
#define GRPC_RPCI_NO_VALUE		"No value found"
#define GRPC_RPCI_UNKNOWN		"Unknown command"
#define GRPC_RPCI_DENIED		"Permission denied"

#define GRPC_TCLO_OK			"OK "
#define GRPC_TCLO_ERROR			"ERROR "
#define GRPC_TCLO_ATR			"OK ATR toolbox"
#define GRPC_TCLO_UNKNOWN		"ERROR Unknown Command"
#define GRPC_TCLO_BAD			"ERROR Bad command"
#define GRPC_TCLO_BAD_OPTION		"ERROR Unknown or invalid option"

/* TCLO commands */
#define GRPC_RESET			"reset"
#define GRPC_PING			"ping"
#define GRPC_CAPABILITIES_REGISTER	"Capabilities_Register"
#define GRPC_SET_OPTION			"Set_Option"
#define GRPC_OS_HALT			"OS_Halt"
#define GRPC_OS_REBOOT			"OS_Reboot"
#define GRPC_OS_POWER_ON		"OS_PowerOn"
#define GRPC_OS_RESUME			"OS_Resume"
#define GRPC_OS_SUSPEND			"OS_Suspend"
#define GRPC_TIME_SYNCHRONIZE		"Time_Synchronize"

/* Ids of tools.os.statechange.status <1 ok | 0 failed> <id> */
#define GRPC_STATE_HALT			1
#define GRPC_STATE_REBOOT		2
#define GRPC_STATE_POWER_ON		3
#define GRPC_STATE_RESUME		4
#define GRPC_STATE_SUSPEND		5

/* RPCI requests */
#define GRPC_INFO_GET			"info-get"
#define GRPC_INFO_SET			"info-set"
#define GRPC_SET_GUEST_INFO		"SetGuestInfo"		/* then two spaces, type, space, data */
#define GRPC_SET_GUEST_DISK_INFO	"SetGuestDiskInfo"
#define GRPC_LOG			"log"
#define GRPC_STATECHANGE_STATUS		"tools.os.statechange.status"
#define GRPC_SET_VERSION		"tools.set.version"
#define GRPC_SET_VERSION_TYPE		"tools.set.versiontype"
#define GRPC_VERSION_UNMANAGED		2147483647
#define GRPC_VERSION_TYPE_OVT		4
#define GRPC_UNIFIED_LOOP		"vmx.capability.unified_loop"
#define GRPC_VMX_SET_OPTION		"vmx.set_option"

/* Types of SetGuestInfo */
#define GRPC_INFO_DNS_NAME		1
#define GRPC_INFO_NIC_V1		2
#define GRPC_INFO_DISK_FREE		3
#define GRPC_INFO_BUILD			4
#define GRPC_INFO_OS_NAME_FULL		5
#define GRPC_INFO_OS_NAME		6
#define GRPC_INFO_UPTIME		7	/* decimal hundredths of a second */
#define GRPC_INFO_STATS			8
#define GRPC_INFO_NIC_V2		9
#define GRPC_INFO_NIC_V3		10
#define GRPC_INFO_OS_DETAILED		11

/* Polling for TCLO messages, in ms: the unit, the cap, and the time that is called "long idle" */
#define GRPC_POLL_STEP_MS		10
#define GRPC_POLL_MAX_MS		100
#define GRPC_POLL_BUSY_MS		30000
#define GRPC_POLL_IDLE_MS		1000

/* NIC report (XDR): limits of both sides; the structure is in guestnic.x */
#define GRPC_NICS_MAX			16
#define GRPC_NIC_IPS_MAX		2048
#define GRPC_ROUTES_MAX			100
#define GRPC_DNS_SERVERS_MAX		16
#define GRPC_DNS_SUFFIXES_MAX		10

/* NIC_V1: a count, then as many of 16 entries; numbers and padding as a C compiler lays them out */
#define GRPC_NIC_V1_IPS			8
#define GRPC_NIC_V1_MAC_LEN		19
#define GRPC_NIC_V1_IP_LEN		16

struct grpc_wire_nic_v1 {
	__le32 ip_count;
	char mac[GRPC_NIC_V1_MAC_LEN];		/* NUL-terminated */
	char ips[GRPC_NIC_V1_IPS][GRPC_NIC_V1_IP_LEN];	/* dotted */
	__u8 pad[1];
} __attribute__((packed));

_Static_assert(sizeof(struct grpc_wire_nic_v1) == 152, "an entry of NIC_V1 is 152 bytes");

/* OS_DETAILED: this header, then a text of key='value' pairs */
#define GRPC_OS_DETAILED_VERSION	1
#define GRPC_OS_SHORT_LEN		129
#define GRPC_OS_FULL_LEN		513

struct grpc_wire_os_detailed {
	__le32 version;
	char short_name[GRPC_OS_SHORT_LEN];	/* NUL-terminated */
	char full_name[GRPC_OS_FULL_LEN];	/* NUL-terminated */
	__u8 pad[2];
} __attribute__((packed));

_Static_assert(sizeof(struct grpc_wire_os_detailed) == 648, "OS_DETAILED header is 648 bytes");

/* GuestRPC over vSockets: to context 0, from a port <= 1023 for a privileged caller */
#define GRPC_VSOCK_PORT_RPCI		976
#define GRPC_VSOCK_PORT_TCLO		975

#endif /* VMTKIT_WIRE_GUESTRPC_H */
