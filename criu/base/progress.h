/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* base/progress.h: how far a long run has come, for a person who waits for it */
#include <stdbool.h>
#include <stdint.h>

/*
 * One process works and counts, another one that only waits draws: the counters are in memory that both share. When
 * standard error is no terminal, or the log is on it, there is no such memory, and everything here does nothing.
 */

enum progress_unit { PROGRESS_TASKS, PROGRESS_BYTES };
enum { PROGRESS_DRAW_MS = 250 };	/* how often progress_draw() is worth a call */

/* Before the processes part; the log has its place by now. */
void progress_begin(const char *command);
bool progress_is_on(void);

void progress_stage(const char *name);	/* a string that stays; nothing of it is done yet */
/* How much there is to do in this stage, and of what; done anew from 0. */
void progress_expect(uint64_t total, enum progress_unit unit);
/* Called by any thread, once for some 256 KiB. */
void progress_add(uint64_t n);
void progress_set(uint64_t done);	/* by those who count themselves */

/* By the process that waits: one line, in place of the one before; nothing within the first second of a run. */
void progress_draw(void);
/* The line goes away. */
void progress_clear(void);

/* The line's text (for the unit test). us: since the stage began. */
void progress_text(char *ret_text, unsigned int size, const char *stage, enum progress_unit unit, uint64_t done,
		   uint64_t total, uint64_t us);
