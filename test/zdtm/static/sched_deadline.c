// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A deadline thread with its three parameters.
 * zdtm-peer: refuses SCHED_DEADLINE
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "zdtm.h"

struct sched_params {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

enum { DEADLINE = 6 };

static _Atomic int is_running, setup_errno;

static void *work(void *arg)
{
	struct sched_params p = { .size = sizeof(p),
				  .policy = DEADLINE,
				  .runtime = 1000000,
				  .deadline = 20000000,
				  .period = 50000000 },
			    now;

	(void)arg;
	if (syscall(SYS_sched_setattr, 0, &p, 0) < 0)
		setup_errno = errno;
	is_running = 1;
	zt_wait();
	CHECK(syscall(SYS_sched_getattr, 0, &now, sizeof(now), 0) == 0, "sched_getattr");
	CHECK_EQ(now.policy, DEADLINE);
	CHECK_EQ(now.runtime, p.runtime);
	CHECK_EQ(now.deadline, p.deadline);
	CHECK_EQ(now.period, p.period);
	return NULL;
}

int main(void)
{
	pthread_t thread;

	zt_init();
	SETUP(pthread_create(&thread, NULL, work, NULL) == 0);
	while (!is_running)
		zt_sleep_ms(1);
	if (setup_errno)
		zt_skip("the kernel admits no deadline thread here");
	zt_checkpoint();
	pthread_join(thread, NULL);
	return zt_result();
}
