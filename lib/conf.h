/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf.h - the configuration of the agent, as its programs read it; not installed
 *
 * Two files in the form of GKeyFile: open-vm-tools' tools.conf, and vmtd.conf, whose values come before
 * those of the first.  Both have the same keys.  conf.c has the list of them, with their types and
 * defaults: it is the only place that knows either.
 */
#ifndef VMTKIT_LIB_CONF_H
#define VMTKIT_LIB_CONF_H

#include <glib.h>

#define CONF_TOOLS	"/etc/vmware-tools/tools.conf"
#define CONF_OWN	"/etc/vmtkit/vmtd.conf"

/* One line of a file that sets a key */
struct conf_entry {
	char *group, *key, *value;
	const char *path;	/* of the configuration */
	guint line;		/* from 1 */
	gboolean valid;		/* it has a value that the key may have */
};

struct conf_file;

enum conf_fault {
	CONF_FAULT,		/* it has no effect: no such key, no such value, no such file */
	CONF_NOTE,		/* a key of open-vm-tools that means nothing to vmtd */
};

/**
 * conf_report - what is told about a line
 * @line: 0: about the file as a whole
 * @text: one sentence without an end, begins with the key where there is one
 */
typedef void (*conf_report)(enum conf_fault fault, const char *path, guint line, const char *text,
			    gpointer data);

/**
 * conf_file_read - read files
 * @paths: ended by NULL; of two that set a key the later one counts.  They need not be there
 * @report: told of everything that is wrong in them, or NULL
 *
 * Returns a new configuration, without what is wrong.
 */
struct conf_file *conf_file_read(const char *const *paths, conf_report report, gpointer data);

/** conf_file_parse - as conf_file_read(), of one file whose text is there already */
struct conf_file *conf_file_parse(const char *path, const char *text, conf_report report,
				  gpointer data);

void conf_file_free(struct conf_file *file);	/* NULL is fine */

/** conf_file_entries - all lines that set a key, in their order, those with bad values too */
const GPtrArray *conf_file_entries(const struct conf_file *file);

/** conf_text - a value: what is set last, else the default; NULL if there is neither */
const char *conf_text(const struct conf_file *file, const char *group, const char *key);

gboolean conf_flag(const struct conf_file *file, const char *group, const char *key);
guint conf_number(const struct conf_file *file, const char *group, const char *key);

/** conf_list - the words of a list, each without blanks around it; new, ended by NULL */
char **conf_list(const struct conf_file *file, const char *group, const char *key);

/** conf_is_key - whether vmtd or open-vm-tools knows it */
gboolean conf_is_key(const char *group, const char *key);

/** conf_check - whether a key may have this value; FALSE with what is wrong, new, in @ret_text */
gboolean conf_check(const char *group, const char *key, const char *value, enum conf_fault *ret_fault,
		    char **ret_text);

#endif /* VMTKIT_LIB_CONF_H */
