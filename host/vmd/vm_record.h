/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm_record.h - a client that records what the guest and its host say by GuestRPC
 */
#ifndef VMTKIT_HOST_VMD_VM_RECORD_H
#define VMTKIT_HOST_VMD_VM_RECORD_H

#include <stdbool.h>

struct event_base;
struct grpc;
struct recorder;

/* recorder_new - records nothing yet; NULL when memory is short */
struct recorder *recorder_new(struct event_base *base, struct grpc *g);
void recorder_free(struct recorder *r);		/* ends the recording; NULL is fine */

/* recorder_busy - somebody records */
bool recorder_busy(const struct recorder *r);

/*
 * recorder_start - send all lines from the guest's next start on to @fd, until it is closed
 * @r: not busy
 * @fd: a stream socket; taken, and closed at once when memory is short
 */
void recorder_start(struct recorder *r, int fd);

#endif /* VMTKIT_HOST_VMD_VM_RECORD_H */
