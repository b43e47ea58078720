/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vsock_host_priv.h - what the files of vsock_host share
 *
 *	vsock_host.c		the instance, its table of connections, dispatch, datagrams
 *	vsock_host_packet.c	control packets: bytes to struct and back; when to notify (pure)
 *	vsock_host_conn.c	life of a connection: handshakes, RST, time-outs, its end
 *	vsock_host_data.c	an established one: rings, notifications, half-close, spilled bytes
 */
#ifndef VMTKIT_HOST_MODEL_VSOCK_HOST_PRIV_H
#define VMTKIT_HOST_MODEL_VSOCK_HOST_PRIV_H

#include <sys/queue.h>

#include "host/model/qpair.h"
#include "host/model/vmci.h"
#include "host/model/vsock_host.h"
#include "wire/vsock_packet.h"

/* ---- vsock_host_packet.c ------------------------------------------------------------------- */

/* A control packet in the byte order of the machine.  Of the union's fields, that of the type. */
struct vsh_packet {
	uint8_t type;		/* VSOCK_PKT_*, or an unknown one as it came */
	uint16_t proto;
	uint32_t src_port;
	uint32_t dst_port;
	uint64_t size;		/* REQUEST, NEGOTIATE and their second forms */
	uint64_t mode;		/* SHUTDOWN */
	struct vmci_handle handle; /* OFFER, ATTACH */
	uint64_t generation;	/* WAITING_*; what the guest says is not looked at */
	uint64_t offset;
};

/*
 * vsh_packet_parse() - check and decode @len bytes of a datagram
 *
 * An unknown type is no error here, the caller answers it.  Returns 0 or -EPROTO.
 */
int vsh_packet_parse(const struct vmci_wire_dg *dg, size_t len, struct vsh_packet *ret);

/* vsh_packet_build() - as it goes to the guest @cid, from @host_cid; unused bytes are 0 */
void vsh_packet_build(const struct vsh_packet *p, uint32_t host_cid, uint32_t cid,
		      struct vsock_wire_packet *ret);

/*
 * When a READ is worth it.  A sender that found the ring full waits for one.  Sent at once it costs
 * a wake-up for each few bytes, so it waits until all but `window` bytes of the ring are free: the
 * window shrinks with each sender that had to wait, and grows when we had to wait ourselves.
 */
struct vsh_window {
	uint32_t size;		/* bytes of the ring */
	uint32_t window;	/* 1 page (or all, if smaller) .. size */
	bool waiting;		/* the sender waits for a READ */
	bool shrunk;		/* for this wait already */
};

void vsh_window_init(struct vsh_window *w, uint32_t size);
void vsh_window_starved(struct vsh_window *w);	/* we found the ring empty */

/* vsh_window_due() - with @free bytes of room now, is a READ due?  Ends the wait if so. */
bool vsh_window_due(struct vsh_window *w, uint64_t free);

/* ---- vsock_host.c -------------------------------------------------------------------------- */

struct vsh_conn {
	TAILQ_ENTRY(vsh_conn) all;
	TAILQ_ENTRY(vsh_conn) handshake;	/* linked while in_handshake, oldest first */
	TAILQ_ENTRY(vsh_conn) delayed;		/* linked while unsent is not 0 */
	struct vsh_conn *hash_next;
	struct vsh *vsh;
	void *user;
	struct vmci_qp *qp;
	uint32_t host_cid;
	uint32_t host_port;
	uint32_t guest_port;
	uint32_t queue_size;
	enum vsh_state state;
	int error;
	bool incoming;
	bool hashed;
	bool in_handshake;
	bool old_proto;
	bool ignore_rst;	/* we asked again after INVALID: one may be for the first try */
	bool starved;		/* the ring was found empty since data was last seen */
	bool guest_reads;	/* old protocol: the guest waits for WROTE */
	bool said_waiting_read;	/* old protocol: we do */
	bool said_waiting_write;
	uint8_t shutdown;
	uint8_t peer_shutdown;
	uint16_t unsent;	/* 1 << VSOCK_PKT_*: packets that found the device's queue full */
	struct vsh_window window;
	uint64_t deadline_ms;
	uint64_t from_guest;	/* bytes; modulo queue_size also our place in the ring */
	uint64_t to_guest;
	uint8_t *spill;		/* DETACHED: what was in the ring */
	size_t spill_size;
	size_t spill_off;
};

TAILQ_HEAD(vsh_conn_list, vsh_conn);

struct vsh {
	struct vmci_dev *dev;
	const struct vsh_ops *ops;
	void *data;
	struct vsh_config config;
	struct vsh_conn_list all;
	struct vsh_conn_list handshakes;
	struct vsh_conn_list delayed;
	struct vsh_conn **buckets;
	size_t nbuckets;	/* a power of two */
	uint32_t nhashed;
	uint32_t nconns;
	uint32_t nhandshakes;
	uint32_t next_port;
	size_t spill_bytes;
	struct vsh_counters count;
};

struct vsh_conn *vsh_lookup(struct vsh *vsh, uint32_t host_cid, uint32_t host_port,
			    uint32_t guest_port);
int vsh_hash_add(struct vsh_conn *conn);	/* 0 or -ENOMEM */
void vsh_hash_del(struct vsh_conn *conn);	/* one that is not in it is fine */

/* vsh_send() - one packet, 0 or what vmci_send_to_guest() says; counts what was lost */
int vsh_send(struct vsh *vsh, const struct vsh_packet *p, uint32_t host_cid);

/* ---- vsock_host_conn.c --------------------------------------------------------------------- */

/* vsh_conn_request() - REQUEST or REQUEST2 for ports without a connection */
void vsh_conn_request(struct vsh *vsh, uint32_t host_cid, const struct vsh_packet *p);

/* vsh_conn_packet() - a packet for @conn, which may be freed on return */
void vsh_conn_packet(struct vsh_conn *conn, const struct vsh_packet *p);

/*
 * vsh_conn_post() - send a packet of this type, with what the connection's state says
 *
 * Is sent later, in the order of the types, when the device's queue is full.  Returns 0 or -errno.
 */
int vsh_conn_post(struct vsh_conn *conn, uint8_t type);

void vsh_conn_flush(struct vsh_conn *conn);	/* what vsh_conn_post() could not send */
void vsh_conn_established(struct vsh_conn *conn); /* user is told; conn may be freed */

/*
 * vsh_conn_bury() - DEAD: RST to the guest, pair given back; for the middle of a call of the user,
 * whose result tells it to close
 */
void vsh_conn_bury(struct vsh_conn *conn, int error);

/* vsh_conn_fail() - end it with RST, tell the user by VSH_EV_CLOSED, free it */
void vsh_conn_fail(struct vsh_conn *conn, int error);

/* vsh_conn_corrupt() - vsh_conn_fail() for a ring that the device gave up */
void vsh_conn_corrupt(struct vsh_conn *conn);

/* vsh_conn_over() - the same, but the guest knows already */
void vsh_conn_over(struct vsh_conn *conn, int error);

/* vsh_conn_detached() - the guest left an established one: DETACHED; the user is told */
void vsh_conn_detached(struct vsh_conn *conn);

void vsh_conn_free(struct vsh_conn *conn);

/* vsh_conn_event() - the last thing done with @conn: the user may close it */
void vsh_conn_event(struct vsh_conn *conn, unsigned int events);

/* ---- vsock_host_data.c --------------------------------------------------------------------- */

extern const struct vmci_qp_ops vsh_qp_ops;	/* data is the connection */

/* vsh_data_packet() - a packet for an ESTABLISHED connection, which may be freed on return */
void vsh_data_packet(struct vsh_conn *conn, const struct vsh_packet *p);

#endif /* VMTKIT_HOST_MODEL_VSOCK_HOST_PRIV_H */
