/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fault.c - vmctl fault: list, show, set and clear the faults of a VM
 *
 * What a fault may take is the daemon's to say: the words are put together to a line as
 * host/model/fault.h has it, and sent.
 */
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "host/base/bytes.h"
#include "host/model/fault.h"
#include "host/vmctl/vmctl.h"

static int list(const struct options *o)
{
	struct json_object *all = json_object_new_object();
	enum fault_kind kind;

	for (kind = 0; kind < FAULT_KINDS; kind++) {
		const struct fault_info *i = fault_info(kind);
		struct json_object *one = json_object_new_object();

		json_object_object_add(one, "arguments", json_object_new_string(i->args));
		json_object_object_add(one, "does", json_object_new_string(i->does));
		json_object_object_add(all, i->name, one);
		if (!o->json)
			printf("%s%s%s\n\t%s\n", i->name, *i->args ? " " : "", i->args, i->does);
	}
	if (o->json)
		show_json(all);
	json_object_put(all);
	return 0;
}

static int show(const struct options *o, struct ctl_request *req)
{
	struct json_object *answer, *faults;
	size_t i;
	int err;

	req->type = CTL_FAULT_SHOW;
	err = request_answer(o, req, &answer);
	if (err)
		return err;
	if (o->json) {
		show_json(answer);
	} else if (json_object_object_get_ex(answer, "faults", &faults)) {
		printf("%9s  %s\n", "FIRED", "FAULT");
		for (i = 0; i < json_object_array_length(faults); i++) {
			struct json_object *f = json_object_array_get_idx(faults, i);
			const char *rule = json_text(f, "rule");

			if (*rule)
				printf("%9s  %s\n", json_text(f, "fired"), rule);
			else
				printf("%9s  %s (not set)\n", json_text(f, "fired"),
				       json_text(f, "fault"));
		}
	}
	json_object_put(answer);
	return 0;
}

/* Adds " name=word", or " word"; false: it does not fit. */
static bool word_add(char *line, size_t size, const char *name, const char *word)
{
	size_t len = strlen(line);

	if (!word)
		return true;
	return snprintf(line + len, size - len, "%s%s%s", len ? " " : "", name, word) <
	       (int)(size - len);
}

static int set(const struct options *o, struct ctl_request *req, int argc, char **argv)
{
	char line[4 * FAULT_LINE_MAX] = "";
	bool fits = word_add(line, sizeof(line), "", argv[0]) &&
		    word_add(line, sizeof(line), "count=", o->count) &&
		    word_add(line, sizeof(line), "after=", o->after) &&
		    word_add(line, sizeof(line), "probability=", o->probability) &&
		    word_add(line, sizeof(line), "seed=", o->seed);
	int i;

	for (i = 1; i < argc; i++)
		fits = fits && word_add(line, sizeof(line), "", argv[i]);
	if (!fits) {
		complain("a fault has at most %d characters", FAULT_LINE_MAX);
		return CTL_CODE_USAGE;
	}
	req->type = CTL_FAULT_SET;
	req->value = line;
	req->value_len = strlen(line);
	return verb_simple(o, req);
}

int run_fault(const struct options *o, int argc, char **argv)
{
	struct ctl_request req = { 0 };
	int err;

	if (o->list)
		return argc ? verb_usage() : list(o);
	if (argc < 1 || (o->clear && argc > 2))
		return verb_usage();
	err = name_set(&req, argv[0]);
	if (err)
		return err;
	if (o->clear) {
		req.type = CTL_FAULT_CLEAR;
		req.key = argc > 1 ? argv[1] : "";
		return verb_simple(o, &req);
	}
	return argc > 1 ? set(o, &req, argc - 1, argv + 1) : show(o, &req);
}
