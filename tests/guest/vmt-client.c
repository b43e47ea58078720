/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmt-client.c - what a program can do with /dev/vmt
 *
 *	vmt-client api		every promise of <uapi/vmt.h>, against the host; TAP; needs root, and
 *				a device without an owner.  Unbinds and binds it at the end.
 *	vmt-client rpc TEXT	one request; prints the reply; status 0 if it begins with "1 "
 *	vmt-client info		what VMT_IOC_INFO tells, as words for a shell
 *	vmt-client own [MESSAGE] [declare|deaf]
 *				owns the TCLO channel, prints and answers every message; MESSAGE is
 *				printed and never answered, or with "declare" declared, answered and
 *				followed by the death of the process, or with "deaf" answered, and
 *				nothing is read any more; "ECHO TEXT" is answered by TEXT
 *	vmt-client cycle N	opens, uses and closes a channel N times
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>

#include <uapi/vmt.h>

#define DRIVER		"/sys/bus/platform/drivers/vmt/"
#define WAIT_MS		10000
#define VALUE_MAX	65000		/* what our host keeps in a variable */

static char buf[VMT_MSG_MAX + 1];
static char *nowhere;			/* no memory of ours */
static unsigned int failures;

static void say(bool ok, const char *sentence)
{
	printf("%sok - %s\n", ok ? "" : "not ", sentence);
	fflush(stdout);
	failures += !ok;
}

/* Part of a sentence: says where it broke; returns @ok. */
static bool part(bool ok, const char *what)
{
	if (!ok)
		printf("# %s: %s\n", what, strerror(errno));
	return ok;
}

#define is(expr)		part((expr), #expr)
#define fails(expr, err)	part((expr) < 0 && errno == (err), #expr " fails with " #err)

static int dev_open(void)
{
	int fd = open(VMT_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		perror(VMT_DEVICE);
		exit(1);
	}
	return fd;
}

static int channel_open(__u32 channel)
{
	struct vmt_open how = { .channel = channel };
	int fd = dev_open();

	if (ioctl(fd, VMT_IOC_OPEN, &how) == 0)
		return fd;
	close(fd);
	return -1;
}

static short events(int fd, int wait_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };

	return poll(&p, 1, wait_ms) > 0 ? p.revents : 0;
}

static short wait_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, WAIT_MS) > 0 ? p.revents : 0;
}

static int readable(int fd)
{
	int n = -1;

	return ioctl(fd, FIONREAD, &n) ? -1 : n;
}

static struct vmt_info info(int fd)
{
	struct vmt_info i;

	memset(&i, 0xff, sizeof(i));
	if (ioctl(fd, VMT_IOC_INFO, &i))
		perror("VMT_IOC_INFO");
	return i;
}

/* Sends a request; the reply is in buf with a NUL; returns its length or -1. */
static ssize_t request(int fd, const char *fmt, ...)
{
	static char text[VMT_MSG_MAX];
	va_list args;
	ssize_t n;
	int len;

	va_start(args, fmt);
	len = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (write(fd, text, (size_t)len) != len)
		return -1;
	n = read(fd, buf, sizeof(buf) - 1);
	if (n >= 0)
		buf[n] = '\0';
	return n;
}

static bool replies(int fd, const char *want, const char *text)
{
	ssize_t n = request(fd, "%s", text);

	if (n >= 0 && strcmp(buf, want) == 0)
		return true;
	printf("# %s: wanted '%s', got '%s' (%zd)\n", text, want, n < 0 ? strerror(errno) : buf, n);
	return false;
}

static void file_without_channel(void)
{
	struct vmt_open how = { .channel = 3 };
	int fd = dev_open();
	bool ok;

	ok = fails(read(fd, buf, sizeof(buf)), ENOTCONN) & fails(write(fd, "ping", 4), ENOTCONN) &
	     is(readable(fd) == 0) & is(events(fd, 0) == 0) &
	     is(info(fd).channel == VMT_CHANNEL_NONE) & is(info(fd).api_version == VMT_API_VERSION);
	ok &= fails(ioctl(fd, VMT_IOC_OPEN, &how), EINVAL);
	how = (struct vmt_open){ .channel = VMT_CHANNEL_RPCI, .flags = 1 };
	ok &= fails(ioctl(fd, VMT_IOC_OPEN, &how), EINVAL) &
	      fails(ioctl(fd, VMT_IOC_OPEN, NULL), EFAULT) &
	      fails(ioctl(fd, _IO(VMT_IOC_MAGIC, 99)), ENOTTY);
	how = (struct vmt_open){ .channel = VMT_CHANNEL_RPCI };
	ok &= is(ioctl(fd, VMT_IOC_OPEN, &how) == 0) &
	      fails(ioctl(fd, VMT_IOC_OPEN, &how), EISCONN) &
	      is(info(fd).channel == VMT_CHANNEL_RPCI);
	close(fd);
	say(ok, "a file has no channel until it asks, and then one");
}

static void rpci_round_trip(void)
{
	int fd = channel_open(VMT_CHANNEL_RPCI);
	bool ok;

	ok = fails(read(fd, buf, sizeof(buf)), ENODATA) & is(events(fd, 0) == POLLOUT) &
	     is(replies(fd, "1 ", "info-set guestinfo.api one")) &
	     is(replies(fd, "1 one", "info-get guestinfo.api")) &
	     is(replies(fd, "0 No value found", "info-get guestinfo.absent")) &
	     fails(read(fd, buf, sizeof(buf)), ENODATA);
	say(ok, "a request brings its reply, once");

	ok = is(write(fd, "info-get guestinfo.api", 22) == 22) & is(readable(fd) == 5) &
	     is(events(fd, 0) == (POLLIN | POLLOUT)) & fails(read(fd, buf, 4), EMSGSIZE) &
	     fails(read(fd, nowhere, 100), EFAULT) & is(read(fd, buf, 5) == 5) &
	     is(memcmp(buf, "1 one", 5) == 0);
	say(ok, "a reply waits for a buffer that is large enough");

	ok = is(write(fd, "info-get guestinfo.api", 22) == 22) &
	     is(replies(fd, "0 No value found", "info-get guestinfo.absent")) &
	     fails(write(fd, nowhere, 10), EFAULT) & is(replies(fd, "1 one", "info-get guestinfo.api"));
	say(ok, "a new request drops an unread reply, a bad pointer harms nothing");
	close(fd);
}

static void rpci_sizes(void)
{
	static char value[VALUE_MAX + 1];
	static char big[VMT_MSG_MAX + 1];
	static const size_t sizes[] = { 1, 2, 3, 4, 5, 4095, 4096, 4097, VALUE_MAX };
	int fd = channel_open(VMT_CHANNEL_RPCI);
	bool ok = true;
	size_t i, at;

	for (i = 0; ok && i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (at = 0; at < sizes[i]; at++)
			value[at] = (char)('!' + (at * 7 + at / 90) % 90);
		value[at] = '\0';
		ok = is(request(fd, "info-set guestinfo.big %s", value) == 2) &&
		     is(request(fd, "info-get guestinfo.big") == (ssize_t)sizes[i] + 2) &&
		     is(strcmp(buf + 2, value) == 0);
	}
	memset(big, 'x', sizeof(big));
	ok &= fails(write(fd, big, VMT_MSG_MAX + 1), EMSGSIZE) &&
	      is(write(fd, big, VMT_MSG_MAX) == VMT_MSG_MAX) && is(read(fd, buf, sizeof(buf)) >= 2) &&
	      is(memcmp(buf, "0 ", 2) == 0) && is(replies(fd, "1 ", "info-set guestinfo.big x"));
	close(fd);
	say(ok, "messages of up to 64 KiB go and come whole");
}

static bool user_requests(int user)
{
	int fd = channel_open(VMT_CHANNEL_RPCI);
	char want[64];
	bool ok = fd >= 0;
	int i;

	for (i = 0; ok && i < 100; i++) {
		snprintf(want, sizeof(want), "1 value-%d-%d", user, i);
		ok = request(fd, "info-set guestinfo.user%d %s", user, want + 2) == 2 &&
		     request(fd, "info-get guestinfo.user%d", user) == (ssize_t)strlen(want) &&
		     strcmp(buf, want) == 0;
	}
	close(fd);
	return ok;
}

static void rpci_users(void)
{
	int i, status;
	bool ok = true;

	for (i = 0; i < 8; i++)
		if (fork() == 0)
			_exit(user_requests(i) ? 0 : 1);
	for (i = 0; i < 8; i++)
		ok &= wait(&status) > 0 && status == 0;
	say(ok, "eight users at once each get their own replies");
}

static void rpci_channels(void)
{
	int fds[200], n, i;
	bool ok;

	for (n = 0; n < 200; n++) {
		fds[n] = channel_open(VMT_CHANNEL_RPCI);
		if (fds[n] < 0)
			break;
	}
	ok = is(n >= 64) & is(n < 200) & is(errno == ENOSPC);
	for (i = 0; i < n; i++)
		close(fds[i]);
	fds[0] = channel_open(VMT_CHANNEL_RPCI);
	ok &= is(replies(fds[0], "1 one", "info-get guestinfo.api"));
	close(fds[0]);
	say(ok, "when the host has no channel left it is ENOSPC, and closing gives them back");
}

/* Reads one TCLO message and answers it; returns false if it is not @want. */
static bool tclo_expect(int fd, const char *want, const char *reply)
{
	ssize_t n;

	if (!is(wait_readable(fd) & POLLIN))
		return false;
	n = read(fd, buf, sizeof(buf) - 1);
	if (!is(n >= 0))
		return false;
	buf[n] = '\0';
	if (strcmp(buf, want) != 0) {
		printf("# wanted '%s', got '%s'\n", want, buf);
		return false;
	}
	return is(write(fd, reply, strlen(reply)) == (ssize_t)strlen(reply));
}

static void tclo_owner(void)
{
	struct vmt_power power = { .op = VMT_POWER_HALT };
	int rpci = channel_open(VMT_CHANNEL_RPCI);
	int fd = channel_open(VMT_CHANNEL_TCLO);
	bool ok;

	ok = is(fd >= 0) & fails(channel_open(VMT_CHANNEL_TCLO), EBUSY) &
	     is(info(rpci).tclo_state == VMT_TCLO_OWNED) & is(info(rpci).owner_pid == getpid());
	ok &= fails(ioctl(rpci, VMT_IOC_POWER_PENDING, &power), EPERM) &
	      is(ioctl(fd, VMT_IOC_POWER_PENDING, &power) == 0) &
	      is(info(rpci).power_pending == VMT_POWER_HALT);
	power.op = VMT_POWER_NONE;
	ok &= is(ioctl(fd, VMT_IOC_POWER_PENDING, &power) == 0) &
	      is(info(rpci).power_pending == VMT_POWER_NONE);
	power.op = 3;
	ok &= fails(ioctl(fd, VMT_IOC_POWER_PENDING, &power), EINVAL);
	say(ok, "the channel of the host has one owner, who alone declares power operations");

	ok = fails(write(fd, "OK ", 3), ENOMSG) & is(wait_readable(fd) & POLLIN) &
	     is(readable(fd) == 5) & fails(read(fd, buf, 4), EMSGSIZE) &
	     is(read(fd, buf, sizeof(buf)) == 5) & is(memcmp(buf, "reset", 5) == 0);
	ok &= is(events(fd, 0) == POLLOUT) & is(fcntl(fd, F_SETFL, O_NONBLOCK) == 0) &
	      fails(read(fd, buf, sizeof(buf)), EAGAIN) & fails(write(fd, nowhere, 10), EFAULT) &
	      is(write(fd, "OK ATR toolbox", 14) == 14) & fails(write(fd, "OK ", 3), ENOMSG);
	ok &= is(tclo_expect(fd, "Capabilities_Register", "OK ")) &
	      is(info(fd).flags & VMT_INFO_ATTACHED) & is(info(fd).tclo_messages >= 2);
	say(ok, "the host begins with reset; a message is answered once and then comes the next");
	close(fd);

	fd = channel_open(VMT_CHANNEL_TCLO);
	ok = is(fd >= 0) && is(tclo_expect(fd, "reset", "OK ATR toolbox"));
	say(ok, "a new owner gets a new channel");
	close(fd);
	close(rpci);
}

static void tclo_inherited(void)
{
	int fd = channel_open(VMT_CHANNEL_TCLO), again, status, told[2];
	char byte = 0;
	pid_t child;
	bool ok;

	if (!is(pipe(told) == 0))
		return;
	child = fork();
	if (child == 0) {
		close(told[0]);
		if (tclo_expect(fd, "reset", "OK ATR toolbox") && write(told[1], &byte, 1) == 1)
			pause();
		_exit(1);
	}
	close(told[1]);
	close(fd);
	again = dev_open();
	ok = is(fd >= 0) & is(read(told[0], &byte, 1) == 1) & fails(channel_open(VMT_CHANNEL_TCLO), EBUSY) &
	     is(info(again).owner_pid == getpid());
	kill(child, SIGKILL);
	ok &= is(waitpid(child, &status, 0) == child) & is(info(again).tclo_state != VMT_TCLO_OWNED);
	close(again);
	close(told[0]);
	say(ok, "a child that inherits the channel keeps it, and gives it back with its end");
}

static void on_alarm(int sig)
{
}

static void tclo_interrupted(void)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	int fd = channel_open(VMT_CHANNEL_TCLO);
	ssize_t n;
	bool ok;

	sigaction(SIGALRM, &sa, NULL);
	ok = is(tclo_expect(fd, "reset", "OK ATR toolbox"));
	/* What the host says next is left without an answer, so that nothing more comes. */
	ok &= is(wait_readable(fd) & POLLIN) && is(read(fd, buf, sizeof(buf)) > 0);
	ualarm(50000, 0);
	n = read(fd, buf, sizeof(buf));
	ok &= is(n < 0 && errno == EINTR);
	close(fd);
	say(ok, "a signal ends a read that waits");
}

static bool drop_sys_time(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return false;
	data[0].effective &= ~(1u << CAP_SYS_TIME);
	return syscall(SYS_capset, &head, data) == 0;
}

static void clock_keep_off(void)
{
	struct vmt_keep_off k = { .on = 1 };
	int fd = dev_open(), other = dev_open(), status;
	bool ok;

	ok = is(!(info(fd).flags & VMT_INFO_KEEP_OFF)) & is(info(fd).clock_period != 0) &
	     is(ioctl(fd, VMT_IOC_CLOCK_KEEP_OFF, &k) == 0) &
	     is(ioctl(fd, VMT_IOC_CLOCK_KEEP_OFF, &k) == 0) &
	     is(ioctl(other, VMT_IOC_CLOCK_KEEP_OFF, &k) == 0) &
	     is(info(fd).flags & VMT_INFO_KEEP_OFF) & is(info(fd).clock_period == 0);
	k.on = 0;
	ok &= is(ioctl(fd, VMT_IOC_CLOCK_KEEP_OFF, &k) == 0) &
	      is(info(fd).flags & VMT_INFO_KEEP_OFF);
	close(other);
	ok &= is(!(info(fd).flags & VMT_INFO_KEEP_OFF)) & is(info(fd).clock_period != 0);
	k.on = 2;
	ok &= fails(ioctl(fd, VMT_IOC_CLOCK_KEEP_OFF, &k), EINVAL);
	k.on = 1;
	if (fork() == 0)
		_exit(drop_sys_time() && ioctl(fd, VMT_IOC_CLOCK_KEEP_OFF, &k) < 0 && errno == EPERM
		      ? 0 : 1);
	ok &= is(wait(&status) > 0 && status == 0);
	close(fd);
	say(ok, "files with CAP_SYS_TIME keep the driver off the clock while they are open");
}

/* System calls as a 32-bit program makes them: numbers of i386, 0 or -errno. */
#define SYS32_READ	3
#define SYS32_WRITE	4
#define SYS32_IOCTL	54

static long call32(long nr, long a, long b, long c)
{
	long r;

	asm volatile("int $0x80" : "=a"(r) : "a"(nr), "b"(a), "c"(b), "d"(c) : "memory", "r8", "r9",
		     "r10", "r11");
	return r;
}

static void callers_of_32_bits(void)
{
	/* What such a program passes a pointer to must be where its pointers reach. */
	struct low {
		struct vmt_info info;
		struct vmt_open how;
		struct vmt_keep_off keep_off;
		struct vmt_power power;
		int readable;
		char text[64];
	} *low = mmap(NULL, sizeof(*low), PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	int fd = dev_open();
	struct vmt_info want;
	bool ok;

	low->how.channel = VMT_CHANNEL_RPCI;
	ok = is(call32(SYS32_IOCTL, fd, (long)VMT_IOC_OPEN, (long)&low->how) == 0);
	strcpy(low->text, "info-get guestinfo.api");
	ok &= is(call32(SYS32_WRITE, fd, (long)low->text, 22) == 22) &&
	      is(call32(SYS32_IOCTL, fd, FIONREAD, (long)&low->readable) == 0) &&
	      is(low->readable == 5) &&
	      is(call32(SYS32_READ, fd, (long)low->text, sizeof(low->text)) == 5) &&
	      is(memcmp(low->text, "1 one", 5) == 0);
	low->keep_off.on = 1;
	low->power.op = VMT_POWER_HALT;
	ok &= is(call32(SYS32_IOCTL, fd, (long)VMT_IOC_CLOCK_KEEP_OFF, (long)&low->keep_off) == 0) &
	      is(call32(SYS32_IOCTL, fd, (long)VMT_IOC_POWER_PENDING, (long)&low->power) == -EPERM);
	want = info(fd);
	ok &= is(call32(SYS32_IOCTL, fd, (long)VMT_IOC_INFO, (long)&low->info) == 0) &&
	      is(memcmp(&low->info, &want, sizeof(want)) == 0) &&
	      is(want.flags & VMT_INFO_KEEP_OFF);
	close(fd);
	munmap(low, sizeof(*low));
	say(ok, "a 32-bit program can do the same, and sees the same");
}

static bool sysfs_write(const char *name)
{
	char path[128];
	int fd;
	bool ok;

	snprintf(path, sizeof(path), DRIVER "%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ok = fd >= 0 && write(fd, "vmt0", 4) == 4;
	close(fd);
	return ok;
}

static void unbind_in_use(void)
{
	int rpci = channel_open(VMT_CHANNEL_RPCI), fd = channel_open(VMT_CHANNEL_TCLO);
	int plain = dev_open(), status, again;
	bool ok;

	ok = is(replies(rpci, "1 one", "info-get guestinfo.api")) &
	     is(tclo_expect(fd, "reset", "OK ATR toolbox")) & is(wait_readable(fd) & POLLIN) &
	     is(read(fd, buf, sizeof(buf)) > 0);
	/* The message that was just read has no answer when the device goes; a reader waits. */
	if (fork() == 0) {
		usleep(100000);
		_exit(sysfs_write("unbind") ? 0 : 1);
	}
	ok &= fails(read(fd, buf, sizeof(buf)), ENODEV);
	ok &= is(wait(&status) > 0 && status == 0);
	ok &= is(events(fd, 0) == (POLLHUP | POLLERR)) & is(events(rpci, 0) == (POLLHUP | POLLERR)) &
	      fails(write(fd, "OK ", 3), ENODEV) & fails(write(rpci, "ping", 4), ENODEV) &
	      fails(read(rpci, buf, sizeof(buf)), ENODEV) & is(readable(rpci) < 0) &
	      fails(ioctl(plain, VMT_IOC_OPEN, &(struct vmt_open){ .channel = 1 }), ENODEV) &
	      is(access(VMT_DEVICE, F_OK) < 0);
	ok &= is(sysfs_write("bind"));
	again = channel_open(VMT_CHANNEL_RPCI);
	ok &= is(replies(again, "1 one", "info-get guestinfo.api")) &
	      fails(write(rpci, "ping", 4), ENODEV);
	close(again);
	close(plain);
	close(fd);
	close(rpci);
	say(ok, "unbound in use, open files get ENODEV and a hang-up; bound again, new ones work");
}

static int cmd_api(void)
{
	file_without_channel();
	rpci_round_trip();
	rpci_sizes();
	rpci_users();
	rpci_channels();
	tclo_owner();
	tclo_inherited();
	tclo_interrupted();
	clock_keep_off();
	callers_of_32_bits();
	unbind_in_use();
	return failures ? 1 : 0;
}

static int cmd_rpc(const char *text)
{
	int fd = channel_open(VMT_CHANNEL_RPCI);

	if (fd < 0 || request(fd, "%s", text) < 0) {
		perror("vmt-client");
		return 2;
	}
	puts(buf);
	return strncmp(buf, "1 ", 2) != 0;
}

static int cmd_info(void)
{
	struct vmt_info i = info(dev_open());

	printf("call=%u product=%u state=%u owner=%d flags=%#x power=%u period=%u checks=%llu "
	       "steps=%llu offset_ns=%lld messages=%llu lost=%llu\n",
	       i.call, i.product, i.tclo_state, i.owner_pid, i.flags, i.power_pending,
	       i.clock_period, (unsigned long long)i.clock_checks, (unsigned long long)i.clock_steps,
	       (long long)i.clock_offset_ns, (unsigned long long)i.tclo_messages,
	       (unsigned long long)i.tclo_lost);
	return 0;
}

static void own_declare(int fd, const char *message)
{
	struct vmt_power power = {
		.op = strcmp(message, "OS_Reboot") == 0 ? VMT_POWER_REBOOT : VMT_POWER_HALT,
	};

	if (ioctl(fd, VMT_IOC_POWER_PENDING, &power) || write(fd, "OK ", 3) != 3)
		perror("vmt-client: declare");
	raise(SIGKILL);
}

static int cmd_own(const char *special, const char *then)
{
	int fd = channel_open(VMT_CHANNEL_TCLO);
	static char reply[VMT_MSG_MAX + 1];
	ssize_t n;

	if (fd < 0) {
		perror("vmt-client");
		return 2;
	}
	for (;;) {
		n = read(fd, buf, sizeof(buf) - 1);
		if (n < 0) {
			perror("vmt-client: read");
			return 1;
		}
		buf[n] = '\0';
		puts(buf);
		fflush(stdout);
		if (special && strcmp(buf, special) == 0) {
			if (then && strcmp(then, "declare") == 0)
				own_declare(fd, buf);
			if (then && write(fd, "OK ", 3) != 3)
				perror("vmt-client: write");
			for (;;)
				pause();
		}
		snprintf(reply, sizeof(reply), "OK %s", strcmp(buf, "reset") == 0 ? "ATR toolbox" :
			 strncmp(buf, "ECHO ", 5) == 0 ? buf + 5 : "");
		if (write(fd, reply, strlen(reply)) < 0)
			perror("vmt-client: write");
	}
}

static int cmd_cycle(int count)
{
	int i, fd;

	for (i = 0; i < count; i++) {
		fd = channel_open(VMT_CHANNEL_RPCI);
		if (fd < 0 || !replies(fd, "1 ", "info-set guestinfo.cycle x"))
			return 1;
		close(fd);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *cmd = argc > 1 ? argv[1] : "";

	nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (strcmp(cmd, "api") == 0 && argc == 2)
		return cmd_api();
	if (strcmp(cmd, "rpc") == 0 && argc == 3)
		return cmd_rpc(argv[2]);
	if (strcmp(cmd, "info") == 0 && argc == 2)
		return cmd_info();
	if (strcmp(cmd, "own") == 0 && argc <= 4)
		return cmd_own(argv[2], argc == 4 ? argv[3] : NULL);
	if (strcmp(cmd, "cycle") == 0 && argc == 3)
		return cmd_cycle(atoi(argv[2]));
	fprintf(stderr, "usage: vmt-client api | rpc TEXT | info | own [MESSAGE [declare|deaf]] | cycle N\n");
	return 64;
}
