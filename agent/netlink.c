/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netlink.c - what the kernel says about the network, and when it changes
 *
 * libnl keeps two caches (interfaces, routes) up to date from the kernel's notifications, and netaddrs.c
 * the addresses, so that a change costs its delta and an idle network nothing.  When notifications were
 * lost, which happens in storms of changes, all are made anew.
 *
 * Reported are Ethernet-like interfaces with a hardware address, without the excluded names, in the order
 * of their numbers within the three classes of the configuration; and of the main table the unicast
 * routes over them.
 */
#include <limits.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <unistd.h>

#include <glib-unix.h>

#include <netlink/cache.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>

#include "include/wire/guestnic.h"

#include "agent/netaddrs.h"
#include "agent/netlink.h"

#define RESOLV_CONF		"/etc/resolv.conf"
#define RESOLVED_CONF		"/run/systemd/resolve/resolv.conf"

struct netlink {
	struct nl_cache_mngr *mngr;
	struct nl_cache *links, *routes;	/* of the manager */
	struct netaddrs *addrs;
	guint remake;			/* source */
	GSource *source;
	void (*changed)(gpointer data);
	gpointer data;
};

static void cache_changed(struct nl_cache *cache, struct nl_object *object, int action, void *data)
{
	struct netlink *nl = data;

	nl->changed(nl->data);
}

static void caches_drop(struct netlink *nl)
{
	if (nl->source) {
		g_source_destroy(nl->source);
		g_source_unref(nl->source);
		nl->source = NULL;
	}
	if (nl->mngr)
		nl_cache_mngr_free(nl->mngr);
	nl->mngr = NULL;
	nl->links = nl->routes = NULL;
	g_clear_pointer(&nl->addrs, netaddrs_free);
}

static gboolean readable(gint fd, GIOCondition cond, gpointer data);
static gboolean remake(gpointer data);

static void addrs_changed(gboolean lost, gpointer data)
{
	struct netlink *nl = data;

	if (lost && !nl->remake)
		nl->remake = g_idle_add(remake, nl);
	nl->changed(nl->data);
}

static int caches_make(struct netlink *nl)
{
	int err = nl_cache_mngr_alloc(NULL, NETLINK_ROUTE, NL_AUTO_PROVIDE, &nl->mngr);

	if (!err)
		err = nl_cache_mngr_add(nl->mngr, "route/link", cache_changed, nl, &nl->links);
	if (!err)
		err = nl_cache_mngr_add(nl->mngr, "route/route", cache_changed, nl, &nl->routes);
	if (!err)
		err = netaddrs_new(addrs_changed, nl, &nl->addrs);
	if (err) {
		caches_drop(nl);
		return err;
	}
	nl->source = g_unix_fd_source_new(nl_cache_mngr_get_fd(nl->mngr), G_IO_IN);
	g_source_set_callback(nl->source, (GSourceFunc)(void (*)(void))readable, nl, NULL);
	g_source_attach(nl->source, g_main_context_get_thread_default());
	return 0;
}

static gboolean remake(gpointer data)
{
	struct netlink *nl = data;
	int err;

	nl->remake = 0;
	g_debug("network notifications were lost: reading all again");
	caches_drop(nl);
	err = caches_make(nl);
	if (err)
		g_warning("the network cannot be followed any more: %s", nl_geterror(err));
	nl->changed(nl->data);
	return G_SOURCE_REMOVE;
}

static gboolean readable(gint fd, GIOCondition cond, gpointer data)
{
	struct netlink *nl = data;

	if (nl_cache_mngr_data_ready(nl->mngr) < 0 && !nl->remake)
		nl->remake = g_idle_add(remake, nl);
	return G_SOURCE_CONTINUE;
}

struct netlink *netlink_new(void (*changed)(gpointer data), gpointer data, GError **error)
{
	struct netlink *nl = g_new0(struct netlink, 1);
	int err;

	nl->changed = changed;
	nl->data = data;
	err = caches_make(nl);
	if (!err)
		return nl;
	g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "netlink: %s", nl_geterror(err));
	netlink_free(nl);
	return NULL;
}

void netlink_free(struct netlink *nl)
{
	if (!nl)
		return;
	if (nl->remake)
		g_source_remove(nl->remake);
	caches_drop(nl);
	g_free(nl);
}

static gboolean matches(const char *name, char **globs)
{
	guint i;

	for (i = 0; globs[i]; i++)
		if (g_pattern_match_simple(globs[i], name))
			return TRUE;
	return FALSE;
}

enum net_order { NET_FIRST, NET_MIDDLE, NET_LAST };

/* An interface that may be reported; there can be thousands, of which few are */
struct candidate {
	int index;
	enum net_order order;
	struct rtnl_link *link;		/* of the cache */
};

static gint candidate_order(gconstpointer a, gconstpointer b)
{
	const struct candidate *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static GArray *candidates(struct netlink *nl, const struct conf *conf)
{
	GArray *found = g_array_new(FALSE, FALSE, sizeof(struct candidate));
	struct nl_object *o;

	for (o = nl_cache_get_first(nl->links); o; o = nl_cache_get_next(o)) {
		struct rtnl_link *link = (struct rtnl_link *)o;
		struct nl_addr *mac = rtnl_link_get_addr(link);
		const char *name = rtnl_link_get_name(link);
		struct candidate c = { .index = rtnl_link_get_ifindex(link), .link = link };

		if (rtnl_link_get_flags(link) & IFF_LOOPBACK ||
		    rtnl_link_get_arptype(link) != ARPHRD_ETHER || !mac || nl_addr_get_len(mac) != 6 ||
		    !name || matches(name, conf->exclude_nics))
			continue;
		c.order = matches(name, conf->primary_nics) ? NET_FIRST :
			  matches(name, conf->low_priority_nics) ? NET_LAST : NET_MIDDLE;
		g_array_append_val(found, c);
	}
	g_array_sort(found, candidate_order);
	return found;
}

static void collect_links(struct netlink *nl, const struct conf *conf, struct net_state *net)
{
	g_autoptr(GArray) found = candidates(nl, conf);
	guint i;

	net->nics_found = found->len;
	for (i = 0; i < found->len && i < GUESTNIC_NICS; i++) {
		const struct candidate *c = &g_array_index(found, struct candidate, i);
		struct net_nic *nic = net_state_nic_add(net);

		nic->index = c->index;
		nic->up = rtnl_link_get_flags(c->link) & IFF_UP;
		memcpy(nic->mac, nl_addr_get_binary_addr(rtnl_link_get_addr(c->link)), 6);
	}
}

static gboolean ip_from(struct nl_addr *addr, struct net_ip *ret_ip)
{
	guint len = addr ? nl_addr_get_len(addr) : 0;

	memset(ret_ip, 0, sizeof(*ret_ip));
	if (!addr || (nl_addr_get_family(addr) != AF_INET && nl_addr_get_family(addr) != AF_INET6))
		return FALSE;
	ret_ip->v6 = nl_addr_get_family(addr) == AF_INET6;
	/* The default route's destination has a family and no bytes */
	if (len && len != (ret_ip->v6 ? 16 : 4))
		return FALSE;
	if (len)
		memcpy(ret_ip->bytes, nl_addr_get_binary_addr(addr), len);
	return TRUE;
}

/* From the kernel's number of an interface to its place in net->nics */
static GHashTable *nic_table(const struct net_state *net)
{
	GHashTable *table = g_hash_table_new(NULL, NULL);
	guint i;

	for (i = 0; i < net->nics->len; i++) {
		const struct net_nic *nic = g_ptr_array_index(net->nics, i);

		g_hash_table_insert(table, GINT_TO_POINTER(nic->index), GUINT_TO_POINTER(i));
	}
	return table;
}

static gboolean nic_find(GHashTable *table, int ifindex, guint *ret_nic)
{
	gpointer value;

	if (!g_hash_table_lookup_extended(table, GINT_TO_POINTER(ifindex), NULL, &value))
		return FALSE;
	*ret_nic = GPOINTER_TO_UINT(value);
	return TRUE;
}

static void collect_routes(struct netlink *nl, const struct conf *conf, GHashTable *table,
			   struct net_state *net)
{
	guint v4 = 0, v6 = 0;
	struct nl_object *o;

	for (o = nl_cache_get_first(nl->routes); o && net->routes->len < GUESTNIC_ROUTES;
	     o = nl_cache_get_next(o)) {
		struct rtnl_route *route = (struct rtnl_route *)o;
		struct rtnl_nexthop *hop = rtnl_route_nexthop_n(route, 0);
		struct net_route r = { 0 };

		if (rtnl_route_get_table(route) != RT_TABLE_MAIN ||
		    rtnl_route_get_type(route) != RTN_UNICAST || !hop ||
		    !nic_find(table, rtnl_route_nh_get_ifindex(hop), &r.nic) ||
		    !ip_from(rtnl_route_get_dst(route), &r.dest))
			continue;
		if (r.dest.v6 ? v6++ >= conf->routes_v6_max : v4++ >= conf->routes_v4_max)
			continue;
		r.prefix_len = nl_addr_get_prefixlen(rtnl_route_get_dst(route));
		r.has_next_hop = ip_from(rtnl_route_nh_get_gateway(hop), &r.next_hop);
		r.type = r.has_next_hop ? GUESTNIC_ROUTE_REMOTE : GUESTNIC_ROUTE_LOCAL;
		r.metric = rtnl_route_get_priority(route) ? rtnl_route_get_priority(route) :
							    GUESTNIC_METRIC_NONE;
		g_array_append_val(net->routes, r);
	}
}

static void collect_dns(struct net_dns *dns)
{
	g_autofree char *text = NULL;
	char host[HOST_NAME_MAX + 1] = "";

	if (gethostname(host, sizeof(host) - 1) == 0)
		dns->host = g_strdup(host);
	if (!g_file_get_contents(RESOLV_CONF, &text, NULL, NULL))
		return;
	net_dns_parse(dns, text);
	if (!net_dns_is_stub(dns))
		return;
	g_clear_pointer(&text, g_free);
	if (!g_file_get_contents(RESOLVED_CONF, &text, NULL, NULL))
		return;
	g_array_set_size(dns->servers, 0);
	net_dns_parse(dns, text);
}

struct net_state *netlink_collect(struct netlink *nl, const struct conf *conf)
{
	struct net_state *net = net_state_new();
	GHashTable *table;

	if (nl->mngr) {
		collect_links(nl, conf, net);
		table = nic_table(net);
		netaddrs_fill(nl->addrs, net);
		collect_routes(nl, conf, table, net);
		g_hash_table_unref(table);
	}
	collect_dns(&net->dns);
	return net;
}
