/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Figures of a finished run, as callers read them. */
#include <fcntl.h>
#include <stdio.h>
#include "image/dir.h"
#include "image/records.h"
#include "run/dump.h"
#include "run/restore.h"
#include "run/stats.h"

static void show_us(const char *what, uint64_t v)
{
	printf("%s: %llu us\n", what, (unsigned long long)v);
}

static void show_pages(const char *what, uint64_t v)
{
	printf("%s: %llu (0x%llx)\n", what, (unsigned long long)v, (unsigned long long)v);
}

static int write_stats(enum image_type type, DumpStatsEntry *dump, RestoreStatsEntry *restore)
{
	StatsEntry e = STATS_ENTRY__INIT;

	e.dump = dump;
	e.restore = restore;
	return image_write_one(AT_FDCWD, type, 0, &e.base);
}

static void show_dump(const struct dump_stats *s)
{
	printf("Displaying dump stats:\n");
	show_us("Freezing time", s->freezing_us);
	show_us("Frozen time", s->frozen_us);
	show_us("Memory dump time", s->memdump_us);
	show_us("Memory write time", s->memwrite_us);
	show_us("IRMAP resolve time", 0);
	show_pages("Memory pages scanned", s->pages_scanned);
	show_pages("Memory pages skipped from parent", s->pages_skipped_parent);
	show_pages("Memory pages written", s->pages_written);
	show_pages("Lazy memory pages", 0);
	fflush(stdout);
}

int stats_save_dump(const struct dump_stats *s, bool is_shown)
{
	DumpStatsEntry e = DUMP_STATS_ENTRY__INIT;

	e.freezing_time = s->freezing_us;
	e.frozen_time = s->frozen_us;
	e.memdump_time = s->memdump_us;
	e.memwrite_time = s->memwrite_us;
	e.pages_scanned = s->pages_scanned;
	e.pages_skipped_parent = s->pages_skipped_parent;
	e.pages_written = s->pages_written;
	/* Consumers expect every field to be there. */
	e.has_irmap_resolve = e.has_page_pipes = e.has_page_pipe_bufs = true;
	e.has_shpages_scanned = e.has_shpages_skipped_parent = e.has_shpages_written = true;
	if (is_shown)
		show_dump(s);
	return write_stats(IMG_STATS_DUMP, &e, NULL);
}

static void show_restore(const struct restore_stats *s)
{
	printf("Displaying restore stats:\n");
	show_pages("Pages compared", s->pages_compared);
	show_pages("Pages skipped COW", s->pages_skipped_cow);
	show_pages("Pages restored", s->pages_restored);
	show_us("Restore time", s->restore_us);
	show_us("Forking time", s->forking_us);
	fflush(stdout);
}

int stats_save_restore(const struct restore_stats *s, bool is_shown)
{
	RestoreStatsEntry e = RESTORE_STATS_ENTRY__INIT;

	e.pages_compared = s->pages_compared;
	e.pages_skipped_cow = s->pages_skipped_cow;
	e.forking_time = s->forking_us;
	e.restore_time = s->restore_us;
	e.has_pages_restored = true;
	e.pages_restored = s->pages_restored;
	if (is_shown)
		show_restore(s);
	return write_stats(IMG_STATS_RESTORE, NULL, &e);
}
