/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guestrpc.c - requests of the guest, and the life of the model
 *
 * A request is a name, up to the first space, and the rest.  Agents pad differently: some count the
 * NUL at the end, some send a whole zeroed buffer, some send neither; so the text ends at the first
 * NUL, except for SetGuestInfo, whose rest may be binary.  The answer is "1 " or "0 " and a text.
 *
 * Everything that a request may change is bounded: variables (guestinfo.c), the report, the rate of
 * the log.  A request that is not known is refused with the words that agents look for.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/bytes.h"
#include "host/model/fault.h"
#include "host/model/guestrpc_impl.h"

#define LOG_BURST	50		/* lines at once */
#define LOG_REFILL_MS	200		/* a line more, each */
#define LOG_LINE_MAX	4096

struct call {
	struct grpc *g;
	const char *name;		/* the whole word */
	const char *rest;		/* after the space; NUL-terminated text */
	const char *data;		/* as rest, with all bytes of the guest */
	size_t data_len;
	char *reply;
	size_t room, len;
};

void grpc_event(struct grpc *g, enum grpc_event_type type, unsigned int what, bool ok,
		const char *text)
{
	struct grpc_event ev = { .type = type, .what = what, .ok = ok, .text = text };

	g->ops->event(g->data, &ev);
}

/* ---- answers --------------------------------------------------------------------------------- */

static void answer(struct call *c, const char *prefix, const char *text, size_t len)
{
	size_t n = strlen(prefix);

	memcpy(c->reply, prefix, n);
	if (len > c->room - n)
		len = c->room - n;
	if (len)
		memcpy(c->reply + n, text, len);
	c->len = n + len;
}

static void answer_ok(struct call *c)
{
	answer(c, GRPC_RPCI_OK, "", 0);
}

static void answer_fail(struct call *c, const char *why)
{
	answer(c, GRPC_RPCI_FAIL, why, strlen(why));
	c->g->report.rpci_failed++;
}

/* The one place where an errno becomes words for the guest. */
static void answer_err(struct call *c, int err)
{
	switch (err) {
	case 0:
		answer_ok(c);
		return;
	case -EACCES:
	case -EINVAL:
		answer_fail(c, err == -EACCES ? GRPC_RPCI_DENIED : "Invalid argument");
		return;
	case -EMSGSIZE:
	case -ENOSPC:
	case -E2BIG:
		answer_fail(c, "Limit exceeded");
		return;
	case -EOPNOTSUPP:
		answer_fail(c, "Not supported");
		return;
	default:
		answer_fail(c, "Internal error");
	}
}

/* ---- requests -------------------------------------------------------------------------------- */

static void rpc_info_get(struct call *c)
{
	size_t len = strcspn(c->rest, " ");
	char key[GRPC_VAR_KEY_MAX + 1];
	struct grpc_var v;

	if (len > GRPC_VAR_KEY_MAX)
		len = GRPC_VAR_KEY_MAX;
	memcpy(key, c->rest, len);
	key[len] = '\0';
	if (!grpc_var_get(c->g, key, &v)) {
		answer_fail(c, GRPC_RPCI_NO_VALUE);
		return;
	}
	answer(c, GRPC_RPCI_OK, v.value, v.len);
}

static void rpc_info_set(struct call *c)
{
	const char *space = strchr(c->rest, ' ');
	const char *value = space ? space + 1 : "";
	char key[GRPC_VAR_KEY_MAX + 1];
	size_t len = space ? (size_t)(space - c->rest) : strlen(c->rest);
	int err;

	if (len > GRPC_VAR_KEY_MAX) {
		answer_err(c, -EINVAL);
		return;
	}
	memcpy(key, c->rest, len);
	key[len] = '\0';
	err = vars_set_by_guest(c->g, key, value, strlen(value));
	answer_err(c, err);
	if (err)
		return;
	/* The variable outlives a reboot; the address of the system before must not. */
	if (!strcmp(key, "guestinfo.ip")) {
		report_touch(c->g);
		report_text(&c->g->report.ip, value, strlen(value));
	}
	grpc_event(c->g, GRPC_EVENT_VAR, 0, true, key);
}

/* "SetGuestInfo  <type> <data>": one or two spaces before the type, by agent. */
static void rpc_set_guest_info(struct call *c)
{
	const char *p = c->data, *end = c->data + c->data_len;
	unsigned int type = 0;
	int err;

	while (p < end && *p == ' ')
		p++;
	for (; p < end && *p >= '0' && *p <= '9' && type < 1000; p++)
		type = type * 10 + (unsigned int)(*p - '0');
	if (p == end || *p != ' ') {
		answer_err(c, -EINVAL);
		return;
	}
	p++;
	err = report_info(c->g, type, p, (size_t)(end - p));
	answer_err(c, err);
	if (!err)
		grpc_event(c->g, GRPC_EVENT_REPORT, type, true, NULL);
}

static void rpc_set_disk_info(struct call *c)
{
	struct grpc_report fresh = { 0 };
	int err = disks_from_json(&fresh, c->rest, strlen(c->rest));

	if (!err) {
		report_touch(c->g);
		disks_free(&c->g->report);
		c->g->report.disks = fresh.disks;
		c->g->report.disk_count = fresh.disk_count;
	}
	answer_err(c, err);
	if (!err)
		grpc_event(c->g, GRPC_EVENT_REPORT, GRPC_INFO_DISK_FREE, true, NULL);
}

/* Whether the log takes a line now: a bucket that fills up by a line each LOG_REFILL_MS. */
static bool log_allowed(struct grpc *g)
{
	uint64_t now = grpc_now(g), full = (uint64_t)LOG_BURST * LOG_REFILL_MS;

	g->log_credit_ms += now - g->log_at_ms;
	g->log_at_ms = now;
	if (g->log_credit_ms > full)
		g->log_credit_ms = full;
	if (g->log_credit_ms < LOG_REFILL_MS) {
		g->report.log_dropped++;
		return false;
	}
	g->log_credit_ms -= LOG_REFILL_MS;
	g->report.log_lines++;
	return true;
}

/* Always accepted: an agent that is refused here only says so in its own log, line by line. */
static void rpc_log(struct call *c)
{
	char *line;

	answer_ok(c);
	if (!log_allowed(c->g))
		return;
	line = strndup(c->rest, LOG_LINE_MAX);
	if (!line)
		return;
	if (strstr(line, ": Version: ")) {
		report_touch(c->g);
		report_text(&c->g->report.log_version, line, strlen(line));
	}
	grpc_event(c->g, GRPC_EVENT_LOG, 0, true, line);
	free(line);
}

static void rpc_capability(struct call *c)
{
	answer_err(c, report_capability(c->g, c->name + strlen("tools.capability."), c->rest));
}

static bool number(const char **p, unsigned long max, unsigned long *ret)
{
	char *end;

	if (**p < '0' || **p > '9')
		return false;
	errno = 0;
	*ret = strtoul(*p, &end, 10);
	if (errno || *ret > max || (*end && *end != ' '))
		return false;
	*p = end + (*end == ' ');
	return true;
}

/* "tools.set.version N", or "tools.set.versiontype N T" of newer agents */
static void rpc_set_version(struct call *c)
{
	const char *p = c->rest;
	unsigned long version, type = 0;

	if (!number(&p, UINT32_MAX, &version) ||
	    (!strcmp(c->name, GRPC_SET_VERSION_TYPE) && !number(&p, UINT32_MAX, &type))) {
		answer_err(c, -EINVAL);
		return;
	}
	report_touch(c->g);
	c->g->report.version_known = true;
	c->g->report.version = (uint32_t)version;
	c->g->report.version_type = (uint32_t)type;
	answer_ok(c);
}

/* "tools.os.statechange.status <1 ok | 0 failed> <which>" */
static void rpc_state_change(struct call *c)
{
	const char *p = c->rest;
	unsigned long ok, which;

	if (!number(&p, 1, &ok) || !number(&p, GRPC_STATE_SUSPEND, &which) || !which) {
		answer_err(c, -EINVAL);
		return;
	}
	answer_ok(c);
	grpc_event(c->g, GRPC_EVENT_POWER, (unsigned int)which, ok, NULL);
}

/* "vmx.set_option <name> <old> <new>": who keeps its clock is all that a guest may change. */
static void rpc_set_option(struct call *c)
{
	const char *last = strrchr(c->rest, ' ');

	if (strncmp(c->rest, "synctime ", strlen("synctime ")) != 0 || !last ||
	    (strcmp(last, " 0") != 0 && strcmp(last, " 1") != 0)) {
		answer_err(c, -EINVAL);
		return;
	}
	c->g->config.sync_time = last[1] == '1';
	answer_ok(c);
	grpc_event(c->g, GRPC_EVENT_OPTION, 0, true, c->rest);
	if (c->g->transport)
		c->g->transport->sync_time(c->g->transport_data);
	tclo_set_option(c->g, "synctime", last + 1);
}

static void rpc_accept(struct call *c)
{
	answer_ok(c);
}

static const struct {
	const char *name;	/* ends with a dot: all names that begin so */
	void (*run)(struct call *c);
} requests[] = {
	{ GRPC_INFO_GET, rpc_info_get },
	{ GRPC_INFO_SET, rpc_info_set },
	{ GRPC_SET_GUEST_INFO, rpc_set_guest_info },
	{ GRPC_SET_GUEST_DISK_INFO, rpc_set_disk_info },
	{ GRPC_LOG, rpc_log },
	{ "tools.capability.", rpc_capability },
	{ GRPC_SET_VERSION_TYPE, rpc_set_version },
	{ GRPC_SET_VERSION, rpc_set_version },
	{ GRPC_STATECHANGE_STATUS, rpc_state_change },
	{ GRPC_VMX_SET_OPTION, rpc_set_option },
	{ GRPC_UNIFIED_LOOP, rpc_accept },
};

static bool name_matches(const char *name, const char *pattern)
{
	size_t len = strlen(pattern);

	return pattern[len - 1] == '.' ? !strncmp(name, pattern, len) : !strcmp(name, pattern);
}

/* ---- faults ---------------------------------------------------------------------------------- */

/* @text: the request up to its first NUL */
static const struct fault_rule *request_fault(struct grpc *g, enum fault_kind kind, const char *text)
{
	const struct fault_rule *rule = fault_get(g->config.faults, kind);

	return rule && !fnmatch(rule->pattern, text, 0) ? fault_fires(g->config.faults, kind, 0) : NULL;
}

/* Whether a fault takes the place of the request; the answer is in @c then. */
static bool request_fails(struct call *c, const char *text)
{
	const struct fault_rule *rule;

	if (request_fault(c->g, FAULT_RPCI_SILENT, text))
		return true;
	if (request_fault(c->g, FAULT_RPCI_REFUSE, text)) {
		answer_err(c, -EACCES);
		return true;
	}
	rule = request_fault(c->g, FAULT_RPCI_ANSWER, text);
	if (rule)
		answer(c, "", rule->answer, strlen(rule->answer));
	return rule;
}

/* ---- all requests ---------------------------------------------------------------------------- */

static void request_run(struct call *c, char *text, size_t len)
{
	char *space = strchr(text, ' ');
	size_t i;

	c->name = text;
	c->rest = c->data = "";
	if (space) {
		*space = '\0';
		c->rest = c->data = space + 1;
		c->data_len = len - (size_t)(c->data - text);
	}
	for (i = 0; i < ARRAY_SIZE(requests); i++)
		if (name_matches(c->name, requests[i].name))
			break;
	if (i < ARRAY_SIZE(requests))
		requests[i].run(c);
	else
		answer_fail(c, GRPC_RPCI_UNKNOWN);
}

size_t grpc_rpci(struct grpc *g, const void *req, size_t len, char *reply, size_t room)
{
	struct call c = { .g = g, .reply = reply, .room = room };
	char *text = malloc(len + 1);

	g->report.rpci_count++;
	tap_in(g, "rpci", req, len);
	if (!text) {
		answer_err(&c, -ENOMEM);
		return c.len;
	}
	if (len)
		memcpy(text, req, len);
	text[len] = '\0';
	if (!request_fails(&c, text))
		request_run(&c, text, len);
	free(text);
	tap_out(g, "rpci", reply, c.len);
	return c.len;
}

/* ---- life ------------------------------------------------------------------------------------ */

struct grpc *grpc_new(const struct grpc_config *config, const struct grpc_ops *ops, void *data)
{
	struct grpc *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->config = *config;
	if (!g->config.var_max || g->config.var_max > GRPC_VAR_MAX)
		g->config.var_max = GRPC_VAR_MAX;
	if (!g->config.var_total_max)
		g->config.var_total_max = GRPC_VAR_TOTAL_MAX;
	if (!g->config.var_count_max)
		g->config.var_count_max = GRPC_VAR_COUNT_MAX;
	g->ops = ops;
	g->data = data;
	g->log_at_ms = grpc_now(g);
	g->log_credit_ms = (uint64_t)LOG_BURST * LOG_REFILL_MS;
	tclo_init(g);
	return g;
}

void grpc_free(struct grpc *g)
{
	if (!g)
		return;
	tclo_free(g);
	vars_free(g);
	report_free(&g->report);
	free(g);
}

bool grpc_sync_time(const struct grpc *g)
{
	return g->config.sync_time;
}

const struct grpc_report *grpc_report(const struct grpc *g)
{
	return &g->report;
}

void grpc_guest_reset(struct grpc *g)
{
	struct grpc_report *r = &g->report;

	tap_in(g, "reset", NULL, 0);
	tclo_guest_reset(g);
	vars_guest_reset(g);
	if (r->changed_ms && !r->stale_ms)
		r->stale_ms = grpc_now(g);
	tap_begin(g);
	grpc_event(g, GRPC_EVENT_RESET, 0, true, NULL);
}
