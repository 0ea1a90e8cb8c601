/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a restore, by ptrace: whatever a thread cannot do for itself while it still runs the restorer. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <compel/compel.h>
#include "arch/cpu.h"
#include "base/log.h"
#include "base/own.h"
#include "options.h"
#include "run/attach.h"
#include "run/restore.h"
#include "run/shared.h"
#include "task/dispatch.h"
#include "task/jobstop.h"
#include "task/rseq.h"

static pid_t real_tid(const struct thread *th)
{
	return th->pid_real;
}

static int each_thread(struct restore *r, int (*visit)(pid_t tid))
{
	for (size_t i = 0; i < r->m.tasks.n; i++) {
		const struct task *t = r->m.tasks.v[i];
		IN_SCOPE("task", leader(t)->pid);

		for (size_t n = 0; is_alive(t) && n < t->n_threads; n++) {
			int err = visit(real_tid(&t->threads[n]));

			if (err)
				return fail_with(err, "trace thread %d", t->threads[n].pid);
		}
	}
	return 0;
}

/* Waits in the restorer's futex stay what they are: a seized thread runs on until it is interrupted. */
int attach_all(struct restore *r)
{
	if (compel_wait_asleep(SIGRTMIN))
		debug("the kernel gives no timer: stops are polled for");
	return each_thread(r, compel_seize);
}

static int wait_at_rest(pid_t tid)
{
	struct compel_stop stop;
	int err = compel_wait_stopped(tid, &stop);

	return err ? err : stop.kind <= COMPEL_GROUP_STOPPED ? 0 : -ESRCH;
}

static int set_state(const struct thread *th)
{
	auto_free void *xsave = NULL;
	struct user_regs_struct regs;
	size_t len = 0;
	int err;

	err = cpu_xsave_of(th->core, NULL, 0, &len);
	if (err && err != -ENOSPC)
		return fail_with(err, "lay out the extended state of thread %d", th->pid);
	xsave = len ? malloc(len) : NULL;
	if (len && !xsave)
		return fail(ENOMEM, "%zu bytes for extended state", len);
	if (len) {
		err = cpu_xsave_of(th->core, xsave, len, &len);
		if (!err)
			err = compel_xsave_set(th->pid_real, xsave, len);
		if (err)
			return fail_with(err, "set the extended state of thread %d", th->pid);
	}
	err = cpu_set_traced(th->core, th->pid_real);
	if (err)
		return err;
	err = cpu_regs_of(th->core, &regs);
	if (!err)
		err = compel_regs_set(th->pid_real, &regs);
	if (!err)
		err = compel_sigmask_set(th->pid_real, th->core->thread_core->has_blk_sigset ?
					 th->core->thread_core->blk_sigset : leader(th->task)->core->tc->blk_sigset);
	if (err)
		return fail_with(err, "set the registers of thread %d", th->pid);
	return 0;
}

/* What has to wait until we make no system calls in the task any more. */
static int resume_thread(const struct thread *th)
{
	int err = rseq_resume(th, leader(th->task)->pid_real);

	return err ? err : dispatch_resume(th);
}

/* The region is the only thing left of the tool in the task. */
static int unmap_restorer(const struct restore *r, const struct task *t)
{
	const struct shared_task *s = &r->shared->tasks[t->index];
	unsigned long args[6] = { s->region, s->region_len };
	struct compel_proc *proc = NULL;
	long ret = 0;
	int err;

	err = compel_open(leader(t)->pid_real, &proc);
	if (!err)
		err = compel_syscall(proc, leader(t)->pid_real, SYS_munmap, args, &ret);
	if (!err)
		err = ret;
	if (err)
		err = fail_with(err, "take the restorer out: %s", proc ? compel_error(proc) : "");
	compel_close(proc);
	return err;
}

static int finish_task(const struct restore *r, const struct task *t)
{
	int err;

	for (size_t i = 0; i < t->n_threads; i++) {
		err = set_state(&t->threads[i]);
		if (err)
			return err;
	}
	err = unmap_restorer(r, t);
	for (size_t i = 0; i < t->n_threads && !err; i++)
		err = resume_thread(&t->threads[i]);
	return err;
}

int attach_finish(struct restore *r)
{
	int err = each_thread(r, compel_interrupt);

	if (!err)
		err = each_thread(r, wait_at_rest);
	if (!err)
		err = jobstop_resume(&r->m);
	for (size_t i = 0; i < r->m.tasks.n && !err; i++) {
		const struct task *t = r->m.tasks.v[i];
		IN_SCOPE("task", leader(t)->pid);

		if (is_alive(t))
			err = finish_task(r, t);
	}
	return err;
}

void attach_go(struct restore *r)
{
	/* Children first, so that a parent which looks at once finds them as they were. */
	for (size_t i = r->m.tasks.n; i--;) {
		const struct task *t = r->m.tasks.v[i];

		if (!is_alive(t))
			continue;
		if (t->state != TASK_STOPPED && r->opt->final_state == FINAL_STOP)
			kill(leader(t)->pid_real, SIGSTOP);
		for (size_t n = t->n_threads; n--;) {
			int err = compel_release(t->threads[n].pid_real);

			if (err)
				warn("let thread %d go: %s", t->threads[n].pid, strerror(-err));
		}
	}
	if (r->opt->final_state == FINAL_STOP)
		jobstop_await(&r->m);
}
