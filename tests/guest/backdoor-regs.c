/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * backdoor-regs.c - the backdoor as a program in ring 3 sees it, to the bit
 *
 *	backdoor-regs flags	the instructions before and after a call keep registers and flags
 *	backdoor-regs faults	another port, magic or size faults as without a backdoor
 *	backdoor-regs wide	a call from 32-bit code, in the same process
 *	backdoor-regs unknown	a command that is not there answers all ones
 *	backdoor-regs cookie	a channel of somebody else is of no use without its cookie
 *	backdoor-regs limit	128 channels open, the 129th is refused, a closed one makes room
 *	backdoor-regs high	the high-bandwidth port moves nothing for ring 3, and says so
 *	backdoor-regs rate	prints how many calls a second
 *
 * Status 0: as it should be; else what was seen is on standard output.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define MAGIC		0x564d5868u
#define PORT		0x5658u
#define HB_PORT		0x5659u
#define CMD_VERSION	10u
#define CMD_MESSAGE	30u
#define RPCI		0x49435052u
#define COOKIE		0x80000000u
#define FLAGS		0x8d5u		/* OF SF ZF AF PF CF */

struct regs {
	uint32_t ax, bx, cx, dx, si, di;
};

static void call(struct regs *r)
{
	__asm__ volatile("in %%dx, %%eax"
			 : "+a"(r->ax), "+b"(r->bx), "+c"(r->cx), "+d"(r->dx), "+S"(r->si),
			   "+D"(r->di)
			 :
			 : "memory");
}

static struct regs command(uint32_t cmd, uint32_t bx)
{
	struct regs r = { .ax = MAGIC, .bx = bx, .cx = cmd, .dx = PORT };

	call(&r);
	return r;
}

/* ---- flags ----------------------------------------------------------------------------------- */

struct seen {
	uint64_t result, flags, canary;
	uint32_t version;
};

#define WITH_CALL(name, insn)                                                                      \
	static struct seen name##_call(uint64_t a, uint64_t b)                                     \
	{                                                                                          \
		struct seen s = { .canary = 0x1122334455667788u };                                 \
		uint32_t ax = MAGIC, bx = ~MAGIC, cx = CMD_VERSION, dx = PORT;                     \
		__asm__ volatile(insn " %[b], %[a]\n\tin %%dx, %%eax\n\tpushfq\n\tpop %[f]"        \
				 : "+a"(ax), "+b"(bx), "+c"(cx), "+d"(dx), [a] "+&r"(a),           \
				   [f] "=&r"(s.flags), "+r"(s.canary)                              \
				 : [b] "r"(b)                                                      \
				 : "cc", "memory");                                                \
		s.result = a;                                                                      \
		s.version = bx == MAGIC ? ax : 0;                                                  \
		return s;                                                                          \
	}                                                                                          \
	static struct seen name##_plain(uint64_t a, uint64_t b)                                    \
	{                                                                                          \
		struct seen s = { .canary = 0x1122334455667788u, .version = 6 };                   \
		__asm__ volatile(insn " %[b], %[a]\n\tpushfq\n\tpop %[f]"                          \
				 : [a] "+&r"(a), [f] "=&r"(s.flags)                                \
				 : [b] "r"(b)                                                      \
				 : "cc", "memory");                                                \
		s.result = a;                                                                      \
		return s;                                                                          \
	}

WITH_CALL(add, "addq")
WITH_CALL(sub, "subq")
WITH_CALL(cmp, "cmpq")
WITH_CALL(and, "andq")
WITH_CALL(xor, "xorq")

static const struct {
	const char *name;
	struct seen (*call)(uint64_t a, uint64_t b);
	struct seen (*plain)(uint64_t a, uint64_t b);
} pairs[] = {
	{ "add", add_call, add_plain }, { "sub", sub_call, sub_plain },
	{ "cmp", cmp_call, cmp_plain }, { "and", and_call, and_plain },
	{ "xor", xor_call, xor_plain },
};

static int test_flags(void)
{
	uint64_t a = 1, b = 3;
	unsigned int i, j;

	for (i = 0; i < 4000; i++) {
		a = a * 6364136223846793005u + 1442695040888963407u;
		b = i % 5 ? b * 2862933555777941757u + 3037000493u : a;
		for (j = 0; j < sizeof(pairs) / sizeof(pairs[0]); j++) {
			struct seen got = pairs[j].call(a, b), want = pairs[j].plain(a, b);

			if (got.result == want.result && !((got.flags ^ want.flags) & FLAGS) &&
			    got.canary == want.canary && got.version == want.version)
				continue;
			printf("%s %llx %llx: result %llx flags %llx, wanted %llx %llx\n",
			       pairs[j].name, (unsigned long long)a, (unsigned long long)b,
			       (unsigned long long)got.result,
			       (unsigned long long)(got.flags & FLAGS),
			       (unsigned long long)want.result,
			       (unsigned long long)(want.flags & FLAGS));
			return 1;
		}
	}
	return 0;
}

/* ---- faults ---------------------------------------------------------------------------------- */

static sigjmp_buf back;

static void on_fault(int sig)
{
	siglongjmp(back, sig);
}

static int fault_of(uint32_t ax, uint32_t dx, bool byte)
{
	int sig = sigsetjmp(back, 1);

	if (sig)
		return sig;
	if (byte)
		__asm__ volatile("in %%dx, %%al" : "+a"(ax) : "d"(dx));
	else
		__asm__ volatile("in %%dx, %%eax" : "+a"(ax) : "d"(dx));
	return 0;
}

static int test_faults(void)
{
	signal(SIGSEGV, on_fault);
	signal(SIGTRAP, on_fault);
	if (fault_of(MAGIC, 0x60, false) != SIGSEGV ||
	    fault_of(MAGIC + 1, PORT, false) != SIGSEGV ||
	    fault_of(0, PORT, false) != SIGSEGV || fault_of(MAGIC, PORT, true) != SIGSEGV ||
	    fault_of(MAGIC, HB_PORT, false) != SIGSEGV) {
		printf("a call that is none of ours did not fault\n");
		return 1;
	}
	return fault_of(MAGIC, PORT, false);
}

/* ---- 32-bit code ----------------------------------------------------------------------------- */

/*
 * A far call into the 32-bit code segment that Linux has for every process: the code is `in eax,
 * dx` and a far return.  Code and stack lie below 4 GiB, as does this program, which is linked
 * statically.
 */
static int test_wide(void)
{
	uint8_t *low = mmap(NULL, 65536, PROT_READ | PROT_WRITE | PROT_EXEC,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	struct {
		uint32_t offset;
		uint16_t selector;
	} __attribute__((packed)) target;
	uint32_t ax = MAGIC, bx = 0, cx = CMD_VERSION, dx = PORT;

	if (low == MAP_FAILED)
		return 1;
	memcpy(low, "\xed\xcb", 2);
	target.offset = (uint32_t)(uintptr_t)low;
	target.selector = 0x23;
	__asm__ volatile("mov %%rsp, %%r12\n\tmov %[stack], %%rsp\n\tlcall *(%[target])\n\t"
			 "mov %%r12, %%rsp"
			 : "+a"(ax), "+b"(bx), "+c"(cx), "+d"(dx)
			 : [stack] "r"(low + 65536 - 64), [target] "r"(&target)
			 : "r12", "memory", "cc");
	if (ax == 6 && bx == MAGIC)
		return 0;
	printf("eax %x ebx %x\n", ax, bx);
	return 1;
}

/* ---- commands and channels ------------------------------------------------------------------- */

static int test_unknown(void)
{
	struct regs r = command(0xfff, 0x1234);

	if (r.ax == 0xffffffff && r.bx == 0x1234)
		return 0;
	printf("eax %x ebx %x\n", r.ax, r.bx);
	return 1;
}

static struct regs step(const struct regs *channel, uint32_t type, uint32_t bx, uint32_t flip)
{
	struct regs r = { .ax = MAGIC, .bx = bx, .cx = type << 16 | CMD_MESSAGE,
			  .dx = (channel->dx & 0xffff0000) | PORT, .si = channel->si,
			  .di = channel->di ^ flip };

	call(&r);
	return r;
}

static int test_cookie(void)
{
	struct regs c = command(CMD_MESSAGE, RPCI | COOKIE), r;
	uint32_t type;

	if (c.cx != 0x10000 || (c.dx & 0xffff)) {
		printf("open: ecx %x edx %x\n", c.cx, c.dx);
		return 1;
	}
	for (type = 1; type <= 6; type++) {
		r = step(&c, type, 4, 1);
		if (r.cx >> 16 & 1) {
			printf("step %u worked with a wrong cookie\n", type);
			return 1;
		}
	}
	r = step(&c, 6, 0, 0);
	return r.cx != 0x10000;
}

static int test_limit(void)
{
	struct regs open[129];
	int n = 0, i, status = 0;

	while (n < 129 && (open[n] = command(CMD_MESSAGE, RPCI | COOKIE)).cx == 0x10000)
		n++;
	/* Others may have channels open: an agent has one or two. */
	if (n > 128 || n < 120) {
		printf("%d channels\n", n);
		status = 1;
	}
	for (i = 0; i < n; i++) {
		if (step(&open[i], 6, 0, 0).cx != 0x10000)
			status = 1;
		open[i] = command(CMD_MESSAGE, RPCI | COOKIE);
		if (step(&open[i], 6, 0, 0).cx != 0x10000)
			status = 1;
	}
	return status;
}

static int test_high(void)
{
	struct regs c = command(CMD_MESSAGE, RPCI | COOKIE);
	static char text[8] = "infoxxxx";
	uint32_t ax = MAGIC, bx = 0x10000;
	uint64_t cx = 8, si = (uintptr_t)text, di = c.di, bp = c.si;

	if (!(step(&c, 1, 8, 0).cx >> 16 & 1))
		return 1;
	__asm__ volatile("push %%rbp\n\tmov %[bp], %%rbp\n\trep outsb\n\tpop %%rbp"
			 : "+a"(ax), "+b"(bx), "+c"(cx), "+S"(si), "+D"(di)
			 : "d"((c.dx & 0xffff0000) | HB_PORT), [bp] "r"(bp)
			 : "memory");
	step(&c, 6, 0, 0);
	if (!(bx >> 16 & 1) && cx == 8 && si == (uintptr_t)text)
		return 0;
	printf("ebx %x rcx %llu\n", bx, (unsigned long long)cx);
	return 1;
}

static int test_rate(void)
{
	struct timespec t0, t1;
	double s;
	int i;

	clock_gettime(CLOCK_MONOTONIC, &t0);
	for (i = 0; i < 200000; i++)
		command(CMD_VERSION, 0);
	clock_gettime(CLOCK_MONOTONIC, &t1);
	s = (double)(t1.tv_sec - t0.tv_sec) + (double)(t1.tv_nsec - t0.tv_nsec) / 1e9;
	printf("%.0f\n", i / s);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} tests[] = {
		{ "flags", test_flags }, { "faults", test_faults }, { "wide", test_wide },
		{ "unknown", test_unknown }, { "cookie", test_cookie }, { "limit", test_limit },
		{ "high", test_high }, { "rate", test_rate },
	};
	unsigned int i;

	for (i = 0; argc == 2 && i < sizeof(tests) / sizeof(tests[0]); i++)
		if (!strcmp(argv[1], tests[i].name))
			return tests[i].run();
	fprintf(stderr, "usage: backdoor-regs flags|faults|wide|unknown|cookie|limit|high|rate\n");
	return 2;
}
