/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spec.h - what a virtual machine is made of, as vm.conf says it
 *
 * Plain data, checked when it was read: an engine may rely on the ranges named here.  Strings and
 * list entries belong to their struct; vm_spec_free() frees all.
 */
#ifndef VMTKIT_HOST_VMM_SPEC_H
#define VMTKIT_HOST_VMM_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#define VM_NAME_MAX		63		/* bytes: letters, digits, '.', '_', '-' */
#define VM_MEMORY_MIN		(32ull << 20)	/* bytes, whole MiB */
#define VM_MEMORY_MAX		(1ull << 40)
#define VM_MEMORY_DEFAULT	(512ull << 20)
#define VM_CPUS_MAX		64
#define VM_APPEND_MAX		2047		/* bytes; Linux on x86 keeps no more */
#define VM_DISKS_MAX		16
#define VM_SHARES_MAX	16
#define VM_COMMAND_MAX	4095		/* bytes */
#define VM_PORTS_MAX		16
#define VM_QP_MEMORY_MIN	(64ull << 10)	/* bytes, whole pages */
#define VM_QP_MEMORY_MAX	(1ull << 30)
#define VM_QP_MEMORY_DEFAULT	(128ull << 20)
#define VM_GUESTINFO_KEY_MAX	127		/* bytes */
#define VM_GUESTINFO_MAX	65000		/* bytes of one value */

enum vm_engine {
	VM_ENGINE_QEMU,
	VM_ENGINE_PROCESS,	/* a container, and no machine */
};

enum vm_vmci {
	VM_VMCI_DMA,
	VM_VMCI_PORT,
	VM_VMCI_OFF,
};

/* What CPUID offers for calls of the backdoor; the port serves whatever it says. */
enum vm_backdoor {
	VM_BACKDOOR_PORT,
	VM_BACKDOOR_VMCALL,
	VM_BACKDOOR_VMMCALL,
};

enum vm_interrupts {
	VM_INTERRUPTS_MSIX,
	VM_INTERRUPTS_MSI,
	VM_INTERRUPTS_INTX,
};

enum vm_on_reboot {
	VM_ON_REBOOT_RESTART,	/* in place, as a machine does */
	VM_ON_REBOOT_STOP,	/* the VM ends: for tests that end in a reboot or panic */
};

enum vm_disk_format {
	VM_DISK_RAW,
	VM_DISK_QCOW2,
};

struct vm_disk {
	STAILQ_ENTRY(vm_disk) link;
	char *path;
	bool readonly;
	enum vm_disk_format format;
};

/* Two texts that belong together: a port and its file, a guestinfo key and its value. */
struct vm_pair {
	STAILQ_ENTRY(vm_pair) link;
	char *key;
	char *value;
};

/* A folder of the machine that a container sees at the same path. */
struct vm_share {
	STAILQ_ENTRY(vm_share) link;
	char *path;
	bool writable;
};

STAILQ_HEAD(vm_shares, vm_share);
STAILQ_HEAD(vm_disks, vm_disk);
STAILQ_HEAD(vm_pairs, vm_pair);

struct vm_spec {
	char *name;
	enum vm_engine engine;
	bool disabled;		/* not started with the daemon */
	uint64_t memory;	/* bytes */
	unsigned int cpus;
	char *kernel, *initrd, *append;	/* NULL: not given */
	struct vm_disks disks;
	struct vm_pairs ports;		/* virtio-serial name -> path */
	char *root, *command;		/* of a container: system folders, for the shell */
	struct vm_shares shares;	/* of a container */
	struct vm_pairs guestinfo;	/* key with "guestinfo." -> value */
	struct vm_pairs qemu_args;	/* key only */
	struct vm_pairs faults;		/* key only: lines of host/model/fault.h */
	uint32_t cid;		/* 0: chosen by the daemon */
	enum vm_vmci vmci;
	enum vm_backdoor backdoor;
	enum vm_interrupts interrupts;	/* of the VMCI device */
	bool removable;		/* the VMCI device is in a slot of its own, vmci.port */
	uint64_t qp_memory;	/* bytes */
	char *vsock;		/* base path of the UNIX sockets; NULL: in the VM's folder */
	char *console;		/* path of the console log; NULL: in the VM's folder */
	char *run_as;		/* user or number; NULL: vmd's own */
	char *uuid;		/* 36 characters; NULL: made from the name */
	bool network;		/* interface user: behind QEMU's own address translation */
	bool restricted;	/* ... which reaches nothing outside */
	enum vm_on_reboot on_reboot;
};

/* Which QEMU to run; NULL members: QEMU from PATH, no private root, plugin as installed. */
struct qemu_spec {
	char *binary;
	char *root;
	char *plugin;
};

/* vm_spec_new - defaults and a copied name; NULL when memory is short */
struct vm_spec *vm_spec_new(const char *name);
void vm_spec_free(struct vm_spec *vm);

/* vm_pair_add - append copies of two texts; 0 or -ENOMEM */
int vm_pair_add(struct vm_pairs *list, const char *key, const char *value);

/*
 * vm_spec_check - whether the files that it names can be used
 * @ret_text: on failure a message of one line; its size is at least 256
 *
 * Returns 0 or -errno of the first failure.
 */
int vm_spec_check(const struct vm_spec *vm, char *ret_text, size_t size);

#endif /* VMTKIT_HOST_VMM_SPEC_H */
