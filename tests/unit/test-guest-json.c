/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-guest-json.c - what people and programs are shown of a guest
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/bytes.h"
#include "host/model/guestrpc.h"
#include "host/vmm/front_server.h"
#include "host/vmm/guest_json.h"
#include "tests/unit/unit.h"

static void op_event(void *data, const struct grpc_event *ev)
{
}

static const struct grpc_ops ops = { .now_ms = front_now_ms, .event = op_event };

static struct grpc *fresh(void)
{
	static const struct grpc_config config;
	struct grpc *g = grpc_new(&config, &ops, NULL);

	CU_ASSERT_PTR_NOT_NULL_FATAL(g);
	return g;
}

static void say(struct grpc *g, const char *req, size_t len)
{
	char reply[64];
	size_t n = grpc_rpci(g, req, len, reply, sizeof(reply));

	CU_ASSERT_TRUE(n >= 2 && reply[0] == '1');
}

/* The text at a path of members, as in "/os/name"; "" when there is none. */
static const char *at(struct json_object *o, const char *path)
{
	struct json_object *v;

	return json_pointer_get(o, path, &v) ? "" : json_object_get_string(v);
}

static void test_text(void)
{
#define FFFD "\357\277\275"
	static const struct {
		const char *in, *want;
	} rows[] = {
		{ "plain", "plain" },
		{ "gr\303\274n \342\202\254 \360\237\230\200", "gr\303\274n \342\202\254 \360\237\230\200" },
		{ "a\033[31mb", "a" FFFD "[31mb" },
		{ "a\nb\177c", "a" FFFD "b" FFFD "c" },
		{ "\302\233", FFFD FFFD },		/* a C1 control */
		{ "\300\257", FFFD FFFD },		/* overlong */
		{ "\355\240\200", FFFD FFFD FFFD },	/* surrogate */
		{ "\342\200\256x", FFFD FFFD FFFD "x" },	/* right to left */
		{ "\364\220\200\200", FFFD FFFD FFFD FFFD },	/* beyond the last character */
		{ "cut \342\202", "cut " FFFD FFFD },
		{ "\377\376", FFFD FFFD },
	};
	char buf[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		CU_ASSERT_STRING_EQUAL(guest_text(buf, sizeof(buf), rows[i].in, strlen(rows[i].in)),
				       rows[i].want);
	CU_ASSERT_STRING_EQUAL(guest_text(buf, 8, "123456789", 9), "1234567");
	CU_ASSERT_STRING_EQUAL(guest_text(buf, 8, "12345\342\202\254", 8), "12345");
}

static void test_empty(void)
{
	struct grpc *g = fresh();
	struct json_object *o = guest_json(g, NULL);

	CU_ASSERT_STRING_EQUAL(at(o, "/tools/state"), "none");
	CU_ASSERT_STRING_EQUAL(at(o, "/tools/heartbeat"), "grey");
	CU_ASSERT_STRING_EQUAL(at(o, "/host-name"), "");
	CU_ASSERT_STRING_EQUAL(at(o, "/nics"), "");
	CU_ASSERT_STRING_EQUAL(at(o, "/age-s"), "");
	json_object_put(o);
	grpc_free(g);
}

static void test_full(void)
{
	/* Version 3: one NIC with 192.0.2.7/24 by DHCP, a route by way of 192.0.2.1. */
	static const char nics[] = "SetGuestInfo  10 "
		"\0\0\0\3\0\0\0\1\0\0\0\1\0\0\0\2aa\0\0\0\0\0\1\0\0\0\1\0\0\0\4\300\0\2\7\0\0\0\30"
		"\0\0\0\1\0\0\0\4\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
		"\0\0\0\1\0\0\0\1\0\0\0\4\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0\4\300\0\2\1"
		"\0\0\0\11\0\0\0\4\377\377\377\377\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
	static const char disks[] = "SetGuestDiskInfo {\"disks\":[{\"name\":\"Lw==\",\"free\":\"1\","
		"\"size\":\"18446744073709551615\",\"fstype\":\"ext4\"}]}";
	struct grpc_wire_os_detailed os = { .short_name = "debian12-64", .full_name = "Debian" };
	char req[1024];
	struct grpc *g = fresh();
	struct json_object *o;
	int n;

	put_le32(&os.version, 1);
	n = snprintf(req, sizeof(req), "SetGuestInfo  11 ");
	memcpy(req + n, &os, sizeof(os));
	strcpy(req + n + sizeof(os), "a='b c' quoted='it\\'s' bad");
	say(g, req, (size_t)n + sizeof(os) + strlen("a='b c' quoted='it\\'s' bad"));
	say(g, nics, sizeof(nics) - 1);
	say(g, disks, sizeof(disks));
	say(g, "SetGuestInfo  1 we\033b", strlen("SetGuestInfo  1 we\033b"));
	say(g, "tools.capability.x\001 1", strlen("tools.capability.x\001 1"));
	o = guest_json(g, NULL);
	CU_ASSERT_STRING_EQUAL(at(o, "/host-name"), "we" FFFD "b");
	CU_ASSERT_STRING_EQUAL(at(o, "/ip"), "192.0.2.7");
	CU_ASSERT_STRING_EQUAL(at(o, "/os/name"), "Debian");
	CU_ASSERT_STRING_EQUAL(at(o, "/os/id"), "debian12-64");
	CU_ASSERT_STRING_EQUAL(at(o, "/os/details/a"), "b c");
	CU_ASSERT_STRING_EQUAL(at(o, "/os/details/quoted"), "it's");
	CU_ASSERT_STRING_EQUAL(at(o, "/nics/0/mac"), "aa");
	CU_ASSERT_STRING_EQUAL(at(o, "/nics/0/ips/0/prefix"), "24");
	CU_ASSERT_STRING_EQUAL(at(o, "/nics/0/ips/0/origin"), "dhcp");
	CU_ASSERT_STRING_EQUAL(at(o, "/routes/0/dest"), "0.0.0.0");
	CU_ASSERT_STRING_EQUAL(at(o, "/routes/0/via"), "192.0.2.1");
	CU_ASSERT_STRING_EQUAL(at(o, "/routes/0/mac"), "");		/* it named a NIC not there */
	CU_ASSERT_STRING_EQUAL(at(o, "/routes/0/metric"), "");
	CU_ASSERT_STRING_EQUAL(at(o, "/disks/0/path"), "/");
	CU_ASSERT_STRING_EQUAL(at(o, "/disks/0/total"), "18446744073709551615");
	json_object_put(o);
	grpc_guest_reset(g);
	o = guest_json_brief(g, NULL);
	CU_ASSERT_STRING_EQUAL(at(o, "/ip"), "");		/* of the system before */
	json_object_put(o);
	o = guest_json(g, NULL);
	CU_ASSERT_STRING_EQUAL(at(o, "/stale-s"), "0");
	json_object_put(o);
	grpc_free(g);
}

static void test_vars(void)
{
	struct grpc *g = fresh();
	struct json_object *o;

	grpc_var_set(g, "guestinfo.conf", "c", 1, GRPC_VAR_CONFIG | GRPC_VAR_READONLY);
	grpc_var_set(g, "guestinfo.host", "h", 1, 0);
	say(g, "info-set guestinfo.guest \377", strlen("info-set guestinfo.guest \377"));
	o = guest_json_vars(g);
	CU_ASSERT_STRING_EQUAL(at(o, "/guestinfo.conf/by"), "config");
	CU_ASSERT_STRING_EQUAL(at(o, "/guestinfo.conf/readonly"), "true");
	CU_ASSERT_STRING_EQUAL(at(o, "/guestinfo.host/by"), "host");
	CU_ASSERT_STRING_EQUAL(at(o, "/guestinfo.guest/by"), "guest");
	CU_ASSERT_STRING_EQUAL(at(o, "/guestinfo.guest/value"), FFFD);
	json_object_put(o);
	grpc_free(g);
}

static const struct unit_case cases[] = {
	{ "text of a guest becomes valid and printable", test_text },
	{ "a guest that said nothing shows as such", test_empty },
	{ "everything a guest said is there, and marked after a reset", test_full },
	{ "variables tell who set them", test_vars },
};

UNIT_MAIN("guest-json", cases)
