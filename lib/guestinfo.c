/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guestinfo.c - the variables that host and guest share
 */
#include <string.h>

#include <wire/guestrpc.h>

#include "lib/libvmt.h"

#define INFO_PREFIX	"guestinfo."

/* The full name, or NULL: a space or a control character would end it in the middle of the request */
static char *full_name(const char *name, GError **error)
{
	const char *c;

	for (c = name; g_ascii_isgraph(*c) || (guchar)*c >= 0x80; c++)
		;
	if (!*name || *c || !strcmp(name, INFO_PREFIX)) {
		g_set_error(error, VMT_ERROR, VMT_ERROR_INVALID,
			    "\"%s\" is no name of a variable: it must be one word", name);
		return NULL;
	}
	return g_strconcat(g_str_has_prefix(name, INFO_PREFIX) ? "" : INFO_PREFIX, name, NULL);
}

char *vmt_info_get(VmtChannel *ch, const char *name, gsize *ret_len, GError **error)
{
	g_autofree char *full = full_name(name, error), *request = NULL;

	if (!full)
		return NULL;
	request = g_strdup_printf(GRPC_INFO_GET " %s", full);
	return vmt_channel_call(ch, request, strlen(request), ret_len, error);
}

gboolean vmt_info_set(VmtChannel *ch, const char *name, const char *value, GError **error)
{
	g_autofree char *full = full_name(name, error);

	return full && vmt_channel_callf(ch, error, GRPC_INFO_SET " %s %s", full, value);
}
