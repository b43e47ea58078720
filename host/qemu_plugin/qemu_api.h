/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qemu_api.h - what the plugin uses of QEMU and of QEMU's GLib
 *
 * No header of the plugin interface is packaged, so the few functions are declared here, as version
 * 7 of the interface has them.  They are looked up when the plugin is loaded: a QEMU that lacks one
 * is refused with its name, instead of failing in the middle of a guest.
 */
#ifndef VMTKIT_HOST_QEMU_PLUGIN_QEMU_API_H
#define VMTKIT_HOST_QEMU_PLUGIN_QEMU_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QAPI_VERSION	7
#define QAPI_EXPORT	__attribute__((visibility("default")))

typedef uint64_t qapi_id;

struct qapi_info {
	const char *target_name;
	struct {
		int min;
		int cur;
	} version;
	bool system_emulation;
	struct {
		int smp_vcpus;
		int max_vcpus;
	} system;
};

struct qapi_tb;
struct qapi_insn;
struct qapi_reg;

/* GLib's GByteArray and GArray: these members are its interface. */
struct qapi_bytes {
	uint8_t *data;
	unsigned int len;
};

struct qapi_array {
	char *data;
	unsigned int len;
};

struct qapi_reg_desc {
	struct qapi_reg *handle;
	const char *name;
	const char *feature;
	bool is_readonly;
};

enum qapi_cb_flags {
	QAPI_CB_NO_REGS,
	QAPI_CB_R_REGS,
	QAPI_CB_RW_REGS,
	QAPI_CB_RW_REGS_PC,
};

typedef void (*qapi_vcpu_cb)(unsigned int vcpu, void *data);
typedef void (*qapi_tb_cb)(struct qapi_tb *tb, void *data);

/* Functions of QEMU; see the table in qemu_api.c for their names. */
struct qapi {
	void (*on_vcpu_init)(qapi_id id, qapi_vcpu_cb cb, void *data);
	void (*on_tb_trans)(qapi_id id, qapi_tb_cb cb, void *data);
	void (*on_insn_exec)(struct qapi_insn *insn, qapi_vcpu_cb cb, enum qapi_cb_flags flags,
			     void *data);
	size_t (*tb_n_insns)(const struct qapi_tb *tb);
	struct qapi_insn *(*tb_get_insn)(const struct qapi_tb *tb, size_t i);
	size_t (*insn_data)(const struct qapi_insn *insn, void *dest, size_t len);
	size_t (*insn_size)(const struct qapi_insn *insn);
	uint64_t (*insn_vaddr)(const struct qapi_insn *insn);
	struct qapi_array *(*get_registers)(void);
	bool (*read_register)(struct qapi_reg *reg, struct qapi_bytes *buf);
	bool (*write_register)(struct qapi_reg *reg, struct qapi_bytes *buf);
	void (*set_pc)(uint64_t vaddr);			/* does not return */
	bool (*read_memory)(uint64_t addr, struct qapi_bytes *data, size_t len);
	bool (*write_memory)(uint64_t addr, struct qapi_bytes *data);
	bool (*cpu_restore_state)(void *cpu, uintptr_t host_pc);
	struct qapi_bytes *(*bytes_new)(void);
	struct qapi_bytes *(*bytes_set_size)(struct qapi_bytes *b, unsigned int len);
	char *(*array_free)(struct qapi_array *a, int free_data);
};

extern struct qapi qapi;

/* qapi_load - find all of them; returns NULL, or the name that this QEMU lacks */
const char *qapi_load(void);

/* qapi_current_cpu - QEMU's idea of the vCPU that this thread runs: for cpu_restore_state() */
void *qapi_current_cpu(void);

#endif /* VMTKIT_HOST_QEMU_PLUGIN_QEMU_API_H */
