/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vsock_unix_dgram.c - the guest's datagrams as UNIX datagrams
 *
 * Each port of the guest that sends has a socket of its own, PATH_dgram_guest_<port>, made at its
 * first datagram: it is the sender's name, and what is sent to it goes back to that port.  There
 * are at most PORTS_MAX; the one that was used least lately goes first.  Programs of the host that
 * speak first use PATH_dgram.
 *
 * A datagram for which the device has no room is held back, and no more are read until there is
 * room: local senders then see a full queue, as with any UNIX socket.  From the guest, a service
 * whose queue is full is an error for the guest's sendto(), which never waits.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/vmm/vsock_unix_priv.h"
#include "wire/vmci_device.h"

#define PORTS_MAX	64
#define AT_ONCE		16		/* datagrams read before the event loop gets its turn */
#define LINE_MAX_BYTES	18		/* "SENDTO 4294967295\n" */
#define NO_PORT		0		/* what the guest sees of a sender without a port */

struct port {
	TAILQ_ENTRY(port) all;
	struct vsu_dgram *d;
	uint32_t port;			/* in the guest; VSH_PORT_ANY: PATH_dgram itself */
	int fd;
	struct event ev;
};

TAILQ_HEAD(ports, port);

struct vsu_dgram {
	struct vsu *vsu;
	struct port any;
	struct ports ports;		/* least lately used first */
	unsigned int count;
	/*
	 * Made at the first datagram of the host.  The text line is in front of the payload, the
	 * datagram's header goes over it: it is longer than the line can be.
	 */
	uint8_t *buf;
	struct vmci_wire_dg *held;	/* in buf; NULL: none */
	size_t held_len;
	uint32_t held_from;
	uint32_t held_to;
};

#define BUF_SIZE (VMCI_DG_HDR_SIZE + LINE_MAX_BYTES + VMCI_DG_PAYLOAD_MAX)

static void port_name(const struct port *p, char name[VSU_NAME_MAX])
{
	if (p->port == VSH_PORT_ANY)
		snprintf(name, VSU_NAME_MAX, "%s_dgram", p->d->vsu->path);
	else
		vsu_path(p->d->vsu, "_dgram_guest_", p->port, name);
}

static void port_close(struct port *p)
{
	char name[VSU_NAME_MAX];

	port_name(p, name);
	event_del(&p->ev);
	unlink(name);
	close(p->fd);
}

static void port_free(struct port *p)
{
	port_close(p);
	TAILQ_REMOVE(&p->d->ports, p, all);
	p->d->count--;
	free(p);
}

static void reading(struct vsu_dgram *d, bool on)
{
	struct port *p;

	TAILQ_FOREACH(p, &d->ports, all) {
		if (on)
			event_add(&p->ev, NULL);
		else
			event_del(&p->ev);
	}
	if (on)
		event_add(&d->any.ev, NULL);
	else
		event_del(&d->any.ev);
}

static const char *file_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/*
 * The port in the sender's name PATH_dgram_<port>, or NO_PORT.  Without the folder: a name is as
 * its owner wrote it, perhaps from another working directory.
 */
static uint32_t sender_port(const struct vsu_dgram *d, const struct sockaddr_un *from,
			    socklen_t len)
{
	const size_t head = offsetof(struct sockaddr_un, sun_path);
	char name[VSU_NAME_MAX + 1] = "", expect[VSU_NAME_MAX];
	const char *digits;
	unsigned long port;

	if (len <= head || len - head > VSU_NAME_MAX)
		return NO_PORT;
	memcpy(name, from->sun_path, len - head);
	digits = strrchr(name, '_');
	if (!digits)
		return NO_PORT;
	port = strtoul(digits + 1, NULL, 10);
	if (port >= VSH_PORT_ANY)
		return NO_PORT;
	vsu_path(d->vsu, "_dgram_", (uint32_t)port, expect);
	return strcmp(file_part(name), file_part(expect)) ? NO_PORT : (uint32_t)port;
}

/* "SENDTO port\n".  Returns the length of the line, 0 if it is none. */
static size_t line_parse(const uint8_t *buf, size_t len, uint32_t *ret_port)
{
	static const char word[] = "SENDTO ";
	const size_t skip = sizeof(word) - 1;
	const uint8_t *end = memchr(buf, '\n', len < LINE_MAX_BYTES ? len : LINE_MAX_BYTES);
	uint64_t port = 0;
	const uint8_t *p;

	if (!end || (size_t)(end - buf) <= skip || memcmp(buf, word, skip))
		return 0;
	for (p = buf + skip; p < end; p++) {
		if (*p < '0' || *p > '9')
			return 0;
		port = port * 10 + (uint64_t)(*p - '0');
	}
	if (port >= VSH_PORT_ANY)
		return 0;
	*ret_port = (uint32_t)port;
	return (size_t)(end + 1 - buf);
}

/* Returns false when reading has to stop. */
static bool datagram_send(struct vsu_dgram *d, uint8_t *payload, size_t len, uint32_t from,
			  uint32_t to)
{
	struct vmci_wire_dg *dg = (struct vmci_wire_dg *)(payload - VMCI_DG_HDR_SIZE);

	if (vsh_dgram_send(d->vsu->vsh, dg, VMCI_DG_HDR_SIZE + len, from, to) != -ENOBUFS)
		return true;
	d->held = dg;
	d->held_len = VMCI_DG_HDR_SIZE + len;
	d->held_from = from;
	d->held_to = to;
	reading(d, false);
	return false;
}

/* Returns false when reading has to stop: nothing there, or nowhere to put it. */
static bool datagram_read(struct port *p)
{
	struct vsu_dgram *d = p->d;
	uint8_t *payload = d->buf + VMCI_DG_HDR_SIZE;
	struct sockaddr_un from;
	struct iovec iov = { .iov_base = payload, .iov_len = BUF_SIZE - VMCI_DG_HDR_SIZE };
	struct msghdr msg = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov,
			      .msg_iovlen = 1 };
	uint32_t to = p->port;
	ssize_t n = recvmsg(p->fd, &msg, MSG_DONTWAIT);
	size_t line = 0;

	if (n < 0)
		return false;
	if (p->port == VSH_PORT_ANY) {
		line = line_parse(payload, (size_t)n, &to);
		if (!line) {
			d->vsu->count.dgrams_bad++;
			return true;
		}
	}
	if (msg.msg_flags & MSG_TRUNC || (size_t)n - line > VMCI_DG_PAYLOAD_MAX) {
		d->vsu->count.dgrams_bad++;
		return true;
	}
	return datagram_send(d, payload + line, (size_t)n - line,
			     sender_port(d, &from, msg.msg_namelen), to);
}

static void port_readable(evutil_socket_t fd, short what, void *arg)
{
	struct port *p = arg;
	int i;

	if (!p->d->buf)
		p->d->buf = malloc(BUF_SIZE);
	if (!p->d->buf)
		return;
	for (i = 0; i < AT_ONCE && datagram_read(p); i++)
		;
}

void vsu_dgram_room(struct vsu_dgram *d)
{
	struct vmci_wire_dg *dg = d->held;

	if (!dg)
		return;
	if (vsh_dgram_send(d->vsu->vsh, dg, d->held_len, d->held_from, d->held_to) == -ENOBUFS)
		return;
	d->held = NULL;
	reading(d, true);
}

static int port_open(struct port *p)
{
	char name[VSU_NAME_MAX];

	port_name(p, name);
	p->fd = unix_listen(name, SOCK_DGRAM | SOCK_NONBLOCK, 0600);
	if (p->fd < 0)
		return p->fd;
	event_assign(&p->ev, p->d->vsu->base, p->fd, EV_READ | EV_PERSIST, port_readable, p);
	if (!p->d->held)
		event_add(&p->ev, NULL);
	return 0;
}

static struct port *port_get(struct vsu_dgram *d, uint32_t port, int *ret_err)
{
	struct port *p;

	TAILQ_FOREACH(p, &d->ports, all) {
		if (p->port == port) {
			TAILQ_REMOVE(&d->ports, p, all);
			TAILQ_INSERT_TAIL(&d->ports, p, all);
			return p;
		}
	}
	if (d->count == PORTS_MAX)
		port_free(TAILQ_FIRST(&d->ports));
	p = calloc(1, sizeof(*p));
	*ret_err = -ENOMEM;
	if (!p)
		return NULL;
	p->d = d;
	p->port = port;
	*ret_err = port_open(p);
	if (*ret_err) {
		free(p);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&d->ports, p, all);
	d->count++;
	return p;
}

int vsu_dgram_from_guest(struct vsu_dgram *d, uint32_t guest_port, uint32_t host_port,
			 const void *payload, size_t len)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct port *p;
	int err;

	vsu_path(d->vsu, "_dgram_", host_port, to.sun_path);
	/* a socket for a sender is made only when there is somebody to send to */
	if (access(to.sun_path, F_OK) < 0) {
		d->vsu->count.dgrams_no_service++;
		return -ECONNREFUSED;
	}
	p = port_get(d, guest_port, &err);
	if (!p) {
		d->vsu->count.dgrams_no_room++;
		return -ENOBUFS;
	}
	if (sendto(p->fd, payload, len, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&to,
		   sizeof(to)) >= 0)
		return 0;
	if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM) {
		d->vsu->count.dgrams_no_room++;
		return -ENOBUFS;
	}
	d->vsu->count.dgrams_no_service++;
	return -ECONNREFUSED;
}

int vsu_dgram_new(struct vsu *vsu, struct vsu_dgram **ret_dgram)
{
	struct vsu_dgram *d = calloc(1, sizeof(*d));
	int err;

	if (!d)
		return -ENOMEM;
	d->vsu = vsu;
	TAILQ_INIT(&d->ports);
	d->any.d = d;
	d->any.port = VSH_PORT_ANY;
	err = port_open(&d->any);
	if (err) {
		free(d);
		return err;
	}
	*ret_dgram = d;
	return 0;
}

void vsu_dgram_free(struct vsu_dgram *d)
{
	struct port *p;

	if (!d)
		return;
	while ((p = TAILQ_FIRST(&d->ports)))
		port_free(p);
	port_close(&d->any);
	free(d->buf);
	free(d);
}
