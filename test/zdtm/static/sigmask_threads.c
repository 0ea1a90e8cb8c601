// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Signal masks of threads, the alternate stack of each (in use by one), and signals pending for one
 * thread.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zdtm.h"

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1u << 31)
#endif

enum { N = 4, STACK = 64 * 1024 };

static _Atomic int running;
static stack_t stacks[N];

static void on_alt(int sig)
{
	stack_t now;
	char here;

	(void)sig;
	CHECK(&here >= (char *)stacks[3].ss_sp && &here < (char *)stacks[3].ss_sp + STACK,
	      "not on the stack");
	running++;
	zt_wait();
	CHECK(sigaltstack(NULL, &now) == 0 && now.ss_flags & SS_ONSTACK,
	      "alternate stack: flags %#x", now.ss_flags);
	CHECK(&here >= (char *)stacks[3].ss_sp && &here < (char *)stacks[3].ss_sp + STACK,
	      "not on the stack");
}

static void check_pending(int index)
{
	siginfo_t info;
	struct timespec none = { 0 };
	sigset_t usr1;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGRTMIN + 5);
	for (int i = 0; i < 3; i++) {
		CHECK(sigtimedwait(&usr1, &info, &none) == SIGRTMIN + 5, "thread %d: signal %d",
		      index, i);
		CHECK(info.si_value.sival_int == index * 100 + i && info.si_code == SI_QUEUE &&
			      info.si_uid == getuid(),
		      "thread %d: signal %d: value %d", index, i, info.si_value.sival_int);
	}
	CHECK(sigtimedwait(&usr1, &info, &none) < 0, "thread %d: one more signal", index);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	/* the bare call: libc shows SI_TKILL as SI_USER */
	CHECK(syscall(SYS_rt_sigtimedwait, &usr1, &info, &none, 8) == SIGUSR1,
	      "thread %d: no SIGUSR1", index);
	CHECK(info.si_code == SI_TKILL && info.si_pid == getpid(),
	      "thread %d: SIGUSR1: code %d from %d", index, info.si_code, info.si_pid);
}

static void *work(void *arg)
{
	int index = (int)(intptr_t)arg;
	sigset_t mask, now;
	stack_t stack;

	stacks[index].ss_size = STACK;
	stacks[index].ss_sp =
		mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stacks[index].ss_flags = index == 2 ? (int)SS_AUTODISARM : 0;
	SETUP(sigaltstack(&stacks[index], NULL) == 0);
	sigemptyset(&mask);
	sigaddset(&mask, SIGRTMIN + 5);
	sigaddset(&mask, SIGUSR1);
	sigaddset(&mask, 40 + index);
	pthread_sigmask(SIG_BLOCK, &mask, NULL);
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	for (int i = 0; i < 3; i++)
		SETUP(pthread_sigqueue(pthread_self(), SIGRTMIN + 5,
				       (union sigval){ .sival_int = index * 100 + i }) == 0);
	SETUP(syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1) == 0);
	if (index == 3) {
		pthread_kill(pthread_self(), SIGUSR2);
	} else {
		running++;
		zt_wait();
	}
	pthread_sigmask(SIG_BLOCK, NULL, &now);
	CHECK(!memcmp(&now, &mask, 8), "thread %d: mask %#lx, was %#lx", index, now.__val[0],
	      mask.__val[0]);
	CHECK(sigaltstack(NULL, &stack) == 0 && stack.ss_sp == stacks[index].ss_sp &&
		      stack.ss_size == STACK,
	      "thread %d: alternate stack", index);
	CHECK_EQ(stack.ss_flags, stacks[index].ss_flags);
	check_pending(index);
	return NULL;
}

int main(void)
{
	struct sigaction sa = { .sa_handler = on_alt, .sa_flags = SA_ONSTACK };
	pthread_t threads[N];

	zt_init();
	sigaction(SIGUSR2, &sa, NULL);
	for (intptr_t i = 0; i < N; i++)
		SETUP(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
	while (running < N)
		zt_sleep_ms(1);
	zt_checkpoint();
	for (int i = 0; i < N; i++)
		pthread_join(threads[i], NULL);
	return zt_result();
}
