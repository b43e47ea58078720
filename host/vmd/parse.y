/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parse.y - the grammar of vm.conf
 *
 * Statements end at a newline or semicolon.  Values are texts, whether quoted, bare or from a macro;
 * what a text must look like is checked by the conf_*() functions of conf_check.c, which tell their
 * own faults (they return < 0; the parse goes on, to find more).  After a syntax error reading goes on
 * with the next statement.
 */
%define api.pure full
%define api.prefix {confyy}
%define api.value.type {union conf_value}
%param {struct conf_parser *p}

%code requires {
#include "host/vmd/conf_parser.h"
}

%code {
#include <stdlib.h>
#include <string.h>

static int confyylex(union conf_value *value, struct conf_parser *p)
{
	return conf_lex(value, p);
}

/* bison's own texts are replaced by one that names the word */
static void confyyerror(struct conf_parser *p, const char *msg)
{
	if (p->lex_failed)
		p->lex_failed = false;		/* told already */
	else if (!strcmp(msg, "memory exhausted"))
		conf_error(p, "blocks nested too deep");
	else if (!strcmp(p->word, "\n"))
		conf_error(p, "unexpected end of line");
	else if (!*p->word && !p->word_quoted)
		conf_error(p, "unexpected end of file");
	else
		conf_error(p, "syntax error near \"%.64s\"", p->word);
}
}

%token APPEND BACKDOOR CID COMMAND CONSOLE CONTAINER CPUS DISABLE DISK ENGINE FAULT FORMAT GUESTINFO
%token INCLUDE INITRD INTERFACE INTERRUPTS KERNEL MEMORY ON_REBOOT PLUGIN PORT QEMU QEMU_ARG QEMU_ROOT
%token QP_MEMORY READONLY REMOVABLE RESTRICTED ROOT RUN_AS SHARE SHUTDOWN_TIMEOUT STATE_DIR UUID VM VMCI
%token VSOCK WRITABLE
%token LEX_ERROR
%token <text> TEXT
%type <number> global_key vm_key restricted writable
%type <disk> disk_options
%type <vmci> vmci_options

%destructor { free($$); } <text>
%destructor { free($$.format); } <disk>
%destructor { free($$.interrupts); } <vmci>

%%

conf:
	%empty
	| conf '\n'
	| conf statement '\n'
	| conf error '\n'	{ yyerrok; }
	;

statement:
	INCLUDE TEXT {
		conf_include(p, $2);
		free($2);
	}
	| TEXT '=' TEXT {
		conf_set_macro(p, $1, $3);
		free($1);
		free($3);
	}
	| global_key TEXT {
		conf_set_global(p, (enum conf_key)$1, $2);
		free($2);
	}
	| vm_head newlines vm_block	{ conf_vm_end(p); }
	;

vm_head:
	VM TEXT {
		conf_vm_begin(p, $2);
		free($2);
	}
	;

newlines:
	%empty
	| newlines '\n'
	;

global_key:
	QEMU			{ $$ = CONF_QEMU; }
	| QEMU_ROOT		{ $$ = CONF_QEMU_ROOT; }
	| PLUGIN		{ $$ = CONF_PLUGIN; }
	| CONTAINER		{ $$ = CONF_CONTAINER; }
	| SHUTDOWN_TIMEOUT	{ $$ = CONF_SHUTDOWN_TIMEOUT_KEY; }
	| STATE_DIR		{ $$ = CONF_STATE_DIR; }
	;

vm_block:
	'{' vm_statements vm_statement '}'
	| '{' vm_statements error '}'
	;

vm_statements:
	%empty
	| vm_statements vm_statement '\n'
	| vm_statements error '\n'	{ yyerrok; }
	;

vm_statement:
	%empty
	| DISABLE			{ conf_vm_set(p, CONF_DISABLE, NULL); }
	| vm_key TEXT {
		conf_vm_set(p, (enum conf_key)$1, $2);
		free($2);
	}
	| BACKDOOR PORT			{ conf_vm_set(p, CONF_BACKDOOR, "port"); }
	| VMCI TEXT vmci_options {
		conf_vm_vmci(p, $2, $3.interrupts, $3.removable);
		free($2);
		free($3.interrupts);
	}
	| VMCI PORT vmci_options {
		conf_vm_vmci(p, "port", $3.interrupts, $3.removable);
		free($3.interrupts);
	}
	| RUN_AS ROOT			{ conf_vm_set(p, CONF_RUN_AS, "root"); }
	| ENGINE QEMU			{ conf_vm_set(p, CONF_ENGINE, "qemu"); }
	| SHARE TEXT writable {
		conf_vm_share(p, $2, $3);
		free($2);
	}
	| DISK TEXT disk_options {
		conf_vm_disk(p, $2, $3.readonly, $3.format);
		free($2);
		free($3.format);
	}
	| INTERFACE TEXT restricted {
		conf_vm_interface(p, $2, $3);
		free($2);
	}
	| PORT TEXT TEXT {
		conf_vm_port(p, $2, $3);
		free($2);
		free($3);
	}
	| GUESTINFO TEXT TEXT {
		conf_vm_guestinfo(p, $2, $3);
		free($2);
		free($3);
	}
	| FAULT TEXT {
		conf_vm_fault(p, $2);
		free($2);
	}
	| QEMU_ARG TEXT {
		conf_vm_qemu_arg(p, $2);
		free($2);
	}
	;

vm_key:
	MEMORY			{ $$ = CONF_MEMORY; }
	| CPUS			{ $$ = CONF_CPUS; }
	| KERNEL		{ $$ = CONF_KERNEL; }
	| INITRD		{ $$ = CONF_INITRD; }
	| APPEND		{ $$ = CONF_APPEND; }
	| BACKDOOR		{ $$ = CONF_BACKDOOR; }
	| CID			{ $$ = CONF_CID; }
	| QP_MEMORY		{ $$ = CONF_QP_MEMORY; }
	| VSOCK			{ $$ = CONF_VSOCK; }
	| CONSOLE		{ $$ = CONF_CONSOLE; }
	| UUID			{ $$ = CONF_UUID; }
	| ON_REBOOT		{ $$ = CONF_ON_REBOOT; }
	| ENGINE		{ $$ = CONF_ENGINE; }
	| ROOT			{ $$ = CONF_ROOT; }
	| COMMAND		{ $$ = CONF_COMMAND; }
	| RUN_AS		{ $$ = CONF_RUN_AS; }
	;

writable:
	%empty			{ $$ = 0; }
	| WRITABLE		{ $$ = 1; }
	;

restricted:
	%empty			{ $$ = 0; }
	| RESTRICTED		{ $$ = 1; }
	;

vmci_options:
	%empty			{ $$.interrupts = NULL; $$.removable = 0; }
	| vmci_options REMOVABLE { $$ = $1; $$.removable = 1; }
	| vmci_options INTERRUPTS TEXT {
		free($1.interrupts);
		$$.interrupts = $3;
		$$.removable = $1.removable;
	}
	;

disk_options:
	%empty			{ $$.readonly = 0; $$.format = NULL; }
	| disk_options READONLY	{ $$ = $1; $$.readonly = 1; }
	| disk_options FORMAT TEXT {
		free($1.format);
		$$.readonly = $1.readonly;
		$$.format = $3;
	}
	;

%%
