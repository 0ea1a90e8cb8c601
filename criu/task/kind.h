/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/kind.h: what the task family asks of a kind of per-task state */
#include "base/compiler.h"

struct dump;
struct restore;
struct inside_more;
struct inside_task;
struct task;
struct thread;

/*
 * One kind of state that belongs to a process or a thread. Slots that are NULL mean: nothing to do.
 *
 * Dump: ask puts questions about single objects into what the parasite is given (task/inside.h); scan and scan_thread
 * fill the records from what the family has read already (thread->dump: stat, status,
 * inside) and from further questions from outside. These run in the thread that owns the task (task/owner.h), several
 * tasks at once: they write to their task only, the arena and refuse() can stand it. join comes when all tasks have been
 * scanned, one after the other: what goes into records that tasks have in common. refuse calls refuse() for what cannot
 * be saved.
 * Load: check looks at the values of a loaded record and says image errors with fail(EINVAL, ...).
 * Restore: note runs in the tool before there are tasks, for what all of them inherit and would else ask for one by
 * one; make and make_thread run in the task that is being restored, with libc, before its memory is replaced. What
 * must be done later is added as a row with late_add() (pie/late.h) and done by the kind's .pie.c.
 */
struct task_kind {
	const char *name;
	int (*ask)(struct dump *d, struct task *t, struct inside_task *in, struct inside_more *more);
	int (*scan)(struct dump *d, struct task *t);
	int (*scan_thread)(struct dump *d, struct thread *th);
	int (*join)(struct dump *d, struct task *t);
	void (*refuse)(struct dump *d, const struct task *t);
	int (*check)(const struct task *t);
	int (*note)(struct restore *r);
	int (*make)(struct restore *r, const struct task *t);
	int (*make_thread)(struct restore *r, const struct thread *th);
};

/* The whole family, in the order of task/kinds.def. */
int task_kinds_ask(struct dump *d, struct task *t, struct inside_task *in, struct inside_more *more) must_check;
int task_kinds_scan(struct dump *d, struct task *t) must_check;
int task_kinds_join(struct dump *d, struct task *t) must_check;
void task_kinds_refuse(struct dump *d, const struct task *t);
int task_kinds_check(const struct task *t) must_check;
int task_kinds_note(struct restore *r) must_check;
int task_kinds_make(struct restore *r, const struct task *t) must_check;
