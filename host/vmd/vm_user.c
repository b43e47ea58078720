/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm_user.c - a VM's process becomes the VM's user
 *
 * Where vmd runs as root, each VM has a user of its own (identity.c), so that neither its process nor
 * its QEMU or container can touch another VM's files or processes.  The user owns the VM's folder and
 * nothing above it; root never opens a file in there for writing.  A number needs no account; a name is
 * looked up with its groups.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/bytes.h"
#include "host/vmd/vm_process.h"
#include "host/vmm/engine.h"

struct user {
	const char *name;	/* NULL: a number without an account */
	uid_t uid;
	gid_t gid;
};

static int user_find(const char *text, struct user *ret)
{
	const struct passwd *entry;

	if (*text >= '0' && *text <= '9') {
		*ret = (struct user){ .uid = (uid_t)strtoul(text, NULL, 10) };
		ret->gid = (gid_t)ret->uid;
		return 0;
	}
	errno = 0;
	entry = getpwnam(text);
	if (!entry)
		return errno ? -errno : -ENOENT;
	*ret = (struct user){ .name = text, .uid = entry->pw_uid, .gid = entry->pw_gid };
	return 0;
}

/* What an earlier user of the VM left would be closed to the new one. */
static void logs_of_others_remove(const char *dir, uid_t uid)
{
	static const char *const names[] = {
		"vm.log", "vm.log.1", "console.log", "console.log.1", "qemu-version",
	};
	char path[PATH_MAX + 16];
	struct stat st;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		if (!lstat(path, &st) && st.st_uid != uid)
			unlink(path);
	}
}

static int become(const struct user *u)
{
	int err = u->name ? initgroups(u->name, u->gid) : setgroups(0, NULL);

	if (err < 0 || setresgid(u->gid, u->gid, u->gid) < 0 || setresuid(u->uid, u->uid, u->uid) < 0)
		return -errno;
	return 0;
}

int vm_user_become(struct vm_process *p, char *ret_text)
{
	struct user u;
	int err;

	if (geteuid() || !p->vm->run_as)
		return 0;
	err = user_find(p->vm->run_as, &u);
	if (err)
		return vm_fault(ret_text, err, "run-as", p->vm->run_as);
	logs_of_others_remove(p->dir, u.uid);
	if (lchown(p->dir, u.uid, u.gid) < 0)
		return vm_fault(ret_text, -errno, "folder", p->dir);
	err = become(&u);
	return err ? vm_fault(ret_text, err, "run-as", p->vm->run_as) : 0;
}
