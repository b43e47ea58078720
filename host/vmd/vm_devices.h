/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm_devices.h - the models of one VM and their fronts
 */
#ifndef VMTKIT_HOST_VMD_VM_DEVICES_H
#define VMTKIT_HOST_VMD_VM_DEVICES_H

#include <limits.h>

struct faults;
struct front_server;
struct grpc;
struct recorder;
struct vfu;
struct vm_process;
struct vsu;

struct vm_devices {
	struct faults *faults;		/* that the models ask */
	struct grpc *grpc;
	struct recorder *recorder;
	struct front_server *front;
	struct vfu *vfu;		/* NULL with `vmci off`, and vsu too */
	struct vsu *vsu;
	char front_socket[PATH_MAX];
	char vmci_socket[PATH_MAX];
};

/*
 * vm_devices_new - make the models and listen for QEMU
 * @ret_text: ENGINE_TEXT_MAX bytes, on failure one line
 *
 * Returns 0 or -errno; on success @p->devices is set.
 */
int vm_devices_new(struct vm_process *p, char *ret_text);
void vm_devices_free(struct vm_devices *d);	/* NULL is fine; removes the sockets */

#endif /* VMTKIT_HOST_VMD_VM_DEVICES_H */
