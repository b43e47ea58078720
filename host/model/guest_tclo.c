/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_tclo.c - commands to the guest, and the conversation that makes its agent ready for them
 *
 * When an agent opens its channel, the host sends `reset`, then `Capabilities_Register`, then its
 * options, each when the step before was answered; what the answer says does not matter, because
 * agents refuse what they do not have.  Then the agent counts as running, OS_PowerOn follows (once
 * for each start of the guest), and commands of users begin to flow.
 *
 * A command is WAITING until there is room ahead (PUSH_AHEAD), PUSHED while it lies at the
 * transport, and ACCEPTED once the guest has read it; it stays on the list until it is replied to,
 * refused or out of time.  When the channel goes away, those not accepted wait for the next one; an
 * accepted one ends with -ECONNRESET, as the guest may have carried it out.
 *
 * Callbacks of users may send commands: no pointer into the list survives a callback.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/bytes.h"
#include "host/model/fault.h"
#include "host/model/guestrpc_impl.h"

#define PUSH_AHEAD	8		/* commands at the transport and not yet accepted */
#define TALK_REPLY_MS	30000		/* for a reply in the opening conversation, once accepted */

static void push_more(struct grpc *g);

/* ---- the list -------------------------------------------------------------------------------- */

static void rearm(struct grpc *g)
{
	uint64_t at = GRPC_NEVER;
	struct grpc_cmd *c;

	TAILQ_FOREACH(c, &g->cmds, link)
		if (c->deadline_ms < at)
			at = c->deadline_ms;
	if (g->talk == TALK_READY && g->config.ping_ms && TAILQ_EMPTY(&g->cmds) &&
	    g->talked_ms + g->config.ping_ms < at)
		at = g->talked_ms + g->config.ping_ms;
	if (at == g->timer_ms || !g->transport)
		return;
	g->timer_ms = at;
	g->transport->timer(g->transport_data, at);
}

static struct grpc_cmd *cmd_new(struct grpc *g, const void *msg, size_t len)
{
	struct grpc_cmd *c = calloc(1, sizeof(*c) + len);

	if (!c)
		return NULL;
	memcpy(c->msg, msg, len);
	c->len = len;
	c->deadline_ms = GRPC_NEVER;
	if (++g->last_id <= 0)
		g->last_id = 1;
	c->id = g->last_id;
	TAILQ_INSERT_TAIL(&g->cmds, c, link);
	g->cmd_count++;
	return c;
}

static struct grpc_cmd *cmd_by_seq(struct grpc *g, uint32_t seq)
{
	struct grpc_cmd *c;

	TAILQ_FOREACH(c, &g->cmds, link)
		if (c->state != CMD_WAITING && c->seq == seq)
			return c;
	return NULL;
}

static void cmd_unlink(struct grpc *g, struct grpc_cmd *c)
{
	if (c->state == CMD_PUSHED)
		g->pushed--;
	g->cmd_count--;
	TAILQ_REMOVE(&g->cmds, c, link);
}

/* Take a command off the list and tell who asked for it; it is gone then. */
static void cmd_end(struct grpc *g, struct grpc_cmd *c, int err, const char *reply, size_t len)
{
	cmd_unlink(g, c);
	if (c->done)
		c->done(c->data, err, reply, len);
	free(c);
}

static void drop_internal(struct grpc *g)
{
	struct grpc_cmd *c, *next;

	for (c = TAILQ_FIRST(&g->cmds); c; c = next) {
		next = TAILQ_NEXT(c, link);
		if (!c->internal)
			continue;
		cmd_unlink(g, c);
		free(c);
	}
}

static bool cmd_may_go(const struct grpc *g, const struct grpc_cmd *c)
{
	return c->state == CMD_WAITING && (c->internal || g->talk == TALK_READY);
}

static void push_more(struct grpc *g)
{
	struct grpc_cmd *c;

	TAILQ_FOREACH(c, &g->cmds, link) {
		if (!g->transport || g->talk == TALK_NONE || g->pushed == PUSH_AHEAD)
			break;
		if (!cmd_may_go(g, c))
			continue;
		if (!++g->last_seq)
			g->last_seq = 1;
		c->seq = g->last_seq;
		if (g->transport->push(g->transport_data, c->seq, c->msg, c->len) < 0)
			break;
		tap_out_number(g, "push", c->seq, c->msg, c->len);
		c->state = CMD_PUSHED;
		g->pushed++;
	}
	rearm(g);
}

/* ---- the conversation ------------------------------------------------------------------------ */

static void tools_set(struct grpc *g, enum grpc_tools tools)
{
	if (g->tools == tools)
		return;
	g->tools = tools;
	grpc_event(g, GRPC_EVENT_TOOLS, tools, tools == GRPC_TOOLS_RUNNING, NULL);
}

static void talk_next(struct grpc *g);

static void talk_reply(void *data, int err, const char *reply, size_t len)
{
	struct grpc *g = data;
	size_t atr = strlen("OK ATR ");

	if (g->talk == TALK_RESET && !err && len > atr && !memcmp(reply, "OK ATR ", atr)) {
		report_touch(g);
		report_text(&g->report.agent, reply + atr, len - atr);
	}
	if (g->talk_left && --g->talk_left == 0)
		talk_next(g);
}

/* A command of the conversation; it goes ahead of those of users, which wait for its end. */
static void talk_say(struct grpc *g, const char *text)
{
	struct grpc_cmd *c = cmd_new(g, text, strlen(text));

	if (!c)
		return;
	c->internal = true;
	c->done = talk_reply;
	c->data = g;
	g->talk_left++;
}

void tclo_set_option(struct grpc *g, const char *name, const char *value)
{
	char text[128];
	struct grpc_cmd *c;

	if (g->talk < TALK_OPTIONS)
		return;		/* the conversation will tell */
	snprintf(text, sizeof(text), GRPC_SET_OPTION " %s %s", name, value);
	c = cmd_new(g, text, strlen(text));
	if (c)
		c->internal = true;
	push_more(g);
}

/* Options as a host sends them to each agent; @sync stands for the configured wish. */
static void talk_options(struct grpc *g)
{
	static const struct {
		const char *name;
		const char *value;	/* NULL: 1 or 0, whether the agent shall keep the clock */
	} options[] = {
		{ "broadcastIP", "1" },
		{ "synctime", NULL },
		{ "synctime.period", "0" },
		{ "time.synchronize.tools.enable", "1" },
		{ "time.synchronize.tools.startup", NULL },
		{ "time.synchronize.tools.slewCorrection", "1" },
		{ "time.synchronize.tools.percentCorrection", "0" },
		{ "toolScripts.afterPowerOn", "1" },
		{ "toolScripts.beforePowerOff", "1" },
		{ "toolScripts.afterResume", "1" },
		{ "toolScripts.beforeSuspend", "1" },
		{ "copypaste", "0" },
		{ "enableDnD", "0" },
		{ "autohide", "0" },
		{ "linkRootHgfsShare", "0" },
		{ "mapRootHgfsShare", "0" },
		{ "enableMessageBusTunnel", "0" },
	};
	const char *sync = g->config.sync_time ? "1" : "0";
	char text[128];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(options); i++) {
		snprintf(text, sizeof(text), GRPC_SET_OPTION " %s %s", options[i].name,
			 options[i].value ? options[i].value : sync);
		talk_say(g, text);
	}
}

/* The host begins the conversation anew, though the agent's channel is the same. */
static bool talk_again(struct grpc *g)
{
	if (!fault_fires(g->config.faults, FAULT_TCLO_RESET, 0))
		return false;
	g->talk = TALK_RESET;
	talk_say(g, GRPC_RESET);
	push_more(g);
	return true;
}

static void talk_next(struct grpc *g)
{
	if (g->talk != TALK_NONE && talk_again(g))
		return;
	switch (g->talk) {
	case TALK_NONE:
	case TALK_READY:
		return;
	case TALK_RESET:
		g->talk = TALK_CAPABILITIES;
		talk_say(g, GRPC_CAPABILITIES_REGISTER);
		break;
	case TALK_CAPABILITIES:
		g->talk = TALK_OPTIONS;
		talk_options(g);
		break;
	case TALK_OPTIONS:
		g->talk = TALK_READY;
		if (!g->power_on_sent) {
			g->power_on_sent = true;
			talk_say(g, GRPC_OS_POWER_ON);
		}
		tools_set(g, GRPC_TOOLS_RUNNING);
		break;
	}
	push_more(g);
}

/* The channel is no more: what was accepted ends, what was not waits for the next channel. */
static void channel_gone(struct grpc *g)
{
	struct grpc_cmd *c;

	g->talk = TALK_NONE;
	g->talk_left = 0;
	drop_internal(g);
	TAILQ_FOREACH(c, &g->cmds, link) {
		if (c->state == CMD_PUSHED) {
			c->state = CMD_WAITING;
			g->pushed--;
		}
	}
	do {
		TAILQ_FOREACH(c, &g->cmds, link)
			if (c->state == CMD_ACCEPTED)
				break;
		if (c)
			cmd_end(g, c, -ECONNRESET, NULL, 0);
	} while (c);
}

void grpc_faults_changed(struct grpc *g)
{
	if (g->talk == TALK_READY && !g->talk_left)
		talk_again(g);
}

void grpc_tclo_opened(struct grpc *g)
{
	tap_in(g, "opened", NULL, 0);
	channel_gone(g);
	tools_set(g, GRPC_TOOLS_STARTING);
	g->talk = TALK_RESET;
	talk_say(g, GRPC_RESET);
	push_more(g);
}

void grpc_tclo_closed(struct grpc *g)
{
	if (g->talk == TALK_NONE)
		return;
	tap_in(g, "closed", NULL, 0);
	channel_gone(g);
	tools_set(g, GRPC_TOOLS_GONE);
	rearm(g);
}

void grpc_tclo_accepted(struct grpc *g, uint32_t seq)
{
	struct grpc_cmd *c = cmd_by_seq(g, seq);

	tap_in_number(g, "accepted", seq, NULL, 0);
	if (!c || c->state != CMD_PUSHED)
		return;
	c->state = CMD_ACCEPTED;
	g->pushed--;
	if (c->internal)
		c->deadline_ms = grpc_now(g) + TALK_REPLY_MS;
	push_more(g);
}

void grpc_tclo_refused(struct grpc *g, uint32_t seq)
{
	struct grpc_cmd *c = cmd_by_seq(g, seq);

	tap_in_number(g, "refused", seq, NULL, 0);
	if (!c)
		return;
	cmd_end(g, c, -EMSGSIZE, NULL, 0);
	push_more(g);
}

void grpc_tclo_replied(struct grpc *g, uint32_t seq, const void *reply, size_t len)
{
	struct grpc_cmd *c = seq ? cmd_by_seq(g, seq) : NULL;
	char *text;

	tap_in_number(g, "replied", seq, reply, len);
	g->talked_ms = grpc_now(g);
	if (!c || c->state != CMD_ACCEPTED)
		return;
	text = malloc(len + 1);
	if (text) {
		memcpy(text, reply, len);
		text[len] = '\0';
	}
	cmd_end(g, c, text ? 0 : -ENOMEM, text, text ? len : 0);
	free(text);
	push_more(g);
}

/* ---- users ----------------------------------------------------------------------------------- */

long grpc_send(struct grpc *g, const void *msg, size_t len, uint32_t timeout_ms, grpc_done_fn done,
	       void *data)
{
	struct grpc_cmd *c;
	long id;

	if (g->tools != GRPC_TOOLS_RUNNING && g->tools != GRPC_TOOLS_STARTING)
		return -ENOTCONN;
	if (!len || len > GRPC_SEND_MAX)
		return -EMSGSIZE;
	if (g->cmd_count >= GRPC_QUEUE_MAX)
		return -ENOBUFS;
	c = cmd_new(g, msg, len);
	if (!c)
		return -ENOMEM;
	tap_in_number(g, "send", timeout_ms, msg, len);
	c->deadline_ms = grpc_now(g) + timeout_ms;
	c->done = done;
	c->data = data;
	id = c->id;
	push_more(g);
	return id;
}

void grpc_send_forget(struct grpc *g, long id)
{
	struct grpc_cmd *c;

	TAILQ_FOREACH(c, &g->cmds, link)
		if (c->id == id && !c->internal)
			c->done = NULL;
}

long grpc_power(struct grpc *g, unsigned int state, uint32_t timeout_ms, grpc_done_fn done,
		void *data)
{
	static const char *const names[] = {
		[GRPC_STATE_HALT] = GRPC_OS_HALT,
		[GRPC_STATE_REBOOT] = GRPC_OS_REBOOT,
		[GRPC_STATE_POWER_ON] = GRPC_OS_POWER_ON,
		[GRPC_STATE_RESUME] = GRPC_OS_RESUME,
		[GRPC_STATE_SUSPEND] = GRPC_OS_SUSPEND,
	};

	if (state >= ARRAY_SIZE(names) || !names[state])
		return -EINVAL;
	return grpc_send(g, names[state], strlen(names[state]), timeout_ms, done, data);
}

enum grpc_tools grpc_tools_state(const struct grpc *g)
{
	return g->tools;
}

enum grpc_heartbeat grpc_heartbeat(const struct grpc *g, uint64_t last_poll_ms)
{
	uint64_t now = grpc_now(g);

	if (g->tools == GRPC_TOOLS_NONE || g->tools == GRPC_TOOLS_GONE)
		return GRPC_HEARTBEAT_GREY;
	if (last_poll_ms >= now || now - last_poll_ms < GRPC_HEARTBEAT_YELLOW_MS)
		return GRPC_HEARTBEAT_GREEN;
	return now - last_poll_ms < GRPC_HEARTBEAT_RED_MS ? GRPC_HEARTBEAT_YELLOW
							  : GRPC_HEARTBEAT_RED;
}

/* ---- time, start and end --------------------------------------------------------------------- */

static void ping(struct grpc *g)
{
	struct grpc_cmd *c = cmd_new(g, GRPC_PING, strlen(GRPC_PING));

	if (c)
		c->internal = true;
}

void grpc_tick(struct grpc *g)
{
	uint64_t now = grpc_now(g);
	struct grpc_cmd *c;

	tap_in(g, "tick", NULL, 0);
	g->timer_ms = GRPC_NEVER;
	do {
		TAILQ_FOREACH(c, &g->cmds, link)
			if (c->deadline_ms <= now)
				break;
		if (c) {
			if (c->state != CMD_WAITING && g->transport)
				g->transport->cancel(g->transport_data, c->seq);
			cmd_end(g, c, -ETIMEDOUT, NULL, 0);
		}
	} while (c);
	if (g->talk == TALK_READY && g->config.ping_ms && TAILQ_EMPTY(&g->cmds) &&
	    now - g->talked_ms >= g->config.ping_ms) {
		g->talked_ms = now;
		ping(g);
	}
	push_more(g);
}

void grpc_transport_set(struct grpc *g, const struct grpc_transport *t, void *data)
{
	if (!t)
		grpc_tclo_closed(g);
	g->transport = t;
	g->transport_data = data;
	g->timer_ms = GRPC_NEVER;
	rearm(g);
}

void tclo_init(struct grpc *g)
{
	TAILQ_INIT(&g->cmds);
	g->timer_ms = GRPC_NEVER;
}

/* End every command; @g->tools says already that there is no agent, so callbacks cannot add any. */
static void cancel_all(struct grpc *g)
{
	struct grpc_cmd *c;

	g->talk = TALK_NONE;
	g->talk_left = 0;
	drop_internal(g);
	while ((c = TAILQ_FIRST(&g->cmds)))
		cmd_end(g, c, -ECANCELED, NULL, 0);
}

void tclo_guest_reset(struct grpc *g)
{
	bool had_agent = g->tools != GRPC_TOOLS_NONE;

	g->tools = GRPC_TOOLS_NONE;
	g->power_on_sent = false;
	cancel_all(g);
	rearm(g);
	if (had_agent)
		grpc_event(g, GRPC_EVENT_TOOLS, GRPC_TOOLS_NONE, false, NULL);
}

void tclo_free(struct grpc *g)
{
	g->transport = NULL;
	g->tools = GRPC_TOOLS_NONE;
	cancel_all(g);
}
