/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-conf.c - the files of tests/conf
 *
 * pass-*.conf must be read without a message, and what is written back must be read as the same.
 * fail-*.conf say in lines "#! LINE: message" (or "#! file:LINE: message" for an included file) all
 * that must be told of them, in that order.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/vmd/conf.h"
#include "tests/unit/unit.h"

#define DIRECTORY	TOP_SRCDIR "/tests/conf"
#define FILES_MAX	64
#define TEXT_MAX	16384

static char told[TEXT_MAX];

/* Messages without the folder, one a line. */
static void tell(void *data, const char *line)
{
	size_t len = strlen(told);

	if (!strncmp(line, DIRECTORY "/", strlen(DIRECTORY) + 1))
		line += strlen(DIRECTORY) + 1;
	snprintf(told + len, sizeof(told) - len, "%s\n", line);
}

static const struct conf_errors errors = { .line = tell };

static int load(const char *file, struct conf_macros *macros, struct conf **ret)
{
	char path[PATH_MAX];

	told[0] = '\0';
	snprintf(path, sizeof(path), DIRECTORY "/%s", file);
	return conf_load(path, macros, &errors, ret);
}

/* Calls @check for each file of that kind; returns how many there were. */
static unsigned int files_each(const char *prefix, void (*check)(const char *file))
{
	DIR *dir = opendir(DIRECTORY);
	unsigned int count = 0;
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		size_t len = strlen(e->d_name);

		if (strncmp(e->d_name, prefix, strlen(prefix)) || len < 5 ||
		    strcmp(e->d_name + len - 5, ".conf"))
			continue;
		check(e->d_name);
		count++;
	}
	if (dir)
		closedir(dir);
	return count;
}

static void check_pass(const char *file)
{
	struct conf_macros macros = STAILQ_HEAD_INITIALIZER(macros);
	struct conf *conf = NULL, *again = NULL;
	char *text, *second;
	int err = load(file, &macros, &conf);

	if (err)
		printf("# %s: %s", file, told);
	CU_ASSERT_EQUAL(err, 0);
	conf_macros_free(&macros);
	if (err)
		return;
	text = conf_text(conf, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	CU_ASSERT_EQUAL(conf_parse(text, strlen(text), "written", &errors, &again), 0);
	second = conf_text(again, NULL);
	CU_ASSERT_STRING_EQUAL(text, second);
	CU_ASSERT_EQUAL(conf->vm_count, again->vm_count);
	free(text);
	free(second);
	conf_free(conf);
	conf_free(again);
}

/* The "#!" lines of a file as the messages that they stand for. */
static void wanted_read(const char *file, char *ret, size_t size)
{
	char path[PATH_MAX], line[512];
	size_t len = 0;
	FILE *f;

	snprintf(path, sizeof(path), DIRECTORY "/%s", file);
	f = fopen(path, "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	ret[0] = '\0';
	while (fgets(line, sizeof(line), f)) {
		const char *text = line + 3;

		if (strncmp(line, "#! ", 3))
			continue;
		len += (size_t)snprintf(ret + len, size - len, "%s%s%s",
					strspn(text, "0123456789") ? file : "",
					strspn(text, "0123456789") ? ":" : "", text);
	}
	fclose(f);
}

static void check_fail(const char *file)
{
	struct conf_macros macros = STAILQ_HEAD_INITIALIZER(macros);
	static char wanted[TEXT_MAX];
	struct conf *conf = NULL;

	wanted_read(file, wanted, sizeof(wanted));
	CU_ASSERT(*wanted);
	CU_ASSERT_EQUAL(load(file, &macros, &conf), -EINVAL);
	if (strcmp(told, wanted))
		printf("# %s told:\n%s# wanted:\n%s", file, told, wanted);
	CU_ASSERT_STRING_EQUAL(told, wanted);
	conf_macros_free(&macros);
}

static void good_files_are_read(void)
{
	CU_ASSERT(files_each("pass-", check_pass) >= 6);
}

static void bad_files_are_told(void)
{
	CU_ASSERT(files_each("fail-", check_fail) >= 20);
}

static void everything_is_stored(void)
{
	struct conf_macros macros = STAILQ_HEAD_INITIALIZER(macros);
	struct conf *conf = NULL;
	struct vm_spec *vm;
	struct vm_disk *d;

	CU_ASSERT_EQUAL_FATAL(load("pass-all.conf", &macros, &conf), 0);
	CU_ASSERT_STRING_EQUAL(conf->qemu.root, "/srv/qemu");
	CU_ASSERT_EQUAL(conf->shutdown_timeout, 45);
	vm = conf_find(conf, "web.1");
	CU_ASSERT_PTR_NOT_NULL_FATAL(vm);
	CU_ASSERT(vm->disabled);
	CU_ASSERT_EQUAL(vm->memory, 1ull << 30);
	CU_ASSERT_EQUAL(vm->cpus, 4);
	CU_ASSERT_EQUAL(vm->qp_memory, 64ull << 20);
	CU_ASSERT_EQUAL(vm->cid, 5000);
	CU_ASSERT_EQUAL(vm->backdoor, VM_BACKDOOR_VMCALL);
	CU_ASSERT_EQUAL(vm->on_reboot, VM_ON_REBOOT_STOP);
	CU_ASSERT(vm->interrupts == VM_INTERRUPTS_INTX && vm->removable);
	CU_ASSERT(vm->network && vm->restricted);
	d = STAILQ_NEXT(STAILQ_FIRST(&vm->disks), link);
	CU_ASSERT(d->readonly && d->format == VM_DISK_QCOW2);
	CU_ASSERT_STRING_EQUAL(STAILQ_NEXT(d, link)->path, "/srv/vm");
	CU_ASSERT_STRING_EQUAL(STAILQ_FIRST(&vm->guestinfo)->key, "guestinfo.metadata");
	CU_ASSERT_STRING_EQUAL(STAILQ_FIRST(&vm->guestinfo)->value,
			       "instance-id: web\nlocal-hostname: \"web\"\n");
	CU_ASSERT_STRING_EQUAL(STAILQ_FIRST(&vm->faults)->key,
			       "rpci-answer count=1 info-get* 0 Maybe");
	CU_ASSERT_PTR_NULL(conf_find(conf, "web"));
	conf_free(conf);
	conf_macros_free(&macros);
}

static void command_line_macros_win(void)
{
	struct conf_macros macros = STAILQ_HEAD_INITIALIZER(macros);
	struct conf *conf = NULL;

	CU_ASSERT_EQUAL(conf_macro_set(&macros, "size", "640M", 1), 0);
	CU_ASSERT_EQUAL(conf_macro_set(&macros, "1size", "640M", 1), -EINVAL);
	CU_ASSERT_EQUAL(conf_macro_set(&macros, "", "640M", 1), -EINVAL);
	CU_ASSERT_EQUAL_FATAL(load("pass-macros.conf", &macros, &conf), 0);
	CU_ASSERT_EQUAL(conf_find(conf, "memory")->memory, 640ull << 20);
	CU_ASSERT_PTR_NOT_NULL(conf_find(conf, "640M"));
	conf_free(conf);
	conf_macros_free(&macros);
}

static void a_missing_file_is_told(void)
{
	struct conf_macros macros = STAILQ_HEAD_INITIALIZER(macros);
	struct conf *conf = NULL;

	CU_ASSERT_EQUAL(load("nothing.conf", &macros, &conf), -EINVAL);
	CU_ASSERT_STRING_EQUAL(told, "nothing.conf: No such file or directory\n");
	told[0] = '\0';
	CU_ASSERT_EQUAL(conf_load("/dev/zero", &macros, &errors, &conf), -EINVAL);
	CU_ASSERT_STRING_EQUAL(told, "/dev/zero: not a regular file\n");
}

static void relative_paths_are_beside_the_file(void)
{
	struct conf_macros macros = STAILQ_HEAD_INITIALIZER(macros);
	struct conf *conf = NULL;

	CU_ASSERT_EQUAL_FATAL(load("pass-relative.conf", &macros, &conf), 0);
	CU_ASSERT_STRING_EQUAL(conf_find(conf, "a")->kernel, DIRECTORY "/kernels/vmlinuz");
	conf_free(conf);
	conf_macros_free(&macros);
}

static void memory_text_cannot_include(void)
{
	static const char text[] = "include \"/etc/hostname\"\n";
	struct conf *conf = NULL;

	told[0] = '\0';
	CU_ASSERT_EQUAL(conf_parse(text, strlen(text), "text", &errors, &conf), -EINVAL);
	CU_ASSERT_STRING_EQUAL(told, "text:1: include is not possible here\n");
}

static const struct unit_case cases[] = {
	{ "good files are read, and written back as the same", good_files_are_read },
	{ "bad files are told, line by line", bad_files_are_told },
	{ "everything that a file says is stored", everything_is_stored },
	{ "a macro of the command line wins over the file's", command_line_macros_win },
	{ "a file that cannot be read is told", a_missing_file_is_told },
	{ "relative paths are beside the file that names them",
	  relative_paths_are_beside_the_file },
	{ "a text in memory cannot include files", memory_text_cannot_include },
};

UNIT_MAIN("conf", cases)
