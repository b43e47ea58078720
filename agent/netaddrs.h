/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netaddrs.h - the addresses of all interfaces, kept up to date by the kernel
 */
#ifndef VMTKIT_AGENT_NETADDRS_H
#define VMTKIT_AGENT_NETADDRS_H

#include "agent/netstate.h"

struct netaddrs;

/**
 * netaddrs_new - read all of them, and follow their changes
 * @changed: called from the main loop after changes; with @lost, notifications were lost, and this has to
 *   be made anew, soon but not from within
 *
 * Returns 0 and @ret, or a negative error of libnl.
 */
int netaddrs_new(void (*changed)(gboolean lost, gpointer data), gpointer data, struct netaddrs **ret);
void netaddrs_free(struct netaddrs *addrs);	/* NULL is fine */

/** netaddrs_fill - give each interface of @net its addresses, in the order in which it got them */
void netaddrs_fill(const struct netaddrs *addrs, struct net_state *net);

#endif /* VMTKIT_AGENT_NETADDRS_H */
