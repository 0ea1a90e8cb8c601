// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Time by the vDSO before, during (threads in it all the time) and after; clocks go on and agree
 * with the kernel's.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "zdtm.h"

static _Atomic int running;

static uint64_t kernel_ns(int clock)
{
	struct timespec now;

	syscall(SYS_clock_gettime, clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void *watch(void *arg)
{
	int clock = (int)(intptr_t)arg;
	uint64_t last = 0;

	running++;
	while (!zt_is_over()) {
		uint64_t now = zt_now_ns(clock);

		CHECK(now >= last || zt_has_failed(), "clock %d went back", clock);
		last = now;
	}
	return NULL;
}

int main(void)
{
	static const int clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME,
				      CLOCK_MONOTONIC_COARSE };
	pthread_t threads[2];
	uint64_t before[4];
	struct timeval tv;
	unsigned int cpu = 99;

	zt_init();
	SETUP(pthread_create(&threads[0], NULL, watch, (void *)CLOCK_MONOTONIC) == 0);
	SETUP(pthread_create(&threads[1], NULL, watch, (void *)CLOCK_REALTIME) == 0);
	while (running < 2)
		zt_sleep_ms(1);
	for (int i = 0; i < 4; i++)
		before[i] = zt_now_ns(clocks[i]);
	zt_checkpoint();

	for (int i = 0; i < 4; i++) {
		uint64_t now = zt_now_ns(clocks[i]), kernel = kernel_ns(clocks[i]);

		CHECK(now >= before[i] && now < before[i] + 600000000000u, "clock %d jumped",
		      clocks[i]);
		CHECK(kernel >= now && kernel - now < 5000000000u,
		      "clock %d: vDSO %llu, kernel %llu", clocks[i], (unsigned long long)now,
		      (unsigned long long)kernel);
	}
	CHECK(gettimeofday(&tv, NULL) == 0 && tv.tv_sec >= (time_t)(before[0] / 1000000000u),
	      "gettimeofday");
	CHECK(time(NULL) >= (time_t)(before[0] / 1000000000u) - 1, "time");
	CHECK(getcpu(&cpu, NULL) == 0 && cpu < 4096, "getcpu: %u", cpu);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	return zt_result();
}
