/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log.c - where what the agent says goes: the journal, with its fields, and the host if it shall
 *
 * LOG_BURST lines may come at once, and one more every LOG_REFILL_S seconds; how many were held back
 * stands before the next one.  Below warnings the limit counts for debug output too, unless it was
 * asked for by the command line.  A line that is told to the host causes no other one to be told.
 */
#include <stdio.h>
#include <string.h>

#include "agent/log.h"

static struct {
	gboolean debug;			/* --debug: all of it, without a limit */
	GLogLevelFlags level;
	void (*to_host)(const char *line, gpointer data);
	gpointer data;
	gboolean telling;
	struct log_limit limit;
} log_state = { .level = G_LOG_LEVEL_MESSAGE, .limit = { .room = LOG_BURST } };

gboolean log_limit_pass(struct log_limit *limit, gint64 now, guint *ret_dropped)
{
	gint64 more = (now - limit->since) / (LOG_REFILL_S * G_USEC_PER_SEC);

	*ret_dropped = 0;
	if (more >= (gint64)(LOG_BURST - limit->room)) {
		limit->room = LOG_BURST;
		limit->since = now;
	} else {
		limit->room += (guint)more;
		limit->since += more * LOG_REFILL_S * G_USEC_PER_SEC;
	}
	if (!limit->room) {
		limit->dropped++;
		return FALSE;
	}
	limit->room--;
	*ret_dropped = limit->dropped;
	limit->dropped = 0;
	return TRUE;
}

static const char *message_of(const GLogField *fields, gsize n)
{
	gsize i;

	for (i = 0; i < n; i++)
		if (!strcmp(fields[i].key, "MESSAGE") && fields[i].length < 0)
			return fields[i].value;
	return NULL;
}

static void tell_host(const char *line)
{
	log_state.telling = TRUE;
	log_state.to_host(line, log_state.data);
	log_state.telling = FALSE;
}

static void say_dropped(guint dropped)
{
	g_autofree char *text = g_strdup_printf("%u lines of the log were held back", dropped);
	const GLogField fields[] = {
		{ "MESSAGE", text, -1 }, { "PRIORITY", "4", -1 }, { "GLIB_DOMAIN", G_LOG_DOMAIN, -1 },
	};

	(void)g_log_writer_default(G_LOG_LEVEL_WARNING, fields, G_N_ELEMENTS(fields), NULL);
}

static GLogWriterOutput writer(GLogLevelFlags flags, const GLogField *fields, gsize n, gpointer data)
{
	GLogLevelFlags level = flags & G_LOG_LEVEL_MASK;
	const char *line = message_of(fields, n);
	guint dropped = 0;

	/* The greater the number, the less important; an error ends the process and is always told */
	if (!log_state.debug && level != G_LOG_LEVEL_ERROR &&
	    (level > log_state.level ||
	     !log_limit_pass(&log_state.limit, g_get_monotonic_time(), &dropped)))
		return G_LOG_WRITER_HANDLED;
	if (dropped)
		say_dropped(dropped);
	if (log_state.to_host && line && level <= G_LOG_LEVEL_MESSAGE && !log_state.telling)
		tell_host(line);
	return g_log_writer_default(flags, fields, n, NULL);
}

void log_start(gboolean debug)
{
	log_state.debug = debug;
	/* GLib's writer leaves out the lesser levels unless this says which it shall not */
	g_setenv("G_MESSAGES_DEBUG", "all", FALSE);
	g_log_set_writer_func(writer, NULL, NULL);
}

void log_configure(GLogLevelFlags level, void (*to_host)(const char *line, gpointer data),
		   gpointer data)
{
	log_state.level = level;
	log_state.to_host = to_host;
	log_state.data = data;
}
