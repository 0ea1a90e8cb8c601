/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* run/restore.h: what the parts of a restore share */
#include "model/model.h"

struct options;
struct journal;
struct restore_shared;
struct late_builder;

/* What a restore knows of a task beyond its records; the tool's, inherited by the tasks when they are forked. */
struct restore_task {
	struct restorer_place *place;	/* run/restorer.h: where its restorer lives */
};

struct restore_stats {
	uint64_t pages_compared, pages_skipped_cow, pages_restored, forking_us, restore_us;
};

struct restore {
	const struct options *opt;
	struct journal *journal;
	struct model m;
	int img_dir;
	struct restore_shared *shared;	/* seen by the tool and all tasks: run/barrier.h */
	const struct task *self;	/* in a task: itself; NULL in the tool */
	struct late_builder *late;	/* in a task: rows for its restorer */
	int service_fd_min;		/* descriptors of the tool live at and above this number */
	struct restore_stats stats;
};
