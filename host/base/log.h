/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log.h - where the programs of host/ say what happened
 *
 * Only code that can act on an event logs it; models and libraries return errors instead.
 */
#ifndef VMTKIT_HOST_BASE_LOG_H
#define VMTKIT_HOST_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,	/* -v */
	LOG_LEVEL_TRACE,	/* -vv */
};

/*
 * Text from outside (a guest, a client) must not reach a log unescaped; see log_escape().
 * Each call writes one line.  errno is kept.
 */
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_trace(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * log_init - name the program, choose the most detailed level to be written
 * @prog: put in front of each line; copied, at most 63 bytes of it
 *
 * Lines go to stderr until log_to_syslog() is called.
 */
void log_init(const char *prog, enum log_level level);

/* log_to_syslog - from now on syslog instead of stderr, for a daemon without a terminal */
void log_to_syslog(void);

/*
 * log_to_file - write each line, with the time, to a file too
 * @path: created 0600, appended to
 * @cap: size in bytes above which the file is renamed to PATH.1 (replacing it) and started anew
 *
 * Returns 0 or -errno.  One file a process; a second call replaces the first.
 */
int log_to_file(const char *path, size_t cap);

/*
 * Lines that somebody else can cause at will, as a guest can: LOG_LIMIT_BURST of them at once, then
 * one each LOG_LIMIT_MS.  Zeroed is ready for use.
 */
struct log_limit {
	uint64_t at_ms, credit_ms;
	unsigned int left_out;
	bool used;
};

#define LOG_LIMIT_BURST	50
#define LOG_LIMIT_MS	1000

/*
 * log_allows - whether one more such line may be written now
 * @now_ms: CLOCK_MONOTONIC
 *
 * The first line after some that were not allowed is preceded by one that tells their number.
 */
bool log_allows(struct log_limit *limit, uint64_t now_ms);

/* log_level - as given to log_init() */
enum log_level log_level(void);

/*
 * log_escape - make text from outside printable: bytes that are not printable ASCII become \xNN
 * @ret: always NUL-terminated; a text that does not fit ends with "..."
 * @size: of @ret, at least 8
 *
 * Returns @ret.
 */
char *log_escape(char *ret, size_t size, const void *text, size_t len);

#endif /* VMTKIT_HOST_BASE_LOG_H */
