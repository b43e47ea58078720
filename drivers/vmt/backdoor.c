/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * backdoor.c - the call to the hypervisor, and whether there is one
 *
 * Three instructions do the same: `in`, which any guest may use, and vmcall or vmmcall where CPUID
 * offers them; they are faster and leave EDX.low to flags.  Which one is chosen once, when the
 * module is loaded.
 *
 * Who answers is first asked of the kernel, which has looked at CPUID and DMI at boot: on any other
 * machine the port may belong to something else.  A guest with encrypted registers is refused: the
 * `in` would become a #VC whose handler passes on EAX alone.
 */
#include <linux/cc_platform.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/string.h>

#include <asm/cpufeature.h>
#include <asm/hypervisor.h>
#include <asm/processor.h>

#include "vmt.h"

#define PRODUCT_UNSET	0xffff		/* GETVERSION leaves ECX.high as it was */

static u32 backdoor_way __ro_after_init;

u32 vmt_backdoor_way(void)
{
	return backdoor_way;
}

void vmt_backdoor_call(void *data, struct vmt_regs *regs)
{
	u32 dx = regs->dx;

	switch (backdoor_way) {
	case VMT_CALL_VMCALL:
		dx &= 0xffff0000;
		asm volatile("vmcall"
			     : "+a"(regs->ax), "+b"(regs->bx), "+c"(regs->cx), "+d"(dx),
			       "+S"(regs->si), "+D"(regs->di)
			     :
			     : "cc", "memory");
		break;
	case VMT_CALL_VMMCALL:
		dx &= 0xffff0000;
		asm volatile("vmmcall"
			     : "+a"(regs->ax), "+b"(regs->bx), "+c"(regs->cx), "+d"(dx),
			       "+S"(regs->si), "+D"(regs->di)
			     :
			     : "cc", "memory");
		break;
	default:
		asm volatile("inl %%dx, %%eax"
			     : "+a"(regs->ax), "+b"(regs->bx), "+c"(regs->cx), "+d"(dx),
			       "+S"(regs->si), "+D"(regs->di)
			     :
			     : "cc", "memory");
		break;
	}
	regs->dx = dx;
}

void vmt_backdoor_call_long(void *data, struct vmt_regs *regs)
{
	vmt_backdoor_call(data, regs);
	cond_resched();
}

static u32 backdoor_find_way(void)
{
	u32 eax, ebx, ecx, edx;
	char vendor[12];

	if (!boot_cpu_has(X86_FEATURE_HYPERVISOR))
		return VMT_CALL_PORT;
	cpuid(BDOOR_CPUID_VENDOR_LEAF, &eax, &ebx, &ecx, &edx);
	memcpy(vendor, &ebx, 4);
	memcpy(vendor + 4, &ecx, 4);
	memcpy(vendor + 8, &edx, 4);
	if (memcmp(vendor, BDOOR_CPUID_VENDOR, sizeof(vendor)) || eax < BDOOR_CPUID_FEATURE_LEAF)
		return VMT_CALL_PORT;
	cpuid(BDOOR_CPUID_FEATURE_LEAF, &eax, &ebx, &ecx, &edx);
	if (ecx & BDOOR_CPUID_ECX_VMCALL)
		return VMT_CALL_VMCALL;
	if (ecx & BDOOR_CPUID_ECX_VMMCALL)
		return VMT_CALL_VMMCALL;
	return VMT_CALL_PORT;
}

int __init vmt_backdoor_setup(u32 *ret_product)
{
	struct vmt_regs regs = {
		.ax = BDOOR_MAGIC,
		.bx = ~BDOOR_MAGIC,
		.cx = BDOOR_CMD_GETVERSION | (u32)PRODUCT_UNSET << 16,
		.dx = BDOOR_PORT,
	};

	if (x86_hyper_type != X86_HYPER_VMWARE) {
		pr_err("vmt: no VMware hypervisor here\n");
		return -ENODEV;
	}
	if (cc_platform_has(CC_ATTR_GUEST_STATE_ENCRYPT)) {
		pr_err("vmt: the registers of this guest are encrypted: its hypervisor cannot be called\n");
		return -ENODEV;
	}
	backdoor_way = backdoor_find_way();
	vmt_backdoor_call(NULL, &regs);
	if (regs.ax == BDOOR_UNKNOWN_CMD || regs.bx != BDOOR_MAGIC) {
		pr_err("vmt: the hypervisor does not answer at its port\n");
		return -ENODEV;
	}
	*ret_product = regs.cx >> 16 == PRODUCT_UNSET ? 0 : regs.cx;
	return 0;
}

bool vmt_backdoor_uuid(u8 *uuid)
{
	struct vmt_regs regs = {
		.ax = BDOOR_MAGIC,
		.cx = BDOOR_CMD_GETUUID,
		.dx = BDOOR_PORT,
	};

	vmt_backdoor_call(NULL, &regs);
	if (regs.ax == BDOOR_UNKNOWN_CMD || regs.ax == BDOOR_MAGIC)
		return false;
	memcpy(uuid, &regs.ax, 4);
	memcpy(uuid + 4, &regs.bx, 4);
	memcpy(uuid + 8, &regs.cx, 4);
	memcpy(uuid + 12, &regs.dx, 4);
	return memchr_inv(uuid, 0, 16) != NULL;
}
