/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* run/barrier.h: the steps that all tasks take together, for code with libc */
#include <stddef.h>
#include "base/compiler.h"
#include "run/shared.h"

struct restore;

int shared_new(struct restore *r) must_check;
/* In a task: done with this step; returns when the tool has opened the next, -ECANCELED when somebody failed. */
int barrier_pass(struct restore *r, enum restore_step step) must_check;
/* In the tool: waits until n have arrived at this step. Reports the failure of a task that could not itself. */
int barrier_wait(struct restore *r, enum restore_step step, size_t n) must_check;
/* In the tool: everybody goes on. */
void barrier_open(struct restore *r, enum restore_step next);
/* In a task: one waits for another at a place of its own; -ECANCELED when somebody failed. */
int flag_wait(struct restore *r, uint32_t *flag) must_check;
void flag_raise(uint32_t *flag);
/* Anywhere: all others must stop; err as from a failed call (reported already). */
void barrier_fail(struct restore *r, int err);
/* In the tool, or whoever acts for it when it is dead: every task ends, also those that nobody knows the number of. */
void barrier_kill(struct restore_shared *s);
/* The same; returns when they have ended, so that none of them makes anything any more. For whoever is not their parent. */
void barrier_kill_and_wait(struct restore_shared *s);
/* In a task that has just told its number: 0, or -ECANCELED when nobody may go on. */
int barrier_check(const struct restore *r) must_check;
