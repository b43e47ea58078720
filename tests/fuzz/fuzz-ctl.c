/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz-ctl.c - what a client of vmd's socket sends: a header and a request
 *
 * A header that is accepted keeps to the limits; a request that is accepted is made again from its
 * parts and must be read as the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/frame.h"
#include "host/vmd/ctl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void request_check(uint32_t type, const char *body, size_t len)
{
	struct ctl_request req, again;
	size_t made_len;
	char *made;

	if (ctl_request_parse(type, body, len, &req) < 0)
		return;
	made = ctl_request_body(&req, &made_len);
	if (!made)
		return;
	made = realloc(made, made_len + 1);
	if (!made)
		abort();
	made[made_len] = '\0';
	if (ctl_request_parse(type, made, made_len, &again) < 0 || strcmp(req.name, again.name) ||
	    strcmp(req.key, again.key) || req.value_len != again.value_len ||
	    memcmp(req.value, again.value, req.value_len))
		abort();
	free(made);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t type, len, fds;
	char *body;

	if (size < FRAME_HDR_LEN || frame_hdr_get(data, CTL_REQUEST_MAX, &type, &len, &fds) < 0)
		return 0;
	if (len > CTL_REQUEST_MAX || fds > FRAME_FDS_MAX)
		abort();
	size -= FRAME_HDR_LEN;
	if (len > size)
		len = (uint32_t)size;
	body = malloc((size_t)len + 1);
	if (!body)
		abort();
	memcpy(body, data + FRAME_HDR_LEN, len);
	body[len] = '\0';
	request_check(type, body, len);
	free(body);
	return 0;
}
