/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz-tclo.c - commands of the host, to the agent's real table
 *
 * An input is a row of messages, each ended by 0xff.  The transport, the clock and the host's answers
 * are played here; the helper's socket is one that is not there.  The network report is made once.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/conf.h"
#include "agent/info.h"
#include "agent/power.h"
#include "agent/timesync.h"
#include "lib/channel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *next;
static size_t left;
static gboolean answered;

static gboolean tclo_send(VmtChannel *ch, const guint8 *buf, gsize len, GError **error)
{
	if (len && (len < 3 || (memcmp(buf, "OK ", 3) && (len < 6 || memcmp(buf, "ERROR ", 6)))))
		abort();
	return TRUE;
}

static int tclo_receive(VmtChannel *ch, GByteArray *into, GError **error)
{
	const uint8_t *end = left ? memchr(next, 0xff, left) : NULL;
	size_t len = end ? (size_t)(end - next) : left;

	g_byte_array_set_size(into, 0);
	if (!left) {
		answered = TRUE;
		return 0;
	}
	g_byte_array_append(into, next, (guint)len);
	next += len + (end != NULL);
	left -= len + (end != NULL);
	return 1;
}

static gboolean rpci_send(VmtChannel *ch, const guint8 *buf, gsize len, GError **error)
{
	return TRUE;
}

static int rpci_receive(VmtChannel *ch, GByteArray *into, GError **error)
{
	g_byte_array_set_size(into, 0);
	g_byte_array_append(into, (const guint8 *)"1 ", 2);
	return 1;
}

static int no_fd(VmtChannel *ch)
{
	return -1;
}

static void no_close(VmtChannel *ch)
{
}

static const struct vmt_transport tclo_transport = {
	.name = "fuzz", .polled = TRUE, .send = tclo_send, .receive = tclo_receive, .fd = no_fd,
	.close = no_close,
};
static const struct vmt_transport rpci_transport = {
	.name = "fuzz", .send = rpci_send, .receive = rpci_receive, .fd = no_fd, .close = no_close,
};

static gboolean host_time(VmtTime *ret, GError **error)
{
	*ret = (VmtTime){ .unix_us = g_get_real_time(), .max_lag_us = 1000000 };
	return TRUE;
}

static gboolean step(gint64 by, GError **error)
{
	return TRUE;
}

static gboolean slew(glong tick, GError **error)
{
	if (tick < 9000 || tick > 11000)
		abort();
	return TRUE;
}

static gboolean nobody(void)
{
	return FALSE;
}

static gboolean keep_off(gpointer data, gboolean on)
{
	return FALSE;
}

static const struct timesync_ops clocks = {
	host_time, g_get_real_time, step, slew, nobody, nobody, keep_off,
};

void agent_reopen(struct agent *agent)
{
}

void agent_contended(struct agent *agent, gboolean on)
{
	abort();	/* nor taken away */
}

void agent_lost(struct agent *agent, const GError *error)
{
	abort();	/* this transport is never lost */
}

static GLogWriterOutput silence(GLogLevelFlags level, const GLogField *fields, gsize n, gpointer data)
{
	return G_LOG_WRITER_HANDLED;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct agent agent = { .priv_socket = "/nonexistent" };

	if (!agent.info) {
		g_log_set_writer_func(silence, NULL, NULL);
		agent.conf = conf_read("/nonexistent");
		agent.info = info_new(&agent);
		agent.rpci = vmt_channel_of(&rpci_transport, VMT_PROTO_RPCI, NULL);
	}
	agent.power = power_new(&agent);
	agent.time = timesync_new(&clocks, NULL);
	agent.tclo = vmt_tclo_of(vmt_channel_of(&tclo_transport, VMT_PROTO_TCLO, NULL), "toolbox",
				 &agent_commands, &agent);
	next = data;
	left = size;
	answered = FALSE;
	while (!answered)
		g_main_context_iteration(NULL, TRUE);
	vmt_tclo_free(agent.tclo);
	power_free(agent.power);
	timesync_free(agent.time);
	return 0;
}
