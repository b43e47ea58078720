/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-vmtd.c - the real vmtd against a fake host and a fake helper
 *
 * The program runs in namespaces of its own, so that the test can rename the machine and give it an
 * interface.  Every wait is for an event, with a limit.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "tests/unit/fakehost.h"
#include "tests/unit/unit.h"

#define WAIT_MS	10000

struct fixture {
	struct fakehost *host;
	GPid pid;
	char *dir, *priv_path, *notify_path, *conf_path;
	int priv, notify;		/* listening; a datagram socket */
};

static int listen_at(const char *path, int type)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	g_strlcpy(addr.sun_path, path, sizeof(addr.sun_path));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    (type != SOCK_DGRAM && listen(fd, 4) < 0))
		g_error("%s: %s", path, g_strerror(errno));
	return fd;
}

static gboolean spawn(struct fixture *f, const char *channel)
{
	const char *real = TOP_BUILDDIR "/agent/.libs/vmtd";
	char *argv[] = { (char *)(g_file_test(real, G_FILE_TEST_EXISTS) ? real :
				  TOP_BUILDDIR "/agent/vmtd"), (char *)"--debug", (char *)"--priv",
			 f->priv_path, (char *)"--conf", f->conf_path, NULL };
	g_auto(GStrv) env = g_get_environ();
	GSpawnFlags flags = G_SPAWN_DO_NOT_REAP_CHILD;

	if (!g_getenv("VMTD_TEST_VERBOSE"))
		flags |= G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL;
	env = g_environ_setenv(env, "LD_LIBRARY_PATH", TOP_BUILDDIR "/lib/.libs", TRUE);
	env = g_environ_setenv(env, "NOTIFY_SOCKET", f->notify_path, TRUE);
	env = g_environ_setenv(env, "VMT_CHANNEL", channel, TRUE);
	return g_spawn_async(NULL, argv, env, flags, NULL, NULL, &f->pid, NULL);
}

static struct fixture *start(gboolean polled)
{
	struct fixture *f = g_new0(struct fixture, 1);

	f->host = fakehost_new();
	f->dir = g_dir_make_tmp("vmtd-XXXXXX", NULL);
	f->priv_path = g_build_filename(f->dir, "priv", NULL);
	f->notify_path = g_build_filename(f->dir, "notify", NULL);
	f->conf_path = g_build_filename(f->dir, "vmtd.conf", NULL);
	f->priv = listen_at(f->priv_path, SOCK_SEQPACKET);
	f->notify = listen_at(f->notify_path, SOCK_DGRAM);
	CU_ASSERT_TRUE_FATAL(spawn(f, fakehost_channel(f->host, polled)));
	return f;
}

/* Sends the program a signal and returns its exit status */
static int stop(struct fixture *f, int sig)
{
	int status = -1;

	if (f->pid) {
		kill(f->pid, sig);
		waitpid(f->pid, &status, 0);
	}
	f->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void end(struct fixture *f)
{
	if (f->pid)
		CU_ASSERT_EQUAL(stop(f, SIGTERM), 0);
	fakehost_free(f->host);
	close(f->priv);
	close(f->notify);
	g_unlink(f->priv_path);
	g_unlink(f->notify_path);
	g_unlink(f->conf_path);
	g_rmdir(f->dir);
	g_free(f->priv_path);
	g_free(f->notify_path);
	g_free(f->conf_path);
	g_free(f->dir);
	g_free(f);
}

static void ask(struct fixture *f, const char *message, const char *want)
{
	g_autofree char *got = fakehost_tclo_text(f->host, message, WAIT_MS);

	CU_ASSERT_PTR_NOT_NULL_FATAL(got);
	CU_ASSERT_STRING_EQUAL(got, want);
}

/* The next request that begins with @prefix is exactly @want, if that is given */
static void expect(struct fixture *f, const char *prefix, const char *want)
{
	GByteArray *got = fakehost_request(f->host, prefix, WAIT_MS);

	CU_ASSERT_PTR_NOT_NULL(got);
	if (!got) {
		printf("# no request that begins with \"%s\"\n", prefix);
		return;
	}
	if (want)
		CU_ASSERT_STRING_EQUAL(got->data, want);
	g_byte_array_unref(got);
}

/* Accepts the agent's call of the helper, and answers it; NULL leaves it open and returns it */
static int helper(struct fixture *f, const char *want, const char *answer)
{
	struct pollfd p = { .fd = f->priv, .events = POLLIN };
	char buf[64] = "";
	int fd = poll(&p, 1, WAIT_MS) == 1 ? accept(f->priv, NULL, NULL) : -1;

	CU_ASSERT_TRUE_FATAL(fd >= 0);
	CU_ASSERT_TRUE(recv(fd, buf, sizeof(buf) - 1, 0) > 0);
	CU_ASSERT_STRING_EQUAL(buf, want);
	if (!answer)
		return fd;
	(void)!send(fd, answer, strlen(answer), MSG_NOSIGNAL);
	close(fd);
	return -1;
}

static char *next_notify(struct fixture *f)
{
	struct pollfd p = { .fd = f->notify, .events = POLLIN };
	char buf[512];
	ssize_t n = poll(&p, 1, WAIT_MS) == 1 ? recv(f->notify, buf, sizeof(buf), 0) : 0;

	return g_strndup(buf, (gsize)MAX(n, 0));
}

static void hello(struct fixture *f)
{
	ask(f, "reset", "OK ATR toolbox");
	expect(f, "vmx.capability", "vmx.capability.unified_loop toolbox");
	expect(f, "log ", "log toolbox: Version: vmtkit " PACKAGE_VERSION);
}

static void greeting(void)
{
	struct fixture *f = start(FALSE);
	g_autofree char *ready = next_notify(f), *last = NULL;

	CU_ASSERT_STRING_EQUAL(ready, "READY=1\nSTATUS=Serving the host, transport fake");
	hello(f);
	ask(f, "ping", "OK ");
	ask(f, "Capabilities_Register", "OK ");
	expect(f, "tools.capability.statechange", "tools.capability.statechange ");
	expect(f, "tools.set.version", "tools.set.versiontype 2147483647 4");
	expect(f, "SetGuestInfo  7 ", NULL);
	ask(f, "Nonsense 1", "ERROR Unknown Command");
	CU_ASSERT_EQUAL(stop(f, SIGTERM), 0);
	last = next_notify(f);
	CU_ASSERT_STRING_EQUAL(last, "STOPPING=1");
	end(f);
}

static void old_host_version(void)
{
	struct fixture *f = start(FALSE);

	fakehost_answer(f->host, "tools.set.versiontype", "0 Unknown command");
	hello(f);
	ask(f, "Capabilities_Register", "OK ");
	expect(f, "tools.set.versiontype", NULL);
	expect(f, "tools.set.version ", "tools.set.version 2147483647");
	end(f);
}

static void reports(void)
{
	struct fixture *f = start(FALSE);
	char name[65] = "";
	g_autofree char *want = NULL;
	GByteArray *os;

	gethostname(name, sizeof(name) - 1);
	want = g_strdup_printf("SetGuestInfo  1 %s", name);
	hello(f);
	expect(f, "SetGuestInfo  1 ", want);
	os = fakehost_request(f->host, "SetGuestInfo  11 ", WAIT_MS);
	CU_ASSERT_PTR_NOT_NULL_FATAL(os);
	CU_ASSERT_TRUE(os->len > 17 + 648);
	CU_ASSERT_EQUAL(memcmp(os->data + 17, "\1\0\0\0", 4), 0);
	g_byte_array_unref(os);
	expect(f, "SetGuestInfo  10 ", NULL);
	expect(f, "SetGuestDiskInfo {", NULL);
	expect(f, "SetGuestInfo  8 ", NULL);
	end(f);
}

static void old_host_reports(void)
{
	struct fixture *f = start(FALSE);

	fakehost_answer(f->host, "SetGuestInfo  11 ", "0 Unknown command");
	fakehost_answer(f->host, "SetGuestInfo  10 ", "1 not stored");
	fakehost_answer(f->host, "SetGuestInfo  9 ", "0 Unknown command");
	fakehost_answer(f->host, "SetGuestDiskInfo ", "0 Unknown command");
	hello(f);
	expect(f, "SetGuestInfo  5 ", NULL);
	expect(f, "SetGuestInfo  6 ", NULL);
	expect(f, "SetGuestInfo  10 ", NULL);
	expect(f, "SetGuestInfo  9 ", NULL);
	expect(f, "SetGuestInfo  9 ", NULL);
	expect(f, "SetGuestInfo  2 ", NULL);
	expect(f, "SetGuestInfo  3 ", NULL);
	end(f);
}

static void told_again(void)
{
	struct fixture *f = start(FALSE);

	hello(f);
	expect(f, "SetGuestInfo  10 ", NULL);
	ask(f, "reset", "OK ATR toolbox");
	expect(f, "SetGuestInfo  1 ", NULL);
	expect(f, "SetGuestInfo  10 ", NULL);
	CU_ASSERT_EQUAL(fakehost_count(f->host, "SetGuestInfo  1 "), 2);
	fakehost_drop(f->host);
	hello(f);
	expect(f, "SetGuestInfo  10 ", NULL);
	CU_ASSERT_EQUAL(fakehost_count(f->host, "SetGuestInfo  1 "), 3);
	end(f);
}

static void renamed(void)
{
	struct fixture *f = start(FALSE);
	char old[65] = "";

	gethostname(old, sizeof(old) - 1);
	hello(f);
	expect(f, "SetGuestInfo  10 ", NULL);
	CU_ASSERT_EQUAL_FATAL(sethostname("another-name", 12), 0);
	expect(f, "SetGuestInfo  1 ", "SetGuestInfo  1 another-name");
	CU_ASSERT_EQUAL(sethostname(old, strlen(old)), 0);
	end(f);
}

/* The next report of the operating system names it so */
static void expect_os(struct fixture *f, const char *want)
{
	GByteArray *os = fakehost_request(f->host, "SetGuestInfo  11 ", WAIT_MS);

	CU_ASSERT_PTR_NOT_NULL_FATAL(os);
	CU_ASSERT_TRUE(os->len > 17 + 648);
	CU_ASSERT_STRING_EQUAL((char *)os->data + 17 + 4, want);
	g_byte_array_unref(os);
}

static void configured(void)
{
	struct fixture *f = start(FALSE);

	hello(f);
	expect(f, "SetGuestInfo  11 ", NULL);
	expect(f, "SetGuestInfo  10 ", NULL);
	CU_ASSERT_TRUE(g_file_set_contents(f->conf_path, "[guestosinfo]\nshort-name=by-file\n", -1, NULL));
	expect_os(f, "by-file");
	kill(f->pid, SIGHUP);
	expect_os(f, "by-file");
	expect(f, "SetGuestInfo  10 ", NULL);
	CU_ASSERT_TRUE(g_file_set_contents(f->conf_path, "[guestosinfo]\nshort-name=again\n"
					   "[vmtools]\ndisable-tools-version=true\n"
					   "[logging]\nvmsvc.handler=vmx\n", -1, NULL));
	expect_os(f, "again");
	ask(f, "Capabilities_Register", "OK ");
	CU_ASSERT_EQUAL(fakehost_count(f->host, "tools.set.version"), 0);
	ask(f, "OS_PowerOn", "OK ");
	expect(f, "log ", "log toolbox: the host asks for: power on");
	end(f);
}

static void run_ip(const char *line)
{
	g_autoptr(GError) error = NULL;
	int status;

	if (!g_spawn_command_line_sync(line, NULL, NULL, &status, &error) || status)
		CU_FAIL("ip(8) failed");
}

static void readdressed(void)
{
	static const guint8 address[] = { 192, 0, 2, 77 };
	struct fixture *f = start(FALSE);
	GByteArray *report;

	hello(f);
	expect(f, "SetGuestInfo  10 ", NULL);
	run_ip("ip link add test0 address 02:00:00:00:00:01 type bridge");
	run_ip("ip addr add 192.0.2.77/24 dev test0");
	run_ip("ip link set test0 up");
	ask(f, "Set_Option broadcastIP 1", "OK ");
	expect(f, "info-set", "info-set guestinfo.ip 192.0.2.77");
	ask(f, "reset", "OK ATR toolbox");
	report = fakehost_request(f->host, "SetGuestInfo  10 ", WAIT_MS);
	CU_ASSERT_PTR_NOT_NULL_FATAL(report);
	CU_ASSERT_PTR_NOT_NULL(memmem(report->data, report->len, "02:00:00:00:00:01", 17));
	CU_ASSERT_PTR_NOT_NULL(memmem(report->data, report->len, address, 4));
	g_byte_array_unref(report);
	run_ip("ip addr del 192.0.2.77/24 dev test0");
	report = fakehost_request(f->host, "SetGuestInfo  10 ", WAIT_MS);
	CU_ASSERT_PTR_NOT_NULL_FATAL(report);
	CU_ASSERT_PTR_NULL(memmem(report->data, report->len, address, 4));
	g_byte_array_unref(report);
	run_ip("ip link del test0");
	end(f);
}

/* Lines for ip(8), of its own file so that a thousand cost one process */
static void run_ip_batch(struct fixture *f, const GString *lines)
{
	g_autofree char *path = g_build_filename(f->dir, "batch", NULL);
	g_autofree char *line = g_strdup_printf("ip -batch %s", path);

	CU_ASSERT_TRUE_FATAL(g_file_set_contents(path, lines->str, (gssize)lines->len, NULL));
	run_ip(line);
	g_unlink(path);
}

/* Seconds of processor time that the program has used */
static double cpu_used(struct fixture *f)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)f->pid), *text = NULL;
	g_auto(GStrv) words = NULL;

	CU_ASSERT_TRUE_FATAL(g_file_get_contents(path, &text, NULL, NULL));
	words = g_strsplit(strrchr(text, ')'), " ", -1);
	return (g_ascii_strtod(words[12], NULL) + g_ascii_strtod(words[13], NULL)) / (double)sysconf(_SC_CLK_TCK);
}

#define MANY_NICS	300
#define MANY_ROUTES	6000
#define MANY_CHANGES	1000

/* With lists that are searched one by one this would take seconds */
static void crowded(void)
{
	struct fixture *f = start(FALSE);
	g_autoptr(GString) lines = g_string_new(NULL);
	double before;
	guint i;

	for (i = 0; i < MANY_NICS; i++)
		g_string_append_printf(lines, "link add many%u group 77 type bridge\n"
				       "addr add 10.%u.%u.1/24 dev many%u\nlink set many%u up\n",
				       i, i / 256, i % 256, i, i);
	for (i = 0; i < MANY_ROUTES; i++)
		g_string_append_printf(lines, "route add 172.16.%u.%u/32 dev many%u\n", i / 256, i % 256,
				       i % MANY_NICS);
	run_ip_batch(f, lines);
	CU_ASSERT_EQUAL(stop(f, SIGKILL), -1);
	fakehost_drop(f->host);
	CU_ASSERT_TRUE_FATAL(spawn(f, fakehost_channel(f->host, FALSE)));
	hello(f);
	expect(f, "SetGuestInfo  10 ", NULL);
	CU_ASSERT_TRUE(cpu_used(f) < 0.5);
	before = cpu_used(f);
	g_string_truncate(lines, 0);
	for (i = 0; i < MANY_CHANGES / 2; i++)
		g_string_append_printf(lines, "addr add 192.0.2.1/32 dev many%u\naddr del 192.0.2.1/32 dev many%u\n",
				       i % MANY_NICS, i % MANY_NICS);
	g_string_append(lines, "addr add 192.0.2.1/32 dev many0\n");
	run_ip_batch(f, lines);
	ask(f, "Set_Option broadcastIP 1", "OK ");
	expect(f, "info-set", "info-set guestinfo.ip 10.0.0.1");
	CU_ASSERT_TRUE(cpu_used(f) - before < 0.5);
	run_ip("ip link del group 77");
	end(f);
}

static void options(void)
{
	static const struct {
		const char *message, *want;
	} rows[] = {
		{ "Set_Option broadcastIP 1", "OK " },
		{ "Set_Option broadcastIP 2", "ERROR Unknown or invalid option" },
		{ "Set_Option synctime 0", "OK " },
		{ "Set_Option synctime.period 60", "OK " },
		{ "Set_Option synctime.period -1", "ERROR Unknown or invalid option" },
		{ "Set_Option time.synchronize.tools.slewCorrection 1", "OK " },
		{ "Set_Option toolScripts.afterPowerOn 1", "OK " },
		{ "Set_Option copypaste 1", "ERROR Unknown or invalid option" },
		{ "Set_Option", "ERROR Unknown or invalid option" },
		{ "Set_Option synctime", "ERROR Unknown or invalid option" },
		{ "Set_Option  synctime 1", "ERROR Unknown or invalid option" },
		{ "Time_Synchronize", "ERROR Unable to tokenize TimeSync RPC data" },
	};
	struct fixture *f = start(FALSE);
	guint i;

	for (i = 0; i < G_N_ELEMENTS(rows); i++)
		ask(f, rows[i].message, rows[i].want);
	end(f);
}

static void power_off(void)
{
	struct fixture *f = start(FALSE);

	hello(f);
	ask(f, "OS_Halt", "OK ");
	helper(f, "script-poweroff", "ok");
	helper(f, "poweroff", "ok");
	expect(f, "tools.os.statechange", "tools.os.statechange.status 1 1");
	ask(f, "OS_Reboot", "OK ");
	helper(f, "script-poweroff", "ok");
	helper(f, "reboot", "ok");
	expect(f, "tools.os.statechange", "tools.os.statechange.status 1 2");
	end(f);
}

static void power_veto(void)
{
	struct fixture *f = start(FALSE);

	hello(f);
	ask(f, "OS_Halt", "OK ");
	helper(f, "script-poweroff", "failed");
	expect(f, "tools.os.statechange", "tools.os.statechange.status 0 1");
	ask(f, "OS_Reboot", "OK ");
	helper(f, "script-poweroff", "failed");
	expect(f, "tools.os.statechange", "tools.os.statechange.status 0 2");
	ask(f, "OS_Reboot", "OK ");
	helper(f, "script-poweroff", "failed");
	helper(f, "reboot", "ok");
	expect(f, "tools.os.statechange", "tools.os.statechange.status 1 2");
	ask(f, "OS_Suspend", "OK ");
	helper(f, "script-suspend", "failed");
	expect(f, "tools.os.statechange", "tools.os.statechange.status 0 5");
	end(f);
}

static void power_fails(void)
{
	struct fixture *f = start(FALSE);

	hello(f);
	ask(f, "Set_Option toolScripts.beforePowerOff 0", "OK ");
	ask(f, "OS_Halt", "OK ");
	helper(f, "poweroff", "error no such thing");
	expect(f, "tools.os.statechange", "tools.os.statechange.status 0 1");
	ask(f, "OS_Halt", "OK ");
	close(helper(f, "poweroff", NULL));
	expect(f, "tools.os.statechange", "tools.os.statechange.status 0 1");
	close(f->priv);
	f->priv = -1;
	ask(f, "OS_Halt", "OK ");
	expect(f, "tools.os.statechange", "tools.os.statechange.status 0 1");
	end(f);
}

static void power_twice(void)
{
	struct fixture *f = start(FALSE);
	int fd;

	hello(f);
	ask(f, "OS_Halt", "OK ");
	fd = helper(f, "script-poweroff", NULL);
	ask(f, "OS_Reboot", "ERROR State change already in progress");
	ask(f, "ping", "OK ");
	(void)!send(fd, "error no systemd", 16, MSG_NOSIGNAL);
	close(fd);
	helper(f, "poweroff", "ok");
	expect(f, "tools.os.statechange", "tools.os.statechange.status 1 1");
	end(f);
}

static void power_supersedes(void)
{
	struct fixture *f = start(FALSE);
	int fd;

	hello(f);
	ask(f, "OS_PowerOn", "OK ");
	fd = helper(f, "script-poweron", NULL);
	ask(f, "OS_Suspend", "ERROR State change already in progress");
	ask(f, "OS_Halt", "OK ");
	helper(f, "script-poweroff", "ok");
	helper(f, "poweroff", "ok");
	expect(f, "tools.os.statechange", "tools.os.statechange.status 1 1");
	close(fd);
	end(f);
}

static void power_others(void)
{
	struct fixture *f = start(FALSE);

	hello(f);
	ask(f, "OS_PowerOn", "OK ");
	helper(f, "script-poweron", "ok");
	expect(f, "tools.os.statechange", "tools.os.statechange.status 1 3");
	ask(f, "OS_Suspend", "OK ");
	helper(f, "script-suspend", "ok");
	expect(f, "tools.os.statechange", "tools.os.statechange.status 1 5");
	ask(f, "Set_Option toolScripts.afterResume 0", "OK ");
	ask(f, "OS_Resume", "OK ");
	expect(f, "tools.os.statechange", "tools.os.statechange.status 1 4");
	expect(f, "SetGuestInfo  10 ", NULL);
	end(f);
}

static void polled(void)
{
	struct fixture *f = start(TRUE);

	hello(f);
	ask(f, "OS_Halt", "OK ");
	helper(f, "script-poweroff", "ok");
	helper(f, "poweroff", "ok");
	expect(f, "tools.os.statechange", "tools.os.statechange.status 1 1");
	end(f);
}

static void contended(void)
{
	struct fixture *f = start(FALSE);
	g_autofree char *ready = next_notify(f), *told = NULL;
	guint i;

	/* What a second agent does: whenever this one has the channel, it takes it */
	for (i = 0; i < 4; i++) {
		ask(f, "reset", "OK ATR toolbox");
		fakehost_drop(f->host);
	}
	told = next_notify(f);
	CU_ASSERT_STRING_EQUAL(told, "STATUS=Another program serves the host: is vmtoolsd running?");
	end(f);
}

static void elsewhere(void)
{
	struct fixture *f = start(FALSE);
	g_autofree char *text = NULL;
	int status;

	CU_ASSERT_EQUAL(stop(f, SIGKILL), -1);
	close(f->notify);
	g_unlink(f->notify_path);
	f->notify = listen_at(f->notify_path, SOCK_DGRAM);
	CU_ASSERT_TRUE_FATAL(spawn(f, "fake:/nonexistent"));
	text = next_notify(f);
	CU_ASSERT_TRUE(g_str_has_prefix(text, "READY=1\nSTATUS="));
	waitpid(f->pid, &status, 0);
	f->pid = 0;
	CU_ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	end(f);
}

static const struct unit_case cases[] = {
	{ "a host is greeted, pinged and told the version; SIGTERM ends it well", greeting },
	{ "a host that does not know version types gets the older form", old_host_version },
	{ "name, operating system and network are reported", reports },
	{ "a host that refuses new reports gets the older ones", old_host_reports },
	{ "after a reset or a lost channel all is told again", told_again },
	{ "a new host name reaches the host by itself", renamed },
	{ "a changed configuration takes effect by itself, and at SIGHUP", configured },
	{ "a new address reaches the host by itself, and its removal", readdressed },
	{ "hundreds of interfaces and thousands of routes and changes cost little", crowded },
	{ "options are taken or refused as documented", options },
	{ "power off and reboot are answered, asked of the helper, and told", power_off },
	{ "a script that fails is a veto, which the same request overrules", power_veto },
	{ "a helper that fails, dies or is not there is told to the host", power_fails },
	{ "a second power operation meanwhile is refused", power_twice },
	{ "a power off does not wait for the scripts of a start", power_supersedes },
	{ "power on, suspend and resume are answered and told", power_others },
	{ "a transport that has to be polled works the same", polled },
	{ "a second agent in the machine is found out and told of", contended },
	{ "without a host the service is ready, says why, and ends with 0", elsewhere },
};

int main(int argc, char **argv)
{
	if (unshare(CLONE_NEWUTS | CLONE_NEWNET) < 0 &&
	    unshare(CLONE_NEWUSER | CLONE_NEWUTS | CLONE_NEWNET) < 0) {
		printf("Bail out! namespaces are needed: %s\n", g_strerror(errno));
		return 2;
	}
	return unit_main("vmtd", cases, G_N_ELEMENTS(cases), argc, argv);
}
