/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netlink.h - what the kernel says about the network, and when it changes
 */
#ifndef VMTKIT_AGENT_NETLINK_H
#define VMTKIT_AGENT_NETLINK_H

#include "agent/conf.h"
#include "agent/netstate.h"

struct netlink;

/**
 * netlink_new - read the network and follow it
 * @changed: called from the main loop when something changed, often in bursts
 *
 * Returns NULL and @error if the kernel refuses.
 */
struct netlink *netlink_new(void (*changed)(gpointer data), gpointer data, GError **error);

void netlink_free(struct netlink *nl);		/* NULL is fine */

/**
 * netlink_collect - what is to be reported
 * @conf: which interfaces are left out, and which come first and last
 *
 * Returns a new state: interfaces and routes from the kernel's last word, name servers read now.
 */
struct net_state *netlink_collect(struct netlink *nl, const struct conf *conf);

#endif /* VMTKIT_AGENT_NETLINK_H */
