/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conffile.h - changes a configuration file
 */
#ifndef VMTKIT_CLI_CONFFILE_H
#define VMTKIT_CLI_CONFFILE_H

#include <glib.h>

/**
 * conffile_set - set a key, and keep what else is in the file, with its comments
 * @path: of the file; it and its folder are made if need be
 * @value: NULL: take the key out, which need not be there
 * @error: what went wrong; the file is as it was
 */
gboolean conffile_set(const char *path, const char *group, const char *key, const char *value,
		      GError **error);

#endif /* VMTKIT_CLI_CONFFILE_H */
