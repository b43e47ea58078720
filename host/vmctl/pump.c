/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pump.c - standard input and output, joined to a stream
 *
 * Each direction has one buffer that is emptied before it is filled again, so a slow reader slows its
 * writer and nothing else.  On a terminal `~.` at the start of a line ends a console, as in cu(1).
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/vmctl/vmctl.h"

#define CHUNK	65536

static struct termios saved_terminal;

static bool terminal_raw(void)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &saved_terminal) < 0)
		return false;
	raw = saved_terminal;
	cfmakeraw(&raw);
	return !tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
}

enum escape {
	ESCAPE_LINE_START,
	ESCAPE_TILDE,
	ESCAPE_INSIDE,
};

/* Whether "~." was typed; *state goes on from call to call. */
static bool escape_typed(enum escape *state, const char *buf, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (*state == ESCAPE_TILDE && buf[i] == '.')
			return true;
		if (*state == ESCAPE_LINE_START && buf[i] == '~')
			*state = ESCAPE_TILDE;
		else
			*state = buf[i] == '\r' || buf[i] == '\n' ? ESCAPE_LINE_START :
								    ESCAPE_INSIDE;
	}
	return false;
}

/* Bytes moved, 0 at the end, or -errno */
static ssize_t copy_in(int fd, enum escape *escape, bool raw)
{
	char buf[CHUNK];
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));
	int err;

	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 1 : -errno;
	if (!n || (raw && escape_typed(escape, buf, (size_t)n)))
		return 0;
	err = fd_write_all(fd, buf, (size_t)n);
	return err ? err : n;
}

static ssize_t copy_out(int fd)
{
	char buf[CHUNK];
	ssize_t n = read(fd, buf, sizeof(buf));
	int err;

	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 1 : -errno;
	if (!n)
		return 0;
	err = fd_write_all(STDOUT_FILENO, buf, (size_t)n);
	return err ? err : n;
}

static int copy_both(int fd, bool console, bool raw)
{
	struct pollfd fds[2] = { { .fd = fd, .events = POLLIN },
				 { .fd = STDIN_FILENO, .events = POLLIN } };
	enum escape escape = ESCAPE_LINE_START;
	ssize_t n;

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents) {
			n = copy_in(fd, &escape, raw);
			if (n == 0 && raw)
				return 0;
			/* The peer may be gone for us and still have sent something: read on. */
			if (n <= 0)
				fds[1].fd = -1;
			if (n <= 0 && !console)
				shutdown(fd, SHUT_WR);
		}
		if (fds[0].revents) {
			n = copy_out(fd);
			if (n <= 0)
				return (int)n;
		}
		fds[0].revents = fds[1].revents = 0;
	}
}

int pump(int fd, bool console)
{
	bool raw = console && terminal_raw();
	int err = copy_both(fd, console, raw);

	if (raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &saved_terminal);
	if (!err)
		return CTL_CODE_OK;
	complain("the stream broke: %s", strerror(-err));
	return CTL_CODE_FAILED;
}
