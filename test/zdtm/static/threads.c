// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Threads: exact tids, thread-local storage, stacks, and work that goes on; joined afterwards
 * (clear-tid address).
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

#include "zdtm.h"

enum { N_THREADS = 12 };

static struct worker {
	pthread_t thread;
	_Atomic pid_t tid;
	_Atomic uint64_t turns;
	int index;
} workers[N_THREADS];

static _Thread_local uint64_t local_sum;
static _Thread_local int local_id = -1;

static void *work(void *arg)
{
	struct worker *w = arg;
	volatile int on_stack = w->index * 1000;

	local_id = w->index;
	w->tid = gettid();
	/* an even one sleeps in the kernel all the time, an odd one also computes */
	while (!zt_is_over()) {
		local_sum += (uint64_t)w->index + 1;
		w->turns++;
		if (w->index % 2)
			for (volatile int i = 0; i < 1000; i++)
				;
		zt_sleep_ms(1);
	}
	CHECK_EQ(gettid(), w->tid);
	CHECK_EQ(local_id, w->index);
	CHECK_EQ(local_sum, w->turns * ((uint64_t)w->index + 1));
	CHECK_EQ(on_stack, w->index * 1000);
	return (void *)(intptr_t)(w->index + 100);
}

int main(void)
{
	uint64_t turns[N_THREADS];
	pthread_t self = pthread_self();

	zt_init();
	for (int i = 0; i < N_THREADS; i++) {
		workers[i].index = i;
		SETUP(pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0);
	}
	for (int i = 0; i < N_THREADS; i++)
		while (!workers[i].turns)
			zt_sleep_ms(1);
	for (int i = 0; i < N_THREADS; i++)
		turns[i] = workers[i].turns;
	zt_checkpoint();

	CHECK(pthread_equal(self, pthread_self()), "pthread_self() has changed");
	for (int i = 0; i < N_THREADS; i++) {
		void *value;

		CHECK_EQ(pthread_join(workers[i].thread, &value), 0);
		CHECK_EQ((intptr_t)value, i + 100);
		CHECK(workers[i].turns > turns[i], "thread %d did not go on", i);
	}
	return zt_result();
}
