// SPDX-License-Identifier: GPL-2.0-or-later
/* General registers and flags: loops in which every register has a value that nobody else sets. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "zdtm.h"

static _Atomic int stop, running;

struct regs {
	uint64_t r[14], flags;
};

/*
 * Runs until *flag is set; r[] goes into 14 registers (all but rsp and the one that holds flag),
 * and back.
 */
static void spin_with(struct regs *regs, _Atomic int *flag)
{
	asm volatile(
		"push %%rbp; push %%rbx; push %0; mov %1, %%r15\n\t"
		"mov %0, %%rax\n\t"
		"pushfq; orq $0xc01, (%%rsp); popfq\n\t" /* overflow, direction and carry: odd, but allowed */
		"mov 0(%%rax), %%rbx; mov 8(%%rax), %%rcx; mov 16(%%rax), %%rdx; mov 24(%%rax), %%rsi\n\t"
		"mov 32(%%rax), %%rdi; mov 40(%%rax), %%rbp; mov 48(%%rax), %%r8; mov 56(%%rax), %%r9\n\t"
		"mov 64(%%rax), %%r10; mov 72(%%rax), %%r11; mov 80(%%rax), %%r12; mov 88(%%rax), %%r13\n\t"
		"mov 96(%%rax), %%r14; mov 104(%%rax), %%rax\n\t"
		"1: pause; btl $0, (%%r15); jc 2f; jmp 3f\n\t"
		"2: pushfq; push %%rax; mov 16(%%rsp), %%rax\n\t"
		"mov %%rbx, 0(%%rax); mov %%rcx, 8(%%rax); mov %%rdx, 16(%%rax); mov %%rsi, 24(%%rax)\n\t"
		"mov %%rdi, 32(%%rax); mov %%rbp, 40(%%rax); mov %%r8, 48(%%rax); mov %%r9, 56(%%rax)\n\t"
		"mov %%r10, 64(%%rax); mov %%r11, 72(%%rax); mov %%r12, 80(%%rax); mov %%r13, 88(%%rax)\n\t"
		"mov %%r14, 96(%%rax); mov %%rax, %%rbx; pop %%rax; mov %%rax, 104(%%rbx)\n\t"
		"pop %%rax; mov %%rax, 112(%%rbx); cld; pop %%rax; pop %%rbx; pop %%rbp; jmp 4f\n\t"
		"3: jmp 1b\n\t"
		"4:\n\t"
		: "+r"(regs), "+r"(flag)
		:
		: "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
		  "r15", "cc", "memory");
}

static void *spin(void *arg)
{
	struct regs before, now;

	zt_fill(&before, sizeof(before), (uint64_t)(uintptr_t)arg);
	now = before;
	running++;
	spin_with(&now, &stop);
	CHECK(!memcmp(now.r, before.r, sizeof(now.r)), "a general register has changed");
	/* carry is bt's; direction and overflow must have survived */
	CHECK((now.flags & 0xc00) == 0xc00, "flags are %#llx", (unsigned long long)now.flags);
	return NULL;
}

int main(void)
{
	pthread_t threads[2];

	zt_init();
	for (uintptr_t i = 0; i < 2; i++)
		SETUP(pthread_create(&threads[i], NULL, spin, (void *)(i + 1)) == 0);
	while (running < 2)
		zt_sleep_ms(1);
	zt_checkpoint();

	stop = 1;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return zt_result();
}
