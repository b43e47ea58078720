/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vsock.h - what the files of vmsock.ko share
 *
 * sk_state of a stream socket
 *	TCP_CLOSE	fresh, or its connection has failed or ended
 *	TCP_LISTEN	takes REQUESTs
 *	TCP_SYN_SENT	client: REQUEST2 is out; with a queue pair, OFFER is out as well
 *	TCP_SYN_RECV	server's child: NEGOTIATE is out, waits for OFFER
 *	TCP_ESTABLISHED	both ends have the queue pair.  Stays so while the peer shuts down or goes
 *			away, which is in peer_shutdown, because what is queued can still be read
 * A datagram socket stays in TCP_CLOSE.
 *
 * Who holds a reference of a struct sock
 *	the socket file		from socket() or accept() until release
 *	its listener's lists	a child, while it is on `pending` or `ready`
 *	a child			its listener, until it is accepted or killed
 *	work and timer		while queued; the handler puts it
 * The tables hold none: who drops the owner's reference (file or lists) takes the socket out of
 * them first.  Lookups are under RCU and take a reference if there is still one to be had; sockets
 * are freed after a grace period (SOCK_RCU_FREE).
 *
 * Locks, outermost first.  Two socket locks are held together in one place only: a listener's work
 * item locks the child that it has just made.
 *	family_lock		family.c: which family number is ours; mutex
 *	lock_sock		state, addresses, queue pair, options of one socket; process context
 *	table locks		table.c: writers of the hash tables; spinlocks, bh
 *	accept_lock		a listener's lists, requests, and its backlog count; spinlock, bh
 *	inbox_lock		what has arrived for one connection; spinlock, bh
 *
 * Packets come in from vmci in atomic context.  READ and WROTE only wake; everything else is left in
 * the socket's inbox (a bit and a value for each type: nothing to allocate, nothing to overflow) for
 * its work item, which takes the socket lock.  Mail is left with the lock of the table held in which
 * the socket was found, so that a socket which has left the tables gets none for its former peer.
 */
#ifndef VMTKIT_VSK_VSOCK_H
#define VMTKIT_VSK_VSOCK_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <net/sock.h>

#include "vmci_kernel.h"

#include "rules.h"
#include "window.h"

struct proto_ops;
struct vsock_wire_packet;

struct vsk_addr {
	u32 cid;
	u32 port;
};

#define VSK_ADDR_ANY	((struct vsk_addr){ .cid = VSK_CID_ANY, .port = VSK_PORT_ANY })

/* struct sockaddr_vm of user space */
struct vsk_sockaddr {
	__kernel_sa_family_t family;
	u16 reserved;
	u32 port;
	u32 cid;
	u8 flags;
	u8 zero[3];
};

#define VSK_ADDR_FLAG_TO_HOST	0x01

/* A control packet in the machine's byte order; src is the sender. */
struct vsk_packet {
	u8 type;
	u16 proto;
	bool loop;			/* between two sockets of this kernel */
	struct vsk_addr src;
	struct vsk_addr dst;
	union {
		u64 size;
		u64 mode;
		struct vmci_handle handle;
		struct {
			u64 generation;
			u64 offset;
		} wait;
	};
};

/* Bits of vsk_mail.arrived, in the order in which they are handled. */
enum vsk_arrival {
	VSK_IN_INVALID		= 1 << 0,
	VSK_IN_NEGOTIATE	= 1 << 1,
	VSK_IN_OFFER		= 1 << 2,
	VSK_IN_ATTACH		= 1 << 3,
	VSK_IN_WAITING_READ	= 1 << 4,
	VSK_IN_WAITING_WRITE	= 1 << 5,
	VSK_IN_SHUTDOWN		= 1 << 6,
	VSK_IN_RST		= 1 << 7,
	VSK_IN_DETACH		= 1 << 8,
};

/* What has arrived for one connection and waits for its work item. */
struct vsk_mail {
	u32 arrived;			/* VSK_IN_* */
	u32 shutdown;			/* RCV_SHUTDOWN, SEND_SHUTDOWN: all that came */
	bool negotiate2;		/* NEGOTIATE2, not NEGOTIATE */
	u16 proto;
	u64 size;
	struct vmci_handle offer;
	struct vmci_handle attach;
};

struct vsk_sock {
	struct sock sk;			/* first */

	struct vsk_addr local;		/* socket lock; fixed while in a table */
	struct vsk_addr remote;		/* the same */
	bool loop;			/* the same */
	struct hlist_node bound_node;
	struct hlist_node conn_node;
	struct hlist_node qp_node;

	/* connection; socket lock */
	struct vmci_qp *qp;		/* NULL: none */
	struct vmci_handle qp_handle;
	u64 qp_size;			/* bytes of each direction */
	u16 proto;
	u32 peer_shutdown;
	bool old_request_sent;
	bool ignore_rst;
	struct vsk_window window;
	bool peer_waits_data;		/* old protocol: WAITING_READ came */
	bool peer_waits_space;		/* old protocol: WAITING_WRITE came */
	u64 consumed;			/* old protocol: bytes ever taken out */
	u64 produced;			/* old protocol: bytes ever put in */
	long recheck;			/* jiffies until poll() looks again */

	struct vsk_sizes sizes;		/* socket lock */
	bool sized;			/* the program has set a size: keep to it */
	long connect_timeout;		/* jiffies; socket lock */

	spinlock_t inbox_lock;
	struct vsk_mail inbox;		/* inbox_lock */
	struct work_struct work;
	struct delayed_work timer;	/* connect timeout; pending child; recheck */
	unsigned long deadline;		/* jiffies: the timer means nothing before; socket lock */

	/* listener */
	spinlock_t accept_lock;		/* protects these four and sk_ack_backlog */
	bool listening;
	struct list_head requests;	/* struct vsk_request */
	unsigned int request_count;
	struct list_head pending;	/* children in TCP_SYN_RECV */
	struct list_head ready;		/* children to accept */

	/* child */
	struct vsk_sock *listener;	/* socket lock */
	struct list_head child_node;	/* the listener's accept_lock */

	struct vmci_handle dg_handle;	/* datagram socket, while bound */
};

static inline struct vsk_sock *vsk_sk(const struct sock *sk)
{
	return (struct vsk_sock *)sk;
}

/* What was refused, thrown away or lost; only ever counted up. */
struct vsk_stats {
	atomic_long_t bad_packets;	/* malformed, or from where no endpoint can be */
	atomic_long_t no_socket;	/* to nobody */
	atomic_long_t unexpected;	/* not in this state of the connection */
	atomic_long_t requests_refused;	/* backlog, memory, no common protocol */
	atomic_long_t dgrams_dropped;	/* receive buffer or memory */
	atomic_long_t bad_queues;	/* a peer's index out of range */
	atomic_long_t send_failed;	/* control packets that the device did not take */
};

extern struct vsk_stats vsk_stats;
extern struct workqueue_struct *vsk_wq;
extern struct proto vsk_proto;
extern struct proto_ops vsk_stream_ops;
extern struct proto_ops vsk_dgram_ops;

/* family.c */
int vsk_family_init(void);
void vsk_family_exit(void);
int vsk_family_acquire(void);		/* the family, or -errno; the caller must hold a use */
void vsk_family_use(void);		/* [process] */
void vsk_family_use_more(void);		/* [any] while another use is held */
void vsk_family_unuse(void);		/* [any] */
bool vsk_intree_loaded(void);

/* control.c */
int vsk_control_init(void);
void vsk_control_exit(void);

/* sock.c */
struct sock *vsk_sock_new(struct net *net, struct socket *sock, int family, int type, int kern,
			  const struct vsk_sock *parent);
void vsk_sock_drain(void);
int vsk_addr_parse(const struct sock *sk, const void *addr, int len, struct vsk_addr *ret);
void vsk_addr_fill(const struct sock *sk, const struct vsk_addr *addr, struct vsk_sockaddr *ret);
int vsk_release(struct socket *sock);
int vsk_bind(struct socket *sock, struct sockaddr_unsized *addr, int len);
int vsk_bind_locked(struct vsk_sock *vsk, struct vsk_addr addr);
int vsk_autobind_locked(struct vsk_sock *vsk);
int vsk_getname(struct socket *sock, struct sockaddr *addr, int peer);
int vsk_shutdown(struct socket *sock, int how);
void vsk_state_set(struct vsk_sock *vsk, int state);	/* socket lock held */
int vsk_errno(int status);		/* VMCI status word -> 0 or -errno */

/* table.c */
void vsk_table_init(void);
int vsk_bound_add(struct vsk_sock *vsk);		/* -EADDRINUSE */
void vsk_bound_del(struct vsk_sock *vsk);
struct vsk_sock *vsk_bound_find(int type, u32 cid, u32 port);		/* with a reference */
int vsk_conn_add(struct vsk_sock *vsk);			/* -EADDRINUSE */
void vsk_conn_del(struct vsk_sock *vsk);
struct vsk_sock *vsk_conn_find(u32 local_port, struct vsk_addr remote, bool loop); /* the same */
bool vsk_conn_mail(u32 local_port, struct vsk_addr remote, bool loop,
		   bool (*fn)(struct vsk_sock *vsk, const struct vsk_packet *p),
		   const struct vsk_packet *p);
void vsk_qp_add(struct vsk_sock *vsk);
void vsk_qp_del(struct vsk_sock *vsk);
void vsk_qp_mail(struct vmci_handle handle, void (*fn)(struct vsk_sock *vsk));
void vsk_conn_for_each(void (*fn)(struct vsk_sock *vsk));	/* fn: atomic context */
bool vsk_table_visit(unsigned int bucket, void (*fn)(struct vsk_sock *vsk, void *data), void *data);

/* packet.c */
int vsk_packet_init(void);
void vsk_packet_exit(void);
int vsk_packet_send(const struct vsk_packet *packet);

/* conn.c: everything with the socket lock held, unless it says otherwise */
int vsk_connect(struct socket *sock, struct sockaddr_unsized *addr, int len, int flags);
int vsk_conn_send(struct vsk_sock *vsk, struct vsk_packet packet);
void vsk_conn_wake(struct vsk_sock *vsk, const struct vsk_packet *packet);	/* no lock; atomic */
bool vsk_conn_arrived(struct vsk_sock *vsk, const struct vsk_packet *packet);	/* a table's lock */
void vsk_conn_detached(struct vsk_sock *vsk);					/* a table's lock */
void vsk_conn_work(struct work_struct *work);
void vsk_conn_timer(struct work_struct *work);
void vsk_conn_arm(struct vsk_sock *vsk, long jiffies_from_now);
void vsk_conn_close(struct vsk_sock *vsk, bool reset);
void vsk_conn_linger(struct vsk_sock *vsk);
void vsk_conn_broken(struct vsk_sock *vsk);
void vsk_work_queue(struct vsk_sock *vsk);					/* no lock; any */

/* listen.c */
int vsk_listen(struct socket *sock, int backlog);
int vsk_accept(struct socket *sock, struct socket *newsock, VMT_ACCEPT_ARGS);
void vsk_listen_arrived(struct vsk_sock *vsk, const struct vsk_packet *packet);	/* no lock; atomic */
void vsk_listen_work(struct vsk_sock *vsk);		/* socket lock held */
bool vsk_listen_ready(struct vsk_sock *vsk);
void vsk_listen_stop(struct vsk_sock *vsk);		/* no lock; process context */
void vsk_child_ready(struct vsk_sock *child);		/* child's lock held */
bool vsk_child_unlist(struct vsk_sock *child);		/* child's lock held; true: put it */

/* queue.c: the socket lock is held and vsk->qp is there */
u64 vsk_queue_fit(const struct vsk_sock *vsk, u64 size);	/* no qp needed */
int vsk_queue_create(struct vsk_sock *vsk);
int vsk_queue_attach(struct vsk_sock *vsk, struct vmci_handle handle);
void vsk_queue_detach(struct vsk_sock *vsk);
s64 vsk_queue_space(struct vsk_sock *vsk);
s64 vsk_queue_ready(struct vsk_sock *vsk);
s64 vsk_queue_unsent(struct vsk_sock *vsk);
ssize_t vsk_queue_write(struct vsk_sock *vsk, struct msghdr *msg, size_t len);
ssize_t vsk_queue_read(struct vsk_sock *vsk, struct msghdr *msg, size_t len, bool peek);
int vsk_queue_reader_waits(struct vsk_sock *vsk, u64 target);
int vsk_queue_writer_waits(struct vsk_sock *vsk);
void vsk_queue_peer_waits(struct vsk_sock *vsk);

/* stream.c */
int vsk_stream_sendmsg(struct socket *sock, struct msghdr *msg, size_t len);
int vsk_stream_recvmsg(struct socket *sock, struct msghdr *msg, size_t len, int flags);
__poll_t vsk_stream_poll(struct file *file, struct socket *sock, struct poll_table_struct *wait);
void vsk_stream_recheck(struct vsk_sock *vsk);		/* socket lock held */
int vsk_stream_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg);

/* dgram.c */
int vsk_dgram_attach(struct vsk_sock *vsk);		/* socket lock held */
void vsk_dgram_detach(struct vsk_sock *vsk);		/* the same */

/* diag.c: family_lock held */
void vsk_diag_register(int family);
void vsk_diag_unregister(void);

/* show.c */
int vsk_show_init(void);
void vsk_show_exit(void);

/* option.c */
int vsk_setsockopt(struct socket *sock, int level, int name, sockptr_t val, unsigned int len);
int vsk_getsockopt(struct socket *sock, int level, int name, char __user *val, int __user *len);

#endif /* VMTKIT_VSK_VSOCK_H */
