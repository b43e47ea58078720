/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verbs.c - what vmctl can do: one function for each verb, and the table of them
 *
 * Verbs with a verb of their own (var, vsock, power, wait) take it before or after the VM's name.  A
 * word that is exactly a verb counts as one, except when the other word is one too: then the VM's name
 * comes first.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "host/base/bytes.h"
#include "host/base/fd.h"
#include "host/vmctl/vmctl.h"

#define POWER_TIMEOUT_MS	30000
#define SEND_TIMEOUT_MS		10000

/* The place of the word that @text begins, -1: none, -2: more than one */
static int word_find(const char *text, const char *const *words, size_t count)
{
	size_t i, len = strlen(text);
	int found = -1;

	for (i = 0; i < count; i++) {
		if (!strcmp(text, words[i]))
			return (int)i;
		if (len && !strncmp(text, words[i], len))
			found = found == -1 ? (int)i : -2;
	}
	return found;
}

static bool is_word(const char *text, const char *const *words, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (!strcmp(text, words[i]))
			return true;
	return false;
}

static void word_complain(const char *text, bool ambiguous, const char *const *words, size_t count)
{
	char list[512] = "";
	size_t i, len = 0;

	for (i = 0; i < count && len < sizeof(list); i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", i ? ", " : "", words[i]);
	complain("\"%s\" is %s; it must be one of %s", text, ambiguous ? "ambiguous" : "not known here",
		 list);
}

int name_set(struct ctl_request *req, const char *name)
{
	if (!*name || strlen(name) > VM_NAME_MAX) {
		complain("a VM's name has 1 to %d characters", VM_NAME_MAX);
		return CTL_CODE_USAGE;
	}
	strcpy(req->name, name);
	return 0;
}

/* Name and verb in either order; the place of the verb goes to *ret. */
static int name_and_word(struct ctl_request *req, int argc, char **argv, const char *const *words,
			 size_t count, int *ret)
{
	int name = 0, word = 1;

	if (argc < 2)
		return verb_usage();
	if (!is_word(argv[1], words, count) &&
	    (is_word(argv[0], words, count) || (word_find(argv[1], words, count) < 0 &&
						word_find(argv[0], words, count) >= 0))) {
		name = 1;
		word = 0;
	}
	*ret = word_find(argv[word], words, count);
	if (*ret < 0) {
		word_complain(argv[word], *ret == -2, words, count);
		return CTL_CODE_USAGE;
	}
	return name_set(req, argv[name]);
}

int verb_simple(const struct options *o, struct ctl_request *req)
{
	struct json_object *answer;
	int err = request_answer(o, req, &answer);

	if (err)
		return err;
	if (o->json)
		show_json(answer);
	json_object_put(answer);
	return 0;
}

static int named(const struct options *o, int argc, char **argv, enum ctl_type type,
		 struct ctl_request *req)
{
	memset(req, 0, sizeof(*req));
	req->type = type;
	req->timeout_ms = o->timeout_ms;
	return argc == 1 ? name_set(req, argv[0]) : verb_usage();
}

static int run_simple(const struct options *o, int argc, char **argv, enum ctl_type type)
{
	struct ctl_request req;
	int err = named(o, argc, argv, type, &req);

	return err ? err : verb_simple(o, &req);
}

static int run_pause(const struct options *o, int argc, char **argv)
{
	return run_simple(o, argc, argv, CTL_PAUSE);
}

static int run_unpause(const struct options *o, int argc, char **argv)
{
	return run_simple(o, argc, argv, CTL_UNPAUSE);
}

static int run_reset(const struct options *o, int argc, char **argv)
{
	return run_simple(o, argc, argv, CTL_RESET);
}

static int run_status(const struct options *o, int argc, char **argv)
{
	struct ctl_request req = { .type = CTL_STATUS };
	struct json_object *answer;
	int err = argc > 1 ? verb_usage() : argc ? name_set(&req, argv[0]) : 0;

	if (!err)
		err = request_answer(o, &req, &answer);
	if (err)
		return err;
	if (o->json)
		show_json(answer);
	else
		show_status(answer);
	json_object_put(answer);
	return 0;
}

static int wait_for(const struct options *o, const char *name, enum ctl_wait what)
{
	struct ctl_request req = { .type = CTL_WAIT, .timeout_ms = o->timeout_ms, .number = what };
	struct json_object *answer;
	int err = name_set(&req, name);

	if (!err)
		err = request_answer(o, &req, &answer);
	if (err)
		return err;
	if (o->json)
		show_json(answer);
	else if (what == CTL_WAIT_IP)
		puts(json_text(answer, "ip"));
	json_object_put(answer);
	return 0;
}

static int run_wait(const struct options *o, int argc, char **argv)
{
	static const char *const words[] = { "up", "tools", "ip", "down" };
	struct ctl_request req;
	int what, err = name_and_word(&req, argc, argv, words, ARRAY_SIZE(words), &what);

	if (!err && argc != 2)
		err = verb_usage();
	return err ? err : wait_for(o, req.name, (enum ctl_wait)what);
}

static int run_start(const struct options *o, int argc, char **argv)
{
	int err = run_simple(o, argc, argv, CTL_START);

	return err || !o->wait ? err : wait_for(o, argv[0], CTL_WAIT_TOOLS);
}

static int run_stop(const struct options *o, int argc, char **argv)
{
	struct ctl_request req;
	int err = named(o, argc, argv, CTL_STOP, &req);

	if (err)
		return err;
	req.flags = o->force ? CTL_FORCE : 0;
	err = verb_simple(o, &req);
	return err || !o->wait ? err : wait_for(o, argv[0], CTL_WAIT_DOWN);
}

static int run_guest(const struct options *o, int argc, char **argv)
{
	struct ctl_request req;
	struct json_object *answer;
	int err = named(o, argc, argv, CTL_GUEST, &req);

	if (!err)
		err = request_answer(o, &req, &answer);
	if (err)
		return err;
	if (o->json)
		show_json(answer);
	else
		show_guest(req.name, answer);
	json_object_put(answer);
	return 0;
}

/* A value of "-" is standard input. */
static int value_read(const char *arg, char **ret, size_t *ret_len)
{
	size_t len = 0, room = CTL_REQUEST_MAX;
	char *buf = malloc(room);
	ssize_t n = 1;

	if (!buf)
		return CTL_CODE_FAILED;
	if (strcmp(arg, "-")) {
		len = strnlen(arg, room);
		memcpy(buf, arg, len);
	} else {
		while (len < room && (n = read(STDIN_FILENO, buf + len, room - len)) > 0)
			len += (size_t)n;
	}
	if (n < 0 || len == room) {
		complain("%s", n < 0 ? strerror(errno) : "the value is too long");
		free(buf);
		return CTL_CODE_FAILED;
	}
	*ret = buf;
	*ret_len = len;
	return 0;
}

static void show_vars(struct json_object *vars)
{
	struct json_object_iterator it = json_object_iter_begin(vars);
	struct json_object_iterator end = json_object_iter_end(vars);

	for (; !json_object_iter_equal(&it, &end); json_object_iter_next(&it))
		printf("%s = %s\n", json_object_iter_peek_name(&it),
		       json_text(json_object_iter_peek_value(&it), "value"));
}

static int var_ask(const struct options *o, const struct ctl_request *req)
{
	struct json_object *answer;
	int err = request_answer(o, req, &answer);

	if (err)
		return err;
	if (o->json)
		show_json(answer);
	else if (req->type == CTL_VAR_LIST)
		show_vars(answer);
	else
		puts(json_text(answer, "value"));
	json_object_put(answer);
	return 0;
}

static int run_var(const struct options *o, int argc, char **argv)
{
	static const char *const words[] = { "get", "set", "unset", "list" };
	static const enum ctl_type types[] = { CTL_VAR_GET, CTL_VAR_SET, CTL_VAR_UNSET,
					       CTL_VAR_LIST };
	static const int counts[] = { 3, 4, 3, 2 };
	struct ctl_request req = { 0 };
	_autofree_ char *value = NULL;
	int what, err = name_and_word(&req, argc, argv, words, ARRAY_SIZE(words), &what);

	if (err)
		return err;
	if (argc != counts[what])
		return verb_usage();
	req.type = types[what];
	req.key = argc > 2 ? argv[2] : NULL;
	if (req.type == CTL_VAR_GET || req.type == CTL_VAR_LIST)
		return var_ask(o, &req);
	if (req.type == CTL_VAR_SET) {
		err = value_read(argv[3], &value, &req.value_len);
		if (err)
			return err;
		req.value = value;
		req.flags = o->readonly ? CTL_READONLY : 0;
	}
	return verb_simple(o, &req);
}

static int run_send(const struct options *o, int argc, char **argv)
{
	struct ctl_request req = { .type = CTL_SEND, .timeout_ms = SEND_TIMEOUT_MS };
	struct json_object *answer;
	_autofree_ char *value = NULL;
	int err = argc == 2 ? name_set(&req, argv[0]) : verb_usage();

	if (err)
		return err;
	err = value_read(argv[1], &value, &req.value_len);
	if (err)
		return err;
	req.value = value;
	if (o->timeout_given)
		req.timeout_ms = o->timeout_ms;
	err = request_answer(o, &req, &answer);
	if (err)
		return err;
	if (o->json)
		show_json(answer);
	else
		puts(json_text(answer, "reply"));
	json_object_put(answer);
	return 0;
}

static int run_power(const struct options *o, int argc, char **argv)
{
	static const char *const words[] = { "halt", "reboot", "suspend", "resume" };
	struct ctl_request req = { .type = CTL_POWER };
	int what, err = name_and_word(&req, argc, argv, words, ARRAY_SIZE(words), &what);

	if (!err && argc != 2)
		err = verb_usage();
	if (err)
		return err;
	req.type = CTL_POWER;
	req.number = (uint32_t)what;
	req.timeout_ms = o->timeout_given ? o->timeout_ms : POWER_TIMEOUT_MS;
	return verb_simple(o, &req);
}

static int port_parse(const char *text, uint32_t *ret)
{
	char *end;
	unsigned long long v;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno || *text < '0' || *text > '9' || *end || v >= UINT32_MAX) {
		complain("a port is a number from 0 to 4294967294, not \"%s\"", text);
		return CTL_CODE_USAGE;
	}
	*ret = (uint32_t)v;
	return 0;
}

/* First answer: it is listening.  Each one after brings a stream. */
static int listen_serve(const struct options *o, struct connection *c)
{
	struct json_object *answer;
	int err = connection_answer(c, &answer);

	while (!err) {
		json_object_put(answer);
		if (c->passed_fd >= 0) {
			err = pump(c->passed_fd, false);
			if (!o->keep || err)
				return err;
		}
		err = connection_answer(c, &answer);
	}
	return err;
}

static int run_vsock(const struct options *o, int argc, char **argv)
{
	static const char *const words[] = { "connect", "listen" };
	struct ctl_request req = { 0 };
	struct json_object *answer;
	struct connection c;
	int what, err = name_and_word(&req, argc, argv, words, ARRAY_SIZE(words), &what);

	if (!err && argc != 3)
		err = verb_usage();
	if (!err)
		err = port_parse(argv[2], &req.number);
	if (!err)
		err = connection_open(o, 0, &c);
	if (err)
		return err;
	req.type = what ? CTL_VSOCK_LISTEN : CTL_VSOCK_CONNECT;
	req.flags = o->keep ? CTL_KEEP : 0;
	req.timeout_ms = o->timeout_ms;
	err = connection_send(&c, &req);
	if (!err && what) {
		err = listen_serve(o, &c);
	} else if (!err) {
		err = connection_answer(&c, &answer);
		if (!err) {
			json_object_put(answer);
			err = pump(c.passed_fd, false);
		}
	}
	connection_close(&c);
	return err;
}

static int run_console(const struct options *o, int argc, char **argv)
{
	struct ctl_request req;
	struct json_object *answer;
	struct connection c;
	int err = named(o, argc, argv, CTL_CONSOLE, &req);

	if (!err)
		err = connection_open(o, 0, &c);
	if (err)
		return err;
	err = connection_send(&c, &req);
	if (!err)
		err = connection_answer(&c, &answer);
	if (!err) {
		json_object_put(answer);
		if (isatty(STDIN_FILENO))
			fprintf(stderr, "connected to the console of \"%s\"; ~. at the start of a line ends "
				"it\n", req.name);
		err = pump(c.fd, true);
	}
	connection_close(&c);
	return err;
}

static int file_print(const char *path)
{
	FILE *f = fopen(path, "re");
	char buf[65536];
	size_t n;

	if (!f) {
		complain("%s: %s", path, strerror(errno));
		return CTL_CODE_FAILED;
	}
	while ((n = fread(buf, 1, sizeof(buf), f)))
		if (fwrite(buf, 1, n, stdout) != n)
			break;
	fclose(f);
	return 0;
}

/* The files are read with the rights of whoever asks. */
static int run_log(const struct options *o, int argc, char **argv)
{
	struct ctl_request req;
	struct json_object *answer, *list;
	int err = named(o, argc, argv, CTL_STATUS, &req);

	if (!err)
		err = request_answer(o, &req, &answer);
	if (err)
		return err;
	if (json_object_object_get_ex(answer, "vms", &list) && json_object_array_length(list) == 1)
		err = file_print(json_text(json_object_array_get_idx(list, 0),
					   o->console ? "console" : "log"));
	json_object_put(answer);
	return err;
}

#define TIMEOUT_HELP	"  --timeout S   give up after S seconds (exit status 4)\n"
#define JSON_HELP	"  -j, --json    JSON for programs\n"

const struct verb verbs[] = {
	{ "console", run_console, "NAME", "join the terminal to the VM's serial console", NULL },
	{ "fault", run_fault, "--list | NAME [FAULT [ARGUMENT]...] | NAME --clear [FAULT]",
	  "faults of the host, to see how a guest takes them: list, show, set, clear",
	  JSON_HELP "  --list        what faults there are\n"
	  "  --count N     fire so often, and no more\n"
	  "  --after N     let so many chances pass first\n"
	  "  --probability P  fire with this probability, 0 to 1\n"
	  "  --seed S      start of the sequence of chances (0)\n"
	  "  --clear       set no more; without a FAULT none of them\n" },
	{ "guest", run_guest, "[-j] NAME", "show what the guest says of itself", JSON_HELP },
	{ "log", run_log, "[--console] NAME", "print the VM's log",
	  "  --console     the log of its serial console instead\n" },
	{ "pause", run_pause, "NAME", "stop the VM's processors", NULL },
	{ "power", run_power, "[--timeout S] NAME halt|reboot|suspend|resume",
	  "ask the agent in the guest for a power operation",
	  "  --timeout S   how long the agent may take to answer (30)\n" },
	{ "record", run_record, "NAME FILE",
	  "write what the guest and its host say by GuestRPC, from the guest's next start on", NULL },
	{ "replay", run_replay, "FILE", "play a recording to the host's model, and compare", NULL },
	{ "reset", run_reset, "NAME", "reset the VM, as its reset button would", NULL },
	{ "send", run_send, "[-j] [--timeout S] NAME COMMAND",
	  "send the agent a TCLO command, print its reply; - is standard input",
	  JSON_HELP "  --timeout S   how long the agent may take to answer (10)\n" },
	{ "start", run_start, "[-w] [--timeout S] NAME", "start a VM",
	  "  -w            wait until the agent in the guest answers\n" TIMEOUT_HELP },
	{ "status", run_status, "[-j] [NAME]", "show the VMs", JSON_HELP },
	{ "stop", run_stop, "[-f] [-w] [--timeout S] NAME", "ask the guest to power off",
	  "  -f            end the VM without asking\n"
	  "  -w            wait until it is down\n" TIMEOUT_HELP },
	{ "unpause", run_unpause, "NAME", "let a paused VM go on", NULL },
	{ "var", run_var, "NAME get KEY | set [--readonly] KEY VALUE | unset KEY | list",
	  "guestinfo variables; a VALUE of - is standard input",
	  JSON_HELP "  --readonly    the guest cannot change it\n" },
	{ "vsock", run_vsock, "NAME connect PORT | listen [-k] PORT",
	  "join standard input and output to a stream socket of the guest",
	  "  -k            listen: serve one connection after another\n" },
	{ "wait", run_wait, "[--timeout S] NAME up|tools|ip|down",
	  "wait until the VM runs, its agent answers, it has told an address, or it is down",
	  JSON_HELP TIMEOUT_HELP },
};

const size_t verb_count = ARRAY_SIZE(verbs);
