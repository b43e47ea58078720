/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * power.h - the power operations of the host
 */
#ifndef VMTKIT_AGENT_POWER_H
#define VMTKIT_AGENT_POWER_H

#include <glib.h>

struct agent;
struct power;

struct power *power_new(struct agent *agent);
void power_free(struct power *power);		/* NULL is fine */

/**
 * power_request - from within a command of the host
 * @state: GRPC_STATE_...
 * @reply: the answer; the operation itself begins after it has left
 */
void power_request(struct power *power, guint state, GString *reply);

/** power_option - an option of the host; FALSE if it is not one of this part or its value is wrong */
gboolean power_option(struct power *power, const char *name, const char *value);

#endif /* VMTKIT_AGENT_POWER_H */
