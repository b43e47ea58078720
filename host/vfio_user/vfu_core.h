/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfu_core.h - what a vfio-user message does; no socket and no event loop
 *
 * One message in, one reply or error out, so that tests and the fuzzer drive it with plain bytes.
 */
#ifndef VMTKIT_HOST_VFIO_USER_CORE_H
#define VMTKIT_HOST_VFIO_USER_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/vfio_user/vfu_config.h"
#include "wire/vmci_device.h"

/* with one message; a driver of 3 vectors never sends more than 3 */
#define VFU_FDS_MAX	8
#define VFU_XFER_MAX	4096	/* bytes of one region access */
#define VFU_BODY_MAX	(VFU_XFER_MAX + 512)	/* of a message, without its header */

struct gmem;
struct vmci_dev;

struct vfu_core {
	struct gmem *mem;
	struct vmci_dev *dev;
	enum vmci_mode mode;
	enum vmci_interrupts interrupts;
	struct vfu_config config;
	int irq_fd[VMCI_VECS_DMA];	/* eventfds; -1: not assigned */
	bool irq_masked;		/* INTx: the client has been told, or does not want to be */
	bool versioned;			/* the handshake is done */
	uint64_t maps;			/* regions in mem */
	const char *refusal;		/* cause and remedy of the last refused message, or NULL */
};

/*
 * vfu_core_init() - as when a client has just connected
 * @mem, @dev:	stay the caller's, and must outlive @core
 */
void vfu_core_init(struct vfu_core *core, struct gmem *mem, struct vmci_dev *dev);

/* vfu_core_done() - unmap all, give up the eventfds, reset the device */
void vfu_core_done(struct vfu_core *core);

/*
 * vfu_core_message() - carry out one command
 * @body, @len:	what follows the header; private, at any alignment
 * @fds, @nfds:	descriptors that came with it; those that are kept are replaced by -1, the rest
 *		stay the caller's
 * @reply:	room for VFU_BODY_MAX bytes; may not overlap @body
 *
 * Returns the length of the reply's body, or -errno, which is the reply's error.
 */
int vfu_core_message(struct vfu_core *core, uint16_t cmd, const uint8_t *body, size_t len,
		     int *fds, size_t nfds, uint8_t *reply);

/*
 * vfu_core_irq() - a cause came up: send the message of its vector, or the level of INTx; a driver with
 * one vector gets all on that
 */
void vfu_core_irq(struct vfu_core *core, unsigned int vector);

#endif /* VMTKIT_HOST_VFIO_USER_CORE_H */
