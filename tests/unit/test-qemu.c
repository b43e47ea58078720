/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-qemu.c - which QEMU fits, and the command line that it gets
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/vmm/qemu_args.h"
#include "host/vmm/qemu_version.h"
#include "tests/unit/unit.h"

static void versions_are_read(void)
{
	static const struct {
		const char *text;
		int want;
		struct qemu_version v;
	} rows[] = {
		{ "QEMU emulator version 11.1.3 (Debian 1:11.1.3+ds-1~bpo13+1)\nCopyright", 0,
		  { 11, 1, 3 } },
		{ "QEMU emulator version 7.2\n", 0, { 7, 2, 0 } },
		{ "QEMU emulator version 11.2.50 (v11.1.0-1-gabc)", 0, { 11, 2, 50 } },
		{ "QEMU emulator version eleven", -EPROTO, { 0 } },
		{ "bash: not found", -EPROTO, { 0 } },
		{ "", -EPROTO, { 0 } },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct qemu_version v = { 0 };

		CU_ASSERT_EQUAL(qemu_version_parse(rows[i].text, &v), rows[i].want);
		CU_ASSERT(v.major == rows[i].v.major && v.minor == rows[i].v.minor &&
			  v.micro == rows[i].v.micro);
	}
}

static void range_is_kept(void)
{
	static const struct {
		struct qemu_version v;
		bool fits;
	} rows[] = {
		{ { 7, 2, 0 }, false },
		{ { 11, 0, 9 }, false },
		{ { 11, 1, 0 }, true },
		{ { 11, 9, 0 }, true },
		{ { 12, 0, 0 }, false },
	};
	char text[512];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CU_ASSERT_EQUAL(qemu_version_check(&rows[i].v, "/usr/bin/qemu", text, sizeof(text)),
				rows[i].fits ? 0 : -ENOTSUP);
	qemu_version_check(&rows[0].v, "/usr/bin/qemu", text, sizeof(text));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "/usr/bin/qemu is QEMU 7.2.0, but 11.1 or newer"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "qemu-root"));
}

static void script_write(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fputs(text, f);
	CU_ASSERT_EQUAL(fclose(f), 0);
	CU_ASSERT_EQUAL(chmod(path, 0700), 0);
}

/* The second answer comes from the cache: the program, unchanged in size and time, is not asked. */
static void program_is_asked_once(void)
{
	char dir[] = "/tmp/test-qemu.XXXXXX", binary[64], cache[64], count[64], text[512], script[256];
	char *argv[] = { binary, NULL };
	struct qemu_version v = { 0 };
	struct stat st;

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	snprintf(binary, sizeof(binary), "%s/qemu", dir);
	snprintf(cache, sizeof(cache), "%s/cache", dir);
	snprintf(count, sizeof(count), "%s/count", dir);
	snprintf(script, sizeof(script), "#!/bin/sh\necho x >>%s\n[ \"$1\" = -version ] && "
		 "echo QEMU emulator version 11.1.7\n", count);
	script_write(binary, script);
	CU_ASSERT_EQUAL(qemu_version_ask(argv, binary, cache, &v, text, sizeof(text)), 0);
	CU_ASSERT_EQUAL(v.micro, 7);
	memset(&v, 0, sizeof(v));
	CU_ASSERT_EQUAL(qemu_version_ask(argv, binary, cache, &v, text, sizeof(text)), 0);
	CU_ASSERT(v.major == 11 && v.minor == 1 && v.micro == 7);
	CU_ASSERT_EQUAL(stat(count, &st), 0);
	CU_ASSERT_EQUAL(st.st_size, 2);
	script_write(binary, "#!/bin/sh\nexit 1\n");
	CU_ASSERT_EQUAL(qemu_version_ask(argv, binary, cache, &v, text, sizeof(text)), -EPROTO);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "did not tell a version"));
	CU_ASSERT_EQUAL(unlink(binary), 0);
	CU_ASSERT_EQUAL(qemu_version_ask(argv, binary, cache, &v, text, sizeof(text)), -ENOENT);
	unlink(cache);
	unlink(count);
	CU_ASSERT_EQUAL(rmdir(dir), 0);
}

static const char *value_of(const struct qemu_args *a, const char *option, size_t nth)
{
	size_t i;

	for (i = 0; i + 1 < a->argc; i++)
		if (!strcmp(a->argv[i], option) && !nth--)
			return a->argv[i + 1];
	return "";
}

struct machine {
	struct vm_spec *vm;
	struct qemu_spec qemu;
	struct qemu_program program;
	struct qemu_fds fds;
	struct engine_input in;
	struct qemu_args args;
};

static void machine_new(struct machine *m)
{
	char text[512];

	memset(m, 0, sizeof(*m));
	m->vm = vm_spec_new("web");
	m->qemu.binary = (char *)"/usr/bin/qemu";
	m->qemu.plugin = (char *)"/usr/lib/a,b.so";
	m->fds.qmp = 5;
	m->fds.console = 6;
	m->in.vm = m->vm;
	m->in.qemu = &m->qemu;
	m->in.uuid = "564d1122-3344-5566-7788-99aabbccddee";
	CU_ASSERT_EQUAL(qemu_program_find(&m->qemu, &m->program, text, sizeof(text)), 0);
}

static void machine_build(struct machine *m)
{
	CU_ASSERT_EQUAL(qemu_args_build(&m->in, &m->program, &m->fds, &m->args), 0);
}

static void machine_free(struct machine *m)
{
	qemu_args_done(&m->args);
	qemu_program_done(&m->program);
	vm_spec_free(m->vm);
}

static void memory_is_shared(void)
{
	struct machine m;

	machine_new(&m);
	m.vm->memory = 640ull << 20;
	machine_build(&m);
	CU_ASSERT_STRING_EQUAL(m.args.argv[0], "/usr/bin/qemu");
	CU_ASSERT_STRING_EQUAL(value_of(&m.args, "-object", 0),
			       "memory-backend-memfd,id=m,size=640M,share=on");
	CU_ASSERT_STRING_EQUAL(value_of(&m.args, "-m", 0), "640");
	CU_ASSERT_PTR_NOT_NULL(strstr(value_of(&m.args, "-sandbox", 0), "spawn=deny"));
	CU_ASSERT_STRING_EQUAL(value_of(&m.args, "-kernel", 0), "");
	machine_free(&m);
}

static void smbios_spells_the_uuid(void)
{
	struct machine m;

	machine_new(&m);
	machine_build(&m);
	CU_ASSERT_STRING_EQUAL(value_of(&m.args, "-smbios", 0),
			       "type=1,manufacturer=VMware,, Inc.,product=VMware Virtual Platform,"
			       "version=None,serial=VMware-56 4d 11 22 33 44 55 66-"
			       "77 88 99 aa bb cc dd ee");
	machine_free(&m);
}

static void values_cannot_become_options(void)
{
	struct vm_disk *d = calloc(1, sizeof(*d));
	struct machine m;

	machine_new(&m);
	d->path = strdup("/a,\"b\",readonly=off");
	d->readonly = true;
	STAILQ_INSERT_TAIL(&m.vm->disks, d, link);
	m.vm->kernel = strdup("/k");
	m.vm->initrd = strdup("/i,j");
	m.in.vmci_socket = "/run/v,mci";
	m.in.front_socket = "/run/f,ront";
	machine_build(&m);
	CU_ASSERT_STRING_EQUAL(value_of(&m.args, "-initrd", 0), "/i,,j");
	CU_ASSERT_STRING_EQUAL(value_of(&m.args, "-plugin", 0), "/usr/lib/a,,b.so,socket=/run/f,,ront");
	CU_ASSERT_STRING_EQUAL(value_of(&m.args, "-blockdev", 0),
			       "{\"driver\":\"raw\",\"node-name\":\"disk0\",\"read-only\":true,\"file\":{"
			       "\"driver\":\"file\",\"filename\":\"/a,\\\"b\\\",readonly=off\","
			       "\"read-only\":true}}");
	CU_ASSERT_STRING_EQUAL(value_of(&m.args, "-device", 1),
			       "{\"driver\":\"vfio-user-pci\",\"id\":\"vmci\",\"socket\":{"
			       "\"type\":\"unix\",\"path\":\"/run/v,mci\"}}");
	machine_free(&m);
}

static void a_removable_device_has_a_slot(void)
{
	struct machine m;

	machine_new(&m);
	m.vm->removable = true;
	m.in.vmci_socket = "/run/vmci";
	machine_build(&m);
	CU_ASSERT_STRING_EQUAL(value_of(&m.args, "-device", 0),
			       "pcie-root-port,id=vmci.port,chassis=1,slot=1");
	CU_ASSERT_STRING_EQUAL(value_of(&m.args, "-device", 1),
			       "{\"driver\":\"vfio-user-pci\",\"bus\":\"vmci.port\",\"id\":\"vmci\","
			       "\"socket\":{\"type\":\"unix\",\"path\":\"/run/vmci\"}}");
	machine_free(&m);
}

static void ports_get_their_descriptors(void)
{
	struct machine m;

	machine_new(&m);
	vm_pair_add(&m.vm->ports, "org.example.out", "/x");
	vm_pair_add(&m.vm->ports, "org.example.err", "/y");
	m.fds.ports[0] = 11;
	m.fds.ports[1] = 12;
	machine_build(&m);
	CU_ASSERT_STRING_EQUAL(value_of(&m.args, "-add-fd", 1), "fd=12,set=2");
	CU_ASSERT_STRING_EQUAL(value_of(&m.args, "-device", 2),
			       "virtserialport,bus=ports.0,chardev=port1,name=org.example.err");
	machine_free(&m);
}

static void missing_program_is_told(void)
{
	struct qemu_spec spec = { .root = (char *)"/nonexistent" };
	struct qemu_program program;
	char text[512];

	CU_ASSERT_EQUAL(qemu_program_find(&spec, &program, text, sizeof(text)), -ENOENT);
	CU_ASSERT_STRING_EQUAL(text, "qemu-root /nonexistent: there is no usr/bin/qemu-system-x86_64 in "
			       "it");
}

static const struct unit_case cases[] = {
	{ "versions are read from -version", versions_are_read },
	{ "the accepted range is kept, and told with the remedy", range_is_kept },
	{ "a program is asked once for its version", program_is_asked_once },
	{ "guest memory is shared and QEMU sandboxed", memory_is_shared },
	{ "SMBIOS spells the UUID as VMware does", smbios_spells_the_uuid },
	{ "values of vm.conf cannot become options", values_cannot_become_options },
	{ "a removable device has a slot", a_removable_device_has_a_slot },
	{ "ports get their descriptors", ports_get_their_descriptors },
	{ "a root without QEMU is told", missing_program_is_told },
};

UNIT_MAIN("qemu", cases)
