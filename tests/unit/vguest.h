/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vguest.h - a guest without a machine: plays the driver's side of the VMCI device from a test
 *
 * Real device model, real registers, guest memory in an array.  One at a time.  Its own reading of
 * the wire formats: nothing here uses the host's code but the device's public functions.
 */
#ifndef VMTKIT_TESTS_UNIT_VGUEST_H
#define VMTKIT_TESTS_UNIT_VGUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/model/vmci.h"
#include "wire/vsock_packet.h"

#define VG_CID 77u

/* The guest's end of a queue pair: pages that follow one another in guest memory. */
struct vg_pair {
	struct vmci_handle handle;
	uint64_t size;			/* bytes of each ring */
	uint64_t gpa;			/* header and content of produce, then of consume */
};

struct vg {
	struct faults *faults;		/* an empty set, for the test to fill */
	struct gmem *mem;
	struct vmci_dev *dev;
	uint8_t *ram;
	size_t ram_size;
	uint64_t next_page;		/* pages from here on are free */
	uint32_t next_rid;
	unsigned int irqs;
	uint8_t *inbox;			/* what one receive gave */
	size_t inbox_len;
	size_t inbox_off;
	unsigned int events_seen[VMCI_EV_MAX];
};

/* vg_new() - memory and device, no driver yet.  Ends the test program when out of memory. */
struct vg *vg_new(size_t ram_mib, uint64_t qp_memory);
void vg_free(struct vg *g);
void vg_up(struct vg *g);		/* what a driver does at probe */

/* vg_send() - one datagram; returns RESULT_LOW */
int32_t vg_send(struct vg *g, const void *dg, size_t len);

/* vg_recv() - the next datagram that is no event, or NULL; valid until the next call */
const struct vmci_wire_dg *vg_recv(struct vg *g);

/* vg_hypercall() - returns its result */
int32_t vg_hypercall(struct vg *g, uint32_t rid, const void *payload, size_t len);

/* A control packet from the guest: to context 2 unless @p says otherwise; fills in the header. */
int32_t vg_packet(struct vg *g, struct vsock_wire_packet *p);

/* vg_say() - a packet whose union holds one number */
int32_t vg_say(struct vg *g, uint8_t type, uint32_t src_port, uint32_t dst_port, uint64_t value);

/* vg_say_handle() - OFFER, ATTACH */
int32_t vg_say_handle(struct vg *g, uint8_t type, uint32_t src_port, uint32_t dst_port,
		      struct vmci_handle handle);

/* vg_hear() - the next control packet from the host, or NULL; valid until the next receive */
const struct vsock_wire_packet *vg_hear(struct vg *g);

/* vg_hears() - is the next control packet of this type? */
bool vg_hears(struct vg *g, uint8_t type);

/* vg_pair_create() and vg_pair_attach() - QUEUEPAIR_ALLOC; return its result */
int32_t vg_pair_create(struct vg *g, uint64_t size, struct vg_pair *ret);
int32_t vg_pair_attach(struct vg *g, struct vmci_handle handle, uint64_t size, struct vg_pair *ret);
int32_t vg_pair_detach(struct vg *g, const struct vg_pair *p);

/* vg_pair_write(), vg_pair_read() - as much as there is room for, or data; return the bytes */
size_t vg_pair_write(struct vg *g, const struct vg_pair *p, const void *buf, size_t len);
size_t vg_pair_read(struct vg *g, const struct vg_pair *p, void *buf, size_t len);

/* vg_pair_poke() - the guest's tail (VMCI_QUEUE_OFF_PRODUCER_TAIL) or head, to any value */
void vg_pair_poke(struct vg *g, const struct vg_pair *p, size_t off, uint64_t value);

#endif /* VMTKIT_TESTS_UNIT_VGUEST_H */
