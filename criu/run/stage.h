/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* run/stage.h: work as a table: what is done, and how it is taken back */
#include <stddef.h>
#include <stdint.h>
#include "base/compiler.h"

struct stage {
	const char *name;
	int (*enter)(void *run);
	void (*undo)(void *run);	/* NULL: nothing to take back; accepts half-done work */
	const char *why;		/* what holds this line in its place, for --explain=plan and the reader */
};

struct stage_times {
	const char *name;
	uint64_t us;
};

/*
 * Enters the stages in order, stops at the first failure or cancellation, then undoes in reverse, the failed stage
 * too. ret_times (n entries) may be NULL. CRIU_FAULT_STAGE=name makes that stage fail after its work is done.
 */
int run_stages(const struct stage *s, size_t n, void *run, struct stage_times *ret_times) must_check;
/* The same for stages that are to leave nothing behind, as in a dry run: undone when all is well, too. */
int try_stages(const struct stage *s, size_t n, void *run) must_check;
