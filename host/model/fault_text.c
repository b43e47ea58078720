/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fault_text.c - the table of all faults, and rules as lines of text
 *
 * Arguments of a kind come in this order: a value, a pattern, places, an answer, which is the rest of
 * the line.  A line is bytes of an operator or of the other end of a socket: its length is checked, it
 * is copied, and only the copy is cut into words.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/base/bytes.h"
#include "host/model/fault.h"

enum takes {
	TAKES_VALUE = 0x1,
	TAKES_SECONDS = 0x2,		/* a value with a fraction; kept in us */
	TAKES_PATTERN = 0x4,
	TAKES_PATTERN_OR_NOT = 0x8,
	TAKES_ANSWER = 0x10,
};

#define US_PER_SEC	1000000
#define SECONDS_MAX	INT64_C(20000000000)	/* 634 years */

/* Places, in the order of their numbers. */
static const char *const steps[] = {
	"open", "sendsize", "sendpayload", "recvsize", "recvpayload", "recvstatus", "close",
	"hb-send", "hb-receive", NULL,
};

static const char *const registers[] = {
	"status", "control", "icr", "imr", "caps", "result-low", "result-high", "other", NULL,
};
static const char *const vectors[] = { "datagram", "notification", "dma-datagram", NULL };
static const char *const ways[] = { "to-guest", "from-guest", NULL };
static const char *const buffers[] = { "send", "receive", NULL };
static const char *const pointers[] = { "range", "backwards", "torn", NULL };
static const char *const hypercalls[] = {	/* VMCI_HC_* */
	"resources-query", "get-context-id", "set-notify-bitmap", "doorbell-link", "doorbell-unlink",
	"doorbell-notify", "datagram-request-map", "datagram-remove-map", "event-subscribe",
	"event-unsubscribe", "queuepair-alloc", "queuepair-detach", NULL,
};
static const char *const packets[] = {		/* VSOCK_PKT_* */
	"invalid", "request", "negotiate", "offer", "attach", "wrote", "read", "rst", "shutdown",
	"waiting-write", "waiting-read", "request2", "negotiate2", NULL,
};

static const struct kind {
	struct fault_info info;
	unsigned int takes;
	const char *const *places;	/* NULL: none */
	int64_t min, max;		/* of the value, as it is written */
} kinds[FAULT_KINDS] = {
	[FAULT_PORT_GONE] = { .info = { "port-gone", "",
		"the backdoor's port reads as all ones, as on another hypervisor" } },
	[FAULT_MSG_CHECKPOINT] = { .info = { "msg-checkpoint", "[STEP,...]",
		"a step of a message answers with the checkpoint bit" }, .places = steps },
	[FAULT_MSG_CLOSE] = { .info = { "msg-close", "[STEP,...]",
		"the channel is found closed at a step" }, .places = steps },
	[FAULT_MSG_COOKIE] = { .info = { "msg-cookie", "[STEP,...]",
		"a step fails as with a wrong cookie; at open, a wrong cookie is given out" },
		.places = steps },
	[FAULT_MSG_RECVSIZE] = { .info = { "msg-recvsize", "BYTES",
		"RECVSIZE names that length instead of the message's" },
		.takes = TAKES_VALUE, .max = UINT32_MAX },
	[FAULT_MSG_STATUS] = { .info = { "msg-status", "STATUS [STEP,...]",
		"a step does nothing and answers with that status" },
		.takes = TAKES_VALUE, .places = steps, .max = UINT16_MAX },
	[FAULT_TCLO_SECOND] = { .info = { "tclo-second", "",
		"another program takes the TCLO channel when the agent polls" } },
	[FAULT_TIME_OFFSET] = { .info = { "time-offset", "SECONDS",
		"the host's time is off" },
		.takes = TAKES_SECONDS, .min = -SECONDS_MAX, .max = SECONDS_MAX },
	[FAULT_TIME_SKEW] = { .info = { "time-skew", "PPM",
		"the host's time runs faster, or slower, from now on" },
		.takes = TAKES_VALUE, .min = -1000000, .max = 1000000 },
	[FAULT_TIME_FROZEN] = { .info = { "time-frozen", "",
		"the host's time stands still from the first question on" } },
	[FAULT_TIME_JUMP] = { .info = { "time-jump", "SECONDS",
		"the host's time jumps at a question and stays off; back if negative" },
		.takes = TAKES_SECONDS, .min = -SECONDS_MAX, .max = SECONDS_MAX },
	[FAULT_TIME_LAG] = { .info = { "time-lag", "MICROSECONDS",
		"the lag that a guest's clock may have, as the host tells it" },
		.takes = TAKES_VALUE, .min = INT32_MIN, .max = UINT32_MAX },
	[FAULT_TIME_IRQ_LAG] = { .info = { "time-irq-lag", "MICROSECONDS",
		"the lag of the guest's timer interrupts, as the host tells it" },
		.takes = TAKES_VALUE, .min = INT32_MIN, .max = UINT32_MAX },
	[FAULT_TIME_NONE] = { .info = { "time-none", "",
		"the host knows no time" } },
	[FAULT_RPCI_ANSWER] = { .info = { "rpci-answer", "PATTERN TEXT",
		"requests of the guest are answered with the text, as it stands" },
		.takes = TAKES_PATTERN | TAKES_ANSWER },
	[FAULT_RPCI_REFUSE] = { .info = { "rpci-refuse", "PATTERN",
		"requests of the guest are refused: Permission denied" },
		.takes = TAKES_PATTERN },
	[FAULT_RPCI_SILENT] = { .info = { "rpci-silent", "[PATTERN]",
		"requests of the guest get no answer" }, .takes = TAKES_PATTERN_OR_NOT },
	[FAULT_TCLO_RESET] = { .info = { "tclo-reset", "",
		"when the agent has answered a step of the opening conversation, it begins anew" } },
	[FAULT_REG_ONES] = { .info = { "reg-ones", "[REGISTER,...]",
		"a register of the VMCI device reads as all ones" }, .places = registers },
	[FAULT_DEVICE_GONE] = { .info = { "device-gone", "",
		"the VMCI device reads as all ones and takes no writes" } },
	[FAULT_IRQ_LOST] = { .info = { "irq-lost", "[VECTOR,...]",
		"an interrupt of the VMCI device is not sent" }, .places = vectors },
	[FAULT_IRQ_SPURIOUS] = { .info = { "irq-spurious", "[VECTOR,...]",
		"an interrupt is sent without a cause when a register is read" }, .places = vectors },
	[FAULT_DG_DROP] = { .info = { "dg-drop", "[WAY,...]",
		"a datagram is lost, and its sender does not hear of it" }, .places = ways },
	[FAULT_DG_DUPLICATE] = { .info = { "dg-duplicate", "[WAY,...]",
		"a datagram arrives twice" }, .places = ways },
	[FAULT_DG_CORRUPT] = { .info = { "dg-corrupt", "OFFSET [WAY,...]",
		"a byte of a datagram is inverted, its last if it is shorter; of the guest's, no header's" },
		.takes = TAKES_VALUE, .places = ways, .max = UINT16_MAX },
	[FAULT_DG_DELAY] = { .info = { "dg-delay", "MILLISECONDS",
		"a datagram to the guest is late, and those that follow within that time come with it" },
		.takes = TAKES_VALUE, .min = 1, .max = 600000 },
	[FAULT_DG_REORDER] = { .info = { "dg-reorder", "",
		"a datagram to the guest is overtaken by the next one" } },
	[FAULT_DG_HANG] = { .info = { "dg-hang", "[BUFFER,...]",
		"the device takes a buffer of the guest and never gives it back" }, .places = buffers },
	[FAULT_HC_RESULT] = { .info = { "hc-result", "RESULT [HYPERCALL,...]",
		"a hypercall does nothing and answers with that result" },
		.takes = TAKES_VALUE, .places = hypercalls, .min = INT32_MIN, .max = INT32_MAX },
	[FAULT_QP_POINTER] = { .info = { "qp-pointer", "[range|backwards|torn]",
		"the host writes a head or tail out of range, one back, or half of another" },
		.places = pointers },
	[FAULT_CID_CHANGE] = { .info = { "cid-change", "CID",
		"the guest gets another context id" },
		.takes = TAKES_VALUE, .min = 16, .max = INT32_MAX },
	[FAULT_VMCI_RESUME] = { .info = { "vmci-resume", "",
		"all queue pairs end, as after suspend and resume" } },
	[FAULT_VSOCK_RST] = { .info = { "vsock-rst", "[PACKET,...]",
		"the host answers a packet of the guest with RST" }, .places = packets },
	[FAULT_VSOCK_SILENT] = { .info = { "vsock-silent", "[PACKET,...]",
		"the host does not answer a packet of the guest" }, .places = packets },
	[FAULT_VSOCK_DETACH] = { .info = { "vsock-detach", "[PACKET,...]",
		"the host handles a packet of the guest, then detaches from the connection's queue pair" },
		.places = packets },
};

const struct fault_info *fault_info(enum fault_kind kind)
{
	return &kinds[kind].info;
}

enum fault_kind fault_find(const char *name)
{
	enum fault_kind kind;

	for (kind = 0; kind < FAULT_KINDS; kind++)
		if (!strcmp(kinds[kind].info.name, name))
			break;
	return kind;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* A text that grows; what does not fit is counted, as snprintf() does. */
struct line {
	char *text;
	size_t size, len;
};

static void line_add(struct line *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void line_add(struct line *l, const char *fmt, ...)
{
	size_t at = l->len < l->size ? l->len : l->size;
	va_list ap;

	va_start(ap, fmt);
	l->len += (size_t)vsnprintf(l->text + at, l->size - at, fmt, ap);
	va_end(ap);
}

static void seconds_add(struct line *l, int64_t us)
{
	uint64_t n = us < 0 ? 0 - (uint64_t)us : (uint64_t)us;

	line_add(l, " %s%" PRIu64, us < 0 ? "-" : "", n / US_PER_SEC);
	if (n % US_PER_SEC)
		line_add(l, ".%06" PRIu64, n % US_PER_SEC);
}

static void places_add(struct line *l, const struct kind *k, uint32_t where)
{
	const char *sep = " ";
	size_t i;

	for (i = 0; k->places[i]; i++) {
		if (!(where & UINT32_C(1) << i))
			continue;
		line_add(l, "%s%s", sep, k->places[i]);
		sep = ",";
	}
}

/* Returns how long the whole line is. */
static size_t line_make(const struct fault_rule *rule, char *ret, size_t size)
{
	const struct kind *k = &kinds[rule->kind];
	struct line l = { .text = ret, .size = size };

	line_add(&l, "%s", k->info.name);
	if (rule->count)
		line_add(&l, " count=%" PRIu64, rule->count);
	if (rule->after)
		line_add(&l, " after=%" PRIu64, rule->after);
	if (rule->ppm < FAULT_ALWAYS)
		line_add(&l, " probability=0.%06" PRIu32 " seed=%" PRIu64, rule->ppm, rule->seed);
	if (k->takes & TAKES_SECONDS)
		seconds_add(&l, rule->value);
	if (k->takes & TAKES_VALUE)
		line_add(&l, " %" PRId64, rule->value);
	if (k->takes & (TAKES_PATTERN | TAKES_PATTERN_OR_NOT))
		line_add(&l, " %s", rule->pattern);
	if (k->places && rule->where != FAULT_EVERYWHERE)
		places_add(&l, k, rule->where);
	if (k->takes & TAKES_ANSWER)
		line_add(&l, " %s", rule->answer);
	return l.len;
}

char *fault_line(const struct fault_rule *rule, char ret[FAULT_LINE_MAX + 1])
{
	line_make(rule, ret, FAULT_LINE_MAX + 1);
	return ret;
}

/* ---- reading --------------------------------------------------------------------------------- */

static int wrong(char *ret_error, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int wrong(char *ret_error, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(ret_error, FAULT_ERROR_MAX, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

/* Cuts the next word off *p; "" at the end. */
static char *word_next(char **p)
{
	char *word = *p + strspn(*p, " ");
	size_t len = strcspn(word, " ");

	*p = word + len + (word[len] == ' ');
	word[len] = '\0';
	return word;
}

/* A number with up to six places behind the point, in millionths. */
static bool decimal(const char *text, int64_t max, int64_t *ret)
{
	bool minus = *text == '-';
	int64_t whole = 0, part = 0, unit = US_PER_SEC;

	text += minus;
	if (*text < '0' || *text > '9')
		return false;
	for (; *text >= '0' && *text <= '9'; text++) {
		whole = whole * 10 + (*text - '0');
		if (whole > max)
			return false;
	}
	if (*text == '.')
		for (text++; *text >= '0' && *text <= '9' && unit > 1; text++) {
			unit /= 10;
			part += unit * (*text - '0');
		}
	*ret = whole * US_PER_SEC + part;
	if (*text || *ret > max * US_PER_SEC)
		return false;
	if (minus)
		*ret = -*ret;
	return true;
}

static bool count_parse(const char *text, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno;
}

/* One of count=, after=, probability= and seed=; 0, 1: it is none of them, or -EINVAL. */
static int option_parse(struct fault_rule *rule, const char *word, char *ret_error)
{
	static const char *const names[] = { "count=", "after=", "seed=" };
	uint64_t *const values[] = { &rule->count, &rule->after, &rule->seed };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		size_t len = strlen(names[i]);

		if (strncmp(word, names[i], len))
			continue;
		return count_parse(word + len, values[i]) ? 0 :
			wrong(ret_error, "%.*s takes a whole number, not \"%s\"", (int)len - 1,
			      word, word + len);
	}
	if (!strncmp(word, "probability=", strlen("probability="))) {
		const char *text = word + strlen("probability=");
		int64_t ppm;

		if (!decimal(text, 1, &ppm) || ppm <= 0)
			return wrong(ret_error, "probability takes a number above 0 and up to 1, "
				     "such as 0.25, not \"%s\"", text);
		rule->ppm = (uint32_t)ppm;
		return 0;
	}
	return 1;
}

static int value_parse(const struct kind *k, struct fault_rule *rule, const char *word,
		       char *ret_error)
{
	bool fine;
	char *end;

	if (k->takes & TAKES_SECONDS) {
		fine = decimal(word, k->max, &rule->value);
	} else {
		errno = 0;
		rule->value = strtoll(word, &end, 0);
		fine = *word && *word != ' ' && !*end && !errno && rule->value >= k->min &&
		       rule->value <= k->max;
	}
	if (fine)
		return 0;
	return wrong(ret_error, "%s takes %s, a number from %" PRId64 " to %" PRId64 ", not \"%s\"",
		     k->info.name, k->info.args, k->min, k->max, word);
}

static int places_wrong(const struct kind *k, const char *word, char *ret_error)
{
	size_t i, len;

	len = (size_t)snprintf(ret_error, FAULT_ERROR_MAX, "%s: \"%.40s\" is none of", k->info.name,
			       word);
	for (i = 0; k->places[i] && len < FAULT_ERROR_MAX; i++)
		len += (size_t)snprintf(ret_error + len, FAULT_ERROR_MAX - len, "%s %s",
					i ? "," : "", k->places[i]);
	return -EINVAL;
}

static int places_parse(const struct kind *k, struct fault_rule *rule, char *word, char *ret_error)
{
	char *save = NULL, *name;
	size_t i;

	rule->where = 0;
	for (name = strtok_r(word, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
		for (i = 0; k->places[i] && strcmp(k->places[i], name); i++)
			;
		if (!k->places[i])
			return places_wrong(k, name, ret_error);
		rule->where |= UINT32_C(1) << i;
	}
	return rule->where ? 0 : places_wrong(k, word, ret_error);
}

static int arguments_parse(const struct kind *k, struct fault_rule *rule, char *word, char *rest,
			   char *ret_error)
{
	int err = 0;

	if (k->takes & (TAKES_VALUE | TAKES_SECONDS)) {
		err = value_parse(k, rule, word, ret_error);
		word = word_next(&rest);
	}
	if (k->takes & TAKES_PATTERN && !*word)
		return wrong(ret_error, "%s takes %s", k->info.name, k->info.args);
	if (*word && k->takes & (TAKES_PATTERN | TAKES_PATTERN_OR_NOT)) {
		strcpy(rule->pattern, word);
		/* the answer begins here, and has spaces of its own */
		if (k->takes & TAKES_ANSWER) {
			strcpy(rule->answer, rest);
			return *rest ? 0 : wrong(ret_error, "%s takes %s", k->info.name,
						 k->info.args);
		}
		word = word_next(&rest);
	}
	if (!err && *word && k->places) {
		err = places_parse(k, rule, word, ret_error);
		word = word_next(&rest);
	}
	if (!err && *word)
		err = wrong(ret_error, "%s takes %s, and not \"%s\"", k->info.name,
			    *k->info.args ? k->info.args : "no argument", word);
	return err;
}

int fault_parse(const char *line, size_t len, struct fault_rule *ret, char *ret_error)
{
	struct fault_rule rule = { .where = FAULT_EVERYWHERE, .ppm = FAULT_ALWAYS, .pattern = "*" };
	char copy[FAULT_LINE_MAX + 1], *rest = copy, *word;
	size_t i;
	int err;

	if (len > FAULT_LINE_MAX)
		return wrong(ret_error, "a fault has at most %d characters", FAULT_LINE_MAX);
	for (i = 0; i < len; i++)
		if ((unsigned char)line[i] < ' ' || (unsigned char)line[i] > '~')
			return wrong(ret_error, "a fault is written in printable ASCII");
	memcpy(copy, line, len);
	copy[len] = '\0';
	word = word_next(&rest);
	rule.kind = fault_find(word);
	if (rule.kind == FAULT_KINDS)
		return wrong(ret_error, "there is no fault \"%.64s\"; vmctl fault --list shows them",
			     word);
	do {
		word = word_next(&rest);
		err = option_parse(&rule, word, ret_error);
	} while (!err);
	if (err > 0)
		err = arguments_parse(&kinds[rule.kind], &rule, word, rest, ret_error);
	/* numbers may have become longer; others must be able to read the line that is made of them */
	if (!err && line_make(&rule, copy, sizeof(copy)) > FAULT_LINE_MAX)
		err = wrong(ret_error, "a fault has at most %d characters", FAULT_LINE_MAX);
	if (!err)
		*ret = rule;
	return err;
}
