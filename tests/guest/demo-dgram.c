/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * demo-dgram.c - sends one datagram to port 7000 of the host and waits for the same bytes back
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <vmci_sockets.h>

static int fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return 1;
}

int main(void)
{
	static const char text[] = "a datagram from the guest";
	struct sockaddr_vm host = { 0 }, own = { 0 };
	struct timeval limit = { .tv_sec = 10 };
	char back[64];
	int family = VMCISock_GetAFValue();
	int fd = socket(family, SOCK_DGRAM, 0);
	ssize_t n;

	if (fd < 0)
		return fail("socket");
	own.svm_family = (sa_family_t)family;
	own.svm_cid = VMADDR_CID_ANY;
	own.svm_port = 7001;
	host.svm_family = (sa_family_t)family;
	host.svm_cid = VMADDR_CID_HOST;
	host.svm_port = 7000;
	if (bind(fd, (struct sockaddr *)&own, sizeof(own)) < 0)
		return fail("bind");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0)
		return fail("SO_RCVTIMEO");
	if (sendto(fd, text, sizeof(text), 0, (struct sockaddr *)&host, sizeof(host)) !=
	    (ssize_t)sizeof(text))
		return fail("sendto");
	n = recv(fd, back, sizeof(back), 0);
	if (n < 0)
		return fail("recv");
	if (n != (ssize_t)sizeof(text) || memcmp(back, text, sizeof(text))) {
		fprintf(stderr, "%zd bytes came back, and not those that were sent\n", n);
		return 1;
	}
	printf("%zd bytes to port 7000 of the host and back\n", n);
	return 0;
}
