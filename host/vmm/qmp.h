/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qmp.h - client of QEMU's machine protocol in an event loop
 *
 * Commands are answered in the order in which they were sent; nothing here waits.  QEMU counts as
 * hostile: a line that is too long or no JSON ends the connection.
 */
#ifndef VMTKIT_HOST_VMM_QMP_H
#define VMTKIT_HOST_VMM_QMP_H

#define QMP_LINE_MAX	(256u << 10)	/* bytes of one message of QEMU */

struct event_base;
struct json_object;
struct qmp;

struct qmp_ops {
	/* The greeting is over; commands given before are on their way. */
	void (*ready)(void *data);
	/* @body: the event's "data", or NULL; valid during the call */
	void (*event)(void *data, const char *name, struct json_object *body);
	/* QEMU hung up or broke the protocol; only qmp_free() is left to do, not in here. */
	void (*closed)(void *data, int err);
};

/*
 * How a command ended; called once, also from qmp_free().
 * @err: 0, -EREMOTEIO (QEMU refused: @text says why) or -ECANCELED
 * @result: of the command; valid during the call
 */
typedef void (*qmp_done_fn)(void *data, int err, const char *text, struct json_object *result);

/* qmp_new - @fd: connected to QEMU's monitor, owned from here on; NULL when memory is short */
struct qmp *qmp_new(struct event_base *base, int fd, const struct qmp_ops *ops, void *data);
void qmp_free(struct qmp *q);		/* NULL is fine */

/*
 * qmp_send - send a command without arguments
 * @done: may be NULL
 *
 * Returns 0, -ENOTCONN after closed, or -ENOMEM.
 */
int qmp_send(struct qmp *q, const char *command, qmp_done_fn done, void *data);

#endif /* VMTKIT_HOST_VMM_QMP_H */
