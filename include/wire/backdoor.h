/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * backdoor.h - the I/O port through which a guest talks to its hypervisor
 *
 * A call loads six registers and executes `in eax, dx` (or vmcall, vmmcall).  Which half of which
 * register carries what is said beside each group; "low" and "high" are 16-bit halves.
 * Source: documented behaviour of the BSD vmt drivers and of open-vm-tools against our host.
 */
#ifndef VMTKIT_WIRE_BACKDOOR_H
#define VMTKIT_WIRE_BACKDOOR_H

#include <linux/types.h>

#define BDOOR_MAGIC			0x564d5868u	/* EAX in */
#define BDOOR_PORT			0x5658		/* EDX.low in: one call, registers only */
#define BDOOR_HB_PORT			0x5659		/* EDX.low in: rep insb / rep outsb */

/* CPUID of the hypervisor */
#define BDOOR_CPUID_VENDOR_LEAF		0x40000000u	/* "VMwareVMware" in EBX, ECX, EDX */
#define BDOOR_CPUID_FEATURE_LEAF	0x40000010u	/* EAX TSC kHz, EBX APIC kHz, ECX below */
#define BDOOR_CPUID_VENDOR		"VMwareVMware"
#define BDOOR_CPUID_ECX_VMMCALL		0x1
#define BDOOR_CPUID_ECX_VMCALL		0x2

/* vmcall form: EDX.low holds flags and no port */
#define BDOOR_HYPERCALL_HB		0x1
#define BDOOR_HYPERCALL_WRITE		0x2

/* Commands: ECX.low in */
#define BDOOR_CMD_GETMHZ		1
#define BDOOR_CMD_GETVERSION		10
#define BDOOR_CMD_GETDEVICELISTELEMENT	11
#define BDOOR_CMD_TOGGLEDEVICE		12
#define BDOOR_CMD_GETGUIOPTIONS		13
#define BDOOR_CMD_SETGUIOPTIONS		14
#define BDOOR_CMD_GETHWVERSION		17
#define BDOOR_CMD_GETUUID		19
#define BDOOR_CMD_GETMEMSIZE		20
#define BDOOR_CMD_GETTIME		23	/* EAX seconds, EBX us, ECX lag us */
#define BDOOR_CMD_STOPCATCHUP		24
#define BDOOR_CMD_MESSAGE		30
#define BDOOR_CMD_GETHZ			45
#define BDOOR_CMD_GETTIMEFULL		46	/* EAX magic, ESI:EDX seconds, EBX us, ECX lag us */
#define BDOOR_CMD_GETTIMEFULL_LAG	55	/* as 46, and EDI interrupt lag us */
#define BDOOR_CMD_GET_VCPU_INFO		68
#define BDOOR_CMD_STEALCLOCK		91
#define BDOOR_CMD_REPORTGUESTCRASH	102	/* EBX 0; no result that matters */

#define BDOOR_VERSION			6		/* EAX out of GETVERSION */
#define BDOOR_PRODUCT_EXPRESS		1		/* ECX out of GETVERSION */
#define BDOOR_PRODUCT_ESX		2
#define BDOOR_PRODUCT_SERVER		3
#define BDOOR_PRODUCT_WORKSTATION	4
#define BDOOR_GUI_SYNC_TIME		0x400	/* EAX out of GETGUIOPTIONS: the agent keeps the clock */

/*
 * GETDEVICELISTELEMENT: BX is the device's number in the high half and an offset in the low one; AX is 0
 * for no such device, else BX has the four bytes of its record there.  TOGGLEDEVICE: BX is the number in
 * the record, with the top bit set to connect it; AX is 0 if it was not done.  Source: a guess of the
 * record's layout, from open-vm-tools' documented behaviour; no host to try it on.
 */
#define BDOOR_DEVICES			50
#define BDOOR_DEVICE_NAME		40
#define BDOOR_DEVICE_CONNECT		0x80000000u

struct bdoor_wire_device {
	char name[BDOOR_DEVICE_NAME];	/* ends with a NUL unless it is as long as that */
	__le32 id;
	__u8 enabled;
	__u8 pad[3];
} __attribute__((packed));

_Static_assert(sizeof(struct bdoor_wire_device) == 48, "the record of a device is 48 bytes");
#define BDOOR_UNKNOWN_CMD		0xffffffffu	/* EAX out of a command that is not there */
#define BDOOR_TIME_ERROR		0xffffffffu	/* EAX out of GETTIME when there is no time */

/*
 * MESSAGE: ECX.high in is the step; EDX.high the channel id (not for OPEN); ESI and EDI are the
 * cookie's high and low word.  ECX.high out is the status; EDX.high out is a step number or id.
 */
#define BDOOR_MSG_OPEN			0	/* EBX = protocol | flag; out: EDX.high id, ESI, EDI */
#define BDOOR_MSG_SENDSIZE		1	/* EBX = bytes; 0 is a poll */
#define BDOOR_MSG_SENDPAYLOAD		2	/* EBX = up to 4 bytes, little-endian */
#define BDOOR_MSG_RECVSIZE		3	/* out: EDX.high = SENDSIZE, EBX = bytes */
#define BDOOR_MSG_RECVPAYLOAD		4	/* EBX = status; out: EDX.high = SENDPAYLOAD, EBX */
#define BDOOR_MSG_RECVSTATUS		5	/* EBX = status */
#define BDOOR_MSG_CLOSE			6

#define BDOOR_MSG_PROTO_RPCI		0x49435052u
#define BDOOR_MSG_PROTO_TCLO		0x4f4c4354u
#define BDOOR_MSG_OPEN_COOKIE		0x80000000u

/* Status bits: ECX.high out of LB calls, EBX.high out of HB calls */
#define BDOOR_MSG_SUCCESS		0x01
#define BDOOR_MSG_DORECV		0x02
#define BDOOR_MSG_CLOSED		0x04
#define BDOOR_MSG_UNSENT		0x08
#define BDOOR_MSG_CHECKPOINT		0x10
#define BDOOR_MSG_POWEROFF		0x20
#define BDOOR_MSG_TIMEOUT		0x40
#define BDOOR_MSG_HB			0x80

/* High-bandwidth calls: EBX in; cookie high in EBP (out) or ESI (in), low in EDI (out) or EBP (in) */
#define BDOOR_HB_MESSAGE		0x00010000u

#define BDOOR_CHANNELS_MAX		128
#define BDOOR_MSG_SIZE_MAX		65536	/* bytes of a message, either direction */

#endif /* VMTKIT_WIRE_BACKDOOR_H */
