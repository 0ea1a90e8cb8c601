/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/owner.h: the threads of the tool that own tasks */
#include <stddef.h>
#include "base/compiler.h"

struct dump;
struct task;

/*
 * ptrace belongs to a thread: whoever seized a task asks it everything, and lets it go. Where there are many tasks, each
 * CPU has a thread that owns the tasks which ran there last (a call injected from the same CPU takes a tenth of the time
 * of one across CPUs); where there are few, the calling thread owns all. If the tool is killed, its threads end, and
 * the kernel detaches from all tasks.
 */

/* Gives the tasks from the n-th on an owner. To be called by the thread that calls the loops below. */
void owners_assign(struct dump *d, size_t from);
/*
 * The work on every task from the n-th on, in the thread that owns it, with the caller's log scopes. The first failure,
 * or a request to stop, ends it for all. What the work writes belongs to its task; arena and refusals can stand it.
 */
int owners_each(struct dump *d, size_t from, int (*work)(struct dump *d, struct task *t)) must_check;
/* On every task, the last one first, whatever happens: for what takes the above back. */
void owners_back(struct dump *d, void (*work)(struct task *t));
/* Once in each thread that may own something. */
void owners_once(struct dump *d, void (*work)(void));
/* No thread but the caller's is left. */
void owners_end(struct dump *d);
