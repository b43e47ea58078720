// SPDX-License-Identifier: GPL-2.0-only
/*
 * queue.c - move data through a queue pair
 *
 * Whoever produces owns the tail, whoever consumes owns the head.  An end keeps its two positions
 * in struct vmci_qp and publishes them in the header page of its produce queue; it reads the peer's
 * two from the header page of its consume queue, once for each operation, and checks them: a
 * position out of range is VMCI_ERROR_INVALID_SIZE and is counted.
 *
 * Order: a producer's data is visible before its tail (store-release against load-acquire), and a
 * consumer is done with the data before its head is.  The virt_ forms are used because the peer runs
 * beside us even when this kernel has one CPU.  A full barrier, which a caller needs between moving
 * a position and looking at the peer's, is the caller's.
 *
 * Memory: every operation is an SRCU reader of qp_srcu, so that pages go away under nobody.  Whoever
 * unbinds the device waits for these readers, so none of them may wait for a page of a program, which
 * the program can hold back for ever (userfaultfd): copies are made with page faults off, and what they
 * miss is faulted in between two tries.
 */
#include <linux/export.h>
#include <linux/ratelimit.h>
#include <linux/sched/signal.h>
#include <linux/socket.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "device.h"
#include "qpair.h"
#include "ring.h"

/* ---- positions in shared memory ------------------------------------------------------------ */

static __le64 *header_field(const struct qp_queue *q, size_t offset)
{
	return q->page[0] + offset;
}

static u64 position_read(const struct qp_queue *q, size_t offset)
{
	return le64_to_cpu(virt_load_acquire(header_field(q, offset)));
}

static void position_publish(const struct qp_queue *q, size_t offset, u64 value)
{
	virt_store_release(header_field(q, offset), cpu_to_le64(value));
}

static int position_bad(const struct vmci_qp *qp)
{
	vmci_count(VMCI_CNT_QP_INDEX_BAD);
	pr_warn_ratelimited("queue pair %u:%u: the peer's position is out of range\n",
			    qp->pair->res.handle.context, qp->pair->res.handle.resource);
	return VMCI_ERROR_INVALID_SIZE;
}

/* Bytes that can be produced; our tail against the peer's head. */
static s64 produce_free(const struct vmci_qp *qp)
{
	u64 tail = READ_ONCE(qp->tail);
	u64 head = position_read(qp->consume, VMCI_QUEUE_OFF_CONSUMER_HEAD);

	if (!ring_valid(tail, head, qp->produce->size))
		return position_bad(qp);
	return ring_free(tail, head, qp->produce->size);
}

/* Bytes that can be consumed; the peer's tail against our head. */
static s64 consume_ready(const struct vmci_qp *qp)
{
	u64 tail = position_read(qp->consume, VMCI_QUEUE_OFF_PRODUCER_TAIL);
	u64 head = READ_ONCE(qp->head);

	if (!ring_valid(tail, head, qp->consume->size))
		return position_bad(qp);
	return ring_ready(tail, head, qp->consume->size);
}

/* ---- data ---------------------------------------------------------------------------------- */

#define FAULT_IN_MAX	SZ_64K		/* bytes at once; they may be gone again when they are used */

/*
 * Copies up to len bytes at pos between the queue and the iterator; returns how many.  It stops at a
 * page of user memory that is not there.
 */
static size_t queue_copy(const struct qp_queue *q, u64 pos, size_t len, struct iov_iter *iter,
			 bool produce)
{
	size_t done = 0;

	pagefault_disable();
	while (done < len) {
		size_t span = ring_span(pos, len - done, q->size, PAGE_SIZE);
		void *at = q->page[1 + (pos >> PAGE_SHIFT)] + offset_in_page(pos);
		size_t n = produce ? copy_from_iter(at, span, iter) : copy_to_iter(at, span, iter);

		done += n;
		if (n < span)
			break;
		pos = ring_advance(pos, n, q->size);
	}
	pagefault_enable();
	return done;
}

/* After a copy that moved nothing: is there user memory by now to try it again? */
static bool fault_in(const struct iov_iter *iter, size_t len, bool produce)
{
	size_t want = min_t(size_t, len, FAULT_IN_MAX);

	if (!user_backed_iter(iter) || fatal_signal_pending(current))
		return false;
	cond_resched();
	return want > (produce ? fault_in_iov_iter_readable(iter, want) :
				 fault_in_iov_iter_writeable(iter, want));
}

static ssize_t qp_produce(struct vmci_qp *qp, struct iov_iter *iter, size_t len)
{
	s64 space = produce_free(qp);
	size_t done;

	if (space < 0)
		return space;
	if (!space)
		return VMCI_ERROR_QUEUEPAIR_NOSPACE;
	len = min_t(u64, len, space);
	done = queue_copy(qp->produce, qp->tail, len, iter, true);
	if (!done)
		return len ? VMCI_ERROR_NO_ACCESS : 0;
	WRITE_ONCE(qp->tail, ring_advance(qp->tail, done, qp->produce->size));
	position_publish(qp->produce, VMCI_QUEUE_OFF_PRODUCER_TAIL, qp->tail);
	return done;
}

static ssize_t qp_consume(struct vmci_qp *qp, struct iov_iter *iter, size_t len, bool peek)
{
	s64 ready = consume_ready(qp);
	size_t done;

	if (ready < 0)
		return ready;
	if (!ready)
		return VMCI_ERROR_QUEUEPAIR_NODATA;
	len = min_t(u64, len, ready);
	done = queue_copy(qp->consume, qp->head, len, iter, false);
	if (!done)
		return len ? VMCI_ERROR_NO_ACCESS : 0;
	if (!peek) {
		WRITE_ONCE(qp->head, ring_advance(qp->head, done, qp->consume->size));
		position_publish(qp->produce, VMCI_QUEUE_OFF_CONSUMER_HEAD, qp->head);
	}
	return done;
}

static ssize_t produce_iter(struct vmci_qp *qp, struct iov_iter *iter, size_t len)
{
	ssize_t result;

	do {
		int idx = srcu_read_lock(&qp_srcu);

		result = VMCI_ERROR_QUEUEPAIR_NOTATTACHED;
		if (!READ_ONCE(qp->pair->lost))
			result = qp_produce(qp, iter, len);
		srcu_read_unlock(&qp_srcu, idx);
	} while (result == VMCI_ERROR_NO_ACCESS && fault_in(iter, len, true));
	return result;
}

/* What the peer left is readable after the device forgot the pair, as long as the pages are there. */
static ssize_t consume_iter(struct vmci_qp *qp, struct iov_iter *iter, size_t len, bool peek)
{
	ssize_t result;

	do {
		int idx = srcu_read_lock(&qp_srcu);

		result = VMCI_ERROR_QUEUEPAIR_NOTATTACHED;
		if (!READ_ONCE(qp->pair->gone))
			result = qp_consume(qp, iter, len, peek);
		if (result == VMCI_ERROR_QUEUEPAIR_NODATA && READ_ONCE(qp->pair->lost))
			result = VMCI_ERROR_QUEUEPAIR_NOTATTACHED;
		srcu_read_unlock(&qp_srcu, idx);
	} while (result == VMCI_ERROR_NO_ACCESS && fault_in(iter, len, false));
	return result;
}

/* ---- the interface ------------------------------------------------------------------------- */

/**
 * vmci_qpair_enqueue() - produce from kernel memory
 * @qpair:	our end
 * @buf:	bytes
 * @buf_size:	how many
 * @mode:	not used
 *
 * Context: any; producers of one end are serialised by the caller.
 * Return: bytes taken, at least one; VMCI_ERROR_QUEUEPAIR_NOSPACE; VMCI_ERROR_INVALID_SIZE when the
 * peer's position is out of range; VMCI_ERROR_QUEUEPAIR_NOTATTACHED; VMCI_ERROR_INVALID_ARGS.
 */
ssize_t vmci_qpair_enqueue(struct vmci_qp *qpair, const void *buf, size_t buf_size, int mode)
{
	struct kvec kv = { .iov_base = (void *)buf, .iov_len = buf_size };
	struct iov_iter iter;

	if (!qpair || !buf)
		return VMCI_ERROR_INVALID_ARGS;
	iov_iter_kvec(&iter, ITER_SOURCE, &kv, 1, buf_size);
	return produce_iter(qpair, &iter, buf_size);
}
EXPORT_SYMBOL_GPL(vmci_qpair_enqueue);

static ssize_t consume_buf(struct vmci_qp *qpair, void *buf, size_t buf_size, bool peek)
{
	struct kvec kv = { .iov_base = buf, .iov_len = buf_size };
	struct iov_iter iter;

	if (!qpair || !buf)
		return VMCI_ERROR_INVALID_ARGS;
	iov_iter_kvec(&iter, ITER_DEST, &kv, 1, buf_size);
	return consume_iter(qpair, &iter, buf_size, peek);
}

/**
 * vmci_qpair_dequeue() - consume into kernel memory
 * @qpair:	our end
 * @buf:	where to
 * @buf_size:	room there
 * @mode:	not used
 *
 * Context: any; consumers of one end are serialised by the caller.
 * Return: as vmci_qpair_enqueue(), with VMCI_ERROR_QUEUEPAIR_NODATA.
 */
ssize_t vmci_qpair_dequeue(struct vmci_qp *qpair, void *buf, size_t buf_size, int mode)
{
	return consume_buf(qpair, buf, buf_size, false);
}
EXPORT_SYMBOL_GPL(vmci_qpair_dequeue);

/* As vmci_qpair_dequeue(), but the bytes stay in the queue. */
ssize_t vmci_qpair_peek(struct vmci_qp *qpair, void *buf, size_t buf_size, int mode)
{
	return consume_buf(qpair, buf, buf_size, true);
}
EXPORT_SYMBOL_GPL(vmci_qpair_peek);

/**
 * vmci_qpair_enquev() - produce from a message
 * @qpair:	our end
 * @msg:	its iterator moves on by what was taken
 * @iov_size:	bytes to take at most
 * @mode:	not used
 *
 * Context: process, may sleep when the message is in user memory.
 * Return: as vmci_qpair_enqueue(); VMCI_ERROR_NO_ACCESS when no byte could be read.
 */
ssize_t vmci_qpair_enquev(struct vmci_qp *qpair, struct msghdr *msg, size_t iov_size, int mode)
{
	return qpair && msg ? produce_iter(qpair, &msg->msg_iter, iov_size) :
			      VMCI_ERROR_INVALID_ARGS;
}
EXPORT_SYMBOL_GPL(vmci_qpair_enquev);

/**
 * vmci_qpair_dequev() - consume into a message
 * @qpair:	our end
 * @msg:	its iterator moves on by what was stored
 * @iov_size:	bytes to store at most
 * @mode:	not used
 *
 * Context: process, may sleep when the message is in user memory.
 * Return: as vmci_qpair_dequeue(); VMCI_ERROR_NO_ACCESS when no byte could be written.
 */
ssize_t vmci_qpair_dequev(struct vmci_qp *qpair, struct msghdr *msg, size_t iov_size, int mode)
{
	return qpair && msg ? consume_iter(qpair, &msg->msg_iter, iov_size, false) :
			      VMCI_ERROR_INVALID_ARGS;
}
EXPORT_SYMBOL_GPL(vmci_qpair_dequev);

/* As vmci_qpair_dequev(), but the bytes stay in the queue. */
ssize_t vmci_qpair_peekv(struct vmci_qp *qpair, struct msghdr *msg, size_t iov_size, int mode)
{
	return qpair && msg ? consume_iter(qpair, &msg->msg_iter, iov_size, true) :
			      VMCI_ERROR_INVALID_ARGS;
}
EXPORT_SYMBOL_GPL(vmci_qpair_peekv);

/* Runs one look at positions while the pages are there. */
static s64 look(const struct vmci_qp *qp, s64 (*fn)(const struct vmci_qp *qp))
{
	s64 result = VMCI_ERROR_QUEUEPAIR_NOTATTACHED;
	int idx;

	if (!qp)
		return VMCI_ERROR_INVALID_ARGS;
	idx = srcu_read_lock(&qp_srcu);
	if (!READ_ONCE(qp->pair->gone))
		result = fn(qp);
	srcu_read_unlock(&qp_srcu, idx);
	return result;
}

/* What is ready in a queue follows from what is free, and the other way round: one byte is unused. */
static s64 other_part(s64 part, u64 size)
{
	return part < 0 || !size ? part : (s64)size - 1 - part;
}

/**
 * vmci_qpair_produce_free_space() - room to produce into
 * @qpair:	our end
 *
 * Context: any.
 * Return: bytes; VMCI_ERROR_INVALID_SIZE when the peer's position is out of range;
 * VMCI_ERROR_QUEUEPAIR_NOTATTACHED when the pages are gone; VMCI_ERROR_INVALID_ARGS.
 */
s64 vmci_qpair_produce_free_space(const struct vmci_qp *qpair)
{
	return look(qpair, produce_free);
}
EXPORT_SYMBOL_GPL(vmci_qpair_produce_free_space);

/* What the peer has yet to consume; return as vmci_qpair_produce_free_space(). */
s64 vmci_qpair_produce_buf_ready(const struct vmci_qp *qpair)
{
	s64 space = look(qpair, produce_free);

	return space < 0 ? space : other_part(space, qpair->produce->size);
}
EXPORT_SYMBOL_GPL(vmci_qpair_produce_buf_ready);

/* Room that the peer has to produce into; return as vmci_qpair_produce_free_space(). */
s64 vmci_qpair_consume_free_space(const struct vmci_qp *qpair)
{
	s64 ready = look(qpair, consume_ready);

	return ready < 0 ? ready : other_part(ready, qpair->consume->size);
}
EXPORT_SYMBOL_GPL(vmci_qpair_consume_free_space);

/* Bytes to consume; return as vmci_qpair_produce_free_space(). */
s64 vmci_qpair_consume_buf_ready(const struct vmci_qp *qpair)
{
	return look(qpair, consume_ready);
}
EXPORT_SYMBOL_GPL(vmci_qpair_consume_buf_ready);

/**
 * vmci_qpair_get_produce_indexes() - positions in the queue that we produce into
 * @qpair:	our end
 * @producer_tail: ours; may be NULL
 * @consumer_head: the peer's, checked; may be NULL
 *
 * Context: any.
 * Return: VMCI_SUCCESS; errors as vmci_qpair_produce_free_space().
 */
int vmci_qpair_get_produce_indexes(const struct vmci_qp *qpair, u64 *producer_tail,
				   u64 *consumer_head)
{
	s64 space = look(qpair, produce_free);
	u64 tail;

	if (space < 0)
		return space;
	tail = READ_ONCE(qpair->tail);
	if (producer_tail)
		*producer_tail = tail;
	if (consumer_head)
		*consumer_head = ring_advance(tail, qpair->produce->size ? space + 1 : 0,
					      qpair->produce->size);
	return VMCI_SUCCESS;
}
EXPORT_SYMBOL_GPL(vmci_qpair_get_produce_indexes);

/**
 * vmci_qpair_get_consume_indexes() - positions in the queue that we consume from
 * @qpair:	our end
 * @consumer_tail: the peer's, checked; may be NULL
 * @producer_head: ours; may be NULL
 *
 * Context: any.
 * Return: VMCI_SUCCESS; errors as vmci_qpair_produce_free_space().
 */
int vmci_qpair_get_consume_indexes(const struct vmci_qp *qpair, u64 *consumer_tail,
				   u64 *producer_head)
{
	s64 ready = look(qpair, consume_ready);
	u64 head;

	if (ready < 0)
		return ready;
	head = READ_ONCE(qpair->head);
	if (consumer_tail)
		*consumer_tail = ring_advance(head, ready, qpair->consume->size);
	if (producer_head)
		*producer_head = head;
	return VMCI_SUCCESS;
}
EXPORT_SYMBOL_GPL(vmci_qpair_get_consume_indexes);
