/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reply.h - answers to vmctl, made alike by the parent and the VM processes
 *
 * Each call but reply_part() ends the request: the connection is gone for its owner afterwards, and
 * closes when the answer is sent.
 */
#ifndef VMTKIT_HOST_VMD_REPLY_H
#define VMTKIT_HOST_VMD_REPLY_H

#include "host/vmd/ctl.h"

struct fconn;
struct json_object;

/* reply_ok - @body: JSON, taken; NULL: an empty object */
void reply_ok(struct fconn *c, struct json_object *body);
void reply_error(struct fconn *c, enum ctl_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * reply_part - one answer with a descriptor, more may follow
 * @body: taken; @fd: taken, -1 for none
 *
 * Returns 0 or -errno.
 */
int reply_part(struct fconn *c, struct json_object *body, int fd);

#endif /* VMTKIT_HOST_VMD_REPLY_H */
