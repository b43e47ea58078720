/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest_disks.c - the guest's mounted file systems, in both forms in which agents report them
 *
 * SetGuestDiskInfo: JSON, { "version": "1", "disks": [ { "name": base64 of the mount point, "free":
 * "bytes", "size": "bytes", "fstype": "ext4", "devices": [...] } ] }, numbers as texts.
 * SetGuestInfo 3: one byte with the count, then records of fixed size.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/bytes.h"
#include "host/model/guestrpc_impl.h"

#define PATH_LEN_MAX	1024
#define JSON_DEPTH	8
#define JSON_LEN_MAX	65536

#define V0_NAME_LEN	100
#define V0_RECORD_LEN	(8 + 8 + V0_NAME_LEN)	/* free, total, name */

void disks_free(struct grpc_report *r)
{
	size_t i;

	for (i = 0; i < r->disk_count; i++) {
		free(r->disks[i].path);
		free(r->disks[i].fstype);
	}
	free(r->disks);
	r->disks = NULL;
	r->disk_count = 0;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static int base64_digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = c ? strchr(digits, c) : NULL;

	return p ? (int)(p - digits) : -1;
}

/* A new text, or NULL if @in is no base64, is empty or is too long. */
static char *base64_text(const char *in)
{
	size_t len = strlen(in), have = 0, i;
	uint32_t bits = 0;
	char *out;

	while (len && in[len - 1] == '=')
		len--;
	if (!len || len % 4 == 1 || len / 4 * 3 > PATH_LEN_MAX)
		return NULL;
	out = malloc(len / 4 * 3 + 4);
	for (i = 0; out && i < len; i++) {
		int digit = base64_digit(in[i]);

		if (digit < 0) {
			free(out);
			return NULL;
		}
		bits = bits << 6 | (uint32_t)digit;
		if (i % 4)
			out[have++] = (char)(bits >> (6 - 2 * (i % 4)));
	}
	if (out)
		out[have] = '\0';
	return out;
}

static const char *member_text(struct json_object *o, const char *name)
{
	struct json_object *v;

	if (!json_object_object_get_ex(o, name, &v) || !json_object_is_type(v, json_type_string))
		return NULL;
	return json_object_get_string(v);
}

static bool member_bytes(struct json_object *o, const char *name, uint64_t *ret)
{
	const char *text = member_text(o, name);
	char *end;

	if (!text || text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	*ret = strtoull(text, &end, 10);
	return !errno && !*end;
}

static int disk_from_json(struct grpc_disk *d, struct json_object *o)
{
	const char *name, *fstype;

	if (!json_object_is_type(o, json_type_object))
		return -EINVAL;
	name = member_text(o, "name");
	fstype = member_text(o, "fstype");
	if (!name || !member_bytes(o, "free", &d->free) || !member_bytes(o, "size", &d->total))
		return -EINVAL;
	d->path = base64_text(name);
	if (!d->path)
		return -EINVAL;
	if (fstype && !report_text(&d->fstype, fstype, strlen(fstype)))
		return -ENOMEM;
	return 0;
}

static int disks_from_array(struct grpc_report *r, struct json_object *array)
{
	size_t count = json_object_array_length(array), i;
	int err = 0;

	if (count > GRPC_DISKS_MAX)
		return -E2BIG;
	r->disks = calloc(count ? count : 1, sizeof(*r->disks));
	if (!r->disks)
		return -ENOMEM;
	r->disk_count = count;
	for (i = 0; !err && i < count; i++)
		err = disk_from_json(&r->disks[i], json_object_array_get_idx(array, i));
	return err;
}

int disks_from_json(struct grpc_report *r, const char *text, size_t len)
{
	struct json_tokener *tok = json_tokener_new_ex(JSON_DEPTH);
	struct json_object *o = NULL, *array;
	struct grpc_report fresh = { 0 };
	int err = -EINVAL;

	if (!tok)
		return -ENOMEM;
	if (len <= JSON_LEN_MAX)
		o = json_tokener_parse_ex(tok, text, (int)len);
	if (o && json_object_is_type(o, json_type_object) &&
	    json_object_object_get_ex(o, "disks", &array) &&
	    json_object_is_type(array, json_type_array))
		err = disks_from_array(&fresh, array);
	if (err < 0) {
		disks_free(&fresh);
	} else {
		disks_free(r);
		r->disks = fresh.disks;
		r->disk_count = fresh.disk_count;
	}
	json_object_put(o);
	json_tokener_free(tok);
	return err;
}

/* ---- the old form ---------------------------------------------------------------------------- */

int disks_from_v0(struct grpc_report *r, const uint8_t *data, size_t len)
{
	struct grpc_report fresh = { 0 };
	size_t count, i;

	if (!len)
		return -EINVAL;
	count = data[0];
	if ((len - 1) / V0_RECORD_LEN < count)
		return -EINVAL;
	fresh.disks = calloc(count ? count : 1, sizeof(*fresh.disks));
	if (!fresh.disks)
		return -ENOMEM;
	fresh.disk_count = count;
	for (i = 0; i < count; i++) {
		const uint8_t *rec = data + 1 + i * V0_RECORD_LEN;

		fresh.disks[i].free = get_le64(rec);
		fresh.disks[i].total = get_le64(rec + 8);
		if (!report_text(&fresh.disks[i].path, (const char *)rec + 16, V0_NAME_LEN)) {
			disks_free(&fresh);
			return -ENOMEM;
		}
	}
	disks_free(r);
	r->disks = fresh.disks;
	r->disk_count = fresh.disk_count;
	return 0;
}
