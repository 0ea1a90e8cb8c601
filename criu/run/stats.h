/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* run/stats.h: stats-dump and stats-restore, in the work directory */
#include <stdbool.h>
#include "base/compiler.h"

struct dump_stats;
struct restore_stats;

/* Into the current directory; with is_shown also as text on stdout. */
int stats_save_dump(const struct dump_stats *s, bool is_shown) must_check;
int stats_save_restore(const struct restore_stats *s, bool is_shown) must_check;
