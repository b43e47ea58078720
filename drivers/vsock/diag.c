// SPDX-License-Identifier: GPL-2.0-only
/*
 * diag.c - sock_diag(7): what `ss --vsock` shows
 *
 * The request and the answer are those of <linux/vm_sockets_diag.h>, at whatever number our family
 * has; ss asks for AF_VSOCK only.  A dump goes through the hash tables bucket by bucket, remembers
 * the bucket and how many of it were done, and is exact only while nothing changes.  Sockets of
 * another network namespace than the asker's are left out.
 *
 * The handler is registered with the family and goes with it.  Linux's own vsock_diag can only have
 * the number while Linux's own vsock has the family, so the two never meet.
 */
#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/vm_sockets_diag.h>
#include <net/netlink.h>

#include "vsock.h"

struct diag_dump {
	struct sk_buff *skb;
	struct netlink_callback *cb;
	u32 states;
	unsigned long skip;	/* of this bucket: done by an earlier part of the dump */
	unsigned long seen;
	bool full;
};

static int diag_put(struct diag_dump *d, struct vsk_sock *vsk)
{
	struct sock *sk = &vsk->sk;
	struct vsock_diag_msg *msg;
	struct nlmsghdr *nlh;

	nlh = nlmsg_put(d->skb, NETLINK_CB(d->cb->skb).portid, d->cb->nlh->nlmsg_seq,
			SOCK_DIAG_BY_FAMILY, sizeof(*msg), NLM_F_MULTI);
	if (!nlh)
		return -EMSGSIZE;
	msg = nlmsg_data(nlh);
	memset(msg, 0, sizeof(*msg));
	msg->vdiag_family = sk->sk_family;
	msg->vdiag_type = sk->sk_type;
	msg->vdiag_state = READ_ONCE(sk->sk_state);
	msg->vdiag_shutdown = READ_ONCE(sk->sk_shutdown);
	msg->vdiag_src_cid = vsk->local.cid;
	msg->vdiag_src_port = vsk->local.port;
	msg->vdiag_dst_cid = vsk->remote.cid;
	msg->vdiag_dst_port = vsk->remote.port;
	msg->vdiag_ino = sock_i_ino(sk);
	sock_diag_save_cookie(sk, msg->vdiag_cookie);
	nlmsg_end(d->skb, nlh);
	return 0;
}

static void diag_one(struct vsk_sock *vsk, void *data)
{
	struct diag_dump *d = data;

	if (d->full)
		return;
	if (d->seen++ < d->skip || !net_eq(sock_net(&vsk->sk), sock_net(d->skb->sk)) ||
	    !(d->states & (1u << READ_ONCE(vsk->sk.sk_state))))
		return;
	if (diag_put(d, vsk) < 0) {
		d->full = true;
		d->seen--;
	}
}

/* cb->args: the bucket, and how many of it are done. */
static int diag_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct vsock_diag_req *req = nlmsg_data(cb->nlh);
	struct diag_dump d = { .skb = skb, .cb = cb, .states = req->vdiag_states };
	unsigned int bucket = cb->args[0];

	d.skip = cb->args[1];
	while (vsk_table_visit(bucket, diag_one, &d) && !d.full) {
		bucket++;
		d.skip = 0;
		d.seen = 0;
	}
	cb->args[0] = bucket;
	cb->args[1] = d.seen;
	return skb->len;
}

static int diag_request(struct sk_buff *skb, struct nlmsghdr *nlh)
{
	struct netlink_dump_control control = { .dump = diag_dump };

	if (nlmsg_len(nlh) < (int)sizeof(struct vsock_diag_req))
		return -EINVAL;
	if (!(nlh->nlmsg_flags & NLM_F_DUMP))
		return -EOPNOTSUPP;
	return netlink_dump_start(sock_net(skb->sk)->diag_nlsk, skb, nlh, &control);
}

static struct sock_diag_handler diag_handler = {
	VMT_SOCK_DIAG_OWNER
	.dump = diag_request,
};

static bool registered;		/* family_lock, as these two functions */

/* Without it everything but ss works: not worth failing for. */
void vsk_diag_register(int family)
{
	diag_handler.family = family;
	registered = !sock_diag_register(&diag_handler);
}

void vsk_diag_unregister(void)
{
	if (registered)
		sock_diag_unregister(&diag_handler);
	registered = false;
}
