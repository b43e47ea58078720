/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pure.h - what a file needs that is compiled into the module and into unit tests
 *
 * In the kernel it names the headers that such a file may use; in user space it supplies the same
 * few names.
 */
#ifndef VMTKIT_VMCI_PURE_H
#define VMTKIT_VMCI_PURE_H

#ifdef __KERNEL__
#include <linux/compiler.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/types.h>
#include <asm/byteorder.h>
#else
#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;

#define le32_to_cpu(x)	le32toh(x)
#define le64_to_cpu(x)	le64toh(x)
#define barrier()	__asm__ __volatile__("" : : : "memory")
#endif

#endif /* VMTKIT_VMCI_PURE_H */
