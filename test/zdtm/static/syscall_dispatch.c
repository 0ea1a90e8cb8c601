// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * System call user dispatch: a thread asleep while its selector forbids calls, and one that allows them.
 * zdtm-peer: loses system call dispatch
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zdtm.h"

enum { N = 2, SET_DISPATCH = 59, DISPATCH_ON = 1, ALLOW = 0, BLOCK = 1 };

static volatile unsigned char selectors[N];
static volatile int dispatched[N];
static _Atomic int running;
static _Thread_local int self;

static void on_sys(int sig)
{
	(void)sig;
	selectors[self] = ALLOW;	/* before rt_sigreturn, which is a call too */
	dispatched[self]++;
}

static void *work(void *arg)
{
	self = (int)(intptr_t)arg;
	if (prctl(SET_DISPATCH, DISPATCH_ON, 0, 0, &selectors[self]) < 0)
		zt_skip("the kernel has no system call dispatch");
	running++;
	zt_wait();
	if (self == 0) {
		CHECK_EQ(dispatched[0], 0);
		selectors[0] = BLOCK;
		getppid();
	}
	CHECK(dispatched[self] >= 1, "thread %d: calls are not dispatched any more", self);
	return NULL;
}

int main(void)
{
	pthread_t threads[N];

	zt_init();
	signal(SIGSYS, on_sys);
	for (intptr_t i = 0; i < N; i++)
		SETUP(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
	while (running < N)
		zt_sleep_ms(1);
	zt_sleep_ms(50);
	selectors[1] = BLOCK;		/* it sleeps in the kernel; its next call is the first to be seen */
	zt_checkpoint();
	for (int i = 0; i < N; i++)
		pthread_join(threads[i], NULL);
	CHECK_EQ(dispatched[0], 1);
	return zt_result();
}
