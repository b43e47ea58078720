/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-vfu.c - the vfio-user socket: whole messages, pieces, descriptors, garbage, one client at a
 * time
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/base/bytes.h"
#include "host/model/vmci.h"
#include "host/vfio_user/vfu.h"
#include "host/vfio_user/vfu_core.h"
#include "host/vfio_user/vfu_proto.h"
#include "tests/unit/unit.h"

struct server {
	struct event_base *base;
	struct vfu *vfu;
	struct sockaddr_un addr;
	socklen_t addr_len;
	unsigned int connected, disconnected;
	char why[80], trouble[200];
};

static void on_connected(void *data)
{
	((struct server *)data)->connected++;
}

static void on_disconnected(void *data, const char *why)
{
	struct server *s = data;

	s->disconnected++;
	snprintf(s->why, sizeof(s->why), "%s", why);
}

static void on_trouble(void *data, const char *text)
{
	struct server *s = data;

	snprintf(s->trouble, sizeof(s->trouble), "%s", text);
}

static const struct vfu_ops ops = { on_connected, on_disconnected, on_trouble };
static const struct vmci_config config = { .cid = 42, .mode = VMCI_MODE_DMA };

/* Listens on a name that the kernel picks, outside of the file system. */
static void server_new(struct server *s)
{
	sa_family_t family = AF_UNIX;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	memset(s, 0, sizeof(*s));
	s->addr_len = sizeof(s->addr);
	CU_ASSERT_FATAL(bind(fd, (struct sockaddr *)&family, sizeof(family)) == 0);
	CU_ASSERT_FATAL(getsockname(fd, (struct sockaddr *)&s->addr, &s->addr_len) == 0);
	CU_ASSERT_FATAL(listen(fd, 4) == 0);
	s->base = event_base_new();
	s->vfu = vfu_new(s->base, fd, &config, &ops, s);
	CU_ASSERT_FATAL(s->vfu != NULL);
}

static void server_free(struct server *s)
{
	vfu_free(s->vfu);
	event_base_free(s->base);
}

/* Let the server do all that it can do now. */
static void server_run(struct server *s)
{
	int i;

	for (i = 0; i < 8; i++)
		event_base_loop(s->base, EVLOOP_NONBLOCK);
}

static int client_new(struct server *s)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	CU_ASSERT_FATAL(connect(fd, (struct sockaddr *)&s->addr, s->addr_len) == 0);
	return fd;
}

static size_t message_make(uint8_t *msg, uint16_t id, uint16_t cmd, uint32_t flags,
			   const void *body, size_t len)
{
	struct vfu_hdr hdr = {
		.id = id, .cmd = cmd, .size = (uint32_t)(sizeof(hdr) + len), .flags = flags,
	};

	memcpy(msg, &hdr, sizeof(hdr));
	if (len)
		memcpy(msg + sizeof(hdr), body, len);
	return sizeof(hdr) + len;
}

/* Read a reply.  Returns the length of its body, its -errno, or 1 if none is there. */
static int reply_get(int fd, uint16_t id, uint8_t *body)
{
	struct vfu_hdr hdr;

	if (recv(fd, &hdr, sizeof(hdr), 0) != sizeof(hdr))
		return 1;
	CU_ASSERT_EQUAL(hdr.id, id);
	CU_ASSERT_FATAL(hdr.size >= sizeof(hdr) && hdr.size - sizeof(hdr) <= VFU_BODY_MAX);
	if (hdr.size > sizeof(hdr))
		CU_ASSERT_EQUAL(recv(fd, body, hdr.size - sizeof(hdr), 0),
				(ssize_t)(hdr.size - sizeof(hdr)));
	if (hdr.flags & VFU_FLAG_ERROR)
		return -(int)hdr.error;
	CU_ASSERT_EQUAL(hdr.flags, VFU_FLAG_REPLY);
	return (int)(hdr.size - sizeof(hdr));
}

static int ask(struct server *s, int fd, uint16_t cmd, const void *body, size_t len, uint8_t *reply)
{
	uint8_t msg[sizeof(struct vfu_hdr) + VFU_BODY_MAX];
	size_t size = message_make(msg, 77, cmd, 0, body, len);

	CU_ASSERT_EQUAL(send(fd, msg, size, MSG_NOSIGNAL), (ssize_t)size);
	server_run(s);
	return reply_get(fd, 77, reply);
}

static int handshake(struct server *s, int fd)
{
	static const uint8_t hello[4];
	uint8_t reply[VFU_BODY_MAX];

	return ask(s, fd, VFU_CMD_VERSION, hello, sizeof(hello), reply);
}

static void client_comes_and_goes(void)
{
	uint8_t reply[VFU_BODY_MAX];
	struct server s;
	int fd, i;

	server_new(&s);
	for (i = 1; i <= 3; i++) {
		fd = client_new(&s);
		CU_ASSERT_EQUAL(handshake(&s, fd), 4);
		CU_ASSERT_TRUE(vfu_connected(s.vfu));
		CU_ASSERT_EQUAL(s.connected, i);
		CU_ASSERT_EQUAL(ask(&s, fd, VFU_CMD_DEVICE_GET_INFO, reply, 16, reply), 16);
		close(fd);
		server_run(&s);
		CU_ASSERT_FALSE(vfu_connected(s.vfu));
		CU_ASSERT_EQUAL(s.disconnected, i);
		CU_ASSERT_STRING_EQUAL(s.why, "the client closed the connection");
	}
	server_free(&s);
	CU_ASSERT_EQUAL(s.disconnected, 3);
}

static void second_client_waits(void)
{
	struct server s;
	int first, second;

	server_new(&s);
	first = client_new(&s);
	CU_ASSERT_EQUAL(handshake(&s, first), 4);
	second = client_new(&s);
	CU_ASSERT_EQUAL(handshake(&s, second), 1);
	close(first);
	server_run(&s);
	CU_ASSERT_EQUAL(s.connected, 2);
	close(second);
	server_free(&s);
}

static void messages_may_come_in_pieces_and_in_a_row(void)
{
	uint8_t msg[512], body[VFU_BODY_MAX];
	static const uint8_t hello[4];
	size_t len, i;
	struct server s;
	int fd;

	server_new(&s);
	fd = client_new(&s);
	len = message_make(msg, 1, VFU_CMD_VERSION, 0, hello, sizeof(hello));
	for (i = 0; i < len; i++) {
		CU_ASSERT_EQUAL(send(fd, msg + i, 1, MSG_NOSIGNAL), 1);
		server_run(&s);
	}
	CU_ASSERT_EQUAL(reply_get(fd, 1, body), 4);
	len = message_make(msg, 2, VFU_CMD_DEVICE_RESET, 0, NULL, 0);
	len += message_make(msg + len, 3, VFU_CMD_DEVICE_GET_INFO, 0, body, 16);
	len += message_make(msg + len, 4, 99, 0, NULL, 0);
	len += message_make(msg + len, 5, VFU_CMD_DEVICE_RESET, VFU_FLAG_NO_REPLY, NULL, 0);
	len += message_make(msg + len, 6, VFU_CMD_DEVICE_RESET, 0, NULL, 0);
	CU_ASSERT_EQUAL(send(fd, msg, len, MSG_NOSIGNAL), (ssize_t)len);
	server_run(&s);
	CU_ASSERT_EQUAL(reply_get(fd, 2, body), 0);
	CU_ASSERT_EQUAL(reply_get(fd, 3, body), 16);
	CU_ASSERT_EQUAL(reply_get(fd, 4, body), -ENOTSUP);
	CU_ASSERT_EQUAL(reply_get(fd, 6, body), 0);
	close(fd);
	server_free(&s);
}

static void garbage_ends_the_connection(void)
{
	static const struct {
		uint32_t size, flags;
		const char *why;
	} rows[] = {
		{ 0, 0, "got a message of an impossible size" },
		{ 15, 0, "got a message of an impossible size" },
		{ 16 + VFU_BODY_MAX + 1, 0, "got a message of an impossible size" },
		{ 0xffffffff, 0, "got a message of an impossible size" },
		{ 16, VFU_FLAG_REPLY, "got a message that is no command" },
		{ 16, 0xffffffff, "got a message that is no command" },
	};
	struct vfu_stats stats;
	struct server s;
	size_t i;

	server_new(&s);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vfu_hdr hdr = { .size = rows[i].size, .flags = rows[i].flags };
		int fd = client_new(&s);

		CU_ASSERT_EQUAL(handshake(&s, fd), 4);
		CU_ASSERT_EQUAL(send(fd, &hdr, sizeof(hdr), MSG_NOSIGNAL), sizeof(hdr));
		server_run(&s);
		CU_ASSERT_STRING_EQUAL(s.why, rows[i].why);
		CU_ASSERT_EQUAL(recv(fd, &hdr, sizeof(hdr), 0), 0);
		close(fd);
	}
	vfu_stats_get(s.vfu, &stats);
	CU_ASSERT_EQUAL(stats.protocol, ARRAY_SIZE(rows));
	server_free(&s);
}

static int open_fds(void)
{
	int fd, n = 0;

	for (fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void send_with_fds(int sock, const void *msg, size_t len, const int *fds, size_t n)
{
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(16 * sizeof(int))] = { 0 };
	struct iovec iov = { (void *)msg, len };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
		.msg_controllen = CMSG_SPACE(n * sizeof(int)),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	CU_ASSERT_EQUAL(sendmsg(sock, &m, MSG_NOSIGNAL), (ssize_t)len);
}

static void descriptors_belong_to_their_message(void)
{
	struct vfu_dma_map map = { .flags = 3, .addr = 0x100000, .size = 4096 };
	int memory = memfd_create("guest", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	uint8_t msg[512], body[VFU_BODY_MAX];
	struct vfu_stats stats;
	struct server s;
	size_t len, at;
	int fd, before;

	CU_ASSERT_FATAL(ftruncate(memory, 4096) == 0);
	CU_ASSERT_FATAL(fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK) == 0);
	server_new(&s);
	fd = client_new(&s);
	CU_ASSERT_EQUAL(handshake(&s, fd), 4);
	before = open_fds();
	/* two in a row, of which the second has the descriptor, and one with a useless one */
	at = message_make(msg, 1, VFU_CMD_DEVICE_RESET, 0, NULL, 0);
	len = message_make(msg + at, 2, VFU_CMD_DMA_MAP, 0, &map, sizeof(map));
	CU_ASSERT_EQUAL(send(fd, msg, at, MSG_NOSIGNAL), (ssize_t)at);
	send_with_fds(fd, msg + at, len, &memory, 1);
	len = message_make(msg, 3, VFU_CMD_DEVICE_RESET, 0, NULL, 0);
	send_with_fds(fd, msg, len, &memory, 1);
	server_run(&s);
	CU_ASSERT_EQUAL(reply_get(fd, 1, body), 0);
	CU_ASSERT_EQUAL(reply_get(fd, 2, body), 0);
	CU_ASSERT_EQUAL(reply_get(fd, 3, body), 0);
	vfu_stats_get(s.vfu, &stats);
	CU_ASSERT_EQUAL(stats.dma_maps, 1);
	CU_ASSERT_EQUAL(open_fds(), before);
	close(memory);
	close(fd);
	server_run(&s);
	vfu_stats_get(s.vfu, &stats);
	CU_ASSERT_EQUAL(stats.dma_maps, 0);
	server_free(&s);
}

static void too_many_descriptors_end_the_connection(void)
{
	int fds[16], fd, before;
	struct server s;
	uint8_t msg[64];
	size_t i, len;

	server_new(&s);
	for (i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = 0;
	before = open_fds();
	fd = client_new(&s);
	CU_ASSERT_EQUAL(handshake(&s, fd), 4);
	len = message_make(msg, 1, VFU_CMD_DEVICE_RESET, 0, NULL, 0);
	send_with_fds(fd, msg, len, fds, ARRAY_SIZE(fds));
	server_run(&s);
	CU_ASSERT_STRING_EQUAL(s.why, "got too many descriptors with one message");
	close(fd);
	CU_ASSERT_EQUAL(open_fds(), before);
	server_free(&s);
}

static void refusal_with_a_remedy_is_told(void)
{
	struct vfu_dma_map map = { .flags = 3, .addr = 0x100000, .size = 4096 };
	int memory = memfd_create("guest", MFD_CLOEXEC);
	uint8_t msg[64], body[VFU_BODY_MAX];
	struct vfu_stats stats;
	struct server s;
	size_t len;
	int fd;

	CU_ASSERT_FATAL(ftruncate(memory, 4096) == 0);
	server_new(&s);
	fd = client_new(&s);
	CU_ASSERT_EQUAL(handshake(&s, fd), 4);
	len = message_make(msg, 9, VFU_CMD_DMA_MAP, 0, &map, sizeof(map));
	send_with_fds(fd, msg, len, &memory, 1);
	server_run(&s);
	CU_ASSERT_EQUAL(reply_get(fd, 9, body), -EPERM);
	CU_ASSERT(strstr(s.trouble, "seal=on") != NULL);
	vfu_stats_get(s.vfu, &stats);
	CU_ASSERT(stats.refused == 1 && stats.messages == 2);
	close(memory);
	close(fd);
	server_free(&s);
}

static void slow_client_gets_every_reply(void)
{
	struct vfu_region_access a = { 0, VFIO_PCI_CONFIG_REGION_INDEX, 256 };
	uint8_t msg[64], body[VFU_BODY_MAX];
	size_t len = message_make(msg, 5, VFU_CMD_REGION_READ, 0, &a, sizeof(a));
	unsigned int sent, got = 0;
	struct server s;
	int fd, small = 4096;

	server_new(&s);
	fd = client_new(&s);
	CU_ASSERT_EQUAL(handshake(&s, fd), 4);
	CU_ASSERT_EQUAL(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
	/* ask until neither side takes any more, without reading a single answer */
	for (sent = 0; sent < 100000; sent++) {
		if (send(fd, msg, len, MSG_NOSIGNAL) == (ssize_t)len)
			continue;
		server_run(&s);
		if (send(fd, msg, len, MSG_NOSIGNAL) != (ssize_t)len)
			break;
	}
	CU_ASSERT(sent > 100 && sent < 100000);
	while (got < sent) {
		int n = reply_get(fd, 5, body);

		if (n == 1) {
			unsigned int before = got;

			server_run(&s);
			n = reply_get(fd, 5, body);
			CU_ASSERT_FATAL(n != 1 || before != got);
		}
		CU_ASSERT_EQUAL_FATAL(n, 272);
		got++;
	}
	server_run(&s);
	CU_ASSERT_EQUAL(reply_get(fd, 5, body), 1);
	close(fd);
	server_free(&s);
}

static void bad_configuration_makes_no_server(void)
{
	static const struct vmci_config bad = { .cid = 2 };
	struct event_base *base = event_base_new();
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	errno = 0;
	CU_ASSERT_PTR_NULL(vfu_new(base, fd, &bad, &ops, NULL));
	CU_ASSERT_EQUAL(errno, EINVAL);
	CU_ASSERT_EQUAL(fcntl(fd, F_GETFD), -1);
	vfu_free(NULL);
	event_base_free(base);
}

static const struct unit_case cases[] = {
	{ "a client comes and goes, and another", client_comes_and_goes },
	{ "a second client waits for the first to go", second_client_waits },
	{ "messages may come in pieces and in a row", messages_may_come_in_pieces_and_in_a_row },
	{ "garbage ends the connection, not the server", garbage_ends_the_connection },
	{ "descriptors belong to their message", descriptors_belong_to_their_message },
	{ "too many descriptors end the connection", too_many_descriptors_end_the_connection },
	{ "a refusal with a remedy is told", refusal_with_a_remedy_is_told },
	{ "a slow client gets every reply", slow_client_gets_every_reply },
	{ "a bad configuration makes no server", bad_configuration_makes_no_server },
};

UNIT_MAIN("vfu", cases)
