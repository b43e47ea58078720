/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * link.c - a front's end of the front protocol
 *
 * Packets go out from the callers' threads as they are (the socket keeps them whole); the reader's
 * thread takes all that comes in.  A caller that waits for a reply has a waiter on a list, under the
 * lock; the reader copies the reply in and wakes it.  A full socket is waited for like a reply,
 * because the VM process may be busy for a moment, but it may also be stopped in a debugger for
 * ever.
 *
 * Lost, once and for all: the VM process hung up, broke the protocol or did not take a packet in
 * time. Then every call fails at once.  There is no second connection: a VM process owns its front,
 * and ends it.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "host/front/link.h"

struct waiter {
	LIST_ENTRY(waiter) entry;
	uint32_t id;
	bool done;
	char *reply;
	size_t room;
	long result;
};

struct link {
	int fd;
	atomic_bool lost;
	pthread_mutex_t lock;		/* the list, its waiters, last_id */
	pthread_cond_t replied;		/* of CLOCK_MONOTONIC */
	LIST_HEAD(, waiter) waiters;
	uint32_t last_id;
	const struct link_ops *ops;
	void *data;
	char packet[sizeof(struct front_hdr) + FRONT_BODY_MAX];	/* the reader's */
};

static void link_lost(struct link *l, const char *why)
{
	if (atomic_exchange(&l->lost, true))
		return;
	fprintf(stderr, "vmtkit: %s: guests get no answer from now on\n", why);
	shutdown(l->fd, SHUT_RDWR);
	pthread_mutex_lock(&l->lock);
	pthread_cond_broadcast(&l->replied);
	pthread_mutex_unlock(&l->lock);
}

/* ---- out ------------------------------------------------------------------------------------- */

static int packet_send(struct link *l, struct front_hdr *hdr, const void *body, size_t len)
{
	struct iovec iov[2] = {
		{ .iov_base = hdr, .iov_len = sizeof(*hdr) },
		{ .iov_base = (void *)(uintptr_t)body, .iov_len = len },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = len ? 2 : 1 };
	struct pollfd pfd = { .fd = l->fd, .events = POLLOUT };

	hdr->len = (uint32_t)len;
	while (!atomic_load(&l->lost)) {
		if (sendmsg(l->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return 0;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN || poll(&pfd, 1, FRONT_RPCI_MS) <= 0)
			link_lost(l, "the VM process takes no messages");
	}
	return -ENOTCONN;
}

void link_post(struct link *l, enum front_type type, uint32_t gen, uint32_t seq, const void *msg,
	       size_t len)
{
	struct front_hdr hdr = { .type = type, .gen = gen, .seq = seq };

	packet_send(l, &hdr, msg, len);
}

static void deadline_in(struct timespec *ts, unsigned int ms)
{
	clock_gettime(CLOCK_MONOTONIC, ts);
	ts->tv_sec += ms / 1000;
	ts->tv_nsec += (long)(ms % 1000) * 1000000;
	if (ts->tv_nsec >= 1000000000) {
		ts->tv_sec++;
		ts->tv_nsec -= 1000000000;
	}
}

long link_rpci(struct link *l, const void *msg, size_t len, void *reply, size_t room)
{
	struct waiter w = { .reply = reply, .room = room, .result = -ETIMEDOUT };
	struct front_hdr hdr = { .type = FRONT_RPCI };
	struct timespec deadline;
	int err;

	deadline_in(&deadline, FRONT_RPCI_MS);
	pthread_mutex_lock(&l->lock);
	if (!++l->last_id)
		l->last_id = 1;
	w.id = hdr.seq = l->last_id;
	LIST_INSERT_HEAD(&l->waiters, &w, entry);
	pthread_mutex_unlock(&l->lock);

	err = packet_send(l, &hdr, msg, len);

	pthread_mutex_lock(&l->lock);
	while (!err && !w.done && !atomic_load(&l->lost))
		err = -pthread_cond_timedwait(&l->replied, &l->lock, &deadline);
	LIST_REMOVE(&w, entry);
	pthread_mutex_unlock(&l->lock);
	if (w.done)
		return w.result;
	return err ? err : -ENOTCONN;
}

/* ---- in -------------------------------------------------------------------------------------- */

static void got_reply(struct link *l, const struct front_hdr *hdr, const char *body)
{
	struct waiter *w;

	pthread_mutex_lock(&l->lock);
	LIST_FOREACH(w, &l->waiters, entry)
		if (w->id == hdr->seq && !w->done)
			break;
	if (w) {
		w->done = true;
		w->result = hdr->len <= w->room ? (long)hdr->len : -EMSGSIZE;
		if (w->result > 0)
			memcpy(w->reply, body, hdr->len);
		pthread_cond_broadcast(&l->replied);
	}
	pthread_mutex_unlock(&l->lock);
}

static bool dispatch(struct link *l, const struct front_hdr *hdr, const char *body)
{
	switch (hdr->type) {
	case FRONT_RPCI_REPLY:
		got_reply(l, hdr, body);
		return true;
	case FRONT_TCLO:
		l->ops->tclo(l->data, hdr->gen, hdr->seq, body, hdr->len);
		return true;
	case FRONT_TCLO_CANCEL:
		l->ops->cancel(l->data, hdr->seq);
		return true;
	case FRONT_CHECKPOINT:
		l->ops->checkpoint(l->data);
		return true;
	case FRONT_GUI_OPTIONS:
		l->ops->gui_options(l->data, hdr->seq);
		return true;
	case FRONT_FAULT:
		l->ops->fault(l->data, body, hdr->len);
		return true;
	case FRONT_FAULT_CLEAR:
		l->ops->fault_clear(l->data, hdr->seq);
		return true;
	default:
		return false;
	}
}

static void *reader(void *arg)
{
	struct link *l = arg;

	while (!atomic_load(&l->lost)) {
		ssize_t n = recv(l->fd, l->packet, sizeof(l->packet), MSG_TRUNC);
		struct front_hdr hdr;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			link_lost(l, "the VM process hung up");
			break;
		}
		if ((size_t)n < sizeof(hdr) || (size_t)n > sizeof(l->packet))
			goto bad;
		memcpy(&hdr, l->packet, sizeof(hdr));
		if (hdr.len != (size_t)n - sizeof(hdr) ||
		    !dispatch(l, &hdr, l->packet + sizeof(hdr)))
			goto bad;
		continue;
bad:
		link_lost(l, "the VM process broke the protocol");
	}
	return NULL;
}

int link_start(struct link *l, const struct link_ops *ops, void *data)
{
	sigset_t all, old;
	pthread_t thread;
	int err;

	l->ops = ops;
	l->data = data;
	sigfillset(&all);		/* signals are for the front's own threads */
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = -pthread_create(&thread, NULL, reader, l);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!err)
		pthread_detach(thread);
	return err;
}

/* ---- beginning ------------------------------------------------------------------------------- */

static int connect_path(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	strcpy(sa.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

/* Wait for WELCOME and the descriptor that must come with it. */
static int welcome_read(int fd, struct front_welcome *ret, int *ret_fd)
{
	struct {
		struct front_hdr hdr;
		struct front_welcome body;
	} packet;
	union {
		struct cmsghdr hdr;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = &packet, .iov_len = sizeof(packet) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	struct cmsghdr *c;
	ssize_t n;

	n = poll(&pfd, 1, FRONT_HELLO_MS);
	if (n <= 0)
		return n ? -errno : -ETIMEDOUT;
	n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	if (n < 0)
		return -errno;
	c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS ||
	    c->cmsg_len != CMSG_LEN(sizeof(int)))
		return -EPROTO;
	memcpy(ret_fd, CMSG_DATA(c), sizeof(*ret_fd));
	if ((size_t)n != sizeof(packet) || packet.hdr.type != FRONT_WELCOME ||
	    packet.hdr.len != sizeof(packet.body) || packet.body.version != FRONT_VERSION) {
		close(*ret_fd);
		return -EPROTO;
	}
	*ret = packet.body;
	return 0;
}

static struct link *link_new(int fd)
{
	struct link *l = calloc(1, sizeof(*l));
	pthread_condattr_t attr;

	if (!l)
		return NULL;
	l->fd = fd;
	pthread_mutex_init(&l->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&l->replied, &attr);
	pthread_condattr_destroy(&attr);
	LIST_INIT(&l->waiters);
	return l;
}

int link_open(const char *path, uint64_t tsc_khz, struct link **ret,
	      struct front_welcome *ret_welcome, struct front_page **ret_page,
	      const char **ret_error)
{
	struct front_hello hello = {
		.version = FRONT_VERSION, .pid = (uint32_t)getpid(), .tsc_khz = tsc_khz,
	};
	int fd = connect_path(path), page_fd = -1, err;
	struct link *l;
	void *page;

	*ret_error = "cannot connect to the VM process";
	if (fd < 0)
		return fd;
	l = link_new(fd);
	if (!l) {
		close(fd);
		return -ENOMEM;
	}
	link_post(l, FRONT_HELLO, 0, 0, &hello, sizeof(hello));
	*ret_error = "no welcome from the VM process";
	err = welcome_read(fd, ret_welcome, &page_fd);
	if (err < 0)
		goto undo_link;
	*ret_error = "cannot map the page of the VM process";
	page = mmap(NULL, FRONT_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, page_fd, 0);
	err = page == MAP_FAILED ? -errno : 0;
	close(page_fd);
	if (err < 0)
		goto undo_link;
	*ret_page = page;
	*ret = l;
	return 0;

undo_link:
	close(fd);
	free(l);
	return err;
}
