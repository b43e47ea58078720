/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guestinfo.c - the variables that a guest and its host share
 *
 * A sorted table with limits on each value, on their number and on the bytes of all, because every
 * program in the guest may set them.  A variable of the VM's configuration remembers the value that
 * it was given there: a reboot puts it back, while all else that either side has set stays.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/model/guestrpc_impl.h"

#define KEY_PREFIX	"guestinfo."

static bool key_valid(const char *key)
{
	size_t len = strnlen(key, GRPC_VAR_KEY_MAX + 1), prefix = strlen(KEY_PREFIX);

	if (len > GRPC_VAR_KEY_MAX || len <= prefix || strncmp(key, KEY_PREFIX, prefix) != 0)
		return false;
	return strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/") ==
	       len;
}

/* Where the key is, or where it would stand. */
static size_t vars_find(const struct grpc *g, const char *key, bool *ret_found)
{
	size_t low = 0, high = g->var_count;

	*ret_found = false;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = strcmp(key, g->vars[mid].key);

		if (!c) {
			*ret_found = true;
			return mid;
		}
		if (c < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

static void var_drop_value(struct var *v)
{
	if (v->value != v->config_value)
		free(v->value);
	v->value = NULL;
	v->len = 0;
}

static void var_free(struct var *v)
{
	var_drop_value(v);
	free(v->config_value);
	free(v->key);
}

static void vars_remove(struct grpc *g, size_t i)
{
	g->var_bytes -= strlen(g->vars[i].key) + g->vars[i].len;
	var_free(&g->vars[i]);
	g->var_count--;
	memmove(&g->vars[i], &g->vars[i + 1], (g->var_count - i) * sizeof(g->vars[0]));
}

/* A new, empty variable at @i; the caller gives it a value. */
static int vars_insert(struct grpc *g, size_t i, const char *key)
{
	char *copy;

	if (g->var_count == g->config.var_count_max)
		return -ENOSPC;
	if (g->var_count == g->var_room) {
		size_t room = g->var_room ? g->var_room * 2 : 16;
		struct var *vars = realloc(g->vars, room * sizeof(*vars));

		if (!vars)
			return -ENOMEM;
		g->vars = vars;
		g->var_room = room;
	}
	copy = strdup(key);
	if (!copy)
		return -ENOMEM;
	memmove(&g->vars[i + 1], &g->vars[i], (g->var_count - i) * sizeof(g->vars[0]));
	g->vars[i] = (struct var){ .key = copy };
	g->var_count++;
	g->var_bytes += strlen(key);
	return 0;
}

static int vars_put(struct grpc *g, const char *key, const void *value, size_t len,
		    unsigned int flags)
{
	bool found;
	size_t i = vars_find(g, key, &found);
	size_t others = g->var_bytes - (found ? g->vars[i].len : 0) + (found ? 0 : strlen(key));
	struct var *v;
	char *copy;
	int err;

	if (len > g->config.var_max)
		return -EMSGSIZE;
	if (others > g->config.var_total_max || len > g->config.var_total_max - others)
		return -ENOSPC;
	copy = malloc(len + 1);
	if (!copy)
		return -ENOMEM;
	if (len)
		memcpy(copy, value, len);
	copy[len] = '\0';
	err = found ? 0 : vars_insert(g, i, key);
	if (err < 0) {
		free(copy);
		return err;
	}
	v = &g->vars[i];
	g->var_bytes = g->var_bytes - v->len + len;
	var_drop_value(v);
	v->value = copy;
	v->len = len;
	if (flags & GRPC_VAR_CONFIG) {
		free(v->config_value);
		v->config_value = copy;
		v->config_len = len;
		v->flags = flags;
	} else {
		v->flags = (v->flags & (GRPC_VAR_READONLY | GRPC_VAR_CONFIG)) | flags;
	}
	return 0;
}

static int var_remove(struct grpc *g, const char *key)
{
	bool found;
	size_t i = vars_find(g, key, &found);

	if (!found)
		return -ENOENT;
	vars_remove(g, i);
	return 0;
}

int grpc_var_set(struct grpc *g, const char *key, const void *value, size_t len, unsigned int flags)
{
	const struct grpc_var v = { .key = key, .value = value, .len = len, .flags = flags };
	int err;

	if (!key_valid(key))
		return -EINVAL;
	if (value)
		err = vars_put(g, key, value, len, flags & (GRPC_VAR_READONLY | GRPC_VAR_CONFIG));
	else
		err = var_remove(g, key);
	if (!err)
		tap_var(g, &v);
	return err;
}

int vars_set_by_guest(struct grpc *g, const char *key, const char *value, size_t len)
{
	bool found;
	size_t i;

	if (!key_valid(key))
		return -EINVAL;
	i = vars_find(g, key, &found);
	if (found && (g->vars[i].flags & GRPC_VAR_READONLY))
		return -EACCES;
	return vars_put(g, key, value, len, GRPC_VAR_BY_GUEST);
}

void vars_guest_reset(struct grpc *g)
{
	size_t i;

	for (i = 0; i < g->var_count; i++) {
		struct var *v = &g->vars[i];

		if (!(v->flags & GRPC_VAR_CONFIG))
			continue;
		g->var_bytes = g->var_bytes - v->len + v->config_len;
		var_drop_value(v);
		v->value = v->config_value;
		v->len = v->config_len;
		v->flags &= ~GRPC_VAR_BY_GUEST;
	}
}

void vars_free(struct grpc *g)
{
	while (g->var_count)
		vars_remove(g, g->var_count - 1);
	free(g->vars);
	g->vars = NULL;
	g->var_room = 0;
}

bool grpc_var_next(const struct grpc *g, size_t i, struct grpc_var *ret)
{
	const struct var *v;

	if (i >= g->var_count)
		return false;
	v = &g->vars[i];
	*ret = (struct grpc_var){
		.key = v->key, .value = v->value, .len = v->len, .flags = v->flags,
	};
	return true;
}

bool grpc_var_get(const struct grpc *g, const char *key, struct grpc_var *ret)
{
	bool found;
	size_t i = vars_find(g, key, &found);

	return found && grpc_var_next(g, i, ret);
}
