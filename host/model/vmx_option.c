/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmx_option.c - options of a VM by the names that they have in VMware's configuration files
 *
 * Only those that change what this host does are known; any other is an error, because a protection
 * that is silently not there is worse than none.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <strings.h>

#include "host/base/bytes.h"
#include "host/model/guestrpc.h"
#include "host/model/vmx_option.h"

enum option_type {
	OPTION_BOOL,
	OPTION_NUMBER,		/* uint32_t from min to max */
	OPTION_SIZE,		/* size_t from min to max */
};

struct option {
	const char *key;
	enum option_type type;
	size_t offset;		/* in struct grpc_config */
	unsigned long min, max;
	const char *values;	/* for people */
};

#define NUMBER(key, field)                                                                         \
	{ key, OPTION_NUMBER, offsetof(struct grpc_config, field), 0, 1000000000,                  \
	  "a number from 0 to 1000000000" }
#define FLAG(key, field)                                                                           \
	{ key, OPTION_BOOL, offsetof(struct grpc_config, field), 0, 1, "TRUE or FALSE" }

static const struct option options[] = {
	FLAG("guest_rpc.rpci.auth.cmd.info-get", auth_info_get),
	FLAG("guest_rpc.rpci.auth.cmd.info-set", auth_info_set),
	FLAG("guest_rpc.rpci.usevsocket", vsock),
	FLAG("isolation.tools.setinfo.disable", no_set_info),
	FLAG("isolation.tools.setoption.disable", no_set_option),
	NUMBER("sched.cpu.max", limits.cpu_max_mhz),
	NUMBER("sched.cpu.min", limits.cpu_min_mhz),
	NUMBER("sched.cpu.shares", limits.cpu_shares),
	NUMBER("sched.mem.max", limits.mem_max_mib),
	NUMBER("sched.mem.min", limits.mem_min_mib),
	NUMBER("sched.mem.shares", limits.mem_shares),
	FLAG("tools.guestlib.enablehostinfo", host_info),
	{ "tools.setinfo.sizelimit", OPTION_SIZE, offsetof(struct grpc_config, var_total_max), 1,
	  16777216, "a number from 1 to 16777216" },
	FLAG("tools.synctime", sync_time),
};

static const struct option *option_find(const char *key)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(options); i++)
		if (!strcasecmp(options[i].key, key))
			return &options[i];
	return NULL;
}

static bool flag_parse(const char *value, bool *ret)
{
	*ret = !strcasecmp(value, "TRUE");
	return *ret || !strcasecmp(value, "FALSE");
}

static bool number_parse(const struct option *o, const char *value, unsigned long *ret)
{
	char *end;

	if (*value < '0' || *value > '9')
		return false;
	errno = 0;
	*ret = strtoul(value, &end, 10);
	return !errno && !*end && *ret >= o->min && *ret <= o->max;
}

int vmx_option_set(struct grpc_config *config, const char *key, const char *value)
{
	const struct option *o = option_find(key);
	void *field = o ? (char *)config + o->offset : NULL;
	unsigned long n;

	if (!o)
		return -ENOENT;
	switch (o->type) {
	case OPTION_BOOL:
		return flag_parse(value, field) ? 0 : -EINVAL;
	case OPTION_NUMBER:
		if (!number_parse(o, value, &n))
			return -EINVAL;
		*(uint32_t *)field = (uint32_t)n;
		return 0;
	case OPTION_SIZE:
		if (!number_parse(o, value, &n))
			return -EINVAL;
		*(size_t *)field = n;
		return 0;
	}
	return -EINVAL;
}

const char *vmx_option_name(const char *key)
{
	const struct option *o = option_find(key);

	return o ? o->key : NULL;
}

const char *vmx_option_values(const char *key)
{
	const struct option *o = option_find(key);

	return o ? o->values : NULL;
}
