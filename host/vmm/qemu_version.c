/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qemu_version.c - which QEMU fits, and how to ask it
 *
 * The cache is a text file: "device inode size mtime-ns major.minor.micro" a line, newest last.  It
 * is only a saving: one that cannot be read or written does no harm.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/vmm/qemu_version.h"

#define ASK_MS		10000
#define CACHE_MAX	(64 << 10)	/* bytes; then it begins anew */

int qemu_version_parse(const char *text, struct qemu_version *ret)
{
	const char *at = strstr(text, "version ");
	struct qemu_version v = { 0 };

	if (!at || sscanf(at, "version %4u.%4u.%4u", &v.major, &v.minor, &v.micro) < 2)
		return -EPROTO;
	*ret = v;
	return 0;
}

int qemu_version_check(const struct qemu_version *v, const char *binary, char *ret_text,
		       size_t size)
{
	if (v->major < QEMU_VERSION_MIN_MAJOR ||
	    (v->major == QEMU_VERSION_MIN_MAJOR && v->minor < QEMU_VERSION_MIN_MINOR)) {
		snprintf(ret_text, size, "%s is QEMU %u.%u.%u, but %u.%u or newer is needed: install "
			 "it, or name a root that has it with qemu-root in vm.conf", binary,
			 v->major, v->minor, v->micro, QEMU_VERSION_MIN_MAJOR,
			 QEMU_VERSION_MIN_MINOR);
		return -ENOTSUP;
	}
	if (v->major > QEMU_VERSION_MAX_MAJOR) {
		snprintf(ret_text, size, "%s is QEMU %u.%u.%u, but the last that fits is %u: name a "
			 "root that has it with qemu-root in vm.conf", binary, v->major, v->minor,
			 v->micro, QEMU_VERSION_MAX_MAJOR);
		return -ENOTSUP;
	}
	return 0;
}

static void cache_key(const struct stat *st, char *ret, size_t size)
{
	snprintf(ret, size, "%ju %ju %jd %jd%09ld ", (uintmax_t)st->st_dev, (uintmax_t)st->st_ino,
		 (intmax_t)st->st_size, (intmax_t)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
}

static int cache_find(const char *cache, const char *key, struct qemu_version *ret)
{
	char line[256];
	int err = -ENOENT;
	FILE *f = fopen(cache, "re");

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)) &&
		    sscanf(line + strlen(key), "%4u.%4u.%4u", &ret->major, &ret->minor,
			   &ret->micro) == 3)
			err = 0;
	fclose(f);
	return err;
}

static void cache_add(const char *cache, const char *key, const struct qemu_version *v)
{
	_autoclose_ int fd = open(cache, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	char line[256];
	struct stat st;
	int n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	if (st.st_size > CACHE_MAX && ftruncate(fd, 0) < 0)
		return;
	n = snprintf(line, sizeof(line), "%s%u.%u.%u\n", key, v->major, v->minor, v->micro);
	(void)!write(fd, line, (size_t)n);
}

static void child_run(char *const *argv, int out)
{
	char *args[16];
	size_t n;
	int null = open("/dev/null", O_RDWR);

	for (n = 0; n < 14 && argv[n]; n++)
		args[n] = argv[n];
	args[n++] = (char *)"-version";
	args[n] = NULL;
	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(null, 2) < 0)
		_exit(126);
	execv(args[0], args);
	_exit(127);
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Reads until the end of output or of time; returns 0 or -ETIMEDOUT. */
static int output_read(int fd, char *buf, size_t size)
{
	long end = now_ms() + ASK_MS;
	size_t have = 0;

	for (;;) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		long left = end - now_ms();
		char drop[256];
		ssize_t n;

		if (left <= 0 || !poll(&pfd, 1, (int)left))
			return -ETIMEDOUT;
		n = have < size - 1 ? read(fd, buf + have, size - 1 - have) :
				      read(fd, drop, sizeof(drop));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		if (have < size - 1)
			have += (size_t)n;
	}
	buf[have] = '\0';
	return 0;
}

static int program_ask(char *const *argv, struct qemu_version *ret)
{
	_autoclose_ int in = -1, out = -1;
	char text[512];
	int fds[2], err, status;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	in = fds[0];
	out = fds[1];
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid)
		child_run(argv, out);
	fd_close(&out);
	err = output_read(in, text, sizeof(text));
	if (err)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (!err && WIFEXITED(status) && WEXITSTATUS(status) == 127)
		err = -ENOEXEC;
	return err ? err : qemu_version_parse(text, ret);
}

int qemu_version_ask(char *const *argv, const char *binary, const char *cache,
		     struct qemu_version *ret, char *ret_text, size_t size)
{
	char key[128];
	struct stat st;
	int err;

	if (stat(binary, &st) < 0 || access(argv[0], X_OK) < 0) {
		err = -errno;
		snprintf(ret_text, size, "%s: %s; set qemu or qemu-root in vm.conf", binary,
			 strerror(-err));
		return err;
	}
	cache_key(&st, key, sizeof(key));
	if (cache && !cache_find(cache, key, ret))
		return 0;
	err = program_ask(argv, ret);
	if (err) {
		snprintf(ret_text, size, "%s -version did not tell a version of QEMU%s%s; set qemu "
			 "or qemu-root in vm.conf", binary, err == -EPROTO ? "" : ": ",
			 err == -EPROTO ? "" : strerror(-err));
		return err;
	}
	if (cache)
		cache_add(cache, key, ret);
	return 0;
}
