/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once				/* arch/enter_restorer.h: from the tool's code into a blob of freestanding code */
#include <stdint.h>

/*
 * The first byte of a blob is pie_main(rdi) on the stack as it is (compel/arch/x86/pie/head.S). The stack below
 * stack_top belongs to it; it looks as after a call from address 0. Does not return.
 */
static inline void __attribute__((noreturn)) enter_restorer(uint64_t entry, uint64_t arg, uint64_t stack_top)
{
	asm volatile("mov %[stack], %%rsp\n\t"
		     "xor %%ebp, %%ebp\n\t"
		     "push $0\n\t"
		     "jmp *%[entry]"
		     : : [entry] "a"(entry), "D"(arg), [stack] "c"(stack_top & ~15ULL) : "memory");
	__builtin_unreachable();
}
