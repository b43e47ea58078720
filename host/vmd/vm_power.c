/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm_power.c - power operations that the agent in the guest takes part in
 *
 *	halt, reboot	the agent is told, and does it
 *	suspend		the agent is told; when it has agreed the processors stop.  A pause in memory,
 *			never a saved image
 *	resume		the processors go on; every channel sees a checkpoint, as after a restore; the agent
 *			and the VMCI driver are told
 */
#include <errno.h>
#include <string.h>

#include <json-c/json.h>

#include "host/base/bytes.h"
#include "host/base/log.h"
#include "host/model/guestrpc.h"
#include "host/model/vmci.h"
#include "host/vfio_user/vfu.h"
#include "host/vmd/vm_client.h"
#include "host/vmd/vm_devices.h"
#include "host/vmm/engine.h"
#include "host/vmm/front_server.h"

static bool reply_is_ok(const char *reply)
{
	return !strncmp(reply, GRPC_TCLO_OK, strlen(GRPC_TCLO_OK));
}

static void told(void *data, int err, const char *reply, size_t len)
{
	struct vm_client *cl = data;
	char text[256] = "the agent refused: ";
	size_t have = strlen(text);

	cl->grpc_id = 0;
	if (err) {
		vm_client_agent_error(cl, err);
	} else if (!reply_is_ok(reply)) {
		log_escape(text + have, sizeof(text) - have, reply, len);
		vm_client_error(cl, CTL_CODE_FAILED, text);
	} else {
		vm_client_ok(cl, NULL);
	}
}

static void halt_told(void *data, int err, const char *reply, size_t len)
{
	struct vm_client *cl = data;

	if (err || !reply_is_ok(reply)) {
		cl->p->stopping = false;
		vm_state_changed(cl->p);
	}
	told(data, err, reply, len);
}

static void tell(struct vm_client *cl, unsigned int state, grpc_done_fn done)
{
	long id = grpc_power(cl->p->devices->grpc, state, cl->timeout_ms, done, cl);

	if (id < 0)
		done(cl, (int)id, "", 0);
	else if (!cl->under_way)
		cl->grpc_id = id;
}

/* ---- suspend and resume ------------------------------------------------------------------- */

static void paused(void *data, int err, const char *text)
{
	struct vm_client *cl = data;

	if (err)
		vm_client_error(cl, CTL_CODE_FAILED, text);
	else
		vm_client_ok(cl, NULL);
}

static void suspend_agreed(void *data, int err, const char *reply, size_t len)
{
	struct vm_client *cl = data;

	if (err || !reply_is_ok(reply)) {
		told(cl, err, reply, len);
		return;
	}
	err = engine_order(cl->p->engine, ENGINE_PAUSE, paused, cl);
	if (err)
		vm_client_error(cl, CTL_CODE_FAILED, strerror(-err));
}

static void resumed(void *data, int err, const char *text)
{
	struct vm_client *cl = data;
	struct vm_devices *d = cl->p->devices;

	if (err) {
		vm_client_error(cl, CTL_CODE_FAILED, text);
		return;
	}
	front_server_checkpoint(d->front);
	if (grpc_power(d->grpc, GRPC_STATE_RESUME, cl->timeout_ms, NULL, NULL) < 0)
		log_info("there is no agent to be told of the resume");
	if (d->vfu)
		vmci_resume(vfu_device(d->vfu));
	vm_client_ok(cl, NULL);
}

static void resume(struct vm_client *cl)
{
	int err;

	if (cl->p->state != VM_PAUSED) {
		vm_client_error(cl, CTL_CODE_FAILED, "it is not suspended");
		return;
	}
	cl->under_way = true;
	err = engine_order(cl->p->engine, ENGINE_RESUME, resumed, cl);
	if (err)
		vm_client_error(cl, CTL_CODE_FAILED, strerror(-err));
}

void vm_power(struct vm_client *cl, enum ctl_power what, uint32_t timeout_ms)
{
	cl->timeout_ms = timeout_ms;
	switch (what) {
	case CTL_POWER_HALT:
		cl->p->stopping = true;
		vm_state_changed(cl->p);
		tell(cl, GRPC_STATE_HALT, halt_told);
		return;
	case CTL_POWER_REBOOT:
		tell(cl, GRPC_STATE_REBOOT, told);
		return;
	case CTL_POWER_SUSPEND:
		/* It goes on when the client hangs up: half a suspend is none. */
		cl->under_way = true;
		tell(cl, GRPC_STATE_SUSPEND, suspend_agreed);
		return;
	case CTL_POWER_RESUME:
		resume(cl);
		return;
	case CTL_POWER_COUNT:
		break;
	}
	vm_client_error(cl, CTL_CODE_FAILED, "its process does not know this power operation");
}
