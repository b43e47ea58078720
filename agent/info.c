/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * info.c - what the host is told about this machine, and when
 *
 * Each report has a slot with the last payload that the host took; only another one is sent.  Changes
 * come from the kernel: netlink for the network, poll() on files of /proc for name and mounts.
 * They are put together: at the earliest SETTLE_MS after the change, at most one round each second.
 * Each poll-interval of the configuration all is looked at again, for what nobody tells (name servers,
 * free space), and the uptime is sent.  Memory and load are told each stats-interval.
 *
 * A report that the host does not know falls back to the older form, until the next reset.
 * "1 " and something behind it is a refusal too: that is how hosts answer what they did not store.
 */
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <glib-unix.h>

#include <wire/guestrpc.h>

#include "agent/agent.h"
#include "agent/conf.h"
#include "agent/info.h"
#include "agent/netlink.h"
#include "agent/nicreport.h"
#include "agent/osinfo.h"
#include "agent/stats.h"
#include "lib/disks.h"

#define SETTLE_MS	100
#define ROUND_MS	1000

enum slot {
	SLOT_HOST_NAME,
	SLOT_OS_DETAILED,
	SLOT_OS_NAME_FULL,
	SLOT_OS_NAME,
	SLOT_NETWORK,
	SLOT_IP,		/* the variable guestinfo.ip */
	SLOT_DISKS,
	SLOT_STATS,
	SLOTS,
};

/* A file of /proc that poll() tells changes of */
struct watch {
	int fd;
	guint source;
};

struct info {
	struct agent *agent;
	struct netlink *netlink;	/* NULL if the kernel refuses */
	struct osinfo os;
	GBytes *sent[SLOTS];
	gboolean told;			/* the host has begun: reports are wanted */
	gboolean os_old;		/* it does not know OS_DETAILED */
	gboolean disks_old;		/* nor SetGuestDiskInfo */
	enum nic_form nic_form;
	guint nics_said;
	gboolean broadcast_ip;
	guint round_timer, safety_timer, stats_timer;
	struct stats stats;		/* of the last report; at_us is 0 before the first */
	struct watch name, mounts;
	gint64 last_round;		/* monotonic, us */
};

/* One request that holds a report.  Returns FALSE if the host does not take this form */
static gboolean send_request(struct info *info, enum slot slot, const char *head, GBytes *payload)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GByteArray) request = g_byte_array_new();
	g_autofree char *reply = NULL;
	gsize len = 0;

	if (info->sent[slot] && g_bytes_equal(info->sent[slot], payload))
		return TRUE;
	g_byte_array_append(request, (const guint8 *)head, (guint)strlen(head));
	g_byte_array_append(request, g_bytes_get_data(payload, NULL), (guint)g_bytes_get_size(payload));
	reply = agent_rpc_bytes(info->agent, request->data, request->len, &len, &error);
	g_clear_pointer(&info->sent[slot], g_bytes_unref);
	if (reply && !len) {
		info->sent[slot] = g_bytes_ref(payload);
		return TRUE;
	}
	g_debug("the host did not take \"%s\": %s", head, reply ? reply : error->message);
	return !reply && !g_error_matches(error, VMT_ERROR, VMT_ERROR_REFUSED);
}

static gboolean send_report(struct info *info, enum slot slot, guint type, GBytes *payload)
{
	g_autofree char *head = g_strdup_printf(GRPC_SET_GUEST_INFO "  %u ", type);

	return send_request(info, slot, head, payload);
}

static gboolean send_text(struct info *info, enum slot slot, guint type, const char *text)
{
	/* With the NUL counted, as the hosts know it from their own tools */
	g_autoptr(GBytes) payload = g_bytes_new(text, strlen(text) + 1);

	return send_report(info, slot, type, payload);
}

static void send_host_name(struct info *info)
{
	char name[HOST_NAME_MAX + 1] = "";

	if (gethostname(name, sizeof(name) - 1) == 0 && *name)
		(void)send_text(info, SLOT_HOST_NAME, GRPC_INFO_DNS_NAME, name);
}

static void send_os(struct info *info)
{
	if (!info->os_old) {
		g_autoptr(GBytes) payload = osinfo_detailed(&info->os);

		info->os_old = !send_report(info, SLOT_OS_DETAILED, GRPC_INFO_OS_DETAILED, payload);
	}
	if (!info->os_old)
		return;
	(void)send_text(info, SLOT_OS_NAME_FULL, GRPC_INFO_OS_NAME_FULL, info->os.name);
	(void)send_text(info, SLOT_OS_NAME, GRPC_INFO_OS_NAME, info->os.id);
}

/* guestinfo.ip, for the hosts that asked for it.  FALSE if there is no address to tell */
static gboolean send_ip(struct info *info, const struct net_state *net)
{
	const struct net_ip *ip = net_state_primary(net);
	g_autofree char *text = ip ? net_ip_text(ip) : NULL;
	g_autoptr(GBytes) value = text ? g_bytes_new(text, strlen(text)) : NULL;
	g_autoptr(GError) error = NULL;

	if (!value)
		return FALSE;
	if (info->sent[SLOT_IP] && g_bytes_equal(info->sent[SLOT_IP], value))
		return TRUE;
	g_clear_pointer(&info->sent[SLOT_IP], g_bytes_unref);
	if (agent_rpc(info->agent, &error, GRPC_INFO_SET " guestinfo.ip %s", text))
		info->sent[SLOT_IP] = g_steal_pointer(&value);
	return TRUE;
}

/* Once for each number of interfaces that the report has no room for */
static void say_limit(struct info *info, guint nics)
{
	if (nics > GRPC_NICS_MAX && nics != info->nics_said)
		g_message("of %u network interfaces the host is told of %d; primary-nics and exclude-nics in "
			  "vmtd.conf(5) say of which", nics, GRPC_NICS_MAX);
	info->nics_said = nics;
}

static void send_network(struct info *info)
{
	struct net_state *net;

	if (!info->netlink)
		return;
	net = netlink_collect(info->netlink, info->agent->conf);
	say_limit(info, net->nics_found);
	for (; info->nic_form < NIC_FORMS; info->nic_form++) {
		g_autoptr(GBytes) payload = nic_report_encode(net, info->nic_form);

		if (payload && send_report(info, SLOT_NETWORK, nic_form_type(info->nic_form), payload))
			break;
	}
	if (info->nic_form == NIC_FORMS) {
		g_debug("the host takes no form of the network report");
		info->nic_form = NIC_FORM_V3;
	}
	if (info->broadcast_ip)
		(void)send_ip(info, net);
	net_state_free(net);
}

/* Sizes change all the time: this goes with the regular round, and when something is mounted */
static void send_disks(struct info *info)
{
	GPtrArray *disks = disks_collect(info->agent->conf->reserved_free);
	g_autoptr(GBytes) old = NULL;

	if (!info->disks_old) {
		char *text = disks_json(disks);
		g_autoptr(GBytes) json = g_bytes_new_take(text, strlen(text) + 1);

		info->disks_old = !send_request(info, SLOT_DISKS, GRPC_SET_GUEST_DISK_INFO " ", json);
	}
	if (info->disks_old) {
		old = disks_old(disks);
		(void)send_report(info, SLOT_DISKS, GRPC_INFO_DISK_FREE, old);
	}
	g_ptr_array_unref(disks);
}

void info_uptime(struct info *info)
{
	g_autofree char *text = NULL;
	double seconds;

	if (!g_file_get_contents("/proc/uptime", &text, NULL, NULL))
		return;
	seconds = g_ascii_strtod(text, NULL);
	agent_rpc_or_log(info->agent, GRPC_SET_GUEST_INFO "  %d %" G_GUINT64_FORMAT,
			 GRPC_INFO_UPTIME, (guint64)(seconds * 100));
}

static gboolean stats_due(gpointer data)
{
	g_autoptr(GBytes) payload = NULL;
	struct info *info = data;
	struct stats now = { 0 };

	stats_collect(&now);
	payload = stats_encode(&now, info->stats.at_us ? &info->stats : NULL);
	info->stats = now;
	(void)send_report(info, SLOT_STATS, GRPC_INFO_STATS, payload);
	return G_SOURCE_CONTINUE;
}

static gboolean round_due(gpointer data)
{
	struct info *info = data;

	info->round_timer = 0;
	info->last_round = g_get_monotonic_time();
	send_host_name(info);
	send_os(info);
	send_network(info);
	if (!info->agent->conf->no_disks)
		send_disks(info);
	if (info->stats_timer && !info->stats.at_us)
		(void)stats_due(info);
	return G_SOURCE_REMOVE;
}

static void round_schedule(struct info *info)
{
	gint64 since = (g_get_monotonic_time() - info->last_round) / 1000;

	if (info->round_timer || !info->told)
		return;
	info->round_timer = g_timeout_add(since < ROUND_MS - SETTLE_MS ? (guint)(ROUND_MS - since) :
									 SETTLE_MS, round_due, info);
}

static gboolean safety_due(gpointer data)
{
	struct info *info = data;

	round_schedule(info);
	info_uptime(info);
	return G_SOURCE_CONTINUE;
}

static void timer_set(guint *timer, guint seconds, GSourceFunc func, struct info *info)
{
	if (*timer)
		g_source_remove(*timer);
	*timer = info->told && seconds ? g_timeout_add_seconds(seconds, func, info) : 0;
}

static void timers_start(struct info *info)
{
	const struct conf *conf = info->agent->conf;

	timer_set(&info->safety_timer, conf->poll_s, safety_due, info);
	timer_set(&info->stats_timer, conf->no_stats ? 0 : conf->stats_s, stats_due, info);
}

static void network_changed(gpointer data)
{
	round_schedule(data);
}

static gboolean watch_changed(gint fd, GIOCondition cond, gpointer data)
{
	round_schedule(data);
	return G_SOURCE_CONTINUE;
}

static void watch_start(struct watch *watch, const char *path, struct info *info)
{
	watch->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (watch->fd >= 0)
		watch->source = g_unix_fd_add(watch->fd, G_IO_PRI | G_IO_ERR, watch_changed, info);
}

static void watch_end(struct watch *watch)
{
	if (watch->source)
		g_source_remove(watch->source);
	if (watch->fd >= 0)
		close(watch->fd);
}

static void os_read(struct info *info)
{
	const struct conf *conf = info->agent->conf;
	g_autofree char *text = NULL;
	struct utsname uts;

	if (!g_file_get_contents("/etc/os-release", &text, NULL, NULL))
		(void)g_file_get_contents("/usr/lib/os-release", &text, NULL, NULL);
	if (uname(&uts) < 0)
		memset(&uts, 0, sizeof(uts));
	osinfo_clear(&info->os);
	osinfo_parse(&info->os, text, &uts);
	if (conf->os_id)
		osinfo_rename(&info->os, conf->os_id, conf->os_name);
}

struct info *info_new(struct agent *agent)
{
	struct info *info = g_new0(struct info, 1);
	g_autoptr(GError) error = NULL;

	info->agent = agent;
	info->netlink = netlink_new(network_changed, info, &error);
	if (!info->netlink)
		g_warning("the host will not be told about the network: %s", error->message);
	watch_start(&info->name, "/proc/sys/kernel/hostname", info);
	watch_start(&info->mounts, "/proc/self/mountinfo", info);
	return info;
}

void info_free(struct info *info)
{
	guint i;

	if (!info)
		return;
	if (info->round_timer)
		g_source_remove(info->round_timer);
	if (info->safety_timer)
		g_source_remove(info->safety_timer);
	if (info->stats_timer)
		g_source_remove(info->stats_timer);
	watch_end(&info->name);
	watch_end(&info->mounts);
	netlink_free(info->netlink);
	for (i = 0; i < SLOTS; i++)
		g_clear_pointer(&info->sent[i], g_bytes_unref);
	osinfo_clear(&info->os);
	g_free(info);
}

void info_forget(struct info *info)
{
	guint i;

	for (i = 0; i < SLOTS; i++)
		g_clear_pointer(&info->sent[i], g_bytes_unref);
	info->os_old = info->disks_old = FALSE;
	info->stats.at_us = 0;
	info->nic_form = NIC_FORM_V3;
	info->told = TRUE;
	os_read(info);
	timers_start(info);
	round_schedule(info);
}

void info_configure(struct info *info)
{
	os_read(info);
	timers_start(info);
	round_schedule(info);
}

gboolean info_option(struct info *info, const char *name, const char *value)
{
	if (strcmp(name, "broadcastIP") || (strcmp(value, "0") && strcmp(value, "1")))
		return FALSE;
	info->broadcast_ip = *value == '1';
	if (info->broadcast_ip)
		round_schedule(info);
	return TRUE;
}
