/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-ctl.c - requests of vmctl as bytes, hints for wrong names, and what a VM keeps by its name
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/vmd/conf.h"
#include "host/vmd/ctl.h"
#include "host/vmd/identity.h"
#include "host/vmd/names.h"
#include "tests/unit/unit.h"

static void request_survives_the_wire(void)
{
	const struct ctl_request req = {
		.type = CTL_VAR_SET, .name = "web", .flags = CTL_READONLY, .timeout_ms = 1500,
		.number = 7, .key = "guestinfo.k", .value = "a\0b", .value_len = 3,
	};
	struct ctl_request got;
	size_t len = 0;
	char *body = ctl_request_body(&req, &len);

	CU_ASSERT_PTR_NOT_NULL_FATAL(body);
	body = realloc(body, len + 1);
	body[len] = '\0';
	CU_ASSERT_EQUAL(ctl_request_parse(CTL_VAR_SET, body, len, &got), 0);
	CU_ASSERT_STRING_EQUAL(got.name, "web");
	CU_ASSERT_STRING_EQUAL(got.key, "guestinfo.k");
	CU_ASSERT_EQUAL(got.value_len, 3);
	CU_ASSERT_EQUAL(memcmp(got.value, "a\0b", 3), 0);
	CU_ASSERT_EQUAL(got.timeout_ms, 1500);
	CU_ASSERT_EQUAL(got.flags, CTL_READONLY);
	CU_ASSERT_EQUAL(got.number, 7);
	free(body);
}

static void bad_requests_are_refused(void)
{
	static const struct {
		const char *name;
		uint32_t type, flags, number;
		const char *vm;
		size_t cut;		/* bytes taken off the end */
		int want;
	} rows[] = {
		{ "good", CTL_GUEST, 0, 0, "a", 0, 0 },
		{ "type 0", 0, 0, 0, "a", 0, -EPROTO },
		{ "an answer", CTL_OK, 0, 0, "a", 0, -EPROTO },
		{ "past the last request", CTL_REQUEST_END, 0, 0, "a", 0, -EPROTO },
		{ "no name", CTL_GUEST, 0, 0, "", 0, -EINVAL },
		{ "status of all", CTL_STATUS, 0, 0, "", 0, 0 },
		{ "unknown flag", CTL_GUEST, 0x80000000, 0, "a", 0, -EINVAL },
		{ "no such state", CTL_WAIT, 0, CTL_WAIT_COUNT, "a", 0, -EINVAL },
		{ "no such operation", CTL_POWER, 0, CTL_POWER_COUNT, "a", 0, -EINVAL },
		{ "no text at all", CTL_GUEST, 0, 0, "a", 1, 0 },
		{ "one byte short", CTL_GUEST, 0, 0, "a", 2, -EINVAL },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ctl_request req = { .flags = rows[i].flags, .number = rows[i].number }, got;
		size_t len = 0;
		char *body, *copy;

		strcpy(req.name, rows[i].vm);
		body = ctl_request_body(&req, &len);
		CU_ASSERT_PTR_NOT_NULL_FATAL(body);
		len -= rows[i].cut;
		copy = calloc(1, len + 1);
		memcpy(copy, body, len);
		if (ctl_request_parse(rows[i].type, copy, len, &got) != rows[i].want)
			CU_FAIL(rows[i].name);
		free(copy);
		free(body);
	}
}

static void name_must_end(void)
{
	char body[sizeof(struct ctl_wire) + 1];
	struct ctl_request got;

	memset(body, 'a', CTL_WIRE_NAME);
	memset(body + CTL_WIRE_NAME, 0, sizeof(body) - CTL_WIRE_NAME);
	CU_ASSERT_EQUAL(ctl_request_parse(CTL_GUEST, body, sizeof(struct ctl_wire), &got), -EINVAL);
}

static void too_long_requests_are_not_made(void)
{
	struct ctl_request req = { .type = CTL_SEND, .name = "a", .value_len = CTL_REQUEST_MAX };
	size_t len;

	CU_ASSERT_PTR_NULL(ctl_request_body(&req, &len));
}

static void wrong_names_get_a_hint(void)
{
	static const char *const names[] = { "web", "database", "mail" };
	static const struct {
		const char *wanted, *want;
		size_t count;
	} rows[] = {
		{ "wbe", "there are \"web\", \"database\"", 2 },
		{ "web1", "did you mean \"web\"?", 3 },
		{ "databsae", "did you mean \"database\"?", 3 },
		{ "data", "did you mean \"database\"?", 3 },
		{ "nothing", "there are \"web\", \"database\", \"mail\"", 3 },
		{ "nothing", "there is \"web\"", 1 },
		{ "web", "vm.conf defines none", 0 },
	};
	char hint[256];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CU_ASSERT_STRING_EQUAL(names_suggest(rows[i].wanted, names, rows[i].count, hint,
						     sizeof(hint)), rows[i].want);
}

static struct conf *conf_with(const char *text, const char *state_dir, bool users)
{
	const struct conf_errors errors = { 0 };
	struct conf *conf = NULL;

	CU_ASSERT_EQUAL_FATAL(conf_parse(text, strlen(text), "text", &errors, &conf), 0);
	conf->state_dir = strdup(state_dir);
	CU_ASSERT_EQUAL(identity_assign(conf, users), 0);
	return conf;
}

static struct conf *conf_of(const char *text, const char *state_dir)
{
	return conf_with(text, state_dir, false);
}

static void ids_remove(const char *dir, const char *const *names, size_t count)
{
	char path[96];
	size_t i;

	for (i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/.ids/%s", dir, names[i]);
		CU_ASSERT_EQUAL(unlink(path), 0);
	}
	snprintf(path, sizeof(path), "%s/.ids", dir);
	CU_ASSERT_EQUAL(rmdir(path), 0);
	CU_ASSERT_EQUAL(rmdir(dir), 0);
}

static void identity_is_kept_by_name(void)
{
	static const char *const files[] = { "a.cid", "c.cid" };
	char dir[] = "/tmp/test-ctl.XXXXXX", path[64];
	struct conf *first, *second;
	uint32_t cid;

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	first = conf_of("vm a { kernel /k }\nvm b { kernel /k; cid 77 }\n", dir);
	cid = conf_find(first, "a")->cid;
	CU_ASSERT(cid >= IDENTITY_CID_FIRST && cid < IDENTITY_CID_FIRST + IDENTITY_CID_COUNT);
	CU_ASSERT_EQUAL(conf_find(first, "b")->cid, 77);
	CU_ASSERT_EQUAL(strlen(conf_find(first, "a")->uuid), 36);
	CU_ASSERT_NOT_EQUAL(strcmp(conf_find(first, "a")->uuid, conf_find(first, "b")->uuid), 0);
	/* A remembered id wins over the hash of the name, and over a VM that comes before. */
	snprintf(path, sizeof(path), "%s/.ids/a.cid", dir);
	{
		FILE *f = fopen(path, "w");

		CU_ASSERT_PTR_NOT_NULL_FATAL(f);
		fprintf(f, "5000\n");
		fclose(f);
	}
	second = conf_of("vm c { kernel /k }\nvm a { kernel /k }\n", dir);
	CU_ASSERT_EQUAL(conf_find(second, "a")->cid, 5000);
	CU_ASSERT_STRING_EQUAL(conf_find(second, "a")->uuid, conf_find(first, "a")->uuid);
	CU_ASSERT_NOT_EQUAL(conf_find(second, "c")->cid, 5000);
	conf_free(first);
	conf_free(second);
	ids_remove(dir, files, sizeof(files) / sizeof(files[0]));
}

static void users_are_kept_by_name(void)
{
	static const char *const files[] = { "a.cid", "a.uid", "b.cid", "c.cid", "c.uid" };
	char dir[] = "/tmp/test-ctl.XXXXXX";
	struct conf *first, *second, *none;
	unsigned long uid;

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	none = conf_of("vm a { kernel /k }\n", dir);
	CU_ASSERT_PTR_NULL(conf_find(none, "a")->run_as);
	first = conf_with("vm a { kernel /k }\nvm b { kernel /k; run-as root }\n", dir, true);
	CU_ASSERT_PTR_NOT_NULL_FATAL(conf_find(first, "a")->run_as);
	uid = strtoul(conf_find(first, "a")->run_as, NULL, 10);
	CU_ASSERT(uid >= IDENTITY_UID_FIRST && uid - IDENTITY_UID_FIRST < IDENTITY_UID_COUNT);
	CU_ASSERT_STRING_EQUAL(conf_find(first, "b")->run_as, "root");
	second = conf_with("vm c { kernel /k }\nvm a { kernel /k }\n", dir, true);
	CU_ASSERT_STRING_EQUAL(conf_find(second, "a")->run_as, conf_find(first, "a")->run_as);
	CU_ASSERT_NOT_EQUAL(strcmp(conf_find(second, "a")->run_as, conf_find(second, "c")->run_as), 0);
	conf_free(none);
	conf_free(first);
	conf_free(second);
	ids_remove(dir, files, sizeof(files) / sizeof(files[0]));
}

static void chosen_ids_are_unique(void)
{
	static char text[200 * 40];
	struct conf_vm *v, *w;
	struct conf *conf;
	size_t len = 0;
	int i;

	for (i = 0; i < 200; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "vm vm%d { kernel /k }\n", i);
	/* A folder that cannot be made costs only the memory of the ids. */
	conf = conf_with(text, "/dev/null", true);
	STAILQ_FOREACH(v, &conf->vms, link)
		for (w = STAILQ_NEXT(v, link); w; w = STAILQ_NEXT(w, link)) {
			CU_ASSERT_NOT_EQUAL(v->spec->cid, w->spec->cid);
			CU_ASSERT_NOT_EQUAL(strcmp(v->spec->run_as, w->spec->run_as), 0);
		}
	conf_free(conf);
}

static const struct unit_case cases[] = {
	{ "a request survives the wire", request_survives_the_wire },
	{ "bad requests are refused", bad_requests_are_refused },
	{ "a name must end inside its field", name_must_end },
	{ "too long requests are not made", too_long_requests_are_not_made },
	{ "wrong names get a hint", wrong_names_get_a_hint },
	{ "context id and UUID are kept by name", identity_is_kept_by_name },
	{ "a VM's user is kept by name, and run-as wins", users_are_kept_by_name },
	{ "chosen context ids and users are unique", chosen_ids_are_unique },
};

UNIT_MAIN("ctl", cases)
