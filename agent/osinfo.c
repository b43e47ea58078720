/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * osinfo.c - what the host is told about the operating system
 *
 * Pure: text in, text out.  An id that a host does not know makes some of them fail, so only names of
 * their list are used, and "other" with the kernel's major version where a distribution is not in it.
 */
#include <string.h>
#include <sys/utsname.h>

#include <wire/guestrpc.h>

#include "agent/osinfo.h"

#define DETAILS_MAX	10240

/* ID of os-release -> the hosts' name; with @versions set, the major version follows if it is in them */
static const struct {
	const char *id, *name, *versions;
} known[] = {
	{ "almalinux", "almalinux", NULL },
	{ "amzn", "amazonlinux", " 2 3 " },
	{ "centos", "centos", " 6 7 8 9 " },
	{ "debian", "debian", " 6 7 8 9 10 11 12 13 " },
	{ "fedora", "fedora", NULL },
	{ "ol", "oraclelinux", " 6 7 8 9 10 " },
	{ "opensuse-leap", "opensuse", NULL },
	{ "opensuse-tumbleweed", "opensuse", NULL },
	{ "photon", "vmware-photon", NULL },
	{ "rhel", "rhel", " 6 7 8 9 10 " },
	{ "rocky", "rockylinux", NULL },
	{ "sled", "sled", " 10 11 12 15 " },
	{ "sles", "sles", " 10 11 12 15 " },
	{ "ubuntu", "ubuntu", NULL },
};

/* The value of @key, without its quotes; NULL if it is not there.  The last one counts, as in sh */
static char *field(const char *text, const char *key)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	char *value = NULL;
	gsize len = strlen(key);
	guint i;

	for (i = 0; lines[i]; i++) {
		char *plain;

		if (strncmp(lines[i], key, len) || lines[i][len] != '=')
			continue;
		plain = g_shell_unquote(g_strchomp(lines[i] + len + 1), NULL);
		if (!plain)
			continue;
		g_free(value);
		value = plain;
	}
	return value;
}

static gboolean is_64bit(const struct utsname *uts)
{
	return strstr(uts->machine, "64") != NULL || !strcmp(uts->machine, "s390x");
}

static char *short_id(const char *id, const char *version, const struct utsname *uts)
{
	const char *bits = is_64bit(uts) ? "-64" : "";
	gsize digits = version ? strspn(version, "0123456789") : 0;
	g_autofree char *major = g_strndup(version ? version : "", digits);
	g_autofree char *word = g_strdup_printf(" %s ", major);
	guint i;

	for (i = 0; id && i < G_N_ELEMENTS(known); i++) {
		if (strcmp(id, known[i].id))
			continue;
		if (!known[i].versions || !digits || !strstr(known[i].versions, word))
			major[0] = '\0';
		return g_strconcat(known[i].name, major, bits, NULL);
	}
	if (g_ascii_isdigit(uts->release[0]) && uts->release[0] >= '3' && uts->release[1] == '.')
		return g_strdup_printf("other%cxlinux%s", uts->release[0], bits);
	return g_strconcat("otherlinux", bits, NULL);
}

static void add_detail(GString *out, const char *key, const char *value)
{
	const char *c;

	if (!value || !*value)
		return;
	if (out->len)
		g_string_append_c(out, ' ');
	g_string_append_printf(out, "%s='", key);
	for (c = value; *c; c++) {
		if (*c == '\\' || *c == '\'')
			g_string_append_c(out, '\\');
		if (!g_ascii_iscntrl(*c))
			g_string_append_c(out, *c);
	}
	g_string_append_c(out, '\'');
}

void osinfo_parse(struct osinfo *ret, const char *os_release, const struct utsname *uts)
{
	const char *text = os_release ? os_release : "";
	g_autofree char *id = field(text, "ID"), *version = field(text, "VERSION_ID");
	g_autofree char *name = field(text, "NAME"), *pretty = field(text, "PRETTY_NAME");
	g_autofree char *cpe = field(text, "CPE_NAME"), *addl = field(text, "VERSION");
	GString *details = g_string_new(NULL);
	gboolean arm = g_str_has_prefix(uts->machine, "arm") ||
		       g_str_has_prefix(uts->machine, "aarch64");

	ret->id = short_id(id, version, uts);
	ret->name = pretty && *pretty ? g_steal_pointer(&pretty) :
		    g_strdup_printf("%s %s", uts->sysname, uts->release);
	add_detail(details, "architecture", arm ? "Arm" : "X86");
	add_detail(details, "bitness", is_64bit(uts) ? "64" : "32");
	add_detail(details, "cpeString", cpe);
	add_detail(details, "distroAddlVersion", addl);
	add_detail(details, "distroName", name);
	add_detail(details, "distroVersion", version);
	add_detail(details, "familyName", uts->sysname);
	add_detail(details, "kernelVersion", uts->release);
	add_detail(details, "prettyName", ret->name);
	if (details->len > DETAILS_MAX)
		g_string_truncate(details, DETAILS_MAX);
	ret->details = g_string_free(details, FALSE);
}

void osinfo_rename(struct osinfo *os, const char *id, const char *name)
{
	g_free(os->id);
	os->id = g_strdup(id);
	if (!name)
		return;
	g_free(os->name);
	os->name = g_strdup(name);
}

void osinfo_clear(struct osinfo *os)
{
	g_free(os->id);
	g_free(os->name);
	g_free(os->details);
	memset(os, 0, sizeof(*os));
}

GBytes *osinfo_detailed(const struct osinfo *os)
{
	struct grpc_wire_os_detailed head = { .version = GUINT32_TO_LE(GRPC_OS_DETAILED_VERSION) };
	GByteArray *out = g_byte_array_new();

	g_strlcpy(head.short_name, os->id, sizeof(head.short_name));
	g_strlcpy(head.full_name, os->name, sizeof(head.full_name));
	g_byte_array_append(out, (const guint8 *)&head, sizeof(head));
	/* With the NUL */
	g_byte_array_append(out, (const guint8 *)os->details, (guint)strlen(os->details) + 1);
	return g_byte_array_free_to_bytes(out);
}
