/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vsock_host.h - the host's end of vSockets: streams and datagrams of one guest
 *
 * Sits on the VMCI device (vmci.h, qpair.h) as the host's personality and speaks the control
 * protocol of wire/vsock_packet.h in both roles.  Whoever moves the bytes (vmm/vsock_unix) is "the
 * user" here: it decides whether a guest's request is taken, asks for iovecs, reads or writes its
 * descriptor straight from or to guest memory, and says how much it moved.
 *
 *	guest's request	 -> ops.incoming -> handshake -> VSH_EV_CONNECTED
 *	vsh_connect()			 -> handshake -> VSH_EV_CONNECTED or VSH_EV_CLOSED
 *	then in each direction: wait for VSH_EV_DATA or VSH_EV_SPACE, move bytes until 0 is
 *	returned, wait again.  No event is lost in between: 0 is returned only after a fresh look
 *	at the ring.
 *
 * A connection belongs to the model until it is gone: after VSH_EV_CLOSED was delivered, or after
 * vsh_close(), its pointer is dead.  Pure, single-threaded, like all models; ops are called inside
 * the call that caused them.  Inside ops.event every function here may be called; vsh_close() not
 * for VSH_EV_CLOSED.
 */
#ifndef VMTKIT_HOST_MODEL_VSOCK_HOST_H
#define VMTKIT_HOST_MODEL_VSOCK_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct vmci_dev;
struct vmci_wire_dg;
struct vsh;
struct vsh_conn;

#define VSH_PORT_ANY		0xffffffffu	/* no port at all */
#define VSH_HOST_PORT_MAX	65535		/* of those that vsh_connect() picks */

/* 0 in a field means the default named beside it. */
struct vsh_config {
	uint32_t queue_size;	/* bytes of a ring that we propose: VSH_QUEUE_SIZE */
	uint32_t queue_min;	/* a guest's proposal below it gets queue_size: 128 */
	uint32_t queue_max;	/* and one above it: VSOCK_BUFFER_SIZE_MAX */
	uint32_t conns_max;	/* all states together: VSH_CONNS_MAX */
	uint32_t handshakes_max; /* of these, not yet established: VSH_HANDSHAKES_MAX */
	uint32_t handshake_ms;	/* from the first packet to ATTACH: VSH_HANDSHAKE_MS */
	uint64_t spill_max;	/* bytes kept of guests that left, in all: VSH_SPILL_MAX */
	uint64_t qp_memory;	/* the device's limit: VMCI_QP_MEMORY_DEFAULT */
	uint64_t hash_key[2];	/* secret: keeps the guest from choosing colliding ports */
};

#define VSH_QUEUE_SIZE		262144
#define VSH_CONNS_MAX		16384
#define VSH_HANDSHAKES_MAX	1024
#define VSH_HANDSHAKE_MS	5000	/* an emulated guest may be slow to find its pages */
#define VSH_SPILL_MAX		(64u << 20)

enum vsh_state {
	VSH_IN_NEGOTIATE,	/* the guest asked, we sent NEGOTIATE; its OFFER is awaited */
	VSH_OUT_REQUEST,	/* we asked; NEGOTIATE is awaited */
	VSH_OUT_OFFER,		/* pair made and offered; ATTACH is awaited */
	VSH_ESTABLISHED,
	VSH_DETACHED,		/* the guest has left; what it wrote before can still be read */
	VSH_DEAD,		/* only vsh_close() is left to do */
};

#define VSH_EV_CONNECTED	0x01	/* established; DATA and SPACE are implied */
#define VSH_EV_DATA		0x02	/* vsh_readable() may give something */
#define VSH_EV_SPACE		0x04	/* vsh_writable() may give something */
#define VSH_EV_SHUTDOWN		0x08	/* vsh_peer_shutdown() has changed */
#define VSH_EV_CLOSED		0x10	/* never came up, or was torn down; freed on return */

struct vsh_ops {
	/* milliseconds of a clock that never goes back */
	uint64_t (*now_ms)(void *data);
	/* vsh_deadline() was none and is something now; NULL is fine if it is polled */
	void (*timer)(void *data, uint64_t deadline_ms);
	/*
	 * The guest asks for vsh_host_port().  Returns 0 to take the connection (see
	 * vsh_set_user()), or -errno: the guest gets RST.  vsh_close() must not be called in here.
	 */
	int (*incoming)(void *data, struct vsh_conn *conn);
	/* @events: VSH_EV_*.  @user is what vsh_set_user() or vsh_connect() gave. */
	void (*event)(void *data, struct vsh_conn *conn, void *user, unsigned int events);
	/*
	 * A datagram of the guest, @guest_port to @host_port; @payload is valid during the call.
	 * Returns 0; -ECONNREFUSED: nobody there; -ENOBUFS: no room; other -errno.  The guest's
	 * sendto() fails accordingly.
	 */
	int (*dgram)(void *data, uint32_t guest_port, uint32_t host_port, const void *payload,
		     size_t len);
	/* vsh_dgram_send() may be tried again after -ENOBUFS */
	void (*room)(void *data);
};

/* Counts since vsh_new(); names are those of vmctl status --json. */
#define VSH_COUNTERS(X)                                                                            \
	X(established_in)	/* guest to host */                                                \
	X(established_out)	/* host to guest */                                                \
	X(refused_in)		/* the user said no */                                             \
	X(failed_in)		/* handshakes that did not end in ESTABLISHED */                   \
	X(failed_out)                                                                              \
	X(timeouts)		/* of failed_in and failed_out */                                  \
	X(over_conns)		/* requests refused because of conns_max */                        \
	X(over_handshakes)	/* because of handshakes_max */                                    \
	X(bad_packet)		/* too short, wrong version, impossible field */                   \
	X(bad_source)		/* not from resource 1 */                                          \
	X(unknown_type)		/* answered with INVALID */                                        \
	X(unexpected)		/* does not fit the connection's state */                          \
	X(no_connection)	/* for ports that nothing is open on; answered with RST */         \
	X(stray_rst)		/* the same, but RST: ignored */                                   \
	X(bad_offer)		/* pair of the guest that we could not attach to */                \
	X(rst_sent)                                                                                \
	X(rst_received)		/* of connections that we knew */                                  \
	X(queue_corrupt)	/* torn down: the guest's ring header was out of range */          \
	X(spilled_bytes)	/* copied out when the guest detached */                           \
	X(spill_lost)		/* connections whose bytes found no room in spill_max */           \
	X(packets_delayed)	/* device queue full, sent later */                                \
	X(packets_lost)		/* device queue full or guest gone, not sent */                    \
	X(wrote_sent)                                                                              \
	X(read_sent)                                                                               \
	X(dgrams_in)		/* guest to host, delivered */                                     \
	X(dgrams_in_refused)                                                                       \
	X(dgrams_out)                                                                              \
	X(dgrams_out_refused)

struct vsh_counters {
#define VSH_COUNTER_FIELD(name) uint64_t name;
	VSH_COUNTERS(VSH_COUNTER_FIELD)
#undef VSH_COUNTER_FIELD
};

/* One connection as vsh_walk() shows it. */
struct vsh_info {
	enum vsh_state state;
	bool incoming;			/* the guest asked for it */
	bool old_proto;			/* the one with WAITING_READ and WAITING_WRITE */
	uint32_t host_cid;		/* 2, or 0 if the guest asked context 0 */
	uint32_t host_port;
	uint32_t guest_port;
	uint32_t queue_size;		/* bytes of each ring; 0 before it is negotiated */
	unsigned int shutdown;		/* VSOCK_SHUTDOWN_* that we sent */
	unsigned int peer_shutdown;	/* and those that the guest sent */
	uint64_t bytes_from_guest;
	uint64_t bytes_to_guest;
	uint64_t unread;		/* in the ring or kept aside, not yet taken by the user */
};

/*
 * vsh_new() - become the host's personality of @dev
 * @dev, @ops:	must outlive the result
 *
 * Returns 0; -EINVAL for a configuration that contradicts itself; -EEXIST if the control resources
 * are taken; -ENOMEM.
 */
int vsh_new(struct vmci_dev *dev, const struct vsh_config *config, const struct vsh_ops *ops,
	    void *data, struct vsh **ret_vsh);

/* vsh_free() - detaches from all pairs and frees all connections without events.  NULL is fine. */
void vsh_free(struct vsh *vsh);

/* vsh_deadline() - when vsh_tick() has something to do, in ops.now_ms time; UINT64_MAX: never */
uint64_t vsh_deadline(const struct vsh *vsh);

/* vsh_tick() - gives up the handshakes whose time is over at @now_ms */
void vsh_tick(struct vsh *vsh, uint64_t now_ms);

/*
 * vsh_connect() - connect to a port of the guest
 * @user:	given back with every event
 *
 * The result comes as VSH_EV_CONNECTED or VSH_EV_CLOSED, never before this returns.
 * Returns 0; -EINVAL for VSH_PORT_ANY; -ENOTCONN: the guest has no driver up; -EBUSY: conns_max or
 * handshakes_max; -EADDRNOTAVAIL: no host port left; -ENOMEM.
 */
int vsh_connect(struct vsh *vsh, uint32_t guest_port, void *user, struct vsh_conn **ret_conn);

/*
 * vsh_close() - be done with a connection, in any state; frees it, gives no event
 *
 * The guest can still read what is in its ring.
 */
void vsh_close(struct vsh_conn *conn);

/*
 * vsh_readable() - bytes from the guest as iovecs that point into guest memory
 * @ret_bytes:	their sum, which may be less than there is
 *
 * They hold until the next call of the model; follow with vsh_consumed().
 * Returns the number of entries; 0: nothing now, and nothing ever again if vsh_peer_shutdown() has
 * VSOCK_SHUTDOWN_SEND; -ENOTCONN: not established; -EPIPE: torn down, call vsh_close().
 */
int vsh_readable(struct vsh_conn *conn, struct iovec *iov, int iovcnt, size_t *ret_bytes);

/* vsh_consumed() - @bytes of vsh_readable() were taken.  Returns 0, -EINVAL, -ENOTCONN, -EPIPE. */
int vsh_consumed(struct vsh_conn *conn, size_t bytes);

/*
 * vsh_writable() - free space towards the guest, in the same way
 *
 * Returns the number of entries; 0: full, VSH_EV_SPACE will come; -ENOTCONN; -EPIPE: the guest does
 * not receive any more, or we said that we do not send any more.
 */
int vsh_writable(struct vsh_conn *conn, struct iovec *iov, int iovcnt, size_t *ret_bytes);

/* vsh_produced() - @bytes were put there.  Returns 0, -EINVAL, -ENOTCONN, -EPIPE. */
int vsh_produced(struct vsh_conn *conn, size_t bytes);

/* vsh_shutdown() - tell the guest that we neither send (VSOCK_SHUTDOWN_SEND) nor receive (_RCV) */
void vsh_shutdown(struct vsh_conn *conn, unsigned int mode);

/* vsh_peer_shutdown() - VSOCK_SHUTDOWN_* of the guest so far; both once it has left */
unsigned int vsh_peer_shutdown(const struct vsh_conn *conn);

void vsh_set_user(struct vsh_conn *conn, void *user);
uint32_t vsh_host_port(const struct vsh_conn *conn);
uint32_t vsh_guest_port(const struct vsh_conn *conn);
enum vsh_state vsh_state(const struct vsh_conn *conn);

/* vsh_error() - in VSH_EV_CLOSED: -ECONNRESET, -ETIMEDOUT, -EPROTO, -ENOBUFS, ... */
int vsh_error(const struct vsh_conn *conn);

/*
 * vsh_dgram_send() - send a datagram to a port of the guest
 * @dg:		room for the header, which is filled in here, and after it the payload
 * @len:	bytes of both
 * @host_port:	what the guest sees as the sender's port
 *
 * Returns 0; -EINVAL; -EMSGSIZE; -ENOTCONN: no driver up; -ENOBUFS: full, ops.room will tell;
 * -ENOMEM.  Whether a socket has the port is not known to anybody but the guest.
 */
int vsh_dgram_send(struct vsh *vsh, struct vmci_wire_dg *dg, size_t len, uint32_t host_port,
		   uint32_t guest_port);

/*
 * vsh_walk() - calls @fn for each connection, oldest first, until it returns something else than 0
 *
 * A connection whose ring is found corrupt is torn down instead (VSH_EV_CLOSED).  @fn must not
 * change anything.
 */
int vsh_walk(struct vsh *vsh, int (*fn)(void *data, const struct vsh_info *info), void *data);

/* vsh_counters() - all counters; valid as long as @vsh */
const struct vsh_counters *vsh_counters(const struct vsh *vsh);

/* vsh_memory() - bytes of heap in use for connections, their table and spilled bytes */
size_t vsh_memory(const struct vsh *vsh);

/* vsh_state_name() - a word for status output */
const char *vsh_state_name(enum vsh_state state);

#endif /* VMTKIT_HOST_MODEL_VSOCK_HOST_H */
