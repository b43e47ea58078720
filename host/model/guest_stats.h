/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_stats.h - what the guest is told of its share of the host: the reply to guestlib.info.get
 */
#ifndef VMTKIT_HOST_MODEL_GUEST_STATS_H
#define VMTKIT_HOST_MODEL_GUEST_STATS_H

#include <stddef.h>
#include <stdint.h>

#include "host/model/guestrpc.h"

#define STATS_REPLY_MAX	1024		/* bytes */

/*
 * stats_reply - the statistics, version 3
 * @ret: at least STATS_REPLY_MAX bytes
 *
 * Returns the number of bytes.
 */
size_t stats_reply(const struct grpc_config *config, const struct grpc_resources *now, uint8_t *ret);

#endif /* VMTKIT_HOST_MODEL_GUEST_STATS_H */
