/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vsock_unix.h - a guest's vSockets ports as UNIX sockets of the host
 *
 *	PATH			write "CONNECT port\n", read "OK hostport\n": a stream to the guest
 *	PATH_<port>		bound by others; a guest's stream to context 2 is connected to it
 *	PATH_dgram		SOCK_DGRAM: "SENDTO port\n" and the payload go to the guest's port
 *	PATH_dgram_<port>	bound by others; gets the guest's datagrams to the host's port
 *	PATH_dgram_guest_<port>	made when the guest sends from that port, and the sender's name
 *				then: what is sent to it goes to the guest's port, from <port> if
 *				the sender is bound to PATH_dgram_<port>, else from port 0
 *
 * One for each VM process, in its event loop; nothing here waits.  Errors of guests and of local
 * users are counted (vsu_counters), never logged.
 */
#ifndef VMTKIT_HOST_VMM_VSOCK_UNIX_H
#define VMTKIT_HOST_VMM_VSOCK_UNIX_H

#include <stddef.h>
#include <stdint.h>

struct event_base;
struct json_object;
struct vmci_dev;
struct vsh;
struct vsu;
struct vsu_listener;

/* 0 in a number means the default named beside it. */
struct vsu_config {
	struct event_base *base;
	struct vmci_dev *dev;
	const char *path;	/* PATH; copied, at most VSU_PATH_MAX bytes */
	uint64_t qp_memory;	/* as given to vmci_new() */
	uint32_t conns_max;	/* VSH_CONNS_MAX; never more than the limit of descriptors allows */
	uint32_t greeting_max;	/* clients that have not sent their line yet: VSU_GREETING_MAX */
	uint32_t greeting_ms;	/* for the whole line: VSU_GREETING_MS */
};

#define VSU_PATH_MAX		84	/* PATH_dgram_guest_4294967295 must fit a sockaddr_un */
#define VSU_GREETING_MAX	128
#define VSU_GREETING_MS		2000

/* Counts since vsu_new(); names are those of vmctl status --json. */
#define VSU_COUNTERS(X)                                                                            \
	X(clients)		/* connections to PATH */                                          \
	X(clients_bad_line)	/* not CONNECT and a port within 32 bytes */                       \
	X(clients_slow)		/* no line in time */                                              \
	X(clients_refused)	/* the guest, or a limit, said no */                               \
	X(services_missing)	/* guest asked for a port without PATH_<port> */                   \
	X(services_busy)	/* whose backlog was full, or that we had no descriptor for */     \
	X(accept_pauses)	/* out of descriptors or greeting_max reached */                   \
	X(broken)		/* streams given up because the guest's ring was corrupt */        \
	X(dgrams_no_service)	/* guest sent to a port without PATH_dgram_<port> */               \
	X(dgrams_no_room)	/* its queue was full */                                           \
	X(dgrams_bad)		/* PATH_dgram: no SENDTO line, or longer than a datagram can be */

struct vsu_counters {
#define VSU_COUNTER_FIELD(name) uint64_t name;
	VSU_COUNTERS(VSU_COUNTER_FIELD)
#undef VSU_COUNTER_FIELD
};

/*
 * vsu_new() - bind PATH and PATH_dgram (mode 0600) and become the host's vSockets of the device
 *
 * A socket file that nobody listens on is replaced.
 * Returns 0; -ENAMETOOLONG; -EADDRINUSE: somebody listens there; -EEXIST: the path is something
 * else than a socket; other -errno.
 */
int vsu_new(const struct vsu_config *config, struct vsu **ret_vsu);

/* vsu_free() - closes everything, listeners too, and removes its socket files.  NULL is fine. */
void vsu_free(struct vsu *vsu);

/*
 * vsu_connect() - connect a descriptor to a port of the guest (vmctl vsock NAME connect PORT)
 * @fd:		a stream socket, ours from now on if 0 is returned
 * @done:	called once, later: @err is 0 and @host_port set; or -ECONNREFUSED, -ETIMEDOUT, ...
 *
 * Returns 0; -EINVAL; -ENOTSOCK; -ENOTCONN: the guest has no driver up; -EBUSY: too many; -ENOMEM.
 */
int vsu_connect(struct vsu *vsu, uint32_t port, int fd,
		void (*done)(void *arg, int err, uint32_t host_port), void *arg);

/*
 * vsu_listen() - get the guest's streams to a host port, before PATH_<port> is looked at
 * @accept:	called with a stream socket that the callee owns and the port in the guest; may call
 *		vsu_unlisten()
 *
 * Returns 0; -EADDRINUSE: somebody has it; -EINVAL; -ENOMEM.
 */
int vsu_listen(struct vsu *vsu, uint32_t port,
	       void (*accept)(void *arg, int fd, uint32_t guest_port), void *arg,
	       struct vsu_listener **ret_listener);

/* vsu_unlisten() - streams that were handed out go on.  NULL is fine. */
void vsu_unlisten(struct vsu_listener *listener);

/* vsu_model() - for vsh_walk() and vsh_counters() */
struct vsh *vsu_model(struct vsu *vsu);
const struct vsu_counters *vsu_counters(const struct vsu *vsu);

/*
 * vsu_status_json() - path, memory, connection-count, connections, listeners, counters
 *
 * The caller puts it (json_object_put).  NULL: out of memory.
 */
struct json_object *vsu_status_json(struct vsu *vsu);

#endif /* VMTKIT_HOST_VMM_VSOCK_UNIX_H */
