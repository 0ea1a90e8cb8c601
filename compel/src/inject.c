/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * System calls in a stopped thread, by an instruction that is already there.
 *
 *	EVENT_STOP -----SYSCALL-----> entry --SYSCALL--> exit --INTERRUPT, CONT--> EVENT_STOP
 *	  mask, registers   the call's           registers                 registers, mask
 *	  of pause(2)       number               as restarted              back
 *
 * A tracer may be killed anywhere on this way, and the thread runs on then. Before the entry it finds
 * itself in pause(2), behind it at a jump to itself, each with all signals blocked, until somebody
 * puts it back (put_back.c). What is needed for that stands in the record from the first change on.
 *
 * The last leg matters: only in get_signal() does the kernel look at -ERESTART* and restart what
 * the thread was in, and only there may the thread be left for longer. A single step would be
 * shorter, but it ends in a forced SIGTRAP, which resets the target's action for SIGTRAP when that
 * is blocked or ignored.
 */
#include "inject.h"
#include <errno.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include "arch.h"
#include "guard.h"
#include "pin.h"
#include "wait.h"

int rest_in_signal_stop(pid_t tid)
{
	int status;

	if (ptrace(PTRACE_INTERRUPT, tid, 0, 0) < 0)
		return -errno;
	return resume_until(tid, PTRACE_CONT, EVENT_STOP, &status);
}

void record_result(struct record *r, long ret)
{
	if (r->nr == SYS_mmap && r->len_map && !(ret < 0 && ret > -4096))
		atomic_store(&r->map, ret);
	else if (r->nr == SYS_munmap && !ret)
		atomic_store(&r->map, 0);
}

static int inject_begin(struct compel_proc *p, pid_t tid, long nr)
{
	struct record *r = p->record;
	int err;

	r->pid = p->pid;
	r->tid = tid;
	r->nr = nr;
	r->insn = p->syscall_insn;
	r->loop = p->loop;
	err = compel_regs_get(tid, &r->regs);
	if (err)
		return proc_fail(p, err, "thread %d: read registers", tid);
	if (!arch_is_native64(&r->regs))
		return proc_fail(p, -EOPNOTSUPP, "thread %d: runs 32-bit code", tid);
	err = get_sigmask(tid, &r->mask);
	if (!err)
		err = guard_read(p, tid, &r->regs, &r->guard);
	if (err)
		return proc_fail(p, err, "thread %d: read signal mask and dispatch state", tid);
	atomic_store(&r->is_injecting, 1);
	err = guard_off(tid, &r->guard);
	return err ? proc_fail(p, err, "thread %d: switch system call dispatch off", tid) : 0;
}

static int inject_syscall(struct compel_proc *p, const unsigned long args[6], long *ret)
{
	const struct record *r = p->record;
	struct user_regs_struct regs = r->regs;
	int status, err;

	err = set_sigmask(r->tid, ~0ULL);
	arch_pause_regs(&regs, r->insn, args);
	if (!err)
		err = compel_regs_set(r->tid, &regs);
	if (!err)
		err = resume_until(r->tid, PTRACE_SYSCALL, EVENT_SYSCALL, &status);
	arch_pause_to_syscall(&regs, r->nr, r->loop);
	if (!err)
		err = compel_regs_set(r->tid, &regs);
	if (!err)
		err = resume_until(r->tid, PTRACE_SYSCALL, EVENT_SYSCALL, &status);
	if (!err)
		err = compel_regs_get(r->tid, &regs);
	if (err)
		return proc_fail(p, err, "thread %d: system call %ld", r->tid, r->nr);
	*ret = arch_syscall_result(&regs);
	record_result(p->record, *ret);
	return 0;
}

/*
 * Everything back, and the thread to rest in get_signal(); after an error too. On the way there its
 * registers are those of a thread that restarts its call without the kernel's help: right, should
 * nobody be there to set its own.
 */
static int inject_end(struct compel_proc *p)
{
	struct record *r = p->record;
	struct user_regs_struct quiet;
	int err, err_guard;

	if (!r->is_injecting)
		return 0;
	arch_cancel_leave(&quiet, &r->regs, r->guard.abort_ip);
	err = compel_regs_set(r->tid, &quiet);
	if (!err)
		err = rest_in_signal_stop(r->tid);
	err_guard = guard_end(p, r->tid, &r->guard);
	if (!err)
		err = compel_regs_set(r->tid, &r->regs);
	if (!err)
		err = err_guard;
	if (!err) /* a signal may have been queued again by way of the mask, so it is set here */
		err = set_sigmask(r->tid, r->mask);
	atomic_store(&r->is_injecting, 0);
	return err ? proc_fail(p, err, "thread %d: put its state back", r->tid) : 0;
}

int inject(struct compel_proc *p, pid_t tid, long nr, const unsigned long args[6], long *ret)
{
	struct pin pin;
	int err, err_end;

	pin_to(p, tid, &pin);
	err = inject_begin(p, tid, nr);
	if (!err)
		err = inject_syscall(p, args, ret);
	err_end = inject_end(p);
	unpin(&pin);
	return err ? err : err_end;
}
