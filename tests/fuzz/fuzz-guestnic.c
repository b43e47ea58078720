/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz-guestnic.c - any bytes as a NIC report (XDR), decoded and shown
 *
 * The corpus is made by hand: version 3 with one NIC, version 2 with one NIC, version 3 without
 * any.
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "host/model/guestrpc.h"
#include "host/vmm/guest_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t op_now(void *data)
{
	return 1;
}

static void op_event(void *data, const struct grpc_event *ev)
{
}

static const struct grpc_ops ops = { .now_ms = op_now, .event = op_event };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct grpc_config config;
	static const char prefix[] = "SetGuestInfo  10 ";
	struct grpc *g = grpc_new(&config, &ops, NULL);
	char *req = malloc(sizeof(prefix) + size), reply[64];
	struct json_object *o;

	if (g && req) {
		memcpy(req, prefix, sizeof(prefix) - 1);
		if (size)
			memcpy(req + sizeof(prefix) - 1, data, size);
		grpc_rpci(g, req, sizeof(prefix) - 1 + size, reply, sizeof(reply));
		o = guest_json(g, NULL);
		if (o && !json_object_to_json_string(o))
			abort();
		json_object_put(o);
	}
	free(req);
	grpc_free(g);
	return 0;
}
