/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-vfu-config.c - PCI configuration space: what a driver finds, and what it can change
 */
#include <linux/pci_regs.h>
#include <string.h>

#include "host/base/bytes.h"
#include "host/vfio_user/vfu_config.h"
#include "tests/unit/unit.h"
#include "wire/vmci_device.h"

/* Offset of a capability, or 0. */
static uint8_t capability(const struct vfu_config *c, uint8_t id)
{
	uint8_t at = c->bytes[PCI_CAPABILITY_LIST];
	int left = 48;

	while (at && left--) {
		if (c->bytes[at + PCI_CAP_LIST_ID] == id)
			return at;
		at = c->bytes[at + PCI_CAP_LIST_NEXT];
	}
	return 0;
}

static void driver_finds_the_device(void)
{
	static const struct {
		enum vmci_mode mode;
		uint16_t vectors;
	} rows[] = { { VMCI_MODE_DMA, 3 }, { VMCI_MODE_PORT, 2 } };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vfu_config c;
		uint8_t msix;

		vfu_config_init(&c, rows[i].mode, VMCI_INTERRUPTS_MSIX);
		CU_ASSERT_EQUAL(get_le32(c.bytes + PCI_VENDOR_ID), 0x074015ad);
		CU_ASSERT_EQUAL(get_le32(c.bytes + PCI_SUBSYSTEM_VENDOR_ID), 0x074015ad);
		CU_ASSERT_EQUAL(get_le32(c.bytes + PCI_CLASS_REVISION), 0x08800010);
		CU_ASSERT(get_le16(c.bytes + PCI_STATUS) & PCI_STATUS_CAP_LIST);
		CU_ASSERT_EQUAL(c.bytes[PCI_BASE_ADDRESS_0] & 1, PCI_BASE_ADDRESS_SPACE_IO);
		CU_ASSERT_EQUAL(c.bytes[PCI_BASE_ADDRESS_1] & 0xf, PCI_BASE_ADDRESS_MEM_TYPE_64);
		msix = capability(&c, PCI_CAP_ID_MSIX);
		CU_ASSERT_EQUAL_FATAL(msix, 0x58);
		CU_ASSERT_EQUAL(get_le16(c.bytes + msix + PCI_MSIX_FLAGS), rows[i].vectors - 1);
		CU_ASSERT_EQUAL(get_le32(c.bytes + msix + PCI_MSIX_TABLE), 1);
		CU_ASSERT_EQUAL(get_le32(c.bytes + msix + PCI_MSIX_PBA), 0x1001);
		CU_ASSERT(capability(&c, PCI_CAP_ID_AF) != 0);
	}
}

static void there_is_one_kind_of_interrupts(void)
{
	static const struct {
		enum vmci_interrupts interrupts;
		bool msix, msi, pin;
	} rows[] = {
		{ VMCI_INTERRUPTS_MSIX, true, false, false },
		{ VMCI_INTERRUPTS_MSI, false, true, false },
		{ VMCI_INTERRUPTS_INTX, false, false, true },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vfu_config c;
		uint8_t msi;

		vfu_config_init(&c, VMCI_MODE_DMA, rows[i].interrupts);
		msi = capability(&c, PCI_CAP_ID_MSI);
		CU_ASSERT_EQUAL(capability(&c, PCI_CAP_ID_MSIX) != 0, rows[i].msix);
		CU_ASSERT_EQUAL(msi != 0, rows[i].msi);
		CU_ASSERT_EQUAL(c.bytes[PCI_INTERRUPT_PIN], rows[i].pin);
		CU_ASSERT(capability(&c, PCI_CAP_ID_AF) != 0);
		if (msi)
			CU_ASSERT_EQUAL(get_le16(c.bytes + msi + PCI_MSI_FLAGS), PCI_MSI_FLAGS_64BIT);
	}
}

static void bars_tell_their_size(void)
{
	static const uint8_t ones[12] = { 255, 255, 255, 255, 255, 255, 255, 255,
					  255, 255, 255, 255 };
	struct vfu_config c;

	vfu_config_init(&c, VMCI_MODE_DMA, VMCI_INTERRUPTS_MSIX);
	CU_ASSERT_FALSE(vfu_config_write(&c, PCI_BASE_ADDRESS_0, ones, sizeof(ones)));
	CU_ASSERT_EQUAL(get_le32(c.bytes + PCI_BASE_ADDRESS_0), 0xffffffc1);
	CU_ASSERT_EQUAL(get_le32(c.bytes + PCI_BASE_ADDRESS_1), 0xfffc0004);
	CU_ASSERT_EQUAL(get_le32(c.bytes + PCI_BASE_ADDRESS_2), 0xffffffff);
	vfu_config_init(&c, VMCI_MODE_PORT, VMCI_INTERRUPTS_MSIX);
	vfu_config_write(&c, PCI_BASE_ADDRESS_0, ones, sizeof(ones));
	CU_ASSERT_EQUAL(get_le32(c.bytes + PCI_BASE_ADDRESS_1), 0xffffe004);
}

static void fixed_bytes_stay(void)
{
	struct vfu_config before, after;
	uint8_t ones[VFU_CONFIG_SIZE];
	size_t i;

	memset(ones, 0xff, sizeof(ones));
	vfu_config_init(&before, VMCI_MODE_DMA, VMCI_INTERRUPTS_MSIX);
	after = before;
	vfu_config_write(&after, 0, ones, sizeof(ones));
	for (i = 0; i < VFU_CONFIG_SIZE; i++)
		CU_ASSERT_EQUAL(after.bytes[i], before.bytes[i] | before.writable[i]);
	CU_ASSERT_EQUAL(get_le32(after.bytes), 0x074015ad);
	CU_ASSERT_EQUAL(get_le16(after.bytes + PCI_COMMAND), 0x0407);
	CU_ASSERT_EQUAL(after.bytes[capability(&after, PCI_CAP_ID_AF) + PCI_AF_CTRL], 0);
}

static void function_level_reset_is_asked_for(void)
{
	static const uint8_t flr = PCI_AF_CTRL_FLR, other = 0xfe;
	struct vfu_config c;
	uint8_t af;

	vfu_config_init(&c, VMCI_MODE_DMA, VMCI_INTERRUPTS_MSIX);
	af = capability(&c, PCI_CAP_ID_AF);
	CU_ASSERT_EQUAL(c.bytes[af + PCI_AF_CAP], PCI_AF_CAP_TP | PCI_AF_CAP_FLR);
	CU_ASSERT_TRUE(vfu_config_write(&c, af + PCI_AF_CTRL, &flr, 1));
	CU_ASSERT_FALSE(vfu_config_write(&c, af + PCI_AF_CTRL, &other, 1));
	CU_ASSERT_FALSE(vfu_config_write(&c, af + PCI_AF_CAP, &flr, 1));
}

static const struct unit_case cases[] = {
	{ "a driver finds the device and its capabilities", driver_finds_the_device },
	{ "there is one kind of interrupts", there_is_one_kind_of_interrupts },
	{ "BARs tell their size", bars_tell_their_size },
	{ "fixed bytes stay as they are", fixed_bytes_stay },
	{ "a function-level reset is asked for by one bit", function_level_reset_is_asked_for },
};

UNIT_MAIN("vfu-config", cases)
