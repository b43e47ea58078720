/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vsock.c - the transport over vSockets: a stream to port 976 (RPCI) or 975 (TCLO) of context 0
 *
 * It is the only one over which the host can tell root from anybody else: only privileged programs may
 * bind a port of at most 1023, so a caller who has the right does, trying them downwards, as stock
 * agents do.  A port that the host still knows from an earlier stream is answered with a reset, and the
 * next one is tried.  TCLO without the right is not tried at all: hosts refuse it.
 *
 * connect() is left to block, for the two seconds at most that the family gives it: after a non-blocking
 * one the stock stack keeps the stream, and with it the port, for as long, even when it is closed.
 *
 * Packets are read one at a time, head first, so that nothing of the next one is ever taken from the
 * socket and a descriptor that is readable always means work.  Then everything is non-blocking
 * underneath: waits are polls with one deadline for a whole step, as signals and a slow host may interrupt it.
 *
 * Rings of 16 KiB are asked for instead of the 256 KiB of the family: a channel is there for as long as its
 * agent, and a message may be longer than its ring.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vmci_sockets.h>
#include <wire/guestrpc.h>

#include "lib/packet.h"
#include "lib/vsock.h"

#define ANSWER_WAIT_MS		2000	/* hosts take no longer for an answer */
#define RESETS_MAX		8	/* ports tried one after another when the host resets */
#define RING_SIZE		16384

struct vsock {
	int fd;
	int family_fd;		/* keeps a family that is not fixed; -1 */
	gboolean privileged;
	GByteArray *in;		/* head, or head and body, of the packet that comes */
	GByteArray *out;
};

/* ---- waiting --------------------------------------------------------------------------------- */

static gint64 now_ms(void)
{
	return g_get_monotonic_time() / 1000;
}

/* Until @deadline; 0, or -ETIMEDOUT */
static int wait_for(int fd, short events, gint64 deadline)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	gint64 left;
	int n;

	do {
		left = deadline - now_ms();
		n = poll(&pfd, 1, left > 0 ? (int)left : 0);
	} while (n < 0 && errno == EINTR);
	return n > 0 ? 0 : -ETIMEDOUT;
}

/* A step that failed leaves the stream anywhere: nothing goes over it any more, and the next use says so */
static void fail(struct vsock *v, int err, GError **error)
{
	VmtError code = VMT_ERROR_CLOSED;

	if (err == -ETIMEDOUT)
		code = VMT_ERROR_TIMEOUT;
	else if (err == -EPROTO)
		code = VMT_ERROR_PROTOCOL;
	g_set_error(error, VMT_ERROR, code, "vSockets: %s", g_strerror(-err));
	(void)shutdown(v->fd, SHUT_RDWR);
}

/* ---- opening --------------------------------------------------------------------------------- */

gboolean vmt_vsock_here(void)
{
	return access(VMCI_SOCKETS_DEFAULT_DEVICE, F_OK) == 0 ||
	       access(VMCI_SOCKETS_SECOND_DEVICE, F_OK) == 0;
}

static int socket_new(int family)
{
	unsigned long long size = RING_SIZE;
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	/* If it does not work the rings are larger, and that is all */
	(void)setsockopt(fd, family, SO_VMCI_BUFFER_SIZE, &size, sizeof(size));
	return fd;
}

/* Bind the highest free port from *port down: 0, or -EACCES for who may not, -EADDRINUSE */
static int bind_privileged(int fd, int family, unsigned int *port)
{
	struct sockaddr_vm addr = { .svm_family = (sa_family_t)family, .svm_cid = VMADDR_CID_ANY };

	for (; *port > 0; --*port) {
		addr.svm_port = *port;
		if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
			return 0;
		if (errno != EADDRINUSE)
			return -errno;
	}
	return -EADDRINUSE;
}

static int connect_to(int fd, int family, unsigned int port)
{
	struct sockaddr_vm addr = {
		.svm_family = (sa_family_t)family,
		.svm_cid = VMADDR_CID_HYPERVISOR,
		.svm_port = port,
	};

	return connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ? -errno : 0;
}

/* One try: the connected socket or -errno; *port is where it was bound, or 0 */
static int try_port(int family, unsigned int to, unsigned int *port)
{
	int fd = socket_new(family), err = 0;

	if (fd < 0)
		return fd;
	if (*port)
		err = bind_privileged(fd, family, port);
	if (err == -EACCES || err == -EPERM) {
		*port = 0;
		err = to == GRPC_VSOCK_PORT_TCLO ? -EACCES : 0;
	}
	if (!err)
		err = connect_to(fd, family, to);
	if (!err)
		return fd;
	close(fd);
	return err;
}

static int stream_open(int family, unsigned int to, gboolean *ret_privileged)
{
	unsigned int port = GRPC_VSOCK_PORT_PRIVILEGED_MAX;
	guint resets = 0;
	int fd;

	do {
		fd = try_port(family, to, &port);
	} while (fd == -ECONNRESET && port && --port && ++resets < RESETS_MAX);
	*ret_privileged = port != 0;
	return fd;
}

static gboolean vsock_open(VmtChannel *ch, const char *arg, GError **error)
{
	unsigned int to = ch->proto == VMT_PROTO_RPCI ? GRPC_VSOCK_PORT_RPCI : GRPC_VSOCK_PORT_TCLO;
	int family_fd = -1, family = vmt_vsock_here() ? VMCISock_GetAFValueFd(&family_fd) : -1;
	gboolean privileged = FALSE;
	struct vsock *v;
	int fd;

	if (family < 0) {
		g_set_error_literal(error, VMT_ERROR, VMT_ERROR_NOT_VMWARE,
				    "there are no vSockets here");
		return FALSE;
	}
	fd = stream_open(family, to, &privileged);
	if (fd < 0) {
		VMCISock_ReleaseAFValueFd(family_fd);
		g_set_error(error, VMT_ERROR, fd == -EACCES ? VMT_ERROR_ACCESS : VMT_ERROR_NOT_VMWARE,
			    "port %u of the host over vSockets: %s", to, g_strerror(-fd));
		return FALSE;
	}
	v = vmt_vsock_of(fd);
	v->family_fd = family_fd;
	v->privileged = privileged;
	ch->priv = v;
	return TRUE;
}

gpointer vmt_vsock_of(int fd)
{
	struct vsock *v = g_new0(struct vsock, 1);

	v->fd = fd;
	v->family_fd = -1;
	v->in = g_byte_array_new();
	v->out = g_byte_array_new();
	(void)fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
	return v;
}

gboolean vmt_vsock_privileged(VmtChannel *ch)
{
	return ((struct vsock *)ch->priv)->privileged;
}

/* ---- packets --------------------------------------------------------------------------------- */

/* Write v->out; 0 or -errno */
static int write_all(struct vsock *v)
{
	gint64 deadline = now_ms() + ANSWER_WAIT_MS;
	gsize done = 0;

	while (done < v->out->len) {
		ssize_t n = send(v->fd, v->out->data + done, v->out->len - done, MSG_NOSIGNAL);

		if (n > 0) {
			done += (gsize)n;
		} else if (n < 0 && (errno == EAGAIN || errno == ENOBUFS)) {
			int err = wait_for(v->fd, POLLOUT, deadline);

			if (err < 0)
				return err;
		} else if (n < 0 && errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

/* Read until v->in has @want bytes; 1, or 0 when there is no more now, or -errno */
static int read_up_to(struct vsock *v, gsize want)
{
	while (v->in->len < want) {
		guint8 buf[4096];
		gsize left = MIN(want - v->in->len, sizeof(buf));
		ssize_t n = recv(v->fd, buf, left, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		if (n == 0)
			return -ECONNRESET;
		g_byte_array_append(v->in, buf, (guint)n);
	}
	return 1;
}

/* One packet into v->in, in as many calls as it takes; 1, 0 or -errno */
static int read_packet(struct vsock *v)
{
	gsize len;
	int got = read_up_to(v, GRPC_PACKET_HEAD);

	if (got <= 0)
		return got;
	len = packet_length(v->in->data);
	return len ? read_up_to(v, GRPC_PACKET_HEAD + len) : -EPROTO;
}

/* The next message into @into; packets without one are nothing to us.  1, 0 or -errno */
static int read_message(struct vsock *v, GByteArray *into)
{
	const guint8 *msg = NULL;
	gsize len = 0;
	int got;

	do {
		got = read_packet(v);
		if (got <= 0)
			return got;
		got = packet_message(v->in->data + GRPC_PACKET_HEAD, v->in->len - GRPC_PACKET_HEAD,
				     &msg, &len);
		if (got > 0) {
			g_byte_array_set_size(into, 0);
			g_byte_array_append(into, msg, (guint)len);
		}
		g_byte_array_set_size(v->in, 0);
	} while (!got);
	return got < 0 ? -EPROTO : 1;
}

/* ---- the transport --------------------------------------------------------------------------- */

static gboolean vsock_send(VmtChannel *ch, const guint8 *buf, gsize len, GError **error)
{
	struct vsock *v = ch->priv;
	int err;

	if (!len)	/* there is no such packet, and no need to poll */
		return TRUE;
	packet_data(v->out, buf, len);
	err = write_all(v);
	if (err < 0)
		fail(v, err, error);
	return err == 0;
}

static int vsock_receive(VmtChannel *ch, GByteArray *into, GError **error)
{
	gint64 deadline = now_ms() + ANSWER_WAIT_MS;
	struct vsock *v = ch->priv;
	int got;

	for (;;) {
		got = read_message(v, into);
		if (got || ch->proto == VMT_PROTO_TCLO)
			break;
		got = wait_for(v->fd, POLLIN, deadline);
		if (got < 0)
			break;
	}
	if (got >= 0)
		return got;
	fail(v, got, error);
	return -1;
}

static gboolean vsock_ping(VmtChannel *ch, GError **error)
{
	struct vsock *v = ch->priv;
	int err;

	packet_ping(v->out);
	err = write_all(v);
	if (err < 0)
		fail(v, err, error);
	return err == 0;
}

static int vsock_fd(VmtChannel *ch)
{
	return ((struct vsock *)ch->priv)->fd;
}

static void vsock_close(VmtChannel *ch)
{
	struct vsock *v = ch->priv;

	close(v->fd);
	VMCISock_ReleaseAFValueFd(v->family_fd);
	g_byte_array_unref(v->in);
	g_byte_array_unref(v->out);
	g_free(v);
	ch->priv = NULL;
}

const struct vmt_transport vmt_transport_vsock = {
	.name = "vsock",
	.open = vsock_open,
	.send = vsock_send,
	.receive = vsock_receive,
	.ping = vsock_ping,
	.fd = vsock_fd,
	.close = vsock_close,
};
