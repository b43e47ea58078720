/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * packet.h - packets in which messages travel over vSockets
 */
#ifndef VMTKIT_LIB_PACKET_H
#define VMTKIT_LIB_PACKET_H

#include <glib.h>

/**
 * packet_data - a packet with one message
 * @to: emptied, then filled
 * @msg: 1 byte or more
 */
void packet_data(GByteArray *to, const guint8 *msg, gsize len);

/** packet_ping - the packet that says only that we live; @to is emptied, then filled */
void packet_ping(GByteArray *to);

/**
 * packet_length - how much follows the first PACKET_HEAD bytes of a packet
 *
 * Returns the number of bytes, or 0 if they are no head that we accept.
 */
gsize packet_length(const guint8 *head);

/**
 * packet_message - find the message in what follows the head
 * @ret_msg: points into @body
 *
 * Returns 1; 0 for a sound packet without a message; -1 for one that is broken.
 */
int packet_message(const guint8 *body, gsize len, const guint8 **ret_msg, gsize *ret_len);

#endif /* VMTKIT_LIB_PACKET_H */
