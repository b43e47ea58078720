/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netstate.h - the network as it is reported: filled by netlink.c, encoded by nicreport.c
 */
#ifndef VMTKIT_AGENT_NETSTATE_H
#define VMTKIT_AGENT_NETSTATE_H

#include <glib.h>

/* Four bytes of IPv4 or sixteen of IPv6, in network order */
struct net_ip {
	gboolean v6;
	guint8 bytes[16];
};

struct net_addr {
	struct net_ip ip;
	guint prefix_len;
	guint origin;		/* GUESTNIC_ORIGIN_...; 0: not told */
	guint status;		/* GUESTNIC_STATUS_... */
};

struct net_nic {
	int index;		/* the kernel's */
	gboolean up;
	guint8 mac[6];
	GArray *addrs;		/* struct net_addr */
};

struct net_route {
	struct net_ip dest;
	guint prefix_len;
	gboolean has_next_hop;
	struct net_ip next_hop;
	guint nic;		/* index into net_state.nics */
	guint type;		/* GUESTNIC_ROUTE_... */
	guint metric;
};

struct net_dns {
	char *host, *domain;	/* domain may be NULL */
	GArray *servers;	/* struct net_ip */
	GPtrArray *suffixes;	/* char * */
};

struct net_state {
	GPtrArray *nics;	/* struct net_nic, in the order of the report */
	guint nics_found;	/* how many there would be without its limit */
	GArray *routes;		/* struct net_route */
	struct net_dns dns;
};

struct net_state *net_state_new(void);
void net_state_free(struct net_state *net);		/* NULL is fine */
struct net_nic *net_state_nic_add(struct net_state *net);

/** net_state_primary - the address that stands for the machine; NULL if it has none
 *
 * An IPv4 address of an interface that is up, one with a network of its own before a virtual one (/32);
 * else an IPv6 address, one that stays before one that is temporary, deprecated or not checked yet.  Of
 * equals the first.  Never a link-local one.
 */
const struct net_ip *net_state_primary(const struct net_state *net);

/**
 * net_addr_origin - where an address comes from, as far as the kernel's flags tell
 * @flags: IFA_F_...
 */
guint net_addr_origin(const struct net_ip *ip, guint prefix_len, guint flags);

/** net_addr_status - GUESTNIC_STATUS_... of IFA_F_... */
guint net_addr_status(guint flags);

/** net_dns_parse - read the text of resolv.conf(5) into @dns, after what is there */
void net_dns_parse(struct net_dns *dns, const char *text);

/** net_dns_is_stub - the only server is systemd-resolved's own, which means nothing to a host */
gboolean net_dns_is_stub(const struct net_dns *dns);

/** net_ip_text - as people write it; new */
char *net_ip_text(const struct net_ip *ip);

#endif /* VMTKIT_AGENT_NETSTATE_H */
