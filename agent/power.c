/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * power.c - the power operations of the host
 *
 *	IDLE	-> request -> ANSWERING: the reply is on its way
 *	ANSWERING -> it has left -> SCRIPT: the administrator's scripts run, unless the host has
 *		switched them off
 *	SCRIPT	-> they ended -> ACTING: the machine is switched off or rebooted, if that was asked for
 *	ACTING	-> the helper answered -> IDLE, and the host is told how it went
 *
 * A request meanwhile is refused; only a power off or reboot takes the place of what needs nothing but
 * scripts, because those of a start may take longer than a host waits.  Scripts that fail are a veto: the host is told of a failure and
 * nothing is done.  The same request once more overrules them; the scripts run again, for what they
 * do.  A helper that cannot run them is no veto.
 *
 * Where there is a driver, it is told before the reply what is about to happen: should this process die
 * on the way, the driver does it.  It is the way out too when the helper fails: the channel is given
 * back with the operation still declared.
 */
#include <string.h>

#include <wire/guestrpc.h>

#include "agent/agent.h"
#include "agent/power.h"
#include "agent/priv_verbs.h"
#include "agent/privclient.h"

#define SCRIPT_TIMEOUT_S	75	/* the unit's own is 60 */
#define ACTION_TIMEOUT_S	20

enum power_state { POWER_IDLE, POWER_ANSWERING, POWER_SCRIPT, POWER_ACTING };

/* By GRPC_STATE_... */
static const struct {
	const char *title;
	const char *script;	/* verbs */
	const char *action;	/* NULL: nothing for this machine to do */
	const char *option;	/* of the host: whether scripts run */
	VmtPower declare;
} ops[] = {
	[GRPC_STATE_HALT] = { "power off", PRIV_SCRIPT_POWEROFF, PRIV_POWEROFF,
			      "toolScripts.beforePowerOff", VMT_POWER_OP_HALT },
	[GRPC_STATE_REBOOT] = { "reboot", PRIV_SCRIPT_POWEROFF, PRIV_REBOOT,
				"toolScripts.beforePowerOff", VMT_POWER_OP_REBOOT },
	[GRPC_STATE_POWER_ON] = { "power on", PRIV_SCRIPT_POWERON, NULL,
				  "toolScripts.afterPowerOn", VMT_POWER_OP_NONE },
	[GRPC_STATE_RESUME] = { "resume", PRIV_SCRIPT_RESUME, NULL,
				"toolScripts.afterResume", VMT_POWER_OP_NONE },
	[GRPC_STATE_SUSPEND] = { "suspend", PRIV_SCRIPT_SUSPEND, NULL,
				 "toolScripts.beforeSuspend", VMT_POWER_OP_NONE },
};

struct power {
	struct agent *agent;
	enum power_state state;
	guint op;			/* GRPC_STATE_..., unless IDLE */
	guint vetoed;			/* the op whose scripts failed last; 0: none */
	gboolean declared;		/* the driver knows */
	gboolean no_script[G_N_ELEMENTS(ops)];
	struct priv_call *call;		/* in SCRIPT and ACTING */
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

static void finish(struct power *power, gboolean ok)
{
	agent_rpc_or_log(power->agent, GRPC_STATECHANGE_STATUS " %d %u", ok, power->op);
	power->state = POWER_IDLE;
}

static void action_done(enum priv_result result, const GError *error, gpointer data)
{
	struct power *power = data;

	power->call = NULL;
	if (result == PRIV_RESULT_OK) {
		finish(power, TRUE);
		return;
	}
	g_warning("%s: vmt-priv: %s%s", ops[power->op].title, error->message,
		  power->declared ? ": leaving it to the driver" : "");
	finish(power, power->declared);
	if (power->declared)
		agent_reopen(power->agent);
}

static void act(struct power *power)
{
	const char *verb = ops[power->op].action;

	power->vetoed = 0;
	if (!verb) {
		finish(power, TRUE);
		return;
	}
	power->state = POWER_ACTING;
	power->call = priv_call_new(power->agent->priv_socket, verb, ACTION_TIMEOUT_S, action_done,
				    power);
}

static void veto(struct power *power)
{
	power->vetoed = power->op;
	if (power->declared)
		(void)vmt_tclo_declare_power(power->agent->tclo, VMT_POWER_OP_NONE);
	finish(power, FALSE);
}

static void script_done(enum priv_result result, const GError *error, gpointer data)
{
	struct power *power = data;

	power->call = NULL;
	if (error)
		g_warning("%s: vmt-priv: %s", ops[power->op].title, error->message);
	if (result == PRIV_RESULT_FAILED && power->vetoed != power->op)
		veto(power);
	else
		act(power);
}

static void begin(gpointer data)
{
	struct power *power = data;

	g_message("the host asks for: %s", ops[power->op].title);
	if (power->no_script[power->op]) {
		act(power);
		return;
	}
	power->state = POWER_SCRIPT;
	power->call = priv_call_new(power->agent->priv_socket, ops[power->op].script,
				    SCRIPT_TIMEOUT_S, script_done, power);
}

/* Makes room for a power off or reboot; FALSE if what goes on is one itself */
static gboolean supersede(struct power *power, guint op)
{
	if (!ops[op].action || ops[power->op].action || power->state != POWER_SCRIPT)
		return FALSE;
	g_message("%s: not waiting for its scripts any longer", ops[power->op].title);
	priv_call_cancel(power->call);
	power->call = NULL;
	power->state = POWER_IDLE;
	return TRUE;
}

void power_request(struct power *power, guint op, GString *reply)
{
	if (power->state != POWER_IDLE && !supersede(power, op)) {
		g_string_append(reply, GRPC_TCLO_ERROR "State change already in progress");
		return;
	}
	power->state = POWER_ANSWERING;
	power->op = op;
	power->declared = ops[op].declare != VMT_POWER_OP_NONE &&
			  vmt_tclo_declare_power(power->agent->tclo, ops[op].declare);
	vmt_tclo_after_reply(power->agent->tclo, begin, power);
	g_string_append(reply, GRPC_TCLO_OK);
}

gboolean power_option(struct power *power, const char *name, const char *value)
{
	gboolean known = FALSE;
	guint i;

	if (strcmp(value, "0") && strcmp(value, "1"))
		return FALSE;
	for (i = 0; i < G_N_ELEMENTS(ops); i++)
		if (ops[i].option && !strcmp(name, ops[i].option)) {
			power->no_script[i] = *value == '0';
			known = TRUE;
		}
	return known;
}
