/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmci_guest.h - a guest for tests of the VMCI device: some memory, and a driver's moves
 *
 * The memory begins at GUEST_RAM and is GUEST_RAM_PAGES long.  Page 0 of it is the transmit buffer
 * and the 17 pages behind, page 20 the receive buffer and the 18 pages behind; from page
 * GUEST_FREE_PAGE on a test may use it as it likes.
 */
#ifndef VMTKIT_TESTS_VMCI_GUEST_H
#define VMTKIT_TESTS_VMCI_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/model/gmem.h"
#include "host/model/vmci.h"
#include "wire/vmci_device.h"

#define GUEST_CID	42
#define GUEST_RAM	0x100000000ull
#define GUEST_RAM_PAGES	256
#define GUEST_FREE_PAGE	64
#define GUEST_TX	(GUEST_RAM)
#define GUEST_RX	(GUEST_RAM + 20 * VMCI_WIRE_PAGE_SIZE)

struct guest {
	uint8_t *ram;
	struct gmem *mem;
	struct vmci_dev *dev;
	unsigned int irqs[VMCI_VECS_DMA];	/* messages seen, by vector */
	unsigned int troubles[2];		/* by enum vmci_trouble */
	uint32_t later_ms;			/* last ops.later; 0: none */
	struct faults *faults;			/* an empty set, for the test to fill */
	bool hangs;				/* guest_send(): the buffer may stay with the device */
};

/* guest_new() - a device in this mode as after power on; guest_boot() then does what a driver does.
 * @qp_memory: as in struct vmci_config */
void guest_new(struct guest *g, enum vmci_mode mode, uint64_t qp_memory);
void guest_boot(struct guest *g);
void guest_free(struct guest *g);

/* guest_page() - the memory behind a page of the guest, and its page number */
void *guest_page(struct guest *g, unsigned int page);
uint64_t guest_ppn(unsigned int page);

uint32_t guest_read(struct guest *g, uint32_t reg);
void guest_write(struct guest *g, uint32_t reg, uint32_t value);

/*
 * guest_send() - send a datagram through the transmit buffer, or the ports
 *
 * Returns the result, which header and register must agree on.
 */
int64_t guest_send(struct guest *g, const void *dg, size_t len);

/* guest_dgram() - send one with these addresses and a payload */
int64_t guest_dgram(struct guest *g, struct vmci_handle dst, struct vmci_handle src,
		    const void *payload, size_t len);

/* guest_hypercall() - to context 0, from nobody */
int64_t guest_hypercall(struct guest *g, uint32_t rid, const void *payload, size_t len);

/* A queue pair as a driver asks for it; see guest_qp_alloc(). */
struct guest_qp {
	struct vmci_handle handle;
	uint32_t peer;
	uint32_t flags;
	uint64_t produce_size, consume_size;
	uint64_t num_ppns;	/* 0: what the sizes need */
	unsigned int first_page;	/* its pages follow each other; 0: GUEST_FREE_PAGE */
	unsigned int list_len;	/* entries that the message really has; 0: num_ppns */
};

/* guest_qp_alloc() - QUEUEPAIR_ALLOC; guest_qp_detach() - QUEUEPAIR_DETACH; return the results */
int64_t guest_qp_alloc(struct guest *g, const struct guest_qp *qp);
int64_t guest_qp_detach(struct guest *g, struct vmci_handle handle);

/*
 * guest_receive() - post the receive buffer with room for @room bytes
 * @ret_dg:	where the datagrams begin, in guest memory
 *
 * Returns the number of datagrams before the end marker, or -1 if the buffer was not given back.
 */
int guest_receive(struct guest *g, size_t room, const struct vmci_wire_dg **ret_dg);

/* guest_next() - the datagram behind this one in a batch */
const struct vmci_wire_dg *guest_next(const struct vmci_wire_dg *dg);

#endif /* VMTKIT_TESTS_VMCI_GUEST_H */
