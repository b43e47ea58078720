/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trap.c - what every front does with a call of the backdoor once it has caught it
 *
 * Locks: `lock` is around every use of the engine and of the faults; it is given up while a request is with the VM
 * process, so that other callers go on.  link.c has its own, taken inside.  The page is shared with
 * the VM process and only ever stored to.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#ifdef __x86_64__
#include <x86intrin.h>
#endif

#include "host/front/link.h"
#include "host/front/trap.h"
#include "host/model/fault.h"

#define HW_VERSION	21
#define CALIBRATE_MS	50

struct trap {
	pthread_mutex_t lock;
	struct bdoor *engine;
	struct faults *faults;
	struct link *vm;
	struct front_page *page;
	uint64_t tsc_khz;
	uint32_t hypercall;		/* BDOOR_CPUID_ECX_*, or 0 */
};

enum trap_insn trap_insn_decode(const uint8_t *b, size_t have, bool long_mode, size_t *ret_len)
{
	bool rep = have && b[0] == 0xf3;
	size_t at = rep;

	if (long_mode && at < have && (b[at] & 0xf0) == 0x40)
		at++;
	if (at >= have)
		return TRAP_NONE;
	*ret_len = at + 1;
	if (!rep)
		return b[at] == 0xed ? TRAP_IN : TRAP_NONE;
	return b[at] == 0x6c ? TRAP_INSB : b[at] == 0x6e ? TRAP_OUTSB : TRAP_NONE;
}

/* ---- the engine's ops ------------------------------------------------------------------------ */

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void page_set(uint64_t *where, uint64_t value)
{
	__atomic_store_n(where, value, __ATOMIC_RELAXED);
}

static void page_count(uint64_t *where)
{
	__atomic_fetch_add(where, 1, __ATOMIC_RELAXED);
}

static void page_update(struct trap *t)
{
	const struct bdoor_stats *s = bdoor_stats(t->engine);
	enum fault_kind kind;

	page_set(&t->page->opens_refused, s->opens_refused);
	page_set(&t->page->bad_cookies, s->bad_cookies);
	page_set(&t->page->bad_steps, s->bad_steps);
	page_set(&t->page->resets, s->resets);
	for (kind = 0; kind < FAULT_KINDS; kind++)
		page_set(&t->page->faults[kind], fault_fired(t->faults, kind));
	__atomic_store_n(&t->page->gen, bdoor_tclo_gen(t->engine), __ATOMIC_RELAXED);
}

static uint64_t op_random(void *data)
{
	uint64_t v = 0;

	if (getrandom(&v, sizeof(v), GRND_NONBLOCK) != sizeof(v))
		v = now_ms() * 6364136223846793005u;
	return v;
}

static bool op_time(void *data, struct bdoor_time *ret)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	*ret = (struct bdoor_time){
		.sec = (uint64_t)ts.tv_sec, .usec = (uint32_t)(ts.tv_nsec / 1000),
		.lag_us = BDOOR_LAG_US,
	};
	return true;
}

/* With the lock held, which is given up while the VM process has the request. */
static long op_rpci(void *data, const void *msg, size_t len, void *reply, size_t room)
{
	struct trap *t = data;
	long n;

	page_count(&t->page->rpci);
	pthread_mutex_unlock(&t->lock);
	n = link_rpci(t->vm, msg, len, reply, room);
	pthread_mutex_lock(&t->lock);
	if (n < 0)
		page_count(&t->page->rpci_timeouts);
	return n;
}

static void op_tclo(void *data, enum bdoor_tclo what, uint32_t gen, uint32_t seq, const void *msg,
		    size_t len)
{
	static const enum front_type types[] = {
		[BDOOR_TCLO_OPENED] = FRONT_TCLO_OPENED,
		[BDOOR_TCLO_ACCEPTED] = FRONT_TCLO_ACCEPTED,
		[BDOOR_TCLO_REFUSED] = FRONT_TCLO_REFUSED,
		[BDOOR_TCLO_REPLIED] = FRONT_TCLO_REPLIED,
		[BDOOR_TCLO_CLOSED] = FRONT_TCLO_CLOSED,
	};
	struct trap *t = data;

	link_post(t->vm, types[what], gen, seq, msg, len);
}

static void op_polled(void *data)
{
	struct trap *t = data;

	page_count(&t->page->polls);
	page_set(&t->page->last_poll_ms, now_ms());
}

static void op_crashed(void *data)
{
	struct trap *t = data;

	link_post(t->vm, FRONT_CRASHED, 0, 0, NULL, 0);
}

static const struct bdoor_ops engine_ops = {
	.random = op_random, .time = op_time, .rpci = op_rpci, .tclo = op_tclo, .polled = op_polled,
	.crashed = op_crashed,
};

/* ---- from the VM process --------------------------------------------------------------------- */

static void vm_tclo(void *data, uint32_t gen, uint32_t seq, const void *msg, size_t len)
{
	struct trap *t = data;

	pthread_mutex_lock(&t->lock);
	/* Too late or too many: the model knows. */
	bdoor_tclo_push(t->engine, gen, seq, msg, len);
	pthread_mutex_unlock(&t->lock);
}

static void vm_cancel(void *data, uint32_t seq)
{
	struct trap *t = data;

	pthread_mutex_lock(&t->lock);
	bdoor_tclo_cancel(t->engine, seq);
	pthread_mutex_unlock(&t->lock);
}

static void vm_checkpoint(void *data)
{
	struct trap *t = data;

	pthread_mutex_lock(&t->lock);
	bdoor_checkpoint(t->engine);
	pthread_mutex_unlock(&t->lock);
}

static void vm_gui_options(void *data, uint32_t options)
{
	struct trap *t = data;

	pthread_mutex_lock(&t->lock);
	bdoor_gui_options_set(t->engine, options);
	pthread_mutex_unlock(&t->lock);
}

static void vm_fault(void *data, const char *line, size_t len)
{
	struct trap *t = data;

	pthread_mutex_lock(&t->lock);
	fault_set_lines(t->faults, line, len);
	pthread_mutex_unlock(&t->lock);
}

static void vm_fault_clear(void *data, uint32_t kind)
{
	struct trap *t = data;

	pthread_mutex_lock(&t->lock);
	if (kind < FAULT_KINDS)
		fault_clear(t->faults, (enum fault_kind)kind);
	else
		fault_clear_all(t->faults);
	pthread_mutex_unlock(&t->lock);
}

static const struct link_ops vm_ops = {
	.tclo = vm_tclo, .cancel = vm_cancel, .checkpoint = vm_checkpoint,
	.gui_options = vm_gui_options, .fault = vm_fault, .fault_clear = vm_fault_clear,
};

/* ---- calls ----------------------------------------------------------------------------------- */

void trap_in(struct trap *t, struct bdoor_regs *regs)
{
	pthread_mutex_lock(&t->lock);
	bdoor_call(t->engine, regs);
	page_update(t);
	pthread_mutex_unlock(&t->lock);
}

/* The message's bytes, copied one way or the other; NULL when they could not all be. */
static const void *hb_copy(struct trap *t, const struct bdoor_regs *regs, bool to_guest,
			   uint64_t addr, size_t len, const struct trap_memory *mem)
{
	void *buf = mem->buffer(mem->data, len);

	if (!buf)
		return NULL;
	if (!to_guest)
		return mem->fetch(mem->data, addr, len) ? buf : NULL;
	pthread_mutex_lock(&t->lock);
	bdoor_hb_peek(t->engine, regs, buf);
	pthread_mutex_unlock(&t->lock);
	return mem->store(mem->data, addr, len) ? buf : NULL;
}

size_t trap_hb(struct trap *t, struct bdoor_regs *regs, bool to_guest, uint64_t addr,
	       uint64_t count, const struct trap_memory *mem)
{
	const void *bytes = NULL;
	long len;

	pthread_mutex_lock(&t->lock);
	len = bdoor_hb_begin(t->engine, regs, to_guest);
	pthread_mutex_unlock(&t->lock);
	if (len <= 0)
		return 0;
	if (mem && count == (uint64_t)len)
		bytes = hb_copy(t, regs, to_guest, addr, (size_t)len, mem);
	if (!bytes)
		page_count(&t->page->hb_faults);
	pthread_mutex_lock(&t->lock);
	bdoor_hb_end(t->engine, regs, to_guest, bytes);
	page_update(t);
	pthread_mutex_unlock(&t->lock);
	return bytes ? (size_t)len : 0;
}

void trap_reset(struct trap *t)
{
	pthread_mutex_lock(&t->lock);
	bdoor_reset(t->engine);
	page_update(t);
	link_post(t->vm, FRONT_RESET, 0, 0, NULL, 0);	/* in order with what other callers post */
	pthread_mutex_unlock(&t->lock);
}

uint64_t trap_tsc_khz(const struct trap *t)
{
	return t->tsc_khz;
}

uint32_t trap_hypercall(const struct trap *t)
{
	return t->hypercall;
}

/* ---- start ----------------------------------------------------------------------------------- */

static uint64_t tsc_calibrate(void)
{
#ifdef __x86_64__
	struct timespec t0, t1, nap = { .tv_nsec = CALIBRATE_MS * 1000000L };
	uint64_t c0, c1;
	int64_t ns;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t0);
	c0 = __rdtsc();
	nanosleep(&nap, NULL);
	clock_gettime(CLOCK_MONOTONIC_RAW, &t1);
	c1 = __rdtsc();
	ns = (t1.tv_sec - t0.tv_sec) * 1000000000L + (t1.tv_nsec - t0.tv_nsec);
	return (uint64_t)((double)(c1 - c0) * 1e6 / (double)ns + 0.5);
#else
	return 0;
#endif
}

int trap_start(const char *path, uint32_t apic_khz, struct trap **ret, const char **ret_error)
{
	struct front_welcome welcome;
	struct bdoor_params params = {
		.apic_khz = apic_khz, .product = BDOOR_PRODUCT_ESX, .hw_version = HW_VERSION,
	};
	struct trap *t = calloc(1, sizeof(*t));
	int err = -ENOMEM;

	*ret_error = "out of memory";
	if (!t)
		return err;
	pthread_mutex_init(&t->lock, NULL);
	params.tsc_khz = t->tsc_khz = tsc_calibrate();
	err = link_open(path, t->tsc_khz, &t->vm, &welcome, &t->page, ret_error);
	if (err < 0)
		goto fail;
	t->hypercall = welcome.hypercall;
	params.memory_mib = welcome.memory_mib;
	params.gui_options = welcome.gui_options;
	memcpy(params.uuid, welcome.uuid, sizeof(params.uuid));
	*ret_error = "cannot start to read from the VM process";
	params.faults = t->faults = faults_new();
	if (!t->faults) {
		err = -ENOMEM;
		goto fail;
	}
	fault_set_lines(t->faults, welcome.faults, strnlen(welcome.faults, sizeof(welcome.faults)));
	t->engine = bdoor_new(&params, &engine_ops, t);
	err = t->engine ? link_start(t->vm, &vm_ops, t) : -ENOMEM;
	if (err < 0)
		goto fail;
	*ret = t;
	return 0;

fail:
	/* The connection stays: a front that cannot start ends, and the VM process sees that. */
	bdoor_free(t->engine);
	faults_free(t->faults);
	free(t);
	return err;
}
