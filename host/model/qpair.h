/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qpair.h - the host's end of a queue pair
 *
 * A pair is two rings in guest memory; the guest is always the owner of the pages.  The host reads
 * the ring that the guest produces into, and writes the one that the guest consumes from; both are
 * given out as iovecs that point straight into guest memory, for readv() and writev().
 *
 *	OFFERED	 the host created it; no memory yet, all access gives -ENOTCONN
 *	LIVE	 both are attached
 *	GONE	 ops.gone was called; all access gives -EPIPE, only vmci_qp_detach() is left to do
 *
 * Tail and head of the guest are read once for each call and checked against the ring's size.  Out
 * of range, or when the pages are not memory any more, that call and all later ones return -EIO and
 * the caller does as with a peer that broke off: it detaches.  Our own tail and head are never read
 * back from guest memory.  Iovecs hold until the next call into the model that is not of this
 * header, so: get, readv/writev, commit, without returning to the event loop between.
 */
#ifndef VMTKIT_HOST_MODEL_QPAIR_H
#define VMTKIT_HOST_MODEL_QPAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "host/model/vmci.h"

struct vmci_qp;

enum vmci_qp_gone {
	VMCI_QP_GONE_DETACH,	/* the guest detached */
	VMCI_QP_GONE_RESET,	/* device reset, or vmci_free() */
	VMCI_QP_GONE_RESUME,	/* vmci_resume() */
};

struct vmci_qp_ops {
	/* OFFERED -> LIVE: the guest attached to a pair that the host created.  May be NULL. */
	void (*attached)(void *data, struct vmci_qp *qp);
	/*
	 * The pair is going.  With VMCI_QP_GONE_DETACH the rings are still there during this call
	 * and at no later time: what the guest had written before it detached can be read here, and
	 * only here.  With the other reasons access gives -EPIPE already.  Called at most once.
	 * vmci_qp_detach() may be called in here.
	 */
	void (*gone)(void *data, struct vmci_qp *qp, enum vmci_qp_gone why);
};

/*
 * vmci_qp_attach() - attach the host to a pair that the guest created
 * @handle:	as the guest named it, for example in an OFFER
 * @consume_size, @produce_size: if not 0, bytes that the rings must have, as the host sees them:
 *		it consumes what the guest produces
 * @ret_qp:	the caller's, until vmci_qp_detach()
 *
 * The guest is told by QP_PEER_ATTACH.  Returns 0; -ENOENT: no such pair; -EALREADY: the host is
 * attached, or has been; -EPIPE: the guest has left it already; -EMSGSIZE: other sizes.
 */
int vmci_qp_attach(struct vmci_dev *dev, struct vmci_handle handle, uint64_t consume_size,
		   uint64_t produce_size, const struct vmci_qp_ops *ops, void *data,
		   struct vmci_qp **ret_qp);

/*
 * vmci_qp_create() - make a pair for the guest to attach to, as {VMCI_CID_HOST, a new rid}
 *
 * It has no memory until the guest attaches (ops.attached).  Sizes as the host sees them, in bytes,
 * 1 or more; both count against the limit from now on.
 * Returns 0; -EINVAL; -ENOTCONN: the guest has no driver up; -ENOBUFS: over the limit of memory;
 * -ENOMEM.
 */
int vmci_qp_create(struct vmci_dev *dev, uint64_t consume_size, uint64_t produce_size,
		   const struct vmci_qp_ops *ops, void *data, struct vmci_qp **ret_qp);

/*
 * vmci_qp_detach() - give the host's end back; @qp is not to be used any more.  NULL is fine.
 *
 * In LIVE the guest is told by QP_PEER_DETACH.  ops.gone is not called.
 */
void vmci_qp_detach(struct vmci_qp *qp);

/* vmci_qp_handle() - what to put in an OFFER */
struct vmci_handle vmci_qp_handle(const struct vmci_qp *qp);

/* vmci_qp_consume_size(), vmci_qp_produce_size() - bytes, as the host sees them; one byte of each
 * stays unused, so that a ring holds at most size - 1 */
uint64_t vmci_qp_consume_size(const struct vmci_qp *qp);
uint64_t vmci_qp_produce_size(const struct vmci_qp *qp);

/*
 * vmci_qp_readable() - what the guest has written and we have not consumed, as iovecs
 * @iov, @iovcnt: filled from the start; neighbouring pages make one entry
 * @ret_bytes:	the sum of the entries, which is less than all when @iovcnt is too small; 0: empty
 *
 * Returns the number of entries (0: empty), or -ENOTCONN, -EPIPE, -EIO.
 */
int vmci_qp_readable(struct vmci_qp *qp, struct iovec *iov, int iovcnt, size_t *ret_bytes);

/*
 * vmci_qp_consumed() - @bytes of what vmci_qp_readable() gave have been taken
 * @ret_was_full: NULL is fine.  True if the ring was full before: the guest may be waiting and must
 *		be sent a READ.  Decided by a fresh look at the guest's tail after ours is visible
 *		to it.
 *
 * Returns 0; -EINVAL: more than there is; -ENOTCONN; -EPIPE; -EIO.
 */
int vmci_qp_consumed(struct vmci_qp *qp, size_t bytes, bool *ret_was_full);

/*
 * vmci_qp_writable() - like vmci_qp_readable(), for the free space of the ring the guest
 * consumes
 */
int vmci_qp_writable(struct vmci_qp *qp, struct iovec *iov, int iovcnt, size_t *ret_bytes);

/*
 * vmci_qp_produced() - @bytes have been put at the start of what vmci_qp_writable() gave
 * @ret_was_empty: NULL is fine.  True if the ring was empty before: the guest may be waiting and
 *		must be sent a WROTE.
 *
 * Returns 0; -EINVAL: more than there was room for; -ENOTCONN; -EPIPE; -EIO.
 */
int vmci_qp_produced(struct vmci_qp *qp, size_t bytes, bool *ret_was_empty);

/*
 * vmci_qp_ready() and vmci_qp_free_space() - bytes to read, room to write
 *
 * For deciding what to wait for: after a notification was announced or a wait begins, call again.
 * Returns >= 0, -ENOTCONN, -EPIPE or -EIO.
 */
int64_t vmci_qp_ready(struct vmci_qp *qp);
int64_t vmci_qp_free_space(struct vmci_qp *qp);

#endif /* VMTKIT_HOST_MODEL_QPAIR_H */
