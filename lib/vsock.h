/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vsock.h - what of the transport over vSockets is no transport's: for the automatic choice and tests
 */
#ifndef VMTKIT_LIB_VSOCK_H
#define VMTKIT_LIB_VSOCK_H

#include "lib/channel.h"

/**
 * vmt_vsock_here - is there a stack of vSockets?
 *
 * Loads none: where a stack is only installed, the answer is no.
 */
gboolean vmt_vsock_here(void);

/** vmt_vsock_privileged - does the host know this channel for one of a privileged program? */
gboolean vmt_vsock_privileged(VmtChannel *channel);

/** vmt_vsock_of - the state of a channel, for vmt_channel_of(): over a stream socket, which it owns */
gpointer vmt_vsock_of(int fd);

#endif /* VMTKIT_LIB_VSOCK_H */
