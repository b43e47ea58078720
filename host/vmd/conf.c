/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf.c - vm.conf as data: load, find, free, write back
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/vmd/conf.h"
#include "host/vmd/conf_parser.h"
#include "host/vmd/parse.h"

static struct conf *conf_new(void)
{
	struct conf *conf = calloc(1, sizeof(*conf));

	if (!conf)
		return NULL;
	STAILQ_INIT(&conf->vms);
	conf->shutdown_timeout = CONF_SHUTDOWN_TIMEOUT;
	return conf;
}

void conf_free(struct conf *conf)
{
	struct conf_vm *v;

	if (!conf)
		return;
	while ((v = STAILQ_FIRST(&conf->vms))) {
		STAILQ_REMOVE_HEAD(&conf->vms, link);
		vm_spec_free(v->spec);
		free(v);
	}
	free(conf->qemu.binary);
	free(conf->qemu.root);
	free(conf->qemu.plugin);
	free(conf->container);
	free(conf->state_dir);
	free(conf);
}

struct vm_spec *conf_find(const struct conf *conf, const char *name)
{
	struct conf_vm *v;

	STAILQ_FOREACH(v, &conf->vms, link)
		if (!strcmp(v->spec->name, name))
			return v->spec;
	return NULL;
}

const char *conf_macro_get(const struct conf_macros *macros, const char *name)
{
	const struct conf_macro *m;

	STAILQ_FOREACH(m, macros, link)
		if (!strcmp(m->name, name))
			return m->value;
	return NULL;
}

static bool is_macro_name(const char *name)
{
	size_t i;

	for (i = 0; name[i]; i++)
		if (name[i] != '_' && !isalnum((unsigned char)name[i]))
			return false;
	return i && i < 64 && !isdigit((unsigned char)name[0]);
}

int conf_macro_set(struct conf_macros *macros, const char *name, const char *value, int sticky)
{
	struct conf_macro *m;
	char *copy;

	if (!is_macro_name(name))
		return -EINVAL;
	copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	STAILQ_FOREACH(m, macros, link) {
		if (strcmp(m->name, name))
			continue;
		if (m->sticky && !sticky) {
			free(copy);
			return 0;
		}
		free(m->value);
		m->value = copy;
		m->sticky = sticky;
		return 0;
	}
	m = calloc(1, sizeof(*m));
	if (m)
		m->name = strdup(name);
	if (!m || !m->name) {
		free(m);
		free(copy);
		return -ENOMEM;
	}
	m->value = copy;
	m->sticky = sticky;
	STAILQ_INSERT_TAIL(macros, m, link);
	return 0;
}

void conf_macros_free(struct conf_macros *macros)
{
	struct conf_macro *m;

	while ((m = STAILQ_FIRST(macros))) {
		STAILQ_REMOVE_HEAD(macros, link);
		free(m->name);
		free(m->value);
		free(m);
	}
}

void conf_error(struct conf_parser *p, const char *fmt, ...)
{
	char line[PATH_MAX + 512];
	va_list ap;
	int n;

	if (p->error_count++ >= CONF_ERRORS_MAX)
		return;
	n = p->where ? snprintf(line, sizeof(line), "%s:%u: ", p->where, p->where_line) : 0;
	va_start(ap, fmt);
	if (n >= 0 && (size_t)n < sizeof(line))
		vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
	va_end(ap);
	p->errors->line(p->errors->data, line);
}

/* Takes what was pushed, or, with @path, what it can read. */
static int parser_run(struct conf_parser *p, const char *path, struct conf **ret)
{
	int err = 0;

	p->conf = conf_new();
	if (!p->conf)
		p->out_of_memory = true;
	else if (path)
		err = conf_include(p, path);
	if (!err && !p->out_of_memory) {
		SLIST_FIRST(&p->sources)->begun = true;
		err = confyyparse(p);
	}
	if (p->out_of_memory)
		conf_error(p, "%s", strerror(ENOMEM));
	vm_spec_free(p->vm);
	while (!SLIST_EMPTY(&p->sources))
		conf_source_pop(p);
	free(p->word);
	free(p->where);
	if (err || p->error_count) {
		conf_free(p->conf);
		return -EINVAL;
	}
	*ret = p->conf;
	return 0;
}

int conf_load(const char *path, struct conf_macros *macros, const struct conf_errors *errors,
	      struct conf **ret)
{
	struct conf_parser p = { .macros = macros, .errors = errors, .may_include = true };

	return parser_run(&p, path, ret);
}

int conf_parse(const char *text, size_t len, const char *name, const struct conf_errors *errors,
	       struct conf **ret)
{
	struct conf_macros macros = STAILQ_HEAD_INITIALIZER(macros);
	struct conf_parser p = { .macros = &macros, .errors = errors };
	char *copy = malloc(len + 1);
	int err;

	if (!copy)
		return -ENOMEM;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (conf_source_push(&p, name, NULL, copy, len) < 0)
		return -ENOMEM;
	err = parser_run(&p, NULL, ret);
	conf_macros_free(&macros);
	return err;
}

/* ---- writing back ------------------------------------------------------------------------- */

static void put_quoted(FILE *f, const char *text)
{
	fputc('"', f);
	for (; *text; text++) {
		if (*text == '\n')
			fputs("\\n", f);
		else if (*text == '\t')
			fputs("\\t", f);
		else if (*text == '"' || *text == '\\')
			fprintf(f, "\\%c", *text);
		else
			fputc(*text, f);
	}
	fputc('"', f);
}

static void put_text(FILE *f, const char *keyword, const char *text)
{
	if (!text)
		return;
	fprintf(f, "%s ", keyword);
	put_quoted(f, text);
	fputc('\n', f);
}

static void put_pairs(FILE *f, const char *keyword, const struct vm_pairs *list, bool with_value)
{
	const struct vm_pair *p;

	STAILQ_FOREACH(p, list, link) {
		fprintf(f, "\t%s ", keyword);
		put_quoted(f, p->key);
		if (with_value) {
			fputc(' ', f);
			put_quoted(f, p->value);
		}
		fputc('\n', f);
	}
}

static void put_machine(FILE *f, const struct vm_spec *vm)
{
	static const char *const vmci[] = { [VM_VMCI_DMA] = "dma", [VM_VMCI_PORT] = "port",
					    [VM_VMCI_OFF] = "off" };
	static const char *const backdoor[] = { [VM_BACKDOOR_PORT] = "port",
						[VM_BACKDOOR_VMCALL] = "vmcall",
						[VM_BACKDOOR_VMMCALL] = "vmmcall" };
	static const char *const interrupts[] = { [VM_INTERRUPTS_MSIX] = "msix",
						  [VM_INTERRUPTS_MSI] = "msi",
						  [VM_INTERRUPTS_INTX] = "intx" };
	const struct vm_disk *d;

	fprintf(f, "\tbackdoor %s\n\tvmci %s interrupts %s%s\n\tqp-memory %" PRIu64 "\n",
		backdoor[vm->backdoor], vmci[vm->vmci], interrupts[vm->interrupts],
		vm->removable ? " removable" : "", vm->qp_memory);
	put_text(f, "\tkernel", vm->kernel);
	put_text(f, "\tinitrd", vm->initrd);
	put_text(f, "\tappend", vm->append);
	STAILQ_FOREACH(d, &vm->disks, link) {
		fputs("\tdisk ", f);
		put_quoted(f, d->path);
		fprintf(f, "%s format %s\n", d->readonly ? " readonly" : "",
			d->format == VM_DISK_QCOW2 ? "qcow2" : "raw");
	}
	put_text(f, "\tvsock", vm->vsock);
	put_pairs(f, "port", &vm->ports, true);
	put_pairs(f, "qemu-arg", &vm->qemu_args, false);
	fprintf(f, "\tinterface %s%s\n", vm->network ? "user" : "none",
		vm->restricted ? " restricted" : "");
}

static void put_container(FILE *f, const struct vm_spec *vm)
{
	const struct vm_share *s;

	fputs("\tengine process\n", f);
	put_text(f, "\troot", vm->root);
	put_text(f, "\tcommand", vm->command);
	STAILQ_FOREACH(s, &vm->shares, link) {
		fputs("\tshare ", f);
		put_quoted(f, s->path);
		fputs(s->writable ? " writable\n" : "\n", f);
	}
}

static void put_vm(FILE *f, const struct vm_spec *vm)
{
	fputs("vm ", f);
	put_quoted(f, vm->name);
	fprintf(f, " {\n\tmemory %" PRIu64 "M\n\tcpus %u\n", vm->memory >> 20, vm->cpus);
	if (vm->disabled)
		fputs("\tdisable\n", f);
	if (vm->engine == VM_ENGINE_PROCESS)
		put_container(f, vm);
	else
		put_machine(f, vm);
	if (vm->cid)
		fprintf(f, "\tcid %" PRIu32 "\n", vm->cid);
	put_text(f, "\tconsole", vm->console);
	put_text(f, "\tuuid", vm->uuid);
	put_text(f, "\trun-as", vm->run_as);
	put_pairs(f, "guestinfo", &vm->guestinfo, true);
	put_pairs(f, "fault", &vm->faults, false);
	fprintf(f, "\ton-reboot %s\n}\n", vm->on_reboot == VM_ON_REBOOT_STOP ? "stop" : "restart");
}

char *conf_text(const struct conf *conf, const struct vm_spec *only)
{
	const struct conf_vm *v;
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	int failed;

	if (!f)
		return NULL;
	put_text(f, "qemu", conf->qemu.binary);
	put_text(f, "qemu-root", conf->qemu.root);
	put_text(f, "plugin", conf->qemu.plugin);
	put_text(f, "container", conf->container);
	put_text(f, "state-dir", conf->state_dir);
	fprintf(f, "shutdown-timeout %u\n", conf->shutdown_timeout);
	STAILQ_FOREACH(v, &conf->vms, link)
		if (!only || only == v->spec)
			put_vm(f, v->spec);
	failed = ferror(f);
	if (fclose(f) || failed) {
		free(text);
		return NULL;
	}
	return text;
}
