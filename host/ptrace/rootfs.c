/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rootfs.c - the file system that a container sees
 *
 *	/			tmpfs, gone with the container
 *	/usr /etc /bin ...	those of `root`, read-only
 *	shares			at their own paths, read-only unless said otherwise
 *	/proc /sys /dev		its own; of devices only null, zero, full, random, urandom, tty and ptys
 *	/run /tmp /var ...	empty
 *
 * Nothing else of the machine is there: no home, no socket, no other VM's folder.  All that comes
 * from outside is picked up first, as detached trees, because nothing of it can be reached once
 * the new root is being built.
 *
 * The programs that ask systemd for a power-off are covered by vm-container itself, which asks the
 * container's init (power.c).  boot_id is covered too: each start has its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/base/bytes.h"
#include "host/base/fd.h"
#include "host/ptrace/rootfs.h"

#define BASE		"/tmp"		/* where the new root is built; any folder will do */
#define TMPFS_OPTIONS	"mode=755,size=64m,nr_inodes=16k"
#define BOOT_ID		"/proc/sys/kernel/random/boot_id"

static const char *const system_names[] = {
	"usr", "etc", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "opt",
};

static const char *const devices[] = {
	"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty",
};

static const struct {
	const char *path;
	mode_t mode;
} folders[] = {
	{ "/proc", 0555 }, { "/sys", 0555 }, { "/dev/pts", 0755 }, { "/dev/shm", 01777 },
	{ "/run/lock", 0755 }, { ROOTFS_BIN, 0755 }, { "/tmp", 01777 }, { "/var/log", 0755 },
	{ "/var/tmp", 01777 }, { "/var/lib", 0755 }, { "/var/cache", 0755 }, { "/root", 0700 },
	{ "/home", 0755 },
};

static const struct {
	const char *path, *target;
} links[] = {
	{ "/dev/fd", "/proc/self/fd" }, { "/dev/stdin", "/proc/self/fd/0" },
	{ "/dev/stdout", "/proc/self/fd/1" }, { "/dev/stderr", "/proc/self/fd/2" },
	{ "/dev/ptmx", "pts/ptmx" }, { "/var/run", "/run" },
};

/* Names under which vm-container asks for a power-off; power.c knows them. */
static const char *const power_names[] = {
	"poweroff", "reboot", "halt", "shutdown", "systemctl",
};

/* A tree of the machine on its way into the container. */
struct tree {
	int fd;
	char path[PATH_MAX];		/* inside */
	unsigned int flags;		/* MOUNT_ATTR_* */
	bool folder;
};

struct trees {
	struct tree *list;
	size_t count, room;
};

static int fault(const char *what, const char *path)
{
	int err = -errno;

	fprintf(stderr, "container: %s %s: %s\n", what, path, strerror(-err));
	return err;
}

/* ---- what comes from outside ------------------------------------------------------------------ */

static int tree_take(struct trees *t, const char *from, const char *path, unsigned int flags)
{
	struct tree *tree = &t->list[t->count];
	struct stat st;
	int fd;

	if (t->count == t->room) {
		errno = E2BIG;
		return fault("share", path);
	}
	fd = (int)syscall(SYS_open_tree, AT_FDCWD, from, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
			  AT_RECURSIVE);
	if (fd < 0 || fstat(fd, &st) < 0)
		return fault("cannot be shared:", from);
	tree->fd = fd;
	tree->flags = flags;
	tree->folder = S_ISDIR(st.st_mode);
	snprintf(tree->path, sizeof(tree->path), "%s", path);
	t->count++;
	return 0;
}

static int trees_take(struct trees *t, const struct ptr_options *o)
{
	const unsigned int flags = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	char from[PATH_MAX], path[64];
	struct stat st;
	ssize_t n;
	size_t i;
	int err = 0;

	for (i = 0; !err && i < ARRAY_SIZE(system_names); i++) {
		snprintf(path, sizeof(path), "/%s", system_names[i]);
		snprintf(from, sizeof(from), "%s%s", o->root, path);
		if (!lstat(from, &st) && S_ISDIR(st.st_mode))
			err = tree_take(t, from, path, flags | MOUNT_ATTR_RDONLY);
	}
	for (i = 0; !err && i < ARRAY_SIZE(devices); i++)
		err = tree_take(t, devices[i], devices[i], MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	/* By its path: the link itself leads to a mount of the namespace that we were started in. */
	n = readlink("/proc/self/exe", from, sizeof(from) - 1);
	from[n < 0 ? 0 : n] = '\0';
	if (!err)
		err = tree_take(t, from, ROOTFS_BIN "/power", flags | MOUNT_ATTR_RDONLY);
	for (i = 0; !err && i < o->share_count; i++)
		err = tree_take(t, o->shares[i].path, o->shares[i].path,
				o->shares[i].writable ? flags : flags | MOUNT_ATTR_RDONLY);
	return err;
}

/* The system's folders that are links, as /bin is to usr/bin. */
static int links_copy(const char *root)
{
	char from[PATH_MAX], to[64], target[PATH_MAX];
	ssize_t n;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(system_names); i++) {
		snprintf(from, sizeof(from), "%s/%s", root, system_names[i]);
		snprintf(to, sizeof(to), BASE "/%s", system_names[i]);
		n = readlink(from, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		if (symlink(target, to) < 0)
			return fault("link", system_names[i]);
	}
	return 0;
}

/* ---- the new root ----------------------------------------------------------------------------- */

static int mount_at(const char *type, const char *path, unsigned long flags, const char *options)
{
	char full[PATH_MAX];

	snprintf(full, sizeof(full), BASE "%s", path);
	return mount(type, full, type, flags, options) < 0 ? fault("mount", path) : 0;
}

/* An empty file or folder for a tree to be mounted on, unless there is one. */
static int place_make(const char *full, bool folder)
{
	char above[PATH_MAX + sizeof(BASE)];
	int fd, err;

	if (folder)
		return dir_make(full, 0755);
	snprintf(above, sizeof(above), "%s", full);
	*strrchr(above, '/') = '\0';
	err = dir_make(above, 0755);
	if (err)
		return err;
	fd = open(full, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int tree_place(const struct tree *tree)
{
	struct mount_attr attr = { .attr_set = tree->flags };
	char full[PATH_MAX + sizeof(BASE)];
	int err;

	snprintf(full, sizeof(full), BASE "%s", tree->path);
	err = place_make(full, tree->folder);
	if (err) {
		errno = -err;
		return fault("no place for", tree->path);
	}
	if (syscall(SYS_mount_setattr, tree->fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr,
		    sizeof(attr)) < 0)
		return fault("mount_setattr", tree->path);
	if (syscall(SYS_move_mount, tree->fd, "", AT_FDCWD, full, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return fault("move_mount", tree->path);
	return 0;
}

static int folders_make(void)
{
	char full[PATH_MAX];
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(folders); i++) {
		snprintf(full, sizeof(full), BASE "%s", folders[i].path);
		err = dir_make(full, 0755);
		if (err || chmod(full, folders[i].mode) < 0)
			return fault("folder", folders[i].path);
	}
	for (i = 0; i < ARRAY_SIZE(links); i++) {
		snprintf(full, sizeof(full), BASE "%s", links[i].path);
		if (symlink(links[i].target, full) < 0)
			return fault("link", links[i].path);
	}
	return 0;
}

static int kernel_mounts(void)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
	int err = mount_at("proc", "/proc", flags, NULL);

	if (!err)
		err = mount_at("sysfs", "/sys", flags | MS_RDONLY, NULL);
	if (!err)
		err = mount_at("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC,
			       "newinstance,ptmxmode=0666,mode=620");
	return err;
}

/* ---- what covers the machine's own ------------------------------------------------------------ */

static int boot_id_cover(void)
{
	static const char file[] = ROOTFS_BIN "/boot_id";
	unsigned char id[16];
	char text[40];
	_autoclose_ int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0444);
	int n;

	if (fd < 0 || getrandom(id, sizeof(id), 0) != sizeof(id))
		return fault("file", file);
	id[6] = (id[6] & 0x0f) | 0x40;
	id[8] = (id[8] & 0x3f) | 0x80;
	n = snprintf(text, sizeof(text),
		     "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x\n",
		     id[0], id[1], id[2], id[3], id[4], id[5], id[6], id[7], id[8], id[9], id[10],
		     id[11], id[12], id[13], id[14], id[15]);
	if (write(fd, text, (size_t)n) != n || mount(file, BOOT_ID, NULL, MS_BIND, NULL) < 0)
		return fault("mount", BOOT_ID);
	return 0;
}

static int power_cover(void)
{
	static const char program[] = ROOTFS_BIN "/power";
	static const char *const where[] = { "/usr/bin", "/usr/sbin", "/bin", "/sbin" };
	struct stat ours, theirs;
	char path[64];
	size_t i, k;

	if (stat(program, &ours) < 0)
		return fault("file", program);
	for (i = 0; i < ARRAY_SIZE(power_names); i++) {
		snprintf(path, sizeof(path), ROOTFS_BIN "/%s", power_names[i]);
		if (symlink("power", path) < 0)
			return fault("link", path);
		for (k = 0; k < ARRAY_SIZE(where); k++) {
			snprintf(path, sizeof(path), "%s/%s", where[k], power_names[i]);
			if (stat(path, &theirs) < 0 ||
			    (theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev))
				continue;
			if (mount(program, path, NULL, MS_BIND, NULL) < 0)
				return fault("mount", path);
		}
	}
	return 0;
}

static int root_change(void)
{
	if (chdir(BASE) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 ||
	    chdir("/") < 0)
		return fault("pivot_root", "");
	return 0;
}

int rootfs_enter(const struct ptr_options *o)
{
	struct tree list[ARRAY_SIZE(system_names) + ARRAY_SIZE(devices) + 1 + PTR_SHARES_MAX];
	struct trees trees = { .list = list, .room = ARRAY_SIZE(list) };
	int err;
	size_t i;

	umask(022);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return fault("private mounts of", "/");
	err = trees_take(&trees, o);
	if (!err && mount("tmpfs", BASE, "tmpfs", MS_NOSUID | MS_NODEV, TMPFS_OPTIONS) < 0)
		err = fault("mount", BASE);
	if (!err)
		err = links_copy(o->root);
	if (!err)
		err = folders_make();
	for (i = 0; !err && i < trees.count; i++)
		err = tree_place(&trees.list[i]);
	if (!err)
		err = kernel_mounts();
	for (i = 0; i < trees.count; i++)
		close(trees.list[i].fd);
	if (!err)
		err = root_change();
	if (!err)
		err = boot_id_cover();
	if (!err)
		err = power_cover();
	return err;
}
