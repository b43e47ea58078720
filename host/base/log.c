/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log.c - one line for each event, to stderr or syslog, and to a capped file
 *
 * A line is made whole in a buffer and written by one write(2), so that lines of several processes
 * on one terminal do not mix.  A line longer than the buffer is cut.  State is process-wide and set
 * up at start; nothing here is for more than one thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "host/base/log.h"

#define LINE_MAX_BYTES	2048

static struct {
	char prog[64];
	enum log_level level;
	int syslog;
	int fd;			/* -1: no file */
	char path[PATH_MAX];
	size_t cap, size;
} logger = { .level = LOG_LEVEL_INFO, .fd = -1 };

static const struct {
	const char *word;
	int priority;
} words[] = {
	[LOG_LEVEL_ERROR] = { "error: ", LOG_ERR },
	[LOG_LEVEL_WARN] = { "warning: ", LOG_WARNING },
	[LOG_LEVEL_INFO] = { "", LOG_INFO },
	[LOG_LEVEL_DEBUG] = { "debug: ", LOG_DEBUG },
	[LOG_LEVEL_TRACE] = { "trace: ", LOG_DEBUG },
};

void log_init(const char *prog, enum log_level level)
{
	snprintf(logger.prog, sizeof(logger.prog), "%s", prog);
	logger.level = level;
}

void log_to_syslog(void)
{
	openlog(logger.prog, LOG_PID, LOG_DAEMON);
	logger.syslog = 1;
}

int log_to_file(const char *path, size_t cap)
{
	struct stat st;
	int fd;

	if (strlen(path) >= sizeof(logger.path) - 2)
		return -ENAMETOOLONG;
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (logger.fd >= 0)
		close(logger.fd);
	logger.fd = fd;
	logger.cap = cap;
	logger.size = fstat(fd, &st) < 0 ? 0 : (size_t)st.st_size;
	if (logger.path != path)
		strcpy(logger.path, path);
	return 0;
}

/* When the old file cannot be moved away the log goes on in it: better too long than lost. */
static void file_rotate(void)
{
	char old[PATH_MAX + 2];

	snprintf(old, sizeof(old), "%s.1", logger.path);
	if (rename(logger.path, old) < 0 || log_to_file(logger.path, logger.cap) < 0)
		logger.size = 0;
}

static void file_line(const char *line, size_t len)
{
	char stamped[LINE_MAX_BYTES + 40];
	struct timespec now;
	struct tm tm;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = strftime(stamped, sizeof(stamped), "%Y-%m-%dT%H:%M:%S", &tm);
	n += (size_t)snprintf(stamped + n, sizeof(stamped) - n, ".%03ldZ ", now.tv_nsec / 1000000);
	memcpy(stamped + n, line, len);
	n += len;
	if (logger.size > logger.cap)
		file_rotate();
	if (write(logger.fd, stamped, n) > 0)
		logger.size += n;
}

__attribute__((format(printf, 2, 0)))
static void log_line(enum log_level level, const char *fmt, va_list ap)
{
	char line[LINE_MAX_BYTES];
	int saved = errno, n;
	size_t len;

	if (level > logger.level)
		return;
	n = snprintf(line, sizeof(line), "%s: %s", logger.prog, words[level].word);
	if (vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, ap) < 0)
		line[n] = '\0';
	len = strnlen(line, sizeof(line) - 2);
	line[len++] = '\n';
	line[len] = '\0';
	if (logger.syslog)
		syslog(words[level].priority, "%s", line + strlen(logger.prog) + 2);
	else
		(void)!write(STDERR_FILENO, line, len);	/* nobody is left to tell of an error */
	if (logger.fd >= 0)
		file_line(line, len);
	errno = saved;
}

enum log_level log_level(void)
{
	return logger.level;
}

#define LOG_FUNCTION(name, level)                                                                  \
	void log_##name(const char *fmt, ...)                                                      \
	{                                                                                          \
		va_list ap;                                                                        \
                                                                                                   \
		va_start(ap, fmt);                                                                 \
		log_line(level, fmt, ap);                                                          \
		va_end(ap);                                                                        \
	}

LOG_FUNCTION(error, LOG_LEVEL_ERROR)
LOG_FUNCTION(warn, LOG_LEVEL_WARN)
LOG_FUNCTION(info, LOG_LEVEL_INFO)
LOG_FUNCTION(debug, LOG_LEVEL_DEBUG)
LOG_FUNCTION(trace, LOG_LEVEL_TRACE)

bool log_allows(struct log_limit *limit, uint64_t now_ms)
{
	const uint64_t full = (uint64_t)LOG_LIMIT_BURST * LOG_LIMIT_MS;
	uint64_t passed = limit->used ? now_ms - limit->at_ms : full;

	limit->used = true;
	limit->at_ms = now_ms;
	limit->credit_ms = passed < full - limit->credit_ms ? limit->credit_ms + passed : full;
	if (limit->credit_ms < LOG_LIMIT_MS) {
		limit->left_out++;
		return false;
	}
	limit->credit_ms -= LOG_LIMIT_MS;
	if (limit->left_out)
		log_info("%u lines were left out", limit->left_out);
	limit->left_out = 0;
	return true;
}

char *log_escape(char *ret, size_t size, const void *text, size_t len)
{
	const unsigned char *in = text;
	size_t i, out = 0;

	for (i = 0; i < len; i++) {
		int plain = in[i] >= 0x20 && in[i] < 0x7f && in[i] != '\\';
		size_t need = plain ? 1 : 4;

		/* Keep room for the dots and the NUL while more may follow. */
		if (size - out <= need + 3) {
			strcpy(ret + out, "...");
			return ret;
		}
		if (plain)
			ret[out++] = (char)in[i];
		else
			out += (size_t)snprintf(ret + out, size - out, "\\x%02x", in[i]);
	}
	ret[out] = '\0';
	return ret;
}
