/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * engine.c - the engine that a VM asks for
 */
#include <stdio.h>
#include <string.h>

#include "host/vmm/engine.h"

static const struct engine_class *const classes[] = {
	[VM_ENGINE_QEMU] = &engine_qemu,
	[VM_ENGINE_PROCESS] = &engine_process,
};

int engine_start(struct event_base *base, const struct engine_input *in,
		 const struct engine_ops *ops, void *data, struct engine **ret, char *ret_text)
{
	const struct engine_class *class = classes[in->vm->engine];
	int err;

	*ret_text = '\0';
	err = class->start(base, in, ops, data, ret, ret_text);
	if (err && !*ret_text)
		snprintf(ret_text, ENGINE_TEXT_MAX, "%s could not be started: %s", class->name,
			 strerror(-err));
	return err;
}

void engine_free(struct engine *e)
{
	if (e)
		e->class->free(e);
}

pid_t engine_pid(const struct engine *e)
{
	return e->class->pid(e);
}

void engine_quit(struct engine *e)
{
	e->class->quit(e);
}

int engine_order(struct engine *e, enum engine_order what, engine_done_fn done, void *data)
{
	return e->class->order(e, what, done, data);
}
