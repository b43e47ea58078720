/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * channel.h - what a transport gives to the channels above it; not installed
 */
#ifndef VMTKIT_LIB_CHANNEL_H
#define VMTKIT_LIB_CHANNEL_H

#include "lib/libvmt.h"

#define VMT_MESSAGE_MAX		65536	/* bytes, either direction */

/*
 * A transport.  VMT_ERROR_CLOSED from send() or receive() means: close it and open a new one.
 *
 * open()	puts its own state into channel->priv; the rest is called only after it succeeded
 * send()	one message.  With polled set, an empty one asks whether the host has something
 * receive()	1 and one message in @into, 0 if there is none now, -1 and @error.  RPCI: the reply to
 *		what was sent, for which it waits
 * fd()		readable when receive() has something; -1 with polled set
 */
struct vmt_transport {
	const char *name;
	gboolean polled;
	gboolean (*open)(VmtChannel *channel, const char *arg, GError **error);
	gboolean (*send)(VmtChannel *channel, const guint8 *buf, gsize len, GError **error);
	int (*receive)(VmtChannel *channel, GByteArray *into, GError **error);
	int (*fd)(VmtChannel *channel);
	gboolean (*declare_power)(VmtChannel *channel, VmtPower op);	/* may be NULL */
	gboolean (*keep_clock_off)(VmtChannel *channel, gboolean on);	/* may be NULL */
	void (*close)(VmtChannel *channel);
};

struct _VmtChannel {
	const struct vmt_transport *transport;
	VmtProto proto;
	char *spec;		/* what it was opened with; NULL is the automatic choice */
	gboolean open;
	gpointer priv;		/* of the transport */
	GByteArray *buf;	/* the last message received */
};

extern const struct vmt_transport vmt_transport_device;
extern const struct vmt_transport vmt_transport_direct;
extern const struct vmt_transport vmt_transport_fake;
extern const struct vmt_transport vmt_transport_fake_poll;

/* vmt_channel_reopen - close what is left of a channel and open it as it was opened first */
gboolean vmt_channel_reopen(VmtChannel *channel, GError **error);

/* vmt_channel_send, vmt_channel_receive - one step; arguments as in struct vmt_transport */
gboolean vmt_channel_send(VmtChannel *channel, const void *buf, gsize len, GError **error);
int vmt_channel_receive(VmtChannel *channel, GError **error);	/* into channel->buf */

/* vmt_channel_of - a channel over the caller's own transport, for tests */
VmtChannel *vmt_channel_of(const struct vmt_transport *transport, VmtProto proto, gpointer priv);

/* vmt_tclo_of - a server over a channel that is open; takes it over.  For tests */
VmtTclo *vmt_tclo_of(VmtChannel *channel, const char *app, const VmtTcloFuncs *funcs,
		     gpointer data);

#endif /* VMTKIT_LIB_CHANNEL_H */
