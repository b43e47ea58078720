/* SPDX-License-Identifier: MIT */
/*
 * vmci_sockets.h - vSockets for applications: the address family, addresses, socket options
 *
 * Self-contained, for C and C++, Linux.  The address family of vSockets is not the same on every
 * machine; ask for it before each socket():
 *
 *	int fd, family = VMCISock_GetAFValueFd(&fd);
 *	int s = socket(family, SOCK_STREAM, 0);
 *	...
 *	VMCISock_ReleaseAFValueFd(fd);		when the last socket is closed
 *
 * How it is found: by the ioctl of /dev/vsock, then of /dev/vmsock; when neither node knows the
 * ioctl, by a socket of AF_VSOCK (40), the family of the Linux kernel's own vSockets.  That order
 * matters: socket(40, ...) would load the kernel's own modules.  A node that may not be opened is an
 * error (errno says so), not a reason to try the next way.
 *
 * The header takes the place of <linux/vm_sockets.h> and has all of its names; the two may be
 * included together in either order.
 */
#ifndef _VMCI_SOCKETS_H_
#define _VMCI_SOCKETS_H_

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Socket options; their level is the address family.
 *
 * The three sizes are unsigned long long, in bytes: of each of the two queues of a stream, set before
 * connect() or listen().  SIZE stays within MIN and MAX.  The size that is used is agreed with the
 * peer; getsockopt(SIZE) of a connected socket tells it.
 */
#define SO_VMCI_BUFFER_SIZE		0	/* default 262144 */
#define SO_VMCI_BUFFER_MIN_SIZE		1	/* default 128 */
#define SO_VMCI_BUFFER_MAX_SIZE		2	/* default 262144 */
#define SO_VMCI_PEER_HOST_VM_ID		3	/* ESX only */
#define SO_VMCI_SERVICE_LABEL		4	/* ESX only */
#define SO_VMCI_TRUSTED			5	/* not on Linux */
#define SO_VMCI_CONNECT_TIMEOUT		6	/* struct timeval; default 2 s */
#define SO_VMCI_NONBLOCK_TXRX		7	/* ESX only */
#define SO_VMCI_DISCONNECT_CAUSE	8	/* ESX only; see SO_VM_SOCKETS_CONNECT_TIMEOUT_NEW */
#define SO_VMCI_PEER_LIMIT_RATE		9	/* ESX only */
#define SO_VMCI_PEER_PRIV_LIMIT		10	/* ESX only */
#define SO_VMCI_PEER_BURST_LEVEL	11	/* ESX only */

#define VMCI_SOCKETS_DISCONNECT_REGULAR	0
#define VMCI_SOCKETS_DISCONNECT_VMOTION	1

#define VMADDR_CID_RESERVED		1	/* the old name of VMADDR_CID_LOCAL */

#define VMCI_SOCKETS_INVALID_VERSION	((unsigned int)-1)
#define VMCI_SOCKETS_VERSION_EPOCH(v)	(((v) & 0xFF000000u) >> 24)
#define VMCI_SOCKETS_VERSION_MAJOR(v)	(((v) & 0x00FF0000u) >> 16)
#define VMCI_SOCKETS_VERSION_MINOR(v)	((v) & 0x0000FFFFu)

/* ioctls of the device node; plain numbers */
#define VMCI_SOCKETS_VERSION		1972	/* unsigned int *: version of the interface */
#define VMCI_SOCKETS_GET_AF_VALUE	1976	/* int *: the address family */
#define VMCI_SOCKETS_GET_LOCAL_CID	1977	/* unsigned int *: context id of this machine */
#define VMCI_SOCKETS_UUID_2_CID		1991	/* struct VMCISockUuid2CID *: ESX only */

struct VMCISockUuid2CID {
	unsigned int context_id;
	unsigned int pad;
	char uuid_string[128];
};

#define VMCI_SOCKETS_DEFAULT_DEVICE	"/dev/vsock"
#define VMCI_SOCKETS_SECOND_DEVICE	"/dev/vmsock"
#define VMCI_SOCKETS_LINUX_FAMILY	40	/* AF_VSOCK */

/* What <linux/vm_sockets.h> has, unless it was there first. */
#ifndef _VM_SOCKETS_H
#define _VM_SOCKETS_H

/* A vSockets address.  Everything is in the machine's byte order; what is not used is zero. */
struct sockaddr_vm {
	sa_family_t svm_family;
	unsigned short svm_reserved1;
	unsigned int svm_port;
	unsigned int svm_cid;
	unsigned char svm_flags;	/* VMADDR_FLAG_* */
	unsigned char svm_zero[sizeof(struct sockaddr) - sizeof(sa_family_t) -
			       sizeof(unsigned short) - 2 * sizeof(unsigned int) -
			       sizeof(unsigned char)];
};

#define SO_VM_SOCKETS_BUFFER_SIZE		SO_VMCI_BUFFER_SIZE
#define SO_VM_SOCKETS_BUFFER_MIN_SIZE		SO_VMCI_BUFFER_MIN_SIZE
#define SO_VM_SOCKETS_BUFFER_MAX_SIZE		SO_VMCI_BUFFER_MAX_SIZE
#define SO_VM_SOCKETS_PEER_HOST_VM_ID		SO_VMCI_PEER_HOST_VM_ID
#define SO_VM_SOCKETS_TRUSTED			SO_VMCI_TRUSTED
#define SO_VM_SOCKETS_CONNECT_TIMEOUT_OLD	6
#define SO_VM_SOCKETS_NONBLOCK_TXRX		SO_VMCI_NONBLOCK_TXRX
#define SO_VM_SOCKETS_CONNECT_TIMEOUT_NEW	8	/* struct timeval of two 64-bit members */

/* Where time_t has more bits than long, struct timeval is the one of the new option. */
#define SO_VM_SOCKETS_CONNECT_TIMEOUT                                                              \
	(sizeof(time_t) == sizeof(long) ? SO_VM_SOCKETS_CONNECT_TIMEOUT_OLD :                      \
					  SO_VM_SOCKETS_CONNECT_TIMEOUT_NEW)

/* The wildcards of an address, in place of INADDR_ANY and port 0. */
#define VMADDR_CID_ANY			((unsigned int)-1)
#define VMADDR_PORT_ANY			((unsigned int)-1)

/* Context ids with a fixed meaning. */
#define VMADDR_CID_HYPERVISOR		0
#define VMADDR_CID_LOCAL		1	/* this machine, with or without a device */
#define VMADDR_CID_HOST			2

#define VMADDR_FLAG_TO_HOST		0x01
#define VM_SOCKETS_INVALID_VERSION	((unsigned int)-1)
#define VM_SOCKETS_VERSION_EPOCH(v)	VMCI_SOCKETS_VERSION_EPOCH(v)
#define VM_SOCKETS_VERSION_MAJOR(v)	VMCI_SOCKETS_VERSION_MAJOR(v)
#define VM_SOCKETS_VERSION_MINOR(v)	VMCI_SOCKETS_VERSION_MINOR(v)
#define IOCTL_VM_SOCKETS_GET_LOCAL_CID	VMCI_SOCKETS_GET_LOCAL_CID
#ifndef SOL_VSOCK
#define SOL_VSOCK			287
#endif
#define VSOCK_RECVERR			1

#endif /* _VM_SOCKETS_H */

#ifndef VMADDR_CID_LOCAL
#define VMADDR_CID_LOCAL		1
#endif

/* ---- the rest of the file is how the functions work -------------------------------------- */

/* Tries an ioctl on one node.  >= 0: the descriptor, *value is set.  -1: errno. */
static inline int vmci_sockets_try(const char *path, unsigned long request, unsigned int *value)
{
	unsigned int result = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int saved;

	if (fd < 0)
		return -1;
	if (ioctl(fd, request, &result) < 0) {
		saved = errno;
		(void)close(fd);
		errno = saved;
		return -1;
	}
	*value = result;
	return fd;
}

/* Does errno say that a node is not there, or does not know the ioctl? */
static inline int vmci_sockets_absent(void)
{
	return errno == ENOENT || errno == ENXIO || errno == ENODEV || errno == ENOTTY ||
	       errno == EINVAL;
}

/* The first node that knows an ioctl; as vmci_sockets_try(). */
static inline int vmci_sockets_open(unsigned long request, unsigned int *value)
{
	int fd = vmci_sockets_try(VMCI_SOCKETS_DEFAULT_DEVICE, request, value);

	if (fd < 0 && vmci_sockets_absent())
		fd = vmci_sockets_try(VMCI_SOCKETS_SECOND_DEVICE, request, value);
	return fd;
}

/*
 * VMCISock_Version() - the version of the interface
 *
 * Return: a version for VMCI_SOCKETS_VERSION_EPOCH() and so on; VMCI_SOCKETS_INVALID_VERSION, and
 * errno, when it cannot be had, as on a kernel with its own vSockets only.
 */
static inline unsigned int VMCISock_Version(void)
{
	unsigned int version;
	int fd = vmci_sockets_open(VMCI_SOCKETS_VERSION, &version);

	if (fd < 0)
		return VMCI_SOCKETS_INVALID_VERSION;
	(void)close(fd);
	return version;
}

/*
 * VMCISock_GetAFValueFd() - the address family for socket()
 * @outFd: set to a descriptor that keeps the family registered: leave it open while a socket may be
 *	made, then give it to VMCISock_ReleaseAFValueFd().  -1 when the family is a fixed one.
 *
 * Return: the address family; -1, and errno, when there is none.
 */
static inline int VMCISock_GetAFValueFd(int *outFd)
{
	unsigned int value = 0;
	int family;
	int fd;

	if (outFd)
		*outFd = -1;
	fd = vmci_sockets_open(VMCI_SOCKETS_GET_AF_VALUE, &value);
	if (fd >= 0) {
		family = (int)value;
		if (outFd && family >= 0 && family != VMCI_SOCKETS_LINUX_FAMILY) {
			*outFd = fd;
		} else {
			(void)close(fd);
		}
		if (family < 0) {
			errno = EAFNOSUPPORT;
			family = -1;
		}
		return family;
	}
	if (!vmci_sockets_absent())
		return -1;
	fd = socket(VMCI_SOCKETS_LINUX_FAMILY, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	(void)close(fd);
	return VMCI_SOCKETS_LINUX_FAMILY;
}

/* VMCISock_ReleaseAFValueFd() - close what VMCISock_GetAFValueFd() left open; -1 is fine */
static inline void VMCISock_ReleaseAFValueFd(int fd)
{
	if (fd >= 0)
		(void)close(fd);
}

/*
 * VMCISock_GetAFValue() - the address family for socket(), kept until the process ends
 *
 * Return: the address family; -1, and errno, when there is none.
 */
static inline int VMCISock_GetAFValue(void)
{
	int fd;		/* deliberately left open */

	return VMCISock_GetAFValueFd(&fd);
}

/*
 * VMCISock_GetLocalCID() - the context id of this machine
 *
 * The node that has the family is asked first: another one may belong to another stack.
 * Return: the context id; VMADDR_CID_ANY, and errno, when there is none.
 */
static inline unsigned int VMCISock_GetLocalCID(void)
{
	unsigned int version, cid = VMADDR_CID_ANY;
	int owner = vmci_sockets_open(VMCI_SOCKETS_VERSION, &version);
	int fd = -1;

	if (owner >= 0) {
		if (ioctl(owner, VMCI_SOCKETS_GET_LOCAL_CID, &cid) < 0)
			cid = VMADDR_CID_ANY;
		(void)close(owner);
	} else if (vmci_sockets_absent()) {
		fd = vmci_sockets_open(VMCI_SOCKETS_GET_LOCAL_CID, &cid);
		if (fd >= 0)
			(void)close(fd);
	}
	return cid;
}

/*
 * VMCISock_Uuid2ContextId() - the context id of the machine with a BIOS UUID; works on ESX only
 * @uuidString: "00 11 22 33 44 55 66 77-88 99 aa bb cc dd ee ff"
 *
 * Return: the context id; VMADDR_CID_ANY, and errno (EINVAL on Linux).
 */
static inline unsigned int VMCISock_Uuid2ContextId(const char *uuidString)
{
	struct VMCISockUuid2CID io;
	unsigned int version;
	int fd;

	if (!uuidString || strlen(uuidString) >= sizeof(io.uuid_string)) {
		errno = EINVAL;
		return VMADDR_CID_ANY;
	}
	fd = vmci_sockets_open(VMCI_SOCKETS_VERSION, &version);
	if (fd < 0)
		return VMADDR_CID_ANY;
	memset(&io, 0, sizeof(io));
	io.context_id = VMADDR_CID_ANY;
	memcpy(io.uuid_string, uuidString, strlen(uuidString) + 1);
	if (ioctl(fd, VMCI_SOCKETS_UUID_2_CID, &io) < 0)
		io.context_id = VMADDR_CID_ANY;
	(void)close(fd);
	return io.context_id;
}

#ifdef __cplusplus
}
#endif

#endif /* _VMCI_SOCKETS_H_ */
