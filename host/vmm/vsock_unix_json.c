/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vsock_unix_json.c - a guest's vSockets for vmctl status --json
 */
#include <json-c/json.h>

#include "host/vmm/vsock_unix_priv.h"
#include "wire/vsock_packet.h"

#define CONNECTIONS_SHOWN 1024	/* a status answer stays below some 300 KiB */

struct walk {
	struct json_object *list;
	size_t total;
};

static void add_u64(struct json_object *o, const char *key, uint64_t value)
{
	json_object_object_add(o, key, json_object_new_uint64(value));
}

static void add_text(struct json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, json_object_new_string(value));
}

static const char *shutdown_name(unsigned int mode)
{
	switch (mode) {
	case 0:
		return "no";
	case VSOCK_SHUTDOWN_RCV:
		return "receive";
	case VSOCK_SHUTDOWN_SEND:
		return "send";
	default:
		return "both";
	}
}

static int connection(void *data, const struct vsh_info *info)
{
	struct walk *w = data;
	struct json_object *o;

	if (w->total++ >= CONNECTIONS_SHOWN)
		return 0;
	o = json_object_new_object();
	add_text(o, "state", vsh_state_name(info->state));
	add_text(o, "from", info->incoming ? "guest" : "host");
	add_u64(o, "host-port", info->host_port);
	add_u64(o, "guest-port", info->guest_port);
	add_u64(o, "queue-size", info->queue_size);
	add_text(o, "protocol", info->old_proto ? "old" : "queue-state");
	add_text(o, "host-shutdown", shutdown_name(info->shutdown));
	add_text(o, "guest-shutdown", shutdown_name(info->peer_shutdown));
	add_u64(o, "bytes-from-guest", info->bytes_from_guest);
	add_u64(o, "bytes-to-guest", info->bytes_to_guest);
	add_u64(o, "unread", info->unread);
	json_object_array_add(w->list, o);
	return 0;
}

static struct json_object *counters(struct vsu *vsu)
{
	const struct vsh_counters *m = vsh_counters(vsu->vsh);
	struct json_object *o = json_object_new_object();

#define ADD_MODEL(name) add_u64(o, #name, m->name);
	VSH_COUNTERS(ADD_MODEL)
#undef ADD_MODEL
#define ADD_OURS(name) add_u64(o, #name, vsu->count.name);
	VSU_COUNTERS(ADD_OURS)
#undef ADD_OURS
	return o;
}

struct json_object *vsu_status_json(struct vsu *vsu)
{
	struct json_object *o = json_object_new_object();
	struct json_object *ports = json_object_new_array();
	struct walk w = { .list = json_object_new_array() };
	struct vsu_listener *l;

	vsh_walk(vsu->vsh, connection, &w);
	TAILQ_FOREACH(l, &vsu->listeners, all)
		json_object_array_add(ports, json_object_new_int64(l->port));
	add_text(o, "path", vsu->path);
	add_u64(o, "memory", vsh_memory(vsu->vsh));
	add_u64(o, "connection-count", w.total);
	json_object_object_add(o, "connections", w.list);
	json_object_object_add(o, "listeners", ports);
	json_object_object_add(o, "counters", counters(vsu));
	return o;
}
