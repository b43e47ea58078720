/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * script.h - which script runs at a change of power
 */
#ifndef VMTKIT_CLI_SCRIPT_H
#define VMTKIT_CLI_SCRIPT_H

#include <glib.h>

struct script_type;

/** script_type - power, resume, shutdown or suspend; NULL if it is none of them */
const struct script_type *script_type(const char *name);

/** script_default - where open-vm-tools has the script that runs the usual ones; new */
char *script_default(const struct script_type *type);

/** script_current - the path of what runs now; new, or NULL if nothing does */
char *script_current(const struct script_type *type);

/**
 * script_set - change it
 * @file: of the configuration
 * @value: NULL: the default; "": nothing
 */
gboolean script_set(const struct script_type *type, const char *file, const char *value, GError **error);

#endif /* VMTKIT_CLI_SCRIPT_H */
