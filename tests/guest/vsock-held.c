/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vsock-held.c - a stream that is open until it ends under its program
 *
 * usage: vsock-held [-u] CID PORT
 *
 * Connects, says "connected", and reads until the stream ends, by whoever's doing; then exits with 0.  The
 * other end is one that sends back what it gets.
 * With -u it reads into a page that it never gives to the kernel (userfaultfd), and says "held" when the
 * kernel asks for it: the call is then under way for as long as the program lives.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vmci_sockets.h>

#define PAGE	4096

static int fail(const char *what)
{
	fprintf(stderr, "vsock-held: %s: %s\n", what, strerror(errno));
	return 1;
}

static void say(const char *word)
{
	puts(word);
	fflush(stdout);
}

/* Tells when the page is asked for, and leaves it so. */
static void *page_watch(void *arg)
{
	struct pollfd p = { .fd = *(int *)arg, .events = POLLIN };

	if (poll(&p, 1, -1) == 1)
		say("held");
	return NULL;
}

/* A page whose first use is told to *ret_fd, or NULL. */
static void *page_new(int *ret_fd)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*ret_fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	if (page == MAP_FAILED || *ret_fd < 0 || ioctl(*ret_fd, UFFDIO_API, &api) < 0)
		return NULL;
	reg.range.start = (uintptr_t)page;
	reg.range.len = PAGE;
	return ioctl(*ret_fd, UFFDIO_REGISTER, &reg) < 0 ? NULL : page;
}

static int connect_to(const char *cid, const char *port)
{
	struct sockaddr_vm a;
	int family = VMCISock_GetAFValue();
	int s = socket(family, SOCK_STREAM, 0);

	memset(&a, 0, sizeof(a));
	a.svm_family = (sa_family_t)family;
	a.svm_cid = (unsigned int)strtoul(cid, NULL, 0);
	a.svm_port = (unsigned int)strtoul(port, NULL, 0);
	return s >= 0 && connect(s, (struct sockaddr *)&a, sizeof(a)) == 0 ? s : -1;
}

int main(int argc, char **argv)
{
	static char own[PAGE];
	bool hold = argc == 4 && !strcmp(argv[1], "-u");
	char *page = own;
	pthread_t watcher;
	int s, uffd;

	if (argc != (hold ? 4 : 3)) {
		fprintf(stderr, "usage: vsock-held [-u] CID PORT\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	s = connect_to(argv[argc - 2], argv[argc - 1]);
	if (s < 0)
		return fail("connect");
	if (hold) {
		page = page_new(&uffd);
		if (!page || pthread_create(&watcher, NULL, page_watch, &uffd))
			return fail("userfaultfd");
		if (write(s, own, PAGE) != PAGE)
			return fail("write");
	}
	say("connected");
	while (read(s, page, PAGE) > 0)
		;
	return 0;
}
