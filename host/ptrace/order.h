/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * order.h - what a VM process and its vm-container say to each other
 *
 * One byte each, over a UNIX SOCK_SEQPACKET pair: orders go down, news come up.  Each order is answered
 * by one PTR_NEWS_DONE, in their sequence.  When either end hangs up, the container ends.
 */
#ifndef VMTKIT_HOST_PTRACE_ORDER_H
#define VMTKIT_HOST_PTRACE_ORDER_H

enum ptr_order {
	PTR_ORDER_POWER = 'p',		/* what the power button says to the container's init */
	PTR_ORDER_PAUSE = 's',
	PTR_ORDER_RESUME = 'c',
	PTR_ORDER_RESET = 'r',
};

enum ptr_news {
	PTR_NEWS_UP = 'U',
	PTR_NEWS_RESET = 'R',		/* by order or by the guest */
	PTR_NEWS_PAUSED = 'S',		/* no program of the guest runs any more */
	PTR_NEWS_RESUMED = 'C',
	PTR_NEWS_DONE = 'D',
};

/* Exit statuses of vm-container. */
enum ptr_exit {
	PTR_EXIT_POWEROFF = 0,
	PTR_EXIT_FAILED = 1,		/* the last line that it printed says why */
	PTR_EXIT_REBOOT = 3,		/* with --on-reboot-stop */
};

#endif /* VMTKIT_HOST_PTRACE_ORDER_H */
