/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gmem.h - guest memory as a table of regions, the only way by which a model reaches it
 *
 * Whoever owns the mappings (the vfio-user front, or a test with a plain array) adds and removes
 * regions; models copy in and out, or look a page up.  Guest memory is hostile: it changes while it
 * is looked at.  So: copy in once, check the copy, use the copy.  A pointer from gmem_ptr() holds
 * only until a region is added or removed, which happens between any two inputs of a model: models
 * keep page numbers and look them up again, never pointers.
 * Single-threaded, like every model.
 */
#ifndef VMTKIT_HOST_MODEL_GMEM_H
#define VMTKIT_HOST_MODEL_GMEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GMEM_REGIONS_MAX 4096	/* a QEMU guest has some 30 */

struct gmem;

/* gmem_new() - an empty table.  NULL if there is no memory for it. */
struct gmem *gmem_new(void);

/* gmem_free() - forgets all regions; the memory behind them is their owner's.  NULL is fine. */
void gmem_free(struct gmem *mem);

/*
 * gmem_add() - add [gpa, gpa + len) to the table
 * @host:	where gpa is in our address space; NULL: the guest has something there that we were
 *		not given.  If that is memory (@writable) an access fails with -ENXIO, else with
 *		-EFAULT.
 * @writable:	false: gmem_copy_out() and writable lookups fail with -EACCES
 *
 * Returns 0; -EINVAL for an empty range or one that passes the end of the address space; -EEXIST if
 * it overlaps a region; -ENOSPC beyond GMEM_REGIONS_MAX; -ENOMEM.
 */
int gmem_add(struct gmem *mem, uint64_t gpa, uint64_t len, void *host, bool writable);

/*
 * gmem_remove() - take the region out that was added with exactly this gpa and len
 * @ret_host:	its host address, for munmap(); NULL is fine
 *
 * Returns 0 or -ENOENT.
 */
int gmem_remove(struct gmem *mem, uint64_t gpa, uint64_t len, void **ret_host);

/*
 * gmem_next() - the first region that holds @from or lies behind it, for walking through the table
 *
 * Returns 0 or -ENOENT.
 */
int gmem_next(const struct gmem *mem, uint64_t from, uint64_t *ret_gpa, uint64_t *ret_len);

/*
 * gmem_copy_in() - copy guest memory to @buf.  The range may span regions that touch.
 *
 * Returns 0; -EFAULT if a byte of it is in no region; -ENXIO if one is in memory without a
 * host address.  @buf is undefined after an error.
 */
int gmem_copy_in(struct gmem *mem, uint64_t gpa, void *buf, size_t len);

/*
 * gmem_copy_out() - copy @buf to guest memory
 *
 * Returns 0, -EFAULT, -ENXIO, or -EACCES if a byte of the range is read-only.  The range is checked
 * before the first byte is written.
 */
int gmem_copy_out(struct gmem *mem, uint64_t gpa, const void *buf, size_t len);

/*
 * gmem_ptr() - the host address of [gpa, gpa + len), which must lie inside one region
 * @write:	the caller wants to write there
 * @ret_ptr:	good until the table changes
 *
 * Returns 0, -EFAULT, -ENXIO or -EACCES.
 */
int gmem_ptr(struct gmem *mem, uint64_t gpa, size_t len, bool write, void **ret_ptr);

#endif /* VMTKIT_HOST_MODEL_GMEM_H */
