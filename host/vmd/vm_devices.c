/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm_devices.c - the models of one VM and their fronts
 *
 *	GuestRPC model <- front server <- plugin in QEMU
 *	VMCI device    <- vfio-user    <- QEMU
 *	vSockets       <- VMCI device, and UNIX sockets of the host
 *
 * The front server and the vSockets glue hold pointers into the models, so they go first.  What the
 * models and fronts tell is logged here, escaped, or passed to the parent as a change of state.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <event2/event.h>

#include "host/base/fd.h"
#include "host/base/log.h"
#include "host/model/fault.h"
#include "host/model/guestrpc.h"
#include "host/model/vmci.h"
#include "host/vfio_user/vfu.h"
#include "host/vmd/vm_devices.h"
#include "host/vmd/vm_faults.h"
#include "host/vmd/vm_process.h"
#include "host/vmd/vm_record.h"
#include "host/vmm/engine.h"
#include "host/vmm/front_server.h"
#include "host/vmm/vsock_unix.h"
#include "wire/backdoor.h"

static const char *escape(char ret[512], const char *text)
{
	return log_escape(ret, 512, text, strlen(text));
}

/* ---- GuestRPC ----------------------------------------------------------------------------- */

static void tools_changed(struct vm_process *p)
{
	static const char *const words[] = {
		[GRPC_TOOLS_NONE] = "no agent",
		[GRPC_TOOLS_STARTING] = "an agent has come",
		[GRPC_TOOLS_RUNNING] = "the agent is running",
		[GRPC_TOOLS_GONE] = "the agent has gone",
	};
	enum grpc_tools state = grpc_tools_state(p->devices->grpc);

	if (vm_log_allows(p))
		log_info("%s", words[state]);
	vm_state_changed(p);
	if (state == GRPC_TOOLS_RUNNING)
		vm_agent_runs(p);
}

static void power_told(const struct grpc_event *ev)
{
	static const char *const words[] = {
		[GRPC_STATE_HALT] = "power off",
		[GRPC_STATE_REBOOT] = "reboot",
		[GRPC_STATE_POWER_ON] = "power on",
		[GRPC_STATE_RESUME] = "resume",
		[GRPC_STATE_SUSPEND] = "suspend",
	};
	const char *word = ev->what < sizeof(words) / sizeof(words[0]) ? words[ev->what] : NULL;

	log_info("the agent's scripts for %s %s", word ? word : "an unknown operation",
		 ev->ok ? "ended well" : "failed");
}

static void grpc_event(void *data, const struct grpc_event *ev)
{
	struct vm_process *p = data;
	char text[512];

	switch (ev->type) {
	case GRPC_EVENT_TOOLS:
		tools_changed(p);
		break;
	case GRPC_EVENT_REPORT:
		vm_state_changed(p);
		break;
	case GRPC_EVENT_POWER:
		if (vm_log_allows(p))
			power_told(ev);
		break;
	case GRPC_EVENT_VAR:
		log_debug("the guest set %s", escape(text, ev->text));
		break;
	case GRPC_EVENT_OPTION:
		if (vm_log_allows(p))
			log_info("the guest asks for option %s", escape(text, ev->text));
		break;
	case GRPC_EVENT_LOG:
		log_info("guest: %s", escape(text, ev->text));
		break;
	case GRPC_EVENT_RESET:
		if (vm_log_allows(p))
			log_info("the guest starts anew");
		vm_state_changed(p);
		break;
	}
}

static const struct grpc_ops grpc_ops = { .now_ms = front_now_ms, .event = grpc_event };

static int variables_set(struct grpc *g, const struct vm_spec *vm)
{
	const struct vm_pair *pair;
	int err = 0;

	STAILQ_FOREACH(pair, &vm->guestinfo, link)
		if (!err)
			err = grpc_var_set(g, pair->key, pair->value, strlen(pair->value),
					   GRPC_VAR_CONFIG);
	return err;
}

/* A plugin that gives up while QEMU goes on says so itself, on QEMU's standard error. */
static void front_told(void *data, enum front_change what, const char *why)
{
	char text[512];

	switch (what) {
	case FRONT_CAME:
		log_debug("the backdoor is connected");
		return;
	case FRONT_GONE:
		log_debug("the backdoor: %s", escape(text, why));
		return;
	case FRONT_CUT_OFF:
		log_warn("the backdoor: %s", escape(text, why));
		return;
	}
}

/* A guest that says so again and again fills no log. */
static void guest_crashed(void *data)
{
	struct vm_process *p = data;
	struct front_stats stats;

	front_server_stats(p->devices->front, &stats);
	if (stats.crashes == 1)
		log_warn("the guest says that its kernel panicked");
	else
		log_debug("the guest says that its kernel panicked, for the %" PRIu64 ". time",
			  stats.crashes);
}

static uint32_t hypercall_offer(enum vm_backdoor backdoor)
{
	switch (backdoor) {
	case VM_BACKDOOR_PORT:
		return 0;
	case VM_BACKDOOR_VMCALL:
		return BDOOR_CPUID_ECX_VMCALL;
	case VM_BACKDOOR_VMMCALL:
		return BDOOR_CPUID_ECX_VMMCALL;
	}
	return 0;
}

static const struct front_server_ops front_ops = { .front = front_told, .crashed = guest_crashed };

static void uuid_bytes(const char *text, uint8_t ret[16])
{
	unsigned int byte;
	size_t i;

	for (i = 0; i < 16; i++) {
		if (*text == '-')
			text++;
		sscanf(text, "%2x", &byte);
		ret[i] = (uint8_t)byte;
		text += 2;
	}
}

static int guestrpc_new(struct vm_process *p)
{
	struct vm_devices *d = p->devices;
	const struct grpc_config config = { .faults = d->faults };
	struct front_params params = { .memory_mib = (uint32_t)(p->vm->memory >> 20),
				       .vcpus = p->vm->cpus,
				       .hypercall = hypercall_offer(p->vm->backdoor),
				       .faults = d->faults };
	int fd, err;

	uuid_bytes(p->vm->uuid, params.uuid);
	d->grpc = grpc_new(&config, &grpc_ops, p);
	if (!d->grpc)
		return -ENOMEM;
	d->recorder = recorder_new(p->base, d->grpc);
	if (!d->recorder)
		return -ENOMEM;
	err = variables_set(d->grpc, p->vm);
	if (err)
		return err;
	fd = unix_listen(d->front_socket, SOCK_SEQPACKET | SOCK_NONBLOCK, 0600);
	if (fd < 0)
		return fd;
	d->front = front_server_new(p->base, fd, d->grpc, &params, &front_ops, p);
	return d->front ? 0 : -errno;
}

/* ---- VMCI --------------------------------------------------------------------------------- */

static void vfu_gone(void *data, const char *why)
{
	char text[512];

	log_debug("the VMCI device: %s", escape(text, why));
}

static void vfu_trouble(void *data, const char *text)
{
	char escaped[512];

	log_warn("the VMCI device: %s", escape(escaped, text));
}

static const struct vfu_ops vfu_ops = { .disconnected = vfu_gone, .trouble = vfu_trouble };

static int vmci_new_device(struct vm_process *p)
{
	struct vm_devices *d = p->devices;
	static const enum vmci_interrupts interrupts[] = {
		[VM_INTERRUPTS_MSIX] = VMCI_INTERRUPTS_MSIX,
		[VM_INTERRUPTS_MSI] = VMCI_INTERRUPTS_MSI,
		[VM_INTERRUPTS_INTX] = VMCI_INTERRUPTS_INTX,
	};
	const struct vmci_config config = {
		.cid = p->vm->cid,
		.interrupts = interrupts[p->vm->interrupts],
		.mode = p->vm->vmci == VM_VMCI_PORT ? VMCI_MODE_PORT : VMCI_MODE_DMA,
		.qp_memory = p->vm->qp_memory,
		.faults = d->faults,
	};
	int fd = unix_listen(d->vmci_socket, SOCK_STREAM | SOCK_NONBLOCK, 0600);

	if (fd < 0)
		return fd;
	d->vfu = vfu_new(p->base, fd, &config, &vfu_ops, p);
	return d->vfu ? 0 : -errno;
}

static int vsock_new(struct vm_process *p)
{
	const struct vsu_config config = {
		.base = p->base,
		.dev = vfu_device(p->devices->vfu),
		.path = p->vsock,
		.qp_memory = p->vm->qp_memory,
	};

	return vsu_new(&config, &p->devices->vsu);
}

/* ---- both --------------------------------------------------------------------------------- */

int vm_devices_new(struct vm_process *p, char *ret_text)
{
	struct vm_devices *d = calloc(1, sizeof(*d));
	int err;

	if (!d)
		return vm_fault(ret_text, -ENOMEM, "devices", "");
	p->devices = d;
	d->faults = vm_faults_new(p->vm);
	if (!d->faults)
		return vm_fault(ret_text, -ENOMEM, "devices", "");
	if (snprintf(d->front_socket, PATH_MAX, "%s/front.sock", p->dir) >= PATH_MAX ||
	    snprintf(d->vmci_socket, PATH_MAX, "%s/vmci.sock", p->dir) >= PATH_MAX)
		return vm_fault(ret_text, -ENAMETOOLONG, "state-dir", p->dir);
	err = guestrpc_new(p);
	if (err)
		return vm_fault(ret_text, err, "backdoor", d->front_socket);
	if (p->vm->vmci == VM_VMCI_OFF)
		return 0;
	err = vmci_new_device(p);
	if (err)
		return vm_fault(ret_text, err, "VMCI device", d->vmci_socket);
	err = vsock_new(p);
	return err ? vm_fault(ret_text, err, "vsock", p->vsock) : 0;
}

void vm_devices_free(struct vm_devices *d)
{
	if (!d)
		return;
	vsu_free(d->vsu);
	vfu_free(d->vfu);
	front_server_free(d->front);
	recorder_free(d->recorder);
	grpc_free(d->grpc);
	faults_free(d->faults);
	unlink(d->front_socket);
	unlink(d->vmci_socket);
	free(d);
}
