/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fault.c - the rules of one VM, and when each fires
 *
 * A kind without a rule costs one test of a bit, as models ask at every access of a register.
 */
#include "host/model/fault.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct slot {
	struct fault_rule *rule;	/* owned, or NULL */
	uint64_t asked;			/* of the rule, where it applies */
	uint64_t done;			/* of the rule: how often it fired */
	uint64_t dice;
	int64_t memo;
	uint64_t fired;			/* of all rules that there were */
};

struct faults {
	uint64_t set;			/* bit per kind */
	struct slot slots[FAULT_KINDS];
};

struct faults *faults_new(void)
{
	return calloc(1, sizeof(struct faults));
}

void faults_free(struct faults *f)
{
	if (!f)
		return;
	fault_clear_all(f);
	free(f);
}

int fault_set(struct faults *f, const struct fault_rule *rule)
{
	struct slot *s = &f->slots[rule->kind];
	struct fault_rule *copy = malloc(sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	*copy = *rule;
	fault_clear(f, rule->kind);
	s->rule = copy;
	s->dice = rule->seed;
	f->set |= UINT64_C(1) << rule->kind;
	return 0;
}

bool fault_clear(struct faults *f, enum fault_kind kind)
{
	struct slot *s = &f->slots[kind];
	uint64_t fired = s->fired;
	bool was = s->rule;

	free(s->rule);
	*s = (struct slot){ .fired = fired };
	f->set &= ~(UINT64_C(1) << kind);
	return was;
}

void fault_clear_all(struct faults *f)
{
	enum fault_kind kind;

	for (kind = 0; kind < FAULT_KINDS; kind++)
		fault_clear(f, kind);
}

const struct fault_rule *fault_get(const struct faults *f, enum fault_kind kind)
{
	return f ? f->slots[kind].rule : NULL;
}

uint64_t fault_fired(const struct faults *f, enum fault_kind kind)
{
	return f->slots[kind].fired;
}

/* The next number of the rule's own sequence (splitmix64), below FAULT_ALWAYS. */
static uint32_t dice_throw(struct slot *s)
{
	uint64_t z = s->dice += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((z ^ z >> 31) % FAULT_ALWAYS);
}

const struct fault_rule *fault_fires(struct faults *f, enum fault_kind kind, unsigned int where)
{
	struct slot *s;

	if (!f || !(f->set & UINT64_C(1) << kind))
		return NULL;
	s = &f->slots[kind];
	if (!(s->rule->where & UINT32_C(1) << where) || s->asked++ < s->rule->after)
		return NULL;
	if (s->rule->count && s->done == s->rule->count)
		return NULL;
	if (s->rule->ppm < FAULT_ALWAYS && dice_throw(s) >= s->rule->ppm)
		return NULL;
	s->done++;
	s->fired++;
	return s->rule;
}

int64_t *fault_memo(struct faults *f, enum fault_kind kind)
{
	return fault_get(f, kind) ? &f->slots[kind].memo : NULL;
}

size_t fault_lines(const struct faults *f, char ret[FAULT_LINES_MAX])
{
	enum fault_kind kind;
	size_t len = 0;

	for (kind = 0; kind < FAULT_KINDS; kind++) {
		if (!f->slots[kind].rule)
			continue;
		fault_line(f->slots[kind].rule, ret + len);
		len += strlen(ret + len);
		ret[len++] = '\n';
	}
	ret[len] = '\0';
	return len;
}

void fault_set_lines(struct faults *f, const char *lines, size_t len)
{
	const char *end = lines + len, *next;

	for (; lines < end; lines = next + 1) {
		char error[FAULT_ERROR_MAX];
		struct fault_rule rule;

		next = memchr(lines, '\n', (size_t)(end - lines));
		if (!next)
			next = end;
		if (!fault_parse(lines, (size_t)(next - lines), &rule, error))
			fault_set(f, &rule);
	}
}
