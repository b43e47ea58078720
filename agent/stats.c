/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stats.c - the report about memory and load; include/wire/gueststats.h has its form
 *
 * The parser takes what it knows and skips the rest: files of /proc grow with the kernel.
 */
#include <string.h>
#include <unistd.h>

#include <wire/gueststats.h>

#include "agent/stats.h"

/* The number behind @key, which begins a line; 0 if it is not there */
static guint64 number_of(const char *text, const char *key)
{
	gsize len = strlen(key);
	const char *line = text;

	while (line && *line) {
		if (!strncmp(line, key, len) && strchr(": \t", line[len]))
			return g_ascii_strtoull(line + len + strspn(line + len, ": \t"), NULL, 10);
		line = strchr(line, '\n');
		if (line)
			line++;
	}
	return 0;
}

/* Pages that are present, of all zones together */
static guint64 zones_present(const char *text)
{
	const char *line = text;
	guint64 pages = 0;

	while (line && *line) {
		const char *word = line + strspn(line, " ");

		if (g_str_has_prefix(word, "present "))
			pages += g_ascii_strtoull(word + strlen("present"), NULL, 10);
		line = strchr(line, '\n');
		if (line)
			line++;
	}
	return pages;
}

/*
 * Fields of a line: major, minor, name, and then counters, of which the 9th is the number of requests in
 * flight and the 11th the time they all waited.  A partition's requests are those of its disk; there
 * they stand behind it, and its name begins with the disk's.
 */
static void disk_queues(struct stats *ret, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	const char *disk = NULL;
	guint i;

	for (i = 0; lines[i]; i++) {
		g_autoptr(GPtrArray) f = g_ptr_array_new();
		char *save = NULL, *word;

		for (word = strtok_r(lines[i], " ", &save); word; word = strtok_r(NULL, " ", &save))
			g_ptr_array_add(f, word);
		if (f->len < 14 || (disk && g_str_has_prefix(g_ptr_array_index(f, 2), disk)))
			continue;
		disk = g_ptr_array_index(f, 2);
		ret->disk_queue += g_ascii_strtoull(g_ptr_array_index(f, 11), NULL, 10);
		ret->disk_queue_ms += g_ascii_strtoull(g_ptr_array_index(f, 13), NULL, 10);
	}
}

static void parse_meminfo(struct stats *ret, const char *text)
{
	ret->total = number_of(text, "MemTotal");
	ret->free = number_of(text, "MemFree");
	ret->available = number_of(text, "MemAvailable");
	ret->active_file = number_of(text, "Active(file)");
	ret->buffers = number_of(text, "Buffers");
	ret->cached = number_of(text, "Cached");
	ret->slab_reclaimable = number_of(text, "SReclaimable");
	ret->swap_free = number_of(text, "SwapFree");
	ret->huge_pages = number_of(text, "HugePages_Total");
	ret->huge_page_size = number_of(text, "Hugepagesize");
}

void stats_parse(struct stats *ret, const struct stats_files *files)
{
	struct stats s = { .at_us = ret->at_us, .page_size = ret->page_size };

	parse_meminfo(&s, files->meminfo);
	s.pages_in = number_of(files->vmstat, "pgpgin");
	s.pages_out = number_of(files->vmstat, "pgpgout");
	s.present = zones_present(files->zoneinfo) * (s.page_size / 1024);
	s.switches = number_of(files->stat, "ctxt");
	s.running = number_of(files->stat, "procs_running");
	if (files->diskstats)
		disk_queues(&s, files->diskstats);
	*ret = s;
}

void stats_collect(struct stats *ret)
{
	struct stats_files files = { 0 };

	(void)g_file_get_contents("/proc/meminfo", &files.meminfo, NULL, NULL);
	(void)g_file_get_contents("/proc/vmstat", &files.vmstat, NULL, NULL);
	(void)g_file_get_contents("/proc/zoneinfo", &files.zoneinfo, NULL, NULL);
	(void)g_file_get_contents("/proc/stat", &files.stat, NULL, NULL);
	(void)g_file_get_contents("/proc/diskstats", &files.diskstats, NULL, NULL);
	ret->at_us = g_get_monotonic_time();
	ret->page_size = (guint64)sysconf(_SC_PAGESIZE);
	stats_parse(ret, &files);
	g_free(files.meminfo);
	g_free(files.vmstat);
	g_free(files.zoneinfo);
	g_free(files.stat);
	g_free(files.diskstats);
}

static void put_bytes(GByteArray *out, const void *bytes, gsize len)
{
	guint16 le = GUINT16_TO_LE((guint16)len);

	g_byte_array_append(out, (const guint8 *)&le, sizeof(le));
	g_byte_array_append(out, bytes, (guint)len);
}

static void put_number(GByteArray *out, guint64 number)
{
	guint64 le = GUINT64_TO_LE(number);

	put_bytes(out, &le, !number ? 0 : number <= G_MAXUINT8 ? 1 : number <= G_MAXUINT16 ? 2 :
			    number <= G_MAXUINT32 ? 4 : 8);
}

/* All of an entry that stands before its value */
static void put_head(GByteArray *out, guint id, guint type, guint unit, gboolean value)
{
	gboolean first = out->len == sizeof(struct gstat_wire_head);
	guint32 le = GUINT32_TO_LE(GSTAT_HAS_ID | GSTAT_HAS_TYPE | GSTAT_HAS_UNIT |
				   (first ? GSTAT_HAS_NAMESPACE : 0) | (value ? GSTAT_HAS_VALUE : 0));

	g_byte_array_append(out, (const guint8 *)&le, sizeof(le));
	if (first)
		put_bytes(out, GSTAT_NAMESPACE, sizeof(GSTAT_NAMESPACE));
	put_number(out, id);
	put_number(out, type);
	put_number(out, unit);
}

/* A number of this moment */
static void put(GByteArray *out, guint id, guint unit, guint64 value)
{
	put_head(out, id, GSTAT_TYPE_NUMBER, unit, TRUE);
	put_number(out, value);
}

/* The rise over @us microseconds, as @scale times so much a second; not known when there was no time */
static void put_rate(GByteArray *out, guint id, guint unit, guint64 now, guint64 before, gint64 us,
		     double scale)
{
	double rate = us > 0 && now > before ? (double)(now - before) * scale * G_USEC_PER_SEC / (double)us : 0;
	union {
		double number;
		guint64 bits;
	} value = { .number = rate };
	guint64 le = GUINT64_TO_LE(value.bits);

	put_head(out, id, GSTAT_TYPE_DOUBLE, unit, us > 0);
	if (us > 0)
		put_bytes(out, &le, rate > 0 ? sizeof(le) : 0);
}

static void put_memory(GByteArray *out, const struct stats *s)
{
	guint64 reserve = s->present / 20;
	guint64 used = s->present > s->available ? s->present - s->available : 0;

	put(out, GSTAT_NEEDED, GSTAT_UNIT_KB, used + reserve);
	put(out, GSTAT_RESERVE, GSTAT_UNIT_KB, reserve);
	put(out, GSTAT_AVAILABLE, GSTAT_UNIT_KB, s->available);
	put(out, GSTAT_SLAB_RECLAIMABLE, GSTAT_UNIT_KB, s->slab_reclaimable);
	put(out, GSTAT_BUFFERS, GSTAT_UNIT_KB, s->buffers);
	put(out, GSTAT_CACHED, GSTAT_UNIT_KB, s->cached);
	put(out, GSTAT_MEMORY_TOTAL, GSTAT_UNIT_KB, s->total);
}

GBytes *stats_encode(const struct stats *now, const struct stats *before)
{
	const struct gstat_wire_head head = {
		.version = GUINT32_TO_LE(GSTAT_HEAD_VERSION),
		.flags = GUINT32_TO_LE(GSTAT_HEAD_FLAGS),
		.phys_usable_kb = GUINT64_TO_LE(now->present),
		.huge_pages = GUINT64_TO_LE(now->huge_pages),
	};
	const struct stats *b = before ? before : now;
	GByteArray *out = g_byte_array_new();
	gint64 us = now->at_us - b->at_us;

	g_byte_array_append(out, (const guint8 *)&head, sizeof(head));
	put(out, GSTAT_HUGE_PAGE_SIZE, GSTAT_UNIT_KB, now->huge_page_size);
	put(out, GSTAT_PHYS_USABLE, GSTAT_UNIT_KB, now->present);
	put(out, GSTAT_FREE, GSTAT_UNIT_KB, now->free);
	put(out, GSTAT_ACTIVE_FILE, GSTAT_UNIT_KB, now->active_file);
	put(out, GSTAT_SWAP_FREE, GSTAT_UNIT_KB, now->swap_free);
	put(out, GSTAT_HUGE_PAGES, GSTAT_UNIT_HUGE_PAGES, now->huge_pages);
	put_rate(out, GSTAT_PAGE_IN_RATE, GSTAT_UNIT_PAGING_RATE, now->pages_in, b->pages_in, us, 1);
	put_rate(out, GSTAT_PAGE_OUT_RATE, GSTAT_UNIT_PAGING_RATE, now->pages_out, b->pages_out, us, 1);
	put_rate(out, GSTAT_CONTEXT_SWITCHES, GSTAT_UNIT_PER_SECOND, now->switches, b->switches, us, 1);
	put(out, GSTAT_PAGE_SIZE, GSTAT_UNIT_BYTES, now->page_size);
	put_memory(out, now);
	put(out, GSTAT_RUN_QUEUE, GSTAT_UNIT_NUMBER, now->running);
	/* With the rates, as its model: not in the first report */
	put_head(out, GSTAT_DISK_QUEUE, GSTAT_TYPE_NUMBER, GSTAT_UNIT_NUMBER, us > 0);
	if (us > 0)
		put_number(out, now->disk_queue);
	put_rate(out, GSTAT_DISK_QUEUE_MEAN, GSTAT_UNIT_NUMBER, now->disk_queue_ms, b->disk_queue_ms, us, 0.001);
	return g_byte_array_free_to_bytes(out);
}
