/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qemu_api.c - looks up what the plugin uses of QEMU
 */
#include <dlfcn.h>
#include <string.h>

#include "host/base/bytes.h"
#include "host/qemu_plugin/qemu_api.h"

struct qapi qapi;

static const struct {
	const char *name;
	size_t offset;
} symbols[] = {
	{ "qemu_plugin_register_vcpu_init_cb", offsetof(struct qapi, on_vcpu_init) },
	{ "qemu_plugin_register_vcpu_tb_trans_cb", offsetof(struct qapi, on_tb_trans) },
	{ "qemu_plugin_register_vcpu_insn_exec_cb", offsetof(struct qapi, on_insn_exec) },
	{ "qemu_plugin_tb_n_insns", offsetof(struct qapi, tb_n_insns) },
	{ "qemu_plugin_tb_get_insn", offsetof(struct qapi, tb_get_insn) },
	{ "qemu_plugin_insn_data", offsetof(struct qapi, insn_data) },
	{ "qemu_plugin_insn_size", offsetof(struct qapi, insn_size) },
	{ "qemu_plugin_insn_vaddr", offsetof(struct qapi, insn_vaddr) },
	{ "qemu_plugin_get_registers", offsetof(struct qapi, get_registers) },
	{ "qemu_plugin_read_register", offsetof(struct qapi, read_register) },
	{ "qemu_plugin_write_register", offsetof(struct qapi, write_register) },
	{ "qemu_plugin_set_pc", offsetof(struct qapi, set_pc) },
	{ "qemu_plugin_read_memory_vaddr", offsetof(struct qapi, read_memory) },
	{ "qemu_plugin_write_memory_vaddr", offsetof(struct qapi, write_memory) },
	{ "cpu_restore_state", offsetof(struct qapi, cpu_restore_state) },
	{ "g_byte_array_new", offsetof(struct qapi, bytes_new) },
	{ "g_byte_array_set_size", offsetof(struct qapi, bytes_set_size) },
	{ "g_array_free", offsetof(struct qapi, array_free) },
};

const char *qapi_load(void)
{
	size_t i;

	_Static_assert(ARRAY_SIZE(symbols) == sizeof(struct qapi) / sizeof(void *),
		       "every function has its symbol");
	for (i = 0; i < ARRAY_SIZE(symbols); i++) {
		void *p = dlsym(RTLD_DEFAULT, symbols[i].name);

		if (!p)
			return symbols[i].name;
		memcpy((char *)&qapi + symbols[i].offset, &p, sizeof(p));
	}
	return dlsym(RTLD_DEFAULT, "current_cpu") ? NULL : "current_cpu";
}

/* The variable is one for each thread, so each thread looks up its own once. */
void *qapi_current_cpu(void)
{
	static __thread void **where;

	if (!where)
		where = dlsym(RTLD_DEFAULT, "current_cpu");
	return *where;
}
