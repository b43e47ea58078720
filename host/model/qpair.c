/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qpair.c - the host's end of one queue pair: two rings in guest memory
 *
 *	ring		producer	tail stands in	head stands in	header page written by
 *	from_guest	guest		from_guest	to_guest	guest
 *	to_guest	host		to_guest	from_guest	host
 *
 * So the guest's tail and head are in the header of from_guest, and ours are written to the header
 * of to_guest but never read from there: the guest can scribble over its copy and only confuse
 * itself.
 *
 * Order: the guest's pointer is loaded with acquire before the data it covers; ours is stored with
 * release after the data.  What was_full and was_empty say needs more: our store must be visible
 * before the guest's pointer is looked at again, or both sides could miss that the other waits;
 * hence the full barrier in between.
 */
#include "host/model/vmci_dev.h"

#include <errno.h>

#include "host/model/ring.h"

static int access_check(const struct vmci_qp *qp)
{
	if (qp->dead)
		return qp->dead;
	return qp->from_guest.gpa ? 0 : -ENOTCONN;
}

/* The pair is of no use any more; the caller learns it by the error. */
static int ring_corrupt(struct vmci_qp *qp)
{
	qp->dev->stats.rings_corrupt++;
	qp->dead = -EIO;
	return -EIO;
}

int vmci_qp_headers_init(struct vmci_qp *qp)
{
	struct vmci_wire_queue_hdr hdr = { .handle = handle_put(qp->handle) };
	int err = gmem_copy_out(qp->dev->mem, qp->from_guest.gpa[0], &hdr, sizeof(hdr));

	return err ? err : gmem_copy_out(qp->dev->mem, qp->to_guest.gpa[0], &hdr, sizeof(hdr));
}

/* Read one pointer of the guest, once, and check it. */
static int pointer_load(struct vmci_qp *qp, size_t off, uint64_t size, uint64_t *ret_pos)
{
	void *where;
	uint64_t pos;

	if (gmem_ptr(qp->dev->mem, qp->from_guest.gpa[0] + off, sizeof(pos), false, &where))
		return ring_corrupt(qp);
	pos = le64toh(__atomic_load_n((const uint64_t *)where, __ATOMIC_ACQUIRE));
	if (!ring_valid(pos, size))
		return ring_corrupt(qp);
	*ret_pos = pos;
	return 0;
}

/* Write one pointer of ours, after everything that came before. */
static int pointer_store(struct vmci_qp *qp, size_t off, uint64_t pos)
{
	void *where;

	if (gmem_ptr(qp->dev->mem, qp->to_guest.gpa[0] + off, sizeof(pos), true, &where))
		return ring_corrupt(qp);
	__atomic_store_n((uint64_t *)where, htole64(vmci_fault_pointer(qp, pos)), __ATOMIC_RELEASE);
	return 0;
}

static int ready_get(struct vmci_qp *qp, uint64_t *ret_bytes)
{
	uint64_t tail;
	int err = pointer_load(qp, VMCI_QUEUE_OFF_PRODUCER_TAIL, qp->from_guest.size, &tail);

	if (err)
		return err;
	*ret_bytes = ring_ready(tail, qp->head, qp->from_guest.size);
	return 0;
}

static int free_get(struct vmci_qp *qp, uint64_t *ret_bytes)
{
	uint64_t head;
	int err = pointer_load(qp, VMCI_QUEUE_OFF_CONSUMER_HEAD, qp->to_guest.size, &head);

	if (err)
		return err;
	*ret_bytes = ring_free(qp->tail, head, qp->to_guest.size);
	return 0;
}

/* Lay iovecs over @bytes of @ring from @pos on. */
static int ring_iov(struct vmci_qp *qp, const struct qp_ring *ring, uint64_t pos, uint64_t bytes,
		    bool write, struct iovec *iov, int iovcnt, size_t *ret_bytes)
{
	size_t total = 0;
	int count = 0;

	while (bytes > 0) {
		uint64_t in_page = pos % VMCI_WIRE_PAGE_SIZE;
		uint64_t n = VMCI_WIRE_PAGE_SIZE - in_page;
		void *at;

		if (n > ring->size - pos)
			n = ring->size - pos;
		if (n > bytes)
			n = bytes;
		if (gmem_ptr(qp->dev->mem, ring->gpa[1 + pos / VMCI_WIRE_PAGE_SIZE] + in_page, n,
			     write, &at))
			return ring_corrupt(qp);
		if (count && (uint8_t *)iov[count - 1].iov_base + iov[count - 1].iov_len == at) {
			iov[count - 1].iov_len += n;
		} else if (count < iovcnt) {
			iov[count++] = (struct iovec){ at, n };
		} else {
			break;
		}
		total += n;
		bytes -= n;
		pos = ring_advance(pos, n, ring->size);
	}
	*ret_bytes = total;
	return count;
}

int vmci_qp_readable(struct vmci_qp *qp, struct iovec *iov, int iovcnt, size_t *ret_bytes)
{
	uint64_t ready;
	int n = access_check(qp);

	*ret_bytes = 0;
	if (!n)
		n = ready_get(qp, &ready);
	if (!n)
		n = ring_iov(qp, &qp->from_guest, qp->head, ready, false, iov, iovcnt, ret_bytes);
	qp->lent_read = *ret_bytes;
	return n;
}

int vmci_qp_consumed(struct vmci_qp *qp, size_t bytes, bool *ret_was_full)
{
	uint64_t ready;
	int err = access_check(qp);

	if (err)
		return err;
	if (bytes > qp->lent_read)
		return -EINVAL;
	qp->lent_read -= bytes;
	qp->head = ring_advance(qp->head, bytes, qp->from_guest.size);
	err = pointer_store(qp, VMCI_QUEUE_OFF_CONSUMER_HEAD, qp->head);
	if (err)
		return err;
	if (!ret_was_full)
		return 0;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	err = ready_get(qp, &ready);
	if (err)
		return err;
	*ret_was_full = bytes && ready == qp->from_guest.size - 1 - bytes;
	return 0;
}

int vmci_qp_writable(struct vmci_qp *qp, struct iovec *iov, int iovcnt, size_t *ret_bytes)
{
	uint64_t room;
	int n = access_check(qp);

	*ret_bytes = 0;
	if (!n)
		n = free_get(qp, &room);
	if (!n)
		n = ring_iov(qp, &qp->to_guest, qp->tail, room, true, iov, iovcnt, ret_bytes);
	qp->lent_write = *ret_bytes;
	return n;
}

int vmci_qp_produced(struct vmci_qp *qp, size_t bytes, bool *ret_was_empty)
{
	uint64_t room;
	int err = access_check(qp);

	if (err)
		return err;
	if (bytes > qp->lent_write)
		return -EINVAL;
	qp->lent_write -= bytes;
	qp->tail = ring_advance(qp->tail, bytes, qp->to_guest.size);
	err = pointer_store(qp, VMCI_QUEUE_OFF_PRODUCER_TAIL, qp->tail);
	if (err)
		return err;
	if (!ret_was_empty)
		return 0;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	err = free_get(qp, &room);
	if (err)
		return err;
	*ret_was_empty = bytes && room == qp->to_guest.size - 1 - bytes;
	return 0;
}

int64_t vmci_qp_ready(struct vmci_qp *qp)
{
	uint64_t ready;
	int err = access_check(qp);

	if (!err)
		err = ready_get(qp, &ready);
	return err ? err : (int64_t)ready;
}

int64_t vmci_qp_free_space(struct vmci_qp *qp)
{
	uint64_t room;
	int err = access_check(qp);

	if (!err)
		err = free_get(qp, &room);
	return err ? err : (int64_t)room;
}

struct vmci_handle vmci_qp_handle(const struct vmci_qp *qp)
{
	return qp->handle;
}

uint64_t vmci_qp_consume_size(const struct vmci_qp *qp)
{
	return qp->from_guest.size;
}

uint64_t vmci_qp_produce_size(const struct vmci_qp *qp)
{
	return qp->to_guest.size;
}
