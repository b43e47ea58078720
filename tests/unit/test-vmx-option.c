/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-vmx-option.c - options by VMware's names
 */
#include <errno.h>

#include "host/model/guestrpc.h"
#include "host/model/vmx_option.h"
#include "tests/unit/unit.h"

static void test_flags(void)
{
	struct grpc_config c = { .vsock = true };

	CU_ASSERT_EQUAL(vmx_option_set(&c, "guest_rpc.rpci.auth.cmd.info-get", "TRUE"), 0);
	CU_ASSERT_EQUAL(vmx_option_set(&c, "Guest_RPC.rpci.useVsocket", "false"), 0);
	CU_ASSERT_TRUE(c.auth_info_get);
	CU_ASSERT_FALSE(c.auth_info_set);
	CU_ASSERT_FALSE(c.vsock);
	CU_ASSERT_EQUAL(vmx_option_set(&c, "guest_rpc.rpci.auth.cmd.info-get", "1"), -EINVAL);
	CU_ASSERT_EQUAL(vmx_option_set(&c, "guest_rpc.rpci.auth.cmd.info-get", ""), -EINVAL);
}

static void test_numbers(void)
{
	static const char *const bad[] = { "", "0", "-1", " 1", "1k", "16777217", "0x10",
					   "99999999999999999999" };
	struct grpc_config c = { 0 };
	size_t i;

	CU_ASSERT_EQUAL(vmx_option_set(&c, "tools.setInfo.sizeLimit", "4096"), 0);
	CU_ASSERT_EQUAL(c.var_total_max, 4096);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_EQUAL(vmx_option_set(&c, "tools.setinfo.sizelimit", bad[i]), -EINVAL);
	CU_ASSERT_EQUAL(c.var_total_max, 4096);
}

static void test_names(void)
{
	struct grpc_config c;

	CU_ASSERT_STRING_EQUAL(vmx_option_name("TOOLS.SYNCTIME"), "tools.synctime");
	CU_ASSERT_STRING_EQUAL(vmx_option_values("tools.synctime"), "TRUE or FALSE");
	CU_ASSERT_PTR_NULL(vmx_option_name("tools.synctim"));
	CU_ASSERT_PTR_NULL(vmx_option_values(""));
	CU_ASSERT_EQUAL(vmx_option_set(&c, "isolation.tools.copy.disable", "TRUE"), -ENOENT);
}

static const struct unit_case cases[] = {
	{ "a flag is TRUE or FALSE, and nothing else", test_flags },
	{ "a number outside its range changes nothing", test_numbers },
	{ "a name is known in any case of its letters, or not at all", test_names },
};

UNIT_MAIN("vmx-option", cases)
