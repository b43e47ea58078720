/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vsock-rows-ways.c - rows of vsock-rows: the less trodden ways of bytes and of descriptors
 *
 * Vectors, files and pipes as source and sink, flags together, edges of epoll, sockets that other
 * processes have.
 */
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#include "vsock-rows.h"

#define FILE_BYTES	300000u		/* more than a queue holds */

int row_vectors(void)
{
	char out[] = "onetwothree", in[3][8] = { "", "", "" };
	struct iovec from[] = { { out, 3 }, { out + 3, 0 }, { out + 3, 3 }, { out + 6, 5 } };
	struct iovec to[] = { { in[0], 4 }, { in[1], 5 }, { in[2], 8 } };
	int s[2];

	REQUIRE(!pair(s));
	REQUIRE(writev(s[1], from, 4) == 11);
	REQUIRE(readv(s[0], to, 3) == 11);
	REQUIRE(!memcmp(in[0], "onet", 4) && !memcmp(in[1], "wothr", 5) && !memcmp(in[2], "ee", 2));
	unpair(s);
	return 0;
}

/* A file in memory, and the sum of what is in it. */
static int file_new(uint64_t *sum)
{
	static unsigned char buf[FILE_BYTES];
	int fd = memfd_create("rows", 0);
	uint32_t seed = 7;

	fill(buf, sizeof(buf), &seed, sum);
	if (fd < 0 || write(fd, buf, sizeof(buf)) != sizeof(buf) || lseek(fd, 0, SEEK_SET))
		return -1;
	return fd;
}

static void receive_later(struct later *l)
{
	l->result = receive_sum(l->fd, l->bytes, &l->sum);
}

int row_sendfile(void)
{
	struct later in = { .run = receive_later, .bytes = FILE_BYTES };
	uint64_t sum = 0;
	int s[2], fd = file_new(&sum);
	size_t left = FILE_BYTES;

	REQUIRE(fd >= 0 && !pair(s));
	in.fd = s[0];
	REQUIRE(!later(&in));
	while (left) {
		ssize_t n = sendfile(s[1], fd, NULL, left);

		REQUIRE(n > 0);
		left -= (size_t)n;
	}
	pthread_join(in.thread, NULL);
	REQUIRE(!in.result && in.sum == sum);
	close(fd);
	unpair(s);
	return 0;
}

/* From one connection to another without coming to user memory. */
int row_splice(void)
{
	struct later in = { .run = receive_later, .bytes = FILE_BYTES };
	struct later out = { .run = send_all, .bytes = FILE_BYTES, .seed = 9 };
	int a[2], b[2], p[2];
	size_t left = FILE_BYTES;

	REQUIRE(!pair(a) && !pair(b) && !pipe(p));
	out.fd = a[1];
	in.fd = b[0];
	REQUIRE(!later(&in) && !later(&out));
	while (left) {
		ssize_t n = splice(a[0], NULL, p[1], NULL, left < 65536 ? left : 65536, 0);

		REQUIRE(n > 0);
		left -= (size_t)n;
		while (n > 0) {
			ssize_t done = splice(p[0], NULL, b[1], NULL, (size_t)n, 0);

			REQUIRE(done > 0);
			n -= done;
		}
	}
	pthread_join(in.thread, NULL);
	pthread_join(out.thread, NULL);
	REQUIRE(!in.result && !out.result && in.sum == out.sum);
	close(p[0]);
	close(p[1]);
	unpair(a);
	unpair(b);
	return 0;
}

static void send_later(struct later *l)
{
	after_50_ms();
	l->result = (int)send(l->fd, "5678", 4, 0);
}

int row_peek_all(void)
{
	struct later l = { .run = send_later };
	char buf[8];
	int s[2];

	REQUIRE(!pair(s));
	l.fd = s[1];
	REQUIRE(send(s[1], "1234", 4, 0) == 4);
	REQUIRE(!later(&l));
	REQUIRE(recv(s[0], buf, 8, MSG_PEEK | MSG_WAITALL) == 8 && !memcmp(buf, "12345678", 8));
	pthread_join(l.thread, NULL);
	REQUIRE(l.result == 4);
	REQUIRE(recv(s[0], buf, 8, 0) == 8);
	unpair(s);
	return 0;
}

int row_truncate(void)
{
	char buf[8];
	int s[2];

	REQUIRE(!pair(s));
	REQUIRE(send(s[1], "abcdef", 6, 0) == 6);
	REQUIRE(recv(s[0], buf, 2, MSG_TRUNC) == 2 && !memcmp(buf, "ab", 2));
	REQUIRE(recv(s[0], buf, 2, MSG_TRUNC | MSG_PEEK) == 2 && !memcmp(buf, "cd", 2));
	REQUIRE(recv(s[0], buf, 8, 0) == 4 && !memcmp(buf, "cdef", 4));
	unpair(s);
	return 0;
}

int row_edges(void)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET | EPOLLRDHUP };
	int s[2], e = epoll_create1(0);
	char buf[8];

	REQUIRE(e >= 0 && !pair(s));
	REQUIRE(!epoll_ctl(e, EPOLL_CTL_ADD, s[0], &ev));
	REQUIRE(epoll_wait(e, &ev, 1, 0) == 0);
	REQUIRE(send(s[1], "x", 1, 0) == 1);
	REQUIRE(epoll_wait(e, &ev, 1, 5000) == 1 && ev.events == EPOLLIN);
	REQUIRE(epoll_wait(e, &ev, 1, 50) == 0);
	REQUIRE(recv(s[0], buf, 8, 0) == 1);
	REQUIRE_ERRNO(recv(s[0], buf, 8, MSG_DONTWAIT), EAGAIN);
	REQUIRE(send(s[1], "y", 1, 0) == 1);
	REQUIRE(epoll_wait(e, &ev, 1, 5000) == 1 && ev.events == EPOLLIN);
	REQUIRE(recv(s[0], buf, 8, 0) == 1);
	REQUIRE(!shutdown(s[1], SHUT_WR));
	REQUIRE(epoll_wait(e, &ev, 1, 5000) == 1 && (ev.events & EPOLLRDHUP));
	close(e);
	unpair(s);
	return 0;
}

int row_fork(void)
{
	int s[2], go[2], status;
	char c;
	pid_t child;

	REQUIRE(!pair(s) && !pipe(go));
	child = fork();
	if (!child) {
		close(s[0]);
		_exit(read(go[0], &c, 1) != 1 || send(s[1], "c", 1, 0) != 1);
	}
	REQUIRE(send(s[1], "p", 1, 0) == 1);
	close(s[1]);
	REQUIRE(recv(s[0], &c, 1, 0) == 1 && c == 'p');
	REQUIRE(events(s[0], POLLIN | POLLRDHUP, 50) == 0);
	REQUIRE(write(go[1], "g", 1) == 1);
	REQUIRE(waitpid(child, &status, 0) == child && !status);
	REQUIRE(recv(s[0], &c, 1, 0) == 1 && c == 'c');
	REQUIRE(events(s[0], POLLRDHUP, 5000) & POLLRDHUP);
	REQUIRE(recv(s[0], &c, 1, 0) == 0);
	close(s[0]);
	close(go[0]);
	close(go[1]);
	return 0;
}

union one_fd {
	struct cmsghdr align;
	char raw[CMSG_SPACE(sizeof(int))];
};

static int fd_pass(int to, int fd)
{
	union one_fd control = { .raw = "" };
	struct iovec iov = { "f", 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.raw,
			      .msg_controllen = sizeof(control.raw) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(to, &msg, 0) == 1 ? 0 : -1;
}

static int fd_take(int from)
{
	union one_fd control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.raw,
			      .msg_controllen = sizeof(control.raw) };
	struct cmsghdr *c;
	int fd;

	if (recvmsg(from, &msg, 0) != 1)
		return -1;
	c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_type != SCM_RIGHTS)
		return -1;
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

/* The passed one is a listener as well: both kinds go through. */
static int passed_child(int from)
{
	int s = fd_take(from), l = fd_take(from), a;
	char c;

	if (s < 0 || l < 0 || recv(s, &c, 1, 0) != 1 || send(s, &c, 1, 0) != 1)
		return 1;
	a = accept(l, NULL, NULL);
	return a < 0 || send(a, "a", 1, 0) != 1;
}

int row_passing(void)
{
	int s[2], u[2], l, fd = stream(), status;
	unsigned int port;
	pid_t child;
	char c;

	REQUIRE(!socketpair(AF_UNIX, SOCK_STREAM, 0, u));
	child = fork();
	if (!child)
		_exit(passed_child(u[0]));
	l = listener(1);
	port = port_of(l);
	REQUIRE(!pair(s) && !fd_pass(u[1], s[1]) && !fd_pass(u[1], l));
	close(s[1]);
	close(l);
	REQUIRE(send(s[0], "z", 1, 0) == 1 && recv(s[0], &c, 1, 0) == 1 && c == 'z');
	REQUIRE(!connect_to(fd, cid, port) && recv(fd, &c, 1, 0) == 1 && c == 'a');
	REQUIRE(waitpid(child, &status, 0) == child && !status);
	REQUIRE(recv(s[0], &c, 1, 0) == 0);
	close(s[0]);
	close(fd);
	close(u[0]);
	close(u[1]);
	return 0;
}

int row_retry(void)
{
	int fd = stream(), bound = stream(), s;

	REQUIRE(!bind_to(bound, VMADDR_CID_ANY, VMADDR_PORT_ANY));
	REQUIRE_ERRNO(connect_to(fd, cid, port_of(bound)), ECONNRESET);
	REQUIRE(!listen(bound, 1));
	REQUIRE(!connect_to(fd, cid, port_of(bound)));
	s = accept(bound, NULL, NULL);
	REQUIRE(s >= 0 && send(fd, "x", 1, 0) == 1);
	close(s);
	close(fd);
	close(bound);
	return 0;
}

int row_reset(void)
{
	struct linger now = { .l_onoff = 1 };
	int64_t start;
	int s[2];
	char c;

	REQUIRE(!pair(s));
	REQUIRE(!setsockopt(s[1], SOL_SOCKET, SO_LINGER, &now, sizeof(now)));
	REQUIRE(send(s[1], "x", 1, 0) == 1);
	start = now_ms();
	REQUIRE(!close(s[1]) && now_ms() - start < 1000);
	REQUIRE(events(s[0], POLLRDHUP, 5000) & POLLRDHUP);
	while (recv(s[0], &c, 1, 0) == 1)
		;
	REQUIRE_ERRNO(send(s[0], "x", 1, MSG_NOSIGNAL), EPIPE);
	close(s[0]);
	return 0;
}
