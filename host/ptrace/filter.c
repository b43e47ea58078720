/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filter.c - system calls that a container's programs cannot make
 *
 * What namespaces do not make private is refused, although the kernel would refuse most of it to a
 * user of a namespace anyway: the clock, modules, another kernel, swap, ports.  These calls stop for
 * the tracer, which fails them with EPERM and tells the VM's log; when the tracer is gone, so are the
 * programs.  A user namespace in the container would give its programs all that its init gave up, so
 * that is refused too; clone3(), whose flags a filter cannot see, does not exist here, and the C
 * library then takes clone().
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include <seccomp.h>

#include "host/base/bytes.h"
#include "host/ptrace/filter.h"

static const int refused[] = {
	/* the machine's clock */
	SCMP_SYS(settimeofday), SCMP_SYS(clock_settime), SCMP_SYS(clock_settime64), SCMP_SYS(stime),
	/* its kernel */
	SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module),
	SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load), SCMP_SYS(bpf), SCMP_SYS(perf_event_open),
	SCMP_SYS(syslog), SCMP_SYS(userfaultfd), SCMP_SYS(add_key), SCMP_SYS(request_key),
	SCMP_SYS(keyctl),
	/* its devices and disks */
	SCMP_SYS(iopl), SCMP_SYS(ioperm), SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(acct),
	SCMP_SYS(quotactl), SCMP_SYS(open_by_handle_at),
};

static const int clocks[] = {
	SCMP_SYS(adjtimex), SCMP_SYS(clock_adjtime), SCMP_SYS(clock_adjtime64),
};

/* A call that another architecture has not is no rule there. */
static int rule(scmp_filter_ctx ctx, uint32_t action, int call)
{
	int err = seccomp_rule_add(ctx, action, call, 0);

	return err == -EDOM ? 0 : err;
}

static int rules_add(scmp_filter_ctx ctx)
{
	const struct scmp_arg_cmp new_user = {
		.arg = 0, .op = SCMP_CMP_MASKED_EQ, .datum_a = CLONE_NEWUSER, .datum_b = CLONE_NEWUSER,
	};
	int err = 0;
	size_t i;

	for (i = 0; !err && i < ARRAY_SIZE(refused); i++)
		err = rule(ctx, SCMP_ACT_TRACE(PTR_FILTER_REFUSE), refused[i]);
	for (i = 0; !err && i < ARRAY_SIZE(clocks); i++)
		err = rule(ctx, SCMP_ACT_TRACE(PTR_FILTER_CLOCK), clocks[i]);
	if (!err)
		err = rule(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3));
	if (!err)
		err = seccomp_rule_add_array(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1, &new_user);
	if (!err)
		err = seccomp_rule_add_array(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(unshare), 1,
					     &new_user);
	return err;
}

int ptr_filter_enter(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int err = ctx ? 0 : -ENOMEM;

	/* Programs of 32 bits run too, and with the same rules. */
	if (!err)
		err = seccomp_arch_add(ctx, SCMP_ARCH_X86);
	if (!err)
		err = rules_add(ctx);
	if (!err)
		err = seccomp_load(ctx);	/* sets no_new_privs */
	if (ctx)
		seccomp_release(ctx);
	return err;
}

void ptr_filter_name(uint32_t arch, uint64_t number, char *ret, size_t size)
{
	char *name = seccomp_syscall_resolve_num_arch(arch, (int)number);

	snprintf(ret, size, "%s", name ? name : "?");
	free(name);
}
