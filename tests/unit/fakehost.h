/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fakehost.h - the host's end of the "fake" transport, so that the guest's programs run without a VM
 *
 * It runs in a thread of its own and answers every RPCI request: "1 " unless told otherwise.  Every
 * function may be called from the test's thread at any time.  Waiting has a limit, after which the
 * result is NULL or FALSE.
 */
#ifndef VMTKIT_TESTS_FAKEHOST_H
#define VMTKIT_TESTS_FAKEHOST_H

#include <glib.h>

struct fakehost;

struct fakehost *fakehost_new(void);
void fakehost_free(struct fakehost *h);		/* NULL is fine */

/* What programs are given as $VMT_CHANNEL; owned by @h.  @polled: the transport that is polled */
const char *fakehost_channel(struct fakehost *h, gboolean polled);

/* The answer to every request that begins with @prefix, from now on; NULL: none, and silence */
void fakehost_answer(struct fakehost *h, const char *prefix, const char *answer);

/* The next request that begins with @prefix; those before it are forgotten.  NUL-terminated */
GByteArray *fakehost_request(struct fakehost *h, const char *prefix, guint wait_ms);

/* How many requests that begin with @prefix have come so far, forgotten ones too */
guint fakehost_count(struct fakehost *h, const char *prefix);

/* Sends a message to whoever serves TCLO, for whom it waits, and fetches the reply */
char *fakehost_tclo(struct fakehost *h, const void *message, gsize len, guint wait_ms);
char *fakehost_tclo_text(struct fakehost *h, const char *message, guint wait_ms);

/* Loses all channels, as a restored machine does */
void fakehost_drop(struct fakehost *h);

#endif /* VMTKIT_TESTS_FAKEHOST_H */
