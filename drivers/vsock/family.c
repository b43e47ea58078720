/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * family.c - which address family number we have, and socket(2)
 *
 * `family=` says how the number is found:
 *	auto	 AF_VSOCK (40) at load, when vmci has a device and nobody else has the slot, so that
 *		 programs written for it run unchanged; else as dynamic
 *	dynamic	 the first GET_AF_VALUE takes a slot that no kernel of today has a use for, and the
 *		 last user gives it back; users are open device nodes and sockets
 *	a number that slot, from load to unload, or the load fails
 * Except for 40, no slot of a module that could still be loaded is ever taken.
 *
 * sock_register() logs a line even when it fails; where the in-tree stack may hold 40, its exported
 * symbols are looked for first.
 *
 * family_lock protects `number` and its registration.  `users` only ever leaves 0 under family_lock;
 * the last one leaves from any context, so a work item takes the family back if it still is 0.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/net.h>

#include "vsock.h"

#define FAMILY_NONE	(-1)

static char *family = "auto";
module_param(family, charp, 0444);
MODULE_PARM_DESC(family, "address family: auto, dynamic, or a number");

/* Never implemented by any kernel that we run on, and without a meaning elsewhere. */
static const int spare_families[] = { 25, 22, 19, 18, 14, 13 };

static DEFINE_MUTEX(family_lock);
static int number = FAMILY_NONE;
static bool fixed;			/* kept until unload */
static atomic_t users = ATOMIC_INIT(0);

static int family_create(struct net *net, struct socket *sock, int protocol, int kern);

static struct net_proto_family family_ops = {
	.create = family_create,
	.owner = THIS_MODULE,
};

/* Is the in-tree vsock core there?  Asked without a trace in the log. */
bool vsk_intree_loaded(void)
{
	static const char * const symbols[] = { "vsock_addr_init", "vsock_core_register" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(symbols); i++) {
		if (__symbol_get(symbols[i])) {
			__symbol_put(symbols[i]);
			return true;
		}
	}
	return false;
}

static int family_register(int n)
{
	int err;

	family_ops.family = n;
	vsk_stream_ops.family = n;
	vsk_dgram_ops.family = n;
	err = sock_register(&family_ops);
	if (err)
		return err;
	WRITE_ONCE(number, n);
	vsk_diag_register(n);
	return 0;
}

/* family_lock held */
static void family_unregister(void)
{
	vsk_diag_unregister();
	sock_unregister(number);
	WRITE_ONCE(number, FAMILY_NONE);
}

static void family_release(struct work_struct *work)
{
	mutex_lock(&family_lock);
	if (!atomic_read(&users) && number != FAMILY_NONE && !fixed)
		family_unregister();
	mutex_unlock(&family_lock);
}

static DECLARE_WORK(release_work, family_release);

void vsk_family_use(void)
{
	mutex_lock(&family_lock);
	atomic_inc(&users);
	mutex_unlock(&family_lock);
}

void vsk_family_use_more(void)
{
	atomic_inc(&users);
}

void vsk_family_unuse(void)
{
	if (atomic_dec_and_test(&users) && !READ_ONCE(fixed))
		queue_work(vsk_wq, &release_work);
}

/*
 * vsk_family_acquire() - the family, taking one if we have none
 *
 * Return: the number, or -EAFNOSUPPORT when every spare slot is taken.
 * Context: process; the caller holds a use.
 */
int vsk_family_acquire(void)
{
	unsigned int i;
	int ret;

	mutex_lock(&family_lock);
	for (i = 0; number == FAMILY_NONE && i < ARRAY_SIZE(spare_families); i++)
		family_register(spare_families[i]);
	ret = number == FAMILY_NONE ? -EAFNOSUPPORT : number;
	mutex_unlock(&family_lock);
	return ret;
}

/* socket(2).  The family may have been given back between the look-up and here. */
static int family_create(struct net *net, struct socket *sock, int protocol, int kern)
{
	struct sock *sk = NULL;
	int n;

	vsk_family_use();
	n = READ_ONCE(number);
	if (n == FAMILY_NONE) {
		vsk_family_unuse();
		return -EAFNOSUPPORT;
	}
	if (protocol && protocol != n) {
		vsk_family_unuse();
		return -EPROTONOSUPPORT;
	}
	switch (sock->type) {
	case SOCK_STREAM:
		sock->ops = &vsk_stream_ops;
		break;
	case SOCK_DGRAM:
		sock->ops = &vsk_dgram_ops;
		break;
	default:
		vsk_family_unuse();
		return -ESOCKTNOSUPPORT;
	}
	sock->state = SS_UNCONNECTED;
	sk = vsk_sock_new(net, sock, n, sock->type, kern, NULL);
	vsk_family_unuse();
	return sk ? 0 : -ENOMEM;
}

static int take_number(const char *text)
{
	unsigned int n;
	int err;

	err = kstrtouint(text, 0, &n);
	if (err || !n || n >= AF_MAX) {
		pr_err("vmsock: family=%s: neither auto, dynamic nor a number from 1 to %d\n", text,
		       AF_MAX - 1);
		return -EINVAL;
	}
	err = n == AF_VSOCK && vsk_intree_loaded() ? -EEXIST : family_register(n);
	if (err)
		pr_err("vmsock: address family %u belongs to another module: unload it, or load with family=dynamic\n",
		       n);
	return err;
}

int vsk_family_init(void)
{
	int err = 0;

	mutex_lock(&family_lock);
	if (!strcmp(family, "auto")) {
		if (vmci_get_context_id() != VMCI_INVALID_ID && !vsk_intree_loaded())
			fixed = !family_register(AF_VSOCK);
	} else if (strcmp(family, "dynamic")) {
		err = take_number(family);
		fixed = !err;
	}
	mutex_unlock(&family_lock);
	if (!err)
		pr_info("vmsock: address family %d%s\n", number,
			fixed ? "" : " (none until a program asks for it)");
	return err;
}

/* No file is left; sockets that are about to be freed may still give their use back. */
void vsk_family_exit(void)
{
	mutex_lock(&family_lock);
	if (number != FAMILY_NONE)
		family_unregister();
	mutex_unlock(&family_lock);
}
