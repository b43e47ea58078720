/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * frame.h - typed messages with descriptors over a UNIX stream socket
 *
 * A frame is a header of 16 bytes and a body.  The descriptors of a frame travel with its first
 * byte.  frame_read() takes exactly one frame's bytes from the socket and never one more, so that a
 * connection can change hands between two frames, or become a plain byte stream after one.
 */
#ifndef VMTKIT_HOST_BASE_FRAME_H
#define VMTKIT_HOST_BASE_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define FRAME_MAGIC	0x31746d76	/* "vmt1" in memory */
#define FRAME_HDR_LEN	16
#define FRAME_BODY_MAX	(4u << 20)	/* bytes; a receiver may set a lower limit */
#define FRAME_FDS_MAX	4

struct frame {
	uint32_t type;
	uint32_t len;			/* of the body */
	char *body;			/* owned; one NUL follows the len bytes */
	int fds[FRAME_FDS_MAX];		/* owned; -1 when taken */
	size_t fd_count;
};

/* What has arrived of the next frame; zero it to begin, frame_reader_done() frees what it holds. */
struct frame_reader {
	uint8_t hdr[FRAME_HDR_LEN];
	size_t have;			/* of header and body together */
	struct frame frame;
};

/* frame_hdr_put - the header of a frame with this type, body length and number of descriptors */
void frame_hdr_put(uint8_t hdr[FRAME_HDR_LEN], uint32_t type, uint32_t len, uint32_t fd_count);

/*
 * frame_hdr_get - check a header
 * @limit: longest body that is accepted
 *
 * Returns 0, -EPROTO (no frame) or -EMSGSIZE (too long, or too many descriptors).
 */
int frame_hdr_get(const uint8_t hdr[FRAME_HDR_LEN], uint32_t limit, uint32_t *ret_type,
		  uint32_t *ret_len, uint32_t *ret_fd_count);

/*
 * frame_read - read more of the next frame
 * @fd: stream socket, blocking or not
 * @limit: longest body that is accepted
 * @ret: filled when 1 is returned; the caller owns it then
 *
 * Returns 1 for a whole frame, 0 when more must come first (non-blocking only), -ECONNRESET at a
 * clean end between frames, -EPIPE at an end inside one, -EPROTO when the count of descriptors is
 * not what the header says, or another -errno.  After an error only frame_reader_done() is allowed.
 */
int frame_read(struct frame_reader *r, int fd, uint32_t limit, struct frame *ret);
void frame_reader_done(struct frame_reader *r);

/* frame_done - free the body and close the descriptors that were not taken */
void frame_done(struct frame *f);

/* frame_take_fd - the descriptor at @i, which the caller owns now, or -1 */
int frame_take_fd(struct frame *f, size_t i);

/*
 * frame_write - send a whole frame, waiting for a slow receiver
 * @fds: passed, not closed
 *
 * For programs that have nothing else to do meanwhile; a daemon uses fconn.h.  0 or -errno.
 */
int frame_write(int fd, uint32_t type, const void *body, size_t len, const int *fds,
		size_t fd_count);

/*
 * frame_send_part - send what the socket takes of @buf, with descriptors on its first byte
 * Returns the number of bytes, or -errno.  The descriptors are passed if it is > 0.
 */
long frame_send_part(int fd, const void *buf, size_t len, const int *fds, size_t fd_count);

#endif /* VMTKIT_HOST_BASE_FRAME_H */
