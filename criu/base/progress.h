/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* base/progress.h: how far a long run has come, for who waits for it */
#include <stdbool.h>
#include <stdint.h>

/*
 * One process works and counts, another one that only waits draws: the counters are in memory that both share. When
 * standard error is no terminal, or a log of more than warnings is on it, and no program wants to be told, there is no
 * such memory, and everything here does nothing.
 */

enum progress_unit { PROGRESS_TASKS, PROGRESS_BYTES };

struct progress_now {
	const char *stage;
	enum progress_unit unit;
	uint64_t done, total;		/* of the stage; total 0: not known */
	uint64_t stage_us, run_us;	/* since their beginnings */
};

/* Before progress_begin(): a program is told, every so many milliseconds, and nothing is drawn. */
void progress_tell(void (*tell)(void *to, const struct progress_now *now), void *to, unsigned int every_ms);
/* Before the processes part; the log has its place by now. */
void progress_begin(const char *command);
bool progress_is_on(void);
unsigned int progress_interval_ms(void);	/* how often progress_draw() is worth a call */

void progress_stage(const char *name);	/* a string that stays; nothing of it is done yet */
/* How much there is to do in this stage, and of what; done anew from 0. */
void progress_expect(uint64_t total, enum progress_unit unit);
/* Called by any thread, once for some 256 KiB. */
void progress_add(uint64_t n);
void progress_set(uint64_t done);	/* by those who count themselves */

/* By the process that waits: tells, or draws one line in place of the one before (not within the first second). */
void progress_draw(void);
/* The line goes away. */
void progress_clear(void);
/*
 * By any process that is about to log a line: what goes before it, in the same write(2), so that it does not stand
 * behind the drawn one. Its length, mostly 0.
 */
int progress_wipe(char *ret_text, unsigned int size);

/* The line's text (for the unit test). us: since the stage began. */
void progress_text(char *ret_text, unsigned int size, const char *stage, enum progress_unit unit, uint64_t done,
		   uint64_t total, uint64_t us);
