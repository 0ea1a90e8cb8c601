/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kinds of per-task state look at loaded records before anybody uses them. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "model/model.h"
#include "task/kind.h"
#include "task/persona_word.h"

extern const struct task_kind dumpable_kind, exit_signal_kind, itimers_kind, membarrier_kind, mlockall_kind,
	oom_score_adj_kind, posix_timers_kind, prctl_kind, rlimits_kind, sigact_kind, sigaltstack_kind, signals_kind,
	speculation_kind, thp_kind;

/* A process of one thread with empty records. */
struct fixture {
	struct arena arena;
	struct task *t;
	TaskCoreEntry *tc;
	ThreadCoreEntry *th;
};

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));
	struct thread *thread = arena_new(&f->arena, struct thread);

	f->t = arena_new(&f->arena, struct task);
	f->t->threads = thread;
	f->t->n_threads = 1;
	f->t->mm = arena_msg(&f->arena, MmEntry, mm_entry__init);
	thread->task = f->t;
	thread->pid = 41;
	thread->core = arena_msg(&f->arena, CoreEntry, core_entry__init);
	thread->core->tc = f->tc = arena_msg(&f->arena, TaskCoreEntry, task_core_entry__init);
	thread->core->thread_core = f->th = arena_msg(&f->arena, ThreadCoreEntry, thread_core_entry__init);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_free(&f->arena);
	test_free(f);
	return 0;
}

static void absent_fields_are_fine(void **state)
{
	static const struct task_kind *const kinds[] = {
		&dumpable_kind, &exit_signal_kind, &itimers_kind, &membarrier_kind, &mlockall_kind,
		&oom_score_adj_kind, &posix_timers_kind, &prctl_kind, &rlimits_kind, &sigaltstack_kind,
		&signals_kind, &speculation_kind, &thp_kind,
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < array_size(kinds); i++)
		assert_int_equal(kinds[i]->check(f->t), 0);
}

static void sigactions_must_be_62(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(sigact_kind.check(f->t), -EINVAL);
	f->tc->sigactions = arena_array(&f->arena, SaEntry *, 62);
	for (f->tc->n_sigactions = 0; f->tc->n_sigactions < 62; f->tc->n_sigactions++)
		f->tc->sigactions[f->tc->n_sigactions] = arena_msg(&f->arena, SaEntry, sa_entry__init);
	assert_int_equal(sigact_kind.check(f->t), 0);
	f->tc->sigactions[61]->compat_sigaction = true;
	assert_int_equal(sigact_kind.check(f->t), -EINVAL);
}

static int check_siginfo(struct fixture *f, int signo, size_t len)
{
	static SiginfoEntry e = SIGINFO_ENTRY__INIT, *list[] = { &e };
	siginfo_t info = { .si_signo = signo };

	e.siginfo.data = arena_memdup(&f->arena, &info, sizeof(info));
	e.siginfo.len = len;
	f->th->signals_p = arena_msg(&f->arena, SignalQueueEntry, signal_queue_entry__init);
	f->th->signals_p->signals = list;
	f->th->signals_p->n_signals = 1;
	return signals_kind.check(f->t);
}

static void siginfo_must_be_whole_and_of_a_signal_that_can_wait(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(check_siginfo(f, SIGUSR1, sizeof(siginfo_t)), 0);
	assert_int_equal(check_siginfo(f, 64, sizeof(siginfo_t)), 0);
	assert_int_equal(check_siginfo(f, SIGUSR1, sizeof(siginfo_t) - 1), -EINVAL);
	assert_int_equal(check_siginfo(f, SIGUSR1, 0), -EINVAL);
	assert_int_equal(check_siginfo(f, 0, sizeof(siginfo_t)), -EINVAL);
	assert_int_equal(check_siginfo(f, 65, sizeof(siginfo_t)), -EINVAL);
	assert_int_equal(check_siginfo(f, -1, sizeof(siginfo_t)), -EINVAL);
	assert_int_equal(check_siginfo(f, SIGKILL, sizeof(siginfo_t)), -EINVAL);
	assert_int_equal(check_siginfo(f, SIGSTOP, sizeof(siginfo_t)), -EINVAL);
}

static void posix_timers_are_looked_at(void **state)
{
	static PosixTimerEntry e = POSIX_TIMER_ENTRY__INIT, *list[] = { &e };
	struct fixture *f = *state;

	f->tc->timers = arena_msg(&f->arena, TaskTimersEntry, task_timers_entry__init);
	f->tc->timers->posix = list;
	f->tc->timers->n_posix = 1;
	e.si_signo = SIGUSR1;
	e.it_id = INT32_MAX;
	assert_int_equal(posix_timers_kind.check(f->t), 0);
	e.it_id = (uint32_t)INT32_MAX + 1;
	assert_int_equal(posix_timers_kind.check(f->t), -EINVAL);
	e.it_id = 0;
	e.vnsec = 1000000000;
	assert_int_equal(posix_timers_kind.check(f->t), -EINVAL);
	e.vnsec = 0;
	e.si_signo = 65;
	assert_int_equal(posix_timers_kind.check(f->t), -EINVAL);
	e.it_sigev_notify = SIGEV_NONE;
	assert_int_equal(posix_timers_kind.check(f->t), 0);
	e.it_sigev_notify = 8;
	assert_int_equal(posix_timers_kind.check(f->t), -EINVAL);
}

static void itimers_are_looked_at(void **state)
{
	static ItimerEntry zero = ITIMER_ENTRY__INIT, bad = ITIMER_ENTRY__INIT;
	struct fixture *f = *state;
	TaskTimersEntry *timers = arena_msg(&f->arena, TaskTimersEntry, task_timers_entry__init);

	f->tc->timers = timers;
	timers->real = timers->virt = timers->prof = &zero;
	assert_int_equal(itimers_kind.check(f->t), 0);
	bad.vusec = 1000000;
	timers->prof = &bad;
	assert_int_equal(itimers_kind.check(f->t), -EINVAL);
}

static void soft_limits_are_below_hard_ones(void **state)
{
	static RlimitEntry e = RLIMIT_ENTRY__INIT, *list[17];
	struct fixture *f = *state;

	for (size_t i = 0; i < array_size(list); i++)
		list[i] = &e;
	f->tc->rlimits = arena_msg(&f->arena, TaskRlimitsEntry, task_rlimits_entry__init);
	f->tc->rlimits->rlimits = list;
	f->tc->rlimits->n_rlimits = 16;
	e.cur = e.max = UINT64_MAX;
	assert_int_equal(rlimits_kind.check(f->t), 0);
	e.max = 5;
	assert_int_equal(rlimits_kind.check(f->t), -EINVAL);
	e.cur = 5;
	assert_int_equal(rlimits_kind.check(f->t), 0);
	f->tc->rlimits->n_rlimits = 17;
	assert_int_equal(rlimits_kind.check(f->t), -EINVAL);
}

static void small_values_have_bounds(void **state)
{
	struct fixture *f = *state;

	f->th->has_pdeath_sig = true;
	f->th->pdeath_sig = 64;
	assert_int_equal(prctl_kind.check(f->t), 0);
	f->th->pdeath_sig = 65;
	assert_int_equal(prctl_kind.check(f->t), -EINVAL);
	f->th->pdeath_sig = 1;
	f->tc->has_mdwe = true;
	f->tc->mdwe = 4;
	assert_int_equal(prctl_kind.check(f->t), -EINVAL);
	f->tc->mdwe = 3;
	f->th->has_timer_slack = true;
	f->th->timer_slack = UINT64_MAX;
	assert_int_equal(prctl_kind.check(f->t), -EINVAL);
	f->th->timer_slack = 5000000000;
	assert_int_equal(prctl_kind.check(f->t), 0);

	f->tc->membarrier_registration_mask = 1 << 3;
	assert_int_equal(membarrier_kind.check(f->t), -EINVAL);
	f->tc->mcl_future = 1;
	assert_int_equal(mlockall_kind.check(f->t), -EINVAL);
	f->tc->mcl_future = 6;
	assert_int_equal(mlockall_kind.check(f->t), 0);
	f->tc->has_oom_score_adj = true;
	f->tc->oom_score_adj = 1001;
	assert_int_equal(oom_score_adj_kind.check(f->t), -EINVAL);
	f->tc->has_exit_signal = true;
	f->tc->exit_signal = 65;
	assert_int_equal(exit_signal_kind.check(f->t), -EINVAL);
	f->tc->thp_disable = 2;
	assert_int_equal(thp_kind.check(f->t), -EINVAL);
	f->t->mm->has_dumpable = true;
	f->t->mm->dumpable = 3;
	assert_int_equal(dumpable_kind.check(f->t), -EINVAL);
	f->t->mm->dumpable = 2;
	assert_int_equal(dumpable_kind.check(f->t), 0);
}

static void altstack_and_speculation_have_known_flags_only(void **state)
{
	static ThreadSasEntry sas = THREAD_SAS_ENTRY__INIT;
	uint32_t modes[] = { 0, 0x1e, 0x20 };
	struct fixture *f = *state;

	f->th->sas = &sas;
	sas.ss_flags = 1U << 31 | SS_DISABLE;
	assert_int_equal(sigaltstack_kind.check(f->t), 0);
	sas.ss_flags = 4;
	assert_int_equal(sigaltstack_kind.check(f->t), -EINVAL);
	f->th->speculation = modes;
	f->th->n_speculation = 2;
	assert_int_equal(speculation_kind.check(f->t), 0);
	f->th->n_speculation = 3;
	assert_int_equal(speculation_kind.check(f->t), -EINVAL);
}

/* As images of the established tool have it. */
static void personality_is_hexadecimal_read_as_decimal(void **state)
{
	(void)state;
	assert_int_equal(personality_to_plain(0x40000), 40000);
	assert_int_equal(personality_from_plain(40000), 0x40000);
	assert_int_equal(personality_to_plain(0x440000), 440000);
	assert_int_equal(personality_to_plain(0), 0);
	assert_int_equal(personality_from_plain(0), 0);
	assert_int_equal(personality_to_plain(0x00c40008), 0);
	assert_int_equal(personality_to_plain(0x8000000), 8000000);
	assert_int_equal(personality_from_plain(8000000), 0x8000000);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(absent_fields_are_fine),
		CASE(sigactions_must_be_62),
		CASE(siginfo_must_be_whole_and_of_a_signal_that_can_wait),
		CASE(posix_timers_are_looked_at),
		CASE(itimers_are_looked_at),
		CASE(soft_limits_are_below_hard_ones),
		CASE(small_values_have_bounds),
		CASE(altstack_and_speculation_have_known_flags_only),
		CASE(personality_is_hexadecimal_read_as_decimal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
