/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-nicreport.c - the network report: its bytes, its limits, and reading it back
 */
#include <arpa/inet.h>
#include <string.h>

#include "include/wire/guestnic.h"

#include "agent/nicreport.h"
#include "tests/unit/captured.h"
#include "tests/unit/unit.h"

static struct net_ip ip(const char *text)
{
	struct net_ip a = { .v6 = strchr(text, ':') != NULL };

	inet_pton(a.v6 ? AF_INET6 : AF_INET, text, a.bytes);
	return a;
}

static struct net_nic *add_nic(struct net_state *net, guint8 last, const char *addr, guint prefix)
{
	struct net_nic *nic = net_state_nic_add(net);
	struct net_addr a = { .prefix_len = prefix, .origin = GUESTNIC_ORIGIN_DHCP,
			      .status = GUESTNIC_STATUS_PREFERRED };

	memcpy(nic->mac, (guint8[]){ 0x00, 0x0c, 0x29, 0xab, 0xcd, last }, 6);
	nic->up = TRUE;
	a.ip = ip(addr);
	g_array_append_val(nic->addrs, a);
	return nic;
}

static void add_route(struct net_state *net, const char *dest, guint prefix, const char *hop,
		      guint nic)
{
	struct net_route r = { .prefix_len = prefix, .nic = nic, .metric = GUESTNIC_METRIC_NONE };

	r.dest = ip(dest);
	r.type = hop ? GUESTNIC_ROUTE_REMOTE : GUESTNIC_ROUTE_LOCAL;
	if (hop) {
		r.has_next_hop = TRUE;
		r.next_hop = ip(hop);
	}
	g_array_append_val(net->routes, r);
}

static gboolean decode(GBytes *bytes, guestnic_report *ret)
{
	gsize len;
	gconstpointer data = g_bytes_get_data(bytes, &len);
	gboolean ok;
	XDR xdr;

	memset(ret, 0, sizeof(*ret));
	xdrmem_create(&xdr, (char *)data, (u_int)len, XDR_DECODE);
	ok = xdr_guestnic_report(&xdr, ret) && xdr_getpos(&xdr) == len;
	xdr_destroy(&xdr);
	return ok;
}

static void decoded_free(guestnic_report *report)
{
	xdr_free((xdrproc_t)xdr_guestnic_report, (char *)report);
}

/* One interface, one address, one route, worked out by hand from the documented structure */
static void golden_v3(void)
{
	static const guint8 want[] = {
		0, 0, 0, 3,  0, 0, 0, 1,			/* version 3, present */
		0, 0, 0, 1,					/* one NIC */
		0, 0, 0, 17,					/* MAC, 17 bytes and 3 of padding */
		'0', '0', ':', '0', 'c', ':', '2', '9', ':', 'a', 'b', ':', 'c', 'd', ':', '0', '1',
		0, 0, 0,
		0, 0, 0, 1,					/* one address */
		0, 0, 0, 1,  0, 0, 0, 4,  10, 0, 2, 15,		/* IPv4 */
		0, 0, 0, 24,					/* prefix */
		0, 0, 0, 1,  0, 0, 0, 4,			/* origin: DHCP */
		0, 0, 0, 1,  0, 0, 0, 1,			/* status: preferred */
		0, 0, 0, 0,  0, 0, 0, 0,			/* no dns, wins */
		0, 0, 0, 1,  0, 0, 0, 1,  0, 0, 0, 0,		/* IPv4 by DHCP, no settings */
		0, 0, 0, 0,					/* not IPv6 */
		0, 0, 0, 1,					/* one route */
		0, 0, 0, 1,  0, 0, 0, 4,  0, 0, 0, 0,		/* to 0.0.0.0 */
		0, 0, 0, 0,					/* prefix 0 */
		0, 0, 0, 1,  0, 0, 0, 1,  0, 0, 0, 4,  10, 0, 2, 2,	/* by 10.0.2.2 */
		0, 0, 0, 0,  0, 0, 0, 4,			/* over the first NIC, remote */
		0xff, 0xff, 0xff, 0xff,				/* no metric */
		0, 0, 0, 1,					/* dns */
		0, 0, 0, 1,  0, 0, 0, 1,  'h', 0, 0, 0,		/* host "h" */
		0, 0, 0, 0,					/* no domain */
		0, 0, 0, 0,  0, 0, 0, 0,			/* no servers, no suffixes */
		0, 0, 0, 0,  0, 0, 0, 0,  0, 0, 0, 0,		/* no wins, dhcp4, dhcp6 */
	};
	struct net_state *net = net_state_new();
	GBytes *bytes;
	gsize len;

	add_nic(net, 1, "10.0.2.15", 24);
	add_route(net, "0.0.0.0", 0, "10.0.2.2", 0);
	net->dns.host = g_strdup("h");
	bytes = nic_report_encode(net, NIC_FORM_V3);
	CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
	CU_ASSERT_PTR_NOT_NULL(g_bytes_get_data(bytes, &len));
	CU_ASSERT_EQUAL(len, sizeof(want));
	CU_ASSERT_TRUE(len == sizeof(want) && !memcmp(g_bytes_get_data(bytes, NULL), want, len));
	g_bytes_unref(bytes);
	net_state_free(net);
}

/*
 * The same machine again, as open-vm-tools saw it: it tells no origins, no types of
 * routes, and the status of IPv4 addresses only
 */
static void as_captured(void)
{
	static const struct {
		const char *dest;
		guint prefix, metric;
		const char *hop;
	} routes[] = {
		{ "0.0.0.0", 0, 0, "10.0.2.2" }, { "10.0.2.0", 24, 0, NULL },
		{ "fe80::", 64, 256, NULL }, { "fec0::", 64, 256, NULL },
		{ "::", 0, 1024, "fe80::2" }, { "fe80::5054:ff:fe12:3456", 128, 0, NULL },
		{ "fec0::5054:ff:fe12:3456", 128, 0, NULL }, { "ff00::", 8, 256, NULL },
	};
	struct net_state *net = net_state_new();
	struct net_addr a = { .prefix_len = 64, .status = GUESTNIC_STATUS_UNKNOWN };
	struct net_nic *nic = add_nic(net, 0, "10.0.2.15", 24);
	g_autoptr(GBytes) got = NULL;
	guint i;

	memcpy(nic->mac, (guint8[]){ 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 }, 6);
	g_array_index(nic->addrs, struct net_addr, 0).origin = 0;
	a.ip = ip("fec0::5054:ff:fe12:3456");
	g_array_append_val(nic->addrs, a);
	a.ip = ip("fe80::5054:ff:fe12:3456");
	g_array_append_val(nic->addrs, a);
	for (i = 0; i < G_N_ELEMENTS(routes); i++) {
		add_route(net, routes[i].dest, routes[i].prefix, routes[i].hop, 0);
		g_array_index(net->routes, struct net_route, i).metric = routes[i].metric;
		g_array_index(net->routes, struct net_route, i).type = 0;
	}
	net->dns.host = g_strdup("debian-guest");
	net->dns.domain = g_strdup("");
	net_dns_parse(&net->dns, "nameserver 10.255.255.53\n");
	got = nic_report_encode(net, NIC_FORM_V3);
	CU_ASSERT_TRUE(captured_equal(got, CAPTURED_NICS));
	net_state_free(net);
}

/* Worked out by hand: a count, then MACs and addresses as text in places of fixed size */
static void golden_v1(void)
{
	struct net_state *net = net_state_new();
	g_autoptr(GBytes) bytes = NULL;
	const guint8 *p;
	gsize len;

	add_nic(net, 1, "10.0.2.15", 24);
	add_nic(net, 2, "fd00::5", 64);
	bytes = nic_report_encode(net, NIC_FORM_V1);
	p = g_bytes_get_data(bytes, &len);
	CU_ASSERT_EQUAL_FATAL(len, 4 + 2 * 152);
	CU_ASSERT_EQUAL(memcmp(p, "\2\0\0\0\1\0\0\0" "00:0c:29:ab:cd:01\0\0" "10.0.2.15\0", 4 + 4 + 19 + 10), 0);
	CU_ASSERT_EQUAL(memcmp(p + 4 + 152, "\0\0\0\0" "00:0c:29:ab:cd:02\0\0\0", 4 + 19 + 1), 0);
	CU_ASSERT_EQUAL(nic_form_type(NIC_FORM_V1), 2);
	net_state_free(net);
}

static void round_trip(void)
{
	struct net_state *net = net_state_new();
	guestnic_report report;
	guestnic_v3 *v3;
	GBytes *bytes;

	add_nic(net, 1, "10.0.2.15", 24);
	add_nic(net, 2, "fd00::5", 64);
	add_route(net, "10.0.2.0", 24, NULL, 0);
	add_route(net, "::", 0, "fe80::1", 1);
	net_dns_parse(&net->dns, "search a.example b.example\nnameserver 10.0.2.3\nnameserver fd00::3\n");
	bytes = nic_report_encode(net, NIC_FORM_V3);
	CU_ASSERT_TRUE_FATAL(decode(bytes, &report));
	v3 = report.guestnic_report_u.v3;
	CU_ASSERT_EQUAL(report.ver, 3);
	CU_ASSERT_EQUAL(v3->nics.nics_len, 2);
	CU_ASSERT_STRING_EQUAL(v3->nics.nics_val[1].mac, "00:0c:29:ab:cd:02");
	CU_ASSERT_EQUAL(v3->nics.nics_val[1].ips.ips_val[0].addr.type, GUESTNIC_ADDR_IPV6);
	CU_ASSERT_EQUAL(v3->nics.nics_val[1].ips.ips_val[0].addr.addr.addr_len, 16);
	CU_ASSERT_EQUAL(v3->routes.routes_len, 2);
	CU_ASSERT_EQUAL(v3->routes.routes_val[0].type, GUESTNIC_ROUTE_LOCAL);
	CU_ASSERT_PTR_NULL(v3->routes.routes_val[0].next_hop);
	CU_ASSERT_EQUAL(v3->routes.routes_val[1].nic, 1);
	CU_ASSERT_EQUAL(v3->dns->servers.servers_len, 2);
	CU_ASSERT_EQUAL(v3->dns->suffixes.suffixes_len, 2);
	CU_ASSERT_STRING_EQUAL(v3->dns->suffixes.suffixes_val[1], "b.example");
	decoded_free(&report);
	g_bytes_unref(bytes);
	net_state_free(net);
}

static struct net_state *crowded(void)
{
	struct net_state *net = net_state_new();
	guint i, k;

	for (i = 0; i < 40; i++) {
		struct net_nic *nic = add_nic(net, (guint8)i, "10.1.0.1", 16);

		for (k = 0; k < 100; k++) {
			struct net_addr a = { .prefix_len = 128 };

			a.ip = ip("fd00::1");
			a.ip.bytes[15] = (guint8)k;
			g_array_append_val(nic->addrs, a);
		}
	}
	for (i = 0; i < 500; i++)
		add_route(net, "10.9.0.0", 16, NULL, i % 40);
	for (i = 0; i < 40; i++) {
		struct net_ip server = ip("10.0.0.1");

		g_array_append_val(net->dns.servers, server);
		g_ptr_array_add(net->dns.suffixes, g_strnfill(i * 20, 'x'));
	}
	return net;
}

static void limits(void)
{
	struct net_state *net = crowded();
	guestnic_report report;
	guestnic_v3 *v3;
	GBytes *bytes;
	guint i;

	bytes = nic_report_encode(net, NIC_FORM_V3_SHORT);
	CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
	CU_ASSERT_TRUE(g_bytes_get_size(bytes) < 65536 - 32);
	CU_ASSERT_TRUE_FATAL(decode(bytes, &report));
	v3 = report.guestnic_report_u.v3;
	CU_ASSERT_EQUAL(v3->nics.nics_len, 16);
	CU_ASSERT_EQUAL(v3->nics.nics_val[0].ips.ips_len, 64);
	CU_ASSERT_EQUAL(v3->routes.routes_len, 100);
	for (i = 0; i < v3->routes.routes_len; i++)
		CU_ASSERT_TRUE(v3->routes.routes_val[i].nic < 16);
	CU_ASSERT_EQUAL(v3->dns->servers.servers_len, 16);
	CU_ASSERT_EQUAL(v3->dns->suffixes.suffixes_len, 10);
	decoded_free(&report);
	g_bytes_unref(bytes);
	net_state_free(net);
}

static void too_large(void)
{
	struct net_state *net = crowded();
	guint i, k;
	GBytes *bytes;

	for (i = 0; i < 16; i++) {
		struct net_nic *nic = g_ptr_array_index(net->nics, i);

		for (k = 0; k < 2000; k++) {
			struct net_addr a = { .prefix_len = 32 };

			a.ip = ip("10.2.0.1");
			g_array_append_val(nic->addrs, a);
		}
	}
	CU_ASSERT_PTR_NULL(nic_report_encode(net, NIC_FORM_V3));
	bytes = nic_report_encode(net, NIC_FORM_V3_SHORT);
	CU_ASSERT_PTR_NOT_NULL(bytes);
	g_bytes_unref(bytes);
	net_state_free(net);
}

static void version_2(void)
{
	struct net_state *net = net_state_new();
	guestnic_report report;
	guestnic_nic2 *nic;
	GBytes *bytes;
	struct net_addr six = { .prefix_len = 64 };

	six.ip = ip("fd00::5");
	g_array_append_val(add_nic(net, 1, "10.0.2.15", 20)->addrs, six);
	bytes = nic_report_encode(net, NIC_FORM_V2);
	/* version, present, 1 NIC, 18 words of MAC, 2 addresses of 2 words and 128 words */
	CU_ASSERT_EQUAL(g_bytes_get_size(bytes), 4 * (3 + 18 + 1 + 2 * (2 + 128)));
	CU_ASSERT_TRUE_FATAL(decode(bytes, &report));
	CU_ASSERT_EQUAL(report.ver, 2);
	nic = &report.guestnic_report_u.v2->nics.nics_val[0];
	CU_ASSERT_STRING_EQUAL(nic->mac, "00:0c:29:ab:cd:01");
	CU_ASSERT_STRING_EQUAL(nic->ips.ips_val[0].ip, "10.0.2.15");
	CU_ASSERT_STRING_EQUAL(nic->ips.ips_val[0].mask, "255.255.240.0");
	CU_ASSERT_TRUE(nic->ips.ips_val[0].dhcp);
	CU_ASSERT_EQUAL(nic->ips.ips_val[1].family, GUESTNIC_FAMILY_IPV6);
	CU_ASSERT_STRING_EQUAL(nic->ips.ips_val[1].mask, "64");
	decoded_free(&report);
	g_bytes_unref(bytes);
	net_state_free(net);
}

static void empty(void)
{
	struct net_state *net = net_state_new();
	enum nic_form form;

	for (form = NIC_FORM_V3; form < NIC_FORM_V1; form++) {
		GBytes *bytes = nic_report_encode(net, form);
		guestnic_report report;

		CU_ASSERT_TRUE(bytes && decode(bytes, &report));
		decoded_free(&report);
		g_bytes_unref(bytes);
	}
	net_state_free(net);
}

static const struct unit_case cases[] = {
	{ "the report is, to the byte, that of open-vm-tools for the same network", as_captured },
	{ "the oldest form has its documented layout", golden_v1 },
	{ "version 3 has the documented bytes", golden_v3 },
	{ "version 3 reads back as it was", round_trip },
	{ "what is above a limit is left out, and routes of NICs that are", limits },
	{ "a report that fits no message is given up, its short form not", too_large },
	{ "version 2 has text, masks and a word for each character", version_2 },
	{ "a machine without a network has a report", empty },
};

UNIT_MAIN("nicreport", cases)
