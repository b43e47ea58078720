/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qemu_args.c - the command line of QEMU for one VM
 *
 * What each part is for:
 * - memory from a shared memfd: otherwise the vfio-user server gets no descriptors of it;
 * - q35 without QEMU's own VMware port and without default devices: the guest sees ours only;
 * - SMBIOS texts as VMware has them: half of the guests' checks look there;
 * - a sandbox, and an end together with the VM process: QEMU serves a hostile guest.
 * Values that come from vm.conf go into JSON where QEMU takes it, or have their commas doubled, so
 * that none can end early and begin an option of its own.
 *
 * A private root is used in place, through its own dynamic loader: no chroot, so no rights needed.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "host/base/bytes.h"
#include "host/vmm/qemu_args.h"

#define QEMU_NAME	"qemu-system-x86_64"

/* Takes @text, which may be NULL for "no memory". */
static void add_owned(struct qemu_args *a, char *text)
{
	if (!text && !a->err)
		a->err = -ENOMEM;
	if (text && a->argc == QEMU_ARGS_MAX && !a->err)
		a->err = -E2BIG;
	if (a->err)
		free(text);
	else
		a->argv[a->argc++] = text;
}

static void add(struct qemu_args *a, const char *text)
{
	add_owned(a, strdup(text));
}

static void add_option(struct qemu_args *a, const char *option, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void add_option(struct qemu_args *a, const char *option, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	add(a, option);
	add_owned(a, text);
}

/* Takes @obj. */
static void add_json(struct qemu_args *a, const char *option, struct json_object *obj)
{
	const char *text = obj ? json_object_to_json_string_ext(obj, JSON_C_TO_STRING_PLAIN |
								JSON_C_TO_STRING_NOSLASHESCAPE) : NULL;

	add(a, option);
	add_owned(a, text ? strdup(text) : NULL);
	json_object_put(obj);
}

/* QEMU's way to quote a comma; the result is the caller's. */
static char *commas_doubled(const char *text)
{
	char *out = malloc(2 * strlen(text) + 1), *p = out;

	if (!out)
		return NULL;
	for (; *text; text++) {
		*p++ = *text;
		if (*text == ',')
			*p++ = ',';
	}
	*p = '\0';
	return out;
}

void qemu_args_done(struct qemu_args *args)
{
	while (args->argc)
		free(args->argv[--args->argc]);
	memset(args, 0, sizeof(*args));
}

/* ---- the program -------------------------------------------------------------------------- */

static const char *const library_dirs[] = {
	"lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu", "lib64", "usr/lib64",
};

static const char *const module_dirs[] = {
	"usr/lib/x86_64-linux-gnu/qemu", "usr/lib64/qemu", "usr/lib/qemu",
};

static const char *const firmware_dirs[] = { "usr/share/qemu", "usr/share/seabios" };

static bool root_has(const char *root, const char *dir, char ret[PATH_MAX])
{
	int n = snprintf(ret, PATH_MAX, "%s/%s", root, dir);

	return n > 0 && n < PATH_MAX && !access(ret, F_OK);
}

static void add_library_path(struct qemu_args *a, const char *root)
{
	char dir[PATH_MAX], *text = NULL;
	size_t i, len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f) {
		a->err = -ENOMEM;
		return;
	}
	for (i = 0; i < ARRAY_SIZE(library_dirs); i++)
		if (root_has(root, library_dirs[i], dir))
			fprintf(f, "%s%s", ftell(f) ? ":" : "", dir);
	add(a, "--library-path");
	if (fclose(f)) {
		free(text);
		text = NULL;
	}
	add_owned(a, text);
}

static int root_program(const char *root, struct qemu_program *p, char *ret_text, size_t size)
{
	char path[PATH_MAX];
	size_t i;

	if (!root_has(root, "usr/bin/" QEMU_NAME, p->binary) ||
	    !root_has(root, "lib64/ld-linux-x86-64.so.2", path)) {
		snprintf(ret_text, size, "qemu-root %s: there is no %s in it", root,
			 *p->binary && access(p->binary, F_OK) ? "usr/bin/" QEMU_NAME :
								 "lib64/ld-linux-x86-64.so.2");
		return -ENOENT;
	}
	add(&p->start, path);
	add_library_path(&p->start, root);
	add(&p->start, p->binary);
	for (i = 0; !*p->module_dir && i < ARRAY_SIZE(module_dirs); i++)
		if (root_has(root, module_dirs[i], path))
			memcpy(p->module_dir, path, sizeof(path));
	return 0;
}

static int path_search(char ret[PATH_MAX])
{
	const char *dirs = getenv("PATH"), *end;

	for (; dirs && *dirs; dirs = *end ? end + 1 : end) {
		int n;

		end = strchrnul(dirs, ':');
		n = snprintf(ret, PATH_MAX, "%.*s/%s", (int)(end - dirs), dirs, QEMU_NAME);
		if (end > dirs && n > 0 && n < PATH_MAX && !access(ret, X_OK))
			return 0;
	}
	return -ENOENT;
}

int qemu_program_find(const struct qemu_spec *spec, struct qemu_program *ret, char *ret_text,
		      size_t size)
{
	int err = 0;

	memset(ret, 0, sizeof(*ret));
	if (spec->root) {
		err = root_program(spec->root, ret, ret_text, size);
	} else if (spec->binary) {
		snprintf(ret->binary, sizeof(ret->binary), "%s", spec->binary);
		add(&ret->start, spec->binary);
	} else if (path_search(ret->binary) < 0) {
		snprintf(ret_text, size, "there is no %s in PATH; set qemu or qemu-root in vm.conf",
			 QEMU_NAME);
		err = -ENOENT;
	} else {
		add(&ret->start, ret->binary);
	}
	if (!err && ret->start.err) {
		err = ret->start.err;
		snprintf(ret_text, size, "%s", strerror(-err));
	}
	if (err)
		qemu_args_done(&ret->start);
	return err;
}

void qemu_program_done(struct qemu_program *p)
{
	qemu_args_done(&p->start);
}

/* ---- the machine -------------------------------------------------------------------------- */

static void add_machine(struct qemu_args *a, const struct engine_input *in)
{
	const struct vm_spec *vm = in->vm;
	uint64_t mib = vm->memory >> 20;

	add_option(a, "-name", "%s", vm->name);
	add_option(a, "-accel", "tcg,thread=multi");
	add_option(a, "-cpu", "max");
	add_option(a, "-m", "%" PRIu64, mib);
	add_option(a, "-smp", "%u", vm->cpus);
	add_option(a, "-object", "memory-backend-memfd,id=m,size=%" PRIu64 "M,share=on", mib);
	add_option(a, "-machine", "q35,memory-backend=m,vmport=off,usb=off");
	add_option(a, "-display", "none");
	add(a, "-no-user-config");
	add(a, "-nodefaults");
	add_option(a, "-sandbox",
		   "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
	add_option(a, "-run-with", "exit-with-parent=on");
	if (vm->on_reboot == VM_ON_REBOOT_STOP)
		add_option(a, "-action", "reboot=shutdown");
}

/* The serial number spells the UUID in VMware's way: "VMware-56 4d ... 00-11 22 ... 33". */
static void add_smbios(struct qemu_args *a, const char *uuid)
{
	char serial[64];
	size_t out = 0, digits = 0;

	for (; *uuid; uuid++) {
		if (*uuid == '-')
			continue;
		serial[out++] = *uuid;
		digits++;
		if (digits == 16)
			serial[out++] = '-';
		else if (digits % 2 == 0 && digits < 32)
			serial[out++] = ' ';
	}
	serial[out] = '\0';
	add_option(a, "-smbios", "type=1,manufacturer=VMware,, Inc.,product=VMware Virtual Platform,"
		   "version=None,serial=VMware-%s", serial);
}

static void add_boot(struct qemu_args *a, const struct vm_spec *vm)
{
	if (!vm->kernel)
		return;
	add_option(a, "-kernel", "%s", vm->kernel);
	if (vm->initrd) {
		/* A comma would begin the next of several files. */
		add(a, "-initrd");
		add_owned(a, commas_doubled(vm->initrd));
	}
	if (vm->append)
		add_option(a, "-append", "%s", vm->append);
}

static struct json_object *object_of(const char *key, const char *value)
{
	struct json_object *obj = json_object_new_object();

	json_object_object_add(obj, key, json_object_new_string(value));
	return obj;
}

static void add_disk(struct qemu_args *a, const struct vm_disk *d, unsigned int i)
{
	struct json_object *node = object_of("driver", d->format == VM_DISK_QCOW2 ? "qcow2" : "raw");
	struct json_object *file = object_of("driver", "file");
	char name[16];

	snprintf(name, sizeof(name), "disk%u", i);
	json_object_object_add(file, "filename", json_object_new_string(d->path));
	json_object_object_add(file, "read-only", json_object_new_boolean(d->readonly));
	json_object_object_add(node, "node-name", json_object_new_string(name));
	json_object_object_add(node, "read-only", json_object_new_boolean(d->readonly));
	json_object_object_add(node, "file", file);
	add_json(a, "-blockdev", node);
	add_option(a, "-device", "virtio-blk-pci,drive=%s", name);
}

static void add_ports(struct qemu_args *a, const struct vm_spec *vm, const int *fds)
{
	const struct vm_pair *port;
	unsigned int i = 0;

	if (STAILQ_EMPTY(&vm->ports))
		return;
	add_option(a, "-device", "virtio-serial-pci,id=ports,max_ports=31");
	STAILQ_FOREACH(port, &vm->ports, link) {
		add_option(a, "-add-fd", "fd=%d,set=%u", fds[i], i + 1);
		add_option(a, "-chardev", "file,id=port%u,path=/dev/fdset/%u,append=on", i, i + 1);
		add_option(a, "-device", "virtserialport,bus=ports.0,chardev=port%u,name=%s", i,
			   port->key);
		i++;
	}
}

/* A slot that is not the root bus itself is one that a device can be taken out of. */
static void add_vmci(struct qemu_args *a, const char *path, bool removable)
{
	struct json_object *device = object_of("driver", "vfio-user-pci");
	struct json_object *socket = object_of("type", "unix");

	if (removable) {
		add_option(a, "-device", "pcie-root-port,id=vmci.port,chassis=1,slot=1");
		json_object_object_add(device, "bus", json_object_new_string("vmci.port"));
	}
	json_object_object_add(device, "id", json_object_new_string("vmci"));
	json_object_object_add(socket, "path", json_object_new_string(path));
	json_object_object_add(device, "socket", socket);
	add_json(a, "-device", device);
}

static void add_plugin(struct qemu_args *a, const char *plugin, const char *path)
{
	char *file = commas_doubled(plugin), *socket = commas_doubled(path);

	if (file && socket)
		add_option(a, "-plugin", "%s,socket=%s", file, socket);
	else
		a->err = -ENOMEM;
	free(file);
	free(socket);
}

int qemu_args_build(const struct engine_input *in, const struct qemu_program *program,
		    const struct qemu_fds *fds, struct qemu_args *ret)
{
	const struct vm_spec *vm = in->vm;
	const struct vm_disk *d;
	const struct vm_pair *arg;
	char path[PATH_MAX];
	unsigned int i = 0;
	size_t n;

	memset(ret, 0, sizeof(*ret));
	for (n = 0; n < program->start.argc; n++)
		add(ret, program->start.argv[n]);
	for (n = 0; in->qemu->root && n < ARRAY_SIZE(firmware_dirs); n++)
		if (root_has(in->qemu->root, firmware_dirs[n], path))
			add_option(ret, "-L", "%s", path);
	add_machine(ret, in);
	add_option(ret, "-uuid", "%s", in->uuid);
	add_smbios(ret, in->uuid);
	add_boot(ret, vm);
	add_option(ret, "-chardev", "socket,id=qmp,fd=%d", fds->qmp);
	add_option(ret, "-object", "monitor-qmp,id=monitor,chardev=qmp");
	add_option(ret, "-chardev", "socket,id=console,fd=%d", fds->console);
	add_option(ret, "-serial", "chardev:console");
	STAILQ_FOREACH(d, &vm->disks, link)
		add_disk(ret, d, i++);
	add_ports(ret, vm, fds->ports);
	if (vm->network) {
		add_option(ret, "-netdev", "user,id=net0%s", vm->restricted ? ",restrict=on" : "");
		add_option(ret, "-device", "virtio-net-pci,netdev=net0,romfile=");
	}
	if (in->vmci_socket)
		add_vmci(ret, in->vmci_socket, vm->removable);
	if (in->front_socket)
		add_plugin(ret, in->qemu->plugin, in->front_socket);
	STAILQ_FOREACH(arg, &vm->qemu_args, link)
		add(ret, arg->key);
	return ret->err;
}
