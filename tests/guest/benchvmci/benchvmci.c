// SPDX-License-Identifier: GPL-2.0-only
/*
 * benchvmci.c - what the calls of the VMCI interface cost, for ours and for the kernel's own
 *
 * Loading it takes the figures and prints them to the kernel log, one line each:
 *
 *	NAME VALUE UNIT
 *
 * All goes through the device: ours is made to by vmci_send_datagram(), which the kernel's own does not
 * export, but its vmci_datagram_send() serves nothing by itself.  The host's part is small and the same
 * for both:
 *	send		a hypercall that the device answers at once
 *	dgram-rtt	a datagram to ourselves, which the device gives back, up to our callback
 *	dgrams		such datagrams, WINDOW of them under way
 *	bell		a doorbell of ours, rung through the device, up to our callback; send is in it
 *	pair		a queue pair of 64 KiB each way, created and detached
 */
#include <linux/completion.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sort.h>

#ifdef BENCH_INTREE
#include <linux/vmw_vmci_defs.h>
#include <linux/vmw_vmci_api.h>
#define device_send	vmci_datagram_send
#else
#include "vmci_kernel.h"
#define device_send	vmci_send_datagram
#endif

#define WINDOW		16
#define QUEUE_BYTES	65536
#define HC_GET_CONTEXT_ID	1
#define HC_DOORBELL_NOTIFY	5

static unsigned int rounds = 2000;
module_param(rounds, uint, 0444);
MODULE_PARM_DESC(rounds, "repetitions of each measurement, 10 to 1000000 (default: 2000)");

struct call {
	struct vmci_datagram dg;
	u8 payload[64];
};

static struct vmci_handle endpoint;	/* the source of all datagrams */
static struct completion arrived;
static u64 arrived_ns;
static atomic_t count;

static int got_datagram(void *data, struct vmci_datagram *dg)
{
	arrived_ns = ktime_get_ns();
	atomic_inc(&count);
	complete(&arrived);
	return 0;
}

static void got_bell(void *data)
{
	arrived_ns = ktime_get_ns();
	complete(&arrived);
}

static int by_size(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/* The median of what one call of @once takes; it returns nanoseconds, or 0 for a failure. */
static int median(const char *name, u64 (*once)(struct call *), struct call *call)
{
	u64 *took = kvcalloc(rounds, sizeof(*took), GFP_KERNEL);
	unsigned int i;
	int err = took ? 0 : -ENOMEM;

	for (i = 0; !err && i < rounds; i++) {
		took[i] = once(call);
		if (!took[i])
			err = -EIO;
	}
	if (!err) {
		sort(took, rounds, sizeof(*took), by_size, NULL);
		pr_info("%s %llu ns\n", name, took[rounds / 2]);
	}
	kvfree(took);
	return err;
}

static u64 send_once(struct call *call)
{
	u64 start = ktime_get_ns();

	return device_send(&call->dg) < 0 ? 0 : ktime_get_ns() - start;
}

static u64 until_arrived(struct call *call)
{
	u64 start = ktime_get_ns();

	if (device_send(&call->dg) < 0 || !wait_for_completion_timeout(&arrived, 2 * HZ))
		return 0;
	return arrived_ns - start;
}

static u64 pair_once(struct call *call)
{
	struct vmci_handle handle = VMCI_INVALID_HANDLE;
	struct vmci_qp *qp;
	u64 start = ktime_get_ns();

	if (vmci_qpair_alloc(&qp, &handle, QUEUE_BYTES, QUEUE_BYTES, VMCI_HOST_CONTEXT_ID, 0,
			     VMCI_NO_PRIVILEGE_FLAGS) < 0 || vmci_qpair_detach(&qp) < 0)
		return 0;
	return ktime_get_ns() - start;
}

static int bench_send(void)
{
	struct call call = {
		.dg.dst = { VMCI_HYPERVISOR_CONTEXT_ID, HC_GET_CONTEXT_ID },
		.dg.src = endpoint,
	};

	return median("send", send_once, &call);
}

/* Keeps WINDOW datagrams under way until all have come back. */
static int bench_stream(struct call *call)
{
	u64 start = ktime_get_ns();
	unsigned int sent = 0;

	atomic_set(&count, 0);
	reinit_completion(&arrived);
	while (atomic_read(&count) < rounds) {
		if (sent < rounds && sent - atomic_read(&count) < WINDOW) {
			if (device_send(&call->dg) < 0)
				return -EIO;
			sent++;
		} else if (!wait_for_completion_timeout(&arrived, 2 * HZ)) {
			return -EIO;
		}
	}
	pr_info("dgrams %llu 1/s\n", div64_u64(rounds * 1000000000ULL, ktime_get_ns() - start));
	return 0;
}

static int bench_datagrams(void)
{
	struct call call = {
		.dg.dst = endpoint,
		.dg.src = endpoint,
		.dg.payload_size = sizeof(call.payload),
	};

	return median("dgram-rtt", until_arrived, &call) ?: bench_stream(&call);
}

static int bench_bell(void)
{
	struct call call = {
		.dg.dst = { VMCI_HYPERVISOR_CONTEXT_ID, HC_DOORBELL_NOTIFY },
		.dg.src = endpoint,
		.dg.payload_size = sizeof(struct vmci_handle),
	};
	struct vmci_handle handle = VMCI_INVALID_HANDLE;
	int err;

	reinit_completion(&arrived);
	if (vmci_doorbell_create(&handle, 0, VMCI_NO_PRIVILEGE_FLAGS, got_bell, NULL) < 0)
		return -ENODEV;
	memcpy(call.payload, &handle, sizeof(handle));
	err = median("bell", until_arrived, &call);
	vmci_doorbell_destroy(handle);
	return err;
}

static int __init bench_init(void)
{
	int err;

	if (rounds < 10 || rounds > 1000000)
		return -EINVAL;
	init_completion(&arrived);
	if (vmci_datagram_create_handle(VMCI_INVALID_ID, VMCI_FLAG_DG_NONE, got_datagram, NULL,
					&endpoint) < 0)
		return -ENODEV;
	err = bench_send();
	if (!err)
		err = bench_datagrams();
	if (!err)
		err = bench_bell();
	if (!err)
		err = median("pair", pair_once, NULL);
	vmci_datagram_destroy_handle(endpoint);
	return err;
}
module_init(bench_init);

/* There is nothing to undo: the figures are taken when the module is loaded. */
static void __exit bench_exit(void)
{
}
module_exit(bench_exit);

MODULE_DESCRIPTION("figures of the VMCI interface");
MODULE_LICENSE("GPL");
