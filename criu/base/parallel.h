/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* base/parallel.h: the same work on many items, on all CPUs */
#include <pthread.h>
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
 * A thread that lives beside the caller, who joins it. It has a working directory and root of its own: setns(2) into a
 * mount namespace is not for who shares these. The table of descriptors is made large before:
 * when threads share one that has to grow, the kernel waits for RCU (expand_fdtable()), 10 ms and more each time.
 * A negative errno: there is none.
 */
int parallel_start(pthread_t *ret_thread, void *(*run)(void *arg), void *arg) must_check;
