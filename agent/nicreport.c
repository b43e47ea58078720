/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nicreport.c - the network report as the host wants it
 *
 * Pure.  Of each form, what is above its limits is left out.  The structures that rpcgen made point into the state and into arrays of this file; they live
 * for one call of the encoder.  Counts are cut to the limits of guestnic.x before, because the encoder
 * refuses a report that has more, and a host without any report shows no address at all.
 */
#include <string.h>

#include <arpa/inet.h>

#include <wire/guestrpc.h>

#include "include/wire/guestnic.h"

#include "agent/nicreport.h"

#define SHORT_IPS	64
#define FIRST_SIZE	4096
#define LAST_SIZE	65000	/* a message holds 65536 bytes, with the request's own words */

/* What the structures of one report point to */
struct memory {
	GPtrArray *blocks;
};

static gpointer take(struct memory *m, gsize count, gsize size)
{
	gpointer block = g_malloc0_n(MAX(count, 1), size);

	g_ptr_array_add(m->blocks, block);
	return block;
}

#define TAKE(m, type, count)	((type *)take(m, count, sizeof(type)))

static void mac_text(char text[GUESTNIC_MAC_LEN], const guint8 mac[6])
{
	g_snprintf(text, GUESTNIC_MAC_LEN, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		   mac[3], mac[4], mac[5]);
}

static void fill_addr(guestnic_addr *to, const struct net_ip *ip)
{
	to->type = ip->v6 ? GUESTNIC_ADDR_IPV6 : GUESTNIC_ADDR_IPV4;
	to->addr.addr_len = ip->v6 ? 16 : 4;
	to->addr.addr_val = (char *)ip->bytes;
}

/* Whether addresses of this family came from a lease, where they did; the settings are not known */
static guestnic_dhcp *make_dhcp(struct memory *m, const struct net_nic *nic, gboolean v6)
{
	guestnic_dhcp *dhcp;
	guint i;

	for (i = 0; i < nic->addrs->len; i++) {
		const struct net_addr *a = &g_array_index(nic->addrs, struct net_addr, i);

		if (a->ip.v6 != v6 || a->origin != GUESTNIC_ORIGIN_DHCP)
			continue;
		dhcp = TAKE(m, guestnic_dhcp, 1);
		dhcp->enabled = TRUE;
		dhcp->settings = (char *)"";
		return dhcp;
	}
	return NULL;
}

static void fill_nic(struct memory *m, guestnic_nic *to, const struct net_nic *nic, guint ips_max)
{
	guint i;

	to->mac = TAKE(m, char, GUESTNIC_MAC_LEN);
	mac_text(to->mac, nic->mac);
	to->ips.ips_len = MIN(nic->addrs->len, ips_max);
	to->ips.ips_val = TAKE(m, guestnic_ip, to->ips.ips_len);
	for (i = 0; i < to->ips.ips_len; i++) {
		struct net_addr *a = &g_array_index(nic->addrs, struct net_addr, i);
		guestnic_ip *ip = &to->ips.ips_val[i];

		fill_addr(&ip->addr, &a->ip);
		ip->prefix_len = a->prefix_len;
		ip->origin = a->origin ? &a->origin : NULL;
		ip->status = &a->status;
	}
	to->dhcp4 = make_dhcp(m, nic, FALSE);
	to->dhcp6 = make_dhcp(m, nic, TRUE);
}

static void fill_route(struct memory *m, guestnic_route *to, const struct net_route *route)
{
	fill_addr(&to->dest, &route->dest);
	to->prefix_len = route->prefix_len;
	if (route->has_next_hop) {
		to->next_hop = TAKE(m, guestnic_addr, 1);
		fill_addr(to->next_hop, &route->next_hop);
	}
	to->nic = route->nic;
	to->type = route->type;
	to->metric = route->metric;
}

static guestnic_opt_name opt_name(struct memory *m, char *name)
{
	guestnic_name *to;

	if (!name || strlen(name) > GUESTNIC_NAME_LEN)
		return NULL;
	to = TAKE(m, guestnic_name, 1);
	*to = name;
	return to;
}

static guestnic_dns *make_dns(struct memory *m, const struct net_dns *dns)
{
	guestnic_dns *to = TAKE(m, guestnic_dns, 1);
	guint i;

	to->host = opt_name(m, dns->host);
	to->domain = opt_name(m, dns->domain);
	to->servers.servers_len = MIN(dns->servers->len, GUESTNIC_DNS_SERVERS);
	to->servers.servers_val = TAKE(m, guestnic_addr, to->servers.servers_len);
	for (i = 0; i < to->servers.servers_len; i++)
		fill_addr(&to->servers.servers_val[i], &g_array_index(dns->servers, struct net_ip, i));
	to->suffixes.suffixes_val = TAKE(m, guestnic_name, GUESTNIC_DNS_SUFFIXES);
	for (i = 0; i < dns->suffixes->len && to->suffixes.suffixes_len < GUESTNIC_DNS_SUFFIXES; i++)
		if (strlen(g_ptr_array_index(dns->suffixes, i)) <= GUESTNIC_NAME_LEN)
			to->suffixes.suffixes_val[to->suffixes.suffixes_len++] =
				g_ptr_array_index(dns->suffixes, i);
	return to;
}

static guestnic_v3 *make_v3(struct memory *m, const struct net_state *net, guint ips_max)
{
	guestnic_v3 *to = TAKE(m, guestnic_v3, 1);
	guint i;

	to->nics.nics_len = MIN(net->nics->len, GUESTNIC_NICS);
	to->nics.nics_val = TAKE(m, guestnic_nic, to->nics.nics_len);
	for (i = 0; i < to->nics.nics_len; i++)
		fill_nic(m, &to->nics.nics_val[i], g_ptr_array_index(net->nics, i), ips_max);
	to->routes.routes_val = TAKE(m, guestnic_route, GUESTNIC_ROUTES);
	for (i = 0; i < net->routes->len && to->routes.routes_len < GUESTNIC_ROUTES; i++) {
		const struct net_route *route = &g_array_index(net->routes, struct net_route, i);

		if (route->nic < to->nics.nics_len)
			fill_route(m, &to->routes.routes_val[to->routes.routes_len++], route);
	}
	to->dns = make_dns(m, &net->dns);
	return to;
}

/* Version 2 has a netmask as text: of dots for IPv4, the number of bits for IPv6 */
static void fill_ip2(guestnic_ip2 *to, const struct net_addr *a)
{
	g_autofree char *text = net_ip_text(&a->ip);
	struct in_addr mask = {
		.s_addr = a->prefix_len ? htonl(~0u << (32 - MIN(a->prefix_len, 32))) : 0,
	};

	to->family = a->ip.v6 ? GUESTNIC_FAMILY_IPV6 : GUESTNIC_FAMILY_IPV4;
	to->dhcp = a->origin == GUESTNIC_ORIGIN_DHCP;
	g_strlcpy(to->ip, text, sizeof(to->ip));
	if (a->ip.v6)
		g_snprintf(to->mask, sizeof(to->mask), "%u", a->prefix_len);
	else
		inet_ntop(AF_INET, &mask, to->mask, sizeof(to->mask));
}

static guestnic_v2 *make_v2(struct memory *m, const struct net_state *net)
{
	guestnic_v2 *to = TAKE(m, guestnic_v2, 1);
	guint i, k;

	to->nics.nics_len = MIN(net->nics->len, GUESTNIC_NICS);
	to->nics.nics_val = TAKE(m, guestnic_nic2, to->nics.nics_len);
	for (i = 0; i < to->nics.nics_len; i++) {
		const struct net_nic *nic = g_ptr_array_index(net->nics, i);
		guestnic_nic2 *n = &to->nics.nics_val[i];

		mac_text(n->mac, nic->mac);
		/* 512 bytes an address: more than these would not fit into a message */
		n->ips.ips_len = MIN(nic->addrs->len, 4);
		n->ips.ips_val = TAKE(m, guestnic_ip2, n->ips.ips_len);
		for (k = 0; k < n->ips.ips_len; k++)
			fill_ip2(&n->ips.ips_val[k], &g_array_index(nic->addrs, struct net_addr, k));
	}
	return to;
}

/* Tries larger buffers until the report fits; one that fits no message is given up */
static GBytes *encode(guestnic_report *report)
{
	gsize size;

	for (size = FIRST_SIZE;; size = MIN(size * 2, LAST_SIZE)) {
		char *buf = g_malloc(size);
		gboolean ok;
		XDR xdr;
		u_int len;

		xdrmem_create(&xdr, buf, (u_int)size, XDR_ENCODE);
		ok = xdr_guestnic_report(&xdr, report);
		len = xdr_getpos(&xdr);
		xdr_destroy(&xdr);
		if (ok)
			return g_bytes_new_take(buf, len);
		g_free(buf);
		if (size == LAST_SIZE)
			return NULL;
	}
}

/* The oldest form is no XDR, but structures as they lay in memory */
static GBytes *encode_v1(const struct net_state *net)
{
	guint count = MIN(net->nics->len, GRPC_NICS_MAX), i, k;
	guint32 le = GUINT32_TO_LE(count);
	GByteArray *out = g_byte_array_new();

	g_byte_array_append(out, (const guint8 *)&le, sizeof(le));
	for (i = 0; i < count; i++) {
		const struct net_nic *nic = g_ptr_array_index(net->nics, i);
		struct grpc_wire_nic_v1 entry = { 0 };
		guint ips = 0;

		mac_text(entry.mac, nic->mac);
		for (k = 0; k < nic->addrs->len && ips < GRPC_NIC_V1_IPS; k++) {
			const struct net_ip *ip = &g_array_index(nic->addrs, struct net_addr, k).ip;

			if (!ip->v6)
				inet_ntop(AF_INET, ip->bytes, entry.ips[ips++], GRPC_NIC_V1_IP_LEN);
		}
		entry.ip_count = GUINT32_TO_LE(ips);
		g_byte_array_append(out, (const guint8 *)&entry, sizeof(entry));
	}
	return g_byte_array_free_to_bytes(out);
}

guint nic_form_type(enum nic_form form)
{
	switch (form) {
	case NIC_FORM_V3:
		return GRPC_INFO_NIC_V3;
	case NIC_FORM_V3_SHORT:
	case NIC_FORM_V2:
		return GRPC_INFO_NIC_V2;
	case NIC_FORM_V1:
	case NIC_FORMS:
		break;
	}
	return GRPC_INFO_NIC_V1;
}

GBytes *nic_report_encode(const struct net_state *net, enum nic_form form)
{
	struct memory m = { .blocks = g_ptr_array_new_with_free_func(g_free) };
	guestnic_report report = { .ver = form == NIC_FORM_V2 ? 2 : 3 };
	GBytes *bytes;

	switch (form) {
	case NIC_FORM_V3:
		report.guestnic_report_u.v3 = make_v3(&m, net, GUESTNIC_IPS);
		break;
	case NIC_FORM_V3_SHORT:
		report.guestnic_report_u.v3 = make_v3(&m, net, SHORT_IPS);
		break;
	case NIC_FORM_V2:
		report.guestnic_report_u.v2 = make_v2(&m, net);
		break;
	case NIC_FORM_V1:
	case NIC_FORMS:
		break;
	}
	bytes = form == NIC_FORM_V1 ? encode_v1(net) : encode(&report);
	g_ptr_array_unref(m.blocks);
	return bytes;
}
