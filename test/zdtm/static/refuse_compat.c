// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A thread that runs 32-bit code: refused for now; it counts on afterwards.
 * zdtm-refuse: 32.bit|compat
 * zdtm-code: task.compat
 * zdtm-peer: stops the thread in the wrong mode
 */
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include "zdtm.h"

/*
 * One page below 4 GiB: code, then the stop flag, the counter, and the far pointer back to 64-bit
 * code.
 */
struct low_page {
	unsigned char code[64];
	volatile uint32_t stop, count;
	struct {
		uint32_t offset;
		uint16_t segment;
	} __attribute__((packed)) back, there;
	uint64_t way_out, stack, frame;
};

/* not static: the assembly names it */
extern struct low_page *low;
struct low_page *low;

static void write_code(void)
{
	/* 1: incl count; cmpl $0, stop; je 1b; ljmp *back -- in 32-bit mode */
	uint32_t count = (uint32_t)(uintptr_t)&low->count, stop = (uint32_t)(uintptr_t)&low->stop;
	uint32_t back = (uint32_t)(uintptr_t)&low->back,
		 way_out = (uint32_t)(uintptr_t)&low->way_out;
	unsigned char code[] = { 0xff, 0x05, 0,	   0,	 0,    0,    0x83, 0x3d, 0, 0, 0,
				 0,    0,    0x74, 0xf1, 0xff, 0x2d, 0,	   0,	 0, 0 };

	memcpy(code + 2, &count, 4);
	memcpy(code + 8, &stop, 4);
	memcpy(code + 17, &back, 4);
	memcpy(low->code, code, sizeof(code));
	low->there.offset = (uint32_t)(uintptr_t)low->code;
	low->there.segment = 0x23;
	low->back.offset = (uint32_t)(uintptr_t)(low->code + 32);
	low->back.segment = 0x33;
	memcpy(low->code + 32, "\xff\x24\x25", 3); /* jmp *way_out, in 64-bit mode */
	memcpy(low->code + 35, &way_out, 4);
}

static void *run_compat(void *arg)
{
	(void)arg;
	/*
	 * 32-bit mode does not keep the upper halves of the registers it knows; data segments count
	 * in there
	 */
	asm volatile("mov %%rsp, %c[stack](%%rax)\n\t"
		     "mov %%rbp, %c[frame](%%rax)\n\t"
		     "lea 1f(%%rip), %%rdx\n\t"
		     "mov %%rdx, %c[way_out](%%rax)\n\t"
		     "mov $0x2b, %%ecx\n\t"
		     "mov %%ecx, %%ds\n\t"
		     "ljmpl *%c[there](%%rax)\n\t"
		     "1: mov low(%%rip), %%rax\n\t"
		     "mov %c[stack](%%rax), %%rsp\n\t"
		     "mov %c[frame](%%rax), %%rbp\n\t"
		     :
		     : "a"(low), [stack] "i"(offsetof(struct low_page, stack)),
		       [frame] "i"(offsetof(struct low_page, frame)),
		       [way_out] "i"(offsetof(struct low_page, way_out)),
		       [there] "i"(offsetof(struct low_page, there))
		     : "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
		       "r14", "r15", "memory", "cc");
	return NULL;
}

int main(void)
{
	pthread_t thread;
	sigset_t all, old;
	uint32_t before;

	zt_init();
	low = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	SETUP(low != MAP_FAILED);
	write_code();
	/* 32-bit mode has cut its stack pointer: a handler there would have no stack */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	SETUP(pthread_create(&thread, NULL, run_compat, NULL) == 0);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	for (int i = 0; i < 1000 && !low->count; i++)
		zt_sleep_ms(1);
	if (!low->count)
		zt_skip("the kernel runs no 32-bit code");
	zt_checkpoint();

	before = low->count;
	zt_sleep_ms(20);
	CHECK(low->count != before, "the thread does not run on");
	low->stop = 1;
	pthread_join(thread, NULL);
	return zt_result();
}
