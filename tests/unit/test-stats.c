/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-stats.c - the report about memory and load
 */
#include <string.h>

#include "agent/stats.h"
#include "tests/unit/captured.h"
#include "tests/unit/unit.h"

/* What /proc of the captured guest said at its first report */
static struct stats first(void)
{
	return (struct stats){
		.at_us = G_USEC_PER_SEC, .page_size = 4096, .present = 1048032, .total = 995344,
		.free = 878988, .available = 836992, .active_file = 25692, .buffers = 3432,
		.cached = 43100, .slab_reclaimable = 14996, .huge_page_size = 2048, .running = 2,
	};
}

static void as_captured(void)
{
	struct stats s = first();
	g_autoptr(GBytes) got = stats_encode(&s, NULL);

	CU_ASSERT_TRUE(captured_equal(got, CAPTURED_STATS));
}

/* The numbers of the second report; rates over 20 seconds that give its doubles */
static void as_captured_next(void)
{
	struct stats before = first(), s = first();
	g_autoptr(GBytes) got = NULL, most = NULL;
	g_autofree char *digits = NULL;

	s.at_us += 20 * G_USEC_PER_SEC;
	s.free = 0x0d6698;
	s.available = 0x0cc3f0;
	s.active_file = 0x66a4;
	s.slab_reclaimable = 0x3b18;
	s.buffers = 0x0d6c;
	s.cached = 0xaae4;
	s.running = 3;
	s.pages_in = 594;		/* 29.7 a second */
	s.switches = 9662;		/* 483.1 */
	got = stats_encode(&s, &before);
	/* The mean of the disk's queue, the last entry, was not told yet there */
	CU_ASSERT_EQUAL_FATAL(g_bytes_get_size(got), strlen(CAPTURED_STATS_NEXT) / 2 + 2);
	most = g_bytes_new_from_bytes(got, 0, g_bytes_get_size(got) - 15);
	digits = g_strndup(CAPTURED_STATS_NEXT, strlen(CAPTURED_STATS_NEXT) - 2 * 13);
	CU_ASSERT_TRUE(captured_equal(most, digits));
}

static void parsed(void)
{
	char meminfo[] = "MemTotal:         995344 kB\nMemFree:  878988 kB\nMemAvailable:     836992 kB\n"
			 "Buffers:            3432 kB\nCached:            43100 kB\nSwapCached: 1 kB\n"
			 "Active(file):      25692 kB\nSwapFree: 7 kB\nSReclaimable:      14996 kB\n"
			 "HugePages_Total:       3\nHugepagesize:       2048 kB\n";
	char vmstat[] = "nr_free_pages 1\npgpgin 594\npgpgout 12\n";
	char zoneinfo[] = "Node 0, zone      DMA\n  pages free     3840\n        present  3998\n"
			  "        managed  3840\nNode 0, zone    DMA32\n        present  258010\n";
	char stat[] = "cpu  1 2 3\nctxt 9662\nprocs_running 2\nprocs_blocked 0\n";
	char diskstats[] = " 254 0 vda 1 0 2 3 4 5 6 7 8 9 10 0 0 0 0 0 0\n"
			   " 254 1 vda1 1 0 2 3 4 5 6 7 8 9 10 0 0 0 0 0 0\n"
			   "   8 0 sda 1 0 2 3 4 5 6 7 1 9 20\n   8 16 sdb short\n";
	struct stats_files files = { meminfo, vmstat, zoneinfo, stat, diskstats };
	struct stats s = { .at_us = 5, .page_size = 4096 };

	stats_parse(&s, &files);
	CU_ASSERT_EQUAL(s.at_us, 5);
	CU_ASSERT_EQUAL(s.present, 1048032);
	CU_ASSERT_EQUAL(s.total, 995344);
	CU_ASSERT_EQUAL(s.cached, 43100);
	CU_ASSERT_EQUAL(s.active_file, 25692);
	CU_ASSERT_EQUAL(s.swap_free, 7);
	CU_ASSERT_EQUAL(s.huge_pages, 3);
	CU_ASSERT_EQUAL(s.pages_in, 594);
	CU_ASSERT_EQUAL(s.switches, 9662);
	CU_ASSERT_EQUAL(s.running, 2);
	CU_ASSERT_EQUAL(s.disk_queue, 9);
	CU_ASSERT_EQUAL(s.disk_queue_ms, 30);
}

static void odd(void)
{
	struct stats_files nothing = { 0 };
	struct stats s = { .page_size = 4096 };
	g_autoptr(GBytes) got = NULL;

	stats_parse(&s, &nothing);
	CU_ASSERT_EQUAL(s.total, 0);
	/* More available than present, and counters that went back */
	s.available = 5;
	s.at_us = 2;
	got = stats_encode(&s, &(struct stats){ .at_us = 1, .switches = 7 });
	CU_ASSERT_TRUE(g_bytes_get_size(got) > 112);
}

static void this_machine(void)
{
	struct stats s = { 0 };

	stats_collect(&s);
	CU_ASSERT_TRUE(s.total > 0 && s.free <= s.total && s.switches > 0 && s.running > 0);
	CU_ASSERT_TRUE(s.at_us > 0 && s.page_size >= 4096);
}

static const struct unit_case cases[] = {
	{ "the first report is, to the byte, that of open-vm-tools for the same numbers", as_captured },
	{ "the next one too, but for an entry that is one report earlier", as_captured_next },
	{ "the files of /proc are read, a partition's queue with its disk's", parsed },
	{ "files that are missing and counters that go back do no harm", odd },
	{ "this machine has memory and processes", this_machine },
};

UNIT_MAIN("stats", cases)
