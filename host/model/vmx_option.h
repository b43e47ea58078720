/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmx_option.h - options of a VM by the names that they have in VMware's configuration files
 */
#ifndef VMTKIT_HOST_MODEL_VMX_OPTION_H
#define VMTKIT_HOST_MODEL_VMX_OPTION_H

struct grpc_config;

/*
 * vmx_option_set - set one option
 * @key: capital letters count as small ones
 * @value: TRUE or FALSE in any case, or a decimal number
 *
 * Returns 0; -ENOENT: there is no such option here; -EINVAL: see vmx_option_values().
 */
int vmx_option_set(struct grpc_config *config, const char *key, const char *value);

/* vmx_option_name - the key as we write it, in small letters; NULL: there is no such option */
const char *vmx_option_name(const char *key);

/* vmx_option_values - which values an option takes, in words; NULL: there is no such option */
const char *vmx_option_values(const char *key);

#endif /* VMTKIT_HOST_MODEL_VMX_OPTION_H */
