/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * uxfix.h - fixture of the vsock_unix tests: real sockets in a folder of their own, a real event
 * loop, a played guest
 *
 * Nothing sleeps: the loop is turned until what is waited for is there, or 5 seconds are over.
 */
#ifndef VMTKIT_TESTS_UNIT_UXFIX_H
#define VMTKIT_TESTS_UNIT_UXFIX_H

#include <sys/types.h>

#include "host/vmm/vsock_unix.h"
#include "tests/unit/unit.h"
#include "tests/unit/vguest.h"

#define SIZE	8192u	/* of rings */
#define GP	5000u	/* a port in the guest */
#define HP	80u	/* a port on the host */

struct ux {
	struct vg *g;
	struct event_base *base;
	struct vsu *vsu;
	char dir[64];
	char path[80];
};

struct ux *ux_new_with(struct vsu_config config);
struct ux *ux_new(void);
void ux_free(struct ux *u);	/* and checks that our socket files are gone */
void turn(struct ux *u);	/* of the loop, until it has nothing to do */

/* client_at() - connected to PATH and a suffix; client() - to PATH, and has written a line */
int client_at(struct ux *u, const char *suffix, int type);
int client(struct ux *u, const char *line);

/* service() - bound to PATH and a suffix, listening if it is a stream */
int service(struct ux *u, const char *suffix, int type);
void service_end(struct ux *u, const char *suffix, int fd);

/* wait_read() - turns the loop until @fd has something, or its end, at most 5 s */
ssize_t wait_read(struct ux *u, int fd, void *buf, size_t len);

/* Handshakes of the guest, from GP to HP or as the host asked; 0 or -1. */
int guest_accepts(struct ux *u, struct vg_pair *pair, uint32_t *ret_port);
int guest_connects(struct ux *u, struct vg_pair *pair);

#endif /* VMTKIT_TESTS_UNIT_UXFIX_H */
