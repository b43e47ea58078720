/* SPDX-License-Identifier: MIT */
/*
 * vmt.h - /dev/vmt: the message channels of the hypervisor, for programs
 *
 * An open file has no channel at first.  VMT_IOC_OPEN gives it one, for as long as the file is
 * open; another one needs another open().  Messages are whole: one write() sends one, one read()
 * receives one, both at most VMT_MSG_MAX bytes.
 *
 * VMT_CHANNEL_RPCI: the program asks.  write() sends a request and fetches its reply before it
 * returns (a second at most when the host is slow, O_NONBLOCK or not); read() then returns that
 * reply as the host sent it, with its "1 " or "0 " in front.  A new request drops an unread reply.
 * Any number of files, each with a channel of its own, as far as the host has channels.
 *
 * VMT_CHANNEL_TCLO: the host asks.  read() waits for a message of the host; write() answers the
 * one that was read last, which is also its acknowledgement, and the next message comes only after
 * it.  One file at a time: the owner.  Every new owner gets a new channel, on which the host begins
 * with "reset"; the driver opens the channel anew by itself when the host loses it.  It polls the
 * host for the owner, so that read() and poll() cost nothing while nothing comes.
 *
 * poll(): EPOLLIN: a message can be read; EPOLLOUT: write() is possible (TCLO: a message waits for
 * its answer); EPOLLHUP | EPOLLERR: the device is gone, every call fails with ENODEV from then on.
 *
 * Errors of read() and write(), beside the usual ones:
 *   ENOTCONN	the file has no channel yet
 *   EMSGSIZE	read: the buffer is too small, the message is kept, FIONREAD tells its size;
 *		write: longer than VMT_MSG_MAX
 *   EAGAIN	read with O_NONBLOCK: nothing is there
 *   ENODATA	read on RPCI: no request was sent, or its reply was read; no wait is made
 *   ENOMSG	write on TCLO: no message waits for an answer
 *   ECONNRESET	write on TCLO: the channel was lost before the host had the answer; go on
 *		reading.  write on RPCI: the channel was lost, the host may or may not have
 *		acted on the request; the next request opens a channel again
 *   ETIMEDOUT	write on RPCI: the host took the request and gave no reply in time
 *   EOVERFLOW	write on RPCI: the reply was longer than VMT_MSG_MAX and was refused
 *   ENODEV	the device was unbound or its module is being removed
 *
 * All structures have the same size and layout for 32-bit and 64-bit programs.
 */
#ifndef VMTKIT_UAPI_VMT_H
#define VMTKIT_UAPI_VMT_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define VMT_DEVICE		"/dev/vmt"
#define VMT_API_VERSION		1
#define VMT_MSG_MAX		65536		/* bytes */

/* Channels */
#define VMT_CHANNEL_NONE	0
#define VMT_CHANNEL_RPCI	1
#define VMT_CHANNEL_TCLO	2

struct vmt_open {
	__u32 channel;		/* VMT_CHANNEL_RPCI or VMT_CHANNEL_TCLO */
	__u32 flags;		/* 0 */
};

/* Power operations */
#define VMT_POWER_NONE		0
#define VMT_POWER_HALT		1
#define VMT_POWER_REBOOT	2

struct vmt_power {
	__u32 op;		/* VMT_POWER_... */
	__u32 flags;		/* 0 */
};

struct vmt_keep_off {
	__u32 on;		/* 1: leave the clock alone; 0: no longer */
	__u32 flags;		/* 0 */
};

/* How the hypervisor is called */
#define VMT_CALL_PORT		1		/* in eax, dx */
#define VMT_CALL_VMCALL		2
#define VMT_CALL_VMMCALL	3

/* Who has the TCLO channel */
#define VMT_TCLO_NOBODY		0		/* and the driver does not serve it (yet) */
#define VMT_TCLO_SERVICE	1		/* the driver */
#define VMT_TCLO_OWNED		2		/* the process owner_pid */
#define VMT_TCLO_CONTENDED	3		/* another program takes it away from us */

/* vmt_info.flags */
#define VMT_INFO_ATTACHED	0x1		/* the TCLO channel is open */
#define VMT_INFO_KEEP_OFF	0x2		/* some file keeps the driver off the clock */
#define VMT_INFO_CLOCK_ERROR	0x4		/* the host did not tell its time when asked last */
#define VMT_INFO_UUID		0x8		/* uuid holds the one of the virtual machine */

struct vmt_info {
	__u32 api_version;	/* VMT_API_VERSION */
	__u32 flags;		/* VMT_INFO_... */
	__u32 call;		/* VMT_CALL_... */
	__u32 product;		/* as GETVERSION tells: 1 Express, 2 ESX, 3 Server, 4 Workstation */
	__u32 channel;		/* of this file: VMT_CHANNEL_... */
	__u32 tclo_state;	/* VMT_TCLO_... */
	__s32 owner_pid;	/* of the TCLO owner when it opened the channel, in the caller's pid
				   namespace; 0: none or not visible there */
	__u32 power_pending;	/* VMT_POWER_... that the owner declared */
	__u32 clock_period;	/* seconds between clock checks; 0: none */
	__u32 reserved;		/* 0 */
	__u64 clock_checks;	/* since the device was bound, as all counters */
	__u64 clock_steps;
	__s64 clock_offset_ns;	/* host minus guest at the last check */
	__u64 tclo_messages;	/* received from the host */
	__u64 tclo_lost;	/* times that the TCLO channel had to be opened again */
	__u8 uuid[16];		/* in the order of its text form */
};

#define VMT_IOC_MAGIC		0xbd

/*
 * VMT_IOC_OPEN - give this file a channel
 *
 * EBUSY: TCLO has an owner.  EISCONN: the file has a channel.  EINVAL: unknown channel or flags.
 * ENOSPC: the host has no RPCI channel to give.  ENODEV.
 */
#define VMT_IOC_OPEN		_IOW(VMT_IOC_MAGIC, 1, struct vmt_open)

/*
 * VMT_IOC_INFO - what the driver knows
 *
 * Needs no channel.  EFAULT, ENODEV.
 */
#define VMT_IOC_INFO		_IOR(VMT_IOC_MAGIC, 2, struct vmt_info)

/*
 * VMT_IOC_POWER_PENDING - the owner declares what it is about to do
 *
 * To be called before "OS_Halt" or "OS_Reboot" is answered: if the owner then goes away without
 * taking it back (VMT_POWER_NONE), the driver does the operation itself.  An owner that ends in
 * good order, as when the shutdown it asked for reaches it, takes it back first.
 * EPERM: this file is not the owner.  EINVAL: unknown op or flags.  ENODEV.
 */
#define VMT_IOC_POWER_PENDING	_IOW(VMT_IOC_MAGIC, 3, struct vmt_power)

/*
 * VMT_IOC_CLOCK_KEEP_OFF - something better keeps the time
 *
 * While at least one file says so, the driver makes no periodic correction (it still corrects the
 * clock when the host resumes the virtual machine).  Needs no channel; needs CAP_SYS_TIME; ends
 * with the file.  EPERM, EINVAL, ENODEV.
 */
#define VMT_IOC_CLOCK_KEEP_OFF	_IOW(VMT_IOC_MAGIC, 4, struct vmt_keep_off)

/* FIONREAD (<sys/ioctl.h>, an int): size of the message that read() would return, 0 if none. */

#endif /* VMTKIT_UAPI_VMT_H */
