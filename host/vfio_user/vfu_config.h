/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfu_config.h - PCI configuration space of the VMCI device
 */
#ifndef VMTKIT_HOST_VFIO_USER_CONFIG_H
#define VMTKIT_HOST_VFIO_USER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/model/vmci.h"

#define VFU_CONFIG_SIZE 256

struct vfu_config {
	uint8_t bytes[VFU_CONFIG_SIZE];
	/* mask of each byte's bits that a guest may change */
	uint8_t writable[VFU_CONFIG_SIZE];
};

/* vfu_config_init() - as after power on, for a device of this mode and kind of interrupts */
void vfu_config_init(struct vfu_config *config, enum vmci_mode mode,
		     enum vmci_interrupts interrupts);

/*
 * vfu_config_write() - the guest writes @len bytes at @off, both within VFU_CONFIG_SIZE
 *
 * Returns true if it asked for a function-level reset, which the caller carries out.
 */
bool vfu_config_write(struct vfu_config *config, size_t off, const uint8_t *data, size_t len);

#endif /* VMTKIT_HOST_VFIO_USER_CONFIG_H */
