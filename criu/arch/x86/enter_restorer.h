/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* arch/enter_restorer.h: from the tool's code into a blob of freestanding code */
#include <stdint.h>

/*
 * The entry of a blob (compel/arch/x86/pie/head.S) calls pie_main(rdi) on the stack in r15 when r14 is 0. The stack
 * below stack_top belongs to it. Does not return.
 */
static inline void __attribute__((noreturn)) enter_restorer(uint64_t entry, uint64_t arg, uint64_t stack_top)
{
	asm volatile("mov %[stack], %%rsp\n\t"
		     "mov %[stack], %%r15\n\t"
		     "xor %%r14d, %%r14d\n\t"
		     "xor %%r12d, %%r12d\n\t"
		     "xor %%ebx, %%ebx\n\t"
		     "xor %%ebp, %%ebp\n\t"
		     "jmp *%[entry]"
		     : : [entry] "a"(entry), "D"(arg), [stack] "c"(stack_top & ~15ULL) : "memory");
	__builtin_unreachable();
}
