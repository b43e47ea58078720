/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf_parser.h - what the grammar, the lexer and the checks of vm.conf share
 *
 * A check function returns 0, or -1 after it has told its fault by conf_error().
 */
#ifndef VMTKIT_HOST_VMD_CONF_PARSER_H
#define VMTKIT_HOST_VMD_CONF_PARSER_H

#include <stdbool.h>

#include "host/vmd/conf.h"

/* A text that is being read; the innermost include is the first of its list. */
struct conf_source {
	SLIST_ENTRY(conf_source) link;
	char *name;		/* for messages */
	char *dir;		/* paths are relative to it; NULL: left as they are */
	char *text;
	size_t len, pos;
	unsigned int line;
	bool begun;		/* false: first ends the line of the include statement */
};

struct conf_parser {
	struct conf *conf;
	struct conf_macros *macros;
	const struct conf_errors *errors;
	SLIST_HEAD(, conf_source) sources;
	unsigned int depth;
	bool may_include;
	unsigned int error_count;
	bool out_of_memory;
	struct vm_spec *vm;	/* of the block that is open, not yet in conf; or NULL */
	unsigned int vm_errors;	/* error_count when the block began */
	unsigned int given;	/* bit for each keyword that may come once in a block */
	unsigned int given_global;
	/* The token in hand, for messages: its text ("" at the end), and where it was. */
	char *word;
	bool word_quoted;
	bool lex_failed;	/* the lexer has told a fault that the grammar is about to find */
	char *where;
	unsigned int where_line;
};

/* Values of the grammar's symbols; texts are owned. */
union conf_value {
	char *text;
	int number;
	struct {
		int readonly;
		char *format;
	} disk;
	struct {
		char *interrupts;
		int removable;
	} vmci;
};

int conf_lex(union conf_value *ret, struct conf_parser *p);
void conf_error(struct conf_parser *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* conf_source_push - read from this text next; takes @text; -1 when memory is short */
int conf_source_push(struct conf_parser *p, const char *name, const char *dir, char *text,
		     size_t len);
void conf_source_pop(struct conf_parser *p);

/* conf_include - push a file, relative to the file in hand */
int conf_include(struct conf_parser *p, const char *path);

/* What a keyword of a block or of the whole file sets; each tells its faults itself. */
enum conf_key {
	CONF_QEMU, CONF_QEMU_ROOT, CONF_PLUGIN, CONF_SHUTDOWN_TIMEOUT_KEY, CONF_STATE_DIR,
	CONF_MEMORY, CONF_CPUS, CONF_KERNEL, CONF_INITRD, CONF_APPEND, CONF_BACKDOOR, CONF_CID,
	CONF_VMCI, CONF_QP_MEMORY, CONF_VSOCK, CONF_CONSOLE, CONF_UUID, CONF_INTERFACE, CONF_ON_REBOOT,
	CONF_DISABLE, CONF_INTERRUPTS, CONF_CONTAINER, CONF_ENGINE, CONF_ROOT, CONF_COMMAND,
	CONF_RUN_AS,
};

int conf_set_macro(struct conf_parser *p, const char *name, const char *value);
int conf_set_global(struct conf_parser *p, enum conf_key key, const char *text);
int conf_vm_begin(struct conf_parser *p, const char *name);
int conf_vm_end(struct conf_parser *p);
int conf_vm_set(struct conf_parser *p, enum conf_key key, const char *text);
/* conf_vm_vmci - @interrupts: NULL: the default */
int conf_vm_vmci(struct conf_parser *p, const char *how, const char *interrupts, bool removable);
int conf_vm_interface(struct conf_parser *p, const char *kind, bool restricted);
int conf_vm_disk(struct conf_parser *p, const char *path, bool readonly, const char *format);
int conf_vm_share(struct conf_parser *p, const char *path, bool writable);
int conf_vm_port(struct conf_parser *p, const char *name, const char *path);
int conf_vm_guestinfo(struct conf_parser *p, const char *key, const char *value);
int conf_vm_fault(struct conf_parser *p, const char *line);
int conf_vm_qemu_arg(struct conf_parser *p, const char *arg);

#endif /* VMTKIT_HOST_VMD_CONF_PARSER_H */
