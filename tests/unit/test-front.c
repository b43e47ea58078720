/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-front.c - the VM process's end of the front protocol, against a front made here
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/base/fd.h"
#include "host/model/fault.h"
#include "host/model/guestrpc.h"
#include "host/front/front.h"
#include "host/vmm/front_server.h"
#include "tests/unit/unit.h"

struct world {
	struct event_base *base;
	struct grpc *g;
	struct front_server *s;
	char dir[64], path[96];
	int fd;			/* the front's end */
	struct front_page *page;
	unsigned int came, went, cut_off, crashed;
	char why[128];
	int done_err;
	unsigned int dones;
};

struct packet {
	struct front_hdr hdr;
	char body[FRONT_BODY_MAX];
};

static void op_event(void *data, const struct grpc_event *ev)
{
}

static void op_front(void *data, enum front_change what, const char *why)
{
	struct world *w = data;

	w->came += what == FRONT_CAME;
	w->went += what != FRONT_CAME;
	w->cut_off += what == FRONT_CUT_OFF;
	snprintf(w->why, sizeof(w->why), "%s", why);
}

static void op_crashed(void *data)
{
	((struct world *)data)->crashed++;
}

static const struct grpc_ops grpc_ops = { .now_ms = front_now_ms, .event = op_event };
static const struct front_server_ops server_ops = { .front = op_front, .crashed = op_crashed };

static void done(void *data, int err, const char *reply, size_t len)
{
	struct world *w = data;

	w->dones++;
	w->done_err = err;
}

static void turn(struct world *w)
{
	event_base_loop(w->base, EVLOOP_NONBLOCK);
}

static int front_connect(struct world *w)
{
	int fd = unix_connect(w->path, SOCK_SEQPACKET | SOCK_NONBLOCK);

	CU_ASSERT_FATAL(fd >= 0);
	turn(w);
	return fd;
}

static struct world *fresh_with(struct faults *faults)
{
	const struct grpc_config config = { .faults = faults };
	const struct front_params params = { .uuid = { 1, 2, 3 }, .memory_mib = 512, .vcpus = 2,
					     .hypercall = BDOOR_CPUID_ECX_VMMCALL,
					     .faults = faults };
	struct world *w = calloc(1, sizeof(*w));
	int fd;

	strcpy(w->dir, "/tmp/vmtkit-front-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(w->dir));
	snprintf(w->path, sizeof(w->path), "%s/sock", w->dir);
	fd = unix_listen(w->path, SOCK_SEQPACKET, 0600);
	CU_ASSERT_FATAL(fd >= 0);
	w->base = event_base_new();
	w->g = grpc_new(&config, &grpc_ops, w);
	w->s = front_server_new(w->base, fd, w->g, &params, &server_ops, w);
	CU_ASSERT_PTR_NOT_NULL_FATAL(w->s);
	w->fd = front_connect(w);
	return w;
}

static struct world *fresh(void)
{
	return fresh_with(NULL);
}

static void finish(struct world *w)
{
	if (w->page)
		munmap(w->page, FRONT_PAGE_SIZE);
	close(w->fd);
	front_server_free(w->s);
	grpc_free(w->g);
	event_base_free(w->base);
	unlink(w->path);
	rmdir(w->dir);
	free(w);
}

/* ---- a front's packets ----------------------------------------------------------------------- */

static void say_len(struct world *w, enum front_type type, uint32_t gen, uint32_t seq,
		    const void *body, size_t len, uint32_t said_len)
{
	struct packet *p = calloc(1, sizeof(*p));

	p->hdr = (struct front_hdr){ .type = type, .gen = gen, .seq = seq, .len = said_len };
	if (len)
		memcpy(p->body, body, len);
	CU_ASSERT_TRUE(send(w->fd, p, sizeof(p->hdr) + len, MSG_NOSIGNAL) >= 0);
	free(p);
	turn(w);
}

static void say(struct world *w, enum front_type type, uint32_t gen, uint32_t seq, const char *text)
{
	say_len(w, type, gen, seq, text, strlen(text), (uint32_t)strlen(text));
}

/* The next packet from the server, or type 0 for none, or ~0 when it has hung up. */
static struct front_hdr hear(struct world *w, char *body, size_t room, int *ret_fd)
{
	struct packet *p = calloc(1, sizeof(*p));
	union {
		struct cmsghdr hdr;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = p, .iov_len = sizeof(*p) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	struct front_hdr hdr = { 0 };
	ssize_t n;

	turn(w);
	n = recvmsg(w->fd, &msg, 0);
	if (n <= 0) {
		hdr.type = n < 0 && errno == EAGAIN ? 0 : ~0u;
	} else {
		hdr = p->hdr;
		CU_ASSERT_EQUAL(hdr.len, (size_t)n - sizeof(hdr));
		CU_ASSERT_FATAL(hdr.len < room);
		memcpy(body, p->body, hdr.len);
		body[hdr.len] = '\0';
		if (ret_fd && CMSG_FIRSTHDR(&msg))
			memcpy(ret_fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	}
	free(p);
	return hdr;
}

static void hello_hearing(struct world *w, const char *faults)
{
	struct front_hello h = { .version = FRONT_VERSION, .pid = 1, .tsc_khz = 1234567 };
	struct front_welcome welcome;
	char body[sizeof(welcome) + 1];
	int fd = -1;

	say_len(w, FRONT_HELLO, 0, 0, &h, sizeof(h), sizeof(h));
	CU_ASSERT_EQUAL_FATAL(hear(w, body, sizeof(body), &fd).type, FRONT_WELCOME);
	memcpy(&welcome, body, sizeof(welcome));
	CU_ASSERT_EQUAL(welcome.version, FRONT_VERSION);
	CU_ASSERT_EQUAL(welcome.memory_mib, 512);
	CU_ASSERT_EQUAL(welcome.hypercall, BDOOR_CPUID_ECX_VMMCALL);
	CU_ASSERT_EQUAL(welcome.uuid[2], 3);
	CU_ASSERT_STRING_EQUAL(welcome.faults, faults);
	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(ftruncate(fd, 0), -1);		/* the size is sealed */
	w->page = mmap(NULL, FRONT_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CU_ASSERT_FATAL(w->page != MAP_FAILED);
	close(fd);
}

static void hello(struct world *w)
{
	hello_hearing(w, "");
}

/* ---- cases ----------------------------------------------------------------------------------- */

static void test_hello_and_requests(void)
{
	struct world *w = fresh();
	struct front_stats stats;
	struct front_hdr hdr;
	char body[256];

	CU_ASSERT_FALSE(front_server_connected(w->s));
	hello(w);
	CU_ASSERT_TRUE(front_server_connected(w->s));
	CU_ASSERT_EQUAL(w->came, 1);
	say(w, FRONT_RPCI, 0, 77, "info-set guestinfo.x hello");
	hdr = hear(w, body, sizeof(body), NULL);
	CU_ASSERT_EQUAL(hdr.type, FRONT_RPCI_REPLY);
	CU_ASSERT_EQUAL(hdr.seq, 77);
	CU_ASSERT_STRING_EQUAL(body, "1 ");
	say(w, FRONT_RPCI, 0, 78, "info-get guestinfo.x");
	CU_ASSERT_EQUAL(hear(w, body, sizeof(body), NULL).seq, 78);
	CU_ASSERT_STRING_EQUAL(body, "1 hello");
	front_server_stats(w->s, &stats);
	CU_ASSERT_EQUAL(stats.rpci, 2);
	CU_ASSERT_EQUAL(stats.tsc_khz, 1234567);
	finish(w);
}

static void test_commands(void)
{
	struct world *w = fresh();
	struct front_hdr hdr;
	char body[256];

	hello(w);
	say(w, FRONT_TCLO_OPENED, 5, 0, "");
	hdr = hear(w, body, sizeof(body), NULL);
	CU_ASSERT_EQUAL(hdr.type, FRONT_TCLO);
	CU_ASSERT_EQUAL(hdr.gen, 5);
	CU_ASSERT_STRING_EQUAL(body, "reset");
	say(w, FRONT_TCLO_ACCEPTED, 4, hdr.seq, "");		/* of an earlier channel */
	say(w, FRONT_TCLO_REPLIED, 4, hdr.seq, "OK ATR old");
	CU_ASSERT_EQUAL(hear(w, body, sizeof(body), NULL).type, 0);
	say(w, FRONT_TCLO_ACCEPTED, 5, hdr.seq, "");
	say(w, FRONT_TCLO_REPLIED, 5, hdr.seq, "OK ATR toolbox");
	CU_ASSERT_EQUAL(hear(w, body, sizeof(body), NULL).gen, 5);
	CU_ASSERT_STRING_EQUAL(body, "Capabilities_Register");
	CU_ASSERT_EQUAL(grpc_tools_state(w->g), GRPC_TOOLS_STARTING);
	say(w, FRONT_TCLO_CLOSED, 5, 0, "");
	CU_ASSERT_EQUAL(grpc_tools_state(w->g), GRPC_TOOLS_GONE);
	say(w, FRONT_TCLO_OPENED, 6, 0, "");
	CU_ASSERT_EQUAL(hear(w, body, sizeof(body), NULL).gen, 6);
	say(w, FRONT_RESET, 0, 0, "");
	say(w, FRONT_RESET, 0, 0, "");
	CU_ASSERT_EQUAL(grpc_tools_state(w->g), GRPC_TOOLS_NONE);
	CU_ASSERT_EQUAL(front_server_checkpoint(w->s), 0);
	CU_ASSERT_EQUAL(hear(w, body, sizeof(body), NULL).type, FRONT_CHECKPOINT);
	finish(w);
}

static void test_faults(void)
{
	static const char line[] = "msg-close count=1 open\nrpci-silent info-get*";
	struct faults *f = faults_new();
	struct front_hdr hdr;
	struct world *w;
	char body[256];

	fault_set_lines(f, line, strlen(line));
	w = fresh_with(f);
	CU_ASSERT_EQUAL(front_server_fault(w->s, fault_get(f, FAULT_MSG_CLOSE)), 0);
	hello_hearing(w, "msg-close count=1 open\nrpci-silent info-get*\n");
	CU_ASSERT_EQUAL(front_server_fault(w->s, fault_get(f, FAULT_MSG_CLOSE)), 0);
	CU_ASSERT_EQUAL(hear(w, body, sizeof(body), NULL).type, FRONT_FAULT);
	CU_ASSERT_STRING_EQUAL(body, "msg-close count=1 open");
	CU_ASSERT_EQUAL(front_server_fault_clear(w->s, FAULT_TIME_NONE), 0);
	hdr = hear(w, body, sizeof(body), NULL);
	CU_ASSERT_EQUAL(hdr.type, FRONT_FAULT_CLEAR);
	CU_ASSERT_EQUAL(hdr.seq, FAULT_TIME_NONE);
	w->page->faults[FAULT_MSG_CLOSE] = 3;
	CU_ASSERT_EQUAL(front_server_fired(w->s, FAULT_MSG_CLOSE), 3);
	say(w, FRONT_RPCI, 0, 77, "info-get guestinfo.x");
	CU_ASSERT_EQUAL(hear(w, body, sizeof(body), NULL).type, 0);	/* no answer at all */
	say(w, FRONT_RPCI, 0, 78, "info-set guestinfo.x y");
	CU_ASSERT_EQUAL(hear(w, body, sizeof(body), NULL).seq, 78);
	finish(w);
	faults_free(f);
}

static void test_gui_options(void)
{
	struct world *w = fresh();
	struct front_hdr hdr;
	char body[256];

	hello(w);
	say(w, FRONT_RPCI, 0, 1, "vmx.set_option synctime 0 1");
	hdr = hear(w, body, sizeof(body), NULL);
	CU_ASSERT_EQUAL(hdr.type, FRONT_GUI_OPTIONS);
	CU_ASSERT_EQUAL(hdr.seq, BDOOR_GUI_SYNC_TIME);
	CU_ASSERT_EQUAL(hear(w, body, sizeof(body), NULL).type, FRONT_RPCI_REPLY);
	finish(w);
}

static void test_crash(void)
{
	struct world *w = fresh();
	struct front_stats stats;

	hello(w);
	say(w, FRONT_CRASHED, 0, 0, "");
	CU_ASSERT_EQUAL(w->crashed, 1);
	front_server_stats(w->s, &stats);
	CU_ASSERT_EQUAL(stats.crashes, 1);
	finish(w);
}

static void test_timer(void)
{
	struct world *w = fresh();
	char body[256];

	hello(w);
	say(w, FRONT_TCLO_OPENED, 1, 0, "");
	CU_ASSERT_EQUAL(hear(w, body, sizeof(body), NULL).type, FRONT_TCLO);
	CU_ASSERT_TRUE(grpc_send(w->g, "x", 1, 30, done, w) > 0);
	while (!w->dones)
		event_base_loop(w->base, EVLOOP_ONCE);		/* ends by the model's timer */
	CU_ASSERT_EQUAL(w->done_err, -ETIMEDOUT);
	finish(w);
}

static void test_page(void)
{
	struct world *w = fresh();
	struct front_stats stats;

	hello(w);
	CU_ASSERT_EQUAL(front_server_last_poll_ms(w->s), 0);
	w->page->last_poll_ms = UINT64_MAX;			/* a front that lies */
	w->page->polls = 9;
	CU_ASSERT_TRUE(front_server_last_poll_ms(w->s) <= front_now_ms(NULL));
	front_server_stats(w->s, &stats);
	CU_ASSERT_EQUAL(stats.polls, 9);
	finish(w);
}

static void wrong(enum front_type type, uint32_t gen, size_t len, uint32_t said, bool greet)
{
	static const char zeros[sizeof(struct front_hello)];
	struct world *w = fresh();
	char body[256];

	if (greet)
		hello(w);
	say_len(w, type, gen, 1, zeros, len, said);
	CU_ASSERT_EQUAL(hear(w, body, sizeof(body), NULL).type, ~0u);
	CU_ASSERT_EQUAL(w->went, 1);
	CU_ASSERT_EQUAL(w->cut_off, 1);
	CU_ASSERT_NOT_EQUAL(w->why[0], '\0');
	CU_ASSERT_FALSE(front_server_connected(w->s));
	close(w->fd);
	w->fd = front_connect(w);				/* the next one is welcome */
	hello(w);
	CU_ASSERT_TRUE(front_server_connected(w->s));
	finish(w);
}

static void test_wrong_packets(void)
{
	wrong(FRONT_RPCI, 0, 4, 4, false);			/* no hello */
	wrong(FRONT_HELLO, 0, 4, 4, false);			/* short */
	wrong(FRONT_HELLO, 0, sizeof(struct front_hello), sizeof(struct front_hello), false);
	wrong(FRONT_HELLO, 0, sizeof(struct front_hello), sizeof(struct front_hello), true);
	wrong(FRONT_RPCI, 0, 4, 5, true);
	wrong(FRONT_RPCI, 0, 4, 0xffffffff, true);
	wrong(FRONT_RPCI, 0, 0, 0x10000, true);
	wrong(FRONT_TCLO_OPENED, 0, 0, 0, true);
	wrong(FRONT_WELCOME, 0, 0, 0, true);
	wrong(0, 0, 0, 0, true);
	wrong(999, 0, 0, 0, true);
}

static void test_tiny_packet(void)
{
	struct world *w = fresh();
	char body[16];

	hello(w);
	CU_ASSERT_EQUAL(send(w->fd, "x", 1, 0), 1);
	CU_ASSERT_EQUAL(hear(w, body, sizeof(body), NULL).type, ~0u);
	finish(w);
}

static void test_second_connection(void)
{
	struct world *w = fresh();
	char c;
	int second;

	hello(w);
	second = front_connect(w);
	CU_ASSERT_EQUAL(recv(second, &c, 1, 0), 0);
	close(second);
	CU_ASSERT_TRUE(front_server_connected(w->s));
	CU_ASSERT_EQUAL(w->went, 0);
	finish(w);
}

/* A front that asks and never reads: its replies are queued up to a limit, then it is cut off. */
static void test_deaf_front(void)
{
	struct world *w = fresh();
	char value[40000];
	unsigned int i;

	memset(value, 'v', sizeof(value));
	grpc_var_set(w->g, "guestinfo.big", value, sizeof(value), 0);
	hello(w);
	for (i = 0; i < 1000 && !w->went; i++)
		say(w, FRONT_RPCI, 0, i + 1, "info-get guestinfo.big");
	CU_ASSERT_EQUAL(w->went, 1);
	CU_ASSERT_TRUE(i > 50 && i < 200);
	finish(w);
}

/* What was queued for a slow front arrives in order once it reads. */
static void test_slow_front(void)
{
	struct world *w = fresh();
	char value[40000], *body = malloc(FRONT_BODY_MAX);
	uint32_t i;

	memset(value, 'v', sizeof(value));
	grpc_var_set(w->g, "guestinfo.big", value, sizeof(value), 0);
	hello(w);
	for (i = 1; i <= 40; i++)
		say(w, FRONT_RPCI, 0, i, "info-get guestinfo.big");
	for (i = 1; i <= 40; i++) {
		struct front_hdr hdr = hear(w, body, FRONT_BODY_MAX, NULL);

		CU_ASSERT_EQUAL(hdr.seq, i);
		CU_ASSERT_EQUAL(hdr.len, sizeof(value) + 2);
	}
	CU_ASSERT_EQUAL(w->went, 0);
	free(body);
	finish(w);
}

static void test_front_leaves(void)
{
	struct world *w = fresh();
	char body[64];

	hello(w);
	say(w, FRONT_TCLO_OPENED, 1, 0, "");
	CU_ASSERT_EQUAL(hear(w, body, sizeof(body), NULL).type, FRONT_TCLO);
	close(w->fd);
	turn(w);
	CU_ASSERT_EQUAL(w->went, 1);
	CU_ASSERT_EQUAL(w->cut_off, 0);
	CU_ASSERT_EQUAL(grpc_tools_state(w->g), GRPC_TOOLS_GONE);
	CU_ASSERT_EQUAL(front_server_checkpoint(w->s), -ENOTCONN);
	w->fd = front_connect(w);
	hello(w);
	finish(w);
}

static const struct unit_case cases[] = {
	{ "a front says hello and its requests are answered", test_hello_and_requests },
	{ "commands and their ends go by channel and number", test_commands },
	{ "a front is given the faults, hears of changes, and tells what fired", test_faults },
	{ "an option that the guest changed reaches the front first", test_gui_options },
	{ "a panic that the guest tells is counted and told", test_crash },
	{ "the model's timer runs", test_timer },
	{ "what stands in the shared page is not believed", test_page },
	{ "a front that breaks the protocol is cut off, and the next is welcome",
	  test_wrong_packets },
	{ "a packet shorter than its header is refused", test_tiny_packet },
	{ "a second connection is closed and the first goes on", test_second_connection },
	{ "a front that does not read is cut off", test_deaf_front },
	{ "a slow front gets everything in order", test_slow_front },
	{ "a front may leave and come again", test_front_leaves },
};

UNIT_MAIN("front", cases)
