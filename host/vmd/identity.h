/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * identity.h - what a VM keeps by its name: context id, user and UUID
 */
#ifndef VMTKIT_HOST_VMD_IDENTITY_H
#define VMTKIT_HOST_VMD_IDENTITY_H

#include <stdbool.h>

struct conf;

#define IDENTITY_CID_FIRST	4096	/* chosen ids lie from here ... */
#define IDENTITY_CID_COUNT	61440	/* ... in as many, below 65536 */

/* Users that no system and no container manager gives away: above systemd's, below 2^31. */
#define IDENTITY_UID_FIRST	0x70000000u
#define IDENTITY_UID_COUNT	0x00100000u

/*
 * identity_assign - give every VM without `cid` or `uuid` one
 * @users: and without `run-as` a user of its own
 *
 * A number comes from state-dir/.ids if it is there and free, else from a hash of the name, the
 * next free one; it is written there.  The UUID is a hash of the name that begins as VMware's do.
 * Returns 0 or -ENOMEM; a file that cannot be written costs only the memory of the number.
 */
int identity_assign(struct conf *conf, bool users);

#endif /* VMTKIT_HOST_VMD_IDENTITY_H */
