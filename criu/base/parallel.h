/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* base/parallel.h: the same work on many items, on all CPUs */
#include <stddef.h>
#include "base/arena.h"

struct parallel {
	size_t n;			/* items */
	size_t grain;			/* so many items are worth a thread of their own */
	/* Item i. What it allocates from a lives as long as what the caller allocates from arena. */
	int (*work)(void *arg, size_t i, struct arena *a);
	void *arg;
	struct arena *arena;
};

/*
 * Runs the work in the calling thread and others, which have the caller's log scopes; the first failure ends it, and is
 * returned. Not for ptrace: that belongs to one thread.
 */
int parallel_run(const struct parallel *p) must_check;

/*
 * To be called before a thread is started that runs beside others which open files: to let a descriptor table grow that
 * threads share, the kernel waits for RCU (expand_fdtable()), 10 ms and more each time.
 */
void parallel_make_room(void);
