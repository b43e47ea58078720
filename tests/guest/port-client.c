/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * port-client.c - uses the backdoor in every way that a program can, inside a container
 *
 * Linked statically and run by process.sh as a command of the process engine.  Prints a line "yes
 * SENTENCE" or "no SENTENCE" for each thing that it tries; process.sh knows which there must be.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>

#include <wire/backdoor.h>

struct regs {
	uint64_t a, b, c, d, si, di, bp;
};

static sigjmp_buf back;

static void say(bool yes, const char *sentence)
{
	printf("%s %s\n", yes ? "yes" : "no", sentence);
	fflush(stdout);
}

static void in_call(struct regs *r)
{
	__asm__ volatile("inl %%dx, %%eax"
			 : "+a"(r->a), "+b"(r->b), "+c"(r->c), "+d"(r->d), "+S"(r->si), "+D"(r->di)
			 : : "memory");
}

/* RBP may be the frame pointer, so it is exchanged around the instruction. */
#define HB(insn, r)                                                                                \
	do {                                                                                       \
		register uint64_t bp_ __asm__("r8") = (r)->bp;                                     \
		__asm__ volatile("xchgq %%rbp, %%r8\n\tcld\n\t" insn "\n\txchgq %%rbp, %%r8"       \
				 : "+a"((r)->a), "+b"((r)->b), "+c"((r)->c), "+d"((r)->d),         \
				   "+S"((r)->si), "+D"((r)->di), "+r"(bp_) : : "memory", "cc");    \
	} while (0)

static bool version_is_told(void)
{
	struct regs r = { .a = BDOOR_MAGIC, .b = ~(uint32_t)BDOOR_MAGIC,
			  .c = BDOOR_CMD_GETVERSION, .d = BDOOR_PORT };

	in_call(&r);
	return r.a == BDOOR_VERSION && r.b == BDOOR_MAGIC;
}

/* ---- threads, children, and faults of the program's own ---------------------------------------- */

static void *thread(void *arg)
{
	*(bool *)arg = version_is_told();
	return NULL;
}

static bool in_thread(void)
{
	bool told = false;
	pthread_t t;

	return !pthread_create(&t, NULL, thread, &told) && !pthread_join(t, NULL) && told;
}

static bool in_child(void)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(version_is_told() ? 0 : 1);
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status);
}

static void caught(int signal)
{
	siglongjmp(back, 1);
}

static bool faults(void (*attempt)(void))
{
	struct sigaction act = { .sa_handler = caught }, old;
	bool fault;

	sigaction(SIGSEGV, &act, &old);
	fault = sigsetjmp(back, 1);
	if (!fault)
		attempt();
	sigaction(SIGSEGV, &old, NULL);
	return fault;
}

static void bad_pointer(void)
{
	volatile uintptr_t nowhere = 8;

	*(volatile char *)nowhere = 1;
}

static void other_port(void)
{
	struct regs r = { .a = BDOOR_MAGIC, .c = BDOOR_CMD_GETVERSION, .d = 0x60 };

	in_call(&r);
}

static void other_magic(void)
{
	struct regs r = { .a = 1, .c = BDOOR_CMD_GETVERSION, .d = BDOOR_PORT };

	in_call(&r);
}

/* ---- a message by the high-bandwidth port ------------------------------------------------------ */

struct channel {
	uint64_t id, high, low;
};

static uint32_t step(struct channel *ch, uint32_t what, uint32_t arg, struct regs *r)
{
	*r = (struct regs){ .a = BDOOR_MAGIC, .b = arg, .c = what << 16 | BDOOR_CMD_MESSAGE,
			    .d = ch->id << 16 | BDOOR_PORT, .si = ch->high, .di = ch->low };
	in_call(r);
	return (uint32_t)r->c >> 16;
}

static bool channel_open(struct channel *ch)
{
	struct regs r;

	*ch = (struct channel){ 0 };
	if (step(ch, BDOOR_MSG_OPEN, BDOOR_MSG_PROTO_RPCI | BDOOR_MSG_OPEN_COOKIE, &r) !=
	    BDOOR_MSG_SUCCESS)
		return false;
	*ch = (struct channel){ .id = (uint32_t)r.d >> 16, .high = r.si, .low = r.di };
	return true;
}

static bool hb_out(struct channel *ch, const void *buf, size_t len)
{
	struct regs r = { .a = BDOOR_MAGIC, .b = BDOOR_HB_MESSAGE, .c = len,
			  .d = ch->id << 16 | BDOOR_HB_PORT, .si = (uintptr_t)buf, .bp = ch->high,
			  .di = ch->low };

	HB("rep outsb", &r);
	return (uint32_t)r.b >> 16 & BDOOR_MSG_SUCCESS;
}

static bool hb_in(struct channel *ch, void *buf, size_t len)
{
	struct regs r = { .a = BDOOR_MAGIC, .b = BDOOR_HB_MESSAGE, .c = len,
			  .d = ch->id << 16 | BDOOR_HB_PORT, .di = (uintptr_t)buf, .si = ch->high,
			  .bp = ch->low };

	HB("rep insb", &r);
	return (uint32_t)r.b >> 16 & BDOOR_MSG_SUCCESS && !r.c && r.di == (uintptr_t)buf + len;
}

static bool hb_message(void)
{
	static const char request[] = "info-get guestinfo.greeting", want[] = "1 good day";
	struct channel ch;
	char buf[64] = "";
	struct regs r;
	bool good;

	if (!channel_open(&ch) ||
	    !(step(&ch, BDOOR_MSG_SENDSIZE, sizeof(request) - 1, &r) & BDOOR_MSG_SUCCESS))
		return false;
	good = hb_out(&ch, request, sizeof(request) - 1) &&
	       step(&ch, BDOOR_MSG_RECVSIZE, 0, &r) & BDOOR_MSG_DORECV && r.b < sizeof(buf) &&
	       hb_in(&ch, buf, r.b) && !strcmp(buf, want) &&
	       step(&ch, BDOOR_MSG_RECVSTATUS, BDOOR_MSG_SUCCESS, &r) & BDOOR_MSG_SUCCESS;
	step(&ch, BDOOR_MSG_CLOSE, 0, &r);
	return good;
}

/* The host must not write where the program itself may not. */
static bool hb_respects_pages(void)
{
	static const char request[] = "info-get guestinfo.greeting";
	char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct channel ch;
	struct regs r;
	bool refused;

	if (page == MAP_FAILED || !channel_open(&ch))
		return false;
	step(&ch, BDOOR_MSG_SENDSIZE, sizeof(request) - 1, &r);
	hb_out(&ch, request, sizeof(request) - 1);
	step(&ch, BDOOR_MSG_RECVSIZE, 0, &r);
	refused = r.b && !hb_in(&ch, page, r.b) && !hb_in(&ch, (void *)(uintptr_t)8, r.b) && !*page;
	step(&ch, BDOOR_MSG_CLOSE, 0, &r);
	return refused;
}

/* ---- what a container must not do -------------------------------------------------------------- */

static bool clock_is_refused(void)
{
	struct timeval tv = { .tv_sec = 1 };
	struct timespec ts = { .tv_sec = 1 };
	struct timex set = { .modes = ADJ_OFFSET, .offset = 1 };

	return settimeofday(&tv, NULL) < 0 && errno == EPERM &&
	       clock_settime(CLOCK_REALTIME, &ts) < 0 && errno == EPERM &&
	       adjtimex(&set) < 0 && errno == EPERM;
}

static bool clock_is_readable(void)
{
	struct timex get = { .modes = 0 };

	return adjtimex(&get) >= 0;
}

static bool kernel_is_refused(void)
{
	return syscall(SYS_init_module, NULL, 0, "") < 0 && errno == EPERM &&
	       syscall(SYS_kexec_load, 0, 0, NULL, 0) < 0 && errno == EPERM &&
	       syscall(SYS_bpf, 0, NULL, 0) < 0 && errno == EPERM &&
	       syscall(SYS_iopl, 3) < 0 && errno == EPERM;
}

static bool namespaces_are_refused(void)
{
	return mount("none", "/tmp", "tmpfs", 0, NULL) < 0 && errno == EPERM &&
	       umount("/proc") < 0 && errno == EPERM && unshare(CLONE_NEWUSER) < 0 &&
	       errno == EPERM && unshare(CLONE_NEWNS) < 0 && errno == EPERM;
}

int main(int argc, char **argv)
{
	char *again[] = { argv[0], (char *)"again", NULL };

	if (argc > 1) {
		say(version_is_told(), "the port answers after an exec");
		return 0;
	}
	say(version_is_told(), "the port answers");
	say(in_thread(), "the port answers a thread");
	say(in_child(), "the port answers a child");
	say(faults(bad_pointer), "a fault of the program's own reaches its handler");
	say(faults(other_port), "another port is a fault");
	say(faults(other_magic), "another magic is a fault");
	say(version_is_told(), "the port answers after faults");
	say(hb_message(), "a message goes by the high-bandwidth port");
	say(hb_respects_pages(), "the high-bandwidth port respects the program's mappings");
	say(clock_is_refused(), "the clock cannot be set");
	say(clock_is_readable(), "the clock's state can be read");
	say(kernel_is_refused(), "the kernel cannot be changed");
	say(namespaces_are_refused(), "nothing can be mounted");
	execv(again[0], again);
	return 1;
}
