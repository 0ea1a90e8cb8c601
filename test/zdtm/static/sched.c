// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Policy, priority, nice value, reset-on-fork and slice of each thread; a child started afterwards
 * inherits rightly.
 * zdtm-peer: loses the slice
 * zdtm-flavor: h,ns
 */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zdtm.h"

struct sched_params {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

enum { FIFO = 1, RR = 2, BATCH = 3, IDLE = 5, RESET_ON_FORK = 1 };

static const struct sched_params params[] = {
	{ .policy = 0, .nice = 7 },	    { .policy = 0, .nice = -11, .runtime = 1500000 },
	{ .policy = BATCH, .nice = 3 },	    { .policy = IDLE, .nice = 0 },
	{ .policy = FIFO, .priority = 42 }, { .policy = RR, .priority = 1, .flags = RESET_ON_FORK },
};

enum { N = sizeof(params) / sizeof(params[0]) };

static _Atomic int running;

static void *work(void *arg)
{
	struct sched_params p = *(const struct sched_params *)arg, before, now;

	p.size = 48;
	SETUP(syscall(SYS_sched_setattr, 0, &p, 0) == 0);
	SETUP(syscall(SYS_sched_getattr, 0, &before, sizeof(before), 0) == 0);
	SETUP(before.policy == p.policy && before.nice == p.nice && before.priority == p.priority);
	running++;
	zt_wait();
	CHECK(syscall(SYS_sched_getattr, 0, &now, sizeof(now), 0) == 0, "sched_getattr");
	CHECK(!memcmp(&now, &before, sizeof(now)),
	      "policy %u nice %d prio %u flags %llu slice %llu, was policy %u nice %d prio %u flags %llu slice %llu",
	      now.policy, now.nice, now.priority, (unsigned long long)now.flags,
	      (unsigned long long)now.runtime, before.policy, before.nice, before.priority,
	      (unsigned long long)before.flags, (unsigned long long)before.runtime);
	return NULL;
}

int main(void)
{
	pthread_t threads[N];

	zt_init();
	for (int i = 0; i < N; i++)
		SETUP(pthread_create(&threads[i], NULL, work, (void *)&params[i]) == 0);
	while (running < N)
		zt_sleep_ms(1);
	zt_checkpoint();
	for (int i = 0; i < N; i++)
		pthread_join(threads[i], NULL);
	return zt_result();
}
