/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fault-sweep.c - what programs ask of our modules, while each allocation in it fails in turn
 *
 * usage: fault-sweep [NAME]...
 *
 * For each operation of a table, and n = 1, 2, 3...: what it needs is prepared, the kernel is told to fail
 * the n-th call that can fail in this task (/proc/thread-self/fail-nth, with CONFIG_FAULT_INJECTION and
 * failslab, fail_page_alloc and usercopy set not to spare calls that may wait), the operation runs, and
 * what it made is undone.  The sweep ends when n is more than there are such calls.  The operation may
 * fail or not; it must return, and then, with no fault, it must work.  What else may not happen - a
 * reference lost, memory lost, a lock kept - the kernel tells that runs this.
 *
 * Needs root, all three modules loaded, and nobody else who uses them; leaves them loaded.  Prints TAP,
 * one line for each operation.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <unistd.h>

#include <uapi/vmt.h>
#include <vmci_sockets.h>

#define SWEEP_MAX	5000		/* calls that can fail in one operation */
#define PORT_LOCAL	5300u
#define PORT_HOST	5000u		/* the host echoes what comes there */
#define WAIT_MS		20000

struct operation {
	const char *name;
	bool (*prepare)(void);		/* without a fault */
	bool (*run)(void);
	void (*undo)(void);		/* without a fault, whatever run() returned */
};

static int fail_nth, family;
static int fd = -1, peer = -1, listener = -1;
static char pci_name[64];

static struct sockaddr_vm address(unsigned int cid, unsigned int port)
{
	struct sockaddr_vm a;

	memset(&a, 0, sizeof(a));
	a.svm_family = (sa_family_t)family;
	a.svm_cid = cid;
	a.svm_port = port;
	return a;
}

static void drop(int *which)
{
	if (*which >= 0)
		close(*which);
	*which = -1;
}

static void undo_all(void)
{
	drop(&fd);
	drop(&peer);
	drop(&listener);
}

static bool nothing(void)
{
	return true;
}

static bool write_file(const char *path, const char *text)
{
	int file = open(path, O_WRONLY);
	bool ok = file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text);

	drop(&file);
	return ok;
}

/* Sockets.  Both ends are of this task: a connect that does not wait, then the accept. */
static const struct timeval limit = { .tv_sec = 2 };

static bool timed(int s)
{
	return s >= 0 && !setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) &&
	       !setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

static bool limited(int s)
{
	return timed(s) && !setsockopt(s, family, SO_VMCI_CONNECT_TIMEOUT, &limit, sizeof(limit));
}

static bool run_socket(void)
{
	fd = socket(family, SOCK_STREAM, 0);
	return fd >= 0;
}

static bool prepare_socket(void)
{
	return run_socket() && limited(fd);
}

static bool bind_to(int s, unsigned int port)
{
	struct sockaddr_vm a = address(VMADDR_CID_ANY, port);

	return !bind(s, (struct sockaddr *)&a, sizeof(a));
}

static bool run_listen(void)
{
	return bind_to(fd, PORT_LOCAL) && !listen(fd, 4);
}

static bool prepare_listener(void)
{
	listener = socket(family, SOCK_STREAM, 0);
	return limited(listener) && bind_to(listener, PORT_LOCAL) && !listen(listener, 4) &&
	       prepare_socket();
}

static bool connect_to(unsigned int cid, unsigned int port)
{
	struct sockaddr_vm a = address(cid, port);

	return !connect(fd, (struct sockaddr *)&a, sizeof(a));
}

static bool run_connect_local(void)
{
	return connect_to(VMADDR_CID_LOCAL, PORT_LOCAL);
}

static bool run_connect_host(void)
{
	return connect_to(VMADDR_CID_HOST, PORT_HOST);
}

static bool prepare_pending(void)
{
	struct pollfd p;

	if (!prepare_listener() || fcntl(fd, F_SETFL, O_NONBLOCK) ||
	    (!run_connect_local() && errno != EINPROGRESS))
		return false;
	p = (struct pollfd){ .fd = listener, .events = POLLIN };
	return poll(&p, 1, WAIT_MS) == 1;
}

static bool run_accept(void)
{
	peer = accept(listener, NULL, NULL);
	return peer >= 0;
}

static bool prepare_pair(void)
{
	struct pollfd p;

	if (!prepare_pending() || !run_accept() || !limited(peer) || fcntl(fd, F_SETFL, 0))
		return false;
	p = (struct pollfd){ .fd = fd, .events = POLLOUT };
	return poll(&p, 1, WAIT_MS) == 1;
}

static bool run_send(void)
{
	static const char text[3000] = "text";

	return send(fd, text, sizeof(text), MSG_NOSIGNAL) > 0;
}

static bool prepare_sent(void)
{
	return prepare_pair() && run_send();
}

static bool run_recv(void)
{
	char buf[4000];

	return recv(peer, buf, sizeof(buf), 0) > 0;
}

static bool prepare_host_stream(void)
{
	return prepare_socket() && run_connect_host();
}

static bool run_host_echo(void)
{
	char buf[4000];

	return run_send() && recv(fd, buf, sizeof(buf), 0) > 0;
}

static bool run_dgram(void)
{
	fd = socket(family, SOCK_DGRAM, 0);
	return fd >= 0 && bind_to(fd, PORT_LOCAL);
}

static bool run_sendto(void)
{
	struct sockaddr_vm a = address(VMADDR_CID_LOCAL, PORT_LOCAL);

	return sendto(fd, "text", 4, 0, (struct sockaddr *)&a, sizeof(a)) == 4;
}

static bool prepare_dgram_sent(void)
{
	return run_dgram() && timed(fd) && run_sendto();
}

static bool run_recvfrom(void)
{
	char buf[100];

	return recv(fd, buf, sizeof(buf), 0) == 4;
}

/* Files of the drivers. */
static bool run_open_vmt(void)
{
	fd = open(VMT_DEVICE, O_RDWR);
	return fd >= 0;
}

static bool run_vmt_channel(void)
{
	struct vmt_open o = { .channel = VMT_CHANNEL_RPCI };

	return !ioctl(fd, VMT_IOC_OPEN, &o);
}

static bool prepare_vmt_channel(void)
{
	return run_open_vmt() && run_vmt_channel();
}

static bool run_vmt_rpc(void)
{
	char buf[200];

	return write(fd, "info-set guestinfo.sweep 1", 26) == 26 && read(fd, buf, sizeof(buf)) >= 2;
}

static bool run_vmt_own(void)
{
	struct vmt_open o = { .channel = VMT_CHANNEL_TCLO };

	return !ioctl(fd, VMT_IOC_OPEN, &o);
}

static bool run_vmt_info(void)
{
	struct vmt_info info;
	struct vmt_keep_off keep = { .on = 1 };

	return !ioctl(fd, VMT_IOC_INFO, &info) && !ioctl(fd, VMT_IOC_CLOCK_KEEP_OFF, &keep);
}

static bool run_control(void)
{
	return VMCISock_GetLocalCID() != VMADDR_CID_ANY;
}

static bool read_file(const char *path)
{
	char buf[4096];
	ssize_t n;

	fd = open(path, O_RDONLY);
	while ((n = fd < 0 ? -1 : read(fd, buf, sizeof(buf))) > 0)
		;
	return n == 0;
}

static bool run_show_sockets(void)
{
	return read_file("/proc/net/vmsock");
}

static bool run_show_pairs(void)
{
	return read_file("/sys/kernel/debug/vmci/qpairs");
}

/* Devices come and go; what run() has bound, the next prepare() lets go. */
#define VMCI_DRIVER	"/sys/bus/pci/drivers/vmci/"
#define VMT_DRIVER	"/sys/bus/platform/drivers/vmt/"

static bool prepare_vmci(void)
{
	write_file(VMCI_DRIVER "unbind", pci_name);
	return access(VMCI_DRIVER "bind", W_OK) == 0;
}

static bool run_vmci(void)
{
	return write_file(VMCI_DRIVER "bind", pci_name);
}

static bool prepare_vmt(void)
{
	write_file(VMT_DRIVER "unbind", "vmt0");
	return access(VMT_DRIVER "bind", W_OK) == 0;
}

static bool run_vmt(void)
{
	return write_file(VMT_DRIVER "bind", "vmt0");
}

static const struct operation operations[] = {
	{ "socket", nothing, run_socket, undo_all },
	{ "bind and listen", prepare_socket, run_listen, undo_all },
	{ "connect within the guest", prepare_listener, run_connect_local, undo_all },
	{ "connect to the host", prepare_socket, run_connect_host, undo_all },
	{ "accept", prepare_pending, run_accept, undo_all },
	{ "send", prepare_pair, run_send, undo_all },
	{ "receive", prepare_sent, run_recv, undo_all },
	{ "an echo of the host", prepare_host_stream, run_host_echo, undo_all },
	{ "a datagram socket", nothing, run_dgram, undo_all },
	{ "sendto", run_dgram, run_sendto, undo_all },
	{ "recvfrom", prepare_dgram_sent, run_recvfrom, undo_all },
	{ "open of /dev/vmt", nothing, run_open_vmt, undo_all },
	{ "VMT_IOC_OPEN of RPCI", run_open_vmt, run_vmt_channel, undo_all },
	{ "VMT_IOC_OPEN of TCLO", run_open_vmt, run_vmt_own, undo_all },
	{ "the other ioctls of /dev/vmt", run_open_vmt, run_vmt_info, undo_all },
	{ "a request by /dev/vmt", prepare_vmt_channel, run_vmt_rpc, undo_all },
	{ "open and ioctl of /dev/vsock", nothing, run_control, undo_all },
	{ "read of /proc/net/vmsock", nothing, run_show_sockets, undo_all },
	{ "read of the queue pairs", nothing, run_show_pairs, undo_all },
	{ "probe of vmt0", prepare_vmt, run_vmt, undo_all },
	{ "probe of the VMCI device", prepare_vmci, run_vmci, undo_all },
};

static void arm(unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	if (pwrite(fail_nth, text, (size_t)len, 0) != len) {
		perror("fault-sweep: fail-nth");
		exit(1);
	}
}

/* True when the fault has been injected. */
static bool disarm(void)
{
	char text[16] = "";
	bool fired = pread(fail_nth, text, sizeof(text) - 1, 0) > 0 && text[0] == '0';

	arm(0);
	return fired;
}

static bool sweep(const struct operation *op)
{
	unsigned int n, failed = 0;
	bool fired = true, ok;

	for (n = 1; fired && n < SWEEP_MAX; n++) {
		alarm(60);
		ok = op->prepare();
		if (!ok)
			printf("# %s: not prepared for fault %u: %s\n", op->name, n, strerror(errno));
		arm(n);
		failed += !op->run();
		fired = disarm();
		op->undo();
		if (!ok)
			return false;
	}
	printf("# %s: %u calls can fail, %u times the operation did\n", op->name, n - 2, failed);
	ok = op->prepare() && op->run();
	if (!ok)
		printf("# %s: fails without a fault: %s\n", op->name, strerror(errno));
	op->undo();
	return ok && !fired && n > 2;
}

static bool wanted(const char *name, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return true;
	return argc < 2;
}

int main(int argc, char **argv)
{
	const char *pci = getenv("VMCI_DEVICE");
	size_t i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	snprintf(pci_name, sizeof(pci_name), "%s", pci ? pci : "");
	family = VMCISock_GetAFValue();
	fail_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (family < 0 || fail_nth < 0) {
		perror(family < 0 ? "fault-sweep: no family" : "fault-sweep: fail-nth");
		return 1;
	}
	for (i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (wanted(operations[i].name, argc, argv))
			printf("%sok - %s: works again after each call in it has failed\n",
			       sweep(&operations[i]) ? "" : "not ", operations[i].name);
	return 0;
}
