/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conf.h - vm.conf as data
 *
 * The grammar is parse.y, the words are cut by lex.c, ranges are checked by conf_check.c.
 * conf_text() writes one VM back as text of the same grammar: that text is how the parent tells a
 * VM process what it is to run, so there is one parser and one writer and no second format.
 */
#ifndef VMTKIT_HOST_VMD_CONF_H
#define VMTKIT_HOST_VMD_CONF_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "host/vmm/spec.h"

#define CONF_SHUTDOWN_TIMEOUT		30	/* s, if not given */
#define CONF_SHUTDOWN_TIMEOUT_MAX	86400
#define CONF_INCLUDE_DEPTH		8
#define CONF_FILE_MAX			(1u << 20)	/* bytes of one file */
#define CONF_ERRORS_MAX			20	/* after these the rest of the text is not told */

struct conf_vm {
	STAILQ_ENTRY(conf_vm) link;
	struct vm_spec *spec;
};

struct conf {
	struct qemu_spec qemu;
	char *container;		/* program of the process engine; NULL: the default */
	unsigned int shutdown_timeout;	/* s */
	char *state_dir;		/* NULL: the default */
	STAILQ_HEAD(conf_vms, conf_vm) vms;
	size_t vm_count;
};

/* Where messages go: one line each, "file:line: text", without a newline. */
struct conf_errors {
	void (*line)(void *data, const char *text);
	void *data;
};

/* A macro of the command line, -D name=value; it wins over one of the file. */
struct conf_macro {
	STAILQ_ENTRY(conf_macro) link;
	char *name, *value;
	int sticky;
};
STAILQ_HEAD(conf_macros, conf_macro);

/*
 * conf_macro_set - define a macro
 * @sticky: from the command line; a later definition in a file is ignored
 *
 * Returns 0, -EINVAL when @name is no name, or -ENOMEM.
 */
int conf_macro_set(struct conf_macros *macros, const char *name, const char *value, int sticky);
const char *conf_macro_get(const struct conf_macros *macros, const char *name);
void conf_macros_free(struct conf_macros *macros);

/*
 * conf_load - read a file and what it includes
 * @macros: sticky ones; those of the files are added
 * @ret: freed with conf_free(); written on success only
 *
 * Returns 0 or -errno; each fault was told to @errors.
 */
int conf_load(const char *path, struct conf_macros *macros, const struct conf_errors *errors,
	      struct conf **ret);

/* conf_parse - the same from memory; `include` is refused, paths stay as they are */
int conf_parse(const char *text, size_t len, const char *name, const struct conf_errors *errors,
	       struct conf **ret);
void conf_free(struct conf *conf);

/* conf_find - the VM of that name or NULL */
struct vm_spec *conf_find(const struct conf *conf, const char *name);

/*
 * conf_text - the globals and one VM (NULL: all of them) as vm.conf text
 * Returns a text to be freed, or NULL when memory is short.
 */
char *conf_text(const struct conf *conf, const struct vm_spec *only);

#endif /* VMTKIT_HOST_VMD_CONF_H */
