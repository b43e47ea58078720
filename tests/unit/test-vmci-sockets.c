/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-vmci-sockets.c - the constants of <vmci_sockets.h> are the published ones
 *
 * Programs that were compiled against VMware's header, or against Linux's, have these numbers in them.
 */
#include <vmci_sockets.h>
#include <linux/vm_sockets.h>	/* after it: must change nothing */

#include "tests/unit/unit.h"

static void numbers(void)
{
	CU_ASSERT_EQUAL(VMCI_SOCKETS_VERSION, 0x7b4);
	CU_ASSERT_EQUAL(VMCI_SOCKETS_GET_AF_VALUE, 0x7b8);
	CU_ASSERT_EQUAL(VMCI_SOCKETS_GET_LOCAL_CID, 0x7b9);
	CU_ASSERT_EQUAL(IOCTL_VM_SOCKETS_GET_LOCAL_CID, _IO(7, 0xb9));
	CU_ASSERT_EQUAL(VMCI_SOCKETS_UUID_2_CID, 0x7c7);
	CU_ASSERT_EQUAL(SO_VM_SOCKETS_BUFFER_MAX_SIZE, 2);
	CU_ASSERT_EQUAL(SO_VMCI_CONNECT_TIMEOUT, 6);
	CU_ASSERT_EQUAL(VMADDR_CID_ANY, 0xffffffffu);
	CU_ASSERT_EQUAL(VMADDR_PORT_ANY, 0xffffffffu);
	CU_ASSERT_EQUAL(sizeof(struct VMCISockUuid2CID), 136);
}

static void layout(void)
{
	CU_ASSERT_EQUAL(sizeof(struct sockaddr_vm), 16);
	CU_ASSERT_EQUAL(offsetof(struct sockaddr_vm, svm_port), 4);
	CU_ASSERT_EQUAL(offsetof(struct sockaddr_vm, svm_cid), 8);
	CU_ASSERT_EQUAL(offsetof(struct sockaddr_vm, svm_flags), 12);
}

static void version_word(void)
{
	unsigned int version = 9u << 24 | 8u << 16 | 1u;

	CU_ASSERT_EQUAL(VMCI_SOCKETS_VERSION_EPOCH(version), 9);
	CU_ASSERT_EQUAL(VMCI_SOCKETS_VERSION_MAJOR(version), 8);
	CU_ASSERT_EQUAL(VMCI_SOCKETS_VERSION_MINOR(version), 1);
}

static void uuid_errors(void)
{
	char longer[200];

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	errno = 0;
	CU_ASSERT_EQUAL(VMCISock_Uuid2ContextId(longer), VMADDR_CID_ANY);
	CU_ASSERT_EQUAL(errno, EINVAL);
	errno = 0;
	CU_ASSERT_EQUAL(VMCISock_Uuid2ContextId(NULL), VMADDR_CID_ANY);
	CU_ASSERT_EQUAL(errno, EINVAL);
}

static const struct unit_case cases[] = {
	{ "ioctls, options and wildcards have the published values", numbers },
	{ "an address has the published layout", layout },
	{ "a version word comes apart", version_word },
	{ "a UUID that cannot be one is refused before any device is asked", uuid_errors },
};

UNIT_MAIN("vmci-sockets", cases)
