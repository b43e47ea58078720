/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tclo.c - serves the commands of the host
 *
 * One source of the main loop drives it, as timer or as descriptor:
 *
 *	SERVING	the channel is open.  Polled transport: every tick sends the reply that is pending,
 *		or an empty message, and then receives; a message is carried out at once and its
 *		reply waits for the next tick, which comes without delay.  Others: each message is
 *		received, carried out and answered when the descriptor is readable.
 *	BROKEN	the channel was lost; it is opened again after 1 s, as often as REOPEN_MAX times.
 *	LOST	given up; funcs->lost was called and no source is left.
 *
 * The host has one TCLO channel: a second server takes it away by opening it, and the first takes it
 * back.  So a channel that is lost within SHORT_LIFE_MS of its opening, SHORT_LIVES_MAX times in a row,
 * is taken for contended, and left to the other for CONTENDED_WAIT_S at a time.
 *
 * What a command wants done after its reply (switch the machine off, tell the host all again) is run
 * when the reply was sent, or when the channel is lost or closed first.  The functions of the user may not free
 * the server, so nothing here has to look whether it is still there after a call.
 */
#include <glib-unix.h>
#include <string.h>

#include <wire/guestrpc.h>

#include "lib/backoff.h"
#include "lib/channel.h"

#define REOPEN_WAIT_S	1
#define REOPEN_MAX	60
#define SHORT_LIFE_MS	5000
#define SHORT_LIVES_MAX	4
#define CONTENDED_WAIT_S 30

struct _VmtTclo {
	VmtChannel *channel;
	const VmtTcloFuncs *funcs;
	gpointer data;
	char *app;
	GSource *source;
	struct backoff backoff;
	GString *reply;			/* not sent yet, if reply_pending */
	gboolean reply_pending;
	void (*after_func)(gpointer data);
	gpointer after_data;
	guint reopens;			/* in a row, without a message since */
	gint64 opened_ms;		/* monotonic */
	guint short_lives;		/* in a row */
};

static gboolean tick(gpointer data);
static gboolean readable(gint fd, GIOCondition cond, gpointer data);
static gboolean try_again(gpointer data);

static void source_set(VmtTclo *tclo, GSource *source, GSourceFunc func)
{
	if (tclo->source) {
		g_source_destroy(tclo->source);
		g_source_unref(tclo->source);
	}
	tclo->source = source;
	if (!source)
		return;
	g_source_set_callback(source, func, tclo, NULL);
	g_source_attach(source, g_main_context_get_thread_default());
}

static gint64 now_ms(void)
{
	return g_get_monotonic_time() / 1000;
}

static void contended(VmtTclo *tclo, gboolean on)
{
	if (tclo->funcs->contended)
		tclo->funcs->contended(tclo, on, tclo->data);
}

/* The channel works: if it was contended and has lived for a while, that is over */
static void alive(VmtTclo *tclo)
{
	if (!tclo->short_lives || now_ms() - tclo->opened_ms <= SHORT_LIFE_MS)
		return;
	if (tclo->short_lives >= SHORT_LIVES_MAX)
		contended(tclo, FALSE);
	tclo->short_lives = 0;
}

/* The channel that was open is gone: how long to leave it alone, in seconds */
static guint lost_wait(VmtTclo *tclo)
{
	tclo->short_lives = now_ms() - tclo->opened_ms > SHORT_LIFE_MS ? 0 : tclo->short_lives + 1;
	if (tclo->short_lives == SHORT_LIVES_MAX)
		contended(tclo, TRUE);
	return tclo->short_lives < SHORT_LIVES_MAX ? REOPEN_WAIT_S : CONTENDED_WAIT_S;
}

static void serve(VmtTclo *tclo)
{
	const struct vmt_transport *t = tclo->channel->transport;

	tclo->opened_ms = now_ms();
	if (t->polled)
		source_set(tclo, g_timeout_source_new(0), tick);
	else
		source_set(tclo, g_unix_fd_source_new(t->fd(tclo->channel), G_IO_IN),
			   (GSourceFunc)(void (*)(void))readable);
}

static void run_after(VmtTclo *tclo)
{
	void (*func)(gpointer data) = tclo->after_func;

	tclo->after_func = NULL;
	tclo->reply_pending = FALSE;
	if (func)
		func(tclo->after_data);
}

static void broken(VmtTclo *tclo, guint wait_s, const GError *why)
{
	run_after(tclo);
	if (tclo->reopens < REOPEN_MAX) {
		source_set(tclo, g_timeout_source_new_seconds(wait_s), try_again);
		return;
	}
	source_set(tclo, NULL, NULL);
	tclo->funcs->lost(tclo, why, tclo->data);
}

static gboolean try_again(gpointer data)
{
	VmtTclo *tclo = data;
	g_autoptr(GError) why = NULL;

	tclo->reopens++;
	if (vmt_channel_reopen(tclo->channel, &why))
		serve(tclo);
	else
		broken(tclo, REOPEN_WAIT_S, why);
	return G_SOURCE_REMOVE;
}

static void reset_answered(gpointer data)
{
	VmtTclo *tclo = data;

	tclo->funcs->reset(tclo, tclo->data);
}

/* Fills tclo->reply.  @text has a NUL behind its @len bytes and may have more within */
static void dispatch(VmtTclo *tclo, char *text, gsize len)
{
	gsize word = strcspn(text, " ");
	g_autofree char *name = g_strndup(text, word);

	g_string_truncate(tclo->reply, 0);
	tclo->reply_pending = TRUE;
	if (!word)
		g_string_append(tclo->reply, GRPC_TCLO_BAD);
	else if (!strcmp(name, GRPC_PING))
		g_string_append(tclo->reply, GRPC_TCLO_OK);
	else if (!strcmp(name, GRPC_RESET)) {
		g_string_append_printf(tclo->reply, GRPC_TCLO_OK "ATR %s", tclo->app);
		vmt_tclo_after_reply(tclo, reset_answered, tclo);
	} else if (!tclo->funcs->command(tclo, name, text + word, len - word, tclo->reply,
					 tclo->data))
		g_string_assign(tclo->reply, GRPC_TCLO_UNKNOWN);
	if (tclo->reply->len > VMT_MESSAGE_MAX)
		g_string_truncate(tclo->reply, VMT_MESSAGE_MAX);
}

/* Returns 1 if a message was carried out, 0 if there was none, -1 if the channel is broken */
static int receive(VmtTclo *tclo, GError **error)
{
	GByteArray *buf = tclo->channel->buf;
	int got = vmt_channel_receive(tclo->channel, error);
	gsize len;

	if (got <= 0)
		return got;
	tclo->reopens = 0;
	len = buf->len;
	if (len && !buf->data[len - 1])
		len--;		/* some hosts count a NUL at the end, some do not */
	g_byte_array_append(buf, (const guint8 *)"", 1);
	dispatch(tclo, (char *)buf->data, len);
	return 1;
}

static gboolean answer(VmtTclo *tclo, GError **error)
{
	if (!vmt_channel_send(tclo->channel, tclo->reply->str,
			      tclo->reply_pending ? tclo->reply->len : 0, error))
		return FALSE;
	run_after(tclo);
	return TRUE;
}

static gboolean tick(gpointer data)
{
	VmtTclo *tclo = data;
	g_autoptr(GError) why = NULL;
	gint64 now = now_ms();
	int got = -1;
	guint delay;

	if (answer(tclo, &why))
		got = receive(tclo, &why);
	/* A message that was too long is gone and was refused: the channel goes on */
	if (got < 0 && !g_error_matches(why, VMT_ERROR, VMT_ERROR_TOO_BIG)) {
		broken(tclo, lost_wait(tclo), why);
		return G_SOURCE_REMOVE;
	}
	alive(tclo);
	delay = got > 0 ? backoff_message(&tclo->backoff, now) : backoff_empty(&tclo->backoff, now);
	source_set(tclo, g_timeout_source_new(delay), tick);
	return G_SOURCE_REMOVE;
}

static gboolean readable(gint fd, GIOCondition cond, gpointer data)
{
	VmtTclo *tclo = data;
	g_autoptr(GError) why = NULL;
	int got = receive(tclo, &why);

	if (got >= 0)
		alive(tclo);
	if (got == 0 || (got > 0 && answer(tclo, &why)))
		return G_SOURCE_CONTINUE;
	broken(tclo, lost_wait(tclo), why);
	return G_SOURCE_REMOVE;
}

VmtTclo *vmt_tclo_of(VmtChannel *channel, const char *app, const VmtTcloFuncs *funcs, gpointer data)
{
	VmtTclo *tclo = g_new0(VmtTclo, 1);

	tclo->channel = channel;
	tclo->funcs = funcs;
	tclo->data = data;
	tclo->app = g_strdup(app);
	tclo->reply = g_string_new(NULL);
	(void)backoff_message(&tclo->backoff, now_ms());
	serve(tclo);
	return tclo;
}

VmtTclo *vmt_tclo_new(const char *app, const char *transport, const VmtTcloFuncs *funcs,
		      gpointer data, GError **error)
{
	VmtChannel *channel = vmt_channel_open(VMT_PROTO_TCLO, transport, error);

	return channel ? vmt_tclo_of(channel, app, funcs, data) : NULL;
}

void vmt_tclo_free(VmtTclo *tclo)
{
	if (!tclo)
		return;
	source_set(tclo, NULL, NULL);
	run_after(tclo);
	vmt_channel_free(tclo->channel);
	g_string_free(tclo->reply, TRUE);
	g_free(tclo->app);
	g_free(tclo);
}

void vmt_tclo_after_reply(VmtTclo *tclo, void (*func)(gpointer data), gpointer data)
{
	tclo->after_func = func;
	tclo->after_data = data;
}

gboolean vmt_tclo_declare_power(VmtTclo *tclo, VmtPower op)
{
	const struct vmt_transport *t = tclo->channel->transport;

	return tclo->channel->open && t->declare_power && t->declare_power(tclo->channel, op);
}

gboolean vmt_tclo_keep_clock_off(VmtTclo *tclo, gboolean on)
{
	const struct vmt_transport *t = tclo->channel->transport;

	return tclo->channel->open && t->keep_clock_off && t->keep_clock_off(tclo->channel, on);
}

const char *vmt_tclo_transport(VmtTclo *tclo)
{
	return vmt_channel_transport(tclo->channel);
}
