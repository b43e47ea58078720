/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spec.c - what a virtual machine is made of
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/vmm/spec.h"

struct vm_spec *vm_spec_new(const char *name)
{
	struct vm_spec *vm = calloc(1, sizeof(*vm));

	if (!vm)
		return NULL;
	STAILQ_INIT(&vm->disks);
	STAILQ_INIT(&vm->shares);
	STAILQ_INIT(&vm->ports);
	STAILQ_INIT(&vm->guestinfo);
	STAILQ_INIT(&vm->qemu_args);
	STAILQ_INIT(&vm->faults);
	vm->memory = VM_MEMORY_DEFAULT;
	vm->qp_memory = VM_QP_MEMORY_DEFAULT;
	vm->cpus = 1;
	vm->name = strdup(name);
	if (!vm->name) {
		free(vm);
		return NULL;
	}
	return vm;
}

static void pairs_free(struct vm_pairs *list)
{
	struct vm_pair *p;

	while ((p = STAILQ_FIRST(list))) {
		STAILQ_REMOVE_HEAD(list, link);
		free(p->key);
		free(p->value);
		free(p);
	}
}

void vm_spec_free(struct vm_spec *vm)
{
	struct vm_disk *d;
	struct vm_share *s;

	if (!vm)
		return;
	while ((s = STAILQ_FIRST(&vm->shares))) {
		STAILQ_REMOVE_HEAD(&vm->shares, link);
		free(s->path);
		free(s);
	}
	while ((d = STAILQ_FIRST(&vm->disks))) {
		STAILQ_REMOVE_HEAD(&vm->disks, link);
		free(d->path);
		free(d);
	}
	pairs_free(&vm->ports);
	pairs_free(&vm->guestinfo);
	pairs_free(&vm->qemu_args);
	pairs_free(&vm->faults);
	free(vm->name);
	free(vm->kernel);
	free(vm->initrd);
	free(vm->append);
	free(vm->root);
	free(vm->command);
	free(vm->vsock);
	free(vm->console);
	free(vm->run_as);
	free(vm->uuid);
	free(vm);
}

int vm_pair_add(struct vm_pairs *list, const char *key, const char *value)
{
	struct vm_pair *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->key = strdup(key);
	p->value = strdup(value);
	if (!p->key || !p->value) {
		free(p->key);
		free(p->value);
		free(p);
		return -ENOMEM;
	}
	STAILQ_INSERT_TAIL(list, p, link);
	return 0;
}

static int path_check(const char *what, const char *path, int mode, bool folder, char *ret_text,
		      size_t size)
{
	struct stat st;
	int err = 0;

	if (stat(path, &st) < 0 || access(path, mode) < 0)
		err = -errno;
	else if (folder && !S_ISDIR(st.st_mode))
		err = -ENOTDIR;
	else if (!folder && S_ISDIR(st.st_mode))
		err = -EISDIR;
	if (err)
		snprintf(ret_text, size, "%s %s: %s", what, path, strerror(-err));
	return err;
}

static int file_check(const char *what, const char *path, int mode, char *ret_text, size_t size)
{
	return path_check(what, path, mode, false, ret_text, size);
}

int vm_spec_check(const struct vm_spec *vm, char *ret_text, size_t size)
{
	const struct vm_disk *d;
	const struct vm_share *s;
	int err = 0;

	if (vm->root)
		err = path_check("root", vm->root, X_OK, true, ret_text, size);
	STAILQ_FOREACH(s, &vm->shares, link)
		if (!err)
			err = path_check("share", s->path, X_OK, true, ret_text, size);

	if (!err && vm->kernel)
		err = file_check("kernel", vm->kernel, R_OK, ret_text, size);
	if (!err && vm->initrd)
		err = file_check("initrd", vm->initrd, R_OK, ret_text, size);
	STAILQ_FOREACH(d, &vm->disks, link) {
		if (!err)
			err = file_check("disk", d->path, d->readonly ? R_OK : R_OK | W_OK,
					 ret_text, size);
	}
	return err;
}
