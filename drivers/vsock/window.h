/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * window.h - when a reader tells the writer at the other end that there is room again
 *
 * In the queue-state protocol a writer that found the queue full sleeps until a READ packet comes.
 * The reader sees that the queue was full before it read (what is free now is what it has just
 * taken out), and owes the writer a READ from then on.  To spare packets it pays when fewer than
 * `window` bytes are left to read: the window starts at the queue's size (pay at once), shrinks by
 * a page each time that the writer had to wait, because then the writer is the faster one, and
 * grows by a page each time that the reader had to wait.
 *
 * A debt must be paid before the reader itself waits for more than it has, or both would sleep for
 * ever; therefore the window is never below what the reader wants in one piece (`floor`).
 *
 * Pure: unit tests compile it in user space.  The caller serialises.
 */
#ifndef VMTKIT_VSK_WINDOW_H
#define VMTKIT_VSK_WINDOW_H

#include <linux/types.h>

#define VSK_WINDOW_STEP		4096u	/* bytes */

struct vsk_window {
	__u64 size;		/* bytes of the queue */
	__u64 window;		/* pay when fewer bytes than this are ready */
	__u64 floor;		/* the window does not shrink below this */
	bool owed;		/* the writer found the queue full and sleeps, or may */
	bool shrunk;		/* the window has been made smaller for this debt */
};

static inline void vsk_window_init(struct vsk_window *w, __u64 size)
{
	w->size = size;
	w->window = size;
	w->floor = size < VSK_WINDOW_STEP ? size : VSK_WINDOW_STEP;
	w->owed = false;
	w->shrunk = false;
}

/* The reader will wait for `target` bytes at once (SO_RCVLOWAT, MSG_WAITALL). */
static inline void vsk_window_want(struct vsk_window *w, __u64 target)
{
	__u64 floor = target < w->size ? target + 1 : w->size;

	if (floor > w->floor)
		w->floor = floor;
	if (w->window < w->floor)
		w->window = w->floor;
}

/* `taken` bytes have been read, and `free` bytes are free now: did the writer see a full queue? */
static inline void vsk_window_taken(struct vsk_window *w, __u64 taken, __u64 free)
{
	if (taken && free == taken)
		w->owed = true;
}

/* With `ready` bytes left: is the READ to be sent now?  The debt is then taken as paid. */
static inline bool vsk_window_pay(struct vsk_window *w, __u64 ready)
{
	if (!w->owed)
		return false;
	if (!w->shrunk) {
		w->shrunk = true;
		w->window = w->window > w->floor && w->window - w->floor > VSK_WINDOW_STEP ?
			    w->window - VSK_WINDOW_STEP : w->floor;
	}
	if (ready >= w->window)
		return false;
	w->owed = false;
	w->shrunk = false;
	return true;
}

/* The reader is about to wait: it pays whatever it owes. */
static inline bool vsk_window_block(struct vsk_window *w)
{
	bool owed = w->owed;

	w->window = w->size - w->window > VSK_WINDOW_STEP ? w->window + VSK_WINDOW_STEP : w->size;
	w->owed = false;
	w->shrunk = false;
	return owed;
}

#endif /* VMTKIT_VSK_WINDOW_H */
