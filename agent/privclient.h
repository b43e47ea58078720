/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * privclient.h - asks the privileged helper for one thing
 */
#ifndef VMTKIT_AGENT_PRIVCLIENT_H
#define VMTKIT_AGENT_PRIVCLIENT_H

#include <glib.h>

struct priv_call;

enum priv_result {
	PRIV_RESULT_OK,
	PRIV_RESULT_FAILED,	/* a script of the administrator failed */
	PRIV_RESULT_ERROR,	/* it was not done: the helper refused, broke or is not there */
};

/**
 * priv_call_new - ask, without waiting
 * @socket: path of the helper's socket
 * @verb: one of priv_verbs.h
 * @timeout_s: after so many seconds it has failed
 * @done: called once from the main loop; @error is NULL if the result is OK.  The call is freed after
 *
 * Returns the call, which is its own owner.
 */
struct priv_call *priv_call_new(const char *socket, const char *verb, guint timeout_s,
				void (*done)(enum priv_result result, const GError *error,
					     gpointer data),
				gpointer data);

/** priv_call_cancel - let go of a call that has not ended; its function is not called any more */
void priv_call_cancel(struct priv_call *call);

#endif /* VMTKIT_AGENT_PRIVCLIENT_H */
