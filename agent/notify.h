/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notify.h - tells systemd how the service is, see sd_notify(3)
 */
#ifndef VMTKIT_AGENT_NOTIFY_H
#define VMTKIT_AGENT_NOTIFY_H

#include <glib.h>

/** notify_status - one line for `systemctl status`; @ready: the service is up, too */
void notify_status(gboolean ready, const char *format, ...) G_GNUC_PRINTF(2, 3);

/** notify_stopping - the service is going down */
void notify_stopping(void);

/** notify_watchdog - begin to report that the main loop turns, if systemd wants that */
void notify_watchdog(void);

#endif /* VMTKIT_AGENT_NOTIFY_H */
