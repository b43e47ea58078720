/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vsock-rows.h - what the rows of vsock-rows are made of: requirements, sockets, waits, threads
 *
 * A row returns 0, or -1 with the reason in `why`.
 */
#ifndef VMTKIT_TESTS_VSOCK_ROWS_H
#define VMTKIT_TESTS_VSOCK_ROWS_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include <linux/sockios.h>
#include <vmci_sockets.h>

extern int family;
extern unsigned int cid;
extern char why[256];			/* of the row that failed */

#define REQUIRE(cond)                                                                              \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			snprintf(why, sizeof(why), "line %d: %s (%s)", __LINE__, #cond,           \
				 strerror(errno));                                                 \
			return -1;                                                                 \
		}                                                                                  \
	} while (0)

#define REQUIRE_ERRNO(call, error)                                                                 \
	do {                                                                                       \
		errno = 0;                                                                         \
		if ((call) >= 0 || errno != (error)) {                                             \
			snprintf(why, sizeof(why), "line %d: %s gives \"%s\", not %s", __LINE__,   \
				 #call, strerror(errno), #error);                                  \
			return -1;                                                                 \
		}                                                                                  \
	} while (0)

/* ---- helpers ------------------------------------------------------------------------------- */

static inline struct sockaddr_vm address(unsigned int to, unsigned int port)
{
	struct sockaddr_vm a;

	memset(&a, 0, sizeof(a));
	a.svm_family = (sa_family_t)family;
	a.svm_cid = to;
	a.svm_port = port;
	return a;
}

static inline int bind_to(int fd, unsigned int to, unsigned int port)
{
	struct sockaddr_vm a = address(to, port);

	return bind(fd, (struct sockaddr *)&a, sizeof(a));
}

static inline int connect_to(int fd, unsigned int to, unsigned int port)
{
	struct sockaddr_vm a = address(to, port);

	return connect(fd, (struct sockaddr *)&a, sizeof(a));
}

static inline unsigned int port_of(int fd)
{
	struct sockaddr_vm a;
	socklen_t len = sizeof(a);

	return getsockname(fd, (struct sockaddr *)&a, &len) < 0 ? 0 : a.svm_port;
}

static inline int stream(void)
{
	return socket(family, SOCK_STREAM, 0);
}

static inline int listener(int backlog)
{
	int fd = stream();

	if (fd < 0 || bind_to(fd, VMADDR_CID_ANY, VMADDR_PORT_ANY) < 0 || listen(fd, backlog) < 0)
		return -1;
	return fd;
}

/* Two connected streams: s[0] was accepted, s[1] connected. */
static inline int pair(int s[2])
{
	int l = listener(1);

	s[1] = stream();
	if (l < 0 || s[1] < 0 || connect_to(s[1], cid, port_of(l)) < 0)
		return -1;
	s[0] = accept(l, NULL, NULL);
	close(l);
	return s[0] < 0 ? -1 : 0;
}

static inline void unpair(int s[2])
{
	close(s[0]);
	close(s[1]);
}

static inline int events(int fd, int wanted, int limit_ms)
{
	struct pollfd p = { .fd = fd, .events = (short)wanted };

	return poll(&p, 1, limit_ms) < 0 ? -1 : p.revents;
}

static inline int timeout_ms(int fd, int option, int ms)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	return setsockopt(fd, SOL_SOCKET, option, &tv, sizeof(tv));
}

static inline int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static inline void on_signal(int sig)
{
}

/* Calls a function in another thread, after some time where it waits for us to sleep. */
struct later {
	pthread_t thread;
	void (*run)(struct later *l);
	pthread_t target;
	int fd;
	size_t bytes;
	uint32_t seed;
	uint64_t sum;
	int result;
};

static inline void *later_main(void *arg)
{
	struct later *l = arg;

	l->run(l);
	return NULL;
}

static inline int later(struct later *l)
{
	l->target = pthread_self();
	return -pthread_create(&l->thread, NULL, later_main, l);
}

static inline void after_50_ms(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
}

static inline void signal_target(struct later *l)
{
	after_50_ms();
	pthread_kill(l->target, SIGUSR1);
}

/* Numbers that depend on their place, and a running sum of them. */
static inline void fill(unsigned char *buf, size_t n, uint32_t *state, uint64_t *sum)
{
	size_t i;

	for (i = 0; i < n; i++) {
		*state = *state * 1664525u + 1013904223u;
		buf[i] = (unsigned char)(*state >> 24);
		*sum = *sum * 31 + buf[i];
	}
}

static inline void send_all(struct later *l)
{
	static const size_t sizes[] = { 1, 4096, 65536, 3, 300000, 17, 16384 };
	unsigned char *buf = malloc(300000);
	size_t left = l->bytes, i = 0;

	l->result = -1;
	while (buf && left) {
		size_t n = sizes[i++ % 7] < left ? sizes[(i - 1) % 7] : left;

		fill(buf, n, &l->seed, &l->sum);
		if (send(l->fd, buf, n, MSG_NOSIGNAL) != (ssize_t)n)
			break;
		left -= n;
	}
	l->result = left ? -1 : 0;
	free(buf);
}

static inline int receive_sum(int fd, size_t bytes, uint64_t *sum)
{
	unsigned char *buf = malloc(100000);
	size_t got = 0;

	while (buf && got < bytes) {
		size_t left = bytes - got;
		ssize_t i, n = recv(fd, buf, left < 100000 ? left : 100000, 0);

		if (n <= 0)
			break;
		for (i = 0; i < n; i++)
			*sum = *sum * 31 + buf[i];
		got += (size_t)n;
	}
	free(buf);
	return got == bytes ? 0 : -1;
}

/* vsock-rows-ways.c */
int row_vectors(void);
int row_sendfile(void);
int row_splice(void);
int row_peek_all(void);
int row_truncate(void);
int row_edges(void);
int row_fork(void);
int row_passing(void);
int row_retry(void);
int row_reset(void);

#endif /* VMTKIT_TESTS_VSOCK_ROWS_H */
