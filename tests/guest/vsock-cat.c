/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vsock-cat.c - standard input and output joined to a vSockets socket, whatever its family
 *
 * usage: vsock-cat connect CID PORT	a stream to CID:PORT
 *	  vsock-cat listen PORT		one stream from anybody
 *	  vsock-cat sendto CID PORT	standard input as one datagram; prints the answer
 *	  vsock-cat recvfrom PORT	prints one datagram, and sends it back
 *
 * A stream ends when both directions have: end of input shuts down sending.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <vmci_sockets.h>

static int family;

static int fail(const char *what)
{
	fprintf(stderr, "vsock-cat: %s: %s\n", what, strerror(errno));
	return 1;
}

static struct sockaddr_vm address(unsigned int cid, const char *port)
{
	struct sockaddr_vm a;

	memset(&a, 0, sizeof(a));
	a.svm_family = (sa_family_t)family;
	a.svm_cid = cid;
	a.svm_port = (unsigned int)strtoul(port, NULL, 0);
	return a;
}

static int write_all(int fd, const char *buf, size_t n)
{
	while (n) {
		ssize_t done = write(fd, buf, n);

		if (done < 0)
			return -1;
		buf += done;
		n -= (size_t)done;
	}
	return 0;
}

/* One piece from one descriptor to the other: 1 if there was one, 0 at the end, -1. */
static int move(int from, int to)
{
	static char buf[65536];
	ssize_t n = read(from, buf, sizeof(buf));

	if (n <= 0)
		return (int)n;
	return write_all(to, buf, (size_t)n) < 0 ? -1 : 1;
}

/* Each direction has a process of its own, so that neither waits for the other. */
static int pump(int s)
{
	int moved, status;
	pid_t child = fork();

	if (child < 0)
		return fail("fork");
	if (!child) {
		while ((moved = move(STDIN_FILENO, s)) > 0)
			;
		if (moved < 0)
			_exit(fail("from standard input"));
		_exit(shutdown(s, SHUT_WR) < 0 ? fail("shutdown") : 0);
	}
	while ((moved = move(s, STDOUT_FILENO)) > 0)
		;
	if (moved < 0)
		return fail("to standard output");
	if (waitpid(child, &status, 0) < 0 || status)
		return 1;
	return close(s) < 0 ? fail("close") : 0;
}

static int do_connect(unsigned int cid, const char *port)
{
	struct sockaddr_vm a = address(cid, port);
	int s = socket(family, SOCK_STREAM, 0);

	if (s < 0)
		return fail("socket");
	if (connect(s, (struct sockaddr *)&a, sizeof(a)) < 0)
		return fail("connect");
	return pump(s);
}

static int do_listen(const char *port)
{
	struct sockaddr_vm a = address(VMADDR_CID_ANY, port);
	int l = socket(family, SOCK_STREAM, 0), s;

	if (l < 0)
		return fail("socket");
	if (bind(l, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(l, 1) < 0)
		return fail("listen");
	s = accept(l, NULL, NULL);
	if (s < 0)
		return fail("accept");
	close(l);
	return pump(s);
}

static int do_dgram(unsigned int cid, const char *port, bool send_first)
{
	static char buf[70000];
	struct sockaddr_vm a = address(cid, port), from;
	socklen_t len = sizeof(from);
	int s = socket(family, SOCK_DGRAM, 0);
	ssize_t n;

	if (s < 0)
		return fail("socket");
	if (send_first) {
		n = read(STDIN_FILENO, buf, sizeof(buf));
		if (n < 0 || sendto(s, buf, (size_t)n, 0, (struct sockaddr *)&a, sizeof(a)) != n)
			return fail("sendto");
	} else if (bind(s, (struct sockaddr *)&a, sizeof(a)) < 0) {
		return fail("bind");
	}
	n = recvfrom(s, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len);
	if (n < 0)
		return fail("recvfrom");
	if (!send_first && sendto(s, buf, (size_t)n, 0, (struct sockaddr *)&from, len) != n)
		return fail("sendto");
	return write_all(STDOUT_FILENO, buf, (size_t)n) < 0 ? fail("write") : 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	signal(SIGPIPE, SIG_IGN);
	family = VMCISock_GetAFValue();
	if (family < 0)
		return fail("no family");
	if (argc == 4 && !strcmp(what, "connect"))
		return do_connect((unsigned int)strtoul(argv[2], NULL, 0), argv[3]);
	if (argc == 3 && !strcmp(what, "listen"))
		return do_listen(argv[2]);
	if (argc == 4 && !strcmp(what, "sendto"))
		return do_dgram((unsigned int)strtoul(argv[2], NULL, 0), argv[3], true);
	if (argc == 3 && !strcmp(what, "recvfrom"))
		return do_dgram(VMADDR_CID_ANY, argv[2], false);
	fprintf(stderr, "usage: vsock-cat connect CID PORT | listen PORT | sendto CID PORT | recvfrom PORT\n");
	return 2;
}
