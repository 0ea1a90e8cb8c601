/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once	/* compel/thread.h: one thread under ptrace: seize, stop, look, change, leave */

/*
 * All functions return 0 or a negative errno (ptrace(2)'s own where nothing else is said), print
 * nothing and keep no state: the kernel's ptrace attachment is the state. ptrace belongs to the OS
 * thread, so the thread that seized a task makes all other calls for it; several OS threads may
 * work on different tasks at once. -ESRCH from any of them means that the task has died (SIGKILL
 * ends a stopped task too).
 *
 * To stop many threads, seize all, then interrupt all, then wait for all: the stops overlap (6 us a
 * thread, not 60).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

#define must_check __attribute__((warn_unused_result))

enum compel_stop_kind {
	COMPEL_STOPPED,		/* it ran or slept; now it rests in the kernel's get_signal() */
	COMPEL_GROUP_STOPPED,	/* as above, and a job control stop is in force: .sig */
	COMPEL_EXITED,		/* it has ended with .status, which is taken: it is reaped */
	COMPEL_ZOMBIE,		/* a leader that has ended before its threads: never stops */
};

struct compel_stop {
	enum compel_stop_kind kind;
	int sig;		/* COMPEL_GROUP_STOPPED: SIGSTOP, SIGTSTP, SIGTTIN or SIGTTOU */
	int status;		/* COMPEL_EXITED: as from waitpid(2) */
};

/*
 * Attach to thread `tid` without stopping it (PTRACE_SEIZE; TRACESYSGOOD, and SUSPEND_SECCOMP where
 * the caller has CAP_SYS_ADMIN in the initial user namespace; without it injected calls are subject
 * to the target's filters). The attachment ends, and the task runs on, when the caller's thread
 * dies.
 * -ESRCH: no such task. -EOWNERDEAD: it is a zombie. -EBUSY: somebody else traces it. -EPERM: not
 * allowed (CAP_SYS_PTRACE in the target's user namespace, or the same ids and no more capabilities
 * than ours, is needed).
 */
must_check int compel_seize(pid_t tid);

/*
 * is_over is asked now and then while compel waits for a task that does not move: after some
 * milliseconds for one that is to stop, after two seconds for one that is at work for us. When it says
 * yes the wait ends with -ECANCELED. The task stays as it is then, attached and perhaps inside loaded
 * code: it goes its way when the caller's thread ends. For all threads of the caller; NULL, which is
 * the default: wait for ever.
 */
void compel_give_up_when(bool (*is_over)(void));

/*
 * Whether the filters of a thread that is seized and stopped are suspended (PTRACE_O_SUSPEND_SECCOMP). If not, calls
 * made in it are judged by them, and may kill it; strict mode kills for nearly all.
 */
bool compel_suspends_seccomp(pid_t tid);

/*
 * From now on the calling OS thread sleeps in waitpid(2) when it waits for a task, which takes half
 * the time and no CPU; before, it polls. So that it can look around meanwhile, a POSIX timer of its
 * own sends it `signo` every 4 ms, which gets an empty handler, and is blocked except while it sleeps.
 * Not inherited by fork(2); it ends with the thread, or by compel_wait_awake. -errno of sigaction(2)
 * or timer_create(2): it polls on.
 */
int compel_wait_asleep(int signo);
void compel_wait_awake(void);

/* Ask a seized thread to stop (PTRACE_INTERRUPT); does not wait. */
must_check int compel_interrupt(pid_t tid);

/*
 * Wait until an interrupted thread rests in a PTRACE_EVENT_STOP. Signals that arrive first are
 * given back to the kernel, which queues them again with their siginfo: none is lost, none is
 * delivered before compel_release. Afterwards the registers are exactly what the kernel will act on
 * when it goes on: where a system call was interrupted, orig_rax is its number and rax one of the
 * kernel's restart codes (see compel_regs_restart). Calls without a timeout that Linux ends with
 * EINTR at every stop (epoll_wait, sigwaitinfo, semop, ...) are marked to be restarted.
 * -EDEADLK: it waits in vfork() for a child, and cannot stop before that has exec'd or exited; it
 * stays interrupted. When the child is one that the caller holds, let the child go, and wait again
 * (or release).
 */
must_check int compel_wait_stopped(pid_t tid, struct compel_stop *ret_stop);

/* compel_seize, compel_interrupt and compel_wait_stopped for one thread. */
must_check int compel_stop_thread(pid_t tid, struct compel_stop *ret_stop);

/*
 * Let a thread go (PTRACE_DETACH). The kernel does whatever it would have done without us: restarts
 * or interrupts the system call, delivers pending signals, stays in a job control stop. A thread
 * that is attached but not in a stop is stopped first. -ESRCH: it is dead or not ours.
 */
int compel_release(pid_t tid);

/*
 * 1: stopped thread `tid` runs 64-bit code; 0: 32-bit code. By its code segment: the architecture
 * that PTRACE_GET_SYSCALL_INFO shows is that of its last system call, and right only inside one.
 */
must_check int compel_is_native64(pid_t tid);

/*
 * General registers (PTRACE_GETREGSET, NT_PRSTATUS) of a stopped thread; get: all zero for one that runs
 * 32-bit code.
 */
must_check int compel_regs_get(pid_t tid, struct user_regs_struct *ret_regs);
must_check int compel_regs_set(pid_t tid, const struct user_regs_struct *regs);

/*
 * What a snapshot must store: `regs` of a thread that compel_wait_stopped reported, after what the
 * kernel's arch_do_signal_or_restart() does when no handler is to run. ERESTARTSYS, -NOINTR and
 * -NOHAND: rax = orig_rax, ip back on the system call instruction. ERESTART_RESTARTBLOCK
 * (nanosleep, futex, poll ... with a relative timeout): the kernel's memory of the deadline cannot
 * be taken along, so rax = -EINTR. orig_rax becomes -1: nothing left to restart.
 */
void compel_regs_restart(struct user_regs_struct *regs);

/*
 * Extended state (NT_X86_XSTATE: the XSAVE area in standard format, as the CPU has it) of a stopped
 * thread.
 * get: -ENOSPC if it is longer than `size` (ask with size 0 for the length in *ret_len, it is
 * stored in any case).
 * set: -EFAULT if `len` is shorter than this CPU's area, -EINVAL for components or MXCSR bits it
 * lacks.
 */
must_check int compel_xsave_get(pid_t tid, void *ret_buf, size_t size, size_t *ret_len);
must_check int compel_xsave_set(pid_t tid, const void *buf, size_t len);

/*
 * Blocked signals of a stopped thread, bit n-1 for signal n (PTRACE_GETSIGMASK, PTRACE_SETSIGMASK).
 * Inside sigsuspend, ppoll and their like, get gives the mask that the call will put back, which is
 * what a snapshot stores.
 */
must_check int compel_sigmask_get(pid_t tid, uint64_t *ret_mask);
must_check int compel_sigmask_set(pid_t tid, uint64_t mask);
