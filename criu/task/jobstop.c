/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Job control stops (SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU). A task is stopped before it gets its own signal mask back:
 * otherwise what is pending and not blocked would be delivered first, and it was not. The stop is told to the parent by
 * SIGCHLD and by waitid(2); both are taken back where the dumped parent had dealt with them.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <compel/compel.h>
#include "arch/cpu.h"
#include "base/log.h"
#include "kernel/proc_stat.h"
#include "model/model.h"
#include "pie/inside.h"
#include "run/dump.h"
#include "task/inside.h"
#include "task/jobstop.h"
#include "task/kind.h"

#define SIGNAL_BIT(signo) (1ULL << ((signo) - 1))

enum { LAST_SIGNAL = 64, WAIT_TRIES = 2000, WAIT_STEP_NS = 50000 };

/* --- dump ---------------------------------------------------------------------------------------------------- */

/* A child is where its parent is, or below: what the parent calls it. */
static pid_t seen_by_parent(const struct thread *child, const struct thread *parent)
{
	return parent->n_inner && child->n_inner >= parent->n_inner ? child->inner[parent->n_inner - 1] : child->pid;
}

static const struct task *child_seen_as(const struct model *m, const struct task *t, pid_t pid)
{
	for (size_t i = 0; i < m->tasks.n; i++)
		if (m->tasks.v[i]->parent == t && seen_by_parent(leader(m->tasks.v[i]), leader(t)) == pid)
			return m->tasks.v[i];
	return NULL;
}

/* By what was met, not by its state, which the scan of the child may set in another thread meanwhile. */
static bool was_stopped_child(const struct task *child, const struct task *parent)
{
	return child->parent == parent && is_alive(child) && leader(child)->dump->stop.kind == COMPEL_GROUP_STOPPED;
}

static int jobstop_ask(struct dump *d, struct task *t, struct inside_task *in, struct inside_more *more)
{
	VEC(struct jobstop_ask) all = { 0 };

	for (size_t i = 0; i < d->m.tasks.n; i++)
		if (was_stopped_child(d->m.tasks.v[i], t))
			vec_push(&d->m.arena, &all,
				 ((struct jobstop_ask){ .pid = seen_by_parent(leader(d->m.tasks.v[i]), leader(t)) }));
	if (!all.n)
		return 0;
	in->jobstop.n = all.n;
	in->jobstop.off = inside_append(more, all.v, all.n * sizeof(all.v[0]));
	return 0;
}

static int jobstop_scan(struct dump *d, struct task *t)
{
	const struct inside_task *in = t->dump->inside;
	const struct jobstop_ask *a = (const void *)((const char *)in + in->jobstop.off);

	for (uint32_t i = 0; i < in->jobstop.n; i++) {
		const struct task *child = child_seen_as(&d->m, t, a[i].pid);

		if (a[i].err || !child)
			return fail_with(a[i].err, "waitid for stopped child %d", a[i].pid);
		leader(child)->core->tc->has_stop_is_known = !a[i].is_waiting;
		leader(child)->core->tc->stop_is_known = !a[i].is_waiting;
	}
	return 0;
}

static int jobstop_check(const struct task *t)
{
	static const uint64_t stops = SIGNAL_BIT(SIGSTOP) | SIGNAL_BIT(SIGTSTP) | SIGNAL_BIT(SIGTTIN) |
				      SIGNAL_BIT(SIGTTOU);
	const TaskCoreEntry *tc = leader(t)->core->tc;

	if (!tc->has_stop_signo)
		return 0;
	if (!tc->stop_signo || tc->stop_signo > LAST_SIGNAL || !(SIGNAL_BIT(tc->stop_signo) & stops))
		return fail(EINVAL, "signal %u does not stop a process", tc->stop_signo);
	return 0;
}

/* --- restore ------------------------------------------------------------------------------------------------- */

/* -ETIMEDOUT: nothing has happened. The status is waitpid's. */
static int wait_stop(pid_t tid, int *ret_status)
{
	const struct timespec step = { .tv_nsec = WAIT_STEP_NS };

	for (int i = 0; i < WAIT_TRIES; i++) {
		pid_t got = waitpid(tid, ret_status, __WALL | WNOHANG);

		if (got < 0 && errno != EINTR)
			return -errno;
		if (got > 0)
			return WIFSTOPPED(*ret_status) ? 0 : -ESRCH;
		nanosleep(&step, NULL);
	}
	return -ETIMEDOUT;
}

static bool is_event_stop(int status, int signo)
{
	return status >> 16 == PTRACE_EVENT_STOP && WSTOPSIG(status) == signo;
}

static int cont(pid_t tid, int signo)
{
	return ptrace(PTRACE_CONT, tid, NULL, signo) < 0 ? -errno : 0;
}

/*
 * SIGSTOP gets through any mask; as the tracer we hand the thread the signal that it was instead. That one must not be
 * blocked then, or it is queued again.
 */
static int stop_leader(pid_t pid, int signo)
{
	int status, err = compel_sigmask_set(pid, ~SIGNAL_BIT(signo));

	if (!err && syscall(SYS_tgkill, pid, pid, SIGSTOP) < 0)
		err = -errno;
	if (!err)
		err = cont(pid, 0);
	if (!err)
		err = wait_stop(pid, &status);
	if (!err && (status >> 16 || WSTOPSIG(status) != SIGSTOP))
		err = -EPROTO;
	if (!err)
		err = cont(pid, signo);
	if (!err)
		err = wait_stop(pid, &status);
	if (!err && !is_event_stop(status, signo))
		err = -EPROTO;
	return err;
}

/* The kernel does not stop by a terminal signal where the process handles it by now, or its group is an orphan. */
static int signal_to_use(const struct task *t)
{
	const TaskCoreEntry *tc = leader(t)->core->tc;
	size_t i = tc->stop_signo - 1 - (tc->stop_signo > SIGKILL) - (tc->stop_signo > SIGSTOP);

	if (!tc->has_stop_signo || tc->stop_signo == SIGSTOP || tc->sigactions[i]->sigaction != (uintptr_t)SIG_DFL)
		return SIGSTOP;
	return tc->stop_signo;
}

static int stop_task(const struct task *t)
{
	pid_t pid = leader(t)->pid_real;
	int signo = signal_to_use(t), err = stop_leader(pid, signo);
	struct compel_stop stop;

	if (err == -ETIMEDOUT && signo != SIGSTOP) {
		signo = SIGSTOP;
		err = compel_interrupt(pid);
		if (!err)
			err = compel_wait_stopped(pid, &stop);
		if (!err)
			err = stop_leader(pid, SIGSTOP);
	}
	/* The other threads are part of the stop as soon as they look. */
	for (size_t i = 1; i < t->n_threads && !err; i++) {
		int status;

		err = cont(t->threads[i].pid_real, 0);
		if (!err)
			err = wait_stop(t->threads[i].pid_real, &status);
		if (!err && !is_event_stop(status, signo))
			err = -EPROTO;
	}
	return err ? fail_with(err, "stop task %d with signal %d again", leader(t)->pid, signo) : 0;
}

static bool has_sigchld(const SignalQueueEntry *q)
{
	for (size_t i = 0; q && i < q->n_signals; i++)
		if (*(const int32_t *)q->signals[i]->siginfo.data == SIGCHLD)
			return true;
	return false;
}

/* Takes SIGCHLD out of the queue of a task that had none; its leader waits in the restorer, so its stack is ours. */
static int drop_sigchld(struct compel_proc *p, const struct task *parent)
{
	struct {
		uint64_t mask;
		struct timespec now;
	} arg = { .mask = SIGNAL_BIT(SIGCHLD) };
	pid_t pid = leader(parent)->pid_real;
	struct user_regs_struct regs;
	struct iovec here = { &arg, sizeof(arg) }, there;
	unsigned long args[6] = { 0 };
	long ret;
	int err;

	if (has_sigchld(leader(parent)->core->tc->signals_s) || has_sigchld(leader(parent)->core->thread_core->signals_p))
		return 0;
	err = compel_regs_get(pid, &regs);
	if (err)
		return err;
	there = (struct iovec){ (void *)cpu_below_stack(&regs, sizeof(arg)), sizeof(arg) };
	if (process_vm_writev(pid, &here, 1, &there, 1, 0) != (ssize_t)sizeof(arg))
		return -errno;
	args[0] = (unsigned long)there.iov_base;
	args[2] = args[0] + offsetof(__typeof__(arg), now);
	args[3] = sizeof(arg.mask);
	return compel_syscall(p, pid, SYS_rt_sigtimedwait, args, &ret);	/* -EAGAIN: the parent did not want to know */
}

static int take_report(struct compel_proc *p, const struct task *parent, const struct task *child)
{
	unsigned long args[6] = { P_PID, seen_by_parent(leader(child), leader(parent)), 0, WSTOPPED | WNOHANG };
	long ret;
	int err;

	if (!leader(child)->core->tc->stop_is_known)
		return 0;
	err = compel_syscall(p, leader(parent)->pid_real, SYS_waitid, args, &ret);
	return err ? err : ret;
}

static int settle(const struct task *parent, const struct task *child)
{
	struct compel_proc *p = NULL;
	int err = compel_open(leader(parent)->pid_real, &p);

	if (!err)
		err = drop_sigchld(p, parent);
	if (!err)
		err = take_report(p, parent, child);
	if (err)
		err = fail_with(err, "make task %d know of its stopped child %d: %s", leader(parent)->pid,
				leader(child)->pid, p ? compel_error(p) : "");
	compel_close(p);
	return err;
}

int jobstop_resume(const struct model *m)
{
	for (size_t i = 0; i < m->tasks.n; i++) {
		const struct task *t = m->tasks.v[i];
		int err;

		if (t->state != TASK_STOPPED)
			continue;
		err = stop_task(t);
		if (!err && t->parent)
			err = settle(t->parent, t);
		if (err)
			return err;
	}
	return 0;
}

static bool is_about_to_stop(const struct task *t)
{
	struct proc_stat st;

	return is_alive(t) && !proc_stat_read(leader(t)->pid_real, 0, &st) && (st.state == 'R' || st.state == 'S');
}

void jobstop_await(const struct model *m)
{
	const struct timespec step = { .tv_nsec = 100000 };

	/* 100 ms: in a cgroup that its owner has frozen a task shows S, and stops when it thaws */
	for (size_t i = 0, steps = 0; i < m->tasks.n; i++)
		for (; is_about_to_stop(m->tasks.v[i]) && steps < 1000; steps++)
			nanosleep(&step, NULL);
}

const struct task_kind jobstop_kind = {
	.name = "jobstop",
	.ask = jobstop_ask,
	.scan = jobstop_scan,
	.check = jobstop_check,
};
