/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmci-peer.c - the host's half of vmcitest.ko: `vmci-peer SOCKET [port]`
 *
 * A VMCI device of our model on a vfio-user socket, with endpoints that do what the module asks for
 * (tests/guest/vmcitest/peer.h).  It serves one QEMU and ends with it; "port" makes a device
 * without DMA datagrams.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/event.h>

#include "host/model/vmci_dev.h"	/* the inside of the model, to break its promises */
#include "host/vfio_user/vfu.h"
#include "tests/guest/vmcitest/peer.h"

#define GUEST_CID	77
#define IOVECS		64

struct peer {
	struct event_base *base;
	struct vfu *vfu;
	struct vmci_dev *dev;
	struct vmci_qp *qp;
	unsigned int rings;
};

static int reply(struct peer *p, const struct vmci_wire_dg *to, uint32_t from_rid,
		 const void *payload, size_t len)
{
	struct vmci_wire_dg *dg = calloc(1, sizeof(*dg) + len);
	int err;

	if (!dg)
		return -ENOMEM;
	dg->dst.cid = htole32(vmci_guest_cid(p->dev));	/* it may just have changed */
	dg->dst.rid = to->src.rid;
	dg->src.cid = htole32(VMCI_CID_HOST);
	dg->src.rid = htole32(from_rid);
	dg->payload_size = htole64(len);
	memcpy(dg + 1, payload, len);
	err = vmci_send_to_guest(p->dev, dg, sizeof(*dg) + len);
	free(dg);
	return err;
}

static int echo(void *data, const struct vmci_wire_dg *dg, size_t len)
{
	return reply(data, dg, PEER_ECHO_RID, dg + 1, len - sizeof(*dg)) ? VMCI_ERR_NO_RESOURCES : 0;
}

static void rung(void *data, uint32_t rid)
{
	struct peer *p = data;

	p->rings++;
}

static void qp_gone(void *data, struct vmci_qp *qp, enum vmci_qp_gone why)
{
	struct peer *p = data;

	vmci_qp_detach(qp);
	p->qp = NULL;
}

static const struct vmci_qp_ops qp_ops = { .gone = qp_gone };

/* Copies what the guest has written to where it reads, as far as there is room. */
static int pump(struct vmci_qp *qp)
{
	struct iovec in[IOVECS], out[IOVECS];
	size_t moved = 0, have, room, i, o, ioff = 0, ooff = 0;
	int nin = vmci_qp_readable(qp, in, IOVECS, &have);
	int nout = vmci_qp_writable(qp, out, IOVECS, &room);

	if (nin < 0 || nout < 0)
		return nin < 0 ? nin : nout;
	for (i = 0, o = 0; i < (size_t)nin && o < (size_t)nout;) {
		size_t n = in[i].iov_len - ioff;

		n = n < out[o].iov_len - ooff ? n : out[o].iov_len - ooff;
		memcpy((char *)out[o].iov_base + ooff, (char *)in[i].iov_base + ioff, n);
		moved += n;
		ioff += n;
		ooff += n;
		if (ioff == in[i].iov_len && ++i)
			ioff = 0;
		if (ooff == out[o].iov_len && ++o)
			ooff = 0;
	}
	if (vmci_qp_consumed(qp, moved, NULL) || vmci_qp_produced(qp, moved, NULL))
		return -EIO;
	return (int)moved;
}

static int send_many(struct peer *p, const struct vmci_wire_dg *to, uint64_t count, uint64_t len)
{
	uint8_t *buf;
	int err = 0;

	if (len > VMCI_DG_PAYLOAD_MAX)
		return -EMSGSIZE;
	buf = calloc(1, len ? len : 1);
	if (!buf)
		return -ENOMEM;
	while (count-- && !err)
		err = reply(p, to, PEER_RID, buf, len);
	free(buf);
	return err;
}

/* Writes past the model into the header page that the guest trusts us with. */
static int qp_corrupt(struct peer *p, uint64_t value, uint64_t offset)
{
	uint64_t wire = htole64(value);

	if (!p->qp || !p->qp->to_guest.gpa || offset > VMCI_WIRE_PAGE_SIZE - sizeof(wire))
		return -EINVAL;
	return gmem_copy_out(p->dev->mem, p->qp->to_guest.gpa[0] + offset, &wire, sizeof(wire));
}

static int qp_create(struct peer *p, struct peer_msg *msg)
{
	struct vmci_handle h;
	int err = vmci_qp_create(p->dev, le64toh(msg->arg[0]), le64toh(msg->arg[1]), &qp_ops, p,
				 &p->qp);

	if (err)
		return err;
	h = vmci_qp_handle(p->qp);
	msg->handle[0] = htole32(h.cid);
	msg->handle[1] = htole32(h.rid);
	return 0;
}

static int command(void *data, const struct vmci_wire_dg *dg, size_t len)
{
	struct peer *p = data;
	struct peer_msg msg;
	struct vmci_handle h;
	int result = -EINVAL;

	if (len != sizeof(*dg) + sizeof(msg))
		return VMCI_ERR_INVALID_ARGS;
	memcpy(&msg, dg + 1, sizeof(msg));
	h.cid = le32toh(msg.handle[0]);
	h.rid = le32toh(msg.handle[1]);
	switch ((enum peer_op)le32toh(msg.op)) {
	case PEER_QP_ATTACH:
		result = vmci_qp_attach(p->dev, h, 0, 0, &qp_ops, p, &p->qp);
		break;
	case PEER_QP_CREATE:
		result = qp_create(p, &msg);
		break;
	case PEER_QP_PUMP:
		result = p->qp ? pump(p->qp) : -ENOTCONN;
		break;
	case PEER_QP_DETACH:
		vmci_qp_detach(p->qp);
		p->qp = NULL;
		result = 0;
		break;
	case PEER_RING:
		result = vmci_doorbell_ring(p->dev, (uint32_t)le64toh(msg.arg[0]));
		break;
	case PEER_RINGS:
		result = (int)p->rings;
		break;
	case PEER_SEND:
		result = send_many(p, dg, le64toh(msg.arg[0]), le64toh(msg.arg[1]));
		break;
	case PEER_SET_CID:
		result = vmci_set_guest_cid(p->dev, (uint32_t)le64toh(msg.arg[0]));
		break;
	case PEER_RESUME:
		vmci_resume(p->dev);
		result = 0;
		break;
	case PEER_QP_CORRUPT:
		result = qp_corrupt(p, le64toh(msg.arg[0]), le64toh(msg.arg[1]));
		break;
	case PEER_STALL:
		sleep((unsigned int)le64toh(msg.arg[0]) % 10);
		result = 0;
		break;
	case PEER_LEAVE:
		event_base_loopbreak(p->base);
		return 0;
	}
	msg.result = htole32((uint32_t)result);
	return reply(p, dg, PEER_RID, &msg, sizeof(msg)) ? VMCI_ERR_NO_RESOURCES : 0;
}

static void disconnected(void *data, const char *why)
{
	struct peer *p = data;
	struct vmci_stats s;

	vmci_stats_get(p->dev, &s);
	printf("# end: %s; from guest %llu, to guest %llu, irqs %llu, refused %llu, bad %llu+%llu, dropped %llu\n",
	       why, (unsigned long long)s.dg_from_guest, (unsigned long long)s.dg_to_guest,
	       (unsigned long long)s.irqs, (unsigned long long)s.dg_refused,
	       (unsigned long long)s.bad_memory, (unsigned long long)s.bad_register,
	       (unsigned long long)s.dg_dropped);
	event_base_loopbreak(p->base);
}

static void trouble(void *data, const char *text)
{
	fprintf(stderr, "vmci-peer: %s\n", text);
}

static const struct vfu_ops vfu_ops = { .disconnected = disconnected, .trouble = trouble };

static int listen_on(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || strlen(path) >= sizeof(sun.sun_path))
		return -1;
	strcpy(sun.sun_path, path);
	unlink(path);
	return bind(fd, (struct sockaddr *)&sun, sizeof(sun)) || listen(fd, 1) ? -1 : fd;
}

int main(int argc, char **argv)
{
	struct vmci_config config = { .cid = GUEST_CID, .mode = VMCI_MODE_DMA };
	struct peer p = { .base = event_base_new() };
	int fd;

	if (argc < 2 || argc > 3 || (argc == 3 && strcmp(argv[2], "port"))) {
		fprintf(stderr, "usage: vmci-peer SOCKET [port]\n");
		return 2;
	}
	if (argc == 3)
		config.mode = VMCI_MODE_PORT;
	fd = listen_on(argv[1]);
	if (fd < 0 || !p.base) {
		perror(argv[1]);
		return 1;
	}
	p.vfu = vfu_new(p.base, fd, &config, &vfu_ops, &p);
	if (!p.vfu) {
		perror("vfu_new");
		return 1;
	}
	p.dev = vfu_device(p.vfu);
	if (vmci_endpoint_add(p.dev, VMCI_CID_HOST, PEER_RID, command, &p) ||
	    vmci_endpoint_add(p.dev, VMCI_CID_HOST, PEER_ECHO_RID, echo, &p) ||
	    vmci_doorbell_add(p.dev, PEER_DOORBELL_RID, rung, &p))
		return 1;
	event_base_dispatch(p.base);
	vfu_free(p.vfu);
	event_base_free(p.base);
	return 0;
}
