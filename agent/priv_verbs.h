/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * priv_verbs.h - what vmtd may ask of vmt-priv, and nothing else
 *
 * A SOCK_SEQPACKET connection: one packet with a verb, one packet back: "ok"; "failed" when a script
 * of the administrator ended with a failure; or "error " and why it was not done.
 */
#ifndef VMTKIT_AGENT_PRIV_VERBS_H
#define VMTKIT_AGENT_PRIV_VERBS_H

#define PRIV_SOCKET		"/run/vmtkit/priv.sock"

#define PRIV_POWEROFF		"poweroff"
#define PRIV_REBOOT		"reboot"
#define PRIV_SCRIPT_POWERON	"script-poweron"
#define PRIV_SCRIPT_POWEROFF	"script-poweroff"
#define PRIV_SCRIPT_RESUME	"script-resume"
#define PRIV_SCRIPT_SUSPEND	"script-suspend"

#define PRIV_OK			"ok"
#define PRIV_FAILED		"failed"
#define PRIV_ERROR		"error "
#define PRIV_PACKET_MAX		256	/* bytes, either direction */

#endif /* VMTKIT_AGENT_PRIV_VERBS_H */
