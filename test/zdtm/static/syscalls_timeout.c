// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Calls with a timeout of which the kernel alone knows what is left. They go on, or end with EINTR
 * as signal(7) says of a
 * stop and continue; never with success too early, never too late, and the time left that
 * nanosleep tells is right.
 */
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "zdtm.h"

enum { SLEEP_MS = 2000, N = 3 };

static int word;
static _Atomic int running;
static struct timespec left = { -1, 0 };

static long with_nanosleep(void)
{
	struct timespec t = { SLEEP_MS / 1000, 0 };

	return syscall(SYS_nanosleep, &t, &left);
}

static long with_poll(void)
{
	return syscall(SYS_poll, NULL, 0, SLEEP_MS);
}

static long with_futex(void)
{
	struct timespec t = { SLEEP_MS / 1000, 0 };

	return syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &t) < 0 && errno == ETIMEDOUT ? 0
											      : -1;
}

static const struct sleeper {
	const char *name;
	long (*sleep)(void);
} sleepers[N] = { { "nanosleep", with_nanosleep }, { "poll", with_poll }, { "futex", with_futex } };

static void *run(void *arg)
{
	const struct sleeper *s = arg;
	uint64_t start = zt_now_ns(CLOCK_MONOTONIC), ms;
	sigset_t term;
	long got;
	int err;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &term, NULL);
	running++;
	got = s->sleep();
	err = got < 0 ? errno : 0;
	ms = (zt_now_ns(CLOCK_MONOTONIC) - start) / 1000000;
	/* not an exit while the runner looks at the threads */
	zt_wait();
	/* "strict": the tree was only dumped, not restored, and then nothing excuses EINTR */
	CHECK((got == 0 && ms >= SLEEP_MS - 10) ||
		      (err == EINTR && access(zt_path("strict"), F_OK) < 0),
	      "%s gives %ld, errno %d, after %llu ms", s->name, got, err, (unsigned long long)ms);
	CHECK(ms < SLEEP_MS + 3000, "%s took %llu ms", s->name, (unsigned long long)ms);
	if (s->sleep == with_nanosleep && err == EINTR)
		CHECK(left.tv_sec * 1000 + left.tv_nsec / 1000000 + (long)ms > SLEEP_MS - 200,
		      "nanosleep: %lld s left after %llu ms", (long long)left.tv_sec,
		      (unsigned long long)ms);
	return NULL;
}

int main(void)
{
	pthread_t threads[N];

	zt_init();
	for (int i = 0; i < N; i++)
		SETUP(pthread_create(&threads[i], NULL, run, (void *)&sleepers[i]) == 0);
	while (running < N)
		zt_sleep_ms(1);
	zt_sleep_ms(50);
	zt_checkpoint();
	zt_sleep_ms(SLEEP_MS);
	for (int i = 0; i < N; i++)
		pthread_join(threads[i], NULL);
	return zt_result();
}
