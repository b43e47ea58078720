/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * osinfo.h - what the host is told about the operating system
 */
#ifndef VMTKIT_AGENT_OSINFO_H
#define VMTKIT_AGENT_OSINFO_H

#include <glib.h>

struct utsname;

/* All owned; never NULL */
struct osinfo {
	char *id;	/* a name from the hosts' own list, as "debian12-64" */
	char *name;	/* for people, as "Debian GNU/Linux 12 (bookworm)" */
	char *details;	/* key='value' pairs */
};

/**
 * osinfo_parse - put it together
 * @ret: filled in; to be released with osinfo_clear()
 * @os_release: text of os-release(5); NULL if there is none
 * @uts: of the running kernel
 */
void osinfo_parse(struct osinfo *ret, const char *os_release, const struct utsname *uts);

/** osinfo_rename - what the administrator wants it to be called; @name may be NULL: as it was */
void osinfo_rename(struct osinfo *os, const char *id, const char *name);

void osinfo_clear(struct osinfo *os);

/** osinfo_detailed - the payload of an OS_DETAILED report; new reference */
GBytes *osinfo_detailed(const struct osinfo *os);

#endif /* VMTKIT_AGENT_OSINFO_H */
