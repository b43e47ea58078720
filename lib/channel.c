/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * channel.c - channels over whatever transport there is, and the RPCI call
 *
 * A channel remembers what it was opened with, so that a lost one can be had again in the same way:
 * a restored or moved machine loses every channel.  With the automatic choice the choice is made anew,
 * because the driver may have come or gone meanwhile.
 */
#include "config.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <wire/guestrpc.h>

#include "lib/channel.h"

G_DEFINE_QUARK(vmt-error-quark, vmt_error)

const char *vmt_version(void)
{
	return PACKAGE_VERSION;
}

static gboolean open_by(VmtChannel *ch, const struct vmt_transport *t, const char *arg,
			GError **error)
{
	ch->transport = t;
	ch->open = t->open(ch, arg, error);
	return ch->open;
}

/*
 * The driver first.  For RPCI it may be passed by for any reason: the hypervisor itself answers all the
 * same.  For TCLO only if it is not there, see vmt_channel_open().
 */
static gboolean open_auto(VmtChannel *ch, GError **error)
{
	g_autoptr(GError) why = NULL;

	if (open_by(ch, &vmt_transport_device, NULL, &why))
		return TRUE;
	if (ch->proto == VMT_PROTO_TCLO && !g_error_matches(why, VMT_ERROR, VMT_ERROR_NOT_VMWARE)) {
		g_propagate_error(error, g_steal_pointer(&why));
		return FALSE;
	}
	return open_by(ch, &vmt_transport_direct, NULL, error);
}

static gboolean channel_open(VmtChannel *ch, GError **error)
{
	const char *spec = ch->spec;

	if (!spec)
		return open_auto(ch, error);
	if (!strcmp(spec, "vmt"))
		return open_by(ch, &vmt_transport_device, NULL, error);
	if (!strcmp(spec, "direct"))
		return open_by(ch, &vmt_transport_direct, NULL, error);
	if (g_str_has_prefix(spec, "fake:"))
		return open_by(ch, &vmt_transport_fake, spec + strlen("fake:"), error);
	if (g_str_has_prefix(spec, "fake-poll:"))
		return open_by(ch, &vmt_transport_fake_poll, spec + strlen("fake-poll:"), error);
	g_set_error(error, VMT_ERROR, VMT_ERROR_INVALID,
		    "%s: no such transport: must be vmt, direct, fake:PATH or fake-poll:PATH", spec);
	return FALSE;
}

static VmtChannel *channel_new(VmtProto proto)
{
	VmtChannel *ch = g_new0(VmtChannel, 1);

	ch->proto = proto;
	ch->buf = g_byte_array_new();
	return ch;
}

VmtChannel *vmt_channel_open(VmtProto proto, const char *transport, GError **error)
{
	g_autoptr(VmtChannel) ch = channel_new(proto);

	if (!transport)
		transport = secure_getenv("VMT_CHANNEL");
	ch->spec = g_strdup(transport && *transport ? transport : NULL);
	return channel_open(ch, error) ? g_steal_pointer(&ch) : NULL;
}

VmtChannel *vmt_channel_of(const struct vmt_transport *transport, VmtProto proto, gpointer priv)
{
	VmtChannel *ch = channel_new(proto);

	ch->transport = transport;
	ch->priv = priv;
	ch->open = TRUE;
	return ch;
}

static void channel_close(VmtChannel *ch)
{
	if (ch->open)
		ch->transport->close(ch);
	ch->open = FALSE;
}

gboolean vmt_channel_reopen(VmtChannel *ch, GError **error)
{
	channel_close(ch);
	return channel_open(ch, error);
}

void vmt_channel_free(VmtChannel *ch)
{
	if (!ch)
		return;
	channel_close(ch);
	g_byte_array_unref(ch->buf);
	g_free(ch->spec);
	g_free(ch);
}

const char *vmt_channel_transport(VmtChannel *ch)
{
	return ch->transport->name;
}

gboolean vmt_channel_send(VmtChannel *ch, const void *buf, gsize len, GError **error)
{
	if (len > VMT_MESSAGE_MAX) {
		g_set_error(error, VMT_ERROR, VMT_ERROR_TOO_BIG,
			    "a message of %zu bytes is longer than %d", len, VMT_MESSAGE_MAX);
		return FALSE;
	}
	if (!ch->open) {
		g_set_error_literal(error, VMT_ERROR, VMT_ERROR_CLOSED, "the channel is closed");
		return FALSE;
	}
	return ch->transport->send(ch, buf, len, error);
}

int vmt_channel_receive(VmtChannel *ch, GError **error)
{
	if (!ch->open) {
		g_set_error_literal(error, VMT_ERROR, VMT_ERROR_CLOSED, "the channel is closed");
		return -1;
	}
	return ch->transport->receive(ch, ch->buf, error);
}

/* One request and its reply, in ch->buf */
static gboolean exchange(VmtChannel *ch, const void *request, gsize len, GError **error)
{
	int got;

	if (!vmt_channel_send(ch, request, len, error))
		return FALSE;
	got = vmt_channel_receive(ch, error);
	if (got == 0)
		g_set_error_literal(error, VMT_ERROR, VMT_ERROR_PROTOCOL,
				    "the host gave no answer to the request");
	return got > 0;
}

static gboolean exchange_or_reopen(VmtChannel *ch, const void *request, gsize len, GError **error)
{
	g_autoptr(GError) why = NULL;

	if (exchange(ch, request, len, &why))
		return TRUE;
	if (!g_error_matches(why, VMT_ERROR, VMT_ERROR_CLOSED)) {
		g_propagate_error(error, g_steal_pointer(&why));
		return FALSE;
	}
	return vmt_channel_reopen(ch, error) && exchange(ch, request, len, error);
}

char *vmt_channel_call(VmtChannel *ch, const void *request, gsize len, gsize *ret_len,
		       GError **error)
{
	const gsize head = strlen(GRPC_RPCI_OK);
	char *text;

	if (ch->proto != VMT_PROTO_RPCI) {
		g_set_error_literal(error, VMT_ERROR, VMT_ERROR_INVALID, "not an RPCI channel");
		return NULL;
	}
	if (!exchange_or_reopen(ch, request, len, error))
		return NULL;
	if (ch->buf->len < head || (memcmp(ch->buf->data, GRPC_RPCI_OK, head) &&
				    memcmp(ch->buf->data, GRPC_RPCI_FAIL, head))) {
		g_set_error_literal(error, VMT_ERROR, VMT_ERROR_PROTOCOL,
				    "the answer of the host begins neither with \"1 \" nor \"0 \"");
		return NULL;
	}
	if (ret_len)
		*ret_len = ch->buf->len - head;
	text = g_malloc(ch->buf->len - head + 1);
	memcpy(text, ch->buf->data + head, ch->buf->len - head);
	text[ch->buf->len - head] = '\0';
	if (!memcmp(ch->buf->data, GRPC_RPCI_OK, head))
		return text;
	g_set_error_literal(error, VMT_ERROR, VMT_ERROR_REFUSED, text);
	g_free(text);
	return NULL;
}

gboolean vmt_channel_callf(VmtChannel *ch, GError **error, const char *format, ...)
{
	g_autofree char *request = NULL, *reply = NULL;
	va_list args;

	va_start(args, format);
	request = g_strdup_vprintf(format, args);
	va_end(args);
	reply = vmt_channel_call(ch, request, strlen(request), NULL, error);
	return reply != NULL;
}
