/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * show.c - vmd's answers for people
 *
 * Texts of the guest come as printable UTF-8 from vmd (guest_json.h), so they may be printed as they are.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "host/vmctl/vmctl.h"

void show_json(struct json_object *obj)
{
	puts(json_object_to_json_string_ext(obj, JSON_C_TO_STRING_PRETTY |
						 JSON_C_TO_STRING_NOSLASHESCAPE));
}

static const char *or_dash(const char *text)
{
	return *text ? text : "-";
}

void show_status(struct json_object *answer)
{
	struct json_object *list;
	size_t i;

	if (!json_object_object_get_ex(answer, "vms", &list))
		return;
	printf("%-16s %-9s %7s %10s %-8s %-16s %s\n", "NAME", "STATE", "PID", "CID", "TOOLS", "IP",
	       "HOST NAME");
	for (i = 0; i < json_object_array_length(list); i++) {
		struct json_object *vm = json_object_array_get_idx(list, i);
		const char *reason = json_text(vm, "reason");

		printf("%-16s %-9s %7s %10s %-8s %-16s %s\n", json_text(vm, "name"),
		       json_text(vm, "state"), or_dash(json_text(vm, "pid")), json_text(vm, "cid"),
		       or_dash(json_text(vm, "tools")), or_dash(json_text(vm, "ip")),
		       *reason ? reason : or_dash(json_text(vm, "host-name")));
	}
}

static void show_value(int depth, const char *key, struct json_object *v);

static void show_members(int depth, struct json_object *obj)
{
	struct json_object_iterator it = json_object_iter_begin(obj);
	struct json_object_iterator end = json_object_iter_end(obj);

	for (; !json_object_iter_equal(&it, &end); json_object_iter_next(&it))
		show_value(depth, json_object_iter_peek_name(&it),
			   json_object_iter_peek_value(&it));
}

/* One line for an object whose members are all plain: "name value, name value". */
static bool is_flat(struct json_object *obj)
{
	struct json_object_iterator it = json_object_iter_begin(obj);
	struct json_object_iterator end = json_object_iter_end(obj);

	for (; !json_object_iter_equal(&it, &end); json_object_iter_next(&it)) {
		enum json_type type = json_object_get_type(json_object_iter_peek_value(&it));

		if (type == json_type_object || type == json_type_array)
			return false;
	}
	return true;
}

static void show_flat(struct json_object *obj)
{
	struct json_object_iterator it = json_object_iter_begin(obj);
	struct json_object_iterator end = json_object_iter_end(obj);
	const char *comma = "";

	for (; !json_object_iter_equal(&it, &end); json_object_iter_next(&it)) {
		printf("%s%s %s", comma, json_object_iter_peek_name(&it),
		       json_object_get_string(json_object_iter_peek_value(&it)));
		comma = ", ";
	}
	putchar('\n');
}

static void show_list(int depth, struct json_object *list)
{
	size_t i;

	for (i = 0; i < json_object_array_length(list); i++) {
		struct json_object *v = json_object_array_get_idx(list, i);

		printf("%*s- ", 2 * depth, "");
		if (!json_object_is_type(v, json_type_object)) {
			puts(json_object_get_string(v));
		} else if (is_flat(v)) {
			show_flat(v);
		} else {
			putchar('\n');
			show_members(depth + 1, v);
		}
	}
}

static void show_value(int depth, const char *key, struct json_object *v)
{
	printf("%*s%s:", 2 * depth, "", key);
	if (json_object_is_type(v, json_type_object)) {
		putchar('\n');
		show_members(depth + 1, v);
	} else if (json_object_is_type(v, json_type_array)) {
		putchar('\n');
		show_list(depth + 1, v);
	} else {
		printf(" %s\n", v ? json_object_get_string(v) : "-");
	}
}

void show_guest(const char *name, struct json_object *guest)
{
	/* streams and their counters are for programs: --json */
	json_object_object_del(guest, "vsock");
	printf("vm: %s\n", name);
	show_members(0, guest);
}
