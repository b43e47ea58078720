/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fconn.h - a connection of frames in an event loop
 *
 * Reads frames and hands each to a callback; queues frames to be sent, so that a slow peer never
 * holds up the loop.  A queue above FCONN_QUEUE_MAX ends the connection.
 */
#ifndef VMTKIT_HOST_BASE_FCONN_H
#define VMTKIT_HOST_BASE_FCONN_H

#include <stddef.h>
#include <stdint.h>

#define FCONN_QUEUE_MAX	(8u << 20)	/* bytes waiting to be sent */

struct event_base;
struct fconn;
struct frame;

struct fconn_ops {
	/*
	 * A frame came; it is freed after the call, except for descriptors taken from it.
	 * May call fconn_free() or fconn_release().
	 */
	void (*frame)(struct fconn *c, struct frame *f, void *data);
	/* The peer left (-ECONNRESET) or broke the protocol; the callback must call fconn_free(). */
	void (*closed)(struct fconn *c, int err, void *data);
};

/*
 * fconn_new - take over a connected stream socket
 * @fd: owned from here on, also on failure
 * @body_max: longest body accepted from the peer
 *
 * Returns NULL when memory is short.
 */
struct fconn *fconn_new(struct event_base *base, int fd, uint32_t body_max,
			const struct fconn_ops *ops, void *data);
void fconn_free(struct fconn *c);	/* NULL is fine; what is queued is lost */

/* fconn_free_after_send - no more frames in; free it as soon as the queue is empty */
void fconn_free_after_send(struct fconn *c);

/*
 * fconn_release - give the socket back and free the rest
 * Only between frames, as in the frame callback, and with nothing queued (else -EBUSY).
 * Returns the descriptor, which the caller owns, or -errno.
 */
int fconn_release(struct fconn *c);

/*
 * fconn_send - queue a frame; tries to send at once
 * @fds: passed on success and failure alike: always owned by the connection afterwards
 *
 * Returns 0 or -errno (-ENOBUFS when the peer takes nothing and the queue is full; -EPIPE when it is
 * gone, which the closed callback tells once all that it sent is read).
 */
int fconn_send(struct fconn *c, uint32_t type, const void *body, size_t len, const int *fds,
	       size_t fd_count);

#endif /* VMTKIT_HOST_BASE_FCONN_H */
