/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_json.h - what the model knows of a guest, as JSON objects
 *
 * Text of the guest is made valid, printable UTF-8 here (other bytes become U+FFFD), so that
 * neither a parser nor a terminal can be misled by it.
 */
#ifndef VMTKIT_HOST_VMM_GUEST_JSON_H
#define VMTKIT_HOST_VMM_GUEST_JSON_H

#include <stddef.h>

struct front_server;
struct grpc;
struct json_object;

/*
 * guest_json - everything: agent, host name, system, network, disks
 * @front: for heartbeat and counters; may be NULL
 *
 * Returns a new object, or NULL when memory is short:
 * { "tools": { "state": "none|starting|running|gone", "heartbeat": "grey|green|yellow|red",
 *	"last-poll-ms": N, "agent", "version-text", "version", "version-type",
 *	"capabilities": { name: value } },
 *   "host-name", "ip", "os": { "name", "id", "details": { key: value } }, "uptime-s",
 *   "nics": [ { "mac", "ips": [ { "ip", "prefix", "origin", "status" } ] } ],
 *   "routes": [ ... ], "dns": { "host", "domain", "servers": [], "suffixes": [] },
 *   "disks": [ { "path", "fstype", "free", "total" } ],
 *   "crashes": panics that its kernel told since the VM started,
 *   "age-s": seconds since it said anything, "stale-s": seconds since the reboot after that }
 * What the guest has not said is left out.
 */
struct json_object *guest_json(const struct grpc *g, const struct front_server *front);

/* guest_json_brief - for a line of status: { "tools", "heartbeat", "host-name", "ip" } */
struct json_object *guest_json_brief(const struct grpc *g, const struct front_server *front);

/* guest_json_vars - { name: { "value", "readonly", "by": "config|host|guest" } } */
struct json_object *guest_json_vars(const struct grpc *g);

/*
 * guest_text - a text of the guest as valid, printable UTF-8, as the objects above hold it
 * @room: of @ret, at least 8; the text is cut to fit
 *
 * Returns @ret.
 */
char *guest_text(char *ret, size_t room, const char *text, size_t len);

#endif /* VMTKIT_HOST_VMM_GUEST_JSON_H */
