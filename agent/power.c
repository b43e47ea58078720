/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * power.c - the power operations of the host
 *
 *	IDLE	-> request -> ANSWERING: the reply is on its way
 *	ANSWERING -> it has left -> ASKING: the helper is asked
 *	ASKING	-> the helper answered -> IDLE, and the host is told how it went
 *
 * A request meanwhile is refused.  Where there is a driver, it is told before the reply what is about
 * to happen: should this process die on the way, the driver does it.  It is the way out too when the
 * helper fails: the channel is given back with the operation still declared.
 *
 * Suspend, resume and power-on need nothing done by this machine: the host is answered and told so.
 */
#include <string.h>

#include <wire/guestrpc.h>

#include "agent/agent.h"
#include "agent/power.h"
#include "agent/priv_verbs.h"
#include "agent/privclient.h"

#define HELPER_TIMEOUT_S	20

enum power_state { POWER_IDLE, POWER_ANSWERING, POWER_ASKING };

struct power {
	struct agent *agent;
	enum power_state state;
	guint op;			/* GRPC_STATE_..., unless IDLE */
	gboolean declared;		/* the driver knows */
	struct priv_call *call;		/* in ASKING with a helper */
};

struct power *power_new(struct agent *agent)
{
	struct power *power = g_new0(struct power, 1);

	power->agent = agent;
	return power;
}

void power_free(struct power *power)
{
	if (!power)
		return;
	if (power->call)
		priv_call_cancel(power->call);
	g_free(power);
}

static void tell(struct power *power, gboolean ok)
{
	agent_rpc_or_log(power->agent, GRPC_STATECHANGE_STATUS " %d %u", ok, power->op);
	power->state = POWER_IDLE;
}

static void helper_done(const GError *error, gpointer data)
{
	struct power *power = data;

	power->call = NULL;
	if (!error) {
		tell(power, TRUE);
		return;
	}
	if (power->declared) {
		g_warning("vmt-priv: %s: leaving it to the driver", error->message);
		tell(power, TRUE);
		agent_reopen(power->agent);
		return;
	}
	g_warning("vmt-priv: %s: the machine goes on", error->message);
	tell(power, FALSE);
}

static void begin(gpointer data)
{
	struct power *power = data;
	const char *verb = power->op == GRPC_STATE_HALT ? PRIV_POWEROFF :
			   power->op == GRPC_STATE_REBOOT ? PRIV_REBOOT : NULL;

	power->state = POWER_ASKING;
	if (!verb) {
		tell(power, TRUE);
		return;
	}
	g_message("the host asks for %s", verb);
	power->call = priv_call_new(power->agent->priv_socket, verb, HELPER_TIMEOUT_S, helper_done,
				    power);
}

void power_request(struct power *power, guint op, GString *reply)
{
	if (power->state != POWER_IDLE) {
		g_string_append(reply, GRPC_TCLO_ERROR "State change already in progress");
		return;
	}
	power->state = POWER_ANSWERING;
	power->op = op;
	power->declared = (op == GRPC_STATE_HALT || op == GRPC_STATE_REBOOT) &&
			  vmt_tclo_declare_power(power->agent->tclo, op == GRPC_STATE_HALT ?
						 VMT_POWER_OP_HALT : VMT_POWER_OP_REBOOT);
	vmt_tclo_after_reply(power->agent->tclo, begin, power);
	g_string_append(reply, GRPC_TCLO_OK);
}

gboolean power_option(struct power *power, const char *name, const char *value)
{
	static const char *const names[] = {
		"toolScripts.afterPowerOn", "toolScripts.afterResume",
		"toolScripts.beforePowerOff", "toolScripts.beforeSuspend",
	};
	guint i;

	for (i = 0; i < G_N_ELEMENTS(names); i++)
		if (!strcmp(name, names[i]))
			return !strcmp(value, "0") || !strcmp(value, "1");
	return FALSE;
}
