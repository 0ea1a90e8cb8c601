// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A thread without libc, on a stack of 64 bytes at the edge of its mapping, with all signals
 * blocked.
 */
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zdtm.h"

enum {
	PAGE = 4096,
	FLAGS = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
		CLONE_CHILD_CLEARTID
};

static _Atomic int stop, count;
static _Atomic uint32_t tid_word;

/* The new thread never touches its stack: it counts, rests, and exits. */
static int start(char *stack_top)
{
	register long r10 asm("r10") = (long)&tid_word;
	register long r8 asm("r8") = 0;
	long tid;

	asm volatile("syscall\n\t"
		     "test %%rax, %%rax\n\t"
		     "jnz 3f\n\t"
		     "1: lock incl %[count]\n\t"
		     "mov $24, %%eax\n\t" /* sched_yield */
		     "syscall\n\t"
		     "cmpl $0, %[stop]\n\t"
		     "je 1b\n\t"
		     "mov $60, %%eax\n\t" /* exit */
		     "xor %%edi, %%edi\n\t"
		     "syscall\n\t"
		     "3:\n\t"
		     : "=a"(tid)
		     : "0"((long)SYS_clone), "D"((long)FLAGS), "S"(stack_top), "d"(0l), "r"(r10),
		       "r"(r8), [count] "m"(count), [stop] "m"(stop)
		     : "rcx", "r11", "memory", "cc");
	return (int)tid;
}

int main(void)
{
	sigset_t all, old;
	char *area;
	int before, tid;

	zt_init();
	area = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	SETUP(area != MAP_FAILED && mprotect(area, PAGE, PROT_NONE) == 0);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	tid_word = 1;
	tid = start(area + PAGE + 64);
	SETUP(tid > 0);
	sigprocmask(SIG_SETMASK, &old, NULL);
	while (count < 10)
		zt_sleep_ms(1);
	zt_checkpoint();

	before = count;
	zt_sleep_ms(20);
	CHECK(count > before, "the thread does not run");
	for (int i = 64; i < PAGE; i++)
		CHECK(!area[PAGE + i] || zt_has_failed(), "something was written above its stack");
	stop = 1;
	for (int i = 0; i < 2000 && tid_word; i++)
		zt_sleep_ms(1);
	CHECK(tid_word == 0, "its end is not told");
	return zt_result();
}
