/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vsock-many.c - very many streams at once, all of which carry data
 *
 * usage: vsock-many [-u UID] serve PATH	gives back what comes, at a UNIX socket, until it is killed
 *	  vsock-many [-u UID] listen PORT	the same at a port of this machine
 *	  vsock-many [-u UID] CID PORT COUNT	COUNT streams there; TAP with a plan of 5
 *
 * -u gives up all rights for those of a user.
 *
 * The client opens its streams one after the other and leaves them open; each sends its number and
 * gets it back, at once and again when all are open.  It says how many have full-size queues, and
 * compares what the last tenth of the connections took with what the first tenth after the large
 * queues took: the cost of a connection must not depend on how many there are.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <vmci_sockets.h>

#define COUNT_MAX	20000u
#define FULL_SIZE	262144u		/* of a queue, when nothing is asked for */
#define FULL_WANTED	64u
#define LARGE		300u		/* after so many, queues have one page */
#define LIMIT_S		900

static int fail(const char *what)
{
	printf("# vsock-many: %s: %s\n", what, strerror(errno));
	return -1;
}

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int files_allow(unsigned int n)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return fail("getrlimit");
	if (limit.rlim_cur >= n)
		return 0;
	if (limit.rlim_max < n)
		limit.rlim_max = n;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? fail("this many descriptors") : 0;
}

/* ---- the other end -------------------------------------------------------------------------- */

/* A piece goes back whole: it is small, and its sender waits for it. */
static void echo(int fd)
{
	char buf[4096];
	ssize_t n = read(fd, buf, sizeof(buf));

	if (n <= 0 || write(fd, buf, (size_t)n) != n)
		close(fd);
}

static int serve(int listener)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = listener }, got[64];
	int e = epoll_create1(0), i, n;

	if (e < 0 || files_allow(COUNT_MAX + 64) < 0 ||
	    epoll_ctl(e, EPOLL_CTL_ADD, listener, &ev) < 0)
		return fail("serve");
	for (;;) {
		n = epoll_wait(e, got, 64, -1);
		for (i = 0; i < n; i++) {
			if (got[i].data.fd != listener) {
				echo(got[i].data.fd);
				continue;
			}
			ev.data.fd = accept(listener, NULL, NULL);
			if (ev.data.fd >= 0 && epoll_ctl(e, EPOLL_CTL_ADD, ev.data.fd, &ev) < 0)
				close(ev.data.fd);
		}
	}
}

static int listen_at(const char *path, const char *port)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr_vm vm = { .svm_cid = VMADDR_CID_ANY };
	struct sockaddr *sa = path ? (struct sockaddr *)&un : (struct sockaddr *)&vm;
	socklen_t len = path ? sizeof(un) : sizeof(vm);
	int fd;

	if (path) {
		snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	} else {
		vm.svm_family = (sa_family_t)VMCISock_GetAFValue();
		vm.svm_port = (unsigned int)strtoul(port, NULL, 0);
	}
	fd = socket(sa->sa_family, SOCK_STREAM, 0);
	if (fd < 0 || bind(fd, sa, len) < 0 || listen(fd, 128) < 0)
		return fail("listen");
	return fd;
}

/* ---- the client ------------------------------------------------------------------------------ */

static int exchange(int fd, uint32_t number)
{
	uint32_t back = ~number;

	if (write(fd, &number, sizeof(number)) != sizeof(number))
		return fail("write");
	if (recv(fd, &back, sizeof(back), MSG_WAITALL) != sizeof(back))
		return fail("read");
	if (back != number) {
		errno = EBADMSG;
		return fail("another stream's number came back");
	}
	return 0;
}

static unsigned long long queue_size(int fd, int family)
{
	unsigned long long size = 0;
	socklen_t len = sizeof(size);

	getsockopt(fd, family, SO_VMCI_BUFFER_SIZE, &size, &len);
	return size;
}

struct many {
	int fds[COUNT_MAX];
	unsigned int open;
	unsigned int full;		/* with queues of full size, without a smaller one before */
	double took[COUNT_MAX];		/* seconds for each connection, its first exchange included */
};

static int open_all(struct many *m, struct sockaddr_vm *to, unsigned int count)
{
	double begin;
	int fd;

	while (m->open < count) {
		begin = now_s();
		fd = socket(to->svm_family, SOCK_STREAM, 0);
		if (fd < 0 || connect(fd, (struct sockaddr *)to, sizeof(*to)) < 0)
			return fail("connect");
		if (exchange(fd, m->open) < 0)
			return -1;
		m->took[m->open] = now_s() - begin;
		if (m->full == m->open && queue_size(fd, to->svm_family) == FULL_SIZE)
			m->full++;
		m->fds[m->open++] = fd;
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *values, unsigned int n)
{
	qsort(values, n, sizeof(*values), compare);
	return values[n / 2];
}

static int tap(bool ok, const char *sentence)
{
	printf("%sok - %s\n", ok ? "" : "not ", sentence);
	return ok ? 0 : 1;
}

static int client(struct sockaddr_vm *to, unsigned int count)
{
	static struct many m;
	unsigned int i, tenth, failed = 0;
	double first, last;
	char text[80];

	printf("1..5\n");
	if (files_allow(count + 64) < 0)
		return 1;
	open_all(&m, to, count);
	snprintf(text, sizeof(text), "%u streams are open at once", count);
	failed += tap(m.open == count, text);
	failed += tap(m.full >= (count < FULL_WANTED ? count : FULL_WANTED), "the first 64 have queues of full size");
	for (i = 0; i < m.open && exchange(m.fds[i], i) == 0; i++)
		;
	failed += tap(i == m.open, "each of them carries data, and its own");
	tenth = m.open > LARGE ? (m.open - LARGE) / 10 + 1 : 0;
	if (m.open > LARGE) {
		first = median(m.took + LARGE, tenth);
		last = median(m.took + m.open - tenth, tenth);
		printf("# %u of full size; median of a connection: %.2f ms after %u, %.2f ms at the end\n",
		       m.full, first * 1e3, LARGE, last * 1e3);
		failed += tap(last < 2 * first, "the last ones cost what the first ones did");
	} else {
		tap(true, "their cost is not compared # SKIP fewer than 300");
	}
	for (i = 0; i < m.open; i++)
		close(m.fds[i]);
	failed += tap(m.open > 0, "all are closed again");
	return failed ? 1 : 0;
}

static int usage(void)
{
	fprintf(stderr, "usage: vsock-many [-u UID] serve PATH | listen PORT | CID PORT COUNT\n");
	return 2;
}

int main(int argc, char **argv)
{
	struct sockaddr_vm to;
	unsigned long count;
	int fd, family;

	signal(SIGPIPE, SIG_IGN);
	if (argc > 3 && !strcmp(argv[1], "-u")) {
		unsigned int uid = (unsigned int)strtoul(argv[2], NULL, 0);

		if (files_allow(COUNT_MAX + 64) < 0 || setresuid(uid, uid, uid) < 0)
			return fail("setresuid") < 0;
		argc -= 2;
		argv += 2;
	}
	if (argc == 3 && (!strcmp(argv[1], "serve") || !strcmp(argv[1], "listen"))) {
		fd = argv[1][0] == 's' ? listen_at(argv[2], NULL) : listen_at(NULL, argv[2]);
		return fd < 0 || serve(fd) < 0;
	}
	if (argc != 4)
		return usage();
	count = strtoul(argv[3], NULL, 0);
	if (!count || count > COUNT_MAX)
		return usage();
	alarm(LIMIT_S);
	setvbuf(stdout, NULL, _IOLBF, 0);
	family = VMCISock_GetAFValue();
	if (family < 0) {
		fail("no family");
		return 1;
	}
	memset(&to, 0, sizeof(to));
	to.svm_family = (sa_family_t)family;
	to.svm_cid = (unsigned int)strtoul(argv[1], NULL, 0);
	to.svm_port = (unsigned int)strtoul(argv[2], NULL, 0);
	return client(&to, (unsigned int)count);
}
