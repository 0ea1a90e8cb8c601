/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* mem/copy.h: pages of many tasks from sources to sinks, on all CPUs */
#include <pthread.h>
#include <stdatomic.h>
#include "mem/page_io.h"
#include "mem/page_plan.h"

struct arena;
struct task;

/* One task. */
struct copy_item {
	struct task *task;		/* its pagemap gets the runs */
	const struct page_plan *plan;
	struct page_source source;
	struct page_sink sink;
	/* The rest is copy_run's own. */
	size_t seg;			/* where the next chunk begins */
	uint64_t page;
	unsigned int n_taken, n_in_flight;
	bool is_open;
	atomic_uint turn;		/* the chunk that may take its place in the file */
	uint64_t offset;
	uint64_t max_len, reserved;	/* of the file: if no page is zero; that there is room for */
};

struct copy_job {
	struct copy_item *items;
	size_t n_items;
	int (*open)(struct copy_job *j, struct copy_item *it);	/* source and sink; reports */
	int dir;			/* for open */
	bool keeps_sharing;		/* for open: pages may be shared copy-on-write, and stay so */
	struct page_checksum *checksum;	/* or NULL; then one thread works, so that it sees pages in order */
	struct arena *arena;		/* for runs */
	uint64_t n_pages;		/* to be looked at */
	_Atomic uint64_t n_written;
	/* The rest is copy_run's own. */
	pthread_mutex_t lock;
	size_t at;
	atomic_int err;
};

/* Fills the pagemaps. Stops at the first failure, or when the run is cancelled. */
int copy_run(struct copy_job *j) must_check;
