/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The restorer: what is left of the tool in a task once its memory is replaced. It runs the rows of late.def, makes the
 * threads, and then stands still until the tool, by ptrace, gives every thread its registers and takes this mapping out.
 */
#include <linux/futex.h>
#include <compel/pie.h>
#include "restorer_clone.h"
#include "pie/kinds.h"
#include "pie/restorer.h"
#include "run/shared.h"

enum when { MAP, FILLED, FIRST, THREAD, LAST, SHARED, TRACED };

static void wake(uint32_t *word)
{
	sys_futex(word, FUTEX_WAKE, 0x7fffffff, NULL, NULL, 0);
}

static void __attribute__((noreturn)) give_up(struct restorer_args *a, long err, const char *what)
{
	struct restore_shared *s = (void *)a->shared;
	int32_t none = 0;

	if (__atomic_compare_exchange_n(&s->error, &none, (int32_t)-err, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		s->error_pid = a->pid;
		for (size_t i = 0; i < sizeof(s->error_what) - 1 && what[i]; i++)
			s->error_what[i] = what[i];
	}
	wake(&s->n_arrived);
	for (;;)			/* the tool kills us */
		sys_exit(1);
}

static void arrive(struct restore_shared *s)
{
	if (shared_arrive(s))
		wake(&s->n_arrived);
}

static void pass(struct restorer_args *a, enum restore_step step)
{
	struct restore_shared *s = (void *)a->shared;

	arrive(s);
	while (__atomic_load_n(&s->step, __ATOMIC_ACQUIRE) == (uint32_t)step)
		sys_futex(&s->step, FUTEX_WAIT, step, NULL, NULL, 0);
}

/* One row of late.def after the other, as far as it belongs to this moment. */
static void run_rows(struct restorer_args *a, const struct late_set *set, enum when now)
{
	long err;

#define LATE(stem, when)                                                                                       \
	if (now == when && set->t[LATE_##stem].n) {                                                            \
		const struct late_table *t = &set->t[LATE_##stem];                                             \
		err = stem##_arm((const struct stem##_arm *)((char *)a + t->off), t->n);                       \
		if (err < 0)                                                                                   \
			give_up(a, err, #stem);                                                                \
	}
#include "pie/late.def"
#undef LATE
	(void)err;
}

/* What died or stopped while we were at work told our parent half: those signals are not the program's. */
static void drop_pending_signals(void)
{
	uint64_t all = ~0ULL;
	int64_t now[2] = { 0, 0 };
	char info[128];

	while (pie_syscall6(128 /* rt_sigtimedwait */, (long)&all, (long)info, (long)now, sizeof(all), 0, 0) > 0)
		;
}

static void __attribute__((noreturn)) stand_still(struct restorer_args *a, struct restorer_thread *t)
{
	struct restore_shared *s = (void *)a->shared;

	pass(a, STEP_ARMED);
	if (t == &a->threads[0]) {
		/* Not before all have come here: tasks that share a descriptor table share these too. */
		sys_close_range(a->close_from, ~0U, 0);
		run_rows(a, &t->late, SHARED);
		__atomic_store_n(&a->is_shared_done, 1, __ATOMIC_RELEASE);
		wake(&a->is_shared_done);
	}
	while (!__atomic_load_n(&a->is_shared_done, __ATOMIC_ACQUIRE))
		sys_futex(&a->is_shared_done, FUTEX_WAIT, 0, NULL, NULL, 0);
	run_rows(a, &t->late, TRACED);
	arrive(s);
	for (;;)
		sys_futex(&s->step, FUTEX_WAIT, STEP_TRACED, NULL, NULL, 0);
}

/* How many threads have done their rows: counted in a word of the arena, so that the leader can go last. */
static void thread_done(struct restorer_args *a)
{
	__atomic_add_fetch(&a->n_done, 1, __ATOMIC_ACQ_REL);
	wake(&a->n_done);
}

static void wait_threads_done(struct restorer_args *a)
{
	uint32_t n;

	while ((n = __atomic_load_n(&a->n_done, __ATOMIC_ACQUIRE)) < a->n_threads - 1)
		sys_futex(&a->n_done, FUTEX_WAIT, n, NULL, NULL, 0);
}

static void __attribute__((noreturn)) thread_main(void *arg, void *self)
{
	struct restorer_args *a = arg;
	struct restorer_thread *t = self;

	run_rows(a, &t->late, THREAD);
	thread_done(a);
	stand_still(a, t);
}

static void make_threads(struct restorer_args *a)
{
	for (uint32_t i = 1; i < a->n_threads; i++) {
		struct restorer_thread *t = &a->threads[i];
		long got = restorer_clone(t->set_tid, t->n_set_tid, t->stack_top, thread_main, a, t);

		if (got < 0)
			give_up(a, got, "thread");
	}
}

long pie_main(void *arg)
{
	struct restorer_args *a = arg;
	struct restorer_thread *leader = &a->threads[0];

	run_rows(a, &leader->late, MAP);
	pass(a, STEP_MAPPED);
	run_rows(a, &leader->late, FILLED);
	drop_pending_signals();
	run_rows(a, &leader->late, FIRST);
	make_threads(a);
	run_rows(a, &leader->late, THREAD);
	wait_threads_done(a);
	run_rows(a, &leader->late, LAST);
	stand_still(a, leader);
}
