/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz-front.c - what a QEMU that a guest has taken over says in its plugin's place
 *
 * The input is packets: a byte with the length, then so many bytes.  A hello is sent first if the
 * input's first byte is odd.  A front that is cut off may not be served any more.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/event.h>

#include "host/model/guestrpc.h"
#include "host/front/front.h"
#include "host/vmm/front_server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void grpc_event(void *data, const struct grpc_event *ev)
{
}

static const struct grpc_ops grpc_ops = { .now_ms = front_now_ms, .event = grpc_event };

static void front_told(void *data, enum front_change what, const char *why)
{
	int *served = data;

	/* One that did not even say hello may be cut off, too. */
	if (!why || (what == FRONT_CAME && *served) || (what == FRONT_GONE && !*served))
		abort();
	*served = what == FRONT_CAME;
}

static const struct front_server_ops ops = { .front = front_told };

/* A listening socket without a name in a folder, and a connection to it. */
static void sockets_new(int *ret_listen, int *ret_fd)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(addr.sun_family);

	*ret_listen = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	*ret_fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	/* The kernel chooses an abstract name for an address of no length. */
	if (*ret_listen < 0 || *ret_fd < 0 ||
	    bind(*ret_listen, (struct sockaddr *)&addr, len) < 0 || listen(*ret_listen, 1) < 0)
		abort();
	len = sizeof(addr);
	if (getsockname(*ret_listen, (struct sockaddr *)&addr, &len) < 0 ||
	    connect(*ret_fd, (struct sockaddr *)&addr, len) < 0)
		abort();
}

static void hello(int fd)
{
	struct {
		struct front_hdr hdr;
		struct front_hello body;
	} packet = {
		.hdr = { .type = FRONT_HELLO, .len = sizeof(packet.body) },
		.body = { .version = FRONT_VERSION },
	};

	if (send(fd, &packet, sizeof(packet), MSG_NOSIGNAL) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct front_params params = { .memory_mib = 64, .vcpus = 1 };
	const struct grpc_config config = { 0 };
	struct event_base *base = event_base_new();
	int listen_fd, fd, served = 0;
	struct front_server *s;
	struct grpc *g;

	sockets_new(&listen_fd, &fd);
	g = grpc_new(&config, &grpc_ops, NULL);
	s = base && g ? front_server_new(base, listen_fd, g, &params, &ops, &served) : NULL;
	if (!s)
		abort();
	if (size && *data & 1)
		hello(fd);
	event_base_loop(base, EVLOOP_NONBLOCK);
	while (size) {
		size_t len = *data < size - 1 ? *data : size - 1;

		if (len && send(fd, data + 1, len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			break;
		event_base_loop(base, EVLOOP_NONBLOCK);
		if (served != front_server_connected(s))
			abort();
		data += 1 + len;
		size -= 1 + len;
	}
	close(fd);
	event_base_loop(base, EVLOOP_NONBLOCK);
	if (served)
		abort();
	front_server_free(s);
	grpc_free(g);
	event_base_free(base);
	return 0;
}
