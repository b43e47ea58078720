/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * idle-rate.c - how often the whole guest wakes up
 *
 *	idle-rate SECONDS	prints context switches and interrupts per second over that time, one
 *				digit after the point; sleeps in between, in one piece
 *
 * The first number counts every thread, the second every interrupt of every processor that
 * /proc/interrupts counts, the local timers among them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct counts {
	uint64_t switches, interrupts;
};

static int counts_read(struct counts *ret)
{
	FILE *f = fopen("/proc/stat", "re");
	char word[32];
	int found = 0;

	while (f && found < 2 && fscanf(f, "%31s", word) == 1) {
		if (strcmp(word, "ctxt") == 0)
			found += fscanf(f, "%" SCNu64, &ret->switches);
		else if (strcmp(word, "intr") == 0)
			found += fscanf(f, "%" SCNu64, &ret->interrupts);
	}
	if (f)
		fclose(f);
	return found == 2 ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct timespec time = { .tv_sec = argc == 2 ? atoi(argv[1]) : 0 };
	struct counts a, b;

	if (time.tv_sec <= 0) {
		fprintf(stderr, "usage: idle-rate SECONDS\n");
		return 64;
	}
	if (counts_read(&a) || nanosleep(&time, NULL) || counts_read(&b)) {
		perror("idle-rate");
		return 1;
	}
	printf("%.1f %.1f\n", (double)(b.switches - a.switches) / (double)time.tv_sec,
	       (double)(b.interrupts - a.interrupts) / (double)time.tv_sec);
	return 0;
}
