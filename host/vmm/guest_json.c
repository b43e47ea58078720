/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_json.c - what the model knows of a guest, as JSON objects
 *
 * Helpers add a member only when there is something to say, so that programs test for presence and
 * not for empty texts.  All text passes guest_text() once, here; nothing else prints what a guest
 * said.
 */
#include <arpa/inet.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/bytes.h"
#include "host/model/guest_report.h"
#include "host/model/guestrpc.h"
#include "host/vmm/front_server.h"
#include "host/vmm/guest_json.h"
#include "include/wire/guestnic.h"

#define REPLACEMENT	"\357\277\275"		/* U+FFFD */

/* ---- text ------------------------------------------------------------------------------------ */

/* Bytes of the valid, printable character at @p, or 0. */
static size_t utf8_char(const unsigned char *p, size_t left)
{
	size_t n = p[0] < 0x80 ? 1 : p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : (p[0] & 0xf0) == 0xe0 ? 3
		 : p[0] >= 0xf0 && p[0] < 0xf5 ? 4 : 0;
	uint32_t c;
	size_t i;

	if (!n || n > left)
		return 0;
	c = n == 1 ? p[0] : p[0] & (0x7fu >> n);
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < 0x20 || (c >= 0x7f && c < 0xa0) ||		/* controls */
	    (n == 3 && c < 0x800) || (n == 4 && (c < 0x10000 || c > 0x10ffff)) ||
	    (c >= 0xd800 && c < 0xe000) ||
	    (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))	/* bidi */
		return 0;
	return n;
}

char *guest_text(char *ret, size_t room, const char *text, size_t len)
{
	size_t have = 0, i = 0;

	while (i < len) {
		size_t n = utf8_char((const unsigned char *)text + i, len - i);
		const char *from = n ? text + i : REPLACEMENT;
		size_t out = n ? n : strlen(REPLACEMENT);

		if (out >= room - have)
			break;
		memcpy(ret + have, from, out);
		have += out;
		i += n ? n : 1;
	}
	ret[have] = '\0';
	return ret;
}

static struct json_object *json_text_len(const char *text, size_t len)
{
	size_t room = len * strlen(REPLACEMENT) + 8;
	char *clean = malloc(room);
	struct json_object *o;

	if (!clean)
		return NULL;
	o = json_object_new_string(guest_text(clean, room, text, len));
	free(clean);
	return o;
}

static void add_text(struct json_object *o, const char *name, const char *text)
{
	if (text && *text)
		json_object_object_add(o, name, json_text_len(text, strlen(text)));
}

static void add_number(struct json_object *o, const char *name, uint64_t n)
{
	json_object_object_add(o, name, json_object_new_uint64(n));
}

static void add_object(struct json_object *o, const char *name, struct json_object *child)
{
	if (child)
		json_object_object_add(o, name, child);
}

static const char *name_of(const char *const *names, size_t count, unsigned int i)
{
	return i < count && names[i] ? names[i] : "unknown";
}

/* ---- network --------------------------------------------------------------------------------- */

/* false when the address is of no form that we know. */
static bool addr_text(const guestnic_addr *a, char *ret, size_t room)
{
	const unsigned char *p = (const unsigned char *)a->addr.addr_val;
	unsigned int len = a->addr.addr_len;
	size_t n;

	if ((len == 4 || len == 8) &&
	    (a->type == GUESTNIC_ADDR_IPV4 || a->type == GUESTNIC_ADDR_IPV4Z))
		return inet_ntop(AF_INET, p, ret, (socklen_t)room);
	if ((len != 16 && len != 20) ||
	    (a->type != GUESTNIC_ADDR_IPV6 && a->type != GUESTNIC_ADDR_IPV6Z) ||
	    !inet_ntop(AF_INET6, p, ret, (socklen_t)room))
		return false;
	if (len == 20) {
		n = strlen(ret);
		snprintf(ret + n, room - n, "%%%u",
			 (unsigned int)p[16] << 24 | p[17] << 16 | p[18] << 8 | p[19]);
	}
	return true;
}

static void add_addr(struct json_object *o, const char *name, const guestnic_addr *a)
{
	char text[INET6_ADDRSTRLEN + 16];

	if (addr_text(a, text, sizeof(text)))
		json_object_object_add(o, name, json_object_new_string(text));
}

static struct json_object *ip_json(const guestnic_ip *ip)
{
	static const char *const origins[] = {
		[GUESTNIC_ORIGIN_OTHER] = "other", [GUESTNIC_ORIGIN_MANUAL] = "manual",
		[GUESTNIC_ORIGIN_DHCP] = "dhcp", [GUESTNIC_ORIGIN_LINKLAYER] = "linklayer",
		[GUESTNIC_ORIGIN_RANDOM] = "random",
	};
	static const char *const states[] = {
		[GUESTNIC_STATUS_PREFERRED] = "preferred",
		[GUESTNIC_STATUS_DEPRECATED] = "deprecated",
		[GUESTNIC_STATUS_INVALID] = "invalid",
		[GUESTNIC_STATUS_INACCESSIBLE] = "inaccessible",
		[GUESTNIC_STATUS_UNKNOWN] = "unknown",
		[GUESTNIC_STATUS_TENTATIVE] = "tentative",
		[GUESTNIC_STATUS_DUPLICATE] = "duplicate",
		[GUESTNIC_STATUS_OPTIMISTIC] = "optimistic",
	};
	struct json_object *o = json_object_new_object();

	add_addr(o, "ip", &ip->addr);
	add_number(o, "prefix", ip->prefix_len);
	if (ip->origin)
		add_text(o, "origin", name_of(origins, ARRAY_SIZE(origins), *ip->origin));
	if (ip->status)
		add_text(o, "status", name_of(states, ARRAY_SIZE(states), *ip->status));
	return o;
}

static struct json_object *dns_json(const guestnic_dns *dns)
{
	struct json_object *o = json_object_new_object(), *list;
	char text[INET6_ADDRSTRLEN + 16];
	unsigned int i;

	if (dns->host)
		add_text(o, "host", *dns->host);
	if (dns->domain)
		add_text(o, "domain", *dns->domain);
	list = json_object_new_array();
	for (i = 0; i < dns->servers.servers_len; i++)
		if (addr_text(&dns->servers.servers_val[i], text, sizeof(text)))
			json_object_array_add(list, json_object_new_string(text));
	add_object(o, "servers", list);
	list = json_object_new_array();
	for (i = 0; i < dns->suffixes.suffixes_len; i++) {
		const char *name = dns->suffixes.suffixes_val[i];

		json_object_array_add(list, json_text_len(name, strlen(name)));
	}
	add_object(o, "suffixes", list);
	return o;
}

static struct json_object *nic_json(const guestnic_nic *nic)
{
	struct json_object *o = json_object_new_object(), *ips = json_object_new_array();
	unsigned int i;

	add_text(o, "mac", nic->mac);
	for (i = 0; i < nic->ips.ips_len; i++)
		json_object_array_add(ips, ip_json(&nic->ips.ips_val[i]));
	add_object(o, "ips", ips);
	if (nic->dns)
		add_object(o, "dns", dns_json(nic->dns));
	return o;
}

static struct json_object *route_json(const guestnic_v3 *net, const guestnic_route *r)
{
	static const char *const types[] = {
		[GUESTNIC_ROUTE_OTHER] = "other", [GUESTNIC_ROUTE_REJECT] = "reject",
		[GUESTNIC_ROUTE_LOCAL] = "local", [GUESTNIC_ROUTE_REMOTE] = "remote",
	};
	struct json_object *o = json_object_new_object();

	add_addr(o, "dest", &r->dest);
	add_number(o, "prefix", r->prefix_len);
	if (r->next_hop)
		add_addr(o, "via", r->next_hop);
	if (r->nic < net->nics.nics_len)
		add_text(o, "mac", net->nics.nics_val[r->nic].mac);
	add_text(o, "type", name_of(types, ARRAY_SIZE(types), r->type));
	if (r->metric != GUESTNIC_METRIC_NONE)
		add_number(o, "metric", r->metric);
	return o;
}

static void add_net(struct json_object *o, const guestnic_v3 *net)
{
	struct json_object *nics = json_object_new_array(), *routes = json_object_new_array();
	unsigned int i;

	for (i = 0; i < net->nics.nics_len; i++)
		json_object_array_add(nics, nic_json(&net->nics.nics_val[i]));
	for (i = 0; i < net->routes.routes_len; i++)
		json_object_array_add(routes, route_json(net, &net->routes.routes_val[i]));
	add_object(o, "nics", nics);
	add_object(o, "routes", routes);
	if (net->dns)
		add_object(o, "dns", dns_json(net->dns));
}

/* The address that the guest broadcasts, or else the first of its NICs that is not link-local. */
static void add_ip(struct json_object *o, const struct grpc *g)
{
	const guestnic_v3 *net = grpc_report(g)->net;
	const char *said = grpc_report(g)->ip;
	unsigned int i, j;

	if (said && *said) {
		add_text(o, "ip", said);
		return;
	}
	for (i = 0; net && i < net->nics.nics_len; i++) {
		const guestnic_nic *nic = &net->nics.nics_val[i];

		for (j = 0; j < nic->ips.ips_len; j++) {
			if (nic->ips.ips_val[j].addr.type != GUESTNIC_ADDR_IPV4 &&
			    nic->ips.ips_val[j].addr.type != GUESTNIC_ADDR_IPV6)
				continue;
			add_addr(o, "ip", &nic->ips.ips_val[j].addr);
			return;
		}
	}
}

/* ---- the rest -------------------------------------------------------------------------------- */

static const char *tools_text(const struct grpc *g)
{
	static const char *const names[] = {
		[GRPC_TOOLS_NONE] = "none", [GRPC_TOOLS_STARTING] = "starting",
		[GRPC_TOOLS_RUNNING] = "running", [GRPC_TOOLS_GONE] = "gone",
	};

	return names[grpc_tools_state(g)];
}

static const char *heartbeat_text(const struct grpc *g, const struct front_server *front)
{
	static const char *const names[] = {
		[GRPC_HEARTBEAT_GREY] = "grey", [GRPC_HEARTBEAT_GREEN] = "green",
		[GRPC_HEARTBEAT_YELLOW] = "yellow", [GRPC_HEARTBEAT_RED] = "red",
	};

	return names[grpc_heartbeat(g, front ? front_server_last_poll_ms(front) : 0)];
}

static struct json_object *tools_json(const struct grpc *g, const struct front_server *front)
{
	const struct grpc_report *r = grpc_report(g);
	struct json_object *o = json_object_new_object(), *caps = json_object_new_object();
	uint64_t poll = front ? front_server_last_poll_ms(front) : 0;
	size_t i;

	add_text(o, "state", tools_text(g));
	add_text(o, "heartbeat", heartbeat_text(g, front));
	if (poll)
		add_number(o, "last-poll-ms", front_now_ms(NULL) - poll);
	add_text(o, "agent", r->agent);
	add_text(o, "version-text", r->log_version);
	if (r->version_known) {
		add_number(o, "version", r->version);
		add_number(o, "version-type", r->version_type);
	}
	for (i = 0; i < r->cap_count; i++) {
		char name[256];
		const char *value = r->caps[i].value;

		guest_text(name, sizeof(name), r->caps[i].name, strlen(r->caps[i].name));
		json_object_object_add(caps, name, json_text_len(value, strlen(value)));
	}
	add_object(o, "capabilities", caps);
	return o;
}

/* key='value' pairs with spaces between; a backslash takes the next character as it is. */
static struct json_object *details_json(const char *p)
{
	struct json_object *o = json_object_new_object();
	char key[128], value[1024];

	while (*p) {
		size_t n = strcspn(p, "=' "), len = 0;

		if (!n || p[n] != '=' || p[n + 1] != '\'')
			break;
		guest_text(key, sizeof(key), p, n);
		for (p += n + 2; *p && *p != '\''; p++) {
			if (*p == '\\' && p[1])
				p++;
			if (len < sizeof(value))
				value[len++] = *p;
		}
		json_object_object_add(o, key, json_text_len(value, len));
		if (*p)
			p++;
		p += strspn(p, " ");
	}
	return o;
}

static struct json_object *os_json(const struct grpc_report *r)
{
	struct json_object *o;

	if (!r->os_full && !r->os_short)
		return NULL;
	o = json_object_new_object();
	add_text(o, "name", r->os_full);
	add_text(o, "id", r->os_short);
	if (r->os_details && *r->os_details)
		add_object(o, "details", details_json(r->os_details));
	return o;
}

static struct json_object *disks_json(const struct grpc_report *r)
{
	struct json_object *list;
	size_t i;

	if (!r->disk_count)
		return NULL;
	list = json_object_new_array();
	for (i = 0; i < r->disk_count; i++) {
		struct json_object *o = json_object_new_object();

		add_text(o, "path", r->disks[i].path);
		add_text(o, "fstype", r->disks[i].fstype);
		add_number(o, "free", r->disks[i].free);
		add_number(o, "total", r->disks[i].total);
		json_object_array_add(list, o);
	}
	return list;
}

struct json_object *guest_json(const struct grpc *g, const struct front_server *front)
{
	const struct grpc_report *r = grpc_report(g);
	struct json_object *o = json_object_new_object();
	uint64_t now = front_now_ms(NULL);
	struct front_stats stats;

	if (!o)
		return NULL;
	add_object(o, "tools", tools_json(g, front));
	add_text(o, "host-name", r->host_name);
	add_ip(o, g);
	add_object(o, "os", os_json(r));
	if (r->uptime_known)
		add_number(o, "uptime-s", r->uptime_ms / 1000);
	if (r->net)
		add_net(o, r->net);
	add_object(o, "disks", disks_json(r));
	if (front) {
		front_server_stats(front, &stats);
		if (stats.crashes)
			add_number(o, "crashes", stats.crashes);
	}
	if (r->changed_ms)
		add_number(o, "age-s", (now - r->changed_ms) / 1000);
	if (r->stale_ms)
		add_number(o, "stale-s", (now - r->stale_ms) / 1000);
	return o;
}

struct json_object *guest_json_brief(const struct grpc *g, const struct front_server *front)
{
	struct json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	add_text(o, "tools", tools_text(g));
	add_text(o, "heartbeat", heartbeat_text(g, front));
	if (!grpc_report(g)->stale_ms) {
		add_text(o, "host-name", grpc_report(g)->host_name);
		add_ip(o, g);
	}
	return o;
}

struct json_object *guest_json_vars(const struct grpc *g)
{
	struct json_object *o = json_object_new_object();
	struct grpc_var v;
	size_t i;

	for (i = 0; o && grpc_var_next(g, i, &v); i++) {
		struct json_object *var = json_object_new_object();

		json_object_object_add(var, "value", json_text_len(v.value, v.len));
		json_object_object_add(var, "readonly",
				       json_object_new_boolean(v.flags & GRPC_VAR_READONLY));
		add_text(var, "by", v.flags & GRPC_VAR_BY_GUEST ? "guest"
				    : v.flags & GRPC_VAR_CONFIG ? "config" : "host");
		json_object_object_add(o, v.key, var);
	}
	return o;
}
