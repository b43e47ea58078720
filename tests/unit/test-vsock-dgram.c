/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-vsock-dgram.c - the guest's datagrams as UNIX datagrams (uxfix.h)
 */
#include <endian.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "host/base/bytes.h"
#include "host/base/fd.h"
#include "tests/unit/uxfix.h"

static int32_t guest_datagram(struct ux *u, uint32_t from, uint32_t to, const char *text)
{
	struct {
		struct vmci_wire_dg dg;
		char text[64];
	} d = { .dg = { .dst = { htole32(VMCI_CID_HOST), htole32(to) },
			.src = { htole32(VG_CID), htole32(from) },
			.payload_size = htole64(strlen(text)) } };

	memcpy(d.text, text, strlen(text));
	return vg_send(u->g, &d, sizeof(d.dg) + strlen(text));
}

static bool guest_got(struct ux *u, uint32_t from, uint32_t to, const char *text)
{
	const struct vmci_wire_dg *dg = vg_recv(u->g);

	return dg && le32toh(dg->src.rid) == from && le32toh(dg->dst.rid) == to &&
	       le64toh(dg->payload_size) == strlen(text) && !memcmp(dg + 1, text, strlen(text));
}

static void datagram_and_reply(void)
{
	struct ux *u = ux_new();
	struct sockaddr_un from;
	socklen_t len = sizeof(from);
	char buf[16] = "", name[108];
	int s, cwd;

	CU_ASSERT_EQUAL(guest_datagram(u, 2222, 514, "lost"), VMCI_ERR_INVALID_RESOURCE);
	CU_ASSERT_EQUAL(vsu_counters(u->vsu)->dgrams_no_service, 1);
	s = service(u, "_dgram_514", SOCK_DGRAM);
	CU_ASSERT_EQUAL(guest_datagram(u, 2222, 514, "hello"), VMCI_DG_HDR_SIZE + 5);
	CU_ASSERT_EQUAL(recvfrom(s, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len), 5);
	CU_ASSERT_STRING_EQUAL(buf, "hello");
	snprintf(name, sizeof(name), "%s_dgram_guest_2222", u->path);
	CU_ASSERT_STRING_EQUAL(from.sun_path, name);
	CU_ASSERT_EQUAL(sendto(s, "reply", 5, 0, (struct sockaddr *)&from, len), 5);
	turn(u);
	CU_ASSERT_TRUE(guest_got(u, 514, 2222, "reply"));
	service_end(u, "_dgram_514", s);
	/* another service, bound by a name relative to its folder */
	cwd = open(".", O_RDONLY | O_DIRECTORY);
	CU_ASSERT_EQUAL(chdir(u->dir), 0);
	s = unix_listen("v_dgram_515", SOCK_DGRAM, 0600);
	CU_ASSERT_EQUAL(sendto(s, "again", 5, 0, (struct sockaddr *)&from, len), 5);
	unlink("v_dgram_515");
	CU_ASSERT_EQUAL(fchdir(cwd), 0);
	turn(u);
	CU_ASSERT_TRUE(guest_got(u, 515, 2222, "again"));
	close(s);
	close(cwd);
	ux_free(u);
}

static void host_speaks_first(void)
{
	static const char *const bad[] = { "", "x", "SENDTO\n", "SENDTO \nx", "SENDTO 1x\nx",
					   "SENDTO 4294967295\nx", "SENDTO 99999999999\nx",
					   "sendto 1\nx", "SENDTO 1" };
	struct ux *u = ux_new();
	int fd = client_at(u, "_dgram", SOCK_DGRAM);
	size_t i;

	CU_ASSERT_TRUE_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(send(fd, "SENDTO 3000\nfirst", 17, 0), 17);
	turn(u);
	CU_ASSERT_TRUE(guest_got(u, 0, 3000, "first"));
	CU_ASSERT_EQUAL(send(fd, "SENDTO 3000\n", 12, 0), 12);
	turn(u);
	CU_ASSERT_TRUE(guest_got(u, 0, 3000, ""));
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		CU_ASSERT_EQUAL(send(fd, bad[i], strlen(bad[i]), 0), (ssize_t)strlen(bad[i]));
	turn(u);
	CU_ASSERT_PTR_NULL(vg_recv(u->g));
	CU_ASSERT_EQUAL(vsu_counters(u->vsu)->dgrams_bad, ARRAY_SIZE(bad));
	close(fd);
	ux_free(u);
}

/* More than the device's queue takes: what does not fit waits, nothing is lost or reordered. */
static void datagrams_wait_for_room(void)
{
	struct ux *u = ux_new();
	int fd = client_at(u, "_dgram", SOCK_DGRAM);
	static char big[60000] = "SENDTO 7\n";
	const struct vmci_wire_dg *dg;
	unsigned int sent = 0, got = 0;

	CU_ASSERT_TRUE_FATAL(fd >= 0);
	big[9] = 0;
	while (got < 20) {
		while (sent < 20 && send(fd, big, sizeof(big), MSG_DONTWAIT) > 0)
			big[9] = (char)++sent;
		turn(u);
		dg = vg_recv(u->g);
		CU_ASSERT_PTR_NOT_NULL_FATAL(dg);
		CU_ASSERT_EQUAL(*(const char *)(dg + 1), (char)got);
		got++;
	}
	CU_ASSERT_EQUAL(got, 20);
	close(fd);
	ux_free(u);
}

static void guest_port_sockets_are_limited(void)
{
	struct ux *u = ux_new();
	int s = service(u, "_dgram_514", SOCK_DGRAM);
	struct stat st;
	char name[108], buf[8];
	uint32_t i;

	for (i = 0; i < 200; i++) {
		CU_ASSERT_EQUAL(guest_datagram(u, 3000 + i, 514, "x"), VMCI_DG_HDR_SIZE + 1);
		CU_ASSERT_EQUAL(recv(s, buf, 8, 0), 1);
	}
	snprintf(name, sizeof(name), "%s_dgram_guest_%u", u->path, 3000 + 199);
	CU_ASSERT_EQUAL(stat(name, &st), 0);
	snprintf(name, sizeof(name), "%s_dgram_guest_%u", u->path, 3000 + 100);
	CU_ASSERT_EQUAL(stat(name, &st), -1);
	service_end(u, "_dgram_514", s);
	ux_free(u);
}

static const struct unit_case cases[] = {
	{ "a guest's datagram arrives, and the reply gets back", datagram_and_reply },
	{ "a host program sends the first datagram", host_speaks_first },
	{ "datagrams that find no room wait in order", datagrams_wait_for_room },
	{ "sockets for the guest's ports are limited", guest_port_sockets_are_limited },
};

UNIT_MAIN("vsock_dgram", cases)
