/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qemu_version.h - which QEMU fits, and how to ask it
 *
 * The accepted range stands here and nowhere else.  vfio-user-pci and the plugin interface that the
 * backdoor needs came together in the first version; the plugin leans on inner workings that a new
 * major version may change.
 */
#ifndef VMTKIT_HOST_VMM_QEMU_VERSION_H
#define VMTKIT_HOST_VMM_QEMU_VERSION_H

#include <stddef.h>

#define QEMU_VERSION_MIN_MAJOR	11
#define QEMU_VERSION_MIN_MINOR	1
#define QEMU_VERSION_MAX_MAJOR	11	/* the last one that was tried */

struct qemu_version {
	unsigned int major, minor, micro;
};

/*
 * qemu_version_parse - from the first line that `-version` prints
 * Returns 0 or -EPROTO.
 */
int qemu_version_parse(const char *text, struct qemu_version *ret);

/*
 * qemu_version_check - whether it fits
 * @binary: for the message
 * @ret_text: one line with found and needed version and the remedy
 *
 * Returns 0 or -ENOTSUP with @ret_text.
 */
int qemu_version_check(const struct qemu_version *v, const char *binary, char *ret_text,
		       size_t size);

/*
 * qemu_version_ask - run `argv... -version`, or remember what an equal file said
 * @argv: the program and what must stand before its options; ends with NULL
 * @binary: the file whose identity (device, inode, size, time) is the key
 * @cache: file of remembered answers; NULL: none
 *
 * Waits for at most 10 s; for start-up code.  Returns 0, or -errno with one line in @ret_text.
 */
int qemu_version_ask(char *const *argv, const char *binary, const char *cache,
		     struct qemu_version *ret, char *ret_text, size_t size);

#endif /* VMTKIT_HOST_VMM_QEMU_VERSION_H */
