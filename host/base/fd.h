/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fd.h - file descriptors with owners, and UNIX sockets by path
 *
 * An _autoclose_ variable closes its descriptor at the end of its scope; fd_steal() hands it on.
 * Every descriptor made here is close-on-exec.
 */
#ifndef VMTKIT_HOST_BASE_FD_H
#define VMTKIT_HOST_BASE_FD_H

#include <stddef.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

static inline void fd_cleanup(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void mem_cleanup(void *p)
{
	free(*(void **)p);
}

#define _autoclose_	__attribute__((cleanup(fd_cleanup)))
#define _autofree_	__attribute__((cleanup(mem_cleanup)))

static inline int fd_steal(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* Close *fd if it is open, and remember that it is closed. */
static inline void fd_close(int *fd)
{
	fd_cleanup(fd);
	*fd = -1;
}

/* 0 or -errno */
int fd_set_nonblock(int fd, int on);
int fd_set_cloexec(int fd, int on);

/* fd_write_all - write all of it, waiting as often as needed; 0 or -errno */
int fd_write_all(int fd, const void *buf, size_t len);

/*
 * unix_listen - make a listening UNIX socket at a path
 * @path: at most 107 bytes; a socket file that nobody listens on is replaced
 * @type: SOCK_STREAM, SOCK_SEQPACKET or SOCK_DGRAM (bound only), may be ORed with SOCK_NONBLOCK
 * @mode: permissions of the socket file
 *
 * Returns the descriptor or -errno: -EADDRINUSE when somebody answers there, -EEXIST when the path
 * is no socket, -ENAMETOOLONG.
 */
int unix_listen(const char *path, int type, mode_t mode);

/*
 * unix_connect - connect to a UNIX socket; returns the descriptor or -errno
 * With SOCK_NONBLOCK in @type: -EAGAIN when the listener's queue is full.
 */
int unix_connect(const char *path, int type);

/* dir_make - make a folder and those above it, as mkdir -p; 0 or -errno */
int dir_make(const char *path, mode_t mode);

#endif /* VMTKIT_HOST_BASE_FD_H */
