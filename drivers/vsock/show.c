/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * show.c - /proc/net/vmsock for everybody, /sys/kernel/debug/vmsock/counters for people
 *
 * The list goes by hash buckets under RCU and takes no lock, so it is exact only while nothing
 * changes.  It shows the initial network namespace's file only, as sockets belong to the machine.
 */
#include <linux/debugfs.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <net/net_namespace.h>
#include <net/tcp_states.h>

#include "vsock.h"

static struct dentry *debug_dir;

/* ---- /proc/net/vmsock ---------------------------------------------------------------------- */

static const char *state_name(const struct sock *sk)
{
	switch (READ_ONCE(sk->sk_state)) {
	case TCP_LISTEN:
		return "LISTEN";
	case TCP_SYN_SENT:
		return "CONNECTING";
	case TCP_SYN_RECV:
		return "ACCEPTING";
	case TCP_ESTABLISHED:
		return "CONNECTED";
	}
	return "CLOSED";
}

static void show_addr(struct seq_file *m, const struct vsk_addr *addr)
{
	char text[24];
	char cid[12] = "*", port[12] = "*";

	if (addr->cid != VSK_CID_ANY)
		snprintf(cid, sizeof(cid), "%u", addr->cid);
	if (addr->port != VSK_PORT_ANY)
		snprintf(port, sizeof(port), "%u", addr->port);
	snprintf(text, sizeof(text), "%s:%s", cid, port);
	seq_printf(m, " %-21s", text);
}

/*
 * What waits to be received, what is not taken by the peer yet, and the size of a queue.  Those of a
 * listener are its backlog: taken and at most.  A stream's queue pair can only be looked at while nobody
 * has the socket lock; who holds it for long copies data, and 0 is shown.
 */
static void show_queues(struct seq_file *m, struct vsk_sock *vsk)
{
	struct sock *sk = &vsk->sk;
	s64 in = 0, out = 0;
	u64 size = 0;

	if (sk->sk_type == SOCK_DGRAM) {
		in = sk_rmem_alloc_get(sk);
		size = READ_ONCE(sk->sk_rcvbuf);
	} else if (READ_ONCE(sk->sk_state) == TCP_LISTEN) {
		in = READ_ONCE(sk->sk_ack_backlog);
		size = READ_ONCE(sk->sk_max_ack_backlog);
	} else {
		spin_lock_bh(&sk->sk_lock.slock);
		size = READ_ONCE(vsk->qp) ? READ_ONCE(vsk->qp_size) : 0;
		if (vsk->qp && !sock_owned_by_user_nocheck(sk)) {
			in = max_t(s64, vmci_qpair_consume_buf_ready(vsk->qp), 0);
			out = max_t(s64, vmci_qpair_produce_buf_ready(vsk->qp), 0);
		}
		spin_unlock_bh(&sk->sk_lock.slock);
	}
	seq_printf(m, " %7lld %7lld %7llu", in, out, size);
}

static void show_one(struct vsk_sock *vsk, void *data)
{
	struct seq_file *m = data;
	struct sock *sk = &vsk->sk;

	seq_printf(m, "%-6s", sk->sk_type == SOCK_STREAM ? "stream" : "dgram");
	show_addr(m, &vsk->local);
	show_addr(m, &vsk->remote);
	seq_printf(m, " %-10s", state_name(sk));
	show_queues(m, vsk);
	seq_printf(m, " %5u %lu\n", from_kuid_munged(seq_user_ns(m), sk_uid(sk)),
		   (unsigned long)sock_i_ino(sk));
}

/* Position 0 is the heading, each other one a bucket. */
static void *list_start(struct seq_file *m, loff_t *pos)
{
	return *pos == 0 || vsk_table_visit(*pos - 1, NULL, NULL) ? pos : NULL;
}

static void *list_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return list_start(m, pos);
}

static void list_stop(struct seq_file *m, void *v)
{
}

static int list_show(struct seq_file *m, void *v)
{
	loff_t pos = *(loff_t *)v;

	if (pos)
		vsk_table_visit(pos - 1, show_one, m);
	else
		seq_puts(m, "type   local                 peer                  state         recv    send   queue   uid inode\n");
	return 0;
}

static const struct seq_operations list_ops = {
	.start = list_start,
	.next = list_next,
	.stop = list_stop,
	.show = list_show,
};

/* ---- counters ------------------------------------------------------------------------------- */

static int counters_show(struct seq_file *m, void *v)
{
	const struct {
		const char *name;
		atomic_long_t *count;
	} rows[] = {
		{ "bad_packets", &vsk_stats.bad_packets },
		{ "no_socket", &vsk_stats.no_socket },
		{ "unexpected", &vsk_stats.unexpected },
		{ "requests_refused", &vsk_stats.requests_refused },
		{ "dgrams_dropped", &vsk_stats.dgrams_dropped },
		{ "bad_queues", &vsk_stats.bad_queues },
		{ "send_failed", &vsk_stats.send_failed },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		seq_printf(m, "%-16s %ld\n", rows[i].name, atomic_long_read(rows[i].count));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(counters);

int vsk_show_init(void)
{
	if (!proc_create_seq("vmsock", 0444, init_net.proc_net, &list_ops))
		return -ENOMEM;
	debug_dir = debugfs_create_dir("vmsock", NULL);
	debugfs_create_file("counters", 0400, debug_dir, NULL, &counters_fops);
	return 0;
}

void vsk_show_exit(void)
{
	debugfs_remove_recursive(debug_dir);
	remove_proc_entry("vmsock", init_net.proc_net);
}
