/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz-conf.c - vm.conf: whatever is read without a fault can be written back, and read as the same
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/vmd/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore(void *data, const char *line)
{
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct conf_errors errors = { .line = ignore };
	struct conf *conf, *again;
	char *text, *second;

	if (conf_parse((const char *)data, size, "fuzz", &errors, &conf) < 0)
		return 0;
	text = conf_text(conf, NULL);
	conf_free(conf);
	if (!text || conf_parse(text, strlen(text), "written", &errors, &again) < 0)
		abort();
	second = conf_text(again, NULL);
	conf_free(again);
	if (!second || strcmp(text, second))
		abort();
	free(text);
	free(second);
	return 0;
}
