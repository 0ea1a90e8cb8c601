/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps in shared memory: two futexes and the first failure. */
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "base/log.h"
#include "base/own.h"
#include "base/progress.h"
#include "kernel/proc_stat.h"
#include "run/barrier.h"
#include "run/cancel.h"
#include "run/restore.h"

static void futex_wait(uint32_t *word, uint32_t seen, const struct timespec *timeout)
{
	syscall(SYS_futex, word, FUTEX_WAIT, seen, timeout, NULL, 0);
}

static void futex_wake(uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

int shared_new(struct restore *r)
{
	size_t len = sizeof(struct restore_shared) + r->m.tasks.n * sizeof(struct shared_task) +
		     r->m.files.n * sizeof(struct shared_file) + r->m.namespaces.n * sizeof(struct shared_ns);

	r->shared_len = align_up(len, PAGE_SIZE);
	r->shared = mmap(NULL, r->shared_len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (r->shared == MAP_FAILED)
		return fail_errno("map %zu bytes for the tasks", r->shared_len);
	r->shared->n_tasks = r->m.tasks.n;
	r->shared->n_files = r->m.files.n;
	for (size_t i = 0; i < r->m.tasks.n; i++)
		r->shared->tasks[i].uffd = -1;
	return 0;
}

static bool has_failed(const struct restore *r)
{
	return __atomic_load_n(&r->shared->error, __ATOMIC_ACQUIRE);
}

/* Against barrier_kill(): between its own number and the flag, on both sides, so that one of them sees the other. */
int barrier_check(const struct restore *r)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return has_failed(r) ? -ECANCELED : 0;
}

int barrier_pass(struct restore *r, enum restore_step step)
{
	struct restore_shared *s = r->shared;

	if (shared_arrive(s))
		futex_wake(&s->n_arrived);
	while (__atomic_load_n(&s->step, __ATOMIC_ACQUIRE) == step) {
		if (has_failed(r))
			return -ECANCELED;
		futex_wait(&s->step, step, NULL);
	}
	return has_failed(r) ? -ECANCELED : 0;
}

static void fail_all(struct restore_shared *s, int err, pid_t who)
{
	int32_t none = 0;

	if (__atomic_compare_exchange_n(&s->error, &none, err, false, __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE))
		s->error_pid = who;
	futex_wake(&s->n_arrived);
	/* Those who wait for the step look at the error when they wake up. */
	futex_wake(&s->step);
}

void barrier_fail(struct restore *r, int err)
{
	fail_all(r->shared, err < 0 ? -err : EIO, r->self ? leader(r->self)->pid : 0);
}

void barrier_kill(struct restore_shared *s)
{
	/* First: one that has been forked just now, and has told nobody its number yet, ends by this. */
	fail_all(s, ECANCELED, 0);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (uint32_t i = 0; i < s->n_tasks; i++)
		if (s->tasks[i].pid_real > 0)
			kill(s->tasks[i].pid_real, SIGKILL);
}

void barrier_kill_and_wait(struct restore_shared *s)
{
	enum { PATIENCE_MS = 10 * 1000 };	/* somebody may have frozen them */

	barrier_kill(s);
	for (uint32_t i = 0; i < s->n_tasks; i++) {
		pid_t pid = s->tasks[i].pid_real;
		auto_fd int pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
		struct pollfd p = { .fd = pidfd, .events = POLLIN };

		if (pidfd >= 0 && poll(&p, 1, PATIENCE_MS) == 0)
			warn("process %d does not end", pid);
	}
}

/* Whoever fails does not know of the flag: so its waiters look around now and then. */
int flag_wait(struct restore *r, uint32_t *flag)
{
	const struct timespec look_around = { .tv_nsec = 100 * 1000 * 1000 };

	while (!__atomic_load_n(flag, __ATOMIC_ACQUIRE)) {
		if (has_failed(r))
			return -ECANCELED;
		futex_wait(flag, 0, &look_around);
	}
	return 0;
}

void flag_raise(uint32_t *flag)
{
	__atomic_store_n(flag, 1, __ATOMIC_RELEASE);
	futex_wake(flag);
}

static int report_failure(const struct restore *r)
{
	const struct restore_shared *s = r->shared;

	/* Code with libc has reported by itself; the restorer can only leave a name and a number. */
	if (s->error_what[0])
		(void)fail_with(s->error, "task %d: restorer: %s (%d)", s->error_pid, s->error_what, s->error_detail);
	return -s->error;
}

/* A task that dies without a word (a crash, somebody's SIGKILL) is found by looking. */
static int check_alive(const struct restore *r)
{
	for (size_t i = 0; i < r->m.tasks.n; i++) {
		struct proc_stat st;
		pid_t pid = r->shared->tasks[i].pid_real;

		if (!pid || !is_alive(r->m.tasks.v[i]))
			continue;
		if (proc_stat_read(pid, 0, &st) || st.state == 'Z' || st.state == 'X')
			return fail(ECHILD, "task %d was killed while it was being restored",
				    leader(r->m.tasks.v[i])->pid);
	}
	return 0;
}

int barrier_wait(struct restore *r, enum restore_step step, size_t n)
{
	const struct timespec look_around = { .tv_nsec = 200 * 1000 * 1000 };
	struct restore_shared *s = r->shared;

	progress_expect(n, PROGRESS_TASKS);
	__atomic_store_n(&s->n_wanted, n, __ATOMIC_SEQ_CST);
	for (;;) {
		uint32_t arrived = __atomic_load_n(&s->n_arrived, __ATOMIC_SEQ_CST);
		int err;

		progress_set(arrived);
		if (has_failed(r))
			return report_failure(r);
		if (arrived >= n)
			return 0;
		err = check_cancelled();
		if (err)
			return err;
		errno = 0;
		futex_wait(&s->n_arrived, arrived, &look_around);
		if (errno == ETIMEDOUT) {
			err = check_alive(r);
			if (err)
				return err;
			debug("step %d: %u of %zu have arrived", (int)step, arrived, n);
		}
	}
}

void barrier_open(struct restore *r, enum restore_step next)
{
	__atomic_store_n(&r->shared->n_arrived, 0, __ATOMIC_RELEASE);
	__atomic_store_n(&r->shared->step, next, __ATOMIC_RELEASE);
	futex_wake(&r->shared->step);
}
