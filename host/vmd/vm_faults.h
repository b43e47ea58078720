/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm_faults.h - the faults of one VM: those of vm.conf, and those that vmctl sets, clears and asks for
 */
#ifndef VMTKIT_HOST_VMD_VM_FAULTS_H
#define VMTKIT_HOST_VMD_VM_FAULTS_H

struct ctl_request;
struct faults;
struct json_object;
struct vm_client;
struct vm_process;
struct vm_spec;

/* vm_faults_new - a set with what vm.conf says; NULL when memory is short */
struct faults *vm_faults_new(const struct vm_spec *vm);

/* vm_faults_names - "one two": what is set now, as text; NULL when there is none */
struct json_object *vm_faults_names(const struct vm_process *p);

/* vm_faults_serve - CTL_FAULT_SHOW, CTL_FAULT_SET and CTL_FAULT_CLEAR */
void vm_faults_serve(struct vm_client *cl, const struct ctl_request *req);

#endif /* VMTKIT_HOST_VMD_VM_FAULTS_H */
