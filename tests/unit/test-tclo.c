/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-tclo.c - the server of the host's commands, over a transport that is played here
 */
#include <string.h>

#include "lib/channel.h"
#include "tests/unit/unit.h"

/* The host: messages that wait, and what was sent, one string each ("" is a poll) */
static GQueue *to_guest, *from_guest;
static gboolean lost;		/* send and receive fail */
static guint after_calls, reset_calls;
static char *last_args;

static gboolean t_send(VmtChannel *ch, const guint8 *buf, gsize len, GError **error)
{
	if (lost) {
		g_set_error_literal(error, VMT_ERROR, VMT_ERROR_CLOSED, "lost");
		return FALSE;
	}
	g_queue_push_tail(from_guest, g_strndup((const char *)buf, len));
	return TRUE;
}

static int t_receive(VmtChannel *ch, GByteArray *into, GError **error)
{
	GBytes *next = g_queue_pop_head(to_guest);

	g_byte_array_set_size(into, 0);
	if (!next)
		return 0;
	g_byte_array_append(into, g_bytes_get_data(next, NULL), (guint)g_bytes_get_size(next));
	g_bytes_unref(next);
	return 1;
}

static int t_fd(VmtChannel *ch)
{
	return -1;
}

static void t_close(VmtChannel *ch)
{
}

static const struct vmt_transport transport = {
	.name = "test", .polled = TRUE, .send = t_send, .receive = t_receive, .fd = t_fd,
	.close = t_close,
};

static void after(gpointer data)
{
	after_calls++;
}

static gboolean command(VmtTclo *tclo, const char *name, const char *args, gsize len,
			GString *reply, gpointer data)
{
	if (!strcmp(name, "Known")) {
		g_free(last_args);
		last_args = g_strndup(args, len);
		g_string_append(reply, "OK done");
		return TRUE;
	}
	if (!strcmp(name, "Later")) {
		vmt_tclo_after_reply(tclo, after, NULL);
		g_string_append(reply, "OK ");
		return TRUE;
	}
	return FALSE;
}

static void reset(VmtTclo *tclo, gpointer data)
{
	reset_calls++;
}

static void gone(VmtTclo *tclo, const GError *error, gpointer data)
{
}

static const VmtTcloFuncs funcs = { .command = command, .reset = reset, .lost = gone };

static VmtTclo *start(void)
{
	to_guest = g_queue_new();
	from_guest = g_queue_new();
	lost = FALSE;
	after_calls = reset_calls = 0;
	g_clear_pointer(&last_args, g_free);
	return vmt_tclo_of(vmt_channel_of(&transport, VMT_PROTO_TCLO, NULL), "toolbox", &funcs, NULL);
}

static void end(VmtTclo *tclo)
{
	vmt_tclo_free(tclo);
	g_queue_free_full(to_guest, (GDestroyNotify)g_bytes_unref);
	g_queue_free_full(from_guest, g_free);
	g_clear_pointer(&last_args, g_free);
}

/* Sends a message and returns the reply: the next that is sent and is no poll */
static char *ask(const void *message, gsize len)
{
	char *reply = NULL;

	g_queue_push_tail(to_guest, g_bytes_new(message, len));
	while (!reply) {
		g_main_context_iteration(NULL, TRUE);
		while ((reply = g_queue_pop_head(from_guest)) && !*reply)
			g_free(reply);
	}
	return reply;
}

static void expect(const void *message, gsize len, const char *want)
{
	g_autofree char *got = ask(message, len);

	CU_ASSERT_STRING_EQUAL(got, want);
}

static void dispatch_table(void)
{
	static const struct {
		const char *message;
		gsize len;
		const char *want;
	} rows[] = {
		{ "ping", 4, "OK " },
		{ "ping", 5, "OK " },			/* the NUL is counted */
		{ "ping now", 8, "OK " },
		{ "reset", 5, "OK ATR toolbox" },
		{ "Known", 5, "OK done" },
		{ "Known a b", 9, "OK done" },
		{ "known", 5, "ERROR Unknown Command" },
		{ "Known\tx", 7, "ERROR Unknown Command" },
		{ "", 0, "ERROR Bad command" },
		{ "\0", 1, "ERROR Bad command" },
		{ " ping", 5, "ERROR Bad command" },
		{ "ping\0reset", 10, "OK " },		/* text ends at the first NUL */
		{ "\0ping", 5, "ERROR Bad command" },
	};
	VmtTclo *tclo = start();
	guint i;

	for (i = 0; i < G_N_ELEMENTS(rows); i++)
		expect(rows[i].message, rows[i].len, rows[i].want);
	end(tclo);
}

static void arguments(void)
{
	VmtTclo *tclo = start();

	expect("Known", 5, "OK done");
	CU_ASSERT_STRING_EQUAL(last_args, "");
	expect("Known x  y", 10, "OK done");
	CU_ASSERT_STRING_EQUAL(last_args, " x  y");
	end(tclo);
}

static void order_after_reply(void)
{
	VmtTclo *tclo = start();

	g_queue_push_tail(to_guest, g_bytes_new("Later", 5));
	while (g_queue_is_empty(from_guest) || strcmp(g_queue_peek_tail(from_guest), "OK ")) {
		CU_ASSERT_EQUAL(after_calls, 0);
		g_main_context_iteration(NULL, TRUE);
	}
	CU_ASSERT_EQUAL(after_calls, 1);
	expect("ping", 4, "OK ");
	CU_ASSERT_EQUAL(after_calls, 1);
	end(tclo);
}

static void reset_after_atr(void)
{
	VmtTclo *tclo = start();

	expect("reset", 5, "OK ATR toolbox");
	CU_ASSERT_EQUAL(reset_calls, 1);
	end(tclo);
}

static void lost_before_reply(void)
{
	VmtTclo *tclo = start();

	g_queue_push_tail(to_guest, g_bytes_new("Later", 5));
	while (!g_queue_is_empty(to_guest))
		g_main_context_iteration(NULL, TRUE);
	CU_ASSERT_EQUAL(after_calls, 0);
	lost = TRUE;
	while (!after_calls)
		g_main_context_iteration(NULL, TRUE);
	CU_ASSERT_EQUAL(after_calls, 1);
	end(tclo);
}

static void polls(void)
{
	VmtTclo *tclo = start();
	gint64 begin = g_get_monotonic_time();

	while (g_get_monotonic_time() - begin < 300 * 1000)
		g_main_context_iteration(NULL, TRUE);
	/* 0, 10, 30, 70, 150, 250 ms; more only if the delays were not kept */
	CU_ASSERT_TRUE(g_queue_get_length(from_guest) >= 2);
	CU_ASSERT_TRUE(g_queue_get_length(from_guest) <= 7);
	end(tclo);
}

static const struct unit_case cases[] = {
	{ "every form of a message gets the documented answer", dispatch_table },
	{ "arguments keep the space before them", arguments },
	{ "what is to follow a reply follows it, and once", order_after_reply },
	{ "the agent hears of a reset when the reply to it has gone", reset_after_atr },
	{ "a channel lost before the reply does not lose the command", lost_before_reply },
	{ "an idle host is polled with the documented delays", polls },
};

UNIT_MAIN("tclo", cases)
