/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * direct.c - the transport that calls the hypervisor itself, from any process, without the driver
 */
#include <errno.h>

#include <wire/backdoor.h>

#include "lib/channel.h"
#include "lib/message.h"

static void port_call(struct bdoor_regs *regs, gpointer data)
{
	bdoor_call(regs);
}

static void port_hb(struct bdoor_hb *hb, gpointer data)
{
	bdoor_hb_call(hb);
}

static const struct msg_port port = { .call = port_call, .hb = port_hb };

static gboolean direct_open(VmtChannel *ch, const char *arg, GError **error)
{
	guint32 proto = ch->proto == VMT_PROTO_RPCI ? BDOOR_MSG_PROTO_RPCI : BDOOR_MSG_PROTO_TCLO;
	struct msg_channel *msg;

	if (!vmt_host_detect(NULL, error))
		return FALSE;
	msg = g_new0(struct msg_channel, 1);
	if (msg_open(msg, &port, proto) < 0) {
		g_free(msg);
		g_set_error(error, VMT_ERROR, VMT_ERROR_NOT_VMWARE,
			    "the hypervisor gives no %s channel",
			    ch->proto == VMT_PROTO_RPCI ? "RPCI" : "TCLO");
		return FALSE;
	}
	ch->priv = msg;
	return TRUE;
}

static void set_error(GError **error, int err)
{
	if (err == -EMSGSIZE)
		g_set_error_literal(error, VMT_ERROR, VMT_ERROR_TOO_BIG,
				    "the message was longer than 64 KiB");
	else
		g_set_error_literal(error, VMT_ERROR, VMT_ERROR_CLOSED,
				    "the hypervisor closed the channel");
}

static gboolean direct_send(VmtChannel *ch, const guint8 *buf, gsize len, GError **error)
{
	int err = msg_send(ch->priv, buf, len);

	if (err < 0)
		set_error(error, err);
	return err >= 0;
}

static int direct_receive(VmtChannel *ch, GByteArray *into, GError **error)
{
	int got = msg_recv(ch->priv, into);

	if (got < 0)
		set_error(error, got);
	return got < 0 ? -1 : got;
}

static int direct_fd(VmtChannel *ch)
{
	return -1;
}

static void direct_close(VmtChannel *ch)
{
	msg_close(ch->priv);
	g_free(ch->priv);
	ch->priv = NULL;
}

const struct vmt_transport vmt_transport_direct = {
	.name = "direct",
	.polled = TRUE,
	.open = direct_open,
	.send = direct_send,
	.receive = direct_receive,
	.fd = direct_fd,
	.close = direct_close,
};
