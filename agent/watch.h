/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch.h - hears of changes of files in a folder
 */
#ifndef VMTKIT_AGENT_WATCH_H
#define VMTKIT_AGENT_WATCH_H

#include <glib.h>

struct watch;

/**
 * watch_new - begin
 * @folder: must be there; of its sub-folders nothing is told
 * @mask: of inotify(7): IN_CREATE and so on
 * @changed: called from the main loop for each file that it happened to
 *
 * Returns the watch, or NULL with errno set.
 */
struct watch *watch_new(const char *folder, guint32 mask,
			void (*changed)(const char *name, gpointer data), gpointer data);

void watch_free(struct watch *watch);	/* NULL is fine.  Not from within its own function */

#endif /* VMTKIT_AGENT_WATCH_H */
