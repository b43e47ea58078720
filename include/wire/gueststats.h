/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gueststats.h - what a guest reports about its memory and its load (SetGuestInfo type 8)
 *
 * A head of an older version, of which only two words are used, then entries without a count.
 * An entry is a word of flags, then for each flag that is set, from the lowest on, a length in 16 bits
 * and as many bytes.  Numbers are as short as they can be, of 0, 1, 2, 4 or 8 bytes; all of it is
 * little-endian.  An entry without a value is one that is not known yet.
 * Source: observed, open-vm-tools 12.2 on our host, beside the files of /proc of the same guest.
 */
#ifndef VMTKIT_WIRE_GUESTSTATS_H
#define VMTKIT_WIRE_GUESTSTATS_H

#include <linux/types.h>

#define GSTAT_HEAD_VERSION	5
#define GSTAT_HEAD_FLAGS	0x401	/* a bit for each of the words that follow: two have a value */

struct gstat_wire_head {
	__le32 version;
	__le32 flags;
	__le64 phys_usable_kb;
	__le64 unused[9];
	__le64 huge_pages;
	__le64 unused2[2];
} __attribute__((packed));

_Static_assert(sizeof(struct gstat_wire_head) == 112, "the head of the statistics is 112 bytes");

/* Flags of an entry: which fields follow */
#define GSTAT_HAS_NAMESPACE	0x02	/* a text with its NUL; the first entry only */
#define GSTAT_HAS_ID		0x04
#define GSTAT_HAS_TYPE		0x08
#define GSTAT_HAS_UNIT		0x20
#define GSTAT_HAS_VALUE		0x80

#define GSTAT_NAMESPACE		"_tools/v1"

#define GSTAT_TYPE_NUMBER	0x09
#define GSTAT_TYPE_DOUBLE	0x0b	/* eight bytes, or none for zero */

#define GSTAT_UNIT_NUMBER	0x02
#define GSTAT_UNIT_BYTES	0x03
#define GSTAT_UNIT_PER_SECOND	0x42
#define GSTAT_UNIT_KB		0x0803
#define GSTAT_UNIT_HUGE_PAGES	0x8803	/* of GSTAT_HUGE_PAGE_SIZE each */
#define GSTAT_UNIT_PAGING_RATE	0x8043	/* KiB a second */

/* Ids, in the order of the report */
#define GSTAT_HUGE_PAGE_SIZE	11
#define GSTAT_PHYS_USABLE	6	/* pages of all zones that are present */
#define GSTAT_FREE		4
#define GSTAT_ACTIVE_FILE	3
#define GSTAT_SWAP_FREE		9
#define GSTAT_HUGE_PAGES	12
#define GSTAT_PAGE_IN_RATE	7
#define GSTAT_PAGE_OUT_RATE	8
#define GSTAT_CONTEXT_SWITCHES	2
#define GSTAT_PAGE_SIZE		10
#define GSTAT_NEEDED		5	/* usable without available, and the reserve */
#define GSTAT_RESERVE		13	/* a twentieth of usable */
#define GSTAT_AVAILABLE		25
#define GSTAT_SLAB_RECLAIMABLE	34
#define GSTAT_BUFFERS		26
#define GSTAT_CACHED		27
#define GSTAT_MEMORY_TOTAL	60
#define GSTAT_RUN_QUEUE		61	/* processes that can run */
#define GSTAT_DISK_QUEUE	62	/* requests in flight */
#define GSTAT_DISK_QUEUE_MEAN	63	/* the mean of that since the last report */

#endif /* VMTKIT_WIRE_GUESTSTATS_H */
