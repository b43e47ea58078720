/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench-vsock.c - how fast a stream is: throughput by write size, round trips, connections
 *
 * usage: bench-vsock ADDRESS serve
 *	  bench-vsock [-t SECONDS] [-n COUNT] ADDRESS TEST...
 *
 * ADDRESS	vsock:CID:PORT, with the family that vmci_sockets.h finds; FAMILY:CID:PORT, with that
 *		number; unix:PATH, for the host's end of a port; tcp:ADDRESS:PORT; or none, for copy
 * TEST		up:SIZE		the client writes SIZE bytes at a time for SECONDS (5)
 *		down:SIZE	the server writes
 *		rtt:SIZE	SIZE bytes there and back, COUNT times (10000)
 *		connect		COUNT connections (1000), one after the other, closed by the server
 *		copy:SIZE	SIZE bytes at a time from memory to memory: no stream can be faster
 *		quit		the server ends
 *
 * Each test prints one line of JSON; status 1 if one failed.  A connection begins with a struct
 * request; the server serves one connection after the other.  What is measured is the client's time
 * from the first byte to the answer that the server has all of it; addresses and tests are the same
 * for every stack, so that two can be compared.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <vmci_sockets.h>

#define SIZE_LIMIT	(16u << 20)
#define COUNT_LIMIT	10000000u
#define IDLE_LIMIT_S	60	/* a test in which nothing happens any more ends */

enum { UP = 'u', DOWN = 'd', RTT = 'r', CONNECT = 'c', QUIT = 'q' };

struct request {
	uint32_t what;
	uint32_t size;
	uint64_t count;
};

union any_address {
	struct sockaddr sa;
	struct sockaddr_vm vm;
	struct sockaddr_un un;
	struct sockaddr_in in;
};

static union any_address peer;
static socklen_t peer_len;
static unsigned int seconds = 5;
static uint64_t count;
static unsigned char *buffer;

static int fail(const char *what)
{
	fprintf(stderr, "bench-vsock: %s: %s\n", what, strerror(errno));
	return -1;
}

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

/* ---- addresses, whole reads and writes ----------------------------------------------------- */

static int tcp_parse(const char *text)
{
	char host[INET_ADDRSTRLEN];
	unsigned int port;

	if (sscanf(text, "%15[0-9.]:%u", host, &port) != 2 || port > UINT16_MAX ||
	    inet_pton(AF_INET, host, &peer.in.sin_addr) != 1) {
		errno = EINVAL;
		return fail(text);
	}
	peer.in.sin_family = AF_INET;
	peer.in.sin_port = htons((uint16_t)port);
	peer_len = sizeof(peer.in);
	return 0;
}

static int address_parse(const char *text)
{
	unsigned int family, cid, port;

	memset(&peer, 0, sizeof(peer));
	if (!strcmp(text, "none"))
		return 0;
	if (!strncmp(text, "tcp:", 4))
		return tcp_parse(text + 4);
	if (!strncmp(text, "unix:", 5) && strlen(text + 5) < sizeof(peer.un.sun_path)) {
		peer.un.sun_family = AF_UNIX;
		strcpy(peer.un.sun_path, text + 5);
		peer_len = sizeof(peer.un);
		return 0;
	}
	if (sscanf(text, "vsock:%u:%u", &cid, &port) == 2) {
		int found = VMCISock_GetAFValue();

		if (found < 0)
			return fail("no family of vSockets");
		family = (unsigned int)found;
	} else if (sscanf(text, "%u:%u:%u", &family, &cid, &port) != 3) {
		errno = EINVAL;
		return fail(text);
	}
	peer.vm.svm_family = (sa_family_t)family;
	peer.vm.svm_cid = cid;
	peer.vm.svm_port = port;
	peer_len = sizeof(peer.vm);
	return 0;
}

static int read_all(int fd, void *to, size_t n)
{
	unsigned char *at = to;

	while (n) {
		ssize_t got = read(fd, at, n);

		if (got <= 0) {
			if (!got)
				errno = ECONNRESET;
			return -1;
		}
		at += got;
		n -= (size_t)got;
	}
	return 0;
}

static int write_all(int fd, const void *from, size_t n)
{
	const unsigned char *at = from;

	while (n) {
		ssize_t put = write(fd, at, n);

		if (put < 0)
			return -1;
		at += put;
		n -= (size_t)put;
	}
	return 0;
}

/* Reads until the end; the bytes. */
static uint64_t drain(int fd)
{
	uint64_t total = 0;
	ssize_t n;

	while ((n = read(fd, buffer, 1 << 18)) > 0)
		total += (uint64_t)n;
	return total;
}

/* ---- server -------------------------------------------------------------------------------- */

static int serve_up(int fd)
{
	uint64_t total = drain(fd);

	return write_all(fd, &total, sizeof(total));
}

/* Until the client has had enough. */
static int serve_down(int fd, size_t size)
{
	while (write(fd, buffer, size) > 0)
		;
	return 0;
}

static int serve_rtt(int fd, const struct request *r)
{
	uint64_t i;

	for (i = 0; i < r->count; i++) {
		if (read_all(fd, buffer, r->size) < 0 || write_all(fd, buffer, r->size) < 0)
			return -1;
	}
	return 0;
}

static int serve_connect(int listener, int fd, uint64_t n)
{
	uint64_t i;

	if (write_all(fd, &n, sizeof(n)) < 0)
		return -1;
	for (i = 0; i < n; i++) {
		int s = accept(listener, NULL, NULL);

		if (s < 0)
			return -1;
		close(s);
	}
	return 0;
}

/* 1: go on; 0: the client wants the end; -1. */
static int serve_one(int listener, int fd)
{
	struct request r;

	if (read_all(fd, &r, sizeof(r)) < 0 || r.size > SIZE_LIMIT || r.count > COUNT_LIMIT)
		return 1;	/* a probe, or nonsense */
	alarm(IDLE_LIMIT_S + (unsigned int)(r.count / 10));
	switch (r.what) {
	case UP:
		return serve_up(fd) < 0 ? -1 : 1;
	case DOWN:
		return serve_down(fd, r.size) < 0 ? -1 : 1;
	case RTT:
		return serve_rtt(fd, &r) < 0 ? -1 : 1;
	case CONNECT:
		return serve_connect(listener, fd, r.count) < 0 ? -1 : 1;
	case QUIT:
		return 0;
	}
	return 1;
}

static int serve(void)
{
	int s, on = 1, going = 1, listener = socket(peer.sa.sa_family, SOCK_STREAM, 0);

	if (peer.sa.sa_family == AF_INET)
		setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	else if (peer.sa.sa_family != AF_UNIX)
		peer.vm.svm_cid = VMADDR_CID_ANY;
	if (listener < 0 || bind(listener, &peer.sa, peer_len) < 0 || listen(listener, 128) < 0)
		return fail("listen");
	while (going > 0) {
		alarm(0);
		s = accept(listener, NULL, NULL);
		if (s < 0)
			return fail("accept");
		if (peer.sa.sa_family == AF_INET)
			setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		going = serve_one(listener, s);
		if (going < 0)
			fail("serve");
		close(s);
	}
	close(listener);
	return going;
}

/* ---- client -------------------------------------------------------------------------------- */

static int dial(void)
{
	int on = 1, fd = socket(peer.sa.sa_family, SOCK_STREAM, 0);

	if (fd < 0)
		return fail("socket");
	if (peer.sa.sa_family == AF_INET)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, &peer.sa, peer_len) < 0) {
		fail("connect");
		close(fd);
		return -1;
	}
	return fd;
}

static int start(uint32_t what, uint32_t size, uint64_t n)
{
	struct request r = { .what = what, .size = size, .count = n };
	int fd = dial();

	if (fd >= 0 && write_all(fd, &r, sizeof(r)) < 0) {
		close(fd);
		return fail("request");
	}
	return fd;
}

static void print_throughput(const char *name, uint32_t size, uint64_t bytes, int64_t ns)
{
	printf("{\"test\":\"%s\",\"size\":%u,\"bytes\":%llu,\"seconds\":%.3f,\"mib_per_s\":%.2f}\n", name,
	       size, (unsigned long long)bytes, (double)ns / 1e9,
	       (double)bytes / 1048576 / ((double)ns / 1e9));
}

static int test_up(uint32_t size)
{
	uint64_t sent = 0, total = 0;
	int fd = start(UP, size, 0);
	int64_t begin = now_ns(), end = begin + seconds * 1000000000ll;

	if (fd < 0)
		return -1;
	while (now_ns() < end) {
		if (write_all(fd, buffer, size) < 0)
			return fail("up: write");
		sent += size;
	}
	if (shutdown(fd, SHUT_WR) < 0 || read_all(fd, &total, sizeof(total)) < 0)
		return fail("up: answer");
	end = now_ns();
	close(fd);
	if (total != sent) {
		errno = EIO;
		return fail("up: not all that was sent arrived");
	}
	print_throughput("up", size, total, end - begin);
	return 0;
}

static int test_down(uint32_t size)
{
	uint64_t total = 0;
	int fd = start(DOWN, size, 0);
	int64_t begin = now_ns(), end = begin + seconds * 1000000000ll;

	if (fd < 0)
		return -1;
	while (now_ns() < end) {
		ssize_t n = read(fd, buffer, 1 << 18);

		if (n <= 0)
			return fail("down: read");
		total += (uint64_t)n;
	}
	end = now_ns();
	close(fd);
	print_throughput("down", size, total, end - begin);
	return 0;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static int test_rtt(uint32_t size)
{
	uint64_t i, n = count ? count : 10000;
	uint32_t *ns = calloc(n, sizeof(*ns));
	int fd = start(RTT, size, n);

	if (!ns || fd < 0)
		return fail("rtt");
	for (i = 0; i < n; i++) {
		int64_t begin = now_ns(), took;

		if (write_all(fd, buffer, size) < 0 || read_all(fd, buffer, size) < 0)
			return fail("rtt");
		took = now_ns() - begin;
		ns[i] = took > UINT32_MAX ? UINT32_MAX : (uint32_t)took;
	}
	close(fd);
	qsort(ns, n, sizeof(*ns), compare);
	printf("{\"test\":\"rtt\",\"size\":%u,\"count\":%llu,\"min_us\":%.2f,\"p50_us\":%.2f,"
	       "\"p90_us\":%.2f,\"p99_us\":%.2f,\"max_us\":%.2f}\n",
	       size, (unsigned long long)n, ns[0] / 1e3, ns[n / 2] / 1e3, ns[n * 9 / 10] / 1e3,
	       ns[n * 99 / 100] / 1e3, ns[n - 1] / 1e3);
	free(ns);
	return 0;
}

static int test_connect(void)
{
	uint64_t i, n = count ? count : 1000, answer;
	int fd = start(CONNECT, 0, n);
	int64_t begin;

	if (fd < 0 || read_all(fd, &answer, sizeof(answer)) < 0)
		return fail("connect");
	begin = now_ns();
	for (i = 0; i < n; i++) {
		int s = dial();
		char c;

		if (s < 0)
			return -1;
		if (read(s, &c, 1) > 0)
			return fail("connect: a byte from nowhere");
		close(s);
	}
	printf("{\"test\":\"connect\",\"count\":%llu,\"seconds\":%.3f,\"per_s\":%.1f}\n",
	       (unsigned long long)n, (double)(now_ns() - begin) / 1e9,
	       (double)n / ((double)(now_ns() - begin) / 1e9));
	close(fd);
	return 0;
}

static int test_copy(uint32_t size)
{
	unsigned char *to = malloc(size);
	int64_t begin = now_ns(), end = begin + seconds * 1000000000ll;
	uint64_t total = 0;

	if (!to)
		return fail("copy");
	while (now_ns() < end) {
		memcpy(to, buffer, size);
		__asm__ volatile("" : : "r"(to) : "memory");	/* it is wanted */
		total += size;
	}
	free(to);
	print_throughput("copy", size, total, now_ns() - begin);
	return 0;
}

static int test_quit(void)
{
	int fd = start(QUIT, 0, 0);

	if (fd < 0)
		return -1;
	drain(fd);
	close(fd);
	return 0;
}

static int test(const char *name)
{
	unsigned int size = 0;

	alarm(seconds + IDLE_LIMIT_S + (unsigned int)(count / 10));
	if (!strcmp(name, "connect"))
		return test_connect();
	if (!strcmp(name, "quit"))
		return test_quit();
	if (strchr(name, ':'))
		size = (unsigned int)strtoul(strchr(name, ':') + 1, NULL, 0);
	if (size && size <= SIZE_LIMIT) {
		if (!strncmp(name, "up:", 3))
			return test_up(size);
		if (!strncmp(name, "down:", 5))
			return test_down(size);
		if (!strncmp(name, "rtt:", 4))
			return test_rtt(size);
		if (!strncmp(name, "copy:", 5))
			return test_copy(size);
	}
	errno = EINVAL;
	return fail(name);
}

static int usage(void)
{
	fprintf(stderr, "usage: bench-vsock ADDRESS serve\n"
			"       bench-vsock [-t SECONDS] [-n COUNT] ADDRESS TEST...\n");
	return 2;
}

int main(int argc, char **argv)
{
	int opt, failed = 0;

	while ((opt = getopt(argc, argv, "t:n:")) != -1) {
		unsigned long value = optarg ? strtoul(optarg, NULL, 0) : 0;

		if (opt == 't' && value && value <= 3600)
			seconds = (unsigned int)value;
		else if (opt == 'n' && value && value <= COUNT_LIMIT)
			count = value;
		else
			return usage();
	}
	if (argc - optind < 2)
		return usage();
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	buffer = calloc(1, SIZE_LIMIT);
	if (!buffer)
		return fail("memory") < 0;
	if (address_parse(argv[optind++]) < 0)
		return 1;
	if (!strcmp(argv[optind], "serve"))
		return serve() < 0;
	for (; optind < argc; optind++)
		failed |= test(argv[optind]) < 0;
	return failed;
}
