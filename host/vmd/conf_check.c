/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf_check.c - what each statement of vm.conf may say
 *
 * Called by the grammar as it reads.  A value that passes is stored; one that does not is told with
 * its range, and the parse goes on.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/bytes.h"
#include "host/model/fault.h"
#include "host/vmd/conf_parser.h"
#include "host/vmm/vsock_unix.h"
#include "wire/vmci_device.h"

#define CID_MAX	INT32_MAX	/* the device model takes no more */

static const char *const key_names[] = {
	[CONF_QEMU] = "qemu",
	[CONF_QEMU_ROOT] = "qemu-root",
	[CONF_PLUGIN] = "plugin",
	[CONF_SHUTDOWN_TIMEOUT_KEY] = "shutdown-timeout",
	[CONF_STATE_DIR] = "state-dir",
	[CONF_MEMORY] = "memory",
	[CONF_CPUS] = "cpus",
	[CONF_KERNEL] = "kernel",
	[CONF_INITRD] = "initrd",
	[CONF_APPEND] = "append",
	[CONF_BACKDOOR] = "backdoor",
	[CONF_CID] = "cid",
	[CONF_VMCI] = "vmci",
	[CONF_INTERRUPTS] = "interrupts",
	[CONF_QP_MEMORY] = "qp-memory",
	[CONF_VSOCK] = "vsock",
	[CONF_CONSOLE] = "console",
	[CONF_UUID] = "uuid",
	[CONF_INTERFACE] = "interface",
	[CONF_ON_REBOOT] = "on-reboot",
	[CONF_DISABLE] = "disable",
	[CONF_CONTAINER] = "container",
	[CONF_ENGINE] = "engine",
	[CONF_ROOT] = "root",
	[CONF_COMMAND] = "command",
	[CONF_RUN_AS] = "run-as",
};

/* -1 after a message */
static int once(struct conf_parser *p, unsigned int *given, enum conf_key key)
{
	if (*given & 1u << key) {
		conf_error(p, "%s is given twice", key_names[key]);
		return -1;
	}
	*given |= 1u << key;
	return 0;
}

static int no_memory(struct conf_parser *p)
{
	p->out_of_memory = true;
	return -1;
}

/* Decimal digits only: no sign, blank or prefix, as strtoull() would take them. */
static int parse_digits(const char *text, const char **ret_end, uint64_t *ret)
{
	uint64_t v = 0;

	if (!isdigit((unsigned char)*text))
		return -1;
	for (; isdigit((unsigned char)*text); text++) {
		unsigned int digit = (unsigned int)(*text - '0');

		if (v > (UINT64_MAX - digit) / 10)
			return -1;
		v = v * 10 + digit;
	}
	*ret_end = text;
	*ret = v;
	return 0;
}

static int set_number(struct conf_parser *p, enum conf_key key, const char *text, uint64_t min,
		      uint64_t max, uint64_t *ret)
{
	const char *end;
	uint64_t v;

	if (parse_digits(text, &end, &v) < 0 || *end || v < min || v > max) {
		conf_error(p, "%s must be a number from %" PRIu64 " to %" PRIu64 ", not \"%.64s\"",
			   key_names[key], min, max, text);
		return -1;
	}
	*ret = v;
	return 0;
}

/* Bytes, with K, M or G as powers of 1024; @unit is what it must be a multiple of. */
static int set_size(struct conf_parser *p, enum conf_key key, const char *text, uint64_t min,
		    uint64_t max, uint64_t unit, const char *range, uint64_t *ret)
{
	static const char suffixes[] = "KMG";
	const char *end, *suffix;
	unsigned int shift = 0;
	uint64_t v;

	if (parse_digits(text, &end, &v) < 0)
		goto fault;
	suffix = *end ? strchr(suffixes, toupper((unsigned char)*end)) : NULL;
	if (suffix) {
		shift = 10 * (unsigned int)(suffix - suffixes + 1);
		end++;
	}
	if (*end || v > max >> shift)
		goto fault;
	v <<= shift;
	if (v < min || v % unit)
		goto fault;
	*ret = v;
	return 0;
fault:
	conf_error(p, "%s must be %s, not \"%.64s\"", key_names[key], range, text);
	return -1;
}

static int set_text(struct conf_parser *p, const char *text, char **ret)
{
	char *copy = strdup(text);

	if (!copy)
		return no_memory(p);
	free(*ret);
	*ret = copy;
	return 0;
}

/* Relative paths mean: beside the file that names them. */
static int set_path(struct conf_parser *p, const char *what, const char *text, char **ret)
{
	const struct conf_source *s = SLIST_FIRST(&p->sources);
	char full[PATH_MAX];
	int n;

	if (!*text) {
		conf_error(p, "%s must not be empty", what);
		return -1;
	}
	if (*text == '/' || !s || !s->dir || !strcmp(s->dir, "."))
		n = snprintf(full, sizeof(full), "%s", text);
	else
		n = snprintf(full, sizeof(full), "%s/%s", s->dir, text);
	if (n < 0 || (size_t)n >= sizeof(full)) {
		conf_error(p, "%s is longer than %d bytes", what, PATH_MAX - 1);
		return -1;
	}
	return set_text(p, full, ret);
}

/* Its sockets' names are this one and a suffix; the longest must fit. */
static int set_vsock(struct conf_parser *p, const char *text, struct vm_spec *vm)
{
	if (set_path(p, "vsock", text, &vm->vsock) < 0)
		return -1;
	if (strlen(vm->vsock) <= VSU_PATH_MAX)
		return 0;
	conf_error(p, "vsock is longer than %d bytes", VSU_PATH_MAX);
	return -1;
}

/* The place of @text in @words, which ends with NULL; -1 after a message. */
static int set_choice(struct conf_parser *p, enum conf_key key, const char *text,
		      const char *const *words, const char *list)
{
	int i;

	for (i = 0; words[i]; i++)
		if (!strcmp(words[i], text))
			return i;
	conf_error(p, "%s must be %s, not \"%.64s\"", key_names[key], list, text);
	return -1;
}

/* One word: what a file name and a line of output can hold without quoting. */
static bool is_name(const char *text, size_t max)
{
	size_t i;

	for (i = 0; text[i]; i++)
		if (!isalnum((unsigned char)text[i]) && (!i || !strchr("._-", text[i])))
			return false;
	return i && i <= max;
}

int conf_set_macro(struct conf_parser *p, const char *name, const char *value)
{
	int err = conf_macro_set(p->macros, name, value, 0);

	if (err == -EINVAL)
		conf_error(p, "macro name \"%.64s\" must be letters, digits and underscores", name);
	else if (err)
		no_memory(p);
	return err ? -1 : 0;
}

int conf_set_global(struct conf_parser *p, enum conf_key key, const char *text)
{
	struct conf *conf = p->conf;
	uint64_t v;

	if (once(p, &p->given_global, key) < 0)
		return -1;
	switch ((int)key) {
	case CONF_QEMU:
		return set_path(p, "qemu", text, &conf->qemu.binary);
	case CONF_QEMU_ROOT:
		return set_path(p, "qemu-root", text, &conf->qemu.root);
	case CONF_PLUGIN:
		return set_path(p, "plugin", text, &conf->qemu.plugin);
	case CONF_CONTAINER:
		return set_path(p, "container", text, &conf->container);
	case CONF_STATE_DIR:
		return set_path(p, "state-dir", text, &conf->state_dir);
	case CONF_SHUTDOWN_TIMEOUT_KEY:
		if (set_number(p, key, text, 0, CONF_SHUTDOWN_TIMEOUT_MAX, &v) < 0)
			return -1;
		conf->shutdown_timeout = (unsigned int)v;
		return 0;
	}
	return -1;
}

int conf_vm_begin(struct conf_parser *p, const char *name)
{
	/* A block without a name that can stand still gets its lines checked. */
	p->given = 0;
	p->vm_errors = p->error_count;
	vm_spec_free(p->vm);
	p->vm = vm_spec_new(name);
	if (!p->vm)
		return no_memory(p);
	if (!is_name(name, VM_NAME_MAX)) {
		conf_error(p, "VM name \"%.64s\" must be 1 to %d letters, digits, '.', '_' and '-'"
			   " and begin with a letter or digit", name, VM_NAME_MAX);
		return -1;
	}
	if (conf_find(p->conf, name)) {
		conf_error(p, "vm \"%s\" is defined twice", name);
		return -1;
	}
	return 0;
}

/* The first of the keywords in @keys that the block has, or NULL. */
static const char *given_of(const struct conf_parser *p, const enum conf_key *keys, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (p->given & 1u << keys[i])
			return key_names[keys[i]];
	return NULL;
}

static int container_check(struct conf_parser *p, struct vm_spec *vm)
{
	static const enum conf_key machine[] = {
		CONF_KERNEL, CONF_INITRD, CONF_APPEND, CONF_BACKDOOR, CONF_QP_MEMORY, CONF_VSOCK,
		CONF_INTERFACE,
	};
	const char *wrong = given_of(p, machine, ARRAY_SIZE(machine));

	if (!wrong)
		wrong = !STAILQ_EMPTY(&vm->disks) ? "disk" : !STAILQ_EMPTY(&vm->ports) ? "port" :
			!STAILQ_EMPTY(&vm->qemu_args) ? "qemu-arg" :
			p->given & 1u << CONF_VMCI && vm->vmci != VM_VMCI_OFF ? "vmci" : NULL;
	if (wrong) {
		conf_error(p, "vm \"%s\": %s is not for engine process", vm->name, wrong);
		return -1;
	}
	if (!vm->command) {
		conf_error(p, "vm \"%s\": engine process needs a command", vm->name);
		return -1;
	}
	vm->vmci = VM_VMCI_OFF;
	return 0;
}

static int machine_check(struct conf_parser *p, const struct vm_spec *vm)
{
	static const enum conf_key container[] = { CONF_ROOT, CONF_COMMAND };
	const char *wrong = given_of(p, container, ARRAY_SIZE(container));

	if (!wrong && !STAILQ_EMPTY(&vm->shares))
		wrong = "share";
	if (wrong) {
		conf_error(p, "vm \"%s\": %s is for engine process only", vm->name, wrong);
		return -1;
	}
	if (!vm->kernel && STAILQ_EMPTY(&vm->disks)) {
		conf_error(p, "vm \"%s\" has neither a kernel nor a disk", vm->name);
		return -1;
	}
	if (!vm->kernel && (vm->initrd || vm->append)) {
		conf_error(p, "vm \"%s\": %s needs a kernel", vm->name,
			   vm->initrd ? "initrd" : "append");
		return -1;
	}
	return 0;
}

static int vm_whole_check(struct conf_parser *p, struct vm_spec *vm)
{
	const struct conf_vm *other;
	int err = vm->engine == VM_ENGINE_PROCESS ? container_check(p, vm) : machine_check(p, vm);

	if (err)
		return err;
	STAILQ_FOREACH(other, &p->conf->vms, link)
		if (vm->cid && other->spec->cid == vm->cid) {
			conf_error(p, "cid %" PRIu32 " is that of vm \"%s\" too", vm->cid,
				   other->spec->name);
			return -1;
		}
	return 0;
}

int conf_vm_end(struct conf_parser *p)
{
	struct conf_vm *v;

	if (!p->vm)
		return -1;
	/* A block with faults is judged line by line only: the rest may follow from them. */
	if (p->error_count != p->vm_errors || vm_whole_check(p, p->vm) < 0) {
		vm_spec_free(p->vm);
		p->vm = NULL;
		return -1;
	}
	v = calloc(1, sizeof(*v));
	if (!v)
		return no_memory(p);
	v->spec = p->vm;
	p->vm = NULL;
	STAILQ_INSERT_TAIL(&p->conf->vms, v, link);
	p->conf->vm_count++;
	return 0;
}

static int set_uuid(struct conf_parser *p, const char *text, char **ret)
{
	size_t i;

	for (i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
			break;
	}
	if (i < 36 || text[36]) {
		conf_error(p, "uuid must look like 564d0000-0000-0000-0000-000000000000, not "
			   "\"%.64s\"", text);
		return -1;
	}
	return set_text(p, text, ret);
}

static int set_append(struct conf_parser *p, const char *text, char **ret)
{
	if (strlen(text) > VM_APPEND_MAX || strpbrk(text, "\n\t")) {
		conf_error(p, "append must be one line of at most %d bytes", VM_APPEND_MAX);
		return -1;
	}
	return set_text(p, text, ret);
}

static int set_command(struct conf_parser *p, const char *text, char **ret)
{
	if (!*text || strlen(text) > VM_COMMAND_MAX) {
		conf_error(p, "command must have 1 to %d bytes", VM_COMMAND_MAX);
		return -1;
	}
	return set_text(p, text, ret);
}

/* A name of the machine's users, looked up when the VM starts, or a number. */
static int set_run_as(struct conf_parser *p, const char *text, char **ret)
{
	const char *end;
	uint64_t v;

	if (isdigit((unsigned char)*text) ? parse_digits(text, &end, &v) < 0 || *end || v >= UINT32_MAX
					  : !*text || strchr(text, '/')) {
		conf_error(p, "run-as must be a user's name or number, not \"%.64s\"", text);
		return -1;
	}
	return set_text(p, text, ret);
}

static int set_number_u32(struct conf_parser *p, enum conf_key key, const char *text,
			  uint64_t min, uint64_t max, uint32_t *ret)
{
	uint64_t v;

	if (set_number(p, key, text, min, max, &v) < 0)
		return -1;
	*ret = (uint32_t)v;
	return 0;
}

static int set_vm_choice(struct conf_parser *p, enum conf_key key, const char *text)
{
	static const char *const backdoor[] = { "port", "vmcall", "vmmcall", NULL };
	static const char *const on_reboot[] = { "restart", "stop", NULL };
	static const char *const engine[] = { "qemu", "process", NULL };
	int i;

	switch ((int)key) {
	case CONF_BACKDOOR:
		i = set_choice(p, key, text, backdoor, "port, vmcall or vmmcall");
		p->vm->backdoor = (enum vm_backdoor)(i < 0 ? 0 : i);
		return i;
	case CONF_ENGINE:
		i = set_choice(p, key, text, engine, "qemu or process");
		p->vm->engine = (enum vm_engine)(i < 0 ? 0 : i);
		return i;
	case CONF_ON_REBOOT:
		i = set_choice(p, key, text, on_reboot, "restart or stop");
		p->vm->on_reboot = (enum vm_on_reboot)(i < 0 ? 0 : i);
		return i;
	}
	return -1;
}

int conf_vm_set(struct conf_parser *p, enum conf_key key, const char *text)
{
	struct vm_spec *vm = p->vm;

	if (!vm || once(p, &p->given, key) < 0)
		return -1;
	switch ((int)key) {
	case CONF_DISABLE:
		vm->disabled = true;
		return 0;
	case CONF_MEMORY:
		return set_size(p, key, text, VM_MEMORY_MIN, VM_MEMORY_MAX, 1 << 20,
				"whole MiB from 32M to 1024G", &vm->memory);
	case CONF_QP_MEMORY:
		return set_size(p, key, text, VM_QP_MEMORY_MIN, VM_QP_MEMORY_MAX, 4096,
				"whole pages from 64K to 1G", &vm->qp_memory);
	case CONF_CPUS:
		return set_number_u32(p, key, text, 1, VM_CPUS_MAX, &vm->cpus);
	case CONF_CID:
		return set_number_u32(p, key, text, VMCI_CID_RESERVED_MAX, CID_MAX, &vm->cid);
	case CONF_KERNEL:
		return set_path(p, "kernel", text, &vm->kernel);
	case CONF_INITRD:
		return set_path(p, "initrd", text, &vm->initrd);
	case CONF_VSOCK:
		return set_vsock(p, text, vm);
	case CONF_CONSOLE:
		return set_path(p, "console", text, &vm->console);
	case CONF_ROOT:
		return set_path(p, "root", text, &vm->root);
	case CONF_COMMAND:
		return set_command(p, text, &vm->command);
	case CONF_RUN_AS:
		return set_run_as(p, text, &vm->run_as);
	case CONF_APPEND:
		return set_append(p, text, &vm->append);
	case CONF_UUID:
		return set_uuid(p, text, &vm->uuid);
	}
	return set_vm_choice(p, key, text);
}

int conf_vm_vmci(struct conf_parser *p, const char *how, const char *interrupts, bool removable)
{
	static const char *const ways[] = { "dma", "port", "off", NULL };
	static const char *const kinds[] = { "msix", "msi", "intx", NULL };
	int i, kind = VM_INTERRUPTS_MSIX;

	if (!p->vm || once(p, &p->given, CONF_VMCI) < 0)
		return -1;
	i = set_choice(p, CONF_VMCI, how, ways, "dma, port or off");
	if (interrupts)
		kind = set_choice(p, CONF_INTERRUPTS, interrupts, kinds, "msix, msi or intx");
	if (i < 0 || kind < 0)
		return -1;
	p->vm->vmci = (enum vm_vmci)i;
	p->vm->interrupts = (enum vm_interrupts)kind;
	p->vm->removable = removable;
	return 0;
}

int conf_vm_interface(struct conf_parser *p, const char *kind, bool restricted)
{
	static const char *const kinds[] = { "none", "user", NULL };
	int i;

	if (!p->vm || once(p, &p->given, CONF_INTERFACE) < 0)
		return -1;
	i = set_choice(p, CONF_INTERFACE, kind, kinds, "none or user");
	p->vm->network = i == 1;
	p->vm->restricted = restricted;
	return i < 0 ? -1 : 0;
}

int conf_vm_disk(struct conf_parser *p, const char *path, bool readonly, const char *format)
{
	struct vm_disk *d, *other;
	unsigned int count = 0;

	if (!p->vm)
		return -1;
	if (format && strcmp(format, "raw") && strcmp(format, "qcow2")) {
		conf_error(p, "disk format must be raw or qcow2, not \"%.64s\"", format);
		return -1;
	}
	STAILQ_FOREACH(other, &p->vm->disks, link)
		count++;
	if (count == VM_DISKS_MAX) {
		conf_error(p, "a VM has at most %d disks", VM_DISKS_MAX);
		return -1;
	}
	d = calloc(1, sizeof(*d));
	if (!d)
		return no_memory(p);
	d->readonly = readonly;
	d->format = format && !strcmp(format, "qcow2") ? VM_DISK_QCOW2 : VM_DISK_RAW;
	if (set_path(p, "disk", path, &d->path) < 0) {
		free(d);
		return -1;
	}
	STAILQ_INSERT_TAIL(&p->vm->disks, d, link);
	return 0;
}

int conf_vm_share(struct conf_parser *p, const char *path, bool writable)
{
	struct vm_share *s, *other;
	unsigned int count = 0;

	if (!p->vm)
		return -1;
	STAILQ_FOREACH(other, &p->vm->shares, link)
		count++;
	if (count == VM_SHARES_MAX) {
		conf_error(p, "a VM has at most %d shares", VM_SHARES_MAX);
		return -1;
	}
	if (!strcmp(path, "/")) {
		conf_error(p, "share must not be the whole machine; root is for its system folders");
		return -1;
	}
	s = calloc(1, sizeof(*s));
	if (!s)
		return no_memory(p);
	s->writable = writable;
	if (set_path(p, "share", path, &s->path) < 0) {
		free(s);
		return -1;
	}
	STAILQ_INSERT_TAIL(&p->vm->shares, s, link);
	return 0;
}

static bool has_key(const struct vm_pairs *list, const char *key, unsigned int *ret_count)
{
	const struct vm_pair *pair;
	bool found = false;

	*ret_count = 0;
	STAILQ_FOREACH(pair, list, link) {
		(*ret_count)++;
		found = found || !strcmp(pair->key, key);
	}
	return found;
}

int conf_vm_port(struct conf_parser *p, const char *name, const char *path)
{
	char *full = NULL;
	unsigned int count;
	int err;

	if (!p->vm)
		return -1;
	if (!is_name(name, VM_NAME_MAX)) {
		conf_error(p, "port name \"%.64s\" must be 1 to %d letters, digits, '.', '_' and '-'",
			   name, VM_NAME_MAX);
		return -1;
	}
	if (has_key(&p->vm->ports, name, &count)) {
		conf_error(p, "port \"%s\" is given twice", name);
		return -1;
	}
	if (count == VM_PORTS_MAX) {
		conf_error(p, "a VM has at most %d ports", VM_PORTS_MAX);
		return -1;
	}
	if (set_path(p, "port", path, &full) < 0)
		return -1;
	err = vm_pair_add(&p->vm->ports, name, full);
	free(full);
	return err ? no_memory(p) : 0;
}

int conf_vm_guestinfo(struct conf_parser *p, const char *key, const char *value)
{
	char full[VM_GUESTINFO_KEY_MAX + 16];
	unsigned int count;

	if (!p->vm)
		return -1;
	snprintf(full, sizeof(full), "%s%.*s", strncmp(key, "guestinfo.", 10) ? "guestinfo." : "",
		 VM_GUESTINFO_KEY_MAX + 1, key);
	if (!is_name(full, VM_GUESTINFO_KEY_MAX) || !full[10]) {
		conf_error(p, "guestinfo key \"%.64s\" must be at most %d letters, digits, '.', '_' "
			   "and '-'", key, VM_GUESTINFO_KEY_MAX);
		return -1;
	}
	if (has_key(&p->vm->guestinfo, full, &count)) {
		conf_error(p, "%s is given twice", full);
		return -1;
	}
	if (strlen(value) > VM_GUESTINFO_MAX) {
		conf_error(p, "a guestinfo value has at most %d bytes", VM_GUESTINFO_MAX);
		return -1;
	}
	return vm_pair_add(&p->vm->guestinfo, full, value) ? no_memory(p) : 0;
}

/* Kept as fault_line() writes it, so that two of one kind are found by their names. */
int conf_vm_fault(struct conf_parser *p, const char *line)
{
	char text[FAULT_ERROR_MAX], written[FAULT_LINE_MAX + 1];
	const struct vm_pair *other;
	struct fault_rule rule;
	const char *name;

	if (!p->vm)
		return -1;
	if (fault_parse(line, strlen(line), &rule, text)) {
		conf_error(p, "fault: %s", text);
		return -1;
	}
	name = fault_info(rule.kind)->name;
	STAILQ_FOREACH(other, &p->vm->faults, link) {
		if (strcspn(other->key, " ") == strlen(name) &&
		    !strncmp(other->key, name, strlen(name))) {
			conf_error(p, "fault %s is given twice", name);
			return -1;
		}
	}
	return vm_pair_add(&p->vm->faults, fault_line(&rule, written), "") ? no_memory(p) : 0;
}

int conf_vm_qemu_arg(struct conf_parser *p, const char *arg)
{
	if (!p->vm)
		return -1;
	return vm_pair_add(&p->vm->qemu_args, arg, "") ? no_memory(p) : 0;
}
