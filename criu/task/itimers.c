/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interval timers: what is left to run goes on from the moment of the restore. */
#include <errno.h>
#include "base/log.h"
#include "model/model.h"
#include "pie/inside.h"
#include "pie/late.h"
#include "run/dump.h"
#include "task/kind.h"
#include "task/timers.h"

enum { USEC_PER_SEC = 1000000 };

static ItimerEntry *record(struct dump *d, const struct itimers_raw *raw)
{
	ItimerEntry *e = arena_msg(&d->m.arena, ItimerEntry, itimer_entry__init);

	e->isec = raw->isec;
	e->iusec = raw->iusec;
	e->vsec = raw->vsec;
	e->vusec = raw->vusec;
	return e;
}

static int itimers_scan(struct dump *d, struct task *t)
{
	const struct itimers_inside *in = &t->dump->inside->itimers;
	TaskTimersEntry *e = timers_record(d, t);

	if (in->err)
		return fail_with(in->err, "getitimer");
	e->real = record(d, &in->of[0]);
	e->virt = record(d, &in->of[1]);
	e->prof = record(d, &in->of[2]);
	return 0;
}

static int itimers_check(const struct task *t)
{
	const TaskTimersEntry *timers = leader(t)->core->tc->timers;
	const ItimerEntry *all[ITIMERS];

	if (!timers)
		return 0;
	all[0] = timers->real;
	all[1] = timers->virt;
	all[2] = timers->prof;
	for (int i = 0; i < ITIMERS; i++)
		if (all[i]->iusec >= USEC_PER_SEC || all[i]->vusec >= USEC_PER_SEC)
			return fail(EINVAL, "interval timer %d: microseconds out of range", i);
	return 0;
}

static int itimers_make(struct restore *r, const struct task *t)
{
	const TaskTimersEntry *timers = leader(t)->core->tc->timers;
	const ItimerEntry *all[ITIMERS];

	if (!timers)
		return 0;
	all[0] = timers->real;
	all[1] = timers->virt;
	all[2] = timers->prof;
	for (int i = 0; i < ITIMERS; i++) {
		const ItimerEntry *e = all[i];
		struct itimers_arm row = {
			.val = { e->isec, e->iusec, e->vsec, e->vusec },
			.which = i,
		};

		/*
		 * ITIMER_REAL that has expired, and whose signal nobody has taken yet, shows no remaining time: the
		 * kernel starts it again when the signal is taken (posixtimer_rearm). To set 0 would switch it off, so
		 * it expires at once: into the signal that is pending already.
		 */
		if (i == 0 /* ITIMER_REAL */ && !e->vsec && !e->vusec && (e->isec || e->iusec))
			row.val.vusec = 1;
		/* A new process has none. A CPU timer that is off still shows its interval. */
		if (e->vsec || e->vusec || e->isec || e->iusec)
			late_add(r, LATE_itimers, leader(t), &row, sizeof(row));
	}
	return 0;
}

const struct task_kind itimers_kind = {
	.name = "itimers",
	.scan = itimers_scan,
	.check = itimers_check,
	.make = itimers_make,
};
