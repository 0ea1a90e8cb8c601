// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CPU affinity, I/O priority and timer slack of each thread.
 * zdtm-peer: loses affinity, I/O priority and timer slack
 * zdtm-flavor: h,ns
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zdtm.h"

enum { N = 4, IDLE_CLASS = 3 << 13, BEST_EFFORT = 2 << 13, REAL_TIME = 1 << 13 };

static _Atomic int running;
static const int priorities[N] = { IDLE_CLASS, BEST_EFFORT | 3, REAL_TIME | 5, 0 };
static const unsigned long slacks[N] = { 1, 123456, 50000, 1000000000 };

static void *work(void *arg)
{
	int index = (int)(intptr_t)arg;
	cpu_set_t set, now;

	CPU_ZERO(&set);
	CPU_SET(index % (int)sysconf(_SC_NPROCESSORS_ONLN), &set);
	SETUP(sched_setaffinity(0, sizeof(set), &set) == 0);
	SETUP(syscall(SYS_ioprio_set, 1, 0, priorities[index]) == 0);
	SETUP(prctl(PR_SET_TIMERSLACK, slacks[index]) == 0);
	running++;
	zt_wait();
	CHECK(sched_getaffinity(0, sizeof(now), &now) == 0 && CPU_EQUAL(&now, &set),
	      "thread %d: affinity", index);
	if (priorities[index])
		CHECK_EQ(syscall(SYS_ioprio_get, 1, 0), priorities[index]);
	CHECK_EQ(prctl(PR_GET_TIMERSLACK), slacks[index]);
	return NULL;
}

int main(void)
{
	pthread_t threads[N];

	zt_init();
	for (intptr_t i = 0; i < N; i++)
		SETUP(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
	while (running < N)
		zt_sleep_ms(1);
	zt_checkpoint();
	for (int i = 0; i < N; i++)
		pthread_join(threads[i], NULL);
	return zt_result();
}
