// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmcitest.c - uses every call of vmci_kernel.h, as another module would
 *
 * Loading it runs the cases and prints one TAP line each to the kernel log; loading fails when one
 * did.  With peer=0 the cases that need vmci-peer on the host are left out, and the plan is shorter.
 * The module is also an example of how the interface is used.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <linux/uio.h>
#include <linux/vmalloc.h>

#include "vmci_kernel.h"

#include "peer.h"

#define WAIT		(20 * HZ)	/* port mode on a busy machine is slow */
#define QSIZE		(3 * PAGE_SIZE + 100)	/* the last page is used in part */

static bool peer = true;
module_param(peer, bool, 0444);
MODULE_PARM_DESC(peer, "vmci-peer runs on the host (default: Y)");

static bool stall;
module_param(stall, bool, 0444);
MODULE_PARM_DESC(stall, "only the case that leaves the device dead (default: N)");

static bool leave;
module_param(leave, bool, 0444);
MODULE_PARM_DESC(leave, "only the case after which there is no device any more (default: N)");

static bool slow;
module_param(slow, bool, 0444);
MODULE_PARM_DESC(slow, "the device is in port mode: leave large datagrams out (default: N)");

static unsigned int bench;
module_param(bench, uint, 0444);
MODULE_PARM_DESC(bench, "datagrams and MiB for the figures; 0: no figures (default: 0)");

/* An endpoint that counts and keeps the last datagram. */
struct catcher {
	struct vmci_handle handle;
	struct completion arrived;
	atomic_t count;
	size_t len;
	u8 *data;		/* VMCI_MAX_DG_SIZE bytes */
};

static int catch_datagram(void *data, struct vmci_datagram *dg)
{
	struct catcher *c = data;

	c->len = dg->payload_size;
	memcpy(c->data, VMCI_DG_PAYLOAD(dg), dg->payload_size);
	atomic_inc(&c->count);
	complete(&c->arrived);
	return 0;
}

static bool catcher_open(struct catcher *c, u32 flags)
{
	memset(c, 0, sizeof(*c));
	init_completion(&c->arrived);
	c->data = vmalloc(VMCI_MAX_DG_SIZE);
	if (c->data && vmci_datagram_create_handle(VMCI_INVALID_ID, flags, catch_datagram, c,
						   &c->handle) == VMCI_SUCCESS)
		return true;
	vfree(c->data);
	return false;
}

static bool catcher_close(struct catcher *c)
{
	bool ok = vmci_datagram_destroy_handle(c->handle) == VMCI_SUCCESS;

	vfree(c->data);
	return ok;
}

static bool catcher_wait(struct catcher *c, unsigned int count)
{
	unsigned long deadline = jiffies + WAIT;

	while (atomic_read(&c->count) < count) {
		if (time_after(jiffies, deadline))
			return false;
		wait_for_completion_timeout(&c->arrived, HZ / 10);
	}
	return true;
}

/* Sends len bytes of payload from one handle to another; what vmci_datagram_send() says. */
static int send_bytes(struct vmci_handle src, u32 cid, u32 rid, const void *payload, size_t len)
{
	struct vmci_datagram *dg = kvzalloc(sizeof(*dg) + len, GFP_KERNEL);
	int result;

	if (!dg)
		return VMCI_ERROR_NO_MEM;
	dg->dst = vmci_make_handle(cid, rid);
	dg->src = src;
	dg->payload_size = len;
	memcpy(VMCI_DG_PAYLOAD(dg), payload, len);
	result = vmci_datagram_send(dg);
	kvfree(dg);
	return result;
}

static void fill(u8 *buf, size_t len, u32 seed)
{
	size_t i;

	for (i = 0; i < len; i++)
		buf[i] = (u8)(seed + i * 7 + (i >> 8));
}

/* ---- cases that need only the device ------------------------------------------------------- */

static bool context_is_known(void)
{
	u32 cid = vmci_get_context_id();

	return cid != VMCI_INVALID_ID && cid > VMCI_HOST_CONTEXT_ID &&
	       vmci_context_get_priv_flags(cid) == VMCI_NO_PRIVILEGE_FLAGS &&
	       !vmci_is_context_owner(cid, GLOBAL_ROOT_UID);
}

static unsigned int vsock_calls;

static void vsock_up(bool is_host)
{
	if (!is_host)
		vsock_calls++;
}

static bool vsock_callback_is_called(void)
{
	bool ok;

	if (vmci_register_vsock_callback(vsock_up) == -EBUSY)
		return true;		/* vmsock has it */
	ok = vsock_calls == 1 && vmci_register_vsock_callback(vsock_up) == -EBUSY;
	return vmci_register_vsock_callback(NULL) == 0 && ok;
}

static bool handles_are_checked(void)
{
	struct vmci_handle a, b;
	struct catcher c;
	bool ok;

	if (!catcher_open(&c, VMCI_FLAG_DG_NONE))
		return false;
	ok = c.handle.context == vmci_get_context_id() &&
	     c.handle.resource > VMCI_RESERVED_RESOURCE_ID_MAX &&
	     vmci_datagram_create_handle(c.handle.resource, 0, catch_datagram, &c, &a) ==
		VMCI_ERROR_ALREADY_EXISTS &&
	     vmci_datagram_create_handle(77, VMCI_FLAG_WELLKNOWN_DG_HND, catch_datagram, &c, &a) ==
		VMCI_ERROR_INVALID_ARGS &&
	     vmci_datagram_create_handle_priv(77, VMCI_FLAG_ANYCID_DG_HND, VMCI_PRIVILEGE_ALL_FLAGS,
					      catch_datagram, &c, &b) == VMCI_SUCCESS &&
	     b.context == VMCI_INVALID_ID && b.resource == 77 &&
	     vmci_datagram_destroy_handle(b) == VMCI_SUCCESS &&
	     vmci_datagram_destroy_handle(b) == VMCI_ERROR_NOT_FOUND;
	return catcher_close(&c) && ok;
}

static bool sends_are_checked(void)
{
	u32 own = vmci_get_context_id();
	struct catcher c;
	struct vmci_datagram dg = { };
	bool ok;

	if (!catcher_open(&c, VMCI_FLAG_DG_NONE))
		return false;
	dg.src = c.handle;
	dg.payload_size = VMCI_MAX_DG_PAYLOAD_SIZE + 1;
	dg.dst = vmci_make_handle(VMCI_HOST_CONTEXT_ID, 1);
	ok = vmci_datagram_send(&dg) == VMCI_ERROR_INVALID_ARGS &&
	     vmci_datagram_send(NULL) == VMCI_ERROR_INVALID_ARGS &&
	     send_bytes(vmci_make_handle(own + 1, 5), 2, 1, "x", 1) == VMCI_ERROR_NO_ACCESS &&
	     send_bytes(vmci_make_handle(own, 4242), 2, 1, "x", 1) == VMCI_ERROR_NO_HANDLE &&
	     send_bytes(c.handle, own, 4242, "x", 1) == VMCI_ERROR_NO_HANDLE &&
	     send_bytes(c.handle, own + 1, 1, "x", 1) == VMCI_ERROR_DST_UNREACHABLE;
	return catcher_close(&c) && ok;
}

static bool hypercall_answers(void)
{
	struct vmci_datagram dg = {
		.dst = { VMCI_HYPERVISOR_CONTEXT_ID, 1 },	/* GET_CONTEXT_ID */
		.src = VMCI_ANON_SRC_HANDLE,
	};

	return vmci_send_datagram(&dg) == (int)vmci_get_context_id() &&
	       vmci_send_datagram(NULL) == VMCI_ERROR_INVALID_ARGS;
}

static bool loop_once(u32 flags)
{
	u32 own = vmci_get_context_id();
	struct catcher c;
	u8 buf[100];
	bool ok;

	if (!catcher_open(&c, flags))
		return false;
	fill(buf, sizeof(buf), 3);
	ok = send_bytes(c.handle, own, c.handle.resource, buf, sizeof(buf)) ==
		(int)(sizeof(buf) + VMCI_DG_HEADERSIZE) &&
	     catcher_wait(&c, 1) && c.len == sizeof(buf) && !memcmp(c.data, buf, sizeof(buf));
	return catcher_close(&c) && ok;
}

static bool own_context_gets_what_it_sends(void)
{
	return loop_once(VMCI_FLAG_DG_NONE) && loop_once(VMCI_FLAG_DG_DELAYED_CB) &&
	       loop_once(VMCI_FLAG_ANYCID_DG_HND);
}

struct bell {
	struct completion rung;
};

static void bell_rings(void *data)
{
	struct bell *b = data;

	complete(&b->rung);
}

static bool doorbell_of_our_own_rings(void)
{
	struct vmci_handle h = VMCI_INVALID_HANDLE;
	struct bell b;
	bool ok;

	init_completion(&b.rung);
	if (vmci_doorbell_create(&h, VMCI_FLAG_DELAYED_CB, VMCI_NO_PRIVILEGE_FLAGS, bell_rings, &b) !=
	    VMCI_SUCCESS)
		return false;
	ok = vmci_doorbell_notify(h, VMCI_NO_PRIVILEGE_FLAGS) == VMCI_SUCCESS &&
	     wait_for_completion_timeout(&b.rung, WAIT);
	return vmci_doorbell_destroy(h) == VMCI_SUCCESS &&
	       vmci_doorbell_destroy(h) == VMCI_ERROR_NOT_FOUND &&
	       vmci_doorbell_notify(h, VMCI_NO_PRIVILEGE_FLAGS) == VMCI_ERROR_NOT_FOUND && ok;
}

/* Events are counted by number. */
static atomic_t events[VMCI_EVENT_MAX];

static void count_event(u32 sub_id, const struct vmci_event_data *ed, void *data)
{
	atomic_inc(&events[ed->event]);
}

static bool wait_event_count(u32 event, int count)
{
	unsigned long deadline = jiffies + WAIT;

	while (atomic_read(&events[event]) < count) {
		if (time_after(jiffies, deadline))
			return false;
		usleep_range(500, 1000);
	}
	return true;
}

static bool subscriptions_are_checked(void)
{
	u32 a, b;

	return vmci_event_subscribe(VMCI_EVENT_MAX, count_event, NULL, &a) ==
		VMCI_ERROR_EVENT_UNKNOWN &&
	       vmci_event_subscribe(VMCI_EVENT_MEM_ACCESS_ON, count_event, NULL, &a) ==
		VMCI_ERROR_EVENT_UNKNOWN &&
	       vmci_event_subscribe(VMCI_EVENT_CTX_REMOVED, NULL, NULL, &a) ==
		VMCI_ERROR_INVALID_ARGS &&
	       vmci_event_subscribe(VMCI_EVENT_CTX_REMOVED, count_event, NULL, &a) == VMCI_SUCCESS &&
	       vmci_event_subscribe(VMCI_EVENT_CTX_REMOVED, count_event, NULL, &b) == VMCI_SUCCESS &&
	       a != b && vmci_event_unsubscribe(a) == VMCI_SUCCESS &&
	       vmci_event_unsubscribe(a) == VMCI_ERROR_NOT_FOUND &&
	       vmci_event_unsubscribe(b) == VMCI_SUCCESS;
}

/*
 * Pushes `rounds` blocks of `len` bytes from one end to the other and compares; together they wrap
 * the queue many times, at changing places.
 */
static bool push_through(struct vmci_qp *from, struct vmci_qp *to, size_t len, unsigned int rounds)
{
	u8 *out = kvmalloc(len, GFP_KERNEL), *in = kvmalloc(len, GFP_KERNEL);
	bool ok = out && in;
	unsigned int i;

	for (i = 0; ok && i < rounds; i++) {
		struct kvec ov = { out, len }, iv = { in, len };
		struct msghdr om = { }, im = { };

		fill(out, len, i);
		iov_iter_kvec(&om.msg_iter, ITER_SOURCE, &ov, 1, len);
		iov_iter_kvec(&im.msg_iter, ITER_DEST, &iv, 1, len);
		ok = vmci_qpair_enquev(from, &om, len, 0) == (ssize_t)len &&
		     vmci_qpair_consume_buf_ready(to) == (s64)len &&
		     vmci_qpair_produce_buf_ready(from) == (s64)len &&
		     vmci_qpair_peek(to, in, len, 0) == (ssize_t)len && !memcmp(in, out, len) &&
		     vmci_qpair_dequev(to, &im, len, 0) == (ssize_t)len && !memcmp(in, out, len);
	}
	kvfree(out);
	kvfree(in);
	return ok;
}

static bool queue_is_exact_at_its_limits(struct vmci_qp *from, struct vmci_qp *to, size_t size)
{
	u8 *buf = kvzalloc(size, GFP_KERNEL);
	u64 tail, head;
	bool ok = buf &&
		  vmci_qpair_produce_free_space(from) == (s64)size - 1 &&
		  vmci_qpair_dequeue(to, buf, 1, 0) == VMCI_ERROR_QUEUEPAIR_NODATA &&
		  vmci_qpair_enqueue(from, buf, size, 0) == (ssize_t)size - 1 &&
		  vmci_qpair_enqueue(from, buf, 1, 0) == VMCI_ERROR_QUEUEPAIR_NOSPACE &&
		  vmci_qpair_consume_free_space(to) == 0 &&
		  vmci_qpair_get_produce_indexes(from, &tail, &head) == VMCI_SUCCESS &&
		  (head + size - 1) % size == tail &&
		  vmci_qpair_get_consume_indexes(to, &tail, &head) == VMCI_SUCCESS &&
		  (head + size - 1) % size == tail &&
		  vmci_qpair_dequeue(to, buf, size, 0) == (ssize_t)size - 1 &&
		  vmci_qpair_consume_buf_ready(to) == 0;

	kvfree(buf);
	return ok;
}

static bool local_pair_carries_data_both_ways(void)
{
	struct vmci_handle h = VMCI_INVALID_HANDLE;
	struct vmci_qp *a = NULL, *b = NULL, *c = NULL;
	u32 attach, detach;
	bool ok;

	if (vmci_event_subscribe(VMCI_EVENT_QP_PEER_ATTACH, count_event, NULL, &attach) ||
	    vmci_event_subscribe(VMCI_EVENT_QP_PEER_DETACH, count_event, NULL, &detach))
		return false;
	atomic_set(&events[VMCI_EVENT_QP_PEER_ATTACH], 0);
	atomic_set(&events[VMCI_EVENT_QP_PEER_DETACH], 0);
	ok = vmci_qpair_alloc(&a, &h, QSIZE, 2 * QSIZE, VMCI_INVALID_ID, VMCI_QPFLAG_LOCAL, 0) ==
		VMCI_SUCCESS &&
	     vmci_qpair_alloc(&b, &h, QSIZE, 2 * QSIZE, VMCI_INVALID_ID, VMCI_QPFLAG_LOCAL, 0) ==
		VMCI_ERROR_QUEUEPAIR_MISMATCH &&
	     vmci_qpair_alloc(&b, &h, 2 * QSIZE, QSIZE, VMCI_INVALID_ID,
			      VMCI_QPFLAG_LOCAL | VMCI_QPFLAG_ATTACH_ONLY, 0) == VMCI_SUCCESS &&
	     vmci_qpair_alloc(&c, &h, 2 * QSIZE, QSIZE, VMCI_INVALID_ID, VMCI_QPFLAG_LOCAL, 0) ==
		VMCI_ERROR_UNAVAILABLE &&
	     wait_event_count(VMCI_EVENT_QP_PEER_ATTACH, 1) &&
	     push_through(a, b, 1000, 100) && push_through(b, a, 8191, 50) &&
	     push_through(a, b, QSIZE - 1, 5) && queue_is_exact_at_its_limits(a, b, QSIZE) &&
	     queue_is_exact_at_its_limits(b, a, 2 * QSIZE);
	vmci_qpair_detach(&a);
	ok = ok && !a && wait_event_count(VMCI_EVENT_QP_PEER_DETACH, 1);
	vmci_qpair_detach(&b);
	vmci_event_unsubscribe(attach);
	vmci_event_unsubscribe(detach);
	return ok;
}

static bool pair_arguments_are_checked(void)
{
	struct vmci_handle none = VMCI_INVALID_HANDLE, odd = { 77, 5000 };
	struct vmci_qp *qp = NULL;

	return vmci_qpair_alloc(&qp, &none, 0, 0, 2, 0, 0) == VMCI_ERROR_INVALID_ARGS &&
	       vmci_qpair_alloc(NULL, &none, 1, 1, 2, 0, 0) == VMCI_ERROR_INVALID_ARGS &&
	       vmci_qpair_alloc(&qp, &none, 1, 1, 2, VMCI_QPFLAG_NONBLOCK, 0) ==
		VMCI_ERROR_INVALID_ARGS &&
	       vmci_qpair_alloc(&qp, &none, 1, 1, 2, VMCI_QPFLAG_PINNED, 0) ==
		VMCI_ERROR_INVALID_ARGS &&
	       vmci_qpair_alloc(&qp, &none, 1, 1, 2, 0, VMCI_PRIVILEGE_FLAG_TRUSTED) ==
		VMCI_ERROR_NO_ACCESS &&
	       vmci_qpair_alloc(&qp, &none, ~0ULL, ~0ULL, 2, 0, 0) == VMCI_ERROR_NO_RESOURCES &&
	       vmci_qpair_alloc(&qp, &none, 64 << 20, 64 << 20, 2, 0, 0) ==
		VMCI_ERROR_NO_RESOURCES &&
	       vmci_qpair_alloc(&qp, &odd, 1, 1, 2, VMCI_QPFLAG_ATTACH_ONLY, 0) < VMCI_SUCCESS &&
	       !qp && vmci_qpair_detach(&qp) == VMCI_ERROR_INVALID_ARGS;
}

static bool many_pairs_come_and_go(void)
{
	unsigned int i;

	for (i = 0; i < 200; i++) {
		struct vmci_handle h = VMCI_INVALID_HANDLE;
		struct vmci_qp *qp;

		if (vmci_qpair_alloc(&qp, &h, 65536, 65536, VMCI_HOST_CONTEXT_ID, 0, 0) !=
		    VMCI_SUCCESS)
			return false;
		if (vmci_qpair_detach(&qp) != VMCI_SUCCESS)
			return false;
	}
	return true;
}

/* 16 MiB each way are about half of what one request can name. */
static bool large_pair_works(void)
{
	struct vmci_handle h = VMCI_INVALID_HANDLE;
	struct vmci_qp *qp;
	u8 *buf = vzalloc(SZ_1M);
	unsigned int i;
	bool ok = buf && vmci_qpair_alloc(&qp, &h, SZ_16M, SZ_16M, VMCI_HOST_CONTEXT_ID, 0, 0) ==
			 VMCI_SUCCESS;

	if (ok) {
		for (i = 0; ok && i < 15; i++)
			ok = vmci_qpair_enqueue(qp, buf, SZ_1M, 0) == SZ_1M;
		ok = ok && vmci_qpair_produce_free_space(qp) == SZ_1M - 1;
		ok = vmci_qpair_detach(&qp) == VMCI_SUCCESS && ok;
	}
	vfree(buf);
	return ok;
}

/* ---- cases that need vmci-peer -------------------------------------------------------------- */

static struct catcher control;		/* where the peer's answers come to */

static bool peer_call(struct peer_msg *msg)
{
	int seen = atomic_read(&control.count);

	if (send_bytes(control.handle, VMCI_HOST_CONTEXT_ID, PEER_RID, msg, sizeof(*msg)) <
	    VMCI_SUCCESS)
		return false;
	if (!catcher_wait(&control, seen + 1) || control.len != sizeof(*msg))
		return false;
	memcpy(msg, control.data, sizeof(*msg));
	return true;
}

static int peer_do(u32 op, struct vmci_handle h, u64 arg0, u64 arg1)
{
	struct peer_msg msg = {
		.op = cpu_to_le32(op),
		.handle = { cpu_to_le32(h.context), cpu_to_le32(h.resource) },
		.arg = { cpu_to_le64(arg0), cpu_to_le64(arg1) },
	};

	return peer_call(&msg) ? (int)le32_to_cpu(msg.result) : -ETIMEDOUT;
}

static bool datagrams_of_all_lengths_come_back(void)
{
	static const size_t lens[] = { 0, 1, 7, 8, 9, 100, 4071, 4072, 4073, 65536, 69607,
				       VMCI_MAX_DG_PAYLOAD_SIZE };
	u8 *buf = vmalloc(VMCI_MAX_DG_SIZE);
	struct catcher c;
	unsigned int i;
	bool ok = true;

	if (!buf || !catcher_open(&c, VMCI_FLAG_ANYCID_DG_HND)) {
		vfree(buf);
		return false;
	}
	for (i = 0; ok && i < ARRAY_SIZE(lens) && !(slow && lens[i] > 2 * PAGE_SIZE); i++) {
		fill(buf, lens[i], i);
		ok = send_bytes(c.handle, VMCI_HOST_CONTEXT_ID, PEER_ECHO_RID, buf, lens[i]) ==
			(int)(lens[i] + VMCI_DG_HEADERSIZE) &&
		     catcher_wait(&c, i + 1) && c.len == lens[i] && !memcmp(c.data, buf, lens[i]);
		if (!ok)
			pr_info("# %zu bytes did not come back\n", lens[i]);
	}
	vfree(buf);
	return catcher_close(&c) && ok;
}

static bool bursts_arrive_whole(void)
{
	struct peer_msg msg = { .op = cpu_to_le32(PEER_SEND) };
	bool ok = true;
	struct catcher c;
	unsigned int i;

	if (!catcher_open(&c, VMCI_FLAG_DG_NONE))
		return false;
	msg.arg[0] = cpu_to_le64(slow ? 5 : 50);
	msg.arg[1] = cpu_to_le64(1234);
	for (i = 1; ok && i <= 5; i++)
		ok = send_bytes(c.handle, VMCI_HOST_CONTEXT_ID, PEER_RID, &msg, sizeof(msg)) >=
			VMCI_SUCCESS &&
		     catcher_wait(&c, (slow ? 6 : 51) * i);
	if (!ok)
		pr_info("# %d datagrams arrived\n", atomic_read(&c.count));
	return catcher_close(&c) && ok;
}

static bool doorbells_ring_both_ways(void)
{
	struct vmci_handle theirs = { VMCI_HOST_CONTEXT_ID, PEER_DOORBELL_RID };
	struct vmci_handle h = VMCI_INVALID_HANDLE;
	int before = peer_do(PEER_RINGS, h, 0, 0);
	struct bell b;
	bool ok;

	init_completion(&b.rung);
	if (vmci_doorbell_create(&h, 0, VMCI_NO_PRIVILEGE_FLAGS, bell_rings, &b) != VMCI_SUCCESS)
		return false;
	ok = peer_do(PEER_RING, h, h.resource, 0) == 0 &&
	     wait_for_completion_timeout(&b.rung, WAIT) &&
	     vmci_doorbell_notify(theirs, VMCI_NO_PRIVILEGE_FLAGS) >= VMCI_SUCCESS &&
	     peer_do(PEER_RINGS, h, 0, 0) == before + 1;
	return vmci_doorbell_destroy(h) == VMCI_SUCCESS && ok;
}

/* What goes into a pair comes back through the peer. */
static bool echo_through(struct vmci_qp *qp, struct vmci_handle h, size_t len, unsigned int rounds)
{
	u8 *out = kvmalloc(len, GFP_KERNEL), *in = kvmalloc(len, GFP_KERNEL);
	bool ok = out && in;
	unsigned int i;

	for (i = 0; ok && i < rounds; i++) {
		fill(out, len, i);
		ok = vmci_qpair_enqueue(qp, out, len, 0) == (ssize_t)len &&
		     peer_do(PEER_QP_PUMP, h, 0, 0) == (int)len &&
		     vmci_qpair_dequeue(qp, in, len, 0) == (ssize_t)len && !memcmp(in, out, len);
	}
	kvfree(out);
	kvfree(in);
	return ok;
}

static bool pair_of_ours_works(void)
{
	struct vmci_handle h = VMCI_INVALID_HANDLE;
	struct vmci_qp *qp;
	u32 attach, detach;
	bool ok;

	if (vmci_event_subscribe(VMCI_EVENT_QP_PEER_ATTACH, count_event, NULL, &attach) ||
	    vmci_event_subscribe(VMCI_EVENT_QP_PEER_DETACH, count_event, NULL, &detach) ||
	    vmci_qpair_alloc(&qp, &h, QSIZE, QSIZE, VMCI_HOST_CONTEXT_ID, 0, 0) != VMCI_SUCCESS)
		return false;
	atomic_set(&events[VMCI_EVENT_QP_PEER_ATTACH], 0);
	atomic_set(&events[VMCI_EVENT_QP_PEER_DETACH], 0);
	ok = peer_do(PEER_QP_ATTACH, h, 0, 0) == 0 &&
	     wait_event_count(VMCI_EVENT_QP_PEER_ATTACH, 1) && echo_through(qp, h, 5000, 30) &&
	     echo_through(qp, h, QSIZE - 1, 3) && peer_do(PEER_QP_DETACH, h, 0, 0) == 0 &&
	     wait_event_count(VMCI_EVENT_QP_PEER_DETACH, 1);
	ok = vmci_qpair_detach(&qp) == VMCI_SUCCESS && ok;
	vmci_event_unsubscribe(attach);
	vmci_event_unsubscribe(detach);
	return ok;
}

static bool pair_of_the_host_works(void)
{
	struct peer_msg msg = {
		.op = cpu_to_le32(PEER_QP_CREATE),
		.arg = { cpu_to_le64(QSIZE), cpu_to_le64(2 * QSIZE) },
	};
	struct vmci_handle h;
	struct vmci_qp *qp;
	bool ok;

	if (!peer_call(&msg) || msg.result)
		return false;
	h = vmci_make_handle(le32_to_cpu(msg.handle[0]), le32_to_cpu(msg.handle[1]));
	if (vmci_qpair_alloc(&qp, &h, QSIZE, 2 * QSIZE, VMCI_HOST_CONTEXT_ID,
			     VMCI_QPFLAG_ATTACH_ONLY, 0) != VMCI_SUCCESS)
		return false;
	ok = echo_through(qp, h, 3000, 20) && peer_do(PEER_QP_DETACH, h, 0, 0) == 0;
	return vmci_qpair_detach(&qp) == VMCI_SUCCESS && ok;
}

/* The peer's two positions take each bad value in turn; then good ones work again. */
static bool corrupt_positions_are_errors(void)
{
	static const u64 bad[] = { QSIZE, QSIZE + 1, 1ULL << 32, (1ULL << 32) + 1, 1ULL << 63, ~0ULL };
	struct vmci_handle h = VMCI_INVALID_HANDLE;
	struct vmci_qp *qp;
	unsigned int i;
	u8 buf[8];
	bool ok;

	if (vmci_qpair_alloc(&qp, &h, QSIZE, QSIZE, VMCI_HOST_CONTEXT_ID, 0, 0) != VMCI_SUCCESS)
		return false;
	ok = peer_do(PEER_QP_ATTACH, h, 0, 0) == 0;
	for (i = 0; ok && i < ARRAY_SIZE(bad); i++)
		ok = peer_do(PEER_QP_CORRUPT, h, bad[i], 8) == 0 &&
		     vmci_qpair_consume_buf_ready(qp) == VMCI_ERROR_INVALID_SIZE &&
		     vmci_qpair_consume_free_space(qp) == VMCI_ERROR_INVALID_SIZE &&
		     vmci_qpair_get_consume_indexes(qp, NULL, NULL) == VMCI_ERROR_INVALID_SIZE &&
		     vmci_qpair_dequeue(qp, buf, sizeof(buf), 0) == VMCI_ERROR_INVALID_SIZE &&
		     vmci_qpair_peek(qp, buf, sizeof(buf), 0) == VMCI_ERROR_INVALID_SIZE &&
		     peer_do(PEER_QP_CORRUPT, h, bad[i], 16) == 0 &&
		     vmci_qpair_produce_free_space(qp) == VMCI_ERROR_INVALID_SIZE &&
		     vmci_qpair_produce_buf_ready(qp) == VMCI_ERROR_INVALID_SIZE &&
		     vmci_qpair_get_produce_indexes(qp, NULL, NULL) == VMCI_ERROR_INVALID_SIZE &&
		     vmci_qpair_enqueue(qp, buf, sizeof(buf), 0) == VMCI_ERROR_INVALID_SIZE;
	ok = ok && peer_do(PEER_QP_CORRUPT, h, 0, 8) == 0 && peer_do(PEER_QP_CORRUPT, h, 0, 16) == 0 &&
	     echo_through(qp, h, 100, 3);
	return vmci_qpair_detach(&qp) == VMCI_SUCCESS && ok;
}

static bool resume_ends_pairs(void)
{
	struct vmci_handle h = VMCI_INVALID_HANDLE;
	struct vmci_qp *qp;
	u32 resumed;
	bool ok;

	if (vmci_event_subscribe(VMCI_EVENT_QP_RESUMED, count_event, NULL, &resumed) ||
	    vmci_qpair_alloc(&qp, &h, QSIZE, QSIZE, VMCI_HOST_CONTEXT_ID, 0, 0) != VMCI_SUCCESS)
		return false;
	atomic_set(&events[VMCI_EVENT_QP_RESUMED], 0);
	ok = peer_do(PEER_QP_ATTACH, h, 0, 0) == 0 && peer_do(PEER_RESUME, h, 0, 0) == 0 &&
	     wait_event_count(VMCI_EVENT_QP_RESUMED, 1) &&
	     vmci_qpair_enqueue(qp, "x", 1, 0) == VMCI_ERROR_QUEUEPAIR_NOTATTACHED;
	ok = vmci_qpair_detach(&qp) == VMCI_SUCCESS && ok;
	vmci_event_unsubscribe(resumed);
	return ok;
}

static bool context_id_follows_the_host(void)
{
	u32 own = vmci_get_context_id(), sub;
	struct vmci_handle none = VMCI_INVALID_HANDLE;
	bool ok;

	if (vmci_event_subscribe(VMCI_EVENT_CTX_ID_UPDATE, count_event, NULL, &sub))
		return false;
	atomic_set(&events[VMCI_EVENT_CTX_ID_UPDATE], 0);
	ok = peer_do(PEER_SET_CID, none, own + 5, 0) == 0 &&
	     wait_event_count(VMCI_EVENT_CTX_ID_UPDATE, 1) && vmci_get_context_id() == own + 5 &&
	     hypercall_answers() && peer_do(PEER_SET_CID, none, own, 0) == 0 &&
	     wait_event_count(VMCI_EVENT_CTX_ID_UPDATE, 2) && vmci_get_context_id() == own;
	vmci_event_unsubscribe(sub);
	return ok;
}

/*
 * The peer stalls: the send under way ends after the limit, the next at once, and the pair's user is
 * told.  The device is dead afterwards.
 */
static bool dead_device_fails_everyone_in_time(void)
{
	struct peer_msg msg = { .op = cpu_to_le32(PEER_STALL), .arg = { cpu_to_le64(4) } };
	struct vmci_handle h = VMCI_INVALID_HANDLE;
	unsigned long start, first, next;
	struct vmci_qp *qp;
	u32 detach;
	bool ok;

	if (vmci_event_subscribe(VMCI_EVENT_QP_PEER_DETACH, count_event, NULL, &detach) ||
	    vmci_qpair_alloc(&qp, &h, QSIZE, QSIZE, VMCI_HOST_CONTEXT_ID, 0, 0) != VMCI_SUCCESS)
		return false;
	ok = peer_do(PEER_QP_ATTACH, h, 0, 0) == 0;
	atomic_set(&events[VMCI_EVENT_QP_PEER_DETACH], 0);

	start = jiffies;
	ok = ok && send_bytes(control.handle, VMCI_HOST_CONTEXT_ID, PEER_RID, &msg, sizeof(msg)) ==
		VMCI_ERROR_DEVICE_NOT_FOUND;
	first = jiffies_to_msecs(jiffies - start);
	start = jiffies;
	ok = ok && send_bytes(control.handle, VMCI_HOST_CONTEXT_ID, PEER_RID, &msg, sizeof(msg)) ==
		VMCI_ERROR_DEVICE_NOT_FOUND;
	next = jiffies_to_msecs(jiffies - start);
	pr_info("# %lu ms for the send under way, %lu ms for the next\n", first, next);

	ok = ok && first >= 1900 && first < 3500 && next < 100 &&
	     vmci_get_context_id() == VMCI_INVALID_ID &&
	     wait_event_count(VMCI_EVENT_QP_PEER_DETACH, 1) &&
	     vmci_qpair_enqueue(qp, "x", 1, 0) == VMCI_ERROR_QUEUEPAIR_NOTATTACHED;
	ok = vmci_qpair_detach(&qp) == VMCI_ERROR_DEVICE_NOT_FOUND && !qp && ok;
	vmci_event_unsubscribe(detach);
	return ok;
}

/* The peer ends, and what is read from the device is ones: as above, and there is nothing to wait for. */
static bool device_that_leaves_fails_everyone(void)
{
	struct peer_msg msg = { .op = cpu_to_le32(PEER_LEAVE) };
	struct vmci_handle h = VMCI_INVALID_HANDLE;
	unsigned long start = jiffies;
	struct vmci_qp *qp;
	int result;
	bool ok;

	if (vmci_qpair_alloc(&qp, &h, QSIZE, QSIZE, VMCI_HOST_CONTEXT_ID, 0, 0) != VMCI_SUCCESS)
		return false;
	ok = peer_do(PEER_QP_ATTACH, h, 0, 0) == 0;
	do {
		result = send_bytes(control.handle, VMCI_HOST_CONTEXT_ID, PEER_RID, &msg, sizeof(msg));
	} while (result >= VMCI_SUCCESS && time_before(jiffies, start + WAIT));
	ok = ok && result == VMCI_ERROR_DEVICE_NOT_FOUND && vmci_get_context_id() == VMCI_INVALID_ID;
	return vmci_qpair_detach(&qp) != VMCI_ERROR_INVALID_ARGS && !qp && ok;
}

/* ---- figures -------------------------------------------------------------------------------- */

static void figures(void)
{
	struct vmci_datagram dg = {
		.dst = { VMCI_HYPERVISOR_CONTEXT_ID, 1 },
		.src = VMCI_ANON_SRC_HANDLE,
	};
	struct vmci_handle h = VMCI_INVALID_HANDLE;
	unsigned int i, trips = max(1u, bench / 10);
	u64 start, sends, ping;

	start = ktime_get_ns();
	for (i = 0; i < bench; i++)
		vmci_send_datagram(&dg);
	sends = ktime_get_ns() - start;
	start = ktime_get_ns();
	for (i = 0; peer && i < trips; i++)
		peer_do(PEER_RINGS, h, 0, 0);
	ping = ktime_get_ns() - start;
	pr_info("# %llu ns for a send, %llu ns for a send and its answer\n", sends / bench,
		ping / trips);
}

static const struct {
	const char *name;
	bool (*run)(void);
	bool needs_peer;
	bool *alone;	/* run only when this parameter is set, and then with no other */
} cases[] = {
	{ "the context id is that of a guest", context_is_known },
	{ "the vsock callback is called once for a device", vsock_callback_is_called },
	{ "datagram handles are unique and their flags checked", handles_are_checked },
	{ "senders and destinations are checked", sends_are_checked },
	{ "a hypercall is answered", hypercall_answers },
	{ "our own context gets what it sends", own_context_gets_what_it_sends },
	{ "a doorbell of our own rings", doorbell_of_our_own_rings },
	{ "subscriptions are checked", subscriptions_are_checked },
	{ "a local pair carries data both ways", local_pair_carries_data_both_ways },
	{ "arguments of pairs are checked", pair_arguments_are_checked },
	{ "200 pairs come and go", many_pairs_come_and_go },
	{ "a large pair works", large_pair_works },
	{ "datagrams of all lengths come back", datagrams_of_all_lengths_come_back, true },
	{ "bursts arrive whole", bursts_arrive_whole, true },
	{ "doorbells ring both ways", doorbells_ring_both_ways, true },
	{ "a pair of ours works", pair_of_ours_works, true },
	{ "a pair of the host's works", pair_of_the_host_works, true },
	{ "corrupt positions are errors", corrupt_positions_are_errors, true },
	{ "resume ends pairs", resume_ends_pairs, true },
	{ "the context id follows the host", context_id_follows_the_host, true },
	{ "a dead device fails everyone in time", dead_device_fails_everyone_in_time, true, &stall },
	{ "a device that leaves fails everyone", device_that_leaves_fails_everyone, true, &leave },
};

static bool case_is_wanted(unsigned int i)
{
	if (stall || leave)
		return cases[i].alone && *cases[i].alone;
	return !cases[i].alone && (peer || !cases[i].needs_peer);
}

static int __init vmcitest_init(void)
{
	unsigned int i, n = 0, plan = 0, failed = 0;

	if (!catcher_open(&control, VMCI_FLAG_ANYCID_DG_HND))
		return -ENODEV;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		plan += case_is_wanted(i);
	pr_info("1..%u\n", plan);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		bool ok;

		if (!case_is_wanted(i))
			continue;
		ok = cases[i].run();
		failed += !ok;
		pr_info("%s %u - %s\n", ok ? "ok" : "not ok", ++n, cases[i].name);
	}
	if (bench)
		figures();
	catcher_close(&control);
	return failed ? -EPROTO : 0;
}
module_init(vmcitest_init);

/* There is nothing to undo: the cases are over when the module is loaded. */
static void __exit vmcitest_exit(void)
{
}
module_exit(vmcitest_exit);

MODULE_DESCRIPTION("uses every call of vmci.ko");
MODULE_LICENSE("GPL");
