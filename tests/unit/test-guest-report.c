/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-guest-report.c - decoding of what a guest says about itself, from bytes written out here
 */
#include <stdlib.h>
#include <string.h>

#include "host/base/bytes.h"
#include "host/model/guest_report.h"
#include "host/model/guestrpc.h"
#include "include/wire/guestnic.h"
#include "tests/unit/unit.h"

static uint64_t op_now(void *data)
{
	return 5000;
}

static void op_event(void *data, const struct grpc_event *ev)
{
}

static const struct grpc_ops ops = { .now_ms = op_now, .event = op_event };

static struct grpc *fresh(void)
{
	static const struct grpc_config config;
	struct grpc *g = grpc_new(&config, &ops, NULL);

	CU_ASSERT_PTR_NOT_NULL_FATAL(g);
	return g;
}

/* ---- a request with binary data -------------------------------------------------------------- */

struct bytes {
	uint8_t b[70000];
	size_t len;
};

static void add(struct bytes *m, const void *p, size_t len)
{
	CU_ASSERT_FATAL(len <= sizeof(m->b) - m->len);
	memcpy(m->b + m->len, p, len);
	m->len += len;
}

static void word(struct bytes *m, uint32_t v)
{
	uint8_t be[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v };

	add(m, be, 4);
}

/* A text or opaque of XDR: length, bytes, up to three bytes of padding. */
static void counted(struct bytes *m, const void *p, size_t len)
{
	word(m, (uint32_t)len);
	add(m, p, len);
	add(m, "\0\0\0", (4 - len % 4) % 4);
}

static void text(struct bytes *m, const char *s)
{
	counted(m, s, strlen(s));
}

static void begin(struct bytes *m, unsigned int type)
{
	m->len = (size_t)snprintf((char *)m->b, sizeof(m->b), "SetGuestInfo  %u ", type);
}

static bool accepted(struct grpc *g, const void *req, size_t len)
{
	char reply[256];
	size_t n = grpc_rpci(g, req, len, reply, sizeof(reply));

	if (n == 2 && !memcmp(reply, "1 ", 2))
		return true;
	CU_ASSERT_TRUE(n > 2 && !memcmp(reply, "0 ", 2));
	return false;
}

/* ---- network --------------------------------------------------------------------------------- */

static void ip4(struct bytes *m, uint8_t last, uint32_t prefix)
{
	uint8_t addr[4] = { 192, 0, 2, last };

	word(m, GUESTNIC_ADDR_IPV4);
	counted(m, addr, 4);
	word(m, prefix);
	word(m, 1);			/* origin */
	word(m, GUESTNIC_ORIGIN_DHCP);
	word(m, 1);			/* status */
	word(m, GUESTNIC_STATUS_PREFERRED);
}

/* One NIC with an IPv4 and an IPv6 address, a default route, a DNS section. */
static void v3_report(struct bytes *m, unsigned int type)
{
	static const uint8_t any4[4], gw[4] = { 192, 0, 2, 1 };
	static const uint8_t ll[20] = { 0xfe, 0x80, [15] = 1, [19] = 2 };

	begin(m, type);
	word(m, 3);
	word(m, 1);
	word(m, 1);			/* nics */
	text(m, "52:54:00:12:34:56");
	word(m, 2);			/* ips */
	ip4(m, 7, 24);
	word(m, GUESTNIC_ADDR_IPV6Z);
	counted(m, ll, sizeof(ll));
	word(m, 64);
	word(m, 0);
	word(m, 0);
	word(m, 0);			/* dns, wins, dhcp4, dhcp6 of the NIC */
	word(m, 0);
	word(m, 0);
	word(m, 0);
	word(m, 1);			/* routes */
	word(m, GUESTNIC_ADDR_IPV4);
	counted(m, any4, 4);
	word(m, 0);
	word(m, 1);
	word(m, GUESTNIC_ADDR_IPV4);
	counted(m, gw, 4);
	word(m, 0);
	word(m, GUESTNIC_ROUTE_REMOTE);
	word(m, 100);
	word(m, 1);			/* dns */
	word(m, 1);
	text(m, "web");
	word(m, 1);
	text(m, "example.org");
	word(m, 1);
	word(m, GUESTNIC_ADDR_IPV4);
	counted(m, gw, 4);
	word(m, 1);
	text(m, "example.org");
	word(m, 0);			/* wins */
	word(m, 1);			/* dhcp4 */
	word(m, 1);
	text(m, "lease");
	word(m, 0);
}

static void test_nics_v3(void)
{
	static const unsigned int types[] = { GRPC_INFO_NIC_V3, GRPC_INFO_NIC_V2 };
	struct bytes *m = malloc(sizeof(*m));
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		struct grpc *g = fresh();
		const guestnic_v3 *net;

		v3_report(m, types[i]);
		CU_ASSERT_TRUE(accepted(g, m->b, m->len));
		net = grpc_report(g)->net;
		CU_ASSERT_PTR_NOT_NULL_FATAL(net);
		CU_ASSERT_EQUAL(grpc_report(g)->net_version, 3);
		CU_ASSERT_EQUAL_FATAL(net->nics.nics_len, 1);
		CU_ASSERT_STRING_EQUAL(net->nics.nics_val[0].mac, "52:54:00:12:34:56");
		CU_ASSERT_EQUAL_FATAL(net->nics.nics_val[0].ips.ips_len, 2);
		CU_ASSERT_EQUAL(net->nics.nics_val[0].ips.ips_val[0].prefix_len, 24);
		CU_ASSERT_EQUAL(*net->nics.nics_val[0].ips.ips_val[0].origin, GUESTNIC_ORIGIN_DHCP);
		CU_ASSERT_EQUAL(net->nics.nics_val[0].ips.ips_val[1].addr.addr.addr_len, 20);
		CU_ASSERT_PTR_NULL(net->nics.nics_val[0].ips.ips_val[1].origin);
		CU_ASSERT_EQUAL_FATAL(net->routes.routes_len, 1);
		CU_ASSERT_EQUAL(net->routes.routes_val[0].metric, 100);
		CU_ASSERT_STRING_EQUAL(*net->dns->host, "web");
		CU_ASSERT_STRING_EQUAL(net->dns->suffixes.suffixes_val[0], "example.org");
		CU_ASSERT_STRING_EQUAL(net->dhcp4->settings, "lease");
		grpc_free(g);
	}
	free(m);
}

static void test_nics_truncated(void)
{
	struct bytes *m = malloc(sizeof(*m));
	struct grpc *g = fresh();
	const guestnic_v3 *net;
	size_t head, len;

	v3_report(m, GRPC_INFO_NIC_V3);
	CU_ASSERT_TRUE(accepted(g, m->b, m->len));
	net = grpc_report(g)->net;
	head = strlen("SetGuestInfo  10 ");
	for (len = head; len < m->len; len++)
		CU_ASSERT_FALSE(accepted(g, m->b, len));
	CU_ASSERT_PTR_EQUAL(grpc_report(g)->net, net);		/* what was there stays */
	grpc_free(g);
	free(m);
}

static void test_nics_wrong(void)
{
	static const struct {
		const char *what;
		uint32_t words[6];
		size_t count;
	} rows[] = {
		{ "unknown version", { 4, 1, 0, 0 }, 4 },
		{ "no body", { 3, 0 }, 2 },
		{ "no body of version 2", { 2, 0 }, 2 },
		{ "17 NICs", { 3, 1, 17 }, 3 },
		{ "billions of NICs", { 3, 1, 0xffffffff }, 3 },
		{ "long MAC", { 3, 1, 1, 19 }, 4 },
		{ "2049 addresses", { 3, 1, 1, 0, 2049 }, 5 },
		{ "101 routes", { 3, 1, 0, 101 }, 4 },
		{ "pointer flag of 2", { 3, 2, 0, 0 }, 4 },
	};
	struct bytes *m = malloc(sizeof(*m));
	struct grpc *g = fresh();
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		begin(m, GRPC_INFO_NIC_V3);
		for (j = 0; j < rows[i].count; j++)
			word(m, rows[i].words[j]);
		if (accepted(g, m->b, m->len))
			CU_FAIL(rows[i].what);
	}
	CU_ASSERT_PTR_NULL(grpc_report(g)->net);
	grpc_free(g);
	free(m);
}

/* A fixed array of characters is one word for each. */
static void chars(struct bytes *m, const char *s, size_t n)
{
	size_t i, len = strlen(s);

	for (i = 0; i < n; i++)
		word(m, i < len ? (uint32_t)(unsigned char)s[i] : 0);
}

static void test_nics_v2(void)
{
	struct bytes *m = malloc(sizeof(*m));
	struct grpc *g = fresh();
	const guestnic_v3 *net;
	const guestnic_ip *ip;

	begin(m, GRPC_INFO_NIC_V2);
	word(m, 2);
	word(m, 1);
	word(m, 1);
	chars(m, "52:54:00:00:00:01", 18);
	word(m, 3);
	word(m, GUESTNIC_FAMILY_IPV4);
	word(m, 1);
	chars(m, "192.0.2.9", 64);
	chars(m, "255.255.254.0", 64);
	word(m, GUESTNIC_FAMILY_IPV6);
	word(m, 0);
	chars(m, "2001:db8::9", 64);
	chars(m, "64", 64);
	word(m, GUESTNIC_FAMILY_IPV4);
	word(m, 0);
	chars(m, "nonsense", 64);
	chars(m, "", 64);
	CU_ASSERT_TRUE(accepted(g, m->b, m->len));
	net = grpc_report(g)->net;
	CU_ASSERT_PTR_NOT_NULL_FATAL(net);
	CU_ASSERT_EQUAL(grpc_report(g)->net_version, 2);
	CU_ASSERT_STRING_EQUAL(net->nics.nics_val[0].mac, "52:54:00:00:00:01");
	CU_ASSERT_EQUAL_FATAL(net->nics.nics_val[0].ips.ips_len, 2);
	ip = net->nics.nics_val[0].ips.ips_val;
	CU_ASSERT_EQUAL(ip[0].prefix_len, 23);
	CU_ASSERT_EQUAL(ip[0].addr.type, GUESTNIC_ADDR_IPV4);
	CU_ASSERT_EQUAL(memcmp(ip[0].addr.addr.addr_val, "\300\000\002\011", 4), 0);
	CU_ASSERT_EQUAL(*ip[0].origin, GUESTNIC_ORIGIN_DHCP);
	CU_ASSERT_EQUAL(ip[1].prefix_len, 64);
	CU_ASSERT_EQUAL(ip[1].addr.addr.addr_len, 16);
	grpc_free(g);
	free(m);
}

static void test_nics_v1(void)
{
	struct grpc_wire_nic_v1 nic = { .mac = "52:54:00:00:00:02", .ips = { "192.0.2.3", "x" } };
	struct bytes *m = malloc(sizeof(*m));
	struct grpc *g = fresh();
	const guestnic_v3 *net;
	uint8_t count[4];

	put_le32(&nic.ip_count, 0xffffffff);		/* more than there are */
	put_le32(count, 2);
	begin(m, GRPC_INFO_NIC_V1);
	add(m, count, 4);
	add(m, &nic, sizeof(nic));
	memset(nic.mac, 'm', sizeof(nic.mac));		/* no NUL */
	memset(nic.ips, '1', sizeof(nic.ips));
	add(m, &nic, sizeof(nic));
	CU_ASSERT_FALSE(accepted(g, m->b, m->len - 1));
	CU_ASSERT_TRUE(accepted(g, m->b, m->len));
	net = grpc_report(g)->net;
	CU_ASSERT_EQUAL(grpc_report(g)->net_version, 1);
	CU_ASSERT_EQUAL_FATAL(net->nics.nics_len, 2);
	CU_ASSERT_STRING_EQUAL(net->nics.nics_val[0].mac, "52:54:00:00:00:02");
	CU_ASSERT_EQUAL_FATAL(net->nics.nics_val[0].ips.ips_len, 1);
	CU_ASSERT_EQUAL(memcmp(net->nics.nics_val[0].ips.ips_val[0].addr.addr.addr_val,
			       "\300\000\002\003", 4), 0);
	CU_ASSERT_EQUAL(net->nics.nics_val[1].ips.ips_len, 0);
	m->b[strlen("SetGuestInfo  2 ")] = 17;
	CU_ASSERT_FALSE(accepted(g, m->b, m->len));
	grpc_free(g);
	free(m);
}

/* ---- disks ----------------------------------------------------------------------------------- */

static void test_disks_json(void)
{
	static const char good[] = "SetGuestDiskInfo {\"version\":\"1\",\"disks\":["
		"{\"name\":\"Lw==\",\"free\":\"1024\",\"size\":\"4096\",\"fstype\":\"ext4\","
		"\"devices\":[\"scsi0:0\"]},"
		"{\"name\":\"L2Jvb3Q=\",\"free\":\"1\",\"size\":\"2\"},"
		"{\"name\":\"L3Zhcg\",\"free\":\"0\",\"size\":\"18446744073709551615\"}]}";
	struct grpc *g = fresh();
	const struct grpc_report *r = grpc_report(g);

	CU_ASSERT_TRUE(accepted(g, good, sizeof(good)));
	CU_ASSERT_EQUAL_FATAL(r->disk_count, 3);
	CU_ASSERT_STRING_EQUAL(r->disks[0].path, "/");
	CU_ASSERT_STRING_EQUAL(r->disks[0].fstype, "ext4");
	CU_ASSERT_EQUAL(r->disks[0].free, 1024);
	CU_ASSERT_EQUAL(r->disks[0].total, 4096);
	CU_ASSERT_STRING_EQUAL(r->disks[1].path, "/boot");
	CU_ASSERT_PTR_NULL(r->disks[1].fstype);
	CU_ASSERT_STRING_EQUAL(r->disks[2].path, "/var");
	CU_ASSERT_EQUAL(r->disks[2].total, UINT64_MAX);
	CU_ASSERT_TRUE(accepted(g, "SetGuestDiskInfo {\"disks\":[]}", 29));
	CU_ASSERT_EQUAL(r->disk_count, 0);
	grpc_free(g);
}

static void test_disks_json_wrong(void)
{
	static const char *const rows[] = {
		"SetGuestDiskInfo ",
		"SetGuestDiskInfo []",
		"SetGuestDiskInfo {}",
		"SetGuestDiskInfo {\"disks\":{}}",
		"SetGuestDiskInfo {\"disks\":[1]}",
		"SetGuestDiskInfo {\"disks\":[{}]}",
		"SetGuestDiskInfo {\"disks\":[{\"name\":\"Lw==\",\"free\":1,\"size\":\"2\"}]}",
		"SetGuestDiskInfo {\"disks\":[{\"name\":\"Lw==\",\"free\":\"-1\",\"size\":\"2\"}]}",
		"SetGuestDiskInfo {\"disks\":[{\"name\":\"L\",\"free\":\"1\",\"size\":\"2\"}]}",
		"SetGuestDiskInfo {\"disks\":[{\"name\":\"!w==\",\"free\":\"1\",\"size\":\"2\"}]}",
		"SetGuestDiskInfo {\"disks\":[{\"name\":\"\",\"free\":\"1\",\"size\":\"2\"}]}",
		"SetGuestDiskInfo {\"disks\":[[[[[[[[[[[[]]]]]]]]]]]]}",
		"SetGuestDiskInfo {\"disks\":[",
	};
	struct grpc *g = fresh();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (accepted(g, rows[i], strlen(rows[i])))
			CU_FAIL(rows[i]);
	CU_ASSERT_EQUAL(grpc_report(g)->changed_ms, 0);
	grpc_free(g);
}

static void test_disks_v0(void)
{
	struct bytes *m = malloc(sizeof(*m));
	struct grpc *g = fresh();
	uint8_t rec[116] = { 0 };

	begin(m, GRPC_INFO_DISK_FREE);
	add(m, "\002", 1);
	put_le64(rec, 100);
	put_le64(rec + 8, 200);
	memset(rec + 16, 'a', 100);		/* a name that fills its field has no NUL */
	add(m, rec, sizeof(rec));
	memcpy(rec + 16, "/home", 6);
	add(m, rec, sizeof(rec));
	CU_ASSERT_FALSE(accepted(g, m->b, m->len - 1));
	CU_ASSERT_TRUE(accepted(g, m->b, m->len));
	CU_ASSERT_EQUAL_FATAL(grpc_report(g)->disk_count, 2);
	CU_ASSERT_EQUAL(strlen(grpc_report(g)->disks[0].path), 100);
	CU_ASSERT_STRING_EQUAL(grpc_report(g)->disks[1].path, "/home");
	CU_ASSERT_EQUAL(grpc_report(g)->disks[1].total, 200);
	begin(m, GRPC_INFO_DISK_FREE);
	CU_ASSERT_FALSE(accepted(g, m->b, m->len));
	add(m, "\377", 1);
	CU_ASSERT_FALSE(accepted(g, m->b, m->len));
	grpc_free(g);
	free(m);
}

/* ---- system ---------------------------------------------------------------------------------- */

static void test_os_detailed(void)
{
	struct grpc_wire_os_detailed hdr = { 0 };
	struct bytes *m = malloc(sizeof(*m));
	struct grpc *g = fresh();
	const struct grpc_report *r = grpc_report(g);

	put_le32(&hdr.version, 1);
	memcpy(hdr.short_name, "debian12-64", 12);
	memset(hdr.full_name, 'D', sizeof(hdr.full_name));	/* no NUL */
	begin(m, GRPC_INFO_OS_DETAILED);
	add(m, &hdr, sizeof(hdr));
	CU_ASSERT_FALSE(accepted(g, m->b, m->len - 1));
	CU_ASSERT_TRUE(accepted(g, m->b, m->len));
	CU_ASSERT_STRING_EQUAL(r->os_details, "");
	add(m, "distroName='Debian GNU/Linux' kernelVersion='6.1'\0junk", 55);
	CU_ASSERT_TRUE(accepted(g, m->b, m->len));
	CU_ASSERT_STRING_EQUAL(r->os_short, "debian12-64");
	CU_ASSERT_EQUAL(strlen(r->os_full), sizeof(hdr.full_name));
	CU_ASSERT_STRING_EQUAL(r->os_details, "distroName='Debian GNU/Linux' kernelVersion='6.1'");
	put_le32(&hdr.version, 2);
	begin(m, GRPC_INFO_OS_DETAILED);
	add(m, &hdr, sizeof(hdr));
	CU_ASSERT_FALSE(accepted(g, m->b, m->len));
	grpc_free(g);
	free(m);
}

static void test_texts(void)
{
	struct bytes *m = malloc(sizeof(*m));
	struct grpc *g = fresh();
	const struct grpc_report *r = grpc_report(g);

	CU_ASSERT_TRUE(accepted(g, "SetGuestInfo  1 host\0", 21));
	CU_ASSERT_STRING_EQUAL(r->host_name, "host");
	CU_ASSERT_TRUE(accepted(g, "SetGuestInfo  1 ", 16));
	CU_ASSERT_STRING_EQUAL(r->host_name, "");
	CU_ASSERT_TRUE(accepted(g, "SetGuestInfo  4 build-1", 23));
	CU_ASSERT_TRUE(accepted(g, "SetGuestInfo  6 other-64", 24));
	CU_ASSERT_STRING_EQUAL(r->build, "build-1");
	CU_ASSERT_STRING_EQUAL(r->os_short, "other-64");
	begin(m, GRPC_INFO_OS_NAME_FULL);
	memset(m->b + m->len, 'x', 60000);
	CU_ASSERT_TRUE(accepted(g, m->b, m->len + 60000));
	CU_ASSERT_EQUAL(strlen(r->os_full), 1024);
	CU_ASSERT_FALSE(accepted(g, "SetGuestInfo  7 soon", 20));
	CU_ASSERT_FALSE(accepted(g, "SetGuestInfo  7 -1", 18));
	CU_ASSERT_FALSE(accepted(g, "SetGuestInfo  7 18446744073709551615", 36));
	CU_ASSERT_FALSE(r->uptime_known);
	CU_ASSERT_TRUE(accepted(g, "SetGuestInfo  7 100", 19));
	CU_ASSERT_EQUAL(r->uptime_ms, 1000);
	CU_ASSERT_EQUAL(r->uptime_at_ms, 5000);
	CU_ASSERT_TRUE(accepted(g, "SetGuestInfo  8 \005\000\000\000", 20));
	CU_ASSERT_EQUAL(r->stats_len, 4);
	CU_ASSERT_FALSE(accepted(g, m->b, strlen("SetGuestInfo  ")));
	grpc_free(g);
	free(m);
}

static void test_capability_limit(void)
{
	struct grpc *g = fresh();
	char req[64];
	int i;

	for (i = 0; i < GRPC_CAPS_MAX; i++) {
		snprintf(req, sizeof(req), "tools.capability.c%d 1", i);
		CU_ASSERT_TRUE(accepted(g, req, strlen(req)));
	}
	CU_ASSERT_FALSE(accepted(g, "tools.capability.more 1", 23));
	CU_ASSERT_TRUE(accepted(g, "tools.capability.c5 2", 21));
	CU_ASSERT_STRING_EQUAL(grpc_report(g)->caps[5].value, "2");
	grpc_free(g);
}

static const struct unit_case cases[] = {
	{ "a NIC report of version 3 is decoded from its bytes", test_nics_v3 },
	{ "a NIC report cut anywhere is refused and the old one stays", test_nics_truncated },
	{ "a NIC report over its limits is refused", test_nics_wrong },
	{ "a NIC report of version 2 becomes one of version 3", test_nics_v2 },
	{ "a NIC report of version 1 becomes one of version 3", test_nics_v1 },
	{ "file systems are read from JSON", test_disks_json },
	{ "wrong JSON is refused", test_disks_json_wrong },
	{ "file systems are read from the old form", test_disks_v0 },
	{ "the detailed system is read with and without its texts", test_os_detailed },
	{ "texts and numbers are read, cut or refused", test_texts },
	{ "capabilities have a limit and may change", test_capability_limit },
};

UNIT_MAIN("guest-report", cases)
