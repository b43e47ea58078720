/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-netstate.c - the primary address, and resolv.conf
 */
#include <arpa/inet.h>
#include <string.h>

#include "agent/netstate.h"
#include "tests/unit/unit.h"

static void add(struct net_state *net, gboolean up, const char *list)
{
	g_auto(GStrv) words = g_strsplit(list, " ", -1);
	struct net_nic *nic = net_state_nic_add(net);
	guint i;

	nic->up = up;
	for (i = 0; words[i]; i++) {
		struct net_addr a = { .ip.v6 = strchr(words[i], ':') != NULL };

		inet_pton(a.ip.v6 ? AF_INET6 : AF_INET, words[i], a.ip.bytes);
		g_array_append_val(nic->addrs, a);
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
	{ "the primary address is a routable one of an interface that is up, IPv4 first", primary },
	{ "resolv.conf is read with its comments, tabs and errors", resolv_conf },
	{ "the stub of systemd-resolved is known", stub },
};

UNIT_MAIN("netstate", cases)
