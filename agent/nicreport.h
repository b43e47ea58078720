/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nicreport.h - the network report as the host wants it
 */
#ifndef VMTKIT_AGENT_NICREPORT_H
#define VMTKIT_AGENT_NICREPORT_H

#include "agent/netstate.h"

/* Forms of the report, in the order in which they are tried when a host refuses one */
enum nic_form {
	NIC_FORM_V3,		/* type 10 */
	NIC_FORM_V3_SHORT,	/* type 9, 64 addresses a NIC */
	NIC_FORM_V2,		/* type 9, IPv4 and IPv6 as text */
	NIC_FORM_V1,		/* type 2, 8 IPv4 addresses a NIC */
	NIC_FORMS,
};

/** nic_form_type - the type of the report, GRPC_INFO_... */
guint nic_form_type(enum nic_form form);

/**
 * nic_report_encode - the payload of a network report
 * @net: what to report; what is above the limits of the protocol is left out
 *
 * Returns a new reference, or NULL if @net cannot be encoded.
 */
GBytes *nic_report_encode(const struct net_state *net, enum nic_form form);

#endif /* VMTKIT_AGENT_NICREPORT_H */
