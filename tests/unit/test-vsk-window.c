/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-vsk-window.c - when a reader of vmsock pays the READ that it owes
 */
#include "drivers/vsock/window.h"
#include "tests/unit/unit.h"

#define SIZE	65536u

static void no_debt_no_packet(void)
{
	struct vsk_window w;

	vsk_window_init(&w, SIZE);
	vsk_window_taken(&w, 100, 200);		/* it was not full */
	CU_ASSERT_FALSE(vsk_window_pay(&w, 0));
	CU_ASSERT_FALSE(vsk_window_block(&w));
	vsk_window_taken(&w, 0, 0);		/* nothing was taken */
	CU_ASSERT_FALSE(vsk_window_pay(&w, 0));
}

static void full_queue_is_a_debt(void)
{
	struct vsk_window w;

	vsk_window_init(&w, SIZE);
	vsk_window_taken(&w, 10000, 10000);
	CU_ASSERT_TRUE(vsk_window_pay(&w, SIZE - 1 - 10000));
	CU_ASSERT_FALSE(vsk_window_pay(&w, 0));	/* once */
}

static void window_shrinks_once_for_a_debt(void)
{
	struct vsk_window w;

	vsk_window_init(&w, SIZE);
	vsk_window_taken(&w, 1, 1);
	CU_ASSERT_FALSE(vsk_window_pay(&w, SIZE - 2));
	CU_ASSERT_EQUAL(w.window, SIZE - VSK_WINDOW_STEP);
	CU_ASSERT_FALSE(vsk_window_pay(&w, SIZE - 3));
	CU_ASSERT_EQUAL(w.window, SIZE - VSK_WINDOW_STEP);
	CU_ASSERT_TRUE(vsk_window_pay(&w, SIZE - VSK_WINDOW_STEP - 1));
}

static void window_has_a_floor_and_a_ceiling(void)
{
	struct vsk_window w;
	int i;

	vsk_window_init(&w, SIZE);
	for (i = 0; i < 100; i++) {
		vsk_window_taken(&w, 1, 1);
		vsk_window_pay(&w, 0);
	}
	CU_ASSERT_EQUAL(w.window, VSK_WINDOW_STEP);
	for (i = 0; i < 100; i++)
		vsk_window_block(&w);
	CU_ASSERT_EQUAL(w.window, SIZE);
	vsk_window_init(&w, 128);		/* a queue below a page */
	CU_ASSERT_EQUAL(w.floor, 128);
	vsk_window_taken(&w, 1, 1);
	CU_ASSERT_TRUE(vsk_window_pay(&w, 126));
}

static void wanted_bytes_raise_the_floor(void)
{
	struct vsk_window w;
	int i;

	vsk_window_init(&w, SIZE);
	vsk_window_want(&w, 30000);
	for (i = 0; i < 100; i++) {
		vsk_window_taken(&w, 1, 1);
		vsk_window_pay(&w, 0);
	}
	CU_ASSERT_EQUAL(w.window, 30001);
	vsk_window_want(&w, 1);
	CU_ASSERT_EQUAL(w.floor, 30001);
	vsk_window_want(&w, 10 * SIZE);
	CU_ASSERT_EQUAL(w.window, SIZE);
}

static void reader_that_waits_pays(void)
{
	struct vsk_window w;

	vsk_window_init(&w, SIZE);
	vsk_window_taken(&w, 1, 1);
	CU_ASSERT_FALSE(vsk_window_pay(&w, SIZE - 2));
	CU_ASSERT_TRUE(vsk_window_block(&w));
	CU_ASSERT_FALSE(vsk_window_block(&w));
}

/*
 * A writer that sleeps whenever the queue is full and wakes on READ only, and a reader that takes
 * pieces of any size and sleeps when fewer than `want` are there: one of the two can always go on.
 */
static void never_both_asleep(void)
{
	static const __u64 sizes[] = { 2, 128, 4096, 4097, 20000, SIZE };
	static const __u64 wants[] = { 1, 2, 100, 4096, 19999, SIZE - 1 };
	__u32 random = 1;
	size_t i, j;
	int step;

	for (i = 0; i < 6; i++) {
		for (j = 0; j < 6; j++) {
			__u64 size = sizes[i], want = wants[j] < size ? wants[j] : size - 1;
			__u64 ready = 0;
			bool asleep = false;
			struct vsk_window w;

			vsk_window_init(&w, size);
			for (step = 0; step < 20000; step++) {
				random = random * 1664525u + 1013904223u;
				if (!asleep && (random & 0x10000)) {
					ready += 1 + (random >> 17) % (size - ready ? size - ready : 1);
					if (ready >= size - 1) {
						ready = size - 1;
						asleep = true;
					}
				} else if (ready >= want) {
					__u64 n = 1 + (random >> 17) % ready;

					ready -= n;
					vsk_window_want(&w, want);
					vsk_window_taken(&w, n, size - 1 - ready);
					if (vsk_window_pay(&w, ready))
						asleep = false;
				} else {
					vsk_window_want(&w, want);
					if (vsk_window_block(&w))
						asleep = false;
					CU_ASSERT_FALSE(asleep);
				}
			}
		}
	}
}

static const struct unit_case cases[] = {
	{ "a queue that was not full makes no debt", no_debt_no_packet },
	{ "a queue that was full makes one, paid once", full_queue_is_a_debt },
	{ "the window shrinks once for each debt", window_shrinks_once_for_a_debt },
	{ "the window stays between a page and the queue", window_has_a_floor_and_a_ceiling },
	{ "what the reader wants at once raises the floor", wanted_bytes_raise_the_floor },
	{ "a reader that is about to wait pays", reader_that_waits_pays },
	{ "reader and writer never both sleep", never_both_asleep },
};

UNIT_MAIN("vsk-window", cases)
