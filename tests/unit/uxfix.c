/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * uxfix.c - fixture of the vsock_unix tests
 */
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "host/base/fd.h"
#include "tests/unit/uxfix.h"

struct ux *ux_new_with(struct vsu_config config)
{
	struct ux *u = calloc(1, sizeof(*u));

	strcpy(u->dir, "/tmp/vsu-test-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(u->dir));
	snprintf(u->path, sizeof(u->path), "%s/v", u->dir);
	u->g = vg_new(16, 0);
	u->base = event_base_new();
	config.base = u->base;
	config.dev = u->g->dev;
	config.path = u->path;
	CU_ASSERT_EQUAL_FATAL(vsu_new(&config, &u->vsu), 0);
	vg_up(u->g);
	return u;
}

struct ux *ux_new(void)
{
	return ux_new_with((struct vsu_config){ .greeting_max = 0 });
}

/* Whatever is left in the folder makes rmdir() fail: our sockets must be gone. */
void ux_free(struct ux *u)
{
	vsu_free(u->vsu);
	event_base_free(u->base);
	vg_free(u->g);
	CU_ASSERT_EQUAL(rmdir(u->dir), 0);
	free(u);
}

void turn(struct ux *u)
{
	int i;

	for (i = 0; i < 20; i++)
		event_base_loop(u->base, EVLOOP_NONBLOCK);
}

int client_at(struct ux *u, const char *suffix, int type)
{
	char name[108];

	snprintf(name, sizeof(name), "%s%s", u->path, suffix);
	return unix_connect(name, type | SOCK_NONBLOCK);
}

int client(struct ux *u, const char *line)
{
	int fd = client_at(u, "", SOCK_STREAM);

	CU_ASSERT_TRUE_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(write(fd, line, strlen(line)), (ssize_t)strlen(line));
	return fd;
}

int service(struct ux *u, const char *suffix, int type)
{
	char name[108];
	int fd;

	snprintf(name, sizeof(name), "%s%s", u->path, suffix);
	fd = unix_listen(name, type | SOCK_NONBLOCK, 0600);
	CU_ASSERT_TRUE_FATAL(fd >= 0);
	return fd;
}

void service_end(struct ux *u, const char *suffix, int fd)
{
	char name[108];

	snprintf(name, sizeof(name), "%s%s", u->path, suffix);
	unlink(name);
	close(fd);
}

/* Turns the loop until @fd has something (or its end), at most 5 s. */
ssize_t wait_read(struct ux *u, int fd, void *buf, size_t len)
{
	int i;

	for (i = 0; i < 500; i++) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };

		turn(u);
		if (poll(&pfd, 1, 10) == 1)
			return read(fd, buf, len);
	}
	return -ETIMEDOUT;
}

/* The guest accepts a connection that the host asks for; 0 or -1. */
int guest_accepts(struct ux *u, struct vg_pair *pair, uint32_t *ret_port)
{
	const struct vsock_wire_packet *p;
	struct vmci_handle h;
	uint32_t guest_port;

	turn(u);
	p = vg_hear(u->g);
	if (!p || p->type != VSOCK_PKT_REQUEST2)
		return -1;
	*ret_port = le32toh(p->src_port);
	guest_port = le32toh(p->dst_port);
	vg_say(u->g, VSOCK_PKT_NEGOTIATE2, guest_port, *ret_port, SIZE);
	p = vg_hear(u->g);
	if (!p || p->type != VSOCK_PKT_OFFER)
		return -1;
	h = (struct vmci_handle){ le32toh(p->u.handle.cid), le32toh(p->u.handle.rid) };
	if (vg_pair_attach(u->g, h, SIZE, pair) != VMCI_SUCCESS_QP_ATTACH)
		return -1;
	vg_say_handle(u->g, VSOCK_PKT_ATTACH, guest_port, *ret_port, h);
	turn(u);
	return 0;
}

/* The guest connects to HP; returns 0 or -1. */
int guest_connects(struct ux *u, struct vg_pair *pair)
{
	const struct vsock_wire_packet *p;

	vg_say(u->g, VSOCK_PKT_REQUEST2, GP, HP, SIZE);
	p = vg_hear(u->g);
	if (!p || p->type != VSOCK_PKT_NEGOTIATE2 || vg_pair_create(u->g, SIZE, pair) < 0)
		return -1;
	vg_say_handle(u->g, VSOCK_PKT_OFFER, GP, HP, pair->handle);
	return vg_hears(u->g, VSOCK_PKT_ATTACH) ? 0 : -1;
}
