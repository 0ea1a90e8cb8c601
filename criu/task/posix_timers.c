/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * POSIX timers: which there are is in /proc/PID/timers, how long they still run only the process can ask. They are made
 * again with the same ids, when all threads exist that they may signal, and go on with the time that was left.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include "base/log.h"
#include "kernel/proc_timers.h"
#include "model/model.h"
#include "pie/inside.h"
#include "pie/late.h"
#include "run/dump.h"
#include "task/inside.h"
#include "task/kind.h"
#include "task/pids.h"
#include "task/timers.h"

#ifndef PR_TIMER_CREATE_RESTORE_IDS
#define PR_TIMER_CREATE_RESTORE_IDS 77
#define PR_TIMER_CREATE_RESTORE_IDS_GET 2
#endif

enum {
	NSEC_PER_SEC = 1000000000,
	LAST_SIGNAL = 64,
	COUNTING_LIMIT = 1 << 24,	/* ids up to here are reached in seconds where they cannot be chosen */
	NOTIFY_MASK = SIGEV_NONE | SIGEV_THREAD | SIGEV_THREAD_ID,
};

/* A clock id below 0 is made of a number and three bits: 3 for a descriptor, else the CPU time of a process or thread. */
enum { CLOCK_BITS = 3, CLOCK_KIND = 7, CLOCK_FD = 3, CLOCK_OF_THREAD = 4 };

static pid_t clock_pid(int32_t clock)
{
	return ~(clock >> CLOCK_BITS);
}

static const struct thread *thread_by_real(const struct task *t, pid_t tid_real)
{
	for (size_t i = 0; i < t->n_threads; i++)
		if (t->threads[i].pid_real == tid_real)
			return &t->threads[i];
	return NULL;
}

static const struct thread *thread_by_pid(const struct task *t, pid_t tid)
{
	for (size_t i = 0; i < t->n_threads; i++)
		if (t->threads[i].pid == tid)
			return &t->threads[i];
	return NULL;
}

/* The numbers in clock ids are those of the pid namespace that the task is in. */
static bool is_thread_seen(const struct task *t, pid_t tid)
{
	for (size_t i = 0; i < t->n_threads; i++)
		if (pids_own(&t->threads[i]) == tid)
			return true;
	return false;
}

static bool is_task_seen(const struct model *m, const struct task *t, pid_t pid)
{
	for (size_t i = 0; i < m->tasks.n; i++)
		if (pids_seen_by(m, leader(t), leader(m->tasks.v[i])) == pid)
			return true;
	return false;
}

static void set_notify(const struct task *t, const struct proc_timer *pt, PosixTimerEntry *e)
{
	const struct thread *th = thread_by_real(t, pt->pid_real);

	e->it_sigev_notify = pt->notify;
	if (!(pt->notify & SIGEV_THREAD_ID))
		return;
	if (th) {
		e->has_notify_thread_id = true;
		e->notify_thread_id = th->pid;
	} else {
		/* Its thread has ended: it runs and tells nobody, which is what SIGEV_NONE means. */
		e->it_sigev_notify = SIGEV_NONE;
	}
}

static void refuse_clock(struct dump *d, const struct task *t, const struct proc_timer *pt)
{
	pid_t pid = clock_pid(pt->clock);

	if (pt->clock >= 0)
		return;
	if ((pt->clock & CLOCK_KIND) == CLOCK_FD)
		refuse(&d->refusals, REFUSE_TIMER_UNSUPPORTED, "timer %d runs on the clock of a device", pt->id);
	else if (!pid)
		return;		/* its own */
	else if (pt->clock & CLOCK_OF_THREAD ? !is_thread_seen(t, pid) : !is_task_seen(&d->m, t, pid))
		refuse(&d->refusals, REFUSE_TIMER_UNSUPPORTED,
		       "timer %d runs on the CPU time of %d, which is not in the tree", pt->id, pid);
}

static PosixTimerEntry *record(struct dump *d, const struct task *t, const struct proc_timer *pt)
{
	PosixTimerEntry *e = arena_msg(&d->m.arena, PosixTimerEntry, posix_timer_entry__init);

	e->it_id = pt->id;
	e->clock_id = pt->clock;
	e->si_signo = pt->signo;
	e->sival_ptr = pt->value;
	set_notify(t, pt, e);
	refuse_clock(d, t, pt);
	return e;
}

static int posix_timers_ask(struct dump *d, struct task *t, struct inside_task *in, struct inside_more *more)
{
	TaskTimersEntry *timers = timers_record(d, t);
	struct proc_timers all;
	struct posix_timers_ask *questions;
	int err = proc_timers_read(leader(t)->pid_real, &d->m.arena, &all);

	if (err)
		return fail_with(err, "read /proc/%d/timers", leader(t)->pid_real);
	if (!all.list.n)
		return 0;
	timers->posix = arena_array(&d->m.arena, PosixTimerEntry *, all.list.n);
	timers->n_posix = all.list.n;
	questions = arena_array(&d->m.arena, struct posix_timers_ask, all.list.n);
	for (size_t i = 0; i < all.list.n; i++) {
		timers->posix[i] = record(d, t, &all.list.v[i]);
		questions[i].id = all.list.v[i].id;
	}
	in->posix_timers.n = all.list.n;
	in->posix_timers.off = inside_append(more, questions, all.list.n * sizeof(*questions));
	return 0;
}

static int posix_timers_scan(struct dump *d, struct task *t)
{
	TaskTimersEntry *timers = timers_record(d, t);
	const struct inside_task *in = t->dump->inside;
	const struct posix_timers_ask *a = (const void *)((const char *)in + in->posix_timers.off);

	for (size_t i = 0; i < timers->n_posix; i++) {
		PosixTimerEntry *e = timers->posix[i];

		if (a[i].err)
			return fail_with(a[i].err, "timer_gettime %d", a[i].id);
		e->isec = a[i].val.isec;
		e->insec = a[i].val.insec;
		e->vsec = a[i].val.vsec;
		e->vnsec = a[i].val.vnsec;
		e->overrun = a[i].overrun > 0 ? a[i].overrun : 0;
	}
	return 0;
}

static int check_timer(const PosixTimerEntry *e)
{
	if (e->it_id > INT32_MAX)
		return fail(EINVAL, "id %u is out of range", e->it_id);
	if (e->insec >= NSEC_PER_SEC || e->vnsec >= NSEC_PER_SEC)
		return fail(EINVAL, "timer %u: nanoseconds out of range", e->it_id);
	if (e->it_sigev_notify & ~NOTIFY_MASK)
		return fail(EINVAL, "timer %u: unknown notification %u", e->it_id, e->it_sigev_notify);
	if (e->it_sigev_notify != SIGEV_NONE && (!e->si_signo || e->si_signo > LAST_SIGNAL))
		return fail(EINVAL, "timer %u: there is no signal %u", e->it_id, e->si_signo);
	return 0;
}

static int posix_timers_check(const struct task *t)
{
	const TaskTimersEntry *timers = leader(t)->core->tc->timers;

	for (size_t i = 0; timers && i < timers->n_posix; i++) {
		int err = check_timer(timers->posix[i]);

		if (err)
			return err;
	}
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	const PosixTimerEntry *x = *(PosixTimerEntry *const *)a, *y = *(PosixTimerEntry *const *)b;

	return (x->it_id > y->it_id) - (x->it_id < y->it_id);
}

static bool can_choose_ids(void)
{
	return prctl(PR_TIMER_CREATE_RESTORE_IDS, PR_TIMER_CREATE_RESTORE_IDS_GET, 0, 0, 0) >= 0;
}

static void add_row(struct restore *r, const struct task *t, const PosixTimerEntry *e)
{
	const struct thread *th = e->has_notify_thread_id ? thread_by_pid(t, e->notify_thread_id) : NULL;
	struct posix_timers_arm row = {
		.id = e->it_id,
		.clock = e->clock_id,
		.signo = e->si_signo,
		.notify = e->it_sigev_notify,
		.tid = th ? pids_own(th) : 0,
		.value = e->sival_ptr,
		.val = { e->isec, e->insec, e->vsec, e->vnsec },
	};

	/* Others write down the number of a thread that has ended, where our dump says SIGEV_NONE. */
	if (row.notify & SIGEV_THREAD_ID && !th)
		row.notify = SIGEV_NONE;
	late_add(r, LATE_posix_timers, leader(t), &row, sizeof(row));
}

static int posix_timers_make(struct restore *r, const struct task *t)
{
	TaskTimersEntry *timers = leader(t)->core->tc->timers;
	const PosixTimerEntry *last;

	if (!timers || !timers->n_posix)
		return 0;
	/* Other writers keep the newest first. */
	qsort(timers->posix, timers->n_posix, sizeof(timers->posix[0]), compare_ids);
	last = timers->posix[timers->n_posix - 1];
	if (last->it_id > COUNTING_LIMIT && !can_choose_ids())
		return fail(EOPNOTSUPP, "timer id %u cannot be chosen on this kernel (Linux 6.15 can)", last->it_id);
	for (size_t i = 0; i < timers->n_posix; i++)
		add_row(r, t, timers->posix[i]);
	return 0;
}

const struct task_kind posix_timers_kind = {
	.name = "posix_timers",
	.ask = posix_timers_ask,
	.scan = posix_timers_scan,
	.check = posix_timers_check,
	.make = posix_timers_make,
};
