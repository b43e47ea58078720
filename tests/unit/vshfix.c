/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vshfix.c - fixture of the vsock_host tests
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/vshfix.h"

static uint64_t now_ms(void *data)
{
	return ((struct fx *)data)->now_ms;
}

static void timer(void *data, uint64_t deadline_ms)
{
	((struct fx *)data)->timer_ms = deadline_ms;
}

static int incoming(void *data, struct vsh_conn *conn)
{
	struct fx *f = data;

	f->incoming = conn;
	vsh_set_user(conn, f);
	return f->refuse;
}

static void event(void *data, struct vsh_conn *conn, void *user, unsigned int events)
{
	struct fx *f = data;

	CU_ASSERT_PTR_EQUAL(user, f);
	f->events |= events;
	f->event_conn = conn;
	if (events & VSH_EV_CLOSED) {
		f->closed++;
		f->error = vsh_error(conn);
		CU_ASSERT_EQUAL(vsh_state(conn), VSH_DEAD);
	} else if (f->close_on_event) {
		f->close_on_event = false;
		vsh_close(conn);
	}
}

static int dgram(void *data, uint32_t guest_port, uint32_t host_port, const void *payload,
		 size_t len)
{
	struct fx *f = data;

	f->dg_guest_port = guest_port;
	f->dg_host_port = host_port;
	f->dg_len = len;
	f->dg_first = len ? *(const uint8_t *)payload : 0;
	return f->dg_result;
}

static void room(void *data)
{
	((struct fx *)data)->rooms++;
}

static const struct vsh_ops ops = {
	.now_ms = now_ms,
	.timer = timer,
	.incoming = incoming,
	.event = event,
	.dgram = dgram,
	.room = room,
};

struct fx *fx_new_with(const struct vsh_config *config, size_t ram_mib, uint64_t qp_memory)
{
	struct fx *f = calloc(1, sizeof(*f));
	int err;

	f->g = vg_new(ram_mib, qp_memory);
	f->now_ms = 1000;
	err = vsh_new(f->g->dev, config, &ops, f, &f->vsh);
	CU_ASSERT_EQUAL_FATAL(err, 0);
	vg_up(f->g);
	return f;
}

struct fx *fx_new(void)
{
	const struct vsh_config config = { .hash_key = { 1, 2 } };

	return fx_new_with(&config, 16, 0);
}

void fx_free(struct fx *f)
{
	vsh_free(f->vsh);
	vg_free(f->g);
	free(f);
}

unsigned int fx_events(struct fx *f)
{
	unsigned int events = f->events;

	f->events = 0;
	return events;
}

struct vsh_conn *fx_guest_connects(struct fx *f, uint32_t guest_port, uint32_t host_port,
				   uint32_t size, bool old_proto, struct vg_pair *ret_pair)
{
	const struct vsock_wire_packet *p;

	vg_say(f->g, old_proto ? VSOCK_PKT_REQUEST : VSOCK_PKT_REQUEST2, guest_port, host_port,
	       size);
	p = vg_hear(f->g);
	if (!p || p->type != (old_proto ? VSOCK_PKT_NEGOTIATE : VSOCK_PKT_NEGOTIATE2) ||
	    vg_pair_create(f->g, le64toh(p->u.size), ret_pair) != VMCI_SUCCESS_QP_CREATE)
		return NULL;
	vg_say_handle(f->g, VSOCK_PKT_OFFER, guest_port, host_port, ret_pair->handle);
	if (!vg_hears(f->g, VSOCK_PKT_ATTACH))
		return NULL;
	return f->incoming;
}

struct vsh_conn *fx_host_connects(struct fx *f, uint32_t guest_port, uint32_t size,
				  struct vg_pair *ret_pair)
{
	const struct vsock_wire_packet *p;
	struct vmci_handle handle;
	struct vsh_conn *conn;
	uint32_t port;

	if (vsh_connect(f->vsh, guest_port, f, &conn))
		return NULL;
	port = vsh_host_port(conn);
	if (!vg_hears(f->g, VSOCK_PKT_REQUEST2))
		return NULL;
	vg_say(f->g, VSOCK_PKT_NEGOTIATE2, guest_port, port, size);
	p = vg_hear(f->g);
	if (!p || p->type != VSOCK_PKT_OFFER)
		return NULL;
	handle.cid = le32toh(p->u.handle.cid);
	handle.rid = le32toh(p->u.handle.rid);
	if (vg_pair_attach(f->g, handle, size, ret_pair) != VMCI_SUCCESS_QP_ATTACH)
		return NULL;
	vg_say_handle(f->g, VSOCK_PKT_ATTACH, guest_port, port, handle);
	return conn;
}

ssize_t fx_read(struct vsh_conn *conn, void *buf, size_t len)
{
	struct iovec iov[3];
	size_t bytes, n = 0;
	int i, err, cnt = vsh_readable(conn, iov, 3, &bytes);

	if (cnt <= 0)
		return cnt;
	for (i = 0; i < cnt && n < len; i++) {
		size_t part = iov[i].iov_len < len - n ? iov[i].iov_len : len - n;

		memcpy((uint8_t *)buf + n, iov[i].iov_base, part);
		n += part;
	}
	err = vsh_consumed(conn, n);
	return err ? err : (ssize_t)n;
}

ssize_t fx_write(struct vsh_conn *conn, const void *buf, size_t len)
{
	struct iovec iov[3];
	size_t bytes, n = 0;
	int i, err, cnt = vsh_writable(conn, iov, 3, &bytes);

	if (cnt <= 0)
		return cnt;
	for (i = 0; i < cnt && n < len; i++) {
		size_t part = iov[i].iov_len < len - n ? iov[i].iov_len : len - n;

		memcpy(iov[i].iov_base, (const uint8_t *)buf + n, part);
		n += part;
	}
	err = vsh_produced(conn, n);
	return err ? err : (ssize_t)n;
}
