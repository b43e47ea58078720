/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmci.h - model of the VMCI PCI device, and what the host side sees of it
 *
 * Two users.  A front (vfio-user) gives it register reads and writes and takes its interrupts; the
 * host's endpoints (vSockets, RPC) get the guest's datagrams, send datagrams and events, ring
 * doorbells, and share queue pairs (qpair.h).
 * Pure: no descriptors, threads or clock; all inputs are calls, all outputs are callbacks, guest
 * memory only through gmem.h.  Callbacks run inside the call that caused them.  An endpoint's
 * callback may send datagrams, and attach, create and detach queue pairs; it must not free the
 * device, reset it, or write registers.
 * Two number spaces: what travels to the guest as a result is a VMCI_ERR_* or VMCI_SUCCESS_* of
 * wire/vmci_device.h; what a host function returns to its caller is 0 or -errno.
 */
#ifndef VMTKIT_HOST_MODEL_VMCI_H
#define VMTKIT_HOST_MODEL_VMCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/vmci_device.h"

struct faults;
struct gmem;
struct vmci_dev;

enum vmci_mode {
	VMCI_MODE_DMA,		/* BAR 1 of 256 KiB with registers in memory, 3 vectors */
	VMCI_MODE_PORT,		/* BAR 0 with registers in I/O space, 2 vectors */
};

/* What it interrupts by: a function has one kind, as a stock machine with the others switched off. */
enum vmci_interrupts {
	VMCI_INTERRUPTS_MSIX,	/* a vector for each cause */
	VMCI_INTERRUPTS_MSI,	/* one message for all causes */
	VMCI_INTERRUPTS_INTX,	/* a level, as long as STATUS says so */
};

/* A pair of ids in the byte order of the machine. */
struct vmci_handle {
	uint32_t cid;
	uint32_t rid;
};

struct vmci_config {
	uint32_t cid;		/* the guest's context id, VMCI_CID_RESERVED_MAX..0x7fffffff */
	enum vmci_mode mode;
	enum vmci_interrupts interrupts;
	/* bytes of queue pairs, headers included, up to 1 TiB; 0: the default */
	uint64_t qp_memory;
	struct faults *faults;	/* outlives the device; NULL: none */
};

/* What keeps the device from working that a user can put right; each is told once per device. */
enum vmci_trouble {
	/* guest memory without a descriptor: not a shareable backend */
	VMCI_TROUBLE_NO_MEMORY_FD,
	/* a buffer the driver just filled reads as zeros: share=off */
	VMCI_TROUBLE_NOT_SHARED,
};

/* What the device asks of the front that it belongs to. */
struct vmci_ops {
	/* A cause that is let through came up: vector 0 .. VMCI_VECS_* - 1.  An edge; never waits. */
	void (*irq)(void *data, unsigned int vector);
	/* @text: one line with the cause and the remedy */
	void (*trouble)(void *data, enum vmci_trouble what, const char *text);
	/* Call vmci_later() once after @ms; a call before that adds nothing.  NULL: nothing is late. */
	void (*later)(void *data, uint32_t ms);
};

/* Counts since vmci_new(); they survive resets. */
struct vmci_stats {
	uint64_t dg_from_guest;		/* datagrams the guest sent, hypercalls included */
	uint64_t hypercalls;
	uint64_t dg_refused;		/* of dg_from_guest: answered with an error */
	uint64_t dg_to_guest;		/* put into a receive buffer, events included */
	/* vmci_send_to_guest() refused: queue full or nobody there */
	uint64_t dg_dropped;
	uint64_t events_dropped;
	/* guest named memory that it does not have, or may not write */
	uint64_t bad_memory;
	uint64_t bad_register;		/* access of a wrong width, or outside of the registers */
	uint64_t rings_corrupt;		/* queue pairs given up for a tail or head out of range */
	uint64_t irqs;
	uint64_t resets;
	uint64_t qp_created;		/* by either side */
	uint64_t qp_memory;		/* bytes in use now */
	uint32_t qp_count;		/* now */
};

/*
 * vmci_new() - make a device as it is after power on
 * @mem:	guest memory; must outlive the device
 * @ops, @data:	the front's callbacks and their first argument; @ops must outlive the device
 *
 * Returns NULL and sets errno to EINVAL for a bad configuration, or ENOMEM.
 */
struct vmci_dev *vmci_new(const struct vmci_config *config, struct gmem *mem,
			  const struct vmci_ops *ops, void *data);

/*
 * vmci_free() - tells every host end of a queue pair VMCI_QP_GONE_RESET, then frees.  NULL is
 * fine.
 */
void vmci_free(struct vmci_dev *dev);

/* vmci_mode(), vmci_interrupts() - how it was configured */
enum vmci_mode vmci_mode(const struct vmci_dev *dev);
enum vmci_interrupts vmci_interrupts(const struct vmci_dev *dev);

/* vmci_irq_level() - is a cause pending that is let through?  What INTx and STATUS show. */
bool vmci_irq_level(const struct vmci_dev *dev);

/* ---- for the front ------------------------------------------------------------------------ */

/*
 * vmci_reg_read() - the guest reads a register
 * @off:	byte offset in the register window
 * @width:	1, 2 or 4.  Other than aligned 4 byte accesses (and 1 byte ones of DATA_IN in port
 *		mode) are counted and read as all ones, as the front's bus would answer.
 */
uint32_t vmci_reg_read(struct vmci_dev *dev, uint32_t off, unsigned int width);

/*
 * vmci_reg_write() - the guest writes a register; bad accesses are counted and ignored
 *
 * A write of DATA_OUT_LOW carries the whole datagram through: endpoint callbacks run in here.
 */
void vmci_reg_write(struct vmci_dev *dev, uint32_t off, unsigned int width, uint32_t value);

/*
 * vmci_reset() - guest reset, CONTROL.RESET or loss of the front: queue pairs, queued datagrams,
 * doorbells, bitmap and interrupt state go; configuration, endpoints and counters stay.
 * Idempotent.  Host ends of queue pairs are told VMCI_QP_GONE_RESET, then host_ops.reset runs.
 */
void vmci_reset(struct vmci_dev *dev);

/* vmci_later() - the time asked for by ops.later has come; early calls do no harm */
void vmci_later(struct vmci_dev *dev);

/* vmci_faults_changed() - a fault was set: those that nothing else would set off happen now */
void vmci_faults_changed(struct vmci_dev *dev);

/* vmci_faults() - the set that the configuration named, for endpoints to ask; or NULL */
struct faults *vmci_faults(const struct vmci_dev *dev);

/* ---- for the host's endpoints ------------------------------------------------------------- */

/*
 * A datagram from the guest.  @dg is a private copy, checked: @len = 24 + payload_size, source cid
 * is the guest's own (or the source is anonymous, both ids VMCI_INVALID_ID).  Valid during the
 * call.
 *
 * Returns a VMCI result for the guest: a negative VMCI_ERR_*, or >= 0 for "taken", which the guest
 * sees as @len, the number of bytes sent with the header.
 */
typedef int (*vmci_dgram_fn)(void *data, const struct vmci_wire_dg *dg, size_t len);

/* What the host's one personality (vSockets) wants to know of the device.  Any may be NULL. */
struct vmci_host_ops {
	/* a datagram to context 2, to a resource that nobody registered (SOCK_DGRAM: rid = port) */
	vmci_dgram_fn dgram;
	/* the guest's driver is up: it enabled interrupts, datagrams to it are taken from now on */
	void (*ready)(void *data);
	/* the driver is gone; all queue pairs were told already, all that was sent is lost */
	void (*reset)(void *data);
	/* there is room again after vmci_send_to_guest() returned -ENOBUFS */
	void (*room)(void *data);
};

/* vmci_host_set() - set the personality; NULL ops takes it out.  @ops must stay valid. */
void vmci_host_set(struct vmci_dev *dev, const struct vmci_host_ops *ops, void *data);

/*
 * vmci_endpoint_add() - receive the guest's datagrams to a fixed resource
 * @cid:	VMCI_CID_HOST, or VMCI_CID_HYPERVISOR for a rid that is no hypercall (>= 12)
 *
 * vSockets' control packets are {VMCI_CID_HOST, 1} and {VMCI_CID_HYPERVISOR, 15}.
 * Returns 0, -EINVAL, -EEXIST or -ENOMEM.
 */
int vmci_endpoint_add(struct vmci_dev *dev, uint32_t cid, uint32_t rid, vmci_dgram_fn fn,
		      void *data);

/* vmci_endpoint_remove() - may be called from the endpoint's own callback; unknown ids are fine */
void vmci_endpoint_remove(struct vmci_dev *dev, uint32_t cid, uint32_t rid);

/*
 * vmci_send_to_guest() - queue a datagram for the guest
 * @dg:		whole datagram, copied.  dst.cid must be the guest's, src.cid 0 or 2; a source
 *		{0, 0} is the event handler's and refused here (see vmci_event_*).
 * @len:	24 + payload_size exactly, at most VMCI_DG_SIZE_MAX
 *
 * Returns 0: queued (the guest may still be reset before it reads it); -EINVAL; -EMSGSIZE;
 * -ENOTCONN: the guest has no driver up; -ENOBUFS: 2 * VMCI_DG_SIZE_MAX bytes are queued already,
 * host_ops.room will tell; -ENOMEM.
 */
int vmci_send_to_guest(struct vmci_dev *dev, const struct vmci_wire_dg *dg, size_t len);

/* vmci_guest_ready() - true between the driver's INT_ENABLE and its reset */
bool vmci_guest_ready(const struct vmci_dev *dev);

/* vmci_guest_cid() - the guest's present context id */
uint32_t vmci_guest_cid(const struct vmci_dev *dev);

/*
 * vmci_set_guest_cid() - the guest gets another context id; tells it by CTX_ID_UPDATE
 *
 * Queue pairs under the old id stay as they are; vmci_resume() ends them.  Returns 0 or -EINVAL.
 */
int vmci_set_guest_cid(struct vmci_dev *dev, uint32_t cid);

/*
 * vmci_resume() - what a guest sees after suspend and resume: every queue pair with the host is
 * dead (host ends are told VMCI_QP_GONE_RESUME; the guest still detaches them), then event
 * QP_RESUMED
 */
void vmci_resume(struct vmci_dev *dev);

/* The guest rang a doorbell that the host owns. */
typedef void (*vmci_doorbell_fn)(void *data, uint32_t rid);

/* vmci_doorbell_add() - own doorbell {VMCI_CID_HOST, @rid}.  Returns 0, -EEXIST or -ENOMEM. */
int vmci_doorbell_add(struct vmci_dev *dev, uint32_t rid, vmci_doorbell_fn fn, void *data);
void vmci_doorbell_remove(struct vmci_dev *dev, uint32_t rid);

/*
 * vmci_doorbell_ring() - ring the guest's doorbell @rid
 *
 * Returns 0; -ENOENT if the guest has linked none of that id; -ENOTCONN if it gave no bitmap page;
 * -EFAULT if that page is not memory any more.
 */
int vmci_doorbell_ring(struct vmci_dev *dev, uint32_t rid);

/* vmci_stats_get() - a copy of all counters */
void vmci_stats_get(const struct vmci_dev *dev, struct vmci_stats *ret);

#endif /* VMTKIT_HOST_MODEL_VMCI_H */
