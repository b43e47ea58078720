/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-vsock-faults.c - a host that resets, falls silent or detaches at each step of a handshake
 *
 * After each fault the guest connects again, which must work: nothing is left of the failed one.
 */
#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "host/base/bytes.h"
#include "host/model/fault.h"
#include "tests/unit/vshfix.h"

#define GP 5000u	/* a port in the guest */
#define HP 80u		/* a port on the host */

static struct fx *fresh(const char *line)
{
	struct fx *f = fx_new();

	fault_set_lines(f->g->faults, line, strlen(line));
	CU_ASSERT_FATAL(fault_lines(f->g->faults, (char[FAULT_LINES_MAX]){ 0 }) > 0);
	return f;
}

static void works_again(struct fx *f)
{
	struct vg_pair pair;

	CU_ASSERT_PTR_NOT_NULL(fx_guest_connects(f, GP + 1, HP, SIZE, false, &pair));
	CU_ASSERT_PTR_NOT_NULL(fx_host_connects(f, GP, SIZE, &pair));
	fx_free(f);
}

static void guest_connects(void)
{
	static const struct {
		const char *line;
		uint8_t first, second;	/* answers to REQUEST2 and OFFER; 0xff: none */
		unsigned int detached;	/* events */
		uint32_t failed_in;
	} rows[] = {
		{ "vsock-rst count=1 request2", VSOCK_PKT_RST, 0xff, 0, 0 },
		{ "vsock-rst count=1 offer", VSOCK_PKT_NEGOTIATE2, VSOCK_PKT_RST, 0, 1 },
		{ "vsock-silent count=1 request2", 0xff, 0xff, 0, 0 },
		{ "vsock-silent count=1 offer", VSOCK_PKT_NEGOTIATE2, 0xff, 0, 0 },
		{ "vsock-detach count=1 offer", VSOCK_PKT_NEGOTIATE2, VSOCK_PKT_ATTACH, 1, 0 },
		{ "vsock-detach count=1 request2", VSOCK_PKT_NEGOTIATE2, VSOCK_PKT_ATTACH, 0, 0 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fx *f = fresh(rows[i].line);
		const struct vsock_wire_packet *p;
		struct vg_pair pair;

		vg_say(f->g, VSOCK_PKT_REQUEST2, GP, HP, SIZE);
		p = vg_hear(f->g);
		CU_ASSERT_EQUAL(p ? p->type : 0xff, rows[i].first);
		if (rows[i].first == VSOCK_PKT_NEGOTIATE2) {
			vg_pair_create(f->g, SIZE, &pair);
			vg_say_handle(f->g, VSOCK_PKT_OFFER, GP, HP, pair.handle);
			p = vg_hear(f->g);
			CU_ASSERT_EQUAL(p ? p->type : 0xff, rows[i].second);
			CU_ASSERT_PTR_NULL(vg_hear(f->g));
		}
		CU_ASSERT_EQUAL(f->g->events_seen[VMCI_EV_QP_PEER_DETACH], rows[i].detached);
		CU_ASSERT_EQUAL(vsh_counters(f->vsh)->failed_in, rows[i].failed_in);
		works_again(f);
	}
}

static void host_connects(void)
{
	static const struct {
		const char *line;
		uint8_t answer;		/* to the guest's NEGOTIATE2; 0xff: none */
		bool attached;		/* the guest can attach then */
		unsigned int closed;	/* after its ATTACH */
	} rows[] = {
		{ "vsock-rst count=1 negotiate2", VSOCK_PKT_RST, false, 1 },
		{ "vsock-rst count=1 attach", VSOCK_PKT_OFFER, true, 1 },
		{ "vsock-silent count=1 negotiate2", 0xff, false, 0 },
		{ "vsock-silent count=1 attach", VSOCK_PKT_OFFER, true, 0 },
		{ "vsock-detach count=1 negotiate2", VSOCK_PKT_OFFER, false, 1 },
		{ "vsock-detach count=1 attach", VSOCK_PKT_OFFER, true, 1 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fx *f = fresh(rows[i].line);
		const struct vsock_wire_packet *p;
		struct vmci_handle handle = { 0 };
		struct vg_pair pair;
		struct vsh_conn *conn;
		uint32_t port;

		CU_ASSERT_EQUAL_FATAL(vsh_connect(f->vsh, GP, f, &conn), 0);
		port = vsh_host_port(conn);
		CU_ASSERT_TRUE(vg_hears(f->g, VSOCK_PKT_REQUEST2));
		vg_say(f->g, VSOCK_PKT_NEGOTIATE2, GP, port, SIZE);
		p = vg_hear(f->g);
		CU_ASSERT_EQUAL(p ? p->type : 0xff, rows[i].answer);
		if (p && p->type == VSOCK_PKT_OFFER) {
			handle.cid = le32toh(p->u.handle.cid);
			handle.rid = le32toh(p->u.handle.rid);
			CU_ASSERT_EQUAL(vg_pair_attach(f->g, handle, SIZE, &pair) ==
					VMCI_SUCCESS_QP_ATTACH, rows[i].attached);
		}
		if (rows[i].attached)
			vg_say_handle(f->g, VSOCK_PKT_ATTACH, GP, port, handle);
		while (vg_hear(f->g))
			;
		CU_ASSERT_EQUAL(f->closed, rows[i].closed);
		CU_ASSERT_EQUAL(f->g->events_seen[VMCI_EV_QP_PEER_DETACH],
				rows[i].attached && rows[i].closed);
		works_again(f);
	}
}

static void established(void)
{
	struct fx *f = fresh("vsock-rst count=1 wrote");
	struct vg_pair pair;

	CU_ASSERT_PTR_NOT_NULL(fx_guest_connects(f, GP + 2, HP, SIZE, false, &pair));
	vg_say(f->g, VSOCK_PKT_WROTE, GP + 2, HP, 0);
	CU_ASSERT_TRUE(vg_hears(f->g, VSOCK_PKT_RST));
	CU_ASSERT_EQUAL(f->closed, 1);
	works_again(f);
}

static const struct unit_case cases[] = {
	{ "a guest's connection fails at each step in each way", guest_connects },
	{ "the host's connection fails at each step in each way", host_connects },
	{ "an established one is reset by what tells of data", established },
};

UNIT_MAIN("vSockets faults", cases)
