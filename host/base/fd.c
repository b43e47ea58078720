/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fd.c - descriptors and UNIX sockets by path
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "host/base/fd.h"

#define BACKLOG	128

int fd_set_nonblock(int fd, int on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) < 0)
		return -errno;
	return 0;
}

int fd_set_cloexec(int fd, int on)
{
	return fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0) < 0 ? -errno : 0;
}

int fd_write_all(int fd, const void *buf, size_t len)
{
	const char *p = buf;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EAGAIN) {
			struct pollfd pfd = { .fd = fd, .events = POLLOUT };

			if (poll(&pfd, 1, -1) < 0 && errno != EINTR)
				return -errno;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int unix_address(const char *path, struct sockaddr_un *ret_addr)
{
	size_t len = strlen(path);

	if (len >= sizeof(ret_addr->sun_path))
		return -ENAMETOOLONG;
	if (!len)
		return -EINVAL;
	memset(ret_addr, 0, sizeof(*ret_addr));
	ret_addr->sun_family = AF_UNIX;
	memcpy(ret_addr->sun_path, path, len);
	return 0;
}

/* A socket file outlives the process that bound it; whether one answers tells the two apart. */
static int stale_remove(const char *path, int type)
{
	struct stat st;
	int fd;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = unix_connect(path, (type & ~SOCK_NONBLOCK) | SOCK_NONBLOCK);
	if (fd >= 0 || fd == -EAGAIN || fd == -EPROTOTYPE) {
		fd_close(&fd);
		return -EADDRINUSE;
	}
	if (fd != -ECONNREFUSED)
		return fd;
	return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

int unix_listen(const char *path, int type, mode_t mode)
{
	_autoclose_ int fd = -1;
	struct sockaddr_un addr;
	int err = unix_address(path, &addr);

	if (!err)
		err = stale_remove(path, type);
	if (err)
		return err;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	/* The mode of the file is that of the socket when it is bound: no moment of wider rights. */
	if (fd < 0 || fchmod(fd, mode) < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -errno;
	if (chmod(path, mode) < 0 ||
	    ((type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) != SOCK_DGRAM && listen(fd, BACKLOG) < 0)) {
		int saved = errno;

		unlink(path);
		return -saved;
	}
	return fd_steal(&fd);
}

int unix_connect(const char *path, int type)
{
	_autoclose_ int fd = -1;
	struct sockaddr_un addr;
	int err = unix_address(path, &addr);

	if (err)
		return err;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -errno;
	return fd_steal(&fd);
}

int dir_make(const char *path, mode_t mode)
{
	char part[PATH_MAX];
	struct stat st;
	char *p;

	if (strlen(path) >= sizeof(part))
		return -ENAMETOOLONG;
	strcpy(part, path);
	for (p = part + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(part, mode) < 0 && errno != EEXIST)
			return -errno;
		*p = '/';
	}
	if (mkdir(part, mode) < 0 && errno != EEXIST)
		return -errno;
	if (stat(part, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}
