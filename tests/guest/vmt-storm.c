/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmt-storm.c - requests through /dev/vmt without end, while the host misbehaves
 *
 *	vmt-storm	four users, each with a channel, set and get a variable of their own, short
 *			and long in turn, until SIGTERM; then TAP: nobody ever got what was another's,
 *			and no call failed in a way that <uapi/vmt.h> does not have
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <uapi/vmt.h>

#define USERS		4
#define LONG_LEN	5000

enum verdict { WELL = 0, MIXED = 1, STRANGE = 2 };

static volatile sig_atomic_t stop;
static char buf[VMT_MSG_MAX + 1];
static unsigned long requests, errors;

static void on_term(int sig)
{
	stop = 1;
}

/* An open file with a channel, or -1 when the host gives none now. */
static int channel_open(void)
{
	struct vmt_open how = { .channel = VMT_CHANNEL_RPCI };
	int fd = open(VMT_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd >= 0 && ioctl(fd, VMT_IOC_OPEN, &how) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* The reply is in buf; returns false when there is none. */
static bool request(int fd, const char *text, enum verdict *verdict)
{
	size_t len = strlen(text);
	ssize_t n = write(fd, text, len);

	requests++;
	if (n == (ssize_t)len)
		n = read(fd, buf, sizeof(buf) - 1);
	if (n >= 0) {
		buf[n] = '\0';
		return true;
	}
	errors++;
	if (errno != ECONNRESET && errno != ETIMEDOUT && errno != EOVERFLOW && errno != EINTR) {
		printf("# %s\n", strerror(errno));
		*verdict = STRANGE;
	}
	return false;
}

static enum verdict user(unsigned int self)
{
	static char text[LONG_LEN + 100];
	enum verdict verdict = WELL;
	unsigned int i, owner, name;
	int fd = -1;

	for (i = 0; !stop && verdict == WELL; i++) {
		if (fd < 0)
			fd = channel_open();
		if (fd < 0) {
			errors++;
			usleep(10000);		/* the host has no channel: asking faster helps nobody */
			continue;
		}
		name = snprintf(text, sizeof(text), "info-set guestinfo.storm%u user-%u-", self, self);
		memset(text + name, 'x', LONG_LEN);
		text[name + (i % 8 == 0 ? LONG_LEN : i % 8)] = '\0';
		request(fd, text, &verdict);
		snprintf(text, sizeof(text), "info-get guestinfo.storm%u", self);
		if (request(fd, text, &verdict) && sscanf(buf, "1 user-%u-", &owner) == 1 && owner != self) {
			printf("# user %u got '%.40s'\n", self, buf);
			verdict = MIXED;
		}
		if (i % 32 == 0) {
			close(fd);
			fd = -1;
		}
	}
	printf("# user %u: %lu requests, %lu errors\n", self, requests, errors);
	fflush(stdout);
	return verdict;
}

static void say(bool ok, const char *sentence)
{
	printf("%sok - %s\n", ok ? "" : "not ", sentence);
}

int main(void)
{
	struct sigaction sa = { .sa_handler = on_term };
	bool mixed = false, strange = false;
	pid_t pids[USERS];
	unsigned int i;
	int status;

	sigaction(SIGTERM, &sa, NULL);
	for (i = 0; i < USERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(user(i));
	}
	while (!stop)
		pause();
	for (i = 0; i < USERS; i++)
		kill(pids[i], SIGTERM);
	for (i = 0; i < USERS; i++) {
		while (waitpid(pids[i], &status, 0) < 0 && errno == EINTR)
			;
		mixed |= status == MIXED << 8;
		strange |= status != 0 && status != MIXED << 8;
	}
	say(!mixed, "no user ever got what was another's");
	say(!strange, "and every call ended in a way that is documented");
	return 0;
}
