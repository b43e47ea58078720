/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * identity.c - what a VM keeps by its name: context id and UUID
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

static bool cid_taken(const struct conf *conf, uint32_t cid)
{
	const struct conf_vm *v;

	STAILQ_FOREACH(v, &conf->vms, link)
		if (v->spec->cid == cid)
			return true;
	return false;
}

static int cid_path(const struct conf *conf, const char *name, char ret[PATH_MAX])
{
	int n = snprintf(ret, PATH_MAX, "%s/%s/cid", conf->state_dir, name);

	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static uint32_t cid_load(const struct conf *conf, const char *name)
{
	char path[PATH_MAX];
	uint32_t cid = 0;
	FILE *f;

	if (cid_path(conf, name, path) < 0)
		return 0;
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%5" SCNu32, &cid) != 1 || cid < IDENTITY_CID_FIRST ||
	    cid >= IDENTITY_CID_FIRST + IDENTITY_CID_COUNT)
		cid = 0;
	fclose(f);
	return cid;
}

static void cid_store(const struct conf *conf, const char *name, uint32_t cid)
{
	char path[PATH_MAX];
	FILE *f;

	if (cid_path(conf, name, path) < 0)
		return;
	*strrchr(path, '/') = '\0';
	if (dir_make(path, 0700) < 0)
		return;
	path[strlen(path)] = '/';
	f = fopen(path, "we");
	if (!f)
		return;
	fprintf(f, "%" PRIu32 "\n", cid);
	fclose(f);
}

static uint32_t cid_choose(const struct conf *conf, const char *name)
{
	uint64_t at = name_hash(name, 0);
	uint32_t cid;

	do
		cid = IDENTITY_CID_FIRST + (uint32_t)(at++ % IDENTITY_CID_COUNT);
	while (cid_taken(conf, cid));
	return cid;
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

int identity_assign(struct conf *conf)
{
	struct conf_vm *v;

	/* Remembered ids first, so that a new VM cannot take one of them. */
	STAILQ_FOREACH(v, &conf->vms, link) {
		uint32_t cid = v->spec->cid ? 0 : cid_load(conf, v->spec->name);

		if (cid && !cid_taken(conf, cid))
			v->spec->cid = cid;
	}
	STAILQ_FOREACH(v, &conf->vms, link) {
		if (!v->spec->cid) {
			v->spec->cid = cid_choose(conf, v->spec->name);
			cid_store(conf, v->spec->name, v->spec->cid);
		}
		if (!v->spec->uuid)
			v->spec->uuid = uuid_make(v->spec->name);
		if (!v->spec->uuid)
			return -ENOMEM;
	}
	return 0;
}
