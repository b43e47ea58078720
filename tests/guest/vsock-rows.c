/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vsock-rows.c - what a program may expect of vSockets, row by row
 *
 * usage: vsock-rows [-c CID] [-l] [ROW...]
 *
 * Each row is a sentence and a function that plays client and server, both in this machine: CID is
 * the one to connect to, the machine's own by default, VMADDR_CID_LOCAL (1) where there is none.  The
 * same binary runs on Linux's own AF_VSOCK; rows that it is known to fail there are marked
 * and skipped.  Output is TAP; status 1 if a row failed.
 *
 * A row that hangs is ended by SIGALRM.  Rows share nothing but the process: each takes new ports.
 */
#include "vsock-rows.h"

#define ROW_LIMIT_S	60

int family;
unsigned int cid;
char why[256];

/* ---- rows: creating and naming -------------------------------------------------------------- */

static int row_types(void)
{
	int fd;

	REQUIRE_ERRNO(socket(family, SOCK_RAW, 0), ESOCKTNOSUPPORT);
	REQUIRE_ERRNO(socket(family, SOCK_STREAM, 6), EPROTONOSUPPORT);
	fd = socket(family, SOCK_STREAM, family);
	REQUIRE(fd >= 0);
	close(fd);
	return 0;
}

static int row_seqpacket(void)
{
	REQUIRE_ERRNO(socket(family, SOCK_SEQPACKET, 0), ESOCKTNOSUPPORT);
	return 0;
}

static int row_bind(void)
{
	struct sockaddr_vm a = address(VMADDR_CID_ANY, 5123);
	int one = stream(), two = stream();
	unsigned int port;

	REQUIRE(one >= 0 && two >= 0);
	REQUIRE_ERRNO(bind(one, (struct sockaddr *)&a, sizeof(a) - 1), EINVAL);
	a.svm_family = AF_INET;
	REQUIRE_ERRNO(bind(one, (struct sockaddr *)&a, sizeof(a)), EINVAL);
	REQUIRE_ERRNO(bind_to(one, 12345, VMADDR_PORT_ANY), EADDRNOTAVAIL);
	REQUIRE(!bind_to(one, VMADDR_CID_ANY, VMADDR_PORT_ANY));
	port = port_of(one);
	REQUIRE(port > 1023 && port != VMADDR_PORT_ANY);
	REQUIRE_ERRNO(bind_to(one, VMADDR_CID_ANY, VMADDR_PORT_ANY), EINVAL);
	REQUIRE_ERRNO(bind_to(two, VMADDR_CID_ANY, port), EADDRINUSE);
	close(one);
	REQUIRE(!bind_to(two, VMADDR_CID_ANY, port));
	close(two);
	return 0;
}

static int reserved_ports(void)
{
	int fd = stream(), dg = socket(family, SOCK_DGRAM, 0);

	return setresuid(65534, 65534, 65534) || bind_to(fd, VMADDR_CID_ANY, 1000) != -1 ||
	       errno != EACCES || bind_to(dg, VMADDR_CID_ANY, 1000) != -1 || errno != EACCES ||
	       bind_to(fd, VMADDR_CID_ANY, 1024 + (unsigned int)getpid());
}

static int row_reserved(void)
{
	int fd = stream(), status;
	pid_t child;

	REQUIRE(fd >= 0 && !bind_to(fd, VMADDR_CID_ANY, 1001));
	close(fd);
	child = fork();
	if (!child)
		_exit(reserved_ports());
	REQUIRE(waitpid(child, &status, 0) == child);
	REQUIRE(status == 0);
	return 0;
}

static int row_names(void)
{
	struct sockaddr_vm a, b;
	socklen_t len = sizeof(a);
	int s[2], fd = stream();

	REQUIRE_ERRNO(getpeername(fd, (struct sockaddr *)&a, &len), ENOTCONN);
	close(fd);
	REQUIRE(!pair(s));
	len = sizeof(a);
	REQUIRE(!getpeername(s[0], (struct sockaddr *)&a, &len) && len == sizeof(a));
	REQUIRE(!getsockname(s[1], (struct sockaddr *)&b, &len));
	REQUIRE(a.svm_family == family && a.svm_cid == cid && a.svm_port == b.svm_port);
	REQUIRE(!getpeername(s[1], (struct sockaddr *)&a, &len));
	REQUIRE(!getsockname(s[0], (struct sockaddr *)&b, &len));
	REQUIRE(a.svm_cid == cid && a.svm_port == b.svm_port && b.svm_cid == cid);
	unpair(s);
	return 0;
}

/* ---- rows: connecting ------------------------------------------------------------------------ */

static int row_refused(void)
{
	int bound = stream(), fd = stream(), s[2];
	unsigned int port;

	REQUIRE(!bind_to(bound, VMADDR_CID_ANY, VMADDR_PORT_ANY));
	port = port_of(bound);
	REQUIRE_ERRNO(connect_to(fd, cid, port), ECONNRESET);
	REQUIRE_ERRNO(connect_to(fd, cid, port), ECONNRESET);
	close(bound);
	REQUIRE_ERRNO(connect_to(fd, cid, port), ECONNRESET);
	close(fd);
	REQUIRE(!pair(s));
	REQUIRE_ERRNO(connect_to(s[1], cid, port), EISCONN);
	unpair(s);
	return 0;
}

/* The kernel's own transport takes its own REQUEST for an answer, and gives EPROTO. */
static int row_itself(void)
{
	int fd = stream();

	REQUIRE(!bind_to(fd, VMADDR_CID_ANY, VMADDR_PORT_ANY));
	REQUIRE_ERRNO(connect_to(fd, cid, port_of(fd)), ECONNRESET);
	close(fd);
	return 0;
}

static int row_listen(void)
{
	int fd = stream(), l;

	REQUIRE_ERRNO(listen(fd, 1), EINVAL);
	REQUIRE_ERRNO(accept(fd, NULL, NULL), EINVAL);
	close(fd);
	l = listener(1);
	REQUIRE(l >= 0);
	REQUIRE(!fcntl(l, F_SETFL, O_NONBLOCK));
	REQUIRE_ERRNO(accept(l, NULL, NULL), EAGAIN);
	REQUIRE(events(l, POLLIN | POLLOUT, 0) == 0);
	REQUIRE_ERRNO(connect_to(l, cid, 1), EINVAL);
	close(l);
	return 0;
}

static int row_nonblocking_connect(void)
{
	int l = listener(1), fd = stream(), s, err;
	socklen_t len = sizeof(err);

	REQUIRE(!fcntl(fd, F_SETFL, O_NONBLOCK));
	REQUIRE_ERRNO(connect_to(fd, cid, port_of(l)), EINPROGRESS);
	REQUIRE(events(fd, POLLOUT, 5000) & POLLOUT);
	REQUIRE(!getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) && !err);
	REQUIRE_ERRNO(connect_to(fd, cid, port_of(l)), EISCONN);
	s = accept(l, NULL, NULL);
	REQUIRE(s >= 0 && send(fd, "x", 1, 0) == 1);
	close(s);
	close(fd);
	close(l);

	fd = stream();
	REQUIRE(!fcntl(fd, F_SETFL, O_NONBLOCK));
	REQUIRE_ERRNO(connect_to(fd, cid, 999999), EINPROGRESS);
	REQUIRE(events(fd, POLLOUT, 5000) & POLLERR);
	REQUIRE(!getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) && err == ECONNRESET);
	close(fd);
	return 0;
}

/* The backlog is full: refused; there is room again once one was accepted. */
static int row_backlog(void)
{
	int l = listener(1), fd[8], i, ok = 0, s;

	for (i = 0; i < 8; i++) {
		fd[i] = stream();
		if (connect_to(fd[i], cid, port_of(l)) < 0) {
			REQUIRE(errno == ECONNRESET);
			break;
		}
		ok++;
	}
	REQUIRE(ok >= 1 && ok < 8);
	s = accept(l, NULL, NULL);
	REQUIRE(s >= 0);
	REQUIRE(!connect_to(fd[i], cid, port_of(l)));
	close(s);
	close(l);
	for (i = 0; i <= ok; i++)
		close(fd[i]);
	return 0;
}

/* Children that nobody accepted go with their listener, and their peers are told. */
static int row_unaccepted(void)
{
	int l = listener(4), fd = stream();
	char c;

	REQUIRE(!connect_to(fd, cid, port_of(l)));
	close(l);
	REQUIRE(recv(fd, &c, 1, 0) <= 0);
	close(fd);
	return 0;
}

static int row_many(void)
{
	enum { N = 200 };
	static int a[N], b[N];
	int l = listener(8), i;
	char c;

	for (i = 0; i < N; i++) {
		unsigned long long size = 4096;

		a[i] = stream();
		REQUIRE(!setsockopt(a[i], family, SO_VMCI_BUFFER_SIZE, &size, sizeof(size)));
		REQUIRE(!connect_to(a[i], cid, port_of(l)));
		b[i] = accept(l, NULL, NULL);
		REQUIRE(b[i] >= 0);
	}
	for (i = 0; i < N; i++) {
		c = (char)i;
		REQUIRE(send(a[i], &c, 1, 0) == 1);
	}
	for (i = 0; i < N; i++) {
		REQUIRE(recv(b[i], &c, 1, 0) == 1 && c == (char)i);
		close(a[i]);
		close(b[i]);
	}
	close(l);
	return 0;
}

/* More than fit at full size: queues get smaller, and all carry data. */
static int row_thousand(void)
{
	enum { N = 1000 };
	static int a[N], b[N];
	struct rlimit limit = { .rlim_cur = 2 * N + 64, .rlim_max = 2 * N + 64 };
	unsigned long long first = 0, last = 0;
	socklen_t len = sizeof(first);
	int l = listener(8), i, n;

	REQUIRE(!setrlimit(RLIMIT_NOFILE, &limit));
	for (i = 0; i < N; i++) {
		a[i] = stream();
		REQUIRE(!connect_to(a[i], cid, port_of(l)));
		b[i] = accept(l, NULL, NULL);
		REQUIRE(b[i] >= 0 && send(a[i], &i, sizeof(i), 0) == sizeof(i));
	}
	REQUIRE(!getsockopt(a[0], family, SO_VMCI_BUFFER_SIZE, &first, &len) && first == 262144);
	REQUIRE(!getsockopt(b[N - 1], family, SO_VMCI_BUFFER_SIZE, &last, &len) && last == 4096);
	for (i = 0; i < N; i++) {
		REQUIRE(recv(b[i], &n, sizeof(n), 0) == sizeof(n) && n == i);
		close(a[i]);
		close(b[i]);
	}
	close(l);
	return 0;
}

/* A signal ends every wait with EINTR, and the socket goes on to work. */
static int row_signals(void)
{
	struct later l = { .run = signal_target };
	struct sigaction sa = { .sa_handler = on_signal };
	int lst = listener(1), s[2];
	char c;

	sigaction(SIGUSR1, &sa, NULL);
	REQUIRE(!later(&l));
	REQUIRE_ERRNO(accept(lst, NULL, NULL), EINTR);
	pthread_join(l.thread, NULL);
	close(lst);
	REQUIRE(!pair(s));
	REQUIRE(!later(&l));
	REQUIRE_ERRNO(recv(s[0], &c, 1, 0), EINTR);
	pthread_join(l.thread, NULL);
	REQUIRE(send(s[1], "y", 1, 0) == 1 && recv(s[0], &c, 1, 0) == 1 && c == 'y');
	unpair(s);
	return 0;
}

/* ---- rows: data ------------------------------------------------------------------------------ */

static int row_echo(void)
{
	char buf[32];
	int s[2];

	REQUIRE(!pair(s));
	REQUIRE(send(s[1], "question", 8, 0) == 8);
	REQUIRE(recv(s[0], buf, sizeof(buf), 0) == 8 && !memcmp(buf, "question", 8));
	REQUIRE(write(s[0], "answer", 6) == 6);
	REQUIRE(read(s[1], buf, sizeof(buf)) == 6 && !memcmp(buf, "answer", 6));
	REQUIRE_ERRNO(recv(s[0], buf, 1, MSG_DONTWAIT), EAGAIN);
	unpair(s);
	return 0;
}

/* Both directions at once, in writes of many sizes, through full and empty queues. */
static int row_bulk(void)
{
	struct later up = { .run = send_all, .bytes = 16 << 20, .seed = 1 };
	struct later down = { .run = send_all, .bytes = 16 << 20, .seed = 2 };
	uint64_t sum = 0;
	int s[2], child, status;

	REQUIRE(!pair(s));
	up.fd = s[1];
	down.fd = s[0];
	child = fork();
	if (!child) {
		close(s[1]);
		if (later(&down) || receive_sum(s[0], up.bytes, &sum))
			_exit(1);
		pthread_join(down.thread, NULL);
		_exit(down.result || send(s[0], &sum, sizeof(sum), 0) != sizeof(sum) ||
		      send(s[0], &down.sum, sizeof(sum), 0) != sizeof(sum));
	}
	close(s[0]);
	REQUIRE(!later(&up));
	REQUIRE(!receive_sum(s[1], down.bytes, &sum));
	pthread_join(up.thread, NULL);
	REQUIRE(!up.result);
	REQUIRE(recv(s[1], &down.sum, sizeof(sum), MSG_WAITALL) == sizeof(sum));
	REQUIRE(down.sum == up.sum);
	REQUIRE(recv(s[1], &down.sum, sizeof(sum), MSG_WAITALL) == sizeof(sum));
	REQUIRE(down.sum == sum);
	REQUIRE(waitpid(child, &status, 0) == child && !status);
	close(s[1]);
	return 0;
}

static int row_peek(void)
{
	char buf[8];
	int s[2];

	REQUIRE(!pair(s));
	REQUIRE_ERRNO(recv(s[0], buf, 4, MSG_PEEK | MSG_DONTWAIT), EAGAIN);
	REQUIRE(send(s[1], "abcdef", 6, 0) == 6);
	REQUIRE(recv(s[0], buf, 4, MSG_PEEK) == 4 && !memcmp(buf, "abcd", 4));
	REQUIRE(recv(s[0], buf, 8, MSG_PEEK) == 6 && !memcmp(buf, "abcdef", 6));
	REQUIRE(recv(s[0], buf, 3, 0) == 3 && !memcmp(buf, "abc", 3));
	REQUIRE(recv(s[0], buf, 8, MSG_PEEK) == 3 && !memcmp(buf, "def", 3));
	REQUIRE(recv(s[0], buf, 8, 0) == 3);
	unpair(s);
	return 0;
}

static int row_flags(void)
{
	struct sockaddr_vm to = address(cid, 1);
	char buf[4] = "";
	int s[2], fd = stream();

	REQUIRE(!pair(s));
	REQUIRE_ERRNO(send(s[0], buf, 1, MSG_OOB), EOPNOTSUPP);
	REQUIRE_ERRNO(recv(s[0], buf, 1, MSG_OOB), EOPNOTSUPP);
	REQUIRE_ERRNO(sendto(s[0], buf, 1, 0, (struct sockaddr *)&to, sizeof(to)), EISCONN);
	REQUIRE_ERRNO(sendto(fd, buf, 1, 0, (struct sockaddr *)&to, sizeof(to)), EOPNOTSUPP);
	REQUIRE_ERRNO(recv(fd, buf, 1, 0), ENOTCONN);
	REQUIRE_ERRNO(send(fd, buf, 1, MSG_NOSIGNAL), ENOTCONN);
	REQUIRE(recv(s[0], buf, 0, 0) == 0);
	REQUIRE(send(s[0], buf, 0, 0) == 0);
	REQUIRE(send(s[0], "ab", 2, MSG_MORE) == 2 && recv(s[1], buf, 4, 0) == 2);
	close(fd);
	unpair(s);
	return 0;
}

static int row_bad_memory(void)
{
	char buf[8];
	int s[2];

	REQUIRE(!pair(s));
	REQUIRE_ERRNO(send(s[1], (void *)16, 8, 0), EFAULT);
	REQUIRE(send(s[1], "good", 4, 0) == 4);
	REQUIRE_ERRNO(recv(s[0], (void *)16, 8, 0), EFAULT);
	REQUIRE(recv(s[0], buf, 8, 0) == 4 && !memcmp(buf, "good", 4));
	unpair(s);
	return 0;
}

/* As much as asked for, though it does not fit the queue. */
static int row_waitall(void)
{
	struct later up = { .run = send_all, .bytes = 1 << 20, .seed = 3 };
	unsigned char *buf = malloc(1 << 20);
	uint64_t sum = 0;
	int s[2];
	size_t i;

	REQUIRE(buf && !pair(s));
	up.fd = s[1];
	REQUIRE(!later(&up));
	REQUIRE(recv(s[0], buf, 1 << 20, MSG_WAITALL) == 1 << 20);
	pthread_join(up.thread, NULL);
	for (i = 0; i < 1 << 20; i++)
		sum = sum * 31 + buf[i];
	REQUIRE(sum == up.sum);
	free(buf);
	unpair(s);
	return 0;
}

static int row_lowat(void)
{
	int s[2], low = 100;
	char buf[200] = "";

	REQUIRE(!pair(s));
	REQUIRE(!setsockopt(s[0], SOL_SOCKET, SO_RCVLOWAT, &low, sizeof(low)));
	REQUIRE(send(s[1], buf, 99, 0) == 99);
	REQUIRE(!(events(s[0], POLLIN, 100) & POLLIN));
	REQUIRE(send(s[1], buf, 1, 0) == 1);
	REQUIRE(events(s[0], POLLIN, 5000) & POLLIN);
	REQUIRE(recv(s[0], buf, sizeof(buf), 0) == 100);
	unpair(s);
	return 0;
}

static int row_timeouts(void)
{
	static char big[1 << 19];
	int s[2];
	int64_t start;
	ssize_t n;
	char c;

	REQUIRE(!pair(s));
	REQUIRE(!timeout_ms(s[0], SO_RCVTIMEO, 100));
	start = now_ms();
	REQUIRE_ERRNO(recv(s[0], &c, 1, 0), EAGAIN);
	REQUIRE(now_ms() - start >= 90);
	REQUIRE(!timeout_ms(s[1], SO_SNDTIMEO, 100));
	n = send(s[1], big, sizeof(big), 0);
	REQUIRE(n > 0 && n < (ssize_t)sizeof(big));
	REQUIRE_ERRNO(send(s[1], big, 1, 0), EAGAIN);
	REQUIRE_ERRNO(send(s[1], big, 1, MSG_DONTWAIT), EAGAIN);
	REQUIRE(!(events(s[1], POLLOUT, 0) & POLLOUT));
	unpair(s);
	return 0;
}

/* A writer that waits is woken when the reader has made room. */
static int row_room(void)
{
	static char big[1 << 18];
	int s[2], left = 0;

	REQUIRE(!pair(s));
	REQUIRE(!fcntl(s[1], F_SETFL, O_NONBLOCK));
	while (send(s[1], big, sizeof(big), 0) > 0)
		;
	REQUIRE(errno == EAGAIN);
	while (recv(s[0], big, sizeof(big), MSG_DONTWAIT) > 0)
		left++;
	REQUIRE(left > 0);
	REQUIRE(events(s[1], POLLOUT, 5000) & POLLOUT);
	REQUIRE(send(s[1], big, 10, 0) == 10);
	unpair(s);
	return 0;
}

static int row_ioctl(void)
{
	int s[2], n = -1;

	REQUIRE(!pair(s));
	REQUIRE(send(s[1], "12345", 5, 0) == 5);
	REQUIRE(events(s[0], POLLIN, 5000) & POLLIN);
	REQUIRE(!ioctl(s[0], FIONREAD, &n) && n == 5);
	REQUIRE(!ioctl(s[1], SIOCOUTQ, &n) && n == 5);
	REQUIRE_ERRNO(ioctl(s[0], 0x12345, &n), ENOTTY);
	unpair(s);
	return 0;
}

/* ---- rows: ending ---------------------------------------------------------------------------- */

static int row_shutdown(void)
{
	char buf[8];
	int s[2], fd = stream();

	REQUIRE_ERRNO(shutdown(fd, SHUT_RDWR), ENOTCONN);
	close(fd);
	REQUIRE(!pair(s));
	REQUIRE_ERRNO(shutdown(s[0], 7), EINVAL);
	REQUIRE(send(s[1], "last", 4, 0) == 4);
	REQUIRE(!shutdown(s[1], SHUT_WR));
	REQUIRE_ERRNO(send(s[1], buf, 1, MSG_NOSIGNAL), EPIPE);
	REQUIRE(recv(s[0], buf, 8, 0) == 4);
	REQUIRE(recv(s[0], buf, 8, 0) == 0);
	REQUIRE(events(s[0], POLLIN | POLLRDHUP, 0) == (POLLIN | POLLRDHUP));
	REQUIRE(send(s[0], "more", 4, 0) == 4);
	REQUIRE(recv(s[1], buf, 8, 0) == 4);
	REQUIRE(!shutdown(s[0], SHUT_RD));
	unpair(s);

	REQUIRE(!pair(s));
	REQUIRE(!shutdown(s[0], SHUT_RD));
	REQUIRE(recv(s[0], buf, 8, 0) == 0);
	do {
		errno = 0;
	} while (send(s[1], buf, 1, MSG_NOSIGNAL) == 1);
	REQUIRE(errno == EPIPE);
	unpair(s);
	return 0;
}

static int row_close(void)
{
	char buf[8];
	int s[2];

	REQUIRE(!pair(s));
	REQUIRE(send(s[1], "queued", 6, 0) == 6);
	close(s[1]);
	REQUIRE(events(s[0], POLLRDHUP, 5000) & POLLRDHUP);
	REQUIRE(recv(s[0], buf, 3, 0) == 3);
	REQUIRE(recv(s[0], buf, 8, 0) == 3);
	REQUIRE(recv(s[0], buf, 8, 0) == 0);
	REQUIRE_ERRNO(send(s[0], buf, 1, MSG_NOSIGNAL), EPIPE);
	close(s[0]);
	return 0;
}

static void drain_later(struct later *l)
{
	char buf[100];

	after_50_ms();
	l->result = (int)recv(l->fd, buf, sizeof(buf), 0);
}

/* SO_LINGER: close() waits until the peer has the data, or for the time given. */
static int row_linger(void)
{
	struct linger on = { .l_onoff = 1, .l_linger = 5 };
	struct later l = { .run = drain_later };
	int64_t start;
	int s[2];

	REQUIRE(!pair(s));
	REQUIRE(!setsockopt(s[1], SOL_SOCKET, SO_LINGER, &on, sizeof(on)));
	REQUIRE(send(s[1], "taken", 5, 0) == 5);
	l.fd = s[0];
	start = now_ms();
	REQUIRE(!later(&l));
	REQUIRE(!close(s[1]));
	REQUIRE(now_ms() - start >= 45 && now_ms() - start < 4000);
	pthread_join(l.thread, NULL);
	REQUIRE(l.result == 5);
	close(s[0]);
	return 0;
}

static int sigpipe_child(void)
{
	int s[2];

	signal(SIGPIPE, SIG_DFL);
	if (pair(s) || shutdown(s[1], SHUT_WR))
		return 1;
	if (send(s[1], "x", 1, MSG_NOSIGNAL) != -1 || errno != EPIPE)
		return 2;
	send(s[1], "x", 1, 0);
	return 3;
}

static int row_sigpipe(void)
{
	pid_t child = fork();
	int status;

	if (!child)
		_exit(sigpipe_child());
	REQUIRE(waitpid(child, &status, 0) == child);
	REQUIRE(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
	return 0;
}

static int row_poll(void)
{
	int s[2], fd = stream();

	REQUIRE(!pair(s));
	REQUIRE(events(s[0], POLLIN | POLLOUT | POLLRDHUP, 0) == POLLOUT);
	REQUIRE(send(s[1], "x", 1, 0) == 1);
	REQUIRE(events(s[0], POLLIN, 5000) == POLLIN);
	REQUIRE(!shutdown(s[0], SHUT_RDWR));
	REQUIRE(events(s[0], POLLIN | POLLOUT, 0) == (POLLIN | POLLHUP));
	close(fd);
	unpair(s);
	return 0;
}

/* ---- rows: options --------------------------------------------------------------------------- */

static int row_options(void)
{
	struct timeval tv = { .tv_sec = -1 };
	unsigned long long v = 0;
	socklen_t len = sizeof(v);
	int fd = stream();

	REQUIRE(!getsockopt(fd, family, SO_VMCI_BUFFER_SIZE, &v, &len) && v == 262144);
	REQUIRE(!getsockopt(fd, family, SO_VMCI_BUFFER_MIN_SIZE, &v, &len) && v == 128);
	REQUIRE(!getsockopt(fd, family, SO_VMCI_BUFFER_MAX_SIZE, &v, &len) && v == 262144);
	v = 1 << 20;
	REQUIRE(!setsockopt(fd, family, SO_VMCI_BUFFER_SIZE, &v, sizeof(v)));
	REQUIRE(!getsockopt(fd, family, SO_VMCI_BUFFER_SIZE, &v, &len) && v == 262144);
	v = 1 << 20;
	REQUIRE(!setsockopt(fd, family, SO_VMCI_BUFFER_MAX_SIZE, &v, sizeof(v)));
	REQUIRE(!setsockopt(fd, family, SO_VMCI_BUFFER_SIZE, &v, sizeof(v)));
	REQUIRE(!getsockopt(fd, family, SO_VMCI_BUFFER_SIZE, &v, &len) && v == 1 << 20);
	REQUIRE_ERRNO(setsockopt(fd, family, SO_VMCI_BUFFER_SIZE, &v, 4), EINVAL);
	REQUIRE_ERRNO(setsockopt(fd, family, SO_VMCI_CONNECT_TIMEOUT, &tv, sizeof(tv)), ERANGE);
	tv.tv_sec = 7;
	REQUIRE(!setsockopt(fd, family, SO_VMCI_CONNECT_TIMEOUT, &tv, sizeof(tv)));
	len = sizeof(tv);
	tv.tv_sec = 0;
	REQUIRE(!getsockopt(fd, family, SO_VMCI_CONNECT_TIMEOUT, &tv, &len) && tv.tv_sec == 7);
	len = sizeof(v);
	REQUIRE_ERRNO(getsockopt(fd, family, SO_VMCI_TRUSTED, &v, &len), ENOPROTOOPT);
	REQUIRE_ERRNO(getsockopt(fd, family, SO_VMCI_PEER_HOST_VM_ID, &v, &len), ENOPROTOOPT);
	close(fd);
	return 0;
}

/* The negotiated size is what one connection holds. */
static int row_small_queue(void)
{
	struct later up = { .run = send_all, .bytes = 100000, .seed = 4 };
	unsigned long long v = 1000;
	socklen_t len = sizeof(v);
	uint64_t sum = 0;
	int l = listener(1), fd = stream(), s;

	REQUIRE(!setsockopt(fd, family, SO_VMCI_BUFFER_SIZE, &v, sizeof(v)));
	REQUIRE(!connect_to(fd, cid, port_of(l)));
	s = accept(l, NULL, NULL);
	REQUIRE(s >= 0);
	REQUIRE(!getsockopt(fd, family, SO_VMCI_BUFFER_SIZE, &v, &len) && v == 1000);
	up.fd = fd;
	REQUIRE(!later(&up) && !receive_sum(s, up.bytes, &sum));
	pthread_join(up.thread, NULL);
	REQUIRE(sum == up.sum);
	close(s);
	close(fd);
	close(l);
	return 0;
}

/* ---- rows: datagrams ------------------------------------------------------------------------- */

static int row_dgram(void)
{
	int a = socket(family, SOCK_DGRAM, 0), b = socket(family, SOCK_DGRAM, 0);
	struct sockaddr_vm from, to;
	socklen_t len = sizeof(from);
	static char big[70000];
	struct iovec iov = { .iov_base = big, .iov_len = 3 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	REQUIRE(a >= 0 && b >= 0 && !bind_to(b, VMADDR_CID_ANY, VMADDR_PORT_ANY));
	REQUIRE_ERRNO(send(a, "x", 1, 0), EINVAL);
	to = address(cid, port_of(b));
	REQUIRE_ERRNO(sendto(a, big, sizeof(big), 0, (struct sockaddr *)&to, sizeof(to)), EMSGSIZE);
	REQUIRE(sendto(a, "hello", 5, 0, (struct sockaddr *)&to, sizeof(to)) == 5);
	REQUIRE(events(b, POLLIN, 5000) & POLLIN);
	REQUIRE(recvfrom(b, big, 10, 0, (struct sockaddr *)&from, &len) == 5 && !memcmp(big, "hello", 5));
	REQUIRE(len == sizeof(from) && from.svm_family == family && from.svm_cid == cid &&
		from.svm_port == port_of(a));
	REQUIRE_ERRNO(recv(b, big, 1, MSG_DONTWAIT), EAGAIN);
	REQUIRE(!connect(a, (struct sockaddr *)&to, sizeof(to)));
	REQUIRE(send(a, "second", 6, 0) == 6);
	REQUIRE(recvmsg(b, &msg, 0) == 3 && (msg.msg_flags & MSG_TRUNC) && !memcmp(big, "sec", 3));
	REQUIRE(send(a, big, 69608, 0) == 69608);
	REQUIRE(recv(b, big, sizeof(big), 0) == 69608);
	REQUIRE(send(a, "", 0, 0) == 0);
	REQUIRE(recv(b, big, sizeof(big), 0) == 0);
	close(a);
	close(b);
	return 0;
}

/* ---- main ------------------------------------------------------------------------------------ */

#define BOTH		false
#define OURS_ONLY	true

static const struct row {
	const char *name;
	const char *sentence;
	int (*run)(void);
	bool ours_only;		/* Linux's own vSockets over VMCI are known to differ */
} rows[] = {
	{ "types", "only streams and datagrams of protocol 0 can be made", row_types, BOTH },
	{ "seqpacket", "SOCK_SEQPACKET is refused at once", row_seqpacket, OURS_ONLY },
	{ "bind", "bind() refuses what it must and picks a port", row_bind, BOTH },
	{ "reserved", "ports up to 1023 need CAP_NET_BIND_SERVICE", row_reserved, BOTH },
	{ "names", "both ends know both addresses", row_names, BOTH },
	{ "refused", "a port where nobody listens resets", row_refused, BOTH },
	{ "itself", "a stream that connects to its own address is reset", row_itself, OURS_ONLY },
	{ "listen", "listen() and accept() refuse what they must", row_listen, BOTH },
	{ "nonblocking", "a non-blocking connect() tells its end by poll()", row_nonblocking_connect, BOTH },
	{ "backlog", "a full backlog refuses, and recovers", row_backlog, BOTH },
	{ "unaccepted", "connections that nobody accepted end with their listener", row_unaccepted, BOTH },
	{ "many", "200 connections at once keep apart", row_many, BOTH },
	{ "thousand", "1,000 streams fit and all carry data", row_thousand, OURS_ONLY },
	{ "signals", "a signal ends a wait with EINTR", row_signals, BOTH },
	{ "echo", "bytes go both ways", row_echo, BOTH },
	{ "bulk", "16 MiB each way at once arrive as they were sent", row_bulk, BOTH },
	{ "peek", "MSG_PEEK leaves the bytes there", row_peek, BOTH },
	{ "flags", "flags and destinations that make no sense are refused", row_flags, BOTH },
	{ "memory", "bad memory is EFAULT and loses nothing", row_bad_memory, OURS_ONLY },
	{ "waitall", "MSG_WAITALL gives more than the queue holds", row_waitall, OURS_ONLY },
	{ "lowat", "SO_RCVLOWAT delays poll() and recv()", row_lowat, BOTH },
	{ "timeouts", "SO_RCVTIMEO and SO_SNDTIMEO end a wait", row_timeouts, BOTH },
	{ "room", "a writer learns that there is room again", row_room, BOTH },
	{ "ioctl", "FIONREAD and SIOCOUTQ count bytes", row_ioctl, OURS_ONLY },
	{ "shutdown", "each direction can be shut down alone", row_shutdown, BOTH },
	{ "close", "what was sent before close() can be read after it", row_close, BOTH },
	{ "linger", "close() waits for the peer when SO_LINGER says so", row_linger, OURS_ONLY },
	{ "sigpipe", "SIGPIPE comes unless MSG_NOSIGNAL is given", row_sigpipe, OURS_ONLY },
	{ "poll", "poll() has the documented masks", row_poll, BOTH },
	{ "options", "the options have the documented ranges", row_options, BOTH },
	{ "small", "a small queue carries as much as a large one", row_small_queue, OURS_ONLY },
	{ "retry", "a connect() that was refused can be repeated with success", row_retry, BOTH },
	{ "vectors", "writev() and readv() keep the order", row_vectors, BOTH },
	{ "sendfile", "sendfile() sends a file", row_sendfile, BOTH },
	{ "splice", "splice() moves bytes from socket to pipe to socket", row_splice, BOTH },
	{ "peekall", "MSG_PEEK with MSG_WAITALL waits for all", row_peek_all, OURS_ONLY },
	{ "truncate", "MSG_TRUNC loses nothing of a stream", row_truncate, BOTH },
	{ "edges", "epoll tells each edge once", row_edges, BOTH },
	{ "fork", "a connection ends with the last process that has it", row_fork, BOTH },
	{ "passing", "a connection goes on in the process that it is passed to", row_passing, BOTH },
	{ "reset", "close() with an SO_LINGER of 0 is the end for the peer", row_reset, BOTH },
	{ "dgram", "datagrams keep their bounds and their sender", row_dgram, BOTH },
};

#define ROWS	(sizeof(rows) / sizeof(rows[0]))

static bool wanted(const char *name, int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++) {
		if (!strcmp(argv[i], name))
			return true;
	}
	return !argc;
}

int main(int argc, char **argv)
{
	bool intree = VMCISock_Version() == VMCI_SOCKETS_INVALID_VERSION;
	unsigned int i, number = 0, plan = 0, failed = 0;
	int opt;

	family = VMCISock_GetAFValue();
	cid = VMCISock_GetLocalCID();
	while ((opt = getopt(argc, argv, "c:l")) != -1) {
		switch (opt) {
		case 'c':
			cid = (unsigned int)strtoul(optarg, NULL, 0);
			break;
		case 'l':
			for (i = 0; i < ROWS; i++)
				printf("%-12s %s\n", rows[i].name, rows[i].sentence);
			return 0;
		default:
			fprintf(stderr, "usage: vsock-rows [-c CID] [-l] [ROW...]\n");
			return 2;
		}
	}
	if (family < 0) {
		fprintf(stderr, "vsock-rows: no family: %s\n", strerror(errno));
		return 2;
	}
	if (cid == VMADDR_CID_ANY)
		cid = VMADDR_CID_LOCAL;
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i < ROWS; i++)
		plan += wanted(rows[i].name, argc - optind, argv + optind);
	printf("1..%u\n# family %d, CID %u\n", plan, family, cid);
	for (i = 0; i < ROWS; i++) {
		int64_t start = now_ms();

		if (!wanted(rows[i].name, argc - optind, argv + optind))
			continue;
		number++;
		if (intree && rows[i].ours_only) {
			printf("ok %u - %s # SKIP known to differ in tree\n", number, rows[i].sentence);
			continue;
		}
		alarm(ROW_LIMIT_S);
		if (rows[i].run() < 0) {
			failed++;
			printf("not ok %u - %s: %s\n# %s\n", number, rows[i].name, rows[i].sentence, why);
		} else {
			printf("ok %u - %s: %s # %lld ms\n", number, rows[i].name, rows[i].sentence,
			       (long long)(now_ms() - start));
		}
		alarm(0);
	}
	return failed ? 1 : 0;
}
