/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat.h - the only place that knows how kernels differ
 *
 * Kbuild includes this file before every source of every module.  The sources are written for the
 * newest kernel; what an older one lacks is supplied here under the newest name, or under a name
 * that begins with vmt_ where the difference cannot be hidden behind the kernel's own.
 * VMT_HAVE_* come from probe.mk.
 */
#ifndef VMTKIT_COMPAT_H
#define VMTKIT_COMPAT_H

#include <linux/kconfig.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "the modules of vmtkit need Linux 6.1 or later"
#endif

#include <linux/hrtimer.h>
#include <linux/net.h>
#include <linux/socket.h>
#include <linux/sysctl.h>
#include <linux/timer.h>

/*
 * struct proto_ops: bind and connect take a sockaddr without a size of its own; accept takes its
 * flags in a structure.  Use in prototypes, and vmt_accept_flags() and vmt_accept_kern() inside.
 */
#ifndef VMT_HAVE_SOCKADDR_UNSIZED
#define sockaddr_unsized sockaddr
#endif

#ifdef VMT_HAVE_PROTO_ACCEPT_ARG
#define VMT_ACCEPT_ARGS			struct proto_accept_arg *accept_arg
#define vmt_accept_flags()		(accept_arg->flags)
#define vmt_accept_kern()		(accept_arg->kern)
#else
#define VMT_ACCEPT_ARGS			int accept_flags, bool accept_kern
#define vmt_accept_flags()		(accept_flags)
#define vmt_accept_kern()		(accept_kern)
#endif

#ifndef VMT_HAVE_SK_UID
#define sk_uid(sk)			((sk)->sk_uid)
#endif

/* The module that holds a sock_diag handler: a field of the handler, where there is one. */
#ifdef VMT_HAVE_SOCK_DIAG_OWNER
#define VMT_SOCK_DIAG_OWNER		.owner = THIS_MODULE,
#else
#define VMT_SOCK_DIAG_OWNER
#endif

/*
 * A table for register_sysctl() ends with VMT_SYSCTL_END: an empty entry where the kernel looks
 * for one, nothing where it counts the entries.
 */
#ifdef VMT_HAVE_REGISTER_SYSCTL_SZ
#define VMT_SYSCTL_END
#else
#define VMT_SYSCTL_END			{ }
#endif

#ifdef VMT_HAVE_CONST_CTL_TABLE
#define vmt_const_ctl_table		const struct ctl_table
#else
#define vmt_const_ctl_table		struct ctl_table
#endif

#ifndef VMT_HAVE_TIMER_DELETE_SYNC
#define timer_delete_sync(t)		del_timer_sync(t)
#define timer_delete(t)			del_timer(t)
#endif

#ifndef timer_container_of
#define timer_container_of(var, timer, field)	\
	container_of(timer, typeof(*(var)), field)
#endif

#ifndef VMT_HAVE_HRTIMER_SETUP
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*function)(struct hrtimer *),
				 clockid_t clock_id, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock_id, mode);
	timer->function = function;
}
#endif

#endif /* VMTKIT_COMPAT_H */
