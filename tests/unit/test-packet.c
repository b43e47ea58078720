/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-packet.c - packets of vSockets as the guest makes and reads them, and the transport over them
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/packet.h"
#include "lib/vsock.h"
#include "tests/unit/unit.h"

#define TYPE(n)		"\0\0\0\1\0\0\0\1\0\0\0" n "\0\0\0\0"
#define PAYLOAD(len)	"\0\0\0\2\0\0\0\2\0\0\0" len
#define HELLO		"\0\0\0\x20" TYPE("\1") PAYLOAD("\4") "1 hi"

static void made(void)
{
	static const guint8 data[] = "\0\0\0\x1f" TYPE("\1") PAYLOAD("\3") "abc";
	static const guint8 ping[] = "\0\0\0\x10" TYPE("\2");
	g_autoptr(GByteArray) a = g_byte_array_new();

	packet_data(a, (const guint8 *)"abc", 3);
	CU_ASSERT_EQUAL(a->len, sizeof(data) - 1);
	CU_ASSERT_EQUAL(memcmp(a->data, data, sizeof(data) - 1), 0);
	packet_ping(a);
	CU_ASSERT_EQUAL(a->len, sizeof(ping) - 1);
	CU_ASSERT_EQUAL(memcmp(a->data, ping, sizeof(ping) - 1), 0);
}

static void understood(void)
{
	static const struct {
		const char *bytes;
		gsize len;
		int want;
	} rows[] = {
#define ROW(bytes, want) { bytes, sizeof(bytes) - 1, want }
		ROW(TYPE("\1") PAYLOAD("\2") "ok", 1),
		ROW(PAYLOAD("\2") "ok" TYPE("\1"), 1),
		ROW("\0\0\0\3\0\0\0\7\0\0\0\1" "12345678" TYPE("\1") PAYLOAD("\2") "ok", 1),
		ROW("\0\0\0\4\0\0\0\7\0\0\0\2\0\0\0\0\0\0\0\1z" TYPE("\1") PAYLOAD("\2") "ok", 1),
		ROW(TYPE("\2"), 0),
		ROW(TYPE("\2") PAYLOAD("\2") "ok", 0),
		ROW(TYPE("\1"), 0),
		ROW("", 0),
		ROW("\0\0\0\1", -1),
		ROW("\0\0\0\1\0\0\0\1\0\0\0\1", -1),
		ROW(TYPE("\1") PAYLOAD("\3") "ok", -1),
		ROW(TYPE("\1") PAYLOAD("\0"), -1),
		ROW("\0\0\0\2\0\0\0\2\x7f\xff\xff\xff" "ok", -1),
		ROW("\0\0\0\3\0\0\0\7\xff\xff\xff\xff" "12345678", -1),
		ROW("\0\0\0\4\0\0\0\7\0\0\0\1\xff\xff\xff\xff", -1),
		ROW("\0\0\0\11\0\0\0\7\0\0\0\1", -1),
#undef ROW
	};
	guint i;

	for (i = 0; i < G_N_ELEMENTS(rows); i++) {
		const guint8 *msg = NULL;
		gsize len = 0;
		/* its own memory, so that a step beyond it is found */
		g_autofree guint8 *copy = g_memdup2(rows[i].bytes, rows[i].len);
		int got = packet_message(copy, rows[i].len, &msg, &len);

		if (got != rows[i].want)
			printf("# row %u: %d\n", i, got);
		CU_ASSERT_EQUAL(got, rows[i].want);
		CU_ASSERT_TRUE(got != 1 || (len == 2 && !memcmp(msg, "ok", 2)));
	}
}

static void lengths(void)
{
	CU_ASSERT_EQUAL(packet_length((const guint8 *)"\0\0\0\1"), 1);
	CU_ASSERT_EQUAL(packet_length((const guint8 *)"\0\1\1\0"), 65792);
	CU_ASSERT_EQUAL(packet_length((const guint8 *)"\0\1\1\1"), 0);
	CU_ASSERT_EQUAL(packet_length((const guint8 *)"\0\0\0\0"), 0);
	CU_ASSERT_EQUAL(packet_length((const guint8 *)"\xff\xff\xff\xff"), 0);
}

/* ---- the transport, over a pair of sockets --------------------------------------------------- */

static VmtChannel *channel(VmtProto proto, int *ret_host)
{
	int pair[2];

	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	*ret_host = pair[1];
	return vmt_channel_of(&vmt_transport_vsock, proto, vmt_vsock_of(pair[0]));
}

static void host_says(int host, const char *bytes, gsize len)
{
	CU_ASSERT_EQUAL(write(host, bytes, len), (ssize_t)len);
}

static void asked(void)
{
	static const guint8 want[] = "\0\0\0\x20" TYPE("\1") PAYLOAD("\4") "what";
	int host;
	VmtChannel *ch = channel(VMT_PROTO_RPCI, &host);
	g_autofree char *reply = NULL;
	guint8 got[64];
	gsize len = 0;

	host_says(host, HELLO, sizeof(HELLO) - 1);
	reply = vmt_channel_call(ch, "what", 4, &len, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(reply);
	CU_ASSERT_STRING_EQUAL(reply, "hi");
	CU_ASSERT_EQUAL(read(host, got, sizeof(got)), sizeof(want) - 1);
	CU_ASSERT_EQUAL(memcmp(got, want, sizeof(want) - 1), 0);
	CU_ASSERT_FALSE(vmt_channel_privileged(ch));
	vmt_channel_free(ch);
	close(host);
}

/* What comes in pieces waits in the channel, and of the next packet nothing is taken. */
static void pieces(void)
{
	static const char two[] = HELLO HELLO;
	int host;
	VmtChannel *ch = channel(VMT_PROTO_TCLO, &host);
	gsize i, messages = 0;

	for (i = 0; i < sizeof(two) - 1; i++) {
		int got;

		host_says(host, two + i, 1);
		got = vmt_channel_receive(ch, NULL);
		CU_ASSERT_EQUAL(got, i % (sizeof(HELLO) - 1) == sizeof(HELLO) - 2);
		messages += got == 1;
	}
	CU_ASSERT_EQUAL(messages, 2);
	host_says(host, two, sizeof(two) - 1);
	CU_ASSERT_EQUAL(vmt_channel_receive(ch, NULL), 1);
	CU_ASSERT_EQUAL(recv(ch->transport->fd(ch), (char[64]){ 0 }, 64, MSG_PEEK), sizeof(HELLO) - 1);
	vmt_channel_free(ch);
	close(host);
}

/* After an answer that did not come in time, the next one that comes is not taken for another's. */
static void silence(void)
{
	int host;
	VmtChannel *ch = channel(VMT_PROTO_RPCI, &host);
	g_autoptr(GError) error = NULL;
	gint64 start = g_get_monotonic_time();

	CU_ASSERT_TRUE(vmt_channel_send(ch, "what", 4, NULL));
	CU_ASSERT_EQUAL(vmt_channel_receive(ch, &error), -1);
	CU_ASSERT_TRUE(g_error_matches(error, VMT_ERROR, VMT_ERROR_TIMEOUT));
	CU_ASSERT_TRUE(g_get_monotonic_time() - start < 4 * G_USEC_PER_SEC);
	g_clear_error(&error);
	CU_ASSERT_FALSE(vmt_channel_send(ch, "next", 4, &error));
	CU_ASSERT_TRUE(g_error_matches(error, VMT_ERROR, VMT_ERROR_CLOSED));
	vmt_channel_free(ch);
	close(host);
}

static void broken_packets(void)
{
	static const struct {
		const char *bytes;
		gsize len;
		VmtError want;
	} rows[] = {
		{ "\0\0\0\0", 4, VMT_ERROR_PROTOCOL },
		{ "\x7f\xff\xff\xff", 4, VMT_ERROR_PROTOCOL },
		{ "\0\0\0\4\0\0\0\1", 8, VMT_ERROR_PROTOCOL },
	};
	guint i;

	for (i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		int host;
		VmtChannel *ch = channel(VMT_PROTO_RPCI, &host);

		host_says(host, rows[i].bytes, rows[i].len);
		CU_ASSERT_EQUAL(vmt_channel_receive(ch, &error), -1);
		CU_ASSERT_TRUE(g_error_matches(error, VMT_ERROR, (int)rows[i].want));
		vmt_channel_free(ch);
		close(host);
	}
}

static void closed(void)
{
	g_autoptr(GError) error = NULL;
	int host;
	VmtChannel *ch = channel(VMT_PROTO_TCLO, &host);

	close(host);
	CU_ASSERT_EQUAL(vmt_channel_receive(ch, &error), -1);
	CU_ASSERT_TRUE(g_error_matches(error, VMT_ERROR, VMT_ERROR_CLOSED));
	vmt_channel_free(ch);
}

/* ---- a server over it ------------------------------------------------------------------------ */

static gboolean command(VmtTclo *tclo, const char *name, const char *args, gsize len,
			GString *reply, gpointer data)
{
	return FALSE;
}

static void reset(VmtTclo *tclo, gpointer data)
{
}

static void lost(VmtTclo *tclo, const GError *error, gpointer data)
{
}

static void alive(void)
{
	static const VmtTcloFuncs funcs = { .command = command, .reset = reset, .lost = lost };
	static const guint8 want[] = "\0\0\0\x10" TYPE("\2");
	guint8 got[64] = { 0 };
	int host;
	VmtTclo *tclo = vmt_tclo_of(channel(VMT_PROTO_TCLO, &host), "toolbox", &funcs, NULL);
	ssize_t n;

	do {
		g_main_context_iteration(NULL, TRUE);	/* ends by the timer of a second */
		n = recv(host, got, sizeof(got), MSG_DONTWAIT);
	} while (n < 0);
	CU_ASSERT_EQUAL(n, sizeof(want) - 1);
	CU_ASSERT_EQUAL(memcmp(got, want, sizeof(want) - 1), 0);
	vmt_tclo_free(tclo);
	close(host);
}

static const struct unit_case cases[] = {
	{ "packets are what the format says", made },
	{ "a message is found in any order of the fields, and in no broken packet", understood },
	{ "a length of nothing or of too much is none", lengths },
	{ "a request and its answer are a packet each", asked },
	{ "a packet may come in pieces, and the next one stays in the socket", pieces },
	{ "a host that does not answer in time is not listened to any more", silence },
	{ "what is no packet is an error of the protocol", broken_packets },
	{ "the end of the stream is a closed channel", closed },
	{ "the host is told each second that we live", alive },
};

UNIT_MAIN("packet", cases)
