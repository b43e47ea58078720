/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vsock-stress.c - threads that do everything with everybody's sockets at any moment
 *
 * usage: vsock-stress [-c CID] [-s SECONDS] [-t THREADS] [-r SEED]
 *
 * A table of descriptors is shared by all threads.  Each thread takes random ones and connects,
 * accepts, sends, receives, polls, shuts down, closes and replaces them, while another sends signals
 * to all.  Nothing that a call returns is wrong here; what must hold is that every call returns,
 * that the kernel stays whole, and that afterwards nothing is left: the caller unloads the module.
 * Prints how many calls there were of each kind.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <vmci_sockets.h>

#define SLOTS		48
#define THREADS_MAX	32
#define PORTS		8
#define PORT_FIRST	5200u

enum call { OPEN, LISTEN, CONNECT, ACCEPT, SEND, RECV, POLL, SHUTDOWN, OPTION, DGRAM, CALLS };

static const char *const call_names[CALLS] = {
	"open", "listen", "connect", "accept", "send", "recv", "poll", "shutdown", "option", "dgram",
};

static int family;
static unsigned int cid, seed = 1;
static atomic_int slots[SLOTS];
static atomic_ulong done[CALLS], succeeded[CALLS];
static atomic_bool stop;
static pthread_t threads[THREADS_MAX];
static unsigned int thread_count = 8;

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static struct sockaddr_vm address(uint32_t random)
{
	struct sockaddr_vm a;

	memset(&a, 0, sizeof(a));
	a.svm_family = (sa_family_t)family;
	a.svm_cid = cid;
	a.svm_port = PORT_FIRST + random % PORTS;
	return a;
}

/* A new descriptor for a slot; the old one is closed, whoever may be using it. */
static int replace(int fd, int slot)
{
	int old = atomic_exchange(&slots[slot], fd);

	if (old >= 0)
		close(old);
	return fd;
}

static int do_open(int slot, uint32_t random)
{
	unsigned long long size = 1u << (7 + random % 12);
	struct timeval limit = { .tv_usec = 1000 + random % 50000 };
	int fd = socket(family, SOCK_STREAM, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, family, SO_VMCI_BUFFER_SIZE, &size, sizeof(size));
	setsockopt(fd, family, SO_VMCI_CONNECT_TIMEOUT, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (random & 0x10000)
		fcntl(fd, F_SETFL, O_NONBLOCK);
	return replace(fd, slot);
}

static int do_listen(int fd, uint32_t random)
{
	struct sockaddr_vm a = address(random);

	a.svm_cid = VMADDR_CID_ANY;
	bind(fd, (struct sockaddr *)&a, sizeof(a));
	return listen(fd, (int)(random >> 16) % 8);
}

static int do_accept(int fd, int slot)
{
	int new = accept(fd, NULL, NULL);

	return new < 0 ? -1 : replace(new, slot);
}

static int do_data(int fd, uint32_t random, bool out)
{
	static const int flags[] = { 0, MSG_DONTWAIT, MSG_PEEK, MSG_WAITALL };
	char buf[5000];
	size_t n = random % sizeof(buf);
	int flag = flags[(random >> 16) % 4];

	if (!out)
		return (int)recv(fd, buf, n, flag);
	memset(buf, 'x', n);
	return (int)send(fd, buf, n, (flag & MSG_DONTWAIT) | MSG_NOSIGNAL);
}

static int do_option(int fd, uint32_t random)
{
	unsigned long long size = random;
	struct sockaddr_vm a;
	socklen_t len = sizeof(size), alen = sizeof(a);
	int low = (int)(random % 10000);

	setsockopt(fd, family, (int)(random >> 20) % 12, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &low, sizeof(low));
	getpeername(fd, (struct sockaddr *)&a, &alen);
	return getsockopt(fd, family, (int)(random >> 24) % 12, &size, &len);
}

static int do_dgram(uint32_t random)
{
	struct sockaddr_vm a = address(random);
	char buf[3000];
	int fd = socket(family, SOCK_DGRAM, 0), n;

	if (random & 0x10000) {
		a.svm_cid = VMADDR_CID_ANY;
		bind(fd, (struct sockaddr *)&a, sizeof(a));
		n = (int)recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
	} else {
		memset(buf, 'd', sizeof(buf));
		n = (int)sendto(fd, buf, random % sizeof(buf), 0, (struct sockaddr *)&a, sizeof(a));
	}
	close(fd);
	return n;
}

static int call_one(enum call call, uint32_t random)
{
	int slot = (int)((random >> 8) % SLOTS), fd = atomic_load(&slots[slot]);
	struct sockaddr_vm a = address(random);
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };

	switch (call) {
	case OPEN:
		return do_open(slot, random);
	case LISTEN:
		return do_listen(fd, random);
	case CONNECT:
		return connect(fd, (struct sockaddr *)&a, sizeof(a));
	case ACCEPT:
		return do_accept(fd, (int)(random % SLOTS));
	case SEND:
	case RECV:
		return do_data(fd, random, call == SEND);
	case POLL:
		return poll(&p, 1, (int)(random % 3));
	case SHUTDOWN:
		return shutdown(fd, (int)(random % 3));
	case OPTION:
		return do_option(fd, random);
	case DGRAM:
		return do_dgram(random);
	case CALLS:
		break;
	}
	return -1;
}

static void *worker(void *arg)
{
	static const enum call weights[] = {
		OPEN, OPEN, OPEN, LISTEN, CONNECT, CONNECT, CONNECT, ACCEPT, ACCEPT, ACCEPT,
		SEND, SEND, SEND, RECV, RECV, RECV, POLL, SHUTDOWN, OPTION, DGRAM,
	};
	uint32_t state = (uint32_t)(uintptr_t)arg * 2654435761u + seed;

	while (!atomic_load(&stop)) {
		enum call call = weights[next_random(&state) % (sizeof(weights) / sizeof(weights[0]))];

		if (call_one(call, next_random(&state)) >= 0)
			atomic_fetch_add(&succeeded[call], 1);
		atomic_fetch_add(&done[call], 1);
	}
	return NULL;
}

static void on_signal(int sig)
{
}

static void run(unsigned int seconds)
{
	struct sigaction sa = { .sa_handler = on_signal };
	uint32_t state = seed;
	time_t end = time(NULL) + seconds;
	unsigned int i;

	sigaction(SIGUSR1, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < SLOTS; i++)
		atomic_store(&slots[i], -1);
	for (i = 0; i < thread_count; i++)
		pthread_create(&threads[i], NULL, worker, (void *)(uintptr_t)(i + 1));
	while (time(NULL) < end) {
		nanosleep(&(struct timespec){ .tv_nsec = 3000000 }, NULL);
		pthread_kill(threads[next_random(&state) % thread_count], SIGUSR1);
	}
	atomic_store(&stop, true);
	/* Who still waits in a call is woken by closing what it waits for, or by a signal. */
	for (i = 0; i < SLOTS; i++)
		shutdown(atomic_load(&slots[i]), SHUT_RDWR);
	for (i = 0; i < thread_count; i++) {
		while (pthread_tryjoin_np(threads[i], NULL)) {
			pthread_kill(threads[i], SIGUSR1);
			nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
		}
	}
}

int main(int argc, char **argv)
{
	unsigned int seconds = 10, i;
	int opt;

	family = VMCISock_GetAFValue();
	cid = VMADDR_CID_LOCAL;
	while ((opt = getopt(argc, argv, "c:s:t:r:")) != -1) {
		unsigned int value = optarg ? (unsigned int)strtoul(optarg, NULL, 0) : 0;

		if (opt == 'c') {
			cid = value;
		} else if (opt == 's') {
			seconds = value;
		} else if (opt == 't' && value && value <= THREADS_MAX) {
			thread_count = value;
		} else if (opt == 'r') {
			seed = value;
		} else {
			fprintf(stderr, "usage: vsock-stress [-c CID] [-s SECONDS] [-t THREADS] [-r SEED]\n");
			return 2;
		}
	}
	if (family < 0) {
		fprintf(stderr, "vsock-stress: no family: %s\n", strerror(errno));
		return 1;
	}
	alarm(seconds + 60);
	run(seconds);
	for (i = 0; i < CALLS; i++)
		printf("%s %lu/%lu%s", call_names[i], atomic_load(&succeeded[i]), atomic_load(&done[i]),
		       i + 1 < CALLS ? ", " : "\n");
	return 0;
}
