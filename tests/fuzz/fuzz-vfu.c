/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz-vfu.c - vfio-user messages of a client that has fallen to its guest
 *
 * Layout of an input: messages, each 2 bytes command, 1 byte what descriptors come with it, 1 byte
 * length of the body, and the body.  Descriptors: the low four bits count them, the rest choose:
 * bit 4 a sealed memory file of 8 pages, bit 5 an eventfd, else a pipe's end.  A handshake is done
 * before.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/model/gmem.h"
#include "host/model/vmci.h"
#include "host/vfio_user/vfu_core.h"
#include "host/vfio_user/vfu_proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_irq(void *data, unsigned int vector)
{
	vfu_core_irq(data, vector);
}

static void on_trouble(void *data, enum vmci_trouble what, const char *text)
{
}

static const struct vmci_ops ops = { .irq = on_irq, .trouble = on_trouble };

static int descriptor_new(uint8_t kind)
{
	static int memory = -1, pipes[2] = { -1, -1 };

	if (memory < 0) {
		memory = memfd_create("guest", MFD_ALLOW_SEALING | MFD_CLOEXEC);
		if (ftruncate(memory, 8 * 4096) || fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK) ||
		    pipe(pipes))
			abort();
	}
	if (kind & 0x10)
		return dup(memory);
	return kind & 0x20 ? eventfd(0, EFD_NONBLOCK) : dup(pipes[1]);
}

static void message(struct vfu_core *core, uint16_t cmd, uint8_t kind, const uint8_t *body,
		    size_t len)
{
	/* exactly as long as the message, so that reading past its end is seen */
	uint8_t *copy = malloc(len ? len : 1), *reply = malloc(VFU_BODY_MAX);
	int fds[VFU_FDS_MAX], result;
	size_t i, nfds = kind % (VFU_FDS_MAX + 1);

	if (!copy || !reply)
		abort();
	memcpy(copy, body, len);
	for (i = 0; i < nfds; i++)
		fds[i] = descriptor_new(kind);
	result = vfu_core_message(core, cmd, copy, len, fds, nfds, reply);
	if (result > VFU_BODY_MAX)
		abort();
	for (i = 0; i < nfds; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(copy);
	free(reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t hello[4];
	struct vmci_config config = { .cid = 42, .mode = VMCI_MODE_DMA };
	struct gmem *mem = gmem_new();
	struct vfu_core core;
	struct vmci_dev *dev;
	uint64_t gpa, len;

	dev = mem ? vmci_new(&config, mem, &ops, &core) : NULL;
	if (!dev)
		abort();
	vfu_core_init(&core, mem, dev);
	message(&core, VFU_CMD_VERSION, 0, hello, sizeof(hello));
	while (size >= 4) {
		uint16_t cmd = (uint16_t)(data[0] | data[1] << 8);
		uint8_t kind = data[2];
		size_t n = data[3];

		data += 4;
		size -= 4;
		n = n < size ? n : size;
		message(&core, cmd, kind, data, n);
		data += n;
		size -= n;
	}
	vfu_core_done(&core);
	if (core.maps || gmem_next(mem, 0, &gpa, &len) == 0)
		abort();
	vmci_free(dev);
	gmem_free(mem);
	return 0;
}
