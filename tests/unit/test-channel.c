/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-channel.c - RPCI calls and variables, against a fake host
 */
#include <string.h>

#include "lib/channel.h"
#include "tests/unit/fakehost.h"
#include "tests/unit/unit.h"

static void call_text(const char *answer, const char *want, gint want_code)
{
	struct fakehost *h = fakehost_new();
	g_autoptr(GError) error = NULL;
	g_autoptr(VmtChannel) ch = vmt_channel_open(VMT_PROTO_RPCI, fakehost_channel(h, FALSE), NULL);
	g_autofree char *reply = NULL;

	fakehost_answer(h, "ask", answer);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ch);
	reply = vmt_channel_call(ch, "ask me", 6, NULL, &error);
	if (want_code < 0) {
		CU_ASSERT_STRING_EQUAL(reply, want);
	} else {
		CU_ASSERT_PTR_NULL(reply);
		CU_ASSERT_TRUE(g_error_matches(error, VMT_ERROR, want_code));
		if (want)
			CU_ASSERT_STRING_EQUAL(error->message, want);
	}
	fakehost_free(h);
}

static void host_agrees(void)
{
	call_text("1 yes", "yes", -1);
	call_text("1 ", "", -1);
}

static void host_refuses(void)
{
	call_text("0 No value found", "No value found", VMT_ERROR_REFUSED);
	call_text("0 ", "", VMT_ERROR_REFUSED);
}

static void host_babbles(void)
{
	call_text("2 what", NULL, VMT_ERROR_PROTOCOL);
	call_text("1", NULL, VMT_ERROR_PROTOCOL);
	call_text("OK fine", NULL, VMT_ERROR_PROTOCOL);
}

static void host_silent(void)
{
	call_text(NULL, NULL, VMT_ERROR_TIMEOUT);
}

static void channel_reopened(void)
{
	struct fakehost *h = fakehost_new();
	g_autoptr(VmtChannel) ch = vmt_channel_open(VMT_PROTO_RPCI, fakehost_channel(h, FALSE), NULL);
	g_autofree char *a = vmt_channel_call(ch, "one", 3, NULL, NULL), *b = NULL;

	fakehost_drop(h);
	b = vmt_channel_call(ch, "two", 3, NULL, NULL);
	CU_ASSERT_PTR_NOT_NULL(a);
	CU_ASSERT_PTR_NOT_NULL(b);
	CU_ASSERT_EQUAL(fakehost_count(h, "two"), 1);
	fakehost_free(h);
}

static void host_gone(void)
{
	struct fakehost *h = fakehost_new();
	g_autofree char *spec = g_strdup(fakehost_channel(h, FALSE));
	g_autoptr(VmtChannel) ch = vmt_channel_open(VMT_PROTO_RPCI, spec, NULL);
	g_autoptr(GError) error = NULL;

	fakehost_free(h);
	CU_ASSERT_PTR_NULL(vmt_channel_call(ch, "one", 3, NULL, &error));
	CU_ASSERT_PTR_NOT_NULL(error);
	g_clear_error(&error);
	/* and the closed channel says so again, and does not crash */
	CU_ASSERT_PTR_NULL(vmt_channel_call(ch, "one", 3, NULL, &error));
	CU_ASSERT_PTR_NOT_NULL(error);
}

static void too_long(void)
{
	struct fakehost *h = fakehost_new();
	g_autoptr(VmtChannel) ch = vmt_channel_open(VMT_PROTO_RPCI, fakehost_channel(h, FALSE), NULL);
	g_autofree char *big = g_malloc0(65537);
	g_autoptr(GError) error = NULL;

	CU_ASSERT_PTR_NULL(vmt_channel_call(ch, big, 65537, NULL, &error));
	CU_ASSERT_TRUE(g_error_matches(error, VMT_ERROR, VMT_ERROR_TOO_BIG));
	fakehost_free(h);
}

static void expect_request(struct fakehost *h, const char *want)
{
	GByteArray *got = fakehost_request(h, "info-", 2000);

	CU_ASSERT_PTR_NOT_NULL_FATAL(got);
	CU_ASSERT_STRING_EQUAL(got->data, want);
	g_byte_array_unref(got);
}

static void variable_requests(void)
{
	struct fakehost *h = fakehost_new();
	g_autoptr(VmtChannel) ch = vmt_channel_open(VMT_PROTO_RPCI, fakehost_channel(h, FALSE), NULL);
	g_autofree char *a = NULL, *b = NULL;

	fakehost_answer(h, "info-get", "1 blue sky");
	a = vmt_info_get(ch, "colour", NULL, NULL);
	expect_request(h, "info-get guestinfo.colour");
	CU_ASSERT_STRING_EQUAL(a, "blue sky");
	b = vmt_info_get(ch, "guestinfo.colour", NULL, NULL);
	expect_request(h, "info-get guestinfo.colour");
	CU_ASSERT_TRUE(vmt_info_set(ch, "colour", "deep red ", NULL));
	expect_request(h, "info-set guestinfo.colour deep red ");
	CU_ASSERT_TRUE(vmt_info_set(ch, "colour", "", NULL));
	expect_request(h, "info-set guestinfo.colour ");
	fakehost_free(h);
}

static void variable_names(void)
{
	static const char *const bad[] = { "", "guestinfo.", "two words", "line\nfeed", "tab\t" };
	struct fakehost *h = fakehost_new();
	g_autoptr(VmtChannel) ch = vmt_channel_open(VMT_PROTO_RPCI, fakehost_channel(h, FALSE), NULL);
	guint i;

	for (i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		CU_ASSERT_PTR_NULL(vmt_info_get(ch, bad[i], NULL, &error));
		CU_ASSERT_TRUE(g_error_matches(error, VMT_ERROR, VMT_ERROR_INVALID));
	}
	CU_ASSERT_EQUAL(fakehost_count(h, ""), 0);
	fakehost_free(h);
}

static void bad_transport(void)
{
	g_autoptr(GError) error = NULL;

	CU_ASSERT_PTR_NULL(vmt_channel_open(VMT_PROTO_RPCI, "telepathy", &error));
	CU_ASSERT_TRUE(g_error_matches(error, VMT_ERROR, VMT_ERROR_INVALID));
}

static void no_host_no_crash(void)
{
	VmtHost host;
	g_autoptr(GError) error = NULL;
	VmtTime now;

	/* Where the tests run may be a VMware guest, or not: both answers are right, none may crash */
	if (vmt_host_detect(&host, &error)) {
		CU_ASSERT_EQUAL(host.version, 6);
	} else {
		CU_ASSERT_TRUE(g_error_matches(error, VMT_ERROR, VMT_ERROR_NOT_VMWARE));
		CU_ASSERT_FALSE(vmt_host_time(&now, NULL));
		CU_ASSERT_PTR_NULL(vmt_channel_open(VMT_PROTO_RPCI, "direct", NULL));
	}
}

static const struct unit_case cases[] = {
	{ "an answer that begins with 1 is handed over without it", host_agrees },
	{ "an answer that begins with 0 is an error with the text of the host", host_refuses },
	{ "an answer that begins with anything else is an error", host_babbles },
	{ "a host that does not answer does not hang the caller", host_silent },
	{ "a lost channel is opened again and the request repeated", channel_reopened },
	{ "a host that is gone is an error each time", host_gone },
	{ "a request of more than 64 KiB is not sent", too_long },
	{ "variables are asked for and set with their full names", variable_requests },
	{ "a name that is not one word is refused and not sent", variable_names },
	{ "an unknown transport is refused", bad_transport },
	{ "without a hypervisor the probe ends in an error and no signal", no_host_no_crash },
};

UNIT_MAIN("channel", cases)
