/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * agent.h - what the parts of vmtd share
 *
 * One struct agent, made by main.c, lives as long as the process.  Everything runs in the one thread of
 * the main loop.  Each part has a struct of its own, and functions that get the agent.
 */
#ifndef VMTKIT_AGENT_H
#define VMTKIT_AGENT_H

#include "lib/libvmt.h"

struct conf;
struct info;
struct power;
struct timesync;

struct agent {
	const char *priv_socket;	/* of vmt-priv */
	struct conf *conf;		/* another one after SIGHUP */
	VmtChannel *rpci;		/* NULL until it is first used, and after a change of transport */
	VmtTclo *tclo;			/* NULL while the host is not served */
	struct info *info;
	struct power *power;
	struct timesync *time;
};

/**
 * agent_rpc - ask the host for something, as text
 * @error: return location
 *
 * Returns TRUE if the host agreed.  May block for two seconds when the host is slow.
 */
gboolean agent_rpc(struct agent *agent, GError **error, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

/** agent_rpc_or_log - as agent_rpc() when nothing depends on the answer; a refusal is logged */
void agent_rpc_or_log(struct agent *agent, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** agent_rpc_bytes - the same with any bytes; returns the answer, new, or NULL and @error */
char *agent_rpc_bytes(struct agent *agent, const void *request, gsize len, gsize *ret_len,
		      GError **error);

/** agent_commands - the functions that serve the host, for vmt_tclo_new(); their data is the agent */
extern const VmtTcloFuncs agent_commands;

/**
 * agent_reopen - main.c: give the channels back and have others, by whatever way there is now
 *
 * It happens from the main loop, soon, so that it may be asked for from within a command.
 */
void agent_reopen(struct agent *agent);

/** agent_lost - main.c: the channel is gone for good; ends the main loop with a failure */
void agent_lost(struct agent *agent, const GError *error);

/** agent_contended - main.c: another program takes the channel away, or does no more */
void agent_contended(struct agent *agent, gboolean on);

#endif /* VMTKIT_AGENT_H */
