/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz-drv-dgstream.c - the driver's walk over what the device gave it
 *
 * First byte of the input: even, the rest is a batch; odd, the rest is a stream that ones follow.
 * What is delivered must lie in the buffer: every byte of it is read.
 */
#include <endian.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/vmci/dgstream.h"

struct input {
	const uint8_t *data;
	size_t size;
	unsigned int sum;
};

static void deliver(void *ctx, const struct vmci_wire_dg *hdr, const void *payload)
{
	struct input *in = ctx;
	const volatile uint8_t *p = payload;
	uint64_t i, len = le64toh(hdr->payload_size);

	if (len > VMCI_DG_PAYLOAD_MAX)
		abort();
	for (i = 0; i < len; i++)
		in->sum += p[i];
}

static void fetch(void *ctx, void *buf, size_t len)
{
	struct input *in = ctx;
	size_t n = in->size < len ? in->size : len;

	memcpy(buf, in->data, n);
	memset((uint8_t *)buf + n, 0xff, len - n);
	in->data += n;
	in->size -= n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { };
	uint8_t *buf;

	if (!size)
		return 0;
	in.data = data + 1;
	in.size = size - 1;
	if (data[0] & 1) {
		buf = malloc(VMCI_DG_SIZE_MAX);
		if (buf)
			dgstream_read(buf, fetch, deliver, &in);
	} else {
		buf = malloc(in.size ? in.size : 1);
		if (buf) {
			memcpy(buf, in.data, in.size);
			dgstream_walk(buf, in.size, deliver, &in);
		}
	}
	free(buf);
	return 0;
}
