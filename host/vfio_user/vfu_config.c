/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vfu_config.c - PCI configuration space of the VMCI device
 *
 * QEMU reads it once when it connects, emulates BARs and MSI-X itself from then on, and still
 * passes on what the guest writes.  So the bytes are kept as a guest expects to read them back,
 * with a mask of those that can be written.  Capabilities: MSI-X, whose table lies in BAR 1, or MSI, or
 * neither and an interrupt pin; and Advanced Features, by which a conventional PCI function offers a
 * function-level reset.
 */
#include "host/vfio_user/vfu_config.h"

#include <linux/pci_regs.h>
#include <string.h>

#include "host/base/bytes.h"
#include "wire/vmci_device.h"

#define CAP_MSI		0x40	/* where VMware's device has it */
#define CAP_MSIX	0x58	/* where VMware's device has it */
#define CAP_AF		0x70

#define BAR(n) (PCI_BASE_ADDRESS_0 + 4 * (n))

static void msix_init(struct vfu_config *config, unsigned int vectors)
{
	uint8_t *b = config->bytes + CAP_MSIX;

	config->bytes[PCI_CAPABILITY_LIST] = CAP_MSIX;
	b[PCI_CAP_LIST_ID] = PCI_CAP_ID_MSIX;
	b[PCI_CAP_LIST_NEXT] = CAP_AF;
	put_le16(b + PCI_MSIX_FLAGS, (uint16_t)(vectors - 1));
	put_le32(b + PCI_MSIX_TABLE, VMCI_BAR_MEM);
	put_le32(b + PCI_MSIX_PBA, VMCI_BAR_MEM_MSIX_PBA | VMCI_BAR_MEM);
	put_le16(config->writable + CAP_MSIX + PCI_MSIX_FLAGS,
		 PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
}

/* One message with a 64-bit address. */
static void msi_init(struct vfu_config *config)
{
	uint8_t *b = config->bytes + CAP_MSI, *w = config->writable + CAP_MSI;

	config->bytes[PCI_CAPABILITY_LIST] = CAP_MSI;
	b[PCI_CAP_LIST_ID] = PCI_CAP_ID_MSI;
	b[PCI_CAP_LIST_NEXT] = CAP_AF;
	put_le16(b + PCI_MSI_FLAGS, PCI_MSI_FLAGS_64BIT);
	put_le16(w + PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE);
	put_le32(w + PCI_MSI_ADDRESS_LO, ~(uint32_t)3);
	put_le32(w + PCI_MSI_ADDRESS_HI, UINT32_MAX);
	put_le16(w + PCI_MSI_DATA_64, UINT16_MAX);
}

void vfu_config_init(struct vfu_config *config, enum vmci_mode mode,
		     enum vmci_interrupts interrupts)
{
	uint8_t *b = config->bytes, *w = config->writable;

	memset(config, 0, sizeof(*config));
	put_le16(b + PCI_VENDOR_ID, VMCI_PCI_VENDOR);
	put_le16(b + PCI_DEVICE_ID, VMCI_PCI_DEVICE);
	put_le16(b + PCI_SUBSYSTEM_VENDOR_ID, VMCI_PCI_VENDOR);
	put_le16(b + PCI_SUBSYSTEM_ID, VMCI_PCI_DEVICE);
	put_le32(b + PCI_CLASS_REVISION, VMCI_PCI_CLASS << 8 | VMCI_PCI_REVISION);
	put_le16(b + PCI_STATUS, PCI_STATUS_CAP_LIST);
	put_le32(b + BAR(VMCI_BAR_PORT), PCI_BASE_ADDRESS_SPACE_IO);
	put_le32(b + BAR(VMCI_BAR_MEM), PCI_BASE_ADDRESS_MEM_TYPE_64);
	switch (interrupts) {
	case VMCI_INTERRUPTS_MSIX:
		msix_init(config, mode == VMCI_MODE_DMA ? VMCI_VECS_DMA : VMCI_VECS_PORT);
		break;
	case VMCI_INTERRUPTS_MSI:
		msi_init(config);
		break;
	case VMCI_INTERRUPTS_INTX:
		b[PCI_CAPABILITY_LIST] = CAP_AF;
		b[PCI_INTERRUPT_PIN] = 1;
		break;
	}
	b[CAP_AF + PCI_CAP_LIST_ID] = PCI_CAP_ID_AF;
	b[CAP_AF + PCI_AF_LENGTH] = PCI_CAP_AF_SIZEOF;
	b[CAP_AF + PCI_AF_CAP] = PCI_AF_CAP_TP | PCI_AF_CAP_FLR;

	put_le16(w + PCI_COMMAND, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
					  PCI_COMMAND_INTX_DISABLE);
	w[PCI_CACHE_LINE_SIZE] = 0xff;
	w[PCI_LATENCY_TIMER] = 0xff;
	w[PCI_INTERRUPT_LINE] = 0xff;
	put_le32(w + BAR(VMCI_BAR_PORT), ~(uint32_t)(VMCI_BAR_PORT_SIZE - 1));
	put_le32(w + BAR(VMCI_BAR_MEM),
		 ~(uint32_t)((mode == VMCI_MODE_DMA ? VMCI_BAR_MEM_SIZE_DMA :
						      VMCI_BAR_MEM_SIZE_PORT) - 1));
	put_le32(w + BAR(VMCI_BAR_MEM + 1), UINT32_MAX);
}

bool vfu_config_write(struct vfu_config *config, size_t off, const uint8_t *data, size_t len)
{
	bool reset = false;
	size_t i;

	for (i = 0; i < len; i++) {
		uint8_t mask = config->writable[off + i];

		config->bytes[off + i] = (config->bytes[off + i] & ~mask) | (data[i] & mask);
		if (off + i == CAP_AF + PCI_AF_CTRL && (data[i] & PCI_AF_CTRL_FLR))
			reset = true;
	}
	return reset;
}
