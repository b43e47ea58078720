/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * captured.c - compares encoders with what open-vm-tools sent
 */
#include <stdio.h>
#include <string.h>

#include "tests/unit/captured.h"

GBytes *captured(const char *digits)
{
	gsize len = strlen(digits) / 2, i;
	guint8 *bytes = g_malloc(len);

	for (i = 0; i < len; i++)
		bytes[i] = (guint8)(g_ascii_xdigit_value(digits[2 * i]) << 4 |
				    g_ascii_xdigit_value(digits[2 * i + 1]));
	return g_bytes_new_take(bytes, len);
}

static void print(const char *title, GBytes *bytes)
{
	const guint8 *data;
	gsize len, i;

	data = g_bytes_get_data(bytes, &len);
	printf("# %s: %zu bytes:", title, len);
	for (i = 0; i < len; i++)
		printf("%s%02x", i % 44 ? "" : "\n#  ", data[i]);
	printf("\n");
}

gboolean captured_equal(GBytes *got, const char *digits)
{
	GBytes *want = captured(digits);
	gboolean equal = g_bytes_equal(got, want);

	if (!equal) {
		print("got", got);
		print("wanted", want);
	}
	g_bytes_unref(want);
	return equal;
}
