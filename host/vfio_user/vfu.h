/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfu.h - a VMCI device for QEMU, served over a vfio-user socket
 *
 * It owns the device model and the guest's memory, and lives on the caller's event loop.  One
 * client at a time; after one has gone the next may connect, and finds the device as after power
 * on. The client is not trusted: what it sends is checked, answered with an error and counted, and
 * what cannot be answered ends the connection, never the process.
 */
#ifndef VMTKIT_HOST_VFIO_USER_VFU_H
#define VMTKIT_HOST_VFIO_USER_VFU_H

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct vfu;
struct vmci_config;
struct vmci_dev;

/* What the owner is told; any may be NULL.  vfu_free() must not be called in them. */
struct vfu_ops {
	/* a client has finished its handshake */
	void (*connected)(void *data);
	/*
	 * the client is gone; memory is unmapped and the device reset.  @why: one line, for a
	 * log
	 */
	void (*disconnected)(void *data, const char *why);
	/* the VM cannot work as it was set up.  @text: one line with the cause and the remedy */
	void (*trouble)(void *data, const char *text);
};

struct vfu_stats {
	uint64_t messages;	/* received */
	uint64_t refused;	/* answered with an error */
	uint64_t protocol;	/* connections ended for a message that cannot be answered */
	uint64_t dma_maps;	/* regions mapped now, with those that came without a descriptor */
};

/*
 * vfu_new() - make the device and wait for a client
 * @listen_fd:	a listening UNIX stream socket, non-blocking; taken over in any case, also on
 *		failure
 * @config:	of the device; copied
 *
 * Returns NULL and sets errno: EINVAL for a bad @config, ENOMEM.
 */
struct vfu *vfu_new(struct event_base *base, int listen_fd, const struct vmci_config *config,
		    const struct vfu_ops *ops, void *data);

/*
 * vfu_free() - ends the connection and the device; what the host had open is told.  NULL is
 * fine.
 */
void vfu_free(struct vfu *vfu);

/* vfu_device() - the device, to attach endpoints to; lives as long as @vfu */
struct vmci_dev *vfu_device(struct vfu *vfu);

/* vfu_connected() - is there a client? */
bool vfu_connected(const struct vfu *vfu);

void vfu_stats_get(const struct vfu *vfu, struct vfu_stats *ret);

#endif /* VMTKIT_HOST_VFIO_USER_VFU_H */
