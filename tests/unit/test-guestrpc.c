/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-guestrpc.c - requests, variables, and the conversation with an agent, over a fake transport
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/bytes.h"
#include "host/model/fault.h"
#include "host/model/guest_report.h"
#include "host/model/guestrpc.h"
#include "tests/unit/unit.h"

#define AHEAD_MAX	64

struct sent {
	uint32_t seq;
	char text[256];
};

struct world {
	struct grpc *g;
	uint64_t now_ms, timer_ms;
	struct sent ahead[AHEAD_MAX];	/* pushed and not taken by the test */
	size_t ahead_count, ahead_most;
	uint32_t cancelled;
	unsigned int sync_changes;
	bool no_front;
	struct grpc_event last;
	char last_text[512];
	unsigned int events[16];
	unsigned int dones;
	int done_err;
	char done_reply[256];
	bool send_again;		/* a completion that sends a command */
	long again_id;
};

static uint64_t op_now(void *data)
{
	return ((struct world *)data)->now_ms;
}

static void op_event(void *data, const struct grpc_event *ev)
{
	struct world *w = data;

	w->last = *ev;
	w->events[ev->type]++;
	snprintf(w->last_text, sizeof(w->last_text), "%s", ev->text ? ev->text : "");
}

static int t_push(void *data, uint32_t seq, const void *msg, size_t len)
{
	struct world *w = data;
	struct sent *s = &w->ahead[w->ahead_count];

	if (w->no_front)
		return -ENOTCONN;
	CU_ASSERT_FATAL(w->ahead_count < AHEAD_MAX && len < sizeof(s->text));
	s->seq = seq;
	memcpy(s->text, msg, len);
	s->text[len] = '\0';
	if (++w->ahead_count > w->ahead_most)
		w->ahead_most = w->ahead_count;
	return 0;
}

static void t_cancel(void *data, uint32_t seq)
{
	((struct world *)data)->cancelled = seq;
}

static void t_timer(void *data, uint64_t at_ms)
{
	((struct world *)data)->timer_ms = at_ms;
}

static void t_sync_time(void *data)
{
	((struct world *)data)->sync_changes++;
}

static const struct grpc_ops ops = { .now_ms = op_now, .event = op_event };
static const struct grpc_transport transport = {
	.push = t_push, .cancel = t_cancel, .timer = t_timer, .sync_time = t_sync_time,
};

static void done(void *data, int err, const char *reply, size_t len)
{
	struct world *w = data;

	w->dones++;
	w->done_err = err;
	snprintf(w->done_reply, sizeof(w->done_reply), "%s", reply ? reply : "");
	if (w->send_again)
		w->again_id = grpc_send(w->g, "again", 5, 1000, NULL, NULL);
}

static struct grpc *fresh_with(struct world *w, const struct grpc_config *config)
{
	memset(w, 0, sizeof(*w));
	w->now_ms = 1000000;
	w->timer_ms = GRPC_NEVER;
	w->g = grpc_new(config, &ops, w);
	CU_ASSERT_PTR_NOT_NULL_FATAL(w->g);
	grpc_transport_set(w->g, &transport, w);
	return w->g;
}

static struct grpc *fresh(struct world *w)
{
	static const struct grpc_config config;

	return fresh_with(w, &config);
}

static bool ask_len(struct grpc *g, const char *req, size_t len, const char *want)
{
	char reply[70000];
	size_t n = grpc_rpci(g, req, len, reply, sizeof(reply) - 1);

	reply[n] = '\0';
	return !strcmp(reply, want);
}

static bool ask(struct grpc *g, const char *req, const char *want)
{
	return ask_len(g, req, strlen(req), want);
}

/* The guest takes the command that lies first and replies; false when it is not @want. */
static bool agent_does(struct world *w, const char *want, const char *reply)
{
	struct sent s = w->ahead[0];

	if (!w->ahead_count || strcmp(s.text, want) != 0)
		return false;
	w->ahead_count--;
	memmove(&w->ahead[0], &w->ahead[1], w->ahead_count * sizeof(s));
	grpc_tclo_accepted(w->g, s.seq);
	grpc_tclo_replied(w->g, s.seq, reply, strlen(reply));
	return true;
}

static unsigned int agent_takes_options(struct world *w, const char *reply)
{
	unsigned int n = 0;

	while (w->ahead_count && !strncmp(w->ahead[0].text, "Set_Option ", 11)) {
		CU_ASSERT_TRUE(agent_does(w, w->ahead[0].text, reply));
		n++;
	}
	return n;
}

static void agent_ready(struct world *w)
{
	grpc_tclo_opened(w->g);
	CU_ASSERT_TRUE_FATAL(agent_does(w, "reset", "OK ATR toolbox"));
	CU_ASSERT_TRUE_FATAL(agent_does(w, "Capabilities_Register", "OK "));
	CU_ASSERT_EQUAL_FATAL(agent_takes_options(w, "OK "), 17);
	CU_ASSERT_EQUAL_FATAL(grpc_tools_state(w->g), GRPC_TOOLS_RUNNING);
	CU_ASSERT_TRUE_FATAL(agent_does(w, "OS_PowerOn", "OK "));
}

/* ---- requests -------------------------------------------------------------------------------- */

static void test_requests(void)
{
	static const struct {
		const char *req, *want;
	} rows[] = {
		{ "info-get guestinfo.none", "0 No value found" },
		{ "info-get", "0 No value found" },
		{ "info-get ", "0 No value found" },
		{ "info-set guestinfo.a one two", "1 " },
		{ "info-get guestinfo.a", "1 one two" },
		{ "info-get guestinfo.a ", "1 one two" },
		{ "info-set guestinfo.a ", "1 " },
		{ "info-get guestinfo.a", "1 " },
		{ "info-set a b", "0 Invalid argument" },
		{ "info-set guestinfo. b", "0 Invalid argument" },
		{ "info-set guestinfo.a;b c", "0 Invalid argument" },
		{ "info-set", "0 Invalid argument" },
		{ "", "0 Unknown command" },
		{ " ", "0 Unknown command" },
		{ "machine.id.get", "0 Unknown command" },
		{ "INFO-GET guestinfo.a", "0 Unknown command" },
		{ "vmx.capability.unified_loop toolbox", "1 " },
		{ "vmx.capability.other", "0 Unknown command" },
		{ "tools.capability.statechange ", "1 " },
		{ "tools.capability.hgfs_server toolbox 1", "1 " },
		{ "tools.capability.", "0 Invalid argument" },
		{ "tools.set.version 2147483647", "1 " },
		{ "tools.set.versiontype 12352 4", "1 " },
		{ "tools.set.versiontype 12352", "0 Invalid argument" },
		{ "tools.set.version x", "0 Invalid argument" },
		{ "tools.set.version 4294967296", "0 Invalid argument" },
		{ "tools.os.statechange.status 1 1", "1 " },
		{ "tools.os.statechange.status 1 6", "0 Invalid argument" },
		{ "tools.os.statechange.status 1 0", "0 Invalid argument" },
		{ "tools.os.statechange.status 2 1", "0 Invalid argument" },
		{ "tools.os.statechange.status", "0 Invalid argument" },
		{ "vmx.set_option synctime 0 1", "1 " },
		{ "vmx.set_option synctime 0 2", "0 Invalid argument" },
		{ "vmx.set_option other 0 1", "0 Invalid argument" },
		{ "log toolbox: Version: 12.2.0.41219 (build-21223074)", "1 " },
		{ "SetGuestInfo  1 web.example.org", "1 " },
		{ "SetGuestInfo 7 12345", "1 " },
		{ "SetGuestInfo  99 x", "0 Not supported" },
		{ "SetGuestInfo  x", "0 Invalid argument" },
		{ "SetGuestInfo  1", "0 Invalid argument" },
		{ "SetGuestInfo  99999999999999999999 x", "0 Invalid argument" },
		{ "SetGuestInfo", "0 Invalid argument" },
		{ "SetGuestDiskInfo {", "0 Invalid argument" },
	};
	struct world w;
	struct grpc *g = fresh(&w);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		char padded[4096] = "";

		if (!ask(g, rows[i].req, rows[i].want))
			CU_FAIL(rows[i].req);
		/* As the BSDs send it: the whole zeroed buffer. */
		snprintf(padded, sizeof(padded), "%s", rows[i].req);
		if (strncmp(rows[i].req, "SetGuestInfo", 12) != 0)
			CU_ASSERT_TRUE(ask_len(g, padded, sizeof(padded), rows[i].want));
	}
	CU_ASSERT_EQUAL(grpc_report(g)->version, 12352);
	CU_ASSERT_EQUAL(grpc_report(g)->version_type, GRPC_VERSION_TYPE_OVT);
	CU_ASSERT_EQUAL(grpc_report(g)->cap_count, 2);
	CU_ASSERT_STRING_EQUAL(grpc_report(g)->caps[1].name, "hgfs_server");
	CU_ASSERT_STRING_EQUAL(grpc_report(g)->caps[1].value, "toolbox 1");
	CU_ASSERT_STRING_EQUAL(grpc_report(g)->host_name, "web.example.org");
	CU_ASSERT_EQUAL(grpc_report(g)->uptime_ms, 123450);
	grpc_free(g);
}

static void test_events_of_requests(void)
{
	struct world w;
	struct grpc *g = fresh(&w);

	ask(g, "tools.os.statechange.status 0 2", "1 ");
	CU_ASSERT_EQUAL(w.last.type, GRPC_EVENT_POWER);
	CU_ASSERT_EQUAL(w.last.what, GRPC_STATE_REBOOT);
	CU_ASSERT_FALSE(w.last.ok);
	ask(g, "info-set guestinfo.state ready", "1 ");
	CU_ASSERT_EQUAL(w.last.type, GRPC_EVENT_VAR);
	CU_ASSERT_STRING_EQUAL(w.last_text, "guestinfo.state");
	ask(g, "vmx.set_option synctime 0 1", "1 ");
	CU_ASSERT_EQUAL(w.last.type, GRPC_EVENT_OPTION);
	CU_ASSERT_STRING_EQUAL(w.last_text, "synctime 0 1");
	ask(g, "SetGuestInfo  5 Debian", "1 ");
	CU_ASSERT_EQUAL(w.last.type, GRPC_EVENT_REPORT);
	CU_ASSERT_EQUAL(w.last.what, GRPC_INFO_OS_NAME_FULL);
	grpc_free(g);
}

static void test_log_rate(void)
{
	struct world w;
	struct grpc *g = fresh(&w);
	unsigned int i;

	for (i = 0; i < 1000; i++)
		CU_ASSERT_TRUE(ask(g, "log hello", "1 "));
	CU_ASSERT_EQUAL(w.events[GRPC_EVENT_LOG], 50);
	CU_ASSERT_EQUAL(grpc_report(g)->log_dropped, 950);
	w.now_ms += 1000;
	for (i = 0; i < 10; i++)
		ask(g, "log hello", "1 ");
	CU_ASSERT_EQUAL(w.events[GRPC_EVENT_LOG], 55);
	CU_ASSERT_STRING_EQUAL(w.last_text, "hello");
	grpc_free(g);
}

/* ---- variables ------------------------------------------------------------------------------- */

static void test_var_limits(void)
{
	static const struct grpc_config config = {
		.var_max = 10, .var_total_max = 100, .var_count_max = 3,
	};
	struct world w;
	struct grpc *g = fresh_with(&w, &config);

	CU_ASSERT_TRUE(ask(g, "info-set guestinfo.a 0123456789", "1 "));
	CU_ASSERT_TRUE(ask(g, "info-set guestinfo.a 01234567890", "0 Limit exceeded"));
	CU_ASSERT_TRUE(ask(g, "info-get guestinfo.a", "1 0123456789"));
	CU_ASSERT_TRUE(ask(g, "info-set guestinfo.b x", "1 "));
	CU_ASSERT_TRUE(ask(g, "info-set guestinfo.c x", "1 "));
	CU_ASSERT_TRUE(ask(g, "info-set guestinfo.d x", "0 Limit exceeded"));
	CU_ASSERT_TRUE(ask(g, "info-set guestinfo.c y", "1 "));
	CU_ASSERT_EQUAL(grpc_var_set(g, "guestinfo.c", NULL, 0, 0), 0);
	CU_ASSERT_EQUAL(grpc_var_set(g, "guestinfo.c", NULL, 0, 0), -ENOENT);
	CU_ASSERT_TRUE(ask(g, "info-set guestinfo."
			   "01234567890123456789012345678901234567890123456789 x", "1 "));
	CU_ASSERT_EQUAL(grpc_var_set(g, "guestinfo.b", "01234567", 8, 0), -ENOSPC);
	CU_ASSERT_EQUAL(grpc_var_set(g, "other", "x", 1, 0), -EINVAL);
	grpc_free(g);
}

static void test_var_flags(void)
{
	struct world w;
	struct grpc *g = fresh(&w);
	struct grpc_var v;

	grpc_var_set(g, "guestinfo.metadata", "m", 1, GRPC_VAR_CONFIG | GRPC_VAR_READONLY);
	grpc_var_set(g, "guestinfo.userdata", "u", 1, GRPC_VAR_CONFIG);
	grpc_var_set(g, "guestinfo.host", "h", 1, 0);
	CU_ASSERT_TRUE(ask(g, "info-set guestinfo.metadata x", "0 Permission denied"));
	CU_ASSERT_TRUE(ask(g, "info-set guestinfo.userdata longer", "1 "));
	CU_ASSERT_TRUE(ask(g, "info-set guestinfo.guest g", "1 "));
	CU_ASSERT_TRUE(grpc_var_get(g, "guestinfo.userdata", &v));
	CU_ASSERT_EQUAL(v.flags, GRPC_VAR_CONFIG | GRPC_VAR_BY_GUEST);
	CU_ASSERT_TRUE(grpc_var_next(g, 0, &v));
	CU_ASSERT_STRING_EQUAL(v.key, "guestinfo.guest");
	CU_ASSERT_TRUE(grpc_var_next(g, 3, &v));
	CU_ASSERT_STRING_EQUAL(v.key, "guestinfo.userdata");
	CU_ASSERT_FALSE(grpc_var_next(g, 4, &v));
	grpc_guest_reset(g);
	grpc_guest_reset(g);
	CU_ASSERT_TRUE(ask(g, "info-get guestinfo.userdata", "1 u"));
	CU_ASSERT_TRUE(ask(g, "info-get guestinfo.guest", "1 g"));
	CU_ASSERT_TRUE(ask(g, "info-get guestinfo.host", "1 h"));
	CU_ASSERT_EQUAL(grpc_var_set(g, "guestinfo.userdata", "u2", 2, GRPC_VAR_CONFIG), 0);
	CU_ASSERT_TRUE(ask(g, "info-get guestinfo.userdata", "1 u2"));
	CU_ASSERT_EQUAL(grpc_var_set(g, "guestinfo.userdata", NULL, 0, 0), 0);
	grpc_free(g);
}

/* ---- the conversation ------------------------------------------------------------------------ */

static void test_conversation(void)
{
	struct world w;
	struct grpc *g = fresh(&w);

	CU_ASSERT_EQUAL(grpc_tools_state(g), GRPC_TOOLS_NONE);
	CU_ASSERT_EQUAL(grpc_send(g, "ping", 4, 1000, NULL, NULL), -ENOTCONN);
	grpc_tclo_opened(g);
	CU_ASSERT_EQUAL(grpc_tools_state(g), GRPC_TOOLS_STARTING);
	CU_ASSERT_EQUAL(w.ahead_count, 1);
	CU_ASSERT_TRUE(agent_does(&w, "reset", "OK ATR toolbox"));
	CU_ASSERT_STRING_EQUAL(grpc_report(g)->agent, "toolbox");
	CU_ASSERT_EQUAL(w.ahead_count, 1);
	CU_ASSERT_TRUE(agent_does(&w, "Capabilities_Register", "OK "));
	CU_ASSERT_STRING_EQUAL(w.ahead[0].text, "Set_Option broadcastIP 1");
	CU_ASSERT_STRING_EQUAL(w.ahead[1].text, "Set_Option synctime 0");
	CU_ASSERT_EQUAL(agent_takes_options(&w, "ERROR Unknown or invalid option"), 17);
	CU_ASSERT_TRUE(w.ahead_most <= 8);
	CU_ASSERT_EQUAL(grpc_tools_state(g), GRPC_TOOLS_RUNNING);
	CU_ASSERT_EQUAL(w.events[GRPC_EVENT_TOOLS], 2);
	CU_ASSERT_TRUE(agent_does(&w, "OS_PowerOn", "OK "));
	CU_ASSERT_EQUAL(w.ahead_count, 0);
	CU_ASSERT_EQUAL(w.timer_ms, GRPC_NEVER);
	grpc_free(g);
}

static void test_conversation_with_minimal_agent(void)
{
	struct world w;
	struct grpc *g = fresh(&w);

	grpc_tclo_opened(g);
	grpc_tclo_replied(g, 0, "OK ATR toolbox", 14);		/* BSD: unasked, first of all */
	CU_ASSERT_TRUE(agent_does(&w, "reset", ""));
	CU_ASSERT_TRUE(agent_does(&w, "Capabilities_Register", "ERROR Unknown command"));
	CU_ASSERT_EQUAL(agent_takes_options(&w, "ERROR Unknown command"), 17);
	CU_ASSERT_EQUAL(grpc_tools_state(g), GRPC_TOOLS_RUNNING);
	CU_ASSERT_PTR_NULL(grpc_report(g)->agent);
	grpc_free(g);
}

static void test_silent_agent(void)
{
	struct world w;
	struct grpc *g = fresh(&w);
	uint32_t seq;

	grpc_tclo_opened(g);
	CU_ASSERT_EQUAL(w.timer_ms, GRPC_NEVER);	/* it may take its time to poll */
	seq = w.ahead[0].seq;
	grpc_tclo_accepted(g, seq);
	CU_ASSERT_EQUAL(w.timer_ms, w.now_ms + 30000);
	w.ahead_count = 0;
	w.now_ms += 30000;
	grpc_tick(g);
	CU_ASSERT_EQUAL(w.cancelled, seq);
	CU_ASSERT_TRUE(agent_does(&w, "Capabilities_Register", "OK "));
	grpc_tclo_replied(g, seq, "OK ATR late", 11);
	grpc_free(g);
}

static void test_commands(void)
{
	struct world w;
	struct grpc *g = fresh(&w);
	long id;

	agent_ready(&w);
	CU_ASSERT_TRUE(grpc_power(g, GRPC_STATE_HALT, 5000, done, &w) > 0);
	CU_ASSERT_EQUAL(grpc_power(g, 0, 5000, done, &w), -EINVAL);
	CU_ASSERT_EQUAL(grpc_power(g, 6, 5000, done, &w), -EINVAL);
	CU_ASSERT_TRUE(agent_does(&w, "OS_Halt", "OK "));
	CU_ASSERT_EQUAL(w.dones, 1);
	CU_ASSERT_EQUAL(w.done_err, 0);
	CU_ASSERT_STRING_EQUAL(w.done_reply, "OK ");

	grpc_send(g, "slow", 4, 5000, done, &w);
	CU_ASSERT_EQUAL(w.timer_ms, w.now_ms + 5000);
	w.now_ms += 4999;
	grpc_tick(g);
	CU_ASSERT_EQUAL(w.dones, 1);
	w.now_ms++;
	grpc_tick(g);
	CU_ASSERT_EQUAL(w.dones, 2);
	CU_ASSERT_EQUAL(w.done_err, -ETIMEDOUT);
	CU_ASSERT_EQUAL(w.cancelled, w.ahead[0].seq);
	w.ahead_count = 0;

	grpc_send(g, "huge", 4, 5000, done, &w);
	grpc_tclo_refused(g, w.ahead[0].seq);
	CU_ASSERT_EQUAL(w.done_err, -EMSGSIZE);
	w.ahead_count = 0;

	id = grpc_send(g, "gone", 4, 5000, done, &w);
	grpc_send_forget(g, id);
	CU_ASSERT_TRUE(agent_does(&w, "gone", "OK "));
	CU_ASSERT_EQUAL(w.dones, 3);
	CU_ASSERT_EQUAL(grpc_send(g, "", 0, 1, NULL, NULL), -EMSGSIZE);
	grpc_free(g);
}

static void test_queue_limit(void)
{
	struct world w;
	struct grpc *g = fresh(&w);
	unsigned int i;

	agent_ready(&w);
	for (i = 0; i < GRPC_QUEUE_MAX; i++)
		CU_ASSERT_TRUE(grpc_send(g, "x", 1, 1000, done, &w) > 0);
	CU_ASSERT_EQUAL(grpc_send(g, "x", 1, 1000, done, &w), -ENOBUFS);
	CU_ASSERT_EQUAL(w.ahead_count, 8);
	for (i = 0; i < GRPC_QUEUE_MAX; i++)
		CU_ASSERT_TRUE(agent_does(&w, "x", "OK "));
	CU_ASSERT_EQUAL(w.dones, GRPC_QUEUE_MAX);
	grpc_free(g);
}

static void test_second_agent(void)
{
	struct world w;
	struct grpc *g = fresh(&w);

	agent_ready(&w);
	grpc_send(g, "accepted", 8, 60000, done, &w);
	grpc_tclo_accepted(g, w.ahead[0].seq);
	grpc_send(g, "waiting", 7, 60000, NULL, NULL);
	w.ahead_count = 0;
	grpc_tclo_closed(g);
	CU_ASSERT_EQUAL(w.done_err, -ECONNRESET);
	CU_ASSERT_EQUAL(grpc_tools_state(g), GRPC_TOOLS_GONE);
	CU_ASSERT_EQUAL(grpc_send(g, "x", 1, 1, NULL, NULL), -ENOTCONN);
	grpc_tclo_opened(g);
	CU_ASSERT_TRUE(agent_does(&w, "reset", "OK ATR toolbox"));
	CU_ASSERT_TRUE(agent_does(&w, "Capabilities_Register", "OK "));
	CU_ASSERT_EQUAL(agent_takes_options(&w, "OK "), 17);
	CU_ASSERT_TRUE(agent_does(&w, "waiting", "OK "));	/* no OS_PowerOn */
	CU_ASSERT_EQUAL(w.ahead_count, 0);
	grpc_free(g);
}

static void test_reset_storm(void)
{
	struct world w;
	struct grpc *g = fresh(&w);
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		w.ahead_count = 0;
		grpc_tclo_opened(g);
	}
	CU_ASSERT_EQUAL(w.ahead_count, 1);
	CU_ASSERT_TRUE(agent_does(&w, "reset", "OK ATR toolbox"));
	CU_ASSERT_EQUAL(w.ahead_count, 1);
	grpc_free(g);
}

static void test_guest_reset(void)
{
	struct world w;
	struct grpc *g = fresh(&w);

	agent_ready(&w);
	ask(g, "SetGuestInfo  1 before", "1 ");
	ask(g, "info-set guestinfo.ip 192.0.2.1", "1 ");
	CU_ASSERT_STRING_EQUAL(grpc_report(g)->ip, "192.0.2.1");
	w.send_again = true;
	grpc_power(g, GRPC_STATE_REBOOT, 60000, done, &w);
	grpc_tclo_accepted(g, w.ahead[0].seq);
	w.now_ms += 5000;
	grpc_guest_reset(g);
	CU_ASSERT_EQUAL(w.done_err, -ECANCELED);
	CU_ASSERT_EQUAL(w.again_id, -ENOTCONN);
	CU_ASSERT_EQUAL(grpc_tools_state(g), GRPC_TOOLS_NONE);
	CU_ASSERT_STRING_EQUAL(grpc_report(g)->host_name, "before");
	CU_ASSERT_EQUAL(grpc_report(g)->stale_ms, w.now_ms);
	w.now_ms += 5000;
	grpc_guest_reset(g);
	CU_ASSERT_EQUAL(grpc_report(g)->stale_ms, w.now_ms - 5000);
	ask(g, "SetGuestInfo  5 after", "1 ");
	CU_ASSERT_EQUAL(grpc_report(g)->stale_ms, 0);
	CU_ASSERT_PTR_NULL(grpc_report(g)->host_name);
	CU_ASSERT_PTR_NULL(grpc_report(g)->ip);
	CU_ASSERT_TRUE(ask(g, "info-get guestinfo.ip", "1 192.0.2.1"));
	w.ahead_count = 0;
	w.send_again = false;
	agent_ready(&w);				/* with OS_PowerOn again */
	grpc_free(g);
}

static void test_callback_sends(void)
{
	struct world w;
	struct grpc *g = fresh(&w);

	agent_ready(&w);
	w.send_again = true;
	grpc_send(g, "first", 5, 1000, done, &w);
	CU_ASSERT_TRUE(agent_does(&w, "first", "OK "));
	CU_ASSERT_TRUE(w.again_id > 0);
	CU_ASSERT_TRUE(agent_does(&w, "again", "OK "));
	grpc_send(g, "late", 4, 1000, done, &w);
	w.ahead_count = 0;
	w.now_ms += 1000;
	grpc_tick(g);
	CU_ASSERT_STRING_EQUAL(w.ahead[0].text, "again");
	grpc_send(g, "end", 3, 1000, done, &w);
	grpc_free(g);
	CU_ASSERT_EQUAL(w.done_err, -ECANCELED);
}

static void test_ping(void)
{
	static const struct grpc_config config = { .ping_ms = 10000 };
	struct world w;
	struct grpc *g = fresh_with(&w, &config);

	agent_ready(&w);
	CU_ASSERT_EQUAL(w.timer_ms, w.now_ms + 10000);
	w.now_ms += 10000;
	grpc_tick(g);
	CU_ASSERT_TRUE(agent_does(&w, "ping", "OK "));
	CU_ASSERT_EQUAL(w.timer_ms, w.now_ms + 10000);
	w.now_ms += 10000;
	w.timer_ms = GRPC_NEVER;			/* it has rung */
	grpc_tick(g);
	w.now_ms += 10000;
	grpc_tick(g);
	CU_ASSERT_EQUAL(w.ahead_count, 1);		/* one at a time */
	CU_ASSERT_EQUAL(w.timer_ms, GRPC_NEVER);
	grpc_free(g);
}

static void test_heartbeat(void)
{
	struct world w;
	struct grpc *g = fresh(&w);

	CU_ASSERT_EQUAL(grpc_heartbeat(g, w.now_ms), GRPC_HEARTBEAT_GREY);
	grpc_tclo_opened(g);
	CU_ASSERT_EQUAL(grpc_heartbeat(g, w.now_ms - 100), GRPC_HEARTBEAT_GREEN);
	CU_ASSERT_EQUAL(grpc_heartbeat(g, w.now_ms + 100), GRPC_HEARTBEAT_GREEN);
	CU_ASSERT_EQUAL(grpc_heartbeat(g, w.now_ms - 20000), GRPC_HEARTBEAT_YELLOW);
	CU_ASSERT_EQUAL(grpc_heartbeat(g, w.now_ms - 60000), GRPC_HEARTBEAT_RED);
	CU_ASSERT_EQUAL(grpc_heartbeat(g, 0), GRPC_HEARTBEAT_RED);
	grpc_tclo_closed(g);
	CU_ASSERT_EQUAL(grpc_heartbeat(g, w.now_ms), GRPC_HEARTBEAT_GREY);
	grpc_free(g);
}

static void test_sync_option(void)
{
	struct world w;
	struct grpc *g = fresh(&w);

	agent_ready(&w);
	CU_ASSERT_FALSE(grpc_sync_time(g));
	CU_ASSERT_TRUE(ask(g, "vmx.set_option synctime 0 1", "1 "));
	CU_ASSERT_TRUE(grpc_sync_time(g));
	CU_ASSERT_EQUAL(w.sync_changes, 1);
	CU_ASSERT_TRUE(agent_does(&w, "Set_Option synctime 1", "OK "));
	CU_ASSERT_EQUAL(w.ahead_count, 0);
	grpc_free(g);
}

static void test_no_front(void)
{
	struct world w;
	struct grpc *g = fresh(&w);

	agent_ready(&w);
	w.no_front = true;
	CU_ASSERT_TRUE(grpc_send(g, "x", 1, 1000, done, &w) > 0);
	CU_ASSERT_EQUAL(w.ahead_count, 0);
	grpc_transport_set(g, NULL, NULL);
	CU_ASSERT_EQUAL(grpc_tools_state(g), GRPC_TOOLS_GONE);
	w.now_ms += 1000;
	grpc_tick(g);
	CU_ASSERT_EQUAL(w.done_err, -ETIMEDOUT);
	grpc_free(g);
}

/* ---- faults ---------------------------------------------------------------------------------- */

static struct faults *fresh_with_fault(struct world *w, const char *lines)
{
	struct faults *f = faults_new();
	const struct grpc_config config = { .faults = f };

	fault_set_lines(f, lines, strlen(lines));
	fresh_with(w, &config);
	return f;
}

static void test_request_faults(void)
{
	struct world w;
	struct faults *f = fresh_with_fault(&w, "rpci-refuse after=1 count=1 info-set guest\n"
					    "rpci-answer SetGuestInfo*10* 1 x\n"
					    "rpci-silent count=1 info-get guestinfo.b");

	/* a pattern is one word, so these two are none: blanks are written as ? */
	CU_ASSERT_PTR_NULL(fault_get(f, FAULT_RPCI_REFUSE));
	CU_ASSERT_PTR_NULL(fault_get(f, FAULT_RPCI_SILENT));
	CU_ASSERT_TRUE(ask(w.g, "SetGuestInfo  10 x", "1 x"));
	CU_ASSERT_TRUE(ask(w.g, "SetGuestInfo  1 x", "1 "));
	fault_set_lines(f, "rpci-refuse after=1 count=1 info-set?*", 38);
	CU_ASSERT_TRUE(ask(w.g, "info-set guestinfo.b 1", "1 "));
	CU_ASSERT_TRUE(ask(w.g, "info-set guestinfo.b 2", "0 Permission denied"));
	CU_ASSERT_TRUE(ask(w.g, "info-set guestinfo.b 3", "1 "));
	fault_set_lines(f, "rpci-silent count=1 info-get?guestinfo.b", 40);
	CU_ASSERT_TRUE(ask(w.g, "info-get guestinfo.c", "0 No value found"));
	CU_ASSERT_TRUE(ask(w.g, "info-get guestinfo.b", ""));
	CU_ASSERT_TRUE(ask(w.g, "info-get guestinfo.b", "1 3"));
	grpc_free(w.g);
	faults_free(f);
}

static void test_reset_fault(void)
{
	struct world w;
	struct faults *f = fresh_with_fault(&w, "tclo-reset count=2");

	grpc_tclo_opened(w.g);
	CU_ASSERT_TRUE(agent_does(&w, "reset", "OK ATR toolbox"));
	CU_ASSERT_TRUE(agent_does(&w, "reset", "OK ATR toolbox"));
	CU_ASSERT_TRUE(agent_does(&w, "reset", "OK ATR toolbox"));
	CU_ASSERT_TRUE(agent_does(&w, "Capabilities_Register", "OK "));
	while (w.ahead_count)
		CU_ASSERT_FATAL(agent_does(&w, w.ahead[0].text, "OK "));
	CU_ASSERT_EQUAL(grpc_tools_state(w.g), GRPC_TOOLS_RUNNING);
	/* set while nothing goes on: at once; what users ask waits until the agent is ready again */
	fault_set_lines(f, "tclo-reset count=1", 18);
	grpc_faults_changed(w.g);
	CU_ASSERT_TRUE(grpc_send(w.g, "user", 4, 1000, done, &w) > 0);
	CU_ASSERT_TRUE(agent_does(&w, "reset", "OK ATR toolbox"));
	CU_ASSERT_TRUE(agent_does(&w, "Capabilities_Register", "OK "));
	while (w.ahead_count)
		CU_ASSERT_FATAL(agent_does(&w, w.ahead[0].text, "OK "));
	CU_ASSERT_EQUAL(w.dones, 1);
	CU_ASSERT_EQUAL(w.done_err, 0);
	grpc_free(w.g);
	faults_free(f);
}

static const struct unit_case cases[] = {
	{ "requests are refused, answered otherwise or not at all", test_request_faults },
	{ "a storm of resets ends with an agent that is running", test_reset_fault },
	{ "each request has its answer, with and without padding", test_requests },
	{ "requests tell the VM process what happened", test_events_of_requests },
	{ "the log takes a burst and then a line now and then", test_log_rate },
	{ "variables have limits in bytes and in number", test_var_limits },
	{ "a reboot restores configured variables and keeps the others", test_var_flags },
	{ "an agent is running after reset, capabilities and options", test_conversation },
	{ "an agent that refuses everything is running too", test_conversation_with_minimal_agent },
	{ "an agent that reads and does not reply is not waited for", test_silent_agent },
	{ "a command ends with its reply, its refusal or its time", test_commands },
	{ "commands wait in a queue of bounded length", test_queue_limit },
	{ "a second agent gets the commands that the first did not take", test_second_agent },
	{ "a storm of openings leaves one conversation", test_reset_storm },
	{ "a guest reset clears the queue and marks the report stale", test_guest_reset },
	{ "a completion may send the next command", test_callback_sends },
	{ "an idle agent is pinged when that is wanted", test_ping },
	{ "the heartbeat goes from green to red with silence", test_heartbeat },
	{ "an option that the guest changed is told to the agent", test_sync_option },
	{ "commands end without a front as well", test_no_front },
};

UNIT_MAIN("guestrpc", cases)
