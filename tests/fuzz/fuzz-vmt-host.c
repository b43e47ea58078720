/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz-vmt-host.c - the pure parts of vmt.ko against a host that answers anything
 *
 * The input is what the host leaves in the registers: 24 bytes a call, in the order of struct
 * vmt_regs; when it is used up, the registers come back as they were.  A byte at the front chooses
 * what the driver does first.  A message that arrives is read as a command and sent back.
 * The buffer has exactly the size that is announced, so that a sanitizer sees the first byte beyond.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <wire/backdoor.h>

#include "drivers/vmt/channel.h"
#include "drivers/vmt/command.h"
#include "drivers/vmt/hosttime.h"

#define CALLS_MAX	1000000		/* far more than a message and all its restarts */

struct input {
	const uint8_t *at;
	size_t left;
	unsigned int calls;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_call(void *data, struct vmt_regs *regs)
{
	struct input *in = data;
	size_t n = in->left < sizeof(*regs) ? in->left : sizeof(*regs);

	if (++in->calls > CALLS_MAX)
		abort();
	memcpy(regs, in->at, n);
	in->at += n;
	in->left -= n;
}

static void use_channel(struct input *in, __u32 room)
{
	struct vmt_channel ch;
	struct vmt_command cmd;
	__u32 len;
	__u8 *buf;
	int n;

	vmt_channel_init(&ch, fuzz_call, in);
	if (vmt_channel_open(&ch, BDOOR_MSG_PROTO_TCLO))
		return;
	buf = malloc(room ? room : 1);
	n = vmt_channel_recv(&ch, buf, room, &len);
	if (n == 1) {
		if (len > room)
			abort();
		vmt_command_parse(buf, len, &cmd);
		n = vmt_channel_send(&ch, buf, len);
	}
	if ((n < 0) == ch.is_open)
		abort();
	vmt_channel_close(&ch);
	free(buf);
}

static void use_time(struct input *in)
{
	struct vmt_host_time t;

	if (vmt_host_time_get(fuzz_call, in, &t) == 0) {
		if (t.ns <= 0)
			abort();
		(void)vmt_clock_wants_step(t.ns - 1, t.lag_us, true);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { .at = data + 1, .left = size - 1 };
	struct vmt_command cmd;
	__u8 *exact;

	if (size < 1)
		return 0;
	switch (data[0] & 3) {
	case 0:
		use_channel(&in, BDOOR_MSG_SIZE_MAX);
		break;
	case 1:
		use_channel(&in, data[0]);
		break;
	case 2:
		use_time(&in);
		break;
	case 3:
		exact = malloc(in.left ? in.left : 1);
		memcpy(exact, in.at, in.left);
		vmt_command_parse(exact, (__u32)in.left, &cmd);
		free(exact);
		break;
	}
	return 0;
}
