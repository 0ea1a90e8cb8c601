/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * System calls in a stopped thread, by an instruction that is already there.
 *
 *	EVENT_STOP ----SYSCALL---> entry ----SYSCALL---> exit --INTERRUPT, CONT--> EVENT_STOP
 *	  registers, mask                      mask, registers
 *	  of the call                          back
 *
 * While the registers are the call's, the thread is lost if we are killed; the mask and the rest
 * are changed only within that time.
 *
 * The last leg matters: only in get_signal() does the kernel look at -ERESTART* and restart what
 * the thread was in, and only there may the thread be left for longer. A single step would be
 * shorter, but it ends in a forced SIGTRAP, which resets the target's action for SIGTRAP when that
 * is blocked or ignored.
 */
#include "inject.h"
#include <errno.h>
#include <sys/ptrace.h>
#include "arch.h"
#include "guard.h"
#include "pin.h"
#include "wait.h"

struct injection {
	struct compel_proc *p;
	pid_t tid;
	struct user_regs_struct regs; /* as the thread had them */
	uint64_t mask;
	struct guard guard;
	bool is_entered; /* registers may be ours */
};

int rest_in_signal_stop(pid_t tid)
{
	int status;

	if (ptrace(PTRACE_INTERRUPT, tid, 0, 0) < 0)
		return -errno;
	return resume_until(tid, PTRACE_CONT, EVENT_STOP, &status);
}

static int inject_begin(struct compel_proc *p, pid_t tid, struct injection *j)
{
	int err;

	*j = (struct injection){ .p = p, .tid = tid };
	err = compel_regs_get(tid, &j->regs);
	if (err)
		return proc_fail(p, err, "thread %d: read registers", tid);
	if (!arch_is_native64(&j->regs))
		return proc_fail(p, -EOPNOTSUPP, "thread %d: runs 32-bit code", tid);
	err = get_sigmask(tid, &j->mask);
	if (!err)
		err = guard_begin(p, tid, &j->regs, &j->guard);
	if (err)
		return proc_fail(p, err, "thread %d: read signal mask and dispatch state", tid);
	j->is_entered = true;
	return 0;
}

static int inject_syscall(struct injection *j, long nr, const unsigned long args[6], long *ret)
{
	struct user_regs_struct regs = j->regs;
	int status, err;

	arch_syscall_regs(&regs, j->p->syscall_insn, nr, args);
	err = compel_regs_set(j->tid, &regs);
	if (!err)
		err = set_sigmask(j->tid, ~0ULL);
	if (!err)
		err = resume_until(j->tid, PTRACE_SYSCALL, EVENT_SYSCALL, &status);
	if (!err)
		err = resume_until(j->tid, PTRACE_SYSCALL, EVENT_SYSCALL, &status);
	if (!err)
		err = compel_regs_get(j->tid, &regs);
	if (err)
		return proc_fail(j->p, err, "thread %d: system call %ld", j->tid, nr);
	*ret = arch_syscall_result(&regs);
	return 0;
}

/* Everything back, and the thread to rest in get_signal(); after an error too. */
static int inject_end(struct injection *j)
{
	int err, first;

	if (!j->is_entered)
		return 0;
	first = set_sigmask(j->tid, j->mask);
	err = guard_end(j->p, j->tid, &j->guard);
	if (!first)
		first = err;
	err = compel_regs_set(j->tid, &j->regs);
	if (!err)
		err = rest_in_signal_stop(j->tid);
	if (!err) /* a signal may have been queued again by way of the mask */
		err = set_sigmask(j->tid, j->mask);
	if (!err)
		err = first;
	return err ? proc_fail(j->p, err, "thread %d: put its state back", j->tid) : 0;
}

int inject(struct compel_proc *p, pid_t tid, long nr, const unsigned long args[6], long *ret)
{
	struct injection j;
	struct pin pin;
	int err, err_end;

	pin_to(p, tid, &pin);
	err = inject_begin(p, tid, &j);
	if (!err)
		err = inject_syscall(&j, nr, args, ret);
	err_end = inject_end(&j);
	unpin(&pin);
	return err ? err : err_end;
}
