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
#define GRPC_RPCI_DISABLED		"disabled"

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
#define GRPC_STATS_GET			"guestlib.info.get"	/* then the version */
#define GRPC_DEPLOY_STATE		"deployPkg.update.state" /* state, error and message */
#define GRPC_BACKUP_EVENT		"vmbackup.eventSet"	/* event, code and text */

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

/*
 * The reply to guestlib.info.get 3: this header, then XDR: a count, and as many statistics by rising
 * number: the number, whether it is known, the value (32 or 64 bits, or a text)
 */
#define GRPC_STATS_VERSION		3
#define GRPC_STAT_UNLIMITED		0xffffffffu	/* value of a limit that is none */

struct grpc_wire_stats {
	__le32 version;
	__le64 session;		/* another one whenever the numbers begin anew */
	__le32 size;		/* bytes of the XDR */
} __attribute__((packed));

_Static_assert(sizeof(struct grpc_wire_stats) == 16, "the header of the statistics is 16 bytes");

enum grpc_stat {
	GRPC_STAT_CPU_RESERVATION_MHZ = 1,
	GRPC_STAT_CPU_LIMIT_MHZ,
	GRPC_STAT_CPU_SHARES,
	GRPC_STAT_CPU_USED_MS,			/* 64 bits */
	GRPC_STAT_HOST_MHZ,
	GRPC_STAT_MEM_RESERVATION_MIB,
	GRPC_STAT_MEM_LIMIT_MIB,
	GRPC_STAT_MEM_SHARES,
	GRPC_STAT_MEM_MAPPED_MIB,
	GRPC_STAT_MEM_ACTIVE_MIB,
	GRPC_STAT_MEM_OVERHEAD_MIB,
	GRPC_STAT_MEM_BALLOONED_MIB,
	GRPC_STAT_MEM_SWAPPED_MIB,
	GRPC_STAT_MEM_SHARED_MIB,
	GRPC_STAT_MEM_SHARED_SAVED_MIB,
	GRPC_STAT_MEM_USED_MIB,
	GRPC_STAT_ELAPSED_MS,			/* 64 bits */
	GRPC_STAT_RESOURCE_POOL,		/* a text */
	GRPC_STAT_CPU_STOLEN_MS,		/* 64 bits, as all from here on but the next but one */
	GRPC_STAT_MEM_TARGET_MIB,
	GRPC_STAT_HOST_CORES,			/* 32 bits */
	GRPC_STAT_HOST_CPU_USED_MS,
	GRPC_STAT_HOST_MEM_SWAPPED_MIB,
	GRPC_STAT_HOST_MEM_SHARED_MIB,
	GRPC_STAT_HOST_MEM_USED_MIB,
	GRPC_STAT_HOST_MEM_MIB,
	GRPC_STAT_HOST_MEM_FREE_MIB,
};

/*
 * GuestRPC over vSockets: streams to context 0, from a port <= 1023 for a privileged caller.
 *
 * A packet is a length, that of what follows, then fields in any order, each once: type of value,
 * number of the field, value.  All numbers are big-endian; a 64-bit one is its low word and then
 * its high word.  A string is a length, not 0, and bytes.
 */
#define GRPC_VSOCK_PORT_RPCI		976
#define GRPC_VSOCK_PORT_TCLO		975
#define GRPC_VSOCK_PORT_PRIVILEGED_MAX	1023
#define GRPC_PACKET_HEAD		4	/* bytes of the length */
#define GRPC_PACKET_MAX			(65536 + 256)	/* bytes that it may announce */

#define GRPC_VALUE_INT64		1
#define GRPC_VALUE_STRING		2
#define GRPC_VALUE_INT64_LIST		3	/* a count, then as many numbers */
#define GRPC_VALUE_STRING_LIST		4	/* a count, then as many strings, which may be empty */

#define GRPC_FIELD_TYPE			1	/* int64: GRPC_PACKET_* */
#define GRPC_FIELD_PAYLOAD		2	/* string: a message, as the backdoor carries it */
#define GRPC_FIELD_FAST_CLOSE		3	/* int64: 1 = close after the reply */

#define GRPC_PACKET_DATA		1
#define GRPC_PACKET_PING		2	/* of TCLO, each second: the client is alive */
#define GRPC_PACKET_PING_MS		1000

#endif /* VMTKIT_WIRE_GUESTRPC_H */
