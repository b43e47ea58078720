/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * identity.c - what a VM keeps by its name: context id, user and UUID
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/fd.h"
#include "host/vmd/conf.h"
#include "host/vmd/identity.h"

/* FNV-1a of 64 bits; @seed makes a second, independent half. */
static uint64_t name_hash(const char *name, uint64_t seed)
{
	uint64_t h = 0xcbf29ce484222325ull ^ seed;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 0x100000001b3ull;
	return h ^ h >> 29;
}

/* A number that a VM keeps. */
struct kind {
	const char *suffix;		/* of its file */
	uint32_t first, count;
	uint32_t (*of)(const struct vm_spec *vm);	/* 0: has none */
};

static uint32_t cid_of(const struct vm_spec *vm)
{
	return vm->cid;
}

static uint32_t uid_of(const struct vm_spec *vm)
{
	return vm->run_as ? (uint32_t)strtoul(vm->run_as, NULL, 10) : 0;
}

static const struct kind cid_kind = { "cid", IDENTITY_CID_FIRST, IDENTITY_CID_COUNT, cid_of };
static const struct kind uid_kind = { "uid", IDENTITY_UID_FIRST, IDENTITY_UID_COUNT, uid_of };

static bool taken(const struct conf *conf, const struct kind *kind, uint32_t number)
{
	const struct conf_vm *v;

	STAILQ_FOREACH(v, &conf->vms, link)
		if (kind->of(v->spec) == number)
			return true;
	return false;
}

/* No VM's name begins with a dot. */
static int number_path(const struct conf *conf, const char *name, const struct kind *kind,
		       char ret[PATH_MAX])
{
	int n = snprintf(ret, PATH_MAX, "%s/.ids/%s.%s", conf->state_dir, name, kind->suffix);

	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static uint32_t number_load(const struct conf *conf, const char *name, const struct kind *kind)
{
	char path[PATH_MAX];
	uint32_t number = 0;
	FILE *f;

	if (number_path(conf, name, kind, path) < 0)
		return 0;
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%10" SCNu32, &number) != 1 || number < kind->first ||
	    number - kind->first >= kind->count)
		number = 0;
	fclose(f);
	return number;
}

static void number_store(const struct conf *conf, const char *name, const struct kind *kind,
			 uint32_t number)
{
	char path[PATH_MAX];
	FILE *f;

	if (number_path(conf, name, kind, path) < 0)
		return;
	*strrchr(path, '/') = '\0';
	if (dir_make(path, 0700) < 0)
		return;
	path[strlen(path)] = '/';
	f = fopen(path, "we");
	if (!f)
		return;
	fprintf(f, "%" PRIu32 "\n", number);
	fclose(f);
}

static uint32_t number_choose(const struct conf *conf, const char *name, const struct kind *kind)
{
	uint64_t at = name_hash(name, 0);
	uint32_t number;

	do
		number = kind->first + (uint32_t)(at++ % kind->count);
	while (taken(conf, kind, number));
	number_store(conf, name, kind, number);
	return number;
}

/* The remembered one, if it is nobody else's; 0: there is none */
static uint32_t number_remembered(const struct conf *conf, const char *name, const struct kind *kind)
{
	uint32_t number = number_load(conf, name, kind);

	return number && !taken(conf, kind, number) ? number : 0;
}

static int uid_set(struct vm_spec *vm, uint32_t uid)
{
	return asprintf(&vm->run_as, "%" PRIu32, uid) < 0 ? -ENOMEM : 0;
}

static char *uuid_make(const char *name)
{
	uint64_t a = name_hash(name, 0), b = name_hash(name, 0x9e3779b97f4a7c15ull);
	char *text = NULL;

	if (asprintf(&text, "564d%04x-%04x-%04x-%04x-%04x%08x", (unsigned int)(a & 0xffff),
		     (unsigned int)(a >> 16 & 0xffff), (unsigned int)(0x4000 | (a >> 32 & 0xfff)),
		     (unsigned int)(0x8000 | (b & 0x3fff)), (unsigned int)(b >> 16 & 0xffff),
		     (unsigned int)(b >> 32)) < 0)
		return NULL;
	return text;
}

/* Remembered numbers first, so that a new VM cannot take one of them. */
static int remembered_assign(struct conf *conf, bool users)
{
	struct conf_vm *v;
	uint32_t uid;

	STAILQ_FOREACH(v, &conf->vms, link) {
		if (!v->spec->cid)
			v->spec->cid = number_remembered(conf, v->spec->name, &cid_kind);
		uid = users && !v->spec->run_as ? number_remembered(conf, v->spec->name, &uid_kind) : 0;
		if (uid && uid_set(v->spec, uid) < 0)
			return -ENOMEM;
	}
	return 0;
}

int identity_assign(struct conf *conf, bool users)
{
	struct conf_vm *v;

	if (remembered_assign(conf, users) < 0)
		return -ENOMEM;
	STAILQ_FOREACH(v, &conf->vms, link) {
		struct vm_spec *vm = v->spec;

		if (!vm->cid)
			vm->cid = number_choose(conf, vm->name, &cid_kind);
		if (users && !vm->run_as &&
		    uid_set(vm, number_choose(conf, vm->name, &uid_kind)) < 0)
			return -ENOMEM;
		if (!vm->uuid)
			vm->uuid = uuid_make(vm->name);
		if (!vm->uuid)
			return -ENOMEM;
	}
	return 0;
}
