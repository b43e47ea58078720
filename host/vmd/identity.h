/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * identity.h - what a VM keeps by its name: context id and UUID
 */
#ifndef VMTKIT_HOST_VMD_IDENTITY_H
#define VMTKIT_HOST_VMD_IDENTITY_H

struct conf;

#define IDENTITY_CID_FIRST	4096	/* chosen ids lie from here ... */
#define IDENTITY_CID_COUNT	61440	/* ... in as many, below 65536 */

/*
 * identity_assign - give every VM without `cid` or `uuid` one
 *
 * The id comes from state-dir/NAME/cid if it is there and free, else from a hash of the name, the next
 * free one; it is written to that file.  The UUID is a hash of the name that begins as VMware's do.
 * Returns 0 or -ENOMEM; a file that cannot be written costs only the memory of the id.
 */
int identity_assign(struct conf *conf);

#endif /* VMTKIT_HOST_VMD_IDENTITY_H */
