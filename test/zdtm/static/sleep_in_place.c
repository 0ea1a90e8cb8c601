// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sleeps that tell the time left in the place their time was read from go on with it, and never end with EINTR.
 * zdtm-peer: ends them with EINTR
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "zdtm.h"

enum { SLEEP_MS = 2000, N = 2 };

static _Atomic int n_running;

static long with_nanosleep(struct timespec *t)
{
	return syscall(SYS_nanosleep, t, t);
}

static long with_clock(struct timespec *t)
{
	return syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, t, t);
}

static const struct sleeper {
	const char *name;
	long (*sleep)(struct timespec *t);
} sleepers[N] = { { "nanosleep", with_nanosleep }, { "clock_nanosleep", with_clock } };

static void *run(void *arg)
{
	const struct sleeper *s = arg;
	struct timespec t = { SLEEP_MS / 1000, 0 };
	uint64_t start = zt_now_ns(CLOCK_MONOTONIC), ms;
	sigset_t term;
	long got;
	int err;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &term, NULL);
	n_running++;
	got = s->sleep(&t);
	err = got < 0 ? errno : 0;
	ms = (zt_now_ns(CLOCK_MONOTONIC) - start) / 1000000;
	/* not an exit while the runner looks at the threads */
	zt_wait();
	CHECK(got == 0, "%s ends with errno %d after %llu ms", s->name, err, (unsigned long long)ms);
	CHECK(ms >= SLEEP_MS - 10 && ms < SLEEP_MS + 3000, "%s took %llu ms", s->name, (unsigned long long)ms);
	return NULL;
}

int main(void)
{
	pthread_t threads[N];

	zt_init();
	for (int i = 0; i < N; i++)
		SETUP(pthread_create(&threads[i], NULL, run, (void *)&sleepers[i]) == 0);
	while (n_running < N)
		zt_sleep_ms(1);
	zt_sleep_ms(50);
	zt_checkpoint();

	for (int i = 0; i < N; i++)
		pthread_join(threads[i], NULL);
	return zt_result();
}
