/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One thread under ptrace: attach, stop, registers, detach. */
#include <compel/thread.h>
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include "arch.h"
#include "wait.h"

/* The pid of a task's tracer, 0 for none. */
static pid_t tracer_of(pid_t tid)
{
	char text[4096], *at = NULL;

	if (read_proc(tid, "status", text, sizeof(text)))
		at = strstr(text, "\nTracerPid:");
	return at ? atoi(at + 11) : 0;
}

/* PTRACE_SEIZE says EPERM for several things. */
static int why_refused(pid_t tid)
{
	if (is_zombie(tid))
		return -EOWNERDEAD;
	if (kill(tid, 0) < 0 && errno == ESRCH)
		return -ESRCH; /* it was exiting when we asked */
	return tracer_of(tid) ? -EBUSY : -EPERM;
}

int compel_seize(pid_t tid)
{
	static const unsigned long options[] = {
		PTRACE_O_TRACESYSGOOD | PTRACE_O_SUSPEND_SECCOMP,
		PTRACE_O_TRACESYSGOOD, /* without CAP_SYS_ADMIN, or under a filter of our own */
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (ptrace(PTRACE_SEIZE, tid, 0, options[i]) == 0)
			return 0;
		/* EINVAL: a kernel without CONFIG_CHECKPOINT_RESTORE or seccomp. */
		if (errno != EPERM && errno != EINVAL)
			return -errno;
	}
	return why_refused(tid);
}

/* Asking for suspension again succeeds where it was granted. */
bool compel_suspends_seccomp(pid_t tid)
{
	return ptrace(PTRACE_SETOPTIONS, tid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_SUSPEND_SECCOMP) == 0;
}

int compel_interrupt(pid_t tid)
{
	return ptrace(PTRACE_INTERRUPT, tid, 0, 0) < 0 ? -errno : 0;
}

/*
 * A thread has come to rest: see to it that a call without a deadline that the stop has ended goes
 * on afterwards.
 */
static int mark_restart(pid_t tid)
{
	struct user_regs_struct regs;
	int err = compel_regs_get(tid, &regs);

	if (err || !arch_is_native64(&regs) || !arch_mark_restart(&regs))
		return err;
	return compel_regs_set(tid, &regs);
}

static int rest_at_stop(pid_t tid, int status, struct compel_stop *ret_stop)
{
	int sig = event_signal(status);

	ret_stop->kind = sig == SIGTRAP ? COMPEL_STOPPED : COMPEL_GROUP_STOPPED;
	ret_stop->sig = sig == SIGTRAP ? 0 : sig;
	return mark_restart(tid);
}

/*
 * A signal (or a stop of another kind) was first: ask again. The signal takes its course, as without
 * us: its handler's frame is made, and the thread stops before it runs. Back in the queue it would
 * come behind later ones of its number.
 */
static int stop_again(pid_t tid, int status)
{
	int err = compel_interrupt(tid);

	if (err)
		return err;
	return resume(tid, PTRACE_CONT, event_of(status) == EVENT_SIGNAL ? event_signal(status) : 0);
}

int compel_wait_stopped(pid_t tid, struct compel_stop *ret_stop)
{
	int status, err;

	memset(ret_stop, 0, sizeof(*ret_stop));
	for (;;) {
		err = wait_tracee(tid, 0, &status);
		if (err == -EOWNERDEAD) {
			ret_stop->kind = COMPEL_ZOMBIE;
			return 0;
		}
		if (err)
			return err;
		if (event_of(status) == EVENT_DEAD) {
			ret_stop->kind = COMPEL_EXITED;
			ret_stop->status = status;
			return 0;
		}
		if (event_of(status) == EVENT_STOP)
			break;
		err = stop_again(tid, status);
		if (err)
			return err;
	}
	return rest_at_stop(tid, status, ret_stop);
}

int compel_stop_thread(pid_t tid, struct compel_stop *ret_stop)
{
	int err = compel_seize(tid);

	if (err)
		return err;
	err = compel_interrupt(tid);
	return err ? err : compel_wait_stopped(tid, ret_stop);
}

int compel_release(pid_t tid)
{
	struct compel_stop stop;
	int err;

	if (ptrace(PTRACE_DETACH, tid, 0, 0) == 0)
		return 0;
	/* ESRCH: not in a stop, dead, or not ours; the first can be helped. */
	err = compel_interrupt(tid);
	if (!err)
		err = compel_wait_stopped(tid, &stop);
	if (err)
		return err;
	if (stop.kind == COMPEL_EXITED)
		return -ESRCH;
	return ptrace(PTRACE_DETACH, tid, 0, 0) < 0 ? -errno : 0;
}

int compel_is_native64(pid_t tid)
{
	struct user_regs_struct regs;
	int err = compel_regs_get(tid, &regs);

	return err ? err : arch_is_native64(&regs);
}

int compel_regs_get(pid_t tid, struct user_regs_struct *ret_regs)
{
	struct iovec iov = { ret_regs, sizeof(*ret_regs) };

	if (ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &iov) < 0)
		return -errno;
	/* In 32-bit code the registers are fewer, and lie elsewhere. */
	if (iov.iov_len != sizeof(*ret_regs))
		memset(ret_regs, 0, sizeof(*ret_regs));
	return 0;
}

int compel_regs_set(pid_t tid, const struct user_regs_struct *regs)
{
	struct iovec iov = { (void *)regs, sizeof(*regs) };

	return ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &iov) < 0 ? -errno : 0;
}

int compel_sigmask_get(pid_t tid, uint64_t *ret_mask)
{
	return get_sigmask(tid, ret_mask);
}

int compel_sigmask_set(pid_t tid, uint64_t mask)
{
	return set_sigmask(tid, mask);
}
