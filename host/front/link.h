/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * link.h - a front's end of the front protocol (front.h)
 *
 * A thread of its own reads what the VM process sends.  Nothing here waits longer than
 * FRONT_RPCI_MS (link_open(): FRONT_HELLO_MS), and once the VM process is gone nothing waits at
 * all.
 */
#ifndef VMTKIT_HOST_FRONT_LINK_H
#define VMTKIT_HOST_FRONT_LINK_H

#include <stddef.h>
#include <stdint.h>

#include "host/front/front.h"

struct link;

/* Called by the reader's thread, one at a time. */
struct link_ops {
	void (*tclo)(void *data, uint32_t gen, uint32_t seq, const void *msg, size_t len);
	void (*cancel)(void *data, uint32_t seq);
	void (*checkpoint)(void *data);
	void (*gui_options)(void *data, uint32_t options);
	void (*fault)(void *data, const char *line, size_t len);
	void (*fault_clear)(void *data, uint32_t kind);	/* enum fault_kind; from FAULT_KINDS: all */
};

/*
 * link_open - connect, say hello, wait for the answer
 * @ret_page: the shared page, mapped for good
 * @ret_error: what failed, when -errno is returned
 */
int link_open(const char *path, uint64_t tsc_khz, struct link **ret,
	      struct front_welcome *ret_welcome, struct front_page **ret_page,
	      const char **ret_error);

/* link_start - begin to read; 0 or -errno */
int link_start(struct link *l, const struct link_ops *ops, void *data);

/* link_rpci - hand over a request, wait for the reply; its length or -errno */
long link_rpci(struct link *l, const void *msg, size_t len, void *reply, size_t room);

/* link_post - send a message that has no answer */
void link_post(struct link *l, enum front_type type, uint32_t gen, uint32_t seq, const void *msg,
	       size_t len);

#endif /* VMTKIT_HOST_FRONT_LINK_H */
