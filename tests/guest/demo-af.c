/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * demo-af.c - prints the family and the context id that vmci_sockets.h finds; it includes nothing else
 * of the project, as an application would
 */
#include <stdio.h>
#include <vmci_sockets.h>

int main(void)
{
	int fd = -1;
	int family = VMCISock_GetAFValueFd(&fd);
	unsigned int cid = VMCISock_GetLocalCID();

	if (family < 0 || cid == VMADDR_CID_ANY) {
		fprintf(stderr, "family %d, CID %#x\n", family, cid);
		return 1;
	}
	printf("family %d, CID %u\n", family, cid);
	VMCISock_ReleaseAFValueFd(fd);
	return 0;
}
