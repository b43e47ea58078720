/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test-growth.c - what the agent does in every round costs no memory that stays
 *
 * The rounds are those of the reports: look at the machine, encode in every form, forget.  With the
 * sanitizers, which keep books of their own, what is lost is told at the end of the program instead.
 */
#include <malloc.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include "agent/conf.h"
#include "agent/netlink.h"
#include "agent/nicreport.h"
#include "agent/osinfo.h"
#include "agent/stats.h"
#include "lib/disks.h"
#include "tests/unit/unit.h"

#define WARM_UP		500	/* rounds, in which the allocator fills its own shelves */
#define ROUNDS		2000	/* a day of two kinds of reports each 30 seconds and less */
#define SLACK		16384	/* bytes: a leak of eleven bytes in a round is more */

static void changed(gpointer data)
{
}

static void network(struct netlink *nl, const struct conf *conf)
{
	struct net_state *net = netlink_collect(nl, conf);
	enum nic_form form;

	for (form = NIC_FORM_V3; form < NIC_FORMS; form++)
		g_bytes_unref(nic_report_encode(net, form));
	net_state_free(net);
}

static void disks(void)
{
	GPtrArray *found = disks_collect(FALSE);

	g_free(disks_json(found));
	g_bytes_unref(disks_old(found));
	g_ptr_array_unref(found);
}

static void one_round(struct netlink *nl, struct stats *before)
{
	struct conf *conf = conf_read("/nonexistent");
	struct utsname uts = { .sysname = "Linux", .release = "6.1.0", .machine = "x86_64" };
	struct stats now = { 0 };
	struct osinfo os;

	network(nl, conf);
	disks();
	stats_collect(&now);
	g_bytes_unref(stats_encode(&now, before));
	*before = now;
	osinfo_parse(&os, "ID=debian\nVERSION_ID=12\n", &uts);
	g_bytes_unref(osinfo_detailed(&os));
	osinfo_clear(&os);
	conf_free(conf);
}

static void no_growth(void)
{
	g_autoptr(GError) error = NULL;
	struct netlink *nl = netlink_new(changed, NULL, &error);
	struct stats before = { 0 };
	size_t used = 0;
	guint i;

	CU_ASSERT_PTR_NOT_NULL_FATAL(nl);
	for (i = 0; i < ROUNDS; i++) {
		one_round(nl, &before);
		if (i == WARM_UP)
			used = mallinfo2().uordblks;
	}
	CU_ASSERT_TRUE(mallinfo2().uordblks <= used + SLACK);
	netlink_free(nl);
}

static const struct unit_case cases[] = {
	{ "thousands of rounds of reports keep no memory", no_growth },
};

int main(int argc, char **argv)
{
	/* GLib keeps blocks that were given back for later, unless it is told before its first one */
	setenv("G_SLICE", "always-malloc", 1);
	return unit_main("growth", cases, G_N_ELEMENTS(cases), argc, argv);
}
