/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netaddrs.c - the addresses of all interfaces, kept up to date by the kernel
 *
 * libnl has a cache for this too, but one without a hash: with thousands of addresses each change
 * would compare them all.  Here an address is found by its bytes and its interface.
 */
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include <glib-unix.h>

#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "agent/netaddrs.h"

#define RECEIVE_BUFFER	(512 * 1024)	/* bytes: a burst of some thousand changes */

/* What makes an address another one; hashed and compared as bytes, so without holes */
struct key {
	gint32 ifindex;
	guint32 prefix_len;
	guint8 bytes[16];
	guint32 v6;
};

struct entry {
	struct key key;		/* first: it is looked up by a pointer to it */
	guint64 number;		/* rising, in the order of their coming */
	guint flags;		/* IFA_F_... */
};

struct netaddrs {
	struct nl_sock *sock;
	GHashTable *table;	/* struct entry, by itself */
	guint64 next;
	GSource *source;
	void (*changed)(gboolean lost, gpointer data);
	gpointer data;
};

static guint key_hash(gconstpointer p)
{
	const struct key *key = p;
	guint hash = (guint)key->ifindex * 31 + key->prefix_len, i;

	for (i = 0; i < sizeof(key->bytes); i++)
		hash = hash * 33 + key->bytes[i];
	return hash;
}

static gboolean key_equal(gconstpointer a, gconstpointer b)
{
	return !memcmp(a, b, sizeof(struct key));
}

static void entry_set(struct netaddrs *addrs, const struct key *key, guint flags)
{
	struct entry *e = g_hash_table_lookup(addrs->table, key);

	if (!e) {
		e = g_new0(struct entry, 1);
		e->key = *key;
		e->number = addrs->next++;
		g_hash_table_add(addrs->table, e);
	}
	e->flags = flags;
}

/* One message of the kernel: an address that is there, or is no more */
static int message(struct nl_msg *msg, void *data)
{
	struct netaddrs *addrs = data;
	struct nlmsghdr *head = nlmsg_hdr(msg);
	struct nlattr *attrs[IFA_MAX + 1], *addr;
	const struct ifaddrmsg *m;
	struct key key = { 0 };

	if ((head->nlmsg_type != RTM_NEWADDR && head->nlmsg_type != RTM_DELADDR) ||
	    nlmsg_parse(head, sizeof(*m), attrs, IFA_MAX, NULL) < 0)
		return NL_SKIP;
	m = nlmsg_data(head);
	addr = attrs[IFA_LOCAL] ? attrs[IFA_LOCAL] : attrs[IFA_ADDRESS];
	key.v6 = m->ifa_family == AF_INET6;
	if ((!key.v6 && m->ifa_family != AF_INET) || !addr || nla_len(addr) != (key.v6 ? 16 : 4))
		return NL_SKIP;
	key.ifindex = (gint32)m->ifa_index;
	key.prefix_len = m->ifa_prefixlen;
	memcpy(key.bytes, nla_data(addr), (gsize)nla_len(addr));
	if (head->nlmsg_type == RTM_DELADDR)
		(void)g_hash_table_remove(addrs->table, &key);
	else
		entry_set(addrs, &key, attrs[IFA_FLAGS] && nla_len(attrs[IFA_FLAGS]) == sizeof(guint32) ?
				       nla_get_u32(attrs[IFA_FLAGS]) : m->ifa_flags);
	return NL_OK;
}

static gboolean readable(gint fd, GIOCondition cond, gpointer data)
{
	struct netaddrs *addrs = data;
	int err = nl_recvmsgs_default(addrs->sock);

	addrs->changed(err < 0 && err != -NLE_AGAIN, addrs->data);
	return G_SOURCE_CONTINUE;
}

static int follow(struct netaddrs *addrs)
{
	struct ifaddrmsg all = { .ifa_family = AF_UNSPEC };
	int err = nl_connect(addrs->sock, NETLINK_ROUTE);

	if (!err)
		err = nl_socket_set_buffer_size(addrs->sock, RECEIVE_BUFFER, 0);
	/* First to hear of changes, then to ask for all: what comes between is told twice, and no harm */
	if (!err)
		err = nl_socket_add_memberships(addrs->sock, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, 0);
	if (!err)
		err = nl_send_simple(addrs->sock, RTM_GETADDR, NLM_F_DUMP, &all, sizeof(all));
	if (err < 0)
		return err;
	err = nl_recvmsgs_default(addrs->sock);
	return err < 0 ? err : nl_socket_set_nonblocking(addrs->sock);
}

int netaddrs_new(void (*changed)(gboolean lost, gpointer data), gpointer data, struct netaddrs **ret)
{
	struct netaddrs *addrs = g_new0(struct netaddrs, 1);
	int err;

	addrs->changed = changed;
	addrs->data = data;
	addrs->table = g_hash_table_new_full(key_hash, key_equal, g_free, NULL);
	addrs->sock = nl_socket_alloc();
	err = addrs->sock ? 0 : -NLE_NOMEM;
	if (!err) {
		nl_socket_disable_seq_check(addrs->sock);
		err = nl_socket_modify_cb(addrs->sock, NL_CB_VALID, NL_CB_CUSTOM, message, addrs);
	}
	if (!err)
		err = follow(addrs);
	if (err < 0) {
		netaddrs_free(addrs);
		return err;
	}
	addrs->source = g_unix_fd_source_new(nl_socket_get_fd(addrs->sock), G_IO_IN);
	g_source_set_callback(addrs->source, (GSourceFunc)(void (*)(void))readable, addrs, NULL);
	g_source_attach(addrs->source, g_main_context_get_thread_default());
	*ret = addrs;
	return 0;
}

void netaddrs_free(struct netaddrs *addrs)
{
	if (!addrs)
		return;
	if (addrs->source) {
		g_source_destroy(addrs->source);
		g_source_unref(addrs->source);
	}
	nl_socket_free(addrs->sock);
	g_hash_table_unref(addrs->table);
	g_free(addrs);
}

static gint by_number(gconstpointer a, gconstpointer b)
{
	const struct entry *const *x = a, *const *y = b;

	return (*x)->number < (*y)->number ? -1 : (*x)->number > (*y)->number;
}

void netaddrs_fill(const struct netaddrs *addrs, struct net_state *net)
{
	g_autoptr(GPtrArray) found = g_ptr_array_new();
	GHashTableIter iter;
	gpointer entry;
	guint i, k;

	g_hash_table_iter_init(&iter, addrs->table);
	while (g_hash_table_iter_next(&iter, &entry, NULL))
		for (k = 0; k < net->nics->len; k++)
			if (((struct net_nic *)g_ptr_array_index(net->nics, k))->index ==
			    ((struct entry *)entry)->key.ifindex)
				g_ptr_array_add(found, entry);
	g_ptr_array_sort(found, by_number);
	for (i = 0; i < found->len; i++) {
		const struct entry *e = g_ptr_array_index(found, i);
		struct net_addr a = { .ip.v6 = e->key.v6 != 0, .prefix_len = e->key.prefix_len };

		memcpy(a.ip.bytes, e->key.bytes, sizeof(a.ip.bytes));
		a.origin = net_addr_origin(&a.ip, a.prefix_len, e->flags);
		a.status = net_addr_status(e->flags);
		for (k = 0; k < net->nics->len; k++) {
			struct net_nic *nic = g_ptr_array_index(net->nics, k);

			if (nic->index == e->key.ifindex)
				g_array_append_val(nic->addrs, a);
		}
	}
}
