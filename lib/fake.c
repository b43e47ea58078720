/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake.c - the transport to a UNIX socket whose other end plays the host, so that tests need no VM
 *
 * A SOCK_SEQPACKET connection is a channel and a packet is a message.  The first packet says which
 * protocol: "RPCI" or "TCLO".  The end of the connection is the loss of the channel.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/channel.h"

#define FAKE_REPLY_WAIT_S	2

static int fake_fd(VmtChannel *ch)
{
	return GPOINTER_TO_INT(ch->priv);
}

static int fake_no_fd(VmtChannel *ch)
{
	return -1;
}

static void set_closed(GError **error)
{
	g_set_error_literal(error, VMT_ERROR, VMT_ERROR_CLOSED, "the fake host closed the channel");
}

static gboolean fake_open(VmtChannel *ch, const char *path, GError **error)
{
	const struct timeval wait = { .tv_sec = FAKE_REPLY_WAIT_S };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0 || g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path)) >= sizeof(addr.sun_path) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0 ||
	    connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    send(fd, ch->proto == VMT_PROTO_RPCI ? "RPCI" : "TCLO", 4, MSG_NOSIGNAL) != 4) {
		g_set_error(error, VMT_ERROR, VMT_ERROR_NOT_VMWARE, "fake host at %s: %s", path,
			    g_strerror(errno));
		if (fd >= 0)
			close(fd);
		return FALSE;
	}
	ch->priv = GINT_TO_POINTER(fd);
	return TRUE;
}

static gboolean fake_send(VmtChannel *ch, const guint8 *buf, gsize len, GError **error)
{
	/* An empty message is a poll, which this host does not need; an empty packet would be an end */
	if (!len || send(fake_fd(ch), buf, len, MSG_NOSIGNAL) == (ssize_t)len)
		return TRUE;
	set_closed(error);
	return FALSE;
}

static int fake_receive(VmtChannel *ch, GByteArray *into, GError **error)
{
	ssize_t n;

	g_byte_array_set_size(into, VMT_MESSAGE_MAX);
	n = recv(fake_fd(ch), into->data, into->len, ch->proto == VMT_PROTO_TCLO ? MSG_DONTWAIT : 0);
	g_byte_array_set_size(into, n > 0 ? n : 0);
	if (n > 0)
		return 1;
	if (n < 0 && errno == EAGAIN) {
		if (ch->proto == VMT_PROTO_TCLO)
			return 0;
		g_set_error_literal(error, VMT_ERROR, VMT_ERROR_TIMEOUT, "the fake host did not answer");
		return -1;
	}
	set_closed(error);
	return -1;
}

static void fake_close(VmtChannel *ch)
{
	close(fake_fd(ch));
	ch->priv = NULL;
}

const struct vmt_transport vmt_transport_fake = {
	.name = "fake",
	.open = fake_open,
	.send = fake_send,
	.receive = fake_receive,
	.fd = fake_fd,
	.close = fake_close,
};

const struct vmt_transport vmt_transport_fake_poll = {
	.name = "fake",
	.polled = TRUE,
	.open = fake_open,
	.send = fake_send,
	.receive = fake_receive,
	.fd = fake_no_fd,
	.close = fake_close,
};
