/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * script.c - vmt-script: runs what the administrator wants done when the machine's power changes
 *
 *	vmt-script poweron|poweroff|resume|suspend [FOLDER [VMTD.CONF]]
 *
 * It is a unit of its own, so that the scripts have neither the agent's rights nor its limits.  FOLDER
 * is /etc/vmware-tools.  tools.conf there, or vmtd.conf, may name one script in group "powerops", by the
 * key "OPERATION-script"; an empty name means none.  Without that key, and with the name of open-vm-tools'
 * own "OPERATION-vm-default" where that is not installed, all executable files of
 * scripts/vmware and of scripts/OPERATION-vm-default.d are run in the order of their names, the
 * folders in this order when the machine comes up and in the other when it goes down.  Each gets
 * "OPERATION-vm" as its argument.
 *
 * Only files are run that belong to the user who runs this and that nobody else can write to.
 * Exit status: all of theirs, combined by "or".
 */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib.h>

#include "lib/conf.h"

#define FOLDER		"/etc/vmware-tools"

extern char **environ;

static const struct {
	const char *name;
	gboolean up;		/* the machine comes up: VMware's scripts before the user's */
} operations[] = {
	{ "poweroff", FALSE },
	{ "poweron", TRUE },
	{ "resume", TRUE },
	{ "suspend", FALSE },
};

static gboolean may_run(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || access(path, X_OK) < 0)
		return FALSE;
	if (st.st_uid == geteuid() && !(st.st_mode & (S_IWGRP | S_IWOTH)))
		return TRUE;
	fprintf(stderr, "vmt-script: %s: others can write to it: not run\n", path);
	return FALSE;
}

static int run(const char *path, const char *operation)
{
	g_autofree char *arg = g_strconcat(operation, "-vm", NULL);
	char *argv[] = { (char *)path, arg, NULL };
	int err, status;
	pid_t pid;

	err = posix_spawn(&pid, path, NULL, NULL, argv, environ);
	if (err) {
		fprintf(stderr, "vmt-script: %s: %s\n", path, strerror(err));
		return 1;
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 1;
	status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	if (status)
		fprintf(stderr, "vmt-script: %s %s: status %d\n", path, arg, status);
	return status;
}

static gint by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int run_folder(const char *folder, const char *operation)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	GDir *dir = g_dir_open(folder, 0, NULL);
	const char *name;
	int status = 0;
	guint i;

	while (dir && (name = g_dir_read_name(dir)))
		if (*name != '.' && !g_str_has_suffix(name, "~"))
			g_ptr_array_add(names, g_strdup(name));
	if (dir)
		g_dir_close(dir);
	g_ptr_array_sort(names, by_name);
	for (i = 0; i < names->len; i++) {
		g_autofree char *path = g_build_filename(folder, g_ptr_array_index(names, i), NULL);

		if (may_run(path))
			status |= run(path, operation);
	}
	return status;
}

static int run_folders(const char *folder, const char *operation, gboolean up)
{
	g_autofree char *own = g_strconcat(operation, "-vm-default.d", NULL);
	g_autofree char *user = g_build_filename(folder, "scripts", own, NULL);
	g_autofree char *vmware = g_build_filename(folder, "scripts", "vmware", NULL);
	int status = run_folder(up ? vmware : user, operation);

	return status | run_folder(up ? user : vmware, operation);
}

/* The one script that the configuration names; NULL if it names none, "" if none is wanted */
static char *configured(const char *folder, const char *operation, const char *own)
{
	g_autofree char *tools = g_build_filename(folder, "tools.conf", NULL);
	g_autofree char *key = g_strconcat(operation, "-script", NULL);
	const char *const paths[] = { tools, own, NULL };
	struct conf_file *conf = conf_file_read(paths, NULL, NULL);
	char *name = g_strdup(conf_text(conf, "powerops", key));

	conf_file_free(conf);
	return name;
}

/* open-vm-tools' program that runs the folders, which is there only with open-vm-tools */
static gboolean is_default(const char *path, const char *operation)
{
	g_autofree char *name = g_path_get_basename(path);
	g_autofree char *by_default = g_strconcat(operation, "-vm-default", NULL);

	return !strcmp(name, by_default) && !g_file_test(path, G_FILE_TEST_EXISTS);
}

static int run_operation(const char *folder, const char *own, const char *operation, gboolean up)
{
	g_autofree char *name = configured(folder, operation, own), *path = NULL;

	if (name && !*name)
		return 0;
	if (name)
		path = g_path_is_absolute(name) ? g_strdup(name) : g_build_filename(folder, name, NULL);
	if (!path || is_default(path, operation))
		return run_folders(folder, operation, up);
	if (may_run(path))
		return run(path, operation);
	fprintf(stderr, "vmt-script: [powerops] %s-script: %s cannot be run\n", operation, path);
	return 1;
}

int main(int argc, char **argv)
{
	guint i;

	for (i = 0; argc >= 2 && argc <= 4 && i < G_N_ELEMENTS(operations); i++)
		if (!strcmp(argv[1], operations[i].name))
			return run_operation(argc > 2 ? argv[2] : FOLDER, argc > 3 ? argv[3] : CONF_OWN,
					     argv[1], operations[i].up);
	fprintf(stderr, "usage: vmt-script poweron|poweroff|resume|suspend [FOLDER [VMTD.CONF]]\n");
	return 64;
}
