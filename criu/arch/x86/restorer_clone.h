/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* arch/restorer_clone.h: a thread with chosen tids, without libc */
#include <linux/sched.h>
#include <compel/pie.h>

/*
 * clone3(2): the new thread shares everything with the caller, runs fn(arg, self) on its own stack and must not
 * return. Returns the tid or -errno.
 */
static inline long restorer_clone(const int32_t *set_tid, uint32_t n_set_tid, uint64_t stack_top,
				  void (*fn)(void *, void *), void *arg, void *self)
{
	struct clone_args args = {
		.flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM,
		.stack = stack_top - 16384,
		.stack_size = 16384,
		.set_tid = (uint64_t)set_tid,
		.set_tid_size = n_set_tid,
	};
	register void *r_fn asm("r12") = (void *)fn;
	register void *r_arg asm("r13") = arg;
	register void *r_self asm("r14") = self;
	long ret = 435; /* clone3 */

	asm volatile("syscall\n\t"
		     "test %%rax, %%rax\n\t"
		     "jnz 1f\n\t"
		     "xor %%ebp, %%ebp\n\t"
		     "mov %%r13, %%rdi\n\t"
		     "mov %%r14, %%rsi\n\t"
		     "call *%%r12\n\t"
		     "ud2\n"
		     "1:"
		     : "+a"(ret)
		     : "D"(&args), "S"(sizeof(args)), "r"(r_fn), "r"(r_arg), "r"(r_self)
		     : "rcx", "r11", "memory");
	return ret;
}
