/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netstate.c - the network as it is reported; pure
 */
#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <string.h>

#include "include/wire/guestnic.h"

#include "agent/netstate.h"

static void nic_free(gpointer data)
{
	struct net_nic *nic = data;

	g_array_unref(nic->addrs);
	g_free(nic);
}

struct net_state *net_state_new(void)
{
	struct net_state *net = g_new0(struct net_state, 1);

	net->nics = g_ptr_array_new_with_free_func(nic_free);
	net->routes = g_array_new(FALSE, TRUE, sizeof(struct net_route));
	net->dns.servers = g_array_new(FALSE, TRUE, sizeof(struct net_ip));
	net->dns.suffixes = g_ptr_array_new_with_free_func(g_free);
	return net;
}

void net_state_free(struct net_state *net)
{
	if (!net)
		return;
	g_ptr_array_unref(net->nics);
	g_array_unref(net->routes);
	g_array_unref(net->dns.servers);
	g_ptr_array_unref(net->dns.suffixes);
	g_free(net->dns.host);
	g_free(net->dns.domain);
	g_free(net);
}

struct net_nic *net_state_nic_add(struct net_state *net)
{
	struct net_nic *nic = g_new0(struct net_nic, 1);

	nic->addrs = g_array_new(FALSE, TRUE, sizeof(struct net_addr));
	g_ptr_array_add(net->nics, nic);
	return nic;
}

static gboolean is_link_local(const struct net_ip *ip)
{
	return ip->v6 ? ip->bytes[0] == 0xfe && (ip->bytes[1] & 0xc0) == 0x80 :
			ip->bytes[0] == 169 && ip->bytes[1] == 254;
}

guint net_addr_origin(const struct net_ip *ip, guint prefix_len, guint flags)
{
	if (is_link_local(ip))
		return ip->v6 ? GUESTNIC_ORIGIN_LINKLAYER : GUESTNIC_ORIGIN_RANDOM;
	if (ip->v6 && flags & IFA_F_TEMPORARY)
		return GUESTNIC_ORIGIN_RANDOM;
	if (flags & IFA_F_PERMANENT)
		return GUESTNIC_ORIGIN_MANUAL;
	/* A lifetime comes from a lease, of one address; or of a whole prefix, from a router's word */
	return ip->v6 && prefix_len < 128 ? GUESTNIC_ORIGIN_LINKLAYER : GUESTNIC_ORIGIN_DHCP;
}

guint net_addr_status(guint flags)
{
	if (flags & IFA_F_DADFAILED)
		return GUESTNIC_STATUS_DUPLICATE;
	if (flags & IFA_F_DEPRECATED)
		return GUESTNIC_STATUS_DEPRECATED;
	if (flags & IFA_F_OPTIMISTIC)
		return GUESTNIC_STATUS_OPTIMISTIC;
	if (flags & IFA_F_TENTATIVE)
		return GUESTNIC_STATUS_TENTATIVE;
	return GUESTNIC_STATUS_PREFERRED;
}

/* The lower, the better; G_MAXUINT: never */
static guint rank(const struct net_addr *a)
{
	if (is_link_local(&a->ip) || a->status == GUESTNIC_STATUS_DUPLICATE)
		return G_MAXUINT;
	if (!a->ip.v6)
		return a->prefix_len < 32 ? 0 : 1;
	return a->status != GUESTNIC_STATUS_PREFERRED ? 4 : a->origin == GUESTNIC_ORIGIN_RANDOM ? 3 : 2;
}

const struct net_ip *net_state_primary(const struct net_state *net)
{
	const struct net_ip *found = NULL;
	guint best = G_MAXUINT, i, k;

	for (i = 0; i < net->nics->len; i++) {
		const struct net_nic *nic = g_ptr_array_index(net->nics, i);

		for (k = 0; nic->up && k < nic->addrs->len; k++) {
			const struct net_addr *a = &g_array_index(nic->addrs, struct net_addr, k);

			if (rank(a) >= best)
				continue;
			best = rank(a);
			found = &a->ip;
		}
	}
	return found;
}

static gboolean ip_parse(const char *text, struct net_ip *ret_ip)
{
	g_autofree char *plain = g_strndup(text, strcspn(text, "%"));

	memset(ret_ip, 0, sizeof(*ret_ip));
	if (inet_pton(AF_INET, plain, ret_ip->bytes) == 1)
		return TRUE;
	ret_ip->v6 = inet_pton(AF_INET6, plain, ret_ip->bytes) == 1;
	return ret_ip->v6;
}

char *net_ip_text(const struct net_ip *ip)
{
	char text[INET6_ADDRSTRLEN];

	return g_strdup(inet_ntop(ip->v6 ? AF_INET6 : AF_INET, ip->bytes, text, sizeof(text)));
}

static void dns_line(struct net_dns *dns, char **words)
{
	struct net_ip ip;
	guint i;

	if (!strcmp(words[0], "nameserver") && words[1] && ip_parse(words[1], &ip))
		g_array_append_val(dns->servers, ip);
	else if (!strcmp(words[0], "domain") && words[1]) {
		g_free(dns->domain);
		dns->domain = g_strdup(words[1]);
	} else if (!strcmp(words[0], "search")) {
		g_ptr_array_set_size(dns->suffixes, 0);
		for (i = 1; words[i]; i++)
			if (*words[i] && strcmp(words[i], "."))
				g_ptr_array_add(dns->suffixes, g_strdup(words[i]));
	}
}

void net_dns_parse(struct net_dns *dns, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	guint i;

	for (i = 0; lines[i]; i++) {
		g_auto(GStrv) words = NULL;
		g_autoptr(GPtrArray) kept = g_ptr_array_new();
		guint k;

		lines[i][strcspn(lines[i], "#;")] = '\0';
		words = g_strsplit_set(lines[i], " \t\r", -1);
		for (k = 0; words[k]; k++)
			if (*words[k])
				g_ptr_array_add(kept, words[k]);
		if (!kept->len)
			continue;
		g_ptr_array_add(kept, NULL);
		dns_line(dns, (char **)kept->pdata);
	}
}

gboolean net_dns_is_stub(const struct net_dns *dns)
{
	static const guint8 stub[] = { 127, 0, 0, 53 };
	const struct net_ip *ip;

	if (dns->servers->len != 1)
		return FALSE;
	ip = &g_array_index(dns->servers, struct net_ip, 0);
	return !ip->v6 && !memcmp(ip->bytes, stub, sizeof(stub));
}
