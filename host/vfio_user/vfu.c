/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfu.c - the socket of a vfio-user server
 *
 * States: LISTENING (no client) and CONNECTED, where the listener rests.
 * A message is read in two steps, header and body, each to its exact length, because the kernel
 * hands descriptors over with the bytes they were sent with: so they can only belong to the message
 * at hand. Messages are handled in order, each to its end; a reply that the socket does not take at
 * once stops the reading until it is gone, so at most one is ever waiting.  After some messages in
 * a row the event loop gets its turn.
 * A message that is no command, or whose size cannot be, ends the connection: what follows could
 * not be told apart from garbage.
 */
#include "host/vfio_user/vfu.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/model/gmem.h"
#include "host/model/vmci.h"
#include "host/vfio_user/vfu_core.h"
#include "host/vfio_user/vfu_proto.h"

#define MESSAGES_IN_A_ROW 64

struct vfu {
	struct event_base *base;
	int listen_fd;
	struct event *listen_event;
	struct event *later_event;	/* ops.later of the device */
	const struct vfu_ops *ops;
	void *data;
	struct gmem *mem;
	struct vmci_dev *dev;
	struct vfu_core core;
	struct vfu_stats stats;

	int fd;				/* -1: LISTENING */
	struct event *read_event;
	struct event *write_event;
	struct vfu_hdr hdr;
	uint8_t body[VFU_BODY_MAX];
	size_t in_len;			/* bytes of header and body that are here */
	int fds[VFU_FDS_MAX];		/* that came with them */
	size_t nfds;
	struct {
		struct vfu_hdr hdr;
		uint8_t body[VFU_BODY_MAX];
	} out;
	size_t out_len, out_done;
};

_Static_assert(offsetof(struct vfu, out.body) == offsetof(struct vfu, out.hdr) +
	       sizeof(struct vfu_hdr), "a reply is sent as one piece");

static void on_irq(void *data, unsigned int vector)
{
	struct vfu *vfu = data;

	if (vfu->fd >= 0)
		vfu_core_irq(&vfu->core, vector);
}

static void trouble(struct vfu *vfu, const char *text)
{
	if (vfu->ops->trouble)
		vfu->ops->trouble(vfu->data, text);
}

static void on_trouble(void *data, enum vmci_trouble what, const char *text)
{
	trouble(data, text);
}

static void on_later(void *data, uint32_t ms)
{
	struct vfu *vfu = data;
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	if (!evtimer_pending(vfu->later_event, NULL))
		evtimer_add(vfu->later_event, &tv);
}

static void on_later_event(evutil_socket_t fd, short what, void *data)
{
	vmci_later(((struct vfu *)data)->dev);
}

static const struct vmci_ops device_ops = {
	.irq = on_irq,
	.trouble = on_trouble,
	.later = on_later,
};

static void fds_close(struct vfu *vfu)
{
	while (vfu->nfds)
		fd_close(&vfu->fds[--vfu->nfds]);
}

static void disconnect(struct vfu *vfu, const char *why)
{
	event_free(vfu->read_event);
	event_free(vfu->write_event);
	fds_close(vfu);
	fd_close(&vfu->fd);
	vfu_core_done(&vfu->core);
	vfu->in_len = 0;
	vfu->out_len = 0;
	vfu->out_done = 0;
	event_add(vfu->listen_event, NULL);
	if (vfu->ops->disconnected)
		vfu->ops->disconnected(vfu->data, why);
}

/* ---- out ---------------------------------------------------------------------------------- */

/* Returns false when the connection has ended. */
static bool reply_flush(struct vfu *vfu)
{
	while (vfu->out_done < vfu->out_len) {
		ssize_t n = send(vfu->fd, (uint8_t *)&vfu->out + vfu->out_done,
				 vfu->out_len - vfu->out_done, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			event_del(vfu->read_event);
			event_add(vfu->write_event, NULL);
			return true;
		}
		if (n < 0) {
			disconnect(vfu, "sending a reply failed");
			return false;
		}
		vfu->out_done += (size_t)n;
	}
	vfu->out_len = 0;
	vfu->out_done = 0;
	return true;
}

static void on_writable(evutil_socket_t fd, short what, void *data)
{
	struct vfu *vfu = data;

	if (!reply_flush(vfu) || vfu->out_len)
		return;
	event_del(vfu->write_event);
	event_add(vfu->read_event, NULL);
}

/* ---- in ----------------------------------------------------------------------------------- */

/* A whole message is here.  Returns false when the connection has ended. */
static bool message_handle(struct vfu *vfu)
{
	bool versioned = vfu->core.versioned;
	int len;

	vfu->stats.messages++;
	len = vfu_core_message(&vfu->core, vfu->hdr.cmd, vfu->body, vfu->in_len - sizeof(vfu->hdr),
			       vfu->fds, vfu->nfds, vfu->out.body);
	fds_close(vfu);
	vfu->in_len = 0;
	if (len < 0) {
		vfu->stats.refused++;
		if (vfu->core.refusal)
			trouble(vfu, vfu->core.refusal);
	}
	if (!versioned && vfu->core.versioned && vfu->ops->connected)
		vfu->ops->connected(vfu->data);
	if (vfu->hdr.flags & VFU_FLAG_NO_REPLY)
		return true;
	vfu->out.hdr = (struct vfu_hdr){
		.id = vfu->hdr.id,
		.cmd = vfu->hdr.cmd,
		.flags = VFU_FLAG_REPLY | (len < 0 ? VFU_FLAG_ERROR : 0),
		.error = len < 0 ? (uint32_t)-len : 0,
	};
	vfu->out_len = sizeof(vfu->out.hdr) + (len < 0 ? 0 : (size_t)len);
	vfu->out.hdr.size = (uint32_t)vfu->out_len;
	return reply_flush(vfu);
}

/* Keep the descriptors that came.  False: more than any message has. */
static bool fds_take(struct vfu *vfu, struct msghdr *msg)
{
	struct cmsghdr *c;
	bool fits = !(msg->msg_flags & MSG_CTRUNC);

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t i, n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (vfu->nfds == VFU_FDS_MAX) {
				fits = false;
				close(fd);
			} else {
				vfu->fds[vfu->nfds++] = fd;
			}
		}
	}
	return fits;
}

static const char *header_check(const struct vfu_hdr *hdr)
{
	if ((hdr->flags & VFU_FLAG_TYPE_MASK) != VFU_FLAG_COMMAND)
		return "got a message that is no command";
	if (hdr->size < sizeof(*hdr) || hdr->size - sizeof(*hdr) > VFU_BODY_MAX)
		return "got a message of an impossible size";
	return NULL;
}

/* Read once.  Returns 1: go on; 0: nothing more to read now, or the connection has ended. */
static int read_some(struct vfu *vfu)
{
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(VFU_FDS_MAX * sizeof(int))];
	bool in_header = vfu->in_len < sizeof(vfu->hdr);
	struct iovec iov;
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	const char *why = NULL;
	ssize_t n;

	if (in_header) {
		iov.iov_base = (uint8_t *)&vfu->hdr + vfu->in_len;
		iov.iov_len = sizeof(vfu->hdr) - vfu->in_len;
	} else {
		iov.iov_base = vfu->body + (vfu->in_len - sizeof(vfu->hdr));
		iov.iov_len = vfu->hdr.size - vfu->in_len;
	}
	n = recvmsg(vfu->fd, &msg, MSG_CMSG_CLOEXEC);
	if (n < 0)
		why = errno == EAGAIN || errno == EINTR ? NULL : "reading failed";
	else if (!fds_take(vfu, &msg))
		why = "got too many descriptors with one message";
	else if (n == 0)
		why = "the client closed the connection";
	if (n > 0)
		vfu->in_len += (size_t)n;
	if (!why && in_header && vfu->in_len == sizeof(vfu->hdr))
		why = header_check(&vfu->hdr);
	if (why) {
		vfu->stats.protocol += n > 0;
		disconnect(vfu, why);
		return 0;
	}
	return n > 0;
}

static void on_readable(evutil_socket_t fd, short what, void *data)
{
	struct vfu *vfu = data;
	int handled = 0;

	while (handled < MESSAGES_IN_A_ROW && read_some(vfu)) {
		if (vfu->in_len < sizeof(vfu->hdr) || vfu->in_len < vfu->hdr.size)
			continue;
		handled++;
		if (!message_handle(vfu) || vfu->out_len)
			return;
	}
}

static void on_connection(evutil_socket_t listen_fd, short what, void *data)
{
	struct vfu *vfu = data;
	int fd = accept4(vfu->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	vfu->read_event = event_new(vfu->base, fd, EV_READ | EV_PERSIST, on_readable, vfu);
	vfu->write_event = event_new(vfu->base, fd, EV_WRITE | EV_PERSIST, on_writable, vfu);
	if (!vfu->read_event || !vfu->write_event || event_add(vfu->read_event, NULL) < 0) {
		if (vfu->read_event)
			event_free(vfu->read_event);
		if (vfu->write_event)
			event_free(vfu->write_event);
		close(fd);
		return;
	}
	event_del(vfu->listen_event);
	vfu->fd = fd;
	vfu_core_init(&vfu->core, vfu->mem, vfu->dev);
}

/* ---- life --------------------------------------------------------------------------------- */

struct vfu *vfu_new(struct event_base *base, int listen_fd, const struct vmci_config *config,
		    const struct vfu_ops *ops, void *data)
{
	struct vfu *vfu = calloc(1, sizeof(*vfu));
	int err = ENOMEM;

	if (!vfu) {
		close(listen_fd);
		errno = ENOMEM;
		return NULL;
	}
	vfu->base = base;
	vfu->listen_fd = listen_fd;
	vfu->fd = -1;
	vfu->ops = ops;
	vfu->data = data;
	vfu->mem = gmem_new();
	if (!vfu->mem)
		goto fail;
	vfu->dev = vmci_new(config, vfu->mem, &device_ops, vfu);
	if (!vfu->dev) {
		err = errno;
		goto fail;
	}
	vfu->later_event = evtimer_new(base, on_later_event, vfu);
	vfu->listen_event = event_new(base, listen_fd, EV_READ | EV_PERSIST, on_connection, vfu);
	if (!vfu->later_event || !vfu->listen_event || event_add(vfu->listen_event, NULL) < 0)
		goto fail;
	return vfu;

fail:
	vfu_free(vfu);
	errno = err;
	return NULL;
}

void vfu_free(struct vfu *vfu)
{
	if (!vfu)
		return;
	if (vfu->fd >= 0)
		disconnect(vfu, "the server ends");
	if (vfu->listen_event)
		event_free(vfu->listen_event);
	if (vfu->later_event)
		event_free(vfu->later_event);
	fd_close(&vfu->listen_fd);
	vmci_free(vfu->dev);
	gmem_free(vfu->mem);
	free(vfu);
}

struct vmci_dev *vfu_device(struct vfu *vfu)
{
	return vfu->dev;
}

bool vfu_connected(const struct vfu *vfu)
{
	return vfu->fd >= 0 && vfu->core.versioned;
}

void vfu_stats_get(const struct vfu *vfu, struct vfu_stats *ret)
{
	*ret = vfu->stats;
	ret->dma_maps = vfu->fd >= 0 ? vfu->core.maps : 0;
}
