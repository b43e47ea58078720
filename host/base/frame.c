/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * frame.c - typed messages with descriptors over a UNIX stream socket
 *
 * Header, little-endian: u32 magic, u32 type, u32 body length, u32 number of descriptors.
 *
 * The reader asks the kernel first for the header's bytes and then for the body's, never for more.
 * A sender may attach descriptors to any byte; those that do not come with the header, or are not
 * as many as it says, make the frame bad and are closed at once: a peer cannot fill our table.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "host/base/bytes.h"
#include "host/base/fd.h"
#include "host/base/frame.h"

void frame_hdr_put(uint8_t hdr[FRAME_HDR_LEN], uint32_t type, uint32_t len, uint32_t fd_count)
{
	put_le32(hdr, FRAME_MAGIC);
	put_le32(hdr + 4, type);
	put_le32(hdr + 8, len);
	put_le32(hdr + 12, fd_count);
}

int frame_hdr_get(const uint8_t hdr[FRAME_HDR_LEN], uint32_t limit, uint32_t *ret_type,
		  uint32_t *ret_len, uint32_t *ret_fd_count)
{
	uint32_t len = get_le32(hdr + 8), fd_count = get_le32(hdr + 12);

	if (get_le32(hdr) != FRAME_MAGIC)
		return -EPROTO;
	if (len > limit || fd_count > FRAME_FDS_MAX)
		return -EMSGSIZE;
	*ret_type = get_le32(hdr + 4);
	*ret_len = len;
	*ret_fd_count = fd_count;
	return 0;
}

/* Keep the descriptors of one message; -EPROTO when there is no room for all of them. */
static int fds_collect(struct frame *f, struct msghdr *msg)
{
	struct cmsghdr *c;
	int err = msg->msg_flags & MSG_CTRUNC ? -EPROTO : 0;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t i, count;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (f->fd_count < FRAME_FDS_MAX) {
				f->fds[f->fd_count++] = fd;
			} else {
				close(fd);
				err = -EPROTO;
			}
		}
	}
	return err;
}

/* 1 when all @want bytes are there, 0 to wait, or -errno */
static int fill(struct frame_reader *r, int fd, void *buf, size_t have, size_t want)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(FRAME_FDS_MAX * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = (char *)buf + have, .iov_len = want - have };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	ssize_t n;
	int err;

	if (have == want)
		return 1;
	n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	err = fds_collect(&r->frame, &msg);
	if (err)
		return err;
	if (!n)
		return r->have ? -EPIPE : -ECONNRESET;
	r->have += (size_t)n;
	return (size_t)n == want - have;
}

int frame_read(struct frame_reader *r, int fd, uint32_t limit, struct frame *ret)
{
	struct frame *f = &r->frame;
	uint32_t fd_count;
	int err;

	while (r->have < FRAME_HDR_LEN) {
		size_t before = r->have;

		err = fill(r, fd, r->hdr, r->have, FRAME_HDR_LEN);
		if (err < 0)
			return err;
		if (!err && r->have == before)
			return 0;
	}
	err = frame_hdr_get(r->hdr, limit, &f->type, &f->len, &fd_count);
	if (err)
		return err;
	if (f->fd_count != fd_count)
		return -EPROTO;
	if (!f->body) {
		f->body = malloc((size_t)f->len + 1);
		if (!f->body)
			return -ENOMEM;
	}
	while (r->have - FRAME_HDR_LEN < f->len) {
		size_t before = r->have;

		err = fill(r, fd, f->body, r->have - FRAME_HDR_LEN, f->len);
		if (err < 0)
			return err;
		if (f->fd_count != fd_count)
			return -EPROTO;
		if (!err && r->have == before)
			return 0;
	}
	f->body[f->len] = '\0';
	*ret = *f;
	memset(r, 0, sizeof(*r));
	return 1;
}

void frame_done(struct frame *f)
{
	size_t i;

	free(f->body);
	for (i = 0; i < f->fd_count; i++)
		fd_cleanup(&f->fds[i]);
	memset(f, 0, sizeof(*f));
}

void frame_reader_done(struct frame_reader *r)
{
	frame_done(&r->frame);
	r->have = 0;
}

int frame_take_fd(struct frame *f, size_t i)
{
	return i < f->fd_count ? fd_steal(&f->fds[i]) : -1;
}

long frame_send_part(int fd, const void *buf, size_t len, const int *fds, size_t fd_count)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(FRAME_FDS_MAX * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = (void *)buf, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (fd_count > FRAME_FDS_MAX)
		return -EINVAL;
	if (fd_count) {
		struct cmsghdr *c;

		memset(&control, 0, sizeof(control));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		memcpy(CMSG_DATA(c), fds, fd_count * sizeof(int));
	}
	do
		n = sendmsg(fd, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static int send_wait(int fd, const void *buf, size_t len, const int *fds, size_t fd_count)
{
	const char *p = buf;

	while (len) {
		long n = frame_send_part(fd, p, len, fds, fd_count);

		if (n == -EAGAIN) {
			struct pollfd pfd = { .fd = fd, .events = POLLOUT };

			if (poll(&pfd, 1, -1) < 0 && errno != EINTR)
				return -errno;
			continue;
		}
		if (n < 0)
			return (int)n;
		fd_count = 0;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int frame_write(int fd, uint32_t type, const void *body, size_t len, const int *fds,
		size_t fd_count)
{
	uint8_t hdr[FRAME_HDR_LEN];
	int err;

	if (len > FRAME_BODY_MAX || fd_count > FRAME_FDS_MAX)
		return -EMSGSIZE;
	frame_hdr_put(hdr, type, (uint32_t)len, (uint32_t)fd_count);
	err = send_wait(fd, hdr, sizeof(hdr), fds, fd_count);
	return err ? err : send_wait(fd, body, len, NULL, 0);
}
