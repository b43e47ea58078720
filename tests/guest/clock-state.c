/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * clock-state.c - plays an NTP daemon: what others see of one is a bit of the kernel's clock
 *
 *	clock-state synchronized | unsynchronized	set the bit
 *	clock-state step SECONDS			set the clock forward or back
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>

int main(int argc, char **argv)
{
	struct timex tx = { 0 };

	if (argc == 3 && !strcmp(argv[1], "step")) {
		tx.modes = ADJ_SETOFFSET;
		tx.time.tv_sec = atol(argv[2]);
	} else if (argc == 2 && !strcmp(argv[1], "synchronized")) {
		tx.modes = ADJ_STATUS | ADJ_MAXERROR | ADJ_ESTERROR;
	} else if (argc == 2 && !strcmp(argv[1], "unsynchronized")) {
		tx.modes = ADJ_STATUS;
		tx.status = STA_UNSYNC;
	} else {
		fprintf(stderr, "usage: clock-state synchronized | unsynchronized | step SECONDS\n");
		return 64;
	}
	if (clock_adjtime(CLOCK_REALTIME, &tx) >= 0)
		return 0;
	perror("clock_adjtime");
	return 1;
}
