/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-netstate.c - the primary address, and resolv.conf
 */
#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <stdlib.h>
#include <string.h>

#include "include/wire/guestnic.h"

#include "agent/netstate.h"
#include "tests/unit/unit.h"

/* Words of the form ADDRESS[/BITS][,FLAGS]; the flags are letters: t(emporary) d(eprecated) u(nchecked)
 * x (a duplicate) p(ermanent) */
static struct net_addr address(const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, ",", 2);
	char *slash = strchr(parts[0], '/');
	struct net_addr a = { .ip.v6 = strchr(text, ':') != NULL };
	guint flags = 0;
	const char *c;

	a.prefix_len = slash ? (guint)atoi(slash + 1) : a.ip.v6 ? 64 : 24;
	if (slash)
		*slash = '\0';
	inet_pton(a.ip.v6 ? AF_INET6 : AF_INET, parts[0], a.ip.bytes);
	for (c = parts[1] ? parts[1] : ""; *c; c++)
		flags |= *c == 't' ? IFA_F_TEMPORARY : *c == 'd' ? IFA_F_DEPRECATED :
			 *c == 'u' ? IFA_F_TENTATIVE : *c == 'x' ? IFA_F_DADFAILED : IFA_F_PERMANENT;
	a.origin = net_addr_origin(&a.ip, a.prefix_len, flags);
	a.status = net_addr_status(flags);
	return a;
}

static void add(struct net_state *net, gboolean up, const char *list)
{
	g_auto(GStrv) words = g_strsplit(list, " ", -1);
	struct net_nic *nic = net_state_nic_add(net);
	guint i;

	nic->up = up;
	for (i = 0; words[i]; i++) {
		struct net_addr a = address(words[i]);

		g_array_append_val(nic->addrs, a);
	}
}

static void origins(void)
{
	static const struct {
		const char *address;
		guint origin, status;
	} rows[] = {
		{ "10.0.0.1,p", GUESTNIC_ORIGIN_MANUAL, GUESTNIC_STATUS_PREFERRED },
		{ "10.0.0.1", GUESTNIC_ORIGIN_DHCP, GUESTNIC_STATUS_PREFERRED },
		{ "169.254.1.1/16,p", GUESTNIC_ORIGIN_RANDOM, GUESTNIC_STATUS_PREFERRED },
		{ "fe80::1,p", GUESTNIC_ORIGIN_LINKLAYER, GUESTNIC_STATUS_PREFERRED },
		{ "fd00::1,p", GUESTNIC_ORIGIN_MANUAL, GUESTNIC_STATUS_PREFERRED },
		{ "fd00::1/64", GUESTNIC_ORIGIN_LINKLAYER, GUESTNIC_STATUS_PREFERRED },
		{ "fd00::1/128", GUESTNIC_ORIGIN_DHCP, GUESTNIC_STATUS_PREFERRED },
		{ "fd00::1/64,t", GUESTNIC_ORIGIN_RANDOM, GUESTNIC_STATUS_PREFERRED },
		{ "fd00::1/64,td", GUESTNIC_ORIGIN_RANDOM, GUESTNIC_STATUS_DEPRECATED },
		{ "fd00::1/64,pu", GUESTNIC_ORIGIN_MANUAL, GUESTNIC_STATUS_TENTATIVE },
		{ "fd00::1/64,pux", GUESTNIC_ORIGIN_MANUAL, GUESTNIC_STATUS_DUPLICATE },
	};
	guint i;

	for (i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct net_addr a = address(rows[i].address);

		CU_ASSERT_EQUAL(a.origin, rows[i].origin);
		CU_ASSERT_EQUAL(a.status, rows[i].status);
		if (a.origin != rows[i].origin || a.status != rows[i].status)
			printf("# %s: %u %u\n", rows[i].address, a.origin, a.status);
	}
}

static void primary(void)
{
	static const struct {
		const char *first, *second, *want;
		gboolean first_down;
	} rows[] = {
		{ "10.0.0.1", "10.0.0.2", "10.0.0.1", FALSE },
		{ "10.0.0.1", "10.0.0.2", "10.0.0.2", TRUE },
		{ "fd00::1", "10.0.0.2", "10.0.0.2", FALSE },
		{ "fe80::1 fd00::1", "fe80::2", "fd00::1", FALSE },
		{ "169.254.1.1", "10.0.0.2", "10.0.0.2", FALSE },
		{ "fe80::1", "169.254.1.1", NULL, FALSE },
		{ "192.0.2.1/32 10.0.0.1", "10.0.0.2", "10.0.0.1", FALSE },
		{ "192.0.2.1/32", "fd00::1", "192.0.2.1", FALSE },
		{ "fd00::2,t fd00::1,p", "fe80::2", "fd00::1", FALSE },
		{ "fd00::2,d fd00::3,u", "fd00::1,t", "fd00::1", FALSE },
		{ "fd00::3,px", "fd00::1,d", "fd00::1", FALSE },
	};
	guint i;

	for (i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct net_state *net = net_state_new();
		const struct net_ip *ip;
		char *text;

		add(net, !rows[i].first_down, rows[i].first);
		add(net, TRUE, rows[i].second);
		ip = net_state_primary(net);
		text = ip ? net_ip_text(ip) : NULL;
		CU_ASSERT_EQUAL(g_strcmp0(text, rows[i].want), 0);
		g_free(text);
		net_state_free(net);
	}
}

static void resolv_conf(void)
{
	struct net_state *net = net_state_new();
	struct net_dns *dns = &net->dns;

	net_dns_parse(dns, "# comment\n"
			   "domain old.example\n"
			   "search  a.example\tb.example . # those\n"
			   "nameserver 192.0.2.1 ; first\n"
			   "nameserver fe80::1%eth0\n"
			   "nameserver not.an.address\n"
			   "nameserver\n"
			   "options edns0\n");
	CU_ASSERT_STRING_EQUAL(dns->domain, "old.example");
	CU_ASSERT_EQUAL(dns->suffixes->len, 2);
	CU_ASSERT_STRING_EQUAL(g_ptr_array_index(dns->suffixes, 1), "b.example");
	CU_ASSERT_EQUAL(dns->servers->len, 2);
	CU_ASSERT_TRUE(g_array_index(dns->servers, struct net_ip, 1).v6);
	CU_ASSERT_FALSE(net_dns_is_stub(dns));
	net_state_free(net);
}

static void stub(void)
{
	struct net_state *net = net_state_new();

	CU_ASSERT_FALSE(net_dns_is_stub(&net->dns));
	net_dns_parse(&net->dns, "nameserver 127.0.0.53\n");
	CU_ASSERT_TRUE(net_dns_is_stub(&net->dns));
	net_dns_parse(&net->dns, "nameserver 127.0.0.1\n");
	CU_ASSERT_FALSE(net_dns_is_stub(&net->dns));
	net_state_free(net);
}

static const struct unit_case cases[] = {
	{ "where an address comes from and how it is are told by its flags", origins },
	{ "the primary address is a routable one of an interface that is up, IPv4 first", primary },
	{ "resolv.conf is read with its comments, tabs and errors", resolv_conf },
	{ "the stub of systemd-resolved is known", stub },
};

UNIT_MAIN("netstate", cases)
