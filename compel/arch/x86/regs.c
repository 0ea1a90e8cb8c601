/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * General registers on x86-64: what makes a system call, and what the kernel does with an
 * interrupted one.
 */
#include <errno.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <compel/thread.h>
#include "arch.h"

/* include/linux/errno.h in the kernel: values that user space never sees. */
#define ERESTARTSYS	      512
#define ERESTARTNOINTR	      513
#define ERESTARTNOHAND	      514
#define ERESTART_RESTARTBLOCK 516

#define LEN_SYSCALL_INSN 2
#define USER64_CS	 0x33
#define EFLAGS_PLAIN \
	0x202 /* interrupts on; no direction, trap or alignment-check flag of the target's */

/*
 * The deadline is lost with the kernel's restart block. A poll that has none is simply called again,
 * and so is a sleep whose time left goes where its time was read from: do_nanosleep() has written it
 * there when the stop woke it. Where the two are apart, a call with the time left would need another
 * argument register, and a system call changes none.
 */
static bool can_call_again(const struct user_regs_struct *regs)
{
	switch ((long)regs->orig_rax) {
	case SYS_poll:
		return (int)regs->rdx < 0;
	case SYS_nanosleep:
		return regs->rdi == regs->rsi;
	case SYS_clock_nanosleep:
		return regs->rdx == regs->r10;
	default:
		return false;
	}
}

void compel_regs_restart(struct user_regs_struct *regs)
{
	if ((long)regs->orig_rax < 0)
		return;
	switch (-(long)regs->rax) {
	case ERESTARTSYS:
	case ERESTARTNOINTR:
	case ERESTARTNOHAND:
		regs->rax = regs->orig_rax;
		regs->rip -= LEN_SYSCALL_INSN;
		break;
	case ERESTART_RESTARTBLOCK:
		if (can_call_again(regs)) {
			regs->rax = regs->orig_rax;
			regs->rip -= LEN_SYSCALL_INSN;
		} else {
			regs->rax = -EINTR;
		}
		break;
	}
	regs->orig_rax = -1;
}

bool arch_is_native64(const struct user_regs_struct *regs)
{
	return regs->cs == USER64_CS;
}

size_t arch_find_syscall(const unsigned char *code, size_t len)
{
	for (size_t i = 0; i + LEN_SYSCALL_INSN <= len; i++)
		if (code[i] == 0x0f && code[i + 1] == 0x05)
			return i;
	return len;
}

/*
 * jmp, and the conditional jumps that are taken when none of the arithmetic flags is set: over not
 * overflow, not below, not zero, above, not sign, not parity, not less, greater.
 */
static bool is_jump_taken(unsigned char op)
{
	return op == 0xeb || ((op & 0xf1) == 0x71);
}

size_t arch_find_loop(const unsigned char *code, size_t len)
{
	const unsigned char *at = code + 1, *end = code + len;

	/* A displacement of -2 leads to the jump itself. */
	for (; at < end && (at = memchr(at, 0xfe, end - at)); at++)
		if (is_jump_taken(at[-1]))
			return at - 1 - code;
	return len;
}

void arch_pause_regs(struct user_regs_struct *regs, unsigned long insn, const unsigned long args[6])
{
	arch_syscall_regs(regs, insn, SYS_pause, args);
}

void arch_pause_to_syscall(struct user_regs_struct *regs, long nr, unsigned long back)
{
	regs->orig_rax = nr;
	regs->rax = -ENOSYS;
	regs->rip = back ? back : regs->rip + LEN_SYSCALL_INSN;
}

bool arch_is_in_pause(const struct user_regs_struct *regs, unsigned long insn)
{
	if (regs->rip == insn)
		return regs->rax == SYS_pause;
	return regs->rip == insn + LEN_SYSCALL_INSN && regs->orig_rax == SYS_pause;
}

void arch_syscall_regs(struct user_regs_struct *regs, unsigned long insn, long nr,
		       const unsigned long args[6])
{
	regs->rip = insn;
	regs->rax = nr;
	regs->orig_rax = -1; /* no interrupted call to restart: not with these registers */
	regs->rdi = args[0];
	regs->rsi = args[1];
	regs->rdx = args[2];
	regs->r10 = args[3];
	regs->r8 = args[4];
	regs->r9 = args[5];
	regs->eflags = EFLAGS_PLAIN;
}

long arch_syscall_result(const struct user_regs_struct *regs)
{
	return regs->rax;
}

bool arch_is_vfork(long nr, unsigned long flags)
{
	return nr == SYS_vfork || (nr == SYS_clone && (flags & CLONE_VFORK));
}

/*
 * Calls without a deadline that the kernel gives up with -EINTR when a stop wakes them, handler or
 * not (signal(7)). The task must not notice us, so they are marked to be restarted unless a handler
 * is to run, as the kernel does for most others. With a deadline they keep -EINTR: starting again
 * from the full time would put it off at every checkpoint.
 */
bool arch_mark_restart(struct user_regs_struct *regs)
{
	bool has_deadline;

	if ((long)regs->rax != -EINTR)
		return false;
	switch ((long)regs->orig_rax) {
	case SYS_epoll_wait:
	case SYS_epoll_pwait:
		has_deadline = (int)regs->r10 >= 0;
		break;
	case SYS_epoll_pwait2:
	case SYS_semtimedop:
		has_deadline = regs->r10 != 0;
		break;
	case SYS_rt_sigtimedwait:
		has_deadline = regs->rdx != 0;
		break;
	case SYS_semop:
		has_deadline = false;
		break;
	case SYS_io_getevents:
	case SYS_io_pgetevents:
		has_deadline = regs->r8 != 0;
		break;
	default:
		return false;
	}
	if (has_deadline)
		return false;
	regs->rax = -ERESTARTNOHAND;
	return true;
}
