/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fault.h - faults that the host commits on purpose, to see how a guest takes them
 *
 * A set holds at most one rule for each kind of fault.  A model asks at the place where a kind could
 * happen; the answer is the rule, or NULL for "go on as you should".  Pure: no I/O and no clock; the
 * same rules and the same questions give the same answers, also with a probability, whose dice are
 * thrown from the rule's seed.  The user of a set holds its lock.
 *
 * A rule as text is one line:
 *
 *	NAME [count=N] [after=N] [probability=P] [seed=S] [ARGUMENT]...
 *
 * It passes the first `after` chances, then fires `count` times (0: always), each time with
 * probability P.  The kinds with their arguments are the table of fault_text.c.
 */
#ifndef VMTKIT_HOST_MODEL_FAULT_H
#define VMTKIT_HOST_MODEL_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fault_kind {
	/* asked by backdoor.c and channel.c, in the front */
	FAULT_PORT_GONE,
	FAULT_MSG_CHECKPOINT,
	FAULT_MSG_CLOSE,
	FAULT_MSG_COOKIE,
	FAULT_MSG_RECVSIZE,
	FAULT_MSG_STATUS,
	FAULT_TCLO_SECOND,
	FAULT_TIME_OFFSET,
	FAULT_TIME_SKEW,
	FAULT_TIME_FROZEN,
	FAULT_TIME_JUMP,
	FAULT_TIME_LAG,
	FAULT_TIME_IRQ_LAG,
	FAULT_TIME_NONE,
	/* asked by guestrpc.c and guest_tclo.c */
	FAULT_RPCI_ANSWER,
	FAULT_RPCI_REFUSE,
	FAULT_RPCI_SILENT,
	FAULT_TCLO_RESET,
	/* asked by vmci_fault.c, for the VMCI device */
	FAULT_REG_ONES,
	FAULT_DEVICE_GONE,
	FAULT_IRQ_LOST,
	FAULT_IRQ_SPURIOUS,
	FAULT_DG_DROP,
	FAULT_DG_DUPLICATE,
	FAULT_DG_CORRUPT,
	FAULT_DG_DELAY,
	FAULT_DG_REORDER,
	FAULT_DG_HANG,
	FAULT_HC_RESULT,
	FAULT_QP_POINTER,
	FAULT_CID_CHANGE,
	FAULT_VMCI_RESUME,
	/* asked by vsock_host.c; places are types of packets of the guest */
	FAULT_VSOCK_RST,
	FAULT_VSOCK_SILENT,
	FAULT_VSOCK_DETACH,
	FAULT_KINDS,
};

/* Places of the msg-* faults: BDOOR_MSG_OPEN .. BDOOR_MSG_CLOSE, and the high-bandwidth port. */
#define FAULT_STEP_HB_SEND	7
#define FAULT_STEP_HB_RECEIVE	8

#define FAULT_KINDS_MAX		64
#define FAULT_LINE_MAX		200	/* bytes of a rule as text */
#define FAULT_LINES_MAX		(FAULT_KINDS_MAX * (FAULT_LINE_MAX + 1) + 1)
#define FAULT_ERROR_MAX		320	/* bytes of a message, with its NUL */
#define FAULT_ALWAYS		1000000u
#define FAULT_EVERYWHERE	UINT32_MAX

_Static_assert(FAULT_KINDS <= FAULT_KINDS_MAX, "kinds are bits of one word");

struct fault_rule {
	enum fault_kind kind;
	uint32_t where;			/* bit for each place of the kind */
	int64_t value;			/* in the unit of the kind; a time in us */
	char pattern[FAULT_LINE_MAX + 1];	/* as in fnmatch(3); "*" if none was given */
	char answer[FAULT_LINE_MAX + 1];
	uint64_t after, count;		/* count 0: no limit */
	uint32_t ppm;			/* probability, in millionths */
	uint64_t seed;
};

/* What is known of a kind. */
struct fault_info {
	const char *name, *args, *does;
};

struct faults;

/* faults_new - an empty set; NULL when memory is short */
struct faults *faults_new(void);
void faults_free(struct faults *f);		/* NULL is fine */

/* ---- text: fault_text.c */

/* fault_info - name, arguments and meaning of a kind */
const struct fault_info *fault_info(enum fault_kind kind);

/* fault_find - the kind of that name, or FAULT_KINDS */
enum fault_kind fault_find(const char *name);

/*
 * fault_parse - read a rule
 * @line: @len bytes, which may hold anything
 * @ret_error: FAULT_ERROR_MAX bytes; on failure what is wrong and what would be right
 *
 * Returns 0 or -EINVAL.
 */
int fault_parse(const char *line, size_t len, struct fault_rule *ret, char *ret_error);

/* fault_line - the rule as text, which fault_parse() reads as the same; returns @ret */
char *fault_line(const struct fault_rule *rule, char ret[FAULT_LINE_MAX + 1]);

/* ---- rules */

/* fault_set - replaces the rule of that kind, whose counting begins anew; 0 or -ENOMEM */
int fault_set(struct faults *f, const struct fault_rule *rule);

/* fault_clear - false: there was none */
bool fault_clear(struct faults *f, enum fault_kind kind);
void fault_clear_all(struct faults *f);

/* fault_get - the rule of that kind, or NULL; asks for nothing */
const struct fault_rule *fault_get(const struct faults *f, enum fault_kind kind);

/* fault_lines - all rules, a newline after each; returns the length */
size_t fault_lines(const struct faults *f, char ret[FAULT_LINES_MAX]);

/* fault_set_lines - the same back; lines that are none are left out */
void fault_set_lines(struct faults *f, const char *lines, size_t len);

/* fault_fired - how often a kind has fired since faults_new() */
uint64_t fault_fired(const struct faults *f, enum fault_kind kind);

/* ---- for models; @f may be NULL: no faults */

/*
 * fault_fires - here and now?
 * @where: the place, below 32; 0 for kinds that have none
 *
 * Returns the rule, valid until it is replaced or cleared, or NULL.
 */
const struct fault_rule *fault_fires(struct faults *f, enum fault_kind kind, unsigned int where);

/* fault_memo - a number to remember by whoever asks, 0 since the rule was set; NULL: no rule */
int64_t *fault_memo(struct faults *f, enum fault_kind kind);

#endif /* VMTKIT_HOST_MODEL_FAULT_H */
