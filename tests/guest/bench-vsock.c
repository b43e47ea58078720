/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench-vsock.c - what a stream costs: round trips and connections
 *
 * usage: bench-vsock echo PATH			serves PATH, a UNIX socket, until it is killed
 *	  bench-vsock rtt CID PORT BYTES COUNT	nanoseconds of a round trip: median, 99 of 100
 *	  bench-vsock connect CID PORT COUNT	connections in a second, each with one byte there and back
 *
 * The family is whatever the guest's stack has, so one binary measures ours and the kernel's own.  echo is
 * the other end, on the host; it is one process without threads, so that it costs each stack the same.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <vmci_sockets.h>

#define CLIENTS_MAX	256
#define BYTES_MAX	65536u
#define COUNT_MAX	1000000u

static int fail(const char *what)
{
	fprintf(stderr, "bench-vsock: %s: %s\n", what, strerror(errno));
	return 1;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- the host's end ------------------------------------------------------------------------ */

/* What has come goes back.  False: the client is to be forgotten. */
static bool echo_some(int fd)
{
	static char buf[BYTES_MAX];
	ssize_t n = read(fd, buf, sizeof(buf)), done = 0;

	while (done < n) {
		ssize_t m = write(fd, buf + done, (size_t)(n - done));

		if (m < 0)
			return false;
		done += m;
	}
	return n > 0;
}

static int do_echo(const char *path)
{
	struct pollfd fds[CLIENTS_MAX] = { { .events = POLLIN } };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	nfds_t n = 1, i;

	if (strlen(path) >= sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return fail(path);
	}
	strcpy(sun.sun_path, path);
	fds[0].fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fds[0].fd < 0 || bind(fds[0].fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 ||
	    listen(fds[0].fd, CLIENTS_MAX) < 0)
		return fail(path);
	while (poll(fds, n, -1) > 0) {
		for (i = n - 1; i > 0; i--) {
			if (!fds[i].revents || echo_some(fds[i].fd))
				continue;
			close(fds[i].fd);
			fds[i] = fds[--n];
		}
		if (fds[0].revents && n < CLIENTS_MAX)
			fds[n++] = (struct pollfd){ accept(fds[0].fd, NULL, NULL), POLLIN, 0 };
	}
	return fail("poll");
}

/* ---- the guest's end ----------------------------------------------------------------------- */

static int connect_to(const char *cid, const char *port)
{
	static int family = -1;
	struct sockaddr_vm a;
	int s;

	if (family < 0)
		family = VMCISock_GetAFValue();
	memset(&a, 0, sizeof(a));
	a.svm_family = (sa_family_t)family;
	a.svm_cid = (unsigned int)strtoul(cid, NULL, 0);
	a.svm_port = (unsigned int)strtoul(port, NULL, 0);
	s = socket(family, SOCK_STREAM, 0);
	if (s >= 0 && connect(s, (struct sockaddr *)&a, sizeof(a)) == 0)
		return s;
	if (s >= 0)
		close(s);
	return -1;
}

static bool there_and_back(int s, char *buf, size_t len)
{
	size_t got = 0;

	if (write(s, buf, len) != (ssize_t)len)
		return false;
	while (got < len) {
		ssize_t n = read(s, buf + got, len - got);

		if (n <= 0)
			return false;
		got += (size_t)n;
	}
	return true;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int do_rtt(const char *cid, const char *port, unsigned int len, unsigned int count)
{
	uint64_t *took = calloc(count, sizeof(*took));
	static char buf[BYTES_MAX];
	int s = connect_to(cid, port);
	unsigned int i;

	if (!took || s < 0)
		return fail("connect");
	for (i = 0; i < count; i++) {
		uint64_t start = now_ns();

		if (!there_and_back(s, buf, len))
			return fail("round trip");
		took[i] = now_ns() - start;
	}
	qsort(took, count, sizeof(*took), by_size);
	printf("%llu %llu\n", (unsigned long long)took[count / 2],
	       (unsigned long long)took[count - 1 - count / 100]);
	free(took);
	return close(s) < 0 ? fail("close") : 0;
}

static int do_connect(const char *cid, const char *port, unsigned int count)
{
	uint64_t start = now_ns();
	unsigned int i;

	for (i = 0; i < count; i++) {
		char byte = 'x';
		int s = connect_to(cid, port);

		if (s < 0)
			return fail("connect");
		if (!there_and_back(s, &byte, 1))
			return fail("round trip");
		close(s);
	}
	printf("%.1f\n", count * 1e9 / (double)(now_ns() - start));
	return 0;
}

/* 1 to max, or 0. */
static unsigned int number(const char *text, unsigned int max)
{
	unsigned long n = strtoul(text, NULL, 10);

	return n <= max ? (unsigned int)n : 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	signal(SIGPIPE, SIG_IGN);
	if (argc == 3 && !strcmp(what, "echo"))
		return do_echo(argv[2]);
	if (argc == 6 && !strcmp(what, "rtt") && number(argv[4], BYTES_MAX) && number(argv[5], COUNT_MAX))
		return do_rtt(argv[2], argv[3], number(argv[4], BYTES_MAX), number(argv[5], COUNT_MAX));
	if (argc == 5 && !strcmp(what, "connect") && number(argv[4], COUNT_MAX))
		return do_connect(argv[2], argv[3], number(argv[4], COUNT_MAX));
	fprintf(stderr, "usage: bench-vsock echo PATH | rtt CID PORT BYTES COUNT | connect CID PORT COUNT\n");
	return 2;
}
