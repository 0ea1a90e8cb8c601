/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Running loaded code in stopped threads.
 *
 * At every moment a thread either has its own registers, or stands in code that ends in
 * rt_sigreturn to them: the order of the steps below sees to it, so that we may be killed between
 * any two of them.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>
#include "arch.h"
#include "gate.h"
#include "guard.h"
#include "inject.h"
#include "pin.h"
#include "sleep.h"
#include "slot.h"
#include "wait.h"

#define US_BETWEEN_POLLS 100
#define MAX_XSAVE 12288 /* with AMX 11008; a frame has room for no more */

struct entered {
	struct compel_call *call;
	const unsigned long *args; /* of system call .nr; NULL: pie_main is called */
	long nr;
	struct user_regs_struct regs; /* the thread's own */
	uint64_t mask;
	struct guard guard;
	int gate_sig;
	bool is_running, is_filtered;
};

static int request_of(const struct entered *e)
{
	return e->gate_sig ? PTRACE_CONT : PTRACE_SYSCALL;
}

/* Read what the thread is; nothing is changed yet, but what guard_off() switches off. */
static int read_thread(struct compel_proc *p, struct entered *e)
{
	pid_t tid = e->call->tid;
	int err = compel_regs_get(tid, &e->regs);

	if (err)
		return proc_fail(p, err, "thread %d: read registers", tid);
	if (!arch_is_native64(&e->regs))
		return proc_fail(p, -EOPNOTSUPP, "thread %d: runs 32-bit code", tid);
	err = get_sigmask(tid, &e->mask);
	if (err)
		return proc_fail(p, err, "thread %d: read signal mask", tid);
	e->is_filtered = gate_is_filtered(p, tid);
	e->gate_sig = e->is_filtered ? 0 : gate_signal(p, tid, e->mask);
	err = guard_read(p, tid, &e->regs, &e->guard);
	if (!err)
		err = guard_off(tid, &e->guard);
	return err ? proc_fail(p, err, "thread %d: read rseq and dispatch state", tid) : 0;
}

static int write_way_back(struct compel_proc *p, const struct entered *e, unsigned long at)
{
	char frame[ARCH_FRAME_SPACE], xsave[MAX_XSAVE];
	pid_t tid = e->call->tid;
	size_t len;
	int err = compel_xsave_get(tid, xsave, sizeof(xsave), &len);

	if (err)
		return proc_fail(p, err, "thread %d: read extended state", tid);
	len = arch_frame(frame, at, &e->regs, e->mask, e->guard.abort_ip, xsave, len);
	err = proc_write(p, tid, at, frame, len);
	return err ? proc_fail(p, err, "thread %d: write the frame to return through", tid) : 0;
}

/* The way back first, then registers, then the mask. */
static int enter(struct compel_proc *p, struct entered *e, unsigned long slot)
{
	struct user_regs_struct regs = e->regs;
	pid_t tid = e->call->tid;
	struct arch_entry entry = {
		.code = p->map + (e->args ? p->gates.call : p->gates.enter),
		.stack_top = slot + LEN_STACK,
		.frame = slot + AT_FRAME,
		.arg = p->data + e->call->arg,
		.to_unlock = p->data,
		.len_to_unlock = p->is_writable ? 0 : p->slots + p->n_slots * LEN_SLOT - p->data,
		.gate_sig = e->gate_sig,
	};
	uint64_t open = (e->gate_sig ? sig_bit(e->gate_sig) : 0) | (gate_faults & ~e->mask);
	int err = write_way_back(p, e, entry.frame);

	if (err)
		return err;
	if (e->args)
		arch_call_regs(&regs, &entry, e->nr, e->args);
	else
		arch_enter_regs(&regs, &entry);
	err = compel_regs_set(tid, &regs);
	if (!err)
		err = set_sigmask(tid, ~open);
	if (!err)
		err = resume(tid, request_of(e), 0);
	return err ? proc_fail(p, err, "thread %d: enter the code", tid) : 0;
}

/*
 * Everything back: first what rt_sigreturn would set anyway, and last the registers, `own` or the
 * thread's. The thread stands before rt_sigreturn until then. Its extended state is its own: code that
 * runs inside has general registers only (PIE_CFLAGS), and the frame has nothing else.
 */
static int put_back(struct compel_proc *p, struct entered *e, const struct user_regs_struct *own)
{
	pid_t tid = e->call->tid;
	int err = set_sigmask(tid, e->mask);

	if (!err)
		err = guard_end(p, tid, &e->guard);
	if (!err)
		err = compel_regs_set(tid, own);
	return err;
}

static void finish(struct compel_proc *p, struct entered *e, int err)
{
	e->is_running = false;
	e->call->err = err;
	if (err == -ESRCH)
		proc_fail(p, err, "thread %d died in the code", e->call->tid);
}

static void take_result(struct compel_proc *p, struct entered *e,
			const struct user_regs_struct *regs)
{
	bool was_called;
	long ret = arch_gate_result(regs, &was_called);

	if (was_called) {
		e->call->ret = ret;
		p->is_writable |= !e->args;
	} else {
		e->call->err = proc_fail(p, ret, "process %d: make the data area writable", p->pid);
	}
}

/* The thread has passed pie_main and rests in get_signal() by the gate's signal. */
static void leave_by_signal(struct compel_proc *p, struct entered *e,
			    const struct user_regs_struct *regs)
{
	int err;

	finish(p, e, 0);
	take_result(p, e, regs);
	err = put_back(p, e, &e->regs);
	if (err)
		finish(p, e, err);
}

/*
 * The thread is about to make the call that leaves: that is taken away, and the thread brought to
 * rest. A filter would object to the call number -1, so rt_sigreturn is let through then; it costs
 * the deadline of a call in ERESTART_RESTARTBLOCK, which the kernel forgets in rt_sigreturn: that
 * call ends with EINTR.
 */
static void leave_by_syscall(struct compel_proc *p, struct entered *e,
			     const struct user_regs_struct *regs)
{
	pid_t tid = e->call->tid;
	struct user_regs_struct quiet;
	int err = 0;

	finish(p, e, 0);
	take_result(p, e, regs);
	arch_cancel_leave(&quiet, &e->regs, e->guard.abort_ip);
	if (!e->is_filtered)
		err = put_back(p, e, &quiet);
	if (!err)
		err = rest_in_signal_stop(tid);
	/*
	 * On the way the kernel may have looked at rseq, and a signal may have been queued again by
	 * way of the mask.
	 */
	if (!err)
		err = put_back(p, e, &e->regs);
	if (err)
		finish(p, e, err);
}

/* The code has crashed: the fault is ours, the target must not see it. */
static void leave_by_fault(struct compel_proc *p, struct entered *e, int sig,
			   const struct user_regs_struct *regs)
{
	int err = put_back(p, e, &e->regs);

	finish(p, e, err ? err : -EFAULT);
	if (!err)
		proc_fail(p, -EFAULT, "thread %d: signal %d in the code at offset 0x%lx",
			  e->call->tid, sig, arch_ip(regs) - p->map);
}

static bool is_own_fault(pid_t tid, int sig)
{
	siginfo_t info;

	if (!(gate_faults & sig_bit(sig)))
		return false;
	return ptrace(PTRACE_GETSIGINFO, tid, 0, &info) == 0 && info.si_code > 0;
}

/*
 * One that the thread blocks, from elsewhere: it goes back into the queue, as a blocked one. There
 * it would use up ours, so from now on the call that leaves is the gate.
 */
static int keep_foreign(struct entered *e)
{
	int sig = e->gate_sig;

	e->gate_sig = 0;
	return requeue_signal(e->call->tid, sig, request_of(e));
}

static bool is_foreign(const struct compel_proc *p, pid_t tid, const struct user_regs_struct *regs)
{
	siginfo_t info;

	return arch_ip(regs) != p->map + p->gates.signal ||
	       ptrace(PTRACE_GETSIGINFO, tid, 0, &info) < 0 || info.si_code != SI_TKILL ||
	       info.si_pid != arch_gate_pid(regs);
}

/* Something is to be said about a thread that is running the code. */
static int take_event(struct compel_proc *p, struct entered *e, int status)
{
	pid_t tid = e->call->tid;
	int sig = event_signal(status);
	struct user_regs_struct regs;
	int err;

	switch (event_of(status)) {
	case EVENT_DEAD:
		return -ESRCH;
	case EVENT_SYSCALL:
		err = compel_regs_get(tid, &regs);
		if (err)
			return err;
		if (arch_ip(&regs) != p->map + p->gates.leave)
			return resume(tid, request_of(e), 0);
		leave_by_syscall(p, e, &regs);
		return 0;
	case EVENT_SIGNAL:
		err = compel_regs_get(tid, &regs);
		if (err)
			return err;
		if (sig == e->gate_sig && e->mask & sig_bit(sig) && is_foreign(p, tid, &regs))
			return keep_foreign(e);
		/*
		 * Not by siginfo: one of the same number from elsewhere may have been first, and
		 * the two are one then. Either is ignored by the target.
		 */
		if (sig == e->gate_sig && arch_ip(&regs) == p->map + p->gates.signal)
			leave_by_signal(p, e, &regs);
		else if (sig == e->gate_sig)
			return resume(tid, request_of(e), 0);
		else if (is_own_fault(tid, sig))
			leave_by_fault(p, e, sig, &regs);
		else
			return requeue_signal(tid, sig, request_of(e));
		return 0;
	default:
		return resume(tid, request_of(e), 0);
	}
}

/* Until one of the threads may have something to report; true when it is time to look around. */
static bool wait_for_one(const struct entered *all, unsigned int n, struct patience *w)
{
	pid_t tid;

	if (!can_sleep())
		return wait_a_little(w);
	tid = sleep_for_any();
	for (unsigned int i = 0; i < n; i++)
		if (tid > 0 && all[i].is_running && all[i].call->tid == tid)
			return false;
	/* A report that is somebody else's to take stays, and would wake us at once again and again. */
	if (tid > 0)
		usleep(US_BETWEEN_POLLS);
	return wait_a_little(w);
}

/*
 * Ask each thread in turn: one that waits for another inside must not keep us from serving the
 * other.
 */
static void collect(struct compel_proc *p, struct entered *all, unsigned int n)
{
	struct patience w = { 0 };
	bool must_look = false;
	unsigned int n_running;

	do {
		bool is_idle = true;

		n_running = 0;
		for (unsigned int i = 0; i < n; i++) {
			struct entered *e = &all[i];
			int status, err;

			if (!e->is_running)
				continue;
			n_running++;
			err = poll_tracee(e->call->tid, &status);
			if (err == -EAGAIN && must_look && is_zombie(e->call->tid))
				err = poll_tracee(e->call->tid, &status) ? -ESRCH : 0;
			if (err == -EAGAIN && must_look && w.us >= US_STUCK && is_given_up())
				err = -ECANCELED;
			if (err == -EAGAIN)
				continue;
			is_idle = false;
			if (!err)
				err = take_event(p, e, status);
			if (err)
				finish(p, e, err);
		}
		if (!is_idle)
			w = (struct patience){ 0 };
		must_look = is_idle && n_running && wait_for_one(all, n, &w);
	} while (n_running);
}

static int start(struct compel_proc *p, struct entered *e, unsigned long slot)
{
	int err = read_thread(p, e);

	if (err)
		return err;
	err = enter(p, e, slot);
	if (err)
		put_back(p, e, &e->regs);
	return err;
}

/* Start all, then collect all. */
static int run(struct compel_proc *p, struct entered *all, unsigned int n)
{
	struct pin pin = { .is_pinned = false };
	int err = gate_prepare(p);

	if (err)
		return err;
	if (n == 1)
		pin_to(p, all[0].call->tid, &pin);
	for (unsigned int i = 0; i < n; i++) {
		struct compel_call *c = all[i].call;

		c->ret = 0;
		c->err = start(p, &all[i], p->slots + i * LEN_SLOT);
		all[i].is_running = !c->err;
	}
	collect(p, all, n);
	unpin(&pin);
	for (unsigned int i = 0; i < n && !err; i++)
		err = all[i].call->err;
	return err;
}

int compel_run(struct compel_proc *p, struct compel_call *calls, unsigned int n)
{
	struct entered *all;
	int err;

	if (!p->map || n > p->n_slots)
		return proc_fail(p, -EINVAL, "run in %u threads, but there is room for %u", n,
				 p->map ? p->n_slots : 0);
	all = calloc(n, sizeof(*all));
	if (!all)
		return proc_fail(p, -ENOMEM, "room for the state of %u threads", n);
	for (unsigned int i = 0; i < n; i++)
		all[i].call = &calls[i];
	err = run(p, all, n);
	free(all);
	return err;
}

int compel_syscall(struct compel_proc *p, pid_t tid, long nr, const unsigned long args[6],
		   long *ret)
{
	struct compel_call call = { .tid = tid };
	struct entered *e;
	int err;

	/* Where there is code, there is a safe way back from it. */
	if (!p->map || !p->n_slots)
		return inject(p, tid, nr, args, ret);
	e = calloc(1, sizeof(*e));
	if (!e)
		return proc_fail(p, -ENOMEM, "room for the state of a thread");
	e->call = &call;
	e->nr = nr;
	e->args = args;
	err = run(p, e, 1);
	free(e);
	*ret = call.ret;
	return err;
}
