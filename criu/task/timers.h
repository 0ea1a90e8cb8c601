/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* task/timers.h: the record that interval and POSIX timers share */
#include "model/model.h"
#include "run/dump.h"

static inline TaskTimersEntry *timers_record(struct dump *d, const struct task *t)
{
	TaskCoreEntry *tc = leader(t)->core->tc;

	if (!tc->timers)
		tc->timers = arena_msg(&d->m.arena, TaskTimersEntry, task_timers_entry__init);
	return tc->timers;
}
